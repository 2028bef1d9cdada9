"""Modules that hold other modules or parameters: in a row, a list or a dictionary."""
import operator
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from itertools import chain, islice

import ctorch

from ..parameter import Parameter
from .module import Module, _indented

__all__ = ["ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]


def _checked_index(index, length):
    """A list index as a number from 0 to ``length - 1``."""
    index = operator.index(index)
    if not -length <= index < length:
        raise IndexError(f"index {index} is out of range")
    return index % length


class _ListOfModules(Module):
    """What Sequential and ModuleList share: children named "0", "1", ... in order."""

    def _name_at(self, index):
        return str(_checked_index(index, len(self)))

    def __getitem__(self, index):
        if isinstance(index, slice):
            return self._from_slice(list(self._modules.items())[index])
        return self._modules[self._name_of(index)]

    def _name_of(self, index):
        return next(islice(self._modules, _checked_index(index, len(self._modules)), None))

    def __setitem__(self, index, module):
        setattr(self, self._name_of(index), module)

    def __delitem__(self, index):
        names = list(self._modules)[index] if isinstance(index, slice) else [self._name_of(index)]
        for name in names:
            delattr(self, name)
        # The rest closes ranks, so that names stay the positions.
        rest = list(self._modules.values())
        self._modules = dict(zip(map(str, range(len(rest))), rest))

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules.values())

    def __dir__(self):
        return [name for name in super().__dir__() if not name.isdigit()]

    def append(self, module):
        """Add `module` at the end; returns the container."""
        self.add_module(str(len(self)), module)
        return self

    def insert(self, index, module):
        """Put `module` before position `index`."""
        if not isinstance(module, Module):
            raise AssertionError(f"module should be of type: {Module}")
        length = len(self._modules)
        if not -length <= index <= length:
            raise IndexError(f"Index out of range: {index}")
        if index < 0:
            index += length
        for i in range(length, index, -1):
            self._modules[str(i)] = self._modules[str(i - 1)]
        self._modules[str(index)] = module

    def pop(self, key):
        """Remove the module at position `key` and return it."""
        module = self[key]
        del self[key]
        return module


class Sequential(_ListOfModules):
    """Modules that are called one after the other, each with what the one before returned.

    Parameters
    ----------
    *args : Module
        The modules, or one OrderedDict of named modules.

    Examples
    --------
    >>> from ctorch import nn
    >>> nn.Sequential(nn.Linear(4, 2), nn.ReLU())
    Sequential(
      (0): Linear(in_features=4, out_features=2, bias=True)
      (1): ReLU()
    )
    """

    def __init__(self, *args):
        super().__init__()
        if len(args) == 1 and isinstance(args[0], OrderedDict):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            for i, module in enumerate(args):
                self.add_module(str(i), module)

    def forward(self, input):
        for module in self._modules.values():
            input = module(input)
        return input

    def _from_slice(self, items):
        return type(self)(OrderedDict(items))

    def __add__(self, other):
        if not isinstance(other, Sequential):
            raise ValueError("add operator supports only objects of Sequential class, "
                             f"but {type(other)} is given.")
        return Sequential(*self, *other)

    def __iadd__(self, other):
        if not isinstance(other, Sequential):
            raise ValueError("add operator supports only objects of Sequential class, "
                             f"but {type(other)} is given.")
        return self.extend(other)

    def __mul__(self, times):
        self._check_times(times)
        return Sequential(*(list(self) * times))

    def __rmul__(self, times):
        return self * times

    def __imul__(self, times):
        self._check_times(times)
        modules = list(self)
        for _ in range(times - 1):
            self.extend(modules)
        return self

    @staticmethod
    def _check_times(times):
        if not isinstance(times, int):
            raise TypeError(f"unsupported operand type(s) for *: {Sequential} and {type(times)}")
        if times <= 0:
            raise ValueError(f"Non-positive multiplication factor {times} for {Sequential}")

    def insert(self, index, module):
        """Put `module` before position `index`; returns the container."""
        super().insert(index, module)
        return self

    def extend(self, sequential):
        """Add every module of `sequential` at the end; returns the container."""
        for module in list(sequential):
            self.append(module)
        return self


class ModuleList(_ListOfModules):
    """Modules in a list, registered properly so that all Module methods see them.

    Parameters
    ----------
    modules : iterable of Module, optional

    Examples
    --------
    >>> from ctorch import nn
    >>> layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
    >>> layers
    ModuleList(
      (0-2): 3 x Linear(in_features=4, out_features=4, bias=True)
    )
    >>> len(list(layers.parameters()))
    6
    """

    def __init__(self, modules=None):
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def _from_slice(self, items):
        return type(self)(module for _, module in items)

    def _name_of(self, index):
        return self._name_at(index)

    def __add__(self, other):
        return ModuleList(chain(self, other))

    def __iadd__(self, modules):
        return self.extend(modules)

    def extend(self, modules):
        """Add every module of an iterable at the end; returns the list."""
        if not isinstance(modules, Iterable):
            raise TypeError("ModuleList.extend should be called with an iterable, but got "
                            + type(modules).__name__)
        for module in list(modules):
            self.append(module)
        return self

    def __repr__(self):
        if not len(self):
            return self._get_name() + "()"
        # Equal neighbours are printed once, with their range and count.
        runs = []
        for i, text in enumerate(map(repr, self)):
            if runs and runs[-1][2] == text:
                runs[-1][1] = i
            else:
                runs.append([i, i, text])
        lines = [f"({first}): {_indented(text)}" if first == last
                 else f"({first}-{last}): {last - first + 1} x {_indented(text)}"
                 for first, last, text in runs]
        return self._get_name() + "(\n  " + "\n  ".join(lines) + "\n)"


def _pairs(container, what, values):
    """The (key, value) pairs of a mapping or of an iterable of pairs, checked."""
    if not isinstance(values, Iterable):
        raise TypeError(f"{container}.update should be called with an iterable of key/value pairs, "
                        f"but got {type(values).__name__}")
    if isinstance(values, Mapping) or hasattr(values, "keys"):
        return [(key, values[key]) for key in values.keys()]  # noqa: SIM118  (ParameterDict iterates its keys)
    pairs = []
    for i, pair in enumerate(values):
        if not isinstance(pair, Iterable):
            raise TypeError(f"{container} update sequence element #{i} should be Iterable; is"
                            f"{type(pair).__name__}")
        pair = tuple(pair)
        if len(pair) != 2:
            raise ValueError(
                f"{container} update sequence element #{i} has length {len(pair)}; 2 is required"
            )
        pairs.append(pair)
    return pairs


class ModuleDict(Module):
    """Modules in a dictionary, registered properly so that all Module methods see them.

    Parameters
    ----------
    modules : mapping or iterable of (str, Module), optional

    Examples
    --------
    >>> from ctorch import nn
    >>> choice = nn.ModuleDict({"relu": nn.ReLU(), "tanh": nn.Tanh()})
    >>> choice["tanh"]
    Tanh()
    """

    def __init__(self, modules=None):
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key):
        return self._modules[key]

    def __setitem__(self, key, module):
        self.add_module(key, module)

    def __delitem__(self, key):
        del self._modules[key]

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules)

    def __contains__(self, key):
        return key in self._modules

    def clear(self):
        """Remove all modules."""
        self._modules.clear()

    def pop(self, key):
        """Remove the module of `key` and return it."""
        return self._modules.pop(key)

    def keys(self):
        """The keys."""
        return self._modules.keys()

    def items(self):
        """The (key, module) pairs."""
        return self._modules.items()

    def values(self):
        """The modules."""
        return self._modules.values()

    def update(self, modules):
        """Take the modules of a mapping or of an iterable of pairs; equal keys are replaced."""
        for key, module in _pairs("ModuleDict", "modules", modules):
            self[key] = module


def _as_parameter(value):
    """Tensors become parameters; anything else is kept as a plain attribute."""
    if isinstance(value, ctorch.Tensor) and not isinstance(value, Parameter):
        return Parameter(value)
    return value


def _described(value, type_name=None):
    """One entry of a container's text; a tensor's type is its dtype unless `type_name` names it."""
    if isinstance(value, ctorch.Tensor):
        kind = "Parameter" if isinstance(value, Parameter) else "Tensor"
        device = "" if value.device.type == "cpu" else f" ({value.device})"
        name = value.dtype if type_name is None else type_name(value)
        return f"{kind} containing: [{name} of size {'x'.join(map(str, value.size()))}{device}]"
    return f"Object of type: {type(value).__name__}"


class ParameterList(Module):
    """Parameters in a list; tensors put in it become parameters.

    Parameters
    ----------
    values : iterable, optional

    Examples
    --------
    >>> import ctorch
    >>> weights = ctorch.nn.ParameterList([ctorch.zeros(2), ctorch.zeros(3)])
    >>> [name for name, _ in weights.named_parameters()]
    ['0', '1']
    """

    def __init__(self, values=None):
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def __getitem__(self, index):
        if isinstance(index, slice):
            selected = type(self)()
            for i in range(*index.indices(len(self))):
                selected.append(self[i])
            return selected
        return getattr(self, str(_checked_index(index, len(self))))

    def __setitem__(self, index, value):
        setattr(self, str(_checked_index(index, len(self))), _as_parameter(value))

    def __len__(self):
        return self._size

    def __iter__(self):
        return iter(self[i] for i in range(len(self)))

    def __iadd__(self, values):
        return self.extend(values)

    def append(self, value):
        """Add `value` at the end; returns the list."""
        index = len(self)
        self._size += 1
        self[index] = value
        return self

    def extend(self, values):
        """Add every value of an iterable at the end; returns the list."""
        if not isinstance(values, Iterable) or isinstance(values, ctorch.Tensor):
            raise TypeError("ParameterList.extend should be called with an iterable, but got "
                            + type(values).__name__)
        for value in list(values):
            self.append(value)
        return self

    def extra_repr(self):
        return "\n".join(f"  ({i}): {_described(value)}" for i, value in enumerate(self))

    def __call__(self, *args, **kwargs):
        raise RuntimeError("ParameterList should not be called.")


class ParameterDict(Module):
    """Parameters in a dictionary; tensors put in it become parameters.

    Parameters
    ----------
    parameters : mapping or iterable of (str, value), optional

    Examples
    --------
    >>> import ctorch
    >>> weights = ctorch.nn.ParameterDict({"left": ctorch.zeros(2)})
    >>> weights["left"].requires_grad
    True
    """

    def __init__(self, parameters=None):
        super().__init__()
        self._keys = {}
        if parameters is not None:
            self.update(parameters)

    @staticmethod
    def _name(key):
        if not isinstance(key, str):
            raise TypeError(
                f"Index given to ParameterDict cannot be used as a key as it is not a string (type is "
                f"'{type(key).__name__}'). Open an issue on github if you need non-string keys."
            )
        return key

    def __getitem__(self, key):
        return getattr(self, self._name(key))

    def __setitem__(self, key, value):
        # setattr would file a non-tensor under an attribute that may shadow a method.
        self._keys[key] = None
        setattr(self, self._name(key), _as_parameter(value))

    def __delitem__(self, key):
        del self._keys[key]
        delattr(self, self._name(key))

    def __len__(self):
        return len(self._keys)

    def __iter__(self):
        return iter(self._keys)

    def __reversed__(self):
        return reversed(self._keys)

    def __contains__(self, key):
        return key in self._keys

    def copy(self):
        """A new ParameterDict of the same parameters."""
        return ParameterDict(OrderedDict(self.items()))

    def clear(self):
        """Remove all entries."""
        for key in list(self._keys):
            del self[key]

    def pop(self, key):
        """Remove the entry of `key` and return its value."""
        value = self[key]
        del self[key]
        return value

    def popitem(self):
        """Remove the entry added last and return it as (key, value)."""
        key, _ = self._keys.popitem()
        self._keys[key] = None  # `pop` removes it for good
        return key, self.pop(key)

    def setdefault(self, key, default=None):
        """The value of `key`, set to `default` where there was none."""
        if key not in self:
            self[key] = default
        return self[key]

    def get(self, key, default=None):
        """The value of `key`, or `default`."""
        return self[key] if key in self else default  # noqa: SIM401  (that is this method)

    def fromkeys(self, keys, default=None):
        """A new ParameterDict of `keys`, each with the value `default`."""
        return ParameterDict((key, default) for key in keys)

    def keys(self):
        """The keys."""
        return self._keys.keys()

    def items(self):
        """Iterate over the (key, value) pairs."""
        return ((key, self[key]) for key in self._keys)

    def values(self):
        """Iterate over the values."""
        return (self[key] for key in self._keys)

    def update(self, parameters):
        """Take the entries of a mapping or of an iterable of pairs; equal keys are replaced."""
        for key, value in _pairs("ParameterDict", "parameters", parameters):
            self[key] = value

    def extra_repr(self):
        return "\n".join(f"  ({key}): {_described(value, ctorch.Tensor.type)}" for key, value in self.items())

    def __call__(self, input):
        raise RuntimeError("ParameterDict should not be called.")

    def __or__(self, other):
        merged = self.copy()
        merged.update(other)
        return merged

    def __ror__(self, other):
        merged = ParameterDict(OrderedDict(other.items()))
        merged.update(self)
        return merged

    def __ior__(self, other):
        self.update(other)
        return self
