/* Samples of images at points, in blocks: loops over the points become vectors, and what they need of a point is found
 * once for all channels. */
#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { CT_POINTS = 64, CT_LINEAR = 0, CT_NEAREST, CT_CUBIC, CT_ZEROS = 0, CT_BORDER, CT_REFLECTION };

typedef struct {
    int64_t height, width, channels, points; /* `points` is the step between channels of the result */
    int mode, padding, align;
} ct_grid;

/* The corners of a block of points: elements of an image, and whether they lie in it at all. */
typedef struct {
    int32_t at[16][CT_POINTS];
    int32_t keep[16][CT_POINTS];
} ct_corners;

static void ct_corner(ct_corners *c, int corner, const int32_t *row, const int32_t *column, int height, int width) {
    for (int p = 0; p < CT_POINTS; p++) {
        int keep = (row[p] >= 0) & (row[p] < height) & (column[p] >= 0) & (column[p] < width);
        c->keep[corner][p] = -keep;
        c->at[corner][p] = -keep & (row[p] * width + column[p]);
    }
}

#define ct_floor_f32 floorf
#define ct_floor_f64 floor
#define ct_round_f32 nearbyintf
#define ct_round_f64 nearbyint

#define REAL float
#define BITS uint32_t
#define NAME(name) name##_f32
#include "grid_body.h"
#undef REAL
#undef BITS
#undef NAME
#define REAL double
#define BITS uint64_t
#define NAME(name) name##_f64
#include "grid_body.h"
#undef REAL
#undef BITS
#undef NAME
