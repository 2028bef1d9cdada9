"""Gradients of losses."""
import ctorch
from ctorch import _functions as _f
from ctorch._tape import _is_differentiable


def nll_loss_value(g, target, weight, ignore_index, reduction):
    """The loss is linear in its input, so the gradient of its gradient is the loss again."""
    return _f._nll_loss(g, target, weight, ignore_index, reduction)[0]


def cross_entropy_gradient(g, x, target, weight, total_weight, probabilities, ignore_index, reduction, smoothing):
    """Gradient of cross entropy: the fused kernel, or p * sum(q) - q on tensors where a graph is wanted."""
    if not _is_differentiable():
        return _f._cross_entropy_backward(g, probabilities, target, weight, total_weight, ignore_index, reduction,
                                          smoothing)
    dim = 0 if x.dim() == 1 else 1
    with ctorch.no_grad():
        wide = [-1 if i == dim else 1 for i in range(x.dim())]
        classes = ctorch.arange(x.shape[dim], device=x.device).reshape(wide)
        w = ctorch.ones(x.shape[dim], dtype=x.dtype, device=x.device) if weight is None else weight.to(x.dtype)
        w, ignored = w.reshape(wide), (target == ignore_index).unsqueeze(dim)
        q = ctorch.where(classes == target.unsqueeze(dim), w * (1 - smoothing), 0)      # where a weight may be NaN
        q = (q + w * (smoothing / x.shape[dim]) if smoothing else q).masked_fill(ignored, 0)
        mass = q.sum(dim, True)
    scale = g.unsqueeze(dim) if reduction == 0 else g
    if reduction == 1:
        scale = g / ctorch.where(total_weight == 0, 1.0, total_weight).to(x.dtype)      # all ignored: q is zero
    # Where a row is ignored both may be NaN.
    return ctorch.where(ignored, 0, scale) * (_f.softmax(x.masked_fill(ignored, 0), dim) * mass - q)
