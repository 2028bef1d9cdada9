"""Direct convolution: one shifted copy of the image per kernel column, then register tiles over its pixels.

With the copies every tap of the kernel is a contiguous run over the result's pixels, so neither strides nor
padding nor dilation reach the inner loop, and results are written in place. The gradient to the input is the same
convolution of gy with the kernel mirrored, once per residue of the stride; the gradient to the weights
multiplies the same copies with gy transposed.
"""
from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport INT32_MAX, int32_t, int64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memset

from ctorch._kernels.lanes cimport real
from ctorch._kernels.parts cimport least
from ctorch._parallel cimport parallel_for

cdef extern from "scratch.h" nogil:
    void* ct_scratch(size_t size)

cdef extern from "conv_tile.h" nogil:
    enum:
        CT_CONV_ROWS
        CT_CONV_VECTORS
        CT_VECTOR_BYTES
    void conv_pixels_f32 "ct_conv_pixels_f32" (
        const float* w, int64_t w_depth, const float* x, const int32_t* offset, int64_t depth, int64_t outputs,
        const float* start, float* y, int64_t y_row, int64_t pixels)
    void conv_pixels_f64 "ct_conv_pixels_f64" (
        const double* w, int64_t w_depth, const double* x, const int32_t* offset, int64_t depth, int64_t outputs,
        const double* start, double* y, int64_t y_row, int64_t pixels)
    void conv_weights_f32 "ct_conv_weights_f32" (
        const float* x, const int32_t* offset, int64_t taps, const float* g, int64_t outputs, int64_t pixels,
        float* to)
    void conv_weights_f64 "ct_conv_weights_f64" (
        const double* x, const int32_t* offset, int64_t taps, const double* g, int64_t outputs, int64_t pixels,
        double* to)
    void copy_masked_f32 "ct_conv_copy_masked_f32" (const float* x, const float* mask, int64_t count, float* to)
    void copy_masked_f64 "ct_conv_copy_masked_f64" (const double* x, const double* mask, int64_t count, double* to)
    void copy_row_f32 "ct_conv_copy_row_f32" (
        const float* x, int64_t low, int64_t high, int64_t width, float* to)
    void copy_row_f64 "ct_conv_copy_row_f64" (
        const double* x, int64_t low, int64_t high, int64_t width, double* to)
    void transpose_f32 "ct_transpose_padded_f32" (
        const float* x, int64_t x_row, int64_t rows, int64_t columns, float* to, int64_t to_row)
    void transpose_f64 "ct_transpose_padded_f64" (
        const double* x, int64_t x_row, int64_t rows, int64_t columns, double* to, int64_t to_row)

cdef enum:
    COPY_BYTES = 192 * 1024         # of shifted copies at a time: they stay in the second cache
    MASKED_WIDTH = 64               # planes this narrow are copied as a whole, wider ones by rows
    CHUNK_PRODUCT = 1 << 18         # multiplications that a chunk of small images adds up to
    SPLITS = 16                     # chunks that a batch of small images, or a weight gradient, is cut into
    PARTIAL_BYTES = 1 << 25         # most that their partial sums may take

ctypedef void (*chunk_fn)(void* job, int64_t number) noexcept nogil


cdef inline int64_t up(int64_t size, int64_t multiple) noexcept nogil:
    return (size + multiple - 1) // multiple * multiple


cdef inline int64_t most(int64_t a, int64_t b) noexcept nogil:
    return a if a > b else b


cdef inline int64_t floor_div(int64_t a, int64_t b) noexcept nogil:
    return a // b if a >= 0 else -((-a + b - 1) // b)

# ------------------------------------------------------------------------------------------------------------
# Taps: result pixel (i, j) meets source pixel (i * step_h + dy, j * step_w + dx)

cdef struct Axis:
    int64_t source, result, step    # sizes of the planes along this axis
    int64_t taps
    int64_t* shift                  # dy or dx of each tap
    int64_t* kernel                 # and which element of the kernel it is
    int64_t* low                    # first result element whose source element exists
    int64_t* high                   # and one past the last of them
    int64_t first, last             # least and largest shift

cdef struct Taps:
    Axis h, w
    int64_t channels, outputs       # of a group
    int64_t phases                  # source rows are kept apart by their residue to step_h
    int64_t band                    # result rows worked on at a time
    int64_t block                   # source channels copied at a time
    int64_t rows                    # rows of each phase in the copies of a band
    int32_t* offset                 # of each tap of a block's channels in the copies
    char* masks                     # for narrow planes, NULL for others: per kernel column and element of a
                                    # copied band, bits set where its row has not wrapped


cdef bint new_axis(Axis* a, int64_t source, int64_t result, int64_t step, int64_t kernel) noexcept nogil:
    a.source, a.result, a.step, a.taps, a.first, a.last = source, result, step, 0, 0, 0
    a.shift = <int64_t*>malloc(4 * (kernel + 1) * sizeof(int64_t))
    a.kernel, a.low, a.high = a.shift + kernel + 1, a.shift + 2 * (kernel + 1), a.shift + 3 * (kernel + 1)
    return a.shift != NULL


cdef void add_tap(Axis* a, int64_t shift, int64_t kernel) noexcept nogil:
    a.shift[a.taps], a.kernel[a.taps] = shift, kernel
    a.low[a.taps] = least(most(0, -floor_div(shift, a.step)), a.result)
    a.high[a.taps] = most(least(floor_div(a.source - 1 - shift, a.step) + 1, a.result), a.low[a.taps])
    a.first = shift if a.taps == 0 else least(a.first, shift)
    a.last = shift if a.taps == 0 else most(a.last, shift)
    a.taps += 1


cdef bint forward_axis(Axis* a, int64_t source, int64_t result, int64_t kernel, int64_t stride, int64_t pad,
                       int64_t dilation) noexcept nogil:
    cdef int64_t k
    if not new_axis(a, source, result, stride, kernel):
        return False
    for k in range(kernel):
        add_tap(a, k * dilation - pad, k)
    return True


cdef bint mirrored_axis(Axis* a, int64_t residue, int64_t size, int64_t out, int64_t kernel, int64_t stride,
                        int64_t pad, int64_t dilation) noexcept nogil:
    """Input pixels residue, residue + stride, ... from the output pixels that they took part in."""
    cdef int64_t k, at
    if not new_axis(a, out, (size - residue + stride - 1) // stride, 1, kernel):
        return False
    for k in range(kernel):
        at = residue + pad - k * dilation
        if floor_div(at, stride) * stride == at:
            add_tap(a, floor_div(at, stride), k)
    return True


cdef int64_t copied_rows(const Taps* t, int64_t band) noexcept nogil:
    return band + (t.h.last - t.h.first) // t.h.step


cdef int64_t copy_size(const Taps* t) noexcept nogil:
    return t.block * t.w.taps * t.phases * copied_rows(t, t.band) * t.w.result


cdef int make_masks(Taps* t, int64_t item) noexcept nogil:
    cdef int64_t i, j, low, high, size = t.rows * t.w.result * item
    t.masks = <char*>calloc(t.w.taps * size + 1, 1)
    if t.masks == NULL:
        return -1
    for j in range(t.w.taps):
        low, high = t.w.low[j], t.w.high[j]
        for i in range(t.rows):
            memset(t.masks + j * size + (i * t.w.result + low) * item, 0xFF, (high - low) * item)
    return 0


cdef int plan(Taps* t, int64_t item) noexcept nogil:
    """Chooses band and block so that the copies stay in cache, and fills the offsets: 0, -1 or -2."""
    cdef int64_t c, i, j, taps = t.h.taps * t.w.taps, at, row
    t.offset, t.masks = NULL, NULL
    t.phases = least(t.h.step, t.h.last - t.h.first + 1)
    t.band, t.block = t.h.result, t.channels
    while copy_size(t) * item > COPY_BYTES:
        if t.band > 4 and t.band * t.w.result > 384:
            t.band = (t.band + 1) // 2
        elif t.block > 16 and t.block * taps > 128:
            t.block = (t.block + 1) // 2
        elif t.band > 1:
            t.band = (t.band + 1) // 2
        elif t.block > 1:
            t.block = (t.block + 1) // 2
        else:
            break
    for i in range(least(4, t.h.result - t.band)):      # whole vectors of pixels, if a few more rows make them
        if (t.band + i) * t.w.result % (CT_VECTOR_BYTES // item) == 0:
            t.band += i
            break
    t.rows = copied_rows(t, t.band)
    if copy_size(t) > INT32_MAX:
        return -2
    t.offset = <int32_t*>malloc((t.block * taps + 1) * sizeof(int32_t))
    if t.offset == NULL:
        return -1
    at = 0
    for c in range(t.block):
        for i in range(t.h.taps):
            for j in range(t.w.taps):
                row = (t.h.shift[i] - t.h.first) // t.h.step
                row += (t.h.shift[i] - t.h.first) % t.h.step * t.rows
                t.offset[at] = <int32_t>((((c * t.w.taps + j) * t.phases * t.rows) + row) * t.w.result)
                at += 1
    if t.h.step == 1 and t.w.step == 1 and t.w.source == t.w.result and t.w.source <= MASKED_WIDTH:
        return make_masks(t, item)
    return 0


cdef void release(Taps* t) noexcept nogil:
    free(t.h.shift)
    free(t.w.shift)
    free(t.offset)
    free(t.masks)


cdef inline int64_t scratch_size(const Taps* t, int64_t item) noexcept nogil:
    """Elements of the copies, with what tiles may read past them, in whole cache lines."""
    return up(copy_size(t) + CT_CONV_VECTORS * (CT_VECTOR_BYTES // item), 64)


cdef void copy_whole(const Taps* t, const real* plane, int64_t start, int64_t rows, int64_t j, bint again,
                     real* to) noexcept nogil:
    """Source rows of a band at one kernel column, when result and source rows lie in memory alike: one run,
    less what wrapped from the neighbouring row. With `again` the rows outside the plane are zero already."""
    cdef int64_t shift = t.w.shift[j], width = t.w.result, i
    cdef int64_t low = t.w.low[j], high = t.w.high[j]
    cdef int64_t source = start + t.h.first, above = least(most(0, -source), rows)
    cdef int64_t below = most(least(t.h.source - source, rows), above)
    cdef int64_t count = (below - above) * width - low - (width - high)
    cdef const real* mask = <const real*>t.masks + j * t.rows * width
    if high == low or above == below:
        memset(to, 0, rows * width * sizeof(real))
        return
    if not again:
        for i in range(above * width):
            to[i] = 0
        for i in range(below * width, rows * width):
            to[i] = 0
    if low > 0:             # few: the loop alone would become a call of memset
        to[above * width] = 0
        for i in range(1, low):
            to[above * width + i] = 0
    plane += (source + above) * width + low + shift
    to += above * width + low
    if real is float:
        copy_masked_f32(plane, mask + low, count, to)
    else:
        copy_masked_f64(plane, mask + low, count, to)
    if high < width:
        to[count] = 0
        for i in range(1, width - high):
            to[count + i] = 0


cdef void copy_rows(const Taps* t, const real* plane, int64_t start, int64_t rows, int64_t j,
                    real* to) noexcept nogil:
    """Source rows of a band at one kernel column, each of the phases in turn."""
    cdef int64_t shift = t.w.shift[j], width = t.w.result, step = t.w.step
    cdef int64_t low = t.w.low[j], high = t.w.high[j], phase, i, k, source
    cdef const real* row
    for phase in range(t.phases):
        for i in range(rows):
            source = (start + i) * t.h.step + t.h.first + phase
            if 0 <= source < t.h.source:
                row = plane + source * t.w.source + shift
                if step == 1:
                    if real is float:
                        copy_row_f32(row, low, high, width, to)
                    else:
                        copy_row_f64(row, low, high, width, to)
                else:
                    for k in range(low):
                        to[k] = 0
                    for k in range(low, high):
                        to[k] = row[k * step]
                    for k in range(high, width):
                        to[k] = 0
            else:
                memset(to, 0, width * sizeof(real))
            to += width
        to += (t.rows - rows) * width


cdef void copy_block(const Taps* t, const real* planes, int64_t first, int64_t count, int64_t start, int64_t band,
                     bint again, real* to) noexcept nogil:
    """Shifted copies of channels first to first + count, and zeros where the last tile reads past them.
    Again: `to` holds the same band of another image, and this is the only block."""
    cdef int64_t c, j, size = t.phases * t.rows * t.w.result
    cdef int64_t slack = CT_CONV_VECTORS * (CT_VECTOR_BYTES // sizeof(real))
    cdef int64_t rows = copied_rows(t, band)
    for c in range(first, first + count):
        for j in range(t.w.taps):
            if t.masks != NULL:
                copy_whole(t, planes + c * t.h.source * t.w.source, start, rows, j, again, to)
            else:
                copy_rows(t, planes + c * t.h.source * t.w.source, start, rows, j, to)
            to += size
    memset(to, 0, slack * sizeof(real))

# ------------------------------------------------------------------------------------------------------------
# The convolution itself

cdef struct Pass:
    const Taps* taps
    int64_t batch, groups, images, bands    # images to a chunk
    const void* source          # (batch, groups * channels, ...)
    const void* weight          # packed
    const void* start           # what sums begin with, outputs padded as the weights are
    void* to                    # (batch, groups * outputs, to_h, to_w)
    int64_t to_h, to_w
    int64_t step_h, step_w, first_h, first_w    # which of its pixels are results
    int code


cdef void scatter(const Pass* p, const real* tile, int64_t pixels, real* to, int64_t start,
                  int64_t band) noexcept nogil:
    cdef int64_t o, i, j, width = p.taps.w.result
    cdef real* row
    for o in range(p.taps.outputs):
        for i in range(band):
            row = to + (o * p.to_h + (start + i) * p.step_h + p.first_h) * p.to_w + p.first_w
            for j in range(width):
                row[j * p.step_w] = tile[o * pixels + i * width + j]


cdef void convolve_band(const Pass* p, const real* planes, int64_t group, real* to, int64_t start, bint again,
                        real* copies) noexcept nogil:
    cdef const Taps* t = p.taps
    cdef int64_t padded = up(t.outputs, CT_CONV_ROWS), taps = t.h.taps * t.w.taps, depth = t.channels * taps
    cdef int64_t band = least(t.band, t.h.result - start), pixels = band * t.w.result, row = pixels
    cdef int64_t first = 0, count
    cdef const real* weight = <const real*>p.weight + group * padded * depth
    cdef const real* begin = <const real*>p.start + group * padded
    cdef real* tile = copies + scratch_size(t, sizeof(real))
    cdef bint direct = p.step_h == 1 and p.step_w == 1
    if direct:
        tile, row = to + start * t.w.result, p.to_h * p.to_w
    while True:
        count = least(t.block, t.channels - first)
        copy_block(t, planes, first, count, start, band, again and count == t.channels, copies)
        if real is float:
            conv_pixels_f32(weight + first * taps * CT_CONV_ROWS, depth, copies, t.offset, count * taps, t.outputs,
                            begin if first == 0 else NULL, tile, row, pixels)
        else:
            conv_pixels_f64(weight + first * taps * CT_CONV_ROWS, depth, copies, t.offset, count * taps, t.outputs,
                            begin if first == 0 else NULL, tile, row, pixels)
        first += count
        if first >= t.channels:
            break
    if not direct:
        scatter(p, <const real*>tile, pixels, to, start, band)


cdef void convolve_chunk(Pass* p, int64_t number, real* tag) noexcept nogil:
    cdef const Taps* t = p.taps
    cdef int64_t band = number % p.bands, group = number // p.bands % p.groups
    cdef int64_t image = number // p.bands // p.groups * p.images, stop = least(image + p.images, p.batch)
    cdef int64_t size = scratch_size(t, sizeof(real)) + t.outputs * t.band * t.w.result
    cdef bint again = False
    cdef real* copies = <real*>ct_scratch(size * sizeof(real))
    if copies == NULL:
        p.code = -1
        return
    while image < stop:
        convolve_band(p, <const real*>p.source + (image * p.groups + group) * t.channels * t.h.source * t.w.source,
                      group, <real*>p.to + (image * p.groups + group) * t.outputs * p.to_h * p.to_w,
                      band * t.band, again, copies)
        again = True
        image += 1


cdef void convolve_chunk_f32(void* p, int64_t number) noexcept nogil:
    convolve_chunk(<Pass*>p, number, <float*>NULL)


cdef void convolve_chunk_f64(void* p, int64_t number) noexcept nogil:
    convolve_chunk(<Pass*>p, number, <double*>NULL)


cdef void pack(const Taps* t, const Conv2d* c, bint mirrored, real* to) noexcept nogil:
    """The kernel as [group][outputs / CT_CONV_ROWS][channel, row, column][CT_CONV_ROWS], zeros in spare rows.
    Mirrored exchanges inputs and outputs; the axes say which of its elements take part."""
    cdef int64_t area = c.kernel_h * c.kernel_w, inputs = c.channels // c.groups, group, o, r, k, i, j
    cdef int64_t out_step = area if mirrored else inputs * area, in_step = inputs * area if mirrored else area
    cdef const real* w
    cdef const real* at
    cdef real* column
    for group in range(c.groups):
        w = <const real*>c.weight + group * (c.outputs // c.groups) * inputs * area
        o = 0
        while o < t.outputs:
            for r in range(CT_CONV_ROWS):
                column = to + r
                at = w + (o + r) * out_step
                for k in range(t.channels):  # no-cython-lint
                    for i in range(t.h.taps):
                        for j in range(t.w.taps):
                            column[0] = (at[t.h.kernel[i] * c.kernel_w + t.w.kernel[j]] if o + r < t.outputs
                                         else 0)
                            column += CT_CONV_ROWS
                    at += in_step
            to += t.channels * t.h.taps * t.w.taps * CT_CONV_ROWS
            o += CT_CONV_ROWS


cdef int convolve(const Taps* t, const Conv2d* c, bint mirrored, Pass* p, real* tag) noexcept nogil:
    """One pass over planned taps: packs the weights and shares the bands of all images among the threads."""
    cdef int64_t padded = up(t.outputs, CT_CONV_ROWS), depth = t.channels * t.h.taps * t.w.taps, group, o
    cdef int64_t work = t.h.result * t.w.result * (depth + 1) * padded
    cdef real* weight = <real*>malloc((c.groups * padded * (depth + 1) + 1) * sizeof(real))
    cdef real* start = weight + c.groups * padded * depth
    if weight == NULL:
        return -1
    if t.h.result == 0 or t.w.result == 0:
        free(weight)
        return 0
    pack(t, c, mirrored, weight)
    memset(start, 0, c.groups * padded * sizeof(real))
    if c.bias != NULL and not mirrored:
        for group in range(c.groups):
            for o in range(t.outputs):
                start[group * padded + o] = (<const real*>c.bias)[group * t.outputs + o]
    p.taps, p.batch, p.groups, p.weight, p.start, p.code = t, c.batch, c.groups, weight, start, 0
    p.bands = (t.h.result + t.band - 1) // t.band
    p.images = 1 if p.bands > 1 else most(CHUNK_PRODUCT // work + 1, c.batch // SPLITS)
    work = (c.batch + p.images - 1) // p.images * p.groups * p.bands
    if real is float:
        parallel_for(convolve_chunk_f32, p, work)
    else:
        parallel_for(convolve_chunk_f64, p, work)
    free(weight)
    return p.code


cdef int forward(const Conv2d* c, real* tag) noexcept nogil:
    cdef Taps t
    cdef Pass p
    cdef int code = -1
    memset(&t, 0, sizeof(t))
    if c.batch == 0 or c.outputs == 0 or c.out_h == 0 or c.out_w == 0:
        return 0
    t.channels, t.outputs = c.channels // c.groups, c.outputs // c.groups
    if (forward_axis(&t.h, c.height, c.out_h, c.kernel_h, c.stride_h, c.pad_h, c.dilation_h)
            and forward_axis(&t.w, c.width, c.out_w, c.kernel_w, c.stride_w, c.pad_w, c.dilation_w)):
        code = plan(&t, sizeof(real))
    if code == 0:
        p.source, p.to, p.to_h, p.to_w = c.x, c.y, c.out_h, c.out_w
        p.step_h, p.step_w, p.first_h, p.first_w = 1, 1, 0, 0
        code = convolve(&t, c, False, &p, tag)
    release(&t)
    return code


cdef int backward_input(const Conv2d* c, real* tag) noexcept nogil:
    cdef Taps t
    cdef Pass p
    cdef int code
    cdef int64_t i, j
    if c.batch == 0 or c.channels == 0 or c.height == 0 or c.width == 0:
        return 0
    for i in range(least(c.stride_h, c.height)):
        for j in range(least(c.stride_w, c.width)):
            code = -1
            memset(&t, 0, sizeof(t))
            t.channels, t.outputs = c.outputs // c.groups, c.channels // c.groups
            if (mirrored_axis(&t.h, i, c.height, c.out_h, c.kernel_h, c.stride_h, c.pad_h, c.dilation_h)
                    and mirrored_axis(&t.w, j, c.width, c.out_w, c.kernel_w, c.stride_w, c.pad_w, c.dilation_w)):
                code = plan(&t, sizeof(real))
            if code == 0:
                p.source, p.to, p.to_h, p.to_w = c.gy, c.gx, c.height, c.width
                p.step_h, p.step_w, p.first_h, p.first_w = c.stride_h, c.stride_w, i, j
                code = convolve(&t, c, True, &p, tag)
            release(&t)
            if code != 0:
                return code
    return 0

# ------------------------------------------------------------------------------------------------------------
# The gradient to the weights: sums over images and pixels, kept as [tap][output] until the end

cdef struct WeightPass:
    const Taps* taps
    const Conv2d* c
    int64_t blocks, splits      # chunks are (split of the batch, group, block of channels)
    int64_t images              # to a split
    int64_t depth               # taps of a block, in whole CT_CONV_ROWS
    int64_t outputs             # of a group, in whole vectors
    void* sums                  # [split][group][block][depth][outputs]
    void* bias                  # [split][group][outputs]
    int code


cdef void add_rows(const real* rows, int64_t count, int64_t width, real* to) noexcept nogil:
    cdef int64_t i, j
    for i in range(count):
        for j in range(width):
            to[j] += rows[i * width + j]


cdef void weight_chunk(WeightPass* p, int64_t number, real* tag) noexcept nogil:
    cdef const Taps* t = p.taps
    cdef const Conv2d* c = p.c
    cdef int64_t block = number % p.blocks, group = number // p.blocks % c.groups
    cdef int64_t split = number // p.blocks // c.groups, image = split * p.images
    cdef int64_t stop = least(image + p.images, c.batch), plane = c.out_h * c.out_w, start, band, pixels
    cdef int64_t first = block * t.block, count = least(t.block, t.channels - first)
    cdef real* sums = <real*>p.sums + number * p.depth * p.outputs
    cdef real* bias = <real*>p.bias + (split * c.groups + group) * p.outputs
    cdef int64_t size = scratch_size(t, sizeof(real))
    cdef real* copies = <real*>ct_scratch((size + up(t.band * t.w.result, 16) * p.outputs) * sizeof(real))
    cdef real* g = copies + size
    cdef const real* gy
    cdef bint again = False
    if copies == NULL:
        p.code = -1
        return
    memset(sums, 0, p.depth * p.outputs * sizeof(real))
    if block == 0:
        memset(bias, 0, p.outputs * sizeof(real))
    while image < stop:
        start = 0
        while start < c.out_h:
            band = least(t.band, c.out_h - start)
            pixels = band * c.out_w
            gy = <const real*>c.gy + (image * c.groups + group) * t.outputs * plane + start * c.out_w
            if real is float:
                transpose_f32(gy, plane, t.outputs, pixels, g, p.outputs)
            else:
                transpose_f64(gy, plane, t.outputs, pixels, g, p.outputs)
            if block == 0 and c.gb != NULL:
                add_rows(<const real*>g, pixels, p.outputs, bias)
            if c.gw != NULL and count > 0:
                copy_block(t, <const real*>c.x + (image * c.groups + group) * t.channels * c.height * c.width, first,
                           count, start, band, again, copies)
                if real is float:
                    conv_weights_f32(copies, t.offset, count * t.h.taps * t.w.taps, g, p.outputs, pixels, sums)
                else:
                    conv_weights_f64(copies, t.offset, count * t.h.taps * t.w.taps, g, p.outputs, pixels, sums)
            start += band
        again = t.band == c.out_h
        image += 1


cdef void weight_chunk_f32(void* p, int64_t number) noexcept nogil:
    weight_chunk(<WeightPass*>p, number, <float*>NULL)


cdef void weight_chunk_f64(void* p, int64_t number) noexcept nogil:
    weight_chunk(<WeightPass*>p, number, <double*>NULL)


cdef void gather_chunk(WeightPass* p, int64_t number, real* tag) noexcept nogil:
    """Adds the splits of one group's block in order and writes it as [output][tap]."""
    cdef const Taps* t = p.taps
    cdef int64_t block = number % p.blocks, group = number // p.blocks, taps = t.h.taps * t.w.taps
    cdef int64_t count = least(t.block, t.channels - block * t.block) * taps, split, k, o, i
    cdef int64_t stride = p.c.groups * p.blocks * p.depth * p.outputs
    cdef real* sums = <real*>p.sums + number * p.depth * p.outputs
    cdef real* bias = <real*>p.bias + group * p.outputs
    cdef real* gw = <real*>p.c.gw + group * t.outputs * t.channels * taps + block * t.block * taps
    cdef real* gb = <real*>p.c.gb + group * t.outputs
    for split in range(1, p.splits):
        for i in range(count * p.outputs):
            sums[i] += sums[split * stride + i]
    if p.c.gw != NULL:
        for o in range(t.outputs):
            for k in range(count):
                gw[o * t.channels * taps + k] = sums[k * p.outputs + o]
    if p.c.gb != NULL and block == 0:
        for split in range(1, p.splits):
            for o in range(p.outputs):
                bias[o] += bias[split * p.c.groups * p.outputs + o]
        for o in range(t.outputs):
            gb[o] = bias[o]


cdef void gather_chunk_f32(void* p, int64_t number) noexcept nogil:
    gather_chunk(<WeightPass*>p, number, <float*>NULL)


cdef void gather_chunk_f64(void* p, int64_t number) noexcept nogil:
    gather_chunk(<WeightPass*>p, number, <double*>NULL)


cdef int run_weight(WeightPass* p, int64_t item, chunk_fn sum_chunk, chunk_fn gather) noexcept nogil:
    cdef int64_t groups = p.c.groups, chunks = groups * p.blocks, size = chunks * p.depth * p.outputs * item
    cdef int64_t work = p.c.batch * p.c.out_h * p.c.out_w * p.depth * p.outputs
    p.splits = least(least(p.c.batch, SPLITS // chunks), least(work // CHUNK_PRODUCT, PARTIAL_BYTES // (size + 1)))
    p.splits = most(1, p.splits)
    p.images = (p.c.batch + p.splits - 1) // p.splits
    p.splits = most(1, (p.c.batch + p.images - 1) // most(1, p.images))
    p.sums = malloc(p.splits * size + 64)
    p.bias = malloc(p.splits * groups * p.outputs * item + 64)
    p.code = -1
    if p.sums != NULL and p.bias != NULL:
        p.code = 0
        parallel_for(sum_chunk, p, p.splits * chunks)
        if p.code == 0:
            parallel_for(gather, p, chunks)
    free(p.sums)
    free(p.bias)
    return p.code


cdef int backward_weight(const Conv2d* c, real* tag) noexcept nogil:
    cdef Taps t
    cdef WeightPass p
    cdef int code = -1
    if c.outputs == 0:
        return 0
    memset(&t, 0, sizeof(t))
    t.channels, t.outputs = c.channels // c.groups, c.outputs // c.groups
    if (forward_axis(&t.h, c.height, c.out_h, c.kernel_h, c.stride_h, c.pad_h, c.dilation_h)
            and forward_axis(&t.w, c.width, c.out_w, c.kernel_w, c.stride_w, c.pad_w, c.dilation_w)):
        code = plan(&t, sizeof(real))
    if code == 0:
        p.taps, p.c = &t, c
        p.blocks = 1 if t.block == 0 else (t.channels + t.block - 1) // t.block
        p.depth = up(t.block * t.h.taps * t.w.taps, CT_CONV_ROWS)
        p.outputs = up(t.outputs, CT_VECTOR_BYTES // sizeof(real))
        if real is float:
            code = run_weight(&p, sizeof(real), weight_chunk_f32, gather_chunk_f32)
        else:
            code = run_weight(&p, sizeof(real), weight_chunk_f64, gather_chunk_f64)
    release(&t)
    return code


cdef int backward(const Conv2d* c, real* tag) noexcept nogil:
    cdef int code = 0
    if c.gx != NULL:
        code = backward_input(c, tag)
    if code == 0 and (c.gw != NULL or c.gb != NULL):
        code = backward_weight(c, tag)
    return code


cdef int forward_f32(const Conv2d* c) noexcept nogil:
    return forward(c, <float*>NULL)


cdef int forward_f64(const Conv2d* c) noexcept nogil:
    return forward(c, <double*>NULL)


cdef int backward_f32(const Conv2d* c) noexcept nogil:
    return backward(c, <float*>NULL)


cdef int backward_f64(const Conv2d* c) noexcept nogil:
    return backward(c, <double*>NULL)


cdef ConvKernels table
table.forward[:] = [forward_f32, forward_f64]
table.backward[:] = [backward_f32, backward_f64]

kernels = PyCapsule_New(&table, b"ctorch.kernels", NULL)
