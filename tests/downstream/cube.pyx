# A downstream extension: reads, writes and makes tensors, and puts an operation of its own on the tape.
from cpython.object cimport PyObject

from ctorch cimport (FLOAT64, Node, Tensor, TensorBase, node_attach, node_edge, node_give, node_new, node_save,
                     node_saved, recording, tensor_empty_like, wants_grad)


def scale_in_place(Tensor t, double factor):
    """Multiply a float64 tensor through a typed memoryview, without the GIL."""
    cdef double[:, :] v = t
    cdef Py_ssize_t i, j
    with nogil:
        for i in range(v.shape[0]):
            for j in range(v.shape[1]):
                v[i, j] *= factor


cdef TensorBase cubes(TensorBase x, TensorBase g):
    # x ** 3, or its derivative 3 g x ** 2 where g is given
    cdef TensorBase y = tensor_empty_like(x, FLOAT64)
    cdef double* to = <double*>y.data
    cdef double* p = <double*>x.data
    cdef double* q = NULL if g is None else <double*>g.data
    cdef Py_ssize_t i, n = x.numel
    with nogil:
        for i in range(n):
            to[i] = p[i] * p[i] * p[i] if q == NULL else 3 * q[i] * p[i] * p[i]
    return y


cdef int cube_backward(Node node, PyObject** grads) except -1:
    cdef TensorBase g = <TensorBase>(<object>grads[0]).contiguous()
    return node_give(node, 0, cubes(node_saved(node, 0), g))


def cube(Tensor x):
    """x ** 3 of a contiguous float64 tensor, with its gradient."""
    if not x.contiguous or x.dtype != FLOAT64:
        raise TypeError("cube: expected a contiguous float64 tensor")
    cdef TensorBase y = cubes(x, None)
    cdef Node node
    if wants_grad(x) and recording():
        node = node_new(cube_backward, b"cube", 1, 1)
        node_edge(node, 0, x, y)
        node_save(node, 0, x, False)
        node_attach(node, y, 0)
    return y
