"""The fields of a tensor and the C functions that make one.

`TensorBase` has data and no behaviour: storage, geometry, and the links that autograd keeps. `Tensor` in _core
derives from it without adding a field, so that both share one free list.
"""
cimport cython
from cpython.object cimport PyObject, PyTypeObject, inquiry, traverseproc, visitproc
from cpython.ref cimport Py_INCREF, Py_XDECREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from libc.stdint cimport INT64_MAX
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from ctorch._dtype cimport itemsize_of
from ctorch._storage cimport storage_new, storage_release, storage_retain

cdef extern from "Python.h":
    ctypedef int (*setattrofunc)(PyObject*, PyObject*, PyObject*) except -1
    int set_generic "PyObject_GenericSetAttr"(PyObject* o, PyObject* name, PyObject* value) except -1

cdef extern from "collector.h":
    bint ct_track(PyObject* o) noexcept
    void ct_make_collectable(PyTypeObject* t, traverseproc traverse, inquiry clear) noexcept
    void ct_watch_attributes "CT_WATCH_ATTRIBUTES"(PyTypeObject* t, setattrofunc f) noexcept

cdef extern from *:
    """
    static inline int ct_mul_overflow(int64_t a, int64_t b, int64_t *r) { return __builtin_mul_overflow(a, b, r); }
    static __thread __attribute__((tls_model("initial-exec"))) int ct_inference = 0;
    static inline PyObject *ct_type_new(PyTypeObject *t, PyObject *args) { return t->tp_new(t, args, NULL); }
    """
    bint ct_mul_overflow(int64_t a, int64_t b, int64_t* r) noexcept
    object ct_type_new(PyTypeObject* t, object args)
    bint ct_inference

cdef tuple NO_ARGS = ()


cdef Py_ssize_t extra_offset(TensorBase x) noexcept:
    return <char*>&x.extra - <char*><PyObject*>x


@cython.freelist(512)
@cython.no_gc
cdef class TensorBase:
    def __cinit__(self):
        self.shape = &self.dims[0]
        self.strides = &self.dims[INLINE_DIMS]

    def __dealloc__(self):
        if self.storage != NULL:
            storage_release(self.storage)
        if self.shape != NULL and self.shape != &self.dims[0]:
            free(self.shape)
        # grad_fn last: releasing a long graph must not hold on to this tensor's memory meanwhile
        Py_XDECREF(self.grad)
        Py_XDECREF(self.base)
        Py_XDECREF(self.hooks)
        Py_XDECREF(self.extra)
        Py_XDECREF(self.tangents)
        Py_XDECREF(self.grad_fn)


tensor_type = <PyTypeObject*>TensorBase


# ---- garbage collection: tensors are seen by the collector once they have got what can close a cycle

cdef int visit_owned(PyObject* o, visitproc visit, void* arg) noexcept:
    cdef PyObject* owned[5]
    cdef int i, result = 0
    owned[0], owned[1] = (<TensorBase>o).extra, (<TensorBase>o).hooks
    owned[2], owned[3] = (<TensorBase>o).grad, (<TensorBase>o).base
    owned[4] = (<TensorBase>o).grad_fn
    for i in range(5):
        if owned[i] != NULL and result == 0:
            result = visit(owned[i], arg)
    return result


cdef int clear_owned(PyObject* o) noexcept:
    # Base and grad_fn stay: they close no cycle without these, and what is no garbage may look at them still.
    cdef PyObject* extra = (<TensorBase>o).extra
    cdef PyObject* hooks = (<TensorBase>o).hooks
    cdef PyObject* grad = (<TensorBase>o).grad
    (<TensorBase>o).extra = (<TensorBase>o).hooks = (<TensorBase>o).grad = NULL
    Py_XDECREF(extra)
    Py_XDECREF(hooks)
    Py_XDECREF(grad)
    return 0


ct_make_collectable(tensor_type, <traverseproc>visit_owned, <inquiry>clear_owned)

cdef int64_t may_close = 0               # how often objects have got what can close a cycle
cdef object at_first = None              # called when the first has


cdef void may_close_cycle(PyObject* o) noexcept:
    global may_close, at_first
    ct_track(o)
    may_close += 1
    if at_first is not None:
        function, at_first = at_first, None
        function()


def _at_first_cycle(function):
    global at_first
    at_first = function


def _cycles():
    """How often objects have got what can close a cycle."""
    return may_close


cdef int set_attribute(PyObject* o, PyObject* name, PyObject* value) except -1:
    set_generic(o, name, value)
    if (<TensorBase>o).extra != NULL:
        may_close_cycle(o)
    return 0


ct_watch_attributes(tensor_type, <setattrofunc>set_attribute)


# Attributes that users set live in `extra`, made by Python when the first is set. Named here as the type's dict,
# since Cython's own `__dict__` would make one for every tensor, and a __getattr__ would slow every method call.
# Derived types take the offset over when they are made.
tensor_type.tp_dictoffset = extra_offset(TensorBase())


cdef TensorBase tensor_alloc(int ndim):
    # A tensor without storage and with unset geometry.
    cdef TensorBase t = <TensorBase>ct_type_new(tensor_type, NO_ARGS)
    if ndim > INLINE_DIMS:
        if ndim > MAX_DIMS:
            raise RuntimeError(f"tensors have at most {MAX_DIMS} dimensions, got {ndim}")
        t.shape = <int64_t*>malloc(2 * ndim * sizeof(int64_t))
        if t.shape == NULL:
            t.shape = &t.dims[0]
            raise MemoryError()
        t.strides = t.shape + ndim
    t.ndim = ndim
    t.inference = ct_inference
    return t


cdef bint in_inference() noexcept:
    return ct_inference


cdef void set_inference(bint mode) noexcept:
    global ct_inference
    ct_inference = mode


cdef int64_t checked_bytes(int ndim, const int64_t* shape, int itemsize, int64_t* numel) except -1:
    # Bytes of a dense tensor; raises where sizes are negative or overflow.
    cdef int64_t n = 1, bytes
    cdef bint overflow = False
    cdef int i
    for i in range(ndim):
        if shape[i] < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {shape[i]}: "
                               f"{[shape[j] for j in range(ndim)]}")
        if shape[i] == 0:
            n = 0
    if n:
        for i in range(ndim):
            overflow |= ct_mul_overflow(n, shape[i], &n)
    if overflow or ct_mul_overflow(n, itemsize, &bytes) or bytes > INT64_MAX - 4096:
        raise RuntimeError(f"Storage size calculation overflowed with sizes={[shape[j] for j in range(ndim)]}")
    numel[0] = n
    return bytes


cdef inline TensorBase tensor_dense(int device, int index, int dtype, int ndim, const int64_t* shape):
    cdef int64_t numel, stride = 1
    cdef int64_t nbytes = checked_bytes(ndim, shape, itemsize_of[dtype], &numel)
    cdef TensorBase t = tensor_alloc(ndim)
    cdef int i
    if device == DEVICE_CPU:
        t.storage = storage_new(nbytes)
    else:
        t.storage = tensor_hooks.storage(index, nbytes)
        t.device, t.device_index = device, index
    t.data = t.storage.data
    t.dtype = dtype
    t.numel = numel
    t.contiguous = True
    for i in range(ndim - 1, -1, -1):
        t.shape[i] = shape[i]
        t.strides[i] = stride
        stride *= shape[i] if shape[i] > 1 else 1
    return t


cdef TensorBase tensor_empty(int dtype, int ndim, const int64_t* shape):
    return tensor_dense(DEVICE_CPU, 0, dtype, ndim, shape)       # inlined, without the test of the device


cdef TensorBase tensor_empty_on(int device, int index, int dtype, int ndim, const int64_t* shape):
    # Contiguous, on any device.
    return tensor_dense(device, index, dtype, ndim, shape)


cdef TensorBase tensor_empty_at(TensorBase place, int dtype, int ndim, const int64_t* shape):
    # Contiguous, on the device of `place` (None: the CPU).
    if place is None or place.device == DEVICE_CPU:
        return tensor_empty(dtype, ndim, shape)
    if place.device == DEVICE_BATCHED:
        return tensor_hooks.batched(place, dtype, ndim, shape, NULL)
    return tensor_empty_on(place.device, place.device_index, dtype, ndim, shape)


cdef TensorBase tensor_empty_like(TensorBase x, int dtype):
    # Same shape and device, contiguous; the quick way when x is contiguous itself.
    cdef TensorBase t
    if not x.contiguous or x.device != DEVICE_CPU:
        return tensor_empty_at(x, dtype, x.ndim, x.shape)
    t = tensor_alloc(x.ndim)
    t.storage = storage_new(x.numel * itemsize_of[dtype])
    t.data = t.storage.data
    t.dtype = dtype
    t.numel = x.numel
    t.contiguous = True
    cdef int i
    for i in range(x.ndim):
        t.shape[i] = x.shape[i]
        t.strides[i] = x.strides[i]
    return t


cdef TensorBase tensor_empty_strided(TensorBase place, int dtype, int ndim, const int64_t* shape,
                                     const int64_t* strides):
    # Memory for the given non-negative strides, on the device of `place` (None: the CPU).
    cdef int64_t numel, extent = 1
    checked_bytes(ndim, shape, itemsize_of[dtype], &numel)
    if place is not None and place.device == DEVICE_BATCHED:
        return tensor_hooks.batched(place, dtype, ndim, shape, strides)
    cdef TensorBase t = tensor_alloc(ndim)
    cdef int i
    for i in range(ndim):
        t.shape[i] = shape[i]
        t.strides[i] = strides[i]
        if numel:
            extent += (shape[i] - 1) * strides[i]
    extent = (extent if numel else 0) * itemsize_of[dtype]
    if place is None or place.device == DEVICE_CPU:
        t.storage = storage_new(extent)
    else:
        t.storage = tensor_hooks.storage(place.device_index, extent)
        t.device, t.device_index = place.device, place.device_index
    t.data = t.storage.data
    t.dtype = dtype
    tensor_set_geometry(t)
    return t


cdef TensorBase tensor_scalar(int dtype):
    cdef TensorBase t = tensor_alloc(0)
    t.storage = storage_new(itemsize_of[dtype])
    t.data = t.storage.data
    t.dtype = dtype
    t.numel = 1
    t.contiguous = True
    return t


cdef TensorBase tensor_alias(TensorBase x):
    # Another tensor over the same values, outside of any graph.
    cdef TensorBase t = tensor_alloc(x.ndim)
    storage_retain(x.storage)
    t.storage = x.storage
    t.data = x.data
    t.dtype = x.dtype
    t.device = x.device
    t.device_index = x.device_index
    t.numel = x.numel
    t.contiguous = x.contiguous
    t.untracked = x.untracked
    t.inference = x.inference
    t.wrapped_number = x.wrapped_number
    memcpy(t.shape, x.shape, x.ndim * sizeof(int64_t))
    memcpy(t.strides, x.strides, x.ndim * sizeof(int64_t))
    return t


cdef TensorBase tensor_view(TensorBase x, int ndim, const int64_t* shape, const int64_t* strides, char* data):
    # A view of x's storage with another geometry; history is the caller's.
    cdef TensorBase t = tensor_alloc(ndim)
    storage_retain(x.storage)
    t.storage = x.storage
    t.data = data
    t.dtype = x.dtype
    t.device = x.device
    t.device_index = x.device_index
    t.untracked = x.untracked
    t.inference = x.inference
    memcpy(t.shape, shape, ndim * sizeof(int64_t))
    memcpy(t.strides, strides, ndim * sizeof(int64_t))
    tensor_set_geometry(t)
    return t


cdef int tensor_set_geometry(TensorBase t) except -1:
    # numel and the contiguity flag from shape and strides.
    cdef int64_t n = 1
    cdef bint contiguous = True, overflow = False
    cdef int i
    for i in range(t.ndim - 1, -1, -1):
        if t.shape[i] != 1:
            if t.strides[i] != n:
                contiguous = False
            overflow |= ct_mul_overflow(n, t.shape[i], &n)
    if overflow:
        t.numel = 0
        raise RuntimeError(f"numel: integer multiplication overflow, of shape {list(shape_tuple(t))}")
    t.numel = n
    t.contiguous = contiguous or n == 0
    return 0


cdef bint tensor_is_non_overlapping(TensorBase t) noexcept:
    # True where no two elements share memory, by the sufficient test on sorted strides that PyTorch uses too.
    cdef int64_t size[MAX_DIMS]
    cdef int64_t stride[MAX_DIMS]
    cdef int64_t extent = 0, s
    cdef int i, j, n = 0
    for i in range(t.ndim):
        if t.shape[i] == 0:
            return True
        if t.shape[i] == 1:
            continue
        s = t.strides[i] if t.strides[i] >= 0 else -t.strides[i]
        j = n
        while j > 0 and stride[j - 1] > s:
            stride[j] = stride[j - 1]
            size[j] = size[j - 1]
            j -= 1
        stride[j] = s
        size[j] = t.shape[i]
        n += 1
    for i in range(n):
        if stride[i] <= extent:
            return False
        extent += (size[i] - 1) * stride[i]
    return True


cdef tuple sizes_tuple(int n, const int64_t* sizes):
    cdef tuple r = PyTuple_New(n)
    cdef object v                    # inferred as a C number it would be two objects below
    cdef int i
    for i in range(n):
        v = sizes[i]
        Py_INCREF(v)
        PyTuple_SET_ITEM(r, i, v)
    return r
