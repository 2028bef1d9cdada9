# The Tensor extension type and the public C API.
from ctorch._interchange cimport Interchange


cdef class Tensor(Interchange):
    pass
