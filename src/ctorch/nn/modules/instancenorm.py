"""Normalisation of each channel of each sample, and of neighbouring channels."""
import warnings

from .. import functional as F
from .batchnorm import _BatchNorm
from .module import Module

__all__ = ["InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "LocalResponseNorm"]


class _InstanceNorm(_BatchNorm):
    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=False, track_running_stats=False, device=None,
                 dtype=None):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype)

    def forward(self, input):
        self._check_input_dim(input)
        features = input.size(input.dim() - self.dims - 1)
        if features != self.num_features:
            if self.affine:
                raise ValueError(f"expected input's size at dim={input.dim() - self.dims - 1} to match num_features "
                                 f"({self.num_features}), but got: {features}.")
            warnings.warn(f"input's size at dim={input.dim() - self.dims - 1} does not match num_features. You can "
                          "silence this warning by not passing in num_features, which is not used because "
                          "affine=False", stacklevel=2)
        batched = input if input.dim() == self.dims + 2 else input.unsqueeze(0)
        output = F.instance_norm(batched, self.running_mean, self.running_var, self.weight, self.bias,
                                 self.training or not self.track_running_stats,
                                 0.0 if self.momentum is None else self.momentum, self.eps)
        return output if batched is input else output.squeeze(0)

    def _check_input_dim(self, input):
        if input.dim() not in (self.dims + 1, self.dims + 2):
            raise ValueError(f"expected {self.dims + 1}D or {self.dims + 2}D input (got {input.dim()}D input)")


class InstanceNorm1d(_InstanceNorm):
    """Normalise each channel of each sample of ``(batch, channels, length)``.

    Parameters
    ----------
    num_features : int
        Number of channels.
    eps : float
        Added to the variance.
    momentum : float
        Weight of a batch in the running averages.
    affine : bool
        Whether there is a learned scale and shift per channel.
    track_running_stats : bool
        Whether there are running averages, which are used in evaluation.
    device, dtype : optional
        Of the parameters.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.InstanceNorm1d(1, eps=0.0)(ctorch.tensor([1.0, 3.0]).view(1, 1, 2)).flatten()
    tensor([-1.,  1.])
    """

    dims = 1


class InstanceNorm2d(_InstanceNorm):
    """Normalise each channel of each sample of ``(batch, channels, height, width)``.

    Parameters
    ----------
    num_features : int
        Number of channels.
    eps : float
        Added to the variance.
    momentum : float
        Weight of a batch in the running averages.
    affine : bool
        Whether there is a learned scale and shift per channel.
    track_running_stats : bool
        Whether there are running averages, which are used in evaluation.
    device, dtype : optional
        Of the parameters.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.InstanceNorm2d(1, eps=0.0)(ctorch.tensor([1.0, 3.0]).view(1, 1, 1, 2)).flatten()
    tensor([-1.,  1.])
    """

    dims = 2


class InstanceNorm3d(_InstanceNorm):
    """Normalise each channel of each sample of ``(batch, channels, depth, height, width)``.

    Parameters
    ----------
    num_features : int
        Number of channels.
    eps : float
        Added to the variance.
    momentum : float
        Weight of a batch in the running averages.
    affine : bool
        Whether there is a learned scale and shift per channel.
    track_running_stats : bool
        Whether there are running averages, which are used in evaluation.
    device, dtype : optional
        Of the parameters.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.InstanceNorm3d(1, eps=0.0)(ctorch.tensor([1.0, 3.0]).view(1, 1, 1, 1, 2)).flatten()
    tensor([-1.,  1.])
    """

    dims = 3


class LocalResponseNorm(Module):
    """Divide by a power of ``k + alpha *`` the mean square over `size` neighbouring channels.

    Parameters
    ----------
    size : int
    alpha, beta, k : float

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.LocalResponseNorm(2, alpha=2.0, beta=1.0)(ctorch.ones(1, 2, 1))
    tensor([[[0.5000],
             [0.3333]]])
    """

    def __init__(self, size, alpha=1e-4, beta=0.75, k=1.0):
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input):
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self):
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
