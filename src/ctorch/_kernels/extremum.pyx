"""The largest and the smallest along one dimension, with their places.

A row is read in blocks: the block's extremum vectorises, and only where it is a new one is its place looked for.
Short rows are turned to columns, some at a time.
"""
from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int32_t, int64_t

from ctorch._parallel cimport parallel_for

cdef enum:
    BLOCK = 2048        # elements of a row
    COLUMNS = 256       # columns worked on together
    SHORT = 128         # elements of a row that is turned
    NARROW = 8          # neighbouring columns that are rows, each by itself
    CHUNK = 16384       # elements to a task, at least

ctypedef fused ordered:
    float
    double
    int32_t
    int64_t

cdef struct Job:
    const void* x
    void* values
    int64_t* places
    int64_t outer, n, inner, groups, units, row, step
    bint largest

ctypedef void (*task_fn)(void* job, int64_t number) noexcept nogil


cdef inline ordered block_extremum(const ordered* x, int64_t n, bint largest, bint* nan) noexcept nogil:
    """Extremum of n > 0 elements, NaN passed over; and whether there is one."""
    cdef ordered lanes[64]
    cdef ordered best = x[0]
    cdef int unordered[64]
    cdef int64_t i = 0
    cdef int j, found = 0, width = 32
    if n >= 64:
        for j in range(64):
            lanes[j] = x[j]
            unordered[j] = 0
        while i + 64 <= n:
            if largest:
                for j in range(64):
                    lanes[j] = x[i + j] if x[i + j] > lanes[j] else lanes[j]
            else:
                for j in range(64):
                    lanes[j] = x[i + j] if x[i + j] < lanes[j] else lanes[j]
            if ordered is float or ordered is double:
                for j in range(64):
                    unordered[j] |= x[i + j] != x[i + j]
            i += 64
        while width > 0:                # in pairs, so that no chain is long
            for j in range(width):
                unordered[j] |= unordered[j + width]
                lanes[j] = lanes[j + width] if (lanes[j + width] > lanes[j] if largest
                                                else lanes[j + width] < lanes[j]) else lanes[j]
            width >>= 1
        found, best = unordered[0], lanes[0]
    while i < n:
        found |= x[i] != x[i]
        best = x[i] if (x[i] > best if largest else x[i] < best) else best
        i += 1
    nan[0] = found
    return best


cdef inline void row(const ordered* x, int64_t step, int64_t n, bint largest, ordered* value,
                     int64_t* place) noexcept nogil:
    cdef ordered taken[BLOCK]
    cdef const ordered* block
    cdef int64_t start = 0, size, i
    cdef ordered best = x[0], found
    cdef bint nan
    place[0] = 0
    while start < n:
        size = n - start if n - start < BLOCK else <int64_t>BLOCK
        block = x + start * step
        if step == 2:
            for i in range(size):
                taken[i] = block[2 * i]
            block = taken
        elif step != 1:
            for i in range(size):
                taken[i] = block[i * step]
            block = taken
        found = block_extremum(block, size, largest, &nan)
        if nan:
            i = 0
            while block[i] == block[i]:
                i += 1
            value[0], place[0] = block[i], start + i
            return
        if found > best if largest else found < best:
            i = 0
            while block[i] != found:
                i += 1
            best, place[0] = found, start + i
        start += size
    value[0] = best


cdef inline void columns(const ordered* x, int64_t n, int64_t inner, int64_t k, bint largest, ordered* values,
                         int64_t* places) noexcept nogil:
    # Places are as wide as the elements, so that both go through the same vectors.
    cdef ordered best[COLUMNS]
    cdef int32_t near_[COLUMNS]
    cdef int64_t far_[COLUMNS]
    cdef int64_t i, j
    cdef int32_t at
    cdef bint take
    for j in range(k):
        best[j] = x[j]
        near_[j] = 0
        far_[j] = 0
    for i in range(1, n):
        at = <int32_t>i
        for j in range(k):
            if ordered is float or ordered is double:
                take = ((x[i * inner + j] > best[j] if largest else x[i * inner + j] < best[j])
                        | (x[i * inner + j] != x[i * inner + j])) & (best[j] == best[j])
            else:
                take = x[i * inner + j] > best[j] if largest else x[i * inner + j] < best[j]
            best[j] = x[i * inner + j] if take else best[j]
            if ordered is float or ordered is int32_t:
                near_[j] = at if take else near_[j]
            else:
                far_[j] = i if take else far_[j]
    for j in range(k):
        values[j] = best[j]
        if ordered is float or ordered is int32_t:
            places[j] = near_[j]
        else:
            places[j] = far_[j]


cdef inline void short_rows(const Job* job, int64_t start, int64_t stop, ordered* tag) noexcept nogil:
    cdef ordered turned[BLOCK]
    cdef const ordered* x
    cdef ordered* values = <ordered*>job.values
    cdef int64_t size = BLOCK // job.n, i, j, k
    size = size if size < COLUMNS else <int64_t>COLUMNS
    while start < stop:
        k = stop - start if stop - start < size else size
        for i in range(job.n):
            x = <const ordered*>job.x + start * job.row + i * job.step
            for j in range(k):
                turned[i * k + j] = x[j * job.row]
        if job.largest:
            columns(turned, job.n, k, k, True, values + start, job.places + start)
        else:
            columns(turned, job.n, k, k, False, values + start, job.places + start)
        start += k


cdef inline void task(Job* job, int64_t number, ordered* tag) noexcept nogil:
    cdef int64_t unit, stop = (number + 1) * job.units, column, at
    cdef const ordered* x = <const ordered*>job.x
    cdef ordered* values = <ordered*>job.values
    stop = stop if stop < job.outer * job.groups else job.outer * job.groups
    if job.inner == 1 and job.n < SHORT:
        short_rows(job, number * job.units, stop, tag)
        return
    for unit in range(number * job.units, stop):
        column = unit % job.groups * COLUMNS
        at = unit // job.groups * job.inner + column
        if 1 < job.inner < NARROW and job.n >= SHORT // 2:
            for column in range(job.inner):
                row(x + unit * job.n * job.inner + column, job.inner, job.n, job.largest, values + at + column,
                    job.places + at + column)
        elif job.inner == 1:
            row(x + unit * job.row, job.step, job.n, job.largest, values + at, job.places + at)
        elif job.largest:
            columns(x + unit // job.groups * job.n * job.inner + column, job.n, job.inner,
                    job.inner - column if job.inner - column < COLUMNS else <int64_t>COLUMNS, True, values + at,
                    job.places + at)
        else:
            columns(x + unit // job.groups * job.n * job.inner + column, job.n, job.inner,
                    job.inner - column if job.inner - column < COLUMNS else <int64_t>COLUMNS, False, values + at,
                    job.places + at)


cdef inline void run(task_fn fn, const void* x, void* values, int64_t* places, int64_t outer, int64_t n,
                     int64_t inner, int64_t row, int64_t step, bint largest) noexcept nogil:
    cdef Job job
    cdef int64_t tasks, size = n * (inner if inner < COLUMNS else <int64_t>COLUMNS) + 1, grain
    job.x, job.values, job.places = x, values, places
    job.outer, job.n, job.inner, job.row, job.step, job.largest = outer, n, inner, row, step, largest
    job.groups = (inner + COLUMNS - 1) // COLUMNS
    grain = outer * job.groups * size // 8          # an even share for a few threads where there is little
    job.units = (CHUNK if grain > CHUNK or 2 * grain < CHUNK else grain) // size + 1
    tasks = (outer * job.groups + job.units - 1) // job.units
    if tasks == 1:
        fn(&job, 0)
    else:
        parallel_for(fn, &job, tasks)


cdef void task_f32(void* job, int64_t number) noexcept nogil:
    task(<Job*>job, number, <float*>NULL)


cdef void task_f64(void* job, int64_t number) noexcept nogil:
    task(<Job*>job, number, <double*>NULL)


cdef void task_i32(void* job, int64_t number) noexcept nogil:
    task(<Job*>job, number, <int32_t*>NULL)


cdef void task_i64(void* job, int64_t number) noexcept nogil:
    task(<Job*>job, number, <int64_t*>NULL)


cdef void extremum_f32(const void* x, void* values, int64_t* places, int64_t outer, int64_t n, int64_t inner,
                       int64_t row, int64_t step, bint largest) noexcept nogil:
    run(task_f32, x, values, places, outer, n, inner, row, step, largest)


cdef void extremum_f64(const void* x, void* values, int64_t* places, int64_t outer, int64_t n, int64_t inner,
                       int64_t row, int64_t step, bint largest) noexcept nogil:
    run(task_f64, x, values, places, outer, n, inner, row, step, largest)


cdef void extremum_i32(const void* x, void* values, int64_t* places, int64_t outer, int64_t n, int64_t inner,
                       int64_t row, int64_t step, bint largest) noexcept nogil:
    run(task_i32, x, values, places, outer, n, inner, row, step, largest)


cdef void extremum_i64(const void* x, void* values, int64_t* places, int64_t outer, int64_t n, int64_t inner,
                       int64_t row, int64_t step, bint largest) noexcept nogil:
    run(task_i64, x, values, places, outer, n, inner, row, step, largest)


cdef ExtremumKernels table
table.extremum[:] = [extremum_f32, extremum_f64, extremum_i32, extremum_i64]

kernels = PyCapsule_New(&table, b"ctorch.kernels", NULL)
