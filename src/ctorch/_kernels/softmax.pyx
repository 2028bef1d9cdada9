"""Softmax, its logarithm and their gradients along one dimension."""
from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int64_t

from ctorch._kernels.lanes cimport dot_row, max_row, real, sum_row
from ctorch._parallel cimport parallel_for

cdef extern from "vmath.h" nogil:
    float ct_exp_f32(float x)
    double ct_exp_f64(double x)
    float ct_log_f32(float x)
    double ct_log_f64(double x)

cdef extern from "vmath_block.h" nogil:
    void ct_vexp_f32(const float* x, float* y, int64_t n)
    void ct_vexp_f64(const double* x, double* y, int64_t n)

cdef enum:
    CHUNK = 16384       # elements to a chunk
    LANES = 512         # columns worked on together when the dimension is not the last
    BLOCK = 256         # elements of a row whose exponentials are held at a time
    SHORT = 128         # elements of rows that are turned to columns,
    TURNED = 2048       # so many elements at a time
    NARROW = 16         # columns fewer than this are turned to rows, if these
    LONG = 32           # are as long

    SOFTMAX = 0
    LOG_SOFTMAX
    SOFTMAX_BACKWARD
    LOG_SOFTMAX_BACKWARD

cdef struct Softmax:
    int op
    const void* x       # the input of a forward, g of a backward
    const void* y       # the output of the forward, in a backward
    void* to
    int64_t outer, n, inner
    int64_t chunk       # rows to a chunk, or groups of LANES columns

ctypedef void (*chunk_fn)(void* s, int64_t chunk) noexcept nogil


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


cdef inline real log_(real x) noexcept nogil:
    if real is float:
        return ct_log_f32(x)
    else:
        return ct_log_f64(x)

# ------------------------------------------------------------------------------------------------------------
# One contiguous row


cdef inline void softmax_row(const real* x, real* y, int64_t n) noexcept nogil:
    cdef real top = max_row(x, n), scale
    cdef int64_t i
    for i in range(n):
        y[i] = x[i] - top
    exp_row(y, n)
    scale = 1 / sum_row(<const real*>y, n)
    for i in range(n):
        y[i] *= scale


cdef inline void log_softmax_row(const real* x, real* y, int64_t n) noexcept nogil:
    cdef real top = max_row(x, n), total = 0
    cdef real powers[BLOCK]
    cdef int64_t i, start = 0, size
    while start < n:
        size = n - start if n - start < BLOCK else <int64_t>BLOCK
        for i in range(size):
            powers[i] = x[start + i] - top
        exp_row(powers, size)
        total += sum_row(<const real*>powers, size)
        start += size
    total = log_(total)
    for i in range(n):
        y[i] = x[i] - top - total


cdef inline void softmax_backward_row(const real* g, const real* y, real* gx, int64_t n) noexcept nogil:
    cdef real mean = dot_row(g, y, n)
    cdef int64_t i
    for i in range(n):
        gx[i] = y[i] * (g[i] - mean)


cdef inline void log_softmax_backward_row(const real* g, const real* y, real* gx, int64_t n) noexcept nogil:
    cdef real total = sum_row(g, n)
    cdef int64_t i
    for i in range(n):
        gx[i] = g[i] - exp_(y[i]) * total

# ------------------------------------------------------------------------------------------------------------
# Up to LANES neighbouring columns, whose elements are `inner` apart


cdef inline void max_columns(const real* x, real* top, int64_t n, int64_t inner, int64_t columns) noexcept nogil:
    cdef int64_t i, j
    for j in range(columns):
        top[j] = x[j]
    for i in range(1, n):
        for j in range(columns):
            top[j] = x[i * inner + j] if x[i * inner + j] > top[j] else top[j]


cdef inline void softmax_columns(const real* x, real* y, int64_t n, int64_t inner, int64_t columns) noexcept nogil:
    cdef real top[LANES]
    cdef real total[LANES]
    cdef int64_t i, j
    max_columns(x, top, n, inner, columns)
    for j in range(columns):
        total[j] = 0
    for i in range(n):
        for j in range(columns):
            y[i * inner + j] = exp_(x[i * inner + j] - top[j])
        for j in range(columns):
            total[j] += y[i * inner + j]
    for j in range(columns):
        total[j] = 1 / total[j]
    for i in range(n):
        for j in range(columns):
            y[i * inner + j] *= total[j]


cdef inline void log_softmax_columns(const real* x, real* y, int64_t n, int64_t inner,
                                     int64_t columns) noexcept nogil:
    cdef real top[LANES]
    cdef real total[LANES]
    cdef int64_t i, j
    max_columns(x, top, n, inner, columns)
    for j in range(columns):
        total[j] = 0
    for i in range(n):
        for j in range(columns):
            total[j] += exp_(x[i * inner + j] - top[j])
    for j in range(columns):
        total[j] = log_(total[j])
    for i in range(n):
        for j in range(columns):
            y[i * inner + j] = x[i * inner + j] - top[j] - total[j]


cdef inline void softmax_backward_columns(const real* g, const real* y, real* gx, int64_t n, int64_t inner,
                                          int64_t columns) noexcept nogil:
    cdef real mean[LANES]
    cdef int64_t i, j
    for j in range(columns):
        mean[j] = 0
    for i in range(n):
        for j in range(columns):
            mean[j] += g[i * inner + j] * y[i * inner + j]
    for i in range(n):
        for j in range(columns):
            gx[i * inner + j] = y[i * inner + j] * (g[i * inner + j] - mean[j])


cdef inline void log_softmax_backward_columns(const real* g, const real* y, real* gx, int64_t n, int64_t inner,
                                              int64_t columns) noexcept nogil:
    cdef real total[LANES]
    cdef int64_t i, j
    for j in range(columns):
        total[j] = 0
    for i in range(n):
        for j in range(columns):
            total[j] += g[i * inner + j]
    for i in range(n):
        for j in range(columns):
            gx[i * inner + j] = g[i * inner + j] - exp_(y[i * inner + j]) * total[j]

# ------------------------------------------------------------------------------------------------------------
# Chunks


cdef inline void one_row(int op, const real* x, const real* y, real* to, int64_t n) noexcept nogil:
    if op == SOFTMAX:
        softmax_row(x, to, n)
    elif op == LOG_SOFTMAX:
        log_softmax_row(x, to, n)
    elif op == SOFTMAX_BACKWARD:
        softmax_backward_row(x, y, to, n)
    else:
        log_softmax_backward_row(x, y, to, n)


cdef inline void some_columns(int op, const real* x, const real* y, real* to, int64_t n, int64_t inner,
                              int64_t columns) noexcept nogil:
    if op == SOFTMAX:
        softmax_columns(x, to, n, inner, columns)
    elif op == LOG_SOFTMAX:
        log_softmax_columns(x, to, n, inner, columns)
    elif op == SOFTMAX_BACKWARD:
        softmax_backward_columns(x, y, to, n, inner, columns)
    else:
        log_softmax_backward_columns(x, y, to, n, inner, columns)


cdef inline void turn(const real* x, int64_t rows, int64_t columns, real* to) noexcept nogil:
    cdef int64_t i, j
    for j in range(columns):
        for i in range(rows):
            to[j * rows + i] = x[i * columns + j]


cdef inline void short_rows(int op, const real* x, const real* y, real* to, int64_t rows, int64_t n) noexcept nogil:
    """Short rows as columns, some at a time."""
    cdef real turned[3][TURNED]
    cdef int64_t size = TURNED // n, start = 0, k
    size = size if size < LANES else <int64_t>LANES
    while start < rows:
        k = rows - start if rows - start < size else size
        turn(x + start * n, k, n, turned[0])
        if op == SOFTMAX_BACKWARD or op == LOG_SOFTMAX_BACKWARD:
            turn(y + start * n, k, n, turned[1])
        some_columns(op, <const real*>turned[0], <const real*>turned[1], turned[2], n, k, k)
        turn(<const real*>turned[2], n, k, to + start * n)
        start += k


cdef inline void few_columns(int op, const real* x, const real* y, real* to, int64_t n,
                             int64_t columns) noexcept nogil:
    """A few columns, at most TURNED elements in all, as rows."""
    cdef real turned[3][TURNED]
    cdef int64_t j
    turn(x, n, columns, turned[0])
    if op == SOFTMAX_BACKWARD or op == LOG_SOFTMAX_BACKWARD:
        turn(y, n, columns, turned[1])
    for j in range(columns):
        one_row(op, <const real*>turned[0] + j * n, <const real*>turned[1] + j * n, turned[2] + j * n, n)
    turn(<const real*>turned[2], columns, n, to)


cdef void chunk(Softmax* s, int64_t number, real* tag) noexcept nogil:
    """Units number * s.chunk and on: rows when inner is 1, else groups of LANES columns."""
    cdef int64_t groups = (s.inner + LANES - 1) // LANES, unit, at, column
    cdef int64_t stop = (number + 1) * s.chunk
    cdef const real* x = <const real*>s.x
    cdef const real* y = <const real*>s.y
    cdef real* to = <real*>s.to
    if stop > s.outer * groups:
        stop = s.outer * groups
    if s.inner == 1 and s.n < SHORT:
        at = number * s.chunk * s.n
        short_rows(s.op, x + at, y + at, to + at, stop - number * s.chunk, s.n)
        return
    for unit in range(number * s.chunk, stop):
        if s.inner == 1:
            at = unit * s.n
            one_row(s.op, x + at, y + at, to + at, s.n)
        elif s.inner < NARROW and s.n >= LONG and s.n * s.inner <= TURNED:
            at = unit * s.n * s.inner
            few_columns(s.op, x + at, y + at, to + at, s.n, s.inner)
        else:
            column = unit % groups * LANES
            at = unit // groups * s.n * s.inner + column
            some_columns(s.op, x + at, y + at, to + at, s.n, s.inner,
                         s.inner - column if s.inner - column < LANES else <int64_t>LANES)


cdef void chunk_f32(void* s, int64_t number) noexcept nogil:
    chunk(<Softmax*>s, number, <float*>NULL)


cdef void chunk_f64(void* s, int64_t number) noexcept nogil:
    chunk(<Softmax*>s, number, <double*>NULL)


cdef void run(int op, chunk_fn fn, const void* x, const void* y, void* to, int64_t outer, int64_t n,
              int64_t inner) noexcept nogil:
    cdef Softmax s
    cdef int64_t units = outer * ((inner + LANES - 1) // LANES)
    if outer == 0 or n == 0 or inner == 0:
        return
    s.op, s.x, s.y, s.to, s.outer, s.n, s.inner = op, x, y, to, outer, n, inner
    s.chunk = CHUNK // (n * (inner if inner < LANES else <int64_t>LANES)) + 1
    parallel_for(fn, &s, (units + s.chunk - 1) // s.chunk)


cdef void softmax_f32(const void* x, void* y, int64_t outer, int64_t n, int64_t inner) noexcept nogil:
    run(SOFTMAX, chunk_f32, x, x, y, outer, n, inner)


cdef void softmax_f64(const void* x, void* y, int64_t outer, int64_t n, int64_t inner) noexcept nogil:
    run(SOFTMAX, chunk_f64, x, x, y, outer, n, inner)


cdef void log_softmax_f32(const void* x, void* y, int64_t outer, int64_t n, int64_t inner) noexcept nogil:
    run(LOG_SOFTMAX, chunk_f32, x, x, y, outer, n, inner)


cdef void log_softmax_f64(const void* x, void* y, int64_t outer, int64_t n, int64_t inner) noexcept nogil:
    run(LOG_SOFTMAX, chunk_f64, x, x, y, outer, n, inner)


cdef void softmax_backward_f32(const void* g, const void* y, void* gx, int64_t outer, int64_t n,
                               int64_t inner) noexcept nogil:
    run(SOFTMAX_BACKWARD, chunk_f32, g, y, gx, outer, n, inner)


cdef void softmax_backward_f64(const void* g, const void* y, void* gx, int64_t outer, int64_t n,
                               int64_t inner) noexcept nogil:
    run(SOFTMAX_BACKWARD, chunk_f64, g, y, gx, outer, n, inner)


cdef void log_softmax_backward_f32(const void* g, const void* y, void* gx, int64_t outer, int64_t n,
                                   int64_t inner) noexcept nogil:
    run(LOG_SOFTMAX_BACKWARD, chunk_f32, g, y, gx, outer, n, inner)


cdef void log_softmax_backward_f64(const void* g, const void* y, void* gx, int64_t outer, int64_t n,
                                   int64_t inner) noexcept nogil:
    run(LOG_SOFTMAX_BACKWARD, chunk_f64, g, y, gx, outer, n, inner)


cdef SoftmaxKernels table
table.softmax[:] = [softmax_f32, softmax_f64]
table.log_softmax[:] = [log_softmax_f32, log_softmax_f64]
table.softmax_backward[:] = [softmax_backward_f32, softmax_backward_f64]
table.log_softmax_backward[:] = [log_softmax_backward_f32, log_softmax_backward_f64]

kernels = PyCapsule_New(&table, b"ctorch.kernels", NULL)
