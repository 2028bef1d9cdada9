from ctorch._tensor cimport TensorBase

cdef TensorBase view_as_real_forward(TensorBase x)
cdef TensorBase view_as_complex_forward(TensorBase x)
cdef TensorBase complex_of_forward(TensorBase x)
cdef TensorBase complex_from_forward(TensorBase re, TensorBase im)
