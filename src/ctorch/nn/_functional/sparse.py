"""Embeddings of nn.functional."""
import ctorch
from ctorch._batched import any_true

from ... import _functions as ops

__all__ = ["embedding", "embedding_bag", "one_hot"]


def _limit_rows(weight, indices, max_norm, norm_type):
    """Scales the rows that are used, in place, where their norm is larger."""
    with ctorch.no_grad():
        used = indices.reshape(-1)
        rows = weight[used]
        norms = rows.norm(norm_type, 1, keepdim=True)
        weight[used] = ctorch.where(norms > max_norm, rows * (max_norm / (norms + 1e-7)), rows)


def _by_frequency(weight, indices):
    """The table, with the gradient of each row divided by how often its index occurs."""
    if not weight.requires_grad:
        return weight

    def scaled(g):
        ones = ctorch.ones(indices.numel(), dtype=g.dtype, device=g.device)
        counts = ops._scatter_add(ones, 0, indices.reshape(-1), (g.size(0),))
        return g / counts.clamp(min=1).unsqueeze(-1)

    table = weight.view(weight.shape)
    table.register_hook(scaled)
    return table


def embedding(
    input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False
):
    """Rows of `weight` at the indices `input`.

    Parameters
    ----------
    input : Tensor
        Integers of any shape.
    weight : Tensor
        Of shape ``(num_embeddings, embedding_dim)``.
    padding_idx : int, optional
        Row that gets no gradient.
    max_norm : float, optional
        Rows that are used are scaled, in place, to at most this norm.
    norm_type : float
        Order of that norm.
    scale_grad_by_freq : bool
        Divide gradients by how often the index occurs.
    sparse : bool
        Without effect: gradients are dense.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.embedding(ctorch.tensor([1, 0]), ctorch.eye(2))
    tensor([[0., 1.],
            [1., 0.]])
    """
    if padding_idx is None:
        padding_idx = -1
    else:
        rows = weight.size(0)
        if not -rows <= padding_idx < rows:
            raise AssertionError("Padding_idx must be within num_embeddings")
        padding_idx %= rows
    if max_norm is not None:
        _limit_rows(weight, input, max_norm, norm_type)
    return ops.embedding(_by_frequency(weight, input) if scale_grad_by_freq else weight, input, padding_idx)


def _check_bags(input, weight, offsets, per_sample_weights, mode, scale_grad_by_freq, sparse):
    if weight.dim() != 2:
        raise ValueError(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.dim()}")
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    if input.dim() not in (1, 2):
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.dim()}")
    if input.dim() == 2 and offsets is not None:
        raise ValueError("if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed "
                         f"length sequences. However, found offsets of type {type(offsets)}")
    if input.dim() == 1 and offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None")
    if input.dim() == 1 and offsets.dim() != 1:
        raise ValueError("offsets has to be a 1D Tensor")
    if per_sample_weights is not None and per_sample_weights.shape != input.shape:
        raise ValueError(f"embedding_bag: If per_sample_weights ({tuple(per_sample_weights.shape)}) is not None, then "
                         f"it must have the same shape as the input ({tuple(input.shape)})")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError("embedding_bag: per_sample_weights was not None. per_sample_weights is only "
                                  f"supported for mode='sum' (got mode='{mode}').")
    if mode == "max" and (scale_grad_by_freq or sparse):
        raise ValueError("max mode does not support " + ("scaling the gradient by the frequency" if scale_grad_by_freq
                                                         else "sparse weights"))


def embedding_bag(input, weight, offsets=None, max_norm=None, norm_type=2, scale_grad_by_freq=False, mode="mean",
                  sparse=False, per_sample_weights=None, include_last_offset=False, padding_idx=None):
    """Sum, mean or maximum of the rows of `weight` in each bag of indices.

    Parameters
    ----------
    input : Tensor
        Indices: of shape ``(bags, size)``, or all bags one after the other.
    weight : Tensor
        Of shape ``(num_embeddings, embedding_dim)``.
    offsets : Tensor, optional
        Where each bag begins in an `input` of one dimension.
    max_norm, norm_type, scale_grad_by_freq, sparse
        As in `embedding`.
    mode : {"mean", "sum", "max"}
    per_sample_weights : Tensor, optional
        A factor for each index, with mode ``"sum"``.
    include_last_offset : bool
        Whether `offsets` ends with the end of the last bag.
    padding_idx : int, optional
        Index that counts for nothing.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.embedding_bag(ctorch.tensor([[0, 1], [1, 1]]), ctorch.eye(2), mode="sum")
    tensor([[1., 1.],
            [0., 2.]])
    """
    if weight.dtype == ctorch.int64 and input.is_floating_point():      # the order of arguments of old
        input, weight = weight, input
    _check_bags(input, weight, offsets, per_sample_weights, mode, scale_grad_by_freq, sparse)
    if max_norm is not None:
        _limit_rows(weight, input, max_norm, norm_type)
    rows = weight.size(0)
    if padding_idx is not None and not -rows <= padding_idx < rows:
        raise RuntimeError(f"padding_idx must be within the number of embeddings, {-rows} through {rows - 1}, but got "
                           f"{padding_idx}")
    padding_idx = -1 if padding_idx is None else padding_idx % rows
    if mode == "max":
        return ops._embedding_bag_max(weight, input, offsets, padding_idx, include_last_offset)[0]
    if scale_grad_by_freq:
        weight = _by_frequency(weight, input)
    return ops._embedding_bag(weight, input, offsets, per_sample_weights, mode == "mean", padding_idx,
                              include_last_offset)


def one_hot(tensor, num_classes=-1):
    """Vectors of zeros with a one at each index of `tensor`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.one_hot(ctorch.tensor([0, 2]), 3)
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    ops._need_tensors(tensor)
    if tensor.dtype != ctorch.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if tensor.numel() == 0 and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor.")
    if any_true(tensor < 0):
        raise RuntimeError("Class values must be non-negative.")
    if num_classes == -1:
        num_classes = int(tensor.max()) + 1
    elif num_classes < 1:
        raise RuntimeError("num_classes should be positive")
    elif any_true(tensor >= num_classes):
        raise RuntimeError("Class values must be smaller than num_classes.")
    hot = tensor.new_zeros(*tensor.shape, num_classes)
    return hot.scatter_(-1, tensor.unsqueeze(-1), 1) if hot.numel() else hot
