"""Loss layers."""
from .. import functional as F
from .._functional.loss import _legacy_reduction
from .module import Module

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "NLLLoss",
    "SmoothL1Loss",
]


class _Loss(Module):
    def __init__(self, size_average=None, reduce=None, reduction="mean"):
        super().__init__()
        if size_average is not None or reduce is not None:
            reduction = _legacy_reduction(size_average, reduce, reduction, stacklevel=4)
        self.reduction = reduction


class _WeightedLoss(_Loss):
    def __init__(self, weight=None, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class L1Loss(_Loss):
    """Absolute differences; the parameters are those of `MSELoss`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.L1Loss()(ctorch.tensor([1.0, 2.0]), ctorch.zeros(2))
    tensor(1.5000)
    """

    def forward(self, input, target):
        return F.l1_loss(input, target, reduction=self.reduction)


class MSELoss(_Loss):
    """Squared differences.

    Parameters
    ----------
    size_average, reduce : bool, optional
        Deprecated forms of `reduction`.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.MSELoss()(ctorch.tensor([1.0, 2.0]), ctorch.zeros(2))
    tensor(2.5000)
    """

    def forward(self, input, target):
        return F.mse_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(_Loss):
    """Squared differences below `beta`, absolute ones above.

    Parameters
    ----------
    size_average, reduce : bool, optional
        Deprecated forms of `reduction`.
    reduction : {"mean", "sum", "none"}
    beta : float

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.SmoothL1Loss()(ctorch.tensor([0.5, 2.0]), ctorch.zeros(2))
    tensor(0.8125)
    """

    def __init__(self, size_average=None, reduce=None, reduction="mean", beta=1.0):
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input, target):
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(_Loss):
    """Squared differences below `delta`, scaled absolute ones above.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
    delta : float

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.HuberLoss(delta=2.0)(ctorch.tensor([1.0, 4.0]), ctorch.zeros(2))
    tensor(3.2500)
    """

    def __init__(self, reduction="mean", delta=1.0):
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input, target):
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class KLDivLoss(_Loss):
    """Kullback-Leibler divergence of the target from log-probabilities.

    Parameters
    ----------
    size_average, reduce : bool, optional
        Deprecated forms of `reduction`.
    reduction : {"mean", "batchmean", "sum", "none"}
    log_target : bool
        Whether targets are logarithms too.

    Examples
    --------
    >>> import ctorch
    >>> p = ctorch.tensor([[0.25, 0.75]])
    >>> ctorch.nn.KLDivLoss(reduction="batchmean")(p.log(), p)
    tensor(0.)
    """

    def __init__(self, size_average=None, reduce=None, reduction="mean", log_target=False):
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input, target):
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class NLLLoss(_WeightedLoss):
    """Negative log likelihood of the target classes.

    Parameters
    ----------
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
    >>> ctorch.nn.NLLLoss()(ctorch.tensor([[-1.0, -2.0]]), ctorch.tensor([1]))
    tensor(2.)
    """

    def __init__(self, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input, target):
        return F.nll_loss(input, target, weight=self.weight, ignore_index=self.ignore_index,
                          reduction=self.reduction)


class CrossEntropyLoss(_WeightedLoss):
    """Cross entropy between logits and classes.

    Parameters
    ----------
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
    >>> ctorch.nn.CrossEntropyLoss()(ctorch.zeros(2, 4), ctorch.tensor([1, 3]))
    tensor(1.3863)
    """

    def __init__(self, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean",
                 label_smoothing=0.0):
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input, target):
        return F.cross_entropy(input, target, weight=self.weight, ignore_index=self.ignore_index,
                               reduction=self.reduction, label_smoothing=self.label_smoothing)


class BCELoss(_WeightedLoss):
    """Cross entropy between probabilities and targets from 0 to 1.

    Parameters
    ----------
    weight : Tensor, optional
        Weights that broadcast to the input's shape.
    size_average, reduce : bool, optional
        Deprecated forms of `reduction`.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.BCELoss()(ctorch.tensor([0.5]), ctorch.tensor([1.0]))
    tensor(0.6931)
    """

    def forward(self, input, target):
        return F.binary_cross_entropy(input, target, weight=self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_Loss):
    """`BCELoss` of a sigmoid's output, computed without overflow.

    Parameters
    ----------
    weight : Tensor, optional
        Weights that broadcast to the input's shape.
    size_average, reduce : bool, optional
        Deprecated forms of `reduction`.
    reduction : {"mean", "sum", "none"}
    pos_weight : Tensor, optional
        Weight of positive targets.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.BCEWithLogitsLoss()(ctorch.zeros(2), ctorch.tensor([0.0, 1.0]))
    tensor(0.6931)
    """

    def __init__(self, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None):
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input, target):
        return F.binary_cross_entropy_with_logits(input, target, self.weight, pos_weight=self.pos_weight,
                                                  reduction=self.reduction)
