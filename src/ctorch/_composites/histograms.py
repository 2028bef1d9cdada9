"""Counts by bin, written with other operators."""
import math

import ctorch
from ctorch import _functions as ops
from ctorch import return_types as named


def bincount(input, weights=None, minlength=0):
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if input.dim() == 1 and input.numel() == 0:
        return ctorch.zeros(minlength, dtype=ctorch.int64, device=input.device)
    if input.dim() != 1:
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is not None and weights.shape != input.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    return ops._bincount(input, None if weights is None else weights.detach(), minlength)


def _limits(x, low, high, op, dimension=""):
    """The range of the bins: as given, or from the least to the greatest element; never empty."""
    if low == high and x is not None:
        low, high = (float(x.min()), float(x.max())) if x.numel() else (0.0, 0.0)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"{op}: {dimension}range of [{low:g}, {high:g}] is not finite")
    return (low - 1, high + 1) if low == high else (low, high)


def histc(input, bins=100, min=0, max=0):
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    if min > max:
        raise RuntimeError("torch.histc: max must be larger than min")
    x = input.detach()
    if min == max and x.numel() and x.is_floating_point():
        low, high = _limits(x, min, max, "torch.histc")
    else:
        low, high = _limits(None, float(min), float(max), "torch.histc")
    return ops._histc(x, None, bins, low, high).to(input.dtype)


def _even_edges(x, bins, span, dimension, dtype):
    if bins <= 0:
        raise RuntimeError(f"torch.histogramdd(): bins must be > 0, but got {bins} for dimension {dimension}")
    if span is not None:
        low, high = span
        if not (math.isfinite(low) and math.isfinite(high)):
            raise RuntimeError(f"torch.histogramdd: dimension {dimension}'s range [{low:g}, {high:g}] is not finite")
        if low > high:
            raise RuntimeError(f"torch.histogramdd: min should not exceed max, but got min {low:g} max {high:g} for "
                               f"dimension {dimension}")
    elif x.numel():
        low, high = float(x.min()), float(x.max())
        if not (math.isfinite(low) and math.isfinite(high)):
            raise RuntimeError(f"torch.histogramdd: dimension {dimension}'s range [{low:g}, {high:g}] is not finite")
    else:
        low, high = 0.0, 1.0
    if low == high:
        low, high = low - 0.5, high + 0.5
    # As PyTorch rounds them: the step in the dtype, each edge once, from the nearer end.
    step = float((ctorch.tensor(high, dtype=dtype) - ctorch.tensor(low, dtype=dtype)) / bins)
    number = ctorch.arange(bins + 1, dtype=ctorch.float64)
    edges = ctorch.where(number < (bins + 1) // 2, low + number * step, high - (bins - number) * step)
    return edges.to(dtype)


def _densities(counts, edges):
    counts = counts / counts.sum()
    for d, edge in enumerate(edges):
        counts = counts / (edge[1:] - edge[:-1]).reshape([-1 if i == d else 1 for i in range(len(edges))])
    return counts


def _grid(points, bins, span, weight, density):
    """Histogram of points (n, dimensions), and the edges along each dimension."""
    if points.dtype in (ctorch.float16, ctorch.bfloat16):
        narrow = [b.to(ctorch.float32) if isinstance(b, ctorch.Tensor) else b for b in bins]
        counts, edges = _grid(points.to(ctorch.float32), narrow, span, weight, density)
        return counts.to(points.dtype), [edge.to(points.dtype) for edge in edges]
    if points.dtype not in (ctorch.float32, ctorch.float64):
        raise NotImplementedError(f"\"histogramdd\" not implemented for '{points.dtype}'")
    points, edges = points.detach(), []
    for d, b in enumerate(bins):
        if isinstance(b, ctorch.Tensor):
            if b.dtype != points.dtype:
                raise RuntimeError("torch.histogramdd: input tensor and bins tensors should have the same dtype, but "
                                   f"got input with dtype {points.dtype} and bins for dimension {d} with dtype "
                                   f"{b.dtype}")
            if b.numel() < 2:
                raise RuntimeError(f"torch.histogramdd(): bins must be > 0, but got {b.numel()} edges for dimension "
                                   f"{d}")
            edges.append(b)
        else:
            edges.append(_even_edges(points[:, d], b, None if span is None else span[2 * d:2 * d + 2], d, points.dtype))
    # Two more bins along each dimension hold what lies outside, which NaN does too.
    place = None
    for d, edge in enumerate(edges):
        x, count = points[:, d].contiguous(), edge.numel() - 1
        at = ctorch.where(x == edge[-1], count, ops._searchsorted(edge, x, None, True, True))    # the last is closed
        at = ctorch.where((x >= edge[0]) & (x <= edge[-1]), at, 0)      # edges that are not in order have places too
        place = at if place is None else at + place * (count + 2)
    shape = [edge.numel() + 1 for edge in edges]
    counts = ops._bincount(place, None if weight is None else weight.detach().reshape(-1), math.prod(shape))
    counts = counts.reshape(shape)[(slice(1, -1),) * len(shape)].to(points.dtype)
    return _densities(counts, edges) if density else counts, edges


def _need_weights(op, weight, points):
    if weight is not None and list(weight.shape) != points:
        raise RuntimeError(f"torch.{op}: if weight tensor is provided it should have the shape of the points, but got "
                           f"points of shape {points} and weight with shape {list(weight.shape)}")


def histogram(input, bins, *, range=None, weight=None, density=False):
    _need_weights("histogram", weight, list(input.shape))
    if isinstance(bins, int) and weight is None and input.dtype in (ctorch.float32, ctorch.float64):
        x = input.detach().reshape(-1)
        edges = _even_edges(x, bins, range, 0, x.dtype)
        counts = ops._histc(x, edges, bins, float(edges[0]), float(edges[-1])).to(x.dtype)
        return named.histogram(_densities(counts, [edges]) if density else counts, edges)
    counts, edges = _grid(input.reshape(-1, 1), [bins], range, weight, density)
    return named.histogram(counts, edges[0])


def histogramdd(input, bins, range=None, weight=None, density=False):
    if input.dim() < 2:
        raise RuntimeError(f"torch.histogramdd: input tensor should have at least 2 dimensions, but got {input.dim()}")
    dims = input.shape[-1]
    bins = list(bins) if isinstance(bins, tuple | list) else [bins] * dims
    if len(bins) != dims:
        raise RuntimeError(f"torch.histogramdd: expected {dims} sequences of bin edges for a {dims}-dimensional "
                           f"histogram but got {len(bins)}")
    if range is not None and len(range) != 2 * dims:
        raise RuntimeError(f"torch.histogramdd: for a {dims}-dimensional histogram range should have {2 * dims} "
                           f"elements, but got {len(range)}")
    _need_weights("histogramdd", weight, list(input.shape[:-1]))
    counts, edges = _grid(input.reshape(-1, dims), bins, range, weight, density)
    return named.histogramdd(counts, tuple(edges))
