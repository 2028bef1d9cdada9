"""Joining tensors, with the history of each: cat and stack."""
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from libc.stdint cimport int64_t

from ctorch._batched cimport empty_for
from ctorch._dtype cimport *
from ctorch._forward.selection cimport cat_forward
from ctorch._iterator cimport copy_data
from ctorch._shape cimport wrap_dim
from ctorch._tape cimport Node, node_attach, node_edge, node_give, node_needs, node_new, recording
from ctorch._tensor cimport *
from ctorch._views cimport slice_dim, unsqueeze_at, zero_memory


cdef list checked(object tensors, str op):
    if isinstance(tensors, TensorBase) or not isinstance(tensors, (list, tuple)):
        raise TypeError(f"{op}(): argument 'tensors' (position 1) must be tuple of Tensors, not "
                        f"{type(tensors).__name__}")
    for i, t in enumerate(tensors):
        if not isinstance(t, TensorBase):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(t).__name__}")
    if not tensors:
        raise (ValueError if op == "cat" else RuntimeError)(f"{op}(): expected a non-empty list of Tensors")
    return list(tensors)


cdef int cat_backward(Node node, PyObject** grads) except -1:
    # args: the dimension, the length of each part
    cdef TensorBase g = <TensorBase>grads[0]
    cdef int64_t at = 0, length
    cdef int k, dim
    dim, lengths = <tuple>node.args
    for k, length in enumerate(lengths):
        if node_needs(node, k):
            node_give(node, k, slice_dim(g, dim, at, length, 1))
        at += length
    return 0


def cat(tensors, dim=0, *, out=None):
    """Tensors joined along a dimension.

    See https://docs.pytorch.org/docs/stable/generated/torch.cat.html

    Examples
    --------
    >>> import ctorch
    >>> ctorch.cat([ctorch.tensor([1, 2]), ctorch.tensor([3])])
    tensor([1, 2, 3])
    """
    cdef list parts = checked(tensors, "cat")
    cdef TensorBase t, y
    cdef Node node
    cdef int d, k, dtype = (<TensorBase>parts[0]).dtype
    # PyTorch lets empty vectors pass beside tensors of any shape; their dtype counts
    for t in parts:
        dtype = promote(dtype, t.dtype)
    kept = [t for t in parts if not (t.ndim == 1 and t.shape[0] == 0)]
    parts = kept or parts[:1]
    t = <TensorBase>parts[0]
    if t.ndim == 0:
        raise RuntimeError("zero-dimensional tensor (at position 0) cannot be concatenated")
    d = wrap_dim(dim, t.ndim, "cat")
    y = cat_forward(parts, d, dtype)
    if out is not None:
        out.resize_(shape_tuple(y)).copy_(y)
        return out
    if recording() and any([wants_grad(<TensorBase>p) for p in parts]) and category_of[y.dtype] >= CATEGORY_FLOAT:
        node = node_new(cat_backward, b"cat", len(parts), 0)
        for k, t in enumerate(parts):
            node_edge(node, k, t, None)
        args = (d, tuple([(<TensorBase>p).shape[d] for p in parts]))
        Py_INCREF(args)
        node.args = <PyObject*>args
        node_attach(node, y, 0)
    return y


concat = concatenate = cat


def stack(tensors, dim=0, *, out=None):
    """Tensors of one shape joined along a new dimension.

    See https://docs.pytorch.org/docs/stable/generated/torch.stack.html
    """
    cdef list parts = checked(tensors, "stack")
    cdef TensorBase first = <TensorBase>parts[0], t
    cdef int d = wrap_dim(dim, first.ndim + 1, "stack"), k
    for k, t in enumerate(parts):
        if not same_shape(first, t):
            raise RuntimeError(f"stack expects each tensor to be equal size, but got "
                               f"{list(shape_tuple(first))} at entry "
                               f"0 and {list(shape_tuple(t))} at entry {k}")
    return cat([unsqueeze_at(<TensorBase>p, d) for p in parts], d, out=out)


def blocks_along_diagonal(list blocks not None):
    """Matrices of one dtype along the diagonal of one of zeros; not recorded."""
    cdef TensorBase first = <TensorBase?>blocks[0], x, y, part
    cdef int64_t shape[2]
    cdef int64_t row = 0, column = 0
    shape[0] = shape[1] = 0
    for x in blocks:
        shape[0] += x.shape[0]
        shape[1] += x.shape[1]
    y = empty_for(blocks, first.dtype, 2, shape)
    zero_memory(y)
    for x in blocks:
        part = tensor_view(y, 2, x.shape, y.strides, y.data + (row * shape[1] + column) * itemsize_of[y.dtype])
        copy_data(part, x)
        row += x.shape[0]
        column += x.shape[1]
    return y
