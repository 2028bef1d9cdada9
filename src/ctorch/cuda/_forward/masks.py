"""Elements chosen by masks on CUDA."""
import ctorch
from ctorch.cuda._forward.common import number_like, numel


def _mask_for(x, mask, op):
    """The mask in the shape of x."""
    if mask.dtype != ctorch.bool:
        raise RuntimeError(f"{op} only supports boolean masks, but got mask with dtype {mask.dtype.name}")
    return mask.expand(x.shape)


def masked_fill_into(x, mask, value):
    return ctorch.where(_mask_for(x, mask, "masked_fill_"), number_like(value, x), x)


def masked_select_forward(x, mask):
    if mask.dtype != ctorch.bool:
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    x, mask = ctorch.broadcast_tensors(x, mask)
    return x[mask]


def masked_scatter_into(x, mask, source):
    mask = _mask_for(x, mask, "masked_scatter_")
    if x.dtype != source.dtype:
        raise RuntimeError(f"masked_scatter_: expected self and source to have same dtypes but got {x.dtype} and "
                           f"{source.dtype}")
    places = mask.nonzero(as_tuple=True)
    count = numel(places[0].shape)
    if count > source.numel():
        raise RuntimeError("masked_scatter_: expected the number of elements of source to be at least that of the "
                           f"true elements of mask ({count}), but got {source.numel()}")
    y = x.clone()
    y[places] = source.reshape(-1)[:count]
    return y
