"""Memory that processes share: anonymous pages, which children made by fork see, and which go with their last user."""
import mmap

from cpython.buffer cimport (PyBUF_WRITABLE, PyBuffer_Release,
                             PyObject_GetBuffer)
from libc.string cimport memcpy

from ctorch._storage cimport Storage, storage_release, storage_wrap
from ctorch._tensor cimport DEVICE_CPU, TensorBase, stride_tuple


cdef class SharedMemory:
    """Pages that this process and its children share; storages keep it."""

    cdef Py_buffer pages

    def __cinit__(self, size_t nbytes):
        PyObject_GetBuffer(mmap.mmap(-1, max(nbytes, 1)), &self.pages, PyBUF_WRITABLE)

    def __dealloc__(self):
        PyBuffer_Release(&self.pages)


def is_shared(TensorBase x not None):
    """Whether a tensor lies in shared memory; what is on a device can always be."""
    if x.device != DEVICE_CPU:
        return True
    return x.storage.owner != NULL and isinstance(<object>x.storage.owner, SharedMemory)


def share(TensorBase x not None):
    """Move a tensor's storage to shared memory, where it is not yet."""
    cdef Storage* old = x.storage
    cdef Storage* new
    cdef SharedMemory memory
    if is_shared(x):
        return
    if old.references > 1:
        raise RuntimeError(f"share_memory_(): {old.references - 1} other tensors are views of this memory (strides "
                           f"{stride_tuple(x)}) and would not move with it; share a clone, or make the views later")
    memory = SharedMemory(old.nbytes)
    new = storage_wrap(memory.pages.buf, old.nbytes, memory)
    memcpy(new.data, old.data, old.nbytes)
    new.version, new.changed_by = old.version, old.changed_by
    x.data = new.data + (x.data - old.data)
    x.storage = new
    storage_release(old)
