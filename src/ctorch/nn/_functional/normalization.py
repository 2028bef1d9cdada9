"""Normalisation functions of nn.functional."""
import math

from ... import _functions as ops

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "local_response_norm", "normalize", "rms_norm"]


def _verify_batch_size(size):
    # The variance of one value is zero whatever the value: nothing could be learned.
    if math.prod((*size[:1], *size[2:])) == 1:
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
    >>> ctorch.nn.functional.batch_norm(x, None, None, training=True, eps=1e-12)
    tensor([[-1.],
            [ 1.]])
    """
    if training:
        _verify_batch_size(input.size())
        if eps <= 0:
            raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
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


def normalize(input, p=2.0, dim=1, eps=1e-12, out=None):
    """Divide by the norm along `dim`, or by `eps` where the norm is smaller.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.normalize(ctorch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    output = input / input.norm(p, dim, keepdim=True).clamp(min=eps)
    return ops._result_in(out, output, "normalize")


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
    if num_groups > 0:
        _verify_batch_size((input.size(0) * input.size(1) // num_groups, num_groups, *input.shape[2:]))
    return ops.group_norm(input, num_groups, weight, bias, eps)


def rms_norm(input, normalized_shape, weight=None, eps=None):
    """Divide by the root mean square over the last dimensions.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.rms_norm(ctorch.tensor([3.0, 3.0]), [2])
    tensor([1., 1.])
    """
    return ops.rms_norm(input, normalized_shape, weight, eps)


def instance_norm(input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True,
                  momentum=0.1, eps=1e-5):
    """Normalise each channel of each sample.

    Parameters
    ----------
    input : Tensor
        Of shape ``(batch, channels, *)``.
    running_mean, running_var : Tensor, optional
        Averages over batches; updated with the input's statistics, used without.
    weight, bias : Tensor, optional
        Scale and shift per channel.
    use_input_stats : bool
    momentum : float
        Weight of this batch in the running averages.
    eps : float
        Added to the variance.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.instance_norm(ctorch.tensor([[[1.0, 3.0]]]), eps=0.0)
    tensor([[[-1.,  1.]]])
    """
    if use_input_stats and math.prod(input.shape[2:]) == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {input.size()}")
    return ops.instance_norm(input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps)


def local_response_norm(input, size, alpha=1e-4, beta=0.75, k=1.0):
    """Divide by a power of ``k + alpha *`` the mean square over `size` neighbouring channels.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.local_response_norm(ctorch.ones(1, 2, 1), 2, alpha=2.0, beta=1.0)
    tensor([[[0.5000],
             [0.3333]]])
    """
    if input.dim() < 3:
        raise ValueError(f"Expected 3D or higher dimensionality input (got {input.dim()} dimensions)")
    if input.numel() == 0:
        return input
    squares = input * input
    # Channels become rows of an image, pooled with a window of one column.
    rows = squares.reshape(input.size(0), 1, input.size(1), -1)
    rows = ops.pad(rows, (0, 0, size // 2, (size - 1) // 2), "constant", 0)
    means = ops.avg_pool2d(rows, (size, 1), 1).reshape(input.shape)
    return input / (means * alpha + k).pow(beta)
