# Sizes of the parts that work is cut into.
from libc.stdint cimport int64_t


cdef inline int64_t least(int64_t a, int64_t b) noexcept nogil:
    return a if a < b else b


cdef inline int64_t cut(int64_t size, int64_t parts, int64_t multiple) noexcept nogil:
    # Of so many parts, of which each is a multiple.
    return ((size + parts - 1) // parts + multiple - 1) // multiple * multiple
