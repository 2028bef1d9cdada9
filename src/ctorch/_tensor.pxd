# The fields of a tensor and the C functions that make one. `Tensor` in _core adds the Python surface.
from cpython.object cimport PyObject, PyTypeObject
from libc.stdint cimport int64_t, uint8_t, uint32_t

from ctorch._storage cimport Storage

cdef enum:
    INLINE_DIMS = 8
    MAX_DIMS = 64

cdef enum DeviceType:
    DEVICE_CPU = 0
    DEVICE_CUDA = 1
    DEVICE_BATCHED = 2               # one example of several; see _batched

cdef enum ViewOrigin:
    VIEW_DEFAULT = 0
    VIEW_NO_GRAD = 1                 # made under no_grad: changing it in place would lose history
    VIEW_MULTI_OUTPUT = 2            # one of several outputs (unbind, split): in-place is refused

cdef class TensorBase:
    cdef char* data                  # first element
    cdef Storage* storage
    cdef int64_t numel
    cdef int64_t* shape              # ndim sizes; inside `dims` up to INLINE_DIMS dimensions
    cdef int64_t* strides            # ndim strides in elements; may be negative
    cdef int64_t dims[16]
    cdef int ndim
    cdef int output_nr               # which output of grad_fn this is
    cdef uint8_t dtype
    cdef uint8_t device              # a DeviceType
    cdef uint8_t device_index
    cdef bint contiguous             # row-major without gaps
    cdef bint requires_grad          # leaf that wants a gradient, or has a grad_fn
    cdef bint wrapped_number         # a Python number: weak in type promotion
    cdef bint untracked              # made by .data: in-place changes do not raise the version
    cdef bint inference
    cdef uint8_t view_origin
    cdef bint own_grad               # a view made under no_grad that was asked to take its own gradient
    cdef uint32_t view_version       # storage version for which this view's grad_fn is right
    cdef PyObject* grad_fn           # owned Node or NULL
    cdef PyObject* grad              # owned Tensor or NULL
    cdef PyObject* tangents          # owned Tangent of the lowest level of forward mode that it has one in, or NULL
    cdef PyObject* base              # owned Tensor of which this is a differentiable view, or NULL
    cdef PyObject* hooks             # owned OrderedDict of hooks of a leaf, or NULL
    cdef PyObject* extra             # owned dict of Python attributes, or NULL; the type's tp_dictoffset
    cdef object __weakref__

cdef PyTypeObject* tensor_type       # set by _core to Tensor

# What other devices give; registered by _accelerator and _batched.
cdef struct TensorHooks:
    Storage* (*storage)(int index, size_t nbytes) except NULL
    TensorBase (*batched)(TensorBase place, int dtype, int ndim, const int64_t* shape, const int64_t* strides)

cdef TensorHooks tensor_hooks

cdef void may_close_cycle(PyObject* o) noexcept

cdef bint in_inference() noexcept
cdef void set_inference(bint mode) noexcept
cdef TensorBase tensor_alloc(int ndim)
cdef TensorBase tensor_empty(int dtype, int ndim, const int64_t* shape)
cdef TensorBase tensor_empty_on(int device, int index, int dtype, int ndim, const int64_t* shape)
cdef TensorBase tensor_empty_at(TensorBase place, int dtype, int ndim, const int64_t* shape)
cdef TensorBase tensor_empty_like(TensorBase x, int dtype)
cdef TensorBase tensor_empty_strided(TensorBase place, int dtype, int ndim, const int64_t* shape,
                                     const int64_t* strides)
cdef TensorBase tensor_scalar(int dtype)
cdef TensorBase tensor_alias(TensorBase x)
cdef TensorBase tensor_view(TensorBase x, int ndim, const int64_t* shape, const int64_t* strides, char* data)
cdef int tensor_set_geometry(TensorBase t) except -1
cdef bint tensor_is_non_overlapping(TensorBase t) noexcept
cdef tuple sizes_tuple(int n, const int64_t* sizes)

cdef inline tuple shape_tuple(TensorBase t):
    return sizes_tuple(t.ndim, t.shape)

cdef inline tuple stride_tuple(TensorBase t):
    return sizes_tuple(t.ndim, t.strides)

cdef inline bint is_tensor(object x):
    return isinstance(x, TensorBase)

cdef inline bint same_shape(TensorBase a, TensorBase b) noexcept:
    cdef int i
    if a.ndim != b.ndim:
        return False
    for i in range(a.ndim):
        if a.shape[i] != b.shape[i]:
            return False
    return True

cdef inline bint wants_grad(TensorBase t) noexcept:
    # requires_grad, also for a view whose base has got a history by an in-place change since
    return t.requires_grad or (t.base != NULL and t.view_version != t.storage.version
                               and (<TensorBase>t.base).requires_grad)

cdef inline bint is_dual(TensorBase t) noexcept:
    # has tangents, also as a view whose base has got some by an in-place change since
    return t.tangents != NULL or (t.base != NULL and t.view_version != t.storage.version
                                  and (<TensorBase>t.base).tangents != NULL)

cdef inline void bump_version(TensorBase t, const char* op) noexcept:
    if not t.untracked:
        t.storage.version += 1
        t.storage.changed_by = op
