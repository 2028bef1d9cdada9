from libc.stdint cimport int64_t

from ctorch._kernels.sort cimport SortJob
from ctorch._tensor cimport TensorBase

cdef object sort_forward(TensorBase x, int dim, bint descending)
cdef TensorBase sort_values_forward(TensorBase x, int dim)
cdef object topk_forward(TensorBase x, int64_t k, int dim, bint largest, bint ordered)
cdef object kthvalue_forward(TensorBase x, int64_t k, int dim)
cdef object median_forward(TensorBase x, int dim, bint skip_nan)
cdef TensorBase median_of_all_forward(TensorBase x, bint skip_nan)
cdef int fill_keys(SortJob* job, int dtype, const char* op) except -1
cdef object extent_forward(TensorBase x)
