"""Copies in another order on CUDA: triangles of matrices, dimensions in reverse, elements repeated, borders."""
import ctorch
from ctorch._derivatives.selection import _edge_places


def triangle_forward(x, diagonal, lower):
    if x.dim() < 2:
        raise RuntimeError(f"{'tril' if lower else 'triu'}: input tensor must have at least 2 dimensions")
    rows = ctorch.arange(x.shape[-2], device=x.device).reshape(-1, 1)
    ahead = ctorch.arange(x.shape[-1], device=x.device) - rows
    return ctorch.where(ahead <= diagonal if lower else ahead >= diagonal, x, ctorch.zeros_like(x))


def flip_forward(x, dims):
    dims = [d % x.dim() for d in dims] if x.dim() else []
    for d in dims:
        if dims.count(d) > 1:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
    index = tuple(slice(None, None, -1) if d in dims else slice(None) for d in range(x.dim()))
    return x[index].clone(memory_format=ctorch.contiguous_format) if x.dim() else x.clone()


def roll_forward(x, shifts, dims):
    for shift, dim in zip(shifts, dims, strict=True):
        size = x.shape[dim] if x.dim() else 1
        cut = -shift % size if size else 0
        if cut:
            x = ctorch.cat((x.narrow(dim, cut, size - cut), x.narrow(dim, 0, cut)), dim)
    return x.clone(memory_format=ctorch.contiguous_format)


def repeat_each_forward(x, dim, times):
    wide = x.unsqueeze(dim + 1)
    wide = wide.expand(*x.shape[:dim + 1], times, *x.shape[dim + 1:])
    return wide.reshape(*x.shape[:dim], x.shape[dim] * times, *x.shape[dim + 1:])


def pad_edges_forward(x, pad, mode):
    for i in range(len(pad) // 2):
        d, before, after = x.dim() - 1 - i, *pad[2 * i:2 * i + 2]
        if before or after:
            places = _edge_places(x.shape[d], before, after, mode)
            x = ctorch.index_select(x, d, ctorch.tensor(places, device=x.device))
    return x.clone() if not any(pad) else x
