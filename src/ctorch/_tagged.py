"""Python values as JSON and back, for `serialization`: a fixed list of types, so that reading runs no code.

Strings, small integers, finite floats, booleans, None and lists are JSON's own; everything else is an object
with one tag, such as ``{"tuple": [1, 2]}``. Tensors are numbered and described elsewhere.
"""
import base64
import math
from collections import OrderedDict

import ctorch
from ctorch._device import device
from ctorch._dtype import dtype, dtype_by_name
from ctorch._size import Size

_SEQUENCES = {tuple: "tuple", set: "set", frozenset: "frozenset", Size: "Size"}
_SAFE_INTEGER = 2**63


class Encoder:
    """Makes JSON of a value; `tensors` collects the tensors met, each once."""

    def __init__(self):
        self.tensors = []
        self._numbers = {}
        self._open = set()

    def encode(self, value, path):
        kind = type(value)
        if value is None or kind in (bool, str):
            return value
        if kind is int:
            return value if abs(value) < _SAFE_INTEGER else {"int": hex(value)}
        if kind is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if kind is complex:
            return {"complex": [repr(value.real), repr(value.imag)]}
        if kind in (bytes, bytearray):
            return {kind.__name__: base64.b64encode(value).decode()}
        if kind is dtype:
            return {"dtype": value.name}
        if kind is device:
            return {"device": str(value)}
        if isinstance(value, ctorch.Tensor):
            return {"tensor": self._number(value, path)}
        return self._container(value, kind, path)

    def _number(self, tensor, path):
        if id(tensor) not in self._numbers:
            if type(tensor) is not ctorch.Tensor:
                from ctorch.nn.parameter import Buffer, Parameter
                if type(tensor) not in (Parameter, Buffer):
                    raise TypeError(f"save: {path} is of type {_name(tensor)}, which cannot be stored; "
                                    "of the kinds of tensors only Tensor, Parameter and Buffer can")
            self._numbers[id(tensor)] = len(self.tensors)
            self.tensors.append(tensor)
        return self._numbers[id(tensor)]

    def _container(self, value, kind, path):
        if id(value) in self._open:
            raise ValueError(f"save: {path} contains itself")
        self._open.add(id(value))
        if kind is list:
            out = [self.encode(v, f"{path}[{i}]") for i, v in enumerate(value)]
        elif kind in _SEQUENCES:
            out = {_SEQUENCES[kind]: [self.encode(v, f"{path}[{i}]") for i, v in enumerate(value)]}
        elif kind in (dict, OrderedDict):
            pairs = [[self.encode(k, f"the key {k!r} of {path}"), self.encode(v, f"{path}[{k!r}]")]
                     for k, v in value.items()]
            out = {kind.__name__: pairs}
            if hasattr(value, "_metadata"):      # a module's state_dict says the versions of its layers there
                out["_metadata"] = self.encode(value._metadata, f"{path}._metadata")
        else:
            raise TypeError(f"save: {path} is of type {_name(value)}, which cannot be stored; "
                            f"{_advice(value)}")
        self._open.discard(id(value))
        return out


def _name(value):
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _advice(value):
    if hasattr(value, "state_dict"):
        return "store its state_dict()"
    if type(value).__module__ == "numpy":
        return "convert it by item()" if getattr(value, "ndim", 1) == 0 else "convert it by ctorch.from_numpy"
    return ("what can be are tensors, numbers, strings, bytes, None, dtypes, devices, and dict, OrderedDict, "
            "list, tuple, set of them")


def decode(value, tensors):
    """The value of what `Encoder.encode` made; `tensors` are those it numbered."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [decode(v, tensors) for v in value]
    metadata = value.pop("_metadata", None)
    ((tag, content),) = value.items()
    out = _DECODERS[tag](content, tensors)
    if metadata is not None:
        out._metadata = decode(metadata, tensors)
    return out


def _items(kind):
    return lambda content, tensors: kind(decode(v, tensors) for v in content)


def _pairs(kind):
    return lambda content, tensors: kind((decode(k, tensors), decode(v, tensors)) for k, v in content)


def _tensor(number, tensors):
    if not 0 <= number < len(tensors):
        raise ValueError(f"there is no tensor {number}")
    return tensors[number]


def _device(name, tensors):
    if not isinstance(name, str):
        raise ValueError(f"a device is named {name!r}")
    return device(name)


_DECODERS = {
    "tuple": _items(tuple), "set": _items(set), "frozenset": _items(frozenset), "Size": _items(Size),
    "dict": _pairs(dict), "OrderedDict": _pairs(OrderedDict),
    "int": lambda content, tensors: int(content, 16),
    "float": lambda content, tensors: float(content),
    "complex": lambda content, tensors: complex(float(content[0]), float(content[1])),
    "bytes": lambda content, tensors: base64.b64decode(content, validate=True),
    "bytearray": lambda content, tensors: bytearray(base64.b64decode(content, validate=True)),
    "dtype": lambda content, tensors: dtype_by_name(content),
    "device": _device,
    "tensor": _tensor,
}
