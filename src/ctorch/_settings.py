"""Switches of the whole process: determinism, precision of products, defaults of device and tensor type."""
import os
import warnings

import ctorch
from ctorch import _device, _dtype
from ctorch._methods import LEGACY

__all__ = ["are_deterministic_algorithms_enabled", "get_default_device", "get_deterministic_debug_mode",
           "get_device_module", "get_float32_matmul_precision", "get_num_interop_threads",
           "is_deterministic_algorithms_warn_only_enabled", "is_warn_always_enabled", "set_default_device",
           "set_default_tensor_type", "set_deterministic_debug_mode", "set_float32_matmul_precision",
           "set_flush_denormal", "set_num_interop_threads", "set_warn_always", "use_deterministic_algorithms"]

_switches = {"deterministic": False, "warn_only": False, "warn_always": False, "precision": "highest", "interop": None}
_MODES = {"default": 0, "warn": 1, "error": 2}


def use_deterministic_algorithms(mode, *, warn_only=False):
    """Ask for operators that give the same result at every run; on the CPU all of ctorch's do, always.

    See https://docs.pytorch.org/docs/stable/generated/torch.use_deterministic_algorithms.html

    Examples
    --------
    >>> import ctorch
    >>> ctorch.use_deterministic_algorithms(True)
    >>> ctorch.are_deterministic_algorithms_enabled()
    True
    >>> ctorch.use_deterministic_algorithms(False)
    """
    if not isinstance(mode, bool):
        raise TypeError(f"_set_deterministic_algorithms(): argument 'mode' (position 1) must be bool, not "
                        f"{type(mode).__name__}")
    _switches.update(deterministic=mode, warn_only=bool(warn_only))


def are_deterministic_algorithms_enabled():
    """Whether operators that give the same result at every run were asked for."""
    return _switches["deterministic"]


def is_deterministic_algorithms_warn_only_enabled():
    """Whether an operator that cannot be deterministic is to warn instead of raising."""
    return _switches["warn_only"]


def set_deterministic_debug_mode(debug_mode):
    """use_deterministic_algorithms by number or name: 0 or "default", 1 or "warn", 2 or "error"."""
    if not isinstance(debug_mode, int | str):
        raise TypeError(f"debug_mode must be str or int, but got {type(debug_mode)}")
    if isinstance(debug_mode, str):
        if debug_mode not in _MODES:
            raise RuntimeError("invalid value of debug_mode, expected one of `default`, `warn`, `error`, but got "
                               f"{debug_mode}")
        debug_mode = _MODES[debug_mode]
    if debug_mode not in (0, 1, 2):
        raise RuntimeError(f"invalid value of debug_mode, expected 0, 1, or 2, but got {debug_mode}")
    use_deterministic_algorithms(debug_mode > 0, warn_only=debug_mode == 1)


def get_deterministic_debug_mode():
    """0, 1 or 2: nothing asked for, warnings, errors."""
    return 0 if not _switches["deterministic"] else 1 if _switches["warn_only"] else 2


def set_float32_matmul_precision(precision):
    """Precision asked for in products of float32: "highest", "high" or "medium"; the CPU always gives the highest."""
    if precision not in ("highest", "high", "medium"):
        warnings.warn(f"{precision} is not one of 'highest', 'high', or 'medium'; the current setting is kept",
                      UserWarning, stacklevel=2)
        return
    _switches["precision"] = precision


def get_float32_matmul_precision():
    """Precision asked for in products of float32."""
    return _switches["precision"]


def set_warn_always(b, /):
    """Whether warnings that come once only should come at every occasion."""
    _switches["warn_always"] = bool(b)


def is_warn_always_enabled():
    """Whether warnings come at every occasion."""
    return _switches["warn_always"]


def set_flush_denormal(mode, /):
    """Ask that numbers below the normal ones become zero; False, since ctorch keeps them."""
    return False


def get_num_interop_threads():
    """Threads for operators that run side by side: ctorch runs one after the other, so it is only kept."""
    return _switches["interop"] or os.cpu_count() or 1


def set_num_interop_threads(num, /):
    """Keep a number of threads for operators side by side; once in a process, as in PyTorch."""
    if not isinstance(num, int) or isinstance(num, bool):
        raise TypeError(f"set_num_interop_threads(): expects an int, but got {type(num).__name__}")
    if num <= 0:
        raise RuntimeError("expected a positive number of threads")
    if _switches["interop"] is not None:
        raise RuntimeError("Error: cannot set number of interop threads after parallel work has started or "
                           "set_num_interop_threads called")
    _switches["interop"] = num


def get_default_device():
    """The device of tensors made without one.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.get_default_device()
    device(type='cpu')
    """
    return _device.default()


def set_default_device(device):
    """Set the device of tensors made without one; None is the CPU. ``with device:`` does so for a while.

    See https://docs.pytorch.org/docs/stable/generated/torch.set_default_device.html

    Examples
    --------
    >>> import ctorch
    >>> ctorch.set_default_device("cpu")
    >>> ctorch.ones(2).device
    device(type='cpu')
    """
    _device.set_default(device)


def get_device_module(device=None):
    """The module of a kind of device: ``ctorch.cuda`` or ``ctorch.cpu``."""
    if device is None:
        place = ctorch.accelerator.current_accelerator()
        kind = "cpu" if place is None else place.type
    else:
        kind = _device.device(device).type
    if not hasattr(ctorch, kind):
        raise RuntimeError(f"Invalid device '{kind}': ctorch has no module of that name")
    return getattr(ctorch, kind)


_FLOATS = {f"{name}Tensor": dtype for dtype, name in LEGACY.items() if "float" in dtype}


def set_default_tensor_type(t, /):
    """Set the dtype of float tensors made without one, by a legacy name such as ``"torch.DoubleTensor"``."""
    name = t if isinstance(t, str) else getattr(t, "__name__", str(t))
    short = name.rpartition(".")[2]
    if ".cuda." in name:
        raise NotImplementedError("set_default_tensor_type: not implemented for device 'cuda'")
    if short not in _FLOATS:
        raise TypeError(f"only floating-point types are supported as the default type, got {name}")
    _dtype.set_default_dtype(_dtype.public_names[_FLOATS[short]])
