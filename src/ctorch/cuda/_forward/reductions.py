"""Reductions that have kernels of their own on CUDA: the place of an extremum."""
import ctorch
from ctorch.cuda._forward.common import around, dense, empty, index_of, team_for, unsupported
from ctorch.cuda.launch import Kernel

_extremum = Kernel("index", "ct_extremum", "PPPqqqii")


def launch_extremum(index, dtype, x, values, places, sizes, largest):
    """Values and places of the extrema of raw memory along the middle of (outer, n, inner)."""
    outer, n, inner = sizes
    if outer * inner:
        team, grid, block = team_for(outer * inner, n, inner)
        _extremum(index, dtype, grid, block, x, values, places, outer, n, inner, largest, team)


def extremum_forward(x, dim, keepdim, largest):
    """Values and int64 places of the extrema along a dimension."""
    name = x.dtype.name
    if name.startswith("complex"):
        raise unsupported("max" if largest else "min", x)
    if name not in ("float32", "float64", "int32", "int64"):
        name = "float32" if "float" in name else "int64" if name in ("uint32", "uint64") else "int32"
    dtype, sizes = getattr(ctorch, name), around(x.shape, dim)
    if sizes[1] == 0:
        raise IndexError(f"{'max' if largest else 'min'}(): Expected reduction dim {dim} to have non-zero size.")
    shape = tuple(1 if i == dim else size for i, size in enumerate(x.shape) if i != dim or keepdim)
    a, values, places = dense(x, dtype), empty(shape, dtype, x.device), empty(shape, ctorch.int64, x.device)
    launch_extremum(index_of(x), name, a.data_ptr(), values.data_ptr(), places.data_ptr(), sizes, bool(largest))
    return values if dtype == x.dtype else values.to(x.dtype), places
