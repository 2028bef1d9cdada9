# Python's operators on tensors.
from ctorch._view_methods cimport ViewMethods


cdef class Operators(ViewMethods):
    pass
