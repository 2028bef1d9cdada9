# Methods of Tensor that pass on to functions written elsewhere.
from ctorch._table_methods cimport TableMethods


cdef class ViewMethods(TableMethods):
    pass
