"""LU and triangular systems by halves, on the product of matrices that matmul uses."""
from libc.stdint cimport int64_t
from libc.string cimport memcpy, memset

from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.matmul cimport TRIANGLE, Gemm, MatmulKernels
from ctorch._lapack cimport *
from ctorch._parallel cimport parallel_for

cdef enum:
    BLOCK = TRIANGLE                 # rows of a triangle that are eliminated one by one
    COLUMNS = 32                     # that a thread takes to exchange their rows
    EXCHANGES = 1 << 14              # fewer are not worth a second thread
    TOLD = 256                       # exchanges that are looked at before they are made
    PANEL = 32                       # complex columns that LAPACK does at once

cdef MatmulKernels* kernels = NULL

cdef double[2] one_double = [1, 0]
cdef double[2] minus_double = [-1, 0]
cdef float[2] one_single = [1, 0]
cdef float[2] minus_single = [-1, 0]


cdef inline const void* minus_one(int type) noexcept nogil:
    return <void*>minus_single if type == LAPACK_FLOAT32 or type == LAPACK_COMPLEX64 else <void*>minus_double


cdef const void* one(int type) noexcept nogil:
    return <void*>one_single if type == LAPACK_FLOAT32 or type == LAPACK_COMPLEX64 else <void*>one_double


cdef int load_kernels() noexcept with gil:
    global kernels
    kernels = <MatmulKernels*>kernel_table("matmul")
    return 0


cdef void product(int type, int64_t m, int64_t n, int64_t k, View a, View b, bint subtract, char* C,
                  int64_t c_row) noexcept nogil:
    cdef Gemm g
    if m == 0 or n == 0 or k == 0:
        return
    if kernels == NULL:
        load_kernels()
    g.batch, g.m, g.n, g.k = 1, m, n, k
    g.a, g.a_batch, g.a_row, g.a_col = a.data, 0, a.row, a.col
    g.b, g.b_batch, g.b_row, g.b_col = b.data, 0, b.row, b.col
    g.c, g.c_batch, g.c_row, g.c_col = C, 0, c_row, 1
    g.alpha = minus_one(type) if subtract else NULL
    g.beta = one(type) if subtract else NULL
    g.conj_a, g.conj_b = a.conj and type >= LAPACK_COMPLEX64, b.conj and type >= LAPACK_COMPLEX64
    kernels.gemm[type](&g)


cdef void subtract_product(int type, char op, int m, int n, int k, char* A, int lda, char* B, int ldb, char* C,
                           int ldc) noexcept nogil:
    # C -= op(A) B, as the product of the transposes
    product(type, n, m, k, view(B, ldb, 1, False),
            view(A, lda, 1, False) if op == c"N" else view(A, 1, lda, op == c"C"), True, C, ldc)


cdef inline int half_of(int n) noexcept nogil:
    return (n // 2 + BLOCK - 1) // BLOCK * BLOCK


cdef void eliminate(bint lower, char op, bint unit, int n, int k, const element* A, int64_t ld, element* B,
                    int64_t ldb) noexcept nogil:
    # The triangle is laid out densely by rows, with reciprocals on its diagonal.
    cdef element T[BLOCK * BLOCK]
    cdef element t
    cdef int64_t i, j, _column
    for i in range(n):
        for j in range(n):
            t = A[i + j * ld] if op == c"N" else A[j + i * ld]
            if op == c"C" and not (element is float or element is double):
                t = t.conjugate()
            T[i * BLOCK + j] = t
        t = T[i * BLOCK + i]
        T[i * BLOCK + i] = 1 if unit else 1 / t
    if element is float or element is double:
        kernels.substitute[element is double](lower, n, k, T, B, ldb)
    else:
        for _column in range(k):
            for j in range(n):
                i = j if lower else n - 1 - j
                t = B[i] * T[i * BLOCK + i]
                B[i] = t
                if lower:
                    for i in range(j + 1, n):
                        B[i] = B[i] - t * T[i * BLOCK + j]
                else:
                    for i in range(n - 1 - j):
                        B[i] = B[i] - t * T[i * BLOCK + n - 1 - j]
            B += ldb


cdef void eliminate_rows(int type, bint lower, char op, bint unit, int n, int k, char* A, int ld, char* B,
                         int ldb) noexcept nogil:
    if kernels == NULL:
        load_kernels()
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
    # The exchanges of rows that pivots tell, in every column; those of a row with itself are left out first.
    cdef int[2 * TOLD] rows
    cdef int64_t i, j, start = 0, told
    cdef element* column
    cdef element t
    while start < count:
        told = 0
        for i in range(start, start + TOLD if start + TOLD < count else count):
            if pivots[i] != i + 1:
                rows[told], rows[told + 1] = <int>i, pivots[i] - 1
                told += 2
        for j in range(columns if told else 0):
            column = A + j * ld
            for i in range(0, told, 2):
                t = column[rows[i]]
                column[rows[i]] = column[rows[i + 1]]
                column[rows[i + 1]] = t
        start += TOLD


cdef struct Exchanges:
    int type, columns, ld, count
    const int* pivots
    char* A


cdef void exchange_chunk(void* arg, int64_t chunk) noexcept nogil:
    cdef Exchanges* e = <Exchanges*>arg
    cdef int first = <int>chunk * COLUMNS, columns = e.columns - first
    cdef char* A = e.A + <int64_t>first * e.ld * size_of(e.type)
    columns = columns if columns < COLUMNS else <int>COLUMNS
    if e.type == LAPACK_FLOAT32:
        exchange(<float*>A, columns, e.ld, e.pivots, e.count)
    elif e.type == LAPACK_FLOAT64:
        exchange(<double*>A, columns, e.ld, e.pivots, e.count)
    elif e.type == LAPACK_COMPLEX64:
        exchange(<float complex*>A, columns, e.ld, e.pivots, e.count)
    else:
        exchange(<double complex*>A, columns, e.ld, e.pivots, e.count)


cdef void exchange_rows(int type, char* A, int columns, int ld, const int* pivots, int count) noexcept nogil:
    cdef Exchanges e
    cdef int64_t chunks = (columns + COLUMNS - 1) // COLUMNS, i
    e.type, e.columns, e.ld, e.count, e.pivots, e.A = type, columns, ld, count, pivots, A
    if <int64_t>columns * count < EXCHANGES:
        for i in range(chunks):
            exchange_chunk(&e, i)
    else:
        parallel_for(exchange_chunk, &e, chunks)


cdef void blocked_lu(int type, int m, int n, char* A, int ld, int* pivots, int* info) noexcept nogil:
    cdef int64_t size = size_of(type)
    cdef int least = m if m < n else n, h, rest, later, i
    cdef char* right
    cdef char* below
    if least <= BLOCK and type < LAPACK_COMPLEX64:
        if kernels == NULL:
            load_kernels()
        info[0] = kernels.narrow_lu[type](m, n, A, ld, pivots)
        return
    if least <= PANEL and type >= LAPACK_COMPLEX64:
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


cdef void inverse_of_triangle(int type, char uplo, char diag, int n, char* A, int ld, char* B, int ldb) noexcept nogil:
    # The half of B that stays zero takes no part, where a system for the identity would.
    cdef int64_t size = size_of(type), corner, last
    cdef int h, rest, i
    if n <= BLOCK:
        for i in range(n):
            memcpy(B + i * (ldb + 1) * size, one(type), size)
        eliminate_rows(type, uplo == c"L", c"N", diag == c"U", n, n, A, ld, B, ldb)
        return
    h = half_of(n)
    rest = n - h
    inverse_of_triangle(type, uplo, diag, h, A, ld, B, ldb)
    inverse_of_triangle(type, uplo, diag, rest, A + (<int64_t>h * ld + h) * size, ld,
                        B + (<int64_t>h * ldb + h) * size, ldb)
    if uplo == c"L":
        subtract_product(type, c"N", rest, h, h, A + h * size, ld, B, ldb, B + h * size, ldb)
        blocked_triangular(type, uplo, c"N", diag, rest, h, A + (<int64_t>h * ld + h) * size, ld, B + h * size, ldb)
    else:
        corner = <int64_t>h * ld * size
        last = <int64_t>h * ldb * size
        subtract_product(type, c"N", h, rest, rest, A + corner, ld, B + last + h * size, ldb, B + last, ldb)
        blocked_triangular(type, uplo, c"N", diag, h, rest, A, ld, B + last, ldb)


cdef void exchange_columns(char* X, int64_t bytes, const int* pivots, int n) noexcept nogil:
    # X P of the exchanges of rows that pivots tell.
    cdef char part[1024]
    cdef char* a
    cdef char* b
    cdef int64_t at, now
    cdef int i
    for i in range(n - 1, -1, -1):
        if pivots[i] == i + 1:
            continue
        a, b, at = X + i * bytes, X + (pivots[i] - 1) * bytes, 0
        while at < bytes:
            now = bytes - at if bytes - at < <int64_t>sizeof(part) else <int64_t>sizeof(part)
            memcpy(part, a + at, now)
            memcpy(a + at, b + at, now)
            memcpy(b + at, part, now)
            at += now


cdef void blocked_inverse(int type, int n, char* LU, int* pivots, char* X) noexcept nogil:
    memset(X, 0, <int64_t>n * n * size_of(type))
    inverse_of_triangle(type, c"L", c"U", n, LU, n, X, n)
    blocked_triangular(type, c"U", c"N", c"N", n, n, LU, n, X, n)
    exchange_columns(X, n * size_of(type), pivots, n)


cdef int zero_on_diagonal(int n, int64_t ld, const element* A) noexcept nogil:
    cdef int64_t i
    for i in range(n):
        if A[i * (ld + 1)] == 0:
            return <int>i + 1
    return 0


cdef int first_zero(int type, int n, int ld, char* A) noexcept nogil:
    if type == LAPACK_FLOAT32:
        return zero_on_diagonal(n, ld, <float*>A)
    if type == LAPACK_FLOAT64:
        return zero_on_diagonal(n, ld, <double*>A)
    if type == LAPACK_COMPLEX64:
        return zero_on_diagonal(n, ld, <float complex*>A)
    return zero_on_diagonal(n, ld, <double complex*>A)


cdef void blocked_square_inverse(int type, char uplo, int n, char* T, char* work, char* X, int* info) noexcept nogil:
    # With Y = T^-1 the products of column j and row i begin at max(i, j), so blocks of rows leave out what is zero.
    cdef int64_t size = size_of(type), row, step = (n // 8 + BLOCK - 1) // BLOCK * BLOCK
    cdef Gemm g
    info[0] = first_zero(type, n, n, T)
    if info[0]:
        return
    memset(work, 0, n * n * size)
    inverse_of_triangle(type, uplo, c"N", n, T, n, work, n)
    g.batch, g.a_batch, g.b_batch, g.c_batch = 1, 0, 0, 0
    g.alpha, g.beta, g.c_row, g.c_col = NULL, NULL, n, 1
    g.conj_a, g.conj_b = uplo == c"U" and type >= LAPACK_COMPLEX64, uplo == c"L" and type >= LAPACK_COMPLEX64
    row = 0
    while row < n:
        g.n, g.k = step if row + step < n else n - row, n - row
        g.m = row + g.n              # columns up to the diagonal
        g.c = X + row * size
        if uplo == c"L":             # C^T = Y^T conj(Y)
            g.a, g.a_row, g.a_col = work + row * size, n, 1
            g.b, g.b_row, g.b_col = work + (row * n + row) * size, 1, n
        else:                        # C^T = conj(Y) Y^T
            g.a, g.a_row, g.a_col = work + row * n * size, 1, n
            g.b, g.b_row, g.b_col = work + (row * n + row) * size, n, 1
        kernels.gemm[type](&g)
        row += step
