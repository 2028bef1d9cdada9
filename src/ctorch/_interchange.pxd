# Methods of Tensor that hand its values to other libraries.
from ctorch._view_methods cimport ViewMethods


cdef class Interchange(ViewMethods):
    pass
