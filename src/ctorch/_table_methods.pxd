# Methods of Tensor that come from the table of operators.
from ctorch._tensor cimport TensorBase


cdef class TableMethods(TensorBase):
    pass
