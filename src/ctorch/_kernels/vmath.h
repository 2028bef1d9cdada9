/* Elementwise mathematics for the kernels: ct_<name>_f32 and ct_<name>_f64, scalar functions without branches that GCC
 * vectorises in plain loops at every width (SSE2, AVX2, AVX-512). NaN, infinities, signed zeros and subnormals are
 * C99's; float results are within 1.5 ulp, double ones within 2. */
#pragma once

#include "vmath_f32.h"
#include "vmath_f64.h"
