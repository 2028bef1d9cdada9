/* One element type's share of dots.h. */

/* Sum of x[i] * y[i]. Its order depends on n alone. */
static inline REAL NAME(ct_dot)(const REAL *x, const REAL *y, int64_t n) {
    VEC sum[CT_DOT_SUMS] = {{0}};
    int64_t i = 0;
    for (; i + CT_DOT_SUMS * LANES <= n; i += CT_DOT_SUMS * LANES)
        CT_UNROLL for (int v = 0; v < CT_DOT_SUMS; v++)
            sum[v] += *(const VEC *)(x + i + v * LANES) * *(const VEC *)(y + i + v * LANES);
    for (; i + LANES <= n; i += LANES) sum[0] += *(const VEC *)(x + i) * *(const VEC *)(y + i);
    if (i < n) sum[1] += NAME(ct_load_part)(x + i, n - i) * NAME(ct_load_part)(y + i, n - i);
    sum[0] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    REAL lane[LANES];
    memcpy(lane, &sum[0], sizeof(lane));
    CT_UNROLL for (int width = LANES / 2; width; width /= 2)
        CT_UNROLL for (int l = 0; l < width; l++) lane[l] += lane[l + width];
    return lane[0];
}

/* to[j] = p-norm of x[i] - y[i][j] over i < n, for up to vectors * LANES columns j < count; p is 1 or 2. */
CT_INLINE void NAME(ct_distance_block)(const int p, const int vectors, const REAL *x, const REAL *y, int64_t y_row,
                                       int64_t n, int64_t count, REAL *to) {
    VEC sum[CT_DOT_SUMS];
    const INDEX size_bits = ~(INDEX)(-(VEC){0});        /* all but the sign */
    const int64_t left = count - (vectors - 1) * LANES; /* of the last vector */
    CT_UNROLL for (int v = 0; v < vectors; v++) sum[v] = (VEC){0};
    for (int64_t i = 0; i < n; i++, y += y_row)
        CT_UNROLL for (int v = 0; v < vectors; v++) {
            const REAL *from = y + v * LANES;
            const VEC d = x[i] - (v + 1 < vectors || left == LANES ? *(const VEC *)from
                                                                   : NAME(ct_load_part)(from, left));
            if (p == 2) sum[v] += d * d;
            else sum[v] += (VEC)((INDEX)d & size_bits);
        }
    CT_UNROLL for (int v = 0; v < vectors; v++) {
        REAL lane[LANES];
        memcpy(lane, &sum[v], sizeof(lane));
        if (p == 2)
            for (int l = 0; l < LANES; l++) lane[l] = sizeof(REAL) == 4 ? sqrtf((float)lane[l]) : sqrt(lane[l]);
        VEC x = *(const VEC *)lane;
        if (v + 1 < vectors || left == LANES) *(VEC *)(to + v * LANES) = x;
        else NAME(ct_store_part)(to + v * LANES, x, left);
    }
}

CT_INLINE void NAME(ct_distance_row)(const int p, const REAL *x, const REAL *y, int64_t y_row, int64_t n,
                                     int64_t count, REAL *to) {
    int64_t j = 0;
    for (; count - j >= CT_DOT_SUMS * LANES; j += CT_DOT_SUMS * LANES)
        NAME(ct_distance_block)(p, CT_DOT_SUMS, x, y + j, y_row, n, CT_DOT_SUMS * LANES, to + j);
    for (; count - j > LANES; j += 2 * LANES)
        NAME(ct_distance_block)(p, 2, x, y + j, y_row, n, count - j < 2 * LANES ? count - j : 2 * LANES, to + j);
    if (j < count) NAME(ct_distance_block)(p, 1, x, y + j, y_row, n, count - j, to + j);
}

/* Distances of the point x from the columns of y, each of n coordinates that lie y_row apart. */
static void NAME(ct_distances)(int p, const REAL *x, const REAL *y, int64_t y_row, int64_t n, int64_t count, REAL *to) {
    if (p == 2) NAME(ct_distance_row)(2, x, y, y_row, n, count, to);
    else NAME(ct_distance_row)(1, x, y, y_row, n, count, to);
}
