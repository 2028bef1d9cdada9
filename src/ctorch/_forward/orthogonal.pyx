"""Orthogonal factorizations: QR, products of Householder reflections, least squares."""
from libc.stdint cimport int32_t, int64_t
from libc.string cimport memcpy, memset

from ctorch._dtype cimport *
from ctorch._forward.batches cimport *
from ctorch._forward.small_matrices cimport *
from ctorch._lapack cimport *
from ctorch._tensor cimport *


# ---- QR

cdef void factor(const Batch* b, char* at, char* QR, char* tau, char* work) noexcept nogil:
    # QR of a matrix of operand 0, in LAPACK's form.
    cdef int m = b.m, n = b.n, ld = at_least_1(m), lwork = b.lwork, info
    load(b, 0, at, QR, m, n)
    if m <= SMALL and n <= SMALL:
        if small_qr(b.type, m, n, QR, tau):
            return
        load(b, 0, at, QR, m, n)
    lapack.geqrf[b.type](&m, &n, QR, &ld, tau, work, &lwork, &info)


cdef void qr_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: A, R[, Q]; k = min(m, n); a: whether Q is wanted, b: whether it is complete
    cdef int m = b.m, n = b.n, k = b.k, ld = at_least_1(m), lwork = b.lwork, info, columns
    cdef int64_t size = b.size, rows = m if b.b else k, j
    cdef char* tau = work + padded(<int64_t>b.lwork * size)
    cdef char* QR = tau + padded(k * size)
    factor(b, at[0], QR, tau, work)
    for j in range(n):                        # R: the upper triangle, zeros below
        columns = <int>(j + 1 if j + 1 < rows else rows)
        if columns > k:
            columns = k
        memcpy(at[1] + j * rows * size, QR + j * m * size, columns * size)
        memset(at[1] + (j * rows + columns) * size, 0, (rows - columns) * size)
    if not b.a:
        return
    columns = m if b.b else k
    memcpy(at[2], QR, <int64_t>m * k * size)
    if m <= SMALL and columns <= SMALL:
        small_q(b.type, m, columns, k, at[2], tau)
    elif columns:
        lapack.orgqr[b.type](&m, &columns, &k, at[2], &ld, tau, work, &lwork, &info)


cdef int query_qr(Batch* b, int columns) except -1:
    # Working space of geqrf, and of orgqr for so many columns.
    cdef double answer[2]
    cdef int query = -1, ld = at_least_1(b.m), info
    lapack.geqrf[b.type](&b.m, &b.n, NULL, &ld, NULL, answer, &query, &info)
    b.lwork = at_least_1(work_size(b.type, answer))
    if columns:
        lapack.orgqr[b.type](&b.m, &columns, &b.k, NULL, &ld, NULL, answer, &query, &info)
        b.lwork = max(b.lwork, work_size(b.type, answer))
    return 0


cdef object qr_forward(TensorBase x, bint complete, bint compute_q):
    cdef Batch b
    cdef TensorBase Q, R
    at_least_matrix(x, "linalg.qr")
    batch_init(&b, x, b"linalg.qr")
    b.each = qr_each
    b.m, b.n = <int>x.shape[x.ndim - 2], <int>x.shape[x.ndim - 1]
    b.k = b.m if b.m < b.n else b.n
    b.a, b.b = compute_q, complete
    query_qr(&b, (b.m if complete else b.k) if compute_q else 0)
    b.work = padded(<int64_t>b.lwork * b.size) + padded(b.k * b.size) + <int64_t>b.m * b.n * b.size
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
    query_qr(&b, 0)
    b.work = <int64_t>b.lwork * b.size
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


cdef void householder_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: A, tau, Q
    cdef int m = b.m, n = b.n, k = b.k, ld = at_least_1(m), lwork = b.lwork, info
    cdef char* tau = work + padded(<int64_t>lwork * b.size)
    cdef int64_t i
    load(b, 0, at[0], at[2], m, n)
    for i in range(k):
        memcpy(tau + i * b.size, at[1] + i * b.operand[1].row * b.size, b.size)
    if m <= SMALL and n <= SMALL:
        small_q(b.type, m, n, k, at[2], tau)
    elif n:
        lapack.orgqr[b.type](&m, &n, &k, at[2], &ld, tau, work, &lwork, &info)


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
    query_qr(&b, b.n)
    b.work = padded(<int64_t>b.lwork * b.size) + b.k * b.size
    batch_add(&b, x, 2)
    batch_add(&b, tau, 1)
    Q = batch_matrix(&b, x.dtype, b.m, b.n)
    batch_run(&b, 2.0 * b.m * b.n * b.k, op)
    return Q


cdef void ormqr_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: A, tau, other, result
    cdef int m = b.m, n = b.n, k = b.k, ld, ldc = at_least_1(m), lwork = b.lwork, info
    cdef int rows = m if b.a == c"L" else n
    cdef char side = b.a, op = b.b
    cdef char* tau = work + padded(<int64_t>lwork * b.size)
    cdef char* A = readable(b, 0, at[0], tau + padded(k * b.size), rows, k, &ld)
    cdef int64_t i
    for i in range(k):
        memcpy(tau + i * b.size, at[1] + i * b.operand[1].row * b.size, b.size)
    load(b, 2, at[2], at[3], m, n)
    if m and n and k:
        lapack.ormqr[b.type](&side, &op, &m, &n, &k, A, &ld, tau, at[3], &ldc, work, &lwork, &info)


cdef TensorBase ormqr_forward(TensorBase x, TensorBase tau, TensorBase other, bint left, bint transpose):
    cdef Batch b
    cdef TensorBase y
    cdef int rows, query = -1, ld, ldc, info
    cdef double answer[2]
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
    b.b = (c"C" if b.type >= LAPACK_COMPLEX64 else c"T") if transpose else c"N"
    rows = b.m if left else b.n
    ld, ldc = at_least_1(rows), at_least_1(b.m)
    lapack.ormqr[b.type](&b.a, &b.b, &b.m, &b.n, &b.k, NULL, &ld, NULL, NULL, &ldc, answer, &query, &info)
    b.lwork = at_least_1(work_size(b.type, answer))
    b.work = padded(<int64_t>b.lwork * b.size) + padded(b.k * b.size) + <int64_t>rows * b.k * b.size
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
    int lda, ldb


cdef void lstsq_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: A, B, solution (max(m, n) rows), info[, rank, singular values]
    cdef LeastSquares w
    cdef int m = b.m, n = b.n, k = b.k, info = 0, rank = 0
    cdef int64_t j, size = b.size, rows = m if m > n else n
    cdef double number = b.number
    cdef float number32 = <float>b.number
    cdef bint single = b.type == LAPACK_FLOAT32 or b.type == LAPACK_COMPLEX64
    cdef void* rcond = <void*>&number32 if single else <void*>&number
    w.lda, w.ldb = at_least_1(m), at_least_1(rows)
    w.A = work
    w.work = w.A + padded(<int64_t>m * n * size)
    w.rwork = w.work + padded(<int64_t>b.lwork * size)
    w.iwork = <int*>(<char*>w.rwork + padded(<int64_t>b.lrwork * 8))
    w.B = at[2]
    load(b, 0, at[0], w.A, m, n)
    if rows == m:
        load(b, 1, at[1], w.B, m, k)
    else:                                     # column by column into the longer ones of the solution
        memset(w.B, 0, rows * k * size)
        for j in range(k):
            load(b, 1, at[1] + j * b.operand[1].col * size, w.B + j * rows * size, m, 1)
    call_lstsq(b, &w, rcond, at, &rank, &info)
    (<int32_t*>at[3])[0] = info
    if b.a != c"l":
        (<int64_t*>at[4])[0] = rank


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
    b.number = rcond
    least = b.m if b.m < b.n else b.n
    query_lstsq(&b)
    b.work = (padded(<int64_t>b.m * b.n * b.size) + padded(<int64_t>b.lwork * b.size) + padded(<int64_t>b.lrwork * 8)
              + <int64_t>b.liwork * 4)
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
