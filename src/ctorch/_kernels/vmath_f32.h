/* Elementwise mathematics in single precision. The common functions stay in float; the others compute in double, which
 * is simpler, exact to the last bit and about as fast as carrying two floats.
 *
 * Largest errors measured over the floats, in ulp (with FMA; without, up to a quarter more):
 *   exp, exp2 0.9   expm1 1.4   log 1.0   log2, log10 1.5   log1p 1.0   tanh 1.4   sigmoid 1.8   erf 1.2   erfc 0.52
 *   sin 1.7   cos 1.8   tan 2.5   asin 1.9   acos 1.1   atan 1.4   atan2 1.3   sinh 1.5   cosh 1.3   rsqrt 1.5
 *   asinh, acosh, atanh, pow, hypot 0.51   logaddexp 0.7   fmod, remainder, rounding: exact */
#pragma once

#include "vmath_f64.h"

#define CT_LOG2E_F32 0x1.715476p+0f
#define CT_LN2_HI_F32 0x1.62e4p-1f /* 15 bits: k * CT_LN2_HI_F32 is exact */
#define CT_LN2_LO_F32 0x1.7f7d1cp-20f
#define CT_PI_HI_F32 0x1.921fb6p+1f
#define CT_PI_LO_F32 (-0x1.777a5cp-24f)

/* ---- exponentials: as in double ---- */

/* p 2^n, the bits holding n + 254 */
CT_INLINE float ct_scale_f32(float p, uint32_t bits) {
    uint32_t half = bits >> 1;
    return p * ct_from_bits_f32(half << 23) * ct_from_bits_f32((bits - half) << 23);
}

/* e^x = (1 + (r + r^2 P(r))) 2^n */
CT_INLINE float ct_exp_f32(float x) {
    float z = x * CT_LOG2E_F32 + (CT_MAGIC_F32 + 254.0f), n = z - (CT_MAGIC_F32 + 254.0f);
    float r = (x - n * CT_LN2_HI_F32) - n * CT_LN2_LO_F32;
    float y = ct_scale_f32(1.0f + r * (1.0f + r * ct_poly_exp_f32(r)), ct_bits_f32(z));
    y = x < -105.0f ? 0.0f : y;
    return x > 100.0f ? INFINITY : y;
}

/* e^x 2^(bias - 127) without edges, for -87 < x < 88 + (127 - bias) ln2 */
CT_INLINE float ct_exp_core_f32(float x, float bias) {
    float z = x * CT_LOG2E_F32 + (CT_MAGIC_F32 + bias), n = z - (CT_MAGIC_F32 + bias);
    float r = (x - n * CT_LN2_HI_F32) - n * CT_LN2_LO_F32;
    return (1.0f + r * (1.0f + r * ct_poly_exp_f32(r))) * ct_from_bits_f32(ct_bits_f32(z) << 23);
}

CT_INLINE float ct_exp2_f32(float x) {
    float z = x + (CT_MAGIC_F32 + 254.0f), r = (x - (z - (CT_MAGIC_F32 + 254.0f))) * 0x1.62e43p-1f;
    float y = ct_scale_f32(1.0f + r * (1.0f + r * ct_poly_exp_f32(r)), ct_bits_f32(z));
    y = x < -155.0f ? 0.0f : y;
    return x > 130.0f ? INFINITY : y;
}

/* (e^x - 1) / 4 for -86 < x <= 89.5: a quarter, so that 2^n always fits */
CT_INLINE float ct_expm1_quarter_f32(float x) {
    float z = x * CT_LOG2E_F32 + (CT_MAGIC_F32 + 125.0f), n = z - (CT_MAGIC_F32 + 125.0f);
    float r = (x - n * CT_LN2_HI_F32) - n * CT_LN2_LO_F32;
    float s = ct_from_bits_f32(ct_bits_f32(z) << 23);
    return s * (r + r * r * ct_poly_expm1_f32(r)) + (s - 0.25f);
}

CT_INLINE float ct_expm1_f32(float x) {
    float c = x < -30.0f ? -30.0f : x;
    c = c > 89.0f ? 89.0f : c;
    return ct_abs_f32(x) < 0x1p-25f ? x : 4.0f * ct_expm1_quarter_f32(c);
}

/* x + x^3 P(x^2) below 0.6, 1 - 2 / (1 + e^2x) above */
CT_INLINE float ct_tanh_f32(float x) {
    float a = ct_abs_f32(x), u = x * x;
    float e = ct_exp_core_f32(a > 10.0f ? 20.0f : 2.0f * a, 127.0f);
    float small = a + a * u * ct_poly_tanh_f32(u);
    return ct_copysign_f32(a < 0.6f ? small : 1.0f - 2.0f / (1.0f + e), x);
}

CT_INLINE float ct_sigmoid_f32(float x) {
    float e = ct_exp_f32(-ct_abs_f32(x)), q = e / (1.0f + e), n = x < 0.0f ? e : 1.0f;
    return n - n * q;
}

/* x + x^3 P(x^2) below 1, (e^x - e^-x) / 2 above */
CT_INLINE float ct_sinh_f32(float x) {
    float a = ct_abs_f32(x), u = x * x, q = ct_exp_core_f32(a > 89.5f ? 89.5f : a, 125.0f);
    float small = a + a * u * ct_poly_sinh_f32(u);
    return ct_copysign_f32(a < 1.0f ? small : 2.0f * q - 0.125f / q, x);
}

CT_INLINE float ct_cosh_f32(float x) {
    float a = ct_abs_f32(x), q = ct_exp_core_f32(a > 89.5f ? 89.5f : a, 125.0f);
    return 2.0f * q + 0.125f / q;
}

/* ---- logarithms: x = 2^k (1 + f), 2/3 <= 1 + f < 4/3 ---- */

typedef struct {
    float k, f;
} ct_log_parts_f32;

CT_INLINE ct_log_parts_f32 ct_log_split_f32(float x) {
    uint32_t tiny = CT_MASK32(x < 0x1p-126f);
    uint32_t b = ct_bits_f32(x * ct_from_bits_f32(0x3f800000u + (tiny & (23u << 23))));
    uint32_t e = (b - 0x3f2aaaabu) & 0xff800000u;
    float k = (float)(((int32_t)e >> 23) - (int32_t)(tiny & 23));
    return (ct_log_parts_f32){k, ct_from_bits_f32(b - e) - 1.0f};
}

CT_INLINE float ct_log_edges_f32(float x, float y) {
    float edge = x == 0.0f ? -INFINITY : NAN;
    y = x > 0.0f ? y : edge;
    return x == INFINITY ? x : y;
}

CT_INLINE float ct_log_f32(float x) {
    ct_log_parts_f32 p = ct_log_split_f32(x);
    float t = p.f * p.f * ct_poly_log_f32(p.f);
    return ct_log_edges_f32(x, p.k * CT_LN2_HI_F32 + (p.f + (t + p.k * CT_LN2_LO_F32)));
}

CT_INLINE float ct_log2_f32(float x) {
    ct_log_parts_f32 p = ct_log_split_f32(x);
    float t = p.f * p.f * ct_poly_log_f32(p.f);
    return ct_log_edges_f32(x, p.k + (p.f * CT_LOG2E_F32 + (p.f * 0x1.4ae0cp-26f + t * CT_LOG2E_F32)));
}

CT_INLINE float ct_log10_f32(float x) {
    const float c = 0x1.bcb7b2p-2f;
    ct_log_parts_f32 p = ct_log_split_f32(x);
    float t = p.f * p.f * ct_poly_log_f32(p.f);
    float low = p.k * 0x1.3509f8p-18f + (p.f * -0x1.5b235ep-27f + t * c); /* log10(2) in two parts */
    return ct_log_edges_f32(x, p.k * 0x1.344p-2f + (p.f * c + low));
}

/* log(1 + x) in double: with 29 spare bits the sum loses nothing that shows for |x| > 2^-25 */
CT_INLINE double ct_log_low_f64(double x) {
    ct_log_parts p = ct_log_split_f64(x);
    double s = p.f / (2.0 + p.f), z = s * s;
    return p.k * CT_LN2 + s * (2.0 + z * ct_poly_log_low_f64(z));
}

/* log u + c / u, c = (1 + x) - u; from 2^24 on, where c may be wrong, it does not show */
CT_INLINE float ct_log1p_f32(float x) {
    float u = 1.0f + x, c = x - (u - 1.0f);
    c = u < 0x1p24f ? c / u : 0.0f;
    ct_log_parts_f32 p = ct_log_split_f32(u);
    float t = p.f * p.f * ct_poly_log_f32(p.f);
    float y = p.k * CT_LN2_HI_F32 + (p.f + (t + (p.k * CT_LN2_LO_F32 + c)));
    return ct_abs_f32(x) < 0x1p-26f ? x : ct_log_edges_f32(u, y);
}
CT_INLINE float ct_asinh_f32(float x) { return (float)ct_asinh_f64(x); }
CT_INLINE float ct_acosh_f32(float x) { return (float)ct_acosh_f64(x); }

/* log((1 + a) / (1 - a)) / 2 */
CT_INLINE float ct_atanh_f32(float x) {
    double a = ct_abs_f32(x), ratio = (1.0 + a) / (1.0 - a);
    float y = (float)(0.5 * ct_log_edges_f64(ratio, ct_log_low_f64(ratio)));
    return ct_abs_f32(x) < 0x1p-12f ? x + x * x * x * (1.0f / 3.0f) : ct_copysign_f32(y, x);
}

/* ---- circular functions: x = n pi + r, |r| <= pi / 2 ---- */

/* x - n pi scale: three exact FMAs, or two steps in double */
CT_INLINE float ct_reduce_f32(float x, float n, float scale) {
#if defined(__FMA__)
    float r = __builtin_fmaf(n, -CT_PI_HI_F32 * scale, x);
    r = __builtin_fmaf(n, -CT_PI_LO_F32 * scale, r);
    return __builtin_fmaf(n, 0x1.ee59dap-49f * scale, r);
#else
    double r = (double)x - (double)n * (CT_PI_1 * scale);
    return (float)(r - (double)n * (CT_PI_2 * scale));
#endif
}

CT_INLINE float ct_sin_f32(float x) {
    float z = x * 0x1.45f306p-2f + CT_MAGIC_F32;
    float r = ct_reduce_f32(x, z - CT_MAGIC_F32, 1.0f), u = r * r;
    float y = r + r * u * ct_poly_sin_f32(u);
    y = ct_from_bits_f32(ct_bits_f32(y) ^ (ct_bits_f32(z) << 31));
    return ct_rare_sin_f32(x, x, x == 0.0f ? x : y);
}

CT_INLINE float ct_cos_f32(float x) {
    float z = (x * 0x1.45f306p-2f - 0.5f) + CT_MAGIC_F32;
    float r = ct_reduce_f32(x, (z - CT_MAGIC_F32) + 0.5f, 1.0f), u = r * r;
    float y = r + r * u * ct_poly_sin_f32(u);
    y = ct_from_bits_f32(ct_bits_f32(y) ^ (~ct_bits_f32(z) << 31));
    return ct_rare_cos_f32(x, x, y);
}

/* tan r, or -1 / tan r in the odd quarters */
CT_INLINE float ct_tan_f32(float x) {
    float z = x * 0x1.45f306p-1f + CT_MAGIC_F32;
    float r = ct_reduce_f32(x, z - CT_MAGIC_F32, 0.5f), u = r * r;
    float t = r + r * u * ct_poly_tan_f32(u);
    float y = ct_bits_f32(z) & 1 ? -1.0f / t : t;
    return ct_rare_tan_f32(x, x, x == 0.0f ? x : y);
}

/* as in double */
CT_INLINE float ct_asin_f32(float x) {
    float a = ct_abs_f32(x);
    int big = a > 0.5f;
    float z = big ? (1.0f - a) * 0.5f : a * a, s = big ? __builtin_sqrtf(z) : a;
    float t = s * z * ct_poly_asin_f32(z);
    float y = big ? (CT_PI_HI_F32 * 0.5f - 2.0f * s) - (2.0f * t - CT_PI_LO_F32 * 0.5f) : s + t;
    return ct_copysign_f32(y, x);
}

CT_INLINE float ct_acos_f32(float x) {
    float a = ct_abs_f32(x);
    int big = a > 0.5f;
    float z = big ? (1.0f - a) * 0.5f : a * a, s = big ? __builtin_sqrtf(z) : x;
    float t = s * z * ct_poly_asin_f32(z), tail = 2.0f * (s + t);
    float ends = x < 0.0f ? CT_PI_HI_F32 - (tail - CT_PI_LO_F32) : tail;
    return big ? ends : CT_PI_HI_F32 * 0.5f - (s + (t - CT_PI_LO_F32 * 0.5f));
}

/* turned by pi/4 from 1/2 to 2, where a - 1 and n - d are exact */
CT_ATAN(f32, float, 0.5f, 2.0f, CT_PI_HI_F32, CT_PI_LO_F32)
CT_ATAN2(f32, float, 0.5f, 0x1p120f, CT_PI_HI_F32, CT_PI_LO_F32)

/* e^x in double to 2^-31, where that is no subnormal */
CT_INLINE double ct_exp_low_f64(double x) {
    double z = x * CT_LOG2E + CT_MAGIC_F64, r = x - (z - CT_MAGIC_F64) * CT_LN2;
    double y = 1.0 + (r + r * r * ct_poly_exp_low_f64(r));
    return ct_from_bits_f64(ct_bits_f64(y) + (ct_bits_f64(z) << 52));
}

/* ---- error function ---- */

/* x + x P(x^2) below 0.92, 1 - e^-T(x) above */
CT_INLINE float ct_erf_f32(float x) {
    float a = ct_abs_f32(x), c = a > 4.0f ? 4.0f : a;
    float small = x + x * ct_poly_erf_f32(x * x);
    float big = ct_copysign_f32(1.0f - ct_exp_core_f32(-ct_poly_erf_tail_f32(c), 127.0f), x);
    return a < 0.92f ? small : big;
}

CT_INLINE float ct_gelu_f32(float x) { return x * 0.5f * (1.0f + ct_erf_f32(x * 0x1.6a09e6p-1f)); }

/* as in double, with shorter polynomials */
CT_INLINE double ct_erfcx_right_low_f64(double a) {
    double c = a > 0x1p60 ? 0x1p60 : a;
    return 0.5 * ct_poly_erfcx_low_f64((c - 4.0) / (c + 4.0)) / (0.5 + a);
}
CT_INLINE double ct_erfc_low_f64(double x) {
    double a = ct_abs_f64(x), c = a > 10.1 ? 10.1 : a, tail = ct_exp_low_f64(-c * c) * ct_erfcx_right_low_f64(c);
    return x < 0.0 ? 2.0 - tail : tail;
}
CT_INLINE double ct_erfcx_low_f64(double x) {
    double a = ct_abs_f64(x), c = a > 10.1 ? 10.1 : a, right = ct_erfcx_right_low_f64(a);
    return x < 0.0 ? 2.0 * ct_exp_low_f64(c * c) - right : right;
}
CT_INLINE float ct_erfc_f32(float x) { return (float)ct_erfc_low_f64(x); }

/* ---- powers ---- */

CT_INLINE float ct_pow_f32(float x, float y) {
    float a = ct_abs_f32(x);
    double p = (double)y * ct_log_low_f64((double)a);
    double c = p > 100.0 ? 100.0 : p < -120.0 ? -120.0 : p;
    double e = ct_exp_low_f64(c);
    float half = y * 0.5f, result = (float)(a != a ? (double)a : p == p ? e : p);
    int integer = ct_round_f32(y) == y, odd = integer & (ct_round_f32(half) != half);
    result = (x < 0.0f) & !integer & (a < INFINITY) ? NAN : result;
    float edge = (a == 0.0f) == (y < 0.0f) ? INFINITY : 0.0f;
    result = (a == 0.0f) | (a == INFINITY) ? (y != y ? y : edge) : result;
    result = odd ? ct_copysign_f32(result, x) : result;
    result = (a == 1.0f) & (ct_abs_f32(y) == INFINITY) ? 1.0f : result;
    return (y == 0.0f) | (x == 1.0f) ? 1.0f : result;
}

CT_INLINE float ct_hypot_f32(float x, float y) {
    float h = (float)__builtin_sqrt((double)x * x + (double)y * y);
    return (ct_abs_f32(x) == INFINITY) | (ct_abs_f32(y) == INFINITY) ? INFINITY : h;
}

CT_INLINE float ct_logaddexp_f32(float x, float y) {
    float m = x < y ? y : x, r = m + ct_log1p_f32(ct_exp_f32(-ct_abs_f32(x - y)));
    return (x == y) & (ct_abs_f32(x) == INFINITY) ? x : r;
}

CT_INLINE float ct_logaddexp2_f32(float x, float y) {
    float m = x < y ? y : x, r = m + ct_log1p_f32(ct_exp2_f32(-ct_abs_f32(x - y))) * CT_LOG2E_F32;
    return (x == y) & (ct_abs_f32(x) == INFINITY) ? x : r;
}

/* ---- remainders, and the simple ones ---- */

/* x - trunc(x/y) y, exact in double while the quotient has fewer than 29 bits */
CT_INLINE float ct_fmod_f32(float x, float y) {
    double a = ct_abs_f32(x), b = ct_abs_f32(y), q = ct_trunc_f64(a / b);
    double r = a - q * b;
    r = r < 0.0 ? r + b : r;
    r = (b == (double)INFINITY) & (a < (double)INFINITY) ? a : r;
    return ct_rare_fmod_f32(x, y, ct_copysign_f32((float)r, x));
}

CT_INLINE float ct_remainder_f32(float x, float y) {
    float m = ct_fmod_f32(x, y);
    return (m != 0.0f) & ((m < 0.0f) != (y < 0.0f)) ? m + y : m;
}

CT_INLINE float ct_rsqrt_f32(float x) { return 1.0f / __builtin_sqrtf(x); }
CT_INLINE float ct_frac_f32(float x) { return x - ct_trunc_f32(x); }
CT_INLINE float ct_sign_f32(float x) { return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : 0.0f; }
CT_EXTREMUM(ct_maximum_f32, float, >)
CT_EXTREMUM(ct_minimum_f32, float, <)
CT_INLINE float ct_fmax_f32(float x, float y) { return ct_blend_f32(y == y, ct_blend_f32(x >= y, x, y), x); }
CT_INLINE float ct_fmin_f32(float x, float y) { return ct_blend_f32(y == y, ct_blend_f32(x <= y, x, y), x); }
