"""Activation layers."""
import ctorch

from ... import _functions as ops
from .. import functional as F
from ..parameter import Parameter
from .module import Module

__all__ = [
    "CELU", "ELU", "GELU", "GLU", "SELU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU",
    "LogSigmoid", "LogSoftmax", "Mish", "PReLU",
    "RReLU", "ReLU", "ReLU6", "SiLU", "Sigmoid", "Softmax", "Softmax2d",
    "Softmin", "Softplus", "Softshrink", "Softsign", "Tanh", "Tanhshrink", "Threshold",
]


class _Inplace(Module):
    """Activations whose only option is to overwrite their input."""

    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace

    def extra_repr(self):
        return "inplace=True" if self.inplace else ""


class ReLU(_Inplace):
    """Replace negative elements by zero.

    Parameters
    ----------
    inplace : bool
        Overwrite the input.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.ReLU()(ctorch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def forward(self, input):
        return input.relu_() if self.inplace else ops.relu(input)


class SiLU(_Inplace):
    """``x * sigmoid(x)``, also known as swish.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.SiLU()(ctorch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7311])
    """

    def forward(self, input):
        return F.silu(input, self.inplace)


class Mish(_Inplace):
    """``x * tanh(softplus(x))``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.Mish()(ctorch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8651])
    """

    def forward(self, input):
        return F.mish(input, self.inplace)


class SELU(_Inplace):
    """Scaled `ELU` with self-normalising constants.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.SELU()(ctorch.tensor([-1.0, 1.0]))
    tensor([-1.1113,  1.0507])
    """

    def forward(self, input):
        return F.selu(input, self.inplace)


class Hardsigmoid(_Inplace):
    """``clamp(x + 3, 0, 6) / 6``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.Hardsigmoid()(ctorch.tensor([-4.0, 0.0]))
    tensor([0.0000, 0.5000])
    """

    def forward(self, input):
        return F.hardsigmoid(input, self.inplace)

    def extra_repr(self):
        return ""


class Hardswish(_Inplace):
    """``x * clamp(x + 3, 0, 6) / 6``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.Hardswish()(ctorch.tensor([-4.0, 3.0]))
    tensor([-0., 3.])
    """

    def forward(self, input):
        return F.hardswish(input, self.inplace)

    def extra_repr(self):
        return ""


class Hardtanh(Module):
    """Limit the elements to ``[min_val, max_val]``.

    Parameters
    ----------
    min_val, max_val : float
    inplace : bool
        Overwrite the input.
    min_value, max_value : float, optional
        Deprecated names of the limits.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.Hardtanh()(ctorch.tensor([-2.0, 0.5]))
    tensor([-1.0000,  0.5000])
    """

    def __init__(self, min_val=-1.0, max_val=1.0, inplace=False, min_value=None, max_value=None):
        super().__init__()
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        self.inplace = inplace
        if self.max_val <= self.min_val:
            raise AssertionError("max_val must be larger than min_val")

    def forward(self, input):
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self):
        return f"min_val={self.min_val}, max_val={self.max_val}" + (", inplace=True" if self.inplace else "")


class ReLU6(Hardtanh):
    """Limit the elements to ``[0, 6]``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.ReLU6()(ctorch.tensor([-2.0, 7.0]))
    tensor([0., 6.])
    """

    def __init__(self, inplace=False):
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self):
        return "inplace=True" if self.inplace else ""


class ELU(Module):
    """``x`` where it is positive, ``alpha * (exp(x) - 1)`` elsewhere.

    Parameters
    ----------
    alpha : float
    inplace : bool
        Overwrite the input.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.ELU()(ctorch.tensor([-1.0, 1.0]))
    tensor([-0.6321,  1.0000])
    """

    def __init__(self, alpha=1.0, inplace=False):
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input):
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self):
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class CELU(ELU):
    """``x`` where it is positive, ``alpha * (exp(x / alpha) - 1)`` elsewhere.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.CELU(2.0)(ctorch.tensor([-1.0, 1.0]))
    tensor([-0.7869,  1.0000])
    """

    def forward(self, input):
        return F.celu(input, self.alpha, self.inplace)


class LeakyReLU(Module):
    """``x`` where it is positive, ``negative_slope * x`` elsewhere.

    Parameters
    ----------
    negative_slope : float
    inplace : bool
        Overwrite the input.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.LeakyReLU(0.1)(ctorch.tensor([-1.0, 2.0]))
    tensor([-0.1000,  2.0000])
    """

    def __init__(self, negative_slope=0.01, inplace=False):
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input):
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self):
        return f"negative_slope={self.negative_slope}" + (", inplace=True" if self.inplace else "")


class PReLU(Module):
    """`LeakyReLU` with a learned slope.

    Parameters
    ----------
    num_parameters : int
        One slope for all, or one per channel.
    init : float
        The slope at first.
    device, dtype : optional
        Of the parameter.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.PReLU()(ctorch.tensor([-1.0, 2.0])).detach()
    tensor([-0.2500,  2.0000])
    """

    def __init__(self, num_parameters=1, init=0.25, device=None, dtype=None):
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(ctorch.empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self):
        """Set the slopes to their first value."""
        with ctorch.no_grad():
            self.weight.fill_(self.init)

    def forward(self, input):
        return F.prelu(input, self.weight)

    def extra_repr(self):
        return f"num_parameters={self.num_parameters}"


class Threshold(Module):
    """``x`` where it is greater than `threshold`, `value` elsewhere.

    Parameters
    ----------
    threshold, value : float
    inplace : bool
        Overwrite the input.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.Threshold(0.5, 20.0)(ctorch.tensor([0.0, 1.0]))
    tensor([20.,  1.])
    """

    def __init__(self, threshold, value, inplace=False):
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input):
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self):
        return f"threshold={self.threshold}, value={self.value}" + (", inplace=True" if self.inplace else "")


class GELU(Module):
    """Gaussian error linear unit ``x * Phi(x)``.

    Parameters
    ----------
    approximate : {"none", "tanh"}

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.GELU()(ctorch.tensor([-1.0, 1.0]))
    tensor([-0.1587,  0.8413])
    """

    def __init__(self, approximate="none"):
        super().__init__()
        self.approximate = approximate

    def forward(self, input):
        return F.gelu(input, self.approximate)

    def extra_repr(self):
        return f"approximate={self.approximate!r}"


class GLU(Module):
    """First half along `dim` times the sigmoid of the second half.

    Parameters
    ----------
    dim : int

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.GLU()(ctorch.tensor([3.0, 0.0]))
    tensor([1.5000])
    """

    def __init__(self, dim=-1):
        super().__init__()
        self.dim = dim

    def forward(self, input):
        return F.glu(input, self.dim)

    def extra_repr(self):
        return f"dim={self.dim}"


class Sigmoid(Module):
    """``1 / (1 + exp(-x))``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.Sigmoid()(ctorch.zeros(1))
    tensor([0.5000])
    """

    def forward(self, input):
        return ops.sigmoid(input)


class Tanh(Module):
    """Hyperbolic tangent.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.Tanh()(ctorch.zeros(1))
    tensor([0.])
    """

    def forward(self, input):
        return ops.tanh(input)


class LogSigmoid(Module):
    """Logarithm of the sigmoid, without overflow.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.LogSigmoid()(ctorch.tensor([-100.0, 0.0]))
    tensor([-100.0000,   -0.6931])
    """

    def forward(self, input):
        return F.logsigmoid(input)


class Softsign(Module):
    """``x / (1 + |x|)``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.Softsign()(ctorch.tensor([1.0, 3.0]))
    tensor([0.5000, 0.7500])
    """

    def forward(self, input):
        return F.softsign(input)


class Tanhshrink(Module):
    """``x - tanh(x)``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.Tanhshrink()(ctorch.ones(1))
    tensor([0.2384])
    """

    def forward(self, input):
        return F.tanhshrink(input)


class Softplus(Module):
    """``log(1 + exp(beta * x)) / beta``; the identity where ``beta * x`` is above `threshold`.

    Parameters
    ----------
    beta, threshold : float

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.Softplus()(ctorch.tensor([0.0, 30.0]))
    tensor([ 0.6931, 30.0000])
    """

    def __init__(self, beta=1.0, threshold=20.0):
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input):
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self):
        return f"beta={self.beta}, threshold={self.threshold}"


class _Shrink(Module):
    def __init__(self, lambd=0.5):
        super().__init__()
        self.lambd = lambd

    def extra_repr(self):
        return str(self.lambd)


class Hardshrink(_Shrink):
    """Zero for elements within ``[-lambd, lambd]``, others unchanged.

    Parameters
    ----------
    lambd : float

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.Hardshrink()(ctorch.tensor([0.3, 2.0]))
    tensor([0., 2.])
    """

    def forward(self, input):
        return F.hardshrink(input, self.lambd)


class Softshrink(_Shrink):
    """Move elements towards zero by `lambd`, stopping there.

    Parameters
    ----------
    lambd : float

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.Softshrink()(ctorch.tensor([0.25, 2.0]))
    tensor([0.0000, 1.5000])
    """

    def forward(self, input):
        return F.softshrink(input, self.lambd)


class _AlongDim(Module):
    def __init__(self, dim=None):
        super().__init__()
        self.dim = dim

    def extra_repr(self):
        return f"dim={self.dim}"


class Softmax(_AlongDim):
    """Exponentials along `dim`, scaled to sum to one.

    Parameters
    ----------
    dim : int

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.Softmax(dim=0)(ctorch.zeros(4))
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """

    def forward(self, input):
        return F.softmax(input, self.dim, _stacklevel=5)


class Softmin(_AlongDim):
    """`Softmax` of the negated input.

    Parameters
    ----------
    dim : int

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.Softmin(dim=0)(ctorch.zeros(2))
    tensor([0.5000, 0.5000])
    """

    def forward(self, input):
        return F.softmin(input, self.dim, _stacklevel=5)


class LogSoftmax(_AlongDim):
    """Logarithm of `Softmax`.

    Parameters
    ----------
    dim : int

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.LogSoftmax(dim=0)(ctorch.zeros(2))
    tensor([-0.6931, -0.6931])
    """

    def forward(self, input):
        return F.log_softmax(input, self.dim, _stacklevel=5)


class Softmax2d(Module):
    """`Softmax` over the channels of ``(batch, channels, height, width)``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.Softmax2d()(ctorch.zeros(1, 2, 1, 1)).flatten()
    tensor([0.5000, 0.5000])
    """

    def forward(self, input):
        if input.dim() not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead")
        return F.softmax(input, -3, _stacklevel=5)


class RReLU(Module):
    """`LeakyReLU` with slopes drawn at random in training; their mean otherwise.

    Parameters
    ----------
    lower, upper : float
        Bounds of the slopes.
    inplace : bool
        Overwrite the input.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.RReLU(0.1, 0.3).eval()(ctorch.tensor([-1.0, 2.0]))
    tensor([-0.2000,  2.0000])
    """

    def __init__(self, lower=1.0 / 8, upper=1.0 / 3, inplace=False):
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input):
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self):
        return f"lower={self.lower}, upper={self.upper}{', inplace=True' if self.inplace else ''}"
