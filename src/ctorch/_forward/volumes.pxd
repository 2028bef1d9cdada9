from ctorch._tensor cimport TensorBase

cdef object max_windows_forward(TensorBase x, object windows, object dilation)
cdef TensorBase max_windows_backward_forward(TensorBase grad, TensorBase indices, object shape)
cdef TensorBase average_windows_forward(TensorBase x, object windows, object divisor)
cdef TensorBase average_windows_backward_forward(TensorBase grad, object shape, object windows, object divisor)
cdef TensorBase unpool_forward(TensorBase x, TensorBase indices, object size)
cdef TensorBase columns_forward(TensorBase x, object kernel_size, object dilation, object padding, object stride)
cdef TensorBase from_columns_forward(TensorBase x, object output_size, object kernel_size, object dilation,
                                     object padding, object stride)
cdef TensorBase slices_forward(TensorBase x, object window)
cdef TensorBase from_slices_forward(TensorBase x, object shape, object window)
