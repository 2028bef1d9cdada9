"""Activation functions, written with other operators."""
import ctorch


def prelu(input, weight):
    if input.dtype != weight.dtype:
        raise RuntimeError(f"prelu: Type promoting not supported. Got {input.dtype} and {weight.dtype}")
    if weight.dim() > 1:
        raise RuntimeError(f"prelu: expected a weight of at most 1 dimension, got shape {tuple(weight.shape)}")
    channels = input.size(1) if input.dim() >= 2 else 1
    if weight.numel() == 1:
        weight = weight.reshape(())
    else:
        if weight.numel() != channels:
            raise RuntimeError(f"prelu: weight has {weight.numel()} elements, expected 1 or the number of channels "
                               f"{channels} (input {tuple(input.shape)})")
        if input.dim() > 2:
            weight = weight.view(-1, *[1] * (input.dim() - 2))
    return ctorch.where(input > 0, input, weight * input)
