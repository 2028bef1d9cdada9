# Devices as objects.
cdef class device:
    cdef readonly str type
    cdef readonly object index

cdef object cpu_device()
cdef int need_cpu(object d, str op) except -1
