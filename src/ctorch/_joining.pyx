"""Joining tensors, with the history of each: cat and stack."""
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from libc.stdint cimport int64_t

from ctorch._batched cimport empty_for
from ctorch._dtype cimport *
from ctorch._forward.selection cimport cat_forward
from ctorch._iterator cimport copy_data
from ctorch._shape cimport wrap_dim
from ctorch._tape cimport BackwardFn, Node, node_attach, node_edge, node_give, node_needs, node_new, recorded
from ctorch._tensor cimport *
from ctorch._views cimport select, slice_dim, unsqueeze_at, zero_memory

from ctorch._functions import _result_in


def need_each(tensors):
    """Refuse, in PyTorch's words, a sequence in which something is no tensor."""
    for i, t in enumerate(tensors):
        if not isinstance(t, TensorBase):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(t).__name__}")


cdef list checked(object tensors, str op):
    if isinstance(tensors, TensorBase) or not isinstance(tensors, (list, tuple)):
        raise TypeError(f"{op}(): argument 'tensors' (position 1) must be tuple of Tensors, not "
                        f"{type(tensors).__name__}")
    need_each(tensors)
    if not tensors:
        raise (ValueError if op == "cat" else RuntimeError)(f"{op}(): expected a non-empty list of Tensors")
    return list(tensors)


cdef int cat_backward(Node node, PyObject** grads) except -1:
    # args: the dimension, the length of each part, or -1 of an empty vector that was passed over
    cdef TensorBase g = <TensorBase>grads[0]
    cdef int64_t at = 0, length, nothing = 0
    cdef int k, dim
    dim, lengths = <tuple>node.args
    for k, length in enumerate(lengths):
        if length < 0:
            node_give(node, k, tensor_empty_at(g, g.dtype, 1, &nothing))
            continue
        if node_needs(node, k):
            node_give(node, k, slice_dim(g, dim, at, length, 1))
        at += length
    return 0


cdef int stack_backward(Node node, PyObject** grads) except -1:
    # args: the dimension
    cdef int k
    for k in range(node.n_edges):
        if node_needs(node, k):
            node_give(node, k, select(<TensorBase>grads[0], (<tuple>node.args)[0], k))
    return 0


cdef bint to_record(list parts, TensorBase y) except -1:
    return category_of[y.dtype] >= CATEGORY_FLOAT and any([recorded(<TensorBase>p) for p in parts])


cdef int record_joined(BackwardFn backward, const char* name, list parts, TensorBase y, tuple args) except -1:
    cdef TensorBase t
    cdef Node node
    cdef int k
    node = node_new(backward, name, len(parts), 0)
    for k, t in enumerate(parts):
        node_edge(node, k, t, None)
    Py_INCREF(args)
    node.args = <PyObject*>args
    return node_attach(node, y, 0)


cdef int common(list parts) except -1:
    # The dtype of all of them.
    cdef int dtype = (<TensorBase>parts[0]).dtype
    cdef TensorBase t
    for t in parts:
        dtype = promote(dtype, t.dtype)
    return dtype


cdef inline bint passed_over(TensorBase t):
    return t.ndim == 1 and t.shape[0] == 0


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
    cdef int d, dtype = common(parts)
    # PyTorch lets empty vectors pass beside tensors of any shape, or alone along any dimension; their dtype counts
    kept = [p for p in parts if not passed_over(<TensorBase>p)]
    if not kept:
        kept, dim = parts[:1], 0
    t = <TensorBase>kept[0]
    if t.ndim == 0:
        raise RuntimeError("zero-dimensional tensor (at position 0) cannot be concatenated")
    d = wrap_dim(dim, t.ndim, "cat")
    y = cat_forward(kept, d, dtype)
    if to_record(parts, y):
        lengths = tuple([-1 if passed_over(<TensorBase>p) else (<TensorBase>p).shape[d] for p in parts])
        record_joined(cat_backward, b"cat", parts, y, (d, lengths))
    return y if out is None else _result_in(out, y, "cat")


concat = concatenate = cat


def stack(tensors, dim=0, *, out=None):
    """Tensors of one shape joined along a new dimension.

    See https://docs.pytorch.org/docs/stable/generated/torch.stack.html
    """
    cdef list parts = checked(tensors, "stack")
    cdef TensorBase first = <TensorBase>parts[0], t, y
    cdef int64_t shape[MAX_DIMS + 1]
    cdef int64_t strides[MAX_DIMS + 1]
    cdef int64_t step = 1
    cdef int d = wrap_dim(dim, first.ndim + 1, "stack"), k
    for k, t in enumerate(parts):
        if not same_shape(first, t):
            raise RuntimeError(f"stack expects each tensor to be equal size, but got "
                               f"{list(shape_tuple(first))} at entry "
                               f"0 and {list(shape_tuple(t))} at entry {k}")
    for k in range(first.ndim + 1):
        shape[k] = first.shape[k] if k < d else len(parts) if k == d else first.shape[k - 1]
    if d == first.ndim:
        y = cat_forward([unsqueeze_at(tensor_alias(<TensorBase>p), d) for p in parts], d, common(parts))
    else:                                        # joined along the next dimension they lie in the same order
        y = cat_forward(parts, d, common(parts))
        for k in range(first.ndim, -1, -1):
            strides[k], step = step, step * (shape[k] if shape[k] > 1 else 1)
        y = tensor_view(y, first.ndim + 1, shape, strides, y.data)
    if to_record(parts, y):
        record_joined(stack_backward, b"stack", parts, y, (d,))
    return y if out is None else _result_in(out, y, "stack")


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
