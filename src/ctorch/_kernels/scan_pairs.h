/* Running sums of complex numbers, four rows side by side: a number is one vector of two parts, kept in double. */
#ifndef CTORCH_SCAN_PAIRS_H
#define CTORCH_SCAN_PAIRS_H
#include <stdint.h>

typedef float ct_parts_f32 __attribute__((vector_size(8), aligned(4), may_alias));
typedef double ct_parts_f64 __attribute__((vector_size(16), aligned(8), may_alias));

/* n elements `step` apart of each row, the rows `row` apart, in numbers */
#define CT_SUM_PAIRS(suffix, type)                                                                          \
    static void ct_sum_pairs_##suffix(const void *from, void *to, int64_t n, int64_t step, int64_t row) {   \
        const ct_parts_##type *x = from;                                                                    \
        ct_parts_##type *y = to;                                                                            \
        ct_parts_f64 a = {0}, b = {0}, c = {0}, d = {0};                                                    \
        for (int64_t i = 0; i < n; i++, x += step, y += step) {                                             \
            a += __builtin_convertvector(x[0], ct_parts_f64);                                               \
            b += __builtin_convertvector(x[row], ct_parts_f64);                                             \
            c += __builtin_convertvector(x[2 * row], ct_parts_f64);                                         \
            d += __builtin_convertvector(x[3 * row], ct_parts_f64);                                         \
            y[0] = __builtin_convertvector(a, ct_parts_##type);                                             \
            y[row] = __builtin_convertvector(b, ct_parts_##type);                                           \
            y[2 * row] = __builtin_convertvector(c, ct_parts_##type);                                       \
            y[3 * row] = __builtin_convertvector(d, ct_parts_##type);                                       \
        }                                                                                                   \
    }
CT_SUM_PAIRS(c64, f32)
CT_SUM_PAIRS(c128, f64)
#endif
