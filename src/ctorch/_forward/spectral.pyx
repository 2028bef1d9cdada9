"""Eigenvalues and singular values, with their vectors."""
from libc.math cimport isfinite
from libc.stdint cimport int32_t, int64_t

from ctorch._dispatch cimport contiguous
from ctorch._dtype cimport *
from ctorch._forward.batches cimport *
from ctorch._forward.small_matrices cimport SMALL
from ctorch._forward.tridiagonal cimport *
from ctorch._lapack cimport *
from ctorch._tensor cimport *


cdef int converged(TensorBase info, str op, str why) except -1:
    cdef int64_t place = first_failure(info)
    if place < 0:
        return 0
    from ctorch.linalg._errors import raise_failure
    raise_failure(op, why, (<int32_t*>info.data)[place], place if info.ndim else None)


# ---- Hermitian matrices

cdef void conjugate(real* x, int64_t count) noexcept nogil:
    cdef int64_t i
    for i in range(count):
        x[2 * i + 1] = -x[2 * i + 1]


cdef void load_lower(const Batch* b, char* at, char* A) noexcept nogil:
    # The given triangle as the lower one: that of the conjugate transpose, if it is the upper.
    cdef Batch turned
    if b.b == c"L":
        load(b, 0, at, A, b.n, b.n)
        return
    turned.type, turned.size = b.type, b.size
    turned.operand[0].row, turned.operand[0].col = b.operand[0].col, b.operand[0].row
    load(&turned, 0, at, A, b.n, b.n)
    if b.type == LAPACK_COMPLEX64:
        conjugate(<float*>A, <int64_t>b.n * b.n)
    elif b.type == LAPACK_COMPLEX128:
        conjugate(<double*>A, <int64_t>b.n * b.n)


cdef void eigh_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: A, eigenvalues, info[, eigenvectors]
    cdef int n = b.n, ld = at_least_1(n), lwork = b.lwork, lrwork = b.lrwork, liwork = b.liwork
    cdef char job = b.a, uplo = b.b
    cdef char* rwork = work + padded(<int64_t>lwork * b.size)
    cdef int* iwork = <int*>(rwork + padded(<int64_t>lrwork * 8))
    cdef char* A = work + b.first
    cdef char* V = at[3] if job == c"V" else A
    if b.c:
        load_lower(b, at[0], A)
        if tridiagonal_eigen(b.type, n, A, at[1], at[3] if job == c"V" else NULL, <int*>at[2], work):
            return
    load(b, 0, at[0], V, n, n)
    if b.type < LAPACK_COMPLEX64:
        lapack.syevd[b.type](&job, &uplo, &n, V, &ld, at[1], work, &lwork, iwork, &liwork, <int*>at[2])
    else:
        lapack.heevd[b.type - LAPACK_COMPLEX64](&job, &uplo, &n, V, &ld, at[1], work, &lwork, rwork, &lrwork, iwork,
                                                &liwork, <int*>at[2])


cdef object eigh_forward(TensorBase x, bint upper, bint vectors):
    cdef Batch b
    cdef TensorBase w, V, info
    cdef double answer[2]
    cdef double reals[2]
    cdef int query = -1, ld, code, integers
    square(x, "linalg.eigh")
    batch_init(&b, x, b"linalg.eigh")
    b.each = eigh_each
    b.n = <int>x.shape[x.ndim - 1]
    b.a, b.b = c"V" if vectors else c"N", c"U" if upper else c"L"
    ld = at_least_1(b.n)
    if b.type < LAPACK_COMPLEX64:
        lapack.syevd[b.type](&b.a, &b.b, &b.n, NULL, &ld, NULL, answer, &query, &integers, &query, &code)
    else:
        lapack.heevd[b.type - LAPACK_COMPLEX64](&b.a, &b.b, &b.n, NULL, &ld, NULL, answer, &query, reals, &query,
                                                &integers, &query, &code)
        b.lrwork = work_size(b.type, reals)
    b.lwork, b.liwork = at_least_1(work_size(b.type, answer)), integers
    b.first = padded(<int64_t>b.lwork * b.size) + padded(<int64_t>b.lrwork * 8) + padded(<int64_t>b.liwork * 4)
    b.c = b.n > SMALL
    if b.c:
        b.first = max(b.first, tridiagonal_work(b.type, b.n, vectors))
    b.work = b.first + <int64_t>b.n * b.n * b.size
    batch_add(&b, x, 2)
    w = batch_vector(&b, real_of(x.dtype), b.n)
    info = batch_number(&b, INT32)
    V = batch_matrix(&b, x.dtype, b.n, b.n) if vectors else no_vectors(x.dtype)
    batch_run(&b, 9.0 * b.n * b.n * b.n, "linalg.eigh")
    converged(info, "linalg.eigh", "eigh")
    return w, V


cdef TensorBase no_vectors(int dtype):
    cdef int64_t none = 0
    return tensor_empty(dtype, 1, &none)


# ---- general matrices


cdef void pack_vectors(const Batch* b, const real* wr, const real* wi, const real* v, real* w, real* V) noexcept nogil:
    # LAPACK's real form, where a pair of conjugate vectors stands as its real and imaginary parts.
    cdef int64_t i, j = 0, n = b.n
    for i in range(n):
        w[2 * i], w[2 * i + 1] = wr[i], wi[i]
    while V != NULL and j < n:
        if wi[j] == 0 or j + 1 == n:
            for i in range(n):
                V[2 * (j * n + i)], V[2 * (j * n + i) + 1] = v[j * n + i], 0
            j += 1
            continue
        for i in range(n):
            V[2 * (j * n + i)], V[2 * (j * n + i) + 1] = v[j * n + i], v[(j + 1) * n + i]
            V[2 * ((j + 1) * n + i)], V[2 * ((j + 1) * n + i) + 1] = v[j * n + i], -v[(j + 1) * n + i]
        j += 2


cdef void eig_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: A, eigenvalues, info[, eigenvectors]
    cdef int n = b.n, ld = at_least_1(n), one = 1, lwork = b.lwork
    cdef char left = c"N", right = b.a
    cdef int64_t size = b.size
    cdef char* A = work + padded(<int64_t>lwork * size)
    cdef char* wr = A + padded(n * n * size)
    cdef char* wi = wr + padded(2 * n * 8)
    cdef char* V = wi + padded(n * 8)
    cdef char* vectors = at[3] if right == c"V" else NULL
    load(b, 0, at[0], A, n, n)
    if b.type >= LAPACK_COMPLEX64:
        lapack.geev_complex[b.type - LAPACK_COMPLEX64](&left, &right, &n, A, &ld, at[1], NULL, &one, vectors, &ld,
                                                       work, &lwork, wr, <int*>at[2])
        return
    lapack.geev_real[b.type](&left, &right, &n, A, &ld, wr, wi, NULL, &one, V, &ld, work, &lwork, <int*>at[2])
    if b.type == LAPACK_FLOAT32:
        pack_vectors(b, <float*>wr, <float*>wi, <float*>V, <float*>at[1], <float*>vectors)
    else:
        pack_vectors(b, <double*>wr, <double*>wi, <double*>V, <double*>at[1], <double*>vectors)


cdef bint all_finite(TensorBase x) noexcept nogil:
    # Whether no element of a dense tensor is infinite or NaN.
    cdef int64_t i
    cdef bint single = x.dtype == FLOAT32 or x.dtype == COMPLEX64
    cdef int64_t n = x.numel if x.dtype == FLOAT32 or x.dtype == FLOAT64 else 2 * x.numel
    for i in range(n):
        if not isfinite((<float*>x.data)[i] if single else (<double*>x.data)[i]):
            return False
    return True


cdef object eig_forward(TensorBase x, bint vectors, object op):
    cdef Batch b
    cdef TensorBase w, V, info
    cdef double answer[2]
    cdef double reals[2]
    cdef int query = -1, ld, code, one = 1
    cdef char left = c"N"
    square(x, op)
    if category_of[x.dtype] <= CATEGORY_INT:
        raise RuntimeError(f"{op}: Expected a floating point or complex tensor as input. Got {dtype_title(x.dtype)}")
    batch_init(&b, x, b"linalg.eig")
    if not all_finite(contiguous(x)):
        raise RuntimeError("torch.linalg.eig: input tensor should not contain infs or NaNs.")
    b.each = eig_each
    b.n = <int>x.shape[x.ndim - 1]
    b.a = c"V" if vectors else c"N"
    ld = at_least_1(b.n)
    if b.type < LAPACK_COMPLEX64:
        lapack.geev_real[b.type](&left, &b.a, &b.n, NULL, &ld, NULL, NULL, NULL, &one, NULL, &ld, answer, &query, &code)
    else:
        lapack.geev_complex[b.type - LAPACK_COMPLEX64](&left, &b.a, &b.n, NULL, &ld, NULL, NULL, &one, NULL, &ld,
                                                       answer, &query, reals, &code)
    b.lwork = at_least_1(work_size(b.type, answer))
    b.work = (padded(<int64_t>b.lwork * b.size) + 2 * padded(<int64_t>b.n * b.n * b.size) + padded(2 * b.n * 8)
              + padded(b.n * 8))
    batch_add(&b, x, 2)
    w = batch_vector(&b, complex_of(x.dtype), b.n)
    info = batch_number(&b, INT32)
    V = batch_matrix(&b, complex_of(x.dtype), b.n, b.n) if vectors else no_vectors(complex_of(x.dtype))
    batch_run(&b, 25.0 * b.n * b.n * b.n, "linalg.eig")
    converged(info, op, "eig")
    return w, V


# ---- singular values

cdef void svd_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: A, S, info[, U, Vh]
    cdef int m = b.m, n = b.n, k = m if m < n else n, lwork = b.lwork
    cdef int lda = at_least_1(m), ldv = at_least_1(n if b.a == c"A" else k)
    cdef char job = b.a
    cdef char* A = work + padded(<int64_t>lwork * b.size)
    cdef char* rwork = A + padded(<int64_t>m * n * b.size)
    cdef int* iwork = <int*>(rwork + padded(<int64_t>b.lrwork * 8))
    cdef char* U = NULL if job == c"N" else at[3]
    cdef char* Vh = NULL if job == c"N" else at[4]
    load(b, 0, at[0], A, m, n)
    if b.type < LAPACK_COMPLEX64:
        lapack.gesdd_real[b.type](&job, &m, &n, A, &lda, at[1], U, &lda, Vh, &ldv, work, &lwork, iwork, <int*>at[2])
    else:
        lapack.gesdd_complex[b.type - LAPACK_COMPLEX64](&job, &m, &n, A, &lda, at[1], U, &lda, Vh, &ldv, work, &lwork,
                                                        rwork, iwork, <int*>at[2])


cdef object identities(Batch* b, TensorBase U, TensorBase Vh):
    # Vectors of matrices without elements.
    for x in (U, Vh):
        x.zero_()
        x.diagonal(0, -2, -1).fill_(1)


cdef object svd_forward(TensorBase x, bint full_matrices, bint vectors):
    cdef Batch b
    cdef TensorBase U, S, Vh, info
    cdef double answer[2]
    cdef int query = -1, lda, ldv, k, most, code
    at_least_matrix(x, "linalg.svd")
    batch_init(&b, x, b"linalg.svd")
    b.each = svd_each
    b.m, b.n = <int>x.shape[x.ndim - 2], <int>x.shape[x.ndim - 1]
    k, most = min(b.m, b.n), max(b.m, b.n)
    b.k = k
    b.a = (c"A" if full_matrices else c"S") if vectors else c"N"
    lda, ldv = at_least_1(b.m), at_least_1(b.n if full_matrices else k)
    b.liwork = 8 * k
    if b.type < LAPACK_COMPLEX64:
        lapack.gesdd_real[b.type](&b.a, &b.m, &b.n, NULL, &lda, NULL, NULL, &lda, NULL, &ldv, answer, &query, NULL,
                                  &code)
    else:                                # the size of rwork as LAPACK's manual gives it
        lapack.gesdd_complex[b.type - LAPACK_COMPLEX64](&b.a, &b.m, &b.n, NULL, &lda, NULL, NULL, &lda, NULL, &ldv,
                                                        answer, &query, NULL, NULL, &code)
        b.lrwork = max(7 * k, max(5 * k * k + 5 * k, 2 * most * k + 2 * k * k + k)) if vectors else 7 * k
    b.lwork = at_least_1(work_size(b.type, answer))
    b.work = (padded(<int64_t>b.lwork * b.size) + padded(<int64_t>b.m * b.n * b.size) + padded(<int64_t>b.lrwork * 8)
              + padded(<int64_t>b.liwork * 4))
    batch_add(&b, x, 2)
    S = batch_vector(&b, real_of(x.dtype), k)
    info = batch_number(&b, INT32)
    if vectors:
        U = batch_matrix(&b, x.dtype, b.m, b.m if full_matrices else k)
        Vh = batch_matrix(&b, x.dtype, b.n if full_matrices else k, b.n)
    else:
        U, Vh = no_vectors(x.dtype), no_vectors(x.dtype)
    if k == 0:
        if vectors:
            identities(&b, U, Vh)
        return U, S, Vh
    batch_run(&b, 12.0 * b.m * b.n * k, "linalg.svd")
    converged(info, "linalg.svd", "svd")
    return U, S, Vh
