"""Linear maps and padding of nn.functional."""
import ctorch

from ... import _functions as ops

__all__ = ["bilinear", "linear", "pad"]


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
    if isinstance(weight, ctorch.Tensor) and weight.dim() == 1:
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
    return ops.bilinear(input1, input2, weight, bias)


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
