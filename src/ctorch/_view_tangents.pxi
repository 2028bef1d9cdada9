# Rules of forward mode for views and copies, which are the same operation on the tangent; included by _views.pyx.

cdef TensorBase reshape_tangent(Node node, TensorBase y, PyObject** tangents):
    return reshape_to(<TensorBase>tangents[0], y.ndim, y.shape)


cdef TensorBase pass_tangent(Node node, TensorBase y, PyObject** tangents):
    return spread(<TensorBase>tangents[0], y)


cdef TensorBase permute_tangent(Node node, TensorBase y, PyObject** tangents):
    cdef int perm[MAX_DIMS]
    cdef int i, d
    for i, d in enumerate(<tuple>node.args):
        perm[i] = d
    return permute_to(<TensorBase>tangents[0], perm)


cdef TensorBase part_tangent(Node node, TensorBase y, PyObject** tangents):
    cdef TensorBase t = <TensorBase>tangents[0]
    kind, args, strides, pairs = <tuple>node.args
    if strides is not None or pairs != NO_PAIRS:
        return None
    if kind == KIND_STRIDED:         # told in strides of the input, which is without gaps
        t = contiguous_recorded(t)
    return recorded_part(t, kind, args)


cdef TensorBase embed_tangent(Node node, TensorBase y, PyObject** tangents):
    kind, args = <tuple>node.args
    return embed(<TensorBase>tangents[0], shape_tuple(y), kind, args)


cdef TensorBase copy_tangent(Node node, TensorBase y, PyObject** tangents):
    cdef TensorBase t
    if tangents[1] == NULL:          # a constant was copied
        return full_like(y, 0)
    t = <TensorBase>tangents[1]
    while t.ndim > y.ndim:
        t = select(t, 0, 0)
    return spread(t, y)


forward_rule(reshape_backward, reshape_tangent)
forward_rule(pass_backward, pass_tangent)
forward_rule(permute_backward, permute_tangent)
forward_rule(part_backward, part_tangent)
forward_rule(embed_backward, embed_tangent)
forward_rule(copy_backward, copy_tangent)
