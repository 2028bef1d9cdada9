"""Pooling of volumes by listed windows, and images and volumes laid out by the windows that slide over them."""
from cpython.pycapsule cimport PyCapsule_New
from libc.math cimport INFINITY
from libc.stdint cimport INT32_MAX, INT64_MIN, int32_t, int64_t
from libc.string cimport memcpy, memset

from ctorch._kernels.parts cimport least
from ctorch._parallel cimport parallel_for

ctypedef fused number:
    float
    double
    int64_t

cdef enum:
    CHUNK = 16384       # elements to a chunk
    COLUMNS = 1024      # of the rows of windows that are kept at a time

ctypedef void (*plane_fn)(const void* what, int64_t plane) noexcept nogil

cdef struct Job:
    const void* what
    plane_fn plane
    int64_t planes, size        # all of them, and those of a chunk


cdef void chunk(void* arg, int64_t index) noexcept nogil:
    cdef Job* job = <Job*>arg
    cdef int64_t plane = index * job.size, stop = plane + job.size
    if stop > job.planes:
        stop = job.planes
    while plane < stop:
        job.plane(job.what, plane)
        plane += 1


cdef void over_planes(const void* what, plane_fn fn, int64_t planes, int64_t elements) noexcept nogil:
    cdef Job job
    job.what, job.plane, job.planes = what, fn, planes
    job.size = CHUNK // (elements + 1) + 1
    parallel_for(chunk, &job, (planes + job.size - 1) // job.size)


cdef inline int64_t volume(const int64_t* size) noexcept nogil:
    return size[0] * size[1] * size[2]

# ------------------------------------------------------------------------------------------------------------
# Pooling


cdef inline number lowest(number tag) noexcept nogil:
    if number is int64_t:
        return INT64_MIN
    else:
        return -INFINITY


cdef int64_t side_by_side(const Volumes* v, int64_t k, int64_t* first) noexcept nogil:
    # The end of the windows from k on that fit into the columns, or k + 1, and where the first of them starts: they
    # stop in order, but dilated ones need not start so.
    cdef int64_t end = k + 1
    first[0] = v.start[2][k]
    while end < v.out[2] and v.stop[2][end] - least(first[0], v.start[2][end]) <= COLUMNS:
        first[0] = least(first[0], v.start[2][end])
        end += 1
    return end


cdef void max_window(const Volumes* v, const number* x, int64_t i, int64_t j, int64_t k, number* y,
                     int64_t* index) noexcept nogil:
    cdef int64_t d = v.start[0][i], h, w, at
    cdef number best = lowest(<number>0), value
    cdef int64_t place = (d * v.size[1] + v.start[1][j]) * v.size[2] + v.start[2][k]
    while d < v.stop[0][i]:
        h = v.start[1][j]
        while h < v.stop[1][j]:
            at = (d * v.size[1] + h) * v.size[2]
            w = v.start[2][k]
            while w < v.stop[2][k]:
                value = x[at + w]
                if value > best or value != value:
                    best, place = value, at + w
                w += v.step[2]
            h += v.step[1]
        d += v.step[0]
    y[0], index[0] = best, place


cdef void max_columns(const Volumes* v, const number* x, int64_t i, int64_t j, int64_t first, int64_t width,
                      number* best, int32_t* row, bint* nan) noexcept nogil:
    # The largest of each column of the windows at one depth and height, and where the row begins in which it is first.
    cdef const number* at
    cdef int64_t d = v.start[0][i], h, w
    cdef int32_t begin = <int32_t>((d * v.size[1] + v.start[1][j]) * v.size[2])
    cdef number value
    cdef int odd = 0
    for w in range(width):
        best[w], row[w] = lowest(<number>0), begin
    while d < v.stop[0][i]:
        h = v.start[1][j]
        while h < v.stop[1][j]:
            begin = <int32_t>((d * v.size[1] + h) * v.size[2])
            at = x + begin + first
            for w in range(width):       # selections, not branches, which would be mispredicted half the time
                value = at[w]
                odd |= value != value
                row[w] = begin if value > best[w] else row[w]
                best[w] = value if value > best[w] else best[w]
            h += v.step[1]
        d += v.step[0]
    nan[0] = odd != 0


cdef void max_row(const Volumes* v, const number* x, int64_t i, int64_t j, number* y, int64_t* index) noexcept nogil:
    # The windows at one depth and height: the largest of their columns first, then of each window's columns.
    cdef number columns[COLUMNS]
    cdef int32_t rows[COLUMNS]
    cdef number best
    cdef int64_t k = 0, end, first, width, w, place
    cdef bint empty = v.stop[0][i] <= v.start[0][i] or v.stop[1][j] <= v.start[1][j]
    cdef int32_t row
    cdef bint nan, better
    while k < v.out[2]:
        end = side_by_side(v, k, &first)
        width = v.stop[2][end - 1] - first
        nan = width > COLUMNS or volume(v.size) > INT32_MAX
        if not nan:
            max_columns(v, x, i, j, first, width, columns, rows, &nan)
        while k < end:
            if nan or empty or v.stop[2][k] <= v.start[2][k]:
                max_window(v, x, i, j, k, y + k, index + k)
            else:
                place = w = v.start[2][k] - first
                best, row = columns[w], rows[w]
                while w + v.step[2] < v.stop[2][k] - first:
                    w += v.step[2]
                    better = (columns[w] > best) | ((columns[w] == best) & (rows[w] < row))
                    place = w if better else place
                    row = rows[w] if better else row
                    best = columns[w] if better else best
                y[k], index[k] = best, row + first + place
            k += 1


cdef void max_plane(const Volumes* v, int64_t plane, number* tag) noexcept nogil:
    cdef const number* x = <const number*>v.x + plane * volume(v.size)
    cdef int64_t i, j, to = plane * volume(v.out)
    for i in range(v.out[0]):
        for j in range(v.out[1]):
            max_row(v, x, i, j, <number*>v.y + to, v.indices + to)
            to += v.out[2]


cdef void max_backward_plane(const Volumes* v, int64_t plane, number* tag) noexcept nogil:
    cdef int64_t i, size = volume(v.size), outs = volume(v.out)
    cdef number* gx = <number*>v.gx + plane * size
    cdef const number* gy = <const number*>v.gy + plane * outs
    cdef const int64_t* indices = v.indices + plane * outs
    memset(gx, 0, size * sizeof(number))
    for i in range(outs):
        if 0 <= indices[i] < size:      # a dilated window may lie in the padding as a whole
            gx[indices[i]] += gy[i]


cdef void unpool_plane(const Volumes* v, int64_t plane, number* tag) noexcept nogil:
    cdef int64_t i, size = volume(v.size), outs = volume(v.out)
    cdef number* y = <number*>v.y + plane * size
    cdef const number* x = <const number*>v.x + plane * outs
    cdef const int64_t* indices = v.indices + plane * outs
    memset(y, 0, size * sizeof(number))
    for i in range(outs):
        y[indices[i]] = x[i]


cdef inline number divisor(const Volumes* v, int64_t i, int64_t j, int64_t k, number* tag) noexcept nogil:
    if v.divisor != 0:
        return <number>v.divisor
    return <number>(v.share[0][i] * v.share[1][j] * v.share[2][k])


cdef void average_row(const Volumes* v, const number* x, int64_t i, int64_t j, number* y) noexcept nogil:
    # The windows at one depth and height: their rows are added up first, in columns.
    cdef number columns[COLUMNS]
    cdef number total
    cdef const number* row
    cdef int64_t k = 0, end, d, h, w, first, width, low, high
    cdef bint empty = v.stop[0][i] <= v.start[0][i] or v.stop[1][j] <= v.start[1][j]
    while k < v.out[2]:
        end = side_by_side(v, k, &first)
        width = v.stop[2][end - 1] - first
        if width <= COLUMNS and not empty:
            for w in range(width):
                columns[w] = 0
            for d in range(v.start[0][i], v.stop[0][i]):
                for h in range(v.start[1][j], v.stop[1][j]):
                    row = x + (d * v.size[1] + h) * v.size[2] + first
                    for w in range(width):
                        columns[w] += row[w]
        while k < end:
            low, high, total = v.start[2][k], v.stop[2][k], 0
            if width <= COLUMNS and not empty:
                for w in range(low - first, high - first):
                    total += columns[w]
            else:
                for d in range(v.start[0][i], v.stop[0][i]):
                    for h in range(v.start[1][j], v.stop[1][j]):
                        row = x + (d * v.size[1] + h) * v.size[2]
                        for w in range(low, high):
                            total += row[w]
            if high > low and not empty:
                total = total / divisor(v, i, j, k, <number*>NULL)
            y[k] = total
            k += 1


cdef void average_plane(const Volumes* v, int64_t plane, number* tag) noexcept nogil:
    cdef const number* x = <const number*>v.x + plane * volume(v.size)
    cdef number* y = <number*>v.y + plane * volume(v.out)
    cdef int64_t i, j
    for i in range(v.out[0]):
        for j in range(v.out[1]):
            average_row(v, x, i, j, y)
            y += v.out[2]


cdef void average_backward_plane(const Volumes* v, int64_t plane, number* tag) noexcept nogil:
    cdef number* gx = <number*>v.gx + plane * volume(v.size)
    cdef number* row
    cdef const number* gy = <const number*>v.gy + plane * volume(v.out)
    cdef number part
    cdef int64_t i, j, k, d, h, w
    memset(gx, 0, volume(v.size) * sizeof(number))
    for i in range(v.out[0]):
        for j in range(v.out[1]):
            for k in range(v.out[2]):
                if (v.stop[0][i] > v.start[0][i] and v.stop[1][j] > v.start[1][j] and v.stop[2][k] > v.start[2][k]):
                    part = gy[0] / divisor(v, i, j, k, <number*>NULL)
                    for d in range(v.start[0][i], v.stop[0][i]):
                        for h in range(v.start[1][j], v.stop[1][j]):
                            row = gx + (d * v.size[1] + h) * v.size[2]
                            for w in range(v.start[2][k], v.stop[2][k]):
                                row[w] += part
                gy += 1

# ------------------------------------------------------------------------------------------------------------
# Columns of images


cdef void columns_plane(const Columns* c, int64_t plane, number* tag) noexcept nogil:
    cdef const number* x = <const number*>c.x + plane * c.height * c.width
    cdef const number* row
    cdef number* y = <number*>c.y + plane * c.kernel_h * c.kernel_w * c.out_h * c.out_w
    cdef int64_t a, b, i, j, h, w
    for a in range(c.kernel_h):
        for b in range(c.kernel_w):
            for i in range(c.out_h):
                h = i * c.stride_h + a * c.dilation_h - c.pad_h
                if h < 0 or h >= c.height:
                    memset(y, 0, c.out_w * sizeof(number))
                else:
                    row = x + h * c.width
                    for j in range(c.out_w):
                        w = j * c.stride_w + b * c.dilation_w - c.pad_w
                        y[j] = row[w] if 0 <= w < c.width else 0
                y += c.out_w


cdef void from_columns_plane(const Columns* c, int64_t plane, number* tag) noexcept nogil:
    cdef const number* x = <const number*>c.x + plane * c.kernel_h * c.kernel_w * c.out_h * c.out_w
    cdef number* y = <number*>c.y + plane * c.height * c.width
    cdef number* row
    cdef int64_t a, b, i, j, h, w
    memset(y, 0, c.height * c.width * sizeof(number))
    for a in range(c.kernel_h):
        for b in range(c.kernel_w):
            for i in range(c.out_h):
                h = i * c.stride_h + a * c.dilation_h - c.pad_h
                if 0 <= h < c.height:
                    row = y + h * c.width
                    for j in range(c.out_w):
                        w = j * c.stride_w + b * c.dilation_w - c.pad_w
                        if 0 <= w < c.width:
                            row[w] += x[j]
                x += c.out_w

# ------------------------------------------------------------------------------------------------------------
# Slices of volumes: a plane is one channel of one image


cdef void slices_plane(const Slices* s, int64_t plane, number* tag) noexcept nogil:
    cdef const number* x = <const number*>s.x + plane * s.depth * s.inner
    cdef number* y
    cdef int64_t image = plane // s.channels, channel = plane % s.channels, i, k, at
    for i in range(s.out):
        y = <number*>s.y + ((image * s.out + i) * s.channels + channel) * s.kernel * s.inner
        for k in range(s.kernel):
            at = i * s.stride + k * s.dilation - s.pad
            if 0 <= at < s.depth:
                memcpy(y, x + at * s.inner, s.inner * sizeof(number))
            else:
                memset(y, 0, s.inner * sizeof(number))
            y += s.inner


cdef void from_slices_plane(const Slices* s, int64_t plane, number* tag) noexcept nogil:
    cdef number* y = <number*>s.y + plane * s.depth * s.inner
    cdef number* to
    cdef const number* x
    cdef int64_t image = plane // s.channels, channel = plane % s.channels, i, j, k, at
    memset(y, 0, s.depth * s.inner * sizeof(number))
    for i in range(s.out):
        x = <const number*>s.x + ((image * s.out + i) * s.channels + channel) * s.kernel * s.inner
        for k in range(s.kernel):
            at = i * s.stride + k * s.dilation - s.pad
            if 0 <= at < s.depth:
                to = y + at * s.inner
                for j in range(s.inner):
                    to[j] += x[j]
            x += s.inner

# ------------------------------------------------------------------------------------------------------------
# The table


cdef void max_one_f32(const void* v, int64_t plane) noexcept nogil:
    max_plane(<const Volumes*>v, plane, <float*>NULL)


cdef void max_f32(const Volumes* v) noexcept nogil:
    over_planes(v, max_one_f32, v.planes, volume(v.size) + volume(v.out))


cdef void max_one_f64(const void* v, int64_t plane) noexcept nogil:
    max_plane(<const Volumes*>v, plane, <double*>NULL)


cdef void max_f64(const Volumes* v) noexcept nogil:
    over_planes(v, max_one_f64, v.planes, volume(v.size) + volume(v.out))


cdef void max_one_i64(const void* v, int64_t plane) noexcept nogil:
    max_plane(<const Volumes*>v, plane, <int64_t*>NULL)


cdef void max_i64(const Volumes* v) noexcept nogil:
    over_planes(v, max_one_i64, v.planes, volume(v.size) + volume(v.out))


cdef void max_backward_one_f32(const void* v, int64_t plane) noexcept nogil:
    max_backward_plane(<const Volumes*>v, plane, <float*>NULL)


cdef void max_backward_f32(const Volumes* v) noexcept nogil:
    over_planes(v, max_backward_one_f32, v.planes, volume(v.size) + volume(v.out))


cdef void max_backward_one_f64(const void* v, int64_t plane) noexcept nogil:
    max_backward_plane(<const Volumes*>v, plane, <double*>NULL)


cdef void max_backward_f64(const Volumes* v) noexcept nogil:
    over_planes(v, max_backward_one_f64, v.planes, volume(v.size) + volume(v.out))


cdef void max_backward_one_i64(const void* v, int64_t plane) noexcept nogil:
    max_backward_plane(<const Volumes*>v, plane, <int64_t*>NULL)


cdef void max_backward_i64(const Volumes* v) noexcept nogil:
    over_planes(v, max_backward_one_i64, v.planes, volume(v.size) + volume(v.out))


cdef void average_one_f32(const void* v, int64_t plane) noexcept nogil:
    average_plane(<const Volumes*>v, plane, <float*>NULL)


cdef void average_f32(const Volumes* v) noexcept nogil:
    over_planes(v, average_one_f32, v.planes, volume(v.size) + volume(v.out))


cdef void average_one_f64(const void* v, int64_t plane) noexcept nogil:
    average_plane(<const Volumes*>v, plane, <double*>NULL)


cdef void average_f64(const Volumes* v) noexcept nogil:
    over_planes(v, average_one_f64, v.planes, volume(v.size) + volume(v.out))


cdef void average_one_i64(const void* v, int64_t plane) noexcept nogil:
    average_plane(<const Volumes*>v, plane, <int64_t*>NULL)


cdef void average_i64(const Volumes* v) noexcept nogil:
    over_planes(v, average_one_i64, v.planes, volume(v.size) + volume(v.out))


cdef void average_backward_one_f32(const void* v, int64_t plane) noexcept nogil:
    average_backward_plane(<const Volumes*>v, plane, <float*>NULL)


cdef void average_backward_f32(const Volumes* v) noexcept nogil:
    over_planes(v, average_backward_one_f32, v.planes, volume(v.size) + volume(v.out))


cdef void average_backward_one_f64(const void* v, int64_t plane) noexcept nogil:
    average_backward_plane(<const Volumes*>v, plane, <double*>NULL)


cdef void average_backward_f64(const Volumes* v) noexcept nogil:
    over_planes(v, average_backward_one_f64, v.planes, volume(v.size) + volume(v.out))


cdef void average_backward_one_i64(const void* v, int64_t plane) noexcept nogil:
    average_backward_plane(<const Volumes*>v, plane, <int64_t*>NULL)


cdef void average_backward_i64(const Volumes* v) noexcept nogil:
    over_planes(v, average_backward_one_i64, v.planes, volume(v.size) + volume(v.out))


cdef void unpool_one_f32(const void* v, int64_t plane) noexcept nogil:
    unpool_plane(<const Volumes*>v, plane, <float*>NULL)


cdef void unpool_f32(const Volumes* v) noexcept nogil:
    over_planes(v, unpool_one_f32, v.planes, volume(v.size) + volume(v.out))


cdef void unpool_one_f64(const void* v, int64_t plane) noexcept nogil:
    unpool_plane(<const Volumes*>v, plane, <double*>NULL)


cdef void unpool_f64(const Volumes* v) noexcept nogil:
    over_planes(v, unpool_one_f64, v.planes, volume(v.size) + volume(v.out))


cdef void unpool_one_i64(const void* v, int64_t plane) noexcept nogil:
    unpool_plane(<const Volumes*>v, plane, <int64_t*>NULL)


cdef void unpool_i64(const Volumes* v) noexcept nogil:
    over_planes(v, unpool_one_i64, v.planes, volume(v.size) + volume(v.out))


cdef void columns_one_f32(const void* c, int64_t plane) noexcept nogil:
    columns_plane(<const Columns*>c, plane, <float*>NULL)


cdef void columns_f32(const Columns* c) noexcept nogil:
    over_planes(c, columns_one_f32, c.planes, c.height * c.width + c.kernel_h * c.kernel_w * c.out_h * c.out_w)


cdef void columns_one_f64(const void* c, int64_t plane) noexcept nogil:
    columns_plane(<const Columns*>c, plane, <double*>NULL)


cdef void columns_f64(const Columns* c) noexcept nogil:
    over_planes(c, columns_one_f64, c.planes, c.height * c.width + c.kernel_h * c.kernel_w * c.out_h * c.out_w)


cdef void columns_one_i64(const void* c, int64_t plane) noexcept nogil:
    columns_plane(<const Columns*>c, plane, <int64_t*>NULL)


cdef void columns_i64(const Columns* c) noexcept nogil:
    over_planes(c, columns_one_i64, c.planes, c.height * c.width + c.kernel_h * c.kernel_w * c.out_h * c.out_w)


cdef void from_columns_one_f32(const void* c, int64_t plane) noexcept nogil:
    from_columns_plane(<const Columns*>c, plane, <float*>NULL)


cdef void from_columns_f32(const Columns* c) noexcept nogil:
    over_planes(c, from_columns_one_f32, c.planes, c.height * c.width + c.kernel_h * c.kernel_w * c.out_h * c.out_w)


cdef void from_columns_one_f64(const void* c, int64_t plane) noexcept nogil:
    from_columns_plane(<const Columns*>c, plane, <double*>NULL)


cdef void from_columns_f64(const Columns* c) noexcept nogil:
    over_planes(c, from_columns_one_f64, c.planes, c.height * c.width + c.kernel_h * c.kernel_w * c.out_h * c.out_w)


cdef void from_columns_one_i64(const void* c, int64_t plane) noexcept nogil:
    from_columns_plane(<const Columns*>c, plane, <int64_t*>NULL)


cdef void from_columns_i64(const Columns* c) noexcept nogil:
    over_planes(c, from_columns_one_i64, c.planes, c.height * c.width + c.kernel_h * c.kernel_w * c.out_h * c.out_w)


cdef void slices_one_f32(const void* s, int64_t plane) noexcept nogil:
    slices_plane(<const Slices*>s, plane, <float*>NULL)


cdef void slices_f32(const Slices* s) noexcept nogil:
    over_planes(s, slices_one_f32, s.batch * s.channels, (s.depth + s.out * s.kernel) * s.inner)


cdef void slices_one_f64(const void* s, int64_t plane) noexcept nogil:
    slices_plane(<const Slices*>s, plane, <double*>NULL)


cdef void slices_f64(const Slices* s) noexcept nogil:
    over_planes(s, slices_one_f64, s.batch * s.channels, (s.depth + s.out * s.kernel) * s.inner)


cdef void slices_one_i64(const void* s, int64_t plane) noexcept nogil:
    slices_plane(<const Slices*>s, plane, <int64_t*>NULL)


cdef void slices_i64(const Slices* s) noexcept nogil:
    over_planes(s, slices_one_i64, s.batch * s.channels, (s.depth + s.out * s.kernel) * s.inner)


cdef void from_slices_one_f32(const void* s, int64_t plane) noexcept nogil:
    from_slices_plane(<const Slices*>s, plane, <float*>NULL)


cdef void from_slices_f32(const Slices* s) noexcept nogil:
    over_planes(s, from_slices_one_f32, s.batch * s.channels, (s.depth + s.out * s.kernel) * s.inner)


cdef void from_slices_one_f64(const void* s, int64_t plane) noexcept nogil:
    from_slices_plane(<const Slices*>s, plane, <double*>NULL)


cdef void from_slices_f64(const Slices* s) noexcept nogil:
    over_planes(s, from_slices_one_f64, s.batch * s.channels, (s.depth + s.out * s.kernel) * s.inner)


cdef void from_slices_one_i64(const void* s, int64_t plane) noexcept nogil:
    from_slices_plane(<const Slices*>s, plane, <int64_t*>NULL)


cdef void from_slices_i64(const Slices* s) noexcept nogil:
    over_planes(s, from_slices_one_i64, s.batch * s.channels, (s.depth + s.out * s.kernel) * s.inner)


cdef VolumeKernels table
table.max[:] = [max_f32, max_f64, max_i64]
table.max_backward[:] = [max_backward_f32, max_backward_f64, max_backward_i64]
table.average[:] = [average_f32, average_f64, average_i64]
table.average_backward[:] = [average_backward_f32, average_backward_f64, average_backward_i64]
table.unpool[:] = [unpool_f32, unpool_f64, unpool_i64]
table.columns[:] = [columns_f32, columns_f64, columns_i64]
table.from_columns[:] = [from_columns_f32, from_columns_f64, from_columns_i64]
table.slices[:] = [slices_f32, slices_f64, slices_i64]
table.from_slices[:] = [from_slices_f32, from_slices_f64, from_slices_i64]

kernels = PyCapsule_New(&table, b"ctorch.kernels", NULL)
