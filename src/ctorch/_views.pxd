# Views and copies that change a tensor's geometry, with their history.
from libc.stdint cimport int64_t

from ctorch._tensor cimport TensorBase

cdef TensorBase select(TensorBase x, int dim, int64_t index)
cdef TensorBase slice_dim(TensorBase x, int dim, int64_t start, int64_t length, int64_t step)
cdef TensorBase reshape_to(TensorBase x, int ndim, const int64_t* shape)
cdef TensorBase expand_to(TensorBase x, int ndim, const int64_t* shape)
cdef TensorBase expand_reduced(TensorBase g, tuple shape, object dim, bint keepdim)
cdef TensorBase permute_to(TensorBase x, const int* perm)
cdef TensorBase unsqueeze_at(TensorBase x, int dim)
cdef TensorBase zeros_at(TensorBase place, int dtype, int ndim, const int64_t* shape)
cdef int zero_memory(TensorBase t) except -1
cdef TensorBase copy_(TensorBase to, TensorBase frm)
cdef TensorBase link_as(TensorBase x, int dtype, int ndim, const int64_t* shape, const int64_t* strides)
