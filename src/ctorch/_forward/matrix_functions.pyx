"""The matrix exponential, parts of complex numbers, and values that get their derivative afterwards.

The exponential goes by scaling, a Taylor polynomial and squaring. The degree is the least whose backward error is
below the unit roundoff for the norm at hand (bounds of Bader, Blanes and Casas, Mathematics 7, 2019); the polynomial
is evaluated as Paterson and Stockmeyer do, in few products.
"""
from libc.math cimport fabs, isfinite, ldexp, log2, sqrt
from libc.stdint cimport int64_t
from libc.string cimport memcpy

from ctorch._dispatch cimport contiguous
from ctorch._dtype cimport *
from ctorch._forward.batches cimport *
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.matmul cimport Gemm, MatmulKernels
from ctorch._lapack cimport *
from ctorch._tensor cimport *

cdef MatmulKernels* kernels = NULL

cdef enum:
    DEGREES = 6

cdef int[DEGREES] degrees = [1, 2, 4, 8, 12, 18]
cdef int[DEGREES] powers = [1, 2, 2, 4, 4, 6]        # of the matrix that are formed
cdef double[DEGREES] bounds_single = [1.192092800768788e-07, 5.978858893805233e-04, 5.116619363445086e-02,
                                      5.800524627688768e-01, 1.461661507209034e+00, 3.010066362817634e+00]
cdef double[DEGREES] bounds_double = [2.220446049250313e-16, 2.580956802971767e-08, 3.397168839976962e-04,
                                      4.991228871115323e-02, 2.996158913811580e-01, 1.090863719290036e+00]


cdef double column_norm(const element* x, int64_t n) noexcept nogil:
    cdef double most = 0, total
    cdef int64_t i, j
    for j in range(n):
        total = 0
        for i in range(n):
            if element is float or element is double:
                total += fabs(x[j * n + i])
            else:
                total += sqrt(<double>x[j * n + i].real ** 2 + <double>x[j * n + i].imag ** 2)
        if not total <= most:                 # NaN too
            most = total
    return most


cdef void multiply(const Batch* b, element* x, element* y, element* out) noexcept nogil:
    cdef Gemm g
    g.batch, g.m, g.n, g.k = 1, b.n, b.n, b.n
    g.a, g.a_batch, g.a_row, g.a_col = x, 0, b.n, 1
    g.b, g.b_batch, g.b_row, g.b_col = y, 0, b.n, 1
    g.c, g.c_batch, g.c_row, g.c_col = out, 0, b.n, 1
    g.alpha, g.beta, g.conj_a, g.conj_b = NULL, NULL, False, False
    kernels.gemm[b.type](&g)


cdef void add_terms(const Batch* b, element** power, int first, int last, int base, element* out,
                    bint over) noexcept nogil:
    # out (+)= the sum of power[i] / (base + i)! for first <= i <= last; power[0] is the identity.
    cdef int64_t n = b.n, j, size = n * n
    cdef double factor = 1
    cdef int i
    cdef element c
    for i in range(2, base + first + 1):
        factor /= i
    if over:
        for j in range(size):
            out[j] = 0
    for i in range(first, last + 1):
        if i > first:
            factor /= base + i
        c = <element>factor
        if i == 0:
            for j in range(n):
                out[j * n + j] = out[j * n + j] + c
        else:
            for j in range(size):
                out[j] = out[j] + c * power[i][j]


cdef void exponential(const Batch* b, const element* x, element* y, element* work) noexcept nogil:
    cdef int64_t n = b.n, size = n * n, j
    cdef element* power[8]
    cdef element* P
    cdef element* Q
    cdef double norm = column_norm(x, n)
    cdef double* bounds = bounds_double
    cdef int d = 0, s = 0, q, blocks, i, k
    cdef element scale
    if b.type == LAPACK_FLOAT32 or b.type == LAPACK_COMPLEX64:
        bounds = bounds_single
    if not isfinite(norm):
        for j in range(size):
            y[j] = <element>(norm - norm)     # NaN
        return
    while d < DEGREES - 1 and norm > bounds[d]:
        d += 1
    if norm > bounds[d]:
        s = <int>log2(norm / bounds[d]) + 1
    q, blocks = powers[d], degrees[d] // powers[d]
    scale = <element>ldexp(1, -s)
    for i in range(1, q + 1):
        power[i] = work + (i - 1) * size
    P, Q = work + q * size, work + (q + 1) * size
    for j in range(size):
        power[1][j] = x[j] * scale
    for i in range(2, q + 1):
        multiply(b, power[i - 1], power[1], power[i])
    add_terms(b, power, 0, q, (blocks - 1) * q, P, True)
    for k in range(blocks - 2, -1, -1):
        multiply(b, P, power[q], Q)
        add_terms(b, power, 0, q - 1, k * q, Q, False)
        P, Q = Q, P
    while s > 0:
        multiply(b, P, P, Q)
        P, Q = Q, P
        s -= 1
    memcpy(y, P, size * sizeof(element))


cdef void matrix_exp_each(const Batch* b, char** at, char* work) noexcept nogil:
    # at: A, result; both row-major
    if b.type == LAPACK_FLOAT32:
        exponential(b, <float*>at[0], <float*>at[1], <float*>work)
    elif b.type == LAPACK_FLOAT64:
        exponential(b, <double*>at[0], <double*>at[1], <double*>work)
    elif b.type == LAPACK_COMPLEX64:
        exponential(b, <float complex*>at[0], <float complex*>at[1], <float complex*>work)
    else:
        exponential(b, <double complex*>at[0], <double complex*>at[1], <double complex*>work)


cdef TensorBase matrix_exp_forward(TensorBase x):
    global kernels
    cdef Batch b
    cdef TensorBase y, dense = contiguous(x)
    square(x, "linalg.matrix_exp")
    batch_init(&b, dense, b"linalg.matrix_exp")
    if kernels == NULL:
        kernels = <MatmulKernels*>kernel_table("matmul")
    b.each = matrix_exp_each
    b.n = <int>x.shape[x.ndim - 1]
    b.work = 8 * <int64_t>b.n * b.n * b.size
    batch_add(&b, dense, 2)
    y = tensor_empty(x.dtype, x.ndim, x.shape)
    batch_add(&b, y, 2)
    if y.numel:
        batch_run(&b, 16.0 * b.n * b.n * b.n, "linalg.matrix_exp")
    return y


# ---- values that were computed without a record get the derivative that their row says

cdef TensorBase pinv_value_forward(TensorBase x, TensorBase value):
    return tensor_alias(value)


cdef TensorBase norm_value_forward(TensorBase x, TensorBase value, double ord, object dim, bint keepdim):
    return tensor_alias(value)


cdef TensorBase lstsq_value_forward(TensorBase x, TensorBase B, TensorBase value):
    return tensor_alias(value)
