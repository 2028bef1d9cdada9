"""Activation functions of nn.functional."""
import warnings

import ctorch

from ... import _functions as ops

__all__ = [
    "celu",
    "celu_",
    "elu",
    "elu_",
    "gelu",
    "glu",
    "gumbel_softmax",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "leaky_relu",
    "leaky_relu_",
    "log_softmax",
    "logsigmoid",
    "mish",
    "prelu",
    "relu",
    "relu6",
    "relu_",
    "rrelu",
    "rrelu_",
    "selu",
    "selu_",
    "sigmoid",
    "silu",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
    "threshold_",
]

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def _applied(fn, input, inplace, *args):
    """``fn(input, *args)``, or `input` overwritten with it."""
    if inplace:
        # fn works on a copy, for what it saves for the gradient must not change
        return input.copy_(fn(input.clone(), *args))
    return fn(input, *args)


def relu(input, inplace=False):
    """Replace negative elements by zero.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.relu(ctorch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return input.relu_() if inplace else ops.relu(input)


def relu_(input):
    """`relu` in place.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.relu_(ctorch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return input.relu_()


def sigmoid(input):
    """``1 / (1 + exp(-input))`` of each element.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.sigmoid(ctorch.zeros(1))
    tensor([0.5000])
    """
    return ops.sigmoid(input)


def tanh(input):
    """Hyperbolic tangent of each element.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.tanh(ctorch.zeros(1))
    tensor([0.])
    """
    return ops.tanh(input)


def gelu(input, approximate="none"):
    """Gaussian error linear unit: ``input * Phi(input)``.

    Parameters
    ----------
    input : Tensor
    approximate : {"none", "tanh"}
        ``"tanh"`` uses the approximation by a hyperbolic tangent.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.gelu(ctorch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.1587,  0.0000,  0.8413])
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError("gelu: approximate argument must be either none or tanh.")
    return ops.gelu_erf(input) if approximate == "none" else ops.gelu_tanh(input)


def silu(input, inplace=False):
    """``input * sigmoid(input)``, also known as swish.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.silu(ctorch.tensor([-1.0, 2.0]))
    tensor([-0.2689,  1.7616])
    """
    ops._need_tensors(input)
    if input.is_complex():
        return _applied(lambda x: x * ops.sigmoid(x), input, inplace)
    return _applied(ops.silu, input, inplace)


def mish(input, inplace=False):
    """``input * tanh(softplus(input))``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.mish(ctorch.tensor([-1.0, 2.0]))
    tensor([-0.3034,  1.9440])
    """
    return _applied(ops.mish, input, inplace)


def leaky_relu(input, negative_slope=0.01, inplace=False):
    """`input` where it is positive, ``negative_slope * input`` elsewhere.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.leaky_relu(ctorch.tensor([-1.0, 2.0]), 0.1)
    tensor([-0.1000,  2.0000])
    """
    return _applied(ops.leaky_relu, input, inplace, negative_slope)


def leaky_relu_(input, negative_slope=0.01):
    """`leaky_relu` in place.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.leaky_relu_(ctorch.tensor([-1.0, 2.0]), 0.1)
    tensor([-0.1000,  2.0000])
    """
    return leaky_relu(input, negative_slope, inplace=True)


def elu(input, alpha=1.0, inplace=False):
    """`input` where it is positive, ``alpha * (exp(input) - 1)`` elsewhere.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.elu(ctorch.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    return _applied(ops.elu, input, inplace, alpha)


def celu(input, alpha=1.0, inplace=False):
    """`input` where it is positive, ``alpha * (exp(input / alpha) - 1)`` elsewhere.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.celu(ctorch.tensor([-1.0, 2.0]), 2.0)
    tensor([-0.7869,  2.0000])
    """
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return _applied(ops._celu, input, inplace, alpha)


def selu(input, inplace=False):
    """Scaled `elu` with the self-normalising constants of Klambauer et al. (2017).

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.selu(ctorch.tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """
    return _applied(lambda x: SELU_SCALE * ops.elu(x, SELU_ALPHA), input, inplace)


def hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False):
    """Limit the elements to ``[min_val, max_val]``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.hardtanh(ctorch.tensor([-1.0, 2.0]))
    tensor([-1.,  1.])
    """
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return _applied(ops.hardtanh, input, inplace, min_val, max_val)


def relu6(input, inplace=False):
    """Limit the elements to ``[0, 6]``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.relu6(ctorch.tensor([-1.0, 7.0]))
    tensor([0., 6.])
    """
    return _applied(ops.hardtanh, input, inplace, 0, 6)


def hardsigmoid(input, inplace=False):
    """``clamp(input + 3, 0, 6) / 6``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.hardsigmoid(ctorch.tensor([-1.0, 2.0]))
    tensor([0.3333, 0.8333])
    """
    return _applied(ops.hardsigmoid, input, inplace)


def hardswish(input, inplace=False):
    """``input * hardsigmoid(input)``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.hardswish(ctorch.tensor([-1.0, 2.0]))
    tensor([-0.3333,  1.6667])
    """
    return _applied(ops.hardswish, input, inplace)


def threshold(input, threshold, value, inplace=False):
    """`input` where it is greater than `threshold`, `value` elsewhere.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.threshold(ctorch.tensor([-1.0, 2.0]), 0.5, 20.0)
    tensor([20.,  2.])
    """
    ops._need_tensors(input)
    if not input.is_floating_point():
        ops._need_fits(input.dtype, threshold)
        ops._need_fits(input.dtype, value)
    return _applied(ops.threshold, input, inplace, threshold, value)


prelu = ops.prelu


def softplus(input, beta=1.0, threshold=20.0):
    """``log(1 + exp(beta * input)) / beta``; the identity above `threshold`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.softplus(ctorch.tensor([-1.0, 2.0]))
    tensor([0.3133, 2.1269])
    """
    return ops.softplus(input, beta, threshold)


def logsigmoid(input):
    """Logarithm of the sigmoid, without overflow.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.logsigmoid(ctorch.tensor([-1.0, 2.0]))
    tensor([-1.3133, -0.1269])
    """
    return ops.logsigmoid(input)


def softsign(input):
    """``input / (1 + |input|)``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.softsign(ctorch.tensor([-1.0, 2.0]))
    tensor([-0.5000,  0.6667])
    """
    return input / (input.abs() + 1)


def tanhshrink(input):
    """``input - tanh(input)``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.tanhshrink(ctorch.tensor([-1.0, 2.0]))
    tensor([-0.2384,  1.0360])
    """
    ops._need_tensors(input)
    return input - ops.tanh(input)


def hardshrink(input, lambd=0.5):
    """Zero for elements within ``[-lambd, lambd]``, others unchanged.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.hardshrink(ctorch.tensor([0.3, 2.0]))
    tensor([0., 2.])
    """
    return ops.hardshrink(input, lambd)


def softshrink(input, lambd=0.5):
    """Move elements towards zero by `lambd`, stopping there.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.softshrink(ctorch.tensor([0.25, 2.0]))
    tensor([0.0000, 1.5000])
    """
    if not lambd >= 0:
        raise RuntimeError(f"lambda must be greater or equal to 0, but found to be {lambd}.")
    return ops.softshrink(input, lambd)


def glu(input, dim=-1):
    """First half of `input` along `dim` times the sigmoid of the second half.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.glu(ctorch.tensor([3.0, 0.0]))
    tensor([1.5000])
    """
    if input.dim() == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    size = input.size(dim)
    if size % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {dim} is size {size}")
    return ops._glu(input.narrow(dim, 0, size // 2), input.narrow(dim, size // 2, size // 2))


def _implicit_dim(name, ndim, stacklevel):
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as "
        "an argument.",
        stacklevel=stacklevel,
    )
    return 0 if ndim in (0, 1, 3) else 1


def softmax(input, dim=None, _stacklevel=3, dtype=None):
    """Exponentials along `dim`, scaled to sum to one.

    Parameters
    ----------
    input : Tensor
    dim : int
        Dimension of the sum; leaving it out is deprecated.
    dtype : dtype, optional
        Convert `input` to it first.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.softmax(ctorch.zeros(2, 4), dim=1)
    tensor([[0.2500, 0.2500, 0.2500, 0.2500],
            [0.2500, 0.2500, 0.2500, 0.2500]])
    """
    if dim is None:
        dim = _implicit_dim("softmax", input.dim(), _stacklevel)
    return ops.softmax(input, dim, dtype)


def softmin(input, dim=None, _stacklevel=3, dtype=None):
    """`softmax` of the negated input.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.softmin(ctorch.zeros(2), dim=0)
    tensor([0.5000, 0.5000])
    """
    if dim is None:
        dim = _implicit_dim("softmin", input.dim(), _stacklevel)
    return ops.softmax(-input, dim, dtype)


def log_softmax(input, dim=None, _stacklevel=3, dtype=None):
    """Logarithm of `softmax`, computed without overflow.

    Parameters
    ----------
    input : Tensor
    dim : int
        Dimension of the sum; leaving it out is deprecated.
    dtype : dtype, optional
        Convert `input` to it first.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.log_softmax(ctorch.zeros(4), dim=0)
    tensor([-1.3863, -1.3863, -1.3863, -1.3863])
    """
    if dim is None:
        dim = _implicit_dim("log_softmax", input.dim(), _stacklevel)
    return ops.log_softmax(input, dim, dtype)


def rrelu(input, lower=1.0 / 8, upper=1.0 / 3, training=False, inplace=False):
    """`leaky_relu` with slopes drawn between `lower` and `upper`; their mean without `training`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.rrelu(ctorch.tensor([-1.0, 2.0]), 0.1, 0.3)
    tensor([-0.2000,  2.0000])
    """
    ops._need_tensors(input)
    if lower > upper:
        raise RuntimeError(f"Lower bound should be less than or equal to the upper bound, but got {lower} and {upper}")
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    negative = input.detach() <= 0
    slopes = ctorch.ones(input.shape, dtype=input.dtype, device=input.device)
    # One number for each negative element, as PyTorch draws them.
    drawn = ctorch.empty(int(negative.sum()), dtype=ctorch.float64, device=input.device).uniform_(lower, upper)
    slopes[negative] = drawn.to(input.dtype)
    return input.mul_(slopes) if inplace else input * slopes


def gumbel_softmax(logits, tau=1, hard=False, eps=1e-10, dim=-1):
    """Samples of a categorical distribution that can be differentiated (Jang et al., 2017).

    Parameters
    ----------
    logits : Tensor
    tau : float
        Temperature.
    hard : bool
        Return ones and zeros, with the gradient of the soft sample.
    eps : float
        Without effect, as in PyTorch.
    dim : int

    Examples
    --------
    >>> import ctorch
    >>> float(ctorch.nn.functional.gumbel_softmax(ctorch.zeros(4), hard=True).sum())
    1.0
    """
    noise = -ctorch.empty_like(logits, memory_format=ctorch.contiguous_format).exponential_().log()
    soft = ops.softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    place = soft.max(dim, keepdim=True)[1]
    ones = ctorch.ones(place.shape, dtype=soft.dtype, device=soft.device)
    return ops._scatter_add(ones, dim % soft.dim(), place, tuple(soft.shape)) - soft.detach() + soft


def celu_(input, alpha=1.0):
    """`celu` in place.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.celu_(ctorch.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    return celu(input, alpha, inplace=True)


def elu_(input, alpha=1.0):
    """`elu` in place.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.elu_(ctorch.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    return elu(input, alpha, inplace=True)


def selu_(input):
    """`selu` in place.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.selu_(ctorch.tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """
    return selu(input, inplace=True)


def hardtanh_(input, min_val=-1.0, max_val=1.0):
    """`hardtanh` in place.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.hardtanh_(ctorch.tensor([-1.0, 2.0]))
    tensor([-1.,  1.])
    """
    return hardtanh(input, min_val, max_val, inplace=True)


_threshold = threshold            # an argument has its name below


def threshold_(input, threshold, value):
    """`threshold` in place.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.threshold_(ctorch.tensor([-1.0, 2.0]), 0.5, 20.0)
    tensor([20.,  2.])
    """
    return _threshold(input, threshold, value, inplace=True)


def rrelu_(input, lower=1.0 / 8, upper=1.0 / 3, training=False):
    """`rrelu` in place.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.rrelu_(ctorch.tensor([-1.0, 2.0]), 0.1, 0.3)
    tensor([-0.2000,  2.0000])
    """
    return rrelu(input, lower, upper, training, inplace=True)
