"""Discrete Fourier transforms by SciPy's pocketfft, on the memory of the tensors."""
from libc.stdint cimport int64_t

from ctorch._dispatch cimport unsupported
from ctorch._dtype cimport *
from ctorch._parallel cimport get_num_threads
from ctorch._tensor cimport *

cdef object scipy_fft = None
cdef object from_numpy = None

# What SciPy calls the scale of a forward and of an inverse transform: none, 1/sqrt(n), 1/n.
cdef tuple FORWARD = ("backward", "ortho", "forward")
cdef tuple INVERSE = ("forward", "ortho", "backward")
SMALL = 1 << 15                                  # elements, below which threads cost more than they bring


cdef object library():
    # SciPy's module, imported at the first transform.
    global scipy_fft, from_numpy
    if scipy_fft is None:
        import scipy.fft
        from ctorch._factories import from_numpy as made
        scipy_fft, from_numpy = scipy.fft, made
    return scipy_fft


cdef int check(TensorBase x, const char* op) except -1:
    if x.dtype != FLOAT32 and x.dtype != FLOAT64 and x.dtype != COMPLEX64 and x.dtype != COMPLEX128:
        unsupported(op, x.dtype)
    return 0


cdef object array_of(TensorBase x):
    return (<object>x).detach().numpy()


cdef int workers(TensorBase x) noexcept:
    return 1 if x.numel < SMALL else get_num_threads()


cdef TensorBase nothing(TensorBase x, int dtype, object dims, int64_t last):
    # The result where a dimension that is not transformed is empty.
    cdef int64_t shape[MAX_DIMS]
    cdef int i
    for i in range(x.ndim):
        shape[i] = x.shape[i]
    if last >= 0:
        shape[<int>dims[len(dims) - 1]] = last
    return tensor_empty(dtype, x.ndim, shape)


cdef TensorBase fft_c2c_forward(TensorBase x, object dims, int64_t norm, bint onward):
    check(x, b"fft_c2c")
    if x.numel == 0:
        return nothing(x, x.dtype, dims, -1)
    fft = library()
    if onward:
        result = fft.fftn(array_of(x), axes=dims, norm=FORWARD[norm], workers=workers(x))
    else:
        result = fft.ifftn(array_of(x), axes=dims, norm=INVERSE[norm], workers=workers(x))
    return <TensorBase?>from_numpy(result)


cdef TensorBase fft_r2c_forward(TensorBase x, object dims, int64_t norm, bint onesided):
    cdef int64_t last
    check(x, b"fft_r2c")
    if x.numel == 0:
        last = x.shape[<int>dims[len(dims) - 1]]
        return nothing(x, complex_of(x.dtype), dims, last // 2 + 1 if onesided else last)
    fft = library()
    transform = fft.rfftn if onesided else fft.fftn
    return <TensorBase?>from_numpy(transform(array_of(x), axes=dims, norm=FORWARD[norm], workers=workers(x)))


cdef TensorBase fft_c2r_forward(TensorBase x, object dims, int64_t norm, int64_t last):
    check(x, b"fft_c2r")
    if x.numel == 0:
        return nothing(x, real_of(x.dtype), dims, last)
    sizes = [x.shape[<int>d] for d in dims[:len(dims) - 1]] + [last]
    fft = library()
    return <TensorBase?>from_numpy(fft.irfftn(array_of(x), sizes, dims, INVERSE[norm], workers=workers(x)))
