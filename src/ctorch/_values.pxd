# Values on their way out of tensors.
from ctorch._tensor cimport TensorBase

cdef object single(TensorBase x)
cdef TensorBase host(TensorBase x)
cdef object value_of(TensorBase x)
cdef object nested(TensorBase x, int d, char* p)
cdef int need_host(TensorBase x) except -1
cdef int need_memory(TensorBase x) except -1
cdef int fill_buffer(TensorBase x, Py_buffer* buffer, int flags) except -1
cdef dict array_face(TensorBase x)
