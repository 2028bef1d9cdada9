"""What rules do with shapes: hidden dimensions in front of tensors, or merged into their first dimension."""
import math

from ctorch._batched import batched, is_batched, real
from ctorch._core import Tensor

__all__ = ["apart", "fold", "front", "hide", "merged", "several"]


def hide(levels, results):
    """Results of real tensors as batched ones."""
    if isinstance(results, Tensor):
        return batched(results, levels)
    return tuple(None if r is None else batched(r, levels) for r in results)


def front(function, kinds):
    """The rule of a row whose kernel takes further dimensions in front.

    `kinds` tells of each argument: "tensor"; "dim" or "dims", which count behind those dimensions; "shape" of a
    result; or "value".
    """
    dims = [k for k, (kind, _) in enumerate(kinds) if kind in ("dim", "dims")]

    def rule(levels, *args):
        n, flat = len(levels), None
        if dims:
            flat = next(a for a in args if isinstance(a, Tensor)).ndim == 0
        given, named = [], {}
        for value, (kind, name) in zip(args, kinds):
            if kind == "tensor" and value is not None:
                value = real(value, levels, True)
                if flat:                 # a number is a vector of one to rows with a dimension
                    value = value.unsqueeze(-1)
            elif kind == "dim":
                value += n
            elif kind == "dims":
                value = _moved(value, n, args)
            elif kind == "shape":
                value = (*(size for _, size in levels), *value)
                if flat and len(value) == n:
                    value = (*value, 1)
            if name is None:
                given.append(value)
            else:
                named[name] = value
        results = function(*given, **named)
        if flat:
            results = tuple(_number(r, n) for r in results) if isinstance(results, tuple) else _number(results, n)
        return hide(levels, results)
    return rule


def _number(x, n):
    return x.squeeze(-1) if x is not None and x.ndim > n else x


def _moved(dims, n, args):
    # Dimensions counted behind n more; None are all.
    x = next(a for a in args if isinstance(a, Tensor))
    if dims is None:
        return list(range(n, n + max(x.ndim, 1)))
    if isinstance(dims, int):
        return n + (dims % x.ndim if x.ndim else 0)
    return [n + (d % x.ndim if x.ndim else 0) for d in dims]


def several(levels):
    """How many examples the levels have together."""
    return math.prod([size for _, size in levels])


def merged(x, levels):
    """The real tensor behind x with the levels in its first dimension."""
    whole = real(x, levels, True)
    n = len(levels)
    return whole.reshape(several(levels) * x.shape[0], *whole.shape[n + 1:])


def apart(x, levels):
    """The first dimension of a real result taken apart into hidden ones and the example's."""
    if x is None:
        return None
    count = several(levels)
    return batched(x.reshape(*(size for _, size in levels), x.shape[0] // count if count else 0, *x.shape[1:]), levels)


def fold(function, kinds):
    """The rule of a row whose first dimension is that of a batch, in all tensors."""

    def rule(levels, *args):
        given = []
        for value, (kind, _) in zip(args, kinds):
            if kind == "tensor" and value is not None:
                value = merged(value, levels)
            elif kind == "shape":
                value = (several(levels) * value[0], *value[1:])
            given.append(value)
        results = function(*given)
        return tuple(apart(r, levels) for r in results) if isinstance(results, tuple) else apart(results, levels)
    return rule


def aligned(x, levels):
    """The real tensor behind x, with the levels in front that it is batched at; and whether it is at any of them."""
    return (real(x, levels, True), True) if is_batched(x) else (x, False)
