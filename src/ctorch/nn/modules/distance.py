"""Layers that compare vectors."""
from .. import functional as F
from .module import Module

__all__ = ["CosineSimilarity", "PairwiseDistance"]


class CosineSimilarity(Module):
    """Cosine of the angle between vectors along `dim`.

    Parameters
    ----------
    dim : int
    eps : float
        Least norm to divide by.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.CosineSimilarity()(ctorch.ones(1, 2), ctorch.tensor([[1.0, 0.0]]))
    tensor([0.7071])
    """

    def __init__(self, dim=1, eps=1e-8):
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1, x2):
        return F.cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Module):
    """Norm of the difference of vectors along the last dimension.

    Parameters
    ----------
    p : float
        Order of the norm.
    eps : float
        Added to the difference.
    keepdim : bool

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.PairwiseDistance(eps=0.0)(ctorch.zeros(1, 2), ctorch.tensor([[3.0, 4.0]]))
    tensor([5.])
    """

    def __init__(self, p=2.0, eps=1e-6, keepdim=False):
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1, x2):
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)
