/* Arithmetic of two arrays of a half type, cast in registers: ct_vadd_f16(x, x_step, z, z_step, y, n), where a step is
 * 1, or 0 for a number. y may be one of them. */
#pragma once

#include "vmath_block.h"

#if defined(__AVX512F__)
#define CT_WHOLE(x) _mm256_loadu_si256((const __m256i *)(x))
#define CT_REST(x) _mm256_maskz_loadu_epi16(rest, x)
#define CT_HALF_STEPS(kind, sign, x_step, z_step)                                                                 \
    do {                                                                                                          \
        const __m512 left = CT_LOAD_##kind(_mm256_set1_epi16((short)*x));                                         \
        const __m512 right = CT_LOAD_##kind(_mm256_set1_epi16((short)*z));                                        \
        for (; i + 16 <= n; i += 16) {                                                                            \
            const __m512 a = x_step ? CT_LOAD_##kind(CT_WHOLE(x + i)) : left;                                     \
            const __m512 b = z_step ? CT_LOAD_##kind(CT_WHOLE(z + i)) : right;                                    \
            _mm256_storeu_si256((__m256i *)(y + i), CT_STORE_##kind(a sign b));                                   \
        }                                                                                                         \
        if (i < n) {                                                                                              \
            const __mmask16 rest = (__mmask16)((1u << (n - i)) - 1);                                              \
            const __m512 a = x_step ? CT_LOAD_##kind(CT_REST(x + i)) : left;                                      \
            const __m512 b = z_step ? CT_LOAD_##kind(CT_REST(z + i)) : right;                                     \
            _mm256_mask_storeu_epi16(y + i, rest, CT_STORE_##kind(a sign b));                                     \
        }                                                                                                         \
    } while (0)
#else
#define CT_HALF_STEPS(kind, sign, x_step, z_step)                                                                 \
    do {                                                                                                          \
        float left[512], right[512];                                                                              \
        CT_TO_FLOAT_##kind(x, left, 1);                                                                           \
        CT_TO_FLOAT_##kind(z, right, 1);                                                                          \
        const float a = *left, b = *right;                                                                        \
        for (; i < n; i += 512) {                                                                                 \
            const int64_t count = n - i < 512 ? n - i : 512;                                                      \
            if (x_step) CT_TO_FLOAT_##kind(x + i, left, count);                                                   \
            if (z_step) CT_TO_FLOAT_##kind(z + i, right, count);                                                  \
            for (int64_t j = 0; j < count; j++) left[j] = (x_step ? left[j] : a)sign(z_step ? right[j] : b);      \
            CT_FROM_FLOAT_##kind(left, y + i, count);                                                             \
        }                                                                                                         \
    } while (0)
#define CT_TO_FLOAT_f16 ct_half_to_float
#define CT_TO_FLOAT_bf16 ct_bfloat16_to_float
#define CT_FROM_FLOAT_f16 ct_float_to_half
#define CT_FROM_FLOAT_bf16 ct_float_to_bfloat16
#endif

#define CT_HALF_PAIR(name, kind, sign)                                                                            \
    static inline void ct_v##name##_##kind(const uint16_t *x, int64_t x_step, const uint16_t *z, int64_t z_step,  \
                                           uint16_t *y, int64_t n) {                                              \
        int64_t i = 0;                                                                                            \
        if (x_step && z_step) CT_HALF_STEPS(kind, sign, 1, 1);                                                    \
        else if (x_step) CT_HALF_STEPS(kind, sign, 1, 0);                                                         \
        else CT_HALF_STEPS(kind, sign, 0, 1);                                                                     \
    }
#define CT_HALF_PAIRS(name, sign) CT_HALF_PAIR(name, f16, sign) CT_HALF_PAIR(name, bf16, sign)
CT_HALF_PAIRS(add, +)
CT_HALF_PAIRS(sub, -)
CT_HALF_PAIRS(mul, *)
CT_HALF_PAIRS(div, /)
