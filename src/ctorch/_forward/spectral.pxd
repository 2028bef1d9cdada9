from ctorch._tensor cimport TensorBase

cdef object eigh_forward(TensorBase x, bint upper, bint vectors)
cdef object eig_forward(TensorBase x, bint vectors, object op)
cdef object svd_forward(TensorBase x, bint full_matrices, bint vectors)
