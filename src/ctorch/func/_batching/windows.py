"""Batching rules of ops/windows.toml: convolutions with examples in the batch or in the groups."""
from ctorch import _functions as _f
from ctorch._batched import batched, is_batched, real
from ctorch.func._batching._shapes import apart, merged, several

__all__ = ["conv2d", "conv2d_input", "conv2d_weight"]


def _side_by_side(x, levels):
    # (N, C, ...) of each example as (N, examples * C, ...).
    return real(x, levels, True).movedim(len(levels), 0).reshape(x.shape[0], several(levels) * x.shape[1], *x.shape[2:])


def _taken_apart(y, levels, channels):
    return batched(y.reshape(y.shape[0], *(size for _, size in levels), channels, *y.shape[2:]).movedim(0, len(levels)),
                   levels)


def conv2d(levels, x, weight, bias, stride, padding, dilation, groups):
    if not is_batched(weight):
        if not is_batched(bias):
            return apart(_f._conv2d(merged(x, levels), weight, bias, stride, padding, dilation, groups), levels)
        y = _f._conv2d(x, weight, None, stride, padding, dilation, groups)
    elif is_batched(x):
        y = _f._conv2d(_side_by_side(x, levels), merged(weight, levels), None, stride, padding, dilation,
                       groups * several(levels))
        y = _taken_apart(y, levels, weight.shape[0])
    else:                                # all filters on the same images; those of a group must stay together
        n, count, outputs = len(levels), several(levels), weight.shape[0]
        sizes = [size for _, size in levels]
        filters = real(weight, levels, True).reshape(*sizes, groups, outputs // groups, *weight.shape[1:])
        filters = filters.movedim(n, 0).reshape(count * outputs, *weight.shape[1:])
        y = _f._conv2d(x, filters, None, stride, padding, dilation, groups)
        y = y.reshape(x.shape[0], groups, *sizes, outputs // groups, *y.shape[2:])
        y = y.permute(*range(2, n + 2), 0, 1, *range(n + 2, y.ndim))
        y = batched(y.reshape(*sizes, x.shape[0], outputs, *y.shape[n + 3:]), levels)
    return y if bias is None else y + bias.reshape(-1, 1, 1)


def conv2d_input(levels, grad, weight, shape, stride, padding, dilation, groups):
    if not is_batched(weight):
        wide = (several(levels) * shape[0], *shape[1:])
        return apart(_f._conv2d_input(merged(grad, levels), weight, wide, stride, padding, dilation, groups), levels)
    wide = (shape[0], several(levels) * shape[1], *shape[2:])
    y = _f._conv2d_input(_side_by_side(grad, levels), merged(weight, levels), wide, stride, padding, dilation,
                         groups * several(levels))
    return _taken_apart(y, levels, shape[1])


def conv2d_weight(levels, grad, x, shape, stride, padding, dilation, groups):
    wide = (several(levels) * shape[0], *shape[1:])
    return apart(_f._conv2d_weight(_side_by_side(grad, levels), _side_by_side(x, levels), wide, stride, padding,
                                   dilation, groups * several(levels)), levels)
