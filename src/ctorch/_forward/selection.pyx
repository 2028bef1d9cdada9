"""Operators that choose elements: gather, embedding, joining."""
from libc.stdint cimport int64_t

from ctorch._dispatch cimport cast_to, contiguous, unsupported
from ctorch._dtype cimport *
from ctorch._forward.common cimport dense, float_compute, kernel_error, row_of
from ctorch._iterator cimport copy_data
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.embedding cimport EmbeddingKernels
from ctorch._tensor cimport *
from ctorch._views cimport zeros_at
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


# ---- gather

cdef int check_index(TensorBase x, int dim, TensorBase index, str op) except -1:
    cdef int i
    if index.dtype != INT64 and index.dtype != INT32:
        raise RuntimeError(f"{op}(): Expected dtype int32/int64 for index")
    if index.ndim != x.ndim and not (index.ndim <= 1 and x.ndim <= 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    for i in range(x.ndim if x.ndim == index.ndim else 0):
        if i != dim and index.shape[i] > x.shape[i]:
            raise RuntimeError(f"Size does not match at dimension {i} expected index {list(shape_tuple(index))} to be "
                               f"no larger than self {list(shape_tuple(x))} apart from dimension {dim}")
    return 0


cdef int64_t* offsets_along(TensorBase x, int dim, TensorBase index, TensorBase out, str op) except? NULL:
    # Element offsets in contiguous x for every index, in `out` (int64, contiguous, like index).
    cdef int64_t* to = <int64_t*>out.data
    cdef TensorBase idx = dense(index, INT64)
    cdef int64_t* p = <int64_t*>idx.data
    cdef int64_t position[MAX_DIMS]
    cdef int64_t i, v, base, size = x.shape[dim] if x.ndim else 1
    cdef int d, n = index.ndim
    for d in range(n):
        position[d] = 0
    for i in range(index.numel):
        v = p[i]
        if v < 0 or v >= size:
            raise RuntimeError(f"index {v} is out of bounds for dimension {dim} with size {size}")
        base = 0
        if x.ndim:
            for d in range(n):
                base += (v if d == dim else position[d]) * x.strides[d]
        to[i] = base
        d = n - 1
        while d >= 0:
            position[d] += 1
            if position[d] < index.shape[d]:
                break
            position[d] = 0
            d -= 1
    return to


cdef TensorBase gather_forward(TensorBase x, int dim, TensorBase index):
    if index.numel == 0:
        return tensor_empty(x.dtype, index.ndim, index.shape)
    check_index(x, dim, index, "gather")
    cdef TensorBase a = contiguous(x), y = tensor_empty(x.dtype, index.ndim, index.shape)
    cdef TensorBase where = tensor_empty(INT64, index.ndim, index.shape)
    cdef int64_t* offsets = offsets_along(a, dim, index, where, "gather")
    cdef int64_t i
    cdef int size = itemsize_of[x.dtype]
    for i in range(index.numel):
        memcpy(y.data + i * size, a.data + offsets[i] * size, size)
    return y


cdef void add_at(ordered* to, const ordered* frm, const int64_t* offsets, int64_t n) noexcept nogil:
    cdef int64_t i
    for i in range(n):
        to[offsets[i]] += frm[i]


cdef TensorBase scatter_add_forward(TensorBase grad, int dim, TensorBase index, object shape):
    """Zeros of `shape` with grad added at the places that gather would read."""
    cdef int64_t sizes[MAX_DIMS]
    cdef int i, dtype = FLOAT32 if grad.dtype in (FLOAT16, BFLOAT16) else grad.dtype
    cdef TensorBase g = dense(grad, dtype), out, where
    cdef int64_t* offsets
    for i in range(len(shape)):
        sizes[i] = shape[i]
    out = zeros_at(g, dtype, len(shape), sizes)
    if index.numel == 0:
        return cast_to(out, grad.dtype)
    where = tensor_empty(INT64, index.ndim, index.shape)
    offsets = offsets_along(out, dim, index, where, "scatter_add")
    if dtype == FLOAT32:
        add_at[float](<float*>out.data, <float*>g.data, offsets, index.numel)
    elif dtype == FLOAT64:
        add_at[double](<double*>out.data, <double*>g.data, offsets, index.numel)
    elif dtype == INT64:
        add_at[int64_t](<int64_t*>out.data, <int64_t*>g.data, offsets, index.numel)
    elif dtype == INT32:
        add_at[int](<int*>out.data, <int*>g.data, offsets, index.numel)
    else:
        unsupported(b"scatter_add", dtype)
    return cast_to(out, grad.dtype)


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
