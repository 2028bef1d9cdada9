"""Tensors from sizes, numbers, Python sequences and NumPy arrays."""
import sys
import warnings

from cpython.buffer cimport PyBUF_FULL_RO, PyBuffer_Release, PyObject_GetBuffer
from libc.math cimport trunc
from libc.stdint cimport *

from ctorch._device cimport place_of
from ctorch._dispatch cimport cast_to, fitting, number_tensor, unsupported
from ctorch._dtype cimport *
from ctorch._iterator cimport copy_data
from ctorch._ramps cimport float_ramp, ramp
from ctorch._shape cimport channels_last_strides, need_int, parse_sizes, unpack_sizes
from ctorch._storage cimport storage_wrap
from ctorch._tensor cimport *
from ctorch._views cimport zero_memory

from ctorch._memory_format import layout as Layout
from ctorch._views import resize, to_device


cdef TensorBase finish(TensorBase t, bint requires_grad, object layout=None, bint pinned=False):
    # What every factory does at last with the options that it shares with the others.
    if layout is not None and not isinstance(layout, Layout):
        raise TypeError(f"layout must be ctorch.strided, not {type(layout).__name__}")
    if pinned:
        from ctorch import _methods
        t = _methods.pin_memory(t)
    if requires_grad:
        if category_of[t.dtype] < CATEGORY_FLOAT:
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        t.requires_grad = True
    return t


cdef object into(object out, TensorBase t, str op):
    # t, or `out` with t's numbers in it, made of t's size where it has another.
    if out is None:
        return t
    cdef TensorBase to = <TensorBase?>out
    if to.requires_grad:
        raise RuntimeError(f"{op}(): functions with out=... arguments don't support automatic differentiation, but one "
                           "of the arguments requires grad.")
    if not same_shape(to, t):
        if op == "arange" and to.numel:
            warnings.warn(f"The number of elements in the out tensor of shape {list(shape_tuple(to))} is {to.numel} "
                          f"which does not match the computed number of elements {t.numel}. Note that this may occur "
                          f"as a result of rounding error. The out tensor will be resized to a tensor of shape "
                          f"({t.numel},).", UserWarning)
        resize(to, shape_tuple(t))
    copy_data(to, t)
    bump_version(to, b"out")
    return to


cdef object dtype_like(object dtype, object out, str op):
    # The dtype that was asked for, or that of `out`; they must not differ.
    if out is None:
        return dtype
    if dtype is not None and as_dtype(dtype, op) != (<TensorBase?>out).dtype:
        raise RuntimeError(f"dtype {dtype} does not match dtype of out parameter "
                           f"({dtype_object((<TensorBase>out).dtype)})")
    return dtype_object((<TensorBase?>out).dtype)


cdef int dtype_or_default(object dtype, str op) except -1:
    return default_dtype() if dtype is None else as_dtype(dtype, op)


cdef TensorBase make_empty(object size, int dtype, object device, str op):
    cdef int64_t shape[MAX_DIMS]
    cdef int n = parse_sizes(size, shape, op), index
    index = place_of(device, op)
    if index < 0:
        return tensor_empty(dtype, n, shape)
    return tensor_empty_on(DEVICE_CUDA, index, dtype, n, shape)


cdef TensorBase onto(TensorBase t, object device, str op):
    # t on the device that a factory was asked for.
    cdef TensorBase y
    cdef int index = place_of(device, op)
    if index < 0:
        return t if t.device == DEVICE_CPU or device is None else <TensorBase>to_device(t, device)
    if t.device == DEVICE_CUDA and t.device_index == index:
        return t
    y = tensor_empty_on(DEVICE_CUDA, index, t.dtype, t.ndim, t.shape)
    copy_data(y, t)
    return y


def empty(*size, dtype=None, device=None, requires_grad=False, out=None, layout=None, pin_memory=False,
          memory_format=None):
    """A tensor with whatever was in its memory.

    See https://docs.pytorch.org/docs/stable/generated/torch.empty.html
    """
    cdef TensorBase t
    cdef int64_t strides[MAX_DIMS]
    if out is not None:
        t = <TensorBase?>out
        resize(t, unpack_sizes(size))
        return t
    t = make_empty(unpack_sizes(size), dtype_or_default(dtype, "empty"), device, "empty")
    if channels_last_strides(memory_format, t.ndim, t.shape, strides):
        t = tensor_empty_strided(t, t.dtype, t.ndim, t.shape, strides)
    return finish(t, requires_grad, layout, pin_memory)


def empty_strided(size, stride, *, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    """An uninitialised tensor of the given sizes and strides.

    See https://docs.pytorch.org/docs/stable/generated/torch.empty_strided.html

    Examples
    --------
    >>> import ctorch
    >>> ctorch.empty_strided((2, 3), (1, 2)).stride()
    (1, 2)
    """
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t strides[MAX_DIMS]
    cdef int n = parse_sizes(size, shape, "empty_strided"), i
    if parse_sizes(stride, strides, "empty_strided") != n:
        raise RuntimeError(f"mismatch in length of strides and shape: {n} sizes, {len(stride)} strides")
    for i in range(n):
        if strides[i] < 0:
            raise RuntimeError(f"empty_strided: strides must be non-negative, got {list(stride)}")
    t = tensor_empty_strided(make_empty((0,), dtype_or_default(dtype, "empty_strided"), device, "empty_strided"),
                             dtype_or_default(dtype, "empty_strided"), n, shape, strides)
    return finish(<TensorBase>t, requires_grad, layout, pin_memory)


def zeros(*size, dtype=None, device=None, requires_grad=False, out=None, layout=None, pin_memory=False):
    """A tensor of zeros.

    See https://docs.pytorch.org/docs/stable/generated/torch.zeros.html

    Examples
    --------
    >>> import ctorch
    >>> ctorch.zeros(2, 2)
    tensor([[0., 0.],
            [0., 0.]])
    """
    cdef TensorBase t
    t = make_empty(unpack_sizes(size), dtype_or_default(dtype_like(dtype, out, "zeros"), "zeros"), device, "zeros")
    zero_memory(t)
    return into(out, finish(t, requires_grad, layout, pin_memory), "zeros")


def ones(*size, dtype=None, device=None, requires_grad=False, out=None, layout=None, pin_memory=False):
    """A tensor of ones.

    See https://docs.pytorch.org/docs/stable/generated/torch.ones.html
    """
    cdef TensorBase t
    t = make_empty(unpack_sizes(size), dtype_or_default(dtype_like(dtype, out, "ones"), "ones"), device, "ones")
    fill_number(t, 1)
    return into(out, finish(t, requires_grad, layout, pin_memory), "ones")


def full(size, fill_value, *, dtype=None, device=None, requires_grad=False, out=None, layout=None, pin_memory=False):
    """A tensor of one value; its dtype follows the value unless given.

    See https://docs.pytorch.org/docs/stable/generated/torch.full.html
    """
    cdef TensorBase t
    cdef int id
    if isinstance(fill_value, TensorBase):
        fill_value = fill_value.item()
    dtype = dtype_like(dtype, out, "full")
    id = as_dtype(dtype, "full") if dtype is not None else dtype_of_number(fill_value)
    t = make_empty(size, id, device, "full")
    fill_number(t, fill_value)
    return into(out, finish(t, requires_grad, layout, pin_memory), "full")


cdef int dtype_of_number(object v) except -1:
    # The dtype that a number alone gives a tensor.
    if isinstance(v, bool):
        return BOOL
    if isinstance(v, int):
        return INT64
    if isinstance(v, float):
        return default_dtype()
    if isinstance(v, complex):
        return complex_of(default_dtype())
    if hasattr(v, "item"):
        return dtype_of_number(v.item())
    raise TypeError(f"full(): argument 'fill_value' (position 2) must be Number, not {type(v).__name__}")


cdef TensorBase like(object input, object dtype, object device, str op, object format=None):
    if not isinstance(input, TensorBase):
        raise TypeError(f"{op}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    cdef TensorBase x = <TensorBase>input
    cdef int id = x.dtype if dtype is None else as_dtype(dtype, op)
    cdef int i, index
    cdef int64_t strides[MAX_DIMS]
    if device is not None:
        index = place_of(device, op)
        if index != (x.device_index if x.device != DEVICE_CPU else -1):
            return tensor_empty_on(DEVICE_CPU if index < 0 else DEVICE_CUDA, index, id, x.ndim, x.shape)
    if channels_last_strides(format, x.ndim, x.shape, strides):
        return tensor_empty_strided(x, id, x.ndim, x.shape, strides)
    if x.contiguous or not tensor_is_non_overlapping(x) or (format is not None
                                                            and format.name == "contiguous_format"):
        return tensor_empty_at(x, id, x.ndim, x.shape)
    for i in range(x.ndim):
        if x.strides[i] < 0:
            return tensor_empty_at(x, id, x.ndim, x.shape)
    if not dense(x):
        return tensor_empty_at(x, id, x.ndim, x.shape)
    return tensor_empty_strided(x, id, x.ndim, x.shape, x.strides)


cdef bint dense(TensorBase x) noexcept:
    cdef int64_t extent = 1
    cdef int i
    for i in range(x.ndim):
        extent += (x.shape[i] - 1) * x.strides[i]
    return extent == x.numel


def empty_like(input, *, dtype=None, device=None, requires_grad=False, memory_format=None, layout=None,
               pin_memory=False):
    """An uninitialised tensor of the same shape."""
    return finish(like(input, dtype, device, "empty_like", memory_format), requires_grad, layout, pin_memory)


def zeros_like(input, *, dtype=None, device=None, requires_grad=False, memory_format=None, layout=None,
               pin_memory=False):
    """Zeros of the same shape."""
    cdef TensorBase t = like(input, dtype, device, "zeros_like", memory_format)
    zero_memory(t)
    return finish(t, requires_grad, layout, pin_memory)


def ones_like(input, *, dtype=None, device=None, requires_grad=False, memory_format=None, layout=None,
              pin_memory=False):
    """Ones of the same shape."""
    cdef TensorBase t = like(input, dtype, device, "ones_like", memory_format)
    fill_number(t, 1)
    return finish(t, requires_grad, layout, pin_memory)


def full_like(input, fill_value, *, dtype=None, device=None, requires_grad=False, memory_format=None, layout=None,
              pin_memory=False):
    """One value in the same shape."""
    cdef TensorBase t = like(input, dtype, device, "full_like", memory_format)
    fill_number(t, fill_value)
    return finish(t, requires_grad, layout, pin_memory)


def arange(*args, start=None, end=None, step=None, dtype=None, device=None, requires_grad=False, out=None,
           layout=None, pin_memory=False):
    """Numbers from start to end (not included) in steps.

    See https://docs.pytorch.org/docs/stable/generated/torch.arange.html

    Examples
    --------
    >>> import ctorch
    >>> ctorch.arange(1, 2, 0.25)
    tensor([1.0000, 1.2500, 1.5000, 1.7500])
    """
    import math
    given = list(args)
    if len(given) == 1 and end is None:
        end = given[0]
    elif len(given) == 1:
        start = given[0]
    elif len(given) >= 2:
        start, end = given[:2]
        step = given[2] if len(given) > 2 else step
    start = 0 if start is None else number_of(start)
    step = 1 if step is None else number_of(step)
    end = number_of(end)
    dtype = dtype_like(dtype, out, "arange")
    if dtype is None:
        whole = all(isinstance(v, int) for v in (start, end, step))
        id = INT64 if whole else default_dtype()
    else:
        id = as_dtype(dtype, "arange")
        if category_of[id] in (CATEGORY_BOOL, CATEGORY_COMPLEX):
            unsupported(b"arange_cpu", id)
    if step == 0 or (id == INT64 and int(step) == 0):
        raise RuntimeError("step must be nonzero")
    if (end - start) * (1 if step > 0 else -1) < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if id == INT64:
        start, end, step = int(start), int(end), int(step)
    if isinstance(start, float) or isinstance(end, float) or isinstance(step, float):
        if math.isnan(start) or math.isnan(end) or math.isinf(start) or math.isinf(end):
            raise RuntimeError(f"unsupported range: {start} -> {end}")
        count = math.ceil((end - start) / step)
    else:
        count = -((start - end) // step)
    t = onto(ramp(start, step, count, id), device, "arange")
    return into(out, finish(t, requires_grad, layout, pin_memory), "arange")


cdef object number_of(object v):
    if isinstance(v, TensorBase):
        return v.item()
    if isinstance(v, (int, float)):
        return v
    if hasattr(v, "item"):
        return v.item()
    raise TypeError(f"arange(): arguments must be Number, not {type(v).__name__}")


def linspace(start, end, steps, *, dtype=None, device=None, requires_grad=False, out=None, layout=None,
             pin_memory=False):
    """`steps` numbers from start to end, both included, evenly spaced.

    See https://docs.pytorch.org/docs/stable/generated/torch.linspace.html
    """
    cdef int64_t n
    cdef TensorBase t
    cdef double a, b
    cdef int id
    id = dtype_or_default(dtype_like(dtype, out, "linspace"), "linspace")
    n = need_int(steps, "linspace", "steps")
    if n < 0:
        raise RuntimeError("number of steps must be non-negative")
    a, b = number_of(start), number_of(end)
    if category_of[id] <= CATEGORY_INT:          # both ends are of the dtype
        a, b = trunc(a), trunc(b)
    t = float_ramp(a, b, (b - a) / (n - 1) if n > 1 else 0, n, n // 2 if n != 1 else 1, id)
    return into(out, finish(onto(t, device, "linspace"), requires_grad, layout, pin_memory), "linspace")


def eye(n, m=None, *, dtype=None, device=None, requires_grad=False, out=None, layout=None, pin_memory=False):
    """Ones on the diagonal of a matrix of zeros."""
    cdef TensorBase t = zeros(n, n if m is None else m, dtype=dtype_like(dtype, out, "eye"), device=device)
    cdef TensorBase d
    cdef int64_t k = t.shape[0] if t.shape[0] < t.shape[1] else t.shape[1], stride = t.shape[1] + 1
    d = tensor_view(t, 1, &k, &stride, t.data)
    fill_number(d, 1)
    return into(out, finish(t, requires_grad, layout, pin_memory), "eye")


cdef object below(object rows, object columns, object offset):
    # How many elements of a matrix are on and below a diagonal, by Python's integers, which do not end.
    begin = min(max(-offset - 1, 0), rows)                    # rows before it have none
    full = min(max(columns - offset - 1, 0), rows)            # and rows from it on all
    return (full - begin) * (begin + full + 2 * offset + 1) // 2 + (rows - full) * columns


def triangle_indices(int64_t rows, int64_t columns, int64_t offset, dtype, device, bint lower):
    """Row and column numbers of a triangle of a matrix, in order."""
    cdef int64_t shape[2]
    cdef int64_t i, j, first, end
    cdef int64_t* row
    cdef int64_t* column
    cdef TensorBase t
    n = below(rows, columns, offset if lower else offset - 1)
    try:
        shape[0], shape[1] = 2, n if lower else <object>rows * columns - n
    except OverflowError:
        raise RuntimeError(f"{'tril' if lower else 'triu'}_indices: a matrix of {rows} rows and {columns} columns is "
                           "too large") from None
    t = tensor_empty(INT64, 2, shape)
    row = <int64_t*>t.data
    column = row + shape[1]
    for i in range(rows):
        first = 0 if i + offset < 0 else columns if i + offset > columns else i + offset
        end = columns
        if lower:
            end = first + (i + offset >= 0 and first < columns)
            first = 0
        for j in range(first, end):
            row[0], column[0] = i, j
            row += 1
            column += 1
    return onto(cast_to(t, INT64 if dtype is None else as_dtype(dtype, "tril_indices")), device, "tril_indices")


cdef int fill_number(TensorBase t, object value) except -1:
    # Every element = value, cast to t's dtype.
    if isinstance(value, TensorBase):
        value = value.item()
    copy_data(t, number_tensor(fitting(t.dtype, value, "fill_")))
    return 0


cdef object item_at(TensorBase x, char* p):
    # The Python number at an address.
    cdef int d = x.dtype
    if d == FLOAT32:
        return (<float*>p)[0]
    if d == FLOAT64:
        return (<double*>p)[0]
    if d == INT64:
        return (<int64_t*>p)[0]
    if d == INT32:
        return (<int32_t*>p)[0]
    if d == BOOL:
        return (<uint8_t*>p)[0] != 0
    if d == UINT8:
        return (<uint8_t*>p)[0]
    if d == INT8:
        return (<int8_t*>p)[0]
    if d == INT16:
        return (<int16_t*>p)[0]
    if d == UINT16:
        return (<uint16_t*>p)[0]
    if d == UINT32:
        return (<uint32_t*>p)[0]
    if d == UINT64:
        return (<uint64_t*>p)[0]
    if d == COMPLEX64:
        return complex((<float*>p)[0], (<float*>p)[1])
    if d == COMPLEX128:
        return complex((<double*>p)[0], (<double*>p)[1])
    return half_item(x, p)


cdef object half_item(TensorBase x, char* p):
    cdef int64_t none = 0
    cdef TensorBase one = tensor_view(x, 0, &none, &none, p)
    cdef TensorBase wide = cast_to(one, FLOAT64)
    return (<double*>wide.data)[0]


# ---- Python data

cdef int discover(object data, int depth, list shape, int* dtype) except -1:
    # Shape and promoted dtype of nested sequences; numbers, tensors and arrays are leaves.
    cdef int here
    if isinstance(data, (list, tuple)):
        if depth >= MAX_DIMS:
            raise ValueError("too many dimensions")
        if depth == len(shape):
            shape.append(len(data))
        elif shape[depth] != len(data):
            raise ValueError(f"expected sequence of length {shape[depth]} at dim {depth} (got {len(data)})")
        for v in data:
            if isinstance(v, (list, tuple)) or type(v) not in (float, int, bool):
                discover(v, depth + 1, shape, dtype)
            else:
                if len(shape) > depth + 1:
                    raise ValueError(f"expected sequence of length {shape[depth + 1]} at dim {depth + 1} (got "
                                     "a number)")
                here = FLOAT32 if type(v) is float else (INT64 if type(v) is int else BOOL)
                dtype[0] = here if dtype[0] < 0 else promotion[dtype[0]][here]
        return 0
    if len(shape) > depth:
        raise ValueError(f"expected sequence of length {shape[depth]} at dim {depth} (got a number)")
    here = leaf_dtype(data)
    if isinstance(data, TensorBase) and (<TensorBase>data).ndim > 0:
        if (<TensorBase>data).numel != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
    dtype[0] = here if dtype[0] < 0 else promotion[dtype[0]][here]
    return 0


cdef int leaf_dtype(object v) except -1:
    if isinstance(v, bool):
        return BOOL
    if isinstance(v, int):
        return INT64
    if isinstance(v, float):
        return FLOAT32
    if isinstance(v, complex):
        return COMPLEX64
    if isinstance(v, TensorBase):
        return (<TensorBase>v).dtype
    if hasattr(v, "dtype") and hasattr(v, "item") and v.size == 1:
        return dtype_from_numpy(v.dtype)
    if isinstance(v, (str, bytes)):
        raise TypeError(f"new(): invalid data type '{type(v).__name__}'")
    raise RuntimeError(f"Could not infer dtype of {type(v).__name__}")


cdef int store(object data, int depth, int ndim, char** p, int dtype, int itemsize) except -1:
    # Writes nested sequences one element after the other.
    if depth < ndim:
        for v in data:
            store(v, depth + 1, ndim, p, dtype, itemsize)
        return 0
    if dtype == FLOAT32:
        (<float*>p[0])[0] = data
    elif dtype == FLOAT64:
        (<double*>p[0])[0] = data
    elif dtype == INT64:
        (<int64_t*>p[0])[0] = data if isinstance(data, int) else int(data)
    elif dtype == UINT64:
        (<uint64_t*>p[0])[0] = data if isinstance(data, int) else int(data)
    elif dtype == BOOL:
        (<uint8_t*>p[0])[0] = 1 if data else 0
    elif dtype == COMPLEX64:
        (<float*>p[0])[0] = complex(data).real
        (<float*>p[0])[1] = complex(data).imag
    elif dtype == COMPLEX128:
        (<double*>p[0])[0] = complex(data).real
        (<double*>p[0])[1] = complex(data).imag
    p[0] += itemsize
    return 0


cdef TensorBase from_sequence(object data, int dtype):
    cdef list shape = []
    cdef int found = -1, i, store_as
    cdef int64_t sizes[MAX_DIMS]
    cdef TensorBase t
    cdef char* p
    discover(data, 0, shape, &found)
    if found < 0:
        found = default_dtype()
    elif found == FLOAT32 or found == COMPLEX64:
        found = inferred(data, found)
    if dtype < 0:
        dtype = found
    store_as = {CATEGORY_BOOL: BOOL, CATEGORY_INT: UINT64 if dtype == UINT64 else INT64, CATEGORY_FLOAT: FLOAT64,
                CATEGORY_COMPLEX: COMPLEX128}[max(category_of[dtype], category_of[found])
                                              if category_of[dtype] != CATEGORY_BOOL else CATEGORY_BOOL]
    if category_of[found] == CATEGORY_COMPLEX and category_of[dtype] != CATEGORY_COMPLEX:
        raise TypeError(f"can't convert complex to {dtype_name(dtype).decode()}")
    if store_as == FLOAT64 and dtype == FLOAT32:
        store_as = FLOAT32
    for i in range(len(shape)):
        sizes[i] = shape[i]
    t = tensor_empty(store_as, len(shape), sizes)
    p = t.data
    try:
        store(data, 0, len(shape), &p, store_as, itemsize_of[store_as])
    except OverflowError:
        raise RuntimeError(f"Overflow when unpacking long: a value does not fit {dtype_name(dtype).decode()}") from None
    if store_as != dtype and category_of[dtype] == CATEGORY_INT:
        need_all_fit(t, dtype)
    return cast_to(t, dtype)


cdef int need_all_fit(TensorBase t, int dtype) except -1:
    # Raises where a dtype cannot hold one of the int64 or float64 values.
    cdef int64_t i
    cdef bint signed = dtype not in (UINT8, UINT16, UINT32, UINT64), whole = t.dtype != FLOAT64
    cdef double top = 2.0 ** (8 * itemsize_of[dtype] - signed), low = -top if signed else (1 - top if whole else 0), v
    for i in range(t.numel):
        v = <double>(<int64_t*>t.data)[i] if whole else (<double*>t.data)[i]
        if not (low <= v <= top - 1 and v < top):
            raise RuntimeError(f"value cannot be converted to type {dtype_name(dtype).decode()} without overflow")
    return 0


cdef int inferred(object data, int found) except -1:
    # Python floats take the default dtype; a float64 among the leaves has promoted already.
    cdef int d = default_dtype()
    if found == COMPLEX64:
        return complex_of(d)
    return d


cdef TensorBase tensor_from(object data, int dtype, bint copy):
    """A tensor of anything; dtype -1 follows the data; no copy where none is needed unless asked."""
    cdef TensorBase t, y
    if isinstance(data, TensorBase):
        t = <TensorBase>data
    elif type(data) in (list, tuple, float, int, bool, complex):
        return from_sequence(data, dtype)
    elif is_array(data) or hasattr(data, "__array_interface__") or hasattr(data, "__array__") or (
            hasattr(data, "__buffer__") and not isinstance(data, (str, bytes))):
        array = data
        if not is_array(data):
            import numpy
            array = numpy.asarray(data)
        t = wrap_array(array if not copy or array.dtype.isnative else array.astype(array.dtype.newbyteorder("=")))
    else:
        return from_sequence(data, dtype)
    if copy or not isinstance(data, TensorBase) and t.storage.readonly:
        y = tensor_empty(t.dtype if dtype < 0 else dtype, t.ndim, t.shape)
        copy_data(y, t)
        return y
    return t if dtype < 0 else cast_to(t, dtype)


cdef object array_type = None            # numpy.ndarray, once there is one


cdef bint is_array(object data):
    # Whether it is a NumPy array, of no subclass.
    global array_type
    if array_type is None:
        numpy = sys.modules.get("numpy")
        if numpy is None:
            return False
        array_type = numpy.ndarray
    return type(data) is array_type


cdef int dtype_of_format(const char* format, Py_ssize_t itemsize) noexcept:
    # The dtype that a buffer's format names, or -1 where it is not one of this machine's simple types.
    cdef int id = -1
    if format[0] == c"Z" and format[1] != 0 and format[2] == 0:
        id = COMPLEX64 if format[1] == c"f" else COMPLEX128 if format[1] == c"d" else -1
    elif format[0] != 0 and format[1] == 0:
        if format[0] == c"?":
            id = BOOL
        elif format[0] == c"e":
            id = FLOAT16
        elif format[0] == c"f":
            id = FLOAT32
        elif format[0] == c"d":
            id = FLOAT64
        elif format[0] == c"b" or format[0] == c"h" or format[0] == c"i" or format[0] == c"l" or format[0] == c"q":
            id = INT8 if itemsize == 1 else INT16 if itemsize == 2 else INT32 if itemsize == 4 else INT64
        elif format[0] == c"B" or format[0] == c"H" or format[0] == c"I" or format[0] == c"L" or format[0] == c"Q":
            id = UINT8 if itemsize == 1 else UINT16 if itemsize == 2 else UINT32 if itemsize == 4 else UINT64
    return id if id >= 0 and itemsize_of[id] == itemsize else -1


cdef TensorBase wrap_array(object array):
    # A tensor over a NumPy array's memory.
    cdef Py_buffer buffer
    cdef TensorBase t
    cdef int id = -1, i, n = array.ndim
    cdef int64_t size, low = 0, high = 0
    if n > MAX_DIMS:
        raise RuntimeError(f"tensors have at most {MAX_DIMS} dimensions, got {n}")
    try:
        PyObject_GetBuffer(array, &buffer, PyBUF_FULL_RO)
    except ValueError:                           # a dtype that buffers cannot tell: refused, or bfloat16
        id = dtype_from_numpy(array.dtype)
        t = wrap_array(array.view("uint16"))
        t.dtype = id
        return t
    try:
        id = dtype_of_format(buffer.format, buffer.itemsize)
        if id < 0:
            id = dtype_from_numpy(array.dtype)
        size = itemsize_of[id]
        t = tensor_alloc(n)
        for i in range(n):
            if buffer.strides[i] % size:
                raise ValueError("given numpy array strides not a multiple of the element byte size. Copy the numpy "
                                 "array to reallocate the memory.")
            t.shape[i] = buffer.shape[i]
            t.strides[i] = buffer.strides[i] // size
            if t.shape[i] > 0:
                if t.strides[i] < 0:
                    low += (t.shape[i] - 1) * buffer.strides[i]
                else:
                    high += (t.shape[i] - 1) * buffer.strides[i]
        t.dtype = id
        t.storage = storage_wrap(<void*>(<char*>buffer.buf + low), high - low + size if buffer.len else 0, array)
        t.storage.readonly = buffer.readonly
        t.data = <char*>buffer.buf
    finally:
        PyBuffer_Release(&buffer)                # the storage keeps the array
    tensor_set_geometry(t)
    return t


def from_numpy(ndarray):
    """A tensor that shares the memory of a NumPy array.

    See https://docs.pytorch.org/docs/stable/generated/torch.from_numpy.html

    Raises
    ------
    TypeError
        If it is no NumPy array, or its dtype has no tensor counterpart.
    ValueError
        If its byte order is foreign.

    Examples
    --------
    >>> import ctorch, numpy
    >>> a = numpy.zeros(2)
    >>> t = ctorch.from_numpy(a)
    >>> a[0] = 5
    >>> t
    tensor([5., 0.], dtype=torch.float64)
    """
    if not is_array(ndarray) and (array_type is None or not isinstance(ndarray, array_type)):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    return wrap_array(ndarray)


def tensor(data, *, dtype=None, device=None, requires_grad=False, pin_memory=False):
    """A new tensor of numbers, nested sequences, an array or a tensor; always a copy.

    See https://docs.pytorch.org/docs/stable/generated/torch.tensor.html

    Raises
    ------
    ValueError
        If nested sequences have uneven lengths.
    TypeError
        If something in them is not a number.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    """
    cdef TensorBase t = tensor_from(data, -1 if dtype is None else as_dtype(dtype, "tensor"), True)
    return finish(onto(t, device, "tensor"), requires_grad, None, pin_memory)


def as_tensor(data, dtype=None, device=None):
    """A tensor of the data, sharing memory where it can."""
    cdef int id = -1 if dtype is None else as_dtype(dtype, "as_tensor")
    cdef TensorBase t
    if isinstance(data, TensorBase) and id >= 0 and id != (<TensorBase>data).dtype and wants_grad(<TensorBase>data):
        t = data.to(dtype)               # a conversion of the graph
    else:
        t = tensor_from(data, id, False)
    return onto(t, device, "as_tensor")


def asarray(obj, *, dtype=None, device=None, copy=None, requires_grad=False):
    """A tensor of an object; shares memory where it can, or must (copy=False), or must not (copy=True).

    See https://docs.pytorch.org/docs/stable/generated/torch.asarray.html

    Raises
    ------
    ValueError
        If copy is False and a copy is needed.
    """
    cdef TensorBase t = tensor_from(obj, -1 if dtype is None else as_dtype(dtype, "asarray"), copy is True)
    cdef bint shares
    t = onto(t, device, "asarray")
    if copy is False:
        face = getattr(obj, "__array_interface__", None)
        shares = isinstance(obj, TensorBase) and (<TensorBase>obj).data == t.data or (
            face is not None and face["data"][0] == <uintptr_t>t.data)
        if not shares:
            raise ValueError(f"can't alias an object of type {type(obj).__name__} as a tensor of dtype "
                             f"{dtype_object(t.dtype)}, but copy=False")
    if not isinstance(obj, TensorBase):
        return finish(t, requires_grad)
    if t is obj and requires_grad != wants_grad(t):
        t = t.detach() if copy is not True else t
    return t.requires_grad_(requires_grad) if requires_grad else t.detach() if wants_grad(t) else t


def frombuffer(buffer, *, dtype, count=-1, offset=0, requires_grad=False):
    """A 1-d tensor over the memory of an object with the buffer protocol."""
    import numpy
    cdef int id = as_dtype(dtype, "frombuffer")
    name = dtype_object(id).numpy_name
    if name is None:
        raise NotImplementedError(f"frombuffer: not implemented for dtype {dtype_name(id).decode()}")
    return finish(wrap_array(numpy.frombuffer(buffer, name, count, offset)), requires_grad)
