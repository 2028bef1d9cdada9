"""What the forward functions share: dense operands in a kernel's dtype, and its errors."""
from ctorch._dispatch cimport cast_to, contiguous, unsupported
from ctorch._dtype cimport *
from ctorch._tensor cimport MAX_DIMS, tensor_view


cdef TensorBase dense(TensorBase x, int dtype):
    # Contiguous and of a dtype; x itself where it is both.
    return contiguous(cast_to(x, dtype))


cdef TensorBase spread(TensorBase y, TensorBase x):
    # What was calculated of _shape.once(x), contiguous in the shape of x.
    cdef int64_t strides[MAX_DIMS]
    cdef int i
    for i in range(x.ndim):
        strides[i] = 0 if y.shape[i] == 1 else y.strides[i]
    return contiguous(tensor_view(y, x.ndim, x.shape, strides, y.data))


cdef int float_compute(TensorBase x, const char* op) except -1:
    # float64 stays; the other floats are computed in float32.
    if category_of[x.dtype] != CATEGORY_FLOAT:
        unsupported(op, x.dtype)
    return FLOAT64 if x.dtype == FLOAT64 else FLOAT32


cdef int same_dtype(TensorBase a, TensorBase b, str op, str arg) except -1:
    if b is not None and a.dtype != b.dtype:
        raise RuntimeError(f"{op}: expected {arg} to have dtype {dtype_name(a.dtype).decode()} like the input, got "
                           f"{dtype_name(b.dtype).decode()}")
    return 0


cdef int kernel_error(int code, str op) except -1:
    if code == -1:
        raise MemoryError(f"{op}: out of memory for working space")
    if code == -2:
        raise RuntimeError(f"{op}: a size is beyond 32-bit integers")
    if code == -3:
        raise ImportError(f"{op}: SciPy's BLAS (scipy.linalg.cython_blas) cannot be imported")
    return 0


cpdef int64_t axis_number(object value, str op, str arg) except? -1:
    # Sizes and distances within an axis, whose products and sums int64 holds.
    if isinstance(value, (float, str)) or value is None:
        raise TypeError(f"{op}(): argument '{arg}' must be tuple of ints, not {type(value).__name__}")
    if not -(1 << 31) <= value < 1 << 31:
        raise RuntimeError(f"{op}: {arg} {value} is out of range")
    return value


cdef int pair(object value, int64_t* out, str op, str arg) except -1:
    # An int stands for both directions.
    if isinstance(value, (tuple, list)):
        if len(value) == 1:
            value = (value[0], value[0])
        if len(value) != 2:
            raise RuntimeError(f"{op}: {arg} must be an int or a pair of ints, got {value}")
        out[0], out[1] = axis_number(value[0], op, arg), axis_number(value[1], op, arg)
    else:
        if isinstance(value, bool):
            raise TypeError(f"{op}(): argument '{arg}' must be tuple of ints, not bool")
        out[0] = out[1] = axis_number(value, op, arg)
    return 0
