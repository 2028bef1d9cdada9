# Python's operators on tensors.
from ctorch._interchange cimport Interchange


cdef class Operators(Interchange):
    pass
