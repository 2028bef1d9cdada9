from ctorch._tensor cimport TensorBase

cdef TensorBase mm_forward(TensorBase a, TensorBase b)
cdef TensorBase bmm_forward(TensorBase a, TensorBase b)
cdef TensorBase bmm_sum_forward(TensorBase a, TensorBase b)
cdef TensorBase linear_forward(TensorBase x, TensorBase weight, TensorBase bias)
cdef TensorBase cross_forward(TensorBase x, TensorBase other)
cdef TensorBase addr_forward(TensorBase x, TensorBase vec1, TensorBase vec2, double beta, double alpha)
