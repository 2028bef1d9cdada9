"""Forward mode: tensors that carry a tangent, the derivative along one direction of the inputs."""
from typing import NamedTuple

from ctorch import _tape
from ctorch._core import Tensor
from ctorch._grad_mode import _Mode

__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual"]


def enter_dual_level():
    """Open a level of forward mode: tensors can be given tangents, until it is closed.

    Levels of one thread nest. Operations see the tangents of all that are open.

    Returns
    -------
    int
        The level.

    Examples
    --------
    >>> from ctorch.autograd import forward_ad
    >>> forward_ad.enter_dual_level()
    0
    >>> forward_ad.exit_dual_level()
    """
    return _tape._enter_level()


def exit_dual_level(*, level=None):
    """Close the innermost level of forward mode; tensors lose their tangents in it.

    Parameters
    ----------
    level : int, optional
        The level, which must be the innermost.
    """
    _tape._exit_level(_tape._open_levels() - 1 if level is None else level)


def make_dual(tensor, tangent, *, level=None):
    """Another tensor over the same values, with a tangent.

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.forward_ad.make_dual.html

    Parameters
    ----------
    tensor : Tensor
        The values.
    tangent : Tensor
        The direction; of the shape and the dtype of `tensor`.
    level : int, optional
        The level of forward mode; by default the innermost.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import ctorch
    >>> from ctorch.autograd import forward_ad
    >>> with forward_ad.dual_level():
    ...     x = forward_ad.make_dual(ctorch.tensor([1., 2.]), ctorch.tensor([1., 0.]))
    ...     forward_ad.unpack_dual(x * x).tangent
    tensor([2., 0.])
    """
    level = _tape._open_levels() - 1 if level is None else level
    if level < 0:
        raise RuntimeError("Trying to create a dual Tensor for forward AD but no level exists, make sure to "
                           "enter_dual_level() first.")
    return _tape._make_dual(tensor, tangent, level)


class UnpackedDualTensor(NamedTuple):
    """What `unpack_dual` returns.

    Attributes
    ----------
    primal : Tensor
        The values, without the tangent.
    tangent : Tensor or None
        The tangent.
    """

    primal: Tensor
    tangent: Tensor | None


def unpack_dual(tensor, *, level=None):
    """The values and the tangent of a tensor.

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.forward_ad.unpack_dual.html

    Parameters
    ----------
    tensor : Tensor
        The tensor.
    level : int, optional
        The level of forward mode; by default the innermost.

    Returns
    -------
    UnpackedDualTensor
        The tangent is None where the tensor does not depend on what was given one.

    Examples
    --------
    >>> import ctorch
    >>> from ctorch.autograd import forward_ad
    >>> with forward_ad.dual_level():
    ...     x = forward_ad.make_dual(ctorch.tensor(3.), ctorch.tensor(1.))
    ...     primal, tangent = forward_ad.unpack_dual(x ** 2)
    >>> primal, tangent
    (tensor(9.), tensor(6.))
    """
    level = _tape._open_levels() - 1 if level is None else level
    if level < 0:
        return UnpackedDualTensor(tensor, None)
    return UnpackedDualTensor(*_tape._unpack_dual(tensor, level))


class dual_level(_Mode):
    """A level of forward mode that is open inside of a with block.

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.forward_ad.dual_level.html

    Examples
    --------
    >>> import ctorch
    >>> from ctorch.autograd import forward_ad
    >>> with forward_ad.dual_level():
    ...     x = forward_ad.make_dual(ctorch.tensor(0.), ctorch.tensor(1.))
    ...     y = x.sin()
    ...     forward_ad.unpack_dual(y).tangent
    tensor(1.)
    >>> forward_ad.unpack_dual(y).tangent is None
    True
    """

    def __enter__(self):
        return enter_dual_level()

    def __exit__(self, *exc):
        exit_dual_level()


class _set_fwd_grad_enabled(_Mode):
    """Forward mode on or off, from now on or inside of a with block."""

    def __init__(self, mode):
        self.mode = bool(mode)
        self.before = _tape._set_fwd_grad(self.mode)

    def __call__(self, function):
        _tape._set_fwd_grad(self.before)
        return super().__call__(function)

    def _again(self):
        return _set_fwd_grad_enabled(self.mode)

    def __enter__(self):
        _tape._set_fwd_grad(self.mode)

    def __exit__(self, *exc):
        _tape._set_fwd_grad(self.before)
