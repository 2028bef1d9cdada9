"""Whether two arrays are near each other, by the precision that they were made with."""

import numpy as np


def tolerances(precision):
    """Relative tolerance, and that relative to the largest element, for results made of this precision."""
    if precision < 1e-10:
        return 1e-9, 1e-11
    if precision < 1e-5:
        return 1e-4, 3e-6
    return (3e-2, 5e-3) if precision < 5e-3 else (1.5e-1, 3e-2)


def near(mine, other, rtol, scale, room=0.0):
    """Elements that agree."""
    with np.errstate(all="ignore"):
        size = np.abs(other[np.isfinite(other)]).max(initial=0)
        close = np.abs(mine - other) <= rtol * np.abs(other) + scale * max(size, 1e-2) + room
        return close | (mine == other) | (np.isnan(mine) & np.isnan(other))


def numbers(x):
    """An array in double precision."""
    return x.astype("complex128" if x.dtype.kind == "c" else "float64")


def largest(x):
    """The largest finite element of an outcome."""
    if x.values is None or not x.values.size:
        return 0
    sizes = np.abs(x.values[np.isfinite(x.values)])
    return float(sizes.max(initial=0))
