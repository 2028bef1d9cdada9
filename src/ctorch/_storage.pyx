"""Memory of tensors: reference-counted storages over a size-bucketed cache of 64-byte aligned blocks.

A freed block waits in its bucket for the next tensor of about that size, which saves the page faults that make
large temporaries slow. All of it runs under the GIL; sizes in bytes.
"""
from cpython.ref cimport Py_INCREF, Py_DECREF
from libc.stdlib cimport malloc

cdef extern from "allocator.h" nogil:
    int ct_bucket_of(size_t nbytes, size_t* rounded)
    void* ct_cache_take(int bucket)
    void ct_cache_put(void* block, int bucket, size_t rounded)
    void* ct_allocate(size_t rounded)
    size_t ct_cache_release()
    size_t ct_cache_held
    size_t ct_cache_limit
    int64_t ct_fail_after

cdef Storage* spare = NULL           # freed Storage structs, linked through `data`
cdef uint32_t storage_era = 0
cdef int64_t allocated = 0
cdef int64_t peak = 0
cdef int64_t hits = 0
cdef int64_t misses = 0


cdef inline Storage* struct_new() except NULL:
    global spare
    cdef Storage* s = spare
    if s != NULL:
        spare = <Storage*>s.data
        return s
    s = <Storage*>malloc(sizeof(Storage))
    if s == NULL:
        raise MemoryError("out of memory for a storage")
    return s


cdef Storage* storage_new(size_t nbytes) except NULL:
    global allocated, peak, hits, misses
    cdef Storage* s
    cdef size_t rounded
    cdef int bucket = ct_bucket_of(nbytes, &rounded)
    cdef char* data = NULL
    if bucket >= 0:
        data = <char*>ct_cache_take(bucket)
    if data == NULL:
        misses += 1
        if bucket >= 0:
            data = <char*>ct_allocate(rounded)
            if data == NULL and ct_cache_release() > 0:
                data = <char*>ct_allocate(rounded)
        if data == NULL:
            raise MemoryError(f"can't allocate memory: you tried to allocate {nbytes} bytes "
                              f"(tensors hold {allocated} bytes)")
    else:
        hits += 1
    s = struct_new()
    s.references = 1
    s.data = data
    s.nbytes = nbytes
    s.bucket = bucket
    s.version = 0
    s.changed_by = NULL
    s.owner = NULL
    s.readonly = False
    s.born = storage_era
    allocated += rounded
    if allocated > peak:
        peak = allocated
    return s


cdef Storage* storage_wrap(void* data, size_t nbytes, object owner) except NULL:
    cdef Storage* s = struct_new()
    s.references = 1
    s.data = <char*>data
    s.nbytes = nbytes
    s.bucket = -1
    s.version = 0
    s.changed_by = NULL
    s.owner = NULL
    s.readonly = False
    s.born = storage_era
    if owner is not None:
        Py_INCREF(owner)
        s.owner = <PyObject*>owner
    return s


cdef void storage_release(Storage* s) noexcept:
    global spare, allocated
    cdef size_t rounded
    cdef PyObject* owner
    s.references -= 1
    if s.references > 0:
        return
    owner = s.owner
    if s.bucket >= 0:
        ct_bucket_of(s.nbytes, &rounded)
        ct_cache_put(s.data, s.bucket, rounded)
        allocated -= rounded
    s.data = <char*>spare
    spare = s
    if owner != NULL:
        Py_DECREF(<object>owner)


def empty_cache():
    """Give the cached blocks of the CPU allocator back to the system.

    Returns
    -------
    int
        Bytes given back.
    """
    return ct_cache_release()


def set_cache_limit(size_t nbytes):
    """Keep at most `nbytes` bytes of freed tensors for reuse (default: 1 GiB)."""
    global ct_cache_limit
    ct_cache_limit = nbytes
    if ct_cache_held > nbytes:
        ct_cache_release()


def _fail_allocation(int64_t after):
    """Let one block be refused after so many new ones; for tests, which keep no cache meanwhile. -1: none."""
    global ct_fail_after
    ct_fail_after = after


def memory_stats():
    """Figures of the CPU allocator.

    Returns
    -------
    dict
        ``allocated``, ``peak`` and ``cached`` in bytes; ``hits`` and ``misses`` of the cache.
    """
    return {"allocated": allocated, "peak": peak, "cached": ct_cache_held, "hits": hits, "misses": misses}


def reset_peak_memory_stats():
    """Start the ``peak`` figure again from what is allocated now."""
    global peak
    peak = allocated
