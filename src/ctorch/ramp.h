/* Evenly spaced numbers. Counted with 32 bits, which processors turn into floats by vectors, from an exact base. */
#pragma once

__attribute__((optimize("O3"))) static void ct_ramp(double *to, double first, double base, double step, int n) {
    for (int i = 0; i < n; i++) to[i] = first + (base + i) * step;
}
