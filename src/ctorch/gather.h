/* Lines of memory to and from a dense buffer; a step of two elements, as every second column has, in vectors. */
#pragma once
#include <stdint.h>
#include <string.h>

#define CT_GATHER(type)                                                                          \
    do {                                                                                         \
        type *restrict out = (type *)to;                                                         \
        if (stride == 2 * (int64_t)sizeof(type)) {                                               \
            const type *in = (const type *)from;                                                 \
            for (int64_t i = 0; i < n; i++) out[i] = in[2 * i];                                  \
        } else {                                                                                 \
            for (int64_t i = 0; i < n; i++, from += stride) out[i] = *(const type *)from;        \
        }                                                                                        \
    } while (0)

#define CT_SCATTER(type)                                                                         \
    do {                                                                                         \
        const type *restrict in = (const type *)from;                                            \
        for (int64_t i = 0; i < n; i++, to += stride) *(type *)to = in[i];                       \
    } while (0)

typedef struct { uint64_t low, high; } ct_pair;

/* n elements of `size` bytes that lie `stride` bytes apart, one after another */
__attribute__((optimize("O3"))) static void ct_gather(char *to, const char *from, int64_t stride, int size, int64_t n) {
    switch (size) {
        case 1: CT_GATHER(uint8_t); break;
        case 2: CT_GATHER(uint16_t); break;
        case 4: CT_GATHER(uint32_t); break;
        case 8: CT_GATHER(uint64_t); break;
        default: CT_GATHER(ct_pair);
    }
}

static void ct_scatter(char *to, const char *from, int64_t stride, int size, int64_t n) {
    switch (size) {
        case 1: CT_SCATTER(uint8_t); break;
        case 2: CT_SCATTER(uint16_t); break;
        case 4: CT_SCATTER(uint32_t); break;
        case 8: CT_SCATTER(uint64_t); break;
        default: CT_SCATTER(ct_pair);
    }
}

/* n times the element of `size` bytes at `value`, by copies of what is there already: on some machines these are twice
 * as fast as memset */
static void ct_fill(char *to, const char *value, int size, int64_t n) {
    int64_t bytes = n * size, done = bytes < size ? 0 : size, step;
    memcpy(to, value, done);
    for (; done < bytes; done += step) {
        step = done < 4096 ? done : 4096 / size * size;
        step = step < bytes - done ? step : bytes - done;
        memcpy(to + done, to, step);
    }
}
