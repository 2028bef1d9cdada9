from ctorch._kernels.matmul cimport Gemm

# C[i] = A[i] @ B[i] of bfloat16 matrices, added to what C holds where beta is not NULL; C is float32. Rows of A are
# dense, and rows or columns of B; k > 0; alpha and conj are not read.
cdef struct BfloatKernels:
    int (*gemm)(const Gemm* g) noexcept nogil   # 0 ok, -1 out of memory; NULL: the processor has no such products
