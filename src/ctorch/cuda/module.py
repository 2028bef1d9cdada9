"""Loaded kernels: the modules of each context, and the functions in them."""
import threading

from ctorch.cuda import _compiler, _driver
from ctorch.cuda.device import get_device_capability

_lock = threading.RLock()
_modules = {}                        # (device index, text's key) -> PyCUDA module
_functions = {}                      # (device index, family, dtype, name) -> PyCUDA function


def architecture(index: int) -> str:
    """The architecture of a device, such as "sm_90"."""
    return "sm_{}{}".format(*get_device_capability(index))


def function(index: int, family: str, dtype: str, name: str):
    """The PyCUDA function `name` of a kernel file, compiled and loaded at first use."""
    key = index, family, dtype, name
    found = _functions.get(key)
    if found is None:
        found = _functions[key] = _find(index, (family, dtype), lambda: _compiler.source(family, dtype), name)
    return found


def function_of_text(index: int, key: str, text, name: str):
    """The same for a generated text, which `text()` gives where `key` is new; its includes are joined here."""
    full = index, key, None, name
    found = _functions.get(full)
    if found is None:
        found = _functions[full] = _find(index, (key, None), lambda: _compiler.join(text()), name)
    return found


def _find(index, key, text, name):
    with _lock, _driver.guard(index) as driver:
        if (index, key) not in _modules:
            if not _modules:
                _driver.on_exit(_drop_all)
            _modules[index, key] = driver.module_from_buffer(_compiler.cubin(text(), architecture(index)))
        try:
            return _modules[index, key].get_function(name)
        except driver.Error as error:
            raise RuntimeError(f"kernel {name} of {key[0]}: {error}") from error


def _drop_all():
    _functions.clear()
    _modules.clear()
