"""Losses by margins, by distributions of other kinds, and of sequences."""
from .. import functional as F
from .loss import _Loss, _WeightedLoss

__all__ = [
    "CTCLoss", "CosineEmbeddingLoss", "GaussianNLLLoss", "HingeEmbeddingLoss", "MarginRankingLoss",
    "MultiLabelMarginLoss", "MultiLabelSoftMarginLoss", "MultiMarginLoss", "PoissonNLLLoss", "SoftMarginLoss",
    "TripletMarginLoss", "TripletMarginWithDistanceLoss",
]


class MarginRankingLoss(_Loss):
    """Of two scores, one has to be larger than the other; see `ctorch.nn.functional.margin_ranking_loss`.

    Examples
    --------
    >>> import ctorch
    >>> one = ctorch.ones(2)
    >>> ctorch.nn.MarginRankingLoss()(one, ctorch.tensor([0.0, 4.0]), one)
    tensor(1.5000)
    """

    def __init__(self, margin=0.0, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1, input2, target):
        return F.margin_ranking_loss(input1, input2, target, margin=self.margin, reduction=self.reduction)


class HingeEmbeddingLoss(_Loss):
    """Distances that are to be small, or larger than a margin; see `ctorch.nn.functional.hinge_embedding_loss`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.HingeEmbeddingLoss()(ctorch.tensor([2.0, 0.5]), ctorch.tensor([1.0, -1.0]))
    tensor(1.2500)
    """

    def __init__(self, margin=1.0, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input, target):
        return F.hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)


class SoftMarginLoss(_Loss):
    """``log(1 + exp(-target * input))``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.SoftMarginLoss()(ctorch.zeros(2), ctorch.tensor([1.0, -1.0]))
    tensor(0.6931)
    """

    def forward(self, input, target):
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class MultiLabelMarginLoss(_Loss):
    """Margins between several wanted classes and the others; see `ctorch.nn.functional.multilabel_margin_loss`.

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.tensor([0.1, 0.2, 0.4, 0.8])
    >>> ctorch.nn.MultiLabelMarginLoss()(x, ctorch.tensor([3, 0, -1, 1]))
    tensor(0.8500)
    """

    def forward(self, input, target):
        return F.multilabel_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(_WeightedLoss):
    """Binary cross entropy of each class's logit, the mean over classes.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.MultiLabelSoftMarginLoss()(ctorch.zeros(1, 2), ctorch.ones(1, 2))
    tensor(0.6931)
    """

    def forward(self, input, target):
        return F.multilabel_soft_margin_loss(input, target, weight=self.weight, reduction=self.reduction)


class MultiMarginLoss(_WeightedLoss):
    """Margins between the target class and the others; see `ctorch.nn.functional.multi_margin_loss`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.MultiMarginLoss()(ctorch.tensor([[0.0, 2.0]]), ctorch.tensor([0]))
    tensor(1.5000)
    """

    def __init__(self, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"):
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError("only p == 1 and p == 2 supported")
        if weight is not None and weight.dim() != 1:
            raise ValueError(f"MultiMarginLoss: expected weight to be None or 1D tensor, got {weight.dim()}D instead")
        self.p = p
        self.margin = margin

    def forward(self, input, target):
        return F.multi_margin_loss(input, target, p=self.p, margin=self.margin, weight=self.weight,
                                   reduction=self.reduction)


class CosineEmbeddingLoss(_Loss):
    """Vectors that are to be alike, or not; see `ctorch.nn.functional.cosine_embedding_loss`.

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.eye(2)
    >>> ctorch.nn.CosineEmbeddingLoss()(x, x, ctorch.tensor([1, -1]))
    tensor(0.5000)
    """

    def __init__(self, margin=0.0, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1, input2, target):
        return F.cosine_embedding_loss(input1, input2, target, margin=self.margin, reduction=self.reduction)


class TripletMarginLoss(_Loss):
    """An anchor that is to be nearer to the positive than to the negative; see
    `ctorch.nn.functional.triplet_margin_loss`.

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.eye(2)
    >>> ctorch.nn.TripletMarginLoss()(x, x, x)
    tensor(1.)
    """

    def __init__(self, margin=1.0, p=2.0, eps=1e-6, swap=False, size_average=None, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        if margin <= 0:
            raise ValueError(f"TripletMarginLoss: expected margin to be greater than 0, got {margin} instead")
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor, positive, negative):
        return F.triplet_margin_loss(anchor, positive, negative, margin=self.margin, p=self.p, eps=self.eps,
                                     swap=self.swap, reduction=self.reduction)


class TripletMarginWithDistanceLoss(_Loss):
    """`TripletMarginLoss` with a distance of one's own.

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.eye(2)
    >>> ctorch.nn.TripletMarginWithDistanceLoss(margin=2.0)(x, x, x)
    tensor(2.)
    """

    def __init__(self, *, distance_function=None, margin=1.0, swap=False, reduction="mean"):
        super().__init__(None, None, reduction)
        if margin <= 0:
            raise ValueError("TripletMarginWithDistanceLoss: expected margin to be greater than 0, got "
                             f"{margin} instead")
        self.distance_function = distance_function if distance_function is not None else F.pairwise_distance
        self.margin = margin
        self.swap = swap

    def forward(self, anchor, positive, negative):
        return F.triplet_margin_with_distance_loss(
            anchor, positive, negative, distance_function=self.distance_function, margin=self.margin, swap=self.swap,
            reduction=self.reduction)


class PoissonNLLLoss(_Loss):
    """Negative log-likelihood of Poisson-distributed counts; see `ctorch.nn.functional.poisson_nll_loss`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.PoissonNLLLoss()(ctorch.zeros(2), ctorch.tensor([1.0, 3.0]))
    tensor(1.)
    """

    def __init__(self, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction="mean"):
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input, target):
        return F.poisson_nll_loss(log_input, target, log_input=self.log_input, full=self.full, eps=self.eps,
                                  reduction=self.reduction)


class GaussianNLLLoss(_Loss):
    """Negative log-likelihood of normally distributed values; see `ctorch.nn.functional.gaussian_nll_loss`.

    Examples
    --------
    >>> import ctorch
    >>> one = ctorch.ones(2)
    >>> ctorch.nn.GaussianNLLLoss()(one, ctorch.zeros(2), one)
    tensor(0.5000)
    """

    def __init__(self, *, full=False, eps=1e-6, reduction="mean"):
        super().__init__(None, None, reduction)
        self.full = full
        self.eps = eps

    def forward(self, input, target, var):
        return F.gaussian_nll_loss(input, target, var, full=self.full, eps=self.eps, reduction=self.reduction)


class CTCLoss(_Loss):
    """Connectionist temporal classification; see `ctorch.nn.functional.ctc_loss`.

    Examples
    --------
    >>> import ctorch
    >>> logs = ctorch.zeros(2, 1, 2).log_softmax(2)
    >>> ctorch.nn.CTCLoss()(logs, ctorch.tensor([[1]]), (2,), (1,))
    tensor(0.2877)
    """

    def __init__(self, blank=0, reduction="mean", zero_infinity=False):
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(self, log_probs, targets, input_lengths, target_lengths):
        return F.ctc_loss(log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction,
                          self.zero_infinity)
