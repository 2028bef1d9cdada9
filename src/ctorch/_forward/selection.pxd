from libc.stdint cimport int64_t

from ctorch._tensor cimport TensorBase

cdef TensorBase embedding_forward(TensorBase weight, TensorBase indices, int64_t padding_idx)
cdef TensorBase embedding_backward_forward(TensorBase grad, TensorBase indices, int64_t rows, int64_t padding_idx)
cdef TensorBase embedding_bag_forward(TensorBase weight, TensorBase indices, TensorBase offsets,
                                      TensorBase per_sample_weights, bint mean, int64_t padding_idx,
                                      bint include_last_offset)
cdef object embedding_bag_max_forward(TensorBase weight, TensorBase indices, TensorBase offsets, int64_t padding_idx,
                                      bint include_last_offset)
cdef TensorBase embedding_bag_backward_forward(TensorBase grad, TensorBase indices, TensorBase offsets,
                                               TensorBase per_sample_weights, int64_t rows, bint mean,
                                               int64_t padding_idx, bint include_last_offset)
cdef TensorBase embedding_bag_weights_forward(TensorBase grad, TensorBase weight, TensorBase indices,
                                              TensorBase offsets, int64_t padding_idx, bint include_last_offset)
cdef TensorBase cat_forward(list tensors, int dim, int dtype)
