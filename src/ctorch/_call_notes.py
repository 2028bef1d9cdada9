"""What errors say of a call: a note of its name, the shapes and dtypes of its tensors and its other arguments; which
argument of a function in Python is no tensor.
"""
import reprlib
import sys

MOST = 4                # members of a sequence that are written
MARK = "called as "     # how a note begins

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 60


def note_call(error, name, arguments):
    """Write a call on its error; one that was made inside of it, and noted first, gives way to it.

    Private rows say in their words which function they are a part of.
    """
    if not isinstance(error, Exception) or name.startswith("_"):
        return
    given = ", ".join(f"{key}: {_described(value)}" for key, value in arguments.items())
    notes = getattr(error, "__notes__", [])
    if notes and notes[-1].startswith(MARK):
        notes.pop()
    error.add_note(f"{MARK}{name}({given})")


def no_tensor(value):
    """What is said of an argument of the calling function that should be a tensor."""
    frame = sys._getframe(1)
    code, package = frame.f_code, frame.f_globals["__name__"].split(".")[1]
    name = f"{package}_{code.co_name}" if package in ("linalg", "fft", "special") else code.co_name
    for i, argument in enumerate(code.co_varnames[:code.co_argcount]):
        if frame.f_locals[argument] is value:
            return f"{name}(): argument '{argument}' (position {i + 1}) must be Tensor, not {type(value).__name__}"
    return f"{name}(): expected Tensors, but got {type(value).__name__}"


def _described(value):
    if type(value) in (list, tuple):
        inside = ", ".join([*map(_described, value[:MOST]), *(["..."] if len(value) > MOST else [])])
        return f"[{inside}]" if type(value) is list else f"({inside}{',' * (len(value) == 1)})"
    if not hasattr(value, "dtype") or not hasattr(value, "shape"):
        return _short.repr(value)
    device = getattr(value, "device", "cpu")
    place = "" if str(device) == "cpu" else f" on {device}"
    return f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}{place}"
