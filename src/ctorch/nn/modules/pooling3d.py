"""Pooling layers of further kinds: volumes, adaptive maxima, powers, windows by chance, and back."""
from .. import functional as F
from .module import Module
from .pooling import _AdaptiveAvgPoolNd, _MaxPoolNd
from .utils import _ntuple

__all__ = [
    "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d", "AvgPool3d",
    "FractionalMaxPool2d", "FractionalMaxPool3d", "LPPool1d", "LPPool2d", "LPPool3d", "MaxPool3d", "MaxUnpool1d",
    "MaxUnpool2d", "MaxUnpool3d",
]


class MaxPool3d(_MaxPoolNd):
    """Largest element of each window of volumes; the parameters are those of `MaxPool2d`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.MaxPool3d(2)(ctorch.arange(8.0).view(1, 1, 2, 2, 2))
    tensor([[[[[7.]]]]])
    """

    def forward(self, input):
        return F.max_pool3d(input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
                            self.return_indices)


class AvgPool3d(Module):
    """Mean of each window of volumes; the parameters are those of `AvgPool2d`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.AvgPool3d(2)(ctorch.arange(8.0).view(1, 1, 2, 2, 2))
    tensor([[[[[3.5000]]]]])
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
        return F.avg_pool3d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
                            self.count_include_pad, self.divisor_override)

    def extra_repr(self):
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd):
    """Mean over a grid of windows of volumes.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.AdaptiveAvgPool3d(1)(ctorch.ones(1, 2, 5, 7, 3)).shape
    torch.Size([1, 2, 1, 1, 1])
    """

    def forward(self, input):
        return F.adaptive_avg_pool3d(input, self.output_size)


class _AdaptiveMaxPoolNd(_AdaptiveAvgPoolNd):
    def __init__(self, output_size, return_indices=False):
        super().__init__(output_size)
        self.return_indices = return_indices


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """Largest element of each window of a grid over the last dimension.

    Parameters
    ----------
    output_size : int or tuple of (int or None)
        None keeps the input's size.
    return_indices : bool
        Return the positions of the maxima too.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.AdaptiveMaxPool1d(1)(ctorch.ones(1, 2, 5)).shape
    torch.Size([1, 2, 1])
    """

    def forward(self, input):
        return F.adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """Largest element of each window of a grid over images.

    Parameters
    ----------
    output_size : int or tuple of (int or None)
        None keeps the input's size.
    return_indices : bool
        Return the positions of the maxima too.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.AdaptiveMaxPool2d(1)(ctorch.ones(1, 2, 5, 7)).shape
    torch.Size([1, 2, 1, 1])
    """

    def forward(self, input):
        return F.adaptive_max_pool2d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """Largest element of each window of a grid over volumes.

    Parameters
    ----------
    output_size : int or tuple of (int or None)
        None keeps the input's size.
    return_indices : bool
        Return the positions of the maxima too.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.AdaptiveMaxPool3d(1)(ctorch.ones(1, 2, 5, 7, 3)).shape
    torch.Size([1, 2, 1, 1, 1])
    """

    def forward(self, input):
        return F.adaptive_max_pool3d(input, self.output_size, self.return_indices)


class _FractionalMaxPoolNd(Module):
    def __init__(self, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None):
        super().__init__()
        several = _ntuple(self.dims)
        self.kernel_size = several(kernel_size)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = several(output_size) if output_size is not None else None
        self.output_ratio = several(output_ratio) if output_ratio is not None else None
        if output_size is None and output_ratio is None:
            raise ValueError(f"{type(self).__name__} requires specifying either an output size, or a pooling ratio")
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if self.output_ratio is not None and not all(0 < r < 1 for r in self.output_ratio):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")


class FractionalMaxPool2d(_FractionalMaxPoolNd):
    """Largest element of windows at places drawn at random (Graham, 2014).

    Parameters
    ----------
    kernel_size : int or tuple of int
    output_size : int or tuple of int, optional
    output_ratio : float or tuple of float, optional
        The output's size as a share of the input's.
    return_indices : bool
        Return the positions of the maxima too.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.FractionalMaxPool2d(2, output_ratio=0.5)(ctorch.ones(1, 1, 6, 6)).shape
    torch.Size([1, 1, 3, 3])
    """

    dims = 2

    def forward(self, input):
        return F.fractional_max_pool2d(input, self.kernel_size, self.output_size, self.output_ratio,
                                       self.return_indices, _random_samples=self._random_samples)


class FractionalMaxPool3d(_FractionalMaxPoolNd):
    """Largest element of windows at places drawn at random (Graham, 2014).

    Parameters
    ----------
    kernel_size : int or tuple of int
    output_size : int or tuple of int, optional
    output_ratio : float or tuple of float, optional
        The output's size as a share of the input's.
    return_indices : bool
        Return the positions of the maxima too.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.FractionalMaxPool3d(2, output_ratio=0.5)(ctorch.ones(1, 1, 6, 6, 6)).shape
    torch.Size([1, 1, 3, 3, 3])
    """

    dims = 3

    def forward(self, input):
        return F.fractional_max_pool3d(input, self.kernel_size, self.output_size, self.output_ratio,
                                       self.return_indices, _random_samples=self._random_samples)


class _LPPoolNd(Module):
    def __init__(self, norm_type, kernel_size, stride=None, ceil_mode=False):
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def extra_repr(self):
        return (f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
                f"ceil_mode={self.ceil_mode}")


class LPPool1d(_LPPoolNd):
    """Root of order `norm_type` of the sum of powers of each window.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.LPPool1d(2, 2)(ctorch.tensor([3.0, 4.0]).view(1, 1, 2))
    tensor([[[5.]]])
    """

    def forward(self, input):
        return F.lp_pool1d(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)


class LPPool2d(_LPPoolNd):
    """Root of order `norm_type` of the sum of powers of each window.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.LPPool2d(2, (1, 2))(ctorch.tensor([3.0, 4.0]).view(1, 1, 1, 2))
    tensor([[[[5.]]]])
    """

    def forward(self, input):
        return F.lp_pool2d(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)


class LPPool3d(_LPPoolNd):
    """Root of order `norm_type` of the sum of powers of each window.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.LPPool3d(2, (1, 1, 2))(ctorch.tensor([3.0, 4.0]).view(1, 1, 1, 1, 2))
    tensor([[[[[5.]]]]])
    """

    def forward(self, input):
        return F.lp_pool3d(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)


class _MaxUnpoolNd(Module):
    def __init__(self, kernel_size, stride=None, padding=0):
        super().__init__()
        several = _ntuple(self.dims)
        self.kernel_size = several(kernel_size)
        self.stride = several(stride if stride is not None else kernel_size)
        self.padding = several(padding)

    def extra_repr(self):
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpoolNd):
    """What `MaxPool1d` left, put back at its places among zeros.

    Parameters
    ----------
    kernel_size, stride, padding
        Those of the pooling.

    Examples
    --------
    >>> import ctorch
    >>> x, places = ctorch.ones(1, 1, 1), ctorch.ones(1, 1, 1, dtype=ctorch.int64)
    >>> ctorch.nn.MaxUnpool1d(2)(x, places).flatten()[:2]
    tensor([0., 1.])
    """

    dims = 1

    def forward(self, input, indices, output_size=None):
        return F.max_unpool1d(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool2d(_MaxUnpoolNd):
    """What `MaxPool2d` left, put back at its places among zeros.

    Parameters
    ----------
    kernel_size, stride, padding
        Those of the pooling.

    Examples
    --------
    >>> import ctorch
    >>> x, places = ctorch.ones(1, 1, 1, 1), ctorch.ones(1, 1, 1, 1, dtype=ctorch.int64)
    >>> ctorch.nn.MaxUnpool2d(2)(x, places).flatten()[:2]
    tensor([0., 1.])
    """

    dims = 2

    def forward(self, input, indices, output_size=None):
        return F.max_unpool2d(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool3d(_MaxUnpoolNd):
    """What `MaxPool3d` left, put back at its places among zeros.

    Parameters
    ----------
    kernel_size, stride, padding
        Those of the pooling.

    Examples
    --------
    >>> import ctorch
    >>> x, places = ctorch.ones(1, 1, 1, 1, 1), ctorch.ones(1, 1, 1, 1, 1, dtype=ctorch.int64)
    >>> ctorch.nn.MaxUnpool3d(2)(x, places).flatten()[:2]
    tensor([0., 1.])
    """

    dims = 3

    def forward(self, input, indices, output_size=None):
        return F.max_unpool3d(input, indices, self.kernel_size, self.stride, self.padding, output_size)
