/* One element type's share of symmetric.h. */

CT_INLINE REAL NAME(ct_total)(VEC x) {
    INDEX other;
    CT_UNROLL for (int width = LANES / 2; width; width /= 2) {
        CT_UNROLL for (int l = 0; l < LANES; l++) other[l] = l ^ width;
        x += __builtin_shuffle(x, other);
    }
    return x[0];
}

/* What some columns, from the diagonal down, and the rows that mirror them add to y. */
CT_INLINE void NAME(ct_symmetric_columns)(const int columns, int64_t n, const REAL *A, int64_t ld, const REAL *x,
                                          REAL *y) {
    VEC sum[CT_SYMMETRIC];
    int64_t i = columns;
    CT_UNROLL for (int c = 0; c < columns; c++) {
        sum[c] = (VEC){0};
        y[c] += A[c * ld + c] * x[c];
        for (int r = c + 1; r < columns; r++) {
            y[r] += A[c * ld + r] * x[c];
            y[c] += A[c * ld + r] * x[r];
        }
    }
    for (; i + LANES <= n; i += LANES) {
        const VEC other = *(const VEC *)(x + i);
        VEC to = *(const VEC *)(y + i);
        CT_UNROLL for (int c = 0; c < columns; c++) {
            const VEC a = *(const VEC *)(A + c * ld + i);
            to += a * x[c];
            sum[c] += a * other;
        }
        *(VEC *)(y + i) = to;
    }
    if (i < n) {
        const VEC other = NAME(ct_load_part)(x + i, n - i);
        VEC to = NAME(ct_load_part)(y + i, n - i);
        CT_UNROLL for (int c = 0; c < columns; c++) {
            const VEC a = NAME(ct_load_part)(A + c * ld + i, n - i);
            to += a * x[c];
            sum[c] += a * other;
        }
        NAME(ct_store_part)(y + i, to, n - i);
    }
    CT_UNROLL for (int c = 0; c < columns; c++) y[c] += NAME(ct_total)(sum[c]);
}

/* y = A x; A is column-major. */
static void NAME(ct_symmetric)(int64_t n, const REAL *A, int64_t ld, const REAL *x, REAL *y) {
    memset(y, 0, n * sizeof(REAL));
    int64_t j = 0;
    for (; j + CT_SYMMETRIC <= n; j += CT_SYMMETRIC)
        NAME(ct_symmetric_columns)(CT_SYMMETRIC, n - j, A + j * ld + j, ld, x + j, y + j);
    for (; j < n; j++) NAME(ct_symmetric_columns)(1, n - j, A + j * ld + j, ld, x + j, y + j);
}
