"""Pooling of nn.functional."""
import ctorch

from ... import _functions as ops
from ... import _windows

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d",
    "adaptive_max_pool1d_with_indices", "adaptive_max_pool2d", "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d", "adaptive_max_pool3d_with_indices", "avg_pool1d", "avg_pool2d", "avg_pool3d",
    "fractional_max_pool2d", "fractional_max_pool2d_with_indices", "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices", "lp_pool1d", "lp_pool2d", "lp_pool3d", "max_pool1d",
    "max_pool1d_with_indices", "max_pool2d", "max_pool2d_with_indices", "max_pool3d", "max_pool3d_with_indices",
    "max_unpool1d", "max_unpool2d", "max_unpool3d",
]

avg_pool1d, avg_pool3d, adaptive_avg_pool1d = ops.avg_pool1d, ops.avg_pool3d, ops.adaptive_avg_pool1d

def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """Largest element of each window.

    Parameters
    ----------
    input : Tensor
        Of shape ``(batch, channels, height, width)``; the batch may be left out.
    kernel_size : int or pair of int
    stride : int or pair of int, optional
        `kernel_size` by default.
    padding, dilation : int or pair of int
    ceil_mode : bool
        Round the output's size up.
    return_indices : bool
        Return the positions of the maxima too.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.max_pool2d(ctorch.arange(4.0).view(1, 1, 2, 2), 2)
    tensor([[[[3.]]]])
    """
    return ops.max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d_with_indices(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False,
                            return_indices=False):
    """`max_pool2d` that always returns the positions too.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.max_pool2d_with_indices(ctorch.arange(4.0).view(1, 1, 2, 2), 2)[1]
    tensor([[[[3]]]])
    """
    return ops.max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool1d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """Largest element of each window along the last dimension; see `max_pool2d`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.max_pool1d(ctorch.arange(4.0).view(1, 1, 4), 2)
    tensor([[[1., 3.]]])
    """
    results = ops.max_pool1d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    return results if return_indices else results[0]


def max_pool1d_with_indices(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False,
                            return_indices=False):
    """`max_pool1d` that always returns the positions too.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.max_pool1d_with_indices(ctorch.arange(4.0).view(1, 1, 4), 2)[1]
    tensor([[[1, 3]]])
    """
    return max_pool1d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool3d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """Largest element of each window of volumes; see `max_pool2d`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.max_pool3d(ctorch.arange(8.0).view(1, 1, 2, 2, 2), 2)
    tensor([[[[[7.]]]]])
    """
    return ops.max_pool3d(input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d_with_indices(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False,
                            return_indices=False):
    """`max_pool3d` that always returns the positions too.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.max_pool3d_with_indices(ctorch.arange(8.0).view(1, 1, 2, 2, 2), 2)[1]
    tensor([[[[[7]]]]])
    """
    return ops.max_pool3d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def avg_pool2d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True,
               divisor_override=None):
    """Mean of each window.

    Parameters
    ----------
    input : Tensor
        Of shape ``(batch, channels, height, width)``; the batch may be left out.
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
    >>> ctorch.nn.functional.avg_pool2d(ctorch.arange(4.0).view(1, 1, 2, 2), 2)
    tensor([[[[1.5000]]]])
    """
    return ops.avg_pool2d(
        input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def adaptive_avg_pool2d(input, output_size):
    """Mean over a grid of windows chosen so that the output has the given size.

    Parameters
    ----------
    input : Tensor
        Of shape ``(batch, channels, height, width)``; the batch may be left out.
    output_size : int or pair of (int or None)
        None keeps the input's size.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.adaptive_avg_pool2d(ctorch.ones(1, 2, 5, 7), 1).shape
    torch.Size([1, 2, 1, 1])
    """
    return ops.adaptive_avg_pool2d(input, output_size)


def adaptive_avg_pool3d(input, output_size):
    """`adaptive_avg_pool2d` of volumes.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.adaptive_avg_pool3d(ctorch.ones(1, 2, 5, 7, 4), 2).shape
    torch.Size([1, 2, 2, 2, 2])
    """
    return ops.adaptive_avg_pool3d(input, output_size)


def adaptive_max_pool1d(input, output_size, return_indices=False):
    """Largest element of each window of a grid over the last dimension, chosen so that the output has the given size.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.adaptive_max_pool1d(ctorch.arange(4.0).view(1, 1, 4), 1)
    tensor([[[3.]]])
    """
    results = ops.adaptive_max_pool1d(input, output_size)
    return results if return_indices else results[0]


def adaptive_max_pool1d_with_indices(input, output_size, return_indices=False):
    """`adaptive_max_pool1d` that always returns the positions too.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.adaptive_max_pool1d_with_indices(ctorch.arange(4.0).view(1, 1, 4), 1)[1]
    tensor([[[3]]])
    """
    return ops.adaptive_max_pool1d(input, output_size)


def adaptive_max_pool2d(input, output_size, return_indices=False):
    """Largest element of each window of a grid over images, chosen so that the output has the given size.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.adaptive_max_pool2d(ctorch.arange(4.0).view(1, 1, 2, 2), 1)
    tensor([[[[3.]]]])
    """
    results = ops.adaptive_max_pool2d(input, output_size)
    return results if return_indices else results[0]


def adaptive_max_pool2d_with_indices(input, output_size, return_indices=False):
    """`adaptive_max_pool2d` that always returns the positions too.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.adaptive_max_pool2d_with_indices(ctorch.arange(4.0).view(1, 1, 2, 2), 1)[1]
    tensor([[[[3]]]])
    """
    return ops.adaptive_max_pool2d(input, output_size)


def adaptive_max_pool3d(input, output_size, return_indices=False):
    """Largest element of each window of a grid over volumes, chosen so that the output has the given size.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.adaptive_max_pool3d(ctorch.arange(4.0).view(1, 1, 2, 2, 1), 1)
    tensor([[[[[3.]]]]])
    """
    results = ops.adaptive_max_pool3d(input, output_size)
    return results if return_indices else results[0]


def adaptive_max_pool3d_with_indices(input, output_size, return_indices=False):
    """`adaptive_max_pool3d` that always returns the positions too.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.adaptive_max_pool3d_with_indices(ctorch.arange(4.0).view(1, 1, 2, 2, 1), 1)[1]
    tensor([[[[[3]]]]])
    """
    return ops.adaptive_max_pool3d(input, output_size)


def _fractional(input, dims, kernel_size, output_size, output_ratio, return_indices, samples):
    if output_size is None and output_ratio is None:
        raise ValueError(f"fractional_max_pool{dims}d requires specifying either an output_size or an output_ratio")
    if output_size is None:
        ratio = tuple(output_ratio) if isinstance(output_ratio, (tuple, list)) else (output_ratio,) * dims
        if len(ratio) != dims:
            raise ValueError(f"fractional_max_pool{dims}d: expected output_ratio to be a number or {dims} numbers, got "
                             f"{list(ratio)}")
        output_size = [int(size * r) for size, r in zip(input.shape[-dims:], ratio)]
    if samples is None:
        batch = 1 if input.dim() == dims + 1 else input.size(0)
        samples = ctorch.rand(batch, input.size(-dims - 1), dims, dtype=input.dtype, device=input.device)
    results = _windows.fractional_max_pool(input, dims, kernel_size, output_size, samples)
    return results if return_indices else results[0]


def fractional_max_pool2d(input, kernel_size, output_size=None, output_ratio=None, return_indices=False,
                          _random_samples=None):
    """Largest element of windows at places drawn at random (Graham, 2014).

    Parameters
    ----------
    input : Tensor
    kernel_size : int or tuple of int
    output_size : int or tuple of int, optional
    output_ratio : float or tuple of float, optional
        The output's size as a share of the input's.
    return_indices : bool
        Return the positions of the maxima too.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.fractional_max_pool2d(ctorch.ones(1, 1, 6, 6), 2, output_size=3).shape
    torch.Size([1, 1, 3, 3])
    """
    return _fractional(input, 2, kernel_size, output_size, output_ratio, return_indices, _random_samples)


def fractional_max_pool2d_with_indices(input, kernel_size, output_size=None, output_ratio=None,
                                       return_indices=False, _random_samples=None):
    """`fractional_max_pool2d` that always returns the positions too.

    Examples
    --------
    >>> import ctorch
    >>> len(ctorch.nn.functional.fractional_max_pool2d_with_indices(ctorch.ones(1, 1, 6, 6), 2, 3))
    2
    """
    return _fractional(input, 2, kernel_size, output_size, output_ratio, True, _random_samples)


def fractional_max_pool3d(input, kernel_size, output_size=None, output_ratio=None, return_indices=False,
                          _random_samples=None):
    """Largest element of windows at places drawn at random (Graham, 2014).

    Parameters
    ----------
    input : Tensor
    kernel_size : int or tuple of int
    output_size : int or tuple of int, optional
    output_ratio : float or tuple of float, optional
        The output's size as a share of the input's.
    return_indices : bool
        Return the positions of the maxima too.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.fractional_max_pool3d(ctorch.ones(1, 1, 6, 6, 6), 2, output_size=3).shape
    torch.Size([1, 1, 3, 3, 3])
    """
    return _fractional(input, 3, kernel_size, output_size, output_ratio, return_indices, _random_samples)


def fractional_max_pool3d_with_indices(input, kernel_size, output_size=None, output_ratio=None,
                                       return_indices=False, _random_samples=None):
    """`fractional_max_pool3d` that always returns the positions too.

    Examples
    --------
    >>> import ctorch
    >>> len(ctorch.nn.functional.fractional_max_pool3d_with_indices(ctorch.ones(1, 1, 6, 6, 6), 2, 3))
    2
    """
    return _fractional(input, 3, kernel_size, output_size, output_ratio, True, _random_samples)


def _root(sums, count, norm_type):
    return (sums.sign() * sums.abs().relu() * count).pow(1.0 / norm_type)


def lp_pool1d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """Root of order `norm_type` of the sum of powers of each window.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.lp_pool1d(ctorch.tensor([3.0, 4.0]).view(1, 1, 2), 2, 2)
    tensor([[[5.]]])
    """
    kernel = _windows.numbers(kernel_size, 1, "lp_pool1d", "kernel_size")
    sums = ops.avg_pool1d(input.pow(norm_type), kernel, stride, 0, ceil_mode)
    return _root(sums, kernel[0], norm_type)


def lp_pool2d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """Root of order `norm_type` of the sum of powers of each window.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.lp_pool2d(ctorch.tensor([3.0, 4.0]).view(1, 1, 1, 2), 2, (1, 2))
    tensor([[[[5.]]]])
    """
    kernel = _windows.numbers(kernel_size, 2, "lp_pool2d", "kernel_size")
    sums = ops.avg_pool2d(input.pow(norm_type), kernel, stride, 0, ceil_mode)
    return _root(sums, kernel[0] * kernel[1], norm_type)


def lp_pool3d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """Root of order `norm_type` of the sum of powers of each window.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.lp_pool3d(ctorch.tensor([3.0, 4.0]).view(1, 1, 1, 1, 2), 2, (1, 1, 2))
    tensor([[[[[5.]]]]])
    """
    kernel = _windows.numbers(kernel_size, 3, "lp_pool3d", "kernel_size")
    sums = ops.avg_pool3d(input.pow(norm_type), kernel, stride, 0, ceil_mode)
    return _root(sums, kernel[0] * kernel[1] * kernel[2], norm_type)


def _unpool(input, indices, dims, kernel_size, stride, padding, output_size):
    op = f"max_unpool{dims}d"
    if indices.dtype != ctorch.int64:
        raise RuntimeError(f"elements in indices should be type int64 but got: {indices.dtype}")
    if input.shape != indices.shape:
        raise RuntimeError(f"Expected shape of indices to be same as that of the input tensor "
                           f"({list(input.shape)}) but got indices tensor with shape: {list(indices.shape)}")
    if input.dim() not in (dims + 1, dims + 2):
        raise RuntimeError(f"{op}: Expected {dims + 1}D or {dims + 2}D tensor, but got {list(input.shape)}")
    kernel = _windows.numbers(kernel_size, dims, op, "kernel_size")
    stride = kernel if not stride else _windows.numbers(stride, dims, op, "stride")
    padding = _windows.numbers(padding, dims, op, "padding")
    size = [(s - 1) * t + k - 2 * p for s, t, k, p in zip(input.shape[-dims:], stride, kernel, padding)]
    if output_size is not None:
        wanted = list(output_size)[-dims:] if len(output_size) == dims + 2 else list(output_size)
        if len(wanted) != dims:
            raise ValueError(f"output_size should be a sequence containing {dims} or {dims + 2} elements, but it has a "
                             f"length of '{len(output_size)}'")
        for w, s, t in zip(wanted, size, stride):
            if not s - t < w < s + t:
                raise ValueError(f"invalid output_size {wanted} (dimensions must be within a stride of {size})")
        size = wanted
    return _windows.max_unpool(input, indices, dims, size)


def max_unpool1d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """Zeros with the elements of `input` at `indices`: what max pooling left, put back.

    Examples
    --------
    >>> import ctorch
    >>> x, places = ctorch.ones(1, 1, 1), ctorch.ones(1, 1, 1, dtype=ctorch.int64)
    >>> ctorch.nn.functional.max_unpool1d(x, places, 2)
    tensor([[[0., 1.]]])
    """
    return _unpool(input, indices, 1, kernel_size, stride, padding, output_size)


def max_unpool2d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """Zeros with the elements of `input` at `indices`: what max pooling left, put back.

    Examples
    --------
    >>> import ctorch
    >>> x, places = ctorch.ones(1, 1, 1, 1), ctorch.ones(1, 1, 1, 1, dtype=ctorch.int64)
    >>> ctorch.nn.functional.max_unpool2d(x, places, 2)
    tensor([[[[0., 1.],
              [0., 0.]]]])
    """
    ops._need_tensors(indices)
    return _unpool(input, indices, 2, kernel_size, stride, padding, output_size)


def max_unpool3d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """Zeros with the elements of `input` at `indices`: what max pooling left, put back.

    Examples
    --------
    >>> import ctorch
    >>> x, places = ctorch.ones(1, 1, 1, 1, 1), ctorch.ones(1, 1, 1, 1, 1, dtype=ctorch.int64)
    >>> ctorch.nn.functional.max_unpool3d(x, places, 2)
    tensor([[[[[0., 1.],
               [0., 0.]],
    <BLANKLINE>
              [[0., 0.],
               [0., 0.]]]]])
    """
    ops._need_tensors(indices)
    return _unpool(input, indices, 3, kernel_size, stride, padding, output_size)
