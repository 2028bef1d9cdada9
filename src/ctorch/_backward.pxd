# Where backward begins.
from ctorch._tensor cimport TensorBase

cdef int backward_from(TensorBase root, object gradient, bint retain_graph, bint create_graph, object inputs) except -1
