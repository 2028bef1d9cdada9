"""Streams and events: order of work on a device.

The default stream of a device is the legacy one, which is None to PyCUDA.
"""
import threading
import weakref

import ctorch
from ctorch.cuda import _driver
from ctorch.cuda.device import index_of

__all__ = ["Event", "Stream", "StreamContext", "current_stream", "default_stream", "set_stream", "stream"]

_defaults = {}                       # device index -> its default stream
_alive = weakref.WeakSet()           # streams and events, whose PyCUDA objects must go before the contexts


class _Thread(threading.local):
    def __init__(self):
        self.current = {}            # device index -> stream; absent: the default one


_here = _Thread()


def raw(index: int):
    """PyCUDA's object of the current stream of a device, which launches and copies take."""
    now = _here.current.get(index)
    return None if now is None else now.native


def handle(index: int) -> int:
    """The current stream's number, by which memory is kept; 0 is the default stream."""
    now = _here.current.get(index)
    return 0 if now is None else now.cuda_stream


def _drop_all():
    for each in list(_alive):
        each.native = None


def _track(it):
    if not _alive:
        _driver.on_exit(_drop_all)
    _alive.add(it)


class _Native:
    """Owns a PyCUDA object, and gives it back with its context current, whatever thread that happens on."""

    native = None

    def __del__(self):
        if self.native is not None and not _driver.closing():
            with _driver.guard(self.device_index):
                self.native = None


class Stream(_Native):
    """A queue of work on a device; work of two streams may overlap.

    Parameters
    ----------
    device : int or str or ctorch.device, optional
        The device; the current one by default.
    priority : int
        0 only: PyCUDA makes streams of normal priority.

    Examples
    --------
    >>> import ctorch
    >>> if ctorch.cuda.is_available():
    ...     stream = ctorch.cuda.Stream()
    ...     with ctorch.cuda.stream(stream):
    ...         pass
    ...     stream.synchronize()
    """

    def __init__(self, device=None, priority=0):
        if priority != 0:
            raise NotImplementedError(f"Stream: priority {priority} is not available through PyCUDA, only 0")
        self.device_index = index_of(device)
        with _driver.guard(self.device_index) as driver:
            self.native = driver.Stream(1)      # CU_STREAM_NON_BLOCKING, as PyTorch's
        self.cuda_stream = self.native.handle
        _track(self)

    @property
    def device(self):
        return ctorch.device("cuda", self.device_index)

    def query(self) -> bool:
        """Whether all work so far is done."""
        if self.native is None:
            return self.record_event().query()
        with _driver.guard(self.device_index):
            return self.native.is_done()

    def synchronize(self) -> None:
        """Wait until all work so far is done."""
        if self.native is None:
            self.record_event().synchronize()
        else:
            with _driver.guard(self.device_index):
                self.native.synchronize()

    def record_event(self, event=None):
        """Put an event (default: a new one) at the end of the queue."""
        event = Event() if event is None else event
        event.record(self)
        return event

    def wait_event(self, event) -> None:
        """Later work of this stream waits for an event."""
        event.wait(self)

    def wait_stream(self, stream) -> None:
        """Later work of this stream waits for what another stream holds now."""
        self.wait_event(stream.record_event())

    def __eq__(self, other):
        if not isinstance(other, Stream):
            return NotImplemented
        return (self.device_index, self.cuda_stream) == (other.device_index, other.cuda_stream)

    def __hash__(self):
        return hash((self.device_index, self.cuda_stream))

    def __repr__(self):
        return f"<ctorch.cuda.Stream device=cuda:{self.device_index} cuda_stream={self.cuda_stream:#x}>"


class _DefaultStream(Stream):
    """The legacy stream of a device, which always is."""

    def __init__(self, index):
        self.device_index, self.cuda_stream = index, 0


class Event(_Native):
    """A mark in a stream.

    Parameters
    ----------
    enable_timing : bool
        Whether `elapsed_time` can be asked.
    blocking : bool
        Whether `synchronize` sleeps rather than spins.
    interprocess : bool
        Not available.

    Examples
    --------
    >>> import ctorch
    >>> if ctorch.cuda.is_available():
    ...     start, end = ctorch.cuda.Event(enable_timing=True), ctorch.cuda.Event(enable_timing=True)
    ...     start.record(); end.record()
    ...     end.synchronize()
    ...     assert start.elapsed_time(end) >= 0
    """

    def __init__(self, enable_timing=False, blocking=False, interprocess=False):
        if interprocess:
            raise NotImplementedError("Event: interprocess events are not available through PyCUDA")
        self.enable_timing, self.blocking = enable_timing, blocking
        self.device_index = None

    @property
    def device(self):
        return None if self.native is None else ctorch.device("cuda", self.device_index)

    def record(self, stream=None) -> None:
        """Put the mark at the end of a stream (default: the current one)."""
        stream = current_stream() if stream is None else stream
        with _driver.guard(stream.device_index) as driver:
            if self.native is None:
                flags = driver.event_flags
                self.native = driver.Event((0 if self.enable_timing else flags.DISABLE_TIMING)
                                           | (flags.BLOCKING_SYNC if self.blocking else 0))
                self.device_index = stream.device_index
                _track(self)
            elif self.device_index != stream.device_index:
                raise RuntimeError(f"Event device {self.device_index} does not match recording stream's device "
                                   f"{stream.device_index}.")
            self.native.record(stream.native)

    def wait(self, stream=None) -> None:
        """Later work of a stream (default: the current one) waits for this mark."""
        if self.native is None:
            return
        stream = current_stream() if stream is None else stream
        with _driver.guard(stream.device_index):
            if stream.native is None:
                # PyCUDA has no wait for the default stream: the host waits in its place.
                self.synchronize()
            else:
                stream.native.wait_for_event(self.native)

    def query(self) -> bool:
        """Whether all work before the mark is done."""
        if self.native is None:
            return True
        with _driver.guard(self.device_index):
            return self.native.query()

    def synchronize(self) -> None:
        """Wait until all work before the mark is done."""
        if self.native is not None:
            with _driver.guard(self.device_index):
                self.native.synchronize()

    def elapsed_time(self, end_event) -> float:
        """Milliseconds from this mark to another."""
        if not (self.enable_timing and end_event.enable_timing):
            raise ValueError("Both events must be created with argument 'enable_timing=True'.")
        if self.native is None or end_event.native is None:
            raise ValueError("Both events must be recorded before calculating elapsed time.")
        with _driver.guard(self.device_index) as driver:
            try:
                return end_event.native.time_since(self.native)
            except driver.Error as error:
                raise RuntimeError(f"CUDA error: {error}") from error

    def __repr__(self):
        return f"<ctorch.cuda.Event {'not recorded' if self.native is None else f'device=cuda:{self.device_index}'}>"


def default_stream(device=None) -> Stream:
    """The default stream of a device."""
    index = index_of(device)
    if index not in _defaults:
        _driver.check(index)
        _defaults[index] = _DefaultStream(index)
    return _defaults[index]


def current_stream(device=None) -> Stream:
    """The stream that this thread's work on a device goes to."""
    index = index_of(device)
    return _here.current.get(index) or default_stream(index)


def set_stream(stream) -> None:
    """Send this thread's work to a stream from now on, and make its device current; None changes nothing."""
    if stream is not None:
        _driver.select(stream.device_index)
        _set_current(stream)


def _set_current(stream):
    if stream.cuda_stream == 0:
        _here.current.pop(stream.device_index, None)
    else:
        _here.current[stream.device_index] = stream


class StreamContext:
    """Context manager: work goes to a stream, on its device; None changes nothing."""

    def __init__(self, stream):
        self.stream = stream

    def __enter__(self):
        if self.stream is not None:
            self.device_before = _driver.current()
            self.stream_before = current_stream(self.stream.device_index)
            set_stream(self.stream)

    def __exit__(self, *exception):
        if self.stream is not None:
            _set_current(self.stream_before)
            _driver.select(self.device_before)
        return False


def stream(stream) -> StreamContext:
    """Context manager: work goes to a stream, on its device.

    Parameters
    ----------
    stream : Stream or None
        The stream; None changes nothing.
    """
    return StreamContext(stream)
