# Rules of shapes: dimensions, broadcasting, view strides. All sizes and strides count elements.
from libc.stdint cimport int64_t

from ctorch._tensor cimport TensorBase

cdef int wrap_dim(object dim, int ndim, str op) except -1
cdef int wrap_dim_c(int64_t dim, int ndim) except -1
cdef int broadcast_shape(TensorBase a, TensorBase b, int64_t* out) except -1
cdef int broadcast_into(int ndim, int64_t* shape, TensorBase b, str op) except -1
cdef bint view_strides(TensorBase x, int ndim, const int64_t* shape, int64_t* strides) noexcept
cdef int parse_sizes(object sizes, int64_t* out, str op) except -1
cdef object unpack_sizes(tuple sizes)
cdef int infer_size(int ndim, int64_t* shape, int64_t numel) except -1
cdef bint channels_last_strides(object format, int ndim, const int64_t* shape, int64_t* strides) except -1
cpdef int64_t need_int(object value, str op, str arg) except? -1
cdef int need_many(object values, str op, str arg) except -1
cdef object reduce_dims(object dim, int ndim, bint* reduced, str op)
cdef int64_t reduced_count(tuple shape, object dim) except -1
cdef TensorBase once(TensorBase x, const bint* but=*)
