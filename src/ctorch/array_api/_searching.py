"""Places of elements."""
import ctorch

from ._promotion import together
from ._statistical import reduced

__all__ = ["argmax", "argmin", "count_nonzero", "nonzero", "searchsorted", "where"]


def _arg(operator, x, axis, keepdims):
    if axis is not None:
        return operator(x, axis, keepdims)
    place = operator(x.reshape(-1), 0)
    return place.reshape((1,) * x.ndim) if keepdims else place


def argmax(x, /, *, axis=None, keepdims=False):
    """Index of the largest element, along an axis or in all."""
    return _arg(ctorch.argmax, x, axis, keepdims)


def argmin(x, /, *, axis=None, keepdims=False):
    """Index of the smallest element, along an axis or in all."""
    return _arg(ctorch.argmin, x, axis, keepdims)


def count_nonzero(x, /, *, axis=None, keepdims=False):
    """How many elements are not zero."""
    return reduced(lambda v, axes: ctorch.sum(v != 0, axes, keepdims), x, axis)


def nonzero(x, /):
    """Indices of the elements that are not zero, a vector for each axis."""
    if x.ndim == 0:
        raise ValueError("nonzero: a tensor without dimensions has no indices")
    return tuple(ctorch.nonzero(x, as_tuple=True))


def searchsorted(x1, x2, /, *, side="left", sorter=None):
    """Where to put elements of `x2` into the sorted `x1`."""
    if side not in ("left", "right"):
        raise ValueError(f"searchsorted: side is 'left' or 'right', got {side!r}")
    a, b = together(x1, x2)
    a = a if sorter is None else a[sorter.to(ctorch.int64)]
    if a.dtype == ctorch.uint64:
        a, b = _shifted(a), _shifted(b)
    a, b = a.contiguous(), b.contiguous()
    if not a.dtype.is_floating_point or a.shape[0] == 0 or not ctorch.isnan(a[-1]):
        return ctorch.searchsorted(a, b, right=side == "right")
    # NaNs come last, as they sort
    known = int(ctorch.sum(~ctorch.isnan(a)))
    places = ctorch.searchsorted(a[:known], b, right=side == "right")
    return ctorch.where(ctorch.isnan(b), a.shape[0] if side == "right" else known, places)


def _shifted(x):
    # Unsigned numbers as signed ones in the same order, which alone can be searched.
    return x.to(ctorch.int64) ^ ctorch.iinfo(ctorch.int64).min


def where(condition, x1=None, x2=None, /):
    """Elements of `x1` where the condition holds, else of `x2`; of a condition alone its places, as NumPy's."""
    if x1 is None and x2 is None:
        return nonzero(condition)
    if not (isinstance(x1, ctorch.Tensor) or isinstance(x2, ctorch.Tensor)):
        return ctorch.where(condition, x1, x2)
    return ctorch.where(condition, *together(x1, x2))
