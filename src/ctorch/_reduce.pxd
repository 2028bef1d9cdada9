# Reductions over any dimensions, from the kernels of the reduction rows.
from libc.stdint cimport int64_t

from ctorch._gen.dtypes cimport *
from ctorch._gen.ops cimport *
from ctorch._tensor cimport TensorBase

cdef struct ReduceKernels:
    int op
    int dtype
    int result
    int state_size
    void (*inner)(void* state, char* x, int64_t stride, int64_t n) noexcept nogil
    void (*outer)(void* state, char* x, int64_t row_stride, int64_t rows, int64_t stride, int64_t n) noexcept nogil
    void (*init)(void* state, int64_t n) noexcept nogil
    void (*merge)(void* state, const void* other, int64_t n) noexcept nogil
    void (*finish)(void* state, char* out, int64_t stride, int64_t k, int64_t count) noexcept nogil

cdef struct Reduction:
    const char* name
    int categories
    bint ints_to_int64               # sums and products of integers are int64
    bint out_bool
    bint has_identity                # a result exists for no elements
    const ReduceKernels* kernels[DTYPE_COUNT]

cdef Reduction REDUCTIONS[REDUCE_COUNT]

cdef TensorBase reduce(int which, TensorBase x, object dim, bint keepdim, object dtype)
cdef TensorBase reduce_marked(int which, TensorBase x, const bint* reduced, bint keepdim)
cdef TensorBase sum_to(TensorBase x, int ndim, const int64_t* shape)
