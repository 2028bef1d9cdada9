from libc.stdint cimport int64_t

# Rows of MatmulKernels.gemm.
cdef enum:
    GEMM_FLOAT32
    GEMM_FLOAT64
    GEMM_COMPLEX64
    GEMM_COMPLEX128
    GEMM_UINT8
    GEMM_INT8
    GEMM_INT16
    GEMM_INT32
    GEMM_INT64
    GEMM_DTYPES

# C[i] = beta * C[i] + alpha * A[i] @ B[i] for i in range(batch), with A m x k, B k x n, C m x n.
# Strides are in elements. Those of A and B are free (transposed, expanded, negative);
# a dimension of size 1 may have any stride. C has c_col == 1 (or n == 1) and c_row >= n, and
# overlaps neither A nor B; C[i] and C[j] do not overlap.
# matrix @ vector is n = 1 with b_row = the vector's stride; vector @ matrix is m = 1; dot is m = n = 1.
cdef struct Gemm:
    int64_t batch, m, n, k
    const void* a
    int64_t a_batch, a_row, a_col
    const void* b
    int64_t b_batch, b_row, b_col
    void* c
    int64_t c_batch, c_row, c_col
    const void* alpha       # one element of the dtype; NULL: 1
    const void* beta        # one element of the dtype; NULL: 0. With 0, C is not read (it may hold NaN)
    bint conj_a, conj_b     # complex dtypes: take the conjugate of the operand

# y (m x n, dense) = beta * x + alpha * u v^T. With beta 0, x is not read. Rows of x are x_row elements apart, elements
# of u u_step; v and the rows of x are dense.
cdef struct Outer:
    int64_t m, n, x_row, u_step
    const void* x
    const void* u
    const void* v
    void* y
    double beta, alpha
    int64_t rows                # to a chunk

cdef struct MatmulKernels:
    # 0 ok, -1 out of memory, -2 a size beyond BLAS's 32-bit integers, -3 SciPy's BLAS cannot be imported
    int (*gemm[9])(const Gemm* g) noexcept nogil
    # For float and double. B = T^-1 B for a triangle T[i * TRIANGLE + j] of n <= TRIANGLE rows with reciprocals on its
    # diagonal; B is column-major, k columns that are ldb apart.
    void (*substitute[2])(bint lower, int n, int64_t k, const void* T, void* b, int64_t ldb) noexcept nogil
    # A = P L U of a narrow column-major matrix, as getf2; its info.
    int (*narrow_lu[2])(int64_t m, int64_t n, void* A, int64_t ld, int* pivots) noexcept nogil
    # y = A x for a symmetric column-major A, of which the lower triangle is read.
    void (*symmetric[2])(int64_t n, const void* A, int64_t ld, const void* x, void* y) noexcept nogil
    # Elements of 4 and 8 bytes: a row-major matrix, rows `row` apart, copied column-major.
    void (*turn[2])(const void* x, int64_t row, int64_t rows, int64_t cols, void* to) noexcept nogil
    # float and double
    void (*outer[2])(Outer* o) noexcept nogil

cdef enum:
    TRIANGLE = 16
