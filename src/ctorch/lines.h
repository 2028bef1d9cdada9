/* Lines of memory, dense or in steps: moved, cast through dense blocks, filled. */
#pragma once
#include <stdint.h>
#include <string.h>

typedef struct { uint64_t low, high; } ct_pair;

/* Steps of two elements, as every second column has, and backward ones become shuffles of whole vectors. */
#define CT_GATHER(type)                                                                                \
    do {                                                                                               \
        type *restrict out = (type *)to;                                                               \
        const type *in = (const type *)from;                                                           \
        if (step == 2 * (int64_t)sizeof(type))                                                         \
            for (int64_t i = 0; i < n; i++) out[i] = in[2 * i];                                        \
        else if (step == -(int64_t)sizeof(type))                                                       \
            for (int64_t i = 0; i < n; i++) out[i] = in[-i];                                           \
        else if (step == 0) {                                                                          \
            const type value = *in;                                                                    \
            for (int64_t i = 0; i < n; i++) out[i] = value;                                            \
        } else                                                                                         \
            for (int64_t i = 0; i < n; i++) out[i] = *(const type *)(from + i * step);                 \
    } while (0)

#define CT_SCATTER(type)                                                                               \
    do {                                                                                               \
        const type *restrict in = (const type *)from;                                                  \
        for (int64_t i = 0; i < n; i++) *(type *)(to + i * step) = in[i];                              \
    } while (0)

#define CT_ROWS_OF(type)                                                                               \
    for (int64_t i = 0; i < rows; i++) {                                                               \
        type *restrict out = (type *)to + i * n;                                                       \
        const char *in = from + i * row;                                                               \
        for (int64_t j = 0; j < n; j++) out[j] = *(const type *)(in + j * step);                       \
    }

#define CT_EACH_SIZE(ACTION)                                                                           \
    switch (size) {                                                                                    \
        case 1: ACTION(uint8_t); break;                                                                \
        case 2: ACTION(uint16_t); break;                                                               \
        case 4: ACTION(uint32_t); break;                                                               \
        case 8: ACTION(uint64_t); break;                                                               \
        default: ACTION(ct_pair);                                                                      \
    }

/* n elements of `size` bytes that lie `step` bytes apart, one after another */
__attribute__((noinline)) static void ct_gather(char *to, const char *from, int64_t step, int size, int64_t n)
{
    CT_EACH_SIZE(CT_GATHER)
}

__attribute__((noinline)) static void ct_scatter(char *to, int64_t step, const char *from, int size, int64_t n)
{
    CT_EACH_SIZE(CT_SCATTER)
}

/* So many bytes, more than 4, as words that may overlap at the end */
#define CT_WORDS(word)                                                                                 \
    do {                                                                                               \
        for (int64_t i = 0; i < bytes - (int64_t)sizeof(word); i += sizeof(word))                      \
            memcpy(to + i, from + i, sizeof(word));                                                    \
        memcpy(to + bytes - sizeof(word), from + bytes - sizeof(word), sizeof(word));                  \
    } while (0)

static inline void ct_copy_short(char *restrict to, const char *restrict from, int64_t bytes)
{
    if (bytes > 256)
        memcpy(to, from, bytes);
    else if (bytes >= (int64_t)sizeof(ct_pair))
        CT_WORDS(ct_pair);
    else if (bytes >= 8)
        CT_WORDS(uint64_t);
    else
        CT_WORDS(uint32_t);
}

/* Short rows of n elements, `row` bytes apart, as one dense line */
__attribute__((noinline)) static void ct_gather_rows(char *to, const char *from, int64_t row, int64_t rows,
                                                     int64_t step, int size, int64_t n)
{
    int64_t bytes = n * size;
    if (step == size && (bytes == 2 || bytes == 4 || bytes == 8 || bytes == 16))
        ct_gather(to, from, row, (int)bytes, rows);
    else if (step == size && bytes > 4)
        for (int64_t i = 0; i < rows; i++) ct_copy_short(to + i * bytes, from + i * row, bytes);
    else
        CT_EACH_SIZE(CT_ROWS_OF)
}

/* A number as a pair full of it, of which so many bytes are written, in words that may overlap */
#define CT_SPREAD(type)                                                                                \
    for (int64_t i = 0; i < rows; i++) {                                                               \
        type value[sizeof(ct_pair) / sizeof(type)];                                                    \
        for (size_t j = 0; j < sizeof(ct_pair) / sizeof(type); j++)                                    \
            value[j] = *(const type *)(from + i * row);                                                \
        char *out = to + i * bytes;                                                                    \
        if (bytes >= (int64_t)sizeof(ct_pair)) {                                                       \
            for (int64_t j = 0; j < bytes - (int64_t)sizeof(ct_pair); j += sizeof(ct_pair))            \
                memcpy(out + j, value, sizeof(ct_pair));                                               \
            memcpy(out + bytes - sizeof(ct_pair), value, sizeof(ct_pair));                             \
        } else if (bytes >= 8) {                                                                       \
            memcpy(out, value, 8);                                                                     \
            memcpy(out + bytes - 8, value, 8);                                                         \
        } else                                                                                         \
            for (int64_t j = 0; j < n; j++) ((type *)out)[j] = value[0];                               \
    }

/* Numbers `row` bytes apart, each n times, as one dense line */
__attribute__((noinline)) static void ct_spread_rows(char *to, const char *from, int64_t row, int64_t rows, int size,
                                                     int64_t n)
{
    int64_t bytes = n * size;
    CT_EACH_SIZE(CT_SPREAD)
}

/* Two dense lines as one of pairs; sizes of 4 and 8 bytes */
__attribute__((optimize("O3"))) static void ct_pairs(char *to, const char *first, const char *second, int size,
                                                     int64_t n)
{
    if (size == 4)
        for (int64_t i = 0; i < n; i++) {
            ((uint32_t *)to)[2 * i] = ((const uint32_t *)first)[i];
            ((uint32_t *)to)[2 * i + 1] = ((const uint32_t *)second)[i];
        }
    else
        for (int64_t i = 0; i < n; i++) {
            ((uint64_t *)to)[2 * i] = ((const uint64_t *)first)[i];
            ((uint64_t *)to)[2 * i + 1] = ((const uint64_t *)second)[i];
        }
}

/* n times the element of `size` bytes at `value`. x86 has an instruction that writes memory without reading it first,
 * which takes a third of the time of stores where caches end; else by copies of what is there already. */
static void ct_fill(char *to, const char *value, int size, int64_t n)
{
    int64_t bytes = n * size, done = bytes < 256 ? bytes : 256, step;
    ct_gather(to, value, 0, size, done / size);
#ifdef __x86_64__
    if (done < bytes && size <= 8) {
        uint64_t pattern, words = (bytes - done) / 8;
        char *at = to + done;
        memcpy(&pattern, to, 8);
        done += 8 * words;
        __asm__ volatile("rep stosq" : "+D"(at), "+c"(words) : "a"(pattern) : "memory");
    }
#endif
    for (; done < bytes; done += step) {
        step = done < 4096 ? done : 4096 / size * size;
        step = step < bytes - done ? step : bytes - done;
        memcpy(to + done, to, step);
    }
}

enum { CT_CAST_BLOCK = 512 };              /* elements */
#define CT_ALIGNED _Alignas(64) /* no vector of a block crosses a line of the cache */

/* The same bytes, without regard to how the lines lie; those that overlap are equal. */
static void ct_copy(char **data, const int64_t *steps, int64_t n, int size)
{
    char *to = data[0], *from = data[1];
    if ((steps[0] == size && steps[1] == size) || n == 1) {
        memcpy(to, from, n * size);
    } else if (steps[0] == size) {
        if (steps[1])
            ct_gather(to, from, steps[1], size, n);
        else
            ct_fill(to, from, size, n);
    } else if (steps[1] == size) {
        ct_scatter(to, steps[0], from, size, n);
    } else {
        CT_ALIGNED uint64_t block[2 * CT_CAST_BLOCK];
        for (int64_t i = 0; i < n; i += CT_CAST_BLOCK) {
            int64_t m = n - i < CT_CAST_BLOCK ? n - i : CT_CAST_BLOCK;
            ct_gather((char *)block, from + i * steps[1], steps[1], size, m);
            ct_scatter(to + i * steps[0], steps[0], (char *)block, size, m);
        }
    }
}

typedef void (*ct_cast_line)(char *to, const char *from, int64_t n);

/* A cast of dense lines, for lines that may lie otherwise. */
static void ct_cast(ct_cast_line line, char **data, const int64_t *steps, int64_t n, int to_size, int from_size)
{
    char *to = data[0], *from = data[1];
    if ((steps[0] == to_size && steps[1] == from_size) || n == 1) {
        line(to, from, n);
        return;
    }
    CT_ALIGNED uint64_t before[2 * CT_CAST_BLOCK], after[2 * CT_CAST_BLOCK];
    if (steps[1] == 0) {
        line((char *)after, from, 1);
        int64_t same[2] = {steps[0], 0};
        char *pair[2] = {to, (char *)after};
        ct_copy(pair, same, n, to_size);
        return;
    }
    for (int64_t i = 0; i < n; i += CT_CAST_BLOCK) {
        int64_t m = n - i < CT_CAST_BLOCK ? n - i : CT_CAST_BLOCK;
        char *in = from + i * steps[1], *out = to + i * steps[0];
        if (steps[1] != from_size) {
            ct_gather((char *)before, in, steps[1], from_size, m);
            in = (char *)before;
        }
        line(steps[0] == to_size ? out : (char *)after, in, m);
        if (steps[0] != to_size)
            ct_scatter(out, steps[0], (char *)after, to_size, m);
    }
}

/* A cast by way of float. */
static void ct_cast_twice(ct_cast_line first, ct_cast_line second, char *to, const char *from, int64_t n, int to_size,
                          int from_size)
{
    CT_ALIGNED float block[CT_CAST_BLOCK];
    for (int64_t i = 0; i < n; i += CT_CAST_BLOCK) {
        int64_t m = n - i < CT_CAST_BLOCK ? n - i : CT_CAST_BLOCK;
        first((char *)block, from + i * from_size, m);
        second(to + i * to_size, (char *)block, m);
    }
}
