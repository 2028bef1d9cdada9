from ctorch._tensor cimport TensorBase

cdef object qr_forward(TensorBase x, bint complete, bint compute_q)
cdef object geqrf_forward(TensorBase x)
cdef TensorBase householder_forward(TensorBase x, TensorBase tau)
cdef TensorBase ormqr_forward(TensorBase x, TensorBase tau, TensorBase other, bint left, bint transpose)
cdef object lstsq_forward(TensorBase x, TensorBase B, object rcond, object driver)
