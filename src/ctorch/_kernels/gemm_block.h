/* Matrix products from packed blocks, by the register tiles of the convolution.

   A is packed by groups of CT_CONV_ROWS rows, B by panels of a few vectors of columns, GEMM_DEPTH deep, so that a
   panel stays in the first cache while all rows pass. BLAS does the same; here packing also takes the transposes
   and alpha, and thin matrices keep full tiles. */
#ifndef CTORCH_GEMM_BLOCK_H
#define CTORCH_GEMM_BLOCK_H
#include "conv_tile.h"

#define CT_GEMM_DEPTH 128 /* of a panel: 24 KB of float with AVX-512 */
#define CT_GEMM_ROWS 512  /* of A packed at a time: in the second cache */

#define BODY "gemm_block_body.h"
#include "each_float.h"

#endif
