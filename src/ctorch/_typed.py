"""The tensor types of one dtype, ``FloatTensor`` and others, and storages of one dtype, as old scripts use them."""
import ctorch
from ctorch._methods import LEGACY
from ctorch._storages import TypedStorage


class TypeOfTensors(type):
    """A tensor type: makes tensors of its dtype, and all tensors of that dtype on the CPU are its instances."""

    def __call__(cls, *args, device=None):
        if device is not None and ctorch.device(device).type != "cpu":
            raise RuntimeError(f"legacy constructor expects device type: cpu but device type: {device} was passed")
        if len(args) == 1 and not isinstance(args[0], int | ctorch.Size):
            if isinstance(args[0], ctorch.Tensor) and args[0].dtype != cls.dtype:
                raise TypeError(f"expected {cls.__name__} (got {args[0].type()})")
            return ctorch.as_tensor(args[0], dtype=cls.dtype)
        size = args[0] if len(args) == 1 and isinstance(args[0], ctorch.Size) else args
        return ctorch.empty(size or (0,), dtype=cls.dtype)

    def __instancecheck__(cls, x):
        return isinstance(x, ctorch.Tensor) and x.dtype == cls.dtype and x.device.type == "cpu"

    def __repr__(cls):
        return f"<class 'torch.{cls.__name__}'>"


class TypeOfStorages(type):
    """A storage type: makes storages of its dtype, and all storages of that dtype are its instances."""

    def __call__(cls, *args):
        if len(args) == 1 and not isinstance(args[0], int):
            return TypedStorage(ctorch.tensor(args[0], dtype=cls.dtype))
        return TypedStorage(ctorch.zeros(args or (0,), dtype=cls.dtype))

    def __instancecheck__(cls, x):
        return isinstance(x, TypedStorage) and x.dtype == cls.dtype

    def __repr__(cls):
        return f"<class 'torch.{cls.__name__}'>"


def _types(kind, names, metaclass):
    return {f"{name}{kind}": metaclass(f"{name}{kind}", (), {
        "dtype": getattr(ctorch, dtype), "__module__": "ctorch",
        "__doc__": f"{kind}s of {dtype} on the CPU; use ``ctorch.tensor`` with a dtype in new code."})
        for dtype, name in names.items()}


globals().update(_types("Tensor", {d: n for d, n in LEGACY.items() if "complex" not in d}, TypeOfTensors))
globals().update(_types("Storage", LEGACY, TypeOfStorages))
