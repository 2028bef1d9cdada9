"""The accelerator of this machine, whatever its kind: PyTorch's module ``torch.accelerator``."""
import sys

from ctorch._device import device

__all__ = ["current_accelerator", "current_device_idx", "current_device_index", "current_stream", "device_count",
           "device_index", "empty_cache", "is_available", "max_memory_allocated", "max_memory_reserved",
           "memory_allocated", "memory_reserved", "memory_stats", "reset_peak_memory_stats", "set_device_idx",
           "set_device_index", "set_stream", "synchronize"]


def _cuda():
    from ctorch import cuda
    return cuda


def is_available():
    """True where there is a device of an accelerator.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.accelerator.is_available() == ctorch.cuda.is_available()
    True
    """
    return _cuda().is_available()


def current_accelerator(check_available=False):
    """The kind of accelerator, as a device without a number; None where there is no device."""
    return device("cuda") if is_available() else None


def device_count():
    """Number of devices."""
    return _cuda().device_count() if is_available() else 0


def current_device_index():
    """Number of the device that is in use."""
    return _need().current_device()


current_device_idx = current_device_index


def set_device_index(device, /):
    """Use another device."""
    _need().set_device(device)


set_device_idx = set_device_index


class device_index:
    """A context in which another device is used; None changes nothing."""

    def __init__(self, device, /):
        self.number, self.before = device, None

    def __enter__(self):
        if self.number is not None:
            self.before = current_device_index()
            set_device_index(self.number)

    def __exit__(self, *exc):
        if self.number is not None:
            set_device_index(self.before)


def current_stream(device=None, /):
    """The stream in use on a device."""
    return _need().current_stream(device)


def set_stream(stream, /):
    """Use another stream."""
    _need().set_stream(stream)


def synchronize(device=None, /):
    """Wait until a device has done its work."""
    _need().synchronize(device)


def _need():
    if not is_available():
        raise RuntimeError("Cannot access accelerator device when none is available.")
    return _cuda()


def empty_cache():
    """Give memory that no tensor uses back to the device."""
    if "ctorch.cuda" in sys.modules and is_available():
        _cuda().empty_cache()


def memory_allocated(device_index=None, /):
    """Bytes of a device that tensors use."""
    return _need().memory_allocated(device_index)


def max_memory_allocated(device_index=None, /):
    """Most bytes of a device that tensors have used."""
    return _need().max_memory_allocated(device_index)


def memory_reserved(device_index=None, /):
    """Bytes of a device that the allocator holds."""
    return _need().memory_reserved(device_index)


def max_memory_reserved(device_index=None, /):
    """Most bytes of a device that the allocator has held."""
    return _need().max_memory_reserved(device_index)


def memory_stats(device_index=None, /):
    """Figures of a device's allocator."""
    return _need().memory_stats(device_index)


def reset_peak_memory_stats(device_index=None, /):
    """Start the peaks of the allocator's figures anew."""
    _need().reset_peak_memory_stats(device_index)
