# Factorizations of matrices so small that calling LAPACK costs more than the arithmetic. Column-major, without gaps;
# `type` is a row of the LAPACK tables, and pivots, reflections and `info` are LAPACK's.

cdef enum:
    SMALL = 16                       # rows and columns, at most

cdef void small_lu(int type, int m, int n, void* a, int* pivots, int* info) noexcept nogil
cdef void small_lu_solve(int type, int n, int k, void* LU, int* pivots, void* b) noexcept nogil
cdef void small_cholesky(int type, bint upper, int n, void* a, int* info) noexcept nogil
# The triangle of the inverse of what a Cholesky factor factors, over that factor; info tells a zero on its diagonal.
cdef void small_cholesky_inverse(int type, bint upper, int n, void* a, int* info) noexcept nogil
# False where a norm leaves the range in which squares are safe: LAPACK then scales.
cdef bint small_qr(int type, int m, int n, void* a, void* tau) noexcept nogil
cdef void small_q(int type, int m, int n, int k, void* a, void* tau) noexcept nogil
# C = Q C, or Q^H C where `adjoint`, for the k reflections in A, whose columns are ld apart; C is m x n.
cdef void small_apply(int type, bint adjoint, int m, int n, int k, void* A, int ld, void* tau, void* C) noexcept nogil
