"""Gradients of attention."""
import ctorch
from ctorch import _functions as _f
from ctorch._tape import _is_differentiable


def attention_gradient(g, query, key, value, y, lse, causal, scale):
    """Gradients of attention: the blockwise kernel, or formulas where a graph of them is wanted."""
    if not _is_differentiable():
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
