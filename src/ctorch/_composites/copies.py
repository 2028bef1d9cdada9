"""Copies of what views show."""
from ctorch import _functions as ops
from ctorch import _views as views
from ctorch._shape import wrap

fresh = views.fresh


def alias_copy(input):
    return fresh(input)


def detach_copy(input):
    return fresh(views.detach(input))


def as_strided_copy(input, size, stride, storage_offset=None):
    return fresh(views.as_strided(input, size, stride, storage_offset))


def diagonal_copy(input, offset=0, dim1=0, dim2=1):
    return fresh(views.diagonal(input, offset, dim1, dim2))


def expand_copy(input, size, *, implicit=False):
    return fresh(views.expand(input, size))


def narrow_copy(input, dim, start, length):
    return fresh(views.narrow(input, dim, start, length))


def permute_copy(input, dims):
    return fresh(views.permute(input, dims))


def select_copy(input, dim, index):
    return fresh(views.select_(input, dim, index))


def slice_copy(input, dim=0, start=None, end=None, step=1):
    if input.dim() == 0:
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")
    wrap(dim, input.dim(), "slice_copy")
    if step < 1:
        raise RuntimeError("slice step must be positive")
    return fresh(views.slice_(input, dim, start, end, step))


def split_copy(input, split_size, dim=0):
    return tuple(fresh(piece) for piece in views.split(input, split_size, dim))


def split_with_sizes_copy(input, split_sizes, dim=0):
    return tuple(fresh(piece) for piece in views.split(input, list(split_sizes), dim))


def squeeze_copy(input, dim=None):
    return fresh(views.squeeze(input, dim))


def t_copy(input):
    return fresh(views.t(input))


def transpose_copy(input, dim0, dim1):
    return fresh(views.transpose(input, dim0, dim1))


def unbind_copy(input, dim=0):
    return tuple(fresh(piece) for piece in views.unbind(input, dim))


def unfold_copy(input, dimension, size, step):
    return fresh(views.unfold(input, dimension, size, step))


def unsqueeze_copy(input, dim):
    return fresh(views.unsqueeze(input, dim))


def view_copy(input, size):
    return fresh(input.reshape(size))


def view_as_real_copy(input):
    return fresh(ops.view_as_real(input))


def view_as_complex_copy(input):
    return fresh(ops.view_as_complex(input))
