"""Shapes made anew, written with other operators."""
import builtins
import itertools

import ctorch
from ctorch import _functions as ops
from ctorch import _views as views
from ctorch._batched import starts_with
from ctorch._factories import triangle_indices
from ctorch._levels import widened
from ctorch._shape import wrap
from ctorch._tape import _recorded

PAD_MODES = {"reflect": 0, "replicate": 1, "circular": 2}


def repeat(input, sizes):
    if len(sizes) < input.dim():
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    shape = [1] * (len(sizes) - input.dim()) + list(input.shape)
    wide = input.reshape([v for s in shape for v in (1, s)])
    wide = wide.expand([v for r, s in zip(sizes, shape) for v in (r, s)])
    result = wide.reshape([r * s for r, s in zip(sizes, shape)])
    if starts_with(result, input) or not result.numel():    # memory of its own, however little is repeated
        result = result.clone(memory_format=ctorch.contiguous_format)
    return result


def tile(input, dims):
    dims = (dims,) if isinstance(dims, int) else tuple(dims)
    return repeat(input, (1,) * (input.dim() - len(dims)) + dims)


def repeat_interleave(input, repeats=None, dim=None, *, output_size=None):
    if repeats is None:
        return _repeated_places(input, output_size)
    if dim is None:
        input, dim = input.flatten(), 0
    input = input.reshape(1) if input.dim() == 0 else input
    dim = wrap(dim, input.dim(), "repeat_interleave")
    if isinstance(repeats, ctorch.Tensor) and repeats.numel() == 1:
        repeats = int(repeats.item())
    if isinstance(repeats, int):
        if repeats < 0:
            raise RuntimeError("Repeats must be non-negative")
        if not input.is_cuda and input.is_contiguous():
            return ops._repeat_each(input, dim, repeats)
        sizes = [-1] * (dim + 1) + [repeats] + [-1] * (input.dim() - dim - 1)
        shape = [s * repeats if d == dim else s for d, s in enumerate(input.shape)]
        each = views.expand(views.unsqueeze(input, dim + 1), sizes)
        return each.clone(memory_format=ctorch.contiguous_format).view(shape)
    if isinstance(repeats, tuple | list):
        repeats = ctorch.tensor(repeats, device=input.device)
    if repeats.dim() != 1 or repeats.shape[0] != input.shape[dim]:
        raise RuntimeError(f"repeats must have the same size as input along dim, but got repeats.size(0) = "
                           f"{repeats.shape[0] if repeats.dim() else 1} and input.size({dim}) = {input.shape[dim]}")
    return ctorch.index_select(input, dim, _repeated_places(repeats, output_size))


def _repeated_places(repeats, output_size):
    if repeats.dim() != 1:
        raise RuntimeError("repeat_interleave only accept 1D vector as repeat")
    if repeats.dtype not in (ctorch.int64, ctorch.int32):
        raise RuntimeError("repeats has to be Long or Int tensor")
    places = ops._repeat_places(repeats)
    if output_size is not None and places.shape[0] != output_size:
        raise RuntimeError(f"repeat_interleave: output_size is {output_size}, but the repeats add up to "
                           f"{places.shape[0]}")
    return places


def flip(input, dims):
    dims = dims if isinstance(dims, tuple | list) else (dims,)
    if input.is_contiguous():
        return ops._flip(input, dims)
    dims = [wrap(d, input.dim(), "flip") for d in dims]
    for d in dims:
        if dims.count(d) > 1:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
        if input.dim():
            input = views.slice_(input, d, None, None, -1)
    return input.clone()


def fliplr(input):
    if input.dim() < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input, (1,))


def flipud(input):
    if input.dim() < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input, (0,))


def rot90(input, k=1, dims=(0, 1)):
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if input.dim() < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {input.dim()}")
    a, b = (wrap(d, input.dim(), "rot90") for d in dims)
    if a == b:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}")
    k %= 4
    if k == 0:
        return views.fresh(input)
    if k == 2:
        return flip(input, (a, b))
    return views.transpose(flip(input, (b if k == 1 else a,)), a, b)


def roll(input, shifts, dims=None):
    shifts = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    dims = () if dims is None else (dims,) if isinstance(dims, int) else tuple(dims)
    if not shifts:
        raise RuntimeError("`shifts` required")
    if not dims and len(shifts) == 1:
        return roll(input.contiguous().view(-1), shifts, (0,)).view(input.shape)
    if len(dims) != len(shifts):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    if input.dim() == 0:
        raise IndexError(f"Dimension specified as {dims[0]} but tensor has no dimensions")
    return ops._roll(input, shifts, dims)


def diag(input, diagonal=0):
    if input.dim() == 2:
        return views.fresh(views.diagonal(input, diagonal))
    if input.dim() != 1:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input.dim()}D")
    return diag_embed(input, diagonal)


def diag_embed(input, offset=0, dim1=-2, dim2=-1):
    ndim = input.dim() + 1
    a, b = wrap(dim1, ndim, "diag_embed"), wrap(dim2, ndim, "diag_embed")
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    size = input.shape[-1] + abs(offset)
    shape = list(input.shape[:-1])
    for d in sorted((a, b)):
        shape.insert(d, size)
    return views.embed_diagonal(input, shape, offset, a, b)


def diagflat(input, offset=0):
    return diag_embed(input.reshape(-1), offset)


def trace(input):
    if input.dim() != 2:
        raise RuntimeError("trace: expected a matrix")
    return views.diagonal(input).sum()


def _triangle(input, diagonal, lower):
    if input.dim() < 2:
        raise RuntimeError(f"{'tril' if lower else 'triu'}: input tensor must have at least 2 dimensions")
    if not input.is_cuda:
        return ops._triangle(input, diagonal, lower)
    rows = ctorch.arange(input.shape[-2], device=input.device).unsqueeze(1)
    columns = ctorch.arange(input.shape[-1], device=input.device)
    keep = columns - rows <= diagonal if lower else columns - rows >= diagonal
    return ops._where(keep, input, ctorch.zeros((), dtype=input.dtype, device=input.device))


def tril(input, diagonal=0):
    return _triangle(input, diagonal, True)


def triu(input, diagonal=0):
    return _triangle(input, diagonal, False)


def _triangle_indices(row, col, offset, dtype, device, lower):
    if row < 0 or col < 0:
        raise RuntimeError(f"{'row' if row < 0 else 'col'} must be non-negative, got{row if row < 0 else col}")
    return triangle_indices(row, col, offset, dtype, device, lower)


def tril_indices(row, col, offset=0, *, dtype=None, device=None, layout=None):
    return _triangle_indices(row, col, offset, dtype, device, True)


def triu_indices(row, col, offset=0, *, dtype=None, device=None, layout=None):
    return _triangle_indices(row, col, offset, dtype, device, False)


def _scattered(input, src, part):
    """A copy of input with src in the part of it that a view shows."""
    out = widened(input, src).clone()
    place = part(out)
    if place.shape != src.shape:
        raise RuntimeError(f"expected src to have a size equal to the slice of self. src size = {list(src.shape)}, "
                           f"slice size = {list(place.shape)}")
    place.copy_(src)
    return out


def diagonal_scatter(input, src, offset=0, dim1=0, dim2=1):
    return _scattered(input, src, lambda x: views.diagonal(x, offset, dim1, dim2))


def select_scatter(input, src, dim, index):
    return _scattered(input, src, lambda x: views.select_(x, dim, index))


def slice_scatter(input, src, dim=0, start=None, end=None, step=1):
    return _scattered(input, src, lambda x: views.slice_(x, dim, start, end, step))


def as_strided_scatter(input, src, size, stride, storage_offset=None):
    return _scattered(input, src, lambda x: views.as_strided(x, size, stride, storage_offset))


def combinations(input, r=2, with_replacement=False):
    if input.dim() != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return ctorch.empty(0, dtype=input.dtype, device=input.device)
    if r == 2:
        pairs = triangle_indices(input.shape[0], input.shape[0], not with_replacement, None, input.device, False)
        return ctorch.index_select(input, 0, pairs.t().reshape(-1)).view(-1, 2)
    pick = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    chosen = list(pick(builtins.range(input.shape[0]), r))
    places = ctorch.tensor(chosen, dtype=ctorch.int64, device=input.device).reshape(-1)
    return ctorch.index_select(input, 0, places).view(len(chosen), r)


def constant_pad_nd(input, pad, value=0):
    pad = list(pad)
    if len(pad) % 2:
        raise RuntimeError(f"Length of pad must be even but instead it equals {len(pad)}")
    if len(pad) // 2 > input.dim():
        raise RuntimeError("Length of pad should be no more than twice the number of dimensions of the input. Pad "
                           f"length is {len(pad)} while the input has {input.dim()} dimensions.")
    return _pad_constant(input, pad, value)


def fill(input, value):
    if isinstance(value, ctorch.Tensor) and value.dim():
        raise RuntimeError("fill only supports 0-dimension value tensor but got tensor with "
                           f"{value.dim()} dimensions.")
    input = widened(input, value)
    return input.clone().fill_(value) if _recorded(input) else ctorch.zeros_like(input).fill_(value)


def pad(input, pad, mode="constant", value=None):
    pad = tuple(pad)
    if len(pad) % 2 or len(pad) // 2 > input.dim():
        raise RuntimeError(f"pad: expected pairs for at most {input.dim()} dimensions, got {len(pad)} numbers")
    if mode == "constant":
        return _pad_constant(input, pad, 0 if value is None else value)
    if mode not in PAD_MODES:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if not pad or builtins.min(pad) >= 0:
        return ops._pad_edges(input, pad, PAD_MODES[mode])
    # What is cut off does not come back on the other side of a circle.
    cuts = tuple(builtins.min(p, 0) for p in pad)
    more = tuple(builtins.max(p, 0) for p in pad)
    if mode == "circular":
        return ops._pad_edges(_pad_constant(input, cuts, 0), more, PAD_MODES[mode])
    return _pad_constant(ops._pad_edges(input, more, PAD_MODES[mode]), cuts, 0)


def _pad_constant(input, pad, value):
    shape, inner = list(input.shape), [slice(None)] * input.dim()
    for k in range(len(pad) // 2):
        d, before, after = input.dim() - 1 - k, pad[2 * k], pad[2 * k + 1]
        if shape[d] + before + after < 0:
            raise RuntimeError(f"The input size {shape[d]}, plus negative padding {before} and {after}, resulted in a "
                               f"negative output size, which is invalid. Check dimension {d} of your input.")
        if before < 0 or after < 0:
            cut_before, cut_after = builtins.min(before, 0), builtins.min(after, 0)
            input = views.narrow(input, d, -cut_before, shape[d] + cut_before + cut_after)
        length = input.shape[d]
        inner[d] = slice(before if before > 0 else 0, (before if before > 0 else 0) + length)
        shape[d] += before + after
    if isinstance(value, ctorch.Tensor) or value:
        out = input.new_full(shape, value)
    else:
        out = input.new_zeros(shape)
    out[tuple(inner)] = input
    return out
