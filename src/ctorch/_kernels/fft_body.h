/* One element type's share of fft.h. */
#include "fft_passes_body.h"

#include "fft_lines_body.h"

#include "fft_long_body.h"
