"""Shapes: joining, splitting, repeating and turning."""
import ctorch

from ._promotion import common_dtype

__all__ = ["concat", "expand_dims", "flip", "moveaxis", "permute_dims", "repeat", "reshape", "roll", "squeeze",
           "stack", "tile", "unstack"]


def _same_dtype(arrays):
    arrays = list(arrays)
    if not arrays:
        raise ValueError("need at least one tensor to join")
    common = common_dtype(*arrays)
    return [a.to(common) for a in arrays]


def concat(arrays, /, *, axis=0):
    """Tensors one after the other along an axis, or all of their elements where it is None."""
    arrays = _same_dtype(arrays)
    if axis is None:
        return ctorch.cat([a.reshape(-1) for a in arrays])
    if len({a.ndim for a in arrays}) > 1:      # PyTorch lets empty vectors pass here
        raise ValueError(f"concat: tensors have different ranks: {[a.ndim for a in arrays]}")
    return ctorch.cat(arrays, axis)


def stack(arrays, /, *, axis=0):
    """Tensors of one shape along a new axis."""
    return ctorch.stack(_same_dtype(arrays), axis)


def unstack(x, /, *, axis=0):
    """The slices along an axis."""
    return tuple(ctorch.unbind(x, axis))


def expand_dims(x, /, axis=0):
    """A new axis of size one, or several."""
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    ndim = x.ndim + len(axes)
    for a in axes:
        if not -ndim <= a < ndim:
            raise IndexError(f"expand_dims: axis {a} is out of range for {ndim} dimensions")
    places = {a % ndim for a in axes}
    if len(places) < len(axes):
        raise ValueError(f"expand_dims: repeated axis in {axes}")
    for a in sorted(places):
        x = x.unsqueeze(a)
    return x


def flip(x, /, *, axis=None):
    """The elements in reverse order along an axis, several, or all."""
    axes = range(x.ndim) if axis is None else axis
    return ctorch.flip(x, (axes,) if isinstance(axes, int) else tuple(axes))


def moveaxis(x, source, destination, /):
    """Axes moved to other places."""
    return ctorch.movedim(x, source, destination)


def permute_dims(x, /, axes):
    """The axes in another order."""
    return ctorch.permute(x, tuple(axes))


def repeat(x, repeats, /, *, axis=None):
    """Each element repeated, along an axis or of all of them."""
    if isinstance(repeats, list | tuple):
        repeats = ctorch.tensor(repeats, device=x.device)
    if isinstance(repeats, ctorch.Tensor):
        repeats = repeats.to(ctorch.int64)
        repeats = int(repeats) if repeats.numel() == 1 else repeats
    return ctorch.repeat_interleave(x, repeats, axis)


def reshape(x, /, shape, *, copy=None):
    """The elements in another shape; a view where it can be, unless `copy` says."""
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    if copy:
        return x.clone().reshape(shape)
    if copy is False:
        try:
            return x.view(shape)
        except RuntimeError as error:
            raise ValueError(f"reshape: a view is not possible, but copy=False ({error})") from None
    return ctorch.reshape(x, shape)


def roll(x, /, shift, *, axis=None):
    """The elements shifted around along an axis, several, or over all of them."""
    return ctorch.roll(x, shift, axis)


def squeeze(x, /, axis):
    """Without axes of size one."""
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    for a in axes:
        if not -x.ndim <= a < x.ndim:
            raise IndexError(f"squeeze: axis {a} is out of range for {x.ndim} dimensions")
        if x.shape[a] != 1:
            raise ValueError(f"squeeze: axis {a} has size {x.shape[a]}, not 1")
    return ctorch.squeeze(x, axes) if axes else x


def tile(x, repetitions, /):
    """A tensor repeated along each axis."""
    return ctorch.tile(x, tuple(repetitions))
