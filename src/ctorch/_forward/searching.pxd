from libc.stdint cimport int64_t

from ctorch._tensor cimport TensorBase

cdef TensorBase searchsorted_forward(TensorBase sequence, TensorBase x, TensorBase sorter, bint right, bint shared)
cdef object unique_forward(TensorBase x, TensorBase places, bint inverse, bint counts)
cdef object mode_forward(TensorBase x, TensorBase places)
cdef TensorBase bincount_forward(TensorBase x, TensorBase weights, int64_t minlength)
cdef TensorBase histc_forward(TensorBase x, TensorBase edges, int64_t bins, double low, double high)
