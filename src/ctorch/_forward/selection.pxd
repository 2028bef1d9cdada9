from libc.stdint cimport int64_t

from ctorch._tensor cimport TensorBase

cdef TensorBase gather_forward(TensorBase x, int dim, TensorBase index)
cdef TensorBase scatter_add_forward(TensorBase grad, int dim, TensorBase index, object shape)
cdef TensorBase embedding_forward(TensorBase weight, TensorBase indices, int64_t padding_idx)
cdef TensorBase embedding_backward_forward(TensorBase grad, TensorBase indices, int64_t rows, int64_t padding_idx)
cdef TensorBase cat_forward(list tensors, int dim)
