# Tensors from Python data, NumPy arrays and numbers.
from ctorch._tensor cimport TensorBase

cdef TensorBase tensor_from(object data, int dtype, bint copy)
cdef int fill_number(TensorBase t, object value) except -1
cdef object item_at(TensorBase x, char* p)
cdef TensorBase finish(TensorBase t, bint requires_grad, object layout=*, bint pinned=*)
