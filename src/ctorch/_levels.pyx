"""The way into a level of vmap and out of it, recorded, and what gradients that pass between levels need.

A dimension becomes hidden when a level is entered, and one of the tensor again when it is left: each is the derivative
of the other.
"""
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from libc.stdint cimport int64_t

from ctorch._batched cimport (Levels, enter_level, leave_level, level_is_open, level_place, levels_of, memory_of)
from ctorch._dispatch cimport check_rebase
from ctorch._gen.ops cimport REDUCE_SUM
from ctorch._reduce cimport reduce_marked
from ctorch._tape cimport (Node, forward_rule, grad_fn_of, node_attach, node_edge, node_give, node_new, recorded,
                           recording, set_recording, tape_ops)
from ctorch._tensor cimport *


cdef int keep(Node node, tuple args) except -1:
    Py_INCREF(args)
    node.args = <PyObject*>args
    return 0


cdef int enter_backward(Node node, PyObject** grads) except -1:
    number, size, dim = <tuple>node.args
    return node_give(node, 0, leave(<TensorBase>grads[0], number, size, dim))


cdef TensorBase enter(TensorBase x, int64_t number, int dim):
    """x with a dimension hidden in a level."""
    cdef int64_t size = x.shape[dim]
    cdef TensorBase y = enter_level(x, dim, number, size, x.strides[dim])
    cdef Node node
    if recorded(x):
        node = node_new(enter_backward, b"enter_level", 1, 0)
        node_edge(node, 0, x, None)
        keep(node, (number, size, dim))
        node_attach(node, y, 0)
        if x.requires_grad and (grad_fn_of(x) is None or (x.base != NULL and grad_fn_of(<TensorBase>x.base) is None)):
            y.storage.readonly = True    # the examples of a leaf
    y.view_version = memory_of(x).version
    return y


cdef int write_back(TensorBase x, TensorBase y, int64_t number, int dim) except -1:
    """Tell x of a change in place of its examples y: its values are the changed ones, its history is not."""
    cdef PyObject* both[2]
    cdef bint mode
    cdef Node node
    if y.storage.version == 0 or memory_of(x).version == y.view_version:
        return 0
    if x.device == DEVICE_BATCHED:
        bump_version(x, y.storage.changed_by)
    if not (wants_grad(y) or is_dual(x) or is_dual(y)):
        return 0
    if wants_grad(y) and grad_fn_of(y).backward == enter_backward and not (is_dual(x) or is_dual(y)):
        return 0                     # what was recorded of it was forgotten
    if x.ndim != y.ndim + 1 or y.data != x.data:
        raise NotImplementedError("vmap: a change of both the shape and the values of an input in place, recorded")
    mode = set_recording(recording() or wants_grad(y))
    try:
        both[0], both[1] = <PyObject*>x, <PyObject*>y
        check_rebase(2, both)
        node = node_new(leave_backward, b"leave_level", 1, 0)
        node_edge(node, 0, y, None)
        keep(node, (number, dim))
        if x.base != NULL:
            tape_ops.rebase(x, node)
        else:
            node_attach(node, x, 0)
    finally:
        set_recording(mode)
    return 0


cdef int stretch_backward(Node node, PyObject** grads) except -1:
    number, = <tuple>node.args
    return node_give(node, 0, summed(<TensorBase>grads[0], number))


cdef TensorBase stretch(TensorBase x, int64_t number, int64_t size):
    """x as the example of a level, the same in all."""
    cdef TensorBase y = enter_level(x, -1, number, size, 0)
    cdef Node node
    if recorded(x):
        node = node_new(stretch_backward, b"stretch_level", 1, 0)
        node_edge(node, 0, x, None)
        keep(node, (number,))
        node_attach(node, y, 0)
    return y


cdef int leave_backward(Node node, PyObject** grads) except -1:
    number, dim = <tuple>node.args
    return node_give(node, 0, enter(<TensorBase>grads[0], number, dim))


cdef TensorBase leave(TensorBase x, int64_t number, int64_t size, int dim):
    """x with the hidden dimension of a level as a dimension; where it has none, all examples are the same."""
    cdef int k = level_place(levels_of(x), number) if x.device == DEVICE_BATCHED else -1
    cdef TensorBase y
    cdef Node node
    if k < 0:
        x = stretch(x, number, size)
        k = level_place(levels_of(x), number)
    y = leave_level(x, k, dim)
    if recorded(x):
        node = node_new(leave_backward, b"leave_level", 1, 0)
        node_edge(node, 0, x, None)
        keep(node, (number, dim))
        node_attach(node, y, 0)
    return y


cdef int summed_backward(Node node, PyObject** grads) except -1:
    number, size = <tuple>node.args
    return node_give(node, 0, stretch(<TensorBase>grads[0], number, size))


cdef TensorBase summed(TensorBase x, int64_t number):
    """The sum of all examples of a level."""
    cdef int k = level_place(levels_of(x), number)
    cdef int64_t size = levels_of(x).size[k]
    cdef bint reduced[MAX_DIMS]
    cdef TensorBase y = leave_level(x, k, 0)
    cdef Node node
    cdef int i
    for i in range(y.ndim):
        reduced[i] = i == 0
    y = reduce_marked(REDUCE_SUM, y, reduced, False)
    if recorded(x):
        node = node_new(summed_backward, b"sum_level", 1, 0)
        node_edge(node, 0, x, None)
        keep(node, (number, size))
        node_attach(node, y, 0)
    return y


cdef TensorBase settle(TensorBase g, PyObject* levels):
    """A gradient as its input has it.

    What the input is the same in, of levels that are closed, is summed; in open ones each example has its own gradient.
    """
    cdef Levels own, wanted = None if levels == NULL else <Levels>levels
    cdef int i
    if g.device == DEVICE_BATCHED:
        own = levels_of(g)
        if own is wanted:
            return g
        for i in range(own.n):
            if (wanted is None or level_place(wanted, own.number[i]) < 0) and not level_is_open(own.number[i]):
                g = summed(g, own.number[i])
    if wanted is not None:
        for i in range(wanted.n):
            if g.device != DEVICE_BATCHED or level_place(levels_of(g), wanted.number[i]) < 0:
                g = stretch(g, wanted.number[i], wanted.size[i])
    return g


tape_ops.settle = settle


# ---- forward mode: the same on the tangent, which may be batched where the tensor is not

cdef TensorBase enter_tangent(Node node, TensorBase y, PyObject** tangents):
    number, _, dim = <tuple>node.args
    return enter(<TensorBase>tangents[0], number, dim)


cdef TensorBase stretch_tangent(Node node, TensorBase y, PyObject** tangents):
    cdef TensorBase t = <TensorBase>tangents[0]
    cdef Levels levels = levels_of(y)
    number, = <tuple>node.args
    if t.device == DEVICE_BATCHED and level_place(levels_of(t), number) >= 0:
        return t
    return stretch(t, number, levels.size[level_place(levels, number)])


cdef TensorBase leave_tangent(Node node, TensorBase y, PyObject** tangents):
    number, dim = <tuple>node.args
    return leave(<TensorBase>tangents[0], number, y.shape[<int>dim], dim)


forward_rule(enter_backward, enter_tangent)
forward_rule(stretch_backward, stretch_tangent)
forward_rule(leave_backward, leave_tangent)


def enter_dim(TensorBase x not None, int64_t number, int dim):
    """x with a dimension hidden in a level; recorded."""
    return enter(x, number, dim)


def write_changes(list inputs not None, list entered not None, list dims not None, int64_t number):
    """Where examples were changed in place, give the tensors that they were taken of the history of the change."""
    cdef int k
    for k in range(len(inputs)):
        if dims[k] is not None and (<TensorBase>entered[k]).storage.version != 0:
            write_back(<TensorBase>inputs[k], <TensorBase>entered[k], number, dims[k])


def leave_dim(TensorBase x not None, int64_t number, int64_t size, int dim):
    """x with the hidden dimension of a level at a place among the others; recorded."""
    return leave(x, number, size, dim)


def widened(TensorBase x not None, *others):
    """x as an example of as many as the other tensors are examples of, so that these can be written into a copy."""
    cdef Levels levels
    cdef int i
    for other in others:
        if isinstance(other, TensorBase) and (<TensorBase>other).device == DEVICE_BATCHED:
            levels = levels_of(<TensorBase>other)
            for i in range(levels.n):
                if x.device != DEVICE_BATCHED or level_place(levels_of(x), levels.number[i]) < 0:
                    x = stretch(x, levels.number[i], levels.size[i])
    return x


def has_level(TensorBase x not None, int64_t number):
    """Whether a tensor is batched at a level."""
    return x.device == DEVICE_BATCHED and level_place(levels_of(x), number) >= 0
