"""Tensors with hidden dimensions in front, one per level of vmap.

A batched tensor looks like one example: shape, strides and data are those of the first. Its storage is owned by a
`Batch`, which knows the memory behind it and how far the examples lie apart, so that a view of the tensor needs no rule
of its own. Operators run on the real tensors, which show the hidden dimensions, and wrap what comes out.
"""
cimport cython
from cpython.object cimport PyObject
from cpython.sequence cimport PySequence_Fast_ITEMS
from libc.string cimport memcpy

from ctorch._dtype cimport itemsize_of
from ctorch._storage cimport storage_release, storage_retain, storage_wrap
from ctorch._tensor cimport *

cdef extern from *:
    """
    #include <sched.h>
    typedef struct { int64_t number, size; int randomness; } ct_level;
    static __thread ct_level ct_open[64];
    static __thread int ct_depth = 0;
    """
    ctypedef struct ct_level:
        int64_t number, size
        int randomness
    ct_level* ct_open
    int ct_depth

cdef int64_t opened = 0
cdef tuple RANDOMNESS = ("error", "different", "same")


# ---- levels

@cython.freelist(32)
@cython.no_gc
cdef class Levels:
    """Which levels a tensor is batched at, and the sizes of the hidden dimensions."""

    def __repr__(self):
        return f"Levels({[(self.number[i], self.size[i]) for i in range(self.n)]})"


cdef int level_place(Levels levels, int64_t number) noexcept:
    # Which of the hidden dimensions belongs to a level; -1 where none does.
    cdef int i
    for i in range(levels.n):
        if levels.number[i] == number:
            return i
    return -1


cdef Levels level_with(Levels others, int64_t number, int64_t size):
    # Those levels, of which there may be none, and one more.
    cdef Levels r = Levels.__new__(Levels)
    cdef int i = 0, n = 0 if others is None else others.n
    if n == MAX_LEVELS:
        raise NotImplementedError(f"vmap: tensors are batched at most {MAX_LEVELS} times")
    while i < n and others.number[i] < number:
        r.number[i], r.size[i] = others.number[i], others.size[i]
        i += 1
    r.number[i], r.size[i] = number, size
    r.n = n + 1
    while i < n:
        r.number[i + 1], r.size[i + 1] = others.number[i], others.size[i]
        i += 1
    return r


cdef Levels level_without(Levels levels, int k):
    # Those levels but the k-th; None where that was all.
    cdef Levels r
    cdef int i
    if levels.n == 1:
        return None
    r = Levels.__new__(Levels)
    r.n = levels.n - 1
    for i in range(r.n):
        r.number[i], r.size[i] = levels.number[i + (i >= k)], levels.size[i + (i >= k)]
    return r


cdef Levels common_levels(int n, PyObject** inputs):
    # The levels of all inputs together; None where no input is batched.
    cdef Levels r = None, own
    cdef TensorBase t
    cdef int k, i
    for k in range(n):
        t = <TensorBase>inputs[k]
        if t.device != DEVICE_BATCHED:
            continue
        own = levels_of(t)
        if r is None or r is own:
            r = own
            continue
        for i in range(own.n):
            if level_place(r, own.number[i]) < 0:
                r = level_with(r, own.number[i], own.size[i])
    return r


cdef TensorBase first_batched(int n, PyObject** inputs):
    cdef int k
    for k in range(n):
        if (<TensorBase>inputs[k]).device == DEVICE_BATCHED:
            return <TensorBase>inputs[k]
    return None


# ---- memory

@cython.freelist(64)
@cython.no_gc
cdef class Batch:
    """The memory of a batched tensor."""

    def __dealloc__(self):
        if self.memory != NULL:
            storage_release(self.memory)


cdef int place_of_batch(TensorBase x, int* index) noexcept:
    # The device on which x's values are in the end.
    if x.device != DEVICE_BATCHED:
        index[0] = x.device_index
        return x.device
    index[0] = batch_of(x).device_index
    return batch_of(x).device


cdef Storage* memory_of(TensorBase x) noexcept:
    if x.device == DEVICE_BATCHED:
        return batch_of(x).memory
    return x.storage


cdef TensorBase made(Batch b, int dtype, char* data, int ndim, const int64_t* shape, const int64_t* strides):
    # A batched tensor over b's memory; the storage spans one example, so that nothing reaches beyond it.
    cdef TensorBase t = tensor_alloc(ndim)
    cdef int64_t low = 0, high = 1, size = itemsize_of[dtype]
    cdef int i
    for i in range(ndim):
        t.shape[i], t.strides[i] = shape[i], strides[i]
        if strides[i] >= 0:
            high += (shape[i] - 1) * strides[i]
        else:
            low += (shape[i] - 1) * strides[i]
    tensor_set_geometry(t)
    t.storage = storage_wrap(data + low * size, (high - low) * size, b) if t.numel else storage_wrap(data, 0, b)
    t.storage.readonly = b.memory.readonly
    t.data = data
    t.dtype = dtype
    t.device = DEVICE_BATCHED
    return t


cdef Batch batch_over(TensorBase x, Levels levels):
    # A Batch of x's memory, its strides still to be told.
    cdef Batch b = Batch.__new__(Batch)
    b.levels = levels
    b.memory = memory_of(x)
    storage_retain(b.memory)
    b.device = place_of_batch(x, &b.device_index)
    return b


cdef TensorBase wrapped(TensorBase real, Levels levels):
    # The first dimensions of a tensor become hidden ones.
    cdef Batch b = batch_over(real, levels)
    cdef int i, n = levels.n
    for i in range(n):
        b.stride[i] = real.strides[i] * itemsize_of[real.dtype]
    return made(b, real.dtype, real.data, real.ndim - n, real.shape + n, real.strides + n)


cdef TensorBase batched_like(Levels levels, TensorBase place, int dtype, int ndim, const int64_t* shape,
                             const int64_t* strides):
    # Memory on the device of `place`; of the strides, where there are any, those of the examples are given.
    cdef int64_t sizes[MAX_DIMS]
    cdef int64_t steps[MAX_DIMS]
    cdef int64_t extent = 1
    cdef int i, n = levels.n, index, device = place_of_batch(place, &index)
    cdef TensorBase real
    if n + ndim > MAX_DIMS:
        raise RuntimeError(f"tensors have at most {MAX_DIMS} dimensions, got {n + ndim}")
    memcpy(sizes, levels.size, n * sizeof(int64_t))
    memcpy(sizes + n, shape, ndim * sizeof(int64_t))
    if strides == NULL:
        return wrapped(tensor_empty_on(device, index, dtype, n + ndim, sizes), levels)
    for i in range(ndim):
        steps[n + i] = strides[i]
        extent = 0 if shape[i] == 0 or extent == 0 else extent + (shape[i] - 1) * strides[i]
    for i in range(n - 1, -1, -1):
        steps[i] = extent
        extent *= sizes[i]
    real = tensor_empty_on(device, index, dtype, 1, &extent)
    return wrapped(tensor_view(real, n + ndim, sizes, steps, real.data), levels)


cdef TensorBase empty_for(list tensors, int dtype, int ndim, const int64_t* shape):
    # Contiguous memory for what is made of several tensors, on the device of the first.
    cdef PyObject** inputs = PySequence_Fast_ITEMS(tensors)
    cdef Levels levels = common_levels(<int>len(tensors), inputs)
    if levels is None:
        return tensor_empty_at(<TensorBase>inputs[0], dtype, ndim, shape)
    return batched_like(levels, <TensorBase>inputs[0], dtype, ndim, shape, NULL)


cdef TensorBase batched_hook(TensorBase place, int dtype, int ndim, const int64_t* shape, const int64_t* strides):
    return batched_like(levels_of(place), place, dtype, ndim, shape, strides)


tensor_hooks.batched = batched_hook


# ---- real tensors

cdef TensorBase plain_view(TensorBase x, int ndim, const int64_t* shape, const int64_t* strides):
    # x's memory as a tensor that is not batched.
    cdef TensorBase t = tensor_alloc(ndim)
    cdef int index
    t.device = place_of_batch(x, &index)
    t.device_index = index
    t.storage = memory_of(x)
    storage_retain(t.storage)
    t.data = x.data
    t.dtype = x.dtype
    memcpy(t.shape, shape, ndim * sizeof(int64_t))
    memcpy(t.strides, strides, ndim * sizeof(int64_t))
    tensor_set_geometry(t)
    return t


cdef int64_t hidden_stride(TensorBase x, int k) except? -1:
    # Elements between two examples of a level.
    cdef int64_t bytes = batch_of(x).stride[k]
    if bytes % itemsize_of[x.dtype]:
        raise RuntimeError("vmap: the examples of a tensor that was viewed in another dtype lie apart by no whole "
                           "number of its elements")
    return bytes // itemsize_of[x.dtype]


cdef TensorBase real_tensor(TensorBase x):
    # x with its hidden dimensions in front; x itself where there are none.
    return real_in(x, levels_of(x), 0) if x.device == DEVICE_BATCHED else x


cdef TensorBase real_in(TensorBase x, Levels levels, int ndim):
    # x with a dimension for each of some levels in front, and the example's made to be `ndim` at least; those that it
    # has not are of size 1. What is not batched is broadcast without.
    cdef int64_t shape[MAX_DIMS + MAX_LEVELS]
    cdef int64_t strides[MAX_DIMS + MAX_LEVELS]
    cdef int i, k, ahead = ndim - x.ndim if ndim > x.ndim else 0, n = levels.n
    cdef Levels own
    if x.device != DEVICE_BATCHED:
        return x
    own = levels_of(x)
    for i in range(n):
        k = i if own is levels else level_place(own, levels.number[i])
        shape[i] = own.size[k] if k >= 0 else 1
        strides[i] = hidden_stride(x, k) if k >= 0 else 0
    for i in range(ahead):
        shape[n + i], strides[n + i] = 1, 0
    memcpy(shape + n + ahead, x.shape, x.ndim * sizeof(int64_t))
    memcpy(strides + n + ahead, x.strides, x.ndim * sizeof(int64_t))
    return plain_view(x, n + ahead + x.ndim, shape, strides)


cdef TensorBase real_target(TensorBase to, int n, PyObject** inputs):
    # The real tensor behind one that is about to be changed in place by these.
    cdef Levels levels = levels_of(to) if to.device == DEVICE_BATCHED else None
    cdef Levels own
    cdef TensorBase t
    cdef int k, i
    for k in range(n):
        t = <TensorBase>inputs[k]
        if t.device != DEVICE_BATCHED or levels_of(t) is levels:
            continue
        own = levels_of(t)
        for i in range(own.n):
            if levels is None or level_place(levels, own.number[i]) < 0:
                raise RuntimeError(
                    "vmap: inplace arithmetic(self, *extra_args) is not possible because there exists a Tensor `other` "
                    "in extra_args that has more elements than `self`. This happened due to `other` being vmapped over "
                    "but `self` not being vmapped over in a vmap. Please try to use out-of-place operators instead of "
                    "inplace arithmetic.")
    if levels is None:
        return to
    for i in range(levels.n):
        if batch_of(to).stride[i] == 0 and levels.size[i] > 1 and to.numel:
            raise RuntimeError("unsupported operation: more than one element of the written-to tensor refers to a "
                               "single memory location. Please clone() the tensor before performing the operation.")
    if not to.untracked:
        memory_of(to).version += 1
    return real_tensor(to)


# ---- one level more or less; not recorded

cdef TensorBase enter_level(TensorBase x, int dim, int64_t number, int64_t size, int64_t stride):
    # x without a dimension (or, where dim is -1, with each of its elements for all examples): it belongs to a level.
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t strides[MAX_DIMS]
    cdef Levels others = levels_of(x) if x.device == DEVICE_BATCHED else None
    cdef Levels levels = level_with(others, number, size)
    cdef Batch b = batch_over(x, levels)
    cdef int i, k = 0, at = level_place(levels, number)
    for i in range(levels.n):
        if i != at:
            b.stride[i] = batch_of(x).stride[i - (i > at)]
    b.stride[at] = stride * itemsize_of[x.dtype]
    for i in range(x.ndim):
        if i != dim:
            shape[k], strides[k] = x.shape[i], x.strides[i]
            k += 1
    return made(b, x.dtype, x.data, k, shape, strides)


cdef TensorBase leave_level(TensorBase x, int k, int dim):
    # The k-th of x's hidden dimensions as a dimension of its own.
    cdef int64_t shape[MAX_DIMS + 1]
    cdef int64_t strides[MAX_DIMS + 1]
    cdef Levels levels = levels_of(x), rest = level_without(levels, k)
    cdef Batch b
    cdef int i
    for i in range(x.ndim + 1):
        if i == dim:
            shape[i], strides[i] = levels.size[k], hidden_stride(x, k)
        else:
            shape[i], strides[i] = x.shape[i - (i > dim)], x.strides[i - (i > dim)]
    if rest is None:
        return plain_view(x, x.ndim + 1, shape, strides)
    b = batch_over(x, rest)
    for i in range(rest.n):
        b.stride[i] = batch_of(x).stride[i + (i >= k)]
    return made(b, x.dtype, x.data, x.ndim + 1, shape, strides)


# ---- the levels that are open in this thread

cdef bint level_is_open(int64_t number) noexcept:
    cdef int i
    for i in range(ct_depth):
        if ct_open[i].number == number:
            return True
    return False


def open_level(int64_t size, str randomness="error"):
    """Opens a level of vmap in this thread; returns its number."""
    global ct_depth, opened
    if ct_depth == 64:
        raise RuntimeError("vmap: more than 64 levels in each other")
    opened += 1
    ct_open[ct_depth].number, ct_open[ct_depth].size = opened, size
    ct_open[ct_depth].randomness = RANDOMNESS.index(randomness)
    ct_depth += 1
    return opened


def close_level(int64_t number):
    """Closes the level that was opened last."""
    global ct_depth
    if ct_depth == 0 or ct_open[ct_depth - 1].number != number:
        raise RuntimeError("vmap: levels are closed in another order than they were opened")
    ct_depth -= 1


def open_levels():
    """Number, size and randomness of the levels that are open in this thread, outermost first."""
    return [(ct_open[i].number, ct_open[i].size, RANDOMNESS[ct_open[i].randomness]) for i in range(ct_depth)]


def is_batched(x):
    """True for a tensor with hidden dimensions."""
    return isinstance(x, TensorBase) and (<TensorBase>x).device == DEVICE_BATCHED


def levels(TensorBase x not None):
    """Numbers and sizes of the levels that a tensor is batched at."""
    if x.device != DEVICE_BATCHED:
        return ()
    cdef Levels own = levels_of(x)
    return tuple([(own.number[i], own.size[i]) for i in range(own.n)])


def union(tensors):
    """The levels of all batched tensors among some, and their sizes."""
    cdef dict found = {}
    for t in tensors:
        if is_batched(t):
            found.update(levels(t))
    return tuple(sorted(found.items()))


def real(TensorBase x not None, tuple union, bint whole=False):
    """The tensor behind a batched one, with the given levels in front.

    Dimensions of levels that it does not have are of size 1, or stretched where it must be `whole`.
    """
    cdef int64_t shape[MAX_DIMS + MAX_LEVELS]
    cdef int64_t strides[MAX_DIMS + MAX_LEVELS]
    cdef Levels own = levels_of(x) if x.device == DEVICE_BATCHED else None
    cdef int i = 0, k
    for number, size in union:
        k = -1 if own is None else level_place(own, number)
        shape[i] = size if k >= 0 or whole else 1
        strides[i] = hidden_stride(x, k) if k >= 0 else 0
        i += 1
    memcpy(shape + i, x.shape, x.ndim * sizeof(int64_t))
    memcpy(strides + i, x.strides, x.ndim * sizeof(int64_t))
    return plain_view(x, i + x.ndim, shape, strides)


def batched(TensorBase x not None, tuple union):
    """A real tensor with its first dimensions hidden in these levels."""
    cdef Levels levels = None
    for number, size in union:
        levels = level_with(levels, number, size)
    return wrapped(x, levels) if levels is not None else x


def target(TensorBase x not None, list tensors):
    """The tensor behind one that is about to be changed in place by these; refuses where they are of more examples."""
    cdef PyObject* inputs[1]
    cdef TensorBase to = x
    for t in tensors:
        inputs[0] = <PyObject*>t
        to = real_target(x, 1, inputs)
    return to
