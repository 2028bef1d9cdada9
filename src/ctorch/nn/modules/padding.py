"""Padding layers."""
from .. import functional as F
from .module import Module
from .utils import _ntuple, _pair, _quadruple

__all__ = [
    "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d",
    "ReflectionPad1d", "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d",
    "ReplicationPad3d", "ZeroPad1d", "ZeroPad2d", "ZeroPad3d",
]

_sextuple = _ntuple(6)


class _Pad(Module):
    """Padding of a fixed mode; a subclass for each number of dimensions says how one number is repeated."""

    mode = "constant"
    value = None
    _expand = None

    def __init__(self, padding):
        super().__init__()
        self.padding = type(self)._expand(padding)

    def forward(self, input):
        return F.pad(input, self.padding, self.mode, self.value)

    def extra_repr(self):
        return f"{self.padding}"


class _ConstantPad(_Pad):
    def __init__(self, padding, value):
        super().__init__(padding)
        self.value = value

    def extra_repr(self):
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """Extend the last dimension by a value: ``ConstantPad1d((before, after), value)``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.ConstantPad1d(1, 5.0)(ctorch.zeros(1, 1))
    tensor([[5., 0., 5.]])
    """

    _expand = staticmethod(_pair)


class ConstantPad2d(_ConstantPad):
    """Extend the last two dimensions by a value; see `ConstantPad1d`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.ConstantPad2d(1, 5.0)(ctorch.zeros(1, 2, 2)).shape
    torch.Size([1, 4, 4])
    """

    _expand = staticmethod(_quadruple)


class ConstantPad3d(_ConstantPad):
    """Extend the last three dimensions by a value; see `ConstantPad1d`.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.ConstantPad3d(1, 5.0)(ctorch.zeros(1, 2, 2, 2)).shape
    torch.Size([1, 4, 4, 4])
    """

    _expand = staticmethod(_sextuple)


class ZeroPad1d(ConstantPad1d):
    """Extend the last dimension by zeros.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.ZeroPad1d(1)(ctorch.ones(1, 1))
    tensor([[0., 1., 0.]])
    """

    def __init__(self, padding):
        super().__init__(padding, 0.0)

    def extra_repr(self):
        return f"{self.padding}"


class ZeroPad2d(ConstantPad2d):
    """Extend the last two dimensions by zeros: ``(left, right, top, bottom)`` or one number for all.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.ZeroPad2d(1)(ctorch.ones(1, 1, 2, 2)).shape
    torch.Size([1, 1, 4, 4])
    """

    def __init__(self, padding):
        super().__init__(padding, 0.0)

    def extra_repr(self):
        return f"{self.padding}"


class ZeroPad3d(ConstantPad3d):
    """Extend the last three dimensions by zeros.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.ZeroPad3d(1)(ctorch.zeros(1, 2, 2, 2)).shape
    torch.Size([1, 4, 4, 4])
    """

    def __init__(self, padding):
        super().__init__(padding, 0.0)

    def extra_repr(self):
        return f"{self.padding}"


class ReflectionPad1d(_Pad):
    """Extend the last dimension by its mirror image.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.ReflectionPad1d(1)(ctorch.arange(3.0).view(1, 3))
    tensor([[1., 0., 1., 2., 1.]])
    """

    mode = "reflect"
    _expand = staticmethod(_pair)


class ReflectionPad2d(_Pad):
    """Extend the last two dimensions by their mirror image.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.ReflectionPad2d(1)(ctorch.arange(4.0).view(1, 2, 2))
    tensor([[[3., 2., 3., 2.],
             [1., 0., 1., 0.],
             [3., 2., 3., 2.],
             [1., 0., 1., 0.]]])
    """

    mode = "reflect"
    _expand = staticmethod(_quadruple)


class ReplicationPad1d(_Pad):
    """Extend the last dimension by its border.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.ReplicationPad1d(1)(ctorch.arange(3.0).view(1, 3))
    tensor([[0., 0., 1., 2., 2.]])
    """

    mode = "replicate"
    _expand = staticmethod(_pair)


class ReplicationPad2d(_Pad):
    """Extend the last two dimensions by their border.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.ReplicationPad2d(1)(ctorch.arange(4.0).view(1, 2, 2))
    tensor([[[0., 0., 1., 1.],
             [0., 0., 1., 1.],
             [2., 2., 3., 3.],
             [2., 2., 3., 3.]]])
    """

    mode = "replicate"
    _expand = staticmethod(_quadruple)


class CircularPad1d(_Pad):
    """Extend the last dimension by its other end.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.CircularPad1d(1)(ctorch.arange(3.0).view(1, 3))
    tensor([[2., 0., 1., 2., 0.]])
    """

    mode = "circular"
    _expand = staticmethod(_pair)


class CircularPad2d(_Pad):
    """Extend the last two dimensions by their other end.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.CircularPad2d(1)(ctorch.arange(4.0).view(1, 2, 2))
    tensor([[[3., 2., 3., 2.],
             [1., 0., 1., 0.],
             [3., 2., 3., 2.],
             [1., 0., 1., 0.]]])
    """

    mode = "circular"
    _expand = staticmethod(_quadruple)


class ReflectionPad3d(_Pad):
    """Extend the last three dimensions by their mirror image.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.ReflectionPad3d(1)(ctorch.zeros(1, 2, 3, 4)).shape
    torch.Size([1, 4, 5, 6])
    """

    mode = "reflect"
    _expand = staticmethod(_sextuple)


class ReplicationPad3d(_Pad):
    """Extend the last three dimensions by their border.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.ReplicationPad3d(1)(ctorch.zeros(1, 2, 3, 4)).shape
    torch.Size([1, 4, 5, 6])
    """

    mode = "replicate"
    _expand = staticmethod(_sextuple)


class CircularPad3d(_Pad):
    """Extend the last three dimensions by their other end.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.CircularPad3d(1)(ctorch.zeros(1, 2, 3, 4)).shape
    torch.Size([1, 4, 5, 6])
    """

    mode = "circular"
    _expand = staticmethod(_sextuple)
