"""Selection by index, written with other operators."""
import ctorch
from ctorch import _functions as ops


def masked_fill(input, mask, value):
    if mask.dtype != ctorch.bool:
        raise RuntimeError("masked_fill_ only supports boolean masks, but got mask with dtype " + str(mask.dtype))
    if isinstance(value, ctorch.Tensor) and value.dim() > 0:
        raise RuntimeError("masked_fill only supports a 0-dimensional value tensor, but got tensor with "
                           f"{value.dim()} dimension(s).")
    if isinstance(value, ctorch.Tensor):
        value = value.to(input.dtype)
    return ops._where(mask, value, input)


def masked_select(input, mask):
    if mask.dtype != ctorch.bool:
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    if mask.device != input.device:
        raise RuntimeError("masked_select: expected self and mask to be on the same device, but got mask on "
                           f"{mask.device} and self on {input.device}")
    input, mask = ctorch.broadcast_tensors(input, mask)
    return input[mask]
