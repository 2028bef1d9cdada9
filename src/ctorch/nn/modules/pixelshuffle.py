"""Layers that trade channels for resolution."""
from .. import functional as F
from .module import Module

__all__ = ["PixelShuffle", "PixelUnshuffle"]


class PixelShuffle(Module):
    """Rearrange ``(*, c * r * r, h, w)`` to ``(*, c, h * r, w * r)``.

    Parameters
    ----------
    upscale_factor : int
        The factor ``r``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.PixelShuffle(3)(ctorch.zeros(1, 9, 4, 4)).shape
    torch.Size([1, 1, 12, 12])
    """

    def __init__(self, upscale_factor):
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input):
        return F.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self):
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """Inverse of `PixelShuffle`.

    Parameters
    ----------
    downscale_factor : int

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.PixelUnshuffle(3)(ctorch.zeros(1, 1, 12, 12)).shape
    torch.Size([1, 9, 4, 4])
    """

    def __init__(self, downscale_factor):
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input):
        return F.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self):
        return f"downscale_factor={self.downscale_factor}"
