/* The incomplete gamma functions, calculated in double, for whole arrays of pairs: their series and their
 * continued fraction (NIST Digital Library of Mathematical Functions, 8.7.1 and 8.9.2), both as quotients whose
 * numerator and denominator are carried along, so that a term takes no division. */
#pragma once

#include "vmath_gamma.h"

#define CT_PAIRS 64 /* calculated together */

/* The sum of x^k / ((a + 1) ... (a + k)), to 2^-55 of it. */
static void ct_igamma_series(const double *a, const double *x, double *sum) {
    double numerator[CT_PAIRS], denominator[CT_PAIRS], power[CT_PAIRS];
    for (int j = 0; j < CT_PAIRS; j++) numerator[j] = denominator[j] = power[j] = 1;
    for (int k = 1, going = 1; going && k < 160; k += 8) {
        for (int j = 0; j < CT_PAIRS; j++) {
            double n = numerator[j], d = denominator[j], p = power[j];
            _Pragma("GCC unroll 8") for (int i = 0; i < 8; i++) {
                double next = a[j] + (k + i);
                p *= x[j];
                n = n * next + p;
                d *= next;
            }
            numerator[j] = n, denominator[j] = d, power[j] = p;
        }
        going = 0;
        for (int j = 0; j < CT_PAIRS; j++) going |= power[j] > 0x1p-55 * numerator[j];
    }
    for (int j = 0; j < CT_PAIRS; j++) sum[j] = numerator[j] / denominator[j];
}

/* The continued fraction that gives the upper function over x^a exp(-x), to `error` of it, by Wallis' recurrence. */
static void ct_igamma_fraction(const double *a, const double *x, double error, double *value) {
    double p[CT_PAIRS], p_before[CT_PAIRS], q_before[CT_PAIRS];
    for (int j = 0; j < CT_PAIRS; j++) {
        double scale = 1 / (x[j] * (x[j] + 2 - a[j]));
        p_before[j] = scale;
        q_before[j] = x[j] * scale;
        p[j] = (x[j] + 1) * scale;
    }
    for (int k = 1, going = 1; going && k < 400; k += 8) {
        going = 0;
        for (int j = 0; j < CT_PAIRS; j++) {
            double p1 = p[j], p2 = p_before[j], q1 = 1, q2 = q_before[j];
            _Pragma("GCC unroll 8") for (int i = 0; i < 8; i++) {
                double z = x[j] - a[j] + (2 * (k + i) + 2), c = ((k + i) + 1 - a[j]) * (k + i);
                double p0 = p1 * z - p2 * c, q0 = q1 * z - q2 * c;
                p2 = p1, p1 = p0, q2 = q1, q1 = q0;
            }
            double scale = 1 / q1, now = p1 * scale;
            going |= ct_abs_f64(now - p[j]) > error * now;
            p[j] = now, p_before[j] = p2 * scale, q_before[j] = q2 * scale;
        }
    }
    for (int j = 0; j < CT_PAIRS; j++) value[j] = p[j];
}

/* The sum of (-x)^k / ((a + k) k!) from k = 1 on, for x up to 1 (DLMF 8.7.1 again). */
static void ct_igamma_alternating(const double *a, const double *x, double *sum) {
    double term[CT_PAIRS];
    for (int j = 0; j < CT_PAIRS; j++) sum[j] = 0, term[j] = 1;
    for (int k = 1; k <= 18; k++)
        for (int j = 0; j < CT_PAIRS; j++) {
            term[j] *= -x[j] / k;
            sum[j] += term[j] / (a[j] + k);
        }
}

/* Where this is exact enough and quick: elsewhere `usual` is false, and the result is not one. For the digits of
 * float64 what is calculated is what is asked for, or nearly half of 1 or less, and the logarithm of what it is
 * multiplied by is small. */
static void ct_igamma_block(double *a, double *x, int upper, int all_digits, double *y, uint8_t *usual) {
    double u[CT_PAIRS], v[CT_PAIRS], low[CT_PAIRS] = {0}, high[CT_PAIRS] = {0}, between[CT_PAIRS] = {0};
    double most = all_digits ? 64 : (double)INFINITY, beyond = all_digits ? 0 : 8, from = all_digits ? 1 : 0;
    uint8_t is_far[CT_PAIRS], is_small[CT_PAIRS];
    int any_low = 0, any_high = 0, any_small = 0;
    for (int j = 0; j < CT_PAIRS; j++) {
        int good = (a[j] >= 0.01) & (a[j] <= 64) & (x[j] > 0) & (x[j] <= 700);
        double s = a[j] = good ? a[j] : 1, t = x[j] = good ? x[j] : 1;
        int far = is_far[j] = (t > s + beyond) & (t > from);
        int small = is_small[j] = all_digits & upper & (s < 0.5) & (t <= 1);
        usual[j] = good;
        u[j] = far ? 1.0 : t;           /* what each way is given where another is taken */
        v[j] = far ? t : s + 9;
        any_low |= !far & !small;
        any_high |= far;
        any_small |= small;
    }
    if (any_low) ct_igamma_series(a, u, low);
    if (any_high) ct_igamma_fraction(a, v, all_digits ? 0x1p-48 : 0x1p-40, high);
    if (any_small) ct_igamma_alternating(a, u, between);
    for (int j = 0; j < CT_PAIRS; j++) {
        int far = is_far[j];
        double power = a[j] * ct_log_f64(x[j]), gamma = ct_lgamma_any_core(a[j] + 1, 0);
        double front = ct_exp_f64(power - gamma - x[j]), part = front * (far ? a[j] * high[j] : low[j]);
        usual[j] &= ct_abs_f64(power) + x[j] + ct_abs_f64(gamma) < most;
        y[j] = far == upper ? part : 1 - part;
    }
    if (any_small)
        for (int j = 0; j < CT_PAIRS; j++) {
            double exponent = a[j] * ct_log_f64(x[j]) - ct_lgamma_any_core(a[j] + 1, 0);
            double rest = -ct_expm1_f64(exponent) - ct_exp_f64(exponent) * a[j] * between[j];
            y[j] = is_small[j] ? rest : y[j];
        }
}
