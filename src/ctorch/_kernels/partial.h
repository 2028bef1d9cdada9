/* Loads and stores of less than a vector. */
#ifndef CTORCH_PARTIAL_H
#define CTORCH_PARTIAL_H
#include "simd.h"
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#define BODY "partial_body.h"
#include "each_float.h"

#endif
