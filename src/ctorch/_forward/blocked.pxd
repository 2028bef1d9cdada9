# Elimination of larger matrices by halves, so that nearly all of it is a product of matrices: for that there is a
# fast kernel, and OpenBLAS solves triangular systems at a tenth of its speed. Column-major; `type` is a row of the
# LAPACK tables, which must be loaded.

# A = P L U as getrf writes it.
cdef void blocked_lu(int type, int m, int n, char* A, int ld, int* pivots, int* info) noexcept nogil
# B = op(A)^-1 B for a triangular A.
cdef void blocked_triangular(int type, char uplo, char op, char diag, int n, int k, char* A, int ld, char* B,
                             int ldb) noexcept nogil
# B = A^-1 B of the factors that blocked_lu wrote.
cdef void blocked_lu_solve(int type, int n, int k, char* LU, int* pivots, char* B) noexcept nogil
# X = A^-1 of the factors that blocked_lu wrote; X is dense.
cdef void blocked_inverse(int type, int n, char* LU, int* pivots, char* X) noexcept nogil
# The lower half of X = (T^H T)^-1, or of (T T^H)^-1 if T is lower; both dense, and `work` as large. At least info[0]
# is written: the place of a zero on the diagonal of T, counted from one.
cdef void blocked_square_inverse(int type, char uplo, int n, char* T, char* work, char* X, int* info) noexcept nogil
