# Tensors with hidden dimensions in front, one per level of vmap: their memory, and views of it that show them.
from cpython.object cimport PyObject
from libc.stdint cimport int64_t

from ctorch._storage cimport Storage
from ctorch._tensor cimport TensorBase

cdef enum:
    MAX_LEVELS = 8

cdef class Levels:
    cdef int n
    cdef int64_t number[8]           # ascending; no two calls of vmap have the same
    cdef int64_t size[8]

cdef class Batch:                    # owner of the storage of a batched tensor
    cdef Levels levels
    cdef int64_t stride[8]           # bytes from one example to the next, by level
    cdef Storage* memory
    cdef int device                  # where the memory is
    cdef int device_index

cdef inline Batch batch_of(TensorBase x):
    return <Batch>x.storage.owner

cdef inline Levels levels_of(TensorBase x):
    return (<Batch>x.storage.owner).levels

cdef Levels level_with(Levels others, int64_t number, int64_t size)
cdef int level_place(Levels levels, int64_t number) noexcept
cdef Levels common_levels(int n, PyObject** inputs)
cdef int place_of_batch(TensorBase x, int* index) noexcept
cdef Storage* memory_of(TensorBase x) noexcept
cdef TensorBase batched_like(Levels levels, TensorBase place, int dtype, int ndim, const int64_t* shape,
                             const int64_t* strides)
cdef TensorBase empty_for(list tensors, int dtype, int ndim, const int64_t* shape)
cdef TensorBase real_tensor(TensorBase x)
cdef TensorBase real_in(TensorBase x, Levels levels, int ndim)
cdef TensorBase real_target(TensorBase to, int n, PyObject** inputs)
cdef TensorBase wrapped(TensorBase real, Levels levels)
cdef TensorBase enter_level(TensorBase x, int dim, int64_t number, int64_t size, int64_t stride)
cdef TensorBase leave_level(TensorBase x, int k, int dim)
cdef TensorBase first_batched(int n, PyObject** inputs)

# The levels that are open in this thread
cdef bint level_is_open(int64_t number) noexcept
