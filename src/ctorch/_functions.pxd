# Calls that the functions and methods of the table share.
from ctorch._tensor cimport TensorBase

cdef TensorBase need_tensor(object x, str op, str arg)
cdef object call1(int op, object x, object out)
cdef object call2(int op, object a, object b, object out)
cdef object call_inplace(int op, tuple given)
cdef object reduced(int which, object input, object dim, bint keepdim, object dtype, object out)
cdef int put_methods(type owner) except -1
