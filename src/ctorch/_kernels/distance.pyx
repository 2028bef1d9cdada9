"""Distances of all pairs of points; the second set is transposed, so that the loops run over its points."""
from cpython.pycapsule cimport PyCapsule_New
from libc.math cimport INFINITY, fabs, fabsf, pow, powf
from libc.stdint cimport int64_t

from ctorch._kernels.lanes cimport real
from ctorch._parallel cimport parallel_for

cdef extern from "dots.h" nogil:
    void distances_f32 "ct_distances_f32" (int p, const float* x, const float* y, int64_t y_row, int64_t n,
                                           int64_t count, float* to)
    void distances_f64 "ct_distances_f64" (int p, const double* x, const double* y, int64_t y_row, int64_t n,
                                           int64_t count, double* to)

cdef enum:
    COLUMNS = 256       # distances worked on together
    CHUNK = 16384       # differences to a task, at least

cdef struct Job:
    const void* x
    const void* y
    void* to
    int64_t batch, rows, columns, n, chunk
    bint upper          # of one set with itself, each pair once: row after row what is right of the diagonal
    double p

ctypedef void (*task_fn)(void* job, int64_t number) noexcept nogil


cdef inline real size_of(real x) noexcept nogil:
    if real is float:
        return fabsf(x)
    else:
        return fabs(x)


cdef inline real power(real x, real p) noexcept nogil:
    if real is float:
        return powf(x, p)
    else:
        return pow(x, p)


cdef inline void add(real* sums, const real* y, real x, int64_t k, real p) noexcept nogil:
    """The differences of one coordinate."""
    cdef int64_t j
    cdef real d
    if p == 0:
        for j in range(k):
            sums[j] += x != y[j]
    elif p == INFINITY:
        for j in range(k):
            d = size_of(x - y[j])
            sums[j] = d if (d > sums[j]) | (d != d) else sums[j]
    else:
        for j in range(k):
            sums[j] += power(size_of(x - y[j]), p)


cdef inline real finished(real total, real p) noexcept nogil:
    if p == 0 or p == INFINITY:
        return total
    return power(total, 1 / p)


cdef inline void task(Job* job, int64_t number, real* tag) noexcept nogil:
    cdef real sums[COLUMNS]
    cdef real p = <real>job.p
    cdef int64_t row, stop = (number + 1) * job.chunk, i, j, first, k
    cdef const real* x
    cdef const real* y
    cdef real* to
    stop = stop if stop < job.batch * job.rows else job.batch * job.rows
    for row in range(number * job.chunk, stop):
        x = <const real*>job.x + row * job.n
        first = row + 1 if job.upper else 0
        if job.upper:
            to = <real*>job.to + row * (2 * job.rows - row - 1) // 2 - first
        else:
            to = <real*>job.to + row * job.columns
        y = <const real*>job.y + row // job.rows * job.n * job.columns
        if p == 2 or p == 1:
            if real is float:
                distances_f32(<int>p, x, y + first, job.columns, job.n, job.columns - first, to + first)
            else:
                distances_f64(<int>p, x, y + first, job.columns, job.n, job.columns - first, to + first)
            continue
        while first < job.columns:
            k = job.columns - first if job.columns - first < COLUMNS else <int64_t>COLUMNS
            for j in range(k):
                sums[j] = 0
            for i in range(job.n):
                add(sums, y + i * job.columns + first, x[i], k, p)
            for j in range(k):
                to[first + j] = finished(sums[j], p)
            first += k


cdef void task_f32(void* job, int64_t number) noexcept nogil:
    task(<Job*>job, number, <float*>NULL)


cdef void task_f64(void* job, int64_t number) noexcept nogil:
    task(<Job*>job, number, <double*>NULL)


cdef void run(task_fn fn, const void* x, const void* y, void* to, int64_t batch, int64_t rows, int64_t columns,
              int64_t n, double p, bint upper) noexcept nogil:
    cdef Job job
    job.x, job.y, job.to, job.p, job.upper = x, y, to, p, upper
    job.batch, job.rows, job.columns, job.n = batch, rows, columns, n
    job.chunk = CHUNK // (columns * n + 1) + 1
    parallel_for(fn, &job, (batch * rows + job.chunk - 1) // job.chunk)


cdef void distance_f32(const void* x, const void* y, void* to, int64_t batch, int64_t rows, int64_t columns,
                       int64_t n, double p, bint upper) noexcept nogil:
    run(task_f32, x, y, to, batch, rows, columns, n, p, upper)


cdef void distance_f64(const void* x, const void* y, void* to, int64_t batch, int64_t rows, int64_t columns,
                       int64_t n, double p, bint upper) noexcept nogil:
    run(task_f64, x, y, to, batch, rows, columns, n, p, upper)


cdef DistanceKernels table
table.distance[:] = [distance_f32, distance_f64]

kernels = PyCapsule_New(&table, b"ctorch.kernels", NULL)
