from ctorch._tensor cimport TensorBase

cdef TensorBase matrix_exp_forward(TensorBase x)
cdef TensorBase pinv_value_forward(TensorBase x, TensorBase value)
cdef TensorBase norm_value_forward(TensorBase x, TensorBase value, double ord, object dim, bint keepdim)
cdef TensorBase lstsq_value_forward(TensorBase x, TensorBase B, TensorBase value)
