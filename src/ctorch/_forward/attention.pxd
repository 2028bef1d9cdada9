from libc.stdint cimport int64_t

from ctorch._tensor cimport TensorBase

cdef object attention_forward(TensorBase query, TensorBase key, TensorBase value, bint causal, double scale)
cdef object attention_backward_forward(TensorBase grad, TensorBase query, TensorBase key, TensorBase value,
                                       TensorBase output, TensorBase lse, bint causal, double scale)
cdef object ctc_loss_forward(TensorBase x, TensorBase targets, object input_lengths, object target_lengths,
                             int64_t blank, bint zero_infinity)
cdef TensorBase ctc_loss_backward_forward(TensorBase grad, TensorBase x, TensorBase targets, TensorBase loss,
                                          TensorBase alpha, object input_lengths, object target_lengths,
                                          int64_t blank, bint zero_infinity)
