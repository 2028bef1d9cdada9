/* x^e for one e and a whole array: ct_vpow_<suffix>(x, e, y, n), where x and y may be the same. Common exponents are
 * products and roots; for others, what depends on e alone is settled before the loop, which then vectorises. */
#pragma once

#include "maths.h"

#define CT_POWER_LOOP(value) _Pragma("GCC ivdep") for (int64_t i = 0; i < n; i++) { x = from[i]; to[i] = (value); }

/* |x|^e for finite positive |x|, as in ct_pow */
CT_INLINE float ct_power_core_f32(float a, float e) {
    double p = (double)e * ct_log_low_f64((double)a);
    double c = p > 100.0 ? 100.0 : p < -120.0 ? -120.0 : p;
    return (float)ct_exp_low_f64(c);
}

CT_INLINE double ct_power_core_f64(double a, double e) {
    double low, high = ct_log_two_f64(a, &low);
    double p = e * high, pl = ct_product_error_f64(e, high, p) + e * low;
    double y = ct_exp_sum_f64(p, ct_abs_f64(p) < 800.0 ? pl : 0.0);
    return p > 720.0 ? (double)INFINITY : y;
}

/* the number 1/2 is the root, also of -0 and -inf, as in PyTorch and NumPy */
#define CT_POWER(suffix, type, bits, sqrt)                                                                        \
    static void ct_vpow_any_##suffix(const type *from, type e, type *to, int64_t n) {                             \
        type half = e * (type)0.5, zero = e < 0 ? (type)INFINITY : 0, infinite = e < 0 ? 0 : (type)INFINITY;      \
        int whole = ct_round_##suffix(e) == e, odd = whole & (ct_round_##suffix(half) != half);                   \
        bits sign = odd ? ct_bits_##suffix(-(type)0.0) : 0;                                                       \
        type poison = whole ? 0 : (type)NAN;                                                                      \
        _Pragma("GCC ivdep") for (int64_t i = 0; i < n; i++) {                                                    \
            type x = from[i], a = ct_abs_##suffix(x), y = ct_power_core_##suffix(a, e);                           \
            type below = x < 0 ? poison : 0;                                                                      \
            y += below;                                                                                           \
            y = a == 0 ? zero : y;                                                                                \
            y = a == (type)INFINITY ? infinite : y;                                                               \
            y = a != a ? a : y;                                                                                   \
            to[i] = ct_from_bits_##suffix(ct_bits_##suffix(y) | (ct_bits_##suffix(x) & sign));                    \
        }                                                                                                         \
    }                                                                                                             \
    static void ct_vpow_##suffix(const type *from, type e, type *to, int64_t n) {                                 \
        type x;                                                                                                   \
        if (e == 2) CT_POWER_LOOP(x * x)                                                                          \
        else if (e == 3) CT_POWER_LOOP(x * x * x)                                                                 \
        else if (e == -1) CT_POWER_LOOP(1 / x)                                                                    \
        else if (e == (type)0.5) CT_POWER_LOOP(sqrt(x))                                                           \
        else if (e == (type)-0.5) CT_POWER_LOOP(1 / sqrt(x))                                                      \
        else if (e != 0 && e - e == 0) ct_vpow_any_##suffix(from, e, to, n);                                      \
        else CT_POWER_LOOP(ct_pow_##suffix(x, e))                                                                 \
    }
CT_POWER(f32, float, uint32_t, __builtin_sqrtf)
CT_POWER(f64, double, uint64_t, __builtin_sqrt)

/* b^x for a whole array of x: e^(x log b) where b is positive */
static void ct_vrpow_f32(const float *from, float b, float *to, int64_t n) {
    if (b > 0 && b < INFINITY) {
        double log = ct_log_f64(b);
        _Pragma("GCC ivdep") for (int64_t i = 0; i < n; i++) {
            float x = from[i];
            double p = (double)x * log, c = p > 100.0 ? 100.0 : p < -120.0 ? -120.0 : p;
            to[i] = ct_blend_f32((x == x) & (p == p), (float)ct_exp_low_f64(c), b == 1 ? 1 : x);
        }
        return;
    }
    for (int64_t i = 0; i < n; i++) to[i] = ct_pow_f32(b, from[i]);
}

static void ct_vrpow_f64(const double *from, double b, double *to, int64_t n) {
    if (b > 0 && b < (double)INFINITY && b != 1) {
        double low, high = ct_log_two_f64(b, &low);
        _Pragma("GCC ivdep") for (int64_t i = 0; i < n; i++) {
            double x = from[i], p = x * high, pl = ct_product_error_f64(x, high, p) + x * low;
            double y = ct_exp_sum_f64(p, ct_abs_f64(p) < 800.0 ? pl : 0.0);
            y = ct_blend_f64(p > 720.0, (double)INFINITY, y);
            to[i] = ct_blend_f64(x == x, y, x);
        }
        return;
    }
    for (int64_t i = 0; i < n; i++) to[i] = ct_pow_f64(b, from[i]);
}

#define CT_POWER_COMPLEX(suffix, type)                                                                            \
    static void ct_vpow_##suffix(const type _Complex *from, type _Complex e, type _Complex *to, int64_t n) {      \
        type _Complex x;                                                                                          \
        if (e == 2) CT_POWER_LOOP(ct_mul_##suffix(x, x))                                                          \
        else if (e == 3) CT_POWER_LOOP(ct_mul_##suffix(ct_mul_##suffix(x, x), x))                                 \
        else if (e == -1) CT_POWER_LOOP(ct_reciprocal_##suffix(x))                                                \
        else CT_POWER_LOOP(ct_pow_##suffix(x, e))                                                                 \
    }
CT_POWER_COMPLEX(c64, float)
CT_POWER_COMPLEX(c128, double)
