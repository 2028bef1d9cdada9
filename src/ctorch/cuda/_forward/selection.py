"""Operators that choose elements on CUDA: embedding, bags of embeddings."""
from itertools import pairwise

import ctorch
from ctorch.cuda._forward.common import (
    WORDS,
    dense,
    empty,
    first_outside,
    float_name,
    index_of,
    numel,
    zeros,
)
from ctorch.cuda.launch import Kernel, blocks_for

_gather_rows = Kernel("gather", "ct_gather_rows", "PPPqq")
_embedding_backward = Kernel("index", "ct_embedding_backward", "PPPqqq")


def launch_gather_rows(index, row_bytes, table, numbers, to, count):
    """Row i of `to` is row numbers[i] of the table."""
    if count * row_bytes:
        word = next(size for size in (16, 8, 4, 2, 1) if row_bytes % size == 0)
        width = row_bytes // word
        _gather_rows(index, WORDS[word], (blocks_for(count * width),), (256,), table, numbers, to, count, width)


def launch_embedding_backward(index, dtype, gy, numbers, gw, count, width, padding_idx):
    """gw[numbers[i]] += gy[i]"""
    if count * width:
        _embedding_backward(index, dtype, (blocks_for(count * width),), (256,), gy, numbers, gw, count, width,
                            padding_idx)


def embedding_forward(weight, indices, padding_idx):
    if len(weight.shape) != 2:
        raise RuntimeError(f"'weight' must be 2-D, got {list(weight.shape)}")
    if indices.dtype not in (ctorch.int64, ctorch.int32):
        raise RuntimeError("Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, "
                           f"Int; but got {indices.dtype} instead (while checking arguments for embedding)")
    w, numbers = dense(weight), dense(indices, ctorch.int64)
    bad = first_outside(numbers, weight.shape[0])
    if bad is not None:
        raise IndexError(f"index out of range in self: embedding: index {bad} is not below {weight.shape[0]}")
    y = empty((*indices.shape, weight.shape[1]), weight.dtype, weight.device)
    launch_gather_rows(index_of(weight), weight.shape[1] * weight.dtype.itemsize, w.data_ptr(), numbers.data_ptr(),
                       y.data_ptr(), numel(indices.shape))
    return y


def embedding_backward_forward(grad, indices, rows, padding_idx):
    dtype = ctorch.float64 if float_name(grad, "embedding") == "float64" else ctorch.float32
    g, numbers = dense(grad, dtype), dense(indices, ctorch.int64)
    gw = zeros((rows, grad.shape[-1]), dtype, grad.device)
    launch_embedding_backward(index_of(grad), dtype.name, g.data_ptr(), numbers.data_ptr(), gw.data_ptr(),
                              numel(indices.shape), grad.shape[-1], padding_idx)
    return gw if dtype == grad.dtype else gw.to(grad.dtype)


# ---- bags, by operators on tensors

def _bags_of(indices, offsets, last):
    """The bag of each index, the indices that are in one, and how many bags there are."""
    if offsets is None:
        count, size = indices.shape
        return ctorch.arange(count, device=indices.device).repeat_interleave(size), indices.reshape(-1), count
    bounds = offsets.tolist() + ([] if last else [indices.numel()])
    if bounds[0] != 0 and len(bounds) > 1:
        raise RuntimeError("offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from "
                           f"position 0. However, got {bounds[0]}")
    if bounds[-1] > indices.numel() or any(a > b for a, b in pairwise(bounds)):
        raise RuntimeError(f"offsets[-1] can not be greater than input's length({indices.numel()}) but got "
                           f"offsets[-1] of {bounds[-1]}")
    numbers = [bag for bag, (a, b) in enumerate(pairwise(bounds)) for _ in range(b - a)]
    return ctorch.tensor(numbers, dtype=ctorch.int64, device=indices.device), indices[:len(numbers)], len(bounds) - 1


def _shares(indices, bags, count, weights, mean, padding_idx, dtype):
    """The factor of each index: zero for padding, one over the size of its bag for means."""
    share = (indices != padding_idx).to(dtype)
    if mean:
        share = share / zeros((count,), dtype, share.device).index_add(0, bags, share).clamp(min=1)[bags]
    return (share if weights is None else share * weights.reshape(-1)[:indices.numel()]).unsqueeze(-1)


def _rows_of_bags(weight, indices):
    bad = first_outside(dense(indices, ctorch.int64), weight.shape[0])
    if bad is not None:
        raise RuntimeError(f"embedding_bag: index {bad} is not in the valid range [0, {weight.shape[0]})")
    return embedding_forward(weight, indices, -1)


def embedding_bag_forward(weight, indices, offsets, per_sample_weights, mean, padding_idx, include_last_offset):
    bags, indices, count = _bags_of(indices, offsets, include_last_offset)
    rows = _rows_of_bags(weight, indices)
    rows = rows * _shares(indices, bags, count, per_sample_weights, mean, padding_idx, weight.dtype)
    return zeros((count, weight.shape[1]), weight.dtype, weight.device).index_add(0, bags, rows)


def embedding_bag_max_forward(weight, indices, offsets, padding_idx, include_last_offset):
    bags, indices, count = _bags_of(indices, offsets, include_last_offset)
    rows, places = _rows_of_bags(weight, indices), [[] for _ in range(count)]
    for place, (bag, index) in enumerate(zip(bags.tolist(), indices.tolist(), strict=True)):
        if index != padding_idx:
            places[bag].append(place)
    longest = max(map(len, places), default=0)
    if longest == 0:
        y = zeros((count, weight.shape[1]), weight.dtype, weight.device)
        return y, ctorch.full(y.shape, -1, dtype=ctorch.int64, device=y.device)
    # A bag that is shorter repeats its first row: the first of equals is the largest.
    padded = [bag + (bag[:1] or [0]) * (longest - len(bag)) for bag in places]
    padded = ctorch.tensor(padded, dtype=ctorch.int64, device=weight.device)
    y, best = rows[padded].max(1)
    none = ctorch.tensor([not bag for bag in places], device=weight.device).unsqueeze(-1)
    return y.masked_fill(none, 0), indices[padded.gather(1, best)].to(ctorch.int64).masked_fill(none, -1)


def embedding_bag_backward_forward(grad, indices, offsets, per_sample_weights, rows, mean, padding_idx,
                                   include_last_offset):
    bags, indices, count = _bags_of(indices, offsets, include_last_offset)
    share = _shares(indices, bags, count, per_sample_weights, mean, padding_idx, grad.dtype)
    return embedding_backward_forward(grad[bags] * share, indices, rows, padding_idx)


def embedding_bag_weights_forward(grad, weight, indices, offsets, padding_idx, include_last_offset):
    bags, inside, _ = _bags_of(indices, offsets, include_last_offset)
    factors = (grad[bags] * embedding_forward(weight, inside, -1)).sum(-1)
    y = zeros((indices.numel(),), weight.dtype, weight.device)
    y[:inside.numel()] = factors.masked_fill(inside == padding_idx, 0)
    return y.reshape(indices.shape)
