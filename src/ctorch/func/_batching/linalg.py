"""Batching rules of ops/linalg.toml."""
from ctorch import _functions as _f
from ctorch._batched import real
from ctorch.func._batching._shapes import aligned, hide

__all__ = ["linalg_solve"]

_of_matrices = aligned(_f._linalg_solve, [("tensor", name, False) for name in ("x", "B")] + [("value", "", False)] * 2)


def linalg_solve(levels, x, B, check_errors, op):
    if B.ndim == 1 or (B.ndim == x.ndim - 1 and B.shape == x.shape[:-1]):        # vectors, one for each matrix
        B = B.expand(x.shape[:-1])
        return hide(levels, _f._linalg_solve(real(x, levels, True), real(B, levels, True), check_errors, op))
    return _of_matrices(levels, x, B, check_errors, op)
