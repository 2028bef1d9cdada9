"""Orthogonal factorizations: QR, products of Householder reflections, least squares."""
from libc.math cimport sqrt
from libc.stdint cimport int32_t, int64_t
from libc.string cimport memcpy, memset

from ctorch._dtype cimport *
from ctorch._forward.batches cimport *
from ctorch._forward.blocked cimport blocked_triangular, first_zero, inverse_of_triangle
from ctorch._forward.reflections cimport *
from ctorch._forward.small_matrices cimport *
from ctorch._lapack cimport *
from ctorch._tensor cimport *


# ---- QR

cdef void factor(const Batch* b, char* at, char* QR, char* tau, char* work) noexcept nogil:
    # QR of a matrix of operand 0, in LAPACK's form.
    cdef int m = b.m, n = b.n
    load(b, 0, at, QR, m, n)
    if m <= SMALL and n <= SMALL:
        if small_qr(b.type, m, n, QR, tau):
            return
        load(b, 0, at, QR, m, n)
    blocked_qr(b.type, m, n, QR, at_least_1(m), tau, work)


cdef inline void orthogonal(const Batch* b, int m, int n, int k, char* Q, char* tau, char* work) noexcept nogil:
    # n columns of the product of the k reflections in Q, over them.
    if m <= SMALL and n <= SMALL:
        small_q(b.type, m, n, k, Q, tau)
    else:
        blocked_q(b.type, m, n, k, Q, at_least_1(m), tau, work)


cdef void qr_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: A, R[, Q]; k = min(m, n); a: whether Q is wanted, b: whether it is complete
    cdef int m = b.m, n = b.n, k = b.k, columns = m if b.b else k
    cdef int64_t size = b.size, rows = columns, j, filled
    cdef char* tau = work + b.first
    cdef char* QR = at[2] if b.a and columns >= n else tau + padded(k * size)
    factor(b, at[0], QR, tau, work)
    for j in range(n):                        # R: the upper triangle, zeros below
        filled = j + 1 if j + 1 < k else k
        memcpy(at[1] + j * rows * size, QR + j * m * size, filled * size)
        memset(at[1] + (j * rows + filled) * size, 0, (rows - filled) * size)
    if not b.a:
        return
    if QR != at[2]:
        memcpy(at[2], QR, <int64_t>m * k * size)
    orthogonal(b, m, columns, k, at[2], tau, work)


cdef object qr_forward(TensorBase x, bint complete, bint compute_q):
    cdef Batch b
    cdef TensorBase Q, R
    at_least_matrix(x, "linalg.qr")
    batch_init(&b, x, b"linalg.qr")
    b.each = qr_each
    b.m, b.n = <int>x.shape[x.ndim - 2], <int>x.shape[x.ndim - 1]
    b.k = b.m if b.m < b.n else b.n
    b.a, b.b = compute_q, complete
    b.first = reflections_work(b.type, b.m, b.m if b.m > b.n else b.n)
    b.work = b.first + padded(b.k * b.size) + <int64_t>b.m * b.n * b.size
    batch_add(&b, x, 2)
    R = batch_matrix(&b, x.dtype, b.m if complete else b.k, b.n)
    if compute_q:
        Q = batch_matrix(&b, x.dtype, b.m, b.m if complete else b.k)
    else:
        Q = empty_vector(x.dtype)
    batch_run(&b, 4.0 * b.m * b.n * b.k, "linalg.qr")
    return Q, R


cdef TensorBase empty_vector(int dtype):
    cdef int64_t none = 0
    return tensor_empty(dtype, 1, &none)


cdef void geqrf_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: A, a, tau
    factor(b, at[0], at[1], at[2], work)


cdef object geqrf_forward(TensorBase x):
    cdef Batch b
    cdef TensorBase a, tau
    if x.ndim < 2:
        raise RuntimeError("torch.geqrf: input must have at least 2 dimensions.")
    batch_init(&b, x, b"geqrf")
    b.each = geqrf_each
    b.m, b.n = <int>x.shape[x.ndim - 2], <int>x.shape[x.ndim - 1]
    b.k = b.m if b.m < b.n else b.n
    b.work = reflections_work(b.type, b.m, b.n)
    batch_add(&b, x, 2)
    a = batch_matrix(&b, x.dtype, b.m, b.n)
    tau = batch_vector(&b, x.dtype, b.k)
    batch_run(&b, 2.0 * b.m * b.n * b.k, "geqrf")
    return a, tau


# ---- products of reflections

cdef int reflections(TensorBase x, TensorBase tau, str op, str arg) except -1:
    # The rules of reflections: one factor for each column of x, or for some.
    if tau.dtype != x.dtype:
        raise RuntimeError(f"{op}: Expected input and tau to have the same dtype, but input has dtype "
                           f"{dtype_title(x.dtype)} and tau has dtype {dtype_title(tau.dtype)}")
    if tau.ndim != x.ndim - 1:
        raise RuntimeError(f"{op}: Expected tau to have one dimension less than input, but got tau.ndim equal to "
                           f"{tau.ndim} and input.ndim is equal to {x.ndim}")
    if shape_tuple(tau)[:tau.ndim - 1] != shape_tuple(x)[:x.ndim - 2]:
        raise RuntimeError(f"{op}: Expected batch dimensions of {arg} to be equal to input.shape[:-2], but got "
                           f"{list(shape_tuple(tau)[:tau.ndim - 1])}")
    return 0


cdef void take_factors(const Batch* b, const char* given, char* tau) noexcept nogil:
    # The factors of operand 1, side by side.
    cdef int64_t i
    for i in range(b.k):
        memcpy(tau + i * b.size, given + i * b.operand[1].row * b.size, b.size)


cdef void householder_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: A, tau, Q
    cdef char* tau = work + b.first
    load(b, 0, at[0], at[2], b.m, b.n)
    take_factors(b, at[1], tau)
    orthogonal(b, b.m, b.n, b.k, at[2], tau, work)


cdef TensorBase householder_forward(TensorBase x, TensorBase tau):
    cdef Batch b
    cdef TensorBase Q
    cdef str op = "torch.linalg.householder_product"
    if x.ndim < 2:
        raise RuntimeError(f"{op}: input must have at least 2 dimensions.")
    if x.shape[x.ndim - 2] < x.shape[x.ndim - 1]:
        raise RuntimeError(f"{op}: input.shape[-2] must be greater than or equal to input.shape[-1]")
    if tau.ndim < 1 or x.shape[x.ndim - 1] < tau.shape[tau.ndim - 1]:
        raise RuntimeError(f"{op}: input.shape[-1] must be greater than or equal to tau.shape[-1]")
    reflections(x, tau, op, "tau")
    batch_init(&b, x, b"torch.linalg.householder_product")
    b.each = householder_each
    b.m, b.n = <int>x.shape[x.ndim - 2], <int>x.shape[x.ndim - 1]
    b.k = <int>tau.shape[tau.ndim - 1]
    b.first = reflections_work(b.type, b.m, b.n)
    b.work = b.first + b.k * b.size
    batch_add(&b, x, 2)
    batch_add(&b, tau, 1)
    Q = batch_matrix(&b, x.dtype, b.m, b.n)
    batch_run(&b, 2.0 * b.m * b.n * b.k, op)
    return Q


cdef void ormqr_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: A, tau, other, result
    cdef int m = b.m, n = b.n, k = b.k, ld
    cdef char* tau = work + b.first
    cdef char* A = readable(b, 0, at[0], tau + padded(k * b.size), m if b.a == c"L" else n, k, &ld)
    load(b, 2, at[2], at[3], m, n)
    take_factors(b, at[1], tau)
    if b.a == c"L" and m <= SMALL and n <= SMALL:
        small_apply(b.type, b.b == c"C", m, n, k, A, ld, tau, at[3])
    else:
        blocked_apply(b.type, b.a, b.b, m, n, k, A, ld, tau, at[3], at_least_1(m), work)


cdef TensorBase ormqr_forward(TensorBase x, TensorBase tau, TensorBase other, bint left, bint transpose):
    cdef Batch b
    cdef TensorBase y
    cdef int rows
    if x.ndim < 2 or other.ndim < 2:
        raise RuntimeError(f"torch.ormqr: {'input' if x.ndim < 2 else 'other'} must have at least 2 dimensions.")
    side = -2 if left else -1
    size = other.shape[other.ndim + side]
    if tau.ndim < 1 or size < tau.shape[tau.ndim - 1]:
        raise RuntimeError(f"torch.ormqr: other.shape[{side}] must be greater than or equal to tau.shape[-1]")
    if size != x.shape[x.ndim - 2]:
        raise RuntimeError(f"torch.ormqr: other.shape[{side}] must be equal to input.shape[-2]")
    if tau.shape[tau.ndim - 1] != min(size, x.shape[x.ndim - 1]):
        raise RuntimeError(f"torch.ormqr: tau.shape[-1] must be equal to min(other.shape[{side}], input.shape[-1])")
    reflections(x, tau, "torch.ormqr", "tau")
    if other.dtype != x.dtype:
        raise RuntimeError(f"torch.ormqr: Expected input and other to have the same dtype, but input has dtype "
                           f"{dtype_title(x.dtype)} and other has dtype {dtype_title(other.dtype)}")
    if shape_tuple(other)[:other.ndim - 2] != shape_tuple(x)[:x.ndim - 2]:
        raise RuntimeError(f"torch.ormqr: Expected batch dimensions of other to be equal to input.shape[:-2], but got "
                           f"{list(shape_tuple(other)[:other.ndim - 2])}")
    batch_init(&b, x, b"ormqr")
    b.each = ormqr_each
    b.m, b.n = <int>other.shape[other.ndim - 2], <int>other.shape[other.ndim - 1]
    b.k = <int>tau.shape[tau.ndim - 1]
    b.a = c"L" if left else c"R"
    b.b = c"C" if transpose else c"N"
    rows = b.m if left else b.n
    b.first = reflections_work(b.type, rows, b.n if left else b.m)
    b.work = b.first + padded(b.k * b.size) + <int64_t>rows * b.k * b.size
    batch_add(&b, x, 2)
    batch_add(&b, tau, 1)
    batch_add(&b, other, 2)
    y = batch_matrix(&b, x.dtype, b.m, b.n)
    batch_run(&b, 2.0 * b.m * b.n * b.k, "ormqr")
    return y


# ---- least squares

cdef struct LeastSquares:
    # Working space of one problem, and its sizes.
    char* A
    char* B
    char* work
    void* rwork
    int* iwork
    char* spare                     # of well_posed
    int lda, ldb


cdef void load_problem(const Batch* b, LeastSquares* w, char** at) noexcept nogil:
    cdef int m = b.m, n = b.n, k = b.k
    cdef int64_t j
    load(b, 0, at[0], w.A, m, n)
    if m >= n:
        load(b, 1, at[1], w.B, m, k)
    else:                                     # column by column into the longer ones of the solution
        memset(w.B, 0, <int64_t>n * k * b.size)
        for j in range(k):
            load(b, 1, at[1] + j * b.operand[1].col * b.size, w.B + j * n * b.size, m, 1)


cdef void lstsq_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: A, B, solution (max(m, n) rows), info[, rank, singular values]
    cdef LeastSquares w
    cdef int info = 0, rank = 0
    cdef double number = b.number
    cdef float number32 = <float>b.number
    cdef bint single = b.type == LAPACK_FLOAT32 or b.type == LAPACK_COMPLEX64
    w.lda, w.ldb = at_least_1(b.m), at_least_1(b.m if b.m > b.n else b.n)
    w.A = work
    w.work = w.A + padded(<int64_t>b.m * b.n * b.size)
    w.rwork = w.work + padded(<int64_t>b.lwork * b.size)
    w.iwork = <int*>(<char*>w.rwork + padded(<int64_t>b.lrwork * 8))
    w.spare = <char*>w.iwork + padded(<int64_t>b.liwork * 4)
    w.B = at[2]
    load_problem(b, &w, at)
    if b.c and well_posed(b, &w):
        rank = b.n
    else:
        if b.c:
            load_problem(b, &w, at)
        call_lstsq(b, &w, <void*>&number32 if single else <void*>&number, at, &rank, &info)
    (<int32_t*>at[3])[0] = info
    if b.a != c"l":
        (<int64_t*>at[4])[0] = rank


cdef double triangle_norm(const element* R, int64_t n, int64_t ld) noexcept nogil:
    # Frobenius' norm of an upper triangle.
    cdef double total = 0
    cdef int64_t i, j
    for j in range(n):
        for i in range(j + 1):
            if element is float or element is double:
                total += <double>R[j * ld + i] * R[j * ld + i]
            else:
                total += <double>R[j * ld + i].real * R[j * ld + i].real
                total += <double>R[j * ld + i].imag * R[j * ld + i].imag
    return sqrt(total)


cdef double norm_of_triangle(int type, char* R, int64_t n, int64_t ld) noexcept nogil:
    if type == LAPACK_FLOAT32:
        return triangle_norm(<float*>R, n, ld)
    if type == LAPACK_FLOAT64:
        return triangle_norm(<double*>R, n, ld)
    if type == LAPACK_COMPLEX64:
        return triangle_norm(<float complex*>R, n, ld)
    return triangle_norm(<double complex*>R, n, ld)


cdef bint well_posed(const Batch* b, LeastSquares* w) noexcept nogil:
    """Solves by QR without exchanges of columns a problem whose rank cannot be in doubt; False: it can.

    gelsy takes columns while its estimate of the condition, which is never above the condition, is below 1 / rcond.
    """
    cdef int m = b.m, n = b.n, k = b.k
    cdef char* tau = w.spare
    cdef char* inverse = tau + padded(n * b.size)
    cdef char* work = inverse + padded(<int64_t>n * n * b.size)
    blocked_qr(b.type, m, n, w.A, w.lda, tau, work)
    if first_zero(b.type, n, w.lda, w.A):
        return False
    if b.a == c"y":
        memset(inverse, 0, <int64_t>n * n * b.size)
        inverse_of_triangle(b.type, c"U", c"N", n, w.A, w.lda, inverse, n)
        if not norm_of_triangle(b.type, w.A, n, w.lda) * norm_of_triangle(b.type, inverse, n, n) * b.number < 1:
            return False
    blocked_apply(b.type, c"L", c"C", m, k, n, w.A, w.lda, tau, w.B, w.ldb, work)
    blocked_triangular(b.type, c"U", c"N", c"N", n, k, w.A, w.lda, w.B, w.ldb)
    return True


cdef void call_lstsq(const Batch* b, LeastSquares* w, void* rcond, char** at, int* rank, int* info) noexcept nogil:
    cdef int m = b.m, n = b.n, k = b.k, lwork = b.lwork, i
    cdef char op = c"N"
    cdef bint real = b.type < LAPACK_COMPLEX64
    cdef int t = b.type if real else b.type - LAPACK_COMPLEX64
    if b.a == c"l":
        lapack.gels[b.type](&op, &m, &n, &k, w.A, &w.lda, w.B, &w.ldb, w.work, &lwork, info)
    elif b.a == c"y":
        for i in range(n):
            w.iwork[i] = 0
        if real:
            lapack.gelsy_real[t](&m, &n, &k, w.A, &w.lda, w.B, &w.ldb, w.iwork, rcond, rank, w.work, &lwork, info)
        else:
            lapack.gelsy_complex[t](&m, &n, &k, w.A, &w.lda, w.B, &w.ldb, w.iwork, rcond, rank, w.work, &lwork,
                                    w.rwork, info)
    elif b.a == c"d":
        if real:
            lapack.gelsd_real[t](&m, &n, &k, w.A, &w.lda, w.B, &w.ldb, at[5], rcond, rank, w.work, &lwork, w.iwork,
                                 info)
        else:
            lapack.gelsd_complex[t](&m, &n, &k, w.A, &w.lda, w.B, &w.ldb, at[5], rcond, rank, w.work, &lwork, w.rwork,
                                    w.iwork, info)
    elif real:
        lapack.gelss_real[t](&m, &n, &k, w.A, &w.lda, w.B, &w.ldb, at[5], rcond, rank, w.work, &lwork, info)
    else:
        lapack.gelss_complex[t](&m, &n, &k, w.A, &w.lda, w.B, &w.ldb, at[5], rcond, rank, w.work, &lwork, w.rwork,
                                info)


cdef int query_lstsq(Batch* b) except -1:
    # Working space of the driver.
    cdef LeastSquares w
    cdef double answer[2]
    cdef double reals[2]
    cdef double zero = 0
    cdef int rank = 0, info = 0, least = b.m if b.m < b.n else b.n, most = b.m if b.m > b.n else b.n
    cdef char* at[OPERANDS]
    cdef int counts[4]
    for i in range(OPERANDS):
        at[i] = NULL
    reals[0] = counts[0] = 0
    w.A = w.B = NULL
    w.work, w.rwork, w.iwork = <char*>answer, reals, counts
    w.lda, w.ldb = at_least_1(b.m), at_least_1(most)
    b.lwork = -1
    b.lrwork, b.liwork = 5 * least + 2 * b.n, b.n
    if b.a == c"y":                          # its column order is cleared first, so it is not asked with n > 0 columns
        b.lwork = gelsy_size(b)
        return 0
    call_lstsq(b, &w, &zero, at, &rank, &info)
    b.lwork = at_least_1(work_size(b.type, answer))
    if b.a == c"d":
        b.liwork = max(1, counts[0])
        if b.type >= LAPACK_COMPLEX64:
            b.lrwork = <int>((<float*>reals)[0] if b.type == LAPACK_COMPLEX64 else reals[0]) + 1
    return 0


cdef int gelsy_size(const Batch* b) except -1:
    cdef double answer[2]
    cdef double zero = 0, reals = 0
    cdef int m = b.m, n = b.n, k = b.k, query = -1, rank = 0, info = 0, order = 0
    cdef int lda = at_least_1(m), ldb = at_least_1(m if m > n else n)
    if b.type < LAPACK_COMPLEX64:
        lapack.gelsy_real[b.type](&m, &n, &k, NULL, &lda, NULL, &ldb, &order, &zero, &rank, answer, &query, &info)
    else:
        lapack.gelsy_complex[b.type - LAPACK_COMPLEX64](&m, &n, &k, NULL, &lda, NULL, &ldb, &order, &zero, &rank,
                                                        answer, &query, &reals, &info)
    return at_least_1(work_size(b.type, answer))


cdef object lstsq_forward(TensorBase x, TensorBase B, object rcond, object driver):
    """Solutions in the first n rows of a matrix of max(m, n), and below what is left of B; rank, singular values."""
    cdef Batch b
    cdef TensorBase y, info, rank, s
    cdef int64_t least
    batch_init(&b, x, b"torch.linalg.lstsq")
    batch_broadcast(&b, B, 2)
    b.each = lstsq_each
    b.m, b.n = <int>x.shape[x.ndim - 2], <int>x.shape[x.ndim - 1]
    b.k = <int>B.shape[B.ndim - 1]
    b.a = {"gels": c"l", "gelsy": c"y", "gelsd": c"d", "gelss": c"s"}[driver]
    if driver == "gelsd" and b.k == 0:         # LAPACK's wants right sides
        b.a = c"s"
    b.number = rcond
    least = b.m if b.m < b.n else b.n
    query_lstsq(&b)
    b.work = (padded(<int64_t>b.m * b.n * b.size) + padded(<int64_t>b.lwork * b.size) + padded(<int64_t>b.lrwork * 8)
              + padded(<int64_t>b.liwork * 4))
    b.c = driver in ("gels", "gelsy") and b.m >= b.n > SMALL
    if b.c:
        b.work += (padded(b.n * b.size) + padded(<int64_t>b.n * b.n * b.size)
                   + reflections_work(b.type, b.m, b.n if b.n > b.k else b.k))
    batch_add(&b, x, 2)
    batch_add(&b, B, 2)
    y = batch_matrix(&b, x.dtype, b.m if b.m > b.n else b.n, b.k)
    info = batch_number(&b, INT32)
    rank = batch_number(&b, INT64) if driver != "gels" else empty_vector(INT64)
    s = batch_vector(&b, real_of(x.dtype), least) if driver in ("gelsd", "gelss") else empty_vector(real_of(x.dtype))
    if b.m and b.n:
        batch_run(&b, 4.0 * b.m * b.n * (least + b.k), "torch.linalg.lstsq")
    else:
        memset(y.data, 0, y.numel * b.size)
        memset(rank.data, 0, rank.numel * sizeof(int64_t))
        memset(info.data, 0, info.numel * sizeof(int32_t))
    return y, rank, s, info
