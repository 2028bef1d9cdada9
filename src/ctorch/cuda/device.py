"""Devices: how many there are, which is current, what they are like."""
import functools
from dataclasses import dataclass

import ctorch
from ctorch.cuda import _driver

__all__ = ["current_device", "device", "device_count", "device_of", "get_device_capability", "get_device_name",
           "get_device_properties", "init", "is_available", "is_initialized", "set_device", "synchronize"]


@dataclass(frozen=True)
class DeviceProperties:
    """What the driver says of a device."""

    name: str
    major: int
    minor: int
    total_memory: int
    multi_processor_count: int
    warp_size: int
    max_threads_per_block: int
    max_threads_per_multi_processor: int
    shared_memory_per_block: int
    shared_memory_per_multiprocessor: int
    regs_per_multiprocessor: int
    L2_cache_size: int


def index_of(device=None) -> int:
    """The index of a device given as None (the current one), a number, a string or a `ctorch.device`."""
    if device is None:
        return _driver.current()
    if isinstance(device, int) and not isinstance(device, bool):
        return _driver.current() if device < 0 else device
    if isinstance(device, str):
        device = ctorch.device(device)
    if not isinstance(device, ctorch.device) or device.type != "cuda":
        raise ValueError(f"Expected a cuda device, but got: {device}")
    return _driver.current() if device.index is None else device.index


def is_available() -> bool:
    """Whether CUDA can be used: PyCUDA is installed, and its driver finds a device.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.cuda.is_available() == (ctorch.cuda.device_count() > 0)
    True
    """
    return _driver.available()


def is_initialized() -> bool:
    """Whether a context has been made."""
    return _driver.initialized()


def init() -> None:
    """Make the current device's context now, not at first use."""
    _driver.activate()


def device_count() -> int:
    """Number of devices; 0 where CUDA cannot be used."""
    return _driver.count()


def current_device() -> int:
    """The index of this thread's device."""
    _driver.activate()
    return _driver.current()


def set_device(device) -> None:
    """Make a device current for this thread."""
    index = index_of(device)
    if not isinstance(device, int) or device >= 0:
        _driver.driver()
        _driver.select(index)


class device:
    """Context manager: work on another device, and come back.

    Parameters
    ----------
    device : int or str or ctorch.device or None
        The device; None or a negative number changes nothing.

    Examples
    --------
    >>> import ctorch
    >>> with ctorch.cuda.device(None):
    ...     pass
    """

    def __init__(self, device):
        self.idx = -1 if device is None else index_of(device)
        if isinstance(device, int) and device < 0:
            self.idx = -1
        self.prev_idx = -1

    def __enter__(self):
        self.prev_idx = _driver.current()
        if self.idx >= 0:
            _driver.select(self.idx)

    def __exit__(self, *exception):
        if self.idx >= 0:
            _driver.select(self.prev_idx)
        return False


class device_of(device):
    """Context manager: work on the device of a tensor; a tensor on the CPU changes nothing."""

    def __init__(self, obj):
        where = obj.device
        super().__init__(where if where.type == "cuda" else None)


@functools.cache
def _properties(index: int) -> DeviceProperties:
    driver = _driver.driver()
    _driver.check(index)
    it, a = driver.Device(index), driver.device_attribute
    major, minor = it.compute_capability()
    return DeviceProperties(
        name=it.name(), major=major, minor=minor, total_memory=it.total_memory(),
        multi_processor_count=it.get_attribute(a.MULTIPROCESSOR_COUNT), warp_size=it.get_attribute(a.WARP_SIZE),
        max_threads_per_block=it.get_attribute(a.MAX_THREADS_PER_BLOCK),
        max_threads_per_multi_processor=it.get_attribute(a.MAX_THREADS_PER_MULTIPROCESSOR),
        shared_memory_per_block=it.get_attribute(a.MAX_SHARED_MEMORY_PER_BLOCK),
        shared_memory_per_multiprocessor=it.get_attribute(a.MAX_SHARED_MEMORY_PER_MULTIPROCESSOR),
        regs_per_multiprocessor=it.get_attribute(a.MAX_REGISTERS_PER_MULTIPROCESSOR),
        L2_cache_size=it.get_attribute(a.L2_CACHE_SIZE))


def get_device_properties(device=None) -> DeviceProperties:
    """Name, memory, multiprocessors and limits of a device."""
    return _properties(index_of(device))


def get_device_name(device=None) -> str:
    """Name of a device."""
    return get_device_properties(device).name


def get_device_capability(device=None) -> tuple[int, int]:
    """Compute capability of a device, such as (9, 0)."""
    properties = get_device_properties(device)
    return properties.major, properties.minor


def synchronize(device=None) -> None:
    """Wait until all work on a device is done."""
    with _driver.guard(index_of(device)) as driver:
        try:
            driver.Context.synchronize()
        except driver.Error as error:
            raise RuntimeError(f"CUDA error: {error}") from error
