"""The CPU as a device: PyTorch's module ``torch.cpu``. There is one, and its work is done when a call returns."""
import contextlib

from ctorch._device import device as _device

__all__ = [
    "Stream",
    "StreamContext",
    "current_device",
    "current_stream",
    "device_count",
    "get_capabilities",
    "get_device_properties",
    "is_available",
    "is_initialized",
    "manual_seed_all",
    "set_device",
    "stream",
    "synchronize",
]


class Stream:
    """The order of the CPU's work, which is that of the calls."""

    def __init__(self, priority=-1):
        self.priority = priority

    def wait_stream(self, stream):
        """Returns at once: earlier work is done."""


_stream = Stream()


def is_available():
    """True: there is always a CPU."""
    return True


def is_initialized():
    """True: nothing needs to be started."""
    return True


def device_count():
    """One."""
    return 1


def current_device():
    """The CPU's name."""
    return "cpu"


def set_device(device):
    """Nothing to choose from; raises for what is no CPU."""
    if _device(device).type != "cpu":
        raise ValueError(f"Expected a cpu device, but got: {device}")


def synchronize(device=None):
    """Returns at once: a call returns when its work is done."""


def current_stream(device=None):
    """The one stream."""
    return _stream


class StreamContext(contextlib.AbstractContextManager):
    """A context that changes nothing, as there is one stream."""

    def __init__(self, stream):
        self.stream = stream

    def __exit__(self, *exc):
        return None


def stream(stream):
    """A context that changes nothing, as there is one stream."""
    return StreamContext(stream)


def manual_seed_all(seed):
    """Start the default generator's stream of a seed."""
    from ctorch._random_functions import manual_seed
    manual_seed(seed)


def get_capabilities():
    """What vectors the kernels use, by name."""
    from ctorch._kernels._load import get_cpu_capability
    width = get_cpu_capability()
    return {"avx2": width in ("AVX2", "AVX512"), "avx512_f": width == "AVX512"}


def get_device_properties(device=None):
    """What is known of the CPU."""
    import os
    import platform
    import types
    return types.SimpleNamespace(name=platform.processor() or platform.machine(), cpu_count=os.cpu_count())
