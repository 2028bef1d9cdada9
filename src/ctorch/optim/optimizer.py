"""Optimizer: the base of all optimizers; keeps parameter groups, state and hooks."""
import functools
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from copy import deepcopy
from itertools import chain

import ctorch

from ..utils.hooks import RemovableHandle

__all__ = ["Optimizer", "register_optimizer_step_post_hook", "register_optimizer_step_pre_hook"]

_global_step_pre_hooks = OrderedDict()
_global_step_post_hooks = OrderedDict()

_HOOK_DICTS = (
    "_optimizer_step_pre_hooks", "_optimizer_step_post_hooks", "_optimizer_state_dict_pre_hooks",
    "_optimizer_state_dict_post_hooks", "_optimizer_load_state_dict_pre_hooks",
    "_optimizer_load_state_dict_post_hooks",
)


class _Required:
    """Default of a setting that every parameter group must give itself."""

    def __repr__(self):
        return "<required parameter>"


required = _Required()


def _register(hooks, hook, prepend=False):
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def register_optimizer_step_pre_hook(hook):
    """Call ``hook(optimizer, args, kwargs)`` before the step of every optimizer.

    Examples
    --------
    >>> import ctorch
    >>> from ctorch.optim import optimizer
    >>> sgd = ctorch.optim.SGD([ctorch.zeros(1, requires_grad=True)])
    >>> with optimizer.register_optimizer_step_pre_hook(lambda opt, args, kwargs: print("step")):
    ...     sgd.step()
    step
    """
    return _register(_global_step_pre_hooks, hook)


def register_optimizer_step_post_hook(hook):
    """Call ``hook(optimizer, args, kwargs)`` after the step of every optimizer.

    Examples
    --------
    >>> import ctorch
    >>> from ctorch.optim import optimizer
    >>> sgd = ctorch.optim.SGD([ctorch.zeros(1, requires_grad=True)])
    >>> with optimizer.register_optimizer_step_post_hook(lambda opt, args, kwargs: print("step")):
    ...     sgd.step()
    step
    """
    return _register(_global_step_post_hooks, hook)


def _with_hooks(step):
    """`step` of an optimizer's class with the calls of its hooks around it."""

    @functools.wraps(step)
    def wrapper(*args, **kwargs):
        optimizer = args[0]
        for hook in chain(_global_step_pre_hooks.values(), optimizer._optimizer_step_pre_hooks.values()):
            result = hook(optimizer, args, kwargs)
            if result is None:
                continue
            if not (isinstance(result, tuple) and len(result) == 2):
                raise RuntimeError(
                    f"{step} must return None or a tuple of (new_args, new_kwargs), but got {result}."
                )
            args, kwargs = result
        out = step(*args, **kwargs)
        for hook in chain(optimizer._optimizer_step_post_hooks.values(), _global_step_post_hooks.values()):
            hook(optimizer, args, kwargs)
        return out

    wrapper.hooked = True
    return wrapper


class Optimizer:
    """Base class of all optimizers.

    Parameters
    ----------
    params : iterable of Tensor, of (str, Tensor) or of dict
        The tensors to optimize; a dict is a group of them under ``"params"`` with settings of its own.
    defaults : dict
        Settings of groups that do not give them.

    Examples
    --------
    >>> import ctorch
    >>> class Descent(ctorch.optim.Optimizer):
    ...     def __init__(self, params, lr):
    ...         super().__init__(params, {"lr": lr})
    ...
    ...     @ctorch.no_grad()
    ...     def step(self, closure=None):
    ...         for group in self.param_groups:
    ...             for p in group["params"]:
    ...                 p.sub_(p.grad, alpha=group["lr"])
    >>> w = ctorch.ones(2, requires_grad=True)
    >>> optimizer = Descent([w], lr=0.5)
    >>> w.sum().backward()
    >>> optimizer.step()
    >>> w.detach()
    tensor([0.5000, 0.5000])
    """

    def __init__(self, params, defaults):
        self.defaults = defaults
        for name in _HOOK_DICTS:
            setattr(self, name, OrderedDict())
        self._patch_step_function()
        if isinstance(params, ctorch.Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, "
                f"but got {type(params).__name__}"
            )
        self.state = defaultdict(dict)
        self.param_groups = []
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def _patch_step_function(self):
        """Wrap the class's `step` once, however the subclass has written it."""
        kind = type(self)
        if not getattr(kind.step, "hooked", False):
            kind.step = _with_hooks(kind.step)

    def __getstate__(self):
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state):
        self.__dict__.update(state)
        for name in _HOOK_DICTS:
            self.__dict__.setdefault(name, OrderedDict())
        self._patch_step_function()
        self.defaults.setdefault("differentiable", False)

    def __repr__(self):
        text = type(self).__name__ + " ("
        for i, group in enumerate(self.param_groups):
            text += f"\nParameter Group {i}\n"
            text += "".join(f"    {key}: {group[key]}\n" for key in sorted(group) if key != "params")
        return text + ")"

    # ---- hooks

    def register_step_pre_hook(self, hook):
        """Call ``hook(optimizer, args, kwargs)`` before each step; it may return a pair of new ones."""
        return _register(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook):
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return _register(self._optimizer_step_post_hooks, hook)

    def register_state_dict_pre_hook(self, hook, prepend=False):
        """Call ``hook(optimizer)`` before `state_dict`."""
        return _register(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(self, hook, prepend=False):
        """Call ``hook(optimizer, state_dict)`` after `state_dict`; it may return another dictionary."""
        return _register(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(self, hook, prepend=False):
        """Call ``hook(optimizer, state_dict)`` before `load_state_dict`; it may return another dictionary."""
        return _register(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(self, hook, prepend=False):
        """Call ``hook(optimizer)`` after `load_state_dict`."""
        return _register(self._optimizer_load_state_dict_post_hooks, hook, prepend)

    # ---- groups

    def add_param_group(self, param_group):
        """Add parameters with settings of their own, for instance layers that are to be trained from now on.

        Parameters
        ----------
        param_group : dict
            The tensors under ``"params"``, and settings that differ from the defaults.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params = param_group["params"]
        if isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of "
                "tensors in sets will change between runs. Please use a list instead."
            )
        params = [params] if isinstance(params, ctorch.Tensor) else list(params)
        names = [param[0] for param in params if isinstance(param, tuple)]
        if names:
            if len(names) != len(params):
                raise ValueError(
                    "all optimizer params should be with/without names. Some param names are missing"
                )
            param_group["param_names"] = names
        param_group["params"] = params = [p[1] if isinstance(p, tuple) else p for p in params]
        for param in params:
            self._check_param(param)
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(
                    f"parameter group didn't specify a value of required optimization parameter {name}"
                )
            param_group.setdefault(name, default)
        self._check_group(param_group)
        self.param_groups.append(param_group)

    def _check_param(self, param):
        if not isinstance(param, ctorch.Tensor):
            raise TypeError(
                f"optimizer can only optimize Tensors, but one of the params is {type(param).__name__}"
            )
        if not (self.defaults.get("differentiable") or param.is_leaf or param.retains_grad):
            raise ValueError("can't optimize a non-leaf Tensor")

    def _check_group(self, param_group):
        ids = {id(p) for p in param_group["params"]}
        if len(ids) != len(param_group["params"]):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will "
                "cause an error; see github.com/pytorch/pytorch/issues/40967 for more information",
                stacklevel=4,
            )
        named = "param_names" in param_group
        for group in self.param_groups:
            if named != ("param_names" in group):
                raise ValueError(
                    "all optimizer param groups should be with/without names. cannot add param group "
                    f"with{'' if named else 'out'} names to the optimizer"
                )
            if not ids.isdisjoint(id(p) for p in group["params"]):
                raise ValueError("some parameters appear in more than one parameter group")

    # ---- state

    def state_dict(self):
        """Return settings and state as a dictionary in which numbers stand for the parameters.

        Returns
        -------
        dict
            ``"state"`` by number of the parameter, and ``"param_groups"``.

        Examples
        --------
        >>> import ctorch
        >>> optimizer = ctorch.optim.SGD([ctorch.zeros(2, requires_grad=True)], lr=0.1)
        >>> optimizer.state_dict()["param_groups"][0]["params"]
        [0]
        """
        for hook in self._optimizer_state_dict_pre_hooks.values():
            hook(self)
        numbers = {}
        groups = []
        for group in self.param_groups:
            first = sum(len(packed["params"]) for packed in groups)
            for i, param in enumerate(group["params"], first):
                numbers.setdefault(id(param), i)
            packed = {key: value for key, value in group.items() if key != "params"}
            packed["params"] = [numbers[id(param)] for param in group["params"]]
            groups.append(packed)
        state = {numbers[id(key)] if isinstance(key, ctorch.Tensor) else key: value
                 for key, value in self.state.items()}
        state_dict = {"state": state, "param_groups": groups}
        for hook in self._optimizer_state_dict_post_hooks.values():
            result = hook(self, state_dict)
            if result is not None:
                state_dict = result
        return state_dict

    def load_state_dict(self, state_dict):
        """Take over settings and state that `state_dict` of an equal optimizer returned.

        Parameters
        ----------
        state_dict : dict
        """
        state_dict = state_dict.copy()
        for hook in self._optimizer_load_state_dict_pre_hooks.values():
            result = hook(self, state_dict)
            if result is not None:
                state_dict = result
        saved_groups = deepcopy(state_dict["param_groups"])
        if len(saved_groups) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        params = {}
        for group, saved in zip(self.param_groups, saved_groups):
            if len(group["params"]) != len(saved["params"]):
                raise ValueError(
                    "loaded state dict contains a parameter group that doesn't match the size of "
                    "optimizer's group"
                )
            params.update(zip(saved["params"], group["params"]))
        state = defaultdict(dict)
        for key, value in state_dict["state"].items():
            if key in params:
                state[params[key]] = _fitted(value, params[key])
            else:
                state[key] = value
        for group, saved in zip(self.param_groups, saved_groups):
            saved["params"] = group["params"]
            if "param_names" in group:
                saved.setdefault("param_names", group["param_names"])
        self.__setstate__({"state": state, "param_groups": saved_groups})
        for hook in self._optimizer_load_state_dict_post_hooks.values():
            hook(self)

    # ---- use

    def zero_grad(self, set_to_none=True):
        """Drop the gradients of all parameters, or fill them with zeros.

        Parameters
        ----------
        set_to_none : bool
            Drop them, which is faster; a parameter without gradient is left out of the next step.
        """
        for group in self.param_groups:
            for param in group["params"]:
                grad = param.grad
                if grad is None:
                    continue
                if set_to_none:
                    param.grad = None
                    continue
                if grad.grad_fn is not None:
                    grad.detach_()
                else:
                    grad.requires_grad_(False)
                grad.zero_()

    def step(self, closure=None):
        """Update the parameters once; every optimizer defines it.

        Parameters
        ----------
        closure : callable, optional
            Computes the loss and its gradients anew and returns the loss.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define step")


class _GroupOptimizer(Optimizer):
    """Optimizers that update a group's parameters in one call, by ``_step_group(group)``."""

    def step(self, closure=None):
        """Update the parameters once.

        Parameters
        ----------
        closure : callable, optional
            Computes the loss and its gradients anew and returns the loss.

        Returns
        -------
        Tensor or None
            What `closure` returned.
        """
        loss = None
        if closure is not None:
            with ctorch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            self._step_group(group)
        return loss


def _fitted(value, param, key=None):
    """Loaded state in the parameter's dtype and on its device, but for counts of steps."""
    if isinstance(value, ctorch.Tensor):
        if key == "step":
            return value
        return value.to(dtype=param.dtype, device=param.device) if param.is_floating_point() else value
    if isinstance(value, dict):
        return {k: _fitted(v, param, k) for k, v in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return type(value)(_fitted(v, param) for v in value)
    return value


def _check_nonnegative(what, value):
    if not value >= 0.0:
        raise ValueError(f"Invalid {what}: {value}")


def _check_implementation(name, foreach, fused, differentiable):
    """The switches between PyTorch's implementations; there is one here, so most have no effect."""
    if fused and differentiable:
        raise RuntimeError("`fused` does not support `differentiable`")
    if fused and foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
    if differentiable:
        raise NotImplementedError(f"{name}: differentiable=True is not available")


def _check_tensor_lr(lr):
    if isinstance(lr, ctorch.Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
