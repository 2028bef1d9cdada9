"""Convolution of nn.functional, and images as columns of blocks."""
from ... import _functions as ops
from .ntuple import _pair

__all__ = ["conv1d", "conv2d", "conv3d", "conv_tbc", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "fold",
           "unfold"]

conv1d, conv2d, conv3d, conv_tbc = ops.conv1d, ops.conv2d, ops.conv3d, ops.conv_tbc
conv_transpose1d, conv_transpose2d = ops.conv_transpose1d, ops.conv_transpose2d
conv_transpose3d = ops.conv_transpose3d


def unfold(input, kernel_size, dilation=1, padding=0, stride=1):
    """The elements of each sliding block of images in a column.

    Parameters
    ----------
    input : Tensor
        Of shape ``(batch, channels, height, width)``; the batch may be left out.
    kernel_size, dilation, padding, stride : int or pair of int

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.unfold(ctorch.arange(6.0).view(1, 1, 2, 3), 2)
    tensor([[[0., 1.],
             [1., 2.],
             [3., 4.],
             [4., 5.]]])
    """
    return ops.im2col(input, _pair(kernel_size), _pair(dilation), _pair(padding), _pair(stride))


def fold(input, output_size, kernel_size, dilation=1, padding=0, stride=1):
    """Images of the sums of blocks: the blocks are columns, as `unfold` makes them.

    Parameters
    ----------
    input : Tensor
        Of shape ``(batch, channels * block, blocks)``; the batch may be left out.
    output_size : int or pair of int
    kernel_size, dilation, padding, stride : int or pair of int

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.fold(ctorch.ones(1, 4, 2), (2, 3), 2)
    tensor([[[[1., 2., 1.],
              [1., 2., 1.]]]])
    """
    return ops.col2im(input, _pair(output_size), _pair(kernel_size), _pair(dilation), _pair(padding), _pair(stride))
