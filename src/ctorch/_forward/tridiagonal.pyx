"""Eigenvalues of Hermitian matrices: reduction to tridiagonal form by panels, LAPACK's divide and conquer for that,
and the reflections of the reduction by blocks."""
from libc.math cimport fabs
from libc.stdint cimport int64_t
from libc.string cimport memcpy, memset

from ctorch._blas cimport get_blas
from ctorch._forward.blocked cimport product, size_of, view
from ctorch._forward.reflections cimport blocked_apply, reflections_work
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.matmul cimport MatmulKernels
from ctorch._lapack cimport *

ctypedef fused real:
    float
    double

ctypedef fused element:
    float
    double
    float complex
    double complex

cdef enum:
    PANEL = 32                       # columns that are reduced before the rest of the matrix sees them
    STRIPE = 128                     # columns of the rest that are updated at once, from the diagonal down

cdef MatmulKernels* kernels = NULL


cdef int load_kernels() noexcept with gil:
    global kernels
    kernels = <MatmulKernels*>kernel_table("matmul")
    return 0


cdef inline int64_t padded(int64_t bytes) noexcept nogil:
    return (bytes + 63) & ~63


cdef inline int real_type(int type) noexcept nogil:
    return type - LAPACK_COMPLEX64 if type >= LAPACK_COMPLEX64 else type

# ---- reduction
#
# A panel's reflections v and the vectors w of A - v w^T - w v^T stand side by side, as v0 w0 v1 w1 ... in P and as
# w0 v0 w1 v1 ... in Q, so that the update of anything is a product with P Q^T (Dongarra, Sorensen and Hammarling, Block
# reduction of matrices to condensed forms for eigenvalue computations, J. Comput. Appl. Math. 27, 1989).


cdef void times(char op, int m, int n, real alpha, const real* A, int ld, const real* x, int step, real beta,
                real* y) noexcept nogil:
    # y = beta y + alpha op(A) x
    cdef int row = 1
    if m and n:
        get_blas().gemv[real is double](&op, &m, &n, &alpha, <void*>A, &ld, <void*>x, &step, &beta, y, &row)


cdef void reduce_panel(int n, int count, real* A, int ld, real* d, real* e, real* tau, real* P, real* Q) noexcept nogil:
    # The first columns of an n x n matrix; P and Q have n rows.
    cdef int i, below, one = 1
    cdef int64_t r
    cdef real* v
    cdef real* w
    cdef real x
    cdef real[2 * PANEL] parts
    for i in range(count):
        below = n - i - 1
        v = A + <int64_t>i * ld + i + 1
        times(c"N", n - i, 2 * i, -1, P + i, n, Q + i, n, 1, v - 1)
        d[i] = (v - 1)[0]
        if not below:
            return
        lapack.larfg[real is double](&below, v, v + 1, &one, tau + i)
        e[i], v[0] = v[0], 1
        w = P + <int64_t>(2 * i + 1) * n + i + 1
        kernels.symmetric[real is double](below, v + ld, ld, v, w)
        times(c"T", below, 2 * i, 1, Q + i + 1, n, v, 1, 0, parts)
        times(c"N", below, 2 * i, -1, P + i + 1, n, parts, 1, 1, w)
        times(c"T", below, 1, 1, w, below, v, 1, 0, &x)
        x = -tau[i] * tau[i] * x / 2
        for r in range(below):
            w[r] = tau[i] * w[r] + x * v[r]
        memcpy(w - n, v, below * sizeof(real))
        memcpy(Q + <int64_t>2 * i * n + i + 1, w, below * sizeof(real))
        memcpy(Q + <int64_t>(2 * i + 1) * n + i + 1, v, below * sizeof(real))


cdef void reduce(int n, real* A, real* d, real* e, real* tau, real* work) noexcept nogil:
    cdef int type = LAPACK_FLOAT64 if real is double else LAPACK_FLOAT32
    cdef int64_t size = sizeof(real), i = 0, j, rows, wide
    cdef int count
    cdef real* P = work
    cdef real* Q = P + 2 * PANEL * n
    while i < n:
        count = <int>(PANEL if i + PANEL < n else n - i)
        rows = n - i
        reduce_panel(<int>rows, count, A + i * n + i, n, d + i, e + i, tau + i, P, Q)
        j = count
        while j < rows:
            wide = STRIPE if j + STRIPE < rows else rows - j
            product(type, wide, rows - j, 2 * count, view(<char*>(Q + j), 1, rows, False),
                    view(<char*>(P + j), rows, 1, False), True, <char*>(A + (i + j) * n + i + j), n)
            j += STRIPE
        i += count


cdef int64_t reduction_work(int type, int64_t n) noexcept nogil:
    return 4 * PANEL * n * size_of(type)


cdef void reduce_matrix(int type, int n, char* A, char* d, char* e, char* tau, char* work) noexcept nogil:
    cdef char lower = c"L"
    cdef int lwork = <int>(reduction_work(type, n) // size_of(type)), info
    if type == LAPACK_FLOAT32:
        reduce(n, <float*>A, <float*>d, <float*>e, <float*>tau, <float*>work)
    elif type == LAPACK_FLOAT64:
        reduce(n, <double*>A, <double*>d, <double*>e, <double*>tau, <double*>work)
    else:
        lapack.hetrd[type - LAPACK_COMPLEX64](&lower, &n, A, &n, d, e, tau, work, &lwork, &info)

# ---- eigenvectors


cdef bint safe(const element* A, int64_t n, double least, double most) noexcept nogil:
    # Whether the largest element of the lower triangle lies between the two.
    cdef int64_t i, j
    cdef double size = 0, x, sum = 0
    for j in range(n):
        for i in range(j, n):
            if element is float or element is double:
                x = fabs(A[j * n + i])
            else:
                x = fabs(A[j * n + i].real) + fabs(A[j * n + i].imag)
            size = x if x > size else size
            sum += x
    return least < size and sum < most


cdef bint safe_matrix(int type, const char* A, int64_t n) noexcept nogil:
    # LAPACK scales beyond the roots of what a dtype holds, and finds NaN.
    if type == LAPACK_FLOAT32:
        return safe(<const float*>A, n, 1e-15, 1e15)
    if type == LAPACK_FLOAT64:
        return safe(<const double*>A, n, 1e-145, 1e145)
    if type == LAPACK_COMPLEX64:
        return safe(<const float complex*>A, n, 1e-15, 1e15)
    return safe(<const double complex*>A, n, 1e-145, 1e145)


cdef void widen(const real* x, int64_t count, real* to) noexcept nogil:
    cdef int64_t i
    for i in range(count):
        to[2 * i], to[2 * i + 1] = x[i], 0


cdef int64_t tridiagonal_work(int type, int64_t n, bint vectors) noexcept nogil:
    cdef int64_t size = size_of(type), part = size_of(real_type(type)), most, own
    most = reduction_work(type, n)
    if vectors:
        own = padded((1 + 4 * n + n * n) * part) + padded((3 + 5 * n) * sizeof(int))
        if type >= LAPACK_COMPLEX64:
            own += n * n * part
        most = max(most, own, reflections_work(type, n, n))
    return padded(n * part) + padded(n * size) + most


cdef bint tridiagonal_eigen(int type, int n, char* A, char* w, char* V, int* info, char* work) noexcept nogil:
    cdef int64_t size = size_of(type), part = size_of(real_type(type))
    cdef int real_part = real_type(type), lwork = 1 + 4 * n + n * n, liwork = 3 + 5 * n
    cdef char job = c"I"
    cdef char* e = work
    cdef char* tau = e + padded(n * part)
    cdef char* rest = tau + padded(n * size)
    cdef int* integers
    cdef char* vectors = V
    if not safe_matrix(type, A, n):
        return False
    if kernels == NULL:
        load_kernels()
    reduce_matrix(type, n, A, w, e, tau, rest)
    if V == NULL:
        lapack.sterf[real_part](&n, w, e, info)
        return True
    integers = <int*>(rest + padded(lwork * part))
    if type >= LAPACK_COMPLEX64:
        vectors = <char*>integers + padded(liwork * sizeof(int))
    lapack.stedc[real_part](&job, &n, w, e, vectors, &n, rest, &lwork, integers, &liwork, info)
    if type == LAPACK_COMPLEX64:
        widen(<float*>vectors, <int64_t>n * n, <float*>V)
    elif type == LAPACK_COMPLEX128:
        widen(<double*>vectors, <int64_t>n * n, <double*>V)
    blocked_apply(type, c"L", c"N", n - 1, n, n - 1, A + size, n, tau, V + size, n, rest)
    return True
