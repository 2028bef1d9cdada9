"""Gradients of softmax and of normalisation."""
from ctorch import _functions as _f
from ctorch._tape import _is_differentiable


def softmax_output_gradient(g, grad, output, dim):
    """Gradient of softmax's gradient with respect to the output."""
    return g * (grad - (grad * output).sum(dim, True)) - grad * (g * output).sum(dim, True)


def batch_norm_gradient(g, x, weight, running_mean, running_var, mean, invstd, training, eps, needs):
    """Gradients of batch norm: the fused kernel, or formulas where a graph of them is wanted."""
    if not _is_differentiable():
        gx, gw, gb = _f._batch_norm_backward(g, x, weight, running_mean, running_var, mean, invstd, training, eps,
                                             (needs[0], needs[1], needs[2]))
        return gx, gw, gb, None, None
    dims = [d for d in range(x.dim()) if d != 1]
    shape = [-1 if d == 1 else 1 for d in range(x.dim())]
    if training:
        centred = x - x.mean(dims, True)
        scale = ((centred * centred).mean(dims, True) + eps).rsqrt()
    else:
        centred = x - running_mean.reshape(shape)
        scale = (running_var.reshape(shape) + eps).rsqrt()
    xhat = centred * scale
    gw, gb = (g * xhat).sum(dims), g.sum(dims)
    gy = g if weight is None else g * weight.reshape(shape)
    if training:
        gx = scale * (gy - gy.mean(dims, True) - xhat * (gy * xhat).mean(dims, True))
    else:
        gx = gy * scale
    return gx, gw, gb, None, None


def layer_norm_gradient(g, x, weight, mean, invstd, normalized_shape, eps, needs):
    """Gradients of layer norm: the fused kernel, or formulas where a graph of them is wanted."""
    if not _is_differentiable():
        return _f._layer_norm_backward(g, x, weight, mean, invstd, normalized_shape, needs)
    inner = list(range(x.dim() - len(normalized_shape), x.dim()))
    outer = list(range(x.dim() - len(normalized_shape)))
    centred = x - x.mean(inner, True)
    scale = ((centred * centred).mean(inner, True) + eps).rsqrt()
    xhat = centred * scale
    gw = (g * xhat).sum(outer) if outer else g * xhat
    gb = g.sum(outer) if outer else g
    gy = g if weight is None else g * weight
    gx = scale * (gy - gy.mean(inner, True) - xhat * (gy * xhat).mean(inner, True))
    return gx, gw, gb
