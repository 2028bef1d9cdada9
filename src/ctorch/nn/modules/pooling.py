"""Pooling layers."""
from ... import _functions as ops
from .. import functional as F
from .module import Module
from .utils import _single

__all__ = ["AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AvgPool1d", "AvgPool2d", "MaxPool1d", "MaxPool2d"]


class _MaxPoolNd(Module):
    def __init__(
        self, kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False
    ):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def extra_repr(self):
        return (f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
                f"dilation={self.dilation}, ceil_mode={self.ceil_mode}")


class MaxPool1d(_MaxPoolNd):
    """Largest element of each window along the last dimension; the parameters are those of `MaxPool2d`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.MaxPool1d(2)(ctorch.arange(4.0).view(1, 1, 4))
    tensor([[[1., 3.]]])
    """

    def forward(self, input):
        return F.max_pool1d(input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
                            self.return_indices)


class MaxPool2d(_MaxPoolNd):
    """Largest element of each window.

    Parameters
    ----------
    kernel_size : int or pair of int
    stride : int or pair of int, optional
        `kernel_size` by default.
    padding, dilation : int or pair of int
    return_indices : bool
        Return the positions of the maxima too.
    ceil_mode : bool
        Round the output's size up.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.MaxPool2d(2)(ctorch.arange(4.0).view(1, 1, 2, 2))
    tensor([[[[3.]]]])
    """

    def forward(self, input):
        return ops.max_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.ceil_mode,
            self.return_indices,
        )


class AvgPool1d(Module):
    """Mean of each window along the last dimension; the parameters are those of `AvgPool2d`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.AvgPool1d(2)(ctorch.arange(4.0).view(1, 1, 4))
    tensor([[[0.5000, 2.5000]]])
    """

    def __init__(self, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
        super().__init__()
        self.kernel_size = _single(kernel_size)
        self.stride = _single(stride if stride is not None else kernel_size)
        self.padding = _single(padding)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input):
        return F.avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
                            self.count_include_pad)

    def extra_repr(self):
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(Module):
    """Mean of each window.

    Parameters
    ----------
    kernel_size : int or pair of int
    stride : int or pair of int, optional
        `kernel_size` by default.
    padding : int or pair of int
    ceil_mode : bool
        Round the output's size up.
    count_include_pad : bool
        Whether padded zeros count as elements of the mean.
    divisor_override : int, optional
        Divide the sum by this instead of the window's size.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.AvgPool2d(2)(ctorch.arange(4.0).view(1, 1, 2, 2))
    tensor([[[[1.5000]]]])
    """

    def __init__(self, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True,
                 divisor_override=None):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input):
        return ops.avg_pool2d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
                                self.count_include_pad, self.divisor_override)

    def extra_repr(self):
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _AdaptiveAvgPoolNd(Module):
    def __init__(self, output_size):
        super().__init__()
        self.output_size = output_size

    def extra_repr(self):
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd):
    """Mean over `output_size` windows along the last dimension.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.AdaptiveAvgPool1d(2)(ctorch.arange(4.0).view(1, 1, 4))
    tensor([[[0.5000, 2.5000]]])
    """

    def forward(self, input):
        return F.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd):
    """Mean over a grid of windows chosen so that the output has the given size.

    Parameters
    ----------
    output_size : int or pair of (int or None)
        None keeps the input's size.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.AdaptiveAvgPool2d((1, 1))(ctorch.ones(1, 2, 5, 7)).shape
    torch.Size([1, 2, 1, 1])
    """

    def forward(self, input):
        return F.adaptive_avg_pool2d(input, self.output_size)
