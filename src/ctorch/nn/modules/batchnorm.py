"""Batch normalisation layers."""
import ctorch

from .. import functional as F
from .. import init
from ..parameter import Parameter
from .module import Module, _weight_and_bias

__all__ = ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d"]


class _BatchNorm(Module):
    """What batch normalisation of every number of dimensions shares."""

    _version = 2

    def __init__(
        self,
        num_features,
        eps=1e-5,
        momentum=0.1,
        affine=True,
        track_running_stats=True,
        device=None,
        dtype=None,
        *,
        bias=True,
    ):
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        options = {"device": device, "dtype": dtype}
        self.register_parameter(
            "weight", Parameter(ctorch.empty(num_features, **options)) if affine else None
        )
        has_bias = affine and bias
        self.register_parameter(
            "bias", Parameter(ctorch.empty(num_features, **options)) if has_bias else None
        )
        tracked = track_running_stats
        self.register_buffer("running_mean", ctorch.zeros(num_features, **options) if tracked else None)
        self.register_buffer("running_var", ctorch.ones(num_features, **options) if tracked else None)
        self.register_buffer("num_batches_tracked",
                             ctorch.tensor(0, dtype=ctorch.int64, device=device) if tracked else None)
        self.reset_parameters()

    def reset_running_stats(self):
        """Forget the batches seen so far."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self):
        """Forget the batches and set the scale to one and the shift to zero."""
        self.reset_running_stats()
        if self.affine:
            init.ones_(self.weight)
            if self.bias is not None:
                init.zeros_(self.bias)

    def _check_input_dim(self, input):
        raise NotImplementedError(f"{type(self).__name__}: _check_input_dim is not defined")

    def forward(self, input):
        self._check_input_dim(input)
        weight, bias = _weight_and_bias(self)
        momentum = 0.0 if self.momentum is None else self.momentum
        buffers = self._buffers
        running_mean, running_var = buffers.get("running_mean"), buffers.get("running_var")
        if self.training:
            batches = buffers.get("num_batches_tracked")
            if self.track_running_stats and batches is not None:
                batches.add_(1)
                if self.momentum is None:  # every batch counts the same
                    momentum = 1.0 / float(batches)
            if not self.track_running_stats:
                running_mean = running_var = None
        use_batch = self.training or (running_mean is None and running_var is None)
        return F.batch_norm(input, running_mean, running_var, weight, bias, use_batch, momentum, self.eps)

    def extra_repr(self):
        return (f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
                f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}")

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys,
                              error_msgs):
        # Files from before version 2 do not have the count of batches.
        if local_metadata.get("version") in (None, 1) and self.track_running_stats:
            key = prefix + "num_batches_tracked"
            if key not in state_dict:
                count = self.num_batches_tracked
                state_dict[key] = ctorch.tensor(0, dtype=ctorch.int64) if count is None else count
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )


class BatchNorm1d(_BatchNorm):
    """Batch normalisation over ``(batch, features)`` or ``(batch, features, length)``.

    The parameters are those of `BatchNorm2d`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.BatchNorm1d(1)(ctorch.tensor([[1.0], [3.0]])).detach()
    tensor([[-1.0000],
            [ 1.0000]])
    """

    def _check_input_dim(self, input):
        if input.dim() not in (2, 3):
            raise ValueError(f"expected 2D or 3D input (got {input.dim()}D input)")


class BatchNorm2d(_BatchNorm):
    """Batch normalisation over ``(batch, channels, height, width)``.

    Parameters
    ----------
    num_features : int
        Number of channels.
    eps : float
        Added to the variance.
    momentum : float or None
        Weight of a new batch in the running averages; None weighs all batches the same.
    affine : bool
        Whether there is a learned scale and shift.
    track_running_stats : bool
        Whether running averages are kept, to be used in evaluation.
    device, dtype : optional
        Of the parameters and buffers.
    bias : bool
        Whether there is a learned shift.

    Examples
    --------
    >>> import ctorch
    >>> layer = ctorch.nn.BatchNorm2d(8)
    >>> layer(ctorch.zeros(4, 8, 5, 5)).shape
    torch.Size([4, 8, 5, 5])
    >>> int(layer.num_batches_tracked)
    1
    """

    def _check_input_dim(self, input):
        if input.dim() != 4:
            raise ValueError(f"expected 4D input (got {input.dim()}D input)")


class BatchNorm3d(_BatchNorm):
    """Batch normalisation over ``(batch, channels, depth, height, width)``.

    The parameters are those of `BatchNorm2d`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.BatchNorm3d(2)(ctorch.zeros(1, 2, 3, 3, 3)).shape
    torch.Size([1, 2, 3, 3, 3])
    """

    def _check_input_dim(self, input):
        if input.dim() != 5:
            raise ValueError(f"expected 5D input (got {input.dim()}D input)")
