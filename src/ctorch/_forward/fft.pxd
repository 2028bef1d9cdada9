from libc.stdint cimport int64_t

from ctorch._tensor cimport TensorBase

cdef TensorBase fft_c2c_forward(TensorBase x, object dims, int64_t norm, bint onward)
cdef TensorBase fft_r2c_forward(TensorBase x, object dims, int64_t norm, bint onesided)
cdef TensorBase fft_c2r_forward(TensorBase x, object dims, int64_t norm, int64_t last)
