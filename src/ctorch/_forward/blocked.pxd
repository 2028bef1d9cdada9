# Elimination of larger matrices by halves, so that nearly all of it is a product of matrices: for that there is a
# fast kernel, and OpenBLAS solves triangular systems at a tenth of its speed. Column-major; `type` is a row of the
# LAPACK tables, which must be loaded.

from libc.stdint cimport int64_t

from ctorch._lapack cimport LAPACK_COMPLEX128, LAPACK_FLOAT32

# A matrix of any strides, in elements.
cdef struct View:
    const char* data
    int64_t row, col
    bint conj

cdef inline View view(const char* data, int64_t row, int64_t col, bint conj) noexcept nogil:
    cdef View v
    v.data, v.row, v.col, v.conj = data, row, col, conj
    return v

cdef inline int64_t size_of(int type) noexcept nogil:
    return 4 if type == LAPACK_FLOAT32 else 16 if type == LAPACK_COMPLEX128 else 8

# The number one.
cdef const void* one(int type) noexcept nogil
# The row-major C = A B, or C -= A B. C is m x n, A m x k; without elements of A or B nothing is written.
cdef void product(int type, int64_t m, int64_t n, int64_t k, View a, View b, bint subtract, char* C,
                  int64_t c_row) noexcept nogil

# A = P L U as getrf writes it.
cdef void blocked_lu(int type, int m, int n, char* A, int ld, int* pivots, int* info) noexcept nogil
# B = op(A)^-1 B for a triangular A.
cdef void blocked_triangular(int type, char uplo, char op, char diag, int n, int k, char* A, int ld, char* B,
                             int ldb) noexcept nogil
# B = A^-1 B of the factors that blocked_lu wrote.
cdef void blocked_lu_solve(int type, int n, int k, char* LU, int* pivots, char* B) noexcept nogil
# X = A^-1 of the factors that blocked_lu wrote; X is dense.
cdef void blocked_inverse(int type, int n, char* LU, int* pivots, char* X) noexcept nogil
# B = A^-1 for a triangular A; B is given as zeros.
cdef void inverse_of_triangle(int type, char uplo, char diag, int n, char* A, int ld, char* B, int ldb) noexcept nogil
# The place of a zero on the diagonal of A, counted from one, or 0.
cdef int first_zero(int type, int n, int ld, char* A) noexcept nogil
# The lower half of X = (T^H T)^-1, or of (T T^H)^-1 if T is lower; both dense, and `work` as large. At least info[0]
# is written: the place of a zero on the diagonal of T, counted from one.
cdef void blocked_square_inverse(int type, char uplo, int n, char* T, char* work, char* X, int* info) noexcept nogil
