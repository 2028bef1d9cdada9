/* Planes of elements from one layout to another. Strides are in bytes; the two memories have no element in common. */
#pragma once
#include <stdint.h>
#include <string.h>

typedef struct { uint64_t low, high; } ct_word16;
typedef uint32_t ct_quad32 __attribute__((vector_size(16), aligned(4), may_alias));
typedef uint64_t ct_pair64 __attribute__((vector_size(16), aligned(8), may_alias));
typedef uint16_t ct_eight16 __attribute__((vector_size(16), aligned(2), may_alias));
typedef uint8_t ct_sixteen8 __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint32_t ct_mask32 __attribute__((vector_size(16)));
typedef uint64_t ct_mask64 __attribute__((vector_size(16)));

typedef uint64_t ct_word64 __attribute__((vector_size(64)));

/* Dense bytes. What L2 holds with its copy moves in vectors: memcpy's `rep movs` takes half as long again where both lie
 * at the same place of their pages, and only pays beyond L2. */
static inline void ct_move(char *to, const char *from, int64_t bytes) {
    int64_t i = 0;
    if (bytes >= 4096 && bytes <= 393216)
        for (ct_word64 a, b; i + 128 <= bytes; i += 128) {
            __builtin_prefetch(from + i + 1024), __builtin_prefetch(from + i + 1088);
            __builtin_prefetch(to + i + 1024, 1), __builtin_prefetch(to + i + 1088, 1);
            memcpy(&a, from + i, 64), memcpy(&b, from + i + 64, 64);
            memcpy(to + i, &a, 64), memcpy(to + i + 64, &b, 64);
        }
    memcpy(to + i, from + i, bytes - i);
}

/* One line of n elements; the steps that occur most are told apart, so that they become vectors. */
#define CT_COPY_LINE(type, name)                                                                                   \
    static void name(char *to, const char *from, int64_t n, int64_t to_step, int64_t from_step) {                  \
        const int64_t size = sizeof(type);                                                                         \
        type *restrict out = (type *)to;                                                                           \
        const type *in = (const type *)from;                                                                       \
        if (to_step != size) {                                                                                     \
            for (int64_t i = 0; i < n; i++) *(type *)(to + i * to_step) = *(const type *)(from + i * from_step);   \
        } else if (from_step == size) {                                                                            \
            ct_move(to, from, n * size);                                                                          \
        } else if (from_step == 0) {                                                                               \
            const type value = *in;                                                                                \
            for (int64_t i = 0; i < n; i++) out[i] = value;                                                        \
        } else if (from_step == 2 * size) {                                                                        \
            for (int64_t i = 0; i < n; i++) out[i] = in[2 * i];                                                    \
        } else if (from_step == -2 * size) { /* blocks forward, then turned: GCC makes no vectors of it otherwise */ \
            int64_t i = 0;                                                                                         \
            for (type part[64]; i + 64 <= n; i += 64) {                                                            \
                const type *block = in - 2 * (i + 63);                                                             \
                for (int k = 0; k < 64; k++) part[k] = block[2 * k];                                               \
                for (int k = 0; k < 64; k++) out[i + k] = part[63 - k];                                            \
            }                                                                                                      \
            for (; i < n; i++) out[i] = in[-2 * i];                                                                \
        } else if (from_step == -size) {                                                                           \
            for (int64_t i = 0; i < n; i++) out[i] = in[-i];                                                       \
        } else {                                                                                                   \
            for (int64_t i = 0; i < n; i++) out[i] = *(const type *)(from + i * from_step);                        \
        }                                                                                                          \
    }

CT_COPY_LINE(uint8_t, ct_copy_line1)
CT_COPY_LINE(uint16_t, ct_copy_line2)
CT_COPY_LINE(uint32_t, ct_copy_line4)
CT_COPY_LINE(uint64_t, ct_copy_line8)
CT_COPY_LINE(ct_word16, ct_copy_line16)

static void ct_copy_line(char *to, const char *from, int64_t n, int64_t to_step, int64_t from_step, int size) {
    switch (size) {
        case 1: ct_copy_line1(to, from, n, to_step, from_step); break;
        case 2: ct_copy_line2(to, from, n, to_step, from_step); break;
        case 4: ct_copy_line4(to, from, n, to_step, from_step); break;
        case 8: ct_copy_line8(to, from, n, to_step, from_step); break;
        default: ct_copy_line16(to, from, n, to_step, from_step);
    }
}

/* Rows of a few dense bytes: two moves that may overlap each, without a call. */
#define CT_COPY_ROWS(type)                                                                                         \
    for (int64_t i = 0; i < rows; i++, to += to_row, from += from_row) {                                           \
        type first, last;                                                                                          \
        memcpy(&first, from, sizeof(type));                                                                        \
        memcpy(&last, from + bytes - sizeof(type), sizeof(type));                                                  \
        memcpy(to, &first, sizeof(type));                                                                          \
        memcpy(to + bytes - sizeof(type), &last, sizeof(type));                                                    \
    }

typedef struct { ct_word16 low, high; } ct_word32;

static void ct_copy_rows(char *to, const char *from, int64_t rows, int64_t bytes, int64_t to_row, int64_t from_row) {
    if (bytes > 512) {
        for (int64_t i = 0; i < rows; i++) ct_move(to + i * to_row, from + i * from_row, bytes);
    } else if (bytes > 64) {
        for (int64_t i = 0; i < rows; i++, to += to_row, from += from_row) {
            ct_word64 part;
            for (int64_t k = 0; k < bytes; k += 64) {
                const int64_t at = k + 64 <= bytes ? k : bytes - 64;
                memcpy(&part, from + at, 64);
                memcpy(to + at, &part, 64);
            }
        }
    } else if (bytes > 32) {
        CT_COPY_ROWS(ct_word32)
    } else if (bytes > 16) {
        CT_COPY_ROWS(ct_word16)
    } else if (bytes >= 8) {
        CT_COPY_ROWS(uint64_t)
    } else if (bytes >= 4) {
        CT_COPY_ROWS(uint32_t)
    } else if (bytes > 1) {
        CT_COPY_ROWS(uint16_t)
    } else {
        CT_COPY_ROWS(uint8_t)
    }
}

/* A matrix whose rows are dense in `to` and whose columns are in `from`, by small squares in registers. */
#define CT_PAIRS(a, b, first, second)                                                                              \
    __builtin_shuffle(a, b, (ct_mask32){first, first + 4, second, second + 4})
#define CT_TURN4(a, b, c, d)                                                                                       \
    do {                                                                                                           \
        ct_quad32 p = CT_PAIRS(a, c, 0, 1), q = CT_PAIRS(a, c, 2, 3);                                              \
        ct_quad32 r = CT_PAIRS(b, d, 0, 1), s = CT_PAIRS(b, d, 2, 3);                                              \
        a = CT_PAIRS(p, r, 0, 1), b = CT_PAIRS(p, r, 2, 3);                                                        \
        c = CT_PAIRS(q, s, 0, 1), d = CT_PAIRS(q, s, 2, 3);                                                        \
    } while (0)

static void ct_turn4(char *to, const char *from, int64_t to_row, int64_t from_step) {
    ct_quad32 a = *(const ct_quad32 *)from, b = *(const ct_quad32 *)(from + from_step);
    ct_quad32 c = *(const ct_quad32 *)(from + 2 * from_step), d = *(const ct_quad32 *)(from + 3 * from_step);
    CT_TURN4(a, b, c, d);
    *(ct_quad32 *)to = a, *(ct_quad32 *)(to + to_row) = b;
    *(ct_quad32 *)(to + 2 * to_row) = c, *(ct_quad32 *)(to + 3 * to_row) = d;
}

static void ct_turn8(char *to, const char *from, int64_t to_row, int64_t from_step) {
    ct_pair64 a = *(const ct_pair64 *)from, b = *(const ct_pair64 *)(from + from_step);
    *(ct_pair64 *)to = __builtin_shuffle(a, b, (ct_mask64){0, 2});
    *(ct_pair64 *)(to + to_row) = __builtin_shuffle(a, b, (ct_mask64){1, 3});
}

/* Smaller elements by rounds of interleaving, each of the first half of the lines with the other half. */
#define CT_TURN_BY_HALVES(name, type, vector, lanes)                                                               \
    static void name(char *to, const char *from, int64_t to_row, int64_t from_step) {                              \
        vector lines[lanes], next[lanes];                                                                          \
        typedef type mask __attribute__((vector_size(16)));                                                        \
        mask low, high;                                                                                            \
        _Pragma("GCC unroll 16") for (int i = 0; i < lanes; i++) {                                                 \
            lines[i] = *(const vector *)(from + i * from_step);                                                    \
            low[i] = (type)(i / 2 + i % 2 * lanes);                                                                \
            high[i] = (type)(low[i] + lanes / 2);                                                                  \
        }                                                                                                          \
        _Pragma("GCC unroll 4") for (int width = 1; width < lanes; width *= 2) {                                   \
            _Pragma("GCC unroll 8") for (int i = 0; i < lanes / 2; i++) {                                          \
                next[2 * i] = __builtin_shuffle(lines[i], lines[i + lanes / 2], low);                              \
                next[2 * i + 1] = __builtin_shuffle(lines[i], lines[i + lanes / 2], high);                         \
            }                                                                                                      \
            _Pragma("GCC unroll 16") for (int i = 0; i < lanes; i++) lines[i] = next[i];                           \
        }                                                                                                          \
        _Pragma("GCC unroll 16") for (int i = 0; i < lanes; i++) *(vector *)(to + i * to_row) = lines[i];          \
    }
CT_TURN_BY_HALVES(ct_turn2, uint16_t, ct_eight16, 8)
CT_TURN_BY_HALVES(ct_turn1, uint8_t, ct_sixteen8, 16)

static void ct_turn(char *to, const char *from, int64_t to_row, int64_t from_step, int size) {
    switch (size) {
        case 1: ct_turn1(to, from, to_row, from_step); break;
        case 2: ct_turn2(to, from, to_row, from_step); break;
        case 4: ct_turn4(to, from, to_row, from_step); break;
        default: ct_turn8(to, from, to_row, from_step);
    }
}

static inline int64_t ct_side(int size) { return size <= 8 ? 16 / size : 1; }

/* The last squares reach back over what is done already. */
static void ct_copy_turned(char *to, const char *from, int64_t rows, int64_t n, int64_t to_row, int64_t from_step,
                           int size) {
    const int64_t side = ct_side(size);
    if (side == 1 || rows < side) {
        for (int64_t i = 0; i < rows; i++) ct_copy_line(to + i * to_row, from + i * size, n, size, from_step, size);
        return;
    }
    for (int64_t i = 0; i < rows; i += side) {
        const int64_t row = i + side <= rows ? i : rows - side;
        for (int64_t j = 0; j < n; j += side) {
            const int64_t at = j + side <= n ? j : n - side;
            ct_turn(to + row * to_row + at * size, from + row * size + at * from_step, to_row, from_step, size);
        }
    }
}

/* A loop over elements of `size` bytes, as words. */
#define CT_BY_SIZE(LOOP)                                                                                           \
    do switch (size) {                                                                                             \
        case 1: LOOP(uint8_t); break;                                                                              \
        case 2: LOOP(uint16_t); break;                                                                             \
        case 4: LOOP(uint32_t); break;                                                                             \
        case 8: LOOP(uint64_t); break;                                                                             \
        default: LOOP(ct_word16);                                                                                  \
    } while (0)

/* Pairs of elements, each from two dense lines. */
#define CT_COPY_ZIP(type)                                                                                          \
    do {                                                                                                           \
        type *restrict out = (type *)to;                                                                           \
        const type *first = (const type *)from, *second = (const type *)(from + from_step);                        \
        for (int64_t i = 0; i < rows; i++) out[2 * i] = first[i], out[2 * i + 1] = second[i];                      \
    } while (0)

static void ct_copy_zip(char *to, const char *from, int64_t rows, int64_t from_step, int size) {
    CT_BY_SIZE(CT_COPY_ZIP);
}

/* The other way: two dense lines, from pairs of elements. */
#define CT_COPY_UNZIP(type)                                                                                        \
    do {                                                                                                           \
        type *restrict first = (type *)to, *restrict second = (type *)(to + to_row);                               \
        const type *in = (const type *)from;                                                                       \
        for (int64_t i = 0; i < n; i++) first[i] = in[2 * i], second[i] = in[2 * i + 1];                           \
    } while (0)

static void ct_copy_unzip(char *to, const char *from, int64_t n, int64_t to_row, int size) {
    CT_BY_SIZE(CT_COPY_UNZIP);
}

/* `rows` lines of n elements */
static void ct_copy_plane(char *to, const char *from, int64_t rows, int64_t n, int64_t to_row, int64_t from_row,
                          int64_t to_step, int64_t from_step, int size) {
    const int turned = to_step == size && from_row == size && rows > 1 && from_step != 0;
    if (to_step == size && from_step == size && n > 1) {
        ct_copy_rows(to, from, rows, n * size, to_row, from_row);
    } else if (turned && n == 2 && to_row == 2 * size) {
        ct_copy_zip(to, from, rows, from_step, size);
    } else if (turned && rows == 2 && from_step == 2 * size) {
        ct_copy_unzip(to, from, n, to_row, size);
    } else if (turned && n >= 4 && n >= ct_side(size)) {
        ct_copy_turned(to, from, rows, n, to_row, from_step, size);
    } else if (n < 16 && rows > n) {
        for (int64_t j = 0; j < n; j++)
            ct_copy_line(to + j * to_step, from + j * from_step, rows, to_row, from_row, size);
    } else {
        for (int64_t i = 0; i < rows; i++)
            ct_copy_line(to + i * to_row, from + i * from_row, n, to_step, from_step, size);
    }
}
