"""Batching rules of ops/attention.toml: the examples' sequences are sequences of one batch."""
from ctorch import _functions as _f
from ctorch._batched import batched, real
from ctorch.func._batching._shapes import apart, merged, several

__all__ = ["ctc_loss", "ctc_loss_backward"]


def _in_time(x, levels):
    # (T, N, C) of each example as (T, examples * N, C).
    return real(x, levels, True).movedim(len(levels), 0).reshape(x.shape[0], several(levels) * x.shape[1], x.shape[2])


def ctc_loss(levels, x, targets, input_lengths, target_lengths, blank, zero_infinity):
    n = several(levels)
    loss, alpha = _f._ctc_loss(_in_time(x, levels), merged(targets, levels), list(input_lengths) * n,
                               list(target_lengths) * n, blank, zero_infinity)
    return apart(loss, levels), apart(alpha, levels)


def ctc_loss_backward(levels, grad, x, targets, loss, alpha, input_lengths, target_lengths, blank, zero_infinity):
    n = several(levels)
    gx = _f._ctc_loss_backward(merged(grad, levels), _in_time(x, levels), merged(targets, levels), merged(loss, levels),
                               merged(alpha, levels), list(input_lengths) * n, list(target_lengths) * n, blank,
                               zero_infinity)
    return batched(gx.reshape(x.shape[0], *(size for _, size in levels), *x.shape[1:]).movedim(0, len(levels)), levels)
