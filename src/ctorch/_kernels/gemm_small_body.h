/* One element type's share of gemm_small.h: see each_float.h. */

typedef struct {
    int64_t m, n, k;
    const REAL *a;
    int64_t a_row, a_col;
    const REAL *b;
    int64_t b_row;
    REAL *c;
    int64_t c_row;
    REAL alpha, beta;
} NAME(ct_small);

/* A tile of ROWS x VECTORS registers at a[0], b[0], c[0]; only the first `columns` of it are stored. */
CT_INLINE void NAME(ct_small_tile)(const int rows, const int vectors, const NAME(ct_small) * s, const REAL *a,
                                   const REAL *b, int64_t b_row, REAL *c, int64_t columns) {
    VEC sum[8][2];
    CT_UNROLL for (int r = 0; r < rows; r++)
        CT_UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = (VEC){0};
    for (int64_t k = 0; k < s->k; k++) {
        VEC x[2];
        CT_UNROLL for (int v = 0; v < vectors; v++) x[v] = *(const VEC *)(b + v * LANES);
        CT_UNROLL for (int r = 0; r < rows; r++) {
            const REAL y = a[r * s->a_row];
            CT_UNROLL for (int v = 0; v < vectors; v++) sum[r][v] += x[v] * y;
        }
        a += s->a_col;
        b += b_row;
    }
    CT_UNROLL for (int r = 0; r < rows; r++)
        CT_UNROLL for (int v = 0; v < vectors; v++) {
            REAL *to = c + r * s->c_row + v * LANES;
            VEC scaled = sum[r][v] * s->alpha;
            if (columns >= (v + 1) * LANES) {
                if (s->beta != 0) scaled += *(const VEC *)to * s->beta;
                *(VEC *)to = scaled;
            } else {
                REAL lanes[LANES];
                memcpy(lanes, &scaled, sizeof(lanes));
                for (int64_t j = 0; v * LANES + j < columns; j++)
                    to[j] = s->beta == 0 ? lanes[j] : lanes[j] + s->beta * to[j];
            }
        }
}

CT_INLINE void NAME(ct_small_columns)(const int vectors, const NAME(ct_small) * s, const REAL *b, int64_t b_row,
                                      int64_t column, int64_t columns) {
    int64_t i = 0;
    REAL *c = s->c + column;
    for (; i + 8 <= s->m; i += 8)
        NAME(ct_small_tile)(8, vectors, s, s->a + i * s->a_row, b, b_row, c + i * s->c_row, columns);
    if (i + 4 <= s->m) {
        NAME(ct_small_tile)(4, vectors, s, s->a + i * s->a_row, b, b_row, c + i * s->c_row, columns);
        i += 4;
    }
    for (; i < s->m; i++)
        NAME(ct_small_tile)(1, vectors, s, s->a + i * s->a_row, b, b_row, c + i * s->c_row, columns);
}

/* `tail` has room for k * LANES elements: the last columns of B are read from there, padded with zeros. */
static void NAME(ct_small_gemm)(const NAME(ct_small) * s, REAL *tail) {
    int64_t j = 0;
    for (; j + 2 * LANES <= s->n; j += 2 * LANES)
        NAME(ct_small_columns)(2, s, s->b + j, s->b_row, j, 2 * LANES);
    if (j + LANES <= s->n) {
        NAME(ct_small_columns)(1, s, s->b + j, s->b_row, j, LANES);
        j += LANES;
    }
    if (j == s->n) return;
    for (int64_t k = 0; k < s->k; k++)
        for (int64_t l = 0; l < LANES; l++) tail[k * LANES + l] = j + l < s->n ? s->b[k * s->b_row + j + l] : 0;
    NAME(ct_small_columns)(1, s, tail, LANES, j, s->n - j);
}
