/* One element type's share of narrow_lu.h. */

CT_INLINE VEC NAME(ct_larger)(VEC x, VEC other) { /* the other, if x is NaN */
    const INDEX more = x > other;
    return (VEC)((more & (INDEX)x) | (~more & (INDEX)other));
}

/* The first of the largest numbers of x, by size; NaN is passed over unless it is the first. */
static int64_t NAME(ct_largest)(const REAL *x, int64_t n) {
    const INDEX size_bits = ~(INDEX)(-(VEC){0}); /* all but the sign */
    VEC most = {0};
    REAL largest = sizeof(REAL) == 4 ? fabsf((float)x[0]) : fabs(x[0]);
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const VEC size = (VEC)((INDEX)*(const VEC *)(x + i) & size_bits);
        most = NAME(ct_larger)(size, most);
    }
    if (i < n) {
        const VEC size = (VEC)((INDEX)NAME(ct_load_part)(x + i, n - i) & size_bits);
        most = NAME(ct_larger)(size, most);
    }
    for (int l = 0; l < LANES; l++)
        if (most[l] > largest) largest = most[l];
    for (i = 0; i < n; i++)
        if (x[i] == largest || x[i] == -largest) return i;
    return 0;
}

/* Takes x[c] times the pivot's column from some columns that are ld apart. */
CT_INLINE void NAME(ct_eliminate)(const int columns, int64_t n, const REAL *pivot, const REAL *x, REAL *A, int64_t ld) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const VEC p = *(const VEC *)(pivot + i);
        CT_UNROLL for (int c = 0; c < columns; c++) *(VEC *)(A + c * ld + i) -= p * x[c];
    }
    if (i == n) return;
    const VEC p = NAME(ct_load_part)(pivot + i, n - i);
    CT_UNROLL for (int c = 0; c < columns; c++)
        NAME(ct_store_part)(A + c * ld + i, NAME(ct_load_part)(A + c * ld + i, n - i) - p * x[c], n - i);
}

static int NAME(ct_narrow_lu)(int64_t m, int64_t n, REAL *A, int64_t ld, int *pivots) {
    int info = 0;
    for (int64_t j = 0; j < m && j < n; j++) {
        REAL *column = A + j * ld + j, x[CT_PANEL_COLUMNS];
        const int64_t p = NAME(ct_largest)(column, m - j);
        const REAL pivot = column[p];
        pivots[j] = (int)(j + p + 1);
        if (pivot == 0 && !info) info = (int)(j + 1);
        for (int64_t c = 0; p && c < n; c++) {
            const REAL t = A[c * ld + j];
            A[c * ld + j] = A[c * ld + j + p];
            A[c * ld + j + p] = t;
        }
        const REAL scale = 1 / pivot;
        if (__builtin_isinf(scale)) /* of zero or a subnormal number */
            for (int64_t i = 1; pivot != 0 && i < m - j; i++) column[i] /= pivot;
        else
            for (int64_t i = 1; i < m - j; i++) column[i] *= scale;
        int64_t c = j + 1;
        for (; c + CT_PANEL_COLUMNS <= n; c += CT_PANEL_COLUMNS) {
            for (int k = 0; k < CT_PANEL_COLUMNS; k++) x[k] = A[(c + k) * ld + j];
            NAME(ct_eliminate)(CT_PANEL_COLUMNS, m - j - 1, column + 1, x, A + c * ld + j + 1, ld);
        }
        for (; c < n; c++) NAME(ct_eliminate)(1, m - j - 1, column + 1, A + c * ld + j, A + c * ld + j + 1, ld);
    }
    return info;
}
