"""Operations with their own derivative: ``Function``, its context, and ``once_differentiable``."""
import functools
import inspect

from ctorch._core import Tensor
from ctorch._function import FunctionNode, _set_own_setup, apply_function, delayed_error
from ctorch._grad_mode import no_grad
from ctorch._tape import is_grad_enabled

__all__ = ["BackwardCFunction", "Function", "FunctionCtx", "FunctionMeta", "InplaceFunction", "once_differentiable"]


class FunctionCtx:
    """What a Function's forward passes on to its backward; attributes of any name may be set.

    Examples
    --------
    >>> import ctorch
    >>> ctx = ctorch.autograd.function.FunctionCtx()
    >>> ctx.save_for_backward(ctorch.ones(1))
    >>> ctx.to_save
    (tensor([1.]),)
    """

    def save_for_backward(self, *tensors):
        """Keep tensors for backward; changing one of them in place until then is an error."""
        self.to_save = tensors

    def save_for_forward(self, *tensors):
        """Keep tensors for the derivative in forward mode."""
        self.saved_for_forward = tensors

    def mark_dirty(self, *args):
        """Say which inputs forward changed in place; it must return them."""
        self.dirty_tensors = args

    def mark_non_differentiable(self, *args):
        """Say which outputs have no gradient."""
        self.non_differentiable = args

    def set_materialize_grads(self, value):
        """Whether missing gradients come to backward as zeros (the default) or as None."""
        self.materialize_grads = value


class BackwardCFunction(FunctionNode, FunctionCtx):
    """The context of a Function, which is the node of its outputs: ``grad_fn``."""

    def apply(self, *args):
        """The gradients of the inputs, by the Function's ``backward`` or ``vjp``."""
        backward, vjp = self._forward_cls.backward, self._forward_cls.vjp
        if vjp is Function.vjp:
            return backward(self, *args)
        if backward is not Function.backward:
            raise RuntimeError("Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You "
                               "should only implement one of them.")
        return vjp(self, *args)

    def apply_jvp(self, *args):
        """The derivative in forward mode, by the Function's ``jvp``."""
        return self._forward_cls.jvp(self, *args)


class FunctionMeta(type):
    """Gives each Function the class of its context."""

    def __init__(cls, name, bases, attributes):
        cls._backward_cls = type(name + "Backward", (BackwardCFunction,), {"_forward_cls": cls})
        super().__init__(name, bases, attributes)


class Function(metaclass=FunctionMeta):
    """An operation with its own derivative; subclass it with static ``forward`` and ``backward``.

    See https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.Function

    Examples
    --------
    >>> import ctorch
    >>> class Cube(ctorch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x * x
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         x, = ctx.saved_tensors
    ...         return 3 * g * x * x
    >>> x = ctorch.tensor(2., requires_grad=True)
    >>> y = Cube.apply(x)
    >>> y.backward()
    >>> x.grad
    tensor(12.)
    >>> y.grad_fn.name()
    'CubeBackward'
    """

    generate_vmap_rule = False

    def __call__(self, *args, **kwargs):
        """Refused: Functions are used by ``apply``."""
        raise RuntimeError("Legacy autograd function with non-static forward method is deprecated. Please use "
                           "new-style autograd function with static forward method. (Example: "
                           "https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)")

    @staticmethod
    def forward(*args, **kwargs):
        """The operation; given the context first, unless ``setup_context`` is defined."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx, inputs, output):
        """What to keep for backward, where forward does not take the context."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx, *grad_outputs):
        """Gradients of the inputs, from those of the outputs."""
        raise NotImplementedError("You must implement either the backward or vjp method for your custom "
                                  "autograd.Function to use it with backward mode AD.")

    vjp = backward

    @staticmethod
    def jvp(ctx, *grad_inputs):
        """Tangents of the outputs, from those of the inputs."""
        raise NotImplementedError("You must implement the jvp function for custom autograd.Function to use it with "
                                  "forward mode AD.")

    @staticmethod
    def vmap(info, in_dims, *args):
        """The operation over batches: its outputs, and where their batch dimensions are."""
        raise NotImplementedError("To use autograd.Function with vmap, you must either override the vmap staticmethod "
                                  "or set generate_vmap_rule=True.")

    @classmethod
    def apply(cls, *args, **kwargs):
        """Run the operation and record it."""
        if cls.setup_context is not Function.setup_context and (kwargs or cls.forward.__defaults__):
            bound = inspect.signature(cls.forward).bind(*args, **kwargs)
            bound.apply_defaults()
            args, kwargs = bound.args, bound.kwargs
        return apply_function(cls, args, kwargs)


_set_own_setup(Function.setup_context)


class InplaceFunction(Function):
    """A Function with a flag that says whether it changes its input in place.

    Parameters
    ----------
    inplace : bool
        The flag.
    """

    def __init__(self, inplace=False):
        self.inplace = inplace


def once_differentiable(fn):
    """Decorator of a ``backward`` whose result cannot be differentiated again; trying to is an error.

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.function.once_differentiable.html

    Parameters
    ----------
    fn : callable
        The static ``backward`` of a Function.

    Examples
    --------
    >>> import ctorch
    >>> class Square(ctorch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...     @staticmethod
    ...     @ctorch.autograd.function.once_differentiable
    ...     def backward(ctx, g):
    ...         return 2 * g * ctx.saved_tensors[0]
    >>> x = ctorch.tensor(3., requires_grad=True)
    >>> ctorch.autograd.grad(Square.apply(x), x)
    (tensor(6.),)
    """

    @functools.wraps(fn)
    def wrapper(ctx, *args):
        with no_grad():
            outputs = fn(ctx, *args)
        if not is_grad_enabled() or not any(isinstance(a, Tensor) and a.requires_grad for a in args):
            return outputs
        several = isinstance(outputs, tuple)
        found = delayed_error(outputs if several else (outputs,),
                              "trying to differentiate twice a function that was marked with @once_differentiable")
        return tuple(found) if several else found[0]

    return wrapper
