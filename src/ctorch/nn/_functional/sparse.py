"""Embeddings of nn.functional."""
from itertools import pairwise

import ctorch

from ... import _functions as ops

__all__ = ["embedding", "embedding_bag", "one_hot"]


def _limit_rows(weight, indices, max_norm, norm_type):
    """Scales the rows that are used, in place, where their norm is larger."""
    with ctorch.no_grad():
        used = indices.reshape(-1)
        rows = weight[used]
        norms = rows.norm(norm_type, 1, keepdim=True)
        weight[used] = ctorch.where(norms > max_norm, rows * (max_norm / (norms + 1e-7)), rows)


def _by_frequency(rows, indices, count):
    """The rows, with gradients divided by how often their index occurs."""
    if not rows.requires_grad:
        return rows
    counts = ops._scatter_add(ctorch.ones(indices.numel(), dtype=rows.dtype, device=rows.device), 0,
                              indices.reshape(-1), (count,))
    scale = counts[indices.reshape(-1)].reshape(indices.shape).unsqueeze(-1)
    rows.register_hook(lambda g: g / scale)
    return rows.view(rows.shape)


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
    output = ops.embedding(weight, input, padding_idx)
    return _by_frequency(output, input, weight.size(0)) if scale_grad_by_freq else output


def _check_bags(input, offsets, per_sample_weights, mode, include_last_offset):
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


def _bags(input, offsets, include_last_offset):
    """The bag of each index, and how many bags there are."""
    bounds = offsets.tolist()
    if bounds and bounds[0] != 0:
        raise RuntimeError("offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from "
                           f"position 0. However, got {bounds[0]}")
    if not include_last_offset:
        bounds = [*bounds, input.numel()]
    if bounds[-1] > input.numel() or any(a > b for a, b in pairwise(bounds)):
        raise RuntimeError(f"offsets[-1] can not be greater than input's length({input.numel()}) but got offsets[-1] "
                           f"of {bounds[-1]}")
    numbers = [bag for bag, (a, b) in enumerate(pairwise(bounds)) for _ in range(b - a)]
    return ctorch.tensor(numbers, dtype=ctorch.int64, device=input.device), len(bounds) - 1


def _largest_of_bags(rows, kept, bags, count):
    """Maxima of each bag's rows; zeros where it has none."""
    places = [[] for _ in range(count)]
    for place, (bag, keep) in enumerate(zip(bags.tolist(), kept.tolist())):
        if keep:
            places[bag].append(place)
    longest = max(map(len, places), default=0)
    if longest == 0:
        return ops._scatter_add(rows[:0], 0, bags[:0].unsqueeze(-1).expand(0, rows.size(1)), (count, rows.size(1)))
    # A bag that is shorter repeats its first row: the first of equals is the largest.
    padded = [[*bag, *[bag[0] if bag else 0] * (longest - len(bag))] for bag in places]
    largest = rows[ctorch.tensor(padded, device=rows.device)].max(1)[0]
    empty = ctorch.tensor([not bag for bag in places], device=rows.device)
    return largest.masked_fill(empty.unsqueeze(-1), 0)


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
    _check_bags(input, offsets, per_sample_weights, mode, include_last_offset)
    if input.dim() == 2:
        count, size = input.shape
        bags = None                      # they lie one after the other, all of one size
        if mode == "max":
            bags = ctorch.arange(count, device=input.device).unsqueeze(-1).expand(count, size).reshape(-1)
        input = input.reshape(-1)
        per_sample_weights = None if per_sample_weights is None else per_sample_weights.reshape(-1)
    else:
        bags, count = _bags(input, offsets, include_last_offset)
        if bags.numel() < input.numel():
            input = input[:bags.numel()]
    try:
        rows = embedding(input, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
    except IndexError as error:
        raise RuntimeError(f"embedding_bag: {error}") from None
    kept = None
    if padding_idx is not None:
        kept = input != padding_idx % weight.size(0)
        rows = rows * kept.unsqueeze(-1).to(rows.dtype)
    elif bags is not None:
        kept = ctorch.ones(input.shape, dtype=ctorch.bool, device=input.device)
    if mode == "max":
        return _largest_of_bags(rows, kept, bags, count)
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.unsqueeze(-1)
    if bags is None:
        sums = rows if size == 1 else rows.reshape(count, size, rows.size(1)).sum(1)
        if mode == "sum":
            return sums
        if kept is None:
            return sums if size == 1 else sums / max(size, 1)
        return sums / kept.reshape(count, size).sum(1, keepdim=True).clamp(min=1).to(rows.dtype)
    sums = ops._scatter_add(rows, 0, bags.unsqueeze(-1).expand(rows.shape), (count, rows.size(1)))
    if mode == "sum":
        return sums
    sizes = ops._scatter_add(kept.to(rows.dtype), 0, bags, (count,))
    return sums / sizes.clamp(min=1).unsqueeze(-1)


def one_hot(tensor, num_classes=-1):
    """Vectors of zeros with a one at each index of `tensor`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.one_hot(ctorch.tensor([0, 2]), 3)
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    if tensor.dtype != ctorch.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if tensor.numel() == 0 and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor.")
    if tensor.numel() and int(tensor.min()) < 0:
        raise RuntimeError("Class values must be non-negative.")
    largest = int(tensor.max()) if tensor.numel() else -1
    if num_classes == -1:
        num_classes = largest + 1
    elif num_classes < 1:
        raise RuntimeError("num_classes should be positive")
    elif largest >= num_classes:
        raise RuntimeError("Class values must be smaller than num_classes.")
    hot = ctorch.zeros(*tensor.shape, num_classes, dtype=ctorch.int64, device=tensor.device)
    return hot.scatter_(-1, tensor.unsqueeze(-1), 1) if hot.numel() else hot
