"""Gradients of products of matrices, and of distances between points."""
import math

from ctorch import _functions as _f


def distance_backward(g, x, other, y, p):
    """Gradient of cdist with respect to the first set of points."""
    if p == 0 or x.numel() == 0:
        return x * 0
    if p == 2:                       # sum of g / y * (x - other), as products of matrices
        share = _f.where(y == 0, 0.0, g / _f.where(y == 0, 1.0, y))
        return x * share.sum(-1, True) - _f.bmm(share, other)
    difference = x.unsqueeze(-2) - other.unsqueeze(-3)
    g, y = g.unsqueeze(-1), y.unsqueeze(-1)
    if p == 1:
        return (g * difference.sign()).sum(-2)
    if p == math.inf:
        return (g * difference.sign() * (difference.abs() == y)).sum(-2)
    gone = (y == 0) | (difference == 0)
    size = _f.where(gone, 1.0, difference.abs())
    powers = (size / _f.where(y == 0, 1.0, y)) ** (p - 1)
    return (_f.where(gone, 0.0, g) * difference.sign() * powers).sum(-2)      # g may be infinite there


def pdist_backward(g, x, y, p):
    """Gradient of pdist: that of cdist, where each pair stands on both sides of the diagonal."""
    n = x.shape[0]
    pairs = tuple(_f.triu_indices(n, n, 1, device=x.device))
    g, y = (z + z.mT for z in (g.new_zeros(n, n).index_put(pairs, each) for each in (g, y)))
    return distance_backward(g[None], x[None], x[None], y[None], p)[0]


def _rows(x):
    return x if x.dim() == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def linear_input(g, weight):
    """Gradient of linear's input."""
    if g.dim() == 2:
        return _f.mm(g, weight.conj())
    return _f.mm(_rows(g), weight.conj()).reshape(*g.shape[:-1], weight.shape[1])


def linear_weight(g, x):
    """Gradient of linear's weight."""
    return _f.mm(_rows(g).mT, _rows(x).conj())


def linear_bias(g):
    """Gradient of linear's bias."""
    return g.sum(tuple(range(g.dim() - 1))) if g.dim() > 1 else g
