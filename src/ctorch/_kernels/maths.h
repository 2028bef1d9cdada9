/* Everything that an expression of the table may call, for every compute dtype. */
#pragma once
#include <limits.h>
#include <math.h>
#include <stdint.h>

#include "vmath.h"
#include "imath.h"
#if __has_include("vmath_complex.h")
#include "vmath_complex.h"
#endif

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

CT_FLOAT(f32, float, ct_floor_f32, ct_trunc_f32, ct_fmod_f32)
CT_FLOAT(f64, double, ct_floor_f64, ct_trunc_f64, ct_fmod_f64)
