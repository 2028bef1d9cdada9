/* Transposes of blocks that are whole vectors wide and high. */
#ifndef CTORCH_TRANSPOSE_H
#define CTORCH_TRANSPOSE_H
#include "simd.h"

#define BODY "transpose_body.h"
#include "each_float.h"

#endif
