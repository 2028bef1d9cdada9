"""Tests over elements, and differences."""
import ctorch

from ._promotion import together
from ._statistical import reduced

__all__ = ["all", "any", "diff"]


def all(x, /, *, axis=None, keepdims=False):
    """Whether no element is zero, over an axis, several, or all."""
    return reduced(lambda v, axes: ctorch.all(v, axes, keepdims), x.to(ctorch.bool), axis)


def any(x, /, *, axis=None, keepdims=False):
    """Whether an element is not zero, over an axis, several, or all."""
    return reduced(lambda v, axes: ctorch.any(v, axes, keepdims), x.to(ctorch.bool), axis)


def diff(x, /, n=1, *, axis=-1, prepend=None, append=None):
    """Differences of neighbours along an axis, n times over; `n` may come without its name, as NumPy's."""
    parts = [v for v in (prepend, x, append) if v is not None]
    return ctorch.diff(ctorch.cat(together(*parts), axis) if len(parts) > 1 else x, n, axis)
