# Gradients of views, and what an in-place change of a view does to them; included by _views.pyx.
#
# A gradient that cannot be put straight into a tensor of its input's shape goes through the memory behind that, as one
# dimension: where a view reaches beyond its input, where elements share memory, or where views are of two dtypes. Then
# geometries are told in real numbers, and gradients pass as pairs of them.

cdef tuple extent(tuple args):
    # The first and the last place that a strided part reads; an empty one reads none.
    shape, strides, low = args
    high = low
    for size, step in zip(shape, strides):
        if size == 0:
            return 0, -1
        low, high = low + min(0, (size - 1) * step), high + max(0, (size - 1) * step)
    return low, high


cdef bint inside(TensorBase x, tuple args):
    # Whether a strided part lies in x, and x without gaps.
    if not x.contiguous:
        return False
    low, high = extent(args)
    return high < low or (low >= 0 and high < x.numel)


cdef tuple in_reals(tuple shape, tuple strides):
    """The geometry of complex numbers as pairs."""
    return (*shape, 2), (*[2 * step for step in strides], 1)


cdef TensorBase as_pairs(TensorBase x):
    from ctorch._functions import view_as_real
    return <TensorBase>view_as_real(x)


cdef TensorBase of_pairs(TensorBase x):
    from ctorch._functions import _complex_of
    return <TensorBase>_complex_of(x)


cdef TensorBase through_memory(TensorBase g, tuple args, tuple shape, tuple strides):
    """Gradient of a tensor with this geometry, from that of its strided part; elements of one place share it."""
    cdef TensorBase memory, ones
    cdef int64_t size
    places = [extent(args), extent((shape, strides, 0))]
    low = min([a for a, _ in places])
    size = max([b for _, b in places]) - low + 1
    sizes, steps, offset = args
    memory = embed(g, (size,), KIND_STRIDED, (sizes, steps, offset - low))
    if not tensor_is_non_overlapping(part(memory, KIND_STRIDED, (shape, strides, -low))):
        ones = expand_to(number_tensor(1), len(shape), part(memory, KIND_STRIDED, (shape, strides, -low)).shape)
        ones = embed(cast_to(ones, g.dtype), (size,), KIND_STRIDED, (shape, strides, -low))
        memory = <TensorBase>(<object>memory / (<object>ones + (<object>ones == 0)))
    return clone_contiguous(recorded_part(memory, KIND_STRIDED, (shape, strides, -low)))


cdef int part_backward(Node node, PyObject** grads) except -1:
    # args: kind, its arguments, strides of the input where it is not put straight into it, and which is of pairs
    cdef TensorBase g = <TensorBase>grads[0]
    kind, args, strides, pairs = <tuple>node.args
    shape = node_edge_shape(node, 0, g)
    if strides is None:
        return node_give(node, 0, embed(g, shape, kind, args))
    if pairs == BASE_OF_PAIRS:
        shape, strides = in_reals(shape, strides)
        return node_give(node, 0, of_pairs(through_memory(g, args, shape, strides)))
    return node_give(node, 0, through_memory(as_pairs(g) if pairs == VIEW_OF_PAIRS else g, args, shape, strides))


cdef tuple place_in(TensorBase base, TensorBase v):
    # Geometry of a view in its base, as arguments of a strided part, and which of them is of pairs.
    cdef int size = min(itemsize_of[v.dtype], itemsize_of[base.dtype])
    cdef int pairs = NO_PAIRS
    shape, strides = shape_tuple(v), stride_tuple(v)
    if itemsize_of[base.dtype] > size:
        pairs = BASE_OF_PAIRS
    elif itemsize_of[v.dtype] > size:
        pairs = VIEW_OF_PAIRS
        shape, strides = in_reals(shape, strides)
    return (shape, strides, (v.data - base.data) // size), pairs


cdef tuple UNKNOWN_HISTORY = (
    "This view is the output of a function that returns multiple views, and its base or another view of its base has "
    "been modified inplace. Such functions do not allow the output views to be modified inplace. You should replace "
    "the inplace operation by an out-of-place one.",
    "A view was created in no_grad mode and its base or another view of its base has been modified inplace with grad "
    "mode enabled. Given that this use case is ambiguous and error-prone, it is forbidden. Make the view and the "
    "change both inside of the no_grad block, or both outside.")


cdef Node regenerate(TensorBase v):
    # A view whose base was changed in place: its history is the base's now.
    cdef TensorBase base = <TensorBase>v.base
    cdef Node node
    cdef uint64_t visible
    cdef bint mode, history = base.requires_grad
    if not base.requires_grad and base.tangents == NULL:
        return None if v.grad_fn == NULL else <Node>v.grad_fn
    if v.view_origin != VIEW_DEFAULT and history:
        history = recording() or not (is_dual(base) or is_dual(v))      # else it is asked for its tangents alone
    if v.view_origin != VIEW_DEFAULT and history:
        raise RuntimeError(UNKNOWN_HISTORY[v.view_origin == VIEW_NO_GRAD])
    args, pairs = place_in(base, v)
    visible, mode = set_visible(all_levels()), set_recording(history)
    try:
        node = node_new(part_backward, b"as_strided", 1, 0)
        node_edge(node, 0, base, None)
        straight = pairs == NO_PAIRS and inside(base, args)
        keep_args(node, (KIND_STRIDED, args, None if straight else stride_tuple(base), pairs))
        node_attach(node, v, 0)
    finally:
        set_visible(visible)
        set_recording(mode)
    if base.requires_grad and not history:
        return None if v.grad_fn == NULL else <Node>v.grad_fn
    # as if made when the base was, so that whatever uses the view now is newer
    node.sequence = 1 if base.grad_fn == NULL else (<Node>base.grad_fn).sequence + 1
    v.view_version = v.storage.version
    return node if base.requires_grad else None


cdef int copy_slices_backward(Node node, PyObject** grads) except -1:
    """base_new = base_old with a part replaced by what the inner node made."""
    cdef TensorBase g = <TensorBase>grads[0]
    cdef TensorBase rest, changed
    cdef int64_t steps[MAX_DIMS]
    cdef int i
    args, base_strides, pairs = <tuple>node.args
    if differentiable() or pairs != NO_PAIRS:
        rest, changed = parted(g, args, base_strides, pairs)
    else:
        for i in range(g.ndim):
            steps[i] = 0 if base_strides is None else base_strides[i]
        rest = (tensor_empty_at(g, g.dtype, g.ndim, g.shape) if base_strides is None
                else tensor_empty_strided(g, g.dtype, g.ndim, g.shape, steps))
        copy_data(rest, g)
        changed = contiguous_copy(part(rest, KIND_STRIDED, args))
        zero = part(rest, KIND_STRIDED, args)
        copy_data(zero, number_tensor(0))
    if node_needs(node, 0):
        node_give(node, 0, rest)
    if node_needs(node, 1):
        node_give(node, 1, changed)
    return 0


cdef tuple parted(TensorBase g, tuple args, object base_strides, int pairs):
    """What of g is not in a part of it, and what is; on tensors, so that a graph of the gradient comes out."""
    cdef TensorBase memory, rest, changed
    memory = as_pairs(g) if pairs == BASE_OF_PAIRS else g
    shape, strides = shape_tuple(memory), base_strides
    if strides is None:
        memory = contiguous_recorded(memory)
    else:
        strides = in_reals(shape_tuple(g), strides)[1] if pairs == BASE_OF_PAIRS else strides
        memory = embed(memory, (extent((shape, strides, 0))[1] + 1,), KIND_STRIDED, (shape, strides, 0))
    changed = recorded_part(memory, KIND_STRIDED, args)
    rest = <TensorBase>(<object>memory).as_strided_scatter(full_like(changed, 0), *args)
    if strides is not None:
        rest = clone_contiguous(recorded_part(rest, KIND_STRIDED, (shape, strides, 0)))
    return (of_pairs(rest) if pairs == BASE_OF_PAIRS else rest,
            of_pairs(changed) if pairs == VIEW_OF_PAIRS else clone_contiguous(changed))


cdef TensorBase contiguous_recorded(TensorBase g):
    return g if g.contiguous else clone_contiguous(g)


cdef TensorBase contiguous_copy(TensorBase x):
    cdef TensorBase y = tensor_empty_at(x, x.dtype, x.ndim, x.shape)
    copy_data(y, x)
    return y


cdef int rebase(TensorBase v, Node inner) except -1:
    # After an in-place change of the view v, recorded by `inner`: the base gets the history.
    cdef TensorBase base = <TensorBase>v.base
    cdef Node node
    cdef int i
    cdef bint forward = True
    for i in range(base.ndim):
        forward = forward and base.strides[i] >= 0
    if not base.contiguous and not (forward and tensor_is_non_overlapping(base)):
        raise NotImplementedError("in-place change of a view whose base has negative or overlapping strides: no "
                                  "derivative; use base.contiguous() first")
    args, pairs = place_in(base, v)
    node = node_new(copy_slices_backward, b"copy_slices", 2, 0)
    node_edge(node, 0, base, None)
    add_tangents(node, 1, output_tangents(inner, v, 0))
    node_settle(inner)
    Py_INCREF(inner)
    node.edges[1].target = <PyObject*>inner
    node.edges[1].dtype = v.dtype
    node.edges[1].forward = duals_visible() and not has_real_edge(inner)
    edge_levels(&node.edges[1], v)
    keep_args(node, (args, None if base.contiguous else stride_tuple(base), pairs))
    node_attach(node, base, 0)
    if base.requires_grad:
        Py_XDECREF(v.grad_fn)
        v.grad_fn = NULL
        v.requires_grad = True
    v.view_version = v.storage.version - 1       # stale on purpose: the next use makes its node from the base
    return 0
