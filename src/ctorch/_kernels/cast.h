/* Conversions that C leaves undefined or has no type for. */
#pragma once
#include <stdint.h>
#if __has_include("vmath_half.h")
#include "vmath_half.h"
#else
#include <string.h>
static inline float ct_bfloat16_to_f32(uint16_t b) { uint32_t u = (uint32_t)b << 16; float f; memcpy(&f, &u, 4); return f; }
static inline uint16_t ct_f32_to_bfloat16(float f) {
    uint32_t u; memcpy(&u, &f, 4);
    if (f != f) return 0x7fc0;
    return (uint16_t)((u + 0x7fff + ((u >> 16) & 1)) >> 16);
}
static inline float ct_half_to_f32(uint16_t h) { _Float16 x; memcpy(&x, &h, 2); return (float)x; }
static inline uint16_t ct_f32_to_half(float f) { _Float16 x = (_Float16)f; uint16_t h; memcpy(&h, &x, 2); return h; }
#endif

/* A float out of an integer's range gives what x86 gives: the lowest number, whose low bits are zero. */
static inline int32_t ct_to_int32(double x) { return x >= -2147483648.0 && x < 2147483648.0 ? (int32_t)x : INT32_MIN; }
static inline int32_t ct_to_i32(double x) { return ct_to_int32(x); }
static inline int64_t ct_to_i64(double x) {
    return x >= -9223372036854775808.0 && x < 9223372036854775808.0 ? (int64_t)x : INT64_MIN;
}
static inline uint64_t ct_to_u64(double x) {
    return x >= 9223372036854775808.0 && x < 18446744073709551616.0 ? (uint64_t)x : (uint64_t)ct_to_i64(x);
}
