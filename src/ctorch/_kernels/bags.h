/* Sums of rows of a table, each with a factor: columns in registers while the rows go by. */
#ifndef CTORCH_BAGS_H
#define CTORCH_BAGS_H
#include "simd.h"
#include "vmath_half.h"

typedef uint16_t ct_halves __attribute__((vector_size(CT_VECTOR_BYTES / 2), aligned(2), may_alias));
typedef uint32_t ct_words __attribute__((vector_size(CT_VECTOR_BYTES)));

CT_INLINE ct_vec_f32 ct_load_f32(const float *x) { return *(const ct_vec_f32 *)x; }
CT_INLINE ct_vec_f64 ct_load_f64(const double *x) { return *(const ct_vec_f64 *)x; }
CT_INLINE ct_vec_f32 ct_load_bfloat16(const uint16_t *x) {
#if defined(__AVX512F__)
    return (ct_vec_f32)(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)x)), 16));
#elif defined(__AVX2__)
    return (ct_vec_f32)(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)x)), 16));
#else
    return (ct_vec_f32)(__builtin_convertvector(*(const ct_halves *)x, ct_words) << 16);
#endif
}
CT_INLINE ct_vec_f32 ct_load_half(const uint16_t *x) {
    float part[CT_F32_LANES];
    ct_vec_f32 v;
    ct_half_to_float(x, part, CT_F32_LANES); /* an instruction where the width has one */
    memcpy(&v, part, sizeof(v));
    return v;
}
CT_INLINE float ct_one_f32(float x) { return x; }
CT_INLINE double ct_one_f64(double x) { return x; }

/* `count` vectors of columns */
#define CT_BAG_BLOCK(real, load, vector, lanes, count)                                                             \
    for (; at + count * lanes <= width; at += count * lanes) {                                                     \
        vector sum[count];                                                                                         \
        CT_UNROLL for (int v = 0; v < count; v++) sum[v] = (vector){0};                                            \
        for (int64_t i = 0; i < n; i++) {                                                                          \
            if (index[i] == padding) continue;                                                                     \
            const real factor = factors ? factors[i] : 1;                                                          \
            if (i < fetched)                                                                                       \
                CT_UNROLL for (int v = 0; v < count; v++)                                                          \
                    __builtin_prefetch(table + index[i + CT_FETCH] * width + at + v * lanes);                      \
            CT_UNROLL for (int v = 0; v < count; v++)                                                              \
                sum[v] += load(table + index[i] * width + at + v * lanes) * factor;                                \
        }                                                                                                          \
        CT_UNROLL for (int v = 0; v < count; v++) *(vector *)(to + at + v * lanes) = sum[v];                       \
    }

#define CT_FETCH 8 /* rows ahead */

/* to[c] = the sum of table[index[i]][c] * factors[i] over i < n, in their order, but for the index `padding`; rows of
 * the next indices are fetched where `far` says that they are not near. */
#define CT_BAG(name, real, element, vector, lanes, load, one)                                                      \
    static void name(const element *table, int64_t width, const int64_t *index, int64_t n, int64_t padding,        \
                     const real *factors, int far, real *to) {                                                     \
        const int64_t fetched = far ? n - CT_FETCH : 0;                                                            \
        int64_t at = 0;                                                                                            \
        CT_BAG_BLOCK(real, load, vector, lanes, 8)                                                                 \
        CT_BAG_BLOCK(real, load, vector, lanes, 4)                                                                 \
        CT_BAG_BLOCK(real, load, vector, lanes, 1)                                                                 \
        for (; at < width; at++) {                                                                                 \
            real sum = 0;                                                                                          \
            for (int64_t i = 0; i < n; i++)                                                                        \
                if (index[i] != padding) sum += one(table[index[i] * width + at]) * (factors ? factors[i] : 1);    \
            to[at] = sum;                                                                                          \
        }                                                                                                          \
    }

CT_BAG(ct_bag_f32, float, float, ct_vec_f32, CT_F32_LANES, ct_load_f32, ct_one_f32)
CT_BAG(ct_bag_f64, double, double, ct_vec_f64, CT_F64_LANES, ct_load_f64, ct_one_f64)
CT_BAG(ct_bag_half, float, uint16_t, ct_vec_f32, CT_F32_LANES, ct_load_half, ct_half_to_f32)
CT_BAG(ct_bag_bfloat16, float, uint16_t, ct_vec_f32, CT_F32_LANES, ct_load_bfloat16, ct_bfloat16_to_f32)

#endif
