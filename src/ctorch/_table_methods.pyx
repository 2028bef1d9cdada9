"""Methods of Tensor that come from the table of operators."""
from ctorch._functions cimport put_methods
from ctorch._tensor cimport TensorBase


cdef class TableMethods(TensorBase):
    """The methods of Tensor that come from the table of operators."""


put_methods(TableMethods)
