"""The CUDA driver through PyCUDA: one primary context per device, retained at first use and pushed on each thread.

PyCUDA's objects may be touched only while their context is current on the calling thread, so all of this package
goes through `activate`. The primary context is the one that other CUDA libraries of the process use.
"""
import atexit
import os
import threading

_lock = threading.RLock()
_pycuda = None            # pycuda.driver, once cuInit has succeeded
_contexts = {}            # device index -> PyCUDA context
_at_exit = []             # what holds device memory, streams or modules: dropped, last first, before the contexts
_closed = False
_forked = False


class _Pushed:
    """A context that is current on this thread; popped when the thread ends, which PyCUDA insists on."""

    __slots__ = ("index",)

    def __init__(self, index):
        _contexts[index].push()
        self.index = index

    def __del__(self):
        if self.index is None or _pycuda is None:
            return
        self.index = None
        try:
            _pycuda.Context.pop()
        except _pycuda.Error:
            if not _forked:
                raise


class _Thread(threading.local):
    index = 0             # the current device
    pushed = None         # its context, once something has needed it


_here = _Thread()


def driver():
    """PyCUDA's driver module after cuInit; a RuntimeError says what is missing."""
    if _pycuda is not None and not (_forked or _closed):
        return _pycuda
    with _lock:
        return _load()


def _load():
    global _pycuda
    if _forked:
        raise RuntimeError("Cannot re-initialize CUDA in forked subprocess. To use CUDA with multiprocessing, you "
                           "must use the 'spawn' start method")
    if _closed:
        raise RuntimeError("CUDA has been shut down: the interpreter is exiting")
    if _pycuda is not None:
        return _pycuda
    module = _import_pycuda()
    try:
        module.init()
        count = module.Device.count()
    except module.Error as error:
        raise RuntimeError(f"CUDA is not usable: the driver says '{error}'. Is there an NVIDIA GPU, and does "
                           "nvidia-smi list it?") from error
    if count == 0:
        raise RuntimeError("CUDA is not usable: the driver finds no device (CUDA_VISIBLE_DEVICES hides devices)")
    _pycuda = module
    atexit.register(_close)
    os.register_at_fork(after_in_child=_mark_forked)
    return module


def _import_pycuda():
    try:
        import pycuda.driver as module
    except ModuleNotFoundError as error:
        raise RuntimeError(f"CUDA needs PyCUDA, and {error.name} is not installed: pip install 'ctorch[cuda]'"
                           ) from error
    except (ImportError, OSError) as error:
        raise RuntimeError(f"CUDA needs NVIDIA's driver, and PyCUDA cannot load it ({error}): install the driver of "
                           "the GPU, which brings libcuda.so.1") from error
    return module


def available() -> bool:
    """Whether PyCUDA, a driver and a device are there."""
    try:
        driver()
    except RuntimeError:
        return False
    return True


def initialized() -> bool:
    """Whether a context has been made."""
    return bool(_contexts) and not (_forked or _closed)


def count() -> int:
    return driver().Device.count() if available() else 0


def current() -> int:
    """The index of this thread's device."""
    return _here.index


def select(index: int) -> None:
    """Make a device current; its context follows when something needs it."""
    if index != _here.index:
        check(index)
        _here.pushed = None
        _here.index = index


def activate(index=None):
    """Make a device (default: the current one) and its context current on this thread; gives PyCUDA's driver."""
    here = _here
    pushed = here.pushed
    if pushed is not None and (index is None or index == pushed.index) and not _forked and not _closed:
        return _pycuda
    return _push(here.index if index is None else index)


def _push(index):
    module = driver()
    check(index)
    with _lock:
        if index not in _contexts:
            _contexts[index] = module.Device(index).retain_primary_context()
    _here.pushed = None              # pops, before another is pushed
    _here.pushed = _Pushed(index)
    _here.index = index
    return module


def check(index: int) -> None:
    devices = driver().Device.count()
    if not 0 <= index < devices:
        raise RuntimeError(f"CUDA error: invalid device ordinal {index}, there {'is' if devices == 1 else 'are'} "
                           f"{devices} CUDA device{'' if devices == 1 else 's'}")


def context(index: int):
    """PyCUDA's context of a device."""
    with guard(index):
        return _contexts[index]


class guard:
    """`with guard(1):` works on device 1, and comes back."""

    __slots__ = ("before", "index", "pushed")

    def __init__(self, index: int):
        self.index = index

    def __enter__(self):
        self.before, self.pushed = _here.index, _here.pushed is not None
        return activate(self.index)

    def __exit__(self, *exception):
        if self.before == self.index:
            return
        if self.pushed:              # destructors use guards too, amid work that relies on its context
            activate(self.before)
        else:
            _here.pushed = None
            _here.index = self.before


def on_exit(function) -> None:
    """Call `function` before the contexts go; for what PyCUDA must free while they live."""
    with _lock:
        _at_exit.append(function)


def closing() -> bool:
    """Whether the contexts are gone or belong to a parent process: nothing may be freed any more."""
    return _closed or _forked


def _close():
    global _closed
    if not _forked:
        for function in reversed(_at_exit):
            function()
    _closed = True
    _here.pushed = None
    _contexts.clear()


def _mark_forked():
    global _forked
    _forked = bool(_contexts)
