/* Products whose operands fit the first cache: no packing of A, no call into BLAS.
   C = alpha A B + beta C with C row-major; A has any strides, B has columns one element apart. */
#ifndef CTORCH_GEMM_SMALL_H
#define CTORCH_GEMM_SMALL_H
#include "simd.h"

#define REAL float
#define VEC ct_vec_f32
#define LANES CT_F32_LANES
#define NAME(x) x##_f32
#include "gemm_small_body.h"

#define REAL double
#define VEC ct_vec_f64
#define LANES CT_F64_LANES
#define NAME(x) x##_f64
#include "gemm_small_body.h"

#endif
