# BLAS of scipy.linalg.cython_blas, looked up at its first use: `import ctorch` never imports SciPy.

# Fortran's ?gemv; void* stands for the element type, which the index in the table tells.
ctypedef void (*gemv_fn)(char* op, int* m, int* n, void* alpha, void* a, int* lda, void* x, int* incx,
                         void* beta, void* y, int* incy) noexcept nogil

cdef struct Blas:
    gemv_fn gemv[4]     # float32, float64, complex64, complex128

# The table; NULL when SciPy cannot be imported. Takes the GIL on the first call, so a kernel calls it
# before it hands work to the pool, never inside.
cdef const Blas* get_blas() noexcept nogil

# Between these two OpenBLAS keeps to the calling thread: the pool already has the other ones.
# Calls nest and may come from several threads; SciPy's own setting is back after the last leave.
cdef void blas_enter() noexcept nogil
cdef void blas_leave() noexcept nogil
