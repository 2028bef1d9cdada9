"""Batching rules of ops/histograms.toml: each example counts in bins of its own."""
import ctorch
from ctorch import _functions as _f
from ctorch._batched import batched, real
from ctorch.func._batching._shapes import several

__all__ = ["bincount", "histc"]


def _rows(x, levels):
    return real(x, levels, True).reshape(several(levels), -1)


def _counted(levels, places, weights, bins):
    # Counts of each row of places, which are below the number of bins.
    firsts = bins * ctorch.arange(len(places), device=places.device)
    counts = _f._bincount((places + firsts[:, None]).reshape(-1), weights, bins * len(places))
    return counts.reshape(*(size for _, size in levels), bins)


def bincount(levels, x, weights, minlength):
    rows = _rows(x, levels).to(ctorch.int64)
    if int(rows.min()) < 0:
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    tops = rows.amax(1)
    fewest, bins = (max(minlength, int(top) + 1) for top in (tops.min(), tops.max()))
    if fewest != bins:
        raise RuntimeError(f"vmap: bincount: the results of the examples have from {fewest} to {bins} elements; give a "
                           f"minlength of {bins} or more")
    weights = None if weights is None else _rows(weights, levels).reshape(-1)
    return batched(_counted(levels, rows, weights, bins), levels)


def histc(levels, x, edges, bins, low, high):
    rows = _rows(x, levels)
    low, high = (ctorch.tensor(limit, dtype=rows.dtype, device=rows.device) for limit in (low, high))
    if edges is None:
        places = ((rows - low) * bins / (high - low)).nan_to_num(0.0, 0.0, 0.0).to(ctorch.int64)
    else:
        places = _f._searchsorted(edges, rows, None, True, True) - 1
    inside = (rows >= low) & (rows <= high)
    places = ctorch.where(inside, places.clamp(0, bins - 1), bins)       # a bin for what lies outside
    return batched(_counted(levels, places, None, bins + 1)[..., :bins], levels)
