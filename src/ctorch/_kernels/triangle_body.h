/* One element type's share of triangle.h. */

/* LANES columns of B, of which `count` are real, become rows[0 .. CT_TRIANGLE); the rows from n on are zero. */
CT_INLINE void NAME(ct_rows_of_columns)(const REAL *b, int64_t ldb, int n, int count, VEC *rows) {
    for (int p = 0; p < CT_TRIANGLE; p += LANES) {
        VEC block[LANES];
        const int64_t real = n - p;
        CT_UNROLL for (int c = 0; c < LANES; c++) {
            const REAL *from = b + c * ldb + p;
            block[c] = c >= count || real <= 0 ? (VEC){0} : real >= LANES ? *(const VEC *)from
                                                                          : NAME(ct_load_part)(from, real);
        }
        NAME(ct_transpose)(block);
        CT_UNROLL for (int r = 0; r < LANES; r++) rows[p + r] = block[r];
    }
}

CT_INLINE void NAME(ct_columns_of_rows)(const VEC *rows, REAL *b, int64_t ldb, int n, int count) {
    for (int p = 0; p < n; p += LANES) {
        VEC block[LANES];
        const int64_t real = n - p;
        CT_UNROLL for (int r = 0; r < LANES; r++) block[r] = rows[p + r];
        NAME(ct_transpose)(block);
        CT_UNROLL for (int c = 0; c < LANES; c++) {
            REAL *to = b + c * ldb + p;
            if (c >= count) continue;
            if (real >= LANES) *(VEC *)to = block[c];
            else NAME(ct_store_part)(to, block[c], real);
        }
    }
}

/* B = T^-1 B for the n x n triangle T, given as T[i * CT_TRIANGLE + j] with reciprocals on its diagonal. */
static void NAME(ct_substitute)(int lower, int n, int64_t k, const REAL *T, REAL *b, int64_t ldb) {
    for (int64_t column = 0; column < k; column += LANES, b += LANES * ldb) {
        const int count = k - column < LANES ? (int)(k - column) : LANES;
        VEC x[CT_TRIANGLE];
        NAME(ct_rows_of_columns)(b, ldb, n, count, x);
        for (int s = 0; s < n; s++) {
            const int j = lower ? s : n - 1 - s;
            const VEC y = x[j] *= T[j * CT_TRIANGLE + j];
            const REAL *t = T + j;
            if (lower)
                for (int i = j + 1; i < n; i++) x[i] -= y * t[i * CT_TRIANGLE];
            else
                for (int i = 0; i < j; i++) x[i] -= y * t[i * CT_TRIANGLE];
        }
        NAME(ct_columns_of_rows)(x, b, ldb, n, count);
    }
}

/* to[j * rows + i] = from[i * row + j]: a row-major matrix becomes column-major. */
static void NAME(ct_turn)(const REAL *from, int64_t row, int64_t rows, int64_t columns, REAL *to) {
    const int64_t rows_whole = rows - rows % LANES, columns_whole = columns - columns % LANES;
    for (int64_t i = 0; i < rows_whole; i += LANES)
        for (int64_t j = 0; j < columns_whole; j += LANES) {
            VEC block[LANES];
            CT_UNROLL for (int r = 0; r < LANES; r++) block[r] = *(const VEC *)(from + (i + r) * row + j);
            NAME(ct_transpose)(block);
            CT_UNROLL for (int r = 0; r < LANES; r++) *(VEC *)(to + (j + r) * rows + i) = block[r];
        }
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = i < rows_whole ? columns_whole : 0; j < columns; j++) to[j * rows + i] = from[i * row + j];
}
