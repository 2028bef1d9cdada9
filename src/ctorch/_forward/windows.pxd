from libc.stdint cimport int64_t

from ctorch._tensor cimport TensorBase

cdef TensorBase conv2d_forward(TensorBase x, TensorBase weight, TensorBase bias, object stride, object padding,
                               object dilation, int64_t groups)
cdef TensorBase conv2d_input_forward(TensorBase grad, TensorBase weight, object shape, object stride, object padding,
                                     object dilation, int64_t groups)
cdef TensorBase conv2d_weight_forward(TensorBase grad, TensorBase x, object shape, object stride, object padding,
                                      object dilation, int64_t groups)
cdef object max_pool2d_forward(TensorBase x, object kernel_size, object stride, object padding, object dilation,
                               bint ceil_mode)
cdef TensorBase max_pool2d_backward_forward(TensorBase grad, TensorBase indices, object shape, object kernel_size,
                                            object stride, object padding, object dilation)
cdef TensorBase avg_pool2d_forward(TensorBase x, object kernel_size, object stride, object padding, bint ceil_mode,
                                   bint count_include_pad, object divisor_override)
cdef TensorBase avg_pool2d_backward_forward(TensorBase grad, object shape, object kernel_size, object stride,
                                            object padding, bint ceil_mode, bint count_include_pad,
                                            object divisor_override)
cdef TensorBase adaptive_avg_pool2d_forward(TensorBase x, object output_size)
cdef TensorBase adaptive_avg_pool2d_backward_forward(TensorBase grad, object shape)
