"""Page-locked memory of the host, which a device copies while the program goes on.

Blocks come from a pool like the device's own; one that a copy still uses is reused only when the copy is done.
"""
import bisect
import math
import os
import threading

import numpy

import ctorch
from ctorch.cuda import _driver, _pool, streams

__all__ = ["empty", "empty_cache", "host_memory_stats", "is_pinned", "pin", "record_stream",
           "reset_peak_host_memory_stats"]

_pool_here = None
_lock = threading.RLock()
_starts, _sizes = [], {}             # of the blocks in use, in order; by start


class _Piece:
    """What PyCUDA gives: an array over locked memory."""

    def __init__(self, array):
        self.array = array

    def __int__(self):
        return self.array.ctypes.data


class _Host:
    """Where the pool gets its memory and marks."""

    @staticmethod
    def allocate(nbytes):
        driver = _driver.activate()
        try:                         # PORTABLE: for all devices
            return _Piece(driver.pagelocked_empty(nbytes, numpy.uint8, mem_flags=driver.host_alloc_flags.PORTABLE))
        except driver.Error:
            raise _pool.Full from None

    @staticmethod
    def release(piece):
        piece.array.base.free()

    @staticmethod
    def mark(stream):
        event = streams.Event()
        event.record(stream)
        return event

    @staticmethod
    def passed(mark, wait):
        if wait:
            mark.synchronize()
        return mark.query()


class _Block:
    """Memory that a storage owns; it goes back to the pool with this object."""

    def __init__(self, nbytes):
        self.address = 0
        try:
            self.address = _pool_of_host().allocate(nbytes)
        except _pool.Exhausted:
            raise MemoryError(f"pin_memory: no page-locked memory of {nbytes} bytes; ctorch holds "
                              f"{_pool_here.held}") from None
        self.__array_interface__ = {"data": (self.address, False), "shape": (nbytes,), "typestr": "|u1", "version": 3}
        with _lock:
            _sizes[self.address] = nbytes
            bisect.insort(_starts, self.address)

    def __del__(self):
        if self.address:
            with _lock:
                del _starts[bisect.bisect_left(_starts, self.address)]
                del _sizes[self.address]
            if not _driver.closing():
                _pool_here.free(self.address)


def _pool_of_host():
    global _pool_here
    if _pool_here is None:
        with _driver._lock:
            if _pool_here is None:
                _driver.activate()
                _pool_here = _pool.Pool(_Host, os.environ.get("CTORCH_NO_CUDA_MEMORY_CACHING") != "1")
                _driver.on_exit(_pool_here.close)
    return _pool_here


def empty(shape, dtype):
    """A tensor in page-locked memory, with whatever was there."""
    nbytes = math.prod(shape) * dtype.itemsize
    if nbytes == 0:
        return ctorch.empty(shape, dtype=dtype, device="cpu")
    memory = ctorch.from_numpy(numpy.asarray(_Block(nbytes)))
    return memory.view(dtype).reshape(shape).detach()


def pin(x):
    """A tensor's values in page-locked memory; itself where they are there."""
    if x.is_cuda:
        raise RuntimeError(f"cannot pin '{x.type()}' only dense CPU tensors can be pinned")
    return x if is_pinned(x) else empty(x.shape, x.dtype).copy_(x)


def _block_of(address):
    # The start of the block that an address is in, or None.
    with _lock:
        i = bisect.bisect_right(_starts, address) - 1
        return _starts[i] if i >= 0 and address < _starts[i] + _sizes[_starts[i]] else None


def is_pinned(x) -> bool:
    """Whether a tensor of the CPU lies in memory of this module."""
    return not x.is_cuda and _block_of(x.data_ptr()) is not None


def record_stream(x, stream) -> None:
    """A stream uses a tensor's memory: it is not reused before the stream is done with it."""
    _pool_here.record(_block_of(x.data_ptr()), stream)


def empty_cache() -> None:
    """Give memory that no tensor uses back to the system."""
    if _pool_here is not None:
        _pool_here.release_cached()


_FIGURES = {"allocated_bytes": "reserved_bytes", "allocations": "segment", "active_bytes": "active_bytes",
            "active_requests": "allocation"}


def host_memory_stats() -> dict:
    """Figures of page-locked memory.

    Returns
    -------
    dict
        PyTorch's keys: ``allocated_bytes.current``, ``.peak``, ``.allocated`` and ``.freed``, held from the driver,
        in ``allocations`` pieces; ``active_bytes``, which tensors or copies use, and ``active_requests``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.cuda.host_memory_stats()["active_bytes.current"]
    0
    """
    figures = _pool_here.figures() if _pool_here is not None else {"now": {}, "peak": {}, "total": {}}
    now, peak, total = figures["now"], figures["peak"], figures["total"]
    out = {}
    for name, own in _FIGURES.items():
        out[f"{name}.current"], out[f"{name}.peak"] = now.get(own, 0), peak.get(own, 0)
        out[f"{name}.allocated"], out[f"{name}.freed"] = total.get(own, 0), total.get(own, 0) - now.get(own, 0)
    return out


def reset_peak_host_memory_stats() -> None:
    """Start the peak figures again from what is in use now."""
    if _pool_here is not None:
        _pool_here.reset_peak()
