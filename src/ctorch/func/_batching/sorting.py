"""Batching rules of ops/sorting.toml."""
from ctorch import _functions as _f
from ctorch._batched import batched, is_batched, real

__all__ = ["extent", "median_of_all", "searchsorted"]


def median_of_all(levels, x, skip_nan):
    return _f._median(x, 0, skip_nan)[0].squeeze(0)


def extent(levels, x):
    flat = x.reshape(-1)
    return _f.amin(flat), _f.amax(flat)


def searchsorted(levels, sequence, x, sorter, right, shared):
    if not is_batched(sequence) and not is_batched(sorter) and shared:
        return batched(_f._searchsorted(sequence, real(x, levels), sorter, right, True), levels)
    values = x.reshape(-1) if shared else x
    found = _f._searchsorted(real(sequence, levels, True), real(values, levels, True),
                             None if sorter is None else real(sorter, levels, True), right, False)
    return batched(found, levels).reshape(x.shape)
