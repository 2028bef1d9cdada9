/* Products of a symmetric matrix, of which the lower triangle is read once, and a vector. */
#ifndef CTORCH_SYMMETRIC_H
#define CTORCH_SYMMETRIC_H
#include "partial.h"

#define CT_SYMMETRIC 4 /* columns that pass at once: their sums and x[j] stay in registers */

#define BODY "symmetric_body.h"
#include "each_float.h"

#endif
