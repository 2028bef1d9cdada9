/* float16 and bfloat16, kept as uint16_t bits, to float and back: round to nearest even, NaN stays NaN. */
#pragma once

#include "vmath_bits.h"

/* The exponent and mantissa shifted into place, times 2^112: right for normal and subnormal numbers alike. */
CT_INLINE float ct_half_to_f32(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, m = (uint32_t)(h & 0x7fffu) << 13;
    uint32_t finite = ct_bits_f32(ct_from_bits_f32(m) * 0x1p112f);
    return ct_from_bits_f32(sign | (m >= 0x0f800000u ? m | 0x7f800000u : finite));
}

/* Normal: round in the integer; below 2^-14: adding 0.5 aligns and rounds the mantissa; above 65504: inf or NaN. */
CT_INLINE uint16_t ct_f32_to_half(float x) {
    uint32_t b = ct_bits_f32(x), a = b & 0x7fffffffu, sign = (b >> 16) & 0x8000u;
    uint32_t normal = (a + 0xfffu + ((a >> 13) & 1u) - (112u << 23)) >> 13;
    uint32_t small = ct_bits_f32(ct_from_bits_f32(a) + 0.5f) - 0x3f000000u;
    uint32_t big = a > 0x7f800000u ? 0x7e00u | ((a >> 13) & 0x3ffu) : 0x7c00u;
    uint32_t r = a < 0x38800000u ? small : a < 0x47800000u ? normal : big;
    return (uint16_t)(sign | r);
}

CT_INLINE float ct_bfloat16_to_f32(uint16_t h) { return ct_from_bits_f32((uint32_t)h << 16); }

CT_INLINE uint16_t ct_f32_to_bfloat16(float x) {
    uint32_t b = ct_bits_f32(x), r = (b + 0x7fffu + ((b >> 16) & 1u)) >> 16;
    return (uint16_t)((b & 0x7fffffffu) > 0x7f800000u ? (b >> 16) | 0x40u : r);
}

#if defined(__AVX512F__)
/* Rounded to the upper half of each number: half the time of what GCC makes of the scalar form. */
CT_INLINE __m512i ct_bfloat16_upper(__m512 x) {
    __m512i b = _mm512_castps_si512(x), odd = _mm512_and_si512(_mm512_srli_epi32(b, 16), _mm512_set1_epi32(1));
    __m512i r = _mm512_add_epi32(_mm512_add_epi32(b, _mm512_set1_epi32(0x7fff)), odd);
    return _mm512_mask_or_epi32(r, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), b, _mm512_set1_epi32(0x400000));
}

CT_INLINE __m256i ct_bfloat16_v16(__m512 x) {
    return _mm512_cvtepi32_epi16(_mm512_srli_epi32(ct_bfloat16_upper(x), 16));
}

/* The upper halves of two vectors, by one shuffle. */
CT_INLINE __m512i ct_bfloat16_v32(__m512 x, __m512 z) {
    static const uint16_t upper[] = {1,  3,  5,  7,  9,  11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31,
                                     33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 63};
    return _mm512_permutex2var_epi16(ct_bfloat16_upper(x), _mm512_loadu_si512(upper), ct_bfloat16_upper(z));
}
#endif

/* Arrays. The F16C instructions are used where the width has them; the scalar forms vectorise otherwise. */
static inline void ct_half_to_float(const uint16_t *x, float *y, int64_t n) {
    int64_t i = 0;
#if defined(__AVX512F__)
    for (; i + 16 <= n; i += 16)
        _mm512_storeu_ps(y + i, _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(x + i))));
#elif defined(__F16C__)
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(y + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(x + i))));
#endif
    for (; i < n; i++) y[i] = ct_half_to_f32(x[i]);
}

static inline void ct_float_to_half(const float *x, uint16_t *y, int64_t n) {
    int64_t i = 0;
#if defined(__AVX512F__)
    for (; i + 16 <= n; i += 16)
        _mm256_storeu_si256((__m256i *)(y + i), _mm512_cvtps_ph(_mm512_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
#elif defined(__F16C__)
    for (; i + 8 <= n; i += 8)
        _mm_storeu_si128((__m128i *)(y + i), _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
#endif
    for (; i < n; i++) y[i] = ct_f32_to_half(x[i]);
}

static inline void ct_bfloat16_to_float(const uint16_t *x, float *y, int64_t n) {
    for (int64_t i = 0; i < n; i++) y[i] = ct_bfloat16_to_f32(x[i]);
}

static inline void ct_float_to_bfloat16(const float *x, uint16_t *y, int64_t n) {
    int64_t i = 0;
#if defined(__AVX512F__)
    for (; i + 32 <= n; i += 32)
        _mm512_storeu_si512(y + i, ct_bfloat16_v32(_mm512_loadu_ps(x + i), _mm512_loadu_ps(x + i + 16)));
#endif
    for (; i < n; i++) y[i] = ct_f32_to_bfloat16(x[i]);
}
