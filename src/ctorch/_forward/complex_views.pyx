"""Complex numbers as pairs of real ones, and pairs as complex numbers: the same memory under another dtype."""
from cpython.object cimport PyObject
from libc.stdint cimport int64_t

from ctorch._dispatch cimport result_memory
from ctorch._dtype cimport *
from ctorch._iterator cimport Loop, Scalar, copy_data, loop_add, loop_init, loop_run
from ctorch._tensor cimport *
from ctorch._views cimport link_as

cdef extern from "lines.h" nogil:
    void ct_pairs(char* to, const char* first, const char* second, int size, int64_t n)


cdef TensorBase view_as_real_forward(TensorBase x):
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t strides[MAX_DIMS]
    cdef int i
    if category_of[x.dtype] != CATEGORY_COMPLEX:
        raise RuntimeError("view_as_real is only supported for complex tensors")
    if x.ndim == MAX_DIMS:
        raise RuntimeError(f"view_as_real: expected at most {MAX_DIMS - 1} dimensions, got {x.ndim}")
    for i in range(x.ndim):
        shape[i], strides[i] = x.shape[i], x.strides[i] * 2
    shape[x.ndim], strides[x.ndim] = 2, 1
    return link_as(x, real_of(x.dtype), x.ndim + 1, shape, strides)


cdef TensorBase view_as_complex_forward(TensorBase x):
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t strides[MAX_DIMS]
    cdef int i, last = x.ndim - 1
    if x.dtype != FLOAT32 and x.dtype != FLOAT64:
        raise RuntimeError("view_as_complex is only supported for half, float and double tensors, but got a tensor of "
                           f"scalar type: {dtype_title(x.dtype)}")
    if x.ndim == 0:
        raise RuntimeError("Input tensor must have one or more dimensions")
    if x.shape[last] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    if x.strides[last] != 1:
        raise RuntimeError("Tensor must have a last dimension with stride 1")
    for i in range(last):
        if x.strides[i] % 2 and x.shape[i] != 1:
            raise RuntimeError("Tensor must have a stride divisible by 2 for all but last dimension")
        shape[i], strides[i] = x.shape[i], x.strides[i] // 2
    if (x.data - x.storage.data) % (2 * itemsize_of[x.dtype]):
        raise RuntimeError("Tensor must have a storage_offset divisible by 2")
    return link_as(x, complex_of(x.dtype), last, shape, strides)


cdef TensorBase complex_of_forward(TensorBase x):
    cdef TensorBase y = None
    cdef int i
    cdef bint fits = x.strides[x.ndim - 1] == 1 and (x.data - x.storage.data) % (2 * itemsize_of[x.dtype]) == 0
    for i in range(x.ndim - 1):
        fits = fits and x.strides[i] % 2 == 0
    if not fits:                     # also where there are no elements, and contiguous is any stride
        y = tensor_empty_at(x, x.dtype, x.ndim, x.shape)
        copy_data(y, x)
    return view_as_complex_forward(x if fits else y)


cdef void pairs_line(char** data, const int64_t* strides, int64_t n, const Scalar* params) noexcept nogil:
    ct_pairs(data[0], data[1], data[2], <int>strides[1], n)


cdef TensorBase complex_from_forward(TensorBase re, TensorBase im):
    cdef PyObject* parts[2]
    cdef TensorBase y
    cdef Loop loop
    parts[0], parts[1] = <PyObject*>re, <PyObject*>im
    y = result_memory(2, parts, complex_of(re.dtype), re.ndim, re.shape)
    loop_init(&loop, y.ndim, y.shape, 1, pairs_line, NULL)
    loop.numbers = 0
    loop_add(&loop, y, y.dtype)
    loop_add(&loop, re, re.dtype)
    loop_add(&loop, im, re.dtype)
    loop_run(&loop)
    return y
