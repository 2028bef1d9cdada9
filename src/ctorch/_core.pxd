# The Tensor extension type and the public C API.
from ctorch._view_methods cimport ViewMethods


cdef class Tensor(ViewMethods):
    pass
