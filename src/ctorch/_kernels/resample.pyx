"""Interpolation along an axis, by lists of taps, and samples of images at points."""
from cpython.pycapsule cimport PyCapsule_New
from libc.math cimport floor, fmod, nearbyint
from libc.stdint cimport INT32_MAX, int32_t, int64_t
from libc.string cimport memcpy, memset

from ctorch._kernels.lanes cimport real
from ctorch._parallel cimport parallel_for

cdef extern from "grid.h" nogil:
    enum:
        CT_POINTS

    ctypedef struct ct_grid:
        int64_t height, width, channels, points
        int mode, padding, align

    void ct_sample_f32(const ct_grid* g, const float* point, int m, const float* x, float* y)
    void ct_sample_f64(const ct_grid* g, const double* point, int m, const double* x, double* y)

cdef enum:
    CHUNK = 16384       # elements of the result to a chunk

ctypedef void (*chunk_fn)(void* arg, int64_t number) noexcept nogil

# ------------------------------------------------------------------------------------------------------------
# One axis


cdef void last_axis(const Resample* r, const real* x, real* y) noexcept nogil:
    """One row whose elements are neighbours."""
    cdef int64_t j, t, out = r.out
    cdef const real* w = <const real*>r.weight
    cdef const int32_t* s = r.source
    cdef real total
    if r.taps == 1:
        for j in range(out):
            y[j] = x[s[j]] * w[j]
    elif r.taps == 2:
        for j in range(out):
            y[j] = x[s[j]] * w[j] + x[s[out + j]] * w[out + j]
    elif r.taps == 4:
        for j in range(out):
            y[j] = (x[s[j]] * w[j] + x[s[out + j]] * w[out + j] + x[s[2 * out + j]] * w[2 * out + j]
                    + x[s[3 * out + j]] * w[3 * out + j])
    else:
        for j in range(out):
            total = 0
            for t in range(r.first[j], r.first[j + 1]):
                total += x[s[t]] * w[t]
            y[j] = total


cdef void add_row(const real* x, real weight, bint first, real* y, int64_t n) noexcept nogil:
    cdef int64_t i
    if first:
        for i in range(n):
            y[i] = x[i] * weight
    else:
        for i in range(n):
            y[i] += x[i] * weight


cdef void add_two(const real* a, real v, const real* b, real w, real* y, int64_t n) noexcept nogil:
    cdef int64_t i
    for i in range(n):
        y[i] = a[i] * v + b[i] * w


cdef void other_axis(const Resample* r, const real* x, int64_t j, real* y) noexcept nogil:
    """The element j of an axis, a row of `inner`."""
    cdef const real* w = <const real*>r.weight
    cdef const int32_t* s = r.source
    cdef int64_t t, n = r.inner, out = r.out
    if r.taps == 1 and w[j] == 1:
        memcpy(y, x + s[j] * n, n * sizeof(real))
    elif r.taps == 2:
        add_two(x + s[j] * n, w[j], x + s[out + j] * n, w[out + j], y, n)
    elif r.taps:
        for t in range(r.taps):
            add_row(x + s[t * out + j] * n, w[t * out + j], t == 0, y, n)
    else:
        memset(y, 0, n * sizeof(real))
        for t in range(r.first[j], r.first[j + 1]):
            add_row(x + s[t] * n, w[t], False, y, n)


cdef inline int64_t rows_of_chunk(const Resample* r) noexcept nogil:
    return CHUNK // ((r.out if r.inner == 1 else r.inner) + 1) + 1


cdef void axis_chunk(const Resample* r, int64_t number, real* tag) noexcept nogil:
    cdef const real* x = <const real*>r.x
    cdef real* y = <real*>r.y
    cdef int64_t rows = r.outer if r.inner == 1 else r.outer * r.out, size = rows_of_chunk(r), i
    cdef int64_t stop = (number + 1) * size
    if stop > rows:
        stop = rows
    for i in range(number * size, stop):
        if r.inner == 1:
            last_axis(r, x + i * r.size, y + i * r.out)
        else:
            other_axis(r, x + i // r.out * r.size * r.inner, i % r.out, y + i * r.inner)


cdef void axis_chunk_f32(void* r, int64_t number) noexcept nogil:
    axis_chunk(<const Resample*>r, number, <float*>NULL)


cdef void axis_chunk_f64(void* r, int64_t number) noexcept nogil:
    axis_chunk(<const Resample*>r, number, <double*>NULL)


cdef void share_axis(const Resample* r, chunk_fn fn) noexcept nogil:
    cdef int64_t rows = r.outer if r.inner == 1 else r.outer * r.out, size = rows_of_chunk(r)
    parallel_for(fn, <void*>r, (rows + size - 1) // size)


cdef void axis_f32(const Resample* r) noexcept nogil:
    share_axis(r, axis_chunk_f32)


cdef void axis_f64(const Resample* r) noexcept nogil:
    share_axis(r, axis_chunk_f64)

# ------------------------------------------------------------------------------------------------------------
# Points of images: coordinates from -1 to 1 become places, with the derivative of the place


cdef inline real reflected(real at, int64_t twice_low, int64_t twice_high, real* slope) noexcept nogil:
    """A place reflected into [low, high], given twice the bounds, which may be halves."""
    cdef real low = <real>twice_low / 2, span = <real>(twice_high - twice_low) / 2, extra
    cdef int64_t flips
    if twice_low == twice_high:
        slope[0] = 0
        return 0
    at -= low
    if at < 0:
        at = -at
        slope[0] = -slope[0]
    extra = <real>fmod(at, span)
    flips = <int64_t>floor(at / span)
    if flips % 2 == 0:
        return extra + low
    slope[0] = -slope[0]
    return span - extra + low


cdef inline real inside(const Sampling* s, real at, int64_t size, real* slope) noexcept nogil:
    """A place after padding."""
    if s.padding == GRID_ZEROS:
        return at
    if s.padding == GRID_REFLECTION:
        if s.align:
            at = reflected(at, 0, 2 * (size - 1), slope)
        else:
            at = reflected(at, -1, 2 * size - 1, slope)
    if not at > 0:                      # NaN too
        slope[0] = 0
        return 0
    if at >= size - 1:
        slope[0] = 0
        return <real>(size - 1)
    return at


cdef inline real place(const Sampling* s, real c, int64_t size, real* slope) noexcept nogil:
    if s.align:
        slope[0] = <real>(size - 1) / 2
        return (c + 1) / 2 * (size - 1)
    slope[0] = <real>size / 2
    return ((c + 1) * size - 1) / 2

cdef struct Corners:
    int count
    int64_t at[16]              # -1: outside
    double weight[16]
    double slope[16][3]         # of the weight, to each coordinate of the grid


cdef inline int64_t clear(real at) noexcept nogil:
    # What cannot be an index is far outside.
    return <int64_t>at if -1e9 < at < 1e9 else -100


cdef inline void linear_corners(const Sampling* s, const real* point, Corners* c, bint slopes) noexcept nogil:
    cdef int64_t low[3]
    cdef real part[3]
    cdef real slope[3]
    cdef real at, weight
    cdef int axis, corner, side, other, n = <int>s.axes
    cdef int64_t index, first = 3 - n, k
    for axis in range(n):               # x, the first of a point, is the last axis
        at = inside(s, place(s, point[axis], s.size[2 - axis], slope + axis), s.size[2 - axis], slope + axis)
        low[axis] = clear(<real>floor(at))
        part[axis] = at - <real>floor(at)
    c.count = 1 << n
    for corner in range(c.count):
        index = 0
        c.weight[corner] = 1
        for k in range(first, 3):
            axis = <int>(2 - k)
            side = corner >> axis & 1
            if index >= 0:
                if 0 <= low[axis] + side < s.size[k]:
                    index = index * s.size[k] + low[axis] + side
                else:
                    index = -1
            c.weight[corner] *= part[axis] if side else 1 - part[axis]
        c.at[corner] = index
        for axis in range(n if slopes else 0):
            weight = slope[axis] if corner >> axis & 1 else -slope[axis]
            for other in range(n):
                if other != axis:
                    weight *= part[other] if corner >> other & 1 else 1 - part[other]
            c.slope[corner][axis] = weight


cdef inline void nearest_corner(const Sampling* s, const real* point, Corners* c) noexcept nogil:
    cdef real slope, at
    cdef int64_t index = 0, k, low
    c.count = 1
    for k in range(3 - s.axes, 3):
        at = inside(s, place(s, point[2 - k], s.size[k], &slope), s.size[k], &slope)
        low = clear(<real>nearbyint(at))
        if index >= 0:
            index = index * s.size[k] + low if 0 <= low < s.size[k] else -1
        c.slope[0][2 - k] = 0
    c.at[0], c.weight[0] = index, 1


cdef inline void cubic(double t, double* w, double* slope) noexcept nogil:
    """Keys's weights of four neighbours with A = -0.75, and their derivatives."""
    cdef double a = -0.75, x
    x = t + 1
    w[0], slope[0] = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a, (3 * a * x - 10 * a) * x + 8 * a
    x = t
    w[1], slope[1] = ((a + 2) * x - (a + 3)) * x * x + 1, (3 * (a + 2) * x - 2 * (a + 3)) * x
    x = 1 - t
    w[2], slope[2] = ((a + 2) * x - (a + 3)) * x * x + 1, -(3 * (a + 2) * x - 2 * (a + 3)) * x
    x = 2 - t
    w[3], slope[3] = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a, -((3 * a * x - 10 * a) * x + 8 * a)


cdef inline void cubic_corners(const Sampling* s, const real* point, Corners* c, bint slopes) noexcept nogil:
    cdef double w[2][4]
    cdef double slope[2][4]
    cdef int64_t at[2][4]
    cdef real scale[2]
    cdef real ignored = 1, x, whole
    cdef int axis, i, j
    for axis in range(2):
        x = place(s, point[axis], s.size[2 - axis], scale + axis)
        whole = <real>floor(x)
        cubic(x - whole, w[axis], slope[axis])
        for i in range(4):
            at[axis][i] = clear(inside(s, whole - 1 + i, s.size[2 - axis], &ignored))
            if at[axis][i] < 0 or at[axis][i] >= s.size[2 - axis]:
                at[axis][i] = -1
    c.count = 16
    for i in range(4):
        for j in range(4):
            c.at[4 * i + j] = -1 if at[1][i] < 0 or at[0][j] < 0 else at[1][i] * s.size[2] + at[0][j]
            c.weight[4 * i + j] = w[1][i] * w[0][j]
            if not slopes:
                continue
            c.slope[4 * i + j][0] = w[1][i] * slope[0][j] * scale[0]
            c.slope[4 * i + j][1] = slope[1][i] * w[0][j] * scale[1]


cdef inline void corners(const Sampling* s, const real* point, Corners* c, bint slopes) noexcept nogil:
    if s.mode == GRID_NEAREST:
        nearest_corner(s, point, c)
    elif s.mode == GRID_BICUBIC:
        cubic_corners(s, point, c, slopes)
    else:
        linear_corners(s, point, c, slopes)


cdef void sample_point(const Sampling* s, const real* point, const real* x, real* y) noexcept nogil:
    """A point in all channels of an image."""
    cdef int64_t area = s.size[0] * s.size[1] * s.size[2], channel
    cdef Corners c
    cdef int j
    cdef real total
    corners(s, point, &c, False)
    for channel in range(s.channels):
        total = 0
        for j in range(c.count):
            total += (x[c.at[j]] if c.at[j] >= 0 else <real>0) * <real>c.weight[j]
        y[channel * s.points] = total
        x += area


cdef void sample_chunk(const Sampling* s, int64_t number, real* tag) noexcept nogil:
    """Some points of an image."""
    cdef int64_t parts = (s.points + 1023) // 1024, image = number // parts, i = number % parts * 1024
    cdef int64_t area = s.size[0] * s.size[1] * s.size[2], stop = i + 1024 if i + 1024 < s.points else s.points
    cdef const real* grid = <const real*>s.grid + image * s.points * s.axes
    cdef const real* x = <const real*>s.x + image * s.channels * area
    cdef real* y = <real*>s.y + image * s.channels * s.points
    cdef ct_grid g
    cdef int m
    g.height, g.width, g.channels, g.points = s.size[1], s.size[2], s.channels, s.points
    g.mode, g.padding, g.align = s.mode, s.padding, s.align
    while i < stop:
        if s.axes == 2 and 0 < area <= INT32_MAX:
            m = <int>(stop - i) if stop - i < CT_POINTS else CT_POINTS
            if real is float:
                ct_sample_f32(&g, grid + 2 * i, m, x, y + i)
            else:
                ct_sample_f64(&g, grid + 2 * i, m, x, y + i)
            i += m
        else:
            sample_point(s, grid + s.axes * i, x, y + i)
            i += 1


cdef void sample_backward_image(const Sampling* s, int64_t image, real* tag) noexcept nogil:
    cdef int64_t i, k, area = s.size[0] * s.size[1] * s.size[2]
    cdef const real* grid = <const real*>s.grid + image * s.points * s.axes
    cdef real* to = <real*>s.ggrid + image * s.points * s.axes
    cdef const real* x
    cdef const real* gy
    cdef real* gx
    cdef double slope[3]
    cdef Corners c
    cdef int j, axis
    if s.gx != NULL:
        memset(<real*>s.gx + image * s.channels * area, 0, s.channels * area * sizeof(real))
    for i in range(s.points):
        corners(s, grid + i * s.axes, &c, True)
        slope[0] = slope[1] = slope[2] = 0
        for k in range(s.channels):
            x = <const real*>s.x + (image * s.channels + k) * area
            gx = <real*>s.gx + (image * s.channels + k) * area
            gy = <const real*>s.gy + (image * s.channels + k) * s.points + i
            for j in range(c.count):
                if c.at[j] >= 0:
                    if s.gx != NULL:
                        gx[c.at[j]] += gy[0] * <real>c.weight[j]
                    for axis in range(s.axes):
                        slope[axis] += gy[0] * x[c.at[j]] * c.slope[j][axis]
        for axis in range(s.axes):
            to[i * s.axes + axis] = <real>slope[axis]


cdef void sample_chunk_f32(void* s, int64_t number) noexcept nogil:
    sample_chunk(<const Sampling*>s, number, <float*>NULL)


cdef void sample_chunk_f64(void* s, int64_t number) noexcept nogil:
    sample_chunk(<const Sampling*>s, number, <double*>NULL)


cdef void sample_backward_image_f32(void* s, int64_t image) noexcept nogil:
    sample_backward_image(<const Sampling*>s, image, <float*>NULL)


cdef void sample_backward_image_f64(void* s, int64_t image) noexcept nogil:
    sample_backward_image(<const Sampling*>s, image, <double*>NULL)


cdef void sample_f32(const Sampling* s) noexcept nogil:
    parallel_for(sample_chunk_f32, <void*>s, s.batch * ((s.points + 1023) // 1024))


cdef void sample_f64(const Sampling* s) noexcept nogil:
    parallel_for(sample_chunk_f64, <void*>s, s.batch * ((s.points + 1023) // 1024))


cdef void sample_backward_f32(const Sampling* s) noexcept nogil:
    parallel_for(sample_backward_image_f32, <void*>s, s.batch)


cdef void sample_backward_f64(const Sampling* s) noexcept nogil:
    parallel_for(sample_backward_image_f64, <void*>s, s.batch)


cdef ResampleKernels table
table.axis[:] = [axis_f32, axis_f64]
table.sample[:] = [sample_f32, sample_f64]
table.sample_backward[:] = [sample_backward_f32, sample_backward_f64]

kernels = PyCapsule_New(&table, b"ctorch.kernels", NULL)
