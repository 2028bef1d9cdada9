"""Derivatives of table rows that are easiest said with other operators.

The generated backward functions call these; under ``create_graph`` they are recorded like anything else.
"""
import ctorch
from ctorch import _functions as _f


def _dims(dim, ndim):
    if dim is None or (isinstance(dim, tuple | list) and len(dim) == 0):
        return tuple(range(ndim))
    dims = dim if isinstance(dim, tuple | list) else (dim,)
    return tuple(sorted(d % ndim if ndim else 0 for d in dims))


def _kept(g, shape, dim, keepdim):
    """g with the reduced dimensions put back in, of size one."""
    if keepdim or not shape:
        return g
    dims = _dims(dim, len(shape))
    return g.reshape([1 if i in dims else s for i, s in enumerate(shape)])


def prod_backward(g, x, y, dim, keepdim):
    """Gradient of a product, right where factors are zero: one zero leaves its own factor's gradient."""
    shape = x.shape
    g, y = _kept(g, shape, dim, keepdim), _kept(y, shape, dim, keepdim)
    zero = x == 0
    dims = _dims(dim, x.ndim)
    zeros = zero.sum(dims, True) if shape else zero.long()
    if not bool((zeros > 0).any()):
        return g * (y / x).conj()
    ones = ctorch.where(zero, ctorch.ones_like(x), x)
    rest = ones
    for d in reversed(dims if shape else ()):
        rest = rest.prod(d, True)
    alone = ctorch.where(zero & (zeros == 1), rest.expand(shape), ctorch.zeros_like(x))
    return g * ctorch.where(zeros == 0, y / ones, alone).conj()


def extremum_backward(g, x, y, dim, keepdim):
    """Gradient of amax and amin: shared evenly among ties."""
    shape = x.shape
    if not shape:
        return g
    g, y = _kept(g, shape, dim, keepdim), _kept(y, shape, dim, keepdim)
    mask = (x == y).to(g.dtype)
    return g * mask / mask.sum(_dims(dim, len(shape)), True)


# ---- products

def _rows(x):
    return x if x.dim() == 2 else x.reshape(-1, x.shape[-1])


def linear_input(g, weight):
    """Gradient of linear's input."""
    if g.dim() == 2:
        return _f.mm(g, weight)
    return _f.mm(_rows(g), weight).reshape(*g.shape[:-1], weight.shape[1])


def linear_weight(g, x):
    """Gradient of linear's weight."""
    return _f.mm(_rows(g).mT, _rows(x))


def linear_bias(g):
    """Gradient of linear's bias."""
    return g.sum(tuple(range(g.dim() - 1))) if g.dim() > 1 else g


# ---- normalisation

def softmax_output_gradient(g, grad, output, dim):
    """Gradient of softmax's gradient with respect to the output."""
    return g * (grad - (grad * output).sum(dim, True)) - grad * (g * output).sum(dim, True)


def batch_norm_gradient(g, x, weight, running_mean, running_var, mean, invstd, training, eps, needs):
    """Gradients of batch norm: the fused kernel, or formulas where a graph of them is wanted."""
    if not ctorch.is_grad_enabled():
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
    if not ctorch.is_grad_enabled():
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


# ---- losses

def nll_loss_value(g, target, weight, ignore_index, reduction):
    """The loss is linear in its input, so the gradient of its gradient is the loss again."""
    return _f._nll_loss(g, target, weight, ignore_index, reduction)[0]


def cross_entropy_gradient(g, x, target, weight, total_weight, probabilities, ignore_index, reduction, smoothing):
    """Gradient of cross entropy: the fused kernel, or p * sum(q) - q on tensors where a graph is wanted."""
    if not ctorch.is_grad_enabled():
        return _f._cross_entropy_backward(g, probabilities, target, weight, total_weight, ignore_index, reduction,
                                          smoothing)
    dim = 0 if x.dim() == 1 else 1
    with ctorch.no_grad():
        wide = [-1 if i == dim else 1 for i in range(x.dim())]
        classes = ctorch.arange(x.shape[dim], device=x.device).reshape(wide)
        w = ctorch.ones(x.shape[dim], dtype=x.dtype, device=x.device) if weight is None else weight.to(x.dtype)
        q = (classes == target.unsqueeze(dim)).to(x.dtype) * (1 - smoothing) + smoothing / x.shape[dim]
        q = q * w.reshape(wide) * (target != ignore_index).unsqueeze(dim).to(x.dtype)
        mass = q.sum(dim, True)
    scale = g.unsqueeze(dim) if reduction == 0 else g / total_weight.to(x.dtype) if reduction == 1 else g
    return scale * (_f.softmax(x, dim) * mass - q)


# ---- selection

def pooled_places(g, indices):
    """The elements of g at the places that max pooling chose, plane by plane."""
    planes = indices.shape[:-2]
    flat = _f.gather(g.reshape(*planes, -1), len(planes), indices.reshape(*planes, -1))
    return flat.reshape(indices.shape)


def scatter_kept(g, places, shape, dim, keepdim):
    """Gradient of max and min along a dimension: g put at the chosen places."""
    if not shape:
        return g
    if not keepdim:
        g, places = g.unsqueeze(dim), places.unsqueeze(dim)
    return _f._scatter_add(g, dim, places, shape)


def embedding_gradient(g, indices, padding_idx):
    """Rows of g by number; those of the padding index get nothing."""
    rows = _f.embedding(g, indices, padding_idx)
    if padding_idx < 0:
        return rows
    return rows * (indices != padding_idx).unsqueeze(-1).to(g.dtype)


def volume_places(g, indices):
    """The elements of g at the places that pooling of volumes chose."""
    planes = indices.shape[:-3]
    flat = _f.gather(g.reshape(*planes, -1), len(planes), indices.reshape(*planes, -1))
    return flat.reshape(indices.shape)


def no_derivative(name, g):
    """PyTorch has no second derivative here."""
    raise RuntimeError(f"derivative for {name} is not implemented")


# ---- attention

def attention_gradient(g, query, key, value, y, lse, causal, scale):
    """Gradients of attention: the blockwise kernel, or formulas where a graph of them is wanted."""
    if not ctorch.is_grad_enabled():
        return _f._attention_backward(g, query, key, value, y, lse, causal, scale)
    heads, share = key.shape[0], query.shape[0] // max(key.shape[0], 1)
    k, v = (x.unsqueeze(1).expand(heads, share, *x.shape[1:]).reshape(-1, *x.shape[1:]) for x in (key, value))
    scores = query @ k.mT * scale
    if causal:
        past = ctorch.ones(scores.shape[-2:], dtype=ctorch.bool, device=scores.device).tril()
        scores = scores.masked_fill(~past, -float("inf"))
    weights = _f.softmax(scores, -1)
    slope = g @ v.mT
    slope = weights * (slope - (weights * slope).sum(-1, True)) * scale
    gk, gv = slope.mT @ query, weights.mT @ g
    return slope @ k, gk.reshape(heads, share, *gk.shape[1:]).sum(1), gv.reshape(heads, share, *gv.shape[1:]).sum(1)
