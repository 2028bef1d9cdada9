"""Device memory: the caching allocator of each device over PyCUDA's, with its figures."""
import os

from ctorch.cuda import _driver, _pool, streams
from ctorch.cuda.device import get_device_properties, index_of

__all__ = ["OutOfMemoryError", "empty_cache", "max_memory_allocated", "max_memory_reserved", "mem_get_info",
           "memory_allocated", "memory_reserved", "memory_stats", "memory_summary",
           "reset_peak_memory_stats", "set_per_process_memory_fraction"]

_pools = {}                          # device index -> pool


class OutOfMemoryError(RuntimeError):
    """A device has no memory left, with nothing cached."""


class _Device:
    """Where a pool gets its memory and marks."""

    def __init__(self, index):
        self.index = index

    def allocate(self, nbytes):
        with _driver.guard(self.index) as driver:
            try:
                return driver.mem_alloc(nbytes)
            except driver.MemoryError:
                raise _pool.Full from None

    def release(self, handle):
        with _driver.guard(self.index):
            handle.free()

    def mark(self, stream):
        event = streams.Event()
        event.record(stream)
        return event

    def passed(self, mark, wait):
        if wait:
            mark.synchronize()
        return mark.query()


def _make_pool(index):
    _driver.check(index)
    with _driver._lock:
        if index not in _pools:
            _pools[index] = pool = _pool.Pool(_Device(index), os.environ.get("CTORCH_NO_CUDA_MEMORY_CACHING") != "1")
            _driver.context(index)
            _driver.on_exit(pool.close)
    return _pools[index]


def _pool_of(index):
    return _pools.get(index) or _make_pool(index)


def _existing(device):
    return _pools.get(index_of(device))


def allocate(nbytes: int, index: int) -> int:
    """Address of memory for the current stream of a device; 0 for no bytes."""
    pool = _pool_of(index)
    stream = streams.current_stream(index)
    try:
        return pool.allocate(nbytes, stream)
    except _pool.Exhausted:
        pass
    raise OutOfMemoryError(_explain(nbytes, index, pool))


def free(address: int, index: int) -> None:
    """Give memory back; after the contexts are gone, so is the memory."""
    if address and not _driver.closing():
        _pools[index].free(address)


def record_stream(address: int, index: int, stream) -> None:
    """Another stream uses the memory: it is not reused before that stream is done with it."""
    _pools[index].record(address, stream)


def _explain(nbytes, index, pool):
    available, total = mem_get_info(index)
    now = pool.figures()["now"]
    held, used = now["reserved_bytes"], now["allocated_bytes"]
    limit = "" if pool.limit is None else f" The process may hold {_size(pool.limit)}."
    return (f"CUDA out of memory. Tried to allocate {_size(nbytes)}. GPU {index} has a total capacity of "
            f"{_size(total)} of which {_size(available)} is free.{limit} ctorch holds {_size(held)}: tensors use "
            f"{_size(used)}, and {_size(held - used)} is cached between them and cannot be given back.")


def _size(nbytes):
    for unit, power in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if nbytes >= 1 << power:
            return f"{nbytes / (1 << power):.2f} {unit}"
    return f"{nbytes} bytes"


def empty_cache() -> None:
    """Give memory that no tensor uses back to the driver, for other processes and libraries."""
    for pool in list(_pools.values()):
        pool.release_cached()


def mem_get_info(device=None) -> tuple[int, int]:
    """Bytes free on a device, and its total, by the driver."""
    with _driver.guard(index_of(device)) as driver:
        return driver.mem_get_info()


_FIGURES = ("allocated_bytes", "reserved_bytes", "active_bytes", "requested_bytes", "allocation", "segment")


def memory_stats(device=None) -> dict:
    """Figures of the allocator.

    Parameters
    ----------
    device : int or str or ctorch.device, optional
        The device; the current one by default.

    Returns
    -------
    dict
        PyTorch's keys: ``allocated_bytes.all.current``, ``.peak``, ``.allocated`` and ``.freed``, and the same of
        ``reserved_bytes``, ``active_bytes``, ``requested_bytes``, ``allocation`` and ``segment``;
        ``inactive_split_bytes.all.current``, ``num_alloc_retries``, ``num_ooms``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.cuda.memory_stats()["num_ooms"]
    0
    """
    pool = _existing(device)
    figures = pool.figures() if pool else {"now": {}, "peak": {}, "total": {}, "split": 0}
    now, peak, total = figures["now"], figures["peak"], figures["total"]
    out = {}
    for name in _FIGURES:
        out[f"{name}.all.current"] = now.get(name, 0)
        out[f"{name}.all.peak"] = peak.get(name, 0)
        out[f"{name}.all.allocated"] = total.get(name, 0)
        out[f"{name}.all.freed"] = total.get(name, 0) - now.get(name, 0)
    out["inactive_split_bytes.all.current"] = figures["split"]
    out["num_alloc_retries"], out["num_ooms"] = total.get("retries", 0), total.get("ooms", 0)
    return out


def memory_allocated(device=None) -> int:
    """Bytes that tensors use."""
    return memory_stats(device)["allocated_bytes.all.current"]


def max_memory_allocated(device=None) -> int:
    """Most bytes that tensors used, since the start or `reset_peak_memory_stats`."""
    return memory_stats(device)["allocated_bytes.all.peak"]


def memory_reserved(device=None) -> int:
    """Bytes held from the driver, used or cached."""
    return memory_stats(device)["reserved_bytes.all.current"]


def max_memory_reserved(device=None) -> int:
    """Most bytes held from the driver."""
    return memory_stats(device)["reserved_bytes.all.peak"]


def reset_peak_memory_stats(device=None) -> None:
    """Start the peak figures again from what is in use now."""
    pool = _existing(device)
    if pool is not None:
        pool.reset_peak()


def memory_summary(device=None) -> str:
    """The allocator's figures in words, a line each."""
    stats = memory_stats(device)
    lines = [f"{name:16} {_size(stats[f'{name}.all.current']):>12} now {_size(stats[f'{name}.all.peak']):>12} at most"
             for name in ("allocated_bytes", "active_bytes", "reserved_bytes")]
    lines.append(f"{stats['allocation.all.current']} blocks in {stats['segment.all.current']} segments, "
                 f"{stats['num_alloc_retries']} retries, {stats['num_ooms']} times out of memory")
    return "\n".join(lines)


def set_per_process_memory_fraction(fraction: float, device=None) -> None:
    """Hold at most a fraction of a device's memory."""
    if not 0 <= fraction <= 1:
        raise ValueError(f"Invalid fraction value: {fraction}. Allowed range: 0.0~1.0")
    index = index_of(device)
    _pool_of(index).limit = int(fraction * get_device_properties(index).total_memory)
