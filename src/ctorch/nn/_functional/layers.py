"""Linear maps and padding of nn.functional."""
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
    if bias is not None and bias.dtype != weight.dtype:
        raise RuntimeError(f"bilinear: expected bias of dtype {weight.dtype}, got {bias.dtype}")
    outputs, left, right = weight.shape
    if bias is not None and bias.shape != (outputs,):
        raise RuntimeError(f"bilinear: expected bias of {outputs} elements, got {tuple(bias.shape)}")
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
