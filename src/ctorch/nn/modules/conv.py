"""Convolution layers."""
import math

import ctorch

from ... import _functions as ops
from .. import functional as F
from .. import init
from ..parameter import Parameter
from .module import Module, _weight_and_bias
from .utils import _pair, _single

__all__ = ["Conv1d", "Conv2d"]

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class _ConvNd(Module):
    """Parameters, checks and text of the convolutions of every number of dimensions."""

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride,
        padding,
        dilation,
        groups,
        bias,
        padding_mode,
        device,
        dtype,
    ):
        super().__init__()
        _check_arguments(in_channels, out_channels, stride, padding, groups, padding_mode)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.transposed = False
        self.output_padding = (0,) * len(kernel_size)
        self.groups = groups
        self.padding_mode = padding_mode
        # Padding other than with zeros is done beforehand, by F.pad, which wants the last dimension first.
        self._reversed_padding_repeated_twice = _pad_argument(padding, kernel_size, dilation)
        self.weight = Parameter(
            ctorch.empty((out_channels, in_channels // groups, *kernel_size), device=device, dtype=dtype)
        )
        if bias:
            self.bias = Parameter(ctorch.empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self):
        """Draw new weights."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            if fan_in != 0:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def extra_repr(self):
        text = "{in_channels}, {out_channels}, kernel_size={kernel_size}, stride={stride}"
        if isinstance(self.padding, str) or any(self.padding):
            text += ", padding={padding}"
        if any(d != 1 for d in self.dilation):
            text += ", dilation={dilation}"
        if self.groups != 1:
            text += ", groups={groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += ", padding_mode={padding_mode}"
        return text.format(**self.__dict__)

    def _padded(self, input):
        return F.pad(input, self._reversed_padding_repeated_twice, mode=self.padding_mode)


def _check_arguments(in_channels, out_channels, stride, padding, groups, padding_mode):
    if groups <= 0:
        raise ValueError("groups must be a positive integer")
    if in_channels % groups:
        raise ValueError("in_channels must be divisible by groups")
    if out_channels % groups:
        raise ValueError("out_channels must be divisible by groups")
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise ValueError(f"Invalid padding string '{padding}', should be one of {{'same', 'valid'}}")
        if padding == "same" and any(s != 1 for s in stride):
            raise ValueError("padding='same' is not supported for strided convolutions")
    if padding_mode not in PADDING_MODES:
        raise ValueError(
            f"padding_mode must be one of {set(PADDING_MODES)}, but got padding_mode='{padding_mode}'"
        )


def _pad_argument(padding, kernel_size, dilation):
    if padding == "valid":
        return [0, 0] * len(kernel_size)
    if padding == "same":
        totals = [d * (k - 1) for d, k in zip(dilation, kernel_size)]
        sides = [(total // 2, total - total // 2) for total in totals]
    else:
        sides = [(p, p) for p in padding]
    flat = [side for pair in reversed(sides) for side in pair]
    return flat if padding == "same" else tuple(flat)


class Conv1d(_ConvNd):
    """One-dimensional convolution over ``(batch, channels, length)``; the parameters are those of `Conv2d`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.Conv1d(16, 33, 3, stride=2)(ctorch.zeros(20, 16, 50)).shape
    torch.Size([20, 33, 24])
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        super().__init__(
            in_channels,
            out_channels,
            _single(kernel_size),
            _single(stride),
            padding if isinstance(padding, str) else _single(padding),
            _single(dilation),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input):
        padding = self.padding
        if self.padding_mode != "zeros":
            input, padding = self._padded(input), 0
        return F.conv1d(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv2d(_ConvNd):
    """Two-dimensional convolution (cross-correlation) over ``(batch, channels, height, width)``.

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size : int or pair of int
    stride : int or pair of int
    padding : int, pair of int, "same" or "valid"
        What to add on both sides; "same" keeps the size.
    dilation : int or pair of int
        Distance between the kernel's elements.
    groups : int
        Into how many independent groups the channels are divided.
    bias : bool
        Whether there is a bias.
    padding_mode : {"zeros", "reflect", "replicate", "circular"}
    device, dtype : optional
        Of the parameters.

    Attributes
    ----------
    weight : Parameter
        Of shape ``(out_channels, in_channels / groups, kernel_height, kernel_width)``.
    bias : Parameter or None
        Of shape ``(out_channels,)``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.Conv2d(3, 8, 3, padding=1)(ctorch.zeros(2, 3, 28, 28)).shape
    torch.Size([2, 8, 28, 28])
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        super().__init__(
            in_channels,
            out_channels,
            _pair(kernel_size),
            _pair(stride),
            padding if isinstance(padding, str) else _pair(padding),
            _pair(dilation),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input):
        weight, bias = _weight_and_bias(self)
        padding = self.padding
        if self.padding_mode != "zeros":
            input, padding = self._padded(input), 0
        convolve = F.conv2d if isinstance(padding, str) else ops.conv2d
        return convolve(input, weight, bias, self.stride, padding, self.dilation, self.groups)
