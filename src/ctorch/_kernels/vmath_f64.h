/* Elementwise mathematics in double precision.
 *
 * Largest errors measured on samples against long double, in ulp:
 *   exp, exp2 1.0   expm1 2.0   log 0.8   log1p, log2, log10 1.0   tanh 1.3   sigmoid 1.6   erf 1.1   erfc 1.9
 *   sin, cos 1.8 (2.0 without FMA)   tan 2.1   asin 1.9   acos 1.1   atan 1.6   atan2 1.4   sinh 1.8   cosh 1.4
 *   asinh 1.5   acosh 1.8   atanh 1.5   pow 1.0   hypot 1.1   rsqrt 1.5   logaddexp 0.9   fmod, rounding: exact */
#pragma once

#include "vmath_poly.h"
#include "vmath_rare.h"

#define CT_LOG2E 0x1.71547652b82fep+0
#define CT_LN2 0x1.62e42fefa39efp-1
#define CT_LN2_HI 0x1.62e42fefa3800p-1 /* 42 bits: k * CT_LN2_HI is exact */
#define CT_LN2_LO 0x1.ef35793c76730p-45
#define CT_PI_1 0x1.921fb544p+1 /* pi in three parts of 33, 33 and 53 bits: n * part is exact for n < 2^20 */
#define CT_PI_2 0x1.0b4611a6p-33
#define CT_PI_3 0x1.3198a2e037073p-68
#define CT_PI_HI 0x1.921fb54442d18p+1 /* divides by 8 without loss */
#define CT_PI_LO 0x1.1a62633145c07p-53

/* ---- exponentials: x = n ln2 + r, e^x = 2^n e^r, |r| <= ln2 / 2 ---- */

typedef struct {
    double r;
    uint64_t bits; /* n + 2046 in its low bits: the biased exponent of 2^n is the sum of the halves of that */
} ct_exp_parts;

CT_INLINE ct_exp_parts ct_exp_split_f64(double x, double low) {
    double z = x * CT_LOG2E + (CT_MAGIC_F64 + 2046.0), n = z - (CT_MAGIC_F64 + 2046.0);
    return (ct_exp_parts){(x - n * CT_LN2_HI) + (low - n * CT_LN2_LO), ct_bits_f64(z)};
}

/* p 2^n in two steps, of which only the last one rounds: subnormal and infinite results are right */
CT_INLINE double ct_scale_f64(double p, uint64_t bits) {
    uint64_t half = bits >> 1;
    return p * ct_from_bits_f64(half << 52) * ct_from_bits_f64((bits - half) << 52);
}

/* e^(x + low), rounded once even where it is subnormal, for x < 1400 */
CT_INLINE double ct_exp_sum_f64(double x, double low) {
    ct_exp_parts e = ct_exp_split_f64(x, low);
    double y = ct_scale_f64(1.0 + (e.r + e.r * e.r * ct_poly_exp_f64(e.r)), e.bits);
    return x < -760.0 ? 0.0 : y;
}

CT_INLINE double ct_exp_f64(double x) {
    double y = ct_exp_sum_f64(x, 0.0);
    return x > 720.0 ? (double)INFINITY : y;
}

/* e^x without edges, for |x| < 708 */
CT_INLINE double ct_exp_core_f64(double x) {
    ct_exp_parts e = ct_exp_split_f64(x, 0.0);
    double p = 1.0 + (e.r + e.r * e.r * ct_poly_exp_f64(e.r));
    return p * ct_from_bits_f64((e.bits - 1023) << 52);
}

/* 2^x: as exp, with r = (x - n) ln2 */
CT_INLINE double ct_exp2_f64(double x) {
    double z = x + (CT_MAGIC_F64 + 2046.0), f = x - (z - (CT_MAGIC_F64 + 2046.0));
    double r = f * CT_LN2, low = f * 0x1.abc9e3b39803fp-56;
    double y = ct_scale_f64(1.0 + (r + (r * r * ct_poly_exp_f64(r) + low)), ct_bits_f64(z));
    y = x < -1090.0 ? 0.0 : y;
    return x > 1030.0 ? (double)INFINITY : y;
}

/* (e^x - 1) / 4 for -1020 ln2 < x < 1026 ln2: a quarter, so that 2^n always fits */
CT_INLINE double ct_expm1_quarter_f64(double x) {
    ct_exp_parts e = ct_exp_split_f64(x, 0.0);
    double s = ct_from_bits_f64((e.bits - 1025) << 52);
    double m1 = e.r + e.r * e.r * ct_poly_expm1_f64(e.r);
    return s * m1 + (s - 0.25);
}

CT_INLINE double ct_expm1_f64(double x) {
    double c = x < -40.0 ? -40.0 : x;
    c = c > 710.0 ? 710.0 : c;
    return ct_abs_f64(x) < 0x1p-54 ? x : 4.0 * ct_expm1_quarter_f64(c);
}

/* sinh = (t + t / (t + 1)) / 2, t = e^|x| - 1 = 4q */
CT_INLINE double ct_sinh_f64(double x) {
    double a = ct_abs_f64(x);
    double q = ct_expm1_quarter_f64(a > 710.5 ? 710.5 : a);
    double y = 2.0 * q + q / (2.0 * q + 0.5);
    return a < 0x1p-28 ? x : ct_copysign_f64(y, x);
}

/* cosh = (e + 1/e) / 2, e = e^|x| */
CT_INLINE double ct_cosh_f64(double x) {
    double a = ct_abs_f64(x);
    ct_exp_parts e = ct_exp_split_f64(a > 710.5 ? 710.5 : a, 0.0);
    double s = ct_from_bits_f64((e.bits - 1025) << 52), q = s + s * (e.r + e.r * e.r * ct_poly_exp_f64(e.r));
    return 2.0 * q + 0.125 / q;
}

/* x + x^3 P(x^2) below 0.6, 1 - 2 / (1 + e^2x) above */
CT_INLINE double ct_tanh_f64(double x) {
    double a = ct_abs_f64(x), u = x * x;
    double e = ct_exp_core_f64(a > 20.0 ? 40.0 : 2.0 * a);
    double small = a + a * u * ct_poly_tanh_f64(u);
    return ct_copysign_f64(a < 0.6 ? small : 1.0 - 2.0 / (1.0 + e), x);
}

/* n / (1 + e) = n - n e / (1 + e), e = e^-|x|, n = e or 1: the tails keep their precision */
CT_INLINE double ct_sigmoid_f64(double x) {
    double e = ct_exp_sum_f64(-ct_abs_f64(x), 0.0), q = e / (1.0 + e), n = x < 0.0 ? e : 1.0;
    return n - n * q;
}

/* ---- logarithms: x = 2^k (1 + f), sqrt(1/2) <= 1 + f < sqrt(2) ---- */

typedef struct {
    double k, f;
} ct_log_parts;

/* x > 0 and finite; the exponent becomes a double by an addition to the bits of CT_MAGIC_F64 */
CT_INLINE ct_log_parts ct_log_split_f64(double x) {
    uint64_t tiny = CT_MASK64(x < 0x1p-1022);
    uint64_t b = ct_bits_f64(x * ct_from_bits_f64(0x3ff0000000000000u + (tiny & ((uint64_t)54 << 52))));
    uint64_t e = (b + (0x3ff0000000000000u - 0x3fe6a09e667f3bcdu)) & 0x7ff0000000000000u;
    double m = ct_from_bits_f64(b - e + 0x3ff0000000000000u);
    double k = ct_from_bits_f64((e >> 52) - (tiny & 54) + 0x4338000000000000u) - (CT_MAGIC_F64 + 1023.0);
    return (ct_log_parts){k, m - 1.0};
}

/* log(1 + f) - f = -(f^2/2 - s (f^2/2 + R)), s = f / (2 + f) */
CT_INLINE double ct_log_tail_f64(double f) {
    double s = f / (2.0 + f), z = s * s, h = 0.5 * f * f;
    return s * (h + z * ct_poly_log_f64(z)) - h;
}

/* y, but for the logarithm's edges: 0 -> -inf, negative -> NaN, inf -> inf, NaN -> NaN */
CT_INLINE double ct_log_edges_f64(double x, double y) {
    double edge = x == 0.0 ? -(double)INFINITY : (double)NAN;
    y = x > 0.0 ? y : edge;
    return x == (double)INFINITY ? x : y;
}

CT_INLINE double ct_log_f64(double x) {
    ct_log_parts p = ct_log_split_f64(x);
    double t = ct_log_tail_f64(p.f);
    return ct_log_edges_f64(x, p.k * CT_LN2_HI + (p.f + (t + p.k * CT_LN2_LO)));
}

CT_INLINE double ct_log2_f64(double x) {
    ct_log_parts p = ct_log_split_f64(x);
    double t = ct_log_tail_f64(p.f);
    double h = p.f * CT_LOG2E, low = ct_product_error_f64(p.f, CT_LOG2E, h) + p.f * 0x1.777d0ffda0d24p-56;
    return ct_log_edges_f64(x, p.k + (h + (low + t * CT_LOG2E)));
}

CT_INLINE double ct_log10_f64(double x) {
    const double c = 0x1.bcb7b1526e50ep-2;
    ct_log_parts p = ct_log_split_f64(x);
    double t = ct_log_tail_f64(p.f);
    double h = p.f * c, low = ct_product_error_f64(p.f, c, h) + p.f * 0x1.95355baaafad3p-57;
    low += p.k * 0x1.fef311f12b358p-46; /* log10(2) in two parts */
    return ct_log_edges_f64(x, p.k * 0x1.34413509f78p-2 + (h + (low + t * c)));
}

/* log(1 + x): u = fl(1 + x), and the part lost in u comes back as a correction c / u */
CT_INLINE double ct_log1p_f64(double x) {
    double u = 1.0 + x;
    ct_log_parts p = ct_log_split_f64(u);
    double c = (x >= 1.0 ? 1.0 - (u - x) : x - (u - 1.0)) / u;
    int near = ct_abs_f64(x - 0.06) < 0.35; /* 1 + x well inside [sqrt(1/2), sqrt(2)] */
    double f = near ? x : p.f, k = near ? 0.0 : p.k;
    c = near ? 0.0 : c;
    double y = k * CT_LN2_HI + (f + (ct_log_tail_f64(f) + (k * CT_LN2_LO + c)));
    y = ct_log_edges_f64(u, y);
    return ct_abs_f64(x) < 0x1p-54 ? x : y;
}

/* log1p(a + a^2 / (1 + sqrt(1 + a^2))) */
CT_INLINE double ct_asinh_f64(double x) {
    double a = ct_abs_f64(x);
    int big = a > 0x1p60;
    double u = a * a, t = a + u / (1.0 + __builtin_sqrt(1.0 + u));
    double y = ct_log1p_f64(big ? a : t) + (big ? CT_LN2 : 0.0);
    return ct_copysign_f64(y, x);
}

/* log1p(t + sqrt(2t + t^2)), t = x - 1 */
CT_INLINE double ct_acosh_f64(double x) {
    double t = x - 1.0;
    int big = x > 0x1p60;
    double y = ct_log1p_f64(big ? x : t + __builtin_sqrt(t + t + t * t)) + (big ? CT_LN2 : 0.0);
    return x < 1.0 ? (double)NAN : y;
}

/* log1p(2a / (1 - a)) / 2; for small a the argument is 2a + 2a^2 / (1 - a) */
CT_INLINE double ct_atanh_f64(double x) {
    double a = ct_abs_f64(x), d = a + a;
    int small = a < 0.5;
    double t = (small ? d * a : d) / (1.0 - a);
    return ct_copysign_f64(0.5 * ct_log1p_f64(small ? d + t : t), x);
}

/* ---- circular functions: x = n pi + r, |r| <= pi / 2 ---- */

/* x - n pi scale = r + low for |n| < 2^20: the rounding error of the second step goes into the third */
CT_INLINE double ct_reduce_f64(double x, double n, double scale, double *low) {
    double r1 = x - n * (CT_PI_1 * scale), w = n * (CT_PI_2 * scale);
    double r2 = r1 - w, e = ((r1 - r2) - w) - n * (CT_PI_3 * scale);
    double r = r2 + e;
    *low = (r2 - r) + e;
    return r;
}

CT_INLINE double ct_sin_f64(double x) {
    double z = x * 0x1.45f306dc9c883p-2 + CT_MAGIC_F64, low;
    double r = ct_reduce_f64(x, z - CT_MAGIC_F64, 1.0, &low), u = r * r;
    double y = r + r * u * ct_poly_sin_f64(u);
    y = ct_from_bits_f64(ct_bits_f64(y) ^ (ct_bits_f64(z) << 63));
    return ct_rare_sin_f64(x, x, x == 0.0 ? x : y);
}

/* cos x = -(-1)^n sin r, x = (n + 1/2) pi + r */
CT_INLINE double ct_cos_f64(double x) {
    double z = (x * 0x1.45f306dc9c883p-2 - 0.5) + CT_MAGIC_F64, low;
    double r = ct_reduce_f64(x, (z - CT_MAGIC_F64) + 0.5, 1.0, &low), u = r * r;
    double y = r + r * u * ct_poly_sin_f64(u);
    y = ct_from_bits_f64(ct_bits_f64(y) ^ (~ct_bits_f64(z) << 63));
    return ct_rare_cos_f64(x, x, y);
}

/* sin r / cos r, or -cos r / sin r in the odd quarters */
CT_INLINE double ct_tan_f64(double x) {
    double z = x * 0x1.45f306dc9c883p-1 + CT_MAGIC_F64, n = z - CT_MAGIC_F64, low;
    double r = ct_reduce_f64(x, n, 0.5, &low), u = r * r, h = 0.5 * u, w = 1.0 - h;
    double s = r + (r * u * ct_poly_tan_sin_f64(u) + low);
    double c = w + (((1.0 - w) - h) + (u * u * ct_poly_tan_cos_f64(u) - r * low));
    double half = n * 0.5;
    int odd = half != (half + CT_MAGIC_F64) - CT_MAGIC_F64;
    double y = (odd ? -c : s) / (odd ? s : c);
    return ct_rare_tan_f64(x, x, x == 0.0 ? x : y);
}

/* s + s^3 P(s^2) for s <= 1/2; above, with s = sqrt((1 - |x|) / 2), asin x = pi/2 - 2 asin s */
CT_INLINE double ct_asin_f64(double x) {
    double a = ct_abs_f64(x);
    int big = a > 0.5;
    double z = big ? (1.0 - a) * 0.5 : a * a, s = big ? __builtin_sqrt(z) : a;
    double t = s * z * ct_poly_asin_f64(z);
    double y = big ? (CT_PI_HI * 0.5 - 2.0 * s) - (2.0 * t - CT_PI_LO * 0.5) : s + t;
    return ct_copysign_f64(y, x);
}

CT_INLINE double ct_acos_f64(double x) {
    double a = ct_abs_f64(x);
    int big = a > 0.5;
    double z = big ? (1.0 - a) * 0.5 : a * a, s = big ? __builtin_sqrt(z) : x;
    double t = s * z * ct_poly_asin_f64(z);
    double tail = 2.0 * (s + t);
    double ends = x < 0.0 ? CT_PI_HI - (tail - CT_PI_LO) : tail;
    return big ? ends : CT_PI_HI * 0.5 - (s + (t - CT_PI_LO * 0.5));
}

/* (n / d) for the angle's tangent, turned by pi/4 from `mid` and by pi/2 from `far` on, so that |t| stays small */
#define CT_ATAN(suffix, type, mid_from, far_from, pi_hi, pi_lo)                                                   \
    CT_INLINE type ct_atan_##suffix(type x) {                                                                     \
        type a = ct_abs_##suffix(x);                                                                              \
        int far = a > far_from, mid = a > mid_from;                                                               \
        type t = (far ? -(type)1 : mid ? a - (type)1 : a) / (far ? a : mid ? a + (type)1 : (type)1);              \
        type turn = far ? (type)0.5 : mid ? (type)0.25 : (type)0, u = t * t;                                      \
        type y = turn * pi_hi + (t + (t * u * ct_poly_atan_##suffix(u) + turn * pi_lo));                          \
        return ct_copysign_##suffix(y, x);                                                                        \
    }
/* atan(smaller / larger), then the octants: the angle is q pi/4 + sign * atan(t) */
#define CT_ATAN2(suffix, type, mid_from, large, pi_hi, pi_lo)                                                     \
    CT_INLINE type ct_atan2_##suffix(type y, type x) {                                                            \
        type ax = ct_abs_##suffix(x), ay = ct_abs_##suffix(y);                                                    \
        int swap = ay > ax;                                                                                       \
        type n = swap ? ax : ay, d = swap ? ay : ax;                                                              \
        type scale = d > large ? (type)0x1p-30 : (type)1;                                                         \
        int both = (ax == (type)INFINITY) & (ay == (type)INFINITY); /* the diagonal */                            \
        n = both ? (type)1 : n * scale;                                                                           \
        d = both ? (type)1 : d * scale;                                                                           \
        int mid = n > mid_from * d;                                                                               \
        type t = (mid ? n - d : n) / (mid ? n + d : d);                                                           \
        t = d == (type)0 ? n : t;                                                                                 \
        type q = mid ? (type)0.25 : (type)0, u = t * t;                                                           \
        type sign = swap ? -(type)1 : (type)1;                                                                    \
        q = swap ? (type)0.5 - q : q;                                                                             \
        int left = ct_copysign_##suffix((type)1, x) < (type)0;                                                    \
        sign = left ? -sign : sign;                                                                               \
        q = left ? (type)1 - q : q;                                                                               \
        t = sign * t;                                                                                             \
        return ct_copysign_##suffix(q * pi_hi + (t + (t * u * ct_poly_atan_##suffix(u) + q * pi_lo)), y);         \
    }
/* from tan(pi/8) on */
CT_ATAN(f64, double, 0x1.a827999fcef32p-2, 0x1.3504f333f9de6p+1, CT_PI_HI, CT_PI_LO)
CT_ATAN2(f64, double, 0x1.a827999fcef32p-2, 0x1p1000, CT_PI_HI, CT_PI_LO)

/* ---- error function ---- */

/* x + x P(x^2) below 1, 1 - e^(-a^2) Q((a-3)/(a+3)) above */
CT_INLINE double ct_erf_f64(double x) {
    double a = ct_abs_f64(x), u = x * x, c = a > 6.0 ? 6.0 : a;
    double small = x + x * ct_poly_erf_f64(u);
    double tail = ct_exp_core_f64(-c * c) * ct_poly_erf_tail_f64((c - 3.0) / (c + 3.0));
    double big = ct_copysign_f64(1.0 - tail, x);
    return a < 1.0 ? small : big;
}

CT_INLINE double ct_gelu_f64(double x) { return x * 0.5 * (1.0 + ct_erf_f64(x * M_SQRT1_2)); }

/* e^(sign a^2), the square in two parts, so that its rounding does not show */
CT_INLINE ct_exp_parts ct_exp_square_f64(double a, double sign) {
    double h = ct_from_bits_f64(ct_bits_f64(a) & ~(uint64_t)0x7ffffff);
    return ct_exp_split_f64(sign * h * h, sign * (a - h) * (a + h));
}

/* erfc(x) for |x| < 0.5 */
CT_INLINE double ct_erfc_near_f64(double x) { return 1.0 - (x + x * ct_poly_erf_f64(x * x)); }

/* erfc(a) for a >= 0.5: e^(-a^2) Q((a-4)/(a+4)) / (1 + 2a) */
CT_INLINE double ct_erfc_tail_f64(double a) {
    double q = ct_poly_erfcx_f64((a - 4.0) / (a + 4.0));
    ct_exp_parts e = ct_exp_square_f64(a, -1.0);
    double m1 = e.r + e.r * e.r * ct_poly_exp_f64(e.r);
    return ct_scale_f64((1.21875 + (q + (1.21875 + q) * m1)) / (1.0 + 2.0 * a), e.bits);
}

CT_INLINE double ct_erfc_f64(double x) {
    double a = ct_abs_f64(x), c = a > 28.0 ? 28.0 : a;
    double tail = ct_erfc_tail_f64(c);
    tail = x < 0.0 ? 2.0 - tail : tail;
    return a < 0.5 ? ct_erfc_near_f64(x) : tail;
}

/* ---- powers ---- */

/* log|x| as a sum of two doubles, to 2^-64: log(1+f) = s (2 + (2/3 + q) s^2), with s, s^2 and 2/3 + q in two parts */
CT_INLINE double ct_log_two_f64(double x, double *low) {
    ct_log_parts p = ct_log_split_f64(x);
    double f = p.f, d = f + 2.0, dl = f - (d - 2.0), inv = 1.0 / d;
    double s = f * inv, sd = s * d;
    double sl = (((f - sd) - ct_product_error_f64(s, d, sd)) - s * dl) * inv;
    double z = s * s, zl = ct_product_error_f64(s, s, z) + 2.0 * s * sl;
    double q = z * ct_poly_log_tail_f64(z);
    double t = 0x1.5555555555555p-1 + q, tl = (0x1.5555555555555p-1 - t + q) + 0x1.5555555555555p-55;
    double w = z * t, wl = ct_product_error_f64(z, t, w) + (z * tl + zl * t);
    double a = 2.0 + w, al = (2.0 - a + w) + wl;
    double h = s * a, hl = ct_product_error_f64(s, a, h) + (s * al + sl * a);
    double k = p.k * CT_LN2_HI, sum = k + h;
    *low = ((k - sum) + h) + (hl + p.k * CT_LN2_LO);
    return sum;
}

/* Sign and edges of x^y, given y0 = |x|^y for finite positive |x| */
CT_INLINE double ct_pow_edges_f64(double x, double y, double y0) {
    double a = ct_abs_f64(x), half = y * 0.5;
    int integer = ct_round_f64(y) == y;
    int odd = integer & (ct_round_f64(half) != half);
    double r = y0;
    r = (x < 0.0) & !integer & (a < (double)INFINITY) ? (double)NAN : r;
    double edge = (a == 0.0) == (y < 0.0) ? (double)INFINITY : 0.0;
    r = (a == 0.0) | (a == (double)INFINITY) ? (y != y ? y : edge) : r;
    r = odd ? ct_copysign_f64(r, x) : r;
    r = (a == 1.0) & (ct_abs_f64(y) == (double)INFINITY) ? 1.0 : r;
    return (y == 0.0) | (x == 1.0) ? 1.0 : r;
}

CT_INLINE double ct_pow_f64(double x, double y) {
    double low, a = ct_abs_f64(x), high = ct_log_two_f64(a, &low);
    double p = y * high, pl = ct_product_error_f64(y, high, p) + y * low;
    p = a <= (double)INFINITY ? p : a; /* NaN */
    double e = ct_exp_sum_f64(p, ct_abs_f64(p) < 800.0 ? pl : 0.0);
    e = p > 720.0 ? (double)INFINITY : e;
    return ct_pow_edges_f64(x, y, p == p ? e : p);
}

/* sqrt(x^2 + y^2), scaled by a power of two where the squares would leave the range */
CT_INLINE double ct_hypot_f64(double x, double y) {
    double a = ct_abs_f64(x), b = ct_abs_f64(y);
    double m = a > b ? a : b;
    double s = m > 0x1p500 ? 0x1p-600 : m < 0x1p-450 ? 0x1p600 : 1.0;
    double t = m > 0x1p500 ? 0x1p600 : m < 0x1p-450 ? 0x1p-600 : 1.0;
    double h = __builtin_sqrt((a * s) * (a * s) + (b * s) * (b * s)) * t;
    return (a == (double)INFINITY) | (b == (double)INFINITY) ? (double)INFINITY : h;
}

/* max + log(1 + e^-|x-y|) */
CT_INLINE double ct_logaddexp_f64(double x, double y) {
    double m = x < y ? y : x, d = ct_abs_f64(x - y);
    double r = m + ct_log1p_f64(ct_exp_sum_f64(-d, 0.0));
    return (x == y) & (ct_abs_f64(x) == (double)INFINITY) ? x : r;
}

CT_INLINE double ct_logaddexp2_f64(double x, double y) {
    double m = x < y ? y : x, d = ct_abs_f64(x - y);
    double r = m + ct_log1p_f64(ct_exp2_f64(-d)) * CT_LOG2E;
    return (x == y) & (ct_abs_f64(x) == (double)INFINITY) ? x : r;
}

/* ---- remainders, and the simple ones ---- */

/* x - trunc(x/y) y: exact by one FMA while the quotient has fewer than 52 bits */
CT_INLINE double ct_fmod_f64(double x, double y) {
#if defined(__FMA__)
    double a = ct_abs_f64(x), b = ct_abs_f64(y), q = ct_trunc_f64(a / b);
    double r = __builtin_fma(-q, b, a);
    r = r < 0.0 ? r + b : r;
    r = (b == (double)INFINITY) & (a < (double)INFINITY) ? a : r;
    return ct_rare_fmod_f64(x, y, ct_copysign_f64(r, x));
#else
    return fmod(x, y);
#endif
}

/* the sign of y, as Python's % */
CT_INLINE double ct_remainder_f64(double x, double y) {
    double m = ct_fmod_f64(x, y);
    return (m != 0.0) & ((m < 0.0) != (y < 0.0)) ? m + y : m;
}

CT_INLINE double ct_rsqrt_f64(double x) { return 1.0 / __builtin_sqrt(x); }
CT_INLINE double ct_frac_f64(double x) { return x - ct_trunc_f64(x); }
CT_INLINE double ct_sign_f64(double x) { return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : 0.0; }
/* one instruction; x if that is NaN */
#define CT_EXTREMUM(name, type, beyond)                                                                           \
    CT_INLINE type name(type x, type y) {                                                                         \
        type of_numbers = y beyond x ? y : x;                                                                     \
        return y == y ? of_numbers : y;                                                                           \
    }
CT_EXTREMUM(ct_maximum_f64, double, >)
CT_EXTREMUM(ct_minimum_f64, double, <)
CT_INLINE double ct_fmax_f64(double x, double y) { return ct_blend_f64(y == y, ct_blend_f64(x >= y, x, y), x); }
CT_INLINE double ct_fmin_f64(double x, double y) { return ct_blend_f64(y == y, ct_blend_f64(x <= y, x, y), x); }
