"""Linear layers."""
import math

import ctorch

from ... import _functions as ops
from .. import functional as F
from .. import init
from ..parameter import Parameter
from .module import Module, _weight_and_bias

__all__ = ["Bilinear", "Identity", "Linear"]


class Identity(Module):
    """Returns its input; takes and ignores any arguments.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.Identity(54, unused=True)(ctorch.ones(2))
    tensor([1., 1.])
    """

    def __init__(self, *args, **kwargs):
        super().__init__()

    def forward(self, input):
        return input


class Linear(Module):
    """Affine map ``y = x @ weight.T + bias``.

    Parameters
    ----------
    in_features, out_features : int
        Sizes of the last dimension of input and output.
    bias : bool
        Whether there is a bias.
    device, dtype : optional
        Of the parameters.

    Attributes
    ----------
    weight : Parameter
        Of shape ``(out_features, in_features)``, uniform within ``1 / sqrt(in_features)`` at first.
    bias : Parameter or None
        Of shape ``(out_features,)``, initialised the same way.

    Examples
    --------
    >>> import ctorch
    >>> layer = ctorch.nn.Linear(20, 30)
    >>> layer(ctorch.zeros(128, 20)).shape
    torch.Size([128, 30])
    """

    def __init__(self, in_features, out_features, bias=True, device=None, dtype=None):
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(ctorch.empty((out_features, in_features), device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(ctorch.empty(out_features, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self):
        """Draw new weights."""
        # sqrt(5) makes the bound 1 / sqrt(in_features), as PyTorch has it.
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input):
        weight, bias = _weight_and_bias(self)
        return ops.linear(input, weight, bias)

    def extra_repr(self):
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
        )


class Bilinear(Module):
    """Bilinear map ``y[k] = x1 @ weight[k] @ x2 + bias[k]``.

    Parameters
    ----------
    in1_features, in2_features, out_features : int
        Sizes of the last dimensions of the two inputs and of the output.
    bias : bool
        Whether there is a bias.
    device, dtype : optional
        Of the parameters.

    Examples
    --------
    >>> import ctorch
    >>> layer = ctorch.nn.Bilinear(2, 3, 4)
    >>> layer(ctorch.zeros(5, 2), ctorch.zeros(5, 3)).shape
    torch.Size([5, 4])
    """

    def __init__(self, in1_features, in2_features, out_features, bias=True, device=None, dtype=None):
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got {in1_features}")
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        self.weight = Parameter(
            ctorch.empty((out_features, in1_features, in2_features), device=device, dtype=dtype)
        )
        if bias:
            self.bias = Parameter(ctorch.empty(out_features, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self):
        """Draw new weights."""
        bound = 1 / math.sqrt(self.weight.size(1))
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1, input2):
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self):
        return (f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
                f"out_features={self.out_features}, bias={self.bias is not None}")
