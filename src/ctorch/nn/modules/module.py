"""Module: the base of all layers and networks; holds parameters, buffers and submodules by name."""
import itertools
from collections import OrderedDict

import ctorch

from ..parameter import Buffer, Parameter
from . import _hooks
from ._hooks import (
    HookMixin,
    register_module_backward_hook,
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from ._state import StateMixin

__all__ = [
    "Module",
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

_global_call_hooks = _hooks._global_call_hooks

_HOOK_DICTS = (
    "_backward_pre_hooks",
    "_backward_hooks",
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_state_dict_hooks",
    "_state_dict_pre_hooks",
    "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)


def _typename(value):
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _indented(text, spaces=2):
    """`text` with every line but the first indented."""
    return text.replace("\n", "\n" + " " * spaces)


def _weight_and_bias(layer):
    """The two parameters of a layer, without the detour by which other attributes are searched first."""
    own = layer._parameters
    try:
        return own["weight"], own["bias"]
    except KeyError:  # made a plain attribute or a property, as reparametrisations do
        return layer.weight, layer.bias


def _run_registration_hooks(hooks, module, name, value):
    for hook in hooks.values():
        out = hook(module, name, value)
        if out is not None:
            value = out
    return value


class Module(HookMixin, StateMixin):
    """Base class of all neural network modules.

    A subclass assigns parameters, buffers and other modules as attributes in ``__init__`` (after
    ``super().__init__()``) and computes its output in ``forward``; calling the module runs ``forward``
    and the hooks.

    Attributes
    ----------
    training : bool
        True in training mode, False in evaluation mode.

    Examples
    --------
    >>> import ctorch
    >>> from ctorch import nn
    >>> class Scale(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = nn.Parameter(ctorch.full((1,), 3.0))
    ...
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> Scale()(ctorch.ones(2)).detach()
    tensor([3., 3.])
    >>> [name for name, _ in Scale().named_parameters()]
    ['factor']
    """

    dump_patches = False
    call_super_init = False
    _version = 1

    def __init__(self, *args, **kwargs):
        if not self.call_super_init:
            if kwargs:
                raise TypeError(f"{type(self).__name__}.__init__() got an unexpected keyword argument "
                                f"'{next(iter(kwargs))}'")
            if args:
                raise TypeError(
                    f"{type(self).__name__}.__init__() takes 1 positional argument but {len(args) + 1} "
                    "were given"
                )
        attributes = self.__dict__
        attributes["training"] = True
        attributes["_parameters"] = {}
        attributes["_buffers"] = {}
        attributes["_non_persistent_buffers_set"] = set()
        attributes["_is_full_backward_hook"] = None
        for name in _HOOK_DICTS:
            attributes[name] = OrderedDict()
        attributes["_modules"] = {}
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def forward(self, *input):
        """Compute the output; every subclass defines it."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    def __call__(self, *args, **kwargs):
        if self._hooked or _global_call_hooks:
            return self._call_impl(*args, **kwargs)
        return self.forward(*args, **kwargs)

    def compile(self, *args, **kwargs):
        """Not available: modules run as they are written."""
        raise NotImplementedError("Module.compile is not available: there is no compiler behind modules")

    # ---- registration

    def _check_name(self, kind, name, known):
        if "_parameters" not in self.__dict__:
            raise AttributeError(f"cannot assign {kind} before Module.__init__() call")
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {_typename(name)}")
        if hasattr(self, name) and name not in known:
            raise KeyError(f"attribute '{name}' already exists")
        if "." in name:
            raise KeyError(f'{kind} name can\'t contain "."' + (f", got: {name}" if kind == "module" else ""))
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')

    def register_buffer(self, name, tensor, persistent=True):
        """Add a tensor that is state but no parameter, such as a running mean.

        Parameters
        ----------
        name : str
            The attribute by which the buffer is reached.
        tensor : Tensor or None
            The values; None registers the name only.
        persistent : bool
            Whether it is part of `state_dict`.

        Examples
        --------
        >>> import ctorch
        >>> module = ctorch.nn.Module()
        >>> module.register_buffer("mean", ctorch.zeros(2))
        >>> module.mean
        tensor([0., 0.])
        """
        self._check_name("buffer", name, self.__dict__.get("_buffers", ()))
        if tensor is not None and not isinstance(tensor, ctorch.Tensor):
            raise TypeError(f"cannot assign '{_typename(tensor)}' object to buffer '{name}' "
                            "(torch Tensor or None required)")
        tensor = _run_registration_hooks(_hooks._buffer_registration_hooks, self, name, tensor)
        self._buffers[name] = tensor
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def register_parameter(self, name, param):
        """Add a parameter under `name`; None registers the name only."""
        self._check_name("parameter", name, self.__dict__.get("_parameters", ()))
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(f"cannot assign '{_typename(param)}' object to parameter '{name}' "
                                "(torch.nn.Parameter or None required)")
            if param.grad_fn is not None:
                raise ValueError(
                    f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be "
                    f"created explicitly. To express '{name}' as a function of another Tensor, compute "
                    "the value in the forward() method."
                )
            param = _run_registration_hooks(_hooks._parameter_registration_hooks, self, name, param)
        self._parameters[name] = param

    def add_module(self, name, module):
        """Add a child module under `name`; None registers the name only."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{_typename(module)} is not a Module subclass")
        self._check_name("module", name, self.__dict__.get("_modules", ()))
        self._modules[name] = _run_registration_hooks(_hooks._module_registration_hooks, self, name, module)

    def register_module(self, name, module):
        """Alias of `add_module`."""
        self.add_module(name, module)

    # ---- attributes

    def __getattr__(self, name):
        attributes = self.__dict__
        if "_modules" in attributes:  # absent before __init__
            if name in attributes["_parameters"]:
                return attributes["_parameters"][name]
            if name in attributes["_buffers"]:
                return attributes["_buffers"][name]
            if name in attributes["_modules"]:
                return attributes["_modules"][name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def _forget(self, name, *members):
        """Remove `name` wherever else an attribute of that name is kept."""
        self.__dict__.pop(name, None)
        self._non_persistent_buffers_set.discard(name)
        for member in members:
            self.__dict__[member].pop(name, None)

    def __setattr__(self, name, value):
        attributes = self.__dict__
        if isinstance(value, Parameter):
            self._require_init("parameters")
            self._forget(name, "_buffers", "_modules")
            self.register_parameter(name, value)
        elif name in attributes.get("_parameters", ()):
            if value is not None:
                raise TypeError(f"cannot assign '{_typename(value)}' as parameter '{name}' "
                                "(torch.nn.Parameter or None expected)")
            self.register_parameter(name, value)
        elif isinstance(value, Module):
            self._require_init("module")
            self._forget(name, "_parameters", "_buffers")
            self._modules[name] = _run_registration_hooks(
                _hooks._module_registration_hooks, self, name, value
            )
        elif name in attributes.get("_modules", ()):
            if value is not None:
                raise TypeError(f"cannot assign '{_typename(value)}' as child module '{name}' "
                                "(torch.nn.Module or None expected)")
            self._modules[name] = _run_registration_hooks(
                _hooks._module_registration_hooks, self, name, value
            )
        elif isinstance(value, Buffer) or name in attributes.get("_buffers", ()):
            self._set_buffer(name, value)
        else:
            super().__setattr__(name, value)

    def _require_init(self, what):
        if "_parameters" not in self.__dict__:
            raise AttributeError(f"cannot assign {what} before Module.__init__() call")

    def _set_buffer(self, name, value):
        self._require_init("buffer")
        if value is not None and not isinstance(value, ctorch.Tensor):
            raise TypeError(f"cannot assign '{_typename(value)}' as buffer '{name}' "
                            "(torch.nn.Buffer, torch.Tensor or None expected)")
        if isinstance(value, Buffer):
            self._forget(name, "_parameters", "_modules")
            self.register_buffer(name, value, value.persistent)
        else:
            self._buffers[name] = _run_registration_hooks(
                _hooks._buffer_registration_hooks, self, name, value
            )

    def __delattr__(self, name):
        if name in self._parameters:
            del self._parameters[name]
        elif name in self._buffers:
            del self._buffers[name]
            self._non_persistent_buffers_set.discard(name)
        elif name in self._modules:
            del self._modules[name]
        else:
            super().__delattr__(name)

    def __dir__(self):
        names = {*dir(type(self)), *self.__dict__, *self._parameters, *self._modules, *self._buffers}
        # Children of containers are named by numbers, which are no attributes that one can write.
        return sorted(name for name in names if not name[0].isdigit())

    def __setstate__(self, state):
        self.__dict__.update(state)
        for name in _HOOK_DICTS:
            self.__dict__.setdefault(name, OrderedDict())
        self.__dict__.setdefault("_non_persistent_buffers_set", set())
        self.__dict__.setdefault("_is_full_backward_hook", None)

    def _replicate_for_data_parallel(self):
        replica = type(self).__new__(type(self))
        replica.__dict__.update(self.__dict__)
        replica.__dict__["_parameters"] = {}
        replica.__dict__["_buffers"] = self._buffers.copy()
        replica.__dict__["_modules"] = self._modules.copy()
        return replica

    # ---- access by dotted names

    def get_submodule(self, target):
        """Return the submodule with the dotted name `target`; ``""`` is the module itself.

        Examples
        --------
        >>> from ctorch import nn
        >>> nn.Sequential(nn.Sequential(nn.ReLU())).get_submodule("0.0")
        ReLU()
        """
        module = self
        for name in target.split(".") if target else ():
            module = module._child(name)
        return module

    def _child(self, name):
        if not hasattr(self, name):
            raise AttributeError(f"{self._get_name()} has no attribute `{name}`")
        child = getattr(self, name)
        if not isinstance(child, Module):
            raise AttributeError(f"`{name}` is not an nn.Module")
        return child

    def set_submodule(self, target, module, strict=False):
        """Put `module` at the dotted name `target`; with `strict` only where one is already."""
        if target == "":
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, Module):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict or hasattr(parent, name):
            parent._child(name)
        setattr(parent, name, module)

    def _member(self, target):
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        if not hasattr(owner, name):
            raise AttributeError(f"{owner._get_name()} has no attribute `{name}`")
        return owner, name, getattr(owner, name)

    def get_parameter(self, target):
        """Return the parameter with the dotted name `target`."""
        _, name, value = self._member(target)
        if not isinstance(value, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return value

    def get_buffer(self, target):
        """Return the buffer with the dotted name `target`."""
        owner, name, value = self._member(target)
        if name not in owner._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return value

    # ---- traversal

    def children(self):
        """Iterate over the immediate child modules."""
        for _, module in self.named_children():
            yield module

    def named_children(self):
        """Iterate over the immediate child modules as (name, module), each module once."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def modules(self, remove_duplicate=True):
        """Iterate over the module itself and all modules below it."""
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_modules(self, memo=None, prefix="", remove_duplicate=True):
        """Iterate over the module itself and all modules below it as (dotted name, module).

        Examples
        --------
        >>> from ctorch import nn
        >>> [name for name, _ in nn.Sequential(nn.ReLU(), nn.Tanh()).named_modules()]
        ['', '0', '1']
        """
        if memo is None:
            memo = set()
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                child_prefix = prefix + ("." if prefix else "") + name
                yield from module.named_modules(memo, child_prefix, remove_duplicate)

    def _named_members(self, get_members_fn, prefix="", recurse=True, remove_duplicate=True):
        seen = set()
        modules = (
            self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
            if recurse
            else [(prefix, self)]
        )
        for module_prefix, module in modules:
            for name, value in get_members_fn(module):
                if value is None or id(value) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(value))
                yield module_prefix + ("." if module_prefix else "") + name, value

    def parameters(self, recurse=True):
        """Iterate over the parameters, each one once; without `recurse` over the module's own only."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_parameters(self, prefix="", recurse=True, remove_duplicate=True):
        """Iterate over the parameters as (dotted name, parameter)."""
        return self._named_members(
            lambda module: module._parameters.items(), prefix, recurse, remove_duplicate
        )

    def buffers(self, recurse=True):
        """Iterate over the buffers, each one once."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def named_buffers(self, prefix="", recurse=True, remove_duplicate=True):
        """Iterate over the buffers as (dotted name, buffer)."""
        return self._named_members(lambda module: module._buffers.items(), prefix, recurse, remove_duplicate)

    # ---- changing all tensors

    def apply(self, fn):
        """Call ``fn(module)`` on every module below and then on this one; returns the module."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def _apply(self, fn, recurse=True):
        """Replace the data of each parameter, gradient and buffer by ``fn`` of it."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        with ctorch.no_grad():
            for parameter in self._parameters.values():
                if parameter is None:
                    continue
                grad = parameter.grad
                converted = None if grad is None else fn(grad.detach())
                parameter.grad = None  # a gradient must match its parameter's dtype: off before, back after
                parameter.data = fn(parameter.data)
                if grad is not None:
                    grad.data = converted
                    parameter.grad = grad
            for name, buffer in self._buffers.items():
                if buffer is not None:
                    self._buffers[name] = fn(buffer)
        return self

    def to(self, *args, **kwargs):
        """Move and convert parameters and buffers in place.

        Called as ``to(device, dtype=None)``, ``to(dtype)`` or ``to(tensor)``; a dtype must be floating point
        or complex and leaves integer tensors alone.

        Examples
        --------
        >>> import ctorch
        >>> ctorch.nn.Linear(2, 1).to(ctorch.float64).weight.dtype
        torch.float64
        """
        device, dtype, options = _parse_to(*args, **kwargs)
        if dtype is not None and not (dtype.is_floating_point or dtype.is_complex):
            raise TypeError("nn.Module.to only accepts floating point or complex dtypes, "
                            f"but got desired dtype={dtype}")

        def convert(tensor):
            wanted = dtype if tensor.is_floating_point() or tensor.is_complex() else None
            if device is None:
                return tensor if wanted is None else tensor.to(wanted, **options)
            return tensor.to(device, tensor.dtype if wanted is None else wanted, **options)

        return self._apply(convert)

    def to_empty(self, *, device, recurse=True):
        """Move parameters and buffers to `device` without copying their values."""
        return self._apply(lambda tensor: ctorch.empty_like(tensor, device=device), recurse=recurse)

    def cpu(self):
        """Move parameters and buffers to the CPU."""
        return self._apply(lambda tensor: tensor.cpu())

    def cuda(self, device=None):
        """Move parameters and buffers to a CUDA device."""
        return self._apply(lambda tensor: tensor.cuda(device))

    def type(self, dst_type):
        """Convert parameters and buffers to `dst_type`."""
        return self._apply(lambda tensor: tensor.type(dst_type))

    def _apply_floating(self, fn):
        return self._apply(lambda tensor: fn(tensor) if tensor.is_floating_point() else tensor)

    def float(self):
        """Convert floating point parameters and buffers to float32."""
        return self._apply_floating(lambda tensor: tensor.float())

    def double(self):
        """Convert floating point parameters and buffers to float64."""
        return self._apply_floating(lambda tensor: tensor.double())

    def half(self):
        """Convert floating point parameters and buffers to float16."""
        return self._apply_floating(lambda tensor: tensor.half())

    def bfloat16(self):
        """Convert floating point parameters and buffers to bfloat16."""
        return self._apply_floating(lambda tensor: tensor.bfloat16())

    def share_memory(self):
        """Move parameters and buffers to memory that child processes share."""
        return self._apply(lambda tensor: tensor.share_memory_())

    def train(self, mode=True):
        """Set training mode (or evaluation mode) here and below; matters to Dropout and BatchNorm."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self):
        """Set evaluation mode: ``train(False)``."""
        return self.train(False)

    def requires_grad_(self, requires_grad=True):
        """Set whether gradients are computed for the parameters."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none=True):
        """Drop all gradients, or fill them with zeros."""
        for parameter in self.parameters():
            grad = parameter.grad
            if grad is None:
                continue
            if set_to_none:
                parameter.grad = None
                continue
            if grad.grad_fn is not None:
                grad.detach_()
            else:
                grad.requires_grad_(False)
            grad.zero_()

    # ---- text

    def _get_name(self):
        return type(self).__name__

    def extra_repr(self):
        """Text to print between the parentheses; layers override it."""
        return ""

    def __repr__(self):
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        children = [f"({name}): {_indented(repr(module))}" for name, module in self._modules.items()]
        if len(lines) == 1 and not children:
            return f"{self._get_name()}({lines[0]})"
        if not lines and not children:
            return f"{self._get_name()}()"
        return self._get_name() + "(\n  " + "\n  ".join(itertools.chain(lines, children)) + "\n)"


def _parse_to(*args, **kwargs):
    """Arguments of `Module.to` as (device, dtype, the other options)."""
    unknown = kwargs.keys() - {"device", "dtype", "non_blocking", "memory_format", "tensor"}
    if unknown:
        raise TypeError(f"to() received an invalid keyword argument '{min(unknown)}'")
    device, dtype = kwargs.get("device"), kwargs.get("dtype")
    rest = list(args)
    tensor = kwargs.get("tensor")
    if rest and isinstance(rest[0], ctorch.Tensor):
        tensor = rest.pop(0)
    if tensor is not None:
        device, dtype = tensor.device, tensor.dtype
    elif rest and isinstance(rest[0], ctorch.dtype):
        dtype = rest.pop(0)
    elif rest:
        device = rest.pop(0)
        if rest and (rest[0] is None or isinstance(rest[0], ctorch.dtype)):
            dtype = rest.pop(0)
    options = {key: kwargs[key] for key in ("non_blocking", "memory_format") if key in kwargs}
    if rest:
        options["non_blocking"] = rest.pop(0)
    if rest:
        raise TypeError(f"to() received an invalid combination of arguments: {args}")
    return None if device is None else ctorch.device(device), dtype, options
