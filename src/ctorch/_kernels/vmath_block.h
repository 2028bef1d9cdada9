/* exp, log, tanh and so on of whole arrays: ct_vexp_f32(x, y, n); x and y may be the same. AVX-512 has
 * instructions for what costs the portable code half of its time: scaling by 2^n (scalef), and taking exponent and
 * mantissa apart (getexp, getmant), right for subnormals, zeros, infinities and NaN alike. Other widths run the
 * functions of vmath.h. */
#pragma once

#include "vmath.h"
#include "vmath_half.h"
#include "vmath_pieces.h"

#if defined(__AVX512F__) && defined(__AVX512DQ__)

/* 0.9 ulp */
CT_INLINE __m512 ct_exp_v16(__m512 x) {
    x = _mm512_max_ps(_mm512_set1_ps(-110.0f), _mm512_min_ps(_mm512_set1_ps(100.0f), x)); /* NaN passes */
    __m512 magic = _mm512_set1_ps(CT_MAGIC_F32);
    __m512 n = _mm512_fmadd_ps(x, _mm512_set1_ps(CT_LOG2E_F32), magic) - magic;
    __m512 r = x - n * CT_LN2_HI_F32 - n * CT_LN2_LO_F32;
    __m512 p = 1.0f + r * (1.0f + r * ct_poly_exp_f32_v(r));
    return _mm512_scalef_ps(p, n);
}

CT_INLINE __m512d ct_exp_v8(__m512d x) {
    x = _mm512_max_pd(_mm512_set1_pd(-760.0), _mm512_min_pd(_mm512_set1_pd(720.0), x));
    __m512d magic = _mm512_set1_pd(CT_MAGIC_F64);
    __m512d n = _mm512_fmadd_pd(x, _mm512_set1_pd(CT_LOG2E), magic) - magic;
    __m512d r = x - n * CT_LN2_HI - n * CT_LN2_LO;
    __m512d p = 1.0 + (r + r * r * ct_poly_exp_f64_v(r));
    return _mm512_scalef_pd(p, n);
}

/* 1.0 ulp; mantissa in [3/4, 3/2), NaN if x < 0; the exponent is -inf at 0 and inf at inf */
CT_INLINE __m512 ct_log_v16(__m512 x) {
    __m512 m = _mm512_getmant_ps(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
    __m512 k = _mm512_getexp_ps(x) - _mm512_getexp_ps(m), f = m - 1.0f;
    __m512 t = f * f * ct_poly_log_wide_f32_v(f);
    return k * CT_LN2_HI_F32 + (f + (t + k * CT_LN2_LO_F32));
}

CT_INLINE __m512d ct_log_v8(__m512d x) {
    __m512d m = _mm512_getmant_pd(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
    __m512d k = _mm512_getexp_pd(x) - _mm512_getexp_pd(m), f = m - 1.0;
    __m512d s = f / (2.0 + f), z = s * s, h = 0.5 * f * f;
    __m512d t = s * (h + z * ct_poly_log_wide_f64_v(z)) - h;
    return k * CT_LN2_HI + (f + (t + k * CT_LN2_LO));
}

/* as the logarithm, with the same parts: exact at powers of two */
CT_INLINE __m512 ct_log2_v16(__m512 x) {
    __m512 m = _mm512_getmant_ps(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
    __m512 k = _mm512_getexp_ps(x) - _mm512_getexp_ps(m), f = m - 1.0f;
    __m512 t = f * f * ct_poly_log_wide_f32_v(f);
    return (k + f * CT_LOG2E_F32) + (f * 0x1.4ae0cp-26f + t * CT_LOG2E_F32);
}

CT_INLINE __m512 ct_log10_v16(__m512 x) {
    const float c = 0x1.bcb7b2p-2f;
    __m512 m = _mm512_getmant_ps(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
    __m512 k = _mm512_getexp_ps(x) - _mm512_getexp_ps(m), f = m - 1.0f;
    __m512 t = f * f * ct_poly_log_wide_f32_v(f);
    return k * 0x1.344p-2f + (f * c + (k * 0x1.3509f8p-18f + (f * -0x1.5b235ep-27f + t * c)));
}

/* y0 + t P(t), t = a - middle, with the numbers of the piece that 0 <= a < 16 lies on: 1.0 ulp; NaN stays NaN */
CT_INLINE __m512 ct_pieces_v16(const float (*of)[32], __m512 a) {
#define CT_PIECE(i) _mm512_permutex2var_ps(_mm512_load_ps(of[i]), piece, _mm512_load_ps(of[i] + 16))
    __m512i piece = _mm512_sub_epi32(_mm512_srli_epi32(_mm512_castps_si512(a), 21), _mm512_set1_epi32(CT_PIECES_BELOW));
    piece = _mm512_max_epi32(piece, _mm512_setzero_si512());
    __m512 t = a - CT_PIECE(0), p = CT_PIECE(6) * t + CT_PIECE(5);
    p = p * t + CT_PIECE(4);
    p = p * t + CT_PIECE(3);
    p = p * t + CT_PIECE(2);
    return p * t + CT_PIECE(1);
#undef CT_PIECE
}

/* odd functions that are 1 from `end` on; of the minimum and NaN it is NaN */
CT_INLINE __m512 ct_odd_v16(const float (*of)[32], float end, __m512 x) {
    __m512 sign = _mm512_set1_ps(-0.0f), a = _mm512_min_ps(_mm512_set1_ps(end), _mm512_andnot_ps(sign, x));
    return _mm512_or_ps(ct_pieces_v16(of, a), _mm512_and_ps(x, sign));
}

CT_INLINE __m512 ct_tanh_v16(__m512 x) { return ct_odd_v16(ct_pieces_tanh, 9.2f, x); }

CT_INLINE __m512 ct_gelu_v16(__m512 x) {
    return x * 0.5f * (1.0f + ct_odd_v16(ct_pieces_erf, 4.0f, x * 0x1.6a09e6p-1f));
}

CT_INLINE __m512 ct_sigmoid_v16(__m512 x) { return 1.0f / (1.0f + ct_exp_v16(-x)); }
CT_INLINE __m512 ct_silu_v16(__m512 x) { return x * ct_sigmoid_v16(x); }

/* Square roots by steps of Goldschmidt's from a 14-bit estimate, a third of the time of the instruction; the last step
 * has the exact remainder and rounds as the instruction does. What is not well inside the range goes to that. */
CT_INLINE __m512 ct_sqrt_v16(__m512 x) {
    __m512i exponent = _mm512_sub_epi32(_mm512_castps_si512(x), _mm512_set1_epi32(0x10000000));
    if (_mm512_cmpge_epu32_mask(exponent, _mm512_set1_epi32(0x60000000))) return _mm512_sqrt_ps(x);
    __m512 y = _mm512_rsqrt14_ps(x), g = x * y, h = 0.5f * y, r = 0.5f - g * h;
    g = g + g * r, h = h + h * r;
    return _mm512_fmadd_ps(_mm512_fnmadd_ps(g, g, x), h, g);
}

CT_INLINE __m512d ct_sqrt_v8(__m512d x) {
    __m512i exponent = _mm512_sub_epi64(_mm512_castpd_si512(x), _mm512_set1_epi64(0x1000000000000000));
    if (_mm512_cmpge_epu64_mask(exponent, _mm512_set1_epi64(0x6000000000000000))) return _mm512_sqrt_pd(x);
    __m512d y = _mm512_rsqrt14_pd(x), g = x * y, h = 0.5 * y, r = 0.5 - g * h;
    g = g + g * r, h = h + h * r, r = 0.5 - g * h;
    g = g + g * r, h = h + h * r;
    return _mm512_fmadd_pd(_mm512_fnmadd_pd(g, g, x), h, g);
}

/* Both arrays are fetched from L2 some lines ahead, which saves a tenth of the time. */
#define CT_AHEAD 1024
#define CT_BLOCK(name, suffix, scalar, ctype, lanes, mask)                                                        \
    static inline void ct_v##name##_##suffix(const ctype *x, ctype *y, int64_t n) {                               \
        int64_t i = 0;                                                                                            \
        for (; i + lanes <= n; i += lanes) {                                                                      \
            _mm_prefetch((const char *)(x + i) + CT_AHEAD, _MM_HINT_T0);                                          \
            _mm_prefetch((const char *)(y + i) + CT_AHEAD, _MM_HINT_T0);                                          \
            _mm512_storeu_##scalar(y + i, ct_##name##_v##lanes(_mm512_loadu_##scalar(x + i)));                    \
        }                                                                                                         \
        if (i < n) {                                                                                              \
            mask rest = (mask)((1u << (n - i)) - 1);                                                              \
            _mm512_mask_storeu_##scalar(y + i, rest,                                                              \
                                        ct_##name##_v##lanes(_mm512_maskz_loadu_##scalar(rest, x + i)));          \
        }                                                                                                         \
    }
CT_BLOCK(exp, f32, ps, float, 16, __mmask16)
CT_BLOCK(exp, f64, pd, double, 8, __mmask8)
CT_BLOCK(log, f32, ps, float, 16, __mmask16)
CT_BLOCK(log, f64, pd, double, 8, __mmask8)
CT_BLOCK(log2, f32, ps, float, 16, __mmask16)
CT_BLOCK(log10, f32, ps, float, 16, __mmask16)
CT_BLOCK(tanh, f32, ps, float, 16, __mmask16)
CT_BLOCK(gelu, f32, ps, float, 16, __mmask16)
CT_BLOCK(sqrt, f32, ps, float, 16, __mmask16)
CT_BLOCK(sqrt, f64, pd, double, 8, __mmask8)

/* For the half types alone; float32 is what GCC makes of a loop. */
CT_INLINE __m512 ct_reciprocal_v16(__m512 x) { return 1.0f / x; }
CT_INLINE __m512 ct_square_v16(__m512 x) { return x * x; }
CT_INLINE __m512 ct_floor_v16(__m512 x) { return _mm512_floor_ps(x); }
CT_INLINE __m512 ct_ceil_v16(__m512 x) { return _mm512_ceil_ps(x); }
CT_INLINE __m512 ct_trunc_v16(__m512 x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC); }
#endif

#define CT_LOOP(name, suffix, ctype)                                                                              \
    static inline void ct_v##name##_##suffix(const ctype *x, ctype *y, int64_t n) {                               \
        for (int64_t i = 0; i < n; i++) y[i] = ct_##name##_##suffix(x[i]);                                        \
    }
#if !defined(CT_BLOCK)
CT_LOOP(exp, f32, float)
CT_LOOP(exp, f64, double)
CT_LOOP(log, f32, float)
CT_LOOP(log, f64, double)
CT_LOOP(log2, f32, float)
CT_LOOP(log10, f32, float)
CT_LOOP(tanh, f32, float)
CT_LOOP(gelu, f32, float)
CT_LOOP(sqrt, f32, float)
CT_LOOP(sqrt, f64, double)
CT_INLINE float ct_silu_f32(float x) { return x * ct_sigmoid_f32(x); }
CT_LOOP(sigmoid, f32, float)
CT_LOOP(silu, f32, float)
CT_INLINE float ct_reciprocal_f32(float x) { return 1.0f / x; }
CT_INLINE float ct_square_f32(float x) { return x * x; }
CT_LOOP(reciprocal, f32, float)
CT_LOOP(square, f32, float)
CT_LOOP(floor, f32, float)
CT_LOOP(ceil, f32, float)
CT_LOOP(trunc, f32, float)
#endif
CT_LOOP(log2, f64, double)
CT_LOOP(log10, f64, double)
CT_LOOP(tanh, f64, double)
CT_LOOP(gelu, f64, double)

/* The half types: cast in registers where a vector is one function's, else part by part. */
#if defined(CT_BLOCK)
#define CT_LOAD_f16(x) _mm512_cvtph_ps(x)
#define CT_LOAD_bf16(x) _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(x), 16))
#define CT_STORE_f16(y) _mm512_cvtps_ph(y, _MM_FROUND_TO_NEAREST_INT)
#define CT_STORE_bf16(y) ct_bfloat16_v16(y)
#define CT_HALF(name, vector, kind, to_float, from_float)                                                         \
    static inline void ct_v##name##_##kind(const uint16_t *x, uint16_t *y, int64_t n) {                           \
        int64_t i = 0;                                                                                            \
        for (; i + 16 <= n; i += 16) {                                                                            \
            __m256i v = _mm256_loadu_si256((const __m256i *)(x + i));                                             \
            _mm256_storeu_si256((__m256i *)(y + i), CT_STORE_##kind(vector(CT_LOAD_##kind(v))));                  \
        }                                                                                                         \
        if (i < n) {                                                                                              \
            __mmask16 rest = (__mmask16)((1u << (n - i)) - 1);                                                    \
            __m256i v = _mm256_maskz_loadu_epi16(rest, x + i);                                                    \
            _mm256_mask_storeu_epi16(y + i, rest, CT_STORE_##kind(ct_##name##_v16(CT_LOAD_##kind(v))));           \
        }                                                                                                         \
    }
#else
#define CT_HALF(name, vector, kind, to_float, from_float)                                                         \
    static inline void ct_v##name##_##kind(const uint16_t *x, uint16_t *y, int64_t n) {                           \
        float part[512];                                                                                          \
        for (int64_t i = 0; i < n; i += 512) {                                                                    \
            const int64_t count = n - i < 512 ? n - i : 512;                                                      \
            to_float(x + i, part, count);                                                                         \
            ct_v##name##_f32(part, part, count);                                                                  \
            from_float(part, y + i, count);                                                                       \
        }                                                                                                         \
    }
#endif
#define CT_HALVES(name, vector)                                                                                   \
    CT_HALF(name, vector, f16, ct_half_to_float, ct_float_to_half)                                                \
    CT_HALF(name, vector, bf16, ct_bfloat16_to_float, ct_float_to_bfloat16)
CT_HALVES(exp, ct_exp_v16)
CT_HALVES(log, ct_log_v16)
CT_HALVES(log2, ct_log2_v16)
CT_HALVES(log10, ct_log10_v16)
CT_HALVES(tanh, ct_tanh_v16)
CT_HALVES(sqrt, _mm512_sqrt_ps) /* beside the casts quicker than steps from an estimate */
CT_HALVES(gelu, ct_gelu_v16)
CT_HALVES(sigmoid, ct_sigmoid_v16)
CT_HALVES(silu, ct_silu_v16)
CT_HALVES(reciprocal, ct_reciprocal_v16)
CT_HALVES(square, ct_square_v16)
CT_HALVES(floor, ct_floor_v16)
CT_HALVES(ceil, ct_ceil_v16)
CT_HALVES(trunc, ct_trunc_v16)

#undef CT_BLOCK
#undef CT_LOOP
