"""Losses, written with other operators."""
from ctorch import _functions as ops
from ctorch._batched import all_true

REDUCTIONS = {"none": 0, "mean": 1, "sum": 2}


def _reduction(reduction):
    if reduction not in REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return REDUCTIONS[reduction]


def _reduced(loss, reduction):
    which = _reduction(reduction)
    return loss if which == 0 else loss.mean() if which == 1 else loss.sum()


def nll_loss(input, target, weight=None, ignore_index=-100, reduction="mean"):
    return ops._nll_loss(input, target, weight, ignore_index, _reduction(reduction))[0]


def cross_entropy(input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    return ops._cross_entropy(input, target, weight, ignore_index, _reduction(reduction), label_smoothing)[0]


def mse_loss(input, target, reduction="mean"):
    difference = input - target
    return _reduced(difference * difference, reduction)


def l1_loss(input, target, reduction="mean"):
    return _reduced((input - target).abs(), reduction)


def binary_cross_entropy(input, target, weight=None, reduction="mean"):
    if input.shape != target.shape:
        raise ValueError(f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is "
                         "deprecated. Please ensure they have the same size.")
    for name, values in ("input", input.detach()), ("target", target.detach()):
        if not all_true(ops.hardtanh(values, 0, 1) == values):      # NaN is no such element either
            raise RuntimeError(f"all elements of {name} should be between 0 and 1")
    loss = ops._binary_cross_entropy(input, target)
    return _reduced(loss if weight is None else loss * weight, reduction)


def binary_cross_entropy_with_logits(input, target, weight=None, pos_weight=None, reduction="mean"):
    if input.shape != target.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    if pos_weight is None:
        loss = ops._binary_cross_entropy_with_logits(input, target)
    else:
        loss = (1 - target) * input - ops.logsigmoid(input) * (1 + (pos_weight - 1) * target)
    return _reduced(loss if weight is None else loss * weight, reduction)
