"""Batching rules of ops/normalization.toml."""
from ctorch import _functions as _f
from ctorch._batched import batched, is_batched, real
from ctorch.func._batching._shapes import hide, several

__all__ = ["batch_norm", "batch_norm_backward", "layer_norm", "layer_norm_backward"]


# ---- the examples' channels side by side

def _channels(x, levels):
    # (N, C, ...) of each example as (N, examples * C, ...); a vector of channels as one of all.
    if x is None:
        return None
    n, whole = len(levels), real(x, levels, True)
    if x.ndim == 1:
        return whole.reshape(several(levels) * x.shape[0])
    return whole.movedim(n, 0).reshape(x.shape[0], several(levels) * x.shape[1], *x.shape[2:])


def _apart(y, levels, channels):
    if y is None:
        return None
    sizes = [size for _, size in levels]
    if y.ndim == 1:
        return batched(y.reshape(*sizes, channels if y.numel() else 0), levels)
    return batched(y.reshape(y.shape[0], *sizes, channels, *y.shape[2:]).movedim(0, len(levels)), levels)


def batch_norm(levels, x, weight, bias, running_mean, running_var, training, momentum, eps):
    statistics = [running_mean, running_var]
    if training:
        for s in statistics:
            if s is not None and not is_batched(s):
                raise RuntimeError("Batch norm got a batched tensor as input while the running_mean or running_var, "
                                   "which will be updated in place, were not batched.\nIf you are using a module and "
                                   "do not need eval mode, please set `track_running_stats` to be False.")
    given = [_channels(s, levels) for s in statistics]
    results = _f._batch_norm(_channels(x, levels), _channels(weight, levels), _channels(bias, levels), *given, training,
                             momentum, eps)
    if training:
        for s, new in zip(statistics, given):
            if s is not None:
                s.copy_(_apart(new, levels, x.shape[1]))
    return tuple(_apart(r, levels, x.shape[1]) for r in results)


def batch_norm_backward(levels, grad, x, weight, running_mean, running_var, mean, invstd, training, eps, needs):
    given = [_channels(t, levels) for t in (grad, x, weight, running_mean, running_var, mean, invstd)]
    results = _f._batch_norm_backward(*given, training, eps, needs)
    return tuple(_apart(r, levels, x.shape[1]) for r in results)


# ---- rows

def layer_norm(levels, x, normalized_shape, weight, bias, eps):
    own = is_batched(weight) or is_batched(bias)
    y, mean, invstd = hide(levels, _f._layer_norm(real(x, levels, True), normalized_shape, None if own else weight,
                                                  None if own else bias, eps))
    if own and weight is not None:
        y = y * weight
    if own and bias is not None:
        y = y + bias
    return y, mean, invstd


def layer_norm_backward(levels, grad, x, weight, mean, invstd, normalized_shape, needs):
    gx = gw = gb = None
    if needs[0]:
        g = grad if weight is None else grad * weight
        whole = [real(t, levels, True) for t in (g, x)]
        gx = hide(levels, _f._layer_norm_backward(*whole, None, real(mean, levels, True), real(invstd, levels, True),
                                                  normalized_shape, (True, False, False))[0])
    rows = tuple(range(x.ndim - len(normalized_shape)))
    if needs[1]:
        shape = [*x.shape[:len(rows)], *[1] * len(normalized_shape)]
        gw = grad * (x - mean.reshape(shape)) * invstd.reshape(shape)
        gw = gw.sum(rows) if rows else gw
    if needs[2]:
        gb = grad.sum(rows) if rows else grad
    return gx, gw, gb
