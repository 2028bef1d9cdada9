/* Conversions that C leaves undefined or has no type for. */
#pragma once
#include <stdint.h>
#include "vmath_half.h"

/* Cython's own conversion multiplies the second part by i, which makes a NaN of the first where it is not finite. */
static inline float _Complex ct_to_c64(float re, float im) { return __builtin_complex(re, im); }
static inline double _Complex ct_to_c128(double re, double im) { return __builtin_complex(re, im); }

/* A float out of an integer's range gives what x86 gives: the lowest number, whose low bits are zero. */

static inline int32_t ct_to_int32(double x) { return x >= -2147483648.0 && x < 2147483648.0 ? (int32_t)x : INT32_MIN; }
static inline int32_t ct_to_i32(double x) { return ct_to_int32(x); }
static inline int64_t ct_to_i64(double x) {
    return x >= -9223372036854775808.0 && x < 9223372036854775808.0 ? (int64_t)x : INT64_MIN;
}
static inline uint64_t ct_to_u64(double x) {
    if (x >= 18446744073709551616.0)
        return 0;
    return x >= 9223372036854775808.0 ? (uint64_t)x : (uint64_t)ct_to_i64(x);
}
