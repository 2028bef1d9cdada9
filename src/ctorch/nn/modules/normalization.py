"""Normalisation layers that look at one sample at a time."""
import numbers

import ctorch

from ... import _functions as ops
from .. import functional as F
from .. import init
from ..parameter import Parameter
from .module import Module, _weight_and_bias

__all__ = ["GroupNorm", "LayerNorm", "RMSNorm"]


def _shape(normalized_shape):
    return (normalized_shape,) if isinstance(normalized_shape, numbers.Integral) else tuple(normalized_shape)


class LayerNorm(Module):
    """Normalise over the last dimensions, then scale and shift.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        Sizes of the dimensions.
    eps : float
        Added to the variance.
    elementwise_affine : bool
        Whether there is a learned scale and shift per element.
    bias : bool
        Whether there is the shift.
    device, dtype : optional
        Of the parameters.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.LayerNorm(2)(ctorch.tensor([1.0, 3.0])).detach()
    tensor([-1.0000,  1.0000])
    """

    def __init__(
        self, normalized_shape, eps=1e-5, elementwise_affine=True, bias=True, device=None, dtype=None
    ):
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        options = {"device": device, "dtype": dtype}
        affine = elementwise_affine
        self.register_parameter(
            "weight", Parameter(ctorch.empty(self.normalized_shape, **options)) if affine else None
        )
        has_bias = affine and bias
        self.register_parameter(
            "bias", Parameter(ctorch.empty(self.normalized_shape, **options)) if has_bias else None
        )
        self.reset_parameters()

    def reset_parameters(self):
        """Set the scale to one and the shift to zero."""
        if self.elementwise_affine:
            init.ones_(self.weight)
            if self.bias is not None:
                init.zeros_(self.bias)

    def forward(self, input):
        weight, bias = _weight_and_bias(self)
        return ops.layer_norm(input, self.normalized_shape, weight, bias, self.eps)

    def extra_repr(self):
        return (f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
                f"bias={self.bias is not None}")


class GroupNorm(Module):
    """Normalise groups of channels of each sample, then scale and shift per channel.

    Parameters
    ----------
    num_groups, num_channels : int
    eps : float
        Added to the variance.
    affine : bool
        Whether there is a learned scale and shift.
    device, dtype : optional
        Of the parameters.
    bias : bool
        Whether there is the shift.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.GroupNorm(3, 6)(ctorch.zeros(2, 6, 4)).shape
    torch.Size([2, 6, 4])
    """

    def __init__(
        self, num_groups, num_channels, eps=1e-5, affine=True, device=None, dtype=None, *, bias=True
    ):
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        options = {"device": device, "dtype": dtype}
        self.register_parameter(
            "weight", Parameter(ctorch.empty(num_channels, **options)) if affine else None
        )
        has_bias = affine and bias
        self.register_parameter(
            "bias", Parameter(ctorch.empty(num_channels, **options)) if has_bias else None
        )
        self.reset_parameters()

    def reset_parameters(self):
        """Set the scale to one and the shift to zero."""
        if self.affine:
            init.ones_(self.weight)
            if self.bias is not None:
                init.zeros_(self.bias)

    def forward(self, input):
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self):
        return (f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
                f"bias={self.bias is not None}")


class RMSNorm(Module):
    """Divide by the root mean square over the last dimensions, then scale.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        Sizes of the dimensions.
    eps : float, optional
        Added to the mean square; the dtype's machine epsilon by default.
    elementwise_affine : bool
        Whether there is a learned scale per element.
    device, dtype : optional
        Of the parameters.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.RMSNorm(2)(ctorch.tensor([3.0, 3.0])).detach()
    tensor([1., 1.])
    """

    def __init__(self, normalized_shape, eps=None, elementwise_affine=True, device=None, dtype=None):
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        weight = Parameter(ctorch.empty(self.normalized_shape, device=device, dtype=dtype))
        self.register_parameter("weight", weight if elementwise_affine else None)
        self.reset_parameters()

    def reset_parameters(self):
        """Set the scale to one."""
        if self.elementwise_affine:
            init.ones_(self.weight)

    def forward(self, input):
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self):
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
