"""Copies in another order: triangles of matrices, dimensions in reverse, elements repeated."""
from libc.stdint cimport int64_t
from libc.string cimport memcpy

from ctorch._dispatch cimport contiguous
from ctorch._dtype cimport *
from ctorch._forward.common cimport dense
from ctorch._forward.indexing cimport load_along, word_of
from ctorch._iterator cimport Loop, Operand, copy_strided, loop_add, loop_init
from ctorch._kernels.along cimport *
from ctorch._parallel cimport parallel_for
from ctorch._shape cimport wrap_dim
from ctorch._tensor cimport *

cdef enum:
    CHUNK = 32768                     # elements that one task copies


cdef int each_group(void (*fn)(void*, int64_t) noexcept nogil, void* job, int64_t lines, int64_t group) except -1:
    cdef int64_t chunks = (lines + group - 1) // group
    if chunks == 1:
        fn(job, 0)
    else:
        with nogil:
            parallel_for(fn, job, chunks)
    return 0


cdef struct Triangle:
    AlongKernels* kernels
    const char* x
    char* to
    int64_t rows, columns, diagonal
    int64_t matrices
    int64_t group                    # rows to a chunk
    int size
    bint lower


cdef void triangle_chunk(void* arg, int64_t chunk) noexcept nogil:
    cdef Triangle* t = <Triangle*>arg
    cdef int64_t at = chunk * t.group, end = at + t.group, row, n, width = t.columns * t.size
    if end > t.matrices * t.rows:
        end = t.matrices * t.rows
    while at < end:
        row = at % t.rows
        n = t.rows - row if t.rows - row < end - at else end - at
        t.kernels.triangle(t.x + at * width, t.to + at * width, n, t.columns, row, t.diagonal, t.lower, t.size)
        at += n


cdef TensorBase triangle_forward(TensorBase x, int64_t diagonal, bint lower):
    cdef TensorBase a = contiguous(x), y = tensor_empty(x.dtype, x.ndim, x.shape)
    cdef Triangle t
    if x.numel == 0:
        return y
    t.kernels, t.x, t.to, t.diagonal, t.lower = load_along(), a.data, y.data, diagonal, lower
    t.rows, t.columns, t.size = x.shape[x.ndim - 2], x.shape[x.ndim - 1], itemsize_of[x.dtype]
    t.matrices = x.numel // (t.rows * t.columns)
    t.group = CHUNK // t.columns + 1
    each_group(triangle_chunk, &t, t.matrices * t.rows, t.group)
    return y


cdef TensorBase flip_forward(TensorBase x, object dims):
    cdef TensorBase y = tensor_empty(x.dtype, x.ndim, x.shape)
    cdef Loop loop
    cdef Operand* frm = &loop.operand[1]
    cdef bint backward[MAX_DIMS]
    cdef int i
    for i in range(x.ndim):
        backward[i] = False
    for d in dims:
        i = wrap_dim(d, x.ndim, "flip")
        if x.ndim and backward[i]:
            raise RuntimeError(f"dim {i} appears multiple times in the list of dims")
        if x.ndim:
            backward[i] = True
    if x.numel == 0:
        return y
    loop_init(&loop, x.ndim, x.shape, 1, NULL, NULL)
    loop_add(&loop, y, y.dtype)
    loop_add(&loop, x, x.dtype)
    for i in range(x.ndim):
        if backward[i]:
            frm.data += (x.shape[i] - 1) * frm.strides[i]
            frm.strides[i] = -frm.strides[i]
    copy_strided(&loop, itemsize_of[x.dtype])
    return y


cdef struct Repeat:
    AlongKernels* kernels
    const char* x
    char* to
    int64_t blocks, group
    int64_t length, times
    int word, size


cdef void repeat_chunk(void* arg, int64_t chunk) noexcept nogil:
    cdef Repeat* r = <Repeat*>arg
    cdef int64_t first = chunk * r.group, end = first + r.group, bytes = r.length * r.size, i, k
    if end > r.blocks:
        end = r.blocks
    if r.length == 1:
        r.kernels.again[r.word](r.x + first * r.size, r.to + first * r.times * r.size, end - first, r.times)
        return
    for i in range(first, end):
        for k in range(r.times):
            memcpy(r.to + (i * r.times + k) * bytes, r.x + i * bytes, bytes)


cdef TensorBase repeat_each_forward(TensorBase x, int dim, int64_t times):
    """Each index of a dimension, `times` times."""
    cdef TensorBase a = contiguous(x), y
    cdef Repeat r
    cdef int64_t shape[MAX_DIMS]
    cdef int i
    for i in range(x.ndim):
        shape[i] = x.shape[i]
    shape[dim] *= times
    y = tensor_empty(x.dtype, x.ndim, shape)
    if y.numel == 0:
        return y
    r.kernels, r.x, r.to, r.times = load_along(), a.data, y.data, times
    r.size, r.word, r.length = itemsize_of[x.dtype], word_of(x.dtype), 1
    for i in range(dim + 1, x.ndim):
        r.length *= x.shape[i]
    r.blocks = x.numel // r.length
    r.group = CHUNK // (r.length * times) + 1
    each_group(repeat_chunk, &r, r.blocks, r.group)
    return y


cdef TensorBase repeat_places_forward(TensorBase repeats):
    cdef TensorBase r = dense(repeats, INT64), y
    cdef const int64_t* count = <const int64_t*>r.data
    cdef int64_t total = 0, i, k = 0
    cdef int64_t* to
    for i in range(r.numel):
        if count[i] < 0:
            raise RuntimeError("repeats can not be negative")
        total += count[i]
    y = tensor_empty(INT64, 1, &total)
    to = <int64_t*>y.data
    for i in range(r.numel):
        for _ in range(count[i]):
            to[k] = i
            k += 1
    return y
