/* Matrix products from tiles of C that stay in registers while a column of A and a row of B go by.

   B is taken in panels as wide as a tile. A block of them, CT_GEMM_DEPTH deep, is packed for the second cache and
   passes once for every few rows of A, which stay in the first cache and are read where they lie. Where the panels
   would pass only a few times, B is read where it lies too (Goto and van de Geijn, Anatomy of High-Performance
   Matrix Multiplication, 2008, with the roles of A and B exchanged, as C is row-major).

   A product of complex matrices is a real one: A's numbers are pairs, and for each row of B there is a second one
   times i. The order of the additions to an element of C depends on the depth alone. */
#ifndef CTORCH_GEMM_BLOCK_H
#define CTORCH_GEMM_BLOCK_H
#include "partial.h"
#include "transpose.h"

/* As many sums as fit the registers, beside the loaded vectors and one broadcast element of A. */
#if CT_VECTOR_COUNT == 32
#define CT_TILE_ROWS 8
#define CT_TILE_VECTORS 3
#elif defined(__FMA__)
#define CT_TILE_ROWS 4
#define CT_TILE_VECTORS 3
#else
#define CT_TILE_ROWS 4
#define CT_TILE_VECTORS 2
#endif
#define CT_GEMM_DEPTH 384
#define CT_GEMM_PANELS 5         /* of a block: 360 KB with AVX-512 */
#define CT_GEMM_FEW_ROWS 64      /* rows for which packing B does not pay */
#define CT_GEMM_NEAR (128 * 128) /* elements of an operand that the caches hold as it is */
#define CT_GEMM_TINY 4           /* rows of B that fit the registers whole */
#define CT_GEMM_AHEAD 8          /* rows of B between the prefetched one and the one in use */

#define BODY "gemm_block_body.h"
#include "each_float.h"

#endif
