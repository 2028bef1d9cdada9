/* Elements by number, the first one for numbers below zero; one by one, for that is quicker than making vectors. */
#pragma once
#include <stdint.h>

#define CT_PICK(type, name)                                                                                        \
    __attribute__((noinline, optimize("no-tree-vectorize"))) static void name(const type *x, const int64_t *at,    \
                                                                              type *to, int n) {                   \
        for (int i = 0; i < n; i++) to[i] = x[at[i] & ~(at[i] >> 63)];                                             \
    }

CT_PICK(float, ct_pick_f32)
CT_PICK(double, ct_pick_f64)
