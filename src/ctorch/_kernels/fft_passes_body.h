/* One element type's butterflies: a vector holds one number of each of LANES lines, so that every length and every
   layout is transformed by the same code. */

typedef struct {
    VEC re, im;
} NAME(ct_cplx);

#define CPLX NAME(ct_cplx)

CT_INLINE CPLX NAME(ct_add)(CPLX a, CPLX b) { return (CPLX){a.re + b.re, a.im + b.im}; }
CT_INLINE CPLX NAME(ct_sub)(CPLX a, CPLX b) { return (CPLX){a.re - b.re, a.im - b.im}; }
CT_INLINE CPLX NAME(ct_turn)(CPLX a) { return (CPLX){a.im, -a.re}; } /* times -i */
CT_INLINE CPLX NAME(ct_times)(CPLX a, REAL re, REAL im) {
    return (CPLX){a.re * re - a.im * im, a.re * im + a.im * re};
}

CT_INLINE void NAME(ct_dft_4)(CPLX *a, int step) {
    const CPLX s0 = NAME(ct_add)(a[0], a[2 * step]), d0 = NAME(ct_sub)(a[0], a[2 * step]);
    const CPLX s1 = NAME(ct_add)(a[step], a[3 * step]), d1 = NAME(ct_turn)(NAME(ct_sub)(a[step], a[3 * step]));
    a[0] = NAME(ct_add)(s0, s1);
    a[step] = NAME(ct_add)(d0, d1);
    a[2 * step] = NAME(ct_sub)(s0, s1);
    a[3 * step] = NAME(ct_sub)(d0, d1);
}

CT_INLINE void NAME(ct_dft_8)(CPLX *a) {
    const REAL half = (REAL)0.70710678118654752440;
    NAME(ct_dft_4)(a, 2);
    NAME(ct_dft_4)(a + 1, 2);
    const CPLX odd[4] = {a[1], {(a[3].re + a[3].im) * half, (a[3].im - a[3].re) * half}, NAME(ct_turn)(a[5]),
                         {(a[7].im - a[7].re) * half, (a[7].re + a[7].im) * -half}};
    const CPLX even[4] = {a[0], a[2], a[4], a[6]};
    CT_UNROLL for (int k = 0; k < 4; k++) {
        a[k] = NAME(ct_add)(even[k], odd[k]);
        a[k + 4] = NAME(ct_sub)(even[k], odd[k]);
    }
}

/* An odd prime: terms j and r - j share their cosines and, but for the sign, their sines. */
CT_INLINE void NAME(ct_dft_odd)(CPLX *a, const int r) {
    const double *cosines = ct_fft_cos(r), *sines = ct_fft_sin(r);
    CPLX sum[3], difference[3];
    CPLX total = a[0];
    const CPLX first = a[0];
    CT_UNROLL for (int j = 1; j <= r / 2; j++) {
        sum[j - 1] = NAME(ct_add)(a[j], a[r - j]);
        difference[j - 1] = NAME(ct_sub)(a[j], a[r - j]);
        total = NAME(ct_add)(total, sum[j - 1]);
    }
    a[0] = total;
    CT_UNROLL for (int k = 1; k <= r / 2; k++) {
        CPLX even = first, odd = {{0}, {0}};
        CT_UNROLL for (int j = 1; j <= r / 2; j++) {
            const REAL c = (REAL)cosines[j * k % r], s = (REAL)sines[j * k % r];
            even.re += sum[j - 1].re * c;
            even.im += sum[j - 1].im * c;
            odd.re = j == 1 ? difference[0].im * s : odd.re + difference[j - 1].im * s;
            odd.im = j == 1 ? difference[0].re * s : odd.im + difference[j - 1].re * s;
        }
        a[k] = (CPLX){even.re + odd.re, even.im - odd.im};
        a[r - k] = (CPLX){even.re - odd.re, even.im + odd.im};
    }
}

CT_INLINE void NAME(ct_dft)(CPLX *a, const int r) {
    if (r == 2) {
        const CPLX b = a[0];
        a[0] = NAME(ct_add)(b, a[1]);
        a[1] = NAME(ct_sub)(b, a[1]);
    } else if (r == 4) NAME(ct_dft_4)(a, 1);
    else if (r == 8) NAME(ct_dft_8)(a);
    else NAME(ct_dft_odd)(a, r);
}

/* One pass of Stockham's transform, which sorts as it goes: x[q + s (p + m k)] to y[q + s (r p + k)] for p < m,
   q < s. Between passes the results are turned by roots[p][k], after the last by roots[q + s k] where there are
   such. */
typedef struct {
    const CPLX *x;
    CPLX *y;
    int64_t x_step, y_step, s, m;
    int64_t count, x_next, y_next, turn_next; /* lines, one after the other */
    const REAL *roots;
    const REAL *circle; /* cosines and sines of a larger prime radix */
} NAME(ct_pass);

CT_INLINE CPLX NAME(ct_turned)(CPLX a, const int mode, const REAL *w, int r, int64_t k, int64_t at) {
    if (mode == CT_FFT_INNER && k) return NAME(ct_times)(a, w[2 * k - 2], w[2 * k - 1]);
    return mode == CT_FFT_TURNED ? NAME(ct_times)(a, w[2 * at], w[2 * at + 1]) : a;
}

CT_INLINE void NAME(ct_run_pass)(const NAME(ct_pass) * f, const int r, const int mode) {
    const int64_t s = f->s, m = mode == CT_FFT_INNER ? f->m : 1, from = f->x_step * s * m, to = f->y_step * s;
    for (int64_t line = 0; line < f->count; line++) {
        const CPLX *x = f->x + line * f->x_next;
        CPLX *y = f->y + line * f->y_next;
        const REAL *w = f->roots + (mode == CT_FFT_TURNED ? line * f->turn_next : 0);
        for (int64_t p = 0; p < m; p++, w += 2 * (r - 1), y += to * (r - 1))
            for (int64_t q = 0; q < s; q++, x += f->x_step, y += f->y_step) {
                CPLX a[8];
                CT_UNROLL for (int k = 0; k < r; k++) a[k] = x[k * from];
                NAME(ct_dft)(a, r);
                CT_UNROLL for (int k = 0; k < r; k++) y[k * to] = NAME(ct_turned)(a[k], mode, w, r, k, q + s * k);
            }
    }
}

/* Terms k to k + 3 of a larger prime, and r - k to r - k - 3: even parts from a[0], and odd ones. */
CT_INLINE void NAME(ct_prime_terms)(const CPLX *sum, const CPLX *difference, int r, int k, const REAL *circle,
                                    CPLX *even, CPLX *odd) {
    int at[4];
    CT_UNROLL for (int i = 0; i < 4; i++) {
        at[i] = k + i;
        odd[i] = (CPLX){{0}, {0}};
    }
    for (int j = 0; j < r / 2; j++) {
        const CPLX a = sum[j], b = difference[j];
        CT_UNROLL for (int i = 0; i < 4; i++) {
            const REAL c = circle[2 * at[i]], s = circle[2 * at[i] + 1];
            even[i] = (CPLX){even[i].re + a.re * c, even[i].im + a.im * c};
            odd[i] = (CPLX){odd[i].re + b.im * s, odd[i].im + b.re * s};
            at[i] += k + i;
            at[i] -= at[i] >= r ? r : 0;
        }
    }
}

static void NAME(ct_pass_prime)(const NAME(ct_pass) * f, int r, int mode) {
    const int64_t s = f->s, m = mode == CT_FFT_INNER ? f->m : 1, from = f->x_step * s * m, to = f->y_step * s;
    CPLX sum[CT_FFT_PRIME / 2], difference[CT_FFT_PRIME / 2];
    for (int64_t line = 0; line < f->count; line++) {
        const CPLX *x = f->x + line * f->x_next;
        CPLX *y = f->y + line * f->y_next;
        const REAL *w = f->roots + (mode == CT_FFT_TURNED ? line * f->turn_next : 0);
        for (int64_t p = 0; p < m; p++, w += 2 * (r - 1), y += to * (r - 1))
            for (int64_t q = 0; q < s; q++, x += f->x_step, y += f->y_step) {
                const CPLX first = x[0];
                CPLX total = first;
                for (int j = 1; j <= r / 2; j++) {
                    sum[j - 1] = NAME(ct_add)(x[j * from], x[(r - j) * from]);
                    difference[j - 1] = NAME(ct_sub)(x[j * from], x[(r - j) * from]);
                    total = NAME(ct_add)(total, sum[j - 1]);
                }
                y[0] = NAME(ct_turned)(total, mode, w, r, 0, q);
                for (int k = 1; k <= r / 2; k += 4) {
                    CPLX even[4] = {first, first, first, first}, odd[4];
                    NAME(ct_prime_terms)(sum, difference, r, k, f->circle, even, odd);
                    CT_UNROLL for (int i = 0; i < 4; i++) {
                        const int l = k + i;
                        const CPLX a = {even[i].re + odd[i].re, even[i].im - odd[i].im};
                        const CPLX b = {even[i].re - odd[i].re, even[i].im + odd[i].im};
                        if (l > r / 2) break;
                        y[l * to] = NAME(ct_turned)(a, mode, w, r, l, q + s * l);
                        y[(r - l) * to] = NAME(ct_turned)(b, mode, w, r, r - l, q + s * (r - l));
                    }
                }
            }
    }
}

#define CT_FFT_PASS(r)                                                                     \
    static __attribute__((noinline)) void NAME(ct_pass_##r)(const NAME(ct_pass) * f, int mode) { \
        if (mode == CT_FFT_INNER) NAME(ct_run_pass)(f, r, CT_FFT_INNER);                   \
        else if (mode == CT_FFT_LAST) NAME(ct_run_pass)(f, r, CT_FFT_LAST);                \
        else NAME(ct_run_pass)(f, r, CT_FFT_TURNED);                                       \
    }
CT_FFT_PASS(2)
CT_FFT_PASS(3)
CT_FFT_PASS(4)
CT_FFT_PASS(5)
CT_FFT_PASS(7)
CT_FFT_PASS(8)

static void NAME(ct_any_pass)(const NAME(ct_pass) * f, int r, int mode) {
    switch (r) {
        case 2: NAME(ct_pass_2)(f, mode); return;
        case 3: NAME(ct_pass_3)(f, mode); return;
        case 4: NAME(ct_pass_4)(f, mode); return;
        case 5: NAME(ct_pass_5)(f, mode); return;
        case 7: NAME(ct_pass_7)(f, mode); return;
        case 8: NAME(ct_pass_8)(f, mode); return;
        default: NAME(ct_pass_prime)(f, r, mode);
    }
}

/* A length whose passes stay in the first cache. */
typedef struct {
    int64_t n;
    int count;
    int radix[16];
    int64_t rest[16]; /* what is left of the length after each pass */
    REAL *roots[16];  /* of each pass but the last */
    REAL *circle[16]; /* of larger primes */
} NAME(ct_short);

static REAL *NAME(ct_put_root)(REAL *to, int64_t k, int64_t n, REAL scale) {
    double root[2];
    ct_fft_root(k, n, root);
    to[0] = (REAL)root[0] * scale, to[1] = (REAL)root[1] * scale;
    return to + 2;
}

static int NAME(ct_short_plan)(NAME(ct_short) * f, int64_t n) {
    f->n = n;
    f->count = ct_fft_radices(n, f->radix);
    for (int i = 0; i < f->count; i++) {
        const int r = f->radix[i];
        const int64_t m = f->rest[i] = n / r;
        REAL *w = f->roots[i] = malloc(sizeof(REAL) * 2 * m * (r - 1));
        if (!w) return -1;
        for (int64_t p = 0; p < m; p++)
            for (int k = 1; k < r; k++) w = NAME(ct_put_root)(w, p * k, n, 1);
        if (r > 8) {
            w = f->circle[i] = malloc(sizeof(REAL) * 2 * r);
            if (!w) return -1;
            for (int k = 0; k < r; k++) w = NAME(ct_put_root)(w, r - k, r, 1);
        }
        n = m;
    }
    return 0;
}

static void NAME(ct_short_free)(NAME(ct_short) * f) {
    for (int i = 0; i < 16; i++) free(f->roots[i]), free(f->circle[i]);
}

/* Some lines, in their places, `step` between the numbers of a line, `next` between lines. `turn` has n roots for each
   line, by which its transform is multiplied. */
static void NAME(ct_short_run)(const NAME(ct_short) * f, CPLX *x, int64_t step, int64_t next, int64_t lines,
                               const REAL *turn, CPLX *between) {
    const int64_t n = f->n, together = n < CT_FFT_TOGETHER ? CT_FFT_TOGETHER / n : 1;
    for (int64_t line = 0; line < lines; line += together, x += together * next) {
        NAME(ct_pass) pass = {.x = x, .x_step = step, .x_next = next, .s = 1, .turn_next = 2 * n};
        pass.count = lines - line < together ? lines - line : together;
        for (int i = 0; i < f->count; i++) {
            const int last = i == f->count - 1;
            pass.m = f->rest[i];
            pass.y = last ? x : between + (i & 1) * together * n;
            pass.y_step = last ? step : 1;
            pass.y_next = last ? next : n;
            pass.roots = last ? turn : f->roots[i];
            pass.circle = f->circle[i];
            NAME(ct_any_pass)(&pass, f->radix[i], last ? turn ? CT_FFT_TURNED : CT_FFT_LAST : CT_FFT_INNER);
            pass.x = pass.y;
            pass.x_step = 1;
            pass.x_next = n;
            pass.s *= f->radix[i];
        }
        if (turn) turn += 2 * n * together;
    }
}
