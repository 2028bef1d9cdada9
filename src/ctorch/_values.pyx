"""Values on their way out of tensors: Python numbers, nested lists, and the buffers that NumPy reads."""
import sys

from cpython.buffer cimport PyBUF_FORMAT, PyBUF_ND, PyBUF_STRIDES, PyBUF_WRITABLE
from libc.stdint cimport int64_t, uintptr_t
from libc.stdlib cimport malloc

from ctorch._dispatch cimport *
from ctorch._dtype cimport *
from ctorch._factories cimport item_at
from ctorch._tensor cimport *

from ctorch import _views as views


cdef object single(TensorBase x):
    if x.numel != 1:
        raise ValueError("only one element tensors can be converted to Python scalars")
    return value_of(x)


cdef TensorBase host(TensorBase x):
    # x itself where its values are in this process's memory, else a copy there.
    if x.device == DEVICE_BATCHED:
        raise RuntimeError("vmap: It looks like you're calling .item() on a Tensor. We don't support vmap over calling "
                           ".item() on a Tensor, please try to rewrite what you're doing with other operations.")
    return x if x.device == DEVICE_CPU else views.to_device(x.detach(), "cpu")


cdef object value_of(TensorBase x):
    if x.device != DEVICE_CPU:
        x = host(x)
    return item_at(x, x.data)


cdef object nested(TensorBase x, int d, char* p):
    cdef int64_t i, step
    if d == x.ndim:
        return item_at(x, p)
    step = x.strides[d] * itemsize_of[x.dtype]
    return [nested(x, d + 1, p + i * step) for i in range(x.shape[d])]


cdef struct BufferShape:
    Py_ssize_t dims[128]
    char format[4]


cdef int need_memory(TensorBase x) except -1:
    if x.device == DEVICE_BATCHED:
        raise RuntimeError("Cannot access data pointer of Tensor that doesn't have storage")
    return 0


cdef int need_host(TensorBase x) except -1:
    need_memory(x)
    if x.device != DEVICE_CPU:
        raise TypeError(f"can't convert cuda:{x.device_index} device type tensor to numpy. Use Tensor.cpu() to copy "
                        "the tensor to host memory first.")
    return 0


cdef int fill_buffer(TensorBase x, Py_buffer* buffer, int flags) except -1:
    cdef BufferShape* b
    cdef int i
    cdef const char* code = FORMATS[x.dtype]
    if wants_grad(x):
        raise BufferError("Can't get a buffer of a Tensor that requires grad. Use tensor.detach() first.")
    need_memory(x)
    if x.device != DEVICE_CPU:
        raise BufferError("a Tensor on a CUDA device has no buffer in host memory. Use Tensor.cpu() first.")
    if code == NULL:
        raise BufferError(f"a Tensor of {dtype_name(x.dtype).decode()} has no buffer format")
    if flags & PyBUF_WRITABLE and x.storage.readonly:
        raise BufferError("the tensor shares read-only memory")
    if not flags & PyBUF_STRIDES == PyBUF_STRIDES and not x.contiguous:
        raise BufferError("the tensor is not contiguous")
    b = <BufferShape*>malloc(sizeof(BufferShape))
    if b == NULL:
        raise MemoryError()
    for i in range(x.ndim):
        b.dims[i] = x.shape[i]
        b.dims[MAX_DIMS + i] = x.strides[i] * itemsize_of[x.dtype]
    buffer.buf = x.data
    buffer.obj = tensor_alias(x)        # holds the storage even where x is given another
    buffer.len = x.numel * itemsize_of[x.dtype]
    buffer.itemsize = itemsize_of[x.dtype]
    buffer.readonly = x.storage.readonly
    buffer.format = <char*>code if flags & PyBUF_FORMAT else NULL
    buffer.ndim = x.ndim
    buffer.shape = &b.dims[0] if flags & PyBUF_ND else NULL
    buffer.strides = &b.dims[MAX_DIMS] if flags & PyBUF_STRIDES == PyBUF_STRIDES else NULL
    buffer.suboffsets = NULL
    buffer.internal = b
    return 0


cdef dict array_face(TensorBase x):
    # The array interface, version 3.
    kind = "b" if x.dtype == BOOL else "c" if category_of[x.dtype] == CATEGORY_COMPLEX else \
        "f" if category_of[x.dtype] == CATEGORY_FLOAT else "i" if dtype_object(x.dtype).is_signed else "u"
    order = "|" if itemsize_of[x.dtype] == 1 else "<" if sys.byteorder == "little" else ">"
    return {"version": 3, "shape": shape_tuple(x), "typestr": f"{order}{kind}{itemsize_of[x.dtype]}",
            "data": (<uintptr_t>x.data, x.storage.readonly),
            "strides": tuple([x.strides[i] * itemsize_of[x.dtype] for i in range(x.ndim)])}


cdef const char* FORMATS[DTYPE_COUNT]
FORMATS[BOOL], FORMATS[UINT8], FORMATS[INT8], FORMATS[UINT16], FORMATS[INT16] = b"?", b"B", b"b", b"H", b"h"
FORMATS[UINT32], FORMATS[INT32], FORMATS[UINT64], FORMATS[INT64] = b"I", b"i", b"L", b"l"
FORMATS[FLOAT16], FORMATS[FLOAT32], FORMATS[FLOAT64] = b"e", b"f", b"d"
FORMATS[COMPLEX64], FORMATS[COMPLEX128] = b"Zf", b"Zd"
FORMATS[BFLOAT16] = NULL
