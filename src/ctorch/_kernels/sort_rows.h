/* Eight rows of 32-bit elements at a time, one to each lane of a vector: sorted by a network, or their first few kept.

   A record is an element's key over its place in the row, so that all records of a row differ and equal elements stay
   in order. The network is Batcher's odd-even merge sort (Knuth, The Art of Computer Programming, 5.2.2, algorithm M):
   it compares the same places of every row, whatever they hold. */
#ifndef CTORCH_SORT_ROWS_H
#define CTORCH_SORT_ROWS_H
#include <stdint.h>

#include "simd.h"
#pragma GCC diagnostic ignored "-Wpsabi" /* these vectors do not leave the file */
#ifdef __AVX512F__
#include <immintrin.h>
#endif

/* Rows up to CT_NETWORK are sorted by the network: without instructions for it, counting is sooner the better way. */
#if defined(__AVX512F__)
enum { CT_NETWORK = 1024 };
#elif defined(__AVX2__)
enum { CT_NETWORK = 256 };
#else
enum { CT_NETWORK = 32 };
#endif
enum { CT_ROWS = 8, CT_FIRST = 16 };
enum { CT_KEY_UNSIGNED, CT_KEY_SIGNED, CT_KEY_FLOAT };

typedef uint32_t ct_u32x8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t ct_i32x8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef int64_t ct_i64x8 __attribute__((vector_size(64), aligned(8), may_alias));

typedef struct {
    const uint32_t *x[CT_ROWS]; /* those past `count` repeat the last */
    uint32_t *values[CT_ROWS];
    int64_t *places[CT_ROWS];
    int count;
    int64_t n, stride, taken; /* taken: how many of each row are written */
    int kind;
    uint32_t inf, flip;
} ct_rows;

#define CT_SHUFFLE_ROUNDS(rows, type, low, high)                                              \
    CT_UNROLL for (int round = 0; round < 3; round++) {                                       \
        type next[8];                                                                         \
        CT_UNROLL for (int i = 0; i < 4; i++) {                                               \
            next[2 * i] = __builtin_shuffle(rows[i], rows[i + 4], low);                       \
            next[2 * i + 1] = __builtin_shuffle(rows[i], rows[i + 4], high);                  \
        }                                                                                     \
        CT_UNROLL for (int i = 0; i < 8; i++) rows[i] = next[i];                              \
    }

CT_INLINE void ct_turn_u32(ct_u32x8 *rows) {
    const ct_u32x8 low = {0, 8, 1, 9, 2, 10, 3, 11}, high = {4, 12, 5, 13, 6, 14, 7, 15};
    CT_SHUFFLE_ROUNDS(rows, ct_u32x8, low, high)
}

CT_INLINE void ct_turn_i64(ct_i64x8 *rows) {
    const ct_i64x8 low = {0, 8, 1, 9, 2, 10, 3, 11}, high = {4, 12, 5, 13, 6, 14, 7, 15};
    CT_SHUFFLE_ROUNDS(rows, ct_i64x8, low, high)
}

/* Whether the rows are neighbours in memory, element by element. */
static int ct_rows_adjacent(const ct_rows *r) {
    for (int l = 1; l < CT_ROWS; l++)
        if (r->x[l] - r->x[l - 1] != 1) return 0;
    return r->count == CT_ROWS;
}

/* Elements i to i + 8 of the rows, `wide` of which there are. */
CT_INLINE void ct_rows_read(const ct_rows *r, int64_t i, int64_t wide, int adjacent, ct_u32x8 *to) {
    if (adjacent) {
        for (int64_t j = 0; j < wide; j++) to[j] = *(const ct_u32x8 *)(r->x[0] + (i + j) * r->stride);
    } else if (r->stride == 1 && wide == 8) {
        CT_UNROLL for (int l = 0; l < CT_ROWS; l++) to[l] = *(const ct_u32x8 *)(r->x[l] + i);
        ct_turn_u32(to);
    } else
        for (int64_t j = 0; j < wide; j++)
            for (int l = 0; l < CT_ROWS; l++) ((uint32_t *)&to[j])[l] = r->x[l][(i + j) * r->stride];
}

/* Records, whose order is that of signed integers. */
CT_INLINE ct_i64x8 ct_record(const ct_rows *r, ct_u32x8 bits, int64_t place) {
    const uint32_t top = 0x80000000u;
    ct_u32x8 key = bits;
    if (r->kind == CT_KEY_FLOAT) {
        const ct_u32x8 nan = (ct_u32x8)((ct_i32x8)(bits & ~top) > (int32_t)r->inf), zero = (ct_u32x8)(bits == top);
        const ct_u32x8 negative = (ct_u32x8)((ct_i32x8)bits < 0) & ~zero;
        key = (((bits & ~zero) ^ negative) ^ (~negative & top)) | nan;
    } else if (r->kind == CT_KEY_SIGNED) key = bits ^ top;
    key ^= r->flip ^ top;
    return (__builtin_convertvector((ct_i32x8)key, ct_i64x8) << 32) | place;
}

/* The lesser to a, the greater to b, row by row. */
CT_INLINE void ct_exchange(int64_t *a, int64_t *b) {
    const ct_i64x8 x = *(const ct_i64x8 *)a, y = *(const ct_i64x8 *)b;
#ifdef __AVX512F__
    *(ct_i64x8 *)a = (ct_i64x8)_mm512_min_epi64((__m512i)x, (__m512i)y);
    *(ct_i64x8 *)b = (ct_i64x8)_mm512_max_epi64((__m512i)x, (__m512i)y);
#else
    const ct_i64x8 less = x < y;
    *(ct_i64x8 *)a = (x & less) | (y & ~less);
    *(ct_i64x8 *)b = (y & less) | (x & ~less);
#endif
}

/* Whether any row's record a is before b. */
CT_INLINE int ct_any_before(ct_i64x8 a, ct_i64x8 b) {
#ifdef __AVX512F__
    return _mm512_cmplt_epi64_mask((__m512i)a, (__m512i)b) != 0;
#else
    const ct_i64x8 less = a < b;
    int64_t any = 0;
    for (int l = 0; l < CT_ROWS; l++) any |= less[l];
    return any != 0;
#endif
}

static void ct_network(int64_t *a, int64_t n) {
    int64_t top = 1;
    while (2 * top < n) top *= 2;
    for (int64_t p = n > 1 ? top : 0; p > 0; p /= 2) {
        int64_t d = p, q = top, r = 0;
        for (;;) {
            for (int64_t start = r; start + d < n; start += 2 * p)       /* runs of p places with i & p == r */
                for (int64_t i = start; i < start + p && i + d < n; i++)
                    ct_exchange(a + i * CT_ROWS, a + (i + d) * CT_ROWS);
            if (q == p) break;
            d = q - p;
            q /= 2;
            r = p;
        }
    }
}

/* The zeros and NaN share keys: their bits are read again. */
static void ct_rows_mend(const ct_rows *r, int l, const int64_t *records, ct_u32x8 *bits) {
    const uint32_t key = (uint32_t)(records[l] >> 32) ^ r->flip;
    if (key == 0 || key == 0x7FFFFFFFu) ((uint32_t *)bits)[l] = r->x[l][(records[l] & 0xFFFFFFFF) * r->stride];
}

CT_INLINE ct_u32x8 ct_values_of(const ct_rows *r, ct_i64x8 record) {
    const uint32_t top = 0x80000000u;
    const ct_u32x8 key = (ct_u32x8)__builtin_convertvector(record >> 32, ct_i32x8) ^ r->flip;
    if (r->kind == CT_KEY_UNSIGNED) return key ^ top;
    if (r->kind == CT_KEY_SIGNED) return key;
    const ct_u32x8 negative = (ct_u32x8)((ct_i32x8)key < 0), shared = (ct_u32x8)((key == 0) | (key == 0x7FFFFFFFu));
    ct_u32x8 bits = (negative & (~key ^ top)) | (~negative & key);
    uint32_t any = 0;
    for (int l = 0; l < CT_ROWS; l++) any |= shared[l];
    if (any)
        for (int l = 0; l < CT_ROWS; l++) ct_rows_mend(r, l, (const int64_t *)&record, &bits);
    return bits;
}

static void ct_rows_write(const ct_rows *r, const int64_t *records, int adjacent) {
    const int64_t mask = 0xFFFFFFFF;
    for (int64_t i = 0; i < r->taken; i += 8) {
        const int64_t wide = r->taken - i < 8 ? r->taken - i : 8;
        ct_i64x8 at[8];
        ct_u32x8 bits[8];
        CT_UNROLL for (int j = 0; j < 8; j++) {
            if (j >= wide) break;
            at[j] = *(const ct_i64x8 *)(records + (i + j) * CT_ROWS);
            bits[j] = ct_values_of(r, at[j]);
            at[j] &= mask;
        }
        if (r->stride == 1 && wide == 8) {
            ct_turn_i64(at);
            ct_turn_u32(bits);
            for (int l = 0; l < r->count; l++) {
                if (r->values[l]) *(ct_u32x8 *)(r->values[l] + i) = bits[l];
                if (r->places[l]) *(ct_i64x8 *)(r->places[l] + i) = at[l];
            }
        } else if (adjacent) {
            for (int64_t j = 0; j < wide; j++) {
                if (r->values[0]) *(ct_u32x8 *)(r->values[0] + (i + j) * r->stride) = bits[j];
                if (r->places[0]) *(ct_i64x8 *)(r->places[0] + (i + j) * r->stride) = at[j];
            }
        } else
            for (int64_t j = 0; j < wide; j++)
                for (int l = 0; l < r->count; l++) {
                    if (r->values[l]) r->values[l][(i + j) * r->stride] = bits[j][l];
                    if (r->places[l]) r->places[l][(i + j) * r->stride] = at[j][l];
                }
    }
}

/* n <= CT_NETWORK; `records` has room for 8 n. */
static void ct_rows_sort(const ct_rows *r, int64_t *records) {
    const int adjacent = ct_rows_adjacent(r);
    for (int64_t i = 0; i < r->n; i += 8) {
        const int64_t wide = r->n - i < 8 ? r->n - i : 8;
        ct_u32x8 bits[8];
        ct_rows_read(r, i, wide, adjacent, bits);
        for (int64_t j = 0; j < wide; j++) *(ct_i64x8 *)(records + (i + j) * CT_ROWS) = ct_record(r, bits[j], i + j);
    }
    ct_network(records, r->n);
    ct_rows_write(r, records, adjacent);
}

/* Which rows have equal elements among the first `count` of their records. */
static int ct_rows_tied(const int64_t *records, int64_t count) {
    int tied = 0;
    for (int64_t i = 1; i < count; i++)
        for (int l = 0; l < CT_ROWS; l++) {
            const int64_t *at = records + i * CT_ROWS + l;
            tied |= (at[0] >> 32 == at[-CT_ROWS] >> 32) << l;
        }
    return tied;
}

/* The `taken` first, at most CT_FIRST, of rows of any length; returns the rows, as bits, in which equal elements might
   have been chosen otherwise. */
static int ct_rows_first(const ct_rows *r) {
    int64_t best[(CT_FIRST + 1) * CT_ROWS] __attribute__((aligned(64)));
    int64_t now[CT_ROWS] __attribute__((aligned(64)));
    const int adjacent = ct_rows_adjacent(r);
    const int64_t kept = r->taken + (r->taken < r->n);
    int64_t *last = best + (kept - 1) * CT_ROWS;
    for (int64_t i = 0; i < kept * CT_ROWS; i++) best[i] = INT64_MAX;
    for (int64_t i = 0; i < r->n; i += 8) {
        const int64_t wide = r->n - i < 8 ? r->n - i : 8;
        ct_u32x8 bits[8];
        ct_rows_read(r, i, wide, adjacent, bits);
        for (int64_t j = 0; j < wide; j++) {
            const ct_i64x8 record = ct_record(r, bits[j], i + j);
            if (!ct_any_before(record, *(const ct_i64x8 *)last)) continue;
            *(ct_i64x8 *)now = record;
            for (int64_t k = 0; k < kept; k++) ct_exchange(best + k * CT_ROWS, now);
        }
    }
    ct_rows_write(r, best, adjacent);
    return ct_rows_tied(best, kept);
}
#endif
