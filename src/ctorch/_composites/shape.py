"""Shapes made anew, written with other operators."""
import builtins

import ctorch
from ctorch import _functions as ops
from ctorch import _views as views
from ctorch._shape import wrap


def repeat(input, sizes):
    if len(sizes) < input.dim():
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    shape = [1] * (len(sizes) - input.dim()) + list(input.shape)
    wide = input.reshape([v for s in shape for v in (1, s)])
    wide = wide.expand([v for r, s in zip(sizes, shape) for v in (r, s)])
    return wide.reshape([r * s for r, s in zip(sizes, shape)])


def flip(input, dims):
    dims = [wrap(d, input.dim(), "flip") for d in (dims if isinstance(dims, tuple | list) else (dims,))]
    if len(set(dims)) != len(dims):
        raise RuntimeError("dim appears multiple times in the list of dims")
    index = tuple(slice(None, None, -1) if d in dims else slice(None) for d in range(input.dim()))
    return input[index].clone() if input.dim() else input.clone()


def diag(input, diagonal=0):
    if input.dim() == 2:
        return views.diagonal(input, diagonal).clone()
    if input.dim() != 1:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input.dim()}D")
    size = input.shape[0] + abs(diagonal)
    out = ctorch.zeros(size, size, dtype=input.dtype, device=input.device)
    views.diagonal(out, diagonal).copy_(input)
    return out


def _triangle(input, diagonal, lower):
    if input.dim() < 2:
        raise RuntimeError(f"{'tril' if lower else 'triu'}: input tensor must have at least 2 dimensions")
    rows = ctorch.arange(input.shape[-2], device=input.device).unsqueeze(1)
    columns = ctorch.arange(input.shape[-1], device=input.device)
    keep = columns - rows <= diagonal if lower else columns - rows >= diagonal
    return ops._where(keep, input, ctorch.zeros((), dtype=input.dtype, device=input.device))


def tril(input, diagonal=0):
    return _triangle(input, diagonal, True)


def triu(input, diagonal=0):
    return _triangle(input, diagonal, False)


def pad(input, pad, mode="constant", value=None):
    pad = list(pad)
    if len(pad) % 2 or len(pad) // 2 > input.dim():
        raise RuntimeError(f"pad: expected pairs for at most {input.dim()} dimensions, got {len(pad)} numbers")
    if mode != "constant":
        return _pad_by_index(input, pad, mode)
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
    out = ctorch.full(shape, 0.0 if value is None else value, dtype=input.dtype, device=input.device)
    out[tuple(inner)] = input
    return out


def _pad_by_index(input, pad, mode):
    """Reflected, replicated or circular borders: an index tensor per padded dimension."""
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    for k in range(len(pad) // 2):
        d, before, after = input.dim() - 1 - k, pad[2 * k], pad[2 * k + 1]
        n = input.shape[d]
        if mode == "reflect" and (before >= n or after >= n):
            raise RuntimeError("Argument #4: Padding size should be less than the corresponding input dimension, but "
                               f"got: padding ({before}, {after}) at dimension {d} of input {list(input.shape)}")
        places = range(-before, n + after)
        if mode == "reflect":
            places = [(-p if p < 0 else 2 * (n - 1) - p if p >= n else p) for p in places]
        elif mode == "replicate":
            places = [0 if p < 0 else n - 1 if p >= n else p for p in places]
        else:
            # What is cut off does not come back on the other side.
            low, high = max(0, -before), n - max(0, -after)
            if before > high - low or after > high - low:
                raise RuntimeError("Padding value causes wrapping around more than once.")
            places = [low + (p - low) % (high - low) for p in places]
        input = ctorch.index_select(input, d, ctorch.tensor(places, device=input.device))
    return input
