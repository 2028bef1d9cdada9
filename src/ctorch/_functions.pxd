# Calls that the generated functions and methods share.
from ctorch._tensor cimport TensorBase

cdef TensorBase need_tensor(object x, str op, str arg)
cdef object call1(int op, object x, object out)
cdef object call2(int op, object a, object b, object out)
cdef object call_many(int op, tuple inputs, tuple params, object out)
cdef object call_scaled(int op, object a, object b, object alpha, object out)
cdef object call_scaled_(int op, object a, object b, object alpha)
cdef object call_inplace(int op, tuple inputs, tuple params)
cdef object nan_for_none(object x)
cdef object inplace_source(TensorBase x, tuple others)
cdef object inplace_result(TensorBase x, TensorBase result, str op)
cdef object reduced(int which, object input, object dim, bint keepdim, object dtype, object out)

include "_gen/calls.pxi"
