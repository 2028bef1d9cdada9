from ctorch._tensor cimport TensorBase

cdef object moments_forward(TensorBase x, object dim, double correction, bint keepdim)
cdef object root_moments_forward(TensorBase x, object dim, double correction, bint keepdim)
cdef TensorBase logsumexp_forward(TensorBase x, object dim, bint keepdim)
cdef object extremum_forward(TensorBase x, int dim, bint keepdim, bint largest)
cdef TensorBase distance_forward(TensorBase x, TensorBase other, double p)
cdef TensorBase pdist_forward(TensorBase x, double p)
