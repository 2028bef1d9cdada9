/* Triangular systems of at most CT_TRIANGLE rows, many right-hand sides at a time, and copies that transpose.

   Right-hand sides lie in columns; a vector of them is turned into rows, so that every step of the substitution is
   one of whole vectors, in the order and with the zeros that the plain loops have. */
#ifndef CTORCH_TRIANGLE_H
#define CTORCH_TRIANGLE_H
#include "partial.h"
#include "transpose.h"

#define CT_TRIANGLE 16

#define BODY "triangle_body.h"
#include "each_float.h"

#endif
