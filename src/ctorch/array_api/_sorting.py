"""Elements in order."""
import ctorch

__all__ = ["argsort", "sort"]


def argsort(x, /, *, axis=-1, descending=False, stable=True):
    """Indices that sort along an axis."""
    return ctorch.sort(x, dim=axis, descending=descending, stable=stable)[1]


def sort(x, /, *, axis=-1, descending=False, stable=True):
    """The elements sorted along an axis."""
    return ctorch.sort(x, dim=axis, descending=descending, stable=stable)[0]
