"""LU and triangular systems by halves, on the product of matrices that matmul uses."""
from libc.stdint cimport int64_t

from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.matmul cimport Gemm, MatmulKernels
from ctorch._lapack cimport *

cdef enum:
    BLOCK = 16                       # rows of a triangle that are eliminated one by one
    PANEL = 32                       # columns that LAPACK does at once

cdef MatmulKernels* kernels = NULL

cdef double[2] one_double = [1, 0]
cdef double[2] minus_double = [-1, 0]
cdef float[2] one_single = [1, 0]
cdef float[2] minus_single = [-1, 0]

ctypedef fused element:
    float
    double
    float complex
    double complex


cdef inline int64_t size_of(int type) noexcept nogil:
    return 4 if type == LAPACK_FLOAT32 else 16 if type == LAPACK_COMPLEX128 else 8


cdef inline const void* minus_one(int type) noexcept nogil:
    return <void*>minus_single if type == LAPACK_FLOAT32 or type == LAPACK_COMPLEX64 else <void*>minus_double


cdef int load_kernels() noexcept with gil:
    global kernels
    kernels = <MatmulKernels*>kernel_table("matmul")
    return 0


cdef void subtract_product(int type, char op, int m, int n, int k, char* A, int lda, char* B, int ldb, char* C,
                           int ldc) noexcept nogil:
    # C -= op(A) B, as the product of the transposes
    cdef Gemm g
    if m == 0 or n == 0 or k == 0:
        return
    if kernels == NULL:
        load_kernels()
    g.batch, g.m, g.n, g.k = 1, n, m, k
    g.a, g.a_batch, g.a_row, g.a_col = B, 0, ldb, 1
    g.b, g.b_batch = A, 0
    g.b_row = lda if op == c"N" else 1
    g.b_col = 1 if op == c"N" else lda
    g.c, g.c_batch, g.c_row, g.c_col = C, 0, ldc, 1
    g.alpha, g.beta = minus_one(type), one(type)
    g.conj_a, g.conj_b = False, op == c"C" and type >= LAPACK_COMPLEX64
    kernels.gemm[type](&g)


cdef inline const void* one(int type) noexcept nogil:
    return <void*>one_single if type == LAPACK_FLOAT32 or type == LAPACK_COMPLEX64 else <void*>one_double


cdef inline int half_of(int n) noexcept nogil:
    return (n // 2 + BLOCK - 1) // BLOCK * BLOCK


cdef void eliminate(bint lower, char op, bint unit, int n, int k, const element* A, int64_t ld, element* B,
                    int64_t ldb) noexcept nogil:
    # The triangle is laid out densely, with reciprocals on its diagonal, and then walked column by column.
    cdef element T[BLOCK * BLOCK]
    cdef element t
    cdef int64_t i, j, _column
    for j in range(n):
        for i in range(n):
            t = A[i + j * ld] if op == c"N" else A[j + i * ld]
            if op == c"C" and not (element is float or element is double):
                t = t.conjugate()
            T[i + j * BLOCK] = t
        t = T[j + j * BLOCK]
        T[j + j * BLOCK] = 1 if unit else 1 / t
    for _column in range(k):
        for j in range(n):
            i = j if lower else n - 1 - j
            t = B[i] * T[i + i * BLOCK]
            B[i] = t
            if lower:
                for i in range(j + 1, n):
                    B[i] = B[i] - t * T[i + j * BLOCK]
            else:
                for i in range(n - 1 - j):
                    B[i] = B[i] - t * T[i + (n - 1 - j) * BLOCK]
        B += ldb


cdef void eliminate_rows(int type, bint lower, char op, bint unit, int n, int k, char* A, int ld, char* B,
                         int ldb) noexcept nogil:
    if type == LAPACK_FLOAT32:
        eliminate(lower, op, unit, n, k, <float*>A, ld, <float*>B, ldb)
    elif type == LAPACK_FLOAT64:
        eliminate(lower, op, unit, n, k, <double*>A, ld, <double*>B, ldb)
    elif type == LAPACK_COMPLEX64:
        eliminate(lower, op, unit, n, k, <float complex*>A, ld, <float complex*>B, ldb)
    else:
        eliminate(lower, op, unit, n, k, <double complex*>A, ld, <double complex*>B, ldb)


cdef void blocked_triangular(int type, char uplo, char op, char diag, int n, int k, char* A, int ld, char* B,
                             int ldb) noexcept nogil:
    cdef int64_t size = size_of(type)
    cdef int h, rest
    cdef bint lower = (uplo == c"L") == (op == c"N")
    cdef char* corner
    if n <= BLOCK:
        eliminate_rows(type, lower, op, diag == c"U", n, k, A, ld, B, ldb)
        return
    h = half_of(n)
    rest = n - h
    corner = A + (h * size if uplo == c"L" else <int64_t>h * ld * size)
    if lower:
        blocked_triangular(type, uplo, op, diag, h, k, A, ld, B, ldb)
        subtract_product(type, op, rest, k, h, corner, ld, B, ldb, B + h * size, ldb)
        blocked_triangular(type, uplo, op, diag, rest, k, A + (<int64_t>h * ld + h) * size, ld, B + h * size, ldb)
    else:
        blocked_triangular(type, uplo, op, diag, rest, k, A + (<int64_t>h * ld + h) * size, ld, B + h * size, ldb)
        subtract_product(type, op, h, k, rest, corner, ld, B + h * size, ldb, B, ldb)
        blocked_triangular(type, uplo, op, diag, h, k, A, ld, B, ldb)


cdef void exchange(element* A, int columns, int64_t ld, const int* pivots, int count) noexcept nogil:
    # The exchanges of rows that pivots tell, in every column.
    cdef int64_t i, _column
    cdef element t
    for _column in range(columns):
        for i in range(count):
            t = A[i]
            A[i] = A[pivots[i] - 1]
            A[pivots[i] - 1] = t
        A += ld


cdef void exchange_rows(int type, char* A, int columns, int ld, const int* pivots, int count) noexcept nogil:
    if type == LAPACK_FLOAT32:
        exchange(<float*>A, columns, ld, pivots, count)
    elif type == LAPACK_FLOAT64:
        exchange(<double*>A, columns, ld, pivots, count)
    elif type == LAPACK_COMPLEX64:
        exchange(<float complex*>A, columns, ld, pivots, count)
    else:
        exchange(<double complex*>A, columns, ld, pivots, count)


cdef void blocked_lu(int type, int m, int n, char* A, int ld, int* pivots, int* info) noexcept nogil:
    cdef int64_t size = size_of(type)
    cdef int least = m if m < n else n, h, rest, later, i
    cdef char* right
    cdef char* below
    if least <= PANEL:
        lapack.getrf[type](&m, &n, A, &ld, pivots, info)
        return
    h = half_of(least)
    rest = n - h
    right = A + <int64_t>h * ld * size
    below = right + h * size
    blocked_lu(type, m, h, A, ld, pivots, info)
    exchange_rows(type, right, rest, ld, pivots, h)
    blocked_triangular(type, c"L", c"N", c"U", h, rest, A, ld, right, ld)
    subtract_product(type, c"N", m - h, rest, h, A + h * size, ld, right, ld, below, ld)
    blocked_lu(type, m - h, rest, below, ld, pivots + h, &later)
    exchange_rows(type, A + h * size, h, ld, pivots + h, least - h)
    for i in range(h, least):
        pivots[i] += h
    if info[0] == 0 and later > 0:
        info[0] = later + h


cdef void blocked_lu_solve(int type, int n, int k, char* LU, int* pivots, char* B) noexcept nogil:
    exchange_rows(type, B, k, n, pivots, n)
    blocked_triangular(type, c"L", c"N", c"U", n, k, LU, n, B, n)
    blocked_triangular(type, c"U", c"N", c"N", n, k, LU, n, B, n)
