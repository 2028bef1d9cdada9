"""Discrete Fourier transforms by SciPy's pocketfft, on the memory of the tensors."""
from libc.stdint cimport int64_t

from ctorch._dispatch cimport unsupported
from ctorch._dtype cimport *
from ctorch._parallel cimport get_num_threads
from ctorch._tensor cimport *

cdef object transforms = None                    # c2c, r2c and c2r on arrays
cdef object asarray = None
SMALL = 1 << 15                                  # elements, below which threads cost more than they bring


cdef int library() except -1:
    # The functions under scipy.fft, which take the memory of the result; at the first transform.
    global transforms, asarray
    if transforms is None:
        from numpy import asarray as made
        from scipy.fft._pocketfft import pypocketfft as found
        asarray, transforms = made, (found.c2c, found.r2c, found.c2r)
    return 0


cdef int check(TensorBase x, const char* op) except -1:
    if x.dtype != FLOAT32 and x.dtype != FLOAT64 and x.dtype != COMPLEX64 and x.dtype != COMPLEX128:
        unsupported(op, x.dtype)
    return 0


cdef inline object array_of(TensorBase x):
    return asarray(memoryview(tensor_view(x, x.ndim, x.shape, x.strides, x.data)))


cdef int workers(TensorBase x) noexcept:
    return 1 if x.numel < SMALL else get_num_threads()


cdef TensorBase result_of(TensorBase x, int dtype, object dims, int64_t last):
    # Shaped like x but for the last of the dimensions, unless that is negative.
    cdef int64_t shape[MAX_DIMS]
    cdef int i
    for i in range(x.ndim):
        shape[i] = x.shape[i]
    if last >= 0:
        shape[<int>dims[len(dims) - 1]] = last
    library()
    return tensor_empty(dtype, x.ndim, shape)


cdef TensorBase fft_c2c_forward(TensorBase x, object dims, int64_t norm, bint onward):
    check(x, b"fft_c2c")
    cdef TensorBase y = result_of(x, x.dtype, dims, -1)
    if x.numel:
        transforms[0](array_of(x), dims, onward, norm, array_of(y), workers(x))
    return y


cdef TensorBase fft_r2c_forward(TensorBase x, object dims, int64_t norm, bint onesided):
    check(x, b"fft_r2c")
    cdef int64_t last = x.shape[<int>dims[len(dims) - 1]]
    cdef TensorBase y = result_of(x, complex_of(x.dtype), dims, last // 2 + 1 if onesided else last)
    if x.numel:
        transforms[onesided](array_of(x), dims, True, norm, array_of(y), workers(x))
    return y


cdef TensorBase fft_c2r_forward(TensorBase x, object dims, int64_t norm, int64_t last):
    check(x, b"fft_c2r")
    cdef TensorBase y = result_of(x, real_of(x.dtype), dims, last)
    if x.numel:
        transforms[2](array_of(x), dims, last, False, norm, array_of(y), workers(x))
    return y
