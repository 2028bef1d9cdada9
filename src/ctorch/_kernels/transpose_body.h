/* One element type's share of transpose.h. */

/* Transposes LANES x LANES elements in registers, by log2(LANES) rounds of interleaving. */
CT_INLINE void NAME(ct_transpose)(VEC *rows) {
    INDEX low, high;
    CT_UNROLL for (int i = 0; i < LANES; i++) {
        low[i] = i / 2 + (i % 2) * LANES;
        high[i] = low[i] + LANES / 2;
    }
    CT_UNROLL for (int width = 1; width < LANES; width *= 2) {
        VEC next[LANES];
        CT_UNROLL for (int i = 0; i < LANES / 2; i++) {
            next[2 * i] = __builtin_shuffle(rows[i], rows[i + LANES / 2], low);
            next[2 * i + 1] = __builtin_shuffle(rows[i], rows[i + LANES / 2], high);
        }
        CT_UNROLL for (int i = 0; i < LANES; i++) rows[i] = next[i];
    }
}
