from libc.stdint cimport int32_t, int64_t

# One axis of contiguous arrays (outer, size, inner) made anew: y[o, j] is the sum over the taps t of j of
# weight[t] * x[o, source[t]].
cdef struct Resample:
    int64_t outer, size, out, inner
    int64_t taps                # of every element of the result, or 0 where they differ
    const int64_t* first        # first tap of each element, and their count at the end
    const int32_t* source       # with equal taps: [tap][element]; else one element's taps after the other's
    const void* weight
    const void* x
    void* y

# Samples of images at points. Sizes and points are (depth, height, width), planes those of `axes` 2 have depth 1.
cdef struct Sampling:
    int64_t batch, channels, axes
    int64_t size[3]
    int64_t points              # of each image
    int mode, padding           # GRID_...
    bint align
    const void* x               # (batch, channels, sizes)
    const void* grid            # (batch, points, axes), x first
    void* y                     # (batch, channels, points)
    const void* gy
    void* gx                    # NULL: not wanted
    void* ggrid

cdef enum:
    GRID_BILINEAR = 0
    GRID_NEAREST
    GRID_BICUBIC
    GRID_ZEROS = 0
    GRID_BORDER
    GRID_REFLECTION

# Index 0 is float32, 1 is float64.
cdef struct ResampleKernels:
    void (*axis[2])(const Resample* r) noexcept nogil
    void (*sample[2])(const Sampling* s) noexcept nogil
    void (*sample_backward[2])(const Sampling* s) noexcept nogil
