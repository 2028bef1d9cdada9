from libc.stdint cimport int64_t

from ctorch._tensor cimport TensorBase

cdef TensorBase embedding_forward(TensorBase weight, TensorBase indices, int64_t padding_idx)
cdef TensorBase embedding_backward_forward(TensorBase grad, TensorBase indices, int64_t rows, int64_t padding_idx)
cdef TensorBase cat_forward(list tensors, int dim, int dtype)
