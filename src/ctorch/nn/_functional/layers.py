"""Linear, convolution, pooling, embedding, dropout and padding of nn.functional."""
import math
import warnings

import ctorch

from ... import _functions as ops
from .ntuple import _pair

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "avg_pool1d", "avg_pool2d", "bilinear", "conv1d", "conv2d",
    "dropout", "dropout1d", "dropout2d", "embedding", "linear", "max_pool1d", "max_pool1d_with_indices",
    "max_pool2d", "max_pool2d_with_indices", "one_hot", "pad", "pixel_shuffle", "pixel_unshuffle",
]


def linear(input, weight, bias=None):
    """Product with the transposed weight, plus the bias: ``input @ weight.T + bias``.

    Parameters
    ----------
    input : Tensor
        Of shape ``(*, in_features)``.
    weight : Tensor
        Of shape ``(out_features, in_features)``.
    bias : Tensor, optional
        Of shape ``(out_features,)``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.linear(ctorch.ones(2, 3), ctorch.ones(1, 3))
    tensor([[3.],
            [3.]])
    """
    if weight.dim() == 1:
        product = ops.matmul(input, weight)
        return product if bias is None else product + bias
    return ops.linear(input, weight, bias)


def bilinear(input1, input2, weight, bias=None):
    """Bilinear form: ``output[..., k] = input1 @ weight[k] @ input2 + bias[k]``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.bilinear(ctorch.ones(1, 2), ctorch.ones(1, 3), ctorch.ones(1, 2, 3))
    tensor([[6.]])
    """
    if input1.shape[:-1] != input2.shape[:-1]:
        raise RuntimeError(
            f"bilinear: input1 {tuple(input1.shape)} and input2 {tuple(input2.shape)} must have the "
            "same sizes but for the last"
        )
    outputs, left, right = weight.shape
    if input1.size(-1) != left or input2.size(-1) != right:
        raise RuntimeError(
            f"bilinear: weight {tuple(weight.shape)} does not fit input1 {tuple(input1.shape)} and "
            f"input2 {tuple(input2.shape)}"
        )
    x, y = input1.reshape(-1, left), input2.reshape(-1, right)
    # (rows, outputs * right) by one product, then the inner product with y
    halfway = (x @ weight.permute(1, 0, 2).reshape(left, outputs * right)).view(-1, outputs, right)
    output = (halfway * y.unsqueeze(1)).sum(-1).view(*input1.shape[:-1], outputs)
    return output if bias is None else output + bias


def _numeric_padding(padding, kernel, stride, dilation):
    """Turn "same" and "valid" into (before, after) per dimension."""
    if padding == "valid":
        return [(0, 0)] * len(kernel)
    if padding != "same":
        raise RuntimeError(f"Invalid padding string: '{padding}'")
    if any(s != 1 for s in stride):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    totals = [d * (k - 1) for d, k in zip(dilation, kernel)]
    return [(total // 2, total - total // 2) for total in totals]


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Two-dimensional convolution (cross-correlation).

    Parameters
    ----------
    input : Tensor
        Of shape ``(batch, in_channels, height, width)``; the batch may be left out.
    weight : Tensor
        Of shape ``(out_channels, in_channels / groups, kernel_height, kernel_width)``.
    bias : Tensor, optional
        Of shape ``(out_channels,)``.
    stride, dilation : int or pair of int
    padding : int, pair of int, "same" or "valid"
        Zeros on both sides.
    groups : int
        Into how many independent groups the channels are divided.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.conv2d(ctorch.ones(1, 1, 3, 3), ctorch.ones(1, 1, 2, 2))
    tensor([[[[4., 4.],
              [4., 4.]]]])
    """
    if isinstance(padding, str):
        sides = _numeric_padding(padding, weight.shape[2:], _pair(stride), _pair(dilation))
        if any(before != after for before, after in sides):
            (top, bottom), (left, right) = sides
            input = ops.pad(input, (left, right, top, bottom), "constant", None)
            padding = 0
        else:
            padding = tuple(before for before, _ in sides)
    return ops.conv2d(input, weight, bias, stride, padding, dilation, groups)


def _single(value):
    return value[0] if isinstance(value, (tuple, list)) else value


def conv1d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """One-dimensional convolution (cross-correlation); see `conv2d`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.conv1d(ctorch.ones(1, 1, 4), ctorch.ones(1, 1, 2))
    tensor([[[2., 2., 2.]]])
    """
    if weight.dim() != 3 or input.dim() not in (2, 3):
        raise RuntimeError(f"conv1d: expected 2D (unbatched) or 3D input and 3D weight, got input "
                           f"{tuple(input.shape)}, weight {tuple(weight.shape)}")
    if not isinstance(padding, str):
        padding = (0, _single(padding))
    # A height of one makes it two-dimensional.
    output = conv2d(input.unsqueeze(-2), weight.unsqueeze(-2), bias, (1, _single(stride)), padding,
                    (1, _single(dilation)), groups)
    return output.squeeze(-2)


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
    output = ops.max_pool2d(input.unsqueeze(-2), (1, _single(kernel_size)),
                              None if stride is None else (1, _single(stride)), (0, _single(padding)),
                              (1, _single(dilation)), ceil_mode, return_indices)
    if return_indices:
        return output[0].squeeze(-2), output[1].squeeze(-2)
    return output.squeeze(-2)


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


def avg_pool1d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    """Mean of each window along the last dimension; see `avg_pool2d`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.avg_pool1d(ctorch.arange(4.0).view(1, 1, 4), 2)
    tensor([[[0.5000, 2.5000]]])
    """
    output = ops.avg_pool2d(input.unsqueeze(-2), (1, _single(kernel_size)),
                              None if stride is None else (1, _single(stride)), (0, _single(padding)),
                              ceil_mode, count_include_pad, None)
    return output.squeeze(-2)


def _adaptive_windows(size, count):
    """Start and end of each of `count` windows that cover `size` elements."""
    return [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


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
    if input.dim() < 2:
        raise RuntimeError(f"adaptive_avg_pool2d: expected 3D or 4D input, got {tuple(input.shape)}")
    height, width = input.shape[-2:]
    rows, columns = (size if wanted is None else wanted
                     for wanted, size in zip(_pair(output_size), (height, width)))
    if rows == columns == 1:
        return input.mean((-2, -1), keepdim=True)
    if rows and columns and height % rows == 0 and width % columns == 0:
        return ops.avg_pool2d(input, (height // rows, width // columns), None, 0, False, True, None)
    bands = [
        input[..., top:bottom, :].mean(-2, keepdim=True) for top, bottom in _adaptive_windows(height, rows)
    ]
    input = ctorch.cat(bands, -2)
    return ctorch.cat([input[..., left:right].mean(-1, keepdim=True)
                       for left, right in _adaptive_windows(width, columns)], -1)


def adaptive_avg_pool1d(input, output_size):
    """`adaptive_avg_pool2d` along the last dimension only.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.adaptive_avg_pool1d(ctorch.arange(4.0).view(1, 1, 4), 2)
    tensor([[[0.5000, 2.5000]]])
    """
    return adaptive_avg_pool2d(input.unsqueeze(-2), (1, _single(output_size))).squeeze(-2)


def embedding(
    input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False
):
    """Rows of `weight` at the indices `input`.

    Parameters
    ----------
    input : Tensor
        Integers of any shape.
    weight : Tensor
        Of shape ``(num_embeddings, embedding_dim)``.
    padding_idx : int, optional
        Row that gets no gradient.
    max_norm, norm_type, scale_grad_by_freq, sparse
        PyTorch's further options; only the defaults are available.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.embedding(ctorch.tensor([1, 0]), ctorch.eye(2))
    tensor([[0., 1.],
            [1., 0.]])
    """
    for name, value in (
        ("max_norm", max_norm),
        ("scale_grad_by_freq", scale_grad_by_freq),
        ("sparse", sparse),
    ):
        if value:
            raise NotImplementedError(f"embedding: {name}={value} is not available ({weight.dtype}, "
                                      f"{weight.device})")
    if padding_idx is None:
        padding_idx = -1
    else:
        rows = weight.size(0)
        if not -rows <= padding_idx < rows:
            raise AssertionError("Padding_idx must be within num_embeddings")
        padding_idx %= rows
    return ops.embedding(weight, input, padding_idx)


def one_hot(tensor, num_classes=-1):
    """Vectors of zeros with a one at each index of `tensor`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.one_hot(ctorch.tensor([0, 2]), 3)
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    if tensor.dtype != ctorch.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if tensor.numel() == 0 and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor.")
    if tensor.numel() and int(tensor.min()) < 0:
        raise RuntimeError("Class values must be non-negative.")
    largest = int(tensor.max()) if tensor.numel() else -1
    if num_classes == -1:
        num_classes = largest + 1
    elif num_classes < 1:
        raise RuntimeError("num_classes should be positive")
    elif largest >= num_classes:
        raise RuntimeError("Class values must be smaller than num_classes.")
    classes = ctorch.arange(num_classes, device=tensor.device)
    return (tensor.unsqueeze(-1) == classes).to(ctorch.int64)


def _check_probability(p):
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def dropout(input, p=0.5, training=True, inplace=False):
    """Set elements to zero with probability `p` and scale the others by ``1 / (1 - p)``.

    Parameters
    ----------
    input : Tensor
    p : float
        Probability of an element to be dropped.
    training : bool
        Without it the input is returned as it is.
    inplace : bool
        Overwrite `input`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.dropout(ctorch.ones(2), 0.5, training=False)
    tensor([1., 1.])
    """
    _check_probability(p)
    if not training:
        return input
    output = ops.dropout(input, p, True)
    return input.copy_(output) if inplace else output


def _feature_dropout(input, p, training, inplace):
    """Dropout of whole channels: dimensions from 2 on share one draw."""
    _check_probability(p)
    if not training or p == 0:
        return input
    if p == 1:
        output = input * 0
    else:
        noise = ctorch.empty(
            input.shape[:2] + (1,) * (input.dim() - 2), dtype=input.dtype, device=input.device
        )
        output = input * noise.bernoulli_(1 - p).div_(1 - p)
    return input.copy_(output) if inplace else output


def dropout1d(input, p=0.5, training=True, inplace=False):
    """`dropout` of whole channels of ``(batch, channels, length)`` or ``(channels, length)``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.dropout1d(ctorch.ones(1, 2, 3), training=False).shape
    torch.Size([1, 2, 3])
    """
    if input.dim() not in (2, 3):
        raise RuntimeError(f"dropout1d: Expected 2D or 3D input, but received a {input.dim()}D input.")
    if input.dim() == 2:
        output = _feature_dropout(input.unsqueeze(0), p, training, False).squeeze(0)
        return input.copy_(output) if inplace else output
    return _feature_dropout(input, p, training, inplace)


def dropout2d(input, p=0.5, training=True, inplace=False):
    """`dropout` of whole channels of ``(batch, channels, height, width)``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.dropout2d(ctorch.ones(1, 2, 3, 3), training=False).shape
    torch.Size([1, 2, 3, 3])
    """
    if input.dim() not in (3, 4):
        warnings.warn(
            f"dropout2d: Received a {input.dim()}-D input to dropout2d, which is deprecated and will "
            "result in an error in a future release.",
            stacklevel=2,
        )
    return _feature_dropout(input, p, training, inplace)


def pad(input, pad, mode="constant", value=None):
    """Extend `input` at the ends of its last dimensions.

    Parameters
    ----------
    input : Tensor
    pad : sequence of int
        Pairs of (before, after), the last dimension first; negative sizes cut off.
    mode : {"constant", "reflect", "replicate", "circular"}
    value : float, optional
        Filler of mode ``"constant"``; zero by default.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.pad(ctorch.ones(2), (1, 2))
    tensor([0., 1., 1., 0., 0.])
    """
    return ops.pad(input, pad, mode, value)


def pixel_shuffle(input, upscale_factor):
    """Rearrange ``(*, c * r * r, h, w)`` to ``(*, c, h * r, w * r)`` with ``r = upscale_factor``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.pixel_shuffle(ctorch.zeros(1, 9, 4, 4), 3).shape
    torch.Size([1, 1, 12, 12])
    """
    r = upscale_factor
    *batch, channels, height, width = input.shape
    if r <= 0 or channels % (r * r):
        raise RuntimeError(
            f"pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of "
            f"upscale_factor, but input.size(-3)={channels} is not divisible by {r * r}"
        )
    split = input.reshape(math.prod(batch), channels // (r * r), r, r, height, width)
    return split.permute(0, 1, 4, 2, 5, 3).reshape(*batch, channels // (r * r), height * r, width * r)


def pixel_unshuffle(input, downscale_factor):
    """Inverse of `pixel_shuffle`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.pixel_unshuffle(ctorch.zeros(1, 1, 12, 12), 3).shape
    torch.Size([1, 9, 4, 4])
    """
    r = downscale_factor
    *batch, channels, height, width = input.shape
    if r <= 0 or height % r or width % r:
        raise RuntimeError(
            f"pixel_unshuffle expects height and width to be divisible by downscale_factor, but got "
            f"{tuple(input.shape)} and {r}"
        )
    split = input.reshape(math.prod(batch), channels, height // r, r, width // r, r)
    return split.permute(0, 1, 3, 5, 2, 4).reshape(*batch, channels * r * r, height // r, width // r)
