/* From the words of MT19937 to numbers of a distribution, in loops that vectorise. PyTorch's CPU formulas,
 * fused where its AVX2 build fuses, so that one seed gives the same bits.
 */
#ifndef CTORCH_DISTRIBUTIONS_H
#define CTORCH_DISTRIBUTIONS_H

#include "mt19937.h"

/* ---- conversions ---- */

BODY uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, 4);
    return bits;
}

BODY float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, 4);
    return x;
}

/* To the nearest, ties to even; all cases are computed and one is chosen, so loops over it vectorise. */
BODY uint16_t float16_of(float x)
{
    uint32_t sign = bits_of(x) >> 16 & 0x8000u;
    uint32_t magnitude = bits_of(x) & 0x7fffffffu;
    uint32_t normal = (magnitude + 0xfffu + (magnitude >> 13 & 1u) - (112u << 23)) >> 13;
    uint32_t subnormal = bits_of(float_of(magnitude) + 0.5f) - bits_of(0.5f); /* the sum rounds at 2**-24 */
    uint32_t result = magnitude < (113u << 23) ? subnormal : normal;
    result = magnitude >= 0x477ff000u ? 0x7c00u : result; /* 65520 and above */
    result = magnitude > 0x7f800000u ? 0x7e00u : result;
    return (uint16_t)(sign | result);
}

BODY float float_of_float16(uint16_t half)
{
    uint32_t magnitude = half & 0x7fffu;
    uint32_t normal = (magnitude << 13) + (112u << 23);
    uint32_t subnormal = bits_of(float_of(magnitude + bits_of(0.5f)) - 0.5f);
    uint32_t result = magnitude < 0x400u ? subnormal : normal;
    result = magnitude >= 0x7c00u ? (magnitude << 13 | 0x7f800000u) : result;
    return float_of(result | (uint32_t)(half & 0x8000u) << 16);
}

BODY uint16_t bfloat16_of(float x)
{
    uint32_t bits = bits_of(x);
    uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
    return (uint16_t)((bits & 0x7fffffffu) > 0x7f800000u ? 0x7fc0u : rounded);
}

BODY float float_of_bfloat16(uint16_t half)
{
    return float_of((uint32_t)half << 16);
}

BODY void widen_float16_body(const uint16_t *restrict halves, double *restrict x, int64_t n, int fused)
{
    (void)fused;
    for (int64_t i = 0; i < n; i++) x[i] = float_of_float16(halves[i]);
}
TWO_WIDTHS(widen_float16, (const uint16_t *restrict halves, double *restrict x, int64_t n), halves, x, n)

/* 1 where a number is below its limit. */
BODY void below_each_body(const float *restrict x, const double *restrict limits, uint8_t *restrict hits, int64_t n,
                          int fused)
{
    (void)fused;
    for (int64_t i = 0; i < n; i++) hits[i] = x[i] < limits[i];
}
TWO_WIDTHS(below_each, (const float *restrict x, const double *restrict limits, uint8_t *restrict hits, int64_t n),
           x, limits, hits, n)

/* A 32-bit word as a double; SSE2 and AVX2 convert signed words only. */
BODY double double_of(uint32_t word)
{
    return (double)(int32_t)(word ^ 0x80000000u) + 2147483648.0;
}

/* 53 of 64 bits, as a whole number. */
BODY double whole_of(uint32_t high, uint32_t low)
{
    return (double)(int32_t)(high & 0x1fffffu) * 4294967296.0 + double_of(low);
}

/* ---- uniform ---- */

/* [low, high) from 24 bits; a value that rounds up to high becomes low. */
BODY void uniform_f32_body(const uint32_t *restrict words, float *restrict x, int64_t n, float low,
                           float high, int fused)
{
    float range = high - low;
    for (int64_t i = 0; i < n; i++) {
        float value = fused_f32((float)(int32_t)(words[i] & 0xffffffu) * 0x1p-24f, range, low, fused);
        x[i] = value == high ? low : value;
    }
}
TWO_WIDTHS(uniform_f32, (const uint32_t *restrict words, float *restrict x, int64_t n, float low, float high),
           words, x, n, low, high)

/* [0, 1) from 53 bits. */
BODY void uniform_f64_body(const uint32_t *restrict words, double *restrict x, int64_t n, int fused)
{
    (void)fused;
    for (int64_t i = 0; i < n; i++)
        x[i] = whole_of(words[2 * i], words[2 * i + 1]) * 0x1p-53;
}
TWO_WIDTHS(uniform_f64, (const uint32_t *restrict words, double *restrict x, int64_t n), words, x, n)

BODY void stretch_f64_body(double *x, int64_t n, double low, double high, int fused)
{
    double range = high - low;
    for (int64_t i = 0; i < n; i++) {
        double value = fused || low != 0 ? fma(x[i], range, low) : x[i] * range;
        x[i] = value == high ? low : value;
    }
}
TWO_WIDTHS(stretch_f64, (double *x, int64_t n, double low, double high), x, n, low, high)

/* 1 where the uniform double is below p. */
BODY void below_body(const uint32_t *restrict words, uint8_t *restrict hits, int64_t n, double p, int fused)
{
    (void)fused;
    double limit = p * 0x1p53;
    for (int64_t i = 0; i < n; i++)
        hits[i] = whole_of(words[2 * i], words[2 * i + 1]) < limit;
}
TWO_WIDTHS(below, (const uint32_t *restrict words, uint8_t *restrict hits, int64_t n, double p),
           words, hits, n, p)

/* ---- normal: Box and Muller (Ann. Math. Stat. 29, 1958) ---- */

/* log(x) for normal x > 0, after Cephes' logf. */
BODY float log_f32(float x, int fused)
{
    uint32_t bits = bits_of(x);
    float e = (float)((int32_t)(bits >> 23) - 126);
    float m = float_of((bits & 0x007fffffu) | 0x3f000000u); /* in [1/2, 1) */
    int small = m < 0.707106781186547524f;
    e -= small ? 1.0f : 0.0f;
    m = (m - 1.0f) + (small ? m : 0.0f);
    float z = m * m;
    float y = 7.0376836292E-2f;
    y = fused_f32(y, m, -1.1514610310E-1f, fused);
    y = fused_f32(y, m, 1.1676998740E-1f, fused);
    y = fused_f32(y, m, -1.2420140846E-1f, fused);
    y = fused_f32(y, m, 1.4249322787E-1f, fused);
    y = fused_f32(y, m, -1.6668057665E-1f, fused);
    y = fused_f32(y, m, 2.0000714765E-1f, fused);
    y = fused_f32(y, m, -2.4999993993E-1f, fused);
    y = fused_f32(y, m, 3.3333331174E-1f, fused);
    y = fused_f32(y * m, z, e * -2.12194440e-4f, fused);
    y = fused_f32(z, -0.5f, y, fused);
    return fused_f32(e, 0.693359375f, m + y, fused);
}

/* sin(x) and cos(x) for x in [0, 8192), after Cephes' sinf and cosf: both polynomials, then a choice by
 * octant. */
BODY void sincos_f32(float x, float *sine, float *cosine, int fused)
{
    int32_t octant = ((int32_t)(x * 1.27323954473516f) + 1) & ~1;
    float y = (float)octant;
    x = fused_f32(y, -0.78515625f, x, fused);
    x = fused_f32(y, -2.4187564849853515625e-4f, x, fused);
    x = fused_f32(y, -3.77489497744594108e-8f, x, fused);
    float z = x * x;
    float c = fused_f32(2.443315711809948E-005f, z, -1.388731625493765E-003f, fused);
    c = fused_f32(c, z, 4.166664568298827E-002f, fused);
    c = fused_f32(c * z, z, z * -0.5f, fused) + 1.0f;
    float s = fused_f32(-1.9515295891E-4f, z, 8.3321608736E-3f, fused);
    s = fused_f32(s, z, -1.6666654611E-1f, fused);
    s = fused_f32(s * z, x, x, fused);
    int swap = octant & 2;
    uint32_t sine_sign = (uint32_t)(octant & 4) << 29;
    uint32_t cosine_sign = (uint32_t)(~(octant - 2) & 4) << 29;
    *sine = float_of(bits_of(swap ? c : s) ^ sine_sign);
    *cosine = float_of(bits_of(swap ? s : c) ^ cosine_sign);
}

/* Every 16 uniform numbers become 16 normal ones: the i-th and the (i + 8)-th are a pair. */
BODY void box_muller_f32_body(float *x, int64_t n, float mean, float std, int fused)
{
    for (; n >= 16; n -= 16, x += 16) {
        for (int i = 0; i < 8; i++) {
            float radius = sqrtf(-2.0f * log_f32(1.0f - x[i], fused));
            float sine, cosine;
            sincos_f32(6.283185307179586f * x[i + 8], &sine, &cosine, fused);
            x[i] = fused_f32(radius * cosine, std, mean, fused);
            x[i + 8] = fused_f32(radius * sine, std, mean, fused);
        }
    }
}
TWO_WIDTHS(box_muller_f32, (float *x, int64_t n, float mean, float std), x, n, mean, std)

static void box_muller_f64(double *x, int64_t n, double mean, double std)
{
    for (; n >= 16; n -= 16, x += 16) {
        for (int i = 0; i < 8; i++) {
            double radius = sqrt(-2 * log(1 - x[i]));
            double theta = 6.283185307179586 * x[i + 8];
            x[i] = fma(radius * cos(theta), std, mean);
            x[i + 8] = fma(radius * sin(theta), std, mean);
        }
    }
}

/* ---- whole numbers ---- */

/* base + word mod range for range <= 2**32, by multiplication (Lemire, Kaser and Kurz, 2019). */
static void remainders_32(const uint32_t *words, int64_t *x, int64_t n, uint64_t range, int64_t base)
{
    uint64_t inverse = UINT64_MAX / range + 1;
    for (int64_t i = 0; i < n; i++)
        x[i] = base + (int64_t)((unsigned __int128)(inverse * words[i]) * range >> 64);
}

/* The same for any range with pairs of words; range 0 stands for 2**64. */
static void remainders_64(const uint32_t *words, int64_t *x, int64_t n, uint64_t range, int64_t base)
{
    unsigned __int128 inverse = range ? ~(unsigned __int128)0 / range + 1 : 0;
    for (int64_t i = 0; i < n; i++) {
        uint64_t bits = (uint64_t)words[2 * i] << 32 | words[2 * i + 1];
        if (range) {
            unsigned __int128 fraction = inverse * bits;
            unsigned __int128 low = (unsigned __int128)(uint64_t)fraction * range >> 64;
            bits = (uint64_t)(((fraction >> 64) * range + low) >> 64);
        }
        x[i] = (int64_t)(bits + (uint64_t)base);
    }
}

/* x[i] = words[i] mod (divisor - i), which stays above 1. The quotient of two 32-bit numbers is further
 * from the next whole number than a double division rounds, so its floor is exact. */
BODY void falling_remainders_body(const uint32_t *restrict words, uint32_t *restrict x, int64_t n,
                                  uint32_t divisor, int fused)
{
    (void)fused;
    for (int64_t i = 0; i < n; i++) {
        uint32_t d = divisor - (uint32_t)i;
        uint32_t quotient = (uint32_t)(int32_t)(double_of(words[i]) / double_of(d));
        x[i] = words[i] - quotient * d;
    }
}
TWO_WIDTHS(falling_remainders,
           (const uint32_t *restrict words, uint32_t *restrict x, int64_t n, uint32_t divisor),
           words, x, n, divisor)

#endif
