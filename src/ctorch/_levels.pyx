"""The way into a level of vmap and out of it, recorded, and what gradients that pass between levels need.

A dimension becomes hidden when a level is entered, and one of the tensor again when it is left: each is the derivative
of the other.
"""
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from libc.stdint cimport int64_t

from ctorch._batched cimport (Levels, enter_level, leave_level, level_is_open, level_place, levels_of)
from ctorch._gen.ops cimport REDUCE_SUM
from ctorch._reduce cimport reduce_marked
from ctorch._tape cimport Node, node_attach, node_edge, node_give, node_new, recording, tape_ops
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
    if wants_grad(x) and recording():
        node = node_new(enter_backward, b"enter_level", 1, 0)
        node_edge(node, 0, x, None)
        keep(node, (number, size, dim))
        node_attach(node, y, 0)
        y.storage.readonly = True    # x would not know of a change
    return y


cdef int stretch_backward(Node node, PyObject** grads) except -1:
    number, = <tuple>node.args
    return node_give(node, 0, summed(<TensorBase>grads[0], number))


cdef TensorBase stretch(TensorBase x, int64_t number, int64_t size):
    """x as the example of a level, the same in all."""
    cdef TensorBase y = enter_level(x, -1, number, size, 0)
    cdef Node node
    if wants_grad(x) and recording():
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
    if wants_grad(x) and recording():
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
    if wants_grad(x) and recording():
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


def enter_dim(TensorBase x not None, int64_t number, int dim):
    """x with a dimension hidden in a level; recorded."""
    return enter(x, number, dim)


def leave_dim(TensorBase x not None, int64_t number, int64_t size, int dim):
    """x with the hidden dimension of a level at a place among the others; recorded."""
    return leave(x, number, size, dim)


def has_level(TensorBase x not None, int64_t number):
    """Whether a tensor is batched at a level."""
    return x.device == DEVICE_BATCHED and level_place(levels_of(x), number) >= 0
