from libc.stdint cimport int64_t

from ctorch._tensor cimport TensorBase

cdef TensorBase triangle_forward(TensorBase x, int64_t diagonal, bint lower)
cdef TensorBase flip_forward(TensorBase x, object dims)
cdef TensorBase repeat_each_forward(TensorBase x, int dim, int64_t times)
cdef TensorBase repeat_places_forward(TensorBase repeats)
cdef TensorBase pad_edges_forward(TensorBase x, object pad, int64_t mode)
cdef TensorBase roll_forward(TensorBase x, object shifts, object dims)
