from ctorch._tensor cimport TensorBase

cdef TensorBase cumsum_forward(TensorBase x, int dim, bint reverse)
cdef TensorBase cumprod_forward(TensorBase x, int dim)
cdef object cumextremum_forward(TensorBase x, int dim, bint largest)
cdef TensorBase logcumsumexp_forward(TensorBase x, int dim)
