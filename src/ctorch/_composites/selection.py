"""Selection by index, written with other operators."""
import ctorch
from ctorch import _functions as ops
from ctorch._batched import is_batched
from ctorch._forward.indexing import check_fits
from ctorch._levels import widened
from ctorch._shape import wrap
from ctorch._tape import _recorded


def masked_fill(input, mask, value):
    if mask.dtype != ctorch.bool:
        raise RuntimeError("masked_fill_ only supports boolean masks, but got mask with dtype " + str(mask.dtype))
    if isinstance(value, ctorch.Tensor):
        if value.dim() > 0:
            raise RuntimeError("masked_fill only supports a 0-dimensional value tensor, but got tensor with "
                               f"{value.dim()} dimension(s).")
        check_fits(input, value)
        value = value.to(input.dtype)
    else:
        value = ops._fitting(input.dtype, value, "masked_fill")
    return ops._where(mask, value, input).to(input.dtype)


def masked_scatter(input, mask, source):
    wide = input.shape if input.shape == mask.shape else ctorch.broadcast_shapes(input.shape, mask.shape)
    return ops._masked_scatter(input if input.shape == wide else input.expand(wide), mask, source)


def masked_select(input, mask):
    return ops._masked_select(input, mask)


def scatter(input, dim, index, src=None, *, value=None, reduce=None):
    src = value if src is None else src
    if isinstance(src, ctorch.Tensor):
        if reduce is not None:
            return ops.scatter_reduce(input, dim, index, src, _reduction(reduce))
        return ops._scatter_src(input, dim, index, src)
    if reduce is not None:
        wide = ctorch.full((), src, dtype=input.dtype, device=input.device).expand(index.shape)
        return ops.scatter_reduce(input, dim, index, wide, _reduction(reduce))
    return ops._scatter_value(input, dim, index, src)


def _reduction(reduce):
    if reduce not in ("add", "multiply"):
        raise RuntimeError("reduce argument must be either add or multiply.")
    return "sum" if reduce == "add" else "prod"


def index_fill(input, dim, index, value):
    if not isinstance(value, ctorch.Tensor):
        return ops._index_fill(input, dim, index, value)
    if value.dim():
        raise RuntimeError("index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
                           f"{value.dim()} dimension(s).")
    if not _recorded(value) and not is_batched(value):
        return ops._index_fill(input, dim, index, value.item())
    dim = wrap(dim, input.dim(), "index_fill")
    shape = list(input.shape)
    if shape:
        shape[dim] = index.numel()
    return ops.index_copy(input, dim, index, value.to(input.dtype).expand(shape))


def index_put(input, indices, values, accumulate=False):
    return widened(input, values, *indices).clone().index_put_(indices, values, accumulate)


def take_along_dim(input, indices, dim=None):
    if dim is None:
        return ops.gather(input.reshape(-1), 0, indices.reshape(-1))
    if input.dim() != indices.dim():
        raise RuntimeError("torch.take_along_dim(): input and indices should have the same number of dimensions, but "
                           f"got {input.dim()} dimensions for input, and {indices.dim()} dimensions for indices")
    if indices.dtype != ctorch.int64:
        raise RuntimeError(f"torch.take_along_dim(): dtype of indices should be Long but got {indices.dtype}")
    dim = wrap(dim, input.dim(), "take_along_dim")
    shape = list(ctorch.broadcast_shapes([1 if d == dim else s for d, s in enumerate(input.shape)],
                                         [1 if d == dim else s for d, s in enumerate(indices.shape)]))
    wide, shape[dim] = list(shape), indices.shape[dim]
    wide[dim] = input.shape[dim]
    indices = indices.remainder(input.shape[dim] or 1) if input.dim() else indices
    return ops.gather(input.expand(wide), dim, indices.expand(shape))


def argwhere(input):
    return ctorch.nonzero(input)


def nonzero_static(input, *, size, fill_value=-1):
    if size < 0:
        raise RuntimeError(f"nonzero_static: 'size' must be an non-negative integer, got {size}")
    if is_batched(input):
        return _first_places(input, size, fill_value)
    found = ctorch.nonzero(input)[:size]
    rest = ctorch.full((size - found.shape[0], input.dim()), fill_value, dtype=ctorch.int64, device=input.device)
    return ctorch.cat([found, rest])


def _first_places(x, size, fill_value):
    # nonzero_static without a step in between whose shape depends on the values.
    mask = (x != 0).reshape(-1)
    order = (~mask).sort(stable=True).indices[:size]
    places = ctorch.stack(unravel_index(order, x.shape), -1) if x.dim() else order.new_zeros((len(order), 0))
    places = ctorch.where((ctorch.arange(len(order), device=x.device) < mask.sum())[:, None], places, fill_value)
    rest = ctorch.full((size - len(order), x.dim()), fill_value, dtype=ctorch.int64, device=x.device)
    return ctorch.cat([places, rest])


def unravel_index(input, shape):
    if input.dtype == ctorch.bool or input.is_floating_point() or input.is_complex():
        raise TypeError(f"unravel_index: expected 'indices' to be an integer dtype, but got {input.dtype}")
    sizes = [shape] if isinstance(shape, int) else list(shape)
    if not all(isinstance(size, int) for size in sizes):
        raise TypeError(f"unravel_index: expected 'shape' to be an int or a sequence of ints, but got {shape!r}")
    if any(size < 0 for size in sizes):
        raise ValueError(f"unravel_index: 'shape' cannot have negative values, but got {tuple(sizes)}")
    rest, places = input.to(ctorch.int64), []
    for size in reversed(sizes):
        places.append(rest.remainder(size))
        rest = ops.floor_divide(rest, size)
    return tuple(reversed(places))
