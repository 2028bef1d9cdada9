"""Samples of losses."""
from samples import Sample, plain, real, samples, whole

F = "nn.functional."
REDUCTIONS = ("mean", "sum", "none")
UNIT = {"low": 0.1, "high": 0.9}


@samples("nll_loss", F + "nll_loss")
def nll_loss():
    for reduction in REDUCTIONS:
        yield Sample(real(4, 3), whole(4), reduction=reduction).by(F + "nll_loss")
        yield Sample(real(2, 3, 2), whole(2, 2), plain(3, **UNIT), ignore_index=1, reduction=reduction).by(
            F + "nll_loss")
    yield Sample(real(3), whole()).by(F + "nll_loss")


@samples("cross_entropy", F + "cross_entropy")
def cross_entropy():
    for reduction in REDUCTIONS:
        yield Sample(real(4, 3), whole(4), reduction=reduction).by(F + "cross_entropy")
        yield Sample(real(2, 3, 2), whole(2, 2), plain(3, **UNIT), ignore_index=1, reduction=reduction,
                     label_smoothing=0.1).by(F + "cross_entropy")
    yield Sample(real(3), whole()).by(F + "cross_entropy")
    yield Sample(real(2, 3), real(2, 3, **UNIT), label_smoothing=0.2).by(F + "cross_entropy")


@samples("mse_loss", "l1_loss", F + "smooth_l1_loss", F + "huber_loss", F + "soft_margin_loss")
def regression(name):
    path = name if name.startswith(F) else F + name
    for reduction in REDUCTIONS:
        target = plain(2, 3).sign() if "margin" in name else real(2, 3)
        yield Sample(real(2, 3), target, reduction=reduction).by(path)
    if "l1" in name or "huber" in name:
        yield Sample(real(4), plain(4)).by(path)


@samples("binary_cross_entropy", F + "binary_cross_entropy")
def binary_cross_entropy():
    for reduction in REDUCTIONS:
        yield Sample(real(2, 3, **UNIT), plain(2, 3, **UNIT), reduction=reduction).by(F + "binary_cross_entropy")
    yield Sample(real(2, 3, **UNIT), real(2, 3, **UNIT), plain(3, **UNIT)).by(F + "binary_cross_entropy")


@samples("binary_cross_entropy_with_logits", F + "binary_cross_entropy_with_logits")
def with_logits():
    path = F + "binary_cross_entropy_with_logits"
    for reduction in REDUCTIONS:
        yield Sample(real(2, 3), plain(2, 3, **UNIT), reduction=reduction).by(path)
    yield Sample(real(2, 3), real(2, 3, **UNIT), plain(3, **UNIT), pos_weight=plain(3, low=0.5)).by(path)


@samples(F + "kl_div")
def kl_div():
    for reduction in ("batchmean", "sum", "none"):
        yield Sample(real(2, 3), real(2, 3, **UNIT), reduction=reduction)
    yield Sample(real(2, 3), real(2, 3), log_target=True, reduction="sum")


@samples(F + "poisson_nll_loss")
def poisson_nll_loss():
    yield Sample(real(2, 3), plain(2, 3, low=0.3))
    yield Sample(real(2, 3, low=0.3), plain(2, 3, low=1.2, high=3), log_input=False, full=True, reduction="sum")


@samples(F + "gaussian_nll_loss")
def gaussian_nll_loss():
    yield Sample(real(2, 3), real(2, 3), real(2, 3, low=0.5))
    yield Sample(real(2, 3), real(2, 3), real(2, 1, low=0.5), full=True, reduction="none")


@samples(F + "hinge_embedding_loss", F + "cosine_embedding_loss", F + "margin_ranking_loss", F + "triplet_margin_loss",
         F + "multilabel_soft_margin_loss", F + "multi_margin_loss", F + "multilabel_margin_loss")
def margins(name):
    signs = plain(2).sign()
    given = {"hinge_embedding_loss": (real(2, 3), plain(2, 3).sign()),
             "cosine_embedding_loss": (real(2, 3), real(2, 3), signs),
             "margin_ranking_loss": (real(2), real(2), signs),
             "triplet_margin_loss": (real(2, 3), real(2, 3), real(2, 3)),
             "multilabel_soft_margin_loss": (real(2, 3), whole(2, 3, high=2).double()),
             "multi_margin_loss": (real(2, 3), whole(2)),
             "multilabel_margin_loss": (real(2, 3), whole(2, 3, low=-1))}[name.removeprefix(F)]
    for reduction in REDUCTIONS:
        yield Sample(*given, reduction=reduction)


@samples("nn.functional.ctc_loss")
def ctc_loss():
    probabilities = real(5, 2, 4)
    targets = whole(2, 2, low=1, high=4)
    for reduction in REDUCTIONS:
        yield Sample(probabilities, targets, (5, 4), (2, 1), reduction=reduction).prepare(
            lambda x: x.log_softmax(-1)).once()
