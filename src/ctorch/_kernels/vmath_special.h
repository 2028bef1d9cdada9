/* Special functions that are not on hot paths: lgamma, digamma, erfinv. */
#pragma once

#include "vmath_f32.h"

extern double lgamma_r(double, int *); /* the reentrant ones: plain lgamma writes a global sign */
extern float lgammaf_r(float, int *);

CT_INLINE double ct_lgamma_f64(double x) { int sign; return lgamma_r(x, &sign); }
CT_INLINE float ct_lgamma_f32(float x) { int sign; return lgammaf_r(x, &sign); }

/* Recurrence up to 10, then the asymptotic series log x - 1/(2x) - sum B_2k / (2k x^2k); reflection for x < 0. */
static double ct_digamma_f64(double x) {
    double result = 0.0;
    if (x == 0.0) return copysign((double)INFINITY, -x);
    if (x < 0.0) {
        double f = x - ct_trunc_f64(x);
        if (f == 0.0 || x == -(double)INFINITY) return (double)NAN;
        result = -3.14159265358979323846 / tan(3.14159265358979323846 * f);
        x = 1.0 - x;
    }
    for (; x < 10.0; x += 1.0) result -= 1.0 / x;
    double z = 1.0 / (x * x);
    double p = 1.0 / 12;
    p = 691.0 / 32760 - z * p;
    p = 1.0 / 132 - z * p;
    p = 1.0 / 240 - z * p;
    p = 1.0 / 252 - z * p;
    p = 1.0 / 120 - z * p;
    p = 1.0 / 12 - z * p;
    return result + (log(x) - 0.5 / x - z * p);
}
static inline float ct_digamma_f32(float x) { return (float)ct_digamma_f64(x); }

/* erfinv(x) / x is smooth in w = -log(1 - x^2) near 0 and in sqrt(w) further out */
CT_INLINE double ct_erfinv_f64(double x) {
    double a = ct_abs_f64(x), w = a < 0.25 ? -ct_log1p_f64(-x * x) : -ct_log_f64((1.0 - x) * (1.0 + x));
    double s = __builtin_sqrt(w);
    double p = w < 6.25 ? ct_poly_erfinv_near_f64(w - 3.125)
               : s < 4.0 ? ct_poly_erfinv_mid_f64(s - 3.25) : ct_poly_erfinv_far_f64(s - 5.05);
    return a < 1.0 ? x * p : a == 1.0 ? x * (double)INFINITY : (double)NAN;
}

CT_INLINE float ct_erfinv_f32(float x) {
    double a = ct_abs_f32(x), w = -ct_log_low_f64((1.0 - a) * (1.0 + a));
    double p = w < 6.25 ? ct_poly_erfinv_near_low_f64(w - 3.125)
                        : ct_poly_erfinv_far_low_f64(__builtin_sqrt(w) - 3.25);
    return a < 1.0 ? (float)(x * p) : a == 1.0 ? x * INFINITY : NAN;
}
