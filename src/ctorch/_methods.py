"""Tensor methods that are Python written with other operators."""
import math
import sys
import warnings

import ctorch
from ctorch import _functions as ops
from ctorch import _views
from ctorch._device import device as Device
from ctorch._dtype import dtype as DType
from ctorch._memory_format import preserves
from ctorch._tape import _recorded


def to(x, *args, dtype=None, device=None, non_blocking=False, copy=False, memory_format=None):
    """Tensor.to in all its forms: dtype, device, device and dtype, or another tensor to be like."""
    flags = [a for a in args if isinstance(a, bool)]         # non_blocking, copy
    non_blocking, copy = [*flags, *(non_blocking, copy)[len(flags):]]
    for a in args:
        if isinstance(a, DType | type):
            dtype = a
        elif isinstance(a, ctorch.Tensor):
            dtype, device = a.dtype, a.device
        elif isinstance(a, str | Device) or (isinstance(a, int) and not isinstance(a, bool)):
            device = a
        elif a is not None and not isinstance(a, bool):
            raise TypeError(f"to(): received an invalid argument of type {type(a).__name__}")
    if device is not None:
        place = Device(device)
        # a cast on the CPU must not read what has not arrived
        queued = non_blocking and (place.type == "cuda" or dtype in (None, x.dtype))
        moved = _views.to_device(x, place, False, queued)
        if moved is not x:
            return _views.to_dtype(moved, dtype or x.dtype)
    cast = _views.to_dtype(x, dtype or x.dtype, copy)
    if memory_format is None or preserves(memory_format):
        return cast
    return _views.contiguous_of(cast, memory_format)


LEGACY = {"float32": "Float", "float64": "Double", "float16": "Half", "bfloat16": "BFloat16", "int64": "Long",
           "int32": "Int", "int16": "Short", "int8": "Char", "uint8": "Byte", "bool": "Bool",
           "complex64": "ComplexFloat", "complex128": "ComplexDouble"}


def type_(x, dtype):
    """Tensor.type: the legacy name of the type, or a cast."""
    if dtype is None:
        return f"torch.{LEGACY.get(x.dtype.name, x.dtype.name)}Tensor"
    if isinstance(dtype, str):
        for name, legacy in LEGACY.items():
            if dtype == f"torch.{legacy}Tensor":
                return _views.to_dtype(x, getattr(ctorch, name))
        raise ValueError(f"invalid type: {dtype!r}")
    return _views.to_dtype(x, dtype)


def is_pinned(x):
    """Tensor.is_pinned; nothing is where CUDA has not been used."""
    pinned = sys.modules.get("ctorch.cuda.pinned")
    return pinned is not None and pinned.is_pinned(x)


def pin_memory(x):
    """Tensor.pin_memory."""
    from ctorch.cuda import pinned
    return pinned.pin(x)


def deepcopy(x, memo):
    """copy.deepcopy of a leaf tensor: its values, grad and requires_grad."""
    import copy

    if not x.is_leaf:
        raise RuntimeError("Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol "
                           "at the moment.")
    if id(x) in memo:
        return memo[id(x)]
    with ctorch.no_grad():
        values = x.detach().clone()
        y = type(x)._make_subclass(type(x), values, x.requires_grad) if type(x) is not ctorch.Tensor else values
        y.requires_grad = x.requires_grad
        memo[id(x)] = y
        if x.grad is not None:
            y.grad = copy.deepcopy(x.grad, memo)
        for name, value in getattr(x, "__dict__", {}).items():
            setattr(y, name, copy.deepcopy(value, memo))
    return y


def reduce(x):
    """Pickling: the bytes of the elements with dtype, shape, requires_grad and device; the pickle has no code."""
    if not x.is_leaf:
        raise RuntimeError("Only Tensors created explicitly by the user (graph leaves) can be pickled; use detach() "
                           "first.")
    raw = bytes(memoryview(_as_bytes(x)))
    return rebuild, (type(x), raw, x.dtype, tuple(x.shape), x.requires_grad, str(x.device))


def _as_bytes(x):
    flat = x.detach().cpu().contiguous()
    return view_dtype(flat.reshape(-1), ctorch.uint8)


def restored(x, location):
    """A tensor of the CPU on the device that it was saved from."""
    place = Device(location)
    if place.type == "cuda":
        if not ctorch.cuda.is_available():
            raise RuntimeError("Attempting to deserialize object on a CUDA device but ctorch.cuda.is_available() is "
                               "False. If you are running on a CPU-only machine, please use ctorch.load with "
                               "map_location=ctorch.device('cpu') to map your storages to the CPU.")
        count = ctorch.cuda.device_count()
        if place.index is not None and place.index >= count:
            raise RuntimeError(f"Attempting to deserialize object on CUDA device {place.index} but "
                               f"ctorch.cuda.device_count() is {count}. Please use ctorch.load with map_location to "
                               "map your storages to an existing device.")
    return x.to(place)


def rebuild(cls, raw, dtype, shape, requires_grad, device="cpu"):
    """The tensor that `reduce` took apart."""
    values = ctorch.empty(shape, dtype=dtype, device="cpu")
    if raw:
        memoryview(_as_bytes_inplace(values))[:] = raw
    values = restored(values, device)
    if cls is ctorch.Tensor:
        values.requires_grad = requires_grad
        return values
    return cls._make_subclass(cls, values, requires_grad)


def _as_bytes_inplace(x):
    return view_dtype(x.reshape(-1), ctorch.uint8)


def view_dtype(x, dtype):
    """The same memory read as another dtype; the last dimension grows or shrinks with the element size."""
    return _views.reinterpret(x, dtype)


def sum_to_size(x, size):
    """Sum the dimensions that broadcasting to x's shape would add or stretch."""
    size = tuple(size)
    extra = x.dim() - len(size)
    if extra < 0 or any(s not in (1, x.shape[extra + i]) for i, s in enumerate(size)):
        raise RuntimeError(f"size {list(size)} is not expandable to size {list(x.shape)}.")
    dims = [i for i in range(x.dim()) if i < extra or (size[i - extra] == 1 and x.shape[i] != 1)]
    return (x.sum(dims, True) if dims else x).reshape(size)


def untyped_storage(x):
    """Tensor.untyped_storage."""
    from ctorch._storages import UntypedStorage

    return UntypedStorage(_whole(x, ctorch.uint8))


def typed_storage(x):
    """Tensor.storage."""
    from ctorch._storages import TypedStorage

    return TypedStorage(_whole(x, x.dtype))


def _whole(x, dtype):
    """All memory of x's storage as a vector."""
    return _views.whole_storage(x, dtype)


def set_source(x, source, storage_offset, size, stride):
    """The tensor that Tensor.set_ makes x show."""
    if source is None:
        return ctorch.empty(0, dtype=x.dtype, device=x.device)
    if isinstance(source, ctorch.Tensor):
        if source.dtype != x.dtype:
            raise RuntimeError(f"Could not set tensor of type {source.dtype} to a tensor of type {x.dtype}")
        values = source.detach()
        return values if size is None else _views.as_strided(
            values, size, stride if stride is not None else ctorch.empty(size, device="cpu").stride(), storage_offset)
    values = view_dtype(source._bytes, x.dtype)
    size = (values.shape[0],) if size is None else size
    return _views.as_strided(values, size, stride if stride is not None else ctorch.empty(size, device="cpu").stride(),
                             storage_offset)


def masked_fill_(x, mask, value):
    """Tensor.masked_fill_: at once, or by way of the operator where the graph is to know."""
    if x.is_cuda or _recorded(value):
        return x.copy_(ops.masked_fill(x.clone(), mask, value))
    return ops._masked_fill_(x, mask, value)


def masked_scatter_(x, mask, source):
    """Tensor.masked_scatter_, which the mask cannot widen."""
    return ops._masked_scatter_(x, mask, source)


def scatter_(x, dim, index, src, reduce):
    """Tensor.scatter_ in all its forms."""
    if reduce is not None:
        return x.copy_(ops.scatter(x.clone(), dim, index, src, reduce=reduce))
    if isinstance(src, ctorch.Tensor):
        return ops._scatter_src_(x, dim, index, src)
    return ops._scatter_value_(x, dim, index, src)


def index_fill_(x, dim, index, value):
    """Tensor.index_fill_."""
    if _recorded(value):
        return x.copy_(ops.index_fill(x.clone(), dim, index, value))
    return ops._index_fill_(x, dim, index, value)


def is_nonzero(x):
    """Tensor.is_nonzero."""
    if x.numel() != 1:
        raise RuntimeError("Boolean value of Tensor with " + ("no values" if x.numel() == 0 else "more than one value")
                           + " is ambiguous")
    return bool(x)


def dim_order(x, ambiguity_check):
    """Tensor.dim_order."""
    if ambiguity_check:
        sized = sorted(s for s, n in zip(x.stride(), x.shape, strict=True) if n > 1)
        if x.numel() == 0 or len(set(sized)) < x.dim():
            raise RuntimeError("The tensor does not have unique dim order, or cannot map to exact one of the given "
                               "memory formats.")
    return tuple(sorted(range(x.dim()), key=lambda d: -x.stride(d)))


def resized(x, size):
    """Tensor.resize and resize_as."""
    warnings.warn("non-inplace resize is deprecated", stacklevel=3)
    if math.prod(size) != x.numel():
        raise RuntimeError(f"requested resize to {'x'.join(map(str, size))} ({math.prod(size)} elements in total), but "
                           f"the given tensor has a size of {'x'.join(map(str, x.shape))} ({x.numel()} elements). "
                           "resize can only change the shape of a given tensor, while preserving the number of "
                           "elements.")
    return x.reshape(size)


def _need_host(op, *tensors):
    for t in tensors:
        if t.is_cuda:
            raise TypeError(f"{op} is only implemented on CPU tensors")
        if _recorded(t):
            raise RuntimeError(f"Can't call {op}() on Variable that requires grad. Use var.detach().{op}() instead.")


def apply_(x, function):
    """Tensor.apply_."""
    _need_host("apply_", x)
    values = [function(v) for v in x.reshape(-1).tolist()]
    return x.copy_(ctorch.tensor(values, dtype=x.dtype, device="cpu").view(x.shape))


def map_(x, other, function):
    """Tensor.map_."""
    _need_host("map_", x, other)
    if other.dtype != x.dtype:
        raise TypeError(f"map_(): expected a tensor of {x.dtype} for argument 'tensor', got {other.dtype}")
    values = map(function, x.reshape(-1).tolist(), other.expand(x.shape).reshape(-1).tolist())
    return x.copy_(ctorch.tensor(list(values), dtype=x.dtype, device="cpu").view(x.shape))


def fill_diagonal_(x, value, wrap):
    """Tensor.fill_diagonal_."""
    if x.dim() < 2:
        raise RuntimeError("dimensions must larger than 1")
    if x.dim() > 2 and len(set(x.shape)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    step = sum(x.stride())
    count = min(x.shape)
    parts = [x.as_strided((count,), (step,), x.storage_offset())]
    if wrap and x.dim() == 2 and x.shape[0] > x.shape[1]:
        rows, columns = x.shape
        # below each block of columns + 1 rows the diagonal begins anew
        parts += [x[first:first + columns].diagonal() for first in range(columns + 1, rows, columns + 1)]
    for part in parts:
        part.fill_(value)
    return x
