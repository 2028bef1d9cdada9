# The Tensor extension type and the public C API.
from cpython.object cimport PyObject
from libc.stdint cimport int64_t

from ctorch._tensor cimport TensorBase


cdef class Tensor(TensorBase):
    pass
