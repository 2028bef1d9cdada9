# The Tensor extension type and the public C API.
from ctorch._operators cimport Operators


cdef class Tensor(Operators):
    pass
