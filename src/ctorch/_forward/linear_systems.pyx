"""Factorizations by elimination and the systems they solve: LU, Cholesky, LDL, triangular matrices, determinants."""
from libc.math cimport fabs, log, sqrt
from libc.stdint cimport INT32_MAX, int32_t, int64_t
from libc.string cimport memcpy, memset

from ctorch._dispatch cimport contiguous
from ctorch._dtype cimport *
from ctorch._forward.batches cimport *
from ctorch._forward.blocked cimport *
from ctorch._forward.small_matrices cimport *
from ctorch._lapack cimport *
from ctorch._tensor cimport *

cdef enum:
    TILE = 16               # rows and columns that are turned at once
    TINY = 4                # sides up to this are solved one number after the other

# One and zero in each dtype, for BLAS.
cdef float[2] one_single = [1, 0]
cdef double[2] one_double = [1, 0]


cdef inline int64_t least(int64_t a, int64_t b) noexcept nogil:
    return a if a < b else b


cdef inline void* one_of(int type) noexcept nogil:
    return <void*>one_single if type == LAPACK_FLOAT32 or type == LAPACK_COMPLEX64 else <void*>one_double


cdef int fail(TensorBase info, object op, str why) except -1:
    # Raises LinAlgError about the first matrix that failed.
    cdef int64_t place = first_failure(info)
    if place < 0:
        return 0
    from ctorch.linalg._errors import raise_failure
    raise_failure(op, why, (<int32_t*>info.data)[place], place if info.ndim else None)


# ---- LU

cdef inline void factor(const Batch* b, int m, int n, char* a, int* pivots, int* info) noexcept nogil:
    cdef int ld = at_least_1(m)
    if m <= SMALL and n <= SMALL:
        small_lu(b.type, m, n, a, pivots, info)
    else:
        blocked_lu(b.type, m, n, a, ld, pivots, info)


cdef inline void solve_factored(const Batch* b, int n, int k, char* LU, int* pivots, char* X) noexcept nogil:
    if n <= TINY and k <= SMALL:
        small_lu_solve(b.type, n, k, LU, pivots, X)
    elif n and k:
        blocked_lu_solve(b.type, n, k, LU, pivots, X)


cdef void lu_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: A, LU, pivots, info
    load(b, 0, at[0], at[1], b.m, b.n)
    factor(b, b.m, b.n, at[1], <int*>at[2], <int*>at[3])


cdef object lu_factor_forward(TensorBase x, bint pivot, bint check_errors, object op):
    cdef Batch b
    cdef TensorBase LU, pivots, info
    if x.ndim < 2:
        raise RuntimeError(f"torch.lu_factor: Expected tensor with 2 or more dimensions. Got size: "
                           f"{list(shape_tuple(x))} instead")
    batch_init(&b, x, b"linalg.lu_factor")
    if not pivot:
        raise RuntimeError("linalg.lu_factor: LU without pivoting is not implemented on the CPU")
    b.each = lu_each
    b.m, b.n = <int>x.shape[x.ndim - 2], <int>x.shape[x.ndim - 1]
    batch_add(&b, x, 2)
    LU = batch_matrix(&b, x.dtype, b.m, b.n)
    pivots = batch_vector(&b, INT32, b.m if b.m < b.n else b.n)
    info = batch_number(&b, INT32)
    batch_run(&b, <double>b.m * b.n * (b.m if b.m < b.n else b.n), "linalg.lu_factor")
    if check_errors:
        fail(info, op, "lu")
    return LU, pivots, info


cdef void permutation_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: pivots, P, which is row-major
    cdef int64_t i, j, t
    cdef int32_t* pivots = <int32_t*>at[0]
    cdef int64_t* order = <int64_t*>work
    cdef int64_t step = b.operand[0].row
    for i in range(b.m):
        order[i] = i
    for i in range(b.n):
        j = pivots[i * step] - 1
        t = order[i]
        order[i] = order[j]
        order[j] = t
    memset(at[1], 0, <int64_t>b.m * b.m * b.size)
    for i in range(b.m):
        if b.size == 4 or b.type == LAPACK_COMPLEX64:
            (<float*>(at[1] + (order[i] * b.m + i) * b.size))[0] = 1
        else:
            (<double*>(at[1] + (order[i] * b.m + i) * b.size))[0] = 1


cdef TensorBase permutation_forward(TensorBase pivots, TensorBase like):
    """P of A = P @ L @ U from the exchanges of rows; dtype and shape from `like`."""
    cdef Batch b
    cdef TensorBase P
    cdef int64_t strides[MAX_DIMS]
    cdef int i
    cdef int64_t m, n
    if like.ndim >= 2:
        m, n = like.shape[like.ndim - 2], like.shape[like.ndim - 1]
        expected = (*shape_tuple(like)[:like.ndim - 2], min(m, n))
        if shape_tuple(pivots) != expected:
            raise RuntimeError(f"lu_unpack: expected pivots of shape {list(expected)}, got {list(shape_tuple(pivots))}")
        pivots = valid_pivots(pivots, m, "lu_unpack")
    batch_init(&b, like, b"lu_unpack")
    b.each = permutation_each
    b.m, b.n = <int>like.shape[like.ndim - 2], <int>pivots.shape[pivots.ndim - 1]
    b.work = b.m * sizeof(int64_t)
    batch_add(&b, pivots, 1)
    P = batch_matrix(&b, like.dtype, b.m, b.m)
    batch_run(&b, <double>b.m * b.m, "lu_unpack")
    for i in range(P.ndim):
        strides[i] = P.strides[i]
    strides[P.ndim - 2], strides[P.ndim - 1] = at_least_1(b.m), 1
    return tensor_view(P, P.ndim, P.shape, strides, P.data)


cdef void solve_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: A, B, X, LU, pivots, info
    load(b, 0, at[0], at[3], b.n, b.n)
    load(b, 1, at[1], at[2], b.n, b.k)
    factor(b, b.n, b.n, at[3], <int*>at[4], <int*>at[5])
    solve_factored(b, b.n, b.k, at[3], <int*>at[4], at[2])


cdef int fitting(TensorBase A, TensorBase B, str op, str first) except -1:
    # The rules of systems A X = B.
    if A.dtype != B.dtype:
        raise RuntimeError(f"{op}: Expected {first} and B to have the same dtype, but found {first} of type "
                           f"{dtype_title(A.dtype)} and B of type {dtype_title(B.dtype)} instead")
    if B.ndim < 2:
        raise RuntimeError(f"{op}: The input tensor B must have at least 2 dimensions.")
    if A.shape[A.ndim - 2] != B.shape[B.ndim - 2]:
        raise RuntimeError(f"{op}: Incompatible shapes of A and B for the equation AX = B ({A.shape[A.ndim - 2]}x"
                           f"{A.shape[A.ndim - 1]} and {B.shape[B.ndim - 2]}x{B.shape[B.ndim - 1]})")
    return 0


cdef object solve_forward(TensorBase x, TensorBase B, bint check_errors, object op):
    cdef Batch b
    cdef TensorBase X, LU, pivots, info
    square(x, "linalg.solve")
    batch_init(&b, x, b"linalg.solve")
    fitting(x, B, "linalg.solve", "A")
    batch_broadcast(&b, B, 2)
    b.each = solve_each
    b.n, b.k = <int>x.shape[x.ndim - 1], <int>B.shape[B.ndim - 1]
    batch_add(&b, x, 2)
    batch_add(&b, B, 2)
    X = batch_matrix(&b, x.dtype, b.n, b.k)
    LU = batch_matrix(&b, x.dtype, b.n, b.n)
    pivots = batch_vector(&b, INT32, b.n)
    info = batch_number(&b, INT32)
    batch_run(&b, <double>b.n * b.n * (b.n + b.k), "linalg.solve")
    if check_errors:
        fail(info, op, "solve")
    return X, LU, pivots, info


cdef void lu_solve_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: LU, pivots, B, X
    cdef int n = b.n, k = b.k, ld, ldx = at_least_1(n), info
    cdef char op = b.a
    cdef char* LU = readable(b, 0, at[0], work, n, n, &ld)
    cdef int* pivots = <int*>at[1]
    load(b, 2, at[2], at[3], n, k)
    if op == c"N" and ld == n:
        solve_factored(b, n, k, LU, pivots, at[3])
    else:
        lapack.getrs[b.type](&op, &n, &k, LU, &ld, pivots, at[3], &ldx, &info)


cdef TensorBase lu_solve_forward(TensorBase LU, TensorBase pivots, TensorBase B, bint adjoint):
    cdef Batch b
    cdef TensorBase X
    square(LU, "torch.linalg.lu_solve")
    batch_init(&b, LU, b"torch.linalg.lu_solve")
    if pivots.dtype != INT32:
        raise RuntimeError("linalg.lu_solve: pivots should be a Tensor of scalar type torch.int32")
    fitting(LU, B, "linalg.lu_solve", "LU")
    if pivots.ndim < 1 or pivots.shape[pivots.ndim - 1] != LU.shape[LU.ndim - 1]:
        raise RuntimeError("linalg.lu_solve: Number of pivots per batch should be same as the dimension of the matrix")
    if shape_tuple(pivots) != shape_tuple(LU)[:LU.ndim - 1]:
        raise RuntimeError(f"linalg.lu_solve: Expected LU.shape[:-1] and pivots.shape to be the same, but got pivots "
                           f"with shape {list(shape_tuple(pivots))} instead")
    pivots = valid_pivots(pivots, LU.shape[LU.ndim - 1], "lu_solve")
    batch_broadcast(&b, B, 2)
    b.each = lu_solve_each
    b.n, b.k = <int>LU.shape[LU.ndim - 1], <int>B.shape[B.ndim - 1]
    b.a = (c"C" if b.type >= LAPACK_COMPLEX64 else c"T") if adjoint else c"N"
    b.work = <int64_t>b.n * b.n * b.size
    batch_add(&b, LU, 2)
    batch_add(&b, pivots, 1)
    batch_add(&b, B, 2)
    X = batch_matrix(&b, LU.dtype, b.n, b.k)
    batch_run(&b, <double>b.n * b.n * b.k, "linalg.lu_solve")
    return X


cdef TensorBase valid_pivots(TensorBase pivots, int64_t n, str op):
    # LAPACK follows pivots without looking, so those that lead outside stop here.
    cdef TensorBase p = contiguous(pivots)
    cdef int64_t i
    for i in range(p.numel):
        if not 1 <= (<int32_t*>p.data)[i] <= n:
            raise RuntimeError(f"Pivots given to {op} must all be greater or equal to 1 and at most {n}. Did you "
                               "properly pass the result of lu_factor?")
    return p


# ---- inverse

cdef void inv_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: A, inverse, info
    cdef int n = b.n, i
    cdef int* pivots = <int*>work
    cdef char* LU = work + padded(n * sizeof(int))
    load(b, 0, at[0], LU, n, n)
    factor(b, n, n, LU, pivots, <int*>at[2])
    if n > TINY:
        if n <= SMALL or (<int*>at[2])[0] == 0:
            blocked_inverse(b.type, n, LU, pivots, at[1])
        return
    memset(at[1], 0, <int64_t>n * n * b.size)
    for i in range(n):
        memcpy(at[1] + <int64_t>i * (n + 1) * b.size, one_of(b.type), b.size)
    solve_factored(b, n, n, LU, pivots, at[1])


cdef object inv_forward(TensorBase x, bint check_errors, object op):
    cdef Batch b
    cdef TensorBase y, info
    square(x, "linalg.inv")
    if x.dtype == FLOAT16 or x.dtype == BFLOAT16:
        raise RuntimeError(f"linalg.inv: Low precision dtypes not supported. Got {dtype_title(x.dtype)}")
    batch_init(&b, x, b"linalg.inv")
    b.each = inv_each
    b.n = <int>x.shape[x.ndim - 1]
    b.work = padded(b.n * sizeof(int)) + <int64_t>b.n * b.n * b.size
    batch_add(&b, x, 2)
    y = batch_matrix(&b, x.dtype, b.n, b.n)
    info = batch_number(&b, INT32)
    batch_run(&b, 2.0 * b.n * b.n * b.n, "linalg.inv")
    if check_errors:
        fail(info, op, "inv")
    return y, info


# ---- determinants

cdef void lu_product(const Batch* b, element* LU, int* pivots, element* det) noexcept nogil:
    cdef element product = 1
    cdef int64_t i, n = b.n
    for i in range(n):
        product = product * LU[i * n + i]
        if pivots[i] != i + 1:
            product = -product
    det[0] = product


cdef void det_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: A, LU, pivots, det
    cdef int info
    load(b, 0, at[0], at[1], b.n, b.n)
    factor(b, b.n, b.n, at[1], <int*>at[2], &info)
    if b.type == LAPACK_FLOAT32:
        lu_product(b, <float*>at[1], <int*>at[2], <float*>at[3])
    elif b.type == LAPACK_FLOAT64:
        lu_product(b, <double*>at[1], <int*>at[2], <double*>at[3])
    elif b.type == LAPACK_COMPLEX64:
        lu_product(b, <float complex*>at[1], <int*>at[2], <float complex*>at[3])
    else:
        lu_product(b, <double complex*>at[1], <int*>at[2], <double complex*>at[3])


cdef object det_forward(TensorBase x):
    cdef Batch b
    cdef TensorBase y, LU, pivots
    square(x, "linalg.det")
    batch_init(&b, x, b"linalg.det")
    b.each = det_each
    b.n = <int>x.shape[x.ndim - 1]
    batch_add(&b, x, 2)
    LU = batch_matrix(&b, x.dtype, b.n, b.n)
    pivots = batch_vector(&b, INT32, b.n)
    y = batch_number(&b, x.dtype)
    batch_run(&b, <double>b.n * b.n * b.n, "linalg.det")
    return y, LU, pivots


cdef void lu_sign(const Batch* b, element* LU, int* pivots, element* sign, char* size) noexcept nogil:
    # Sign, or phase, of the determinant and the logarithm of its size.
    cdef element product = 1, x
    cdef double total = 0, length
    cdef int64_t i, n = b.n
    for i in range(n):
        x = LU[i * n + i]
        if element is float or element is double:
            length = fabs(x)
        else:
            length = sqrt(<double>x.real * x.real + <double>x.imag * x.imag)
        total += log(length)
        if length != 0:
            product = product * (x / <element>length)
        else:
            product = 0
        if pivots[i] != i + 1:
            product = -product
    sign[0] = product
    if element is float or element is floatcomplex:
        (<float*>size)[0] = <float>total
    else:
        (<double*>size)[0] = total


cdef void slogdet_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: A, LU, pivots, sign, logabsdet
    cdef int info
    load(b, 0, at[0], at[1], b.n, b.n)
    factor(b, b.n, b.n, at[1], <int*>at[2], &info)
    if b.type == LAPACK_FLOAT32:
        lu_sign(b, <float*>at[1], <int*>at[2], <float*>at[3], at[4])
    elif b.type == LAPACK_FLOAT64:
        lu_sign(b, <double*>at[1], <int*>at[2], <double*>at[3], at[4])
    elif b.type == LAPACK_COMPLEX64:
        lu_sign(b, <float complex*>at[1], <int*>at[2], <float complex*>at[3], at[4])
    else:
        lu_sign(b, <double complex*>at[1], <int*>at[2], <double complex*>at[3], at[4])


cdef object slogdet_forward(TensorBase x, object op):
    cdef Batch b
    cdef TensorBase sign, size, LU, pivots
    square(x, op)
    if x.dtype == FLOAT16 or x.dtype == BFLOAT16:
        raise RuntimeError(f"{op}: Low precision dtypes not supported. Got {dtype_title(x.dtype)}")
    name = op.encode()
    batch_init(&b, x, name)
    b.each = slogdet_each
    b.n = <int>x.shape[x.ndim - 1]
    batch_add(&b, x, 2)
    LU = batch_matrix(&b, x.dtype, b.n, b.n)
    pivots = batch_vector(&b, INT32, b.n)
    sign = batch_number(&b, x.dtype)
    size = batch_number(&b, real_of(x.dtype))
    batch_run(&b, <double>b.n * b.n * b.n, "linalg.slogdet")
    return sign, size, LU, pivots


# ---- Cholesky

cdef void clear_triangle(char* x, int64_t n, int size, bint upper) noexcept nogil:
    # Zeros above the diagonal of a column-major matrix, or below.
    cdef int64_t j
    for j in range(n):
        if upper:
            memset(x + j * n * size, 0, j * size)
        else:
            memset(x + (j * n + j + 1) * size, 0, (n - j - 1) * size)


cdef void cholesky_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: A, L, info
    cdef int n = b.n, ld = at_least_1(n)
    cdef char uplo = b.a
    load(b, 0, at[0], at[1], n, n)
    if n <= SMALL:
        small_cholesky(b.type, uplo == c"U", n, at[1], <int*>at[2])
    else:
        lapack.potrf[b.type](&uplo, &n, at[1], &ld, <int*>at[2])
    clear_triangle(at[1], n, b.size, uplo == c"L")


cdef object cholesky_forward(TensorBase x, bint upper, bint check_errors, object op):
    cdef Batch b
    cdef TensorBase L, info
    square(x, "cholesky" if op == "cholesky" else "linalg.cholesky")
    batch_init(&b, x, b"linalg.cholesky")
    b.each = cholesky_each
    b.n = <int>x.shape[x.ndim - 1]
    b.a = c"U" if upper else c"L"
    batch_add(&b, x, 2)
    L = batch_matrix(&b, x.dtype, b.n, b.n)
    info = batch_number(&b, INT32)
    batch_run(&b, b.n / 3.0 * b.n * b.n, "linalg.cholesky")
    if check_errors:
        fail(info, op, "cholesky")
    return L, info


cdef void mirror_triangle(element* x, int64_t n, bint upper) noexcept nogil:
    # Fills the other triangle of a Hermitian column-major matrix, by tiles that stay in cache both ways.
    cdef int64_t i, j, left, top
    cdef int64_t row = n if upper else 1, col = 1 if upper else n
    cdef element v
    for left in range((n + TILE - 1) // TILE):
        for top in range(left, (n + TILE - 1) // TILE):
            for j in range(left * TILE, least(n, (left + 1) * TILE)):
                for i in range(j + 1 if top == left else top * TILE, least(n, (top + 1) * TILE)):
                    v = x[i * row + j * col]
                    if not (element is float or element is double):
                        v = v.conjugate()
                    x[j * row + i * col] = v


cdef void cholesky_inverse_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: L, inverse, info
    cdef int n = b.n
    cdef char uplo = b.a
    load(b, 0, at[0], at[1], n, n)
    if n > SMALL:
        memcpy(work, at[1], <int64_t>n * n * b.size)
        blocked_square_inverse(b.type, uplo, n, work, work + <int64_t>n * n * b.size, at[1], <int*>at[2])
        uplo = c"L"
    else:
        small_cholesky_inverse(b.type, uplo == c"U", n, at[1], <int*>at[2])
    if b.type == LAPACK_FLOAT32:
        mirror_triangle(<float*>at[1], n, uplo == c"U")
    elif b.type == LAPACK_FLOAT64:
        mirror_triangle(<double*>at[1], n, uplo == c"U")
    elif b.type == LAPACK_COMPLEX64:
        mirror_triangle(<float complex*>at[1], n, uplo == c"U")
    else:
        mirror_triangle(<double complex*>at[1], n, uplo == c"U")


cdef TensorBase cholesky_inverse_forward(TensorBase x, bint upper):
    cdef Batch b
    cdef TensorBase y, info
    square(x, "cholesky_inverse")
    batch_init(&b, x, b"cholesky_inverse")
    b.each = cholesky_inverse_each
    b.n = <int>x.shape[x.ndim - 1]
    b.a = c"U" if upper else c"L"
    b.work = 2 * <int64_t>b.n * b.n * b.size if b.n > SMALL else 0
    batch_add(&b, x, 2)
    y = batch_matrix(&b, x.dtype, b.n, b.n)
    info = batch_number(&b, INT32)
    batch_run(&b, <double>b.n * b.n * b.n, "cholesky_inverse")
    fail(info, "cholesky_inverse", "inv")
    return y


cdef void cholesky_solve_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: L, B, X
    cdef int n = b.n, k = b.k, ld, ldx = at_least_1(n)
    cdef char uplo = b.a
    cdef char* L = readable(b, 0, at[0], work, n, n, &ld)
    load(b, 1, at[1], at[2], n, k)
    if n and k:
        blocked_triangular(b.type, uplo, c"C" if uplo == c"U" else c"N", c"N", n, k, L, ld, at[2], ldx)
        blocked_triangular(b.type, uplo, c"N" if uplo == c"U" else c"C", c"N", n, k, L, ld, at[2], ldx)


cdef TensorBase cholesky_solve_forward(TensorBase x, TensorBase L, bint upper):
    cdef Batch b
    cdef TensorBase y
    for t, name in ((x, "b"), (L, "u")):
        if (<TensorBase>t).ndim < 2:
            raise RuntimeError(f"{name} should have at least 2 dimensions, but has {(<TensorBase>t).ndim} dimensions "
                               "instead")
    square(L, "cholesky_solve")
    batch_init(&b, L, b"cholesky_solve")
    if x.dtype != L.dtype:
        raise RuntimeError(f"Expected b and A to have the same dtype, but found b of type {dtype_title(x.dtype)} and A "
                           f"of type {dtype_title(L.dtype)} instead.")
    if x.shape[x.ndim - 2] != L.shape[L.ndim - 1]:
        raise RuntimeError(f"Incompatible matrix sizes for cholesky_solve: each A matrix is {L.shape[L.ndim - 1]} by "
                           f"{L.shape[L.ndim - 1]} but each b matrix is {x.shape[x.ndim - 2]} by "
                           f"{x.shape[x.ndim - 1]}")
    batch_broadcast(&b, x, 2)
    b.each = cholesky_solve_each
    b.n, b.k = <int>L.shape[L.ndim - 1], <int>x.shape[x.ndim - 1]
    b.a = c"U" if upper else c"L"
    b.work = <int64_t>b.n * b.n * b.size
    batch_add(&b, L, 2)
    batch_add(&b, x, 2)
    y = batch_matrix(&b, x.dtype, b.n, b.k)
    batch_run(&b, <double>b.n * b.n * b.k, "cholesky_solve")
    return y


# ---- triangular systems

cdef void triangular_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: A, B, X; a row-major A is read as the transpose of the other triangle
    cdef int n = b.n, k = b.k, ld, ldx = at_least_1(n)
    cdef int64_t row = b.operand[0].row, col = b.operand[0].col
    cdef char uplo = b.a, diag = b.b, op = c"N"
    cdef char* A = at[0]
    if col == 1 and row >= at_least_1(n) and row <= INT32_MAX:
        ld = <int>row
        op = c"T"
        uplo = c"L" if uplo == c"U" else c"U"
    else:
        A = readable(b, 0, at[0], work, n, n, &ld)
    load(b, 1, at[1], at[2], n, k)
    if n and k:
        blocked_triangular(b.type, uplo, op, diag, n, k, A, ld, at[2], ldx)


cdef TensorBase solve_triangular_forward(TensorBase x, TensorBase B, bint upper, bint unitriangular):
    cdef Batch b
    cdef TensorBase y
    square(x, "linalg.solve_triangular")
    batch_init(&b, x, b"linalg.solve_triangular")
    fitting(x, B, "linalg.solve_triangular", "A")
    batch_broadcast(&b, B, 2)
    b.each = triangular_each
    b.n, b.k = <int>x.shape[x.ndim - 1], <int>B.shape[B.ndim - 1]
    b.a, b.b = c"U" if upper else c"L", c"U" if unitriangular else c"N"
    b.work = <int64_t>b.n * b.n * b.size
    batch_add(&b, x, 2)
    batch_add(&b, B, 2)
    y = batch_matrix(&b, x.dtype, b.n, b.k)
    batch_run(&b, <double>b.n * b.n * b.k, "linalg.solve_triangular")
    return y


# ---- LDL

cdef void ldl_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: A, LD, pivots, info
    cdef int n = b.n, ld = at_least_1(n), lwork = b.lwork
    cdef char uplo = c"L"
    load(b, 0, at[0], at[1], n, n)
    if b.a:
        lapack.hetrf[b.type](&uplo, &n, at[1], &ld, <int*>at[2], work, &lwork, <int*>at[3])
    else:
        lapack.sytrf[b.type](&uplo, &n, at[1], &ld, <int*>at[2], work, &lwork, <int*>at[3])
    clear_triangle(at[1], n, b.size, True)


cdef object ldl_factor_forward(TensorBase x, bint hermitian, bint check_errors, object op):
    cdef Batch b
    cdef TensorBase LD, pivots, info
    cdef double answer[2]
    cdef int query = -1, ld, code, pivot
    cdef char uplo = c"L"
    square(x, "torch.linalg.ldl_factor_ex")
    batch_init(&b, x, b"torch.linalg.ldl_factor_ex")
    b.each = ldl_each
    b.n = <int>x.shape[x.ndim - 1]
    b.a = hermitian
    ld = at_least_1(b.n)
    lapack.sytrf[b.type](&uplo, &b.n, NULL, &ld, &pivot, answer, &query, &code)
    b.lwork = at_least_1(work_size(b.type, answer))
    b.work = <int64_t>b.lwork * b.size
    batch_add(&b, x, 2)
    LD = batch_matrix(&b, x.dtype, b.n, b.n)
    pivots = batch_vector(&b, INT32, b.n)
    info = batch_number(&b, INT32)
    batch_run(&b, b.n / 3.0 * b.n * b.n, "torch.linalg.ldl_factor")
    if check_errors:
        fail(info, op, "ldl")
    return LD, pivots, info


cdef void ldl_solve_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: LD, pivots, B, X
    cdef int n = b.n, k = b.k, ld, ldx = at_least_1(n), info
    cdef char uplo = c"L"
    cdef char* LD = readable(b, 0, at[0], work, n, n, &ld)
    load(b, 2, at[2], at[3], n, k)
    if b.a:
        lapack.hetrs[b.type](&uplo, &n, &k, LD, &ld, <int*>at[1], at[3], &ldx, &info)
    else:
        lapack.sytrs[b.type](&uplo, &n, &k, LD, &ld, <int*>at[1], at[3], &ldx, &info)


cdef TensorBase ldl_solve_forward(TensorBase LD, TensorBase pivots, TensorBase B, bint hermitian):
    cdef Batch b
    cdef TensorBase X, p
    cdef int64_t i, n
    square(LD, "torch.linalg.ldl_solve")
    batch_init(&b, LD, b"torch.linalg.ldl_solve")
    if B.ndim < 2:
        raise IndexError(f"torch.linalg.ldl_solve: Expected B to have at least 2 dimensions, but it has {B.ndim} "
                         "dimensions instead")
    if B.dtype != LD.dtype:
        raise RuntimeError(f"Expected b and A to have the same dtype, but found b of type {dtype_title(B.dtype)} and A "
                           f"of type {dtype_title(LD.dtype)} instead.")
    n = LD.shape[LD.ndim - 1]
    if B.shape[B.ndim - 2] != n:
        raise RuntimeError(f"Incompatible matrix sizes for torch.linalg.ldl_solve: each A matrix is {n} by {n} but "
                           f"each b matrix is {B.shape[B.ndim - 2]} by {B.shape[B.ndim - 1]}")
    if pivots.dtype != INT32:
        raise RuntimeError("torch.linalg.ldl_solve: Expected pivots to be integers. Got "
                           f"{dtype_title(pivots.dtype)}")
    if shape_tuple(pivots) != shape_tuple(LD)[:LD.ndim - 1]:
        raise RuntimeError("torch.linalg.ldl_solve: Expected LD.shape[:-1] and pivots.shape to be the same, but got "
                           f"pivots with shape {list(shape_tuple(pivots))} instead")
    p = contiguous(pivots)
    for i in range(p.numel):
        if not (1 <= (<int32_t*>p.data)[i] <= n or -n <= (<int32_t*>p.data)[i] <= -1):
            raise RuntimeError("torch.linalg.ldl_solve: pivots lead outside of the matrix; give those of ldl_factor")
    batch_broadcast(&b, B, 2)
    b.each = ldl_solve_each
    b.n, b.k = <int>n, <int>B.shape[B.ndim - 1]
    b.a = hermitian
    b.work = <int64_t>b.n * b.n * b.size
    batch_add(&b, LD, 2)
    batch_add(&b, p, 1)
    batch_add(&b, B, 2)
    X = batch_matrix(&b, LD.dtype, b.n, b.k)
    batch_run(&b, <double>b.n * b.n * b.k, "torch.linalg.ldl_solve")
    return X
