from ctorch._tensor cimport TensorBase

cdef TensorBase softmax_forward(TensorBase x, int dim)
cdef TensorBase log_softmax_forward(TensorBase x, int dim)
cdef TensorBase softmax_backward_forward(TensorBase grad, TensorBase output, int dim)
cdef TensorBase log_softmax_backward_forward(TensorBase grad, TensorBase output, int dim)
cdef object batch_norm_forward(TensorBase x, TensorBase weight, TensorBase bias, TensorBase running_mean,
                               TensorBase running_var, bint training, double momentum, double eps)
cdef object batch_norm_backward_forward(TensorBase grad, TensorBase x, TensorBase weight, TensorBase running_mean,
                                        TensorBase running_var, TensorBase mean, TensorBase invstd, bint training,
                                        double eps, object needs)
cdef object layer_norm_forward(TensorBase x, object normalized_shape, TensorBase weight, TensorBase bias, double eps)
cdef object layer_norm_backward_forward(TensorBase grad, TensorBase x, TensorBase weight, TensorBase mean,
                                        TensorBase invstd, object normalized_shape, object needs)
