/* The inverse error function, and how special functions are made: ct_<name>_f64 and ct_<name>_f32 of one number are
 * compiled once in a module, ct_v<name>_f64 and ct_v<name>_f32 are the loops over whole arrays that vectorise. */
#pragma once

#include "vmath_chebyshev.h"
#include "vmath_f32.h"

extern double lgamma_r(double, int *); /* the reentrant one: plain lgamma writes a global sign */

/* x and y may be the same array */
#define CT_LOOP(name, suffix, type, core)                                                                         \
    static __attribute__((unused, noinline)) void ct_v##name##_##suffix(const type *x, type *y, int64_t n) {      \
        _Pragma("GCC ivdep") for (int64_t i = 0; i < n; i++) y[i] = (type)core(x[i]);                             \
    }                                                                                                             \
    static __attribute__((unused, noinline)) type ct_##name##_##suffix(type x) { return (type)core(x); }
#define CT_ARRAYS(name, core, low_core)                                                                           \
    CT_LOOP(name, f64, double, core)                                                                              \
    CT_LOOP(name, f32, float, low_core)

/* erfinv(x) / x is smooth in w = -log(1 - x^2) near 0 and in sqrt(w) further out */
CT_INLINE double ct_erfinv_core(double x) {
    double w = -ct_log_f64((1.0 - x) * (1.0 + x)), s = __builtin_sqrt(w);
    double far = s < 4.0 ? ct_poly_erfinv_mid_f64(s - 3.25) : ct_poly_erfinv_far_f64(s - 5.05);
    double p = w < 6.25 ? ct_poly_erfinv_near_f64(w - 3.125) : far;
    return ct_abs_f64(x) < 1.0 ? x * p : ct_abs_f64(x) == 1.0 ? x * (double)INFINITY : (double)NAN;
}

CT_INLINE float ct_erfinv_low_core(float x) {
    float w = -ct_log_f32((1.0f - x) * (1.0f + x)), s = __builtin_sqrtf(w);
    float p = w < 5.0f ? ct_poly_erfinv_near_f32(w * 0.4f - 1.0f) : ct_poly_erfinv_far_f32(s - 3.19f);
    return ct_abs_f32(x) < 1.0f ? x * p : ct_abs_f32(x) == 1.0f ? x * INFINITY : NAN;
}

CT_INLINE double ct_erfinv_near_core(double x) {
    return x * ct_poly_erfinv_near_f64(-ct_log_f64((1.0 - x) * (1.0 + x)) - 3.125);
}
CT_INLINE float ct_erfinv_near_low_core(float x) {
    return x * ct_poly_erfinv_near_f32(ct_log_f32((1.0f - x) * (1.0f + x)) * -0.4f - 1.0f);
}
CT_ARRAYS(erfinv_near, ct_erfinv_near_core, ct_erfinv_near_low_core)
CT_ARRAYS(erfinv_any, ct_erfinv_core, ct_erfinv_low_core)

/* Most pieces of 64 numbers are not near the ends: there, one of the polynomials is enough. */
#define CT_ERFINV(suffix, type, limit)                                                                            \
    static __attribute__((unused)) type ct_erfinv_##suffix(type x) { return ct_erfinv_any_##suffix(x); }          \
    static __attribute__((unused)) void ct_verfinv_##suffix(const type *x, type *y, int64_t n) {                  \
        for (int64_t i = 0; i < n; i += 64) {                                                                     \
            int64_t m = n - i < 64 ? n - i : 64;                                                                  \
            int near = 1;                                                                                         \
            for (int64_t j = 0; j < m; j++) near &= ct_abs_##suffix(x[i + j]) < (type)limit;                      \
            if (near) ct_verfinv_near_##suffix(x + i, y + i, m);                                                  \
            else ct_verfinv_any_##suffix(x + i, y + i, m);                                                        \
        }                                                                                                         \
    }
CT_ERFINV(f64, double, 0.999)
CT_ERFINV(f32, float, 0.9966)
