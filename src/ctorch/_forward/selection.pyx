"""Operators that choose elements: embedding, joining."""
from libc.stdint cimport int64_t

from ctorch._dispatch cimport cast_to, contiguous
from ctorch._dtype cimport *
from ctorch._forward.common cimport dense, float_compute, kernel_error, row_of
from ctorch._iterator cimport copy_data
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.embedding cimport EmbeddingKernels
from ctorch._tensor cimport *
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

cdef TensorBase cat_forward(list tensors, int dim):
    """Tensors joined along a dimension; not recorded."""
    cdef TensorBase first = <TensorBase>tensors[0], t, out, v
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t at = 0
    cdef int i, dtype = first.dtype
    for t in tensors:
        dtype = promote(dtype, t.dtype)
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
