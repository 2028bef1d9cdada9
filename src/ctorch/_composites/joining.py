"""Tensors cut into pieces and put together."""
import itertools

import ctorch
from ctorch import _views as views
from ctorch._shape import wrap


def split_with_sizes(input, split_sizes, dim=0):
    return views.split(input, list(split_sizes), dim)


def _cuts(input, indices_or_sections, dim):
    """Where the pieces of tensor_split begin and end."""
    size = input.shape[dim]
    if isinstance(indices_or_sections, ctorch.Tensor):
        if indices_or_sections.dim() > 1:
            raise RuntimeError("tensor_split expected tensor_indices_or_sections to be a zero-dimensional or "
                               "one-dimensional tensor, but got a tensor with "
                               f"{indices_or_sections.dim()} dims")
        if indices_or_sections.dtype != ctorch.int64:
            raise RuntimeError("tensor_split expected tensor_indices_or_sections to have dtype of long, but got "
                               f"{indices_or_sections.type()}")
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, int):
        sections = indices_or_sections
        if sections <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {sections}")
        least, more = divmod(size, sections)
        ends = [k * least + min(k, more) for k in range(sections + 1)]
        return list(itertools.pairwise(ends))
    ends = [range(size)[:int(i)].stop for i in indices_or_sections]
    starts = [0, *ends]
    return [(a, max(a, b)) for a, b in zip(starts, [*ends, size], strict=True)]


def _pieces(input, cuts, dim):
    return tuple(views.slice_(input, dim, a, b, 1) for a, b in cuts)


def tensor_split(input, indices_or_sections, dim=0):
    if input.dim() == 0:
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    dim = wrap(dim, input.dim(), "tensor_split")
    return _pieces(input, _cuts(input, indices_or_sections, dim), dim)


def _split_along(input, indices_or_sections, dim, least, op):
    if input.dim() < least:
        raise RuntimeError(f"torch.{op} requires a tensor with at least {least} dimension{'s' * (least > 1)}, but got "
                           f"a tensor with {input.dim()} dimensions!")
    if isinstance(indices_or_sections, int) and (indices_or_sections <= 0
                                                 or input.shape[dim] % indices_or_sections):
        raise RuntimeError(f"torch.{op} attempted to split along dimension {dim}, but the size of the dimension "
                           f"{input.shape[dim]} is not divisible by the split_size {indices_or_sections}!")
    return tensor_split(input, indices_or_sections, dim)


def hsplit(input, indices_or_sections):
    return _split_along(input, indices_or_sections, 0 if input.dim() == 1 else 1, 1, "hsplit")


def vsplit(input, indices_or_sections):
    return _split_along(input, indices_or_sections, 0, 2, "vsplit")


def dsplit(input, indices_or_sections):
    return _split_along(input, indices_or_sections, 2, 3, "dsplit")


def _unlinked(pieces):
    # each knows nothing of the others, nor of what it was cut from
    return tuple(views.alone(piece) for piece in pieces)


def unsafe_split(input, split_size, dim=0):
    return _unlinked(views.split(input, split_size, dim))


def unsafe_split_with_sizes(input, split_sizes, dim=0):
    return _unlinked(views.split(input, list(split_sizes), dim))


def unsafe_chunk(input, chunks, dim=0):
    return _unlinked(views.chunk(input, chunks, dim))


def _some(tensors, op):
    tensors = list(tensors)
    if not tensors:
        raise RuntimeError(f"{op} expects a non-empty TensorList")
    return tensors


def hstack(tensors):
    tensors = _some(tensors, "hstack")
    if 0 in [t.dim() for t in tensors]:
        tensors = ctorch.atleast_1d(tensors)
    return ctorch.cat(tensors, 0 if tensors[0].dim() == 1 else 1)


def vstack(tensors):
    return ctorch.cat(ctorch.atleast_2d(_some(tensors, "vstack")), 0)


def dstack(tensors):
    return ctorch.cat(ctorch.atleast_3d(_some(tensors, "dstack")), 2)


def column_stack(tensors):
    return ctorch.cat([t.reshape(t.numel(), 1) if t.dim() <= 1 else t
                       for t in _some(tensors, "column_stack")], 1)
