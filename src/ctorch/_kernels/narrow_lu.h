/* LU of narrow column-major matrices, which the caches hold. */
#ifndef CTORCH_NARROW_LU_H
#define CTORCH_NARROW_LU_H
#include "partial.h"
#include <math.h>

#define CT_PANEL_COLUMNS 4 /* that one pass over the pivot's column updates */

#define BODY "narrow_lu_body.h"
#include "each_float.h"

#endif
