# Devices as objects.
from ctorch._tensor cimport TensorBase

cdef class device:
    cdef readonly str type
    cdef readonly object index

cdef object device_object(int type, int index)
cdef object place_object(TensorBase x)
cdef int place_of(object d, str op) except -2
