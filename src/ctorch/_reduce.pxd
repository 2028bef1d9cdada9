# Reductions over any dimensions, from the kernels of the reduction rows.
from libc.stdint cimport int64_t

from ctorch._gen.dtypes cimport *
from ctorch._gen.ops cimport *
from ctorch._kernels.entries cimport ReduceKernels
from ctorch._tensor cimport TensorBase

cdef struct Reduction:
    const char* name
    int categories
    int to_int64                     # bits of the categories whose results are int64
    bint out_bool
    bint has_identity                # a result exists for no elements
    bint once                        # an element that comes again changes nothing
    const ReduceKernels* kernels[DTYPE_COUNT]

cdef Reduction REDUCTIONS[REDUCE_COUNT]

cdef TensorBase reduce(int which, TensorBase x, object dim, bint keepdim, object dtype)
cdef TensorBase reduce_marked(int which, TensorBase x, const bint* reduced, bint keepdim)
cdef TensorBase sum_to(TensorBase x, int ndim, const int64_t* shape)
