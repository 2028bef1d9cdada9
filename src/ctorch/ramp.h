/* Evenly spaced numbers. Counted with 32 bits, which processors turn into floats by vectors, from an exact base. */
#pragma once
#include <stdint.h>

__attribute__((optimize("O3"))) static void ct_ramp(double *to, double first, double base, double step, int n) {
    for (int i = 0; i < n; i++) to[i] = first + (base + i) * step;
}

/* first, first + step, ...; by sums, as vectors of 64 bits have no products */
__attribute__((optimize("O3"))) static void ct_whole_ramp(int64_t *to, int64_t first, int64_t step, int64_t n) {
    for (int64_t i = 0; i < n; i++, first += step) to[i] = first;
}
