/* Products of bfloat16 matrices by the instruction that adds the products of two pairs to a float32.

   The tiles and panels are those of gemm_block.h, but for elements that are pairs: of a row of A, which is dense, two
   that lie side by side, and of B two rows, or two elements of a dense column, packed into the lanes of a vector. The
   order of the additions to an element of C depends on the depth alone. */
#ifndef CTORCH_PAIRS_GEMM_H
#define CTORCH_PAIRS_GEMM_H
#include "transpose.h"

typedef struct {
    int64_t m, n, k;
    const uint16_t *a; /* rows are dense */
    int64_t a_row;
    const uint16_t *b; /* rows or columns are dense */
    int64_t b_row, b_col;
    float *c; /* rows are dense */
    int64_t c_row;
    int add; /* to what C holds; else C is not read */
} ct_pairs_gemm;

#if defined(__AVX512BW__) && defined(__AVX512VL__) && (__GNUC__ >= 10 || defined(__clang__))
#include <immintrin.h>
#define CT_PAIRS __attribute__((target("avx512bf16")))

enum {
    CT_PAIR_ROWS = 8,
    CT_PAIR_VECTORS = 3,
    CT_PAIR_PANELS = 5, /* of a block, 360 KB of the second cache */
    CT_PAIR_DEPTH = 384,
    CT_PAIR_SCRATCH = 4 * (CT_PAIR_DEPTH * CT_PAIR_PANELS + 16) * CT_PAIR_VECTORS * 16 /* bytes */
};

static int ct_have_pairs(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512bf16") != 0;
}

/* Two elements for every lane, of which only the first is there at the end of an odd row. */
CT_INLINE CT_PAIRS __m512bh ct_pair_of(const uint16_t *a, const int both) {
    int32_t pair = *a;
    if (both) memcpy(&pair, a, 4);
    return (__m512bh)_mm512_set1_epi32(pair);
}

/* C = A B, or C += A B, for a few rows, over `depth` whole pairs and one more element if `odd`; `last` of the last
   vector's columns are stored. */
CT_INLINE CT_PAIRS void ct_pairs_tile(const int rows, const int vectors, int64_t depth, int odd, const uint16_t *a,
                                      int64_t a_row, const int32_t *b, __mmask16 last, int add, float *c, int64_t c_row) {
    __m512 sum[CT_PAIR_ROWS][CT_PAIR_VECTORS];
    int64_t offset[CT_PAIR_ROWS];
    CT_UNROLL for (int r = 0; r < rows; r++) {
        offset[r] = r * a_row;
        if (r) CT_KEEP(offset[r]); /* one pointer that moves, not one a row */
        CT_UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = _mm512_setzero_ps();
    }
#define CT_PAIR_STEP(both)                                                                                           \
    do {                                                                                                             \
        __m512bh x[CT_PAIR_VECTORS];                                                                                 \
        CT_UNROLL for (int v = 0; v < vectors; v++) x[v] = (__m512bh)_mm512_loadu_si512(b + 16 * v);                 \
        CT_UNROLL for (int r = 0; r < rows; r++) {                                                                   \
            const __m512bh y = ct_pair_of(a + offset[r], both);                                                      \
            CT_UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = _mm512_dpbf16_ps(sum[r][v], x[v], y);            \
        }                                                                                                            \
    } while (0)
    for (; depth > 0; depth--, a += 2, b += 16 * vectors) CT_PAIR_STEP(1);
    if (odd) CT_PAIR_STEP(0);
#undef CT_PAIR_STEP
    CT_UNROLL for (int r = 0; r < rows; r++)
        CT_UNROLL for (int v = 0; v < vectors; v++) {
            const __mmask16 mask = v < vectors - 1 ? 0xffff : last;
            float *to = c + r * c_row + 16 * v;
            _mm512_mask_storeu_ps(to, mask, sum[r][v] + _mm512_maskz_loadu_ps(add ? mask : 0, to));
        }
}

typedef void (*ct_pairs_fn)(int64_t depth, int odd, const uint16_t *a, int64_t a_row, const int32_t *b, __mmask16 last,
                            int add, float *c, int64_t c_row);
#define CT_PAIRS_TILE(rows, vectors)                                                                                 \
    static __attribute__((noinline)) CT_PAIRS void ct_pairs_tile_##rows##_##vectors(                                 \
        int64_t depth, int odd, const uint16_t *a, int64_t a_row, const int32_t *b, __mmask16 last, int add,        \
        float *c, int64_t c_row) {                                                                                   \
        ct_pairs_tile(rows, vectors, depth, odd, a, a_row, b, last, add, c, c_row);                                  \
    }
#define CT_PAIRS_TILES(v) CT_PAIRS_TILE(1, v) CT_PAIRS_TILE(2, v) CT_PAIRS_TILE(4, v) CT_PAIRS_TILE(8, v)
CT_PAIRS_TILES(1)
CT_PAIRS_TILES(2)
CT_PAIRS_TILES(3)
#undef CT_PAIRS_TILES
#undef CT_PAIRS_TILE
static const ct_pairs_fn ct_pairs_tiles[CT_PAIR_VECTORS][4] = { /* by vectors, and by twos of rows */
    {ct_pairs_tile_1_1, ct_pairs_tile_2_1, ct_pairs_tile_4_1, ct_pairs_tile_8_1},
    {ct_pairs_tile_1_2, ct_pairs_tile_2_2, ct_pairs_tile_4_2, ct_pairs_tile_8_2},
    {ct_pairs_tile_1_3, ct_pairs_tile_2_3, ct_pairs_tile_4_3, ct_pairs_tile_8_3}};

/* 16 elements of a row, those from `count` on zero, in the low halves of lanes. */
CT_INLINE __m512i ct_row_halves(const uint16_t *from, int64_t count) {
    const __mmask16 mask = count >= 16 ? 0xffff : (__mmask16)((1u << count) - 1);
    return _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, from));
}

/* `depth` pairs from `rows` rows of B as [depth][16 * vectors]; what B has not is zero. */
static void ct_pack_row_pairs(const uint16_t *b, int64_t b_row, int64_t rows, int64_t depth, int64_t columns,
                              int vectors, int32_t *to) {
    for (int64_t i = 0; i < depth; i++, b += 2 * b_row)
        for (int v = 0; v < vectors; v++, to += 16) {
            __m512i pairs = ct_row_halves(b + 16 * v, columns - 16 * v);
            if (2 * i + 1 < rows) {
                const __m512i upper = ct_row_halves(b + b_row + 16 * v, columns - 16 * v);
                pairs = _mm512_or_si512(pairs, _mm512_slli_epi32(upper, 16));
            }
            _mm512_storeu_si512(to, pairs);
        }
}

/* The same of dense columns; whole blocks of 16 x 16 pairs are written. */
static void ct_pack_column_pairs(const uint16_t *b, int64_t b_col, int64_t rows, int64_t depth, int64_t columns,
                                 int vectors, int32_t *to) {
    for (int64_t i = 0; i < depth; i += 16) {
        const int64_t left = rows - 2 * i;
        const __mmask32 mask = left >= 32 ? 0xffffffff : (1u << left) - 1;
        for (int v = 0; v < vectors; v++) {
            ct_vec_f32 block[16]; /* bits that are only moved */
            CT_UNROLL for (int j = 0; j < 16; j++) {
                const uint16_t *column = b + (16 * v + j) * b_col + 2 * i;
                block[j] = (ct_vec_f32)(16 * v + j < columns ? _mm512_maskz_loadu_epi16(mask, column)
                                                             : _mm512_setzero_si512());
            }
            ct_transpose_f32(block);
            CT_UNROLL for (int j = 0; j < 16; j++)
                _mm512_storeu_si512(to + (i + j) * 16 * vectors + 16 * v, (__m512i)block[j]);
        }
    }
}

/* C = A B, or C += A B, by a scratch of CT_PAIR_SCRATCH bytes. */
static void ct_pairs_product(const ct_pairs_gemm *g, int32_t *scratch) {
    for (int64_t column = 0, next; column < g->n; column = next) {
        for (int64_t k = 0; k < g->k; k += 2 * CT_PAIR_DEPTH) {
            const int64_t rows = g->k - k < 2 * CT_PAIR_DEPTH ? g->k - k : 2 * CT_PAIR_DEPTH, depth = (rows + 1) / 2;
            const int32_t *panel[CT_PAIR_PANELS];
            int vectors[CT_PAIR_PANELS], count = 0, which = 3;
            int32_t *to = scratch;
            __mmask16 last = 0xffff;
            for (next = column; count < CT_PAIR_PANELS && next < g->n; count++) {
                const int64_t left = (g->n - next + 15) / 16;
                const int wide = left == CT_PAIR_VECTORS + 1 ? 2 /* no lone one after full ones */
                                 : left > CT_PAIR_VECTORS    ? CT_PAIR_VECTORS
                                                             : (int)left;
                const int64_t columns = g->n - next < 16 * wide ? g->n - next : 16 * wide;
                const uint16_t *b = g->b + k * g->b_row + next * g->b_col;
                if (g->b_col == 1) ct_pack_row_pairs(b, g->b_row, rows, depth, columns, wide, to);
                else ct_pack_column_pairs(b, g->b_col, rows, depth, columns, wide, to);
                panel[count] = to;
                vectors[count] = wide;
                to += depth * 16 * wide;
                next += columns;
                if (columns < 16 * wide) last = (__mmask16)((1u << (columns - 16 * (wide - 1))) - 1);
            }
            for (int64_t row = 0; row < g->m; row += 1 << which) {
                float *c = g->c + row * g->c_row + column;
                while (row + (1 << which) > g->m) which--;
                for (int p = 0; p < count; c += 16 * vectors[p++])
                    ct_pairs_tiles[vectors[p] - 1][which](rows / 2, rows % 2, g->a + row * g->a_row + k, g->a_row,
                                                          panel[p], p == count - 1 ? last : 0xffff, k || g->add, c,
                                                          g->c_row);
            }
        }
    }
}
#undef CT_PAIRS

#else
enum { CT_PAIR_SCRATCH = 0 };
static int ct_have_pairs(void) { return 0; }
static void ct_pairs_product(const ct_pairs_gemm *g, int32_t *scratch) { (void)g, (void)scratch; }
#endif
#endif
