"""The older name of tensors that take part in differentiation."""
from ctorch._core import Tensor

__all__ = ["Variable"]


class _AnyTensor(type):
    def __instancecheck__(cls, instance):
        return isinstance(instance, Tensor)

    def __subclasscheck__(cls, subclass):
        return issubclass(subclass, Tensor)


class Variable(metaclass=_AnyTensor):
    """A tensor; ``Variable(x)`` is an alias of ``x`` outside of any graph.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.autograd.Variable(ctorch.ones(1), requires_grad=True)
    tensor([1.], requires_grad=True)
    """

    def __new__(cls, data=None, requires_grad=False):
        if data is None:
            data = Tensor()
        if not isinstance(data, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        return data.detach().requires_grad_(requires_grad)
