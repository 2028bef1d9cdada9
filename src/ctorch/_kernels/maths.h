/* Everything that an expression of the table may call, for every compute dtype. */
#pragma once
#include <limits.h>
#include <math.h>
#include <stdint.h>

#include "vmath.h"
#include "imath.h"
#include "vmath_complex.h"

/* Quotients and tests of floats that have no vector mathematics of their own. */
#define CT_FLOAT(S, T, FLOOR, TRUNC, FMOD)                                                  \
    static inline T ct_floordiv_##S(T a, T b) {                                             \
        /* As Python: from the exact remainder, so that a // b and a % b agree. */          \
        T mod = FMOD(a, b), div = (a - mod) / b;                                            \
        div -= (mod != 0) & ((b < 0) != (mod < 0)) ? (T)1 : (T)0;                           \
        T whole = FLOOR(div);                                                               \
        whole += div - whole > (T)0.5 ? (T)1 : (T)0;                                        \
        whole = div == 0 ? __builtin_copysign((T)0, a / b) : whole;                         \
        return b == 0 ? a / b : whole;                                                      \
    }                                                                                       \
    static inline T ct_truncdiv_##S(T a, T b) { return TRUNC(a / b); }                      \
    static inline T ct_sgn_##S(T a) { return ct_sign_##S(a); }                              \
    static inline uint8_t ct_isinf_##S(T a) { return __builtin_isinf(a) != 0; }

/* The extremum of a and four more, NaN where one is: a pair is tested at once, and the rest are single instructions. */
#define CT_EXTREMUM(NAME, S, T, BEATS)                                                      \
    static inline T ct_##NAME##_of_##S(T a, T x, T y, T z, T w) {                           \
        int nan = __builtin_isunordered(x, y) | __builtin_isunordered(z, w);                \
        x = y BEATS x ? y : x;                                                              \
        z = w BEATS z ? w : z;                                                              \
        x = z BEATS x ? z : x;                                                              \
        x = x BEATS a ? x : a;                                                              \
        return nan ? (T)NAN : x;                                                            \
    }

CT_EXTREMUM(maximum, f32, float, >)
CT_EXTREMUM(maximum, f64, double, >)
CT_EXTREMUM(minimum, f32, float, <)
CT_EXTREMUM(minimum, f64, double, <)

CT_FLOAT(f32, float, ct_floor_f32, ct_trunc_f32, ct_fmod_f32)
CT_FLOAT(f64, double, ct_floor_f64, ct_trunc_f64, ct_fmod_f64)

static inline float _Complex ct_sgn_c64(float _Complex z) { return ct_sign_c64(z); }
static inline double _Complex ct_sgn_c128(double _Complex z) { return ct_sign_c128(z); }
static inline uint8_t ct_isinf_c64(float _Complex z) {
    return ct_isinf_f32(__real__ z) | ct_isinf_f32(__imag__ z);
}
static inline uint8_t ct_isinf_c128(double _Complex z) {
    return ct_isinf_f64(__real__ z) | ct_isinf_f64(__imag__ z);
}
