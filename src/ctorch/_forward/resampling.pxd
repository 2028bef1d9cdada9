from libc.stdint cimport int64_t

from ctorch._tensor cimport TensorBase

cdef TensorBase resample_forward(TensorBase x, int64_t dim, int64_t size, str mode, bint align, object scale,
                                 bint antialias)
cdef TensorBase resample_backward_forward(TensorBase grad, int64_t dim, int64_t size, str mode, bint align,
                                          object scale, bint antialias)
cdef TensorBase grid_sampler_forward(TensorBase x, TensorBase grid, int64_t mode, int64_t padding, bint align)
cdef object grid_sampler_backward_forward(TensorBase grad, TensorBase x, TensorBase grid, int64_t mode,
                                          int64_t padding, bint align, object needs)
