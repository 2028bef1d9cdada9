"""Negative log-likelihood and cross entropy over class numbers on CUDA: checks and shapes around the loss kernels."""
import ctorch
from ctorch._shape import refuse_target
from ctorch.cuda._forward.common import (
    around,
    compute_dtype,
    dense,
    empty,
    first_outside,
    float_name,
    index_of,
    numel,
    pointer,
    team_for,
)
from ctorch.cuda.launch import Kernel, blocks_for

_LOSS = "qqqqqdPP"                   # struct ClassLoss of kernels/loss.cu
_NONE = 0
_nll = Kernel("loss", "ct_nll", "P" + _LOSS + "PP")
_nll_backward = Kernel("loss", "ct_nll_backward", "PPP" + _LOSS)
_loss_sum = Kernel("loss", "ct_loss_sum", "PPPPqq")
_cross_entropy = Kernel("loss", "ct_cross_entropy", "P" + _LOSS + "PPPi")
_sum_weights = Kernel("loss", "ct_sum_weights", "PPq")
_cross_entropy_backward = Kernel("loss", "ct_cross_entropy_backward", "PPPPP" + _LOSS)


def launch_class_loss(index, dtype, x, loss, losses, weights, probabilities=0):
    """Loss and weight of each target; `loss` is the tuple of struct ClassLoss. Cross entropy where probabilities."""
    outer, classes, inner = loss[:3]
    count = outer * inner
    if count == 0:
        return
    if probabilities:
        team, grid, block = team_for(count, classes, inner)
        _cross_entropy(index, dtype, grid, block, x, *loss, probabilities, losses, weights, team)
    else:
        _nll(index, dtype, (blocks_for(count),), (256,), x, *loss, losses, weights)


def launch_loss_sum(index, dtype, losses, weights, loss, total_weight, count, reduction):
    """Total weight, and the reduced loss unless the reduction is none."""
    _loss_sum(index, dtype, (1,), (256,), losses, weights, loss, total_weight, count, reduction)


def launch_nll_backward(index, dtype, g, total_weight, gx, loss):
    count = loss[0] * loss[1] * loss[2]
    if count:
        _nll_backward(index, dtype, (blocks_for(count),), (256,), g, total_weight, gx, *loss)


def launch_cross_entropy_backward(index, dtype, g, probabilities, total_weight, everything, gx, loss):
    """`everything` is room for one element, where there are weights of classes."""
    count = loss[0] * loss[1] * loss[2]
    if count:
        if everything:
            _sum_weights(index, dtype, (1,), (256,), loss[7], everything, loss[1])
        _cross_entropy_backward(index, dtype, (blocks_for(count),), (256,), g, probabilities, total_weight, everything,
                                gx, *loss)


def _class_dim(shape):
    return 0 if len(shape) == 1 else 1


def _describe(shape, target, weight, ignore_index, reduction, smoothing=0.0):
    return (*around(shape, _class_dim(shape)), ignore_index, reduction, smoothing, target.data_ptr(), pointer(weight))


def _check(x, target, weight, op):
    if target.dtype != ctorch.int64:
        raise RuntimeError(f"{op}: expected target of dtype torch.int64, got {target.dtype}")
    shape, given = tuple(x.shape), tuple(target.shape)
    if not shape or given not in ([(), (1,)] if len(shape) == 1 else [shape[:1] + shape[2:]]):
        refuse_target(shape, given)
    classes = x.shape[_class_dim(x.shape)]
    if weight is not None and (len(weight.shape) != 1 or weight.shape[0] != classes):
        raise RuntimeError(f"{op}: weight tensor should be defined either for all {classes} classes or no classes but "
                           f"got weight tensor of shape: {list(weight.shape)}")


def _forward(x, target, weight, ignore_index, reduction, fused, smoothing):
    op = "cross_entropy" if fused else "nll_loss"
    name, dtype, index = float_name(x, op), compute_dtype(x, op), index_of(x)
    _check(x, target, weight, op)
    a, t = dense(x), dense(target)
    w = None if weight is None else dense(weight, dtype)
    bad = first_outside(t, x.shape[_class_dim(x.shape)], ignore_index)
    if bad is not None:
        raise IndexError(f"Target {bad} is out of bounds.")
    losses, weights = empty(target.shape, dtype, x.device), empty(target.shape, dtype, x.device)
    total, y = empty((), dtype, x.device), empty((), dtype, x.device)
    p = empty(x.shape, dtype, x.device) if fused else None
    loss = _describe(x.shape, t, w, ignore_index, reduction, smoothing)
    launch_class_loss(index, name, a.data_ptr(), loss, losses.data_ptr(), weights.data_ptr(), pointer(p))
    launch_loss_sum(index, name, losses.data_ptr(), weights.data_ptr(), y.data_ptr(), total.data_ptr(),
                    numel(target.shape), reduction)
    y = losses if reduction == _NONE else y
    y = y if y.dtype == x.dtype else y.to(x.dtype)
    return (y, total, p) if fused else (y, total)


def nll_loss_forward(x, target, weight, ignore_index, reduction):
    return _forward(x, target, weight, ignore_index, reduction, False, 0.0)


def cross_entropy_forward(x, target, weight, ignore_index, reduction, smoothing):
    return _forward(x, target, weight, ignore_index, reduction, True, smoothing)


def nll_loss_backward_forward(grad, target, weight, total_weight, shape, ignore_index, reduction):
    dtype = total_weight.dtype
    g, t = dense(grad, dtype), dense(target)
    w = None if weight is None else dense(weight, dtype)
    gx = empty(tuple(shape), dtype, grad.device)
    launch_nll_backward(index_of(grad), dtype.name, g.data_ptr(), total_weight.data_ptr(), gx.data_ptr(),
                        _describe(shape, t, w, ignore_index, reduction))
    return gx


def cross_entropy_backward_forward(grad, probabilities, target, weight, total_weight, ignore_index, reduction,
                                   smoothing):
    dtype, shape = total_weight.dtype, probabilities.shape
    g, t = dense(grad, dtype), dense(target)
    w = None if weight is None else dense(weight, dtype)
    everything = None if weight is None or not smoothing else empty((), dtype, grad.device)
    gx = empty(shape, dtype, grad.device)
    launch_cross_entropy_backward(index_of(grad), dtype.name, g.data_ptr(), dense(probabilities).data_ptr(),
                                  total_weight.data_ptr(), pointer(everything), gx.data_ptr(),
                                  _describe(shape, t, w, ignore_index, reduction, smoothing))
    return gx
