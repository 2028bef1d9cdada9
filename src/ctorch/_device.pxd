# Devices as objects.
cdef class device:
    cdef readonly str type
    cdef readonly object index

cdef object device_object(int type, int index)
cdef int place_of(object d, str op) except -2
