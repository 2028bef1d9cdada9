"""Elements by their indices."""
import ctorch

__all__ = ["take", "take_along_axis"]


def take(x, indices, /, *, axis=None):
    """Elements or slices at indices along an axis; negative ones count from the end."""
    if axis is None:
        if x.ndim != 1:
            raise ValueError(f"take: axis is needed where x has {x.ndim} dimensions")
        axis = 0
    axis = axis % x.ndim if -x.ndim <= axis < x.ndim else axis
    return x[(slice(None),) * axis + (indices.to(ctorch.int64),)]


def take_along_axis(x, indices, /, *, axis=-1):
    """Elements at indices of the same rank along an axis; negative ones count from the end."""
    indices = indices.to(ctorch.int64)
    return ctorch.take_along_dim(x, ctorch.where(indices < 0, indices + x.shape[axis], indices), axis)
