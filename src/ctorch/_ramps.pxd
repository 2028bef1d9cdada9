# Vectors of evenly spaced numbers: first + i * step, or from `half` on last - (n - 1 - i) * step.
from libc.stdint cimport int64_t

from ctorch._tensor cimport TensorBase

cdef TensorBase ramp(object start, object step, int64_t count, int id)
cdef TensorBase float_ramp(double first, double last, double step, int64_t n, int64_t half, int id)
