/* Fourier transforms of lengths whose prime factors are at most CT_FFT_PRIME, of LANES lines at a time.

   Three sizes of length. Up to CT_FFT_SHORT the passes stay in the first cache. Up to CT_FFT_LONG the line is a
   table of a x b numbers: its columns are transformed, turned by roots of unity, then its rows, in the second cache.
   Beyond, the same table lies in memory, and its columns and rows are the lines that the vectors hold (the four-step
   algorithm, D. H. Bailey, 1990). */
#ifndef CTORCH_FFT_H
#define CTORCH_FFT_H
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scratch.h"
#include "simd.h"
#include "transpose.h"

enum {
    CT_FFT_PRIME = 300, /* the largest radix: its square grows */
    CT_FFT_SHORT = 64,
    CT_FFT_TOGETHER = 64, /* numbers of short lines that go through a pass together */
    CT_FFT_SIDE = 512,  /* of a table in the second cache */
    CT_FFT_LONG = 4096,
    CT_FFT_LARGEST = 1 << 24,
    CT_FFT_WHOLE = 16,   /* shorter even real lines are transformed as complex ones */
    CT_FFT_AHEAD = 2,    /* vectors of a dense line that are fetched before they are wanted */
    CT_FFT_ROWS_AHEAD = 8 /* the same of neighbouring lines */
};
enum { CT_FFT_INNER, CT_FFT_LAST, CT_FFT_TURNED };
enum { CT_FFT_LINES = 0, CT_FFT_LINE = 1, CT_FFT_HALVED = 2 };
enum { CT_FFT_FORWARD, CT_FFT_BACKWARD, CT_FFT_REAL_HALF, CT_FFT_REAL_WHOLE, CT_FFT_TO_REAL };

/* exp(-2 pi i k / n), each part right to the last bit or nearly, by symmetry from the first eighth of the circle. */
static void ct_fft_root(int64_t k, int64_t n, double *root) {
    k %= n;
    const int64_t eighth = 8 * k / n, past = 8 * k - eighth * n;
    const double angle = (eighth & 1 ? n - past : past) * (0.78539816339744830962 / n);
    const double c = cos(angle), s = sin(angle);
    const int turned = ((eighth + 1) & 2) != 0;
    root[0] = turned ? s : c;
    root[1] = turned ? c : s;
    if (eighth >= 2 && eighth < 6) root[0] = -root[0];
    if (eighth < 4) root[1] = -root[1];
}

/* cos and sin of 2 pi k / r for k < r, of the odd radices; GCC folds them into the loops. */
static const double ct_cos_3[] = {1, -0.5, -0.5}, ct_sin_3[] = {0, 0.86602540378443864676, -0.86602540378443864676};
static const double ct_cos_5[] = {1, 0.3090169943749474241, -0.8090169943749474241, -0.8090169943749474241,
    0.3090169943749474241};
static const double ct_sin_5[] = {0, 0.95105651629515357212, 0.58778525229247312917, -0.58778525229247312917,
    -0.95105651629515357212};
static const double ct_cos_7[] = {1, 0.62348980185873353053, -0.22252093395631440429, -0.90096886790241912624,
    -0.90096886790241912624, -0.22252093395631440429, 0.62348980185873353053};
static const double ct_sin_7[] = {0, 0.78183148246802980871, 0.97492791218182360702, 0.43388373911755812048,
    -0.43388373911755812048, -0.97492791218182360702, -0.78183148246802980871};
static inline __attribute__((always_inline)) const double *ct_fft_cos(int r) {
    return r == 3 ? ct_cos_3 : r == 5 ? ct_cos_5 : ct_cos_7;
}
static inline __attribute__((always_inline)) const double *ct_fft_sin(int r) {
    return r == 3 ? ct_sin_3 : r == 5 ? ct_sin_5 : ct_sin_7;
}

/* Radices whose product is n: primes from the largest on, eights before fours before a two; -1: n has a prime factor
   above CT_FFT_PRIME. */
static int ct_fft_radices(int64_t n, int *radix) {
    int twos = 0, count = 0, odd[16];
    for (; n % 2 == 0; n /= 2) twos++;
    for (int p = 3; p <= CT_FFT_PRIME && n > 1; p += 2)
        for (; n % p == 0; n /= p) odd[count++] = p;
    if (n != 1) return -1;
    for (int i = 0; i < count; i++) radix[i] = odd[count - 1 - i];
    int fours = twos % 3 == 2 ? 1 : twos % 3 == 1 && twos > 1 ? 2 : 0;
    for (int left = twos - 2 * fours; left >= 3; left -= 3) radix[count++] = 8;
    for (; fours; fours--) radix[count++] = 4;
    if (twos == 1) radix[count++] = 2;
    return count;
}

/* The divisor of n nearest to its square root, with its partner at most `most`; 0: there is none. Multiples of
   `lanes` are preferred unless the table becomes four times as long as broad. */
static int64_t ct_fft_side(int64_t n, int64_t most, int64_t lanes) {
    int64_t best = 0, even = 0;
    for (int64_t a = 1; a * a <= n; a++) {
        if (n % a || n / a > most) continue;
        best = a;
        if (a % lanes == 0 && n / a % lanes == 0) even = a;
    }
    return even * 2 > best ? even : best;
}

static void (*ct_fft_parallel)(void (*fn)(void *, int64_t), void *job, int64_t chunks); /* the thread pool */

#define BODY "fft_body.h"
#include "each_float.h"

#endif
