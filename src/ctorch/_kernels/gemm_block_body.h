/* One element type's share of gemm_block.h. */

typedef struct {
    int64_t m, n, k;
    const REAL *a; /* each operand has one stride of 1 */
    int64_t a_row, a_col;
    const REAL *b;
    int64_t b_row, b_col;
    REAL *c;
    int64_t c_row;
    REAL alpha, beta;
} NAME(ct_gemm);

/* Elements of working memory. */
static inline int64_t NAME(ct_gemm_scratch)(int64_t m) {
    const int64_t rows = m < CT_GEMM_ROWS ? m : CT_GEMM_ROWS;
    return (rows + LANES + CT_CONV_ROWS + CT_CONV_VECTORS * LANES) * (CT_GEMM_DEPTH + LANES);
}

/* Rows of A as [rows / CT_CONV_ROWS][depth][CT_CONV_ROWS], times alpha; spare rows are zero. */
static void NAME(ct_pack_a)(const NAME(ct_gemm) * g, int64_t row, int64_t rows, int64_t k, int64_t depth, REAL *to) {
    enum { PIECE = LANES < CT_CONV_ROWS ? LANES : CT_CONV_ROWS };
    const REAL *a = g->a + row * g->a_row + k * g->a_col;
    if (g->a_row == 1 && g->a_col != 1) {
        for (int64_t r = 0; r < rows; r += CT_CONV_ROWS)
            for (int64_t i = 0; i < depth; i++, to += CT_CONV_ROWS)
                for (int j = 0; j < CT_CONV_ROWS; j++) to[j] = r + j < rows ? a[i * g->a_col + r + j] * g->alpha : 0;
        return;
    }
    for (int64_t r = 0; r < rows; r += LANES)
        for (int64_t i = 0; i < depth; i += LANES) {
            VEC block[LANES];
            const int64_t wide = depth - i < LANES ? depth - i : LANES;
            CT_UNROLL for (int j = 0; j < LANES; j++) {
                block[j] = (VEC){0};
                if (r + j < rows) {
                    const REAL *from = a + (r + j) * g->a_row + i;
                    if (wide == LANES) block[j] = *(const VEC *)from;
                    else
                        for (int64_t l = 0; l < wide; l++) block[j][l] = from[l];
                    block[j] *= g->alpha;
                }
            }
            NAME(ct_transpose)(block);
            CT_UNROLL for (int j = 0; j < LANES; j++) {
                if (j >= wide) break;
                CT_UNROLL for (int p = 0; p < LANES; p += PIECE) {
                    const int64_t at = r + p, group = at / CT_CONV_ROWS;
                    if (at < rows + CT_CONV_ROWS - 1 - (rows + CT_CONV_ROWS - 1) % CT_CONV_ROWS)
                        memcpy(to + (group * depth + i + j) * CT_CONV_ROWS + at % CT_CONV_ROWS,
                               (const REAL *)&block[j] + p, PIECE * sizeof(REAL));
                }
            }
        }
}

/* Columns of B as [depth][width], width whole vectors; spare columns are zero. */
static void NAME(ct_pack_b)(const NAME(ct_gemm) * g, int64_t k, int64_t depth, int64_t column, int64_t columns,
                            int64_t width, REAL *to) {
    const REAL *b = g->b + k * g->b_row + column * g->b_col;
    if (g->b_col != 1) {
        for (int64_t v = 0; v < width; v += LANES)
            NAME(ct_transpose_padded)(b + v * g->b_col, g->b_col, columns - v < LANES ? columns - v : LANES, depth,
                                      to + v, width);
        return;
    }
    for (int64_t i = 0; i < depth; i++, b += g->b_row, to += width) {
        if (columns == width)
            for (int64_t v = 0; v < width; v += LANES) {
                __builtin_prefetch(b + 16 * g->b_row + v); /* short runs far apart: the hardware does not see them */
                *(VEC *)(to + v) = *(const VEC *)(b + v);
            }
        else
            for (int64_t j = 0; j < width; j++) to[j] = j < columns ? b[j] : 0;
    }
}

static void NAME(ct_gemm_panel)(const NAME(ct_gemm) * g, const REAL *a, const REAL *b, const int32_t *offset,
                                int64_t row, int64_t rows, int64_t depth, int64_t column, int64_t columns,
                                int vectors, const REAL *start) {
    for (int64_t r = 0; r < rows; r += CT_CONV_ROWS) {
        const int now = rows - r < CT_CONV_ROWS ? (int)(rows - r) : CT_CONV_ROWS;
        REAL *c = g->c + (row + r) * g->c_row + column;
        if (now == CT_CONV_ROWS && columns == vectors * LANES)
            NAME(ct_conv_whole)(vectors, now, a + r * depth, b, offset, depth, start, c, g->c_row);
        else
            NAME(ct_conv_rim)(vectors, now, columns, a + r * depth, b, offset, depth, start, c, g->c_row);
    }
}

/* C = alpha A B + beta C; C is not read when beta is 0. k > 0. */
static void NAME(ct_gemm_block)(const NAME(ct_gemm) * g, REAL *scratch) {
    static const REAL zeros[CT_CONV_ROWS];
    const int64_t group = g->m < CT_GEMM_ROWS ? g->m : CT_GEMM_ROWS;
    REAL *packed_a = scratch;
    REAL *packed_b = scratch + (group + CT_CONV_ROWS) * CT_GEMM_DEPTH;
    int32_t offset[CT_GEMM_DEPTH];
    if (g->beta != 0 && g->beta != 1)
        for (int64_t i = 0; i < g->m; i++)
            for (int64_t j = 0; j < g->n; j++) g->c[i * g->c_row + j] *= g->beta;
    for (int64_t row = 0; row < g->m; row += group) {
        const int64_t rows = g->m - row < group ? g->m - row : group;
        for (int64_t k = 0; k < g->k; k += CT_GEMM_DEPTH) {
            const int64_t depth = g->k - k < CT_GEMM_DEPTH ? g->k - k : CT_GEMM_DEPTH;
            NAME(ct_pack_a)(g, row, rows, k, depth, packed_a);
            for (int64_t column = 0; column < g->n;) {
                const int vectors = ct_conv_step((g->n - column + LANES - 1) / LANES);
                const int64_t width = vectors * LANES, columns = g->n - column < width ? g->n - column : width;
                for (int64_t i = 0; i < depth; i++) offset[i] = (int32_t)(i * width);
                NAME(ct_pack_b)(g, k, depth, column, columns, width, packed_b);
                NAME(ct_gemm_panel)(g, packed_a, packed_b, offset, row, rows, depth, column, columns, vectors,
                                    g->beta == 0 && k == 0 ? zeros : NULL);
                column += width;
            }
        }
    }
}
