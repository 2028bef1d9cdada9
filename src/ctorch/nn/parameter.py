"""Tensors that a Module registers by itself when they are assigned to it."""
from collections import OrderedDict

import ctorch

from .._core import Tensor

__all__ = ["Buffer", "Parameter"]


def _rebuild_parameter(data, requires_grad, backward_hooks):
    """Inverse of `Parameter.__reduce_ex__`; hooks are not pickled, the argument is PyTorch's."""
    return Parameter(data, requires_grad)


def _rebuild_parameter_with_state(data, requires_grad, backward_hooks, state):
    parameter = Parameter(data, requires_grad)
    parameter.__dict__.update(state)
    return parameter


class Parameter(Tensor):
    """Tensor that becomes one of a Module's parameters when it is assigned as an attribute.

    Parameters
    ----------
    data : Tensor, optional
        The values; the parameter shares their memory.
    requires_grad : bool
        Whether gradients are computed for it.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.Parameter(ctorch.ones(2))
    Parameter containing:
    tensor([1., 1.], requires_grad=True)
    """

    def __new__(cls, data=None, requires_grad=True):
        if data is None:
            data = ctorch.empty(0)
        elif not isinstance(data, Tensor):
            raise TypeError(f"Parameter: data must be a Tensor, got {type(data).__name__}")
        if requires_grad and not (data.is_floating_point() or data.is_complex()):
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        return Tensor._make_subclass(cls, data.detach(), requires_grad)

    def __deepcopy__(self, memo):
        copied = memo.get(id(self))
        if copied is None:
            copied = type(self)(self.detach().clone(), self.requires_grad)
            memo[id(self)] = copied
        return copied

    def __repr__(self):
        return "Parameter containing:\n" + super().__repr__()

    def __reduce_ex__(self, protocol):
        state = self.__dict__
        if state:
            return _rebuild_parameter_with_state, (self.data, self.requires_grad, OrderedDict(), state)
        return _rebuild_parameter, (self.data, self.requires_grad, OrderedDict())


class Buffer(Tensor):
    """Tensor that becomes one of a Module's buffers when it is assigned as an attribute.

    Parameters
    ----------
    data : Tensor, optional
        The values; the buffer shares their memory.
    persistent : bool
        Whether the buffer is part of the module's ``state_dict``.

    Examples
    --------
    >>> import ctorch
    >>> module = ctorch.nn.Module()
    >>> module.mean = ctorch.nn.Buffer(ctorch.zeros(2))
    >>> list(module.state_dict())
    ['mean']
    """

    def __new__(cls, data=None, *, persistent=True):
        if data is None:
            data = ctorch.empty(0)
        buffer = Tensor._make_subclass(cls, data.detach(), data.requires_grad)
        buffer.persistent = persistent
        return buffer

    def __reduce_ex__(self, protocol):
        return _rebuild_buffer, (self.data, self.persistent)

    def __deepcopy__(self, memo):
        copied = memo.get(id(self))
        if copied is None:
            copied = Buffer(self.detach().clone(), persistent=self.persistent)
            memo[id(self)] = copied
        return copied


def _rebuild_buffer(data, persistent):
    return Buffer(data, persistent=persistent)
