"""Derivatives of table rows that are easiest said with other operators.

The generated backward functions call these; under ``create_graph`` they are recorded like anything else.
"""
import math

import ctorch
from ctorch import _functions as _f


def __getattr__(name):
    """Derivatives of linear algebra have a file of their own, read when the first of them is needed."""
    from ctorch import _derivatives_linalg

    value = getattr(_derivatives_linalg, name)
    globals()[name] = value
    return value


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


def moments_backward(g, g_mean, x, y, dim, correction, root, keepdim):
    """Gradient of variances, or of their roots, and of the means beside them."""
    shape = x.shape
    dims = _dims(dim, len(shape))
    count = math.prod([shape[d] for d in dims] if shape else [])
    result = None
    if g is not None:
        if root:                     # no direction is better than another where all are equal
            g = _f.where(y == 0, 0.0, g / (2 * y))
        scale = 2 / (count - correction) if count > correction else math.nan if count == correction else math.inf
        result = _kept(g, shape, dim, keepdim) * scale * (x - x.mean(dims if shape else None, True))
    if g_mean is not None:
        part = (_kept(g_mean, shape, dim, keepdim) / count).expand(shape)
        result = part if result is None else result + part
    return result


def logsumexp_backward(g, x, y, dim, keepdim):
    """Gradient of logsumexp: the softmax."""
    return _kept(g, x.shape, dim, keepdim) * _f.exp(x - _kept(y, x.shape, dim, keepdim))


# ---- products

def distance_backward(g, x, other, y, p):
    """Gradient of cdist with respect to the first set of points."""
    if p == 0 or x.numel() == 0:
        return x * 0
    if p == 2:                       # sum of g / y * (x - other), as products of matrices
        share = _f.where(y == 0, 0.0, g / _f.where(y == 0, 1.0, y))
        return x * share.sum(-1, True) - _f.bmm(share, other)
    difference = x.unsqueeze(-2) - other.unsqueeze(-3)
    g, y = g.unsqueeze(-1), y.unsqueeze(-1)
    if p == 1:
        return (g * difference.sign()).sum(-2)
    if p == math.inf:
        return (g * difference.sign() * (difference.abs() == y)).sum(-2)
    gone = (y == 0) | (difference == 0)
    size = _f.where(gone, 1.0, difference.abs())
    powers = (size / _f.where(y == 0, 1.0, y)) ** (p - 1)
    return (g * difference.sign() * _f.where(gone, 0.0, powers)).sum(-2)


def _rows(x):
    return x if x.dim() == 2 else x.reshape(-1, x.shape[-1])


def _conjugate(x):
    return x.conj() if x.is_complex() else x


def linear_input(g, weight):
    """Gradient of linear's input."""
    weight = _conjugate(weight)
    if g.dim() == 2:
        return _f.mm(g, weight)
    return _f.mm(_rows(g), weight).reshape(*g.shape[:-1], weight.shape[1])


def linear_weight(g, x):
    """Gradient of linear's weight."""
    return _f.mm(_rows(g).mT, _conjugate(_rows(x)))


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


def masked_spread(g, mask, shape):
    """Gradient of masked_select: zeros with g where the mask is true, summed over what was broadcast."""
    wide = ctorch.broadcast_shapes(shape, mask.shape)
    zeros = ctorch.zeros(wide, dtype=g.dtype, device=g.device)
    return zeros.masked_scatter(mask.expand(wide), g).sum_to_size(shape)


def masked_source(g, mask, shape):
    """Gradient of masked_scatter's source: what went to the mask, in order, and zeros for the rest."""
    chosen = ctorch.masked_select(g, mask)
    return ctorch.constant_pad_nd(chosen, (0, math.prod(shape) - chosen.numel())).reshape(shape)


def gathered(g, dim, index, shape):
    """Gradient of what scatter reads: g at the index, and zeros where src is larger than that."""
    chosen = _f.gather(g, dim, index)
    if index.dim() == len(shape) and tuple(index.shape) != tuple(shape):
        pad = [n for s, i in zip(reversed(shape), reversed(index.shape)) for n in (0, s - i)]
        return ctorch.constant_pad_nd(chosen, pad)
    return chosen.reshape(shape)


def scatter_reduce_gradient(g, x, y, dim, index, src, reduce, include_self, needs):
    """Gradients of scatter_reduce; extrema share theirs among ties."""
    read = src if src.dim() != index.dim() else src[tuple(slice(n) for n in index.shape)]
    if read.shape != src.shape:              # the index covers a corner of src
        gx, _, gsrc = scatter_reduce_gradient(g, x, y, dim, index, read, reduce, include_self, needs)
        pad = [n for s, i in zip(reversed(src.shape), reversed(index.shape)) for n in (0, s - i)]
        return gx, None, ctorch.constant_pad_nd(gsrc, pad)
    if reduce == "sum":
        gx, gsrc = g, _f.gather(g, dim, index)
    elif reduce == "mean":
        counts = ctorch.ones_like(g) if include_self else ctorch.zeros_like(g)
        counts = counts.scatter_add(dim, index, ctorch.ones_like(src)).clamp(min=1)
        gx = g / counts
        gsrc = _f.gather(gx, dim, index)
    elif reduce == "prod":
        gx, gsrc = _prod_gradients(g, x, y, dim, index, src, include_self)
    else:
        of_x, of_src = (x == y).to(g.dtype), (src == _f.gather(y, dim, index)).to(g.dtype)
        share = g / (of_x if include_self else ctorch.zeros_like(g)).scatter_add(dim, index, of_src).clamp(min=1)
        gx, gsrc = of_x * share, of_src * _f.gather(share, dim, index)
    if not include_self:
        gx = _f._scatter_value(gx, dim, index, 0)
        if reduce in ("amax", "amin"):
            gx = ctorch.where(_f._scatter_value(ctorch.ones_like(g), dim, index, 0) == 0, gx, g)   # untouched
    return gx, None, gsrc


def _prod_gradients(g, x, y, dim, index, src, include_self):
    """Gradients of a product, right where factors are zero: one zero leaves its own factor's gradient."""
    rest = x.masked_fill(x == 0, 1)
    gx = g * _f.scatter_reduce(rest, dim, index, src, "prod", include_self=include_self) / rest
    zero = src == 0
    zeros = ctorch.zeros_like(x).scatter_add(dim, index, zero.to(x.dtype))
    alone = zero & (_f.gather(zeros, dim, index) == 1)
    others = _f.scatter_reduce(x, dim, index, src.masked_fill(alone, 1), "prod", include_self=include_self)
    gsrc = ctorch.where(alone, _f.gather(g * others, dim, index),
                        _f.gather(g * y, dim, index) / src.masked_fill(zero, 1))
    return gx, gsrc


def index_reduce_gradient(g, x, y, dim, index, source, reduce, include_self, needs):
    """Gradients of index_reduce: those of scatter_reduce with the index stretched over the source."""
    shape = [-1 if d == dim else 1 for d in range(source.dim())]
    wide = index.reshape(shape).expand(source.shape) if source.dim() else index
    return scatter_reduce_gradient(g, x, y, dim, wide, source, reduce, include_self, needs)


def take_spread(g, index, shape):
    """Gradient of take: zeros with g added at the elements that it read."""
    return ctorch.zeros(shape, dtype=g.dtype, device=g.device).put(index, g, True)


def put_kept(g, index, accumulate):
    """Gradient of what put changed: nothing comes through where it was replaced."""
    return g if accumulate else g.put(index, ctorch.zeros(index.shape, dtype=g.dtype, device=g.device))


def repeats_added(g, dim, times, shape):
    """Gradient of repeated indices: the sum over the repetitions."""
    return g.reshape(*shape[:dim + 1], times, *shape[dim + 1:]).sum(dim + 1)


# ---- Fourier transforms

def fft_r2c_gradient(g, shape, dims, norm, onesided):
    """Real part of the inverse transform; the half that was left out of the result has no gradient."""
    if onesided:
        last = dims[-1]
        missing = list(g.shape)
        missing[last] = shape[last] - g.shape[last]
        g = ctorch.cat([g, ctorch.zeros(missing, dtype=g.dtype, device=g.device)], last)
    return _f.real(_f._fft_c2c(g, dims, norm, False))


def fft_c2r_gradient(g, dims, norm, last):
    """Transform of g, where each element that stood for its mirror image too counts twice."""
    half = _f._fft_r2c(g, dims, norm, True)
    places = ctorch.arange(half.shape[dims[-1]], device=g.device)
    twice = ((places > 0) & (places < last - last // 2)).to(g.dtype) + 1
    return half * twice.reshape([-1 if d == dims[-1] else 1 for d in range(half.dim())])


# ---- sorting and scans

def scatter_along(g, places, shape, dim):
    """Gradient of elements that were chosen along a dimension: g put where they came from."""
    if not shape:
        return g
    return _f._scatter_add(g, dim, places, shape)


def _products_without_each(g, x, dim):
    """Gradient of cumprod by its definition: the products so far with one factor after the other left out."""
    n = x.shape[dim]
    place = ctorch.arange(n).reshape([-1 if i == dim else 1 for i in range(x.dim())])
    found = []
    for k in range(n):
        others = _f._cumprod(ctorch.where(place == k, 1.0, x), dim).narrow(dim, k, n - k)
        found.append((g.narrow(dim, k, n - k) * others.conj()).sum(dim, True))
    return ctorch.cat(found, dim)


def cumprod_backward(g, x, y, dim):
    """Gradient of cumprod: sums over what follows, divided by the factor; up to the first zero, and at it."""
    if x.dim() == 0 or x.numel() == 0:
        return g
    zero = x == 0
    if not bool(zero.any()):
        return _f._cumsum(g * y.conj(), dim, True) / x.conj()
    if ctorch.is_grad_enabled():
        return _products_without_each(g, x, dim)
    zeros = _f._cumsum(zero.to(ctorch.int64), dim, False)
    first = zero & (zeros == 1)
    one = ctorch.ones((), dtype=x.dtype)
    before = _f._cumsum(g * y.conj(), dim, True) / ctorch.where(zero, one, x).conj()
    rest = ctorch.where(zeros == 0, one * 0, _f._cumprod(ctorch.where(first, one, x), dim))
    at = _f._cumsum(g * rest.conj(), dim, True)
    return ctorch.where(zeros == 0, before, ctorch.where(first, at, one * 0))


def logcumsumexp_backward(g, x, y, dim):
    """Gradient of logcumsumexp, exp(x) * sum of g * exp(-y) over what follows, in logarithms for each sign of g."""
    if x.dim() == 0:
        return g
    low = ctorch.full((), -ctorch.inf, dtype=g.dtype)

    def part(mask, size):
        logs = ctorch.where(mask, ctorch.where(mask, size, 1.0).log() - y, low)
        return (_f.flip(_f.logcumsumexp(_f.flip(logs, dim), dim), dim) + x).exp()

    return part(g > 0, g) - part(g < 0, -g)


def volume_places(g, indices):
    """The elements of g at the places that pooling of volumes chose."""
    planes = indices.shape[:-3]
    flat = _f.gather(g.reshape(*planes, -1), len(planes), indices.reshape(*planes, -1))
    return flat.reshape(indices.shape)


def no_derivative(name):
    """PyTorch has none, and says so when it is asked for."""
    raise NotImplementedError(f"derivative for {name} is not implemented")


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
