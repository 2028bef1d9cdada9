# Memory of tensors: reference-counted storages over a caching, 64-byte aligned allocator.
from cpython.object cimport PyObject
from libc.stdint cimport int64_t, uint32_t


cdef struct Storage:
    int64_t references
    char* data
    size_t nbytes
    int bucket                       # cache bucket, or -1 for memory that something else owns
    uint32_t version                 # raised by every in-place change of the values
    const char* changed_by           # the operator that made the last such change
    PyObject* owner                  # keeps foreign memory alive (a NumPy array, say), else NULL
    bint readonly
    uint32_t born                    # storage_era when it was made


cdef uint32_t storage_era            # counts the transforms of functions that began; wraps around

cdef Storage* storage_new(size_t nbytes) except NULL
cdef Storage* storage_wrap(void* data, size_t nbytes, object owner) except NULL
cdef void storage_release(Storage* s) noexcept

cdef inline void storage_retain(Storage* s) noexcept nogil:
    s.references += 1
