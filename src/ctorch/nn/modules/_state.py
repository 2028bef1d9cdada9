"""Saving and loading a module's state: `state_dict`, `load_state_dict` and their hooks."""
import warnings
from collections import OrderedDict, namedtuple
from collections.abc import Mapping

import ctorch

from ..parameter import Parameter
from ._hooks import _register

__all__ = ["StateMixin"]

EXTRA_STATE_KEY = "_extra_state"


class _IncompatibleKeys(namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])):
    """What `load_state_dict` returns: the keys that were absent and those that nothing took."""

    __slots__ = ()

    def __repr__(self):
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return super().__repr__()

    __str__ = __repr__


def _quoted(keys):
    return ", ".join(f'"{key}"' for key in keys)


class StateMixin:
    """The part of Module that turns it into a dictionary and back."""

    def register_state_dict_pre_hook(self, hook):
        """Call ``hook(module, prefix, keep_vars)`` before `state_dict` collects the module."""
        return _register(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(self, hook):
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after `state_dict` has collected it."""
        hook._from_public_api = True
        return _register(self._state_dict_hooks, hook)

    def _register_state_dict_hook(self, hook):
        """Like `register_state_dict_post_hook`, but the hook may return another dictionary."""
        if getattr(hook, "_from_public_api", False):
            raise RuntimeError("Cannot register the same function as the state dict post hook that was "
                               "previously registered via register_state_dict_post_hook")
        return _register(self._state_dict_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook):
        """Call a hook before `load_state_dict` reads the module's entries.

        It gets ``(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys,
        error_msgs)``.
        """
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def _register_load_state_dict_pre_hook(self, hook, with_module=False):
        if with_module:
            return _register(self._load_state_dict_pre_hooks, _WithModule(hook, self))
        return _register(self._load_state_dict_pre_hooks, hook)

    def register_load_state_dict_post_hook(self, hook):
        """Call ``hook(module, incompatible_keys)`` after `load_state_dict`; it may edit the two lists."""
        return _register(self._load_state_dict_post_hooks, hook)

    def get_extra_state(self):
        """State to keep in `state_dict` beside parameters and buffers; override with `set_extra_state`."""
        raise RuntimeError(f"{type(self).__name__} has no extra state: get_extra_state is not overridden")

    def set_extra_state(self, state):
        """Take back what `get_extra_state` gave; called by `load_state_dict`."""
        raise RuntimeError(f"{type(self).__name__} has no extra state: set_extra_state is not overridden")

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        """Put this module's own state, without that of its children, in `destination`."""
        for name, value in self._persistent_state():
            destination[prefix + name] = value if keep_vars else value.detach()
        if type(self).get_extra_state is not StateMixin.get_extra_state:
            destination[prefix + EXTRA_STATE_KEY] = self.get_extra_state()

    def _persistent_state(self):
        for name, value in self._parameters.items():
            if value is not None:
                yield name, value
        for name, value in self._buffers.items():
            if value is not None and name not in self._non_persistent_buffers_set:
                yield name, value

    def state_dict(self, *args, destination=None, prefix="", keep_vars=False):
        """Return a dictionary of all parameters and persistent buffers.

        Parameters
        ----------
        destination : dict, optional
            Where to put the entries; a new OrderedDict by default.
        prefix : str
            Put before every key.
        keep_vars : bool
            Keep the parameters themselves instead of tensors detached from the tape.

        Returns
        -------
        dict

        Examples
        --------
        >>> import ctorch
        >>> list(ctorch.nn.Linear(2, 3).state_dict())
        ['weight', 'bias']
        """
        if args:
            warnings.warn("state_dict: positional arguments are deprecated, use keywords",
                          FutureWarning, stacklevel=2)
            defaults = (destination, prefix, keep_vars)
            destination, prefix, keep_vars = (*args, *defaults[len(args):])
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        local_metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = local_metadata
        for hook in self._state_dict_pre_hooks.values():
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=destination, prefix=prefix + name + ".", keep_vars=keep_vars)
        for hook in self._state_dict_hooks.values():
            result = hook(self, destination, prefix, local_metadata)
            if result is None:
                continue
            if getattr(hook, "_from_public_api", False):
                raise RuntimeError("state_dict post-hook must return None")
            destination = result
        return destination

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys,
                              error_msgs):
        """Load this module's own entries, without its children; problems go to the three lists."""
        for hook in self._load_state_dict_pre_hooks.values():
            hook(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        own = dict(self._persistent_state())
        assign = local_metadata.get("assign_to_params_buffers", False)
        for name, target in own.items():
            key = prefix + name
            if key in state_dict:
                error = self._load_entry(name, target, key, state_dict[key], assign)
                if error is not None:
                    error_msgs.append(error)
            elif strict:
                missing_keys.append(key)
        self._load_extra_state(state_dict, prefix + EXTRA_STATE_KEY, strict, missing_keys, unexpected_keys)
        if strict:
            self._collect_unexpected(state_dict, prefix, own, unexpected_keys)

    def _load_entry(self, name, target, key, value, assign):
        """Copy (or assign) one tensor; returns the text of what is wrong, or None."""
        if not isinstance(value, ctorch.Tensor):
            return (f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object '
                    f"from checkpoint but received {type(value)}")
        if target.dim() == 0 and value.dim() == 1 and len(value) == 1:
            value = value[0]
        if value.shape != target.shape:
            return (f"size mismatch for {key}: copying a param with shape {value.shape} from checkpoint, "
                    f"the shape in current model is {target.shape}.")
        try:
            with ctorch.no_grad():
                if assign:
                    self._assign_entry(name, target, value)
                else:
                    target.copy_(value)
        except Exception as error:
            return (f'While copying the parameter named "{key}", whose dimensions in the model are '
                    f"{target.size()} and whose dimensions in the checkpoint are {value.size()}, "
                    f"an exception occurred : {error.args}.")
        return None

    def _assign_entry(self, name, target, value):
        if isinstance(target, Parameter):
            if isinstance(value, Parameter):
                value.requires_grad_(target.requires_grad)
            else:
                value = Parameter(value, requires_grad=target.requires_grad)
        setattr(self, name, value)

    def _load_extra_state(self, state_dict, key, strict, missing_keys, unexpected_keys):
        if type(self).set_extra_state is not StateMixin.set_extra_state:
            if key in state_dict:
                self.set_extra_state(state_dict[key])
            elif strict:
                missing_keys.append(key)
        elif strict and key in state_dict:
            unexpected_keys.append(key)

    def _collect_unexpected(self, state_dict, prefix, own, unexpected_keys):
        for key in state_dict:
            if not key.startswith(prefix) or key == prefix + EXTRA_STATE_KEY:
                continue
            head, _, tail = key[len(prefix):].partition(".")
            if head not in (self._modules if tail else own):
                unexpected_keys.append(key)

    def load_state_dict(self, state_dict, strict=True, assign=False):
        """Copy parameters and buffers from `state_dict` into this module and its children.

        Parameters
        ----------
        state_dict : mapping
            What `state_dict` of an equal module returned.
        strict : bool
            Raise where keys are missing or left over.
        assign : bool
            Take the tensors of `state_dict` themselves instead of copying into the module's.

        Returns
        -------
        IncompatibleKeys
            Named tuple of ``missing_keys`` and ``unexpected_keys``.

        Raises
        ------
        RuntimeError
            Lists all that does not fit: keys and shapes.

        Examples
        --------
        >>> import ctorch
        >>> a, b = ctorch.nn.Linear(2, 3), ctorch.nn.Linear(2, 3)
        >>> b.load_state_dict(a.state_dict())
        <All keys matched successfully>
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        missing_keys, unexpected_keys, error_msgs = [], [], []
        metadata = getattr(state_dict, "_metadata", None)
        entries = OrderedDict(state_dict)
        if metadata is not None:
            entries._metadata = metadata

        def load(module, entries, prefix):
            local_metadata = {} if metadata is None else metadata.get(prefix[:-1], {})
            if assign:
                local_metadata["assign_to_params_buffers"] = assign
            module._load_from_state_dict(entries, prefix, local_metadata, True, missing_keys, unexpected_keys,
                                         error_msgs)
            for name, child in module._modules.items():
                if child is not None:
                    child_prefix = prefix + name + "."
                    load(
                        child, {k: v for k, v in entries.items() if k.startswith(child_prefix)}, child_prefix
                    )
            incompatible = _IncompatibleKeys(missing_keys, unexpected_keys)
            for hook in module._load_state_dict_post_hooks.values():
                if hook(module, incompatible) is not None:
                    raise AssertionError(
                        "Hooks registered with ``register_load_state_dict_post_hook`` are not "
                        "expected to return new values, if incompatible_keys need to be "
                        "modified, it should be done inplace."
                    )

        load(self, entries, "")
        if strict:
            if missing_keys:
                error_msgs.insert(0, f"Missing key(s) in state_dict: {_quoted(missing_keys)}. ")
            if unexpected_keys:
                where = 1 if missing_keys else 0
                error_msgs.insert(where, f"Unexpected key(s) in state_dict: {_quoted(unexpected_keys)}. ")
        if error_msgs:
            raise RuntimeError("Error(s) in loading state_dict for {}:\n\t{}".format(
                type(self).__name__, "\n\t".join(error_msgs)))
        return _IncompatibleKeys(missing_keys, unexpected_keys)


class _WithModule:
    """A load pre-hook that is called with its module first."""

    def __init__(self, hook, module):
        self.hook = hook
        self.module = module

    def __call__(self, *args):
        return self.hook(self.module, *args)
