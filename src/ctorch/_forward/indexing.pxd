from ctorch._kernels.along cimport AlongKernels
from libc.stdint cimport int64_t

from ctorch._tensor cimport TensorBase

cdef TensorBase gather_forward(TensorBase x, int dim, TensorBase index, bint sparse_grad)
cdef TensorBase scatter_add_forward(TensorBase grad, int dim, TensorBase index, object shape)
cdef int scatter_src_into(TensorBase x, int dim, TensorBase index, TensorBase src) except -1
cdef int scatter_value_into(TensorBase x, int dim, TensorBase index, object value) except -1
cdef int scatter_add_into(TensorBase x, int dim, TensorBase index, TensorBase src) except -1
cdef int scatter_reduce_into(TensorBase x, int dim, TensorBase index, TensorBase src, object reduce,
                             bint include_self) except -1
cdef TensorBase index_select_forward(TensorBase x, int dim, TensorBase index)
cdef TensorBase index_embed_forward(TensorBase grad, int dim, TensorBase index, object shape)
cdef int index_add_into(TensorBase x, int dim, TensorBase index, TensorBase source, object alpha) except -1
cdef int index_copy_into(TensorBase x, int dim, TensorBase index, TensorBase source) except -1
cdef int index_fill_into(TensorBase x, int dim, TensorBase index, object value) except -1
cdef int index_reduce_into(TensorBase x, int dim, TensorBase index, TensorBase source, object reduce,
                           bint include_self) except -1
cdef TensorBase take_forward(TensorBase x, TensorBase index)
cdef int put_into(TensorBase x, TensorBase index, TensorBase source, bint accumulate) except -1
cdef AlongKernels* load_along() except NULL
cdef int word_of(int dtype) noexcept
cdef TensorBase number_like(object value, TensorBase x, str op=*)
cdef int run_along(TensorBase x, int dim, TensorBase index, TensorBase v, int how, bint reads, bint negative, object op,
                   object message) except -1
