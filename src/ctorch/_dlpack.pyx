"""Tensors in DLPack's capsules and out of them: the C half of the protocol, of which utils.dlpack has the rules.

A capsule holds a managed tensor, which whoever consumes it takes over by giving the capsule another name. See
https://dmlc.github.io/dlpack/latest/c_api.html for the structures.
"""
from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc
from cpython.pycapsule cimport (PyCapsule_GetPointer, PyCapsule_IsValid,
                                PyCapsule_New, PyCapsule_SetName)
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from ctorch._dtype cimport *
from ctorch._storage cimport storage_wrap
from ctorch._tensor cimport *
from ctorch._values cimport need_memory

cdef extern from "Python.h":
    bint Py_IsInitialized() noexcept nogil

cdef struct DLDevice:
    int32_t device_type
    int32_t device_id

cdef struct DLDataType:
    uint8_t code
    uint8_t bits
    uint16_t lanes

cdef struct DLTensor:
    void* data
    DLDevice device
    int32_t ndim
    DLDataType dtype
    int64_t* shape
    int64_t* strides
    uint64_t byte_offset

cdef struct DLManagedTensor:
    DLTensor tensor
    void* context
    void (*deleter)(DLManagedTensor*) noexcept nogil

cdef struct DLManagedTensorVersioned:
    uint32_t major
    uint32_t minor
    void* context
    void (*deleter)(DLManagedTensorVersioned*) noexcept nogil
    uint64_t flags
    DLTensor tensor

cdef enum:
    ON_CPU = 1
    ON_CUDA = 2
    ON_CUDA_HOST = 3                 # page-locked memory of the host
    ON_CUDA_MANAGED = 13
    READ_ONLY = 1
    IS_COPIED = 2
    MAJOR = 1
    MINOR = 1

cdef enum TypeCode:
    CODE_INT = 0
    CODE_UINT = 1
    CODE_FLOAT = 2
    CODE_BFLOAT = 4
    CODE_COMPLEX = 5
    CODE_BOOL = 6

cdef const char* PLAIN = b"dltensor"
cdef const char* VERSIONED = b"dltensor_versioned"


# ---- out of ctorch

cdef int type_code(int dtype) noexcept:
    if dtype == BOOL:
        return CODE_BOOL
    if dtype == BFLOAT16:
        return CODE_BFLOAT
    if category_of[dtype] == CATEGORY_COMPLEX:
        return CODE_COMPLEX
    if category_of[dtype] == CATEGORY_FLOAT:
        return CODE_FLOAT
    return CODE_UINT if dtype in (UINT8, UINT16, UINT32, UINT64) else CODE_INT


cdef int describe(DLTensor* d, TensorBase x, int64_t* dims, int device_type) except -1:
    cdef int i
    d.data = x.data
    d.device.device_type = device_type
    d.device.device_id = x.device_index if x.device == DEVICE_CUDA else 0
    d.ndim = x.ndim
    d.dtype.code = <uint8_t>type_code(x.dtype)
    d.dtype.bits = <uint8_t>(8 * itemsize_of[x.dtype])
    d.dtype.lanes = 1
    d.shape = dims
    d.strides = dims + x.ndim
    d.byte_offset = 0
    for i in range(x.ndim):
        d.shape[i] = x.shape[i]
        d.strides[i] = x.strides[i]
    return 0


cdef void let_go(void* context) noexcept nogil:
    # Deleters may be called by any thread; after the interpreter's end there is nothing to be given back.
    if Py_IsInitialized():
        with gil:
            Py_DECREF(<object>context)


cdef void delete_plain(DLManagedTensor* m) noexcept nogil:
    let_go(m.context)
    PyMem_RawFree(m)


cdef void delete_versioned(DLManagedTensorVersioned* m) noexcept nogil:
    let_go(m.context)
    PyMem_RawFree(m)


cdef void drop_capsule(object capsule) noexcept:
    # Only what nobody has consumed still has its name.
    cdef DLManagedTensor* plain
    cdef DLManagedTensorVersioned* versioned
    if PyCapsule_IsValid(capsule, PLAIN):
        plain = <DLManagedTensor*>PyCapsule_GetPointer(capsule, PLAIN)
        plain.deleter(plain)
    elif PyCapsule_IsValid(capsule, VERSIONED):
        versioned = <DLManagedTensorVersioned*>PyCapsule_GetPointer(capsule, VERSIONED)
        versioned.deleter(versioned)


def device_of(TensorBase x not None, bint pinned):
    # DLPack's pair of numbers for a tensor's device.
    need_memory(x)
    return (ON_CUDA if x.device == DEVICE_CUDA else ON_CUDA_HOST if pinned else ON_CPU), x.device_index


def mark_changed(TensorBase x not None):
    # Values were written through another library: graphs that saved them must know.
    bump_version(x, b"numpy")


def is_readonly(TensorBase x not None):
    return x.storage.readonly


def capsule_of(TensorBase x not None, bint versioned, bint copied, bint pinned):
    # A capsule over x's memory, which stays alive with it.
    cdef int device_type = device_of(x, pinned)[0]
    cdef size_t dims = 2 * x.ndim * sizeof(int64_t)
    cdef DLManagedTensor* plain
    cdef DLManagedTensorVersioned* m
    cdef TensorBase alias = tensor_alias(x)
    if not versioned:
        plain = <DLManagedTensor*>PyMem_RawMalloc(sizeof(DLManagedTensor) + dims)
        if plain == NULL:
            raise MemoryError()
        describe(&plain.tensor, x, <int64_t*>(plain + 1), device_type)
        plain.context = <void*>alias
        plain.deleter = delete_plain
        Py_INCREF(alias)
        return PyCapsule_New(plain, PLAIN, drop_capsule)
    m = <DLManagedTensorVersioned*>PyMem_RawMalloc(sizeof(DLManagedTensorVersioned) + dims)
    if m == NULL:
        raise MemoryError()
    describe(&m.tensor, x, <int64_t*>(m + 1), device_type)
    m.major, m.minor = MAJOR, MINOR
    m.flags = (READ_ONLY if x.storage.readonly else 0) | (IS_COPIED if copied else 0)
    m.context = <void*>alias
    m.deleter = delete_versioned
    Py_INCREF(alias)
    return PyCapsule_New(m, VERSIONED, drop_capsule)


# ---- into ctorch

cdef class Consumed:
    """Owns a managed tensor of another library; storages keep it."""

    cdef DLManagedTensor* plain
    cdef DLManagedTensorVersioned* versioned

    def __dealloc__(self):
        if self.plain != NULL and self.plain.deleter != NULL:
            self.plain.deleter(self.plain)
        if self.versioned != NULL and self.versioned.deleter != NULL:
            self.versioned.deleter(self.versioned)


cdef int dtype_from(DLDataType d) except -1:
    cdef int i
    if d.lanes == 1:
        for i in range(DTYPE_COUNT):
            if type_code(i) == d.code and 8 * itemsize_of[i] == d.bits:
                return i
    raise BufferError(f"Unsupported dtype in DLTensor: code {d.code}, {d.bits} bits, {d.lanes} lanes")


cdef TensorBase borrowed(DLTensor* d, Consumed owner, bint readonly):
    # A tensor over another library's memory.
    cdef int dtype = dtype_from(d.dtype), i
    cdef int64_t low = 0, high = 0, stride = 1
    cdef int itemsize = itemsize_of[dtype]
    cdef char* first = <char*>d.data + d.byte_offset
    cdef TensorBase t
    if d.ndim > MAX_DIMS or d.ndim < 0:
        raise BufferError(f"tensors have at most {MAX_DIMS} dimensions, got {d.ndim}")
    if d.device.device_type not in (ON_CPU, ON_CUDA, ON_CUDA_HOST, ON_CUDA_MANAGED):
        raise BufferError(f"Unsupported device_type: {d.device.device_type}")
    t = tensor_alloc(d.ndim)
    for i in range(d.ndim - 1, -1, -1):
        t.shape[i] = d.shape[i]
        t.strides[i] = stride if d.strides == NULL else d.strides[i]
        stride *= d.shape[i]
    tensor_set_geometry(t)
    if t.numel:
        for i in range(d.ndim):
            if t.strides[i] < 0:
                low += (t.shape[i] - 1) * t.strides[i]
            else:
                high += (t.shape[i] - 1) * t.strides[i]
    t.storage = storage_wrap(first + low * itemsize, (high - low + 1) * itemsize if t.numel else 0, owner)
    t.storage.readonly = readonly
    t.data = first
    t.dtype = dtype
    if d.device.device_type in (ON_CUDA, ON_CUDA_MANAGED):
        t.device, t.device_index = DEVICE_CUDA, d.device.device_id
    return t


def tensor_of(object capsule):
    # The tensor of a capsule, which is used up by it.
    cdef Consumed owner = Consumed()
    cdef DLManagedTensor* plain
    cdef DLManagedTensorVersioned* m
    cdef TensorBase t
    if PyCapsule_IsValid(capsule, VERSIONED):
        m = <DLManagedTensorVersioned*>PyCapsule_GetPointer(capsule, VERSIONED)
        if m.major > MAJOR:
            raise BufferError(f"from_dlpack: the capsule is of DLPack {m.major}.{m.minor}, known is {MAJOR}.x")
        t = borrowed(&m.tensor, owner, m.flags & READ_ONLY)
        PyCapsule_SetName(capsule, b"used_dltensor_versioned")
        owner.versioned = m
        return t
    if not PyCapsule_IsValid(capsule, PLAIN):
        raise RuntimeError("from_dlpack received an invalid capsule. Note that DLTensor capsules can be consumed only "
                           "once, so you might have already constructed a tensor from it once.")
    plain = <DLManagedTensor*>PyCapsule_GetPointer(capsule, PLAIN)
    t = borrowed(&plain.tensor, owner, False)
    PyCapsule_SetName(capsule, b"used_dltensor")
    owner.plain = plain
    return t
