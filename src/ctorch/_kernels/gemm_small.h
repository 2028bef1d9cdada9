/* Products whose operands fit the first cache: no packing of A, no call into BLAS.
   C = alpha A B + beta C with C row-major; A has any strides, B has columns one element apart. */
#ifndef CTORCH_GEMM_SMALL_H
#define CTORCH_GEMM_SMALL_H
#include "simd.h"

#define BODY "gemm_small_body.h"
#include "each_float.h"

#endif
