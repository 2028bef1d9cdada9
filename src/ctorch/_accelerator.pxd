# The door to the second device: what the core asks of ctorch.cuda.
from cpython.object cimport PyObject
from libc.stdint cimport int64_t

from ctorch._storage cimport Storage
from ctorch._tensor cimport TensorBase

cdef object backend()
cdef object batching()
cdef Storage* accelerator_storage(int index, size_t nbytes) except NULL
cdef int accelerator_copy(TensorBase to, TensorBase frm) except -1
cdef int accelerator_elementwise(int which, int common, TensorBase out, int n, PyObject** inputs,
                                 tuple params) except -1
cdef int accelerator_reduce(int which, TensorBase x, TensorBase out, const bint* reduced) except -1
cdef object accelerator_forward(str name, tuple args)
cdef int device_of(int n, PyObject** inputs, const char* op) except -2
cdef int check_one_device(str op, object given) except -1
