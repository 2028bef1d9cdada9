"""Initial values of parameters, drawn from the same random streams as PyTorch's."""
import functools
import math
import warnings

import numpy as np

import ctorch

__all__ = [
    "calculate_gain",
    "constant_",
    "dirac_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

LINEAR = ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")


def calculate_gain(nonlinearity, param=None):
    """Factor by which the standard deviation grows to make up for a nonlinearity.

    Parameters
    ----------
    nonlinearity : str
        ``"linear"``, ``"conv2d"``, ``"sigmoid"``, ``"tanh"``, ``"relu"``, ``"leaky_relu"``, ``"selu"``, ...
    param : float, optional
        Slope of ``"leaky_relu"``.

    Examples
    --------
    >>> from ctorch import nn
    >>> nn.init.calculate_gain("leaky_relu", 1.0)
    1.0
    """
    if nonlinearity in LINEAR or nonlinearity == "sigmoid":
        return 1
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "selu":
        return 3.0 / 4
    if nonlinearity != "leaky_relu":
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    slope = 0.01 if param is None else param
    if isinstance(slope, bool) or not isinstance(slope, (int, float)):
        raise ValueError(f"negative_slope {param} not a valid number")
    return math.sqrt(2.0 / (1 + slope**2))


def uniform_(tensor, a=0.0, b=1.0, generator=None):
    """Fill with draws from the uniform distribution on ``[a, b)``.

    Examples
    --------
    >>> import ctorch
    >>> w = ctorch.nn.init.uniform_(ctorch.empty(3, 5))
    >>> bool((w >= 0).all())
    True
    """
    with ctorch.no_grad():
        return tensor.uniform_(a, b, generator=generator)


def normal_(tensor, mean=0.0, std=1.0, generator=None):
    """Fill with draws from the normal distribution.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.init.normal_(ctorch.empty(3, 5)).shape
    torch.Size([3, 5])
    """
    with ctorch.no_grad():
        return tensor.normal_(mean, std, generator=generator)


def _normal_cdf(x):
    return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0


def trunc_normal_(tensor, mean=0.0, std=1.0, a=-2.0, b=2.0, generator=None):
    """Fill with draws from the normal distribution, restricted to ``[a, b]``.

    Examples
    --------
    >>> import ctorch
    >>> w = ctorch.nn.init.trunc_normal_(ctorch.empty(100))
    >>> bool((w.abs() <= 2).all())
    True
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn("mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
                      "The distribution of values may be incorrect.", stacklevel=2)
    inside = _normal_cdf((b - mean) / std) - _normal_cdf((a - mean) / std)
    with ctorch.no_grad():
        if inside > 0.3:
            return _redraw_outside(tensor, mean, std, a, b, generator)
        return _reject_from_uniform(tensor, mean, std, a, b, generator)


def _redraw_outside(tensor, mean, std, a, b, generator):
    """Normal draws, those outside of the bounds drawn again: cheap where most fall inside."""
    low, high = (ctorch.tensor(bound, dtype=tensor.dtype).item() for bound in (a, b))
    tensor.normal_(mean, std, generator=generator)
    while True:
        outside = (tensor < low) | (tensor > high)
        if not outside.any():
            return tensor
        again = ctorch.empty_like(tensor).normal_(mean, std, generator=generator)
        tensor.copy_(ctorch.where(outside, again, tensor))


def _reject_from_uniform(tensor, mean, std, a, b, generator):
    """Uniform draws, accepted with the probability of their density relative to its peak."""
    log_peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2
    pending = None
    candidates, chance = ctorch.empty_like(tensor), ctorch.empty_like(tensor)
    while pending is None or pending.any():
        candidates.uniform_(a, b, generator=generator)
        tensor.copy_(candidates if pending is None else ctorch.where(pending, candidates, tensor))
        log_density = candidates.sub_(mean).div_(std).pow_(2).mul_(-0.5).sub_(log_peak)
        rejected = chance.uniform_(generator=generator).log_() > log_density
        pending = rejected if pending is None else pending & rejected
    return tensor


def constant_(tensor, val):
    """Fill with the value `val`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.init.constant_(ctorch.empty(2), 0.5)
    tensor([0.5000, 0.5000])
    """
    with ctorch.no_grad():
        return tensor.fill_(val)


def ones_(tensor):
    """Fill with ones.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.init.ones_(ctorch.empty(2))
    tensor([1., 1.])
    """
    return constant_(tensor, 1.0)


def zeros_(tensor):
    """Fill with zeros.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.init.zeros_(ctorch.empty(2))
    tensor([0., 0.])
    """
    with ctorch.no_grad():
        return tensor.zero_()


def eye_(tensor):
    """Fill a matrix with ones on the diagonal and zeros elsewhere.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.init.eye_(ctorch.empty(2, 3))
    tensor([[1., 0., 0.],
            [0., 1., 0.]])
    """
    if tensor.dim() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    with ctorch.no_grad():
        tensor.zero_()
        for i in range(min(tensor.shape)):
            tensor[i, i] = 1
    return tensor


def dirac_(tensor, groups=1):
    """Fill the weight of a convolution so that it passes as many channels on as it can.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.init.dirac_(ctorch.empty(1, 1, 3))
    tensor([[[0., 1., 0.]]])
    """
    if tensor.dim() not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    outputs, inputs, *kernel = tensor.shape
    if outputs % groups:
        raise ValueError("dim 0 must be divisible by groups")
    middle = tuple(size // 2 for size in kernel)
    outputs //= groups
    with ctorch.no_grad():
        tensor.zero_()
        for group in range(groups):
            for channel in range(min(outputs, inputs)):
                tensor[(group * outputs + channel, channel, *middle)] = 1
    return tensor


def _calculate_fan_in_and_fan_out(tensor):
    if tensor.dim() < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    field = math.prod(tensor.shape[2:])
    return tensor.size(1) * field, tensor.size(0) * field


def _calculate_correct_fan(tensor, mode):
    mode = mode.lower()
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return fan_in if mode == "fan_in" else fan_out


def _xavier_std(tensor, gain):
    return gain * math.sqrt(2.0 / float(sum(_calculate_fan_in_and_fan_out(tensor))))


def xavier_uniform_(tensor, gain=1.0, generator=None):
    """Uniform draws of Glorot and Bengio (2010), who keep variances alike forward and backward.

    Examples
    --------
    >>> import ctorch
    >>> w = ctorch.nn.init.xavier_uniform_(ctorch.empty(3, 3))
    >>> bool((w.abs() <= 1).all())
    True
    """
    bound = math.sqrt(3.0) * _xavier_std(tensor, gain)
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor, gain=1.0, generator=None):
    """Normal draws of Glorot and Bengio (2010); see `xavier_uniform_`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.init.xavier_normal_(ctorch.empty(3, 5)).shape
    torch.Size([3, 5])
    """
    return normal_(tensor, 0.0, _xavier_std(tensor, gain), generator)


def _kaiming_std(tensor, a, mode, nonlinearity):
    return calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))


def _is_empty(tensor):
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
        return True
    return False


def kaiming_uniform_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Uniform draws of He et al. (2015), who keep the variance through rectifiers.

    Parameters
    ----------
    tensor : Tensor
    a : float
        Slope of the rectifier for negative elements.
    mode : {"fan_in", "fan_out"}
        Keep the variance of the forward or of the backward pass.
    nonlinearity : str
        As in `calculate_gain`.
    generator : Generator, optional

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.init.kaiming_uniform_(ctorch.empty(3, 5), nonlinearity="relu").shape
    torch.Size([3, 5])
    """
    if _is_empty(tensor):
        return tensor
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Normal draws of He et al. (2015); the parameters are those of `kaiming_uniform_`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.init.kaiming_normal_(ctorch.empty(3, 5)).shape
    torch.Size([3, 5])
    """
    if _is_empty(tensor):
        return tensor
    return normal_(tensor, 0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def orthogonal_(tensor, gain=1, generator=None):
    """Fill with a random orthogonal matrix; dimensions from the second on are taken as one.

    Examples
    --------
    >>> import ctorch
    >>> w = ctorch.nn.init.orthogonal_(ctorch.empty(2, 2))
    >>> bool(((w @ w.T - ctorch.eye(2)).abs() < 1e-5).all())
    True
    """
    if tensor.dim() < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if tensor.numel() == 0:
        return tensor
    rows = tensor.size(0)
    columns = tensor.numel() // rows
    draws = ctorch.empty((rows, columns), dtype=tensor.dtype).normal_(0, 1, generator=generator).numpy()
    q, r = np.linalg.qr(draws.T if rows < columns else draws)
    # The signs of R's diagonal make Q uniform over the orthogonal matrices (Mezzadri 2007).
    q = q * np.sign(np.diagonal(r))
    q = np.ascontiguousarray(q.T if rows < columns else q)
    with ctorch.no_grad():
        return tensor.copy_(ctorch.from_numpy(q).view(tensor.shape)).mul_(gain)


def sparse_(tensor, sparsity, std=0.01, generator=None):
    """Normal draws with the fraction `sparsity` of each column set to zero.

    Examples
    --------
    >>> import ctorch
    >>> int((ctorch.nn.init.sparse_(ctorch.empty(10, 2), sparsity=0.1) == 0).sum())
    2
    """
    if tensor.dim() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.shape
    zeros = math.ceil(sparsity * rows)
    with ctorch.no_grad():
        tensor.normal_(0, std, generator=generator)
        for column in range(columns):
            tensor[ctorch.randperm(rows)[:zeros], column] = 0
    return tensor


def _deprecated(function):
    """The name without underscore, which PyTorch keeps with a warning."""
    name = function.__name__[:-1]

    @functools.wraps(function)
    def renamed(*args, **kwargs):
        warnings.warn(f"`nn.init.{name}` is now deprecated in favor of `nn.init.{function.__name__}`.",
                      FutureWarning, stacklevel=2)
        return function(*args, **kwargs)

    renamed.__name__ = name
    renamed.__doc__ = f"Deprecated name of `{function.__name__}`."
    return renamed


uniform = _deprecated(uniform_)
normal = _deprecated(normal_)
constant = _deprecated(constant_)
eye = _deprecated(eye_)
dirac = _deprecated(dirac_)
xavier_uniform = _deprecated(xavier_uniform_)
xavier_normal = _deprecated(xavier_normal_)
kaiming_uniform = _deprecated(kaiming_uniform_)
kaiming_normal = _deprecated(kaiming_normal_)
orthogonal = _deprecated(orthogonal_)
sparse = _deprecated(sparse_)
