"""Loss functions of nn.functional."""
import math
import warnings

import ctorch

from ... import _functions as ops
from ...linalg import vecdot, vector_norm
from .activation import log_softmax

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cosine_similarity",
    "cross_entropy",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "nll_loss",
    "pairwise_distance",
    "smooth_l1_loss",
]

REDUCTIONS = ("none", "mean", "sum")


def _legacy_reduction(size_average, reduce, reduction, stacklevel=3):
    """PyTorch's old pair of flags, if given, instead of `reduction`."""
    if size_average is not None or reduce is not None:
        if reduce is False:
            reduction = "none"
        elif size_average is False:
            reduction = "sum"
        else:
            reduction = "mean"
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
            stacklevel=stacklevel,
        )
    if reduction not in REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def _reduce(loss, reduction):
    if reduction == "none":
        return loss
    return loss.mean() if reduction == "mean" else loss.sum()


def _broadcast_pair(name, input, target):
    """The two arguments at one shape; different shapes are most often a mistake, so they are warned of."""
    if input.size() == target.size():
        return input, target
    warnings.warn(
        f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). This "
        "will likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
        stacklevel=3,
    )
    return ctorch.broadcast_tensors(input, target)


def cross_entropy(
    input,
    target,
    weight=None,
    size_average=None,
    ignore_index=-100,
    reduce=None,
    reduction="mean",
    label_smoothing=0.0,
):
    """Cross entropy between logits and classes.

    Parameters
    ----------
    input : Tensor
        Logits of shape ``(batch, classes, *)`` or ``(classes,)``.
    target : Tensor
        Class indices of shape ``(batch, *)``, or class probabilities of the shape of `input`.
    weight : Tensor, optional
        One weight per class.
    size_average, reduce : bool, optional
        Deprecated forms of `reduction`.
    ignore_index : int
        Index of targets that count for nothing.
    reduction : {"mean", "sum", "none"}
    label_smoothing : float
        Share of the probability that is spread evenly over the classes.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.cross_entropy(ctorch.zeros(2, 4), ctorch.tensor([1, 3]))
    tensor(1.3863)
    """
    ops._need_tensors(input, target)
    if size_average is not None or reduce is not None or reduction not in REDUCTIONS:
        reduction = _legacy_reduction(size_average, reduce, reduction)
    if target.shape == input.shape:
        if not target.is_floating_point():
            raise RuntimeError("Expected floating point type for target with class probabilities, got "
                               f"{target.dtype}")
        if ignore_index >= 0:
            raise RuntimeError("ignore_index is not supported for floating point target")
        return _probability_cross_entropy(input, target, weight, reduction, label_smoothing)
    return ops.cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing)


def _probability_cross_entropy(input, target, weight, reduction, label_smoothing):
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    dim = 0 if input.dim() == 1 else 1
    classes = input.size(dim)
    if label_smoothing > 0.0:
        target = target * (1 - label_smoothing) + label_smoothing / classes
    terms = log_softmax(input, dim) * target
    if weight is not None:
        terms = terms * weight.view(-1, *[1] * (input.dim() - 1 - dim))
    if reduction == "none":
        return -terms.sum(dim)
    total = -terms.sum()
    count = math.prod(input.shape[:dim] + input.shape[dim + 1:]) if classes else 0
    return total if reduction == "sum" else total / count


def nll_loss(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
    """Negative log likelihood of the target classes.

    Parameters
    ----------
    input : Tensor
        Logarithms of probabilities, of shape ``(batch, classes, *)`` or ``(classes,)``.
    target : Tensor
        Class indices of shape ``(batch, *)``.
    weight : Tensor, optional
        One weight per class.
    size_average, reduce : bool, optional
        Deprecated forms of `reduction`.
    ignore_index : int
        Index of targets that count for nothing.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.nll_loss(ctorch.tensor([[-1.0, -2.0]]), ctorch.tensor([1]))
    tensor(2.)
    """
    reduction = _legacy_reduction(size_average, reduce, reduction)
    return ops.nll_loss(input, target, weight, ignore_index, reduction)


def _weighted(loss, weight, reduction):
    """Reduction with weights per element; the mean is divided by the sum of the weights."""
    if weight.size() != loss.size():
        raise ValueError("Weights and input must have the same size.")
    loss = loss * weight
    if reduction == "mean":
        return loss.sum() / weight.sum()
    return _reduce(loss, reduction)


def mse_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """Squared differences.

    Parameters
    ----------
    input, target : Tensor
    size_average, reduce : bool, optional
        Deprecated forms of `reduction`.
    reduction : {"mean", "sum", "none"}
    weight : Tensor, optional
        One weight per element.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.mse_loss(ctorch.tensor([1.0, 2.0]), ctorch.zeros(2))
    tensor(2.5000)
    """
    reduction = _legacy_reduction(size_average, reduce, reduction)
    input, target = _broadcast_pair("mse_loss", input, target)
    if weight is not None:
        return _weighted(ops.mse_loss(input, target, "none"), weight, reduction)
    return ops.mse_loss(input, target, reduction)


def l1_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """Absolute differences; the parameters are those of `mse_loss`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.l1_loss(ctorch.tensor([1.0, 2.0]), ctorch.zeros(2))
    tensor(1.5000)
    """
    reduction = _legacy_reduction(size_average, reduce, reduction)
    input, target = _broadcast_pair("l1_loss", input, target)
    if weight is not None:
        return _weighted(ops.l1_loss(input, target, "none"), weight, reduction)
    return ops.l1_loss(input, target, reduction)


def smooth_l1_loss(input, target, size_average=None, reduce=None, reduction="mean", beta=1.0):
    """Squared differences below `beta`, absolute ones above, joined smoothly.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.smooth_l1_loss(ctorch.tensor([0.5, 2.0]), ctorch.zeros(2))
    tensor(0.8125)
    """
    reduction = _legacy_reduction(size_average, reduce, reduction)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    input, target = _broadcast_pair("smooth_l1_loss", input, target)
    if beta == 0:
        return ops.l1_loss(input, target, reduction)
    return _reduce(ops._huber(input, target, beta, 0.5 / beta, 1.0), reduction)


def huber_loss(input, target, reduction="mean", delta=1.0, weight=None):
    """`smooth_l1_loss` times `delta`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.huber_loss(ctorch.tensor([1.0, 4.0]), ctorch.zeros(2), delta=2.0)
    tensor(3.2500)
    """
    reduction = _legacy_reduction(None, None, reduction)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    input, target = _broadcast_pair("huber_loss", input, target)
    loss = ops._huber(input, target, delta, 0.5, delta)
    if weight is None:
        return _reduce(loss, reduction)
    if weight.size() != loss.size():
        raise ValueError("Weights and input must have the same size.")
    return _reduce(loss * weight, reduction)  # its mean is not divided by the weights, as PyTorch has it


def kl_div(input, target, size_average=None, reduce=None, reduction="mean", log_target=False):
    """Kullback-Leibler divergence of `target` from the log-probabilities `input`.

    Parameters
    ----------
    input : Tensor
        Logarithms of probabilities.
    target : Tensor
        Probabilities, or their logarithms with `log_target`.
    size_average, reduce : bool, optional
        Deprecated forms of `reduction`.
    reduction : {"mean", "batchmean", "sum", "none"}
        ``"batchmean"`` divides the sum by the size of the batch, as the definition has it.
    log_target : bool

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.kl_div(ctorch.zeros(1, 2), ctorch.tensor([[0.5, 0.5]]), reduction="sum")
    tensor(-0.6931)
    """
    ops._need_tensors(input, target)
    if reduction == "batchmean" and size_average is None and reduce is None:
        return kl_div(input, target, reduction="sum", log_target=log_target) / input.size(0)
    if reduction == "mean" and size_average is None and reduce is None:
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size."
            "'batchmean' divides only by the batch size, and aligns with the KL div math definition."
            "'mean' will be changed to behave the same as 'batchmean' in the next major release.",
            stacklevel=2,
        )
    reduction = _legacy_reduction(size_average, reduce, reduction)
    if log_target:
        loss = target.exp() * (target - input)
    else:
        loss = ctorch.xlogy(target, target) - target * input
    return _reduce(loss, reduction)


def binary_cross_entropy(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """Cross entropy between probabilities `input` and `target`, both from 0 to 1.

    Parameters
    ----------
    input, target : Tensor
        Of one shape.
    weight : Tensor, optional
        Weights that broadcast to that shape.
    size_average, reduce : bool, optional
        Deprecated forms of `reduction`.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.binary_cross_entropy(ctorch.tensor([0.5]), ctorch.tensor([1.0]))
    tensor(0.6931)
    """
    reduction = _legacy_reduction(size_average, reduce, reduction)
    if target.size() != input.size():
        raise ValueError(f"Using a target size ({target.size()}) that is different to the input size "
                         f"({input.size()}) is deprecated. Please ensure they have the same size.")
    if weight is not None:
        weight = weight.expand(ctorch.broadcast_shapes(target.size(), weight.size()))
    return ops.binary_cross_entropy(input, target, weight, reduction)


def binary_cross_entropy_with_logits(
    input, target, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None
):
    """`binary_cross_entropy` of ``sigmoid(input)``, computed without overflow.

    Parameters
    ----------
    input, target : Tensor
        Of one shape.
    weight : Tensor, optional
        Weights that broadcast to that shape.
    size_average, reduce : bool, optional
        Deprecated forms of `reduction`.
    reduction : {"mean", "sum", "none"}
    pos_weight : Tensor, optional
        Weight of positive targets, broadcast to that shape.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.binary_cross_entropy_with_logits(ctorch.zeros(2), ctorch.tensor([0.0, 1.0]))
    tensor(0.6931)
    """
    reduction = _legacy_reduction(size_average, reduce, reduction)
    if target.size() != input.size():
        raise ValueError(f"Target size ({target.size()}) must be the same as input size ({input.size()})")
    return ops.binary_cross_entropy_with_logits(input, target, weight, pos_weight, reduction)


def cosine_similarity(x1, x2, dim=1, eps=1e-8):
    """Cosine of the angle between vectors along `dim`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.cosine_similarity(ctorch.ones(1, 2), ctorch.tensor([[1.0, 0.0]]))
    tensor([0.7071])
    """
    ops._need_tensors(x1, x2)
    if x1.shape != x2.shape:
        x1, x2 = ctorch.broadcast_tensors(x1, x2)
    x1 = x1 / vector_norm(x1, 2, dim, True).clamp(min=eps)
    x2 = x2 / vector_norm(x2, 2, dim, True).clamp(min=eps)
    if x1.dtype == x2.dtype and x1.is_floating_point():
        return vecdot(x1, x2, dim=dim)
    return (x1 * x2).sum(dim)


def pairwise_distance(x1, x2, p=2.0, eps=1e-6, keepdim=False):
    """Norm of order `p` of ``x1 - x2 + eps`` along the last dimension.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.pairwise_distance(ctorch.zeros(1, 2), ctorch.tensor([[3.0, 4.0]]), eps=0.0)
    tensor([5.])
    """
    ops._need_tensors(x1, x2)
    return vector_norm(x1 - x2 + eps, p, -1, keepdim)
