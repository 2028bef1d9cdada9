"""x[...] and x[...] = v: ints, slices, None, Ellipsis, and index tensors of ints or bools.

The basic part of an index makes a view. One index tensor is a loop along its dimension; of several, the offsets of
all indexed positions are computed first, and the tensor is seen as rows that begin at each of its elements.
"""
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from cpython.slice cimport PySlice_Check
from libc.stdint cimport int64_t
from libc.string cimport memcpy

from ctorch._accelerator cimport backend, batching, device_of
from ctorch._batched cimport place_of_batch
from ctorch._dispatch cimport (OP_ADD, binary, cast_to, check_inplace, check_rebase, contiguous, fitting, need_fits,
                               number_tensor, write_out)
from ctorch._device cimport place_object
from ctorch._dtype cimport *
from ctorch._factories cimport tensor_from
from ctorch._forward.indexing cimport run_along
from ctorch._forward.masks cimport masked_fill_into, masked_select_forward, true_places, true_positions
from ctorch._iterator cimport copy_data
from ctorch._kernels.along cimport COMBINE_ADD
from ctorch._shape cimport broadcast_into
from ctorch._tape cimport Node, node_attach, node_edge, node_edge_shape, node_give, node_needs, node_new, recorded, \
    forward_rule, tape_ops
from ctorch._tensor cimport *
from ctorch._views cimport copy_, expand_to, permute_to, reshape_to, select, slice_dim, unsqueeze_at, zeros_at

from ctorch._forward.indexing import out_of_bounds

cdef extern from "Python.h":
    bint PyIndex_Check(object o)
    Py_ssize_t PyNumber_AsSsize_t(object o, object exc) except? -1
    int PySlice_Unpack(object s, Py_ssize_t* start, Py_ssize_t* stop, Py_ssize_t* step) except -1
    Py_ssize_t PySlice_AdjustIndices(Py_ssize_t length, Py_ssize_t* start, Py_ssize_t* stop, Py_ssize_t step)

cdef enum:
    PUT = -1                         # run_along: values are moved, not combined

cdef int64_t ONE = 1


# ---- the basic part

cdef bint is_plain_int(object i):
    if isinstance(i, int):
        return not isinstance(i, bool)
    # NumPy's arrays have __index__ too, whatever is in them
    return PyIndex_Check(i) and not isinstance(i, TensorBase) and (
        not hasattr(i, "__len__") or i.ndim == 0 and i.dtype.kind in "iu")


cdef TensorBase take_slice(TensorBase x, int dim, object s):
    cdef Py_ssize_t start, stop, step, length
    if x.ndim == 0:
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")
    PySlice_Unpack(plain_slice(s), &start, &stop, &step)
    length = PySlice_AdjustIndices(x.shape[dim], &start, &stop, step)
    if length == x.shape[dim] and step == 1:
        return x
    return slice_dim(x, dim, start, length, step)


cdef object plain_slice(object s):
    # 0-d tensors may stand for ints in a slice
    if isinstance(s.start, TensorBase) or isinstance(s.stop, TensorBase) or isinstance(s.step, TensorBase):
        return slice(*[int(v) if isinstance(v, TensorBase) else v for v in (s.start, s.stop, s.step)])
    return s


cdef int counted_dims(object i) except -1:
    # Dimensions of x that one part of an index uses.
    if i is None or i is Ellipsis or isinstance(i, bool):
        return 0
    if isinstance(i, TensorBase) and (<TensorBase>i).dtype == BOOL:
        return (<TensorBase>i).ndim
    return 1


cdef object as_index(object i):
    # Sequences and arrays become index tensors.
    cdef TensorBase t
    if i is None or i is Ellipsis or PySlice_Check(i) or isinstance(i, bool) or is_plain_int(i):
        return i
    if isinstance(i, (str, bytes)):
        raise TypeError(f"new(): invalid data type '{type(i).__name__}'")
    if isinstance(i, TensorBase):
        t = <TensorBase>i
    elif isinstance(i, (list, tuple)) or hasattr(i, "__array__") or hasattr(i, "__len__"):
        t = tensor_from(i, INT64 if getattr(i, "ndim", 1) and len(i) == 0 else -1, False)
    else:
        raise IndexError("only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid "
                         f"indices (got {type(i).__name__})")
    if t.dtype == UINT8:                 # bytes are masks, as they were before there were bools
        t = cast_to(t, BOOL)
    if t.dtype == BOOL:
        return t if t.ndim else bool(t)
    if category_of[t.dtype] != CATEGORY_INT:
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    if t.ndim == 0 and not wants_grad(t) and t.device != DEVICE_BATCHED:
        return int(t)
    if t is i and t.dtype != INT64 and t.dtype != INT32:
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    return cast_to(t, INT64)


cdef tuple basic_part(TensorBase x, object index):
    """The view that ints, slices, None and Ellipsis make, and the index tensors left over, by dimension."""
    cdef list parts = [as_index(i) for i in index] if isinstance(index, tuple) else [as_index(index)]
    cdef int used = 0, dim = 0, skip, ellipses = 0
    cdef list tensors = []
    for i in parts:
        used += counted_dims(i)
        ellipses += i is Ellipsis
    if ellipses > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    if used > x.ndim:
        raise IndexError(f"too many indices for tensor of dimension {x.ndim}")
    skip = x.ndim - used
    for i in parts:
        if i is Ellipsis:
            dim += skip
        elif i is None:
            x = unsqueeze_at(x, dim)
            dim += 1
        elif isinstance(i, bool):
            x = unsqueeze_at(x, dim)
            tensors.append((dim, beside(x, tensor_from([0] if i else [], INT64, False))))
            dim += 1
        elif PySlice_Check(i):
            x = take_slice(x, dim, i)
            dim += 1
        elif isinstance(i, TensorBase):
            for t in index_tensors(x, dim, <TensorBase>i):
                tensors.append((dim, beside(x, <TensorBase>t)))
                dim += 1
        else:
            check_index_bounds(x, dim, i, len(tensors) and 0)
            x = select(x, dim, PyNumber_AsSsize_t(i, IndexError))
    return x, tensors


cdef TensorBase beside(TensorBase x, TensorBase t):
    # An index tensor on x's device: those of the CPU go anywhere.
    cdef TensorBase y
    cdef int index, other, device = place_of_batch(x, &index), from_device = place_of_batch(t, &other)
    if device == from_device and index == other:
        return t
    if from_device != DEVICE_CPU or t.device == DEVICE_BATCHED:
        raise RuntimeError("indices should be either on cpu or on the same device as the indexed tensor "
                           f"({place_object(x)})")
    y = tensor_empty_on(device, index, t.dtype, t.ndim, t.shape)
    copy_data(y, t)
    return y


cdef int check_index_bounds(TensorBase x, int dim, object i, object offset) except -1:
    cdef Py_ssize_t k = PyNumber_AsSsize_t(i, IndexError)
    if x.ndim == 0:
        raise IndexError("invalid index of a 0-dim tensor. Use `tensor.item()` in Python to convert a 0-dim tensor "
                         "to a number")
    if k < -x.shape[dim] or k >= x.shape[dim]:
        raise IndexError(f"index {k} is out of bounds for dimension {dim} with size {x.shape[dim]}")
    return 0


cdef list index_tensors(TensorBase x, int dim, TensorBase t):
    # A bool mask stands for the positions where it is true, one index tensor per dimension.
    cdef int i
    if t.dtype != BOOL:
        return [t]
    for i in range(t.ndim):
        if t.shape[i] != x.shape[dim + i]:
            raise IndexError(f"The shape of the mask {list(shape_tuple(t))} at index {i} does not match the shape of "
                             f"the indexed tensor {list(shape_tuple(x))} at index {dim + i}")
    return positions(t)


cdef list positions(TensorBase mask):
    # Coordinates of the true elements, in row-major order, dimension by dimension.
    cdef TensorBase all
    cdef int64_t stride = mask.ndim
    cdef int d
    if mask.device == DEVICE_BATCHED:
        raise RuntimeError("vmap: We do not support batching operators that can support dynamic shape. Attempting to "
                           "batch over indexing with a boolean mask.")
    if mask.device != DEVICE_CPU:
        return backend().positions(contiguous(mask))
    if mask.ndim == 1:
        return [true_places(mask)]
    all = true_positions(mask)
    return [tensor_view(all, 1, all.shape, &stride, all.data + d * sizeof(int64_t)) for d in range(mask.ndim)]


def nonzero(input, *, out=None, bint as_tuple=False):
    """Positions of the elements that are not zero.

    See https://docs.pytorch.org/docs/stable/generated/torch.nonzero.html

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nonzero(ctorch.tensor([0, 5, 7]))
    tensor([[1],
            [2]])
    """
    cdef TensorBase x = <TensorBase?>input
    if x.device == DEVICE_BATCHED:
        raise RuntimeError("vmap: We do not support batching operators that can output dynamic shape. Attempted to "
                           "vmap over nonzero.")
    cdef TensorBase column, target, row
    cdef int64_t shape[2]
    cdef int64_t stride
    cdef int d
    if as_tuple and x.ndim == 0:
        x = unsqueeze_at(x, 0)
    if not as_tuple and x.ndim and x.device == DEVICE_CPU:
        target = true_positions(cast_to(x, BOOL))
        return target if out is None else write_out(<TensorBase?>out, target, "nonzero")
    cdef list columns = positions(cast_to(x, BOOL))
    if as_tuple:
        return tuple(columns)
    shape[0] = (<TensorBase>columns[0]).numel if columns else (1 if bool(x) else 0)
    shape[1] = x.ndim
    target = tensor_empty_at(x, INT64, 2, shape)
    stride = x.ndim
    for d, column in enumerate(columns):
        row = tensor_view(target, 1, shape, &stride, target.data + d * sizeof(int64_t))
        copy_data(row, column)
    return target if out is None else write_out(<TensorBase?>out, target, "nonzero")


# ---- rows by index tensors

cdef class Rows:
    """A tensor seen as rows that index tensors address: where they are and how the result is shaped."""
    cdef TensorBase front            # x with the indexed dimensions first
    cdef TensorBase offsets          # int64, elements from front's first one
    cdef tuple index_shape           # broadcast shape of the index tensors
    cdef int indexed                 # how many dimensions are indexed
    cdef int at                      # where the index dimensions stand in the result


cdef Rows find_rows(TensorBase x, list tensors):
    return place_rows(shape_rows(x, tensors), tensors)


cdef Rows shape_rows(TensorBase x, list tensors):
    # The rows but for where they are.
    cdef Rows r = Rows.__new__(Rows)
    cdef int perm[MAX_DIMS]
    cdef int64_t shape[MAX_DIMS]
    cdef int i, k = 0, ndim = 0
    cdef list dims = [d for d, _ in tensors]
    cdef TensorBase t
    cdef bint adjacent = dims == list(range(dims[0], dims[0] + len(dims)))
    for d in dims:
        perm[k] = d
        k += 1
    for i in range(x.ndim):
        if i not in dims:
            perm[k] = i
            k += 1
    r.front = permute_to(x, perm)
    r.indexed = len(dims)
    r.at = dims[0] if adjacent else 0
    for _, t in tensors:
        ndim = grow_broadcast(ndim, shape, t, tensors)
    r.index_shape = tuple([shape[i] for i in range(ndim)])
    for i in range(r.indexed):
        need_elements(r.front.shape[i], 0 not in r.index_shape)
    return r


cdef inline int need_elements(int64_t size, bint asked) except -1:
    # Nothing can be asked of a dimension without elements, even where the others have none either.
    if size == 0 and asked:
        raise IndexError("index is out of bounds for dimension with size 0")
    return 0


cdef Rows place_rows(Rows r, list tensors):
    cdef int64_t shape[MAX_DIMS]
    cdef int i, k
    cdef TensorBase t, own
    if 0 in r.index_shape:
        for i, n in enumerate(r.index_shape):
            shape[i] = n
        r.offsets = zeros_at(None, INT64, <int>len(r.index_shape), shape)
        return r
    for k, (dim, t) in enumerate(tensors):
        own = tensor_empty(INT64, t.ndim, t.shape)
        copy_data(own, t)
        make_offsets(r, k, own, dim)
        r.offsets = own if k == 0 else binary(OP_ADD, r.offsets, own)
    return r


cdef int grow_broadcast(int ndim, int64_t* shape, TensorBase t, list tensors) except -1:
    cdef int64_t grown[MAX_DIMS]
    cdef int i, n = ndim if ndim > t.ndim else t.ndim
    for i in range(n):
        grown[i] = shape[i - (n - ndim)] if i >= n - ndim else 1
    memcpy(shape, grown, n * sizeof(int64_t))
    try:
        return broadcast_into(n, shape, t, "index")
    except RuntimeError:
        raise IndexError("shape mismatch: indexing tensors could not be broadcast together with shapes "
                         + ", ".join(str(list(shape_tuple(<TensorBase>x))) for _, x in tensors)) from None


cdef int make_offsets(Rows r, int k, TensorBase index, int dim) except -1:
    # An index tensor's numbers, which may be negative, become distances in elements.
    cdef int64_t* p = <int64_t*>index.data
    cdef int64_t size = r.front.shape[k], step = r.front.strides[k], i, v
    for i in range(index.numel):
        v = p[i]
        if v < -size or v >= size:
            raise IndexError(f"index {v} is out of bounds for dimension {dim} with size {size}")
        p[i] = (v + size if v < 0 else v) * step
    return 0


cdef bint batched_indices(list tensors):
    for _, t in tensors:
        if (<TensorBase>t).device == DEVICE_BATCHED:
            return True
    return False


cdef TensorBase index_rows(TensorBase x, list tensors):
    """x indexed by tensors; not recorded."""
    if x.device == DEVICE_BATCHED or batched_indices(tensors):
        return <TensorBase?>batching().index(x, tensors)
    if x.device != DEVICE_CPU:
        return <TensorBase?>backend().index(x, tensors)
    return index_rows_cpu(x, tensors)


cdef TensorBase index_rows_cpu(TensorBase x, list tensors):
    cdef TensorBase y, i
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t strides[MAX_DIMS]
    cdef int d, k, n
    cdef Rows r
    if len(tensors) > 1:
        r = find_rows(forward_strides(x, tensors), tensors)
        n = result_shape(r, shape)
        y = tensor_empty(x.dtype, n, shape)
        run_along(addressed(r), 0, vector(r.offsets), rows_of(r, y), PUT, True, False, "index", out_of_bounds)
        return y
    d, i = tensors[0]
    if x.ndim - 1 + i.ndim > MAX_DIMS:
        raise RuntimeError(f"index: the result has more than {MAX_DIMS} dimensions")
    need_elements(x.shape[d], i.numel != 0)
    for k in range(x.ndim):
        shape[k] = x.shape[k]
    shape[d] = i.numel
    y = tensor_empty(x.dtype, x.ndim, shape)
    run_along(x, d, vector(i), y, PUT, True, True, "index", out_of_bounds)
    if i.ndim == 1:
        return y
    for k in range(i.ndim):
        shape[d + k] = i.shape[k]
    for k in range(d + 1, x.ndim):
        shape[i.ndim - 1 + k] = x.shape[k]
    n = x.ndim - 1 + i.ndim
    for k in range(n - 1, -1, -1):
        strides[k] = 1 if k == n - 1 else strides[k + 1] * (shape[k + 1] if shape[k + 1] > 1 else 1)
    return tensor_view(y, n, shape, strides, y.data)


cdef TensorBase forward_strides(TensorBase x, list tensors):
    # x, or a contiguous copy where an indexed dimension runs backwards in memory.
    for d, _ in tensors:
        if x.strides[<int>d] < 0:
            return contiguous(x)
    return x


cdef TensorBase vector(TensorBase index):
    # The elements of an index as a vector.
    cdef TensorBase i = contiguous(index)
    cdef int64_t one = 1
    return i if i.ndim == 1 else tensor_view(i, 1, &i.numel, &one, i.data)


cdef int result_shape(Rows r, int64_t* shape) except -1:
    # The shape of the indexed result, as the user sees it.
    cdef int i, at = 0, n = len(r.index_shape), rest = r.front.ndim - r.indexed
    if n + rest > MAX_DIMS:
        raise RuntimeError(f"index: the result has more than {MAX_DIMS} dimensions")
    for i in range(n + rest):
        if r.at <= i < r.at + n:
            shape[i] = r.index_shape[i - r.at]
        else:
            shape[i] = r.front.shape[r.indexed + at]
            at += 1
    return n + rest


cdef TensorBase addressed(Rows r):
    # The tensor as rows, of which one begins at each of its elements.
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t strides[MAX_DIMS]
    cdef int i, n = r.front.ndim - r.indexed + 1
    shape[0], strides[0] = <int64_t>1 << 62, 1              # more than there are
    for i in range(1, n):
        shape[i], strides[i] = r.front.shape[r.indexed + i - 1], r.front.strides[r.indexed + i - 1]
        shape[0] //= shape[i] if shape[i] else 1
    return tensor_view(r.front, n, shape, strides, r.front.data)


cdef TensorBase rows_of(Rows r, TensorBase y):
    """y, of the result's shape, as rows: (positions, rest); a copy where its index dimensions are no single one."""
    cdef int64_t shape[MAX_DIMS]
    cdef int perm[MAX_DIMS]
    cdef int i, n = len(r.index_shape), rest = y.ndim - n
    for i in range(n):
        perm[i] = r.at + i
    for i in range(rest):
        perm[n + i] = i if i < r.at else n + i
    shape[0] = r.offsets.numel
    for i in range(rest):
        shape[i + 1] = y.shape[perm[n + i]]
    return reshape_to(permute_to(tensor_alias(y), perm), rest + 1, shape)


cdef TensorBase values_for(TensorBase values, int dtype, int ndim, const int64_t* shape):
    # The values in x's dtype, broadcast to the indexed result.
    need_broadcast(values, ndim, shape)
    return expand_to(tensor_alias(cast_to(values, dtype)), ndim, shape)


cdef int need_broadcast(TensorBase values, int ndim, const int64_t* shape) except -1:
    cdef int i, own
    cdef bint fits = values.ndim <= ndim
    for i in range(values.ndim if fits else 0):
        own = i + ndim - values.ndim
        fits = fits and (values.shape[i] == shape[own] or values.shape[i] == 1)
    if not fits:
        raise RuntimeError(f"shape mismatch: value tensor of shape {list(shape_tuple(values))} cannot be broadcast to "
                           f"indexing result of shape {[shape[i] for i in range(ndim)]}")
    return 0


cdef int put_rows(TensorBase x, list tensors, TensorBase values, bint add) except -1:
    """x at the index tensors = (or +=) values; not recorded."""
    if x.device == DEVICE_BATCHED or values.device == DEVICE_BATCHED or batched_indices(tensors):
        batching().index_put(x, tensors, values, add)
        return 0
    if x.device != DEVICE_CPU:
        backend().index_put(x, tensors, values, add)
        return 0
    return put_rows_cpu(x, tensors, values, add)


cdef int put_rows_cpu(TensorBase x, list tensors, TensorBase values, bint add) except -1:
    cdef int64_t shape[MAX_DIMS]
    cdef int how = COMBINE_ADD if add else PUT, n
    cdef TensorBase to = cast_to(x, FLOAT32) if add and (x.dtype == FLOAT16 or x.dtype == BFLOAT16) else x
    cdef TensorBase front
    cdef Rows r
    if len(tensors) == 1:
        put_one(to, tensors[0][0], tensors[0][1], values, how, x)
        if to is not x:
            copy_data(x, to)
        return 0
    front = forward_strides(to, tensors)
    r = shape_rows(front, tensors)
    n = result_shape(r, shape)
    values = values_for(values, to.dtype, n, shape)
    if values.storage == x.storage:
        values = copy_of(values)
    r = place_rows(r, tensors)
    run_along(addressed(r), 0, vector(r.offsets), rows_of(r, values), how, False, False,
              "index_put_ with accumulate" if add else "index_put_", out_of_bounds)
    if front is not x:
        copy_data(x, front)
    return 0


cdef int put_one(TensorBase to, int dim, TensorBase index, TensorBase values, int how, TensorBase x) except -1:
    # One index tensor: its dimensions stand in the place of the one that it indexes.
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t flat[MAX_DIMS]
    cdef int k, n = to.ndim - 1 + index.ndim
    if n > MAX_DIMS:
        raise RuntimeError(f"index: the result has more than {MAX_DIMS} dimensions")
    for k in range(n):
        shape[k] = (to.shape[k] if k < dim else index.shape[k - dim] if k < dim + index.ndim
                    else to.shape[k - index.ndim + 1])
    for k in range(to.ndim):
        flat[k] = index.numel if k == dim else to.shape[k]
    need_elements(to.shape[dim], index.numel != 0)
    values = values_for(values, to.dtype, n, shape)
    if values.storage == x.storage:
        values = copy_of(values)
    if index.ndim != 1:
        values = reshape_to(values, to.ndim, flat)
    return run_along(to, dim, vector(index), values, how, False, True,
                     "index_put_ with accumulate" if how != PUT else "index_put_", out_of_bounds)


cdef TensorBase copy_of(TensorBase x):
    cdef TensorBase y = tensor_empty(x.dtype, x.ndim, x.shape)
    copy_data(y, x)
    return y


# ---- records

cdef int index_backward(Node node, PyObject** grads) except -1:
    cdef TensorBase g = <TensorBase>grads[0]
    tensors, = <tuple>node.args
    return node_give(node, 0, index_embed(g, node_edge_shape(node, 0, g), tensors))


cdef TensorBase index_embed(TensorBase g, tuple shape, list tensors):
    """Zeros with g added at the indexed places."""
    cdef int64_t sizes[MAX_DIMS]
    cdef int i
    cdef TensorBase out
    cdef Node node
    for i in range(len(shape)):
        sizes[i] = shape[i]
    out = zeros_at(g, g.dtype, len(shape), sizes)
    put_rows(out, tensors, g, True)
    if recorded(g):
        node = node_new(index_embed_backward, b"index_put", 1, 0)
        node_edge(node, 0, g, None)
        keep(node, (tensors,))
        node_attach(node, out, 0)
    return out


cdef int index_embed_backward(Node node, PyObject** grads) except -1:
    tensors, = <tuple>node.args
    return node_give(node, 0, index_recorded(<TensorBase>grads[0], tensors))


cdef int keep(Node node, tuple args) except -1:
    Py_INCREF(args)
    node.args = <PyObject*>args
    return 0


cdef TensorBase index_recorded(TensorBase x, list tensors):
    cdef TensorBase y
    cdef bint record = recorded(x)
    cdef Node node
    if not record:
        return index_rows(x, tensors)
    node = node_new(index_backward, b"index", 1, 0)
    node_edge(node, 0, x, None)
    y = index_rows(tensor_alias(x), tensors)
    keep(node, (tensors,))
    node_attach(node, y, 0)
    return y


cdef object get_item(TensorBase x, object index):
    cdef TensorBase v
    cdef Py_ssize_t k
    if is_plain_int(index):
        k = PyNumber_AsSsize_t(index, IndexError)
        check_index_bounds(x, 0, index, 0)
        return select(x, 0, k)
    if whole_mask(x, index):
        if not recorded(x):
            return masked_select_forward(x, <TensorBase>index)
        return index_recorded(reshape_to(x, 1, &x.numel), [(0, true_places(<TensorBase>index))])
    v, tensors = basic_part(x, index)
    if not tensors:
        return v if v is not x else tensor_of_all(x)
    return index_recorded(v, tensors)


cdef bint whole_mask(TensorBase x, object index):
    # Whether the index is one mask of x's shape, on the CPU.
    return (isinstance(index, TensorBase) and (<TensorBase>index).dtype == BOOL and x.ndim > 0
            and x.device == DEVICE_CPU and (<TensorBase>index).device == DEVICE_CPU
            and same_shape(x, <TensorBase>index))


cdef bint batched_mask(TensorBase x, TensorBase index):
    # Whether the index is one mask of x's shape, and one of several examples.
    return index.dtype == BOOL and index.device == DEVICE_BATCHED and same_shape(x, index)


cdef bint put_masked(TensorBase x, TensorBase mask, TensorBase values) except -1:
    # x[mask] = values, of which there is one, or one for each true element; False where the graph is to know of it.
    if values.device != DEVICE_CPU or recorded(x) or recorded(values):
        return False
    if values.numel != 1 and (values.ndim != 1 or category_of[values.dtype] > category_of[x.dtype]):
        return False
    check_inplace(x, b"index_put_")
    if values.numel == 1 and values.ndim <= 1:
        masked_fill_into(x, mask, tensor_view(values, 0, NULL, NULL, values.data))
    elif x.contiguous and values.storage != x.storage:
        put_rows(tensor_view(x, 1, &x.numel, &ONE, x.data), [(0, true_places(mask))], values, False)
    else:
        return False
    bump_version(x, b"index_put_")
    return True


cdef TensorBase tensor_of_all(TensorBase x):
    # x[...] is a view of its own
    cdef int perm[MAX_DIMS]
    cdef int i
    for i in range(x.ndim):
        perm[i] = i
    return permute_to(x, perm)


cdef int put_backward(Node node, PyObject** grads) except -1:
    # edge 0: the old values, whose gradient is zero at the indexed places; edge 1: the new values
    cdef TensorBase g = <TensorBase>grads[0]
    tensors, add = <tuple>node.args
    if node_needs(node, 0):
        node_give(node, 0, g if add else without(g, tensors))
    if node_needs(node, 1):
        node_give(node, 1, index_recorded(g, tensors))
    return 0


cdef TensorBase put_tangent(Node node, TensorBase y, PyObject** tangents):
    # The same change: where several values are put at one place, the last one counts.
    cdef TensorBase t, values
    tensors, add = <tuple>node.args
    t = tape_ops.full_like(y, 0) if tangents[0] == NULL else tape_ops.clone(<TensorBase>tangents[0])
    if tangents[1] == NULL and add:
        return t
    values = number_tensor(0.0) if tangents[1] == NULL else <TensorBase>tangents[1]
    put_recorded(t, tensors, values, add)
    return t


forward_rule(put_backward, put_tangent)


cdef TensorBase without(TensorBase g, list tensors):
    # No product with a mask: infinite gradients of what was overwritten are nought too.
    cdef TensorBase rest = tape_ops.clone(g)
    put_recorded(rest, tensors, number_tensor(0.0), False)
    return rest


cdef int put_recorded(TensorBase x, list tensors, TensorBase values, bint add) except -1:
    cdef Node node = None
    cdef PyObject* both[2]
    check_inplace(x, b"index_put_")
    if x.device == DEVICE_CUDA or values.device == DEVICE_CUDA:
        both[0], both[1] = <PyObject*>x, <PyObject*>values
        device_of(2, both, b"index_put_")
    if (recorded(x) or recorded(values)) and category_of[x.dtype] >= CATEGORY_FLOAT:
        both[0], both[1] = <PyObject*>x, <PyObject*>values
        check_rebase(2, both)
        node = node_new(put_backward, b"index_put", 2, 0)
        node_edge(node, 0, x, None)
        node_edge(node, 1, values, None)
        keep(node, (tensors, add))
    put_rows(tensor_alias(x), tensors, values, add)
    bump_version(x, b"index_put_")
    if node is not None:
        if x.base != NULL:
            tape_ops.rebase(x, node)
        else:
            node_attach(node, x, 0)
    return 0


cdef int refuse_complex(TensorBase x, TensorBase values, bint masked) except -1:
    # Into real elements that tensors choose goes a real number, or a complex one that is real, by a mask.
    if category_of[values.dtype] != CATEGORY_COMPLEX or category_of[x.dtype] == CATEGORY_COMPLEX:
        return 0
    if masked and values.numel == 1 and values.device != DEVICE_BATCHED:
        return need_fits(x.dtype, (<object>values).item())
    raise RuntimeError("Index put requires the source and destination dtypes match, got "
                       f"{dtype_title(x.dtype)} for the destination and {dtype_title(values.dtype)} for the source.")


cdef bint lone_mask(tuple places):
    # Whether one mask chooses, beside whole numbers, slices and new dimensions.
    cdef TensorBase mask = None
    for place in places:
        if isinstance(place, TensorBase) and mask is None:
            mask = <TensorBase>place
        elif not (place is None or place is Ellipsis or PySlice_Check(place) or is_plain_int(place)):
            return False
    return mask is not None and mask.dtype == BOOL


cdef TensorBase filling(TensorBase x, TensorBase values, bint masked):
    # What a change by index writes: one value that fills where a mask says may have any shape.
    refuse_complex(x, values, masked)
    if masked and values.numel == 1 and 0 < values.ndim and values.device != DEVICE_BATCHED:
        return <TensorBase>(<object>values).reshape(())
    return values


cdef int set_item(TensorBase x, object index, object value) except -1:
    cdef TensorBase v, values
    cdef bint half, masked = isinstance(index, TensorBase) and (<TensorBase>index).dtype == BOOL
    if isinstance(value, TensorBase):
        values = <TensorBase>value
    else:
        if isinstance(value, (int, float, complex)):
            half = (x.dtype == FLOAT16 or x.dtype == BFLOAT16) and not isinstance(value, complex)
            values = number_tensor(value if half else fitting(x.dtype, value, "__setitem__"))
            if masked:                 # halves become infinite
                values = cast_to(values, x.dtype)
        else:
            values = tensor_from(value, -1, False)
        if x.device != DEVICE_CPU:
            values = beside(x, values)
    if index is False:                # nothing is meant
        return 0
    if masked:
        values = filling(x, values, True)
        if whole_mask(x, index) and put_masked(x, <TensorBase>index, values):
            return 0
        if batched_mask(x, <TensorBase>index) and values.numel == 1:
            copy_(x, <TensorBase>batching().where(index, values, x))
            return 0
    v, tensors = basic_part(x, index)
    if tensors:
        if not masked:
            values = filling(x, values, isinstance(index, tuple) and lone_mask(<tuple>index))
        while values.ndim > 0 and values.shape[0] == 1:
            values = select(values, 0, 0)
        return put_recorded(v, tensors, values, False)
    while values.ndim > v.ndim and values.shape[0] == 1:
        values = select(values, 0, 0)
    copy_(v, values)
    return 0


def _index_rows(TensorBase x not None, list tensors):
    """x indexed by tensors, pairs of a dimension and its index; not recorded."""
    return index_rows(x, tensors)


def _put_rows(TensorBase x not None, list tensors, TensorBase values not None, bint add):
    """x at the index tensors = (or +=) values; not recorded."""
    put_rows(x, tensors, values, add)


cdef TensorBase gather_rows(TensorBase x, TensorBase rows):
    # x[rows] along the first dimension; not recorded
    return index_rows(x, [(0, rows)])


def index_put_(input, indices, values, bint accumulate=False):
    """In place: the elements at the index tensors become (or grow by) the values."""
    cdef TensorBase x = <TensorBase?>input
    cdef tuple places = tuple(indices)
    if len(indices) == 1 and isinstance(indices[0], TensorBase) and batched_mask(x, <TensorBase>indices[0]) \
            and (<TensorBase?>values).numel == 1:
        copy_(x, <TensorBase>batching().where(indices[0], x + values if accumulate else values, x))
        return input
    values = filling(x, <TensorBase?>values, not accumulate and lone_mask(places))
    v, tensors = basic_part(x, tuple([slice(None) if i is None else i for i in places]))
    if tensors:
        put_recorded(v, tensors, <TensorBase?>values, accumulate)
        return input
    need_broadcast(<TensorBase?>values, (<TensorBase>v).ndim, (<TensorBase>v).shape)
    if accumulate:                    # an index without dimensions is a number
        v.add_(values)
    else:
        copy_(<TensorBase>v, <TensorBase?>values)
    return input
