/* One element type's share of gemm_block.h. */

typedef struct {
    int64_t m, n, k; /* counts of complex numbers if `pairs`, as all strides then are */
    const REAL *a;   /* any strides */
    int64_t a_row, a_col;
    const REAL *b;
    int64_t b_row, b_col;
    REAL *c;
    int64_t c_row;
    REAL alpha, beta; /* of a complex product beta is 0 or 1 */
    int pairs, conj_a, conj_b; /* complex, and which is conjugated */
    REAL alpha_imag;
} NAME(ct_gemm);

typedef struct {
    int64_t a_row, a_col, b_row, c_row, depth;
    int64_t columns; /* of a tile that are stored */
    int64_t ahead;   /* from the row of B in use to the one that is fetched */
    REAL alpha, beta;
} NAME(ct_tile);

/* Elements of working memory: a block of B, with what a transpose writes past it, and a few rows of A. */
#define CT_PANEL_ELEMENTS ((CT_GEMM_DEPTH * CT_GEMM_PANELS + LANES) * CT_TILE_VECTORS * LANES)
static inline int64_t NAME(ct_gemm_scratch)(void) { return CT_PANEL_ELEMENTS + CT_GEMM_DEPTH * CT_TILE_ROWS; }

/* What ct_tile_sums stores where the last of its columns are not in C: all but the last vector are whole. */
CT_INLINE void NAME(ct_tile_store_part)(const int rows, const int vectors, VEC sum[][CT_TILE_VECTORS],
                                        const NAME(ct_tile) * t, REAL *c) {
    const int64_t count = t->columns - (vectors - 1) * LANES;
    CT_UNROLL for (int r = 0; r < rows; r++, c += t->c_row) {
        CT_UNROLL for (int v = 0; v < vectors - 1; v++) {
            VEC *to = (VEC *)(c + v * LANES);
            *to = t->beta == 0 ? sum[r][v] * t->alpha : sum[r][v] * t->alpha + *to * t->beta;
        }
        REAL *to = c + (vectors - 1) * LANES;
        VEC x = sum[r][vectors - 1] * t->alpha;
        if (t->beta != 0) x += NAME(ct_load_part)(to, count) * t->beta;
        NAME(ct_store_part)(to, x, count);
    }
}

/* c[r][j] = alpha * sum over k of a[r][k] * b[k][j] + beta * c[r][j], for a few rows r and vectors of columns j. */
CT_INLINE void NAME(ct_tile_sums)(const int rows, const int vectors, const NAME(ct_tile) * t, const REAL *a,
                                  const REAL *b, REAL *c) {
    VEC sum[CT_TILE_ROWS][CT_TILE_VECTORS];
    int64_t offset[CT_TILE_ROWS], a_col = t->a_col, b_row = t->b_row;
    const int64_t c_row = t->c_row, ahead = t->ahead;
    CT_KEEP(a_col); /* no loops of their own for strides of 1 */
    CT_KEEP(b_row);
    CT_UNROLL for (int r = 0; r < rows; r++) {
        offset[r] = r * t->a_row;
        if (r) CT_KEEP(offset[r]); /* one pointer that moves, not one a row */
        CT_UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = (VEC){0};
    }
    for (int64_t k = t->depth; k > 0; k--) {
        VEC x[CT_TILE_VECTORS];
        CT_UNROLL for (int v = 0; v < vectors; v++) {
            if (vectors > 1) __builtin_prefetch(b + ahead + v * LANES); /* a lone one has no load to spare */
            x[v] = *(const VEC *)(b + v * LANES);
        }
        CT_UNROLL for (int r = 0; r < rows; r++) {
            const REAL y = a[offset[r]];
            CT_UNROLL for (int v = 0; v < vectors; v++) sum[r][v] += x[v] * y;
        }
        CT_UNROLL for (int v = 0; v < vectors; v++) CT_ALIVE(x[v]);
        a += a_col;
        b += b_row;
    }
    const REAL alpha = t->alpha, beta = t->beta;
    if (t->columns < vectors * LANES)
        NAME(ct_tile_store_part)(rows, vectors, sum, t, c);
    else if (beta == 0)
        CT_UNROLL for (int r = 0; r < rows; r++)
            CT_UNROLL for (int v = 0; v < vectors; v++) *(VEC *)(c + r * c_row + v * LANES) = sum[r][v] * alpha;
    else
        CT_UNROLL for (int r = 0; r < rows; r++)
            CT_UNROLL for (int v = 0; v < vectors; v++) {
                VEC *to = (VEC *)(c + r * c_row + v * LANES);
                *to = sum[r][v] * alpha + *to * beta;
            }
}

typedef void (*NAME(ct_tile_fn))(const NAME(ct_tile) *, const REAL *, const REAL *, REAL *);
#define CT_TILE(rows, vectors)                                                                                       \
    static __attribute__((noinline)) void NAME(ct_tile_##rows##_##vectors)(const NAME(ct_tile) * t, const REAL *a,  \
                                                                           const REAL *b, REAL *c) {                \
        NAME(ct_tile_sums)(rows, vectors, t, a, b, c);                                                               \
    }
#if CT_TILE_ROWS == 8
#define CT_TILES(vectors) CT_TILE(1, vectors) CT_TILE(2, vectors) CT_TILE(4, vectors) CT_TILE(8, vectors)
#define CT_TILE_ROW(v) {NAME(ct_tile_1_##v), NAME(ct_tile_2_##v), NAME(ct_tile_4_##v), NAME(ct_tile_8_##v)}
#else
#define CT_TILES(vectors) CT_TILE(1, vectors) CT_TILE(2, vectors) CT_TILE(4, vectors)
#define CT_TILE_ROW(v) {NAME(ct_tile_1_##v), NAME(ct_tile_2_##v), NAME(ct_tile_4_##v)}
#endif
CT_TILES(1)
CT_TILES(2)
#if CT_TILE_VECTORS == 3
CT_TILES(3)
#endif
static const NAME(ct_tile_fn) NAME(ct_tiles)[CT_TILE_VECTORS][4] = { /* by vectors, and by twos of rows */
    CT_TILE_ROW(1), CT_TILE_ROW(2),
#if CT_TILE_VECTORS == 3
    CT_TILE_ROW(3),
#endif
};
#undef CT_TILE
#undef CT_TILES
#undef CT_TILE_ROW

/* Columns of B as [depth][width], width whole vectors; spare columns are zero. */
static void NAME(ct_pack_b)(const NAME(ct_gemm) * g, int64_t k, int64_t depth, int64_t column, int64_t columns,
                            int64_t width, REAL *to) {
    const REAL *b = g->b + k * g->b_row + column * g->b_col;
    if (g->b_col == 1) {
        for (int64_t i = 0; i < depth; i++, b += g->b_row, to += width)
            for (int64_t v = 0; v < width; v += LANES) {
                __builtin_prefetch(b + 16 * g->b_row + v); /* short runs far apart: the hardware does not see them */
                *(VEC *)(to + v) = columns - v >= LANES ? *(const VEC *)(b + v)
                                   : columns > v        ? NAME(ct_load_part)(b + v, columns - v)
                                                        : (VEC){0};
            }
    } else if (g->b_row == 1) {
        for (int64_t v = 0; v < width; v += LANES)
            NAME(ct_transpose_padded)(b + v * g->b_col, g->b_col, columns - v < LANES ? columns - v : LANES, depth,
                                      to + v, width);
    } else {
        for (int64_t i = 0; i < depth; i++, b += g->b_row, to += width)
            for (int64_t j = 0; j < width; j++) to[j] = j < columns ? b[j * g->b_col] : 0;
    }
}

/* The same of a complex B, times alpha: under each row the same times i, or -i for the conjugate of A. */
static void NAME(ct_pack_pairs)(const NAME(ct_gemm) * g, int64_t k, int64_t depth, int64_t column, int64_t columns,
                                int64_t width, REAL *to) {
    const REAL *b = g->b + 2 * k * g->b_row + column * g->b_col;
    const int64_t b_row = 2 * g->b_row, b_col = 2 * g->b_col;
    const REAL alpha = g->alpha, beta = g->alpha_imag, sign_a = g->conj_a ? -1 : 1, sign_b = g->conj_b ? -1 : 1;
    INDEX swapped;
    VEC scale, turn;
    CT_UNROLL for (int i = 0; i < LANES; i++) {
        swapped[i] = i ^ 1;
        scale[i] = i % 2 ? alpha * sign_b : alpha;
        turn[i] = i % 2 ? sign_a : -sign_a;
    }
    int64_t vectors = 0; /* elements that are done by vectors */
    if (b_col == 2 && beta == 0) {
        vectors = columns - columns % LANES;
        for (int64_t i = 0; i < depth; i += 2)
            for (int64_t v = 0; v < vectors; v += LANES) {
                const VEC x = *(const VEC *)(b + i / 2 * b_row + v) * scale;
                *(VEC *)(to + i * width + v) = x;
                *(VEC *)(to + (i + 1) * width + v) = __builtin_shuffle(x, swapped) * turn;
            }
    }
    for (int64_t first = 0; first < depth; first += 16) /* a line of a transposed B */
        for (int64_t v = vectors; v < width; v += 2)
            for (int64_t i = first; i < depth && i < first + 16; i += 2) {
                REAL real = 0, imag = 0, *up = to + i * width + v, *down = up + width;
                if (v < columns) {
                    const REAL *from = b + i / 2 * b_row + v / 2 * b_col;
                    real = alpha * from[0];
                    imag = alpha * from[1] * sign_b;
                    if (beta != 0) {
                        real -= beta * from[1] * sign_b;
                        imag += beta * from[0];
                    }
                }
                up[0] = real;
                up[1] = imag;
                down[0] = -sign_a * imag;
                down[1] = sign_a * real;
            }
}

/* A few rows of A as [depth][CT_TILE_ROWS]: their elements lie too far apart to be read for every panel. */
static void NAME(ct_pack_a)(const NAME(ct_gemm) * g, const REAL *a, int rows, int64_t depth, REAL *to) {
    const int64_t a_row = g->a_row, a_col = g->a_col;
    if (g->pairs && a_row == 1 && rows == CT_TILE_ROWS)
        for (int64_t i = 0; i < depth; i += 2, a += 2 * a_col, to += 2 * CT_TILE_ROWS)
            for (int r = 0; r < CT_TILE_ROWS; r++) {
                to[r] = a[2 * r];
                to[r + CT_TILE_ROWS] = a[2 * r + 1];
            }
    else if (g->pairs)
        for (int64_t i = 0; i < depth; i += 2, a += 2 * a_col, to += 2 * CT_TILE_ROWS)
            for (int r = 0; r < rows; r++) {
                to[r] = a[2 * r * a_row];
                to[r + CT_TILE_ROWS] = a[2 * r * a_row + 1];
            }
    else if (a_row == 1 && rows == CT_TILE_ROWS)
        for (int64_t i = 0; i < depth; i++, a += a_col, to += CT_TILE_ROWS)
            memcpy(to, a, CT_TILE_ROWS * sizeof(REAL));
    else
        for (int64_t i = 0; i < depth; i++, a += a_col, to += CT_TILE_ROWS)
            for (int r = 0; r < rows; r++) to[r] = a[r * a_row];
}

typedef struct {
    const REAL *at;
    int vectors;
    int64_t next; /* the column after it */
    NAME(ct_tile) tile; /* how its tiles are made */
} NAME(ct_panel);

/* Panels from `column` on, whose tiles all are as `tile` says; how many. n and the columns are counts of reals. */
static int NAME(ct_take_panels)(const NAME(ct_gemm) * g, int64_t k, int64_t column, int64_t n,
                                const NAME(ct_tile) * tile, REAL *to, NAME(ct_panel) * panel) {
    const int direct =
        !g->pairs && g->b_col == 1 && (g->m <= CT_GEMM_FEW_ROWS || g->b_row * g->k <= CT_GEMM_NEAR);
    const int64_t depth = tile->depth;
    int count = 0;
    for (; count < CT_GEMM_PANELS && column < n; count++, panel++) {
        const int64_t left = (n - column + LANES - 1) / LANES;
        const int vectors = left == CT_TILE_VECTORS + 1 ? (CT_TILE_VECTORS + 1) / 2 /* no lone one after full ones */
                            : left > CT_TILE_VECTORS    ? CT_TILE_VECTORS
                                                        : (int)left;
        const int64_t width = vectors * LANES, columns = n - column < width ? n - column : width;
        panel->vectors = vectors;
        panel->tile = *tile;
        panel->tile.columns = columns;
        if (direct && columns == width) {
            panel->at = g->b + k * g->b_row + column;
            panel->tile.b_row = g->b_row;
        } else {
            if (g->pairs)
                NAME(ct_pack_pairs)(g, k, depth, column, columns, width, to);
            else
                NAME(ct_pack_b)(g, k, depth, column, columns, width, to);
            panel->at = to;
            panel->tile.b_row = width;
            to += depth * width;
        }
        panel->tile.ahead = depth > 4 * CT_GEMM_AHEAD ? CT_GEMM_AHEAD * panel->tile.b_row : 0; /* else it leaves B */
        panel->next = column += columns;
    }
    return count;
}

/* C = alpha A B + beta C; C is not read when beta is 0. k > 0. */
static void NAME(ct_gemm_block)(const NAME(ct_gemm) * g, REAL *scratch) {
    const int64_t pair = g->pairs ? 2 : 1, n = pair * g->n, depth_all = pair * g->k, c_row = pair * g->c_row;
    const int far = n > CT_TILE_VECTORS * LANES && g->a_col * g->k > CT_GEMM_NEAR;
    const int pack = g->a_col != 1 && (g->pairs || far);
    REAL *packed_a = scratch + CT_PANEL_ELEMENTS;
    NAME(ct_panel) panel[CT_GEMM_PANELS];
    NAME(ct_tile) tile;
    tile.a_row = pack ? 1 : pair * g->a_row;
    tile.a_col = pack ? CT_TILE_ROWS : g->a_col;
    tile.c_row = c_row;
    tile.alpha = g->pairs ? 1 : g->alpha;
    for (int64_t column = 0, next; column < n; column = next)
        for (int64_t k = 0; k < depth_all; k += CT_GEMM_DEPTH) {
            tile.depth = depth_all - k < CT_GEMM_DEPTH ? depth_all - k : CT_GEMM_DEPTH;
            tile.beta = k ? 1 : g->beta;
            const int count = NAME(ct_take_panels)(g, k / pair, column, n, &tile, scratch, panel);
            int which = CT_TILE_ROWS == 8 ? 3 : 2;
            next = panel[count - 1].next;
            for (int64_t row = 0; row < g->m; row += 1 << which) {
                const REAL *a = g->a + pair * row * g->a_row + k * g->a_col;
                REAL *c = g->c + row * c_row + column;
                while (row + (1 << which) > g->m) which--;
                if (pack) {
                    NAME(ct_pack_a)(g, a, 1 << which, tile.depth, packed_a);
                    a = packed_a;
                }
                for (int p = 0; p < count; c += panel[p++].tile.columns)
                    NAME(ct_tiles)[panel[p].vectors - 1][which](&panel[p].tile, a, panel[p].at, c);
            }
        }
}

/* C = A B of at most LANES columns and CT_GEMM_TINY rows of B, which stay in registers; b_col is 1. */
CT_INLINE void NAME(ct_gemm_tiny)(const int k, const NAME(ct_gemm) * g) {
    VEC b[CT_GEMM_TINY];
    CT_UNROLL for (int i = 0; i < k; i++)
        b[i] = g->n == LANES ? *(const VEC *)(g->b + i * g->b_row) : NAME(ct_load_part)(g->b + i * g->b_row, g->n);
    for (int64_t r = 0; r < g->m; r++) {
        const REAL *a = g->a + r * g->a_row;
        VEC sum = b[0] * a[0];
        CT_UNROLL for (int i = 1; i < k; i++) sum += b[i] * a[i * g->a_col];
        if (g->n == LANES) *(VEC *)(g->c + r * g->c_row) = sum;
        else NAME(ct_store_part)(g->c + r * g->c_row, sum, g->n);
    }
}

/* The same for some matrices, whose A, B and C lie so far apart. */
static void NAME(ct_gemm_tinies)(NAME(ct_gemm) g, int64_t count, int64_t a_batch, int64_t b_batch, int64_t c_batch) {
    for (; count > 0; count--, g.a += a_batch, g.b += b_batch, g.c += c_batch)
        switch (g.k) {
        case 1: NAME(ct_gemm_tiny)(1, &g); break;
        case 2: NAME(ct_gemm_tiny)(2, &g); break;
        case 3: NAME(ct_gemm_tiny)(3, &g); break;
        default: NAME(ct_gemm_tiny)(4, &g);
        }
}
#undef CT_PANEL_ELEMENTS
