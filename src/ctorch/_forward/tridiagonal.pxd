# Hermitian matrices by way of a tridiagonal one, A = Q T Q^H. Column-major; `type` is a row of the LAPACK tables, which
# must be loaded.
from libc.stdint cimport int64_t

# Bytes of working space of tridiagonal_eigen.
cdef int64_t tridiagonal_work(int type, int64_t n, bint vectors) noexcept nogil
# Ascending eigenvalues w, and eigenvectors V unless that is NULL, of the matrix in the lower triangle of A, which is
# overwritten. info is as LAPACK's; False, with A unchanged: numbers so large or small that LAPACK must scale them.
cdef bint tridiagonal_eigen(int type, int n, char* A, char* w, char* V, int* info, char* work) noexcept nogil
