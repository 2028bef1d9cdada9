/* Sums of dense lines and rows of a half type, cast in registers: in float over some thousand elements of a line, or
 * 128 rows, in double beyond. */
#pragma once

#include "vmath_block.h"

enum { CT_HALF_SUM_BLOCK = 4096, CT_HALF_SUM_ROWS = 128, CT_HALF_SUM_COLUMNS = 1024 };

#if defined(__AVX512F__)
#define CT_HALF_BLOCK(kind)                                                                                       \
    CT_INLINE float ct_block_sum_##kind(const uint16_t *x, int64_t n) {                                           \
        __m512 a = _mm512_setzero_ps(), b = a, c = a, d = a;                                                      \
        int64_t i = 0;                                                                                            \
        for (; i + 64 <= n; i += 64) {                                                                            \
            a += CT_LOAD_##kind(_mm256_loadu_si256((const __m256i *)(x + i)));                                    \
            b += CT_LOAD_##kind(_mm256_loadu_si256((const __m256i *)(x + i + 16)));                               \
            c += CT_LOAD_##kind(_mm256_loadu_si256((const __m256i *)(x + i + 32)));                               \
            d += CT_LOAD_##kind(_mm256_loadu_si256((const __m256i *)(x + i + 48)));                               \
        }                                                                                                         \
        for (; i < n; i += 16) {                                                                                  \
            const __mmask16 rest = n - i < 16 ? (__mmask16)((1u << (n - i)) - 1) : 0xffff;                        \
            a += CT_LOAD_##kind(_mm256_maskz_loadu_epi16(rest, x + i));                                           \
        }                                                                                                         \
        return _mm512_reduce_add_ps((a + b) + (c + d));                                                           \
    }
CT_HALF_BLOCK(f16)
CT_HALF_BLOCK(bf16)

/* sums[j] += column j of rows of n <= CT_HALF_SUM_COLUMNS elements */
#define CT_HALF_ROW(kind, at) CT_LOAD_##kind(_mm256_maskz_loadu_epi16(in, (const uint16_t *)(at) + j))
#define CT_HALF_ROWS(kind)                                                                                        \
    static void ct_add_rows_##kind(void *sums, const char *x, int64_t row_stride, int64_t rows, int64_t n) {      \
        for (int64_t start = 0, i = 0; start < rows; start += CT_HALF_SUM_ROWS) {                                 \
            const int64_t end = rows - start < CT_HALF_SUM_ROWS ? rows : start + CT_HALF_SUM_ROWS;                \
            float lanes[CT_HALF_SUM_COLUMNS] = {0};                                                               \
            for (int64_t step; i < end; i += step) {                                                              \
                const char *row = x + i * row_stride;                                                             \
                step = i + 4 <= end ? 4 : 1;                                                                      \
                for (int64_t j = 0; j < n; j += 16) {                                                             \
                    const __mmask16 in = n - j < 16 ? (__mmask16)((1u << (n - j)) - 1) : 0xffff;                  \
                    __m512 sum = CT_HALF_ROW(kind, row);                                                          \
                    if (step == 4)                                                                                \
                        sum = (sum + CT_HALF_ROW(kind, row + row_stride)) +                                       \
                              (CT_HALF_ROW(kind, row + 2 * row_stride) + CT_HALF_ROW(kind, row + 3 * row_stride));\
                    _mm512_storeu_ps(lanes + j, _mm512_loadu_ps(lanes + j) + sum);                                \
                }                                                                                                 \
            }                                                                                                     \
            for (int64_t j = 0; j < n; j++) ((double *)sums)[j] += lanes[j];                                      \
        }                                                                                                         \
    }
CT_HALF_ROWS(f16)
CT_HALF_ROWS(bf16)
#undef CT_HALF_ROWS
#undef CT_HALF_ROW
#else
enum { ct_add_rows_f16 = 0, ct_add_rows_bf16 = 0 }; /* quicker through a buffer of floats */
#define CT_HALF_BLOCK(kind, to_float)                                                                             \
    CT_INLINE float ct_block_sum_##kind(const uint16_t *x, int64_t n) {                                           \
        float part[CT_HALF_SUM_BLOCK], lanes[16] = {0}, sum = 0;                                                  \
        int64_t i = 0;                                                                                            \
        to_float(x, part, n);                                                                                     \
        for (; i + 16 <= n; i += 16)                                                                              \
            for (int j = 0; j < 16; j++) lanes[j] += part[i + j];                                                 \
        for (; i < n; i++) sum += part[i];                                                                        \
        for (int j = 0; j < 16; j++) sum += lanes[j];                                                             \
        return sum;                                                                                               \
    }
CT_HALF_BLOCK(f16, ct_half_to_float)
CT_HALF_BLOCK(bf16, ct_bfloat16_to_float)
#endif
#undef CT_HALF_BLOCK

#define CT_HALF_SUMS(kind)                                                                                        \
    static void ct_add_lines_##kind(void *sums, const char *x, int64_t line_stride, int64_t lines, int64_t n) {   \
        for (int64_t k = 0; k < lines; k++)                                                                       \
            for (int64_t i = 0; i < n; i += CT_HALF_SUM_BLOCK)                                                    \
                ((double *)sums)[k] +=                                                                            \
                    ct_block_sum_##kind((const uint16_t *)(x + k * line_stride) + i,                              \
                                        n - i < CT_HALF_SUM_BLOCK ? n - i : CT_HALF_SUM_BLOCK);                   \
    }
CT_HALF_SUMS(f16)
CT_HALF_SUMS(bf16)
