"""Eigenvalues of Hermitian matrices: reduction to tridiagonal form by panels, divide and conquer for that, and the
reflections of the reduction by blocks."""
from libc.math cimport copysign, fabs, sqrt
from libc.stdint cimport int64_t
from libc.string cimport memcpy, memset

from ctorch._blas cimport get_blas
from ctorch._forward.batches cimport padded
from ctorch._forward.blocked cimport product, size_of, view
from ctorch._forward.reflections cimport blocked_apply, reflections_work
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.matmul cimport MatmulKernels
from ctorch._lapack cimport *
from ctorch._parallel cimport parallel_for

cdef enum:
    PANEL = 32                       # columns that are reduced before the rest of the matrix sees them
    LEAF = 25                        # rows of a tridiagonal matrix that are not divided
    ROOTS = 16                       # eigenvalues of a merge, or rows of its vector, that a thread takes
    STRIPE = 128                     # columns of the rest that are updated at once, from the diagonal down

cdef MatmulKernels* kernels = NULL


cdef int load_kernels() noexcept with gil:
    global kernels
    kernels = <MatmulKernels*>kernel_table("matmul")
    return 0


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
    cdef int64_t i = 0, j, rows, wide
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

# ---- divide and conquer
#
# A tridiagonal matrix is one of two blocks and a matrix of rank one; the eigenvalues of both together are the roots of
# a rational function (Cuppen 1981; the vector is computed anew from the roots, as Gu and Eisenstat do, SIAM J. Matrix
# Anal. Appl. 16, 1995). LAPACK deflates and finds single roots; roots and vectors are shared by the threads here, and
# the products are ours.

cdef enum:
    FIND_ROOTS
    RENEW
    FIND_VECTORS

cdef struct Merge:
    int type, k, info, step
    int64_t n
    void* d                          # the roots
    void* Q                          # n apart: differences of the poles and a root, then its vector
    void* poles
    void* z                          # the vector of rank one, and what it is for the roots that were found
    void* anew
    void* vectors                    # k x k, the rows in the order of the columns that were kept
    int* order
    double rho


cdef void find_roots(Merge* m, int64_t first, int64_t last, real* Q) noexcept nogil:
    cdef int64_t j
    cdef int number, info
    cdef real rho = <real>m.rho
    for j in range(first, last):
        number = <int>j + 1
        lapack.laed4[real is double](&m.k, &number, m.poles, m.z, Q + j * m.n, &rho, <real*>m.d + j, &info)
        if info:
            m.info = info


cdef void renew(Merge* m, int64_t first, int64_t last, real* Q) noexcept nogil:
    cdef const real* poles = <const real*>m.poles
    cdef real* x = <real*>m.anew
    cdef int64_t i, j
    for i in range(first, last):
        x[i] = Q[i * (m.n + 1)]
    for j in range(m.k):
        for i in range(first, last):
            if i != j:
                x[i] = x[i] * (Q[j * m.n + i] / (poles[i] - poles[j]))
    for i in range(first, last):
        x[i] = <real>copysign(sqrt(-x[i]), (<real*>m.z)[i])


cdef void find_vectors(Merge* m, int64_t first, int64_t last, real* Q) noexcept nogil:
    cdef const real* x = <const real*>m.anew
    cdef real* column
    cdef real* to
    cdef int64_t i, j
    cdef double length
    cdef real scale
    for j in range(first, last):
        column, to, length = Q + j * m.n, <real*>m.vectors + j * m.k, 0
        scale = 1
        if m.k > 2:                  # of two, laed4 tells the vectors
            for i in range(m.k):
                column[i] = x[i] / column[i]
            for i in range(m.k):
                length += <double>column[i] * column[i]
            scale = <real>(1 / sqrt(length))
        for i in range(m.k):
            to[i] = column[m.order[i] - 1] * scale


cdef void take_step(Merge* m, int64_t first, int64_t last, real* Q) noexcept nogil:
    if m.step == FIND_ROOTS:
        find_roots(m, first, last, Q)
    elif m.step == RENEW:
        renew(m, first, last, Q)
    else:
        find_vectors(m, first, last, Q)


cdef void merge_chunk(void* arg, int64_t chunk) noexcept nogil:
    cdef Merge* m = <Merge*>arg
    cdef int64_t last = (chunk + 1) * ROOTS if (chunk + 1) * ROOTS < m.k else m.k
    if m.type == LAPACK_FLOAT32:
        take_step(m, chunk * ROOTS, last, <float*>m.Q)
    else:
        take_step(m, chunk * ROOTS, last, <double*>m.Q)


cdef void combine_vectors(int type, int64_t k, int64_t rows, int64_t kept, const char* basis, const char* vectors,
                          char* Q, int64_t n) noexcept nogil:
    # Rows of the first k columns of Q: a half's vectors that were kept times the part of ours that belongs to them.
    cdef int64_t j
    if kept:
        product(type, k, rows, kept, view(vectors, k, 1, False), view(basis, rows, 1, False), False, Q, n)
        return
    for j in range(k):
        memset(Q + j * n * size_of(type), 0, rows * size_of(type))


cdef void merge(int n, int n1, int ld, real* d, real rho, real* Q, int* sorted, real* work, int* integers,
                int* info) noexcept nogil:
    # The eigenvalues of two blocks, and their vectors on the diagonal of Q, become those of the whole.
    cdef Merge m
    cdef int k, n2 = n - n1, one = 1, back = -1, rest, step
    cdef int64_t chunks, i, first, second
    cdef int* kinds = integers + 3 * n         # of the columns that were kept: how many
    cdef real* z = work
    cdef real* poles = z + n
    cdef real* kept = poles + n
    cdef real* anew = kept + n
    cdef real* basis = anew + n
    for i in range(n):
        z[i] = Q[i * ld + n1 - 1] if i < n1 else Q[i * ld + n1]
    lapack.laed2[real is double](&k, &n, &n1, d, Q, &ld, sorted, &rho, z, poles, kept, basis, integers, integers + n,
                                 integers + 2 * n, kinds, info)
    if info[0]:
        return
    if k == 0:
        for i in range(n):
            sorted[i] = <int>i + 1
        return
    first, second = kinds[0] + kinds[1], kinds[1] + kinds[2]
    m.type, m.k, m.n, m.info, m.rho = LAPACK_FLOAT64 if real is double else LAPACK_FLOAT32, k, ld, 0, rho
    m.d, m.Q, m.poles, m.z, m.anew, m.order = d, Q, poles, kept, anew, integers + n
    m.vectors = basis + first * n1 + second * n2
    chunks = (k + ROOTS - 1) // ROOTS
    for step in range(FIND_ROOTS, FIND_VECTORS + 1):
        m.step = step
        if step != RENEW or k > 2:
            parallel_for(merge_chunk, &m, chunks)
    info[0] = m.info
    combine_vectors(m.type, k, n2, second, <char*>(basis + first * n1), <char*>(<real*>m.vectors + kinds[0]),
                    <char*>(Q + n1), ld)
    combine_vectors(m.type, k, n1, first, <char*>basis, <char*>m.vectors, <char*>Q, ld)
    rest = n - k
    lapack.lamrg[real is double](&k, &rest, d, &one, &back, sorted)


cdef void conquer(int n, int ld, real* d, real* e, real* Q, int* sorted, real* work, int* integers,
                  int* info) noexcept nogil:
    # Eigenvalues d, in the order that `sorted` tells, and vectors, for which Q is given as zeros.
    cdef char job = c"I"
    cdef int half = n // 2, i
    cdef real rho
    if n <= LEAF:
        lapack.steqr[real is double](&job, &n, d, e, Q, &ld, work, info)
        for i in range(n):
            sorted[i] = i + 1
        return
    rho = e[half - 1]
    d[half - 1] -= <real>fabs(rho)
    d[half] -= <real>fabs(rho)
    conquer(half, ld, d, e, Q, sorted, work, integers, info)
    if info[0] == 0:
        conquer(n - half, ld, d + half, e + half, Q + <int64_t>half * (ld + 1), sorted + half, work, integers, info)
    if info[0] == 0:
        merge(n, half, ld, d, rho, Q, sorted, work, integers, info)


cdef void solve_tridiagonal(int n, real* d, real* e, real* V, real* work, int* integers, int* info) noexcept nogil:
    # V is n x n, the working space 3 n n + 4 n numbers and 5 n integers.
    cdef real* Q = work
    cdef real* rest = work + <int64_t>n * n
    cdef real size = 0
    cdef int64_t i, j
    for i in range(n):
        size = <real>max(size, fabs(d[i]))
        if i + 1 < n:
            size = <real>max(size, fabs(e[i]))
    for i in range(n):
        d[i] /= size
        if i + 1 < n:
            e[i] /= size
    memset(V, 0, n * n * sizeof(real))
    info[0] = 0
    conquer(n, n, d, e, V, integers, rest, integers + n, info)
    memcpy(Q, V, n * n * sizeof(real))
    memcpy(rest, d, n * sizeof(real))
    for i in range(n):
        j = integers[i] - 1
        d[i] = rest[j] * size
        memcpy(V + i * n, Q + j * n, n * sizeof(real))


# ---- eigenvectors


cdef bint safe(const element* A, int64_t n, double least, double most) noexcept nogil:
    # Whether the largest element of the lower triangle lies between the two; NaN does not.
    cdef int64_t i, j
    cdef double x
    cdef bint large = False
    for j in range(n):
        for i in range(j, n):
            if element is float or element is double:
                x = fabs(A[j * n + i])
            else:
                x = fabs(A[j * n + i].real) + fabs(A[j * n + i].imag)
            if not x < most:
                return False
            if x > least:
                large = True
    return large


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
        own = padded((3 * n * n + 4 * n) * part) + padded(5 * n * sizeof(int))
        if type >= LAPACK_COMPLEX64:
            own += n * n * part
        most = max(most, own, reflections_work(type, n, n))
    return padded(n * part) + padded(n * size) + most


cdef bint tridiagonal_eigen(int type, int n, char* A, char* w, char* V, int* info, char* work) noexcept nogil:
    cdef int64_t size = size_of(type), part = size_of(real_type(type))
    cdef int real_part = real_type(type)
    cdef char* e = work
    cdef char* tau = e + padded(n * part)
    cdef char* rest = tau + padded(n * size)
    cdef int* integers = <int*>(rest + padded((3 * <int64_t>n * n + 4 * n) * part))
    cdef char* vectors = V
    if not safe_matrix(type, A, n):
        return False
    if kernels == NULL:
        load_kernels()
    reduce_matrix(type, n, A, w, e, tau, rest)
    if V == NULL:
        lapack.sterf[real_part](&n, w, e, info)
        return True
    if type >= LAPACK_COMPLEX64:
        vectors = <char*>integers + padded(5 * n * sizeof(int))
    if real_part == LAPACK_FLOAT32:
        solve_tridiagonal(n, <float*>w, <float*>e, <float*>vectors, <float*>rest, integers, info)
    else:
        solve_tridiagonal(n, <double*>w, <double*>e, <double*>vectors, <double*>rest, integers, info)
    if type == LAPACK_COMPLEX64:
        widen(<float*>vectors, <int64_t>n * n, <float*>V)
    elif type == LAPACK_COMPLEX128:
        widen(<double*>vectors, <int64_t>n * n, <double*>V)
    blocked_apply(type, c"L", c"N", n - 1, n, n - 1, A + size, n, tau, V + size, n, rest)
    return True
