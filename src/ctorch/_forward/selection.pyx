"""Operators that choose elements: embedding, bags of embeddings, joining."""
from libc.stdint cimport int64_t

from ctorch._batched cimport empty_for
from ctorch._dispatch cimport cast_to, contiguous
from ctorch._dtype cimport *
from ctorch._forward.common cimport dense, float_compute, kernel_error, row_of
from ctorch._iterator cimport copy_data
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.embedding cimport *
from ctorch._parallel cimport parallel_for
from ctorch._tensor cimport *
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

cdef EmbeddingKernels* embedding_kernels = NULL

ctypedef fused ordered:
    float
    double
    int
    int64_t


cdef EmbeddingKernels* load_embedding() except NULL:
    global embedding_kernels
    if embedding_kernels == NULL:
        embedding_kernels = <EmbeddingKernels*>kernel_table("embedding")
    return embedding_kernels


# ---- embedding

cdef TensorBase row_numbers(TensorBase indices, str op):
    if indices.dtype != INT64 and indices.dtype != INT32:
        raise RuntimeError("Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, "
                           f"Int; but got torch.{dtype_title(indices.dtype)}Tensor instead (while checking arguments "
                           f"for {op})")
    return dense(indices, INT64)


cdef TensorBase embedding_forward(TensorBase weight, TensorBase indices, int64_t padding_idx):
    cdef EmbeddingKernels* k = load_embedding()
    cdef TensorBase w = contiguous(weight), i, y
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t bad = 0
    cdef int d, code
    if weight.ndim != 2:
        raise RuntimeError(f"'weight' must be 2-D, got {list(shape_tuple(weight))}")
    i = row_numbers(indices, "embedding")
    for d in range(indices.ndim):
        shape[d] = indices.shape[d]
    shape[indices.ndim] = weight.shape[1]
    y = tensor_empty(weight.dtype, indices.ndim + 1, shape)
    with nogil:
        code = k.gather(w.data, w.shape[0], w.shape[1] * itemsize_of[w.dtype], <int64_t*>i.data, i.numel, y.data, &bad)
    if code == 1:
        raise IndexError(f"index out of range in self: embedding: index {bad} is not below {weight.shape[0]}")
    return y


cdef TensorBase embedding_backward_forward(TensorBase grad, TensorBase indices, int64_t rows, int64_t padding_idx):
    cdef EmbeddingKernels* k = load_embedding()
    cdef int dtype = float_compute(grad, b"embedding"), code
    cdef TensorBase g = dense(grad, dtype), i = dense(indices, INT64), gw
    cdef int64_t shape[2]
    shape[0], shape[1] = rows, grad.shape[grad.ndim - 1]
    gw = tensor_empty(dtype, 2, shape)
    with nogil:
        code = k.backward[row_of(dtype)](g.data, <int64_t*>i.data, i.numel, shape[0], shape[1], padding_idx, False,
                                         gw.data)
    kernel_error(code, "embedding")
    return cast_to(gw, grad.dtype)


# ---- bags

cdef int fill_bags(Bags* b, TensorBase indices, TensorBase offsets, TensorBase weights, int64_t padding_idx,
                   bint include_last_offset) except -1:
    """What all of these know of the bags: int64 indices of one dimension with offsets, or of two; dense weights."""
    cdef const int64_t* at = NULL
    cdef int64_t i
    b.indices, b.count, b.offsets = <const int64_t*>indices.data, indices.numel, NULL
    b.padding_idx, b.weights = padding_idx, NULL if weights is None else weights.data
    if offsets is None:
        b.bags, b.size = indices.shape[0], indices.shape[1]
        return 0
    b.offsets, b.given = <const int64_t*>offsets.data, offsets.numel
    b.bags = b.given - 1 if include_last_offset else b.given
    if b.bags < 0:
        raise RuntimeError("include_last_offset: number of offsets should be at least 1")
    at = b.offsets
    if b.given and at[0] != 0:
        raise RuntimeError("offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from "
                           f"position 0. However, got {at[0]}")
    for i in range(1, b.given):
        if at[i] < at[i - 1]:
            raise RuntimeError(f"offsets must not decrease, but offset {i} is {at[i]} after {at[i - 1]}")
    if b.given and at[b.given - 1] > b.count:
        raise RuntimeError(f"offsets[-1] can not be greater than input's length({b.count}) but got offsets[-1] of "
                           f"{at[b.given - 1]}")
    return 0


cdef int dtype_of_rows(TensorBase weight, Bags* b) except -1:
    # The dtype that is computed in; halves are read as they are.
    cdef int dtype = float_compute(weight, b"embedding_bag")
    b.rows = ROWS_FLOAT16 if weight.dtype == FLOAT16 else ROWS_BFLOAT16 if weight.dtype == BFLOAT16 else ROWS_DENSE
    b.vocabulary, b.width = weight.shape[0], weight.shape[1]
    return dtype


cdef int outside(Bags* b) except -1:
    cdef int64_t i
    for i in range(b.count):
        if not 0 <= b.indices[i] < b.vocabulary:
            raise RuntimeError(f"embedding_bag: Index {i} of input takes value {b.indices[i]} which is not in the "
                               f"valid range [0, {b.vocabulary})")
    return 0


cdef object each_bag(TensorBase weight, TensorBase indices, TensorBase offsets, TensorBase factors,
                     int64_t padding_idx, bint include_last_offset, int mode):
    """Each bag's sum, mean or maximum, and of maxima the numbers of the rows that they are from."""
    cdef EmbeddingKernels* k = load_embedding()
    cdef Bags b
    cdef int dtype = dtype_of_rows(weight, &b), code
    cdef TensorBase w = contiguous(weight), i = row_numbers(indices, "embedding_bag"), y, places = None
    cdef TensorBase o = None if offsets is None else dense(offsets, INT64)
    cdef TensorBase f = None if factors is None else dense(factors, dtype)
    cdef int64_t shape[2]
    fill_bags(&b, i, o, f, padding_idx, include_last_offset)
    shape[0], shape[1] = b.bags, b.width
    y = tensor_empty(dtype, 2, shape)
    b.table, b.mode, b.y, b.places = w.data, mode, y.data, NULL
    if mode == BAGS_MAX:
        places = tensor_empty(INT64, 2, shape)
        b.places = <int64_t*>places.data
    with nogil:
        code = k.bags[row_of(dtype)](&b)
    if code == 1:
        outside(&b)
    return cast_to(y, weight.dtype), places


cdef TensorBase embedding_bag_forward(TensorBase weight, TensorBase indices, TensorBase offsets,
                                      TensorBase per_sample_weights, bint mean, int64_t padding_idx,
                                      bint include_last_offset):
    return each_bag(weight, indices, offsets, per_sample_weights, padding_idx, include_last_offset,
                    BAGS_MEAN if mean else BAGS_SUM)[0]


cdef object embedding_bag_max_forward(TensorBase weight, TensorBase indices, TensorBase offsets, int64_t padding_idx,
                                      bint include_last_offset):
    return each_bag(weight, indices, offsets, None, padding_idx, include_last_offset, BAGS_MAX)


cdef TensorBase embedding_bag_backward_forward(TensorBase grad, TensorBase indices, TensorBase offsets,
                                               TensorBase per_sample_weights, int64_t rows, bint mean,
                                               int64_t padding_idx, bint include_last_offset):
    cdef EmbeddingKernels* k = load_embedding()
    cdef Bags b
    cdef int dtype = float_compute(grad, b"embedding_bag")
    cdef TensorBase g = dense(grad, dtype), i = dense(indices, INT64), gw
    cdef TensorBase o = None if offsets is None else dense(offsets, INT64)
    cdef TensorBase f = None if per_sample_weights is None else dense(per_sample_weights, dtype)
    cdef int64_t shape[2]
    fill_bags(&b, i, o, f, padding_idx, include_last_offset)
    shape[0], shape[1] = rows, grad.shape[1]
    gw = tensor_empty(dtype, 2, shape)
    b.vocabulary, b.width, b.mode, b.y, b.gw = rows, shape[1], BAGS_MEAN if mean else BAGS_SUM, g.data, gw.data
    with nogil:
        k.bags_backward[row_of(dtype)](&b)
    return cast_to(gw, grad.dtype)


cdef TensorBase embedding_bag_weights_forward(TensorBase grad, TensorBase weight, TensorBase indices,
                                              TensorBase offsets, int64_t padding_idx, bint include_last_offset):
    cdef EmbeddingKernels* k = load_embedding()
    cdef Bags b
    cdef int dtype = dtype_of_rows(weight, &b)
    cdef TensorBase g = dense(grad, dtype), w = contiguous(weight), i = dense(indices, INT64)
    cdef TensorBase o = None if offsets is None else dense(offsets, INT64)
    cdef TensorBase factors = tensor_empty(dtype, indices.ndim, indices.shape)
    fill_bags(&b, i, o, None, padding_idx, include_last_offset)
    b.table, b.y, b.factors = w.data, g.data, factors.data
    with nogil:
        k.bags_weights[row_of(dtype)](&b)
    return cast_to(factors, weight.dtype)


# ---- joining

cdef enum:
    JOIN_CHUNK = 65536               # bytes that one task writes


cdef struct Part:
    const char* data
    int64_t bytes                    # of a row

cdef struct Joined:
    Part* parts
    int count
    char* to
    int64_t rows, bytes, group


cdef void join_chunk(void* arg, int64_t chunk) noexcept nogil:
    cdef Joined* j = <Joined*>arg
    cdef int64_t i, end = (chunk + 1) * j.group
    cdef int k
    cdef char* to
    for i in range(chunk * j.group, end if end < j.rows else j.rows):
        to = j.to + i * j.bytes
        for k in range(j.count):
            memcpy(to, j.parts[k].data + i * j.parts[k].bytes, j.parts[k].bytes)
            to += j.parts[k].bytes


cdef bint join_rows(list tensors, TensorBase out, int dim) except -1:
    """Dense tensors of one dtype, row by row, so that the result is written in its order; False if they are others."""
    cdef TensorBase t
    cdef Joined j
    cdef int64_t chunks
    cdef int i, size = itemsize_of[out.dtype]
    j.rows, j.count, j.to = 1, 0, out.data
    for i in range(dim):
        j.rows *= out.shape[i]
    # short pieces of many rows are better copied a tensor at a time, and large tensors by several threads
    if out.device != DEVICE_CPU or out.numel == 0 or (
            out.numel * size > JOIN_CHUNK if j.rows == 1 else out.numel * size < 1024 * j.rows * len(tensors)):
        return False
    for t in tensors:
        if not t.contiguous or t.dtype != out.dtype or t.device != DEVICE_CPU:
            return False
    j.parts = <Part*>malloc(len(tensors) * sizeof(Part))
    if j.parts == NULL:
        raise MemoryError("cat: out of memory")
    j.bytes = out.numel // j.rows * size
    for t in tensors:
        if t.numel:
            j.parts[j.count].data, j.parts[j.count].bytes = t.data, t.numel // j.rows * size
            j.count += 1
    j.group = JOIN_CHUNK // j.bytes + 1
    chunks = (j.rows + j.group - 1) // j.group
    if chunks > 2:
        with nogil:
            parallel_for(join_chunk, &j, chunks)
    else:
        for i in range(chunks):
            join_chunk(&j, i)
    free(j.parts)
    return True


cdef TensorBase cat_forward(list tensors, int dim, int dtype):
    """Tensors joined along a dimension, in a dtype that they all promote to; not recorded."""
    cdef TensorBase first = <TensorBase>tensors[0], t, out, v
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t at = 0
    cdef int i
    for t in tensors:
        if t.ndim != first.ndim:
            raise RuntimeError(f"Tensors must have same number of dimensions: got {first.ndim} and {t.ndim}")
        for i in range(t.ndim):
            if i != dim and t.shape[i] != first.shape[i]:
                raise RuntimeError(f"Sizes of tensors must match except in dimension {dim}. Expected size "
                                   f"{first.shape[i]} but got size {t.shape[i]} for tensor number "
                                   f"{position_of(tensors, t)} in the list.")
        at += t.shape[dim]
    memcpy(shape, first.shape, first.ndim * sizeof(int64_t))
    shape[dim] = at
    out = empty_for(tensors, dtype, first.ndim, shape)
    if join_rows(tensors, out, dim):
        return out
    at = 0
    for t in tensors:
        v = tensor_view(out, out.ndim, t.shape, out.strides, out.data + at * out.strides[dim] * itemsize_of[dtype])
        copy_data(v, t)
        at += t.shape[dim]
    return out


cdef int position_of(list tensors, TensorBase t) except -1:
    for i, other in enumerate(tensors):
        if other is t:
            return i
    return 0
