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

/* to[c][r] = from[r][c] for r < rows, c < columns; the rest of whole blocks of LANES is filled with zeros. */
static void NAME(ct_transpose_padded)(const REAL *from, int64_t from_row, int64_t rows, int64_t columns, REAL *to,
                                      int64_t to_row) {
    for (int64_t c = 0; c < columns; c += LANES)
        for (int64_t r = 0; r < rows; r += LANES) {
            VEC block[LANES];
            const int64_t wide = columns - c < LANES ? columns - c : LANES;
            CT_UNROLL for (int i = 0; i < LANES; i++) {
                block[i] = (VEC){0};
                if (r + i < rows) {
                    const REAL *row = from + (r + i) * from_row + c;
                    if (wide == LANES) block[i] = *(const VEC *)row;
                    else {
                        REAL part[LANES] = {0};
                        for (int64_t j = 0; j < wide; j++) part[j] = row[j];
                        memcpy(&block[i], part, sizeof(part));
                    }
                }
            }
            NAME(ct_transpose)(block);
            CT_UNROLL for (int i = 0; i < LANES; i++) *(VEC *)(to + (c + i) * to_row + r) = block[i];
        }
}
