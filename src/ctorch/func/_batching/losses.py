"""Batching rules of ops/losses.toml: of one example, written with other operators."""
import ctorch
from ctorch import _functions as _f
from ctorch._batched import is_batched
from ctorch.func._batching._shapes import apart, merged

__all__ = ["cross_entropy", "cross_entropy_backward", "nll_loss", "nll_loss_backward"]

NONE, MEAN = 0, 1                    # what becomes of the losses of all places; else they are summed


def _weights(x, target, weight, ignore_index):
    """The weight of each place: that of its class, zero where it is ignored."""
    counted = (target != ignore_index)
    if weight is None:
        return counted.to(x.dtype)
    return _f.where(counted, weight[_f.where(counted, target, 0)], 0.0).to(x.dtype)


def _together(losses, total, reduction):
    if reduction == NONE:
        return losses
    return losses.sum() / total if reduction == MEAN else losses.sum()


def _computed(x):
    # The dtype that the kernels compute in.
    return x.float() if x.dtype in (ctorch.float16, ctorch.bfloat16) else x


def nll_loss(levels, x, target, weight, ignore_index, reduction):
    loss, total = _nll_loss(levels, _computed(x), target, weight, ignore_index, reduction)
    return loss.to(x.dtype), total


def _nll_loss(levels, x, target, weight, ignore_index, reduction):
    weights = _weights(x, target, weight, ignore_index)
    rows, places = (x.unsqueeze(0), target.reshape(1)) if x.ndim == 1 else (x, target)
    own = is_batched(weight)
    losses = apart(_f._nll_loss(merged(rows, levels), merged(places, levels), None if own else weight, ignore_index,
                                NONE)[0], levels)
    if x.ndim == 1:
        losses = losses.squeeze(0)
    if own:
        losses = losses * weights
    total = weights.sum()
    return _together(losses, total, reduction), total


def _scale(grad, total, reduction):
    return grad / total if reduction == MEAN else grad


def nll_loss_backward(levels, grad, target, weight, total_weight, shape, ignore_index, reduction):
    dim = 0 if len(shape) == 1 else 1
    weights = _weights(total_weight, target, weight, ignore_index)
    share = -_scale(grad, total_weight, reduction) * weights
    counted = _f.where(target == ignore_index, 0, target).unsqueeze(dim)
    empty = ctorch.zeros(shape, dtype=share.dtype, device=share.device)
    return _f.scatter_add(empty, dim, counted, share.expand(target.shape).unsqueeze(dim))


def cross_entropy(levels, x, target, weight, ignore_index, reduction, smoothing):
    dim = 0 if x.ndim == 1 else 1
    logs = _f.log_softmax(_counted(_computed(x), target, ignore_index, dim), dim)
    losses, total = _nll_loss(levels, logs, target, weight, ignore_index, NONE)
    if smoothing:
        spread = logs if weight is None else logs * _along(weight, x.ndim, dim)
        spread = _f.where(target == ignore_index, 0.0, -spread.sum(dim))
        losses = (1 - smoothing) * losses + smoothing / x.shape[dim] * spread
    return _together(losses, total, reduction).to(x.dtype), total, logs.exp()


def _counted(x, target, ignore_index, dim):
    # Zeros where a target is ignored, as NaN may stand there.
    return _f.where((target == ignore_index).unsqueeze(dim), 0.0, x)


def _along(weight, ndim, dim):
    return weight.reshape([-1 if i == dim else 1 for i in range(ndim)])


def cross_entropy_backward(levels, grad, probabilities, target, weight, total_weight, ignore_index, reduction,
                           smoothing):
    dim = 0 if probabilities.ndim == 1 else 1
    p = _counted(probabilities, target, ignore_index, dim)
    weights = _weights(p, target, weight, ignore_index).unsqueeze(dim)
    counted = _f.where(target == ignore_index, 0, target).unsqueeze(dim)
    classes = _along(ctorch.arange(p.shape[dim], device=p.device), p.ndim, dim)
    wanted = _f.where(classes == counted, weights, 0.0) * (1 - smoothing)
    if smoothing:
        each = ctorch.ones((), dtype=p.dtype, device=p.device) if weight is None else _along(weight, p.ndim, dim)
        valid = (target != ignore_index).unsqueeze(dim).to(p.dtype)
        wanted = wanted + smoothing / p.shape[dim] * each * valid
    scale = _scale(grad, total_weight, reduction)
    return (scale.unsqueeze(dim) if reduction == NONE else scale) * (p * wanted.sum(dim, True) - wanted)
