/* Evenly spaced numbers. Counted with 32 bits, which processors turn into floats by vectors, from an exact base. */
#pragma once
#include <stdint.h>

__attribute__((optimize("O3"))) static void ct_ramp(double *to, double first, double base, double step, int n) {
    for (int i = 0; i < n; i++) to[i] = first + (base + i) * step;
}

enum { CT_RAMP_LANES = 8 }; /* as many sums, which need not wait for each other */

__attribute__((optimize("O3"))) static void ct_ramp_whole(int64_t *to, int64_t first, int64_t step, int64_t n) {
    uint64_t lane[CT_RAMP_LANES]; /* past the last number, sums may wrap */
    int64_t i = 0;
    for (int k = 0; k < CT_RAMP_LANES; k++) lane[k] = first + k * (uint64_t)step;
    for (; i + CT_RAMP_LANES <= n; i += CT_RAMP_LANES)
        for (int k = 0; k < CT_RAMP_LANES; k++) {
            to[i + k] = lane[k];
            lane[k] += CT_RAMP_LANES * (uint64_t)step;
        }
    for (int k = 0; i < n; i++, k++) to[i] = lane[k];
}
