"""Gradients of running products and log-sums."""
import ctorch
from ctorch import _functions as _f
from ctorch._batched import any_true
from ctorch._tape import _is_differentiable


def _products_without_each(g, x, dim):
    """Gradient of cumprod by its definition: the products so far with one factor after the other left out."""
    n = x.shape[dim]
    place = ctorch.arange(n).reshape([-1 if i == dim else 1 for i in range(x.dim())])
    found = []
    for k in range(n):
        others = _f._cumprod(ctorch.where(place == k, 1.0, x), dim).narrow(dim, k, n - k)
        found.append((g.narrow(dim, k, n - k) * others.conj()).sum(dim, True))
    return ctorch.cat(found, dim)


def cumprod_backward(g, x, y, dim):
    """Gradient of cumprod: sums over what follows, divided by the factor; up to the first zero, and at it."""
    if x.dim() == 0 or x.numel() == 0:
        return g
    zero = x == 0
    if not any_true(zero):
        return _f._cumsum(g * y.conj(), dim, True) / x.conj()
    if _is_differentiable():
        return _products_without_each(g, x, dim)
    zeros = _f._cumsum(zero.to(ctorch.int64), dim, False)
    first = zero & (zeros == 1)
    one = ctorch.ones((), dtype=x.dtype)
    before = _f._cumsum(g * y.conj(), dim, True) / ctorch.where(zero, one, x).conj()
    rest = ctorch.where(zeros == 0, one * 0, _f._cumprod(ctorch.where(first, one, x), dim))
    at = _f._cumsum(g * rest.conj(), dim, True)
    return ctorch.where(zeros == 0, before, ctorch.where(first, at, one * 0))


def logcumsumexp_backward(g, x, y, dim):
    """Gradient of logcumsumexp, exp(x) * sum of g * exp(-y) over what follows, in logarithms for each sign of g."""
    if x.dim() == 0 or x.numel() == 0:
        return g
    x, y = x.conj(), y.conj()
    reached = (y.real if x.is_complex() else y) != -ctorch.inf           # before, all are -inf

    def part(mask, size):
        logs = _logarithms(mask & reached, size, -y)
        return (_f.flip(_f.logcumsumexp(_f.flip(logs, dim), dim), dim) + x).exp()

    return _by_signs(part, g)


def logcumsumexp_tangent(t, x, y, dim):
    """Tangent of logcumsumexp, exp(-y) * sum of t * exp(x) so far, in logarithms for each sign of t."""
    if x.dim() == 0 or x.numel() == 0:
        return t
    if _is_differentiable():                 # y has neither a history nor tangents yet
        y = _f.logcumsumexp(x, dim)

    def part(mask, size):
        sums = _f.logcumsumexp(_logarithms(mask | (size != size), size, x), dim)
        return (sums - ctorch.where(sums == -ctorch.inf, 0.0, y)).exp()

    return _by_signs(part, t)


def _logarithms(mask, size, more):
    """log(size) + more where there is something, else the logarithm of nought."""
    low = ctorch.full((), -ctorch.inf, dtype=more.dtype)
    return ctorch.where(mask, ctorch.where(mask, size, 1.0).log() + more, low)


def _by_signs(part, g):
    """What is linear in g, by its parts that have a logarithm."""
    if not _is_differentiable():
        return part(g != 0, g) if g.is_complex() else part(g > 0, g) - part(g < 0, -g)
    # noughts, which have no logarithm to differentiate, as the difference of two numbers
    size = g.detach().abs()
    size = ctorch.where(size < ctorch.inf, size, 0.0).amax().to(g.dtype)
    zero, some = g == 0, ctorch.where(size == 0, 1.0, size)
    filled = ctorch.where(zero, g + some, g)
    if g.is_complex():
        return part(ctorch.ones_like(zero), filled) - part(zero, some)
    return part(filled > 0, filled) - part(g <= 0, ctorch.where(zero, some, -g))
