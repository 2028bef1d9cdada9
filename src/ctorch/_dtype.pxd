# Data types: numbers for C code, `dtype` objects for Python, promotion rules.
from libc.stdint cimport int64_t, uint8_t

from ctorch._gen.dtypes cimport *


cdef class dtype:
    cdef readonly int id
    cdef readonly str name
    cdef readonly str numpy_name


# Indexed by dtype number; filled from dtypes.toml when the module is imported.
cdef int itemsize_of[DTYPE_COUNT]
cdef int category_of[DTYPE_COUNT]
cdef int compute_of[DTYPE_COUNT]
cdef int promotion[DTYPE_COUNT][DTYPE_COUNT]

cdef dtype dtype_object(int id)
cdef const char* dtype_name(int id) noexcept
cdef str dtype_title(int id)
cdef int promote(int a, int b) except -1
cdef int as_dtype(object x, str op) except -1
cdef int default_dtype() noexcept
cdef int complex_of(int id) noexcept
cdef int real_of(int id) noexcept
cdef int dtype_from_numpy(object np_dtype) except -1
