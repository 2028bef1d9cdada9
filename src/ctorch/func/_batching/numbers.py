"""Batching rules of ops/numbers.toml."""
from ctorch import _functions as _f
from ctorch._batched import batched, real

__all__ = ["view_as_real"]


def view_as_real(levels, x):
    return batched(_f.view_as_real(real(x, levels)), levels)
