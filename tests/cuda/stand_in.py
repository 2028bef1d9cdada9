"""A tensor on a device, with just what the forward functions of `ctorch.cuda._forward` use of one."""
import ctorch
from ctorch.cuda import copy, memory
from ctorch.cuda._forward import common


class Memory:
    """Memory of the device, given back with its last tensor."""

    def __init__(self, nbytes):
        self.address = memory.allocate(nbytes, 0)

    def __del__(self):
        memory.free(self.address, 0)


class StandIn:
    device = ctorch.device("cuda", 0)

    def __init__(self, owner, shape, strides, dtype):
        self.owner, self.shape, self.strides, self.dtype = owner, tuple(shape), tuple(strides), dtype

    def data_ptr(self):
        return self.owner.address

    def stride(self):
        return self.strides

    def contiguous(self):
        return self if self.strides == dense_strides(self.shape) else put(get(self).contiguous())

    def to(self, dtype):
        return put(get(self).to(dtype))

    def copy_(self, other):
        if self.strides != dense_strides(self.shape):
            order = sorted(range(len(self.shape)), key=lambda d: -self.strides[d])
            other = put(get(other).permute(*order))          # dense in memory, in another order
        fresh = get(other).to(self.dtype).contiguous()
        copy.h2d(self.data_ptr(), fresh.data_ptr(), fresh.numel() * fresh.dtype.itemsize, 0)


def dense_strides(shape):
    strides, step = [], 1
    for size in reversed(shape):
        strides.insert(0, step)
        step *= max(size, 1)
    return tuple(strides)


def empty(shape, dtype, device):
    assert device == StandIn.device
    return StandIn(Memory(common.numel(shape) * dtype.itemsize), shape, dense_strides(shape), dtype)


def span(x):
    """Elements from the first to the last, without gaps."""
    return 1 + sum((n - 1) * s for n, s in zip(x.shape, x.stride())) if common.numel(x.shape) else 0


def put(x):
    """A CPU tensor, or a view of one with its strides, on the device."""
    if not isinstance(x, ctorch.Tensor):
        return x
    count = span(x)
    out = StandIn(Memory(count * x.dtype.itemsize), x.shape, x.stride(), x.dtype)
    if x.is_contiguous():
        out.strides = dense_strides(x.shape)
    copy.h2d(out.data_ptr(), x.data_ptr(), count * x.dtype.itemsize, 0)
    return out


def get(x):
    """Back on the CPU."""
    if isinstance(x, tuple):
        return tuple(get(each) for each in x)
    if x is None:
        return None
    if common.numel(x.shape) == 0:
        return ctorch.empty(x.shape, dtype=x.dtype)
    flat = ctorch.empty((span(x),), dtype=x.dtype)
    copy.d2h(flat.data_ptr(), x.data_ptr(), flat.numel() * flat.dtype.itemsize, 0)
    return flat.as_strided(x.shape, x.stride())
