"""Functions of any number of tensors: grids, products and blocks, and dimensions brought to a least number."""

import ctorch
from ctorch import _functions as ops
from ctorch import _views as views
from ctorch._batched import is_batched
from ctorch._dispatch import common_dtype
from ctorch._joining import blocks_along_diagonal, need_each
from ctorch._tape import _recorded


def _given(tensors):
    """The tensors, which may come as one sequence."""
    tensors = tuple(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], tuple | list) else tensors
    need_each(tensors)
    return tensors


def _each(function, tensors):
    """The function of the only tensor, or of each."""
    if len(tensors) == 1 and isinstance(tensors[0], ctorch.Tensor):
        return function(tensors[0])
    return tuple(function(x) for x in _given(tensors))


def atleast_1d(*tensors):
    """Tensors of no dimension as vectors of one element; others as they are.

    See https://docs.pytorch.org/docs/stable/generated/torch.atleast_1d.html

    Examples
    --------
    >>> import ctorch
    >>> ctorch.atleast_1d(ctorch.tensor(5))
    tensor([5])
    """
    return _each(lambda x: x.reshape(1) if x.dim() == 0 else x, tensors)


def atleast_2d(*tensors):
    """Tensors with dimensions put in front until there are two.

    See https://docs.pytorch.org/docs/stable/generated/torch.atleast_2d.html
    """
    return _each(lambda x: x.reshape(1, 1) if x.dim() == 0 else x.unsqueeze(0) if x.dim() == 1 else x, tensors)


def _three(x):
    if x.dim() == 0:
        return x.reshape(1, 1, 1)
    if x.dim() == 1:
        return x.unsqueeze(0).unsqueeze(2)
    return x.unsqueeze(2) if x.dim() == 2 else x


def atleast_3d(*tensors):
    """Tensors with dimensions put in, of matrices behind, until there are three.

    See https://docs.pytorch.org/docs/stable/generated/torch.atleast_3d.html
    """
    return _each(_three, tensors)


def meshgrid(*tensors, indexing=None):
    """Coordinates of a grid: each vector expanded over all the others, as views.

    See https://docs.pytorch.org/docs/stable/generated/torch.meshgrid.html

    Parameters
    ----------
    *tensors : Tensor
        Vectors or single numbers.
    indexing : str, optional
        ``"ij"``, the default: the first vector runs along the first dimension; ``"xy"``: along the second.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.meshgrid(ctorch.tensor([1, 2]), ctorch.tensor([3, 4]), indexing="ij")[1]
    tensor([[3, 4],
            [3, 4]])
    """
    tensors = _given(tensors)
    if not tensors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(f"torch.meshgrid: indexing must be one of \"xy\" or \"ij\", but received: {indexing}")
    for x in tensors:
        if x.dim() > 1:
            raise RuntimeError(f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {x}")
        if x.dtype != tensors[0].dtype:
            raise RuntimeError("torch.meshgrid expects all tensors to have the same dtype")
    order = list(range(len(tensors)))
    if indexing == "xy" and len(tensors) > 1:
        order[:2] = [1, 0]
    shape = [tensors[k].numel() for k in order]
    return tuple(x.reshape([-1 if k == order[d] else 1 for d in range(len(tensors))]).expand(shape)
                 for k, x in enumerate(tensors))


def cartesian_prod(*tensors):
    """All choices of one element of each vector, in rows.

    See https://docs.pytorch.org/docs/stable/generated/torch.cartesian_prod.html

    Examples
    --------
    >>> import ctorch
    >>> ctorch.cartesian_prod(ctorch.tensor([1, 2]), ctorch.tensor([3, 4]))
    tensor([[1, 3],
            [1, 4],
            [2, 3],
            [2, 4]])
    """
    tensors = _given(tensors)
    for x in tensors:
        if x.dim() != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(x.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    return ctorch.stack([x.flatten() for x in meshgrid(*tensors, indexing="ij")], 1)


def block_diag(*tensors):
    """A matrix of zeros with the given matrices along its diagonal.

    See https://docs.pytorch.org/docs/stable/generated/torch.block_diag.html

    Examples
    --------
    >>> import ctorch
    >>> ctorch.block_diag(ctorch.ones(1, 2), ctorch.tensor(5.))
    tensor([[1., 1., 0.],
            [0., 0., 5.]])
    """
    tensors = _given(tensors)
    if not tensors:
        return ctorch.empty(1, 0)
    for k, x in enumerate(tensors):
        if x.dim() > 2:
            raise RuntimeError(f"Input tensors must have 2 or fewer dimensions. Input {k} has {x.dim()} dimensions")
    dtype = common_dtype(tensors)
    blocks = [(x if x.dim() == 2 else x.reshape(1, -1)).to(dtype) for x in tensors]
    if not _recorded(*blocks):
        return blocks_along_diagonal(blocks)
    row = column = 0
    out = ctorch.zeros(sum([x.shape[0] for x in blocks]), sum([x.shape[1] for x in blocks]),
                       dtype=dtype, device=blocks[0].device)
    if any(map(is_batched, blocks)):
        from ctorch._levels import widened
        out = widened(out, *blocks).clone()
    for x in blocks:
        out[row:row + x.shape[0], column:column + x.shape[1]] = x
        row, column = row + x.shape[0], column + x.shape[1]
    return out


def broadcast_tensors(*tensors):
    """Tensors expanded to their common shape, as views.

    See https://docs.pytorch.org/docs/stable/generated/torch.broadcast_tensors.html
    """
    tensors = _given(tensors)
    shape = ctorch.broadcast_shapes(*(x.shape for x in tensors))
    return tuple(views.expand(x, shape) for x in tensors)


def ravel(input):
    """All dimensions made one; a copy where the elements are not contiguous."""
    ops._need_tensors(input)
    return input.contiguous().view(-1)


def adjoint(input):
    """The conjugates of matrices, transposed.

    See https://docs.pytorch.org/docs/stable/generated/torch.adjoint.html
    """
    return input.mH
