"""Attention of nn.functional."""
import math

import ctorch

from ... import _functions as ops
from .dropout import dropout
from .layers import linear, pad

__all__ = ["multi_head_attention_forward", "scaled_dot_product_attention"]


def _check_attention(query, key, value, attn_mask, is_causal, enable_gqa):
    if not query.dtype == key.dtype == value.dtype:
        raise RuntimeError("Expected query, key, and value to have the same dtype, but got query.dtype: "
                           f"{query.dtype} key.dtype: {key.dtype} and value.dtype: {value.dtype} instead.")
    if min(query.dim(), key.dim(), value.dim()) < 2:
        raise RuntimeError("Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: "
                           f"{query.dim()}, key.dim: {key.dim()} and value.dim: {value.dim()} instead.")
    if attn_mask is not None and is_causal:
        raise RuntimeError("_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True")
    if attn_mask is not None and attn_mask.dtype not in (ctorch.bool, query.dtype, ctorch.float32):
        raise RuntimeError("Expected attn_mask dtype to be bool or float or to match query dtype, but got "
                           f"attn_mask.dtype: {attn_mask.dtype} and  query.dtype: {query.dtype} instead.")


def _blockwise(query, key, value, is_causal, scale):
    """The kernel's call, heads in one dimension; None where its shapes do not fit."""
    batch = query.shape[:-2]
    if (key.shape[:-2] != batch or value.shape[:-2] != batch or not query.is_floating_point()
            or query.device.type != "cpu" or 0 in (*query.shape, *key.shape, *value.shape)):
        return None
    output = ops._attention(*(x.reshape(-1, *x.shape[-2:]) for x in (query, key, value)), is_causal, scale)[0]
    return output.reshape(*batch, query.shape[-2], value.shape[-1])


def scaled_dot_product_attention(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None,
                                 enable_gqa=False):
    """Mean of the values, weighted by the softmax of scaled products of queries and keys.

    Parameters
    ----------
    query : Tensor
        Of shape ``(*, queries, depth)``.
    key : Tensor
        Of shape ``(*, keys, depth)``.
    value : Tensor
        Of shape ``(*, keys, width)``.
    attn_mask : Tensor, optional
        True where a query sees a key, or a number to add to the product.
    dropout_p : float
        Probability of a weight to be dropped.
    is_causal : bool
        Query ``i`` sees keys 0 to ``i``.
    scale : float, optional
        Factor of the products; ``1 / sqrt(depth)`` by default.
    enable_gqa : bool
        Whether several heads of queries share one of keys and values.

    Examples
    --------
    >>> import ctorch
    >>> q, v = ctorch.zeros(1, 2), ctorch.tensor([[1.0], [3.0]])
    >>> ctorch.nn.functional.scaled_dot_product_attention(q, ctorch.ones(2, 2), v)
    tensor([[2.]])
    """
    ops._need_tensors(query, key, value)
    _check_attention(query, key, value, attn_mask, is_causal, enable_gqa)
    scale = 1 / math.sqrt(query.size(-1) or 1) if scale is None else scale
    if enable_gqa and query.dim() > 2:
        share = [query.size(-3) // max(x.size(-3), 1) for x in (key, value)]
        if any(x.size(-3) * s != query.size(-3) for x, s in zip((key, value), share)):
            raise RuntimeError("Number of heads in key and value must divide the number of heads in query")
        # A view of repeated heads; what the kernel gets is a copy.
        key, value = (x.unsqueeze(-3).expand(*x.shape[:-2], s, *x.shape[-2:]).flatten(-4, -3) if s > 1 else x
                      for x, s in zip((key, value), share))
    if attn_mask is None and dropout_p == 0.0:
        output = _blockwise(query, key, value, is_causal, scale)
        if output is not None:
            return output
    scores = (query * scale) @ key.mT
    if is_causal:
        attn_mask = ctorch.ones(scores.shape[-2:], dtype=ctorch.bool, device=scores.device).tril()
    if attn_mask is not None and attn_mask.dtype == ctorch.bool:
        # A query that sees no key gets zeros.
        seen = attn_mask.any(-1, keepdim=True)
        weights = ops.softmax(scores.masked_fill(~attn_mask, -math.inf).masked_fill(~seen, 0.0), -1)
        weights = weights.masked_fill(~seen, 0.0)
    else:
        weights = ops.softmax(scores if attn_mask is None else scores + attn_mask, -1)
    if dropout_p:
        weights = dropout(weights, dropout_p)
    return weights.to(value.dtype) @ value


def _projections(query, key, value, embed_dim, weights, bias):
    """Queries, keys and values by one weight of three parts, or three weights."""
    if len(weights) == 1:
        weights = weights[0].chunk(3)
    biases = (None,) * 3 if bias is None else bias.chunk(3)
    return [linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases)]


def _added_mask(mask, dtype):
    """A mask as numbers to add."""
    if mask is None or mask.is_floating_point():
        return mask
    if mask.dtype != ctorch.bool:
        raise RuntimeError(f"only bool and floating types of masks are supported, got {mask.dtype}")
    return ctorch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill(mask, -math.inf)


def _check_heads(query, key, value, embed_dim, embed_dim_to_check, num_heads):
    if query.dim() not in (2, 3):
        raise AssertionError(f"query should be unbatched 2D or batched 3D tensor but received {query.dim()}-D query "
                             "tensor")
    if embed_dim != embed_dim_to_check:
        raise AssertionError(f"was expecting embedding dimension of {embed_dim_to_check}, but got {embed_dim}")
    if embed_dim % num_heads:
        raise AssertionError(f"embed_dim {embed_dim} not divisible by num_heads {num_heads}")
    if key.shape[:2] != value.shape[:2]:
        raise AssertionError(f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}")


def _one_more_key(mask):
    return None if mask is None else pad(mask, (0, 1))


def multi_head_attention_forward(
    query, key, value, embed_dim_to_check, num_heads, in_proj_weight, in_proj_bias, bias_k, bias_v, add_zero_attn,
    dropout_p, out_proj_weight, out_proj_bias, training=True, key_padding_mask=None, need_weights=True,
    attn_mask=None, use_separate_proj_weight=False, q_proj_weight=None, k_proj_weight=None, v_proj_weight=None,
    static_k=None, static_v=None, average_attn_weights=True, is_causal=False,
):
    """Attention of several heads with the projections before and after it; see `ctorch.nn.MultiheadAttention`.

    Parameters
    ----------
    query, key, value : Tensor
        Of shape ``(length, batch, embed_dim)``; the batch may be left out.
    embed_dim_to_check, num_heads : int
    in_proj_weight, in_proj_bias : Tensor or None
        Projections of query, key and value, one after the other.
    bias_k, bias_v : Tensor or None
        One more key and value.
    add_zero_attn : bool
        Add one key and value of zeros.
    dropout_p : float
    out_proj_weight, out_proj_bias : Tensor
    training : bool
    key_padding_mask : Tensor, optional
        True for keys that no query sees, of shape ``(batch, keys)``.
    need_weights : bool
        Return the weights too, which needs the whole matrix of them.
    attn_mask : Tensor, optional
        True where a query does not see a key, or numbers to add.
    use_separate_proj_weight : bool
    q_proj_weight, k_proj_weight, v_proj_weight : Tensor, optional
    static_k, static_v : Tensor, optional
        Keys and values of heads, in place of projections.
    average_attn_weights : bool
        Return the mean of the heads' weights.
    is_causal : bool
        A hint that `attn_mask` is causal.

    Returns
    -------
    tuple of Tensor
        The output, and the weights or None.

    Examples
    --------
    >>> import ctorch
    >>> x, w = ctorch.ones(3, 1, 4), ctorch.ones(12, 4)
    >>> ctorch.nn.functional.multi_head_attention_forward(
    ...     x, x, x, 4, 2, w, None, None, None, False, 0.0, ctorch.eye(4), None)[0].shape
    torch.Size([3, 1, 4])
    """
    ops._need_tensors(out_proj_weight)
    batched = query.dim() == 3
    if is_causal and attn_mask is None:
        raise RuntimeError("Need attn_mask if specifying the is_causal hint.")
    if not batched:
        query, key, value = (x.unsqueeze(1) for x in (query, key, value))
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    target, batch, embed_dim = query.shape
    _check_heads(query, key, value, embed_dim, embed_dim_to_check, num_heads)
    head = embed_dim // num_heads
    causal = is_causal and key_padding_mask is None and not need_weights
    attn_mask = None if causal else _added_mask(attn_mask, query.dtype)
    weights = (q_proj_weight, k_proj_weight, v_proj_weight) if use_separate_proj_weight else (in_proj_weight,)
    q, k, v = _projections(query, key, value, embed_dim, weights, in_proj_bias)
    if attn_mask is not None:
        shape = (target, key.size(0)) if attn_mask.dim() == 2 else (batch * num_heads, target, key.size(0))
        if tuple(attn_mask.shape) != shape:
            raise RuntimeError(f"The shape of the {attn_mask.dim()}D attn_mask is {tuple(attn_mask.shape)}, but "
                               f"should be {shape}.")
        attn_mask = attn_mask.unsqueeze(0) if attn_mask.dim() == 2 else attn_mask
    padding = _added_mask(key_padding_mask, query.dtype)
    if bias_k is not None and bias_v is not None:
        k, v = (ctorch.cat([x, b.repeat(1, batch, 1)]) for x, b in ((k, bias_k), (v, bias_v)))
        attn_mask, padding = _one_more_key(attn_mask), _one_more_key(padding)
    q = q.reshape(target, batch * num_heads, head).transpose(0, 1)
    k = k.reshape(-1, batch * num_heads, head).transpose(0, 1) if static_k is None else static_k
    v = v.reshape(-1, batch * num_heads, head).transpose(0, 1) if static_v is None else static_v
    if add_zero_attn:
        k, v = (ctorch.cat([x, ctorch.zeros(x.size(0), 1, head, dtype=x.dtype, device=x.device)], 1) for x in (k, v))
        attn_mask, padding = _one_more_key(attn_mask), _one_more_key(padding)
    if padding is not None:
        source = k.size(1)
        padding = padding.view(batch, 1, 1, source).expand(-1, num_heads, -1, -1).reshape(-1, 1, source)
        attn_mask = padding if attn_mask is None else attn_mask + padding
    dropout_p = dropout_p if training else 0.0
    if need_weights:
        scores = (q * (1 / math.sqrt(head))) @ k.mT
        found = ops.softmax(scores if attn_mask is None else scores + attn_mask, -1)
        found = dropout(found, dropout_p) if dropout_p else found
        output = found @ v
        found = found.view(batch, num_heads, target, -1)
        found = found.mean(1) if average_attn_weights else found
        found = found if batched else found.squeeze(0)
    else:
        output = scaled_dot_product_attention(q, k, v, attn_mask, dropout_p, causal)
        found = None
    output = linear(output.transpose(0, 1).reshape(target * batch, embed_dim), out_proj_weight, out_proj_bias)
    output = output.view(target, batch, -1)
    return output if batched else output.squeeze(1), found
