"""Tensors with chosen strides, rows of powers, and numbers about dtypes, written with other functions."""
import math
import numbers
import warnings

import ctorch
from ctorch import _dtype, _factories, _functions, _shape, _views
from ctorch._dispatch import common_dtype

__all__ = ["clone", "empty_permuted", "from_file", "is_nonzero", "is_same_size", "is_storage", "logspace",
           "range", "result_type", "scalar_tensor", "typename", "vander"]


def empty_permuted(size, physical_layout, *, dtype=None, layout=None, device=None, requires_grad=False,
                   pin_memory=False):
    """An uninitialised tensor without gaps whose dimensions lie in memory in a given order.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.empty_permuted((2, 3, 5), (0, 2, 1)).stride()
    (15, 1, 3)
    """
    size, order = tuple(size), tuple(physical_layout)
    if len(size) != len(order):
        raise RuntimeError(f"Number of dimensions in size does not match the length of the physical_layout; i.e. "
                           f"len(size) = {len(size)} is not equal to len(physical_layout) = {len(order)}")
    seen = set()
    for d in order:
        if not 0 <= d < len(size):
            raise RuntimeError("Dimension out of range (expected to be between 0 and "
                               f"{len(size) - 1}, but got {d} at index {order.index(d)}).  NB: negative dims not "
                               "currently supported; file an issue if you want it.")
        if d in seen:
            raise RuntimeError("Duplicate dim not allowed")
        seen.add(d)
    strides, step = [0] * len(size), 1
    for d in reversed(order):
        strides[d] = step
        step *= size[d]
    flat = _factories.empty(step, dtype=dtype, device=device, layout=layout, pin_memory=pin_memory)
    result = _views.as_strided(flat, size, strides).detach()
    return result.requires_grad_() if requires_grad else result


def _placed(values, device, out, requires_grad, layout, pin_memory):
    """Numbers in `out`, or where and how a factory's options want them."""
    if out is not None:
        return out.resize_(values.shape).copy_(values)
    if device is not None or layout is not None or pin_memory:
        made = _factories.empty(values.shape, dtype=values.dtype, device=device, layout=layout, pin_memory=pin_memory)
        values = made.copy_(values)
    return values.requires_grad_() if requires_grad else values


def logspace(start, end, steps, base=10.0, *, dtype=None, device=None, requires_grad=False, out=None, layout=None,
             pin_memory=False):
    """`steps` powers of a base whose exponents go evenly from start to end.

    See https://docs.pytorch.org/docs/stable/generated/torch.logspace.html

    Examples
    --------
    >>> import ctorch
    >>> ctorch.logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    kind = dtype if dtype is not None else out.dtype if out is not None else _dtype.get_default_dtype()
    steps = _shape.need_int(steps, "logspace", "steps")
    if not (kind.is_floating_point or kind.is_complex):
        if steps == 1:
            value = float(base) ** start
            return _placed(_factories.full((1,), value if kind == ctorch.bool else int(value), dtype=kind), device, out,
                           requires_grad, layout, pin_memory)
        start, end = int(start), int(end)
    exponents = _factories.linspace(start, end, steps, dtype=ctorch.float64)
    values = _functions.pow(ctorch.tensor(float(base), dtype=ctorch.float64), exponents).to(kind)
    return _placed(values, device, out, requires_grad, layout, pin_memory)


def range(start, end=None, step=1, *, dtype=None, device=None, requires_grad=False, out=None, layout=None,
          pin_memory=False):
    """Numbers from start to end, which is included, in steps; PyTorch advises `arange` instead."""
    warnings.warn("torch.range is deprecated and will be removed in a future release because its behavior is "
                  "inconsistent with Python's range builtin. Instead, use torch.arange, which produces values in "
                  "[start, end).", UserWarning, stacklevel=2)
    if end is None:
        start, end = 0, start
    kind = dtype if dtype is not None else out.dtype if out is not None else _dtype.get_default_dtype()
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if not (kind.is_floating_point or kind.is_complex):
        start, end, step = int(start), int(end), int(step)
    if step == 0:
        raise RuntimeError("step must be nonzero")
    count = math.floor((end - start) / step) + 1
    values = (_factories.arange(count, dtype=ctorch.float64) * step + start).to(kind)
    return _placed(values, device, out, requires_grad, layout, pin_memory)


def vander(x, N=None, increasing=False):
    """Powers of the elements of a vector, a row for each, falling unless increasing.

    See https://docs.pytorch.org/docs/stable/generated/torch.vander.html

    Examples
    --------
    >>> import ctorch
    >>> ctorch.vander(ctorch.tensor([1, 2, 3]))
    tensor([[1, 1, 1],
            [4, 2, 1],
            [9, 3, 1]])
    """
    if x.dim() != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    count = x.numel() if N is None else N
    if count < 0:
        raise RuntimeError("N must be non-negative.")
    powers = ctorch.linalg.vander(x, max(count, 2))[:, :count]
    return powers if increasing else powers.flip(1)


def scalar_tensor(s, *, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
    """A number as a tensor of the default dtype."""
    return _factories.full((), s, dtype=dtype or _dtype.get_default_dtype(), device=device,
                           requires_grad=requires_grad, layout=layout, pin_memory=pin_memory)


def from_file(filename, shared=None, size=0, *, dtype=None, layout=None, device=None, requires_grad=False,
              pin_memory=False):
    """A 1-d tensor over the bytes of a file; changes go back to the file where it is shared.

    See https://docs.pytorch.org/docs/stable/generated/torch.from_file.html
    """
    import mmap
    import os
    kind = dtype or _dtype.get_default_dtype()
    length = size * kind.itemsize
    if not length:
        return _factories.empty(0, dtype=kind)
    flags = os.O_RDWR | os.O_CREAT if shared else os.O_RDONLY
    handle = os.open(filename, flags, 0o600)
    try:
        if os.fstat(handle).st_size < length:
            if not shared:
                raise RuntimeError(f"from_file: {filename} has fewer than the {length} bytes asked for")
            os.ftruncate(handle, length)
        access = mmap.ACCESS_WRITE if shared else mmap.ACCESS_COPY
        memory = mmap.mmap(handle, length, access=access)
    finally:
        os.close(handle)
    result = _views.reinterpret(_factories.frombuffer(memory, dtype=ctorch.uint8), kind)
    return result.requires_grad_() if requires_grad else result


def result_type(tensor1, tensor2):
    """The dtype that an operator of two tensors or numbers has.

    See https://docs.pytorch.org/docs/stable/generated/torch.result_type.html

    Examples
    --------
    >>> import ctorch
    >>> ctorch.result_type(ctorch.tensor([1, 2], dtype=ctorch.int8), 1.0)
    torch.float32
    """
    for x in (tensor1, tensor2):
        if not isinstance(x, ctorch.Tensor | numbers.Number):
            raise TypeError(f"result_type(): arguments must be Tensor or Number, not {type(x).__name__}")
    return common_dtype((tensor1, tensor2))


def is_nonzero(input):
    """True where the one element of a tensor is not zero."""
    return input.is_nonzero()


def is_same_size(input, other):
    """True for tensors of one shape."""
    return input.shape == other.shape


def is_storage(obj, /):
    """True for a storage of elements."""
    storages = [getattr(ctorch, name, None) for name in ("TypedStorage", "UntypedStorage")]
    return isinstance(obj, tuple(s for s in storages if s is not None))


def typename(obj, /):
    """The name of an object's type with its module; of a tensor its legacy name.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.typename(ctorch.ones(1))
    'torch.FloatTensor'
    """
    if isinstance(obj, ctorch.Tensor):
        return obj.type()
    kind = obj if hasattr(obj, "__qualname__") else type(obj)
    module = getattr(kind, "__module__", "") or ""
    return kind.__qualname__ if module in ("", "builtins", "__builtin__") else f"{module}.{kind.__qualname__}"


def clone(input, *, memory_format=None):
    """A copy that gradients flow through.

    Parameters
    ----------
    input : Tensor
        The tensor to copy.
    memory_format : memory_format, optional
        Order of the dimensions in memory; that of the input where it is not given.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.clone(ctorch.tensor([1, 2]))
    tensor([1, 2])
    """
    _functions._need_tensors(input)
    return input.clone(memory_format=memory_format)
