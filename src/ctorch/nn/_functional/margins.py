"""Losses of nn.functional by margins, by distributions of other kinds, and of sequences."""
import math

import ctorch
from ctorch._batched import any_true

from ... import _functions as ops
from .layers import linear
from .loss import _legacy_reduction, _reduce, cross_entropy, pairwise_distance

__all__ = [
    "cosine_embedding_loss", "ctc_loss", "gaussian_nll_loss", "hinge_embedding_loss", "linear_cross_entropy",
    "margin_ranking_loss", "multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss", "pdist",
    "poisson_nll_loss", "soft_margin_loss", "triplet_margin_loss", "triplet_margin_with_distance_loss",
]


def margin_ranking_loss(input1, input2, target, margin=0, size_average=None, reduce=None, reduction="mean"):
    """``max(0, -target * (input1 - input2) + margin)``: target 1 wants `input1` to be the larger, -1 the smaller.

    Examples
    --------
    >>> import ctorch
    >>> one = ctorch.ones(2)
    >>> ctorch.nn.functional.margin_ranking_loss(one, ctorch.tensor([0.0, 4.0]), one)
    tensor(1.5000)
    """
    reduction = _legacy_reduction(size_average, reduce, reduction)
    if input1.dim() != input2.dim() or input1.dim() != target.dim():
        raise RuntimeError("margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: "
                           f"{input1.size()}, input2: {input2.size()}, target: {target.size()} ")
    return _reduce((-target * (input1 - input2) + margin).clamp(min=0), reduction)


def hinge_embedding_loss(input, target, margin=1.0, size_average=None, reduce=None, reduction="mean"):
    """`input` where the target is 1, ``max(0, margin - input)`` where it is -1.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.hinge_embedding_loss(ctorch.tensor([2.0, 0.5]), ctorch.tensor([1.0, -1.0]))
    tensor(1.2500)
    """
    ops._need_tensors(input)
    reduction = _legacy_reduction(size_average, reduce, reduction)
    zero = ctorch.zeros((), dtype=input.dtype, device=input.device)
    far = ctorch.where(target != 1, (margin - input).clamp(min=0), zero)
    return _reduce(far + ctorch.where(target != -1, input, zero), reduction)


def soft_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """``log(1 + exp(-target * input))``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.soft_margin_loss(ctorch.zeros(2), ctorch.tensor([1.0, -1.0]))
    tensor(0.6931)
    """
    ops._need_tensors(input, target)
    reduction = _legacy_reduction(size_average, reduce, reduction)
    shape = input.shape if target.shape == input.shape else ctorch.broadcast_shapes(input.shape, target.shape)
    if shape != input.shape:
        raise RuntimeError(f"output with shape {list(input.shape)} doesn't match the broadcast shape {list(shape)}")
    return _reduce(ops._soft_margin(input, target), reduction)


def _class_rows(input):
    """Input as (samples, classes)."""
    if input.dim() > 2 or (input.dim() == 2 and input.size(1) == 0) or (input.dim() == 1 and input.size(0) == 0):
        raise RuntimeError(f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: "
                           f"{list(input.shape)}")
    return input if input.dim() == 2 else input.reshape(1, -1)


def multi_margin_loss(input, target, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"):
    """Mean over classes of ``max(0, margin - input[target] + input[class]) ** p``.

    Parameters
    ----------
    input : Tensor
        Of shape ``(batch, classes)`` or ``(classes,)``.
    target : Tensor
        Class numbers, of shape ``(batch,)``.
    p : {1, 2}
    margin : float
    weight : Tensor, optional
        One weight per class.
    size_average, reduce : bool, optional
        Deprecated forms of `reduction`.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.multi_margin_loss(ctorch.tensor([[0.0, 2.0]]), ctorch.tensor([0]))
    tensor(1.5000)
    """
    ops._need_tensors(input, target)
    reduction = _legacy_reduction(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    rows = _class_rows(input)
    if target.dim() > 1 or target.numel() != rows.size(0):
        raise RuntimeError("multi_margin_loss: target tensor should be 1-D with size equal to the number of input "
                           f"samples (batch size). Expected target size [{rows.size(0)}], but got "
                           f"{list(target.shape)}. Input has shape {list(input.shape)}.")
    classes = target.reshape(-1, 1)
    if weight is not None and weight.numel() != rows.size(1):
        raise ValueError("weight must be one-dimensional and have one element per class")
    excess = ops._excess(rows, ops.gather(rows, 1, classes), margin)             # NaN counts nothing
    excess = excess if p == 1 else excess * excess
    if weight is not None:
        excess = excess * weight[classes.reshape(-1)].unsqueeze(1)
    excess = ops._scatter_value(excess, 1, classes, 0)           # the target's own does not count
    if reduction != "none":
        return excess.mean() if reduction == "mean" else excess.sum() / rows.size(1)
    loss = excess.sum(1) / rows.size(1)
    return loss.reshape(target.shape) if input.dim() == 2 else loss.reshape(())


def multilabel_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """Sum over target and other classes of ``max(0, 1 - input[target] + input[other])``, by the number of classes.

    The target's class numbers end at the first -1.

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.tensor([0.1, 0.2, 0.4, 0.8])
    >>> ctorch.nn.functional.multilabel_margin_loss(x, ctorch.tensor([3, 0, -1, 1]))
    tensor(0.8500)
    """
    ops._need_tensors(input, target)
    reduction = _legacy_reduction(size_average, reduce, reduction)
    if input.shape != target.shape:
        raise RuntimeError(f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}")
    rows = _class_rows(input)
    labels = target.reshape(rows.shape)
    valid = ctorch.stack([(labels[:, :i + 1] >= 0).all(1) for i in range(labels.size(1))], 1)
    chosen = labels.masked_fill(~valid, 0)
    present = ops._scatter_add(valid.to(rows.dtype), 1, chosen, tuple(rows.shape)) > 0
    wanted = ops.gather(rows, 1, chosen)
    excess = 1 - wanted.unsqueeze(2) + rows.unsqueeze(1)
    counts = valid.unsqueeze(2) & ~present.unsqueeze(1) & (excess > 0)
    loss = excess.masked_fill(~counts, 0).sum((1, 2)) / rows.size(1)
    return _reduce(loss if input.dim() == 2 else loss.reshape(()), reduction)


def multilabel_soft_margin_loss(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """Mean over classes of the binary cross entropy of each class's logit.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.multilabel_soft_margin_loss(ctorch.zeros(1, 2), ctorch.ones(1, 2))
    tensor(0.6931)
    """
    reduction = _legacy_reduction(size_average, reduce, reduction)
    loss = -(target * ops.logsigmoid(input) + (1 - target) * ops.logsigmoid(-input))
    if weight is not None:
        loss = loss * weight
    return _reduce(loss.mean(-1), reduction)


def cosine_embedding_loss(input1, input2, target, margin=0, size_average=None, reduce=None, reduction="mean"):
    """``1 - cos`` where the target is 1, ``max(0, cos - margin)`` where it is -1.

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.eye(2)
    >>> ctorch.nn.functional.cosine_embedding_loss(x, x, ctorch.tensor([1, -1]))
    tensor(0.5000)
    """
    ops._need_tensors(input1, input2, target)
    reduction = _legacy_reduction(size_average, reduce, reduction)
    if target.dim() not in (0, 1):
        raise RuntimeError(f"0D or 1D target tensor expected, multi-target not supported (got {target.dim()}D)")
    if input1.dim() != target.dim() + 1 or input2.dim() != target.dim() + 1:
        raise RuntimeError(f"{target.dim()}D target tensor expects {target.dim() + 1}D input tensors, but found inputs "
                           f"with sizes {list(input1.shape)} and {list(input2.shape)}.")
    products = (input1 * input2).sum(-1)
    # PyTorch adds this to the squares, whatever their size.
    squares = [(x * x).sum(-1) + 1e-12 for x in (input1, input2)]
    cosine = products / (squares[0] * squares[1]).sqrt()
    zero = ctorch.zeros((), dtype=cosine.dtype, device=cosine.device)
    loss = ctorch.where(target == 1, 1 - cosine, zero) + ctorch.where(target == -1, (cosine - margin).clamp(min=0),
                                                                     zero)
    return _reduce(loss, reduction)


def triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2, eps=1e-6, swap=False, size_average=None,
                        reduce=None, reduction="mean"):
    """``max(0, |anchor - positive| - |anchor - negative| + margin)``.

    Parameters
    ----------
    anchor, positive, negative : Tensor
        Of shape ``(batch, size)``.
    margin : float
    p : float
        Order of the norm.
    eps : float
        Added to the differences.
    swap : bool
        Use the distance of positive and negative where it is the smaller.
    size_average, reduce : bool, optional
        Deprecated forms of `reduction`.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.eye(2)
    >>> ctorch.nn.functional.triplet_margin_loss(x, x, x)
    tensor(1.)
    """
    ops._need_tensors(anchor, positive, negative)
    reduction = _legacy_reduction(size_average, reduce, reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.dim() == positive.dim() == negative.dim():
        raise RuntimeError("The anchor, positive, and negative tensors are expected to have the same number of "
                           f"dimensions, but got: anchor {anchor.dim()}D, positive {positive.dim()}D, and negative "
                           f"{negative.dim()}D inputs")
    near, far = pairwise_distance(anchor, positive, p, eps), pairwise_distance(anchor, negative, p, eps)
    far = ops.minimum(pairwise_distance(positive, negative, p, eps), far) if swap else far
    return _reduce((margin + near - far).clamp(min=0), reduction)


def triplet_margin_with_distance_loss(anchor, positive, negative, *, distance_function=None, margin=1.0, swap=False,
                                      reduction="mean"):
    """`triplet_margin_loss` with a distance of one's own.

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.eye(2)
    >>> ctorch.nn.functional.triplet_margin_with_distance_loss(x, x, x, margin=2.0)
    tensor(2.)
    """
    reduction = _legacy_reduction(None, None, reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.dim() == positive.dim() == negative.dim():
        raise RuntimeError("The anchor, positive, and negative tensors are expected to have the same number of "
                           f"dimensions, but got: anchor {anchor.dim()}D, positive {positive.dim()}D, and negative "
                           f"{negative.dim()}D inputs")
    distance = pairwise_distance if distance_function is None else distance_function
    near, far = distance(anchor, positive), distance(anchor, negative)
    far = ops.minimum(distance(positive, negative), far) if swap else far
    return _reduce((margin + near - far).clamp(min=0), reduction)


def poisson_nll_loss(input, target, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None,
                     reduction="mean"):
    """Negative log-likelihood of counts that are Poisson-distributed.

    Parameters
    ----------
    input : Tensor
        The expected counts, or with `log_input` their logarithms.
    target : Tensor
        The counts.
    log_input : bool
    full : bool
        Add Stirling's approximation of ``log(target!)``.
    size_average, reduce : bool, optional
        Deprecated forms of `reduction`.
    eps : float
        Added to `input` before its logarithm.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.poisson_nll_loss(ctorch.zeros(2), ctorch.tensor([1.0, 3.0]))
    tensor(1.)
    """
    ops._need_tensors(input, target)
    reduction = _legacy_reduction(size_average, reduce, reduction)
    loss = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        stirling = target * target.log() - target + 0.5 * (2 * math.pi * target).log()
        loss = loss + stirling.masked_fill(target <= 1, 0)
    return _reduce(loss, reduction)


def gaussian_nll_loss(input, target, var, full=False, eps=1e-6, reduction="mean"):
    """Negative log-likelihood of values that are normally distributed about `input` with the variance `var`.

    Parameters
    ----------
    input, target : Tensor
    var : Tensor or float
        Of the shape of `input`, or without its last dimension, or with that of size 1.
    full : bool
        Add the constant ``log(2 pi) / 2``.
    eps : float
        Least variance.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> import ctorch
    >>> one = ctorch.ones(2)
    >>> ctorch.nn.functional.gaussian_nll_loss(one, ctorch.zeros(2), one)
    tensor(0.5000)
    """
    if isinstance(var, float):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        var = var * ctorch.ones_like(input)
    elif any_true(var < 0):
        raise ValueError("var has negative entry/entries")
    if var.size() != input.size():
        if input.size()[:-1] == var.size():
            var = var.unsqueeze(-1)
        elif input.dim() != var.dim() or [b for a, b in zip(input.size(), var.size()) if a != b] != [1]:
            raise ValueError("var is of incorrect size")
    reduction = _legacy_reduction(None, None, reduction)
    # The limit is no function of var: its gradient passes.
    var = ctorch.where(var < eps, eps + (var - var.detach()), var)
    loss = 0.5 * (var.log() + (input - target) ** 2 / var)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return _reduce(loss, reduction)


def _lengths(lengths, batch, name):
    values = lengths.tolist() if isinstance(lengths, ctorch.Tensor) else list(lengths)
    values = values if isinstance(values, list) else [values]
    if len(values) != batch:
        raise RuntimeError(f"{name} must be of size batch_size")
    return [int(v) for v in values]


def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False):
    """Connectionist temporal classification (Graves et al., 2006): minus the log-probability of the labels.

    Parameters
    ----------
    log_probs : Tensor
        Logarithms of probabilities, of shape ``(times, batch, classes)`` or ``(times, classes)``.
    targets : Tensor
        Labels of shape ``(batch, length)``, or all of them one after the other.
    input_lengths, target_lengths : Tensor or tuple of int
    blank : int
        Number of the class between labels.
    reduction : {"mean", "sum", "none"}
        ``"mean"`` divides each loss by its target's length first.
    zero_infinity : bool
        Count losses of targets that do not fit as 0.

    Examples
    --------
    >>> import ctorch
    >>> logs = ctorch.zeros(2, 1, 2).log_softmax(2)
    >>> ctorch.nn.functional.ctc_loss(logs, ctorch.tensor([[1]]), (2,), (1,))
    tensor(0.2877)
    """
    ops._need_tensors(log_probs, targets)
    reduction = _legacy_reduction(None, None, reduction)
    batched = log_probs.dim() == 3
    if not batched:
        log_probs = log_probs.unsqueeze(1)
        targets = targets.unsqueeze(0) if targets.dim() == 1 else targets
    times, batch, classes = log_probs.shape
    if targets.is_floating_point() or targets.dim() not in (1, 2):
        raise RuntimeError("ctc_loss: targets must be integers of one or two dimensions, got "
                           f"{targets.dtype} of {targets.dim()}")
    if targets.dim() == 2 and targets.size(0) != batch:
        raise RuntimeError(f"ctc_loss: expected a row of targets for each of {batch} sequences, got targets of size "
                           f"{list(targets.shape)}")
    if not 0 <= blank < classes:
        raise RuntimeError("blank must be in label range")
    inputs, labels = _lengths(input_lengths, batch, "input_lengths"), _lengths(target_lengths, batch, "target_lengths")
    for i, n in enumerate(inputs):
        if not 0 <= n <= times:
            raise RuntimeError(f"Expected input_lengths to have value at most {times}, but got value {n} (while "
                               f"checking arguments for ctc_loss_cpu, element {i})")
    room = targets.numel() if targets.dim() == 1 else targets.size(1)
    if min(labels, default=0) < 0 or (sum(labels) != room if targets.dim() == 1 else max(labels, default=0) > room):
        raise RuntimeError(f"Expected target_lengths {labels} to fit targets of size {list(targets.shape)}")
    if targets.numel() and any_true((targets < 0) | (targets >= classes)):
        raise RuntimeError(f"ctc_loss: targets must be in the range 0 to {classes - 1}")
    loss = ops._ctc_loss(log_probs, targets, inputs, labels, blank, zero_infinity)[0]
    if zero_infinity:
        loss = loss.masked_fill(loss == math.inf, 0)
    if reduction == "mean":
        return (loss / ctorch.tensor(labels, dtype=loss.dtype, device=loss.device).clamp(min=1)).mean()
    return _reduce(loss if batched else loss.squeeze(0), reduction)


def pdist(input, p=2):
    """Distances between all pairs of rows, those of the first row first.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.pdist(ctorch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 4.0]]))
    tensor([5., 4., 3.])
    """
    ops._need_tensors(input)
    if input.dim() != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.dim()}D")
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    if input.dtype in (ctorch.float32, ctorch.float64):
        return ops._pdist(input, p)
    first, second = ctorch.triu_indices(input.size(0), input.size(0), 1, device=input.device)
    return _distances(input[first] - input[second], p)


def _distances(difference, p):
    """Norms of rows, whose derivative is 0 where they are equal."""
    if p == 0:
        return (difference != 0).to(difference.dtype).sum(-1) + difference.sum(-1) * 0
    if math.isinf(p):
        return difference.abs().amax(-1)
    if p == 1:
        return difference.abs().sum(-1)
    powers = (difference.abs() ** p).sum(-1)
    equal = powers == 0
    return (powers.masked_fill(equal, 1) ** (1 / p)).masked_fill(equal, 0)


def linear_cross_entropy(input, linear_weight, target, *, linear_bias=None, weight=None, reduction="mean",
                         ignore_index=None, label_smoothing=0.0, options=None):
    """Cross entropy of ``linear(input, linear_weight, linear_bias)``.

    Parameters
    ----------
    input : Tensor
        Of shape ``(batch, features)`` or ``(features,)``.
    linear_weight : Tensor
        Of shape ``(classes, *, features)``.
    target : Tensor
        Class numbers or probabilities.
    linear_bias : Tensor, optional
        Of shape ``(classes, *)``.
    weight, reduction, ignore_index, label_smoothing
        As in `cross_entropy`.
    options : optional
        How PyTorch cuts the computation; it does not change the result.

    Examples
    --------
    >>> import ctorch
    >>> x, w = ctorch.zeros(2, 3), ctorch.zeros(4, 3)
    >>> ctorch.nn.functional.linear_cross_entropy(x, w, ctorch.tensor([1, 3]))
    tensor(1.3863)
    """
    ops._need_tensors(input)
    flat_bias = None if linear_bias is None else linear_bias.reshape(-1)
    logits = linear(input, linear_weight.reshape(-1, linear_weight.size(-1)), flat_bias)
    logits = logits.reshape(*input.shape[:-1], *linear_weight.shape[:-1])
    return cross_entropy(logits, target, weight=weight, reduction=reduction, label_smoothing=label_smoothing,
                         ignore_index=-100 if ignore_index is None else ignore_index)
