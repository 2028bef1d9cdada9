"""Copies of raw memory, in the order of the current stream.

A copy to or from the host is done when the call returns, unless the host's memory is page-locked and the caller
says `non_blocking`.
"""
import ctypes

from ctorch.cuda import _driver, streams

_from_memory = ctypes.pythonapi.PyMemoryView_FromMemory
_from_memory.restype = ctypes.py_object
_from_memory.argtypes = (ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int)
_READ, _WRITE = 0x100, 0x200


def _queue(copying, index, *arguments):
    """One of PyCUDA's copies into the current stream of device `index`."""
    driver = _driver.activate(index)
    try:
        getattr(driver, copying)(*arguments, streams.raw(index))
    except driver.Error as error:
        raise RuntimeError(f"CUDA error: {error}") from error


def h2d(to: int, host: int, nbytes: int, index: int, non_blocking: bool = False) -> None:
    """Copy host memory to device `index`."""
    if nbytes:
        _queue("memcpy_htod_async", index, to, _from_memory(host, nbytes, _READ))
        if not non_blocking:
            streams.current_stream(index).synchronize()


def d2h(host: int, at: int, nbytes: int, index: int, non_blocking: bool = False) -> None:
    """Copy memory of device `index` to the host."""
    if nbytes:
        _queue("memcpy_dtoh_async", index, _from_memory(host, nbytes, _WRITE), at)
        if not non_blocking:
            streams.current_stream(index).synchronize()


def d2d(to: int, at: int, nbytes: int, index: int) -> None:
    """Copy memory within device `index`."""
    if nbytes:
        _queue("memcpy_dtod_async", index, to, at, nbytes)


def peer(to: int, to_index: int, at: int, at_index: int, nbytes: int) -> None:
    """Copy memory of one device to another, after the work of both current streams so far."""
    if nbytes:
        to_context, at_context = _driver.context(to_index), _driver.context(at_index)
        streams.current_stream(to_index).synchronize()
        with _driver.guard(at_index):
            _queue("memcpy_peer_async", at_index, to, at, nbytes, to_context, at_context)
        streams.current_stream(at_index).synchronize()


def memset(to: int, value: int, nbytes: int, index: int) -> None:
    """Fill memory of device `index` with a byte."""
    if nbytes:
        _queue("memset_d8_async", index, to, value, nbytes)
