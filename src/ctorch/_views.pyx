"""Views: the same values in another geometry, with their history.

A view remembers its base, so that an in-place change of one shows in the gradients of the other. The gradient of a
view that shows all elements (reshape, permute, expand) is a view of the gradient; that of a part (select, slice) is
the gradient put into zeros.
"""
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF, Py_XDECREF
from libc.stdint cimport uint64_t
from libc.string cimport memcpy, memset

from ctorch._accelerator cimport backend
from ctorch._batched cimport batched_like, levels_of, memory_of, place_of_batch
from ctorch._device cimport place_object, place_of
from ctorch._dispatch cimport (as_operand, cast_to, check_changeable, check_inplace, contiguous,  # no-cython-lint
                               check_rebase, copy_as, fitting, leave_base, number_tensor)
from ctorch._dtype cimport *
from ctorch._iterator cimport copy_data
from ctorch._reduce cimport sum_to
from ctorch._shape cimport (channels_last_strides, infer_size, need_int, need_many, parse_sizes, reduce_dims,
                            view_strides, wrap_dim)
from ctorch._storage cimport storage_release, storage_retain
from ctorch._tape cimport (Node, add_tangents, all_levels, differentiable, drop_tangents, duals_visible, edge_levels,
                           forward_rule, has_real_edge, node_attach, node_edge, node_edge_shape,
                           node_give, node_needs, node_new, node_settle, output_tangents, recorded, recording,
                           set_recording, set_visible, share_tangents, tape_ops)
from ctorch._tensor cimport *
from ctorch._memory_format import preserves

cdef enum:
    KIND_SELECT
    KIND_SLICE
    KIND_DIAGONAL
    KIND_STRIDED
    KIND_UNFOLD


cdef enum:                           # where a view and its base are of two dtypes, which of them is complex
    NO_PAIRS
    BASE_OF_PAIRS
    VIEW_OF_PAIRS


cdef set change_names = set()        # storages keep the names' addresses


cdef TensorBase link(TensorBase v, TensorBase x):
    # Makes v a differentiable view of x's base.
    cdef PyObject* base
    if x.inference:
        return v
    if x.base != NULL:
        leave_base(x)
    base = x.base if x.base != NULL else <PyObject*>x
    Py_INCREF(<object>base)
    v.base = base
    v.view_version = x.storage.version
    v.view_origin = x.view_origin
    if not recording():              # it wants a gradient as its base does, of which the base knows nothing
        v.view_origin = VIEW_NO_GRAD
        v.requires_grad = wants_grad(x) and category_of[v.dtype] >= CATEGORY_FLOAT
    return v


cdef TensorBase link_as(TensorBase x, int dtype, int ndim, const int64_t* shape, const int64_t* strides):
    # x's memory in another dtype and geometry, as a view of x's base.
    cdef TensorBase v = tensor_view(x, ndim, shape, strides, x.data)
    v.dtype = dtype
    return link(v, x)


cdef int keep_args(Node node, tuple args) except -1:
    Py_INCREF(args)
    node.args = <PyObject*>args
    return 0


# ---- all elements: reshape, permute, expand

cdef int reshape_backward(Node node, PyObject** grads) except -1:
    return node_give(node, 0, reshape_like(<TensorBase>grads[0], node_edge_shape(node, 0, <TensorBase>grads[0])))


cdef TensorBase reshape_like(TensorBase g, tuple shape):
    cdef int64_t sizes[MAX_DIMS]
    cdef int i, n = len(shape)
    for i in range(n):
        sizes[i] = shape[i]
    return reshape_to(g, n, sizes)


cdef TensorBase view_or_none(TensorBase x, int ndim, const int64_t* shape):
    # A recorded view of the given shape, or None where strides do not allow one.
    cdef int64_t strides[MAX_DIMS]
    cdef TensorBase v
    cdef Node node
    if not view_strides(x, ndim, shape, strides):
        return None
    v = link(tensor_view(x, ndim, shape, strides, x.data), x)
    if recorded(x):
        node = node_new(reshape_backward, b"view", 1, 0)
        node_edge(node, 0, x, None)
        node_attach(node, v, 0)
    return v


cdef TensorBase reshape_to(TensorBase x, int ndim, const int64_t* shape):
    cdef TensorBase v = view_or_none(x, ndim, shape)
    if v is None:
        v = view_or_none(clone_contiguous(x), ndim, shape)
    return v


cdef TensorBase clone_contiguous(TensorBase x):
    cdef TensorBase y
    cdef Node node
    y = tensor_empty_at(x, x.dtype, x.ndim, x.shape)
    copy_data(y, x)
    if recorded(x):
        node = node_new(pass_backward, b"clone", 1, 0)
        node_edge(node, 0, x, y)
        node_attach(node, y, 0)
    return y


cdef int pass_backward(Node node, PyObject** grads) except -1:
    return node_give(node, 0, <TensorBase>grads[0])


cdef int permute_backward(Node node, PyObject** grads) except -1:
    cdef int inverse[MAX_DIMS]
    cdef int i, d
    for i, d in enumerate(<tuple>node.args):
        inverse[d] = i
    return node_give(node, 0, permute_to(<TensorBase>grads[0], inverse))


cdef TensorBase permute_to(TensorBase x, const int* perm):
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t strides[MAX_DIMS]
    cdef TensorBase v
    cdef Node node
    cdef int i
    for i in range(x.ndim):
        shape[i] = x.shape[perm[i]]
        strides[i] = x.strides[perm[i]]
    v = link(tensor_view(x, x.ndim, shape, strides, x.data), x)
    if recorded(x):
        node = node_new(permute_backward, b"permute", 1, 0)
        node_edge(node, 0, x, None)
        keep_args(node, tuple([perm[i] for i in range(x.ndim)]))
        node_attach(node, v, 0)
    return v


cdef TensorBase expand_to(TensorBase x, int ndim, const int64_t* shape):
    # shape may hold -1 for sizes to keep.
    cdef int64_t sizes[MAX_DIMS]
    cdef int64_t strides[MAX_DIMS]
    cdef TensorBase v
    cdef Node node
    cdef int i, own
    if ndim < x.ndim:
        raise RuntimeError(f"expand(torch.{dtype_title(x.dtype)}Tensor{{{list(shape_tuple(x))}}}, "
                           f"size={[shape[i] for i in range(ndim)]}): the number of sizes provided ({ndim}) must be "
                           f"greater or equal to the number of dimensions in the tensor ({x.ndim})")
    for i in range(ndim):
        own = i - (ndim - x.ndim)
        if own < 0:
            if shape[i] < 0:
                raise RuntimeError(f"The expanded size of the tensor ({shape[i]}) isn't allowed in a leading, "
                                   f"non-existing dimension {i}")
            sizes[i] = shape[i]
            strides[i] = 0
        elif shape[i] == -1 or shape[i] == x.shape[own]:
            sizes[i] = x.shape[own]
            strides[i] = x.strides[own]
        elif x.shape[own] == 1:
            sizes[i] = shape[i]
            strides[i] = 0
        else:
            raise RuntimeError(f"The expanded size of the tensor ({shape[i]}) must match the existing size "
                               f"({x.shape[own]}) at non-singleton dimension {i}.  Target sizes: "
                               f"{[shape[j] for j in range(ndim)]}.  Tensor sizes: {list(shape_tuple(x))}")
    v = link(tensor_view(x, ndim, sizes, strides, x.data), x)
    if recorded(x):
        node = node_new(pass_backward, b"expand", 1, 0)      # node_give sums back to the input's shape
        node_edge(node, 0, x, None)
        node_attach(node, v, 0)
    return v


cdef TensorBase expand_reduced(TensorBase g, tuple shape, object dim, bint keepdim):
    """Stretch g over the dimensions of `shape` that a reduction took away: the gradient of a sum."""
    cdef int64_t sizes[MAX_DIMS]
    cdef int64_t kept[MAX_DIMS]
    cdef bint reduced[MAX_DIMS]
    cdef int i, ndim = <int>len(shape)
    for i in range(ndim):
        sizes[i] = shape[i]
    if not keepdim and g.ndim != 0:
        reduce_dims(dim, ndim, reduced, "reduce")
        for i in range(ndim):
            kept[i] = 1 if reduced[i] else sizes[i]
        g = reshape_to(g, ndim, kept)
    return expand_to(g, ndim, sizes)


cdef TensorBase unsqueeze_at(TensorBase x, int dim):
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t strides[MAX_DIMS]
    cdef TensorBase v
    cdef Node node
    cdef int i
    if x.ndim >= MAX_DIMS:
        raise RuntimeError(f"tensors have at most {MAX_DIMS} dimensions, got {x.ndim + 1}")
    for i in range(x.ndim + 1):
        if i == dim:
            shape[i] = 1
            strides[i] = x.shape[i] * x.strides[i] if i < x.ndim else 1
        else:
            shape[i] = x.shape[i - (i > dim)]
            strides[i] = x.strides[i - (i > dim)]
    v = link(tensor_view(x, x.ndim + 1, shape, strides, x.data), x)
    if recorded(x):
        node = node_new(reshape_backward, b"unsqueeze", 1, 0)
        node_edge(node, 0, x, None)
        node_attach(node, v, 0)
    return v


cdef TensorBase squeeze_marked(TensorBase x, const bint* gone):
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t strides[MAX_DIMS]
    cdef TensorBase v
    cdef Node node
    cdef int i, n = 0
    for i in range(x.ndim):
        if gone[i] and x.shape[i] == 1:
            continue
        shape[n] = x.shape[i]
        strides[n] = x.strides[i]
        n += 1
    v = link(tensor_view(x, n, shape, strides, x.data), x)
    if recorded(x):
        node = node_new(reshape_backward, b"squeeze", 1, 0)
        node_edge(node, 0, x, None)
        node_attach(node, v, 0)
    return v


# ---- parts: select, slice, diagonal, as_strided

cdef TensorBase part(TensorBase x, int kind, tuple args):
    # The view of a part, without history.
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t strides[MAX_DIMS]
    cdef char* data = x.data
    cdef int size = itemsize_of[x.dtype], n = 0, i, dim, dim2
    cdef int64_t start, length, step
    if kind == KIND_SELECT:
        dim, start = args
        for i in range(x.ndim):
            if i != dim:
                shape[n], strides[n] = x.shape[i], x.strides[i]
                n += 1
        data += start * x.strides[dim] * size
    elif kind == KIND_SLICE:
        dim, start, length, step = args
        n = x.ndim
        memcpy(shape, x.shape, n * sizeof(int64_t))
        memcpy(strides, x.strides, n * sizeof(int64_t))
        shape[dim] = length
        strides[dim] *= step
        if length > 0:
            data += start * x.strides[dim] * size
    elif kind == KIND_DIAGONAL:
        start, dim, dim2 = args
        for i in range(x.ndim):
            if i != dim and i != dim2:
                shape[n], strides[n] = x.shape[i], x.strides[i]
                n += 1
        length = min(x.shape[dim] + min(start, 0), x.shape[dim2] - max(start, 0))
        shape[n] = length if length > 0 else 0
        strides[n] = x.strides[dim] + x.strides[dim2]
        if length > 0:
            data += (start * x.strides[dim2] if start > 0 else -start * x.strides[dim]) * size
        n += 1
    elif kind == KIND_UNFOLD:
        dim, length, step = args
        n = x.ndim + 1
        memcpy(shape, x.shape, x.ndim * sizeof(int64_t))
        memcpy(strides, x.strides, x.ndim * sizeof(int64_t))
        shape[x.ndim], strides[x.ndim] = length, 1
        if x.ndim:
            shape[dim] = (x.shape[dim] - length) // step + 1
            strides[x.ndim] = x.strides[dim]
            strides[dim] = x.strides[dim] * step
    else:
        sizes, steps, start = args
        n = len(sizes)
        for i in range(n):
            shape[i], strides[i] = sizes[i], steps[i]
        data += start * size
    return tensor_view(x, n, shape, strides, data)


cdef str PART_NAMES(int kind):
    return ("select", "slice", "diagonal", "as_strided", "unfold")[kind]


cdef TensorBase embed(TensorBase g, tuple shape, int kind, tuple args):
    """Zeros of `shape` with g in the part that (kind, args) shows."""
    cdef int64_t sizes[MAX_DIMS]
    cdef TensorBase out, v
    cdef Node node
    cdef int i, n = len(shape)
    for i in range(n):
        sizes[i] = shape[i]
    out = zeros_at(g, g.dtype, n, sizes)
    v = part(out, kind, args)
    if kind >= KIND_STRIDED and not tensor_is_non_overlapping(v):
        add_shared(v, g)
    else:
        copy_data(v, g)
    if recorded(g):
        node = node_new(embed_backward, b"view_scatter", 1, 0)
        node_edge(node, 0, g, None)
        keep_args(node, (kind, args))
        node_attach(node, out, 0)
    return out


cdef int add_shared(TensorBase v, TensorBase g) except -1:
    # v += g, where elements of v may share memory: dimension by dimension, until those left lie apart.
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t i
    cdef int d, least = -1
    if v.numel == 0:
        return 0
    if tensor_is_non_overlapping(v):
        return tape_ops.add_(v, g)
    for d in range(v.ndim):
        shape[d] = 1 if v.strides[d] == 0 else v.shape[d]
        if shape[d] > 1 and (least < 0 or shape[d] < shape[least]):
            least = d
    g = sum_to(g, v.ndim, shape)
    v = tensor_view(v, v.ndim, shape, v.strides, v.data)
    if tensor_is_non_overlapping(v):
        return tape_ops.add_(v, g)
    for i in range(v.shape[least]):
        add_shared(part(v, KIND_SELECT, (least, i)), part(g, KIND_SELECT, (least, i)))
    return 0


cdef int embed_backward(Node node, PyObject** grads) except -1:
    cdef TensorBase g = <TensorBase>grads[0]
    kind, args = <tuple>node.args
    if kind == KIND_STRIDED:         # the strides are those of what embed made, which was contiguous
        g = contiguous_recorded(g)
    return node_give(node, 0, recorded_part(g, kind, args))


cdef TensorBase recorded_part(TensorBase x, int kind, tuple args):
    cdef TensorBase v = link(part(x, kind, args), x)
    cdef Node node
    if recorded(x):
        node = node_new(part_backward, (b"select", b"slice", b"diagonal", b"as_strided", b"unfold")[kind], 1, 0)
        node_edge(node, 0, x, None)
        keep_args(node, (kind, args, None if kind != KIND_STRIDED or inside(x, args) else stride_tuple(x), NO_PAIRS))
        node_attach(node, v, 0)
    return v


cdef TensorBase select(TensorBase x, int dim, int64_t index):
    if x.ndim == 0:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    if index < -x.shape[dim] or index >= x.shape[dim]:
        raise IndexError(f"index {index} is out of bounds for dimension {dim} with size {x.shape[dim]}")
    return recorded_part(x, KIND_SELECT, (dim, index + x.shape[dim] if index < 0 else index))


cdef TensorBase slice_dim(TensorBase x, int dim, int64_t start, int64_t length, int64_t step):
    return recorded_part(x, KIND_SLICE, (dim, start, length, step))


include "_view_history.pxi"


cdef TensorBase fit(TensorBase g, int dtype, int ndim, const int64_t* shape):
    """Sum a gradient to its input's shape and cast it to its dtype; ndim -1 leaves the shape."""
    cdef bint differs = ndim >= 0 and (g.ndim != ndim)
    cdef int i
    if ndim >= 0 and not differs:
        for i in range(ndim):
            differs = differs or g.shape[i] != shape[i]
    if recorded(g):
        return fit_recorded(g, dtype, ndim, shape, differs)
    if differs:
        if ndim > g.ndim:
            raise RuntimeError(f"a gradient of shape {list(shape_tuple(g))} does not fit an input of shape "
                               f"{[shape[i] for i in range(ndim)]}")
        g = sum_to(g, ndim, shape)
    return cast_to(g, dtype)


cdef TensorBase fit_recorded(TensorBase g, int dtype, int ndim, const int64_t* shape, bint differs):
    cdef object x = g
    if differs:
        extra = g.ndim - ndim
        dims = [i for i in range(g.ndim) if i < extra or (shape[i - extra] == 1 and g.shape[i] != 1)]
        if dims:
            x = x.sum(dims, True)
        x = x.reshape([shape[i] for i in range(ndim)])
    return cast_to_part(x, dtype)


cdef TensorBase cast_to_part(object x, int dtype):
    # Of a derivative that belongs to real numbers only the real part counts.
    if x.is_complex() and category_of[dtype] != CATEGORY_COMPLEX:
        x = x.real
    return <TensorBase>(x.to(dtype_object(dtype)))


cdef TensorBase full_like(TensorBase x, int value):
    cdef TensorBase y
    if value == 0:
        return zeros_at(x, x.dtype, x.ndim, x.shape)
    y = tensor_empty_at(x, x.dtype, x.ndim, x.shape)
    copy_data(y, number_tensor(value))
    return y


cdef TensorBase spread(TensorBase t, TensorBase y):
    """A tangent in the shape and the dtype of what it belongs to."""
    if t.dtype != y.dtype:
        t = cast_to_part(t, y.dtype)
    return t if same_shape(t, y) else expand_to(t, y.ndim, y.shape)


tape_ops.full_like = full_like
tape_ops.spread = spread
tape_ops.fit = fit
tape_ops.regenerate = regenerate
tape_ops.rebase = rebase


# ---- copies with history

cdef int copy_backward(Node node, PyObject** grads) except -1:
    # edge 0: the old values of the target, which are gone; edge 1: the source
    cdef TensorBase g = <TensorBase>grads[0]
    cdef TensorBase zero
    if node_needs(node, 0):
        zero = zeros_at(g, g.dtype, g.ndim, g.shape)
        node_give(node, 0, zero)
    if node_needs(node, 1):
        node_give(node, 1, g)
    return 0


cdef int warn_of_imaginary_parts(int frm, int to) except -1:
    if category_of[frm] == CATEGORY_COMPLEX and category_of[to] != CATEGORY_COMPLEX and to != BOOL:
        import warnings
        warnings.warn("Casting complex values to real discards the imaginary part", UserWarning)
    return 0


cdef TensorBase copy_(TensorBase to, TensorBase frm):
    """to[...] = frm in place, recorded."""
    cdef PyObject* both[2]
    cdef Node node = None
    cdef TensorBase source = frm
    cdef int i, own
    check_inplace(to, b"copy_")
    warn_of_imaginary_parts(frm.dtype, to.dtype)
    cdef int index, other
    if place_of_batch(frm, &index) != place_of_batch(to, &other) or index != other:
        frm = source = to_device(frm, place_object(to))
    for i in range(frm.ndim):
        own = i + to.ndim - frm.ndim
        if (own < 0 and frm.shape[i] != 1) or (own >= 0 and frm.shape[i] != to.shape[own] and frm.shape[i] != 1):
            raise RuntimeError(f"The expanded size of the tensor ({to.shape[own] if own >= 0 else 0}) must match the "
                               f"existing size ({frm.shape[i]}) at non-singleton dimension {own if own > 0 else 0}.  "
                               f"Target sizes: {list(shape_tuple(to))}.  Tensor sizes: {list(shape_tuple(frm))}")
    if frm.ndim > to.ndim:
        source = tensor_view(frm, to.ndim, frm.shape + (frm.ndim - to.ndim), frm.strides + (frm.ndim - to.ndim),
                             frm.data)
    if memory_of(source) == memory_of(to) and not (source.storage == to.storage and source.data == to.data
                                                   and source.contiguous and to.contiguous):
        source = contiguous_copy(source)
    if (recorded(to) or recorded(frm)) and category_of[to.dtype] >= CATEGORY_FLOAT:
        both[0], both[1] = <PyObject*>to, <PyObject*>frm
        check_rebase(2, both)
        node = node_new(copy_backward, b"copy", 2, 0)
        node_edge(node, 0, to, to)
        node_edge(node, 1, frm, to)
    copy_data(to, source)
    bump_version(to, b"copy_")
    if node is not None:
        if to.base != NULL:
            rebase(to, node)
        else:
            node_attach(node, to, 0)
    return to


cdef TensorBase zeros_at(TensorBase place, int dtype, int ndim, const int64_t* shape):
    # Zeros on the device of `place`.
    cdef TensorBase t = tensor_empty_at(place, dtype, ndim, shape)
    zero_memory(t)
    return t


cdef int zero_memory(TensorBase t) except -1:
    # t has its storage to itself.
    cdef TensorBase whole
    cdef int64_t n = t.storage.nbytes // itemsize_of[t.dtype], one = 1
    if t.device == DEVICE_CPU and t.storage.nbytes < 16384:
        memset(t.storage.data, 0, t.storage.nbytes)
        return 0
    whole = tensor_view(t, 1, &n, &one, t.storage.data)
    return copy_data(whole, number_tensor(0))


def to_device(TensorBase x not None, device, bint copy=False, bint non_blocking=False):
    """x on another device, recorded; x itself where it is there and no copy is wanted.

    With `non_blocking`, a copy from or to page-locked memory may still be going on; what leaves a device gets such.
    """
    cdef int index = place_of(device, "to"), old
    cdef TensorBase y
    cdef Node node
    if place_of_batch(x, &old) == DEVICE_CPU:
        old = -1
    if index == old and not copy:
        return x
    if non_blocking and index < 0 and old >= 0:
        y = <TensorBase?>backend().pinned_empty(shape_tuple(x), dtype_object(x.dtype))
    else:
        y = tensor_empty_on(DEVICE_CPU if index < 0 else DEVICE_CUDA, index, x.dtype, x.ndim, x.shape)
        if x.device == DEVICE_BATCHED:
            y = batched_like(levels_of(x), y, x.dtype, x.ndim, x.shape, NULL)
    if non_blocking and index != old:
        backend().copy(y, x, True)
    else:
        copy_data(y, x)
    if recorded(x):
        node = node_new(to_device_backward, b"to_copy", 1, 0)
        node_edge(node, 0, x, y)
        back = place_object(x)
        Py_INCREF(back)
        node.args = <PyObject*>back
        node_attach(node, y, 0)
    return y


cdef int to_device_backward(Node node, PyObject** grads) except -1:
    return node_give(node, 0, to_device(<TensorBase>grads[0], <object>node.args))


cdef bint channels_last_like(TensorBase x, object format) except -1:
    # Whether x lies as a channels-last format wants it.
    cdef int64_t strides[MAX_DIMS]
    cdef int i
    if x.ndim != format.ndim or not channels_last_strides(format, x.ndim, x.shape, strides):
        return False
    for i in range(x.ndim):
        if x.shape[i] != 1 and x.strides[i] != strides[i]:
            return False
    return True


def is_contiguous_in(TensorBase x not None, format):
    """Whether the elements of x lie without gaps in the order of a memory format."""
    return channels_last_like(x, format) if format.ndim else x.contiguous


def copy_in(TensorBase x not None, format):
    """A recorded copy of x in a memory format."""
    cdef int64_t strides[MAX_DIMS]
    cdef TensorBase y
    cdef Node node
    if not channels_last_strides(format, x.ndim, x.shape, strides):
        return tape_ops.clone(x) if format is not None and preserves(format) else clone_contiguous(x)
    y = tensor_empty_strided(x, x.dtype, x.ndim, x.shape, strides)
    copy_data(y, x)
    if recorded(x):
        node = node_new(pass_backward, b"clone", 1, 0)
        node_edge(node, 0, x, y)
        node_attach(node, y, 0)
    return y


def become_view(TensorBase x not None, TensorBase v not None):
    """In place: x takes the geometry and the history of its view v."""
    cdef int i
    if v is x:
        return x
    check_changeable(x, b"view")
    if v.ndim > INLINE_DIMS or x.ndim > INLINE_DIMS:
        raise NotImplementedError(f"in-place views of more than {INLINE_DIMS} dimensions are not supported")
    x.ndim, x.data = v.ndim, v.data
    for i in range(v.ndim):
        x.shape[i], x.strides[i] = v.shape[i], v.strides[i]
    tensor_set_geometry(x)
    if v.grad_fn != NULL:
        node_attach(<Node>v.grad_fn, x, 0)
    if is_dual(v) or x.tangents != NULL:
        drop_tangents(x)
        share_tangents(x, v)
    bump_version(x, b"view")
    return x


def alias_like(TensorBase x not None):
    """Another tensor over the same values, as copy.copy makes it."""
    cdef TensorBase t = tensor_alias(x)
    t.requires_grad = x.requires_grad and x.grad_fn == NULL
    return t


def resize(TensorBase x not None, size, format=None):
    """Another shape for x itself, contiguous; more memory where needed, with the old values first."""
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t strides[MAX_DIMS]
    cdef int i, n = parse_sizes(size, shape, "resize_")
    cdef TensorBase fresh = (tensor_empty_strided(x, x.dtype, n, shape, strides)
                             if channels_last_strides(format, n, shape, strides)
                             else tensor_empty_at(x, x.dtype, n, shape))
    cdef size_t have = x.storage.nbytes - (x.data - x.storage.data)
    cdef size_t need = fresh.numel * itemsize_of[x.dtype]
    if x.requires_grad:
        raise RuntimeError("cannot resize variables that require grad")
    if x.tangents != NULL:
        drop_tangents(x)
    if n > INLINE_DIMS:
        raise NotImplementedError(f"resize_: more than {INLINE_DIMS} dimensions are not supported, got {n}")
    if need > have:
        if x.device != DEVICE_CPU:
            raise NotImplementedError("resize_: growing is not implemented for device 'cuda' and dtype "
                                      f"{dtype_name(x.dtype).decode()}")
        memcpy(fresh.data, x.data, have)
        fresh.storage.version = x.storage.version
        storage_retain(fresh.storage)
        storage_release(x.storage)
        x.storage = fresh.storage
        x.data = fresh.data
    x.ndim = n
    for i in range(n):
        x.shape[i] = fresh.shape[i]
        x.strides[i] = fresh.strides[i]
    tensor_set_geometry(x)
    bump_version(x, b"resize_")


def to_dtype(TensorBase x not None, dtype not None, bint copy=False):
    """x in another dtype, recorded; x itself where nothing changes and no copy is wanted."""
    cdef int id = as_dtype(dtype, "to")
    cdef TensorBase y
    cdef Node node
    if id == x.dtype and not copy:
        return x
    warn_of_imaginary_parts(x.dtype, id)
    y = copy_as(x, id)
    if recorded(x) and category_of[id] >= CATEGORY_FLOAT:
        node = node_new(pass_backward, b"to_copy", 1, 0)
        node_edge(node, 0, x, y)
        node_attach(node, y, 0)
    return y


def count_change(TensorBase x not None, bytes op not None):
    """Count a change of x's values that a kernel of another device made, under the name of an operator."""
    change_names.add(op)
    bump_version(x, op)


def copy_values(TensorBase to not None, TensorBase frm not None):
    """to[...] = frm, cast and broadcast; neither recorded nor counted as a change."""
    copy_data(to, frm)


include "_view_functions.pxi"
include "_view_tangents.pxi"


def reinterpret(TensorBase x not None, dtype not None):
    """The same memory read as another dtype; the last dimension grows or shrinks with the element size."""
    cdef int id = as_dtype(dtype, "view"), i, old = itemsize_of[x.dtype], new = itemsize_of[id]
    cdef TensorBase t
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t strides[MAX_DIMS]
    for i in range(x.ndim):
        shape[i], strides[i] = x.shape[i], x.strides[i]
    if old != new:
        if x.ndim == 0:
            raise RuntimeError(f"self.dim() cannot be 0 to view {dtype_name(x.dtype).decode()} as "
                               f"{dtype_name(id).decode()} (different element sizes)")
        if x.shape[x.ndim - 1] * old % new or (x.strides[x.ndim - 1] != 1 and x.shape[x.ndim - 1] != 1):
            raise RuntimeError(f"view: the last dimension of {list(shape_tuple(x))} cannot be read as "
                               f"{dtype_name(id).decode()}")
        for i in range(x.ndim - 1):
            if strides[i] * old % new:
                raise RuntimeError(f"view: stride {strides[i]} at dimension {i} cannot be counted in elements of "
                                   f"{dtype_name(id).decode()}")
            strides[i] = strides[i] * old // new
        shape[x.ndim - 1] = shape[x.ndim - 1] * old // new
        strides[x.ndim - 1] = 1
    t = tensor_view(x, x.ndim, shape, strides, x.data)
    t.dtype = id
    return t


def whole_storage(TensorBase x not None, dtype not None):
    """All memory of x's storage as a vector of a dtype, outside of any graph."""
    cdef int id = as_dtype(dtype, "storage")
    cdef int64_t n = x.storage.nbytes // itemsize_of[id], one = 1
    cdef TensorBase t = tensor_view(x, 1, &n, &one, x.storage.data)
    t.dtype = id
    return t
