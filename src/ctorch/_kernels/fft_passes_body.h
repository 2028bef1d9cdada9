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
    CPLX sum[6], difference[6];
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
    const REAL *roots;
} NAME(ct_pass);

CT_INLINE void NAME(ct_run_pass)(const NAME(ct_pass) * f, const int r, const int mode) {
    const int64_t from = f->x_step * f->s * f->m, to = f->y_step * f->s;
    const REAL *w = f->roots;
    for (int64_t p = 0; p < (mode == CT_FFT_INNER ? f->m : 1); p++, w += 2 * (r - 1))
        for (int64_t q = 0; q < f->s; q++) {
            const CPLX *x = f->x + f->x_step * (q + f->s * p);
            CPLX *y = f->y + f->y_step * (q + f->s * r * p);
            CPLX a[13];
            CT_UNROLL for (int k = 0; k < r; k++) a[k] = x[k * from];
            NAME(ct_dft)(a, r);
            CT_UNROLL for (int k = 0; k < r; k++) {
                if (mode == CT_FFT_INNER && k) a[k] = NAME(ct_times)(a[k], w[2 * k - 2], w[2 * k - 1]);
                if (mode == CT_FFT_TURNED)
                    a[k] = NAME(ct_times)(a[k], w[2 * (q + f->s * k)], w[2 * (q + f->s * k) + 1]);
                y[k * to] = a[k];
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
CT_FFT_PASS(11)
CT_FFT_PASS(13)

static void NAME(ct_any_pass)(const NAME(ct_pass) * f, int r, int mode) {
    switch (r) {
        case 2: NAME(ct_pass_2)(f, mode); return;
        case 3: NAME(ct_pass_3)(f, mode); return;
        case 4: NAME(ct_pass_4)(f, mode); return;
        case 5: NAME(ct_pass_5)(f, mode); return;
        case 7: NAME(ct_pass_7)(f, mode); return;
        case 8: NAME(ct_pass_8)(f, mode); return;
        case 11: NAME(ct_pass_11)(f, mode); return;
        default: NAME(ct_pass_13)(f, mode);
    }
}

/* A length whose passes stay in the first cache. */
typedef struct {
    int64_t n;
    int count;
    int radix[16];
    REAL *roots[16]; /* of each pass but the last */
} NAME(ct_short);

static int NAME(ct_short_plan)(NAME(ct_short) * f, int64_t n) {
    f->n = n;
    f->count = ct_fft_radices(n, f->radix);
    for (int i = 0; i + 1 < f->count; i++) {
        const int r = f->radix[i];
        const int64_t m = n / r;
        REAL *w = f->roots[i] = malloc(sizeof(REAL) * 2 * m * (r - 1));
        if (!w) return -1;
        for (int64_t p = 0; p < m; p++)
            for (int k = 1; k < r; k++, w += 2) {
                double root[2];
                ct_fft_root(p * k, n, root);
                w[0] = (REAL)root[0], w[1] = (REAL)root[1];
            }
        n = m;
    }
    return 0;
}

static void NAME(ct_short_free)(NAME(ct_short) * f) {
    for (int i = 0; i < 16; i++) free(f->roots[i]);
}

/* From x to y through `between`, which holds 2 n numbers. x may be y where their steps are the same. */
static void NAME(ct_short_run)(const NAME(ct_short) * f, const CPLX *x, int64_t x_step, CPLX *y, int64_t y_step,
                               const REAL *turn, CPLX *between) {
    NAME(ct_pass) pass = {.x = x, .x_step = x_step, .s = 1, .m = f->n};
    if (f->count == 0) y[0] = x[0];
    for (int i = 0; i < f->count; i++) {
        const int last = i == f->count - 1;
        pass.m /= f->radix[i];
        pass.y = last ? y : between + (i & 1) * f->n;
        pass.y_step = last ? y_step : 1;
        pass.roots = last ? turn : f->roots[i];
        NAME(ct_any_pass)(&pass, f->radix[i], last ? turn ? CT_FFT_TURNED : CT_FFT_LAST : CT_FFT_INNER);
        pass.x = pass.y;
        pass.x_step = 1;
        pass.s *= f->radix[i];
    }
}
