"""Dropout of nn.functional."""
import warnings

from ... import _functions as ops

__all__ = ["alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"]


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


def _drop(function, input, p, training, inplace):
    _check_probability(p)
    output = function(input, p, training)
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
        output = _drop(ops.feature_dropout, input.unsqueeze(0), p, training, False).squeeze(0)
        return input.copy_(output) if inplace else output
    return _drop(ops.feature_dropout, input, p, training, inplace)


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
    return _drop(ops.feature_dropout, input, p, training, inplace)


def dropout3d(input, p=0.5, training=True, inplace=False):
    """`dropout` of whole channels of ``(batch, channels, depth, height, width)``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.dropout3d(ctorch.ones(1, 2, 3, 3, 3), training=False).shape
    torch.Size([1, 2, 3, 3, 3])
    """
    if input.dim() not in (4, 5):
        warnings.warn(
            f"dropout3d: Received a {input.dim()}-D input to dropout3d, which is deprecated and will "
            "result in an error in a future release.",
            stacklevel=2,
        )
    if input.dim() == 4:
        output = _drop(ops.feature_dropout, input.unsqueeze(0), p, training, False).squeeze(0)
        return input.copy_(output) if inplace else output
    return _drop(ops.feature_dropout, input, p, training, inplace)


def alpha_dropout(input, p=0.5, training=False, inplace=False):
    """Dropout that keeps mean and variance of self-normalising networks (Klambauer et al., 2017).

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.alpha_dropout(ctorch.ones(2))
    tensor([1., 1.])
    """
    return _drop(ops.alpha_dropout, input, p, training, inplace)


def feature_alpha_dropout(input, p=0.5, training=False, inplace=False):
    """`alpha_dropout` of whole channels.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.feature_alpha_dropout(ctorch.ones(1, 2))
    tensor([[1., 1.]])
    """
    return _drop(ops.feature_alpha_dropout, input, p, training, inplace)
