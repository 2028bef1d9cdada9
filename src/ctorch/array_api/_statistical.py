"""Reductions and running sums."""
import ctorch

__all__ = ["cumulative_prod", "cumulative_sum", "max", "mean", "min", "prod", "std", "sum", "var"]


def reduced(operator, x, axis):
    """``operator(x, axes)`` over an axis, several, all (None), or none (an empty tuple)."""
    if axis is None:
        return operator(x, tuple(range(x.ndim))) if x.ndim else _over_nothing(operator, x)
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    return operator(x, axes) if axes else _over_nothing(operator, x)


def _over_nothing(operator, x):
    # PyTorch takes an empty list of dimensions for all of them: an axis of size one stands in.
    y = operator(x.unsqueeze(-1), (-1,))
    return y if y.ndim == x.ndim else y.squeeze(-1)


def total(operator, x, dtype):
    """``operator(x, dtype)`` of a sum or product: integers widen to 64 bits, each with or without a sign.

    Unsigned ones are added up as signed ones, which gives the same bits.
    """
    unsigned = not (x.dtype.is_signed or x.dtype == ctorch.bool) if dtype is None else dtype == ctorch.uint64
    return operator(x.to(ctorch.int64), ctorch.int64).to(ctorch.uint64) if unsigned else operator(x, dtype)


def sum(x, /, *, axis=None, dtype=None, keepdims=False):
    """The sum over an axis, several, or all."""
    return total(lambda x, kind: reduced(lambda v, axes: ctorch.sum(v, axes, keepdims, dtype=kind), x, axis), x, dtype)


def prod(x, /, *, axis=None, dtype=None, keepdims=False):
    """The product over an axis, several, or all."""
    return total(lambda x, kind: reduced(lambda v, axes: ctorch.prod(v, axes, keepdims, dtype=kind), x, axis), x, dtype)


def mean(x, /, *, axis=None, keepdims=False):
    """The mean over an axis, several, or all."""
    return reduced(lambda v, axes: ctorch.mean(v, axes, keepdims), x, axis)


def max(x, /, *, axis=None, keepdims=False):
    """The largest element over an axis, several, or all."""
    return reduced(lambda v, axes: ctorch.amax(v, axes, keepdims), x, axis)


def min(x, /, *, axis=None, keepdims=False):
    """The smallest element over an axis, several, or all."""
    return reduced(lambda v, axes: ctorch.amin(v, axes, keepdims), x, axis)


def var(x, /, *, axis=None, correction=0.0, keepdims=False):
    """The variance over an axis, several, or all."""
    return reduced(lambda v, axes: ctorch.var(v, axes, correction=correction, keepdim=keepdims), x, axis)


def std(x, /, *, axis=None, correction=0.0, keepdims=False):
    """The standard deviation over an axis, several, or all."""
    return reduced(lambda v, axes: ctorch.std(v, axes, correction=correction, keepdim=keepdims), x, axis)


def _running(operator, start, x, axis, dtype, include_initial):
    if x.ndim == 0:
        raise ValueError("a running sum or product needs at least one dimension")
    if axis is None:
        if x.ndim > 1:
            raise ValueError(f"axis is needed where x has {x.ndim} dimensions")
        axis = 0
    y = total(lambda x, kind: operator(x, axis, dtype=kind), x, dtype)
    if not include_initial:
        return y
    shape = list(x.shape)
    shape[axis] = 1
    return ctorch.cat([y.new_full(shape, start), y], axis)


def cumulative_sum(x, /, *, axis=None, dtype=None, include_initial=False):
    """Sums of all elements up to each along an axis."""
    return _running(ctorch.cumsum, 0, x, axis, dtype, include_initial)


def cumulative_prod(x, /, *, axis=None, dtype=None, include_initial=False):
    """Products of all elements up to each along an axis."""
    return _running(ctorch.cumprod, 1, x, axis, dtype, include_initial)
