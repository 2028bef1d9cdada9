from ctorch._tensor cimport TensorBase

cdef TensorBase masked_select_forward(TensorBase x, TensorBase mask)
cdef int masked_scatter_into(TensorBase x, TensorBase mask, TensorBase source) except -1
cdef int masked_fill_into(TensorBase x, TensorBase mask, object value) except -1
cdef TensorBase true_places(TensorBase mask)
cdef TensorBase true_positions(TensorBase mask)
