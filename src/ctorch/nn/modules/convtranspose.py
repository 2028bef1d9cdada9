"""Convolution layers of volumes, and transposed ones."""
import math

import ctorch

from .. import functional as F
from .. import init
from ..parameter import Parameter
from .conv import _ConvNd
from .module import Module
from .utils import _ntuple, _triple

__all__ = ["Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]


class Conv3d(_ConvNd):
    """Convolution over ``(batch, channels, depth, height, width)``; the parameters are those of `Conv2d`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.Conv3d(2, 3, 3, stride=2)(ctorch.zeros(1, 2, 9, 5, 5)).shape
    torch.Size([1, 3, 4, 2, 2])
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
            _triple(kernel_size),
            _triple(stride),
            padding if isinstance(padding, str) else _triple(padding),
            _triple(dilation),
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
        return F.conv3d(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class _ConvTransposeNd(Module):
    """Parameters, sizes and text of the transposed convolutions."""

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1,
                 bias=True, dilation=1, padding_mode="zeros", device=None, dtype=None):
        super().__init__()
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups:
            raise ValueError("out_channels must be divisible by groups")
        several = _ntuple(self.dims)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = several(kernel_size)
        self.stride = several(stride)
        self.padding = several(padding)
        self.dilation = several(dilation)
        self.transposed = True
        self.output_padding = several(output_padding)
        self.groups = groups
        self.padding_mode = padding_mode
        shape = (in_channels, out_channels // groups, *self.kernel_size)
        self.weight = Parameter(ctorch.empty(shape, device=device, dtype=dtype))
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
        if any(self.padding):
            text += ", padding={padding}"
        if any(d != 1 for d in self.dilation):
            text += ", dilation={dilation}"
        if any(self.output_padding):
            text += ", output_padding={output_padding}"
        if self.groups != 1:
            text += ", groups={groups}"
        if self.bias is None:
            text += ", bias=False"
        return text.format(**self.__dict__)

    def _padding_for(self, input, output_size):
        """The output padding that gives an asked size."""
        if output_size is None:
            return self.output_padding
        wanted = list(output_size)
        if len(wanted) == input.dim():
            wanted = wanted[-self.dims:]
        if len(wanted) != self.dims:
            raise ValueError(f"{type(self).__name__}: for {input.dim()}D input, output_size must have {self.dims} or "
                             f"{input.dim()} elements (got {len(output_size)})")
        least = [(n - 1) * s - 2 * p + d * (k - 1) + 1 for n, s, p, d, k in
                 zip(input.shape[-self.dims:], self.stride, self.padding, self.dilation, self.kernel_size)]
        most = [n + s - 1 for n, s in zip(least, self.stride)]
        if any(not a <= w <= b for a, w, b in zip(least, wanted, most)):
            raise ValueError(f"requested an output size of {wanted}, but valid sizes range from {least} to {most} "
                             f"(for an input of {input.size()[2:]})")
        return [w - n for w, n in zip(wanted, least)]


class ConvTranspose1d(_ConvTransposeNd):
    """One-dimensional transposed convolution; the parameters are those of `ConvTranspose2d`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.ConvTranspose1d(16, 8, 2, stride=2)(ctorch.zeros(2, 16, 5)).shape
    torch.Size([2, 8, 10])
    """

    dims = 1

    def forward(self, input, output_size=None):
        return F.conv_transpose1d(input, self.weight, self.bias, self.stride, self.padding,
                                  self._padding_for(input, output_size), self.groups, self.dilation)


class ConvTranspose2d(_ConvTransposeNd):
    """Two-dimensional transposed convolution: the gradient of a convolution's input.

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size, stride : int or pair of int
    padding : int or pair of int
        What a convolution back would pad with.
    output_padding : int or pair of int
        Rows and columns that are added at the end.
    groups : int
        Into how many independent groups the channels are divided.
    bias : bool
        Whether there is a bias.
    dilation : int or pair of int
        Distance between the kernel's elements.
    padding_mode : {"zeros"}
    device, dtype : optional
        Of the parameters.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.ConvTranspose2d(16, 8, 2, stride=2)(ctorch.zeros(2, 16, 5, 5)).shape
    torch.Size([2, 8, 10, 10])
    """

    dims = 2

    def forward(self, input, output_size=None):
        return F.conv_transpose2d(input, self.weight, self.bias, self.stride, self.padding,
                                  self._padding_for(input, output_size), self.groups, self.dilation)


class ConvTranspose3d(_ConvTransposeNd):
    """Three-dimensional transposed convolution; the parameters are those of `ConvTranspose2d`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.ConvTranspose3d(16, 8, 2, stride=2)(ctorch.zeros(2, 16, 2, 5, 5)).shape
    torch.Size([2, 8, 4, 10, 10])
    """

    dims = 3

    def forward(self, input, output_size=None):
        return F.conv_transpose3d(input, self.weight, self.bias, self.stride, self.padding,
                                  self._padding_for(input, output_size), self.groups, self.dilation)
