"""Reductions, written with other operators."""
import builtins
import math
import warnings
from collections import namedtuple

import ctorch
from ctorch import _functions as ops
from ctorch._batched import all_true, any_true
from ctorch._shape import wrap
from ctorch._tape import _recorded


def _all_dims(dim, ndim):
    if dim is None or (isinstance(dim, tuple | list) and len(dim) == 0):
        return list(range(ndim))
    return [wrap(d, ndim, "var") for d in (dim if isinstance(dim, tuple | list) else (dim,))]


def _moments(name, input, dim, unbiased, keepdim, correction, root):
    if isinstance(dim, bool):        # var(input, unbiased)
        dim, unbiased = None, dim
    if not (input.is_floating_point() or input.is_complex()):
        raise RuntimeError(f"{name}: only support floating point and complex dtypes" if name.endswith("_mean") else
                           f"std and var only support floating point and complex dtypes, got {input.dtype}")
    correction = (1 if unbiased else 0) if correction is None else correction
    if isinstance(dim, tuple | list) and not dim:
        dim = None
    if input.is_complex():
        (spread, real), (more, imag) = (ops._moments(x, dim, correction, keepdim) for x in (input.real, input.imag))
        spread = spread + more
        result = _root(spread) if root else spread, ops.complex(real, imag)
    elif input.is_cuda:
        result = _two_passes(input, dim, keepdim, correction, root)
    else:
        result = (ops._root_moments if root else ops._moments)(input, dim, correction, keepdim)
    spread = result[0]
    if spread.numel() and input.numel() <= correction * spread.numel():
        warnings.warn(f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction "
                      "factor (input numel divided by output numel).", UserWarning, stacklevel=3)
    return result


def _root(spread):
    # Where all are equal, no direction is better than another: the gradient is nought there, not NaN.
    if not _recorded(spread):
        return spread.sqrt()
    equal = spread == 0
    return spread.masked_fill(equal, 1).sqrt().masked_fill(equal, 0)


def _two_passes(input, dim, keepdim, correction, root):
    dims = _all_dims(dim, input.dim())
    mean = input.mean(dims, True)
    deviation = input - mean
    total = (deviation * deviation).sum(dims, keepdim)
    spread = total / builtins.max(0.0, math.prod(input.shape[d] for d in dims if input.dim()) - correction)
    return _root(spread) if root else spread, mean.reshape(spread.shape)


def var(input, dim=None, unbiased=True, keepdim=False, *, correction=None):
    return _moments("var", input, dim, unbiased, keepdim, correction, False)[0]


def std(input, dim=None, unbiased=True, keepdim=False, *, correction=None):
    return _moments("std", input, dim, unbiased, keepdim, correction, True)[0]


def var_mean(input, dim=None, unbiased=True, keepdim=False, *, correction=None):
    return _moments("var_mean", input, dim, unbiased, keepdim, correction, False)


def std_mean(input, dim=None, unbiased=True, keepdim=False, *, correction=None):
    return _moments("std_mean", input, dim, unbiased, keepdim, correction, True)


def logsumexp(input, dim, keepdim=False):
    if isinstance(dim, tuple | list) and not dim:
        dim = None
    if input.is_complex() or input.is_cuda:
        dims = _all_dims(dim, input.dim())
        if input.numel() == 0 and any(input.shape[d] == 0 for d in dims):
            return input.sum(dims, keepdim).log()
        peak = (input.real if input.is_complex() else input).detach().amax(dims, True)
        peak = ops._where(ops.isinf(peak), 0.0, peak)
        result = ops.exp(input - peak).sum(dims, True).log() + peak
        return result if keepdim else result.reshape([s for i, s in enumerate(input.shape) if i not in dims])
    return ops._logsumexp(input if input.is_floating_point() else input.to(ctorch.get_default_dtype()), dim, keepdim)


def nanmean(input, dim=None, keepdim=False, *, dtype=None):
    if not (input.is_floating_point() or input.is_complex()):
        raise RuntimeError(f"nanmean(): expected input to have floating point or complex dtype but got {input.dtype}")
    if dtype is not None and not (dtype.is_floating_point or dtype.is_complex):
        raise RuntimeError("nanmean(): could not infer output dtype. Optional dtype must be either a floating point or "
                           f"complex dtype. Got: {dtype}")
    count = input.detach().isnan().logical_not().sum(dim, keepdim)
    return input.nansum(dim, keepdim, dtype=dtype) / count


def _observation_weights(name, weights, count, whole):
    if weights.dim() > 1:
        raise RuntimeError(f"cov(): expected {name} to have one or fewer dimensions but got {name} with "
                           f"{weights.dim()} dimensions")
    kind = "integral" if whole else "floating point"
    if (weights.is_floating_point() or weights.dtype == ctorch.bool) if whole else not weights.is_floating_point():
        raise RuntimeError(f"cov(): expected {name} to have {kind} dtype but got {name} with "
                           f"{weights.dtype} dtype")
    if weights.numel() != count:
        raise RuntimeError(f"cov(): expected {name} to have the same numel as there are observations in the input but "
                           f"got {weights.numel()} != {count}")
    if any_true(weights < 0):
        raise RuntimeError(f"cov(): {name} cannot be negative")


def cov(input, *, correction=1, fweights=None, aweights=None):
    if input.dim() > 2:
        raise RuntimeError("cov(): expected input to have two or fewer dimensions but got an input with "
                           f"{input.dim()} dimensions")
    if input.dtype == ctorch.bool:
        raise RuntimeError("cov(): bool dtype is not supported for input")
    x = input if input.dim() == 2 else input.reshape(1, -1)
    count = x.shape[1]
    weights = None
    if fweights is not None:
        _observation_weights("fweights", fweights, count, True)
        weights = fweights
    if aweights is not None:
        _observation_weights("aweights", aweights, count, False)
        weights = aweights if weights is None else weights * aweights
    total = weights.sum() if weights is not None and count else None
    if total is not None and not all_true(total != 0):
        raise RuntimeError("cov(): weights sum to zero, can't be normalized")
    mean = (x * weights).sum(1) / total if weights is not None else x.sum(1) / count if count else x.sum(1) * math.nan
    if weights is not None and aweights is not None and correction:
        free = total - correction * (weights * aweights).sum() / total
    else:
        free = (count if total is None else total) - correction
    if not isinstance(free, ctorch.Tensor):
        free = ctorch.tensor(float(free), device=x.device)
    if any_true(free <= 0):
        warnings.warn("cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of "
                      "observations.", UserWarning, stacklevel=2)
        free = free.clamp(min=0)
    centred = x - mean.unsqueeze(1)
    scaled = centred if weights is None else centred * weights
    free = free.to((centred.real if centred.is_complex() else centred).dtype) if centred.is_complex() else free
    result = ops.mm(centred, scaled.to(centred.dtype).mH) / free
    return result.squeeze()


def corrcoef(input):
    if input.dim() > 2:
        raise RuntimeError("corrcoef(): expected input to have two or fewer dimensions but got an input with "
                           f"{input.dim()} dimensions")
    c = cov(input)
    if c.dim() == 0:                 # one variable
        return c / c
    d = c.diagonal()
    scale = (d.real if d.is_complex() else d).sqrt()
    c = c / scale.unsqueeze(1) / scale.unsqueeze(0)
    if c.is_complex():
        return ctorch.complex(c.real.clamp(-1, 1), c.imag.clamp(-1, 1))
    return c.clamp(-1, 1)


def norm(input, p="fro", dim=None, keepdim=False, dtype=None):
    from ctorch.linalg import norms

    if isinstance(p, str) and p != "fro":
        if p != "nuc":
            raise RuntimeError(f"norm: p must be a number, 'fro' or 'nuc', got {p!r}")
        return norms.matrix_norm(input, p, tuple(range(input.dim())) if dim is None else dim, keepdim, dtype=dtype)
    if p == "fro" and isinstance(dim, (tuple, list)) and len(dim) > 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {' '.join(map(str, dim))}")
    return norms.vector_norm(input, 2 if p is None or isinstance(p, str) else p, dim, keepdim, dtype=dtype)


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


# What a segment begins with, and how the elements join it.
_SEGMENTS = {"sum": (0, "sum"), "mean": (0, "sum"), "prod": (1, "prod"), "max": (-math.inf, "amax"),
             "min": (math.inf, "amin")}


def segment_reduce(input, reduce, *, lengths=None, indices=None, offsets=None, axis=0, unsafe=False, initial=None):
    if not input.is_floating_point():
        raise NotImplementedError(f'"segment_reduce" not implemented for {input.dtype}')
    if reduce not in _SEGMENTS:
        raise RuntimeError(f"segment_reduce(): unsupported reduction {reduce!r}; choose from {', '.join(_SEGMENTS)}")
    if indices is not None:
        raise RuntimeError("segment_reduce(): indices based reduction is not supported yet.")
    if lengths is None and offsets is None:
        raise RuntimeError("segment_reduce(): Either lengths or offsets must be defined.")
    axis = wrap(axis, input.dim(), "segment_reduce")
    lengths = offsets.diff(dim=-1) if lengths is None else lengths
    if lengths.shape[:-1] != input.shape[:axis]:
        raise RuntimeError(f"segment_reduce(): Expected lengths of shape {[*input.shape[:axis], 'segments']}, got "
                           f"{list(lengths.shape)}")
    count = input.shape[axis]
    if not unsafe and (any_true(lengths < 0) or any_true(lengths.sum(-1) != count)):
        raise RuntimeError("segment_reduce(): Expected all rows of lengths along axis to be non-negative and to sum "
                           f"to data.size(lengths.dim()-1), {count}, when !unsafe.")
    ends = lengths.cumsum(-1).contiguous()
    places = ctorch.arange(count, dtype=ends.dtype, device=input.device).expand(*lengths.shape[:-1], count)
    beyond = [1] * (input.dim() - axis - 1)
    segment = ctorch.searchsorted(ends, places.contiguous(), right=True).view(*places.shape, *beyond)
    start, joined = _SEGMENTS[reduce]
    shape = (*lengths.shape, *input.shape[axis + 1:])
    result = ctorch.full(shape, start if initial is None else initial, dtype=input.dtype, device=input.device)
    result = result.scatter_reduce(axis, segment.expand(input.shape), input, joined)
    if reduce != "mean":
        return result
    members = lengths.view(*lengths.shape, *beyond)
    # the mean of nothing is what it began with
    return result / members if initial is None else ctorch.where(members > 0, result / members.clamp(min=1), result)


def hash_tensor(input, dim=None, *, keepdim=False, mode=0):
    if mode != 0:
        raise RuntimeError(f"hash_tensor: Unknown HashMode: {mode}; only 0, exclusive or, is supported")
    if input.is_complex():
        raise NotImplementedError(f'"hash_tensor" not implemented for {input.dtype}')
    wide = input.to(ctorch.float64 if input.is_floating_point() else ctorch.int64)
    dims = _all_dims(dim, input.dim())
    if empty := [d for d in dims if input.shape[d] == 0]:
        raise IndexError(f"hash_tensor: Expected reduction dim {empty[0]} to have non-zero size.")
    kept = [d for d in range(input.dim()) if d not in dims]
    bits = wide.permute(*kept, *dims).reshape(*(input.shape[d] for d in kept), -1).view(ctorch.int64)
    while bits.shape[-1] > 1:
        half, odd = divmod(bits.shape[-1], 2)
        joined = bits[..., :half] ^ bits[..., half:2 * half]
        bits = ctorch.cat([joined, bits[..., 2 * half:]], -1) if odd else joined
    result = bits.squeeze(-1)
    if keepdim:
        result = result.view([1 if d in dims else size for d, size in enumerate(input.shape)])
    return result.view(ctorch.uint64)
