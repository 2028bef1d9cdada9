"""Hooks of modules: registration, and the calls around `forward` once any hook exists."""
import warnings
from collections import OrderedDict

import ctorch

from ..._boundary import joint_identity
from ...utils.hooks import RemovableHandle

__all__ = [
    "HookMixin",
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

_global_forward_pre_hooks = OrderedDict()
_global_forward_hooks = OrderedDict()
_global_forward_hooks_with_kwargs = OrderedDict()
_global_forward_hooks_always_called = OrderedDict()
_global_backward_pre_hooks = OrderedDict()
_global_backward_hooks = OrderedDict()
_global_is_full_backward_hook = None
_buffer_registration_hooks = OrderedDict()
_module_registration_hooks = OrderedDict()
_parameter_registration_hooks = OrderedDict()

# Not empty once any global call hook was registered: the one thing that Module.__call__ looks at.
_global_call_hooks = {}


def _register(hooks, hook, prepend=False, flags=()):
    """Put `hook` in `hooks`, and its id in each dictionary of `flags`."""
    handle = RemovableHandle(hooks, extra_dict=list(flags))
    hooks[handle.id] = hook
    for flag in flags:
        flag[handle.id] = True
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def _register_global(hooks, hook, flags=()):
    _global_call_hooks["registered"] = True
    return _register(hooks, hook, flags=flags)


def register_module_buffer_registration_hook(hook):
    """Call ``hook(module, name, buffer)`` whenever a buffer is registered; it may replace it.

    Examples
    --------
    >>> import ctorch
    >>> from ctorch.nn.modules import module
    >>> with module.register_module_buffer_registration_hook(lambda owner, name, buffer: print(name)):
    ...     ctorch.nn.Module().register_buffer("mean", ctorch.zeros(1))
    mean
    """
    return _register(_buffer_registration_hooks, hook)


def register_module_module_registration_hook(hook):
    """Call ``hook(module, name, submodule)`` whenever a submodule is registered; it may replace it.

    Examples
    --------
    >>> import ctorch
    >>> from ctorch.nn.modules import module
    >>> with module.register_module_module_registration_hook(lambda owner, name, child: print(name)):
    ...     ctorch.nn.Module().add_module("act", ctorch.nn.ReLU())
    act
    """
    return _register(_module_registration_hooks, hook)


def register_module_parameter_registration_hook(hook):
    """Call ``hook(module, name, parameter)`` whenever a parameter is registered; it may replace it.

    Examples
    --------
    >>> import ctorch
    >>> from ctorch.nn.modules import module
    >>> with module.register_module_parameter_registration_hook(lambda owner, name, p: print(name)):
    ...     layer = ctorch.nn.Linear(1, 1)
    weight
    bias
    """
    return _register(_parameter_registration_hooks, hook)


def register_module_forward_pre_hook(hook):
    """Call ``hook(module, args)`` before the forward of every module.

    Examples
    --------
    >>> import ctorch
    >>> from ctorch.nn.modules.module import register_module_forward_pre_hook
    >>> with register_module_forward_pre_hook(lambda module, args: print(module)):
    ...     y = ctorch.nn.ReLU()(ctorch.ones(1))
    ReLU()
    """
    return _register_global(_global_forward_pre_hooks, hook)


def register_module_forward_hook(hook, *, with_kwargs=False, always_call=False):
    """Call ``hook(module, args, output)`` after the forward of every module.

    Examples
    --------
    >>> import ctorch
    >>> from ctorch.nn.modules import module
    >>> with module.register_module_forward_hook(lambda layer, args, output: output + 1):
    ...     ctorch.nn.ReLU()(ctorch.zeros(1))
    tensor([1.])
    """
    flags = [_global_forward_hooks_with_kwargs] * with_kwargs + [
        _global_forward_hooks_always_called
    ] * always_call
    return _register_global(_global_forward_hooks, hook, flags)


def register_module_full_backward_pre_hook(hook):
    """Call ``hook(module, grad_output)`` before the backward of every module.

    Examples
    --------
    >>> import ctorch
    >>> from ctorch.nn.modules import module
    >>> x = ctorch.zeros(1, requires_grad=True)
    >>> with module.register_module_full_backward_pre_hook(lambda layer, grad_output: print(grad_output)):
    ...     ctorch.nn.Tanh()(x).backward()
    (tensor([1.]),)
    """
    return _register_global(_global_backward_pre_hooks, hook)


def _set_global_backward_kind(full):
    global _global_is_full_backward_hook
    if _global_is_full_backward_hook is (not full):
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks as a global Module hook. "
            "Please use only one of them."
        )
    _global_is_full_backward_hook = full


def register_module_full_backward_hook(hook):
    """Call ``hook(module, grad_input, grad_output)`` after the backward of every module.

    Examples
    --------
    >>> import ctorch
    >>> from ctorch.nn.modules import module
    >>> x = ctorch.zeros(1, requires_grad=True)
    >>> with module.register_module_full_backward_hook(lambda layer, grad_in, grad_out: print(grad_in)):
    ...     ctorch.nn.Tanh()(x).backward()
    (tensor([1.]),)
    """
    _set_global_backward_kind(True)
    return _register_global(_global_backward_hooks, hook)


def register_module_backward_hook(hook):
    """Deprecated in favour of `register_module_full_backward_hook`; see `Module.register_backward_hook`."""
    _set_global_backward_kind(False)
    return _register_global(_global_backward_hooks, hook)


class HookMixin:
    """The part of Module that registers hooks and runs them."""

    # Set on the instance by the first registration, so that a module without hooks checks one flag per call.
    _hooked = False

    def _add_call_hook(self, hooks, hook, prepend=False, flags=()):
        self._hooked = True
        return _register(hooks, hook, prepend, flags)

    def register_forward_pre_hook(self, hook, *, prepend=False, with_kwargs=False):
        """Call ``hook(module, args)`` before each forward.

        Parameters
        ----------
        hook : callable
            Returns None, or the positional arguments to use instead (with `with_kwargs`, which passes
            ``hook(module, args, kwargs)``, a pair of both).
        prepend : bool
            Run it before the hooks registered so far.
        with_kwargs : bool
            Whether the hook takes the keyword arguments too.

        Returns
        -------
        RemovableHandle

        Examples
        --------
        >>> import ctorch
        >>> relu = ctorch.nn.ReLU()
        >>> handle = relu.register_forward_pre_hook(lambda module, args: (-args[0],))
        >>> relu(ctorch.tensor([-1.0]))
        tensor([1.])
        """
        flags = [self._forward_pre_hooks_with_kwargs] if with_kwargs else []
        return self._add_call_hook(self._forward_pre_hooks, hook, prepend, flags)

    def register_forward_hook(self, hook, *, prepend=False, with_kwargs=False, always_call=False):
        """Call ``hook(module, args, output)`` after each forward.

        Parameters
        ----------
        hook : callable
            Returns None or the output to use instead; with `with_kwargs` it is called as
            ``hook(module, args, kwargs, output)``.
        prepend : bool
            Run it before the hooks registered so far.
        with_kwargs : bool
            Whether the hook takes the keyword arguments too.
        always_call : bool
            Run the hook even where the forward raised.

        Returns
        -------
        RemovableHandle
        """
        flags = [self._forward_hooks_with_kwargs] * with_kwargs + [
            self._forward_hooks_always_called
        ] * always_call
        return self._add_call_hook(self._forward_hooks, hook, prepend, flags)

    def _set_backward_kind(self, full):
        if self._is_full_backward_hook is (not full):
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward hooks on a single Module. "
                "Please use only one of them."
            )
        self._is_full_backward_hook = full

    def register_full_backward_pre_hook(self, hook, prepend=False):
        """Call ``hook(module, grad_output)`` before the gradient enters the module; it may replace it."""
        return self._add_call_hook(self._backward_pre_hooks, hook, prepend)

    def register_full_backward_hook(self, hook, prepend=False):
        """Call ``hook(module, grad_input, grad_output)`` once the gradient of the module's inputs is known.

        Parameters
        ----------
        hook : callable
            Takes tuples of gradients, None for what is not a tensor; returns None or the input's
            gradients to use instead.
        prepend : bool
            Run it before the hooks registered so far.

        Returns
        -------
        RemovableHandle

        Examples
        --------
        >>> import ctorch
        >>> tanh = ctorch.nn.Tanh()
        >>> def show(module, grad_input, grad_output):
        ...     print(grad_input, grad_output)
        >>> handle = tanh.register_full_backward_hook(show)
        >>> tanh(ctorch.zeros(1, requires_grad=True)).backward()
        (tensor([1.]),) (tensor([1.]),)
        """
        self._set_backward_kind(True)
        return self._add_call_hook(self._backward_hooks, hook, prepend)

    def register_backward_hook(self, hook):
        """Deprecated in favour of `register_full_backward_hook`.

        ``hook(module, grad_input, grad_output)`` sees the gradients of the module's last operation only.
        """
        self._set_backward_kind(False)
        return self._add_call_hook(self._backward_hooks, hook)

    def _get_backward_hooks(self):
        full, regular = [], []
        if _global_is_full_backward_hook is not None:
            (full if _global_is_full_backward_hook else regular).extend(_global_backward_hooks.values())
        (full if self._is_full_backward_hook else regular).extend(self._backward_hooks.values())
        return full, regular

    def _get_backward_pre_hooks(self):
        return [*_global_backward_pre_hooks.values(), *self._backward_pre_hooks.values()]

    def _call_impl(self, *args, **kwargs):
        """Forward with every hook around it; `__call__` comes here only where hooks exist."""
        called = set()
        try:
            return self._call_hooked(args, kwargs, called)
        except Exception:
            self._call_always_hooks(args, kwargs, called)
            raise

    def _call_hooked(self, args, kwargs, called):
        args, kwargs = self._run_forward_pre_hooks(args, kwargs)
        full, regular = self._get_backward_hooks()
        pre = self._get_backward_pre_hooks()
        boundary = _BackwardBoundary(self, full, pre) if full or pre else None
        if boundary is not None:
            args = boundary.mark_inputs(args)
        result = self.forward(*args, **kwargs)
        for key, hook, with_kwargs, _ in self._all_forward_hooks():
            called.add(key)
            out = hook(self, args, kwargs, result) if with_kwargs else hook(self, args, result)
            if out is not None:
                result = out
        if boundary is not None:
            result = boundary.mark_outputs(result)
        if regular:
            _attach_regular_backward_hooks(self, regular, result)
        return result

    def _run_forward_pre_hooks(self, args, kwargs):
        hooks = [(hook, False) for hook in _global_forward_pre_hooks.values()]
        hooks += [(hook, key in self._forward_pre_hooks_with_kwargs)
                  for key, hook in self._forward_pre_hooks.items()]
        for hook, with_kwargs in hooks:
            if with_kwargs:
                out = hook(self, args, kwargs)
                if out is None:
                    continue
                if not (isinstance(out, tuple) and len(out) == 2):
                    raise RuntimeError(
                        "forward pre-hook must return None or a tuple of (new_args, new_kwargs), "
                        f"but got {out}."
                    )
                args, kwargs = out
            else:
                out = hook(self, args)
                if out is not None:
                    args = out if isinstance(out, tuple) else (out,)
        return args, kwargs

    def _all_forward_hooks(self):
        """Global hooks, then the module's own, as (id, hook, takes kwargs, always called)."""
        rows = [
            (key, hook, key in _global_forward_hooks_with_kwargs, key in _global_forward_hooks_always_called)
            for key, hook in _global_forward_hooks.items()
        ]
        return rows + [
            (key, hook, key in self._forward_hooks_with_kwargs, key in self._forward_hooks_always_called)
            for key, hook in self._forward_hooks.items()
        ]

    def _call_always_hooks(self, args, kwargs, called):
        for key, hook, with_kwargs, always in self._all_forward_hooks():
            if not always or key in called:
                continue
            try:
                if with_kwargs:
                    hook(self, args, kwargs, None)
                else:
                    hook(self, args, None)
            except Exception as error:
                warnings.warn(
                    "forward hook with ``always_call=True`` raised an exception that was silenced as another "
                    f"error was raised in forward: {error}",
                    stacklevel=2,
                )


class _BackwardBoundary:
    """Identity operations at a module's inputs and outputs whose gradients go through the module's hooks."""

    def __init__(self, module, hooks, pre_hooks):
        self.module = module
        self.hooks = hooks
        self.pre_hooks = pre_hooks
        self.inputs_marked = False
        self.input_count = 0
        self.grad_outputs = None

    def mark_inputs(self, args):
        self.input_count = len(args)
        args, self.inputs_marked = self._mark(args, self._on_grad_inputs)
        return args

    def mark_outputs(self, result):
        if isinstance(result, ctorch.Tensor):
            return self._mark((result,), self._on_grad_outputs)[0][0]
        if not isinstance(result, tuple):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors "
                f"but received {type(result)}",
                stacklevel=2,
            )
            return result
        return self._mark(result, self._on_grad_outputs)[0]

    @staticmethod
    def _mark(values, callback):
        where = [i for i, v in enumerate(values) if isinstance(v, ctorch.Tensor)]
        tensors = [values[i] for i in where]
        if not (ctorch.is_grad_enabled() and any(t.requires_grad for t in tensors)):
            return values, False

        def on_grads(grads):
            full = [None] * len(values)
            for i, grad in zip(where, grads):
                full[i] = grad
            full = callback(tuple(full))
            return None if full is None else tuple(full[i] for i in where)

        marked = list(values)
        passed, node = joint_identity(tensors)
        node.register_prehook(on_grads)
        for i, tensor in zip(where, passed):
            marked[i] = tensor
        return tuple(marked), True

    def _on_grad_outputs(self, grads):
        for hook in self.pre_hooks:
            out = hook(self.module, grads)
            if out is not None:
                grads = self._checked(out, grads, "Backward pre hook", "grad_output")
        self.grad_outputs = grads
        if not self.inputs_marked:
            self._call_without_grad_inputs()
        return grads

    def _call_without_grad_inputs(self):
        if self.hooks:
            warnings.warn(
                "Full backward hook is firing when gradients are computed with respect to module outputs "
                "since no inputs require gradients.",
                stacklevel=2,
            )
        for hook in self.hooks:
            out = hook(self.module, (None,) * self.input_count, self.grad_outputs)
            if out is not None and not (isinstance(out, tuple) and all(grad is None for grad in out)):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always return None "
                    "or None for all gradients."
                )
        self.grad_outputs = None

    def _on_grad_inputs(self, grads):
        # A gradient that reaches the inputs without passing the outputs (second derivatives) is left alone.
        if self.grad_outputs is None:
            return None
        for hook in self.hooks:
            out = hook(self.module, grads, self.grad_outputs)
            if out is not None:
                grads = self._checked(out, grads, "Backward hook", "grad_input")
        self.grad_outputs = None
        return grads

    @staticmethod
    def _checked(out, grads, kind, what):
        out = out if isinstance(out, tuple) else (out,)
        if len(out) != len(grads):
            raise RuntimeError(
                f"{kind} returned an invalid number of {what}, got {len(out)}, but expected {len(grads)}"
            )
        return out


def _attach_regular_backward_hooks(module, hooks, result):
    """The deprecated kind: hooks on the node that made the (first) output."""
    var = result
    while not isinstance(var, ctorch.Tensor):
        if isinstance(var, dict):
            var = next((v for v in var.values() if isinstance(v, ctorch.Tensor)), None)
        else:
            var = var[0]
        if var is None:
            return
    node = var.grad_fn
    if node is None:
        return
    for hook in hooks:
        node.register_hook(lambda grad_in, grad_out, hook=hook: hook(module, grad_in, grad_out))
