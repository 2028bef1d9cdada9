"""Operators written with other operators; the rows of kind "composite" in ops.toml name them."""
import builtins
import math
from collections import namedtuple

import ctorch
from ctorch import _functions as ops
from ctorch import _views as views
from ctorch._shape import wrap

# ---- arithmetic


def div(input, other, *, rounding_mode=None):
    if rounding_mode is None:
        return ops.div_true(input, other)
    if rounding_mode == "floor":
        return ops.floor_divide(input, other)
    if rounding_mode == "trunc":
        return ops.div_trunc(input, other)
    raise RuntimeError(f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'")


def where(condition, input=None, other=None):
    if input is None and other is None:
        return ctorch.nonzero(condition, as_tuple=True)
    if not isinstance(condition, ctorch.Tensor):
        raise TypeError(f"where(): argument 'condition' (position 1) must be Tensor, not {type(condition).__name__}")
    if condition.dtype not in (ctorch.bool, ctorch.uint8):
        raise RuntimeError(f"where expected condition to be a boolean tensor, but got a tensor with dtype "
                           f"{condition.dtype}")
    return ops._where(condition, input, other)


def clamp(input, min=None, max=None):
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if min is None:
        return ops.clamp_high(input, max)
    if max is None:
        return ops.clamp_low(input, min)
    return ops.clamp_both(input, min, max)


def clamp_min(input, min):
    return ops.clamp_low(input, min)


def clamp_max(input, max):
    return ops.clamp_high(input, max)


def round(input, *, decimals=0):
    if decimals == 0:
        return ops._round(input)
    scale = 10.0 ** abs(decimals)
    return ops._round(input * scale) / scale if decimals > 0 else ops._round(input / scale) * scale


def addcmul(input, tensor1, tensor2, *, value=1):
    return ops._addcmul(input, tensor1, tensor2, value)


def addcdiv(input, tensor1, tensor2, *, value=1):
    return ops._addcdiv(input, tensor1, tensor2, value)


def rsub(input, other, *, alpha=1):
    return other - input * alpha if alpha != 1 else other - input


def bitwise_not(input):
    if input.dtype == ctorch.bool:
        return ops.logical_not(input)
    return ops._bitwise_not(input)


def masked_fill(input, mask, value):
    if mask.dtype != ctorch.bool:
        raise RuntimeError("masked_fill_ only supports boolean masks, but got mask with dtype " + str(mask.dtype))
    if isinstance(value, ctorch.Tensor) and value.dim() > 0:
        raise RuntimeError("masked_fill only supports a 0-dimensional value tensor, but got tensor with "
                           f"{value.dim()} dimension(s).")
    if isinstance(value, ctorch.Tensor):
        value = value.to(input.dtype)
    return ops._where(mask, value, input)


def nan_to_num(input, nan=0.0, posinf=None, neginf=None):
    if not input.is_floating_point():
        return input.clone()
    info = ctorch.finfo(input.dtype)
    return ops._nan_to_num(input, nan or 0.0, info.max if posinf is None else posinf,
                           info.min if neginf is None else neginf)


# ---- reductions

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
    if dtype is not None:
        input = input.to(dtype)
    if not (input.is_floating_point() or input.is_complex()):
        raise RuntimeError("linalg.vector_norm: Expected a floating point or complex tensor as input. "
                           f"Got {input.dtype}")
    magnitude = input.abs()
    if p in ("fro", 2, 2.0, None):
        return (magnitude * magnitude).sum(dim, keepdim).sqrt()
    if p == math.inf:
        return magnitude.amax(() if dim is None else dim, keepdim)
    if p == -math.inf:
        return magnitude.amin(() if dim is None else dim, keepdim)
    if p == 0:
        return (magnitude != 0).to(magnitude.dtype).sum(dim, keepdim)
    if p == 1:
        return magnitude.sum(dim, keepdim)
    if isinstance(p, str):
        raise NotImplementedError(f"norm: p={p!r} is not implemented for device 'cpu' and dtype {input.dtype}")
    return magnitude.pow(p).sum(dim, keepdim).pow(1.0 / p)


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


# ---- comparison

def equal(input, other):
    return input.shape == other.shape and bool((input == other).all())


def isclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    if input.dtype != other.dtype:
        raise RuntimeError(f"{input.dtype} did not match {other.dtype}")
    close = input == other
    if equal_nan and (input.is_floating_point() or input.is_complex()):
        close = close | (ops.isnan(input) & ops.isnan(other))
    near = (input - other).abs() <= atol + (rtol * other).abs()
    return close | (near & ops.isfinite(input - other) & ops.isfinite(other * 1))


def allclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    return bool(isclose(input, other, rtol, atol, equal_nan).all())


# ---- shapes

def repeat(input, sizes):
    if len(sizes) < input.dim():
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    shape = [1] * (len(sizes) - input.dim()) + list(input.shape)
    wide = input.reshape([v for s in shape for v in (1, s)])
    wide = wide.expand([v for r, s in zip(sizes, shape) for v in (r, s)])
    return wide.reshape([r * s for r, s in zip(sizes, shape)])


def flip(input, dims):
    dims = [wrap(d, input.dim(), "flip") for d in (dims if isinstance(dims, tuple | list) else (dims,))]
    if len(set(dims)) != len(dims):
        raise RuntimeError("dim appears multiple times in the list of dims")
    index = tuple(slice(None, None, -1) if d in dims else slice(None) for d in range(input.dim()))
    return input[index].clone() if input.dim() else input.clone()


def diag(input, diagonal=0):
    if input.dim() == 2:
        return views.diagonal(input, diagonal).clone()
    if input.dim() != 1:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input.dim()}D")
    size = input.shape[0] + abs(diagonal)
    out = ctorch.zeros(size, size, dtype=input.dtype, device=input.device)
    views.diagonal(out, diagonal).copy_(input)
    return out


def _triangle(input, diagonal, lower):
    if input.dim() < 2:
        raise RuntimeError(f"{'tril' if lower else 'triu'}: input tensor must have at least 2 dimensions")
    rows = ctorch.arange(input.shape[-2], device=input.device).unsqueeze(1)
    columns = ctorch.arange(input.shape[-1], device=input.device)
    keep = columns - rows <= diagonal if lower else columns - rows >= diagonal
    return ops._where(keep, input, ctorch.zeros((), dtype=input.dtype, device=input.device))


def tril(input, diagonal=0):
    return _triangle(input, diagonal, True)


def triu(input, diagonal=0):
    return _triangle(input, diagonal, False)


# ---- products

def outer(input, vec2):
    if input.dim() != 1 or vec2.dim() != 1:
        raise RuntimeError(f"outer: Expected 1-D arguments, got {input.dim()}-D and {vec2.dim()}-D")
    return input.unsqueeze(1) * vec2


def dist(input, other, p=2):
    return norm(input - other, p)


def mv(input, vec):
    if input.dim() != 2 or vec.dim() != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {input.dim()}, {vec.dim()}")
    if input.shape[1] != vec.shape[0]:
        raise RuntimeError(f"size mismatch, got input ({input.shape[0]}x{input.shape[1]}), vec ({vec.shape[0]})")
    return ops.mm(input, vec.unsqueeze(1)).squeeze(1)


def dot(input, tensor):
    if input.dim() != 1 or tensor.dim() != 1:
        raise RuntimeError(f"1D tensors expected, but got {input.dim()}D and {tensor.dim()}D tensors")
    if input.shape[0] != tensor.shape[0]:
        raise RuntimeError(f"inconsistent tensor size, expected tensor [{input.shape[0]}] and src "
                           f"[{tensor.shape[0]}] to have the same number of elements, but got {input.shape[0]} and "
                           f"{tensor.shape[0]} elements respectively")
    return ops.mm(input.unsqueeze(0), tensor.unsqueeze(1)).reshape(())


def matmul(input, other):
    a, b = input.dim(), other.dim()
    if a == 0 or b == 0:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {a}D and {b}D")
    if a == 2 and b == 2:
        return ops.mm(input, other)
    if a == 1 and b == 1:
        return dot(input, other)
    if a == 1:
        return matmul(input.unsqueeze(0), other).squeeze(-2)
    if b == 1:
        return matmul(input, other.unsqueeze(1)).squeeze(-1)
    if b == 2:                       # one matrix for all: a single product
        rows = input.reshape(-1, input.shape[-1])
        return ops.mm(rows, other).reshape(*input.shape[:-1], other.shape[-1])
    if input.shape[-1] != other.shape[-2]:
        raise RuntimeError(f"Expected size for first two dimensions of batch2 tensor to be: [{other.shape[0]}, "
                           f"{input.shape[-1]}] but got: [{other.shape[0]}, {other.shape[-2]}].")
    batch = ctorch.broadcast_shapes(input.shape[:-2], other.shape[:-2])
    left = input.expand(*batch, *input.shape[-2:]).reshape(-1, *input.shape[-2:])
    right = other.expand(*batch, *other.shape[-2:]).reshape(-1, *other.shape[-2:])
    return ops.bmm(left, right).reshape(*batch, input.shape[-2], other.shape[-1])


def _scaled_sum(input, product, beta, alpha):
    if not product.is_floating_point() and not product.is_complex():
        alpha, beta = int(alpha), int(beta)
    product = product if alpha == 1 else product * alpha
    if beta == 0:
        return product
    return product + (input if beta == 1 else input * beta)


def addmm(input, mat1, mat2, *, beta=1, alpha=1):
    return _scaled_sum(input, ops.mm(mat1, mat2), beta, alpha)


def baddbmm(input, batch1, batch2, *, beta=1, alpha=1):
    return _scaled_sum(input, ops.bmm(batch1, batch2), beta, alpha)


# ---- neural networks

def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    if input.dim() == 3 and weight.dim() == 4:
        return ops._conv2d(input.unsqueeze(0), weight, bias, stride, padding, dilation, groups).squeeze(0)
    return ops._conv2d(input, weight, bias, stride, padding, dilation, groups)


def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    values, indices = ops._max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode)
    return (values, indices) if return_indices else values


def avg_pool2d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True,
               divisor_override=None):
    return ops._avg_pool2d(input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps, cudnn_enabled=False):
    return ops._batch_norm(input, weight, bias, running_mean, running_var, training,
                           0.0 if momentum is None else momentum, eps)[0]


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-05, cudnn_enable=False):
    return ops._layer_norm(input, tuple(normalized_shape), weight, bias, eps)[0]


def dropout(input, p, train):
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not train or p == 0 or input.numel() == 0:
        return input * 1 if train else input
    if p == 1:
        return input * 0
    return input * ctorch._random_functions.dropout_mask(input, p)


REDUCTIONS = {"none": 0, "mean": 1, "sum": 2}


def _reduction(reduction):
    if reduction not in REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return REDUCTIONS[reduction]


def _reduced(loss, reduction):
    which = _reduction(reduction)
    return loss if which == 0 else loss.mean() if which == 1 else loss.sum()


def nll_loss(input, target, weight=None, ignore_index=-100, reduction="mean"):
    return ops._nll_loss(input, target, weight, ignore_index, _reduction(reduction))[0]


def cross_entropy(input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    return ops._cross_entropy(input, target, weight, ignore_index, _reduction(reduction), label_smoothing)[0]


def mse_loss(input, target, reduction="mean"):
    difference = input - target
    return _reduced(difference * difference, reduction)


def l1_loss(input, target, reduction="mean"):
    return _reduced((input - target).abs(), reduction)


def binary_cross_entropy(input, target, weight=None, reduction="mean"):
    if input.shape != target.shape:
        raise ValueError(f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is "
                         "deprecated. Please ensure they have the same size.")
    values = input.detach()
    if values.numel() and not (bool((values >= 0).all()) and bool((values <= 1).all())):
        raise RuntimeError("all elements of input should be between 0 and 1")
    loss = -(target * ops.clamp_low(input.log(), -100.0) + (1 - target) * ops.clamp_low((1 - input).log(), -100.0))
    return _reduced(loss if weight is None else loss * weight, reduction)


def binary_cross_entropy_with_logits(input, target, weight=None, pos_weight=None, reduction="mean"):
    if input.shape != target.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    positive = -ops.logsigmoid(input)
    if pos_weight is not None:
        positive = positive * (1 + (pos_weight - 1) * target)
    loss = (1 - target) * input + positive
    return _reduced(loss if weight is None else loss * weight, reduction)


def pad(input, pad, mode="constant", value=None):
    pad = list(pad)
    if len(pad) % 2 or len(pad) // 2 > input.dim():
        raise RuntimeError(f"pad: expected pairs for at most {input.dim()} dimensions, got {len(pad)} numbers")
    if mode != "constant":
        return _pad_by_index(input, pad, mode)
    shape, inner = list(input.shape), [slice(None)] * input.dim()
    for k in range(len(pad) // 2):
        d, before, after = input.dim() - 1 - k, pad[2 * k], pad[2 * k + 1]
        if shape[d] + before + after < 0:
            raise RuntimeError(f"The input size {shape[d]}, plus negative padding {before} and {after}, resulted in a "
                               f"negative output size, which is invalid. Check dimension {d} of your input.")
        if before < 0 or after < 0:
            cut_before, cut_after = builtins.min(before, 0), builtins.min(after, 0)
            input = views.narrow(input, d, -cut_before, shape[d] + cut_before + cut_after)
        length = input.shape[d]
        inner[d] = slice(before if before > 0 else 0, (before if before > 0 else 0) + length)
        shape[d] += before + after
    out = ctorch.full(shape, 0.0 if value is None else value, dtype=input.dtype, device=input.device)
    out[tuple(inner)] = input
    return out


def _pad_by_index(input, pad, mode):
    """Reflected, replicated or circular borders: an index tensor per padded dimension."""
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    for k in range(len(pad) // 2):
        d, before, after = input.dim() - 1 - k, pad[2 * k], pad[2 * k + 1]
        n = input.shape[d]
        if mode == "reflect" and (before >= n or after >= n):
            raise RuntimeError("Argument #4: Padding size should be less than the corresponding input dimension, but "
                               f"got: padding ({before}, {after}) at dimension {d} of input {list(input.shape)}")
        places = range(-before, n + after)
        if mode == "reflect":
            places = [(-p if p < 0 else 2 * (n - 1) - p if p >= n else p) for p in places]
        elif mode == "replicate":
            places = [0 if p < 0 else n - 1 if p >= n else p for p in places]
        else:
            places = [p % n for p in places]
        input = ctorch.index_select(input, d, ctorch.tensor(places, device=input.device))
    return input
