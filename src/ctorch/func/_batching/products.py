"""Batching rules of ops/products.toml."""
from ctorch import _functions as _f
from ctorch._batched import batched, is_batched, real
from ctorch.func._batching._shapes import apart, merged, several

__all__ = ["addr", "bmm_sum", "linear", "mm", "pdist"]


def mm(levels, x, mat2):
    if is_batched(x) and is_batched(mat2):
        return apart_matrices(_f.bmm(stacked(x, levels), stacked(mat2, levels)), levels)
    if is_batched(x):                    # one product with all rows
        return apart(_f.mm(merged(x, levels), mat2), levels)
    columns = stacked(mat2, levels)      # and one with all columns
    count, rows, n = columns.shape
    wide = columns.transpose(0, 1).reshape(rows, count * n)
    found = _f.mm(x, wide).reshape(x.shape[0], *(size for _, size in levels), n)
    return batched(found.movedim(0, -2), levels)


def stacked(x, levels):
    """The real tensor behind x with all levels in one dimension in front."""
    return real(x, levels, True).reshape(several(levels), *x.shape)


def apart_matrices(y, levels):
    """A real result with the levels in one dimension in front as a batched one."""
    return batched(y.reshape(*(size for _, size in levels), *y.shape[1:]), levels)


def bmm_sum(levels, x, mat2):
    return _f.bmm(x, mat2).sum(0)


def linear(levels, x, weight, bias):
    if not is_batched(weight) and not is_batched(bias):
        return batched(_f.linear(real(x, levels), weight, bias), levels)
    if not is_batched(weight):
        return _f.linear(x, weight) + bias
    if x.ndim == 1:
        y = _f.mm(x.unsqueeze(0), weight.mT).squeeze(0)
    elif x.ndim == 2:
        y = _f.mm(x, weight.mT)
    else:
        y = _f.mm(x.reshape(-1, x.shape[-1]), weight.mT).reshape(*x.shape[:-1], weight.shape[0])
    return y if bias is None else y + bias


def addr(levels, x, vec1, vec2, beta, alpha):
    product = vec1.unsqueeze(1) * vec2
    if alpha != 1:
        product = product * alpha
    return product if beta == 0 else product + (x if beta == 1 else x * beta)


def pdist(levels, x, p):
    n = x.shape[0]
    rows, columns = _f.triu_indices(n, n, 1, device=x.device)
    return _f._distance(x.unsqueeze(0), x.unsqueeze(0), p).squeeze(0)[rows, columns]
