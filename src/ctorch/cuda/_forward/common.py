"""What the forward functions on CUDA share: dtypes, dense operands, results, checks of numbers, teams of threads.

Each module here has the functions of the `ctorch._forward` module of its name, with the same arguments, on tensors of
a CUDA device. They are called with gradients off.
"""
import math

import ctorch
from ctorch.cuda import copy, memory
from ctorch.cuda.launch import MOST_BLOCKS, Kernel, blocks_for

FLOATS = ("float16", "bfloat16", "float32", "float64")
WORDS = {1: "uint8", 2: "uint16", 4: "uint32", 8: "uint64", 16: "complex128"}       # by size, whatever they mean
SINGLE, WARP, BLOCK = 0, 1, 2        # teams, as in kernels/common.cuh

_outside = Kernel("check", "ct_first_outside", "PqqqiP")


def index_of(x) -> int:
    """The number of a tensor's device."""
    return x.device.index or 0


def empty(shape, dtype, device):
    return ctorch.empty(shape, dtype=dtype, device=device)


def zeros(shape, dtype, device):
    out = empty(shape, dtype, device)
    copy.memset(out.data_ptr(), 0, numel(shape) * dtype.itemsize, device.index or 0)
    return out


def numel(shape) -> int:
    return math.prod(shape)


def dense(x, dtype=None):
    """Contiguous and of a dtype; x itself where it is both."""
    if dtype is not None and x.dtype != dtype:
        x = x.to(dtype)
    return x.contiguous()


def number_like(value, x):
    """A number, or a tensor of one, in the dtype of x and on its device."""
    number = value.to(x.dtype) if isinstance(value, ctorch.Tensor) else ctorch.full((), value, dtype=x.dtype)
    return number.to(x.device)


def pointer(x) -> int:
    return 0 if x is None else x.data_ptr()


def unsupported(op, x):
    return NotImplementedError(f"{op}: not implemented for device 'cuda' and dtype {x.dtype.name}")


def float_name(x, op: str) -> str:
    """The name of a float tensor's dtype."""
    name = x.dtype.name
    if name not in FLOATS:
        raise unsupported(op, x)
    return name


def compute_dtype(x, op: str):
    """float64 stays; the other floats are computed in float32."""
    return ctorch.float64 if float_name(x, op) == "float64" else ctorch.float32


def pair(value, op: str, arg: str) -> tuple[int, int]:
    """An int stands for both directions."""
    if isinstance(value, (tuple, list)):
        if len(value) == 1:
            value = (value[0], value[0])
        if len(value) != 2:
            raise RuntimeError(f"{op}: {arg} must be an int or a pair of ints, got {value}")
        return int(value[0]), int(value[1])
    if isinstance(value, (bool, float, str)) or value is None:
        raise TypeError(f"{op}(): argument '{arg}' must be tuple of ints, not {type(value).__name__}")
    return int(value), int(value)


def around(shape, dim: int) -> tuple[int, int, int]:
    """(outer, n, inner) about a dimension."""
    n = shape[dim] if len(shape) else 1
    return numel(shape[:dim]), n, numel(shape[dim + 1:])


def team_for(rows: int, n: int, inner: int = 1):
    """Who works on a row of n elements, `inner` apart: (team, grid, block)."""
    if (inner > 1 and rows >= 4096) or n <= 4:
        return SINGLE, (blocks_for(rows, 128),), (128,)
    if n <= 1024:
        return WARP, (blocks_for(rows, 8),), (256,)
    return BLOCK, (min(rows, MOST_BLOCKS),), (256,)


def first_outside(numbers, size: int, ignore=None):
    """The first of dense int64 numbers outside 0 .. size - 1, or None. The host waits for the answer."""
    count = numel(numbers.shape)
    if count == 0:
        return None
    index = index_of(numbers)
    flag = memory.allocate(8, index)
    try:
        copy.memset(flag, 0xFF, 8, index)
        _outside(index, "int64", (blocks_for(count),), (256,), numbers.data_ptr(), count, size, ignore or 0,
                 ignore is not None, flag)
        place = read_int64(flag, index)
    finally:
        memory.free(flag, index)
    return None if place == -1 else read_int64(numbers.data_ptr() + 8 * place, index)


def read_int64(address: int, index: int) -> int:
    """One number from the device."""
    host = ctorch.empty((1,), dtype=ctorch.int64, device="cpu")
    copy.d2h(host.data_ptr(), address, 8, index)
    return host.item()
