/* Register tiles of the direct convolution.

   The source planes lie in a buffer in which every tap (channel, kernel row, kernel column) is a run of memory with
   one element per result pixel, at a known offset. A tile is then CT_CONV_ROWS channels by a few vectors of pixels,
   and needs one vector load per tap for all its channels. */
#ifndef CTORCH_CONV_TILE_H
#define CTORCH_CONV_TILE_H
#include "transpose.h"

/* As many sums as fit the registers, beside the loaded vectors and one broadcast weight. */
#if CT_VECTOR_COUNT == 32
#define CT_CONV_ROWS 8
#define CT_CONV_VECTORS 3
#elif defined(__FMA__)
#define CT_CONV_ROWS 4
#define CT_CONV_VECTORS 3
#else
#define CT_CONV_ROWS 4
#define CT_CONV_VECTORS 2
#endif
#define CT_CONV_DEPTH 128  /* taps whose vectors stay in the first cache while all output channels pass */
#define CT_CONV_PIXELS 128 /* the same for the pixels of a weight gradient */

/* How many vectors the next tile takes when `left` are to be done: no lone one after full ones. */
static inline int ct_conv_step(int64_t left) {
    if (left >= CT_CONV_VECTORS) return left == CT_CONV_VECTORS + 1 ? (CT_CONV_VECTORS + 1) / 2 : CT_CONV_VECTORS;
    return (int)left;
}

#define BODY "conv_tile_body.h"
#include "each_float.h"

#endif
