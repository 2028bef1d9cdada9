"""Gradients of sums, products, extrema and moments over dimensions."""
import math

import ctorch
from ctorch import _functions as _f
from ctorch._batched import any_true
from ctorch._tape import _is_differentiable


def _dims(dim, ndim):
    if dim is None or (isinstance(dim, tuple | list) and len(dim) == 0):
        return tuple(range(ndim))
    dims = dim if isinstance(dim, tuple | list) else (dim,)
    return tuple(sorted(d % ndim if ndim else 0 for d in dims))


def _kept(g, shape, dim, keepdim):
    """g with the reduced dimensions put back in, of size one."""
    if keepdim or not shape:
        return g
    dims = _dims(dim, len(shape))
    return g.reshape([1 if i in dims else s for i, s in enumerate(shape)])


def prod_backward(g, x, y, dim, keepdim):
    """Gradient of a product, right where factors are zero: one zero leaves its own factor's gradient."""
    shape = x.shape
    g, y = _kept(g, shape, dim, keepdim), _kept(y, shape, dim, keepdim)
    zero = x == 0
    dims = _dims(dim, x.ndim)
    zeros = zero.sum(dims, True) if shape else zero.long()
    if not any_true(zeros > 0):
        return g * (y / x).conj()
    if _is_differentiable():
        return g * _without_each(x, dims).conj()
    ones = ctorch.where(zero, ctorch.ones_like(x), x)
    rest = ones
    for d in reversed(dims if shape else ()):
        rest = rest.prod(d, True)
    alone = ctorch.where(zero & (zeros == 1), rest.expand(shape), ctorch.zeros_like(x))
    return g * ctorch.where(zeros == 0, y / ones, alone).conj()


def _without_each(x, dims):
    """Products over some dimensions with one element after the other left out; its gradient is right at zeros too."""
    if not x.dim():
        return ctorch.ones_like(x)
    rest = [d for d in range(x.dim()) if d not in dims]
    moved = x.permute(*rest, *dims)
    row = moved.reshape(*moved.shape[:len(rest)], -1)
    one = ctorch.ones_like(row[..., :1])
    before = ctorch.cat([one, _f.cumprod(row, -1)[..., :-1]], -1)
    after = _f.flip(ctorch.cat([one, _f.cumprod(_f.flip(row, -1), -1)[..., :-1]], -1), -1)
    order = [*rest, *dims]
    return (before * after).reshape(moved.shape).permute([order.index(d) for d in range(x.dim())])


def extremum_backward(g, x, y, dim, keepdim):
    """Gradient of amax and amin: shared evenly among ties."""
    shape = x.shape
    if not shape:
        return g
    g, y = _kept(g, shape, dim, keepdim), _kept(y, shape, dim, keepdim)
    mask, rest = x == y, 0.0
    if dim is None:                  # max, min and median of all elements: each NaN is one of them
        mask = mask | ((x != x) & (y != y))
    else:                            # NaN where g is infinite; a constant, since tangents elsewhere count for nothing
        rest = (g * 0).detach()
    return _f.where(mask, g, rest) / mask.sum(_dims(dim, len(shape)), True)


def root_moments_backward(g, g_mean, x, y, dim, correction, keepdim):
    """Gradient of standard deviations, and of the means beside them."""
    if g is not None:                # no direction is better than another where all are equal
        g = _f.where(y == 0, 0.0, g / _f.where(y == 0, 1.0, 2 * y))
    return moments_backward(g, g_mean, x, dim, correction, keepdim)


def moments_backward(g, g_mean, x, dim, correction, keepdim):
    """Gradient of variances, and of the means beside them."""
    shape = x.shape
    dims = _dims(dim, len(shape))
    count = math.prod([shape[d] for d in dims] if shape else [])
    result = None
    if g is not None:
        scale = 2 / (count - correction) if count > correction else math.inf
        result = _kept(g, shape, dim, keepdim) * scale * (x - x.mean(dims if shape else None, True))
    if g_mean is not None:
        part = (_kept(g_mean, shape, dim, keepdim) / count).expand(shape)
        result = part if result is None else result + part
    return result


def logsumexp_backward(g, x, y, dim, keepdim):
    """Gradient of logsumexp: the softmax."""
    return _kept(g, x.shape, dim, keepdim) * _f.exp(x - _kept(y, x.shape, dim, keepdim))


def scatter_kept(g, places, shape, dim, keepdim):
    """Gradient of max and min along a dimension: g put at the chosen places."""
    if not shape:
        return g
    if not keepdim:
        g, places = g.unsqueeze(dim), places.unsqueeze(dim)
    return _f._scatter_add(g, dim, places, shape)
