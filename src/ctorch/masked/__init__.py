"""Reductions and normalisations that leave out the elements where a mask is false: ``torch.masked``.

A mask is a tensor of bools that broadcasts to the input; without one, all elements count. Results of nothing but
masked-out elements are what the operation starts from (zero for a sum), or NaN where that makes no sense.
"""
from ._operations import (
    amax,
    amin,
    argmax,
    argmin,
    cumprod,
    cumsum,
    log_softmax,
    logaddexp,
    logsumexp,
    mean,
    median,
    norm,
    normalize,
    prod,
    softmax,
    softmin,
    std,
    sum,
    var,
)

__all__ = ["amax", "amin", "argmax", "argmin", "cumprod", "cumsum", "log_softmax", "logaddexp", "logsumexp", "mean",
           "median", "norm", "normalize", "prod", "softmax", "softmin", "std", "sum", "var"]
