# What a profiler keeps of operators while it runs; one flag says whether one does.
from cpython.object cimport PyObject
from libc.stdint cimport int64_t

cdef bint profiling

cdef int64_t profile_begin(const char* title, Py_ssize_t n, PyObject** values) except -2
cdef int profile_end(int64_t event, object result) except -1
cdef void profile_failed(int64_t event) noexcept
