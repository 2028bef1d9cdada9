"""Reductions, written with other operators."""
import builtins
from collections import namedtuple

import ctorch
from ctorch import _functions as ops
from ctorch._shape import wrap


def _all_dims(dim, ndim):
    if dim is None or (isinstance(dim, tuple | list) and len(dim) == 0):
        return list(range(ndim))
    return [wrap(d, ndim, "var") for d in (dim if isinstance(dim, tuple | list) else (dim,))]


def _variance(input, dim, unbiased, keepdim, correction):
    if isinstance(dim, bool):        # var(input, unbiased)
        dim, unbiased = None, dim
    if not (input.is_floating_point() or input.is_complex()):
        raise RuntimeError(f"std and var only support floating point and complex dtypes, got {input.dtype}")
    correction = (1 if unbiased else 0) if correction is None else correction
    dims = _all_dims(dim, input.dim())
    count = 1
    for d in dims:
        count *= input.shape[d] if input.dim() else 1
    mean = input.mean(dims, True)
    deviation = input - mean
    squares = (deviation * deviation.conj()).real if input.is_complex() else deviation * deviation
    total = squares.sum(dims, keepdim)
    free = builtins.max(0.0, count - correction)
    variance = total / free if free > 0 else total * (ctorch.nan if count == 0 or free == 0 else 1.0) \
        if count <= 1 else total / 0.0
    if not keepdim:
        mean = mean.reshape(variance.shape)
    return variance, mean


def var(input, dim=None, unbiased=True, keepdim=False, *, correction=None):
    return _variance(input, dim, unbiased, keepdim, correction)[0]


def std(input, dim=None, unbiased=True, keepdim=False, *, correction=None):
    return _variance(input, dim, unbiased, keepdim, correction)[0].sqrt()


def var_mean(input, dim=None, unbiased=True, keepdim=False, *, correction=None):
    return _variance(input, dim, unbiased, keepdim, correction)


def std_mean(input, dim=None, unbiased=True, keepdim=False, *, correction=None):
    variance, mean = _variance(input, dim, unbiased, keepdim, correction)
    return variance.sqrt(), mean


def logsumexp(input, dim, keepdim=False):
    x = input if input.is_floating_point() else input.to(ctorch.get_default_dtype())
    dims = _all_dims(dim, x.dim())
    peak = x.detach().amax(dims, True)
    peak = ops._where(ops.isinf(peak), 0.0, peak)
    result = ops.exp(x - peak).sum(dims, True).log() + peak
    return result if keepdim else result.reshape([s for i, s in enumerate(x.shape) if i not in dims])


def norm(input, p="fro", dim=None, keepdim=False, dtype=None):
    from ctorch.linalg import norms

    if isinstance(p, str) and p != "fro":
        if p != "nuc":
            raise RuntimeError(f"norm: p must be a number, 'fro' or 'nuc', got {p!r}")
        return norms.matrix_norm(input, p, tuple(range(input.dim())) if dim is None else dim, keepdim, dtype=dtype)
    return norms.vector_norm(input, 2 if p is None or isinstance(p, str) else p, dim, keepdim, dtype=dtype)


def count_nonzero(input, dim=None):
    return input.ne(0).sum(dim)


Extremum = {name: namedtuple(name, "values indices") for name in ("max", "min")}


def _extremum(name, input, dim, keepdim):
    largest = name == "max"
    if isinstance(dim, ctorch.Tensor):
        return ops.maximum(input, dim) if largest else ops.minimum(input, dim)
    if dim is not None:
        return Extremum[name](*ops._extremum(input, dim, keepdim, largest))
    if input.numel() == 0:
        raise RuntimeError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
                           "reduction dim with the 'dim' argument.")
    return ops.amax(input, None) if largest else ops.amin(input, None)


def max(input, dim=None, keepdim=False):
    return _extremum("max", input, dim, keepdim)


def min(input, dim=None, keepdim=False):
    return _extremum("min", input, dim, keepdim)


def _argument(input, dim, keepdim, largest):
    if dim is None:
        if input.numel() == 0:
            raise IndexError(f"{'argmax' if largest else 'argmin'}(): Expected reduction dim to be specified for "
                             "input.numel() == 0. Specify the reduction dim with the 'dim' argument.")
        place = ops._extremum(input.detach().reshape(-1), 0, False, largest)[1]
        return place.reshape([1] * input.dim()) if keepdim else place
    return ops._extremum(input.detach(), dim, keepdim, largest)[1]


def argmax(input, dim=None, keepdim=False):
    return _argument(input, dim, keepdim, True)


def argmin(input, dim=None, keepdim=False):
    return _argument(input, dim, keepdim, False)


def dist(input, other, p=2):
    return norm(input - other, p)
