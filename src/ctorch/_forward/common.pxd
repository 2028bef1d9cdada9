# What the forward functions share: dense operands in a kernel's dtype.
from libc.stdint cimport int64_t

from ctorch._gen.dtypes cimport FLOAT64
from ctorch._tensor cimport TensorBase

cdef TensorBase dense(TensorBase x, int dtype)
cdef int float_compute(TensorBase x, const char* op) except -1
cdef int same_dtype(TensorBase a, TensorBase b, str op, str arg) except -1
cdef TensorBase spread(TensorBase y, TensorBase x)
cdef int kernel_error(int code, str op) except -1
cpdef int64_t axis_number(object value, str op, str arg) except? -1
cdef int pair(object value, int64_t* out, str op, str arg) except -1

cdef inline int row_of(int dtype) noexcept nogil:
    # Kernel tables are [float32, float64].
    return 1 if dtype == FLOAT64 else 0
