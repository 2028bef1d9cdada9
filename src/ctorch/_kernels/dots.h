/* Sums of products, and distances, in registers: for rows too short for loops that go through memory. */
#ifndef CTORCH_DOTS_H
#define CTORCH_DOTS_H
#include <math.h>

#include "partial.h"

#define CT_DOT_SUMS 4 /* vectors of sums side by side, so that additions need not wait for each other */

#define BODY "dots_body.h"
#include "each_float.h"

#endif
