/* Sixteen rows of a few elements at a time, one to each lane: how many elements come before each is counted over all
   pairs, which decides its place without a branch that depends on the data (Knuth, The Art of Computer Programming,
   5.2, algorithm C). Element i of row l is at i * CT_LANES + l. */
#ifndef CTORCH_TINY_ROWS_H
#define CTORCH_TINY_ROWS_H
#include <stdint.h>

#include "simd.h"
#pragma GCC diagnostic ignored "-Wpsabi" /* these vectors do not leave the file */

enum { CT_TINY = 24, CT_LANES = 16 };

/* Vectors of the lanes that one register holds; an equal pair compares as all bits, which is -1. */
#define CT_TINY_ROWS(type, bits)                                                                                      \
    enum { CT_ABREAST##bits = CT_VECTOR_BYTES * 8 / bits < CT_LANES ? CT_VECTOR_BYTES * 8 / bits : CT_LANES };            \
    typedef type ct_tiny##bits __attribute__((vector_size(CT_ABREAST##bits * sizeof(type)), aligned(sizeof(type)),    \
                                              may_alias));                                                            \
    CT_INLINE ct_tiny##bits ct_tiny_at##bits(const type *x, int i, int l) {                                           \
        return *(const ct_tiny##bits *)(x + i * CT_LANES + l);                                                        \
    }                                                                                                                 \
                                                                                                                      \
    /* The rank of each key, of equal ones in order; in which rows there are equal ones. */                           \
    CT_INLINE void ct_tiny_ranks##bits(const type *keys, type *ranks, int n, type *tied) {                            \
        for (int l = 0; l < CT_LANES; l += CT_ABREAST##bits) {                                                        \
            ct_tiny##bits rank[CT_TINY], equal = {0};                                                                 \
            for (int j = 0; j < n; j++) {                                                                             \
                const ct_tiny##bits key = ct_tiny_at##bits(keys, j, l);                                               \
                ct_tiny##bits own = (ct_tiny##bits){0} + (type)j;                                                     \
                for (int i = 0; i < j; i++) {                                                                         \
                    const ct_tiny##bits other = ct_tiny_at##bits(keys, i, l), after = (ct_tiny##bits)(other > key);   \
                    rank[i] -= after;                                                                                 \
                    own += after;                                                                                     \
                    equal |= (ct_tiny##bits)(other == key);                                                           \
                }                                                                                                     \
                rank[j] = own;                                                                                        \
            }                                                                                                         \
            for (int j = 0; j < n; j++) *(ct_tiny##bits *)(ranks + j * CT_LANES + l) = rank[j];                       \
            *(ct_tiny##bits *)(tied + l) = equal;                                                                     \
        }                                                                                                             \
    }                                                                                                                 \
                                                                                                                      \
    /* The place of the element of each row's rank. */                                                                \
    CT_INLINE void ct_tiny_places##bits(const type *ranks, const type *wanted, int n, type *places) {                 \
        for (int l = 0; l < CT_LANES; l += CT_ABREAST##bits) {                                                        \
            const ct_tiny##bits rank = ct_tiny_at##bits(wanted, 0, l);                                                \
            ct_tiny##bits found = {0};                                                                                \
            for (int i = 0; i < n; i++) found |= (ct_tiny##bits)(ct_tiny_at##bits(ranks, i, l) == rank) & (type)i;    \
            *(ct_tiny##bits *)(places + l) = found;                                                                   \
        }                                                                                                             \
    }                                                                                                                 \
                                                                                                                      \
    /* How many keys of each row have all bits, as those of NaN. */                                                   \
    CT_INLINE void ct_tiny_nans##bits(const type *keys, int n, type *nans) {                                          \
        for (int l = 0; l < CT_LANES; l += CT_ABREAST##bits) {                                                        \
            ct_tiny##bits count = {0};                                                                                \
            for (int i = 0; i < n; i++) count -= (ct_tiny##bits)(ct_tiny_at##bits(keys, i, l) == (type)-1);           \
            *(ct_tiny##bits *)(nans + l) = count;                                                                     \
        }                                                                                                             \
    }

CT_TINY_ROWS(uint8_t, 8)
CT_TINY_ROWS(uint16_t, 16)
CT_TINY_ROWS(uint32_t, 32)
CT_TINY_ROWS(uint64_t, 64)

/* The same for elements of `size` bytes. */
#define CT_TINY_SIZES(name, ...)                 \
    switch (size) {                              \
        case 1: name##8(__VA_ARGS__); break;     \
        case 2: name##16(__VA_ARGS__); break;    \
        case 4: name##32(__VA_ARGS__); break;    \
        default: name##64(__VA_ARGS__);          \
    }
CT_INLINE void ct_tiny_ranks(const void *keys, void *ranks, int n, void *tied, int size) {
    CT_TINY_SIZES(ct_tiny_ranks, keys, ranks, n, tied)
}
CT_INLINE void ct_tiny_places(const void *ranks, const void *wanted, int n, void *places, int size) {
    CT_TINY_SIZES(ct_tiny_places, ranks, wanted, n, places)
}
CT_INLINE void ct_tiny_nans(const void *keys, int n, void *nans, int size) {
    CT_TINY_SIZES(ct_tiny_nans, keys, n, nans)
}
#endif
