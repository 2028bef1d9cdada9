/* The incomplete gamma functions of float32, calculated in double, for whole arrays of pairs: their series and their
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

/* The continued fraction that gives the upper function over x^a exp(-x), by Wallis' recurrence. */
static void ct_igamma_fraction(const double *a, const double *x, double *value) {
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
            going |= ct_abs_f64(now - p[j]) > 0x1p-40 * now;
            p[j] = now, p_before[j] = p2 * scale, q_before[j] = q2 * scale;
        }
    }
    for (int j = 0; j < CT_PAIRS; j++) value[j] = p[j];
}

/* Where this is exact enough and quick: elsewhere `usual` is false, and the result is not one. */
static void ct_igamma_block(const float *from_a, const float *from_x, int size, int upper, float *y, uint8_t *usual) {
    double a[CT_PAIRS], x[CT_PAIRS], u[CT_PAIRS], v[CT_PAIRS], low[CT_PAIRS] = {0}, high[CT_PAIRS] = {0};
    int any_low = 0, any_high = 0;
    for (int j = 0; j < CT_PAIRS; j++) {
        double s = j < size ? from_a[j] : 1, t = j < size ? from_x[j] : 1;
        int good = (s >= 0.01) & (s <= 64) & (t > 0) & (t <= 700), far;
        a[j] = s = good ? s : 1;
        x[j] = t = good ? t : 1;
        usual[j] = good;
        far = t > s + 8;
        u[j] = far ? 1.0 : t;           /* what each of the two ways is given where the other is taken */
        v[j] = far ? t : s + 9;
        any_low |= !far;
        any_high |= far;
    }
    if (any_low) ct_igamma_series(a, u, low);
    if (any_high) ct_igamma_fraction(a, v, high);
    for (int j = 0; j < CT_PAIRS; j++) {
        int far = x[j] > a[j] + 8;
        double front = ct_exp_f64(a[j] * ct_log_f64(x[j]) - x[j] - ct_lgamma_any_core(a[j] + 1, 0));
        double part = front * (far ? a[j] * high[j] : low[j]);
        low[j] = far == upper ? part : 1 - part;
    }
    for (int j = 0; j < size; j++) y[j] = (float)low[j];
}
