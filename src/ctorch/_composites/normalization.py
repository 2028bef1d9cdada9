"""Normalisation and dropout, written with other operators."""
import ctorch
from ctorch import _functions as ops
from ctorch._forward.normalizations import check_kinds


def batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps, cudnn_enabled=False):
    if input.numel() == 0 and input.dim() < 2:
        output = input.clone() if weight is None else input * weight[0]
        return output if bias is None else output + bias[0]
    check_kinds("batch_norm", input, weight, bias)
    return ops._batch_norm(input, _line(weight), _line(bias), running_mean, running_var, training,
                           0.0 if momentum is None else momentum, eps)[0]


def _line(parameter):
    return parameter if parameter is None or parameter.dim() == 1 else parameter.reshape(-1)


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-05, cudnn_enable=False):
    check_kinds("layer_norm", input, weight, bias)
    return ops._layer_norm(input, tuple(normalized_shape), weight, bias, eps)[0]


# ---- groups, instances, root mean squares

def group_norm(input, num_groups, weight=None, bias=None, eps=1e-05, cudnn_enabled=True):
    if input.dim() < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {input.dim()}")
    batch, channels = input.shape[:2]
    if num_groups <= 0:
        raise RuntimeError(f"Expected num groups to be greater than 0, got {num_groups}")
    if channels % num_groups:
        raise RuntimeError("Expected number of channels in input to be divisible by num_groups, but got input of "
                           f"shape {list(input.shape)} and num_groups={num_groups}")
    _check_channels("group_norm", input, weight, bias)
    size = channels // num_groups
    for s in input.shape[2:]:
        size *= s
    groups = input.contiguous().reshape(batch * num_groups, size)
    return _scaled(ops._layer_norm(groups, (size,), None, None, eps)[0].view(input.shape), weight, bias)


def _check_channels(op, input, weight, bias):
    check_kinds(op, input, weight, bias)
    for name, values in (("weight", weight), ("bias", bias)):
        if values is not None and (values.dim() != 1 or values.numel() != input.shape[1]):
            raise RuntimeError(f"Expected {name} to be a vector of size equal to the number of channels in input, but "
                               f"got {name} of shape {list(values.shape)} and input of shape {list(input.shape)}")


def _scaled(output, weight, bias):
    per_channel = (1, -1, *(1,) * (output.dim() - 2))
    if weight is not None and bias is not None:
        scaled = ctorch.addcmul(bias.reshape(per_channel), weight.reshape(per_channel), output)
    else:
        scaled = output if weight is None else output * weight.reshape(per_channel)
        scaled = scaled if bias is None else scaled + bias.reshape(per_channel)
    half = output.dtype in (ctorch.float16, ctorch.bfloat16)             # wider parameters do not widen the result
    return scaled.to(output.dtype) if half else scaled


def instance_norm(input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, cudnn_enabled=False):
    if not use_input_stats and (running_mean is None or running_var is None):
        raise RuntimeError("Expected running_mean and running_var to be defined when use_input_stats is false")
    batch, channels = input.shape[:2]
    _check_channels("instance_norm", input, weight, bias)
    if not use_input_stats:
        return ops._batch_norm(input, weight, bias, running_mean, running_var, False, 0.0, eps)[0]
    # Every channel of every sample is a channel of one large sample.
    flat = input.contiguous().reshape(1, batch * channels, *input.shape[2:])
    statistics = [None if s is None else s.repeat(batch) for s in (running_mean, running_var)]
    output = ops._batch_norm(flat, None, None, *statistics, True, momentum, eps)[0].reshape(input.shape)
    with ctorch.no_grad():
        for whole, each in zip((running_mean, running_var), statistics):
            if whole is not None:
                whole.copy_(each.reshape(batch, channels).mean(0))
    return _scaled(output, weight, bias)


def rms_norm(input, normalized_shape, weight=None, eps=None):
    sizes = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not sizes:
        raise RuntimeError("Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one "
                           "element, but got normalized_shape = []")
    if weight is not None and tuple(weight.shape) != sizes:
        raise RuntimeError("Expected weight to be of same shape as normalized_shape, but got weight of shape "
                           f"{list(weight.shape)} and normalized_shape = {list(sizes)}")
    if input.dim() < len(sizes):
        raise ValueError(f"Input tensor must have at least {len(sizes)} dimensions, but got {input.dim()}")
    if tuple(input.shape[input.dim() - len(sizes):]) != sizes:
        raise RuntimeError(f"Given normalized_shape={list(sizes)}, expected input with shape {['*', *sizes]}, but got "
                           f"input of size{list(input.shape)}")
    wide = input if input.dtype == ctorch.float64 or input.is_complex() else input.float()
    if eps is None:
        eps = ctorch.finfo(wide.dtype).eps
    dims = tuple(range(-len(sizes), 0))
    output = wide * ((wide * wide).mean(dims, True) + eps).rsqrt()
    return (output if weight is None else output * weight).to(input.dtype)


# ---- dropout

def _sure_dropout(input, p, train):
    # The result where nothing is left to chance, or None.
    if not 0 <= p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {p}")
    if p == 0 or not train or input.numel() == 0:
        return input
    return input * 0 if p == 1 else None


def dropout(input, p, train):
    output = _sure_dropout(input, p, train)
    return input * ctorch._random_functions.dropout_mask(input, p) if output is None else output


def _noise(input, p, feature):
    if feature and input.dim() < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    if not feature:
        return ctorch.empty_like(input).bernoulli_(1 - p)
    shape = (*input.shape[:2], *(1,) * (input.dim() - 2))
    return input.new_empty(shape).bernoulli_(1 - p)


def feature_dropout(input, p, train):
    output = _sure_dropout(input, p, train)
    return input * _noise(input, p, True).div_(1 - p) if output is None else output


def _alpha_dropout(input, p, train, feature):
    output = _sure_dropout(input, p, train)
    if output is not None:
        return output
    # The value that the scaled exponential linear unit saturates at, and what keeps mean and variance.
    alpha = 1.7580993408473766
    scale = ((alpha * alpha * p + 1) * (1 - p)) ** -0.5
    noise = _noise(input, p, feature)
    shift = (noise - 1).mul_(alpha * scale).add_(alpha * scale * p)
    return input * noise.mul_(scale) + shift


def alpha_dropout(input, p, train):
    return _alpha_dropout(input, p, train, False)


def feature_alpha_dropout(input, p, train):
    return _alpha_dropout(input, p, train, True)
