"""Elements as sets. NaNs differ from each other; values come in ascending order."""
from typing import NamedTuple

import ctorch

from ._promotion import together

__all__ = ["isin", "unique_all", "unique_counts", "unique_inverse", "unique_values"]


class UniqueAll(NamedTuple):
    """Values, where each comes first, where each element's value is, how often each comes."""

    values: ctorch.Tensor
    indices: ctorch.Tensor
    inverse_indices: ctorch.Tensor
    counts: ctorch.Tensor


class UniqueCounts(NamedTuple):
    """Values and how often each comes."""

    values: ctorch.Tensor
    counts: ctorch.Tensor


class UniqueInverse(NamedTuple):
    """Values and where each element's value is."""

    values: ctorch.Tensor
    inverse_indices: ctorch.Tensor


def _order(flat):
    if not flat.is_complex():
        return ctorch.argsort(flat, stable=True)
    by_imaginary = ctorch.argsort(flat.imag, stable=True)
    return by_imaginary[ctorch.argsort(flat.real[by_imaginary], stable=True)]


def _sorted(x):
    # The elements in order, their places, and which of them begin a new value.
    flat = x.detach().reshape(-1)
    order = _order(flat)
    values = flat[order]
    first = ctorch.ones(values.shape, dtype=ctorch.bool, device=x.device)
    first[1:] = values[1:] != values[:-1]
    return values, order, first


def _counts(first):
    starts = ctorch.nonzero(first).reshape(-1)
    return ctorch.diff(starts, append=starts.new_full((1,), first.shape[0]))


def _inverse(x, order, first):
    inverse = ctorch.empty_like(order)
    inverse[order] = ctorch.cumsum(first, 0) - 1
    return inverse.reshape(x.shape)


def unique_all(x, /):
    """The different values with first indices, inverse indices and counts."""
    values, order, first = _sorted(x)
    return UniqueAll(values[first], order[first], _inverse(x, order, first), _counts(first))


def unique_counts(x, /):
    """The different values and how often each comes."""
    values, _, first = _sorted(x)
    return UniqueCounts(values[first], _counts(first))


def unique_inverse(x, /):
    """The different values and which of them each element is."""
    values, order, first = _sorted(x)
    return UniqueInverse(values[first], _inverse(x, order, first))


def unique_values(x, /):
    """The different values."""
    values, _, first = _sorted(x)
    return values[first]


def isin(x1, x2, /, *, invert=False):
    """Whether each element of `x1` is among those of `x2`."""
    return ctorch.isin(*together(x1, x2), invert=invert)
