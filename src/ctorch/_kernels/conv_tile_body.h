/* One element type's share of conv_tile.h. */

/* y[r][p] = (start ? start[r] : y[r][p]) + sum over k of w[k][r] * x[offset[k] + p],
   for r < rows, p < vectors * LANES. Weights are CT_CONV_ROWS apart from one k to the next. */
CT_INLINE void NAME(ct_conv_tile)(const int rows, const int vectors, const REAL *w, const REAL *x,
                                  const int32_t *offset, int64_t depth, const REAL *start, REAL *y, int64_t y_row) {
    VEC sum[CT_CONV_ROWS][CT_CONV_VECTORS];
    if (start) {
        CT_UNROLL for (int r = 0; r < rows; r++)
            CT_UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = (VEC){0} + start[r];
    } else {
        CT_UNROLL for (int r = 0; r < rows; r++)
            CT_UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = *(const VEC *)(y + r * y_row + v * LANES);
    }
    for (int64_t k = 0; k < depth; k++) {
        const REAL *source = x + offset[k];
        VEC loaded[CT_CONV_VECTORS];
        CT_UNROLL for (int v = 0; v < vectors; v++) loaded[v] = *(const VEC *)(source + v * LANES);
        CT_UNROLL for (int r = 0; r < rows; r++) {
            const REAL weight = w[r];
            CT_UNROLL for (int v = 0; v < vectors; v++) sum[r][v] += loaded[v] * weight;
        }
        if (vectors == 2) {
            CT_UNROLL for (int r = 0; r < rows; r++)
                CT_UNROLL for (int v = 0; v < vectors; v++) CT_PIN(sum[r][v]);
        }
        w += CT_CONV_ROWS;
    }
    CT_UNROLL for (int r = 0; r < rows; r++)
        CT_UNROLL for (int v = 0; v < vectors; v++) *(VEC *)(y + r * y_row + v * LANES) = sum[r][v];
}

CT_INLINE void NAME(ct_conv_rows)(const int vectors, int rows, const REAL *w, const REAL *x, const int32_t *offset,
                                  int64_t depth, const REAL *start, REAL *y, int64_t y_row) {
    if (rows > CT_CONV_ROWS / 2)
        NAME(ct_conv_tile)(CT_CONV_ROWS, vectors, w, x, offset, depth, start, y, y_row);
    else if (rows > 1)
        NAME(ct_conv_tile)(CT_CONV_ROWS / 2, vectors, w, x, offset, depth, start, y, y_row);
    else
        NAME(ct_conv_tile)(1, vectors, w, x, offset, depth, start, y, y_row);
}

static void NAME(ct_conv_whole)(int vectors, int rows, const REAL *w, const REAL *x, const int32_t *offset,
                                int64_t depth, const REAL *start, REAL *y, int64_t y_row) {
    if (vectors == 1) NAME(ct_conv_rows)(1, rows, w, x, offset, depth, start, y, y_row);
    if (vectors == 2) NAME(ct_conv_rows)(2, rows, w, x, offset, depth, start, y, y_row);
#if CT_CONV_VECTORS == 3
    if (vectors == 3) NAME(ct_conv_rows)(3, rows, w, x, offset, depth, start, y, y_row);
#endif
}

/* The tile at the rim of y: worked on in a copy, of which rows x count elements are real. */
static void NAME(ct_conv_rim)(int vectors, int rows, int64_t count, const REAL *w, const REAL *x,
                              const int32_t *offset, int64_t depth, const REAL *start, REAL *y, int64_t y_row) {
    REAL tile[CT_CONV_ROWS * CT_CONV_VECTORS * LANES] = {0};
    const int64_t tile_row = vectors * LANES;
    if (!start)
        for (int r = 0; r < rows; r++) memcpy(tile + r * tile_row, y + r * y_row, count * sizeof(REAL));
    NAME(ct_conv_whole)(vectors, rows, w, x, offset, depth, start, tile, tile_row);
    for (int r = 0; r < rows; r++) memcpy(y + r * y_row, tile + r * tile_row, count * sizeof(REAL));
}

/* All output channels of a run of pixels. w is packed as [outputs / CT_CONV_ROWS][w_depth][CT_CONV_ROWS] and x has
   CT_CONV_VECTORS * LANES readable elements past its last pixel. start (one per output, padded like w) begins the
   sums; NULL goes on from what y holds. */
static void NAME(ct_conv_pixels)(const REAL *w, int64_t w_depth, const REAL *x, const int32_t *offset, int64_t depth,
                                 int64_t outputs, const REAL *start, REAL *y, int64_t y_row, int64_t pixels) {
    int64_t k = 0;
    do { /* the weights of these taps stay in the second cache for all pixels */
        const int64_t now = depth - k < CT_CONV_DEPTH ? depth - k : CT_CONV_DEPTH;
        for (int64_t p = 0; p < pixels;) {
            const int vectors = ct_conv_step((pixels - p + LANES - 1) / LANES);
            const int64_t count = pixels - p < vectors * LANES ? pixels - p : vectors * LANES;
            for (int64_t o = 0; o < outputs; o += CT_CONV_ROWS) {
                const int rows = outputs - o < CT_CONV_ROWS ? (int)(outputs - o) : CT_CONV_ROWS;
                const int whole = rows == CT_CONV_ROWS || rows == CT_CONV_ROWS / 2 || rows == 1;
                const REAL *begin = start && k == 0 ? start + o : NULL;
                const REAL *weights = w + o * w_depth + k * CT_CONV_ROWS;
                REAL *to = y + o * y_row + p;
                if (whole && count == vectors * LANES)
                    NAME(ct_conv_whole)(vectors, rows, weights, x + p, offset + k, now, begin, to, y_row);
                else
                    NAME(ct_conv_rim)(vectors, rows, count, weights, x + p, offset + k, now, begin, to, y_row);
            }
            p += count;
        }
        k += now;
    } while (k < depth);
}

/* sum[k][o] += sum over p of x[offset[k] + p] * g[p][o], for CT_CONV_ROWS taps and vectors * LANES outputs. */
CT_INLINE void NAME(ct_conv_outer)(const int vectors, const REAL *x, const int32_t *offset, const REAL *g,
                                   int64_t g_row, int64_t pixels, REAL *to, int64_t to_row) {
    VEC sum[CT_CONV_ROWS][CT_CONV_VECTORS];
    const REAL *source[CT_CONV_ROWS];
    CT_UNROLL for (int r = 0; r < CT_CONV_ROWS; r++) {
        source[r] = x + offset[r];
        CT_UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = *(const VEC *)(to + r * to_row + v * LANES);
    }
    for (int64_t p = 0; p < pixels; p++) {
        VEC loaded[CT_CONV_VECTORS];
        CT_UNROLL for (int v = 0; v < vectors; v++) loaded[v] = *(const VEC *)(g + v * LANES);
        CT_UNROLL for (int r = 0; r < CT_CONV_ROWS; r++) {
            const REAL tap = source[r][p];
            CT_UNROLL for (int v = 0; v < vectors; v++) sum[r][v] += loaded[v] * tap;
        }
        if (vectors == 2) {
            CT_UNROLL for (int r = 0; r < CT_CONV_ROWS; r++)
                CT_UNROLL for (int v = 0; v < vectors; v++) CT_PIN(sum[r][v]);
        }
        g += g_row;
    }
    CT_UNROLL for (int r = 0; r < CT_CONV_ROWS; r++)
        CT_UNROLL for (int v = 0; v < vectors; v++) *(VEC *)(to + r * to_row + v * LANES) = sum[r][v];
}

/* Each on its own, or the pointers of CT_CONV_ROWS runs do not fit the registers beside their caller's. */
#define CT_OUTER(vectors)                                                                                            \
    static __attribute__((noinline)) void NAME(ct_conv_outer_##vectors)(                                            \
        const REAL *x, const int32_t *offset, const REAL *g, int64_t g_row, int64_t pixels, REAL *to,               \
        int64_t to_row) {                                                                                           \
        NAME(ct_conv_outer)(vectors, x, offset, g, g_row, pixels, to, to_row);                                      \
    }
CT_OUTER(1)
CT_OUTER(2)
#if CT_CONV_VECTORS == 3
CT_OUTER(3)
#endif
#undef CT_OUTER

/* The same for all taps and outputs: g has outputs padded to whole vectors, and `to` taps padded to whole
   CT_CONV_ROWS (spare rows repeat the last tap). */
static void NAME(ct_conv_weights)(const REAL *x, const int32_t *offset, int64_t taps, const REAL *g, int64_t outputs,
                                  int64_t pixels, REAL *to) {
    for (int64_t p = 0; p < pixels; p += CT_CONV_PIXELS) {
        const int64_t count = pixels - p < CT_CONV_PIXELS ? pixels - p : CT_CONV_PIXELS;
        for (int64_t o = 0; o < outputs;) {
            const int vectors = ct_conv_step((outputs - o) / LANES);
            for (int64_t k = 0; k < taps; k += CT_CONV_ROWS) {
                const REAL *from = g + p * outputs + o;
                const int32_t *tap = offset + k;
                REAL *sum = to + k * outputs + o;
                int32_t last[CT_CONV_ROWS];
                if (taps - k < CT_CONV_ROWS) {
                    for (int r = 0; r < CT_CONV_ROWS; r++) last[r] = offset[k + r < taps ? k + r : taps - 1];
                    tap = last;
                }
                if (vectors == 1) NAME(ct_conv_outer_1)(x + p, tap, from, outputs, count, sum, outputs);
                if (vectors == 2) NAME(ct_conv_outer_2)(x + p, tap, from, outputs, count, sum, outputs);
#if CT_CONV_VECTORS == 3
                if (vectors == 3) NAME(ct_conv_outer_3)(x + p, tap, from, outputs, count, sum, outputs);
#endif
            }
            o += vectors * LANES;
        }
    }
}

CT_INLINE void NAME(ct_conv_copy_vector)(const REAL *from, const REAL *mask, REAL *to) {
    const INDEX bits = (INDEX) * (const VEC *)from & (INDEX) * (const VEC *)mask;
    *(VEC *)to = (VEC)bits;
}

/* to = from where the mask's bits are set, and 0 elsewhere. */
static void NAME(ct_conv_copy_masked)(const REAL *from, const REAL *mask, int64_t count, REAL *to) {
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES) NAME(ct_conv_copy_vector)(from + i, mask + i, to + i);
    if (i < count && count >= LANES) {
        i = count - LANES; /* the last vector overlaps the one before */
        NAME(ct_conv_copy_vector)(from + i, mask + i, to + i);
    } else {
        for (; i < count; i++) to[i] = mask[i] != 0 ? from[i] : 0; /* set bits are a NaN */
    }
}

/* A row of `width` elements: those from low to high are of `from`, those beside them 0. */
static void NAME(ct_conv_copy_row)(const REAL *from, int64_t low, int64_t high, int64_t width, REAL *to) {
    int64_t i = low;
    if (width >= LANES && low <= LANES && width - high <= LANES) { /* what is to be copied is written over */
        if (low > 0) *(VEC *)to = (VEC){0};
        if (high < width) *(VEC *)(to + width - LANES) = (VEC){0};
    } else {
        memset(to, 0, low * sizeof(REAL));
        memset(to + high, 0, (width - high) * sizeof(REAL));
    }
    for (; i + LANES <= high; i += LANES) *(VEC *)(to + i) = *(const VEC *)(from + i);
    if (i < high && high - low >= LANES)
        *(VEC *)(to + high - LANES) = *(const VEC *)(from + high - LANES);
    else
        for (; i < high; i++) to[i] = from[i];
}
