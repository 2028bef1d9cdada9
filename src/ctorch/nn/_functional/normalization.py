"""Normalisation functions of nn.functional."""
import math

import ctorch

from ... import _functions as ops

__all__ = ["batch_norm", "group_norm", "layer_norm", "normalize", "rms_norm"]


def _verify_batch_size(size):
    # The variance of one value is zero whatever the value: nothing could be learned.
    if math.prod(size) // max(size[1], 1) == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {size}")


def batch_norm(
    input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5
):
    """Normalise each channel over the batch.

    Parameters
    ----------
    input : Tensor
        Of shape ``(batch, channels, *)``.
    running_mean, running_var : Tensor or None
        Averages over batches; updated in training, used in evaluation.
    weight, bias : Tensor, optional
        Scale and shift per channel.
    training : bool
        Use the statistics of this batch.
    momentum : float
        Weight of this batch in the running averages.
    eps : float
        Added to the variance.

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.tensor([[1.0], [3.0]])
    >>> ctorch.nn.functional.batch_norm(x, None, None, training=True, eps=0.0)
    tensor([[-1.],
            [ 1.]])
    """
    if training:
        _verify_batch_size(input.size())
    return ops.batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps)


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
    """Normalise over the last dimensions, whose sizes are `normalized_shape`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.layer_norm(ctorch.tensor([1.0, 3.0]), [2], eps=0.0)
    tensor([-1.,  1.])
    """
    return ops.layer_norm(input, normalized_shape, weight, bias, eps)


def group_norm(input, num_groups, weight=None, bias=None, eps=1e-5):
    """Normalise groups of channels of each sample; `weight` and `bias` are per channel.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.group_norm(ctorch.tensor([[1.0, 3.0]]), 1, eps=0.0)
    tensor([[-1.,  1.]])
    """
    if input.dim() < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {input.dim()}")
    batch, channels = input.shape[:2]
    if num_groups <= 0 or channels % num_groups:
        raise RuntimeError(
            f"Expected number of channels in input to be divisible by num_groups, but got input of "
            f"shape {list(input.shape)} and num_groups={num_groups}"
        )
    rows = input.reshape(batch * num_groups, input[0].numel() // num_groups if batch else 0)
    output = ops.layer_norm(rows, [rows.size(1)], None, None, eps).view(input.shape)
    per_channel = (1, channels, *[1] * (input.dim() - 2))
    if weight is not None:
        output = output * weight.view(per_channel)
    if bias is not None:
        output = output + bias.view(per_channel)
    return output


def rms_norm(input, normalized_shape, weight=None, eps=None):
    """Divide by the root mean square over the last dimensions.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.rms_norm(ctorch.tensor([3.0, 3.0]), [2])
    tensor([1., 1.])
    """
    if tuple(input.shape[input.dim() - len(normalized_shape):]) != tuple(normalized_shape):
        raise RuntimeError(
            f"rms_norm: normalized_shape is {list(normalized_shape)}, expected the last sizes of input "
            f"{tuple(input.shape)}"
        )
    if eps is None:
        eps = ctorch.finfo(input.dtype).eps
    dims = tuple(range(-len(normalized_shape), 0))
    output = input * ((input * input).mean(dims, keepdim=True) + eps).rsqrt()
    return output if weight is None else output * weight


def normalize(input, p=2.0, dim=1, eps=1e-12, out=None):
    """Divide by the norm along `dim`, or by `eps` where the norm is smaller.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.normalize(ctorch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    output = input / input.norm(p, dim, keepdim=True).clamp(min=eps)
    return output if out is None else out.copy_(output)
