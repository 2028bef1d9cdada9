"""Max and average pooling of planes. Inner loops run along a row of windows, or over all windows of a small plane."""
from cpython.pycapsule cimport PyCapsule_New
from libc.math cimport INFINITY
from libc.stdint cimport INT32_MAX, int32_t, int64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from ctorch._kernels.lanes cimport real, sum_row
from ctorch._kernels.parts cimport least
from ctorch._parallel cimport parallel_for

cdef extern from "scratch.h" nogil:
    void* ct_scratch(size_t size)

cdef enum:
    CHUNK = 16384       # elements of x and y to a chunk
    BLOCK = 256         # windows of a small plane worked on together
    NARROW = 12         # result rows shorter than this are not worth vectors
    PLACES = 4096       # elements of all windows of a small plane
    MAX = 0
    MAX_BACKWARD
    AVERAGE
    AVERAGE_BACKWARD

cdef struct Windows:            # of average pooling, along one axis
    int64_t* start              # inside the plane
    int64_t* stop
    int64_t* size               # what the window counts for in the divisor

cdef struct Job:
    int op
    const Pool2d* p
    Windows h, w
    int64_t* first              # of max pooling: first column inside the plane of each window
    int64_t* low                # and, per kernel column, the windows of a row for which it is inside
    int64_t* high
    int32_t* places             # of max pooling of small planes, or NULL: per kernel element, where windows have it
    int64_t planes              # to a chunk
    int code

ctypedef void (*chunk_fn)(void* job, int64_t number) noexcept nogil


cdef inline int64_t most(int64_t a, int64_t b) noexcept nogil:
    return a if a > b else b

# ------------------------------------------------------------------------------------------------------------
# Maximum


cdef inline int64_t first_inside(int64_t start, int64_t dilation) noexcept nogil:
    """First element at or after 0 of start, start + dilation, ..."""
    return start if start >= 0 else start + (-start + dilation - 1) // dilation * dilation


cdef inline void larger(const real* x, int64_t stride, int64_t place, real* y, int64_t* indices,
                        int64_t count) noexcept nogil:
    """One element of each window of a row against the largest so far."""
    cdef int64_t j
    cdef real value
    cdef bint better
    for j in range(count):      # selections, not branches, which would be mispredicted half the time
        value = x[j * stride]
        better = (value > y[j]) | (value != value)
        y[j] = value if better else y[j]
        indices[j] = place + j * stride if better else indices[j]


cdef void max_row(const Job* job, const real* plane, int64_t row, real* y, int64_t* indices) noexcept nogil:
    cdef const Pool2d* p = job.p
    cdef int64_t top = row * p.stride_h - p.pad_h, i, k, j, low, count, at, place
    cdef real value
    for j in range(p.out_w):
        y[j] = -INFINITY
    if indices != NULL:
        at = first_inside(top, p.dilation_h) * p.width
        for j in range(p.out_w):
            indices[j] = at + job.first[j]
    for i in range(p.kernel_h):
        at = top + i * p.dilation_h
        if at < 0 or at >= p.height:
            continue
        for k in range(p.kernel_w):
            low, count = job.low[k], job.high[k] - job.low[k]
            place = at * p.width + k * p.dilation_w - p.pad_w + low * p.stride_w
            if indices == NULL:
                for j in range(count):
                    value = plane[place + j * p.stride_w]
                    y[low + j] = value if (value > y[low + j]) | (value != value) else y[low + j]
            elif p.stride_w == 1:
                larger(plane + place, 1, place, y + low, indices + low, count)
            elif p.stride_w == 2:
                larger(plane + place, 2, place, y + low, indices + low, count)
            else:
                larger(plane + place, p.stride_w, place, y + low, indices + low, count)


cdef void max_narrow_row(const Job* job, const real* plane, int64_t row, real* y, int64_t* indices) noexcept nogil:
    """One window after the other: for rows shorter than a vector."""
    cdef const Pool2d* p = job.p
    cdef int64_t top = row * p.stride_h - p.pad_h, j, i, k, at
    cdef int64_t first = first_inside(top, p.dilation_h)
    cdef int64_t below = least(top + (p.kernel_h - 1) * p.dilation_h + 1, p.height), right
    cdef real largest, value
    for j in range(p.out_w):
        at = first * p.width + job.first[j]
        right = least(j * p.stride_w - p.pad_w + (p.kernel_w - 1) * p.dilation_w + 1, p.width)
        largest = -INFINITY
        if first < below and job.first[j] < right:
            largest = plane[at]
            i = first
            while i < below:
                k = i * p.width + job.first[j]
                while k < i * p.width + right:
                    value = plane[k]
                    # at = k if larger, by a mask: a branch would be mispredicted half the time
                    at += (k - at) & -<int64_t>((value > largest) | (value != value))
                    largest = plane[at]
                    k += p.dilation_w
                i += p.dilation_h
        y[j] = largest
        if indices != NULL:
            indices[j] = at


cdef void max_small_plane(const Job* job, const real* x, real* y, int64_t* indices) noexcept nogil:
    """All windows of a plane, BLOCK at a time, whatever row they are in."""
    cdef const Pool2d* p = job.p
    cdef real largest[BLOCK]
    cdef int32_t at[BLOCK]
    cdef real value
    cdef int64_t windows = p.out_h * p.out_w, start = 0, count, o, _tap
    cdef const int32_t* places
    while start < windows:
        places = job.places + start
        count = least(BLOCK, windows - start)
        for o in range(count):
            at[o], largest[o] = places[o], x[places[o]]
        for _tap in range(1, p.kernel_h * p.kernel_w):
            places += windows
            for o in range(count):      # selections, not branches, which would be mispredicted half the time
                value = x[places[o]]
                at[o] = places[o] if (value > largest[o]) | (value != value) else at[o]
                largest[o] = value if (value > largest[o]) | (value != value) else largest[o]
        for o in range(count):
            y[start + o] = largest[o]
        if indices != NULL:
            for o in range(count):
                indices[start + o] = at[o]
        start += count


cdef bint is_small(const Pool2d* p) noexcept nogil:
    """Whether `new_places` suits: what lies in the padding of a dilated window has no neighbour in the plane."""
    cdef bint inside = (p.pad_h == 0 and p.pad_w == 0
                        and (p.out_h - 1) * p.stride_h + (p.kernel_h - 1) * p.dilation_h < p.height
                        and (p.out_w - 1) * p.stride_w + (p.kernel_w - 1) * p.dilation_w < p.width)
    return ((inside or p.dilation_h == p.dilation_w == 1) and p.out_w < NARROW and p.height * p.width <= INT32_MAX
            and p.kernel_h * p.kernel_w * p.out_h * p.out_w <= PLACES)


cdef bint new_places(Job* job) noexcept nogil:
    """Where windows have each kernel element. What lies in the padding is the nearest of the plane, which the window
    has too, so neither its maximum nor the first place of that changes."""
    cdef const Pool2d* p = job.p
    cdef int64_t i, k, h, w, row, column, n = 0
    job.places = <int32_t*>malloc((p.kernel_h * p.kernel_w * p.out_h * p.out_w + 1) * sizeof(int32_t))
    if job.places == NULL:
        return False
    for i in range(p.kernel_h):
        for k in range(p.kernel_w):
            for h in range(p.out_h):
                row = h * p.stride_h + i * p.dilation_h - p.pad_h
                row = most(least(row, p.height - 1), 0) * p.width
                for w in range(p.out_w):
                    column = w * p.stride_w + k * p.dilation_w - p.pad_w
                    job.places[n] = <int32_t>(row + most(least(column, p.width - 1), 0))
                    n += 1
    return True


cdef void max_plane(const Job* job, int64_t plane, real* tag) noexcept nogil:
    cdef const Pool2d* p = job.p
    cdef int64_t i, to = plane * p.out_h * p.out_w
    cdef const real* x = <const real*>p.x + plane * p.height * p.width
    cdef real* y
    cdef int64_t* indices = NULL
    if job.places != NULL:
        max_small_plane(job, x, <real*>p.y + to, p.indices + to if p.indices != NULL else NULL)
        return
    for i in range(p.out_h):
        y = <real*>p.y + to + i * p.out_w
        if p.indices != NULL:
            indices = p.indices + to + i * p.out_w
        if p.out_w < NARROW:
            max_narrow_row(job, x, i, y, indices)
        else:
            max_row(job, x, i, y, indices)


cdef void max_backward_plane(const Pool2d* p, int64_t plane, real* tag) noexcept nogil:
    cdef int64_t i, outs = p.out_h * p.out_w, size = p.height * p.width
    cdef real* gx = <real*>p.gx + plane * p.height * p.width
    cdef const real* gy = <const real*>p.gy + plane * outs
    cdef const int64_t* indices = p.indices + plane * outs
    memset(gx, 0, size * sizeof(real))
    for i in range(outs):
        if 0 <= indices[i] < size:      # a dilated window may lie in the padding as a whole
            gx[indices[i]] += gy[i]

# ------------------------------------------------------------------------------------------------------------
# Average: the rows of a window row are added first, then stretches of their sum


cdef bint new_windows(Windows* w, int64_t count) noexcept nogil:
    w.start = <int64_t*>malloc(3 * (count + 1) * sizeof(int64_t))
    w.stop, w.size = w.start + count + 1, w.start + 2 * (count + 1)
    return w.start != NULL


cdef bint average_windows(Windows* w, int64_t size, int64_t count, int64_t kernel, int64_t stride, int64_t pad,
                          bint with_pad) noexcept nogil:
    cdef int64_t i, start, stop
    if not new_windows(w, count):
        return False
    for i in range(count):
        start = i * stride - pad
        stop = least(start + kernel, size + pad)
        w.size[i] = stop - start
        w.start[i], w.stop[i] = least(most(start, 0), size), least(stop, size)
        w.stop[i] = most(w.stop[i], w.start[i])
        if not with_pad:
            w.size[i] = w.stop[i] - w.start[i]
    return True


cdef bint adaptive_windows(Windows* w, int64_t size, int64_t count) noexcept nogil:
    cdef int64_t i
    if not new_windows(w, count):
        return False
    for i in range(count):
        w.start[i], w.stop[i] = i * size // count, ((i + 1) * size + count - 1) // count
        w.size[i] = w.stop[i] - w.start[i]
    return True


cdef inline int64_t divisor(const Job* job, int64_t i, int64_t j) noexcept nogil:
    if job.p.divisor_override != 0:
        return job.p.divisor_override
    return job.h.size[i] * job.w.size[j]


cdef inline real average(const Job* job, int64_t i, int64_t j, real total) noexcept nogil:
    # A window that lies in the padding is 0, not 0 / 0.
    if job.h.size[i] * job.w.size[j] == 0 and job.p.height != 0 and job.p.width != 0:
        return 0
    return total / <real>divisor(job, i, j)


cdef void average_plane(const Job* job, int64_t plane, real* columns) noexcept nogil:
    cdef const Pool2d* p = job.p
    cdef const real* x = <const real*>p.x + plane * p.height * p.width
    cdef real* y = <real*>p.y + plane * p.out_h * p.out_w
    cdef int64_t i, j, k, row
    cdef real total
    for i in range(p.out_h):
        if p.out_w == 1 and job.w.stop[0] - job.w.start[0] == p.width:      # whole rows are one stretch
            row = job.h.start[i]
            y[i] = average(job, i, 0, sum_row(x + row * p.width, (job.h.stop[i] - row) * p.width))
            continue
        for k in range(p.width):
            columns[k] = 0
        for row in range(job.h.start[i], job.h.stop[i]):
            for k in range(p.width):
                columns[k] += x[row * p.width + k]
        for j in range(p.out_w):
            if job.w.stop[j] - job.w.start[j] >= 32:
                total = sum_row(<const real*>columns + job.w.start[j], job.w.stop[j] - job.w.start[j])
            else:
                total = 0
                for k in range(job.w.start[j], job.w.stop[j]):
                    total += columns[k]
            y[i * p.out_w + j] = average(job, i, j, total)


cdef void average_backward_plane(const Job* job, int64_t plane, real* columns) noexcept nogil:
    cdef const Pool2d* p = job.p
    cdef const real* gy = <const real*>p.gy + plane * p.out_h * p.out_w
    cdef real* gx = <real*>p.gx + plane * p.height * p.width
    cdef int64_t i, j, k, row
    cdef real share
    memset(gx, 0, p.height * p.width * sizeof(real))
    for i in range(p.out_h):
        for k in range(p.width):
            columns[k] = 0
        for j in range(p.out_w):
            share = average(job, i, j, gy[i * p.out_w + j])
            for k in range(job.w.start[j], job.w.stop[j]):
                columns[k] += share
        for row in range(job.h.start[i], job.h.stop[i]):
            for k in range(p.width):
                gx[row * p.width + k] += columns[k]

# ------------------------------------------------------------------------------------------------------------
# Chunks of planes


cdef void chunk(Job* job, int64_t number, real* tag) noexcept nogil:
    cdef int64_t plane
    cdef real* columns = NULL
    if job.op == AVERAGE or job.op == AVERAGE_BACKWARD:
        columns = <real*>ct_scratch((job.p.width + 1) * sizeof(real))
        if columns == NULL:
            job.code = -1
            return
    for plane in range(number * job.planes, least((number + 1) * job.planes, job.p.planes)):
        if job.op == MAX:
            max_plane(job, plane, tag)
        elif job.op == MAX_BACKWARD:
            max_backward_plane(job.p, plane, tag)
        elif job.op == AVERAGE:
            average_plane(job, plane, columns)
        else:
            average_backward_plane(job, plane, columns)


cdef void chunk_f32(void* job, int64_t number) noexcept nogil:
    chunk(<Job*>job, number, <float*>NULL)


cdef void chunk_f64(void* job, int64_t number) noexcept nogil:
    chunk(<Job*>job, number, <double*>NULL)


cdef int share(Job* job, chunk_fn fn) noexcept nogil:
    cdef const Pool2d* p = job.p
    job.code = 0
    job.planes = CHUNK // (p.height * p.width + p.out_h * p.out_w + 1) + 1
    parallel_for(fn, job, (p.planes + job.planes - 1) // job.planes)
    return job.code


cdef bint new_columns(Job* job) noexcept nogil:
    """Which columns of the plane the windows of a row have."""
    cdef const Pool2d* p = job.p
    cdef int64_t j, k, shift, stride = p.stride_w
    job.first = <int64_t*>malloc((p.out_w + 2 * p.kernel_w + 1) * sizeof(int64_t))
    if job.first == NULL:
        return False
    job.low, job.high = job.first + p.out_w, job.first + p.out_w + p.kernel_w
    for j in range(p.out_w):
        job.first[j] = first_inside(j * stride - p.pad_w, p.dilation_w)
    for k in range(p.kernel_w):
        shift = k * p.dilation_w - p.pad_w
        job.low[k] = least(0 if shift >= 0 else (-shift + stride - 1) // stride, p.out_w)
        job.high[k] = 0 if shift >= p.width else least((p.width - 1 - shift) // stride + 1, p.out_w)
        job.high[k] = most(job.low[k], job.high[k])
    return True


cdef int run_max(const Pool2d* p, chunk_fn fn) noexcept nogil:
    cdef Job job
    cdef int code = -1
    memset(&job, 0, sizeof(job))
    job.op, job.p = MAX, p
    if new_places(&job) if is_small(p) else new_columns(&job):
        code = share(&job, fn)
    free(job.first)
    free(job.places)
    return code


cdef int run_max_backward(const Pool2d* p, chunk_fn fn) noexcept nogil:
    cdef Job job
    memset(&job, 0, sizeof(job))
    job.op, job.p = MAX_BACKWARD, p
    return share(&job, fn)


cdef int run_average(int op, const Pool2d* p, bint adaptive, chunk_fn fn) noexcept nogil:
    cdef Job job
    cdef Pool2d plain = p[0]
    cdef int code = -1
    cdef bint ready
    memset(&job, 0, sizeof(job))
    job.op, job.p = op, &plain
    if adaptive:
        plain.divisor_override = 0
        ready = (adaptive_windows(&job.h, p.height, p.out_h) and adaptive_windows(&job.w, p.width, p.out_w))
    else:
        ready = (average_windows(&job.h, p.height, p.out_h, p.kernel_h, p.stride_h, p.pad_h, p.count_include_pad)
                 and average_windows(&job.w, p.width, p.out_w, p.kernel_w, p.stride_w, p.pad_w,
                                     p.count_include_pad))
    if ready:
        code = share(&job, fn)
    free(job.h.start)
    free(job.w.start)
    return code


cdef int max_f32(const Pool2d* p) noexcept nogil:
    return run_max(p, chunk_f32)


cdef int max_f64(const Pool2d* p) noexcept nogil:
    return run_max(p, chunk_f64)


cdef int max_backward_f32(const Pool2d* p) noexcept nogil:
    return run_max_backward(p, chunk_f32)


cdef int max_backward_f64(const Pool2d* p) noexcept nogil:
    return run_max_backward(p, chunk_f64)


cdef int average_f32(const Pool2d* p) noexcept nogil:
    return run_average(AVERAGE, p, False, chunk_f32)


cdef int average_f64(const Pool2d* p) noexcept nogil:
    return run_average(AVERAGE, p, False, chunk_f64)


cdef int average_backward_f32(const Pool2d* p) noexcept nogil:
    return run_average(AVERAGE_BACKWARD, p, False, chunk_f32)


cdef int average_backward_f64(const Pool2d* p) noexcept nogil:
    return run_average(AVERAGE_BACKWARD, p, False, chunk_f64)


cdef int adaptive_average_f32(const Pool2d* p) noexcept nogil:
    return run_average(AVERAGE, p, True, chunk_f32)


cdef int adaptive_average_f64(const Pool2d* p) noexcept nogil:
    return run_average(AVERAGE, p, True, chunk_f64)


cdef int adaptive_average_backward_f32(const Pool2d* p) noexcept nogil:
    return run_average(AVERAGE_BACKWARD, p, True, chunk_f32)


cdef int adaptive_average_backward_f64(const Pool2d* p) noexcept nogil:
    return run_average(AVERAGE_BACKWARD, p, True, chunk_f64)


cdef PoolKernels table
table.max[:] = [max_f32, max_f64]
table.max_backward[:] = [max_backward_f32, max_backward_f64]
table.average[:] = [average_f32, average_f64]
table.average_backward[:] = [average_backward_f32, average_backward_f64]
table.adaptive_average[:] = [adaptive_average_f32, adaptive_average_f64]
table.adaptive_average_backward[:] = [adaptive_average_backward_f32, adaptive_average_backward_f64]

kernels = PyCapsule_New(&table, b"ctorch.kernels", NULL)
