from libc.stdint cimport int64_t

from ctorch._tensor cimport TensorBase

cdef object nll_loss_forward(TensorBase x, TensorBase target, TensorBase weight, int64_t ignore_index,
                             int64_t reduction)
cdef TensorBase nll_loss_backward_forward(TensorBase grad, TensorBase target, TensorBase weight,
                                          TensorBase total_weight, object shape, int64_t ignore_index,
                                          int64_t reduction)
cdef object cross_entropy_forward(TensorBase x, TensorBase target, TensorBase weight, int64_t ignore_index,
                                  int64_t reduction, double smoothing)
cdef TensorBase cross_entropy_backward_forward(TensorBase grad, TensorBase probabilities, TensorBase target,
                                               TensorBase weight, TensorBase total_weight, int64_t ignore_index,
                                               int64_t reduction, double smoothing)
