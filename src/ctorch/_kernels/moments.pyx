"""Variances with their means, and logarithms of sums of exponentials, along one dimension, each in one pass.

A block of elements that stays in the cache is visited twice; the blocks' states are merged. Both states are a pair of
numbers: mean and sum of squared deviations (Chan, Golub and LeVeque, 1979), or a shift and the sum of exponentials
below it.
"""
from cpython.pycapsule cimport PyCapsule_New
from libc.math cimport INFINITY, isinf, sqrt
from libc.stdint cimport int64_t
from libc.stdlib cimport free as release
from libc.stdlib cimport malloc

from ctorch._kernels.lanes cimport max_row, real, sum_row
from ctorch._parallel cimport parallel_for

cdef extern from "vmath.h" nogil:
    float ct_exp_f32(float x)
    double ct_exp_f64(double x)
    double ct_log_f64(double x)

cdef extern from "vmath_block.h" nogil:
    void ct_vexp_f32(const float* x, float* y, int64_t n)
    void ct_vexp_f64(const double* x, double* y, int64_t n)

cdef enum:
    BLOCK = 4096        # elements of a row that are visited twice
    POWERS = 256        # exponentials held at a time
    COLUMNS = 128       # columns worked on together
    DEPTH = 16          # their rows in a block
    PART = 65536        # elements of a part, where few results leave threads idle
    CHUNK = 16384       # elements to a task, at least
    SHORT = 64          # elements of rows that are turned to columns,
    TURNED = 2048       # so many elements at a time

    VARIANCE = 0
    LOGSUMEXP

cdef struct Job:
    int op
    const void* x
    void* y
    void* mean
    int64_t outer, n, inner
    double free
    bint root
    int64_t groups      # of columns, in each of `outer`
    int64_t parts       # of n
    int64_t units       # results (rows, or groups of columns) to a task
    double* states      # of the parts, pairs

ctypedef void (*task_fn)(void* job, int64_t task) noexcept nogil


cdef inline real exp_(real x) noexcept nogil:
    if real is float:
        return ct_exp_f32(x)
    else:
        return ct_exp_f64(x)


cdef inline void exp_row(real* x, int64_t n) noexcept nogil:
    if real is float:
        ct_vexp_f32(x, x, n)
    else:
        ct_vexp_f64(x, x, n)

# ------------------------------------------------------------------------------------------------------------
# States


cdef inline void merge_moments(double* mean, double* squares, double count, double mean_b, double squares_b,
                               double count_b) noexcept nogil:
    cdef double delta = mean_b - mean[0], whole = count + count_b
    if count == 0:
        mean[0] = mean_b
        squares[0] = squares_b
        return
    mean[0] += delta * (count_b / whole)
    squares[0] += squares_b + delta * delta * (count * count_b / whole)


cdef inline void merge_sums(double* shift, double* total, double shift_b, double total_b) noexcept nogil:
    if total_b == 0:
        return
    if total[0] == 0:
        shift[0] = shift_b
        total[0] = total_b
    elif shift_b > shift[0]:
        total[0] = total[0] * ct_exp_f64(shift[0] - shift_b) + total_b
        shift[0] = shift_b
    else:
        total[0] += total_b * ct_exp_f64(shift_b - shift[0])


cdef inline double finite(double x) noexcept nogil:
    # A shift that leaves infinities as they are.
    return 0 if isinf(x) else x

# ------------------------------------------------------------------------------------------------------------
# A row


cdef inline double wide_sum(const real* x, int64_t n) noexcept nogil:
    cdef double lanes[32]
    cdef double total = 0
    cdef int64_t i = 0
    cdef int j
    for j in range(32):
        lanes[j] = 0
    while i + 32 <= n:
        for j in range(32):
            lanes[j] += x[i + j]
        i += 32
    while i < n:
        total += x[i]
        i += 1
    for j in range(32):
        total += lanes[j]
    return total


cdef inline double wide_squares(const real* x, double mean, int64_t n) noexcept nogil:
    cdef double lanes[32]
    cdef double total = 0, d
    cdef int64_t i = 0
    cdef int j
    for j in range(32):
        lanes[j] = 0
    while i + 32 <= n:
        for j in range(32):
            d = x[i + j] - mean
            lanes[j] += d * d
        i += 32
    while i < n:
        d = x[i] - mean
        total += d * d
        i += 1
    for j in range(32):
        total += lanes[j]
    return total


cdef inline void moments_row(const real* x, int64_t n, double* mean, double* squares) noexcept nogil:
    cdef int64_t start = 0, size
    cdef double m
    mean[0] = squares[0] = 0
    while start < n:
        size = n - start if n - start < BLOCK else <int64_t>BLOCK
        m = wide_sum(x + start, size) / size
        merge_moments(mean, squares, start, m, wide_squares(x + start, m, size), size)
        start += size


cdef inline void exponentials_row(const real* x, int64_t n, double* shift, double* total) noexcept nogil:
    cdef real powers[POWERS]
    cdef int64_t start = 0, size, first, m, i
    cdef real top
    cdef double found
    shift[0] = total[0] = 0
    while start < n:
        size = n - start if n - start < BLOCK else <int64_t>BLOCK
        top = <real>finite(max_row(x + start, size))
        found = 0
        first = start
        while first < start + size:
            m = start + size - first if start + size - first < POWERS else <int64_t>POWERS
            for i in range(m):
                powers[i] = x[first + i] - top
            exp_row(powers, m)
            found += sum_row(<const real*>powers, m)
            first += m
        merge_sums(shift, total, top, found)
        start += size

# ------------------------------------------------------------------------------------------------------------
# Up to COLUMNS neighbouring columns, whose elements are `inner` apart; states[0:k] and states[COLUMNS:] are the pairs


cdef inline void moments_columns(const real* x, int64_t n, int64_t inner, int64_t k, double* mean,
                                 double* squares) noexcept nogil:
    cdef double m[COLUMNS]
    cdef double s[COLUMNS]
    cdef int64_t start = 0, size, i, j
    cdef double d, share, weight
    for j in range(k):
        mean[j] = squares[j] = 0
    while start < n:
        size = n - start if n - start < DEPTH else <int64_t>DEPTH
        for j in range(k):
            m[j] = s[j] = 0
        for i in range(start, start + size):
            for j in range(k):
                m[j] += x[i * inner + j]
        for j in range(k):
            m[j] /= size
        for i in range(start, start + size):
            for j in range(k):
                d = x[i * inner + j] - m[j]
                s[j] += d * d
        share = <double>size / (start + size)
        weight = share * start
        for j in range(k):
            d = m[j] - mean[j]
            mean[j] += d * share
            squares[j] += s[j] + d * (d * weight)      # no NaN where d * d is infinite and weight nought
        start += size


cdef inline void exponentials_columns(const real* x, int64_t n, int64_t inner, int64_t k, double* shift,
                                      double* total) noexcept nogil:
    cdef real top[COLUMNS]
    cdef real sums[COLUMNS]
    cdef int64_t start = 0, size, i, j
    for j in range(k):
        shift[j] = total[j] = 0
    while start < n:
        size = n - start if n - start < DEPTH else <int64_t>DEPTH
        for j in range(k):
            top[j] = x[start * inner + j]
        for i in range(start + 1, start + size):
            for j in range(k):
                top[j] = x[i * inner + j] if x[i * inner + j] > top[j] else top[j]
        for j in range(k):
            top[j] = 0 if top[j] == INFINITY or top[j] == -INFINITY else top[j]
            sums[j] = 0
        for i in range(start, start + size):
            for j in range(k):
                sums[j] += exp_(x[i * inner + j] - top[j])
        for j in range(k):
            merge_sums(&shift[j], &total[j], top[j], sums[j])
        start += size

# ------------------------------------------------------------------------------------------------------------
# Tasks


cdef inline void fold(Job* job, int64_t unit, int64_t part, int64_t k, double* states, real* tag) noexcept nogil:
    # One part of one unit into its k states.
    cdef int64_t first = job.n * part // job.parts, count = job.n * (part + 1) // job.parts - first
    cdef int64_t column = unit % job.groups * COLUMNS
    cdef const real* x = <const real*>job.x + (unit // job.groups * job.n + first) * job.inner + column
    if job.inner == 1:
        if job.op == VARIANCE:
            moments_row(x, count, states, states + COLUMNS)
        else:
            exponentials_row(x, count, states, states + COLUMNS)
    elif job.op == VARIANCE:
        moments_columns(x, count, job.inner, k, states, states + COLUMNS)
    else:
        exponentials_columns(x, count, job.inner, k, states, states + COLUMNS)


cdef inline void finish(Job* job, int64_t at, int64_t k, double* states, real* tag) noexcept nogil:
    cdef int64_t j
    cdef real* y = <real*>job.y + at
    cdef real* mean = <real*>job.mean + at
    cdef double value
    for j in range(k):
        if job.op == LOGSUMEXP:
            y[j] = <real>(states[j] + ct_log_f64(states[COLUMNS + j]))
            continue
        value = states[COLUMNS + j] / job.free
        y[j] = <real>(sqrt(value) if job.root else value)
        mean[j] = <real>states[j]


cdef inline int64_t width(Job* job, int64_t unit) noexcept nogil:
    cdef int64_t rest = job.inner - unit % job.groups * COLUMNS
    return rest if rest < COLUMNS else <int64_t>COLUMNS


cdef inline int64_t place(Job* job, int64_t unit) noexcept nogil:
    return unit // job.groups * job.inner + unit % job.groups * COLUMNS


cdef inline void short_rows(Job* job, int64_t start, int64_t stop, real* tag) noexcept nogil:
    """Short rows as columns, some at a time."""
    cdef real turned[TURNED]
    cdef double states[2 * COLUMNS]
    cdef const real* x
    cdef int64_t n = job.n, size = TURNED // n, i, j, k
    size = size if size < COLUMNS else <int64_t>COLUMNS
    while start < stop:
        k = stop - start if stop - start < size else size
        x = <const real*>job.x + start * n
        for i in range(n):
            for j in range(k):
                turned[i * k + j] = x[j * n + i]
        if job.op == VARIANCE:
            moments_columns(<const real*>turned, n, k, k, states, states + COLUMNS)
        else:
            exponentials_columns(<const real*>turned, n, k, k, states, states + COLUMNS)
        finish(job, start, k, states, tag)
        start += k


cdef inline void task(Job* job, int64_t number, real* tag) noexcept nogil:
    cdef double states[2 * COLUMNS]
    cdef int64_t unit, stop, k
    if job.parts > 1:
        unit = number // job.parts
        fold(job, unit, number % job.parts, width(job, unit), job.states + number * 2 * COLUMNS, tag)
        return
    stop = (number + 1) * job.units
    stop = stop if stop < job.outer * job.groups else job.outer * job.groups
    if job.inner == 1 and 0 < job.n < SHORT:
        short_rows(job, number * job.units, stop, tag)
        return
    for unit in range(number * job.units, stop):
        k = width(job, unit)
        fold(job, unit, 0, k, states, tag)
        finish(job, place(job, unit), k, states, tag)


cdef void join(Job* job, int64_t unit, int64_t k) noexcept nogil:
    # The states of a unit's parts, merged in order into the first.
    cdef double* a = job.states + unit * job.parts * 2 * COLUMNS
    cdef double* b
    cdef int64_t part, j, first, count
    for part in range(1, job.parts):
        b = a + part * 2 * COLUMNS
        first = job.n * part // job.parts
        count = job.n * (part + 1) // job.parts - first
        for j in range(k):
            if job.op == VARIANCE:
                merge_moments(&a[j], &a[COLUMNS + j], first, b[j], b[COLUMNS + j], count)
            else:
                merge_sums(&a[j], &a[COLUMNS + j], b[j], b[COLUMNS + j])


cdef inline int run(Job* job, task_fn fn, real* tag) noexcept nogil:
    cdef int64_t tasks, unit, size
    job.groups = (job.inner + COLUMNS - 1) // COLUMNS
    job.parts = 1
    tasks = job.outer * job.groups
    if tasks == 0:
        return 0
    size = job.n * (job.inner if job.inner < COLUMNS else <int64_t>COLUMNS)
    if tasks < 16 and size >= 2 * PART:
        job.parts = size // PART
        job.states = <double*>malloc(tasks * job.parts * 2 * COLUMNS * sizeof(double))
        if job.states == NULL:
            return -1
        parallel_for(fn, job, tasks * job.parts)
        for unit in range(tasks):
            join(job, unit, width(job, unit))
            finish(job, place(job, unit), width(job, unit), job.states + unit * job.parts * 2 * COLUMNS, tag)
        release(job.states)
        return 0
    job.units = CHUNK // (size + 1) + 1
    tasks = (tasks + job.units - 1) // job.units
    if tasks == 1:
        fn(job, 0)
    else:
        parallel_for(fn, job, tasks)
    return 0


cdef void task_f32(void* job, int64_t number) noexcept nogil:
    task(<Job*>job, number, <float*>NULL)


cdef void task_f64(void* job, int64_t number) noexcept nogil:
    task(<Job*>job, number, <double*>NULL)


cdef int variance_f32(const void* x, void* y, void* mean, int64_t outer, int64_t n, int64_t inner, double free,
                      bint root) noexcept nogil:
    cdef Job job = Job(VARIANCE, x, y, mean, outer, n, inner, free, root, 0, 0, 0, NULL)
    return run(&job, task_f32, <float*>NULL)


cdef int variance_f64(const void* x, void* y, void* mean, int64_t outer, int64_t n, int64_t inner, double free,
                      bint root) noexcept nogil:
    cdef Job job = Job(VARIANCE, x, y, mean, outer, n, inner, free, root, 0, 0, 0, NULL)
    return run(&job, task_f64, <double*>NULL)


cdef int logsumexp_f32(const void* x, void* y, int64_t outer, int64_t n, int64_t inner) noexcept nogil:
    cdef Job job = Job(LOGSUMEXP, x, y, NULL, outer, n, inner, 0, False, 0, 0, 0, NULL)
    return run(&job, task_f32, <float*>NULL)


cdef int logsumexp_f64(const void* x, void* y, int64_t outer, int64_t n, int64_t inner) noexcept nogil:
    cdef Job job = Job(LOGSUMEXP, x, y, NULL, outer, n, inner, 0, False, 0, 0, 0, NULL)
    return run(&job, task_f64, <double*>NULL)


cdef MomentsKernels table
table.variance[:] = [variance_f32, variance_f64]
table.logsumexp[:] = [logsumexp_f32, logsumexp_f64]

kernels = PyCapsule_New(&table, b"ctorch.kernels", NULL)
