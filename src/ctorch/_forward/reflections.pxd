# Householder reflections by blocks of columns, Q = (I - V1 T1 V1^H) (I - V2 T2 V2^H) ..., so that nearly all of the
# work is products of matrices (Schreiber and Van Loan, A storage-efficient WY representation for products of
# Householder transformations, SIAM J. Sci. Stat. Comput. 10, 1989). Column-major; vectors and factors lie as LAPACK's
# geqrf leaves them, and `type` is a row of the LAPACK tables, which must be loaded.
from libc.stdint cimport int64_t

# Bytes of working space for reflections of so many rows on a matrix with `others` columns, or rows from the right.
cdef int64_t reflections_work(int type, int64_t rows, int64_t others) noexcept nogil
# A = Q R, as geqrf; working space for m rows and n others.
cdef void blocked_qr(int type, int m, int n, char* A, int ld, char* tau, char* work) noexcept nogil
# The first n columns of the product of the k reflections in A, over A, as orgqr; for m rows and n others.
cdef void blocked_q(int type, int m, int n, int k, char* A, int ld, char* tau, char* work) noexcept nogil
# C = op(Q) C, or C op(Q) where `side` is R; op is N or C. C is m x n.
cdef void blocked_apply(int type, char side, char op, int m, int n, int k, char* A, int ld, char* tau, char* C,
                        int ldc, char* work) noexcept nogil
