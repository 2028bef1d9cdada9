"""QR and products of Householder reflections by blocks, on the product of matrices that matmul uses."""
from libc.stdint cimport int64_t
from libc.string cimport memcpy, memset

from ctorch._forward.batches cimport padded
from ctorch._forward.blocked cimport one, product, size_of, view
from ctorch._lapack cimport *

cdef enum:
    COLUMNS = 32                     # reflections of a block
    FEW = 8                          # and of one that meets no more columns or rows than this


cdef struct Block:
    # Some neighbouring reflections, I - V T V^H.
    int type
    int64_t rows, count
    char* V                          # rows x count, with the ones and zeros that A does not show
    char* T                          # count x count, upper
    char* products                   # V^H V
    char* first                      # products of the matrix with V, and then with T
    char* second


cdef int64_t reflections_work(int type, int64_t rows, int64_t others) noexcept nogil:
    cdef int64_t size = size_of(type)
    return 2 * padded(COLUMNS * COLUMNS * size) + padded(rows * COLUMNS * size) + 2 * padded(others * COLUMNS * size)


cdef void combine(element* T, const element* products, const element* tau, int64_t n) noexcept nogil:
    # Column i of T is -tau[i] T V^H v[i] above tau[i] (LAPACK's larft).
    cdef int64_t i, j, r
    cdef element x
    for i in range(n):
        for r in range(n):
            T[i * n + r] = 0
        for j in range(i):
            x = -tau[i] * products[j * n + i]
            for r in range(j + 1):
                T[i * n + r] = T[i * n + r] + T[j * n + r] * x
        T[i * n + i] = tau[i]


cdef void take_block(Block* b, int type, int64_t rows, int64_t count, const char* A, int ld, char* tau, int64_t others,
                     char* work) noexcept nogil:
    cdef int64_t size = size_of(type), i
    b.type, b.rows, b.count = type, rows, count
    b.T = work
    b.products = b.T + padded(COLUMNS * COLUMNS * size)
    b.V = b.products + padded(COLUMNS * COLUMNS * size)
    b.first = b.V + padded(rows * COLUMNS * size)
    b.second = b.first + padded(others * COLUMNS * size)
    for i in range(count):
        memset(b.V + i * rows * size, 0, i * size)
        memcpy(b.V + (i * rows + i) * size, one(type), size)
        memcpy(b.V + (i * rows + i + 1) * size, A + (i * ld + i + 1) * size, (rows - i - 1) * size)
    product(type, count, count, rows, view(b.V, rows, 1, True), view(b.V, 1, rows, False), False, b.products, count)
    if type == LAPACK_FLOAT32:
        combine(<float*>b.T, <float*>b.products, <float*>tau, count)
    elif type == LAPACK_FLOAT64:
        combine(<double*>b.T, <double*>b.products, <double*>tau, count)
    elif type == LAPACK_COMPLEX64:
        combine(<float complex*>b.T, <float complex*>b.products, <float complex*>tau, count)
    else:
        combine(<double complex*>b.T, <double complex*>b.products, <double complex*>tau, count)


cdef void reflect_left(Block* b, bint adjoint, int64_t n, char* C, int ldc) noexcept nogil:
    # C -= V op(T) V^H C for n columns; the products are those of the transposes, which are row-major.
    cdef int64_t k = b.count
    product(b.type, n, k, b.rows, view(C, ldc, 1, False), view(b.V, 1, b.rows, True), False, b.first, k)
    product(b.type, n, k, k, view(b.first, k, 1, False),
            view(b.T, 1, k, True) if adjoint else view(b.T, k, 1, False), False, b.second, k)
    product(b.type, n, b.rows, k, view(b.second, k, 1, False), view(b.V, b.rows, 1, False), True, C, ldc)


cdef void reflect_right(Block* b, bint adjoint, int64_t m, char* C, int ldc) noexcept nogil:
    # C -= C V op(T) V^H for m rows.
    cdef int64_t k = b.count
    product(b.type, k, m, b.rows, view(b.V, b.rows, 1, False), view(C, ldc, 1, False), False, b.first, m)
    product(b.type, k, m, k, view(b.T, 1, k, True) if adjoint else view(b.T, k, 1, False),
            view(b.first, m, 1, False), False, b.second, m)
    product(b.type, b.rows, m, k, view(b.V, 1, b.rows, True), view(b.second, m, 1, False), True, C, ldc)


cdef void blocked_qr(int type, int m, int n, char* A, int ld, char* tau, char* work) noexcept nogil:
    cdef int64_t size = size_of(type), i = 0
    cdef int least = m if m < n else n, rows, count, info
    cdef Block b
    cdef char* panel
    while i < least:
        rows, count = m - <int>i, <int>(COLUMNS if i + COLUMNS < least else least - i)
        panel = A + (i * ld + i) * size
        lapack.geqr2[type](&rows, &count, panel, &ld, tau + i * size, work, &info)
        if i + count < n:
            take_block(&b, type, rows, count, panel, ld, tau + i * size, n, work)
            reflect_left(&b, True, n - i - count, panel + count * ld * size, ld)
        i += count


cdef void blocked_q(int type, int m, int n, int k, char* A, int ld, char* tau, char* work) noexcept nogil:
    # From the last block to the first, for the columns of the identity before it stay as they are.
    cdef int64_t size = size_of(type), i, j, count
    cdef Block b
    for j in range(k, n):
        memset(A + j * ld * size, 0, m * size)
        memcpy(A + (j * ld + j) * size, one(type), size)
    i = (k - 1) // COLUMNS * COLUMNS if k else -1
    while i >= 0:
        count = COLUMNS if i + COLUMNS < k else k - i
        take_block(&b, type, m - i, count, A + (i * ld + i) * size, ld, tau + i * size, n, work)
        for j in range(i, n):
            memset(A + (j * ld + i) * size, 0, (m - i if j < i + count else count) * size)
            if j < i + count:
                memcpy(A + (j * ld + j) * size, one(type), size)
        reflect_left(&b, False, n - i, A + (i * ld + i) * size, ld)
        i -= COLUMNS


cdef void blocked_apply(int type, char side, char op, int m, int n, int k, char* A, int ld, char* tau, char* C,
                        int ldc, char* work) noexcept nogil:
    cdef int64_t size = size_of(type), i = 0, count
    cdef int64_t rows = m if side == c"L" else n, others = n if side == c"L" else m
    cdef int64_t columns = COLUMNS if others > FEW else FEW, step = columns
    cdef Block b
    if (side == c"L") == (op == c"N"):        # the last block comes first
        i, step = (k - 1) // columns * columns, -columns
    while 0 <= i < k:
        count = columns if i + columns < k else k - i
        take_block(&b, type, rows - i, count, A + (i * ld + i) * size, ld, tau + i * size, others, work)
        if side == c"L":
            reflect_left(&b, op != c"N", n, C + i * size, ldc)
        else:
            reflect_right(&b, op != c"N", m, C + i * ldc * size, ldc)
        i += step
