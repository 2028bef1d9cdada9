"""Operators that choose elements: embedding, joining."""
from libc.stdint cimport int64_t

from ctorch._dispatch cimport cast_to, contiguous
from ctorch._dtype cimport *
from ctorch._forward.common cimport dense, float_compute, kernel_error, row_of
from ctorch._iterator cimport copy_data
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.embedding cimport EmbeddingKernels
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

cdef TensorBase embedding_forward(TensorBase weight, TensorBase indices, int64_t padding_idx):
    cdef EmbeddingKernels* k = load_embedding()
    cdef TensorBase w = contiguous(weight), i, y
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t bad = 0
    cdef int d, code
    if weight.ndim != 2:
        raise RuntimeError(f"'weight' must be 2-D, got {list(shape_tuple(weight))}")
    if indices.dtype != INT64 and indices.dtype != INT32:
        raise RuntimeError("Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, "
                           f"Int; but got torch.{dtype_title(indices.dtype)}Tensor instead (while checking "
                           "arguments for "
                           "embedding)")
    i = dense(indices, INT64)
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


# ---- joining

cdef extern from "copy.h" nogil:
    void ct_copy_rows(char* to, const char* frm, int64_t rows, int64_t bytes, int64_t to_row, int64_t from_row)

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
            ct_copy_rows(to, j.parts[k].data + i * j.parts[k].bytes, 1, j.parts[k].bytes, 0, 0)
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
    out = tensor_empty_at(first, dtype, first.ndim, shape)
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
