# x[...] and x[...] = v with all of PyTorch's forms of an index.
from libc.stdint cimport int64_t

from ctorch._tensor cimport TensorBase

cdef object get_item(TensorBase x, object index)
cdef int set_item(TensorBase x, object index, object value) except -1
cdef TensorBase gather_rows(TensorBase x, TensorBase rows)
