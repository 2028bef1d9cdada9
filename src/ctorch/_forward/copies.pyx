"""Copies in another order: triangles of matrices, dimensions in reverse, elements repeated, borders."""
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
    cdef TensorBase a = contiguous(x), y = a if a is not x else tensor_empty(x.dtype, x.ndim, x.shape)
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


# ---- borders

cdef enum:
    REFLECT
    REPLICATE
    CIRCULAR


cdef struct Box:
    # Part of a result and where its elements come from; strides in bytes.
    int ndim
    int64_t shape[MAX_DIMS]
    char* to
    const char* frm
    int64_t to_strides[MAX_DIMS]
    int64_t from_strides[MAX_DIMS]


cdef int copy_box(Box* b, int size) except -1:
    cdef Loop loop
    cdef int i
    loop_init(&loop, b.ndim, b.shape, 1, NULL, NULL)
    if loop.numel == 0:
        return 0
    loop.operands = 2
    loop.operand[0].data, loop.operand[1].data = b.to, <char*>b.frm
    for i in range(b.ndim):
        loop.operand[0].strides[i], loop.operand[1].strides[i] = b.to_strides[i], b.from_strides[i]
    return copy_strided(&loop, size)


cdef int check_border(TensorBase x, int d, int64_t before, int64_t after, int64_t mode) except -1:
    cdef int64_t n = x.shape[d]
    if mode == REFLECT and (before >= n or after >= n):
        raise RuntimeError("Argument #4: Padding size should be less than the corresponding input dimension, but got: "
                           f"padding ({before}, {after}) at dimension {d} of input {list(shape_tuple(x))}")
    if mode == CIRCULAR and (before > n or after > n):
        raise RuntimeError("Padding value causes wrapping around more than once.")
    if n == 0 and before + after:
        raise RuntimeError(f"Expected dimension {d} of the input to be non-zero, but got {list(shape_tuple(x))}")
    return 0


cdef int border(Box* b, int d, char* at, int64_t n, int64_t before, int64_t after, int64_t mode, int size) except -1:
    # Both ends of a dimension, from the n elements between them, which begin at `at`.
    cdef int64_t step = b.to_strides[d], whole = b.shape[d]
    if mode == REFLECT:
        b.from_strides[d] = -step
    elif mode == REPLICATE:
        b.from_strides[d] = 0
    b.shape[d] = before
    b.to = at - before * step
    b.frm = at + (before if mode == REFLECT else 0 if mode == REPLICATE else n - before) * step
    copy_box(b, size)
    b.shape[d] = after
    b.to = at + n * step
    b.frm = at + (n - 2 if mode == REFLECT else n - 1 if mode == REPLICATE else 0) * step
    copy_box(b, size)
    b.shape[d], b.from_strides[d] = whole, step
    return 0


cdef TensorBase pad_edges_forward(TensorBase x, object pad, int64_t mode):
    """x with borders of its own elements; the last dimension's pair of sizes first, none below zero."""
    cdef TensorBase y
    cdef Box b
    cdef int64_t before[MAX_DIMS]
    cdef int64_t after[MAX_DIMS]
    cdef int64_t shape[MAX_DIMS]
    cdef int i, d, size = itemsize_of[x.dtype], pairs = len(pad) // 2
    cdef char* at
    for i in range(x.ndim):
        d = x.ndim - 1 - i
        before[d] = pad[2 * i] if i < pairs else 0
        after[d] = pad[2 * i + 1] if i < pairs else 0
        if i < pairs:
            check_border(x, d, before[d], after[d], mode)
        shape[d] = before[d] + x.shape[d] + after[d]
    y = tensor_empty(x.dtype, x.ndim, shape)
    b.ndim, b.frm, at = x.ndim, x.data, y.data
    for i in range(x.ndim):
        b.shape[i] = x.shape[i]
        b.to_strides[i], b.from_strides[i] = y.strides[i] * size, x.strides[i] * size
        at += before[i] * b.to_strides[i]
    b.to = at
    copy_box(&b, size)
    for i in range(x.ndim):
        b.from_strides[i] = b.to_strides[i]
    for d in range(x.ndim - 1, x.ndim - 1 - pairs, -1):
        border(&b, d, at, x.shape[d], before[d], after[d], mode, size)
        b.shape[d] = shape[d]
        at -= before[d] * b.to_strides[d]
    return y
