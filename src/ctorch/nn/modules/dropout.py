"""Dropout layers."""
from .. import functional as F
from .module import Module

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _DropoutNd(Module):
    def __init__(self, p=0.5, inplace=False):
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def extra_repr(self):
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_DropoutNd):
    """Set elements to zero at random in training and scale the others by ``1 / (1 - p)``.

    Parameters
    ----------
    p : float
        Probability of an element to be dropped.
    inplace : bool
        Overwrite the input.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.Dropout(0.2).eval()(ctorch.ones(2))
    tensor([1., 1.])
    """

    def forward(self, input):
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_DropoutNd):
    """`Dropout` of whole channels of ``(batch, channels, length)``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.Dropout1d()(ctorch.ones(2, 3, 4)).shape
    torch.Size([2, 3, 4])
    """

    def forward(self, input):
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_DropoutNd):
    """`Dropout` of whole channels of ``(batch, channels, height, width)``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.Dropout2d()(ctorch.ones(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    """

    def forward(self, input):
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_DropoutNd):
    """`Dropout` of whole channels of ``(batch, channels, depth, height, width)``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.Dropout3d()(ctorch.ones(2, 3, 2, 4, 4)).shape
    torch.Size([2, 3, 2, 4, 4])
    """

    def forward(self, input):
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_DropoutNd):
    """Dropout that keeps mean and variance of self-normalising networks (Klambauer et al., 2017).

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.AlphaDropout().eval()(ctorch.ones(2))
    tensor([1., 1.])
    """

    def forward(self, input):
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_DropoutNd):
    """`AlphaDropout` of whole channels.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.FeatureAlphaDropout().eval()(ctorch.ones(1, 2))
    tensor([[1., 1.]])
    """

    def forward(self, input):
        return F.feature_alpha_dropout(input, self.p, self.training)
