"""Dtypes of the standard: casts, limits, kinds, promotion, broadcasting."""
from dataclasses import dataclass

import ctorch

from ._promotion import common_dtype

__all__ = ["astype", "broadcast_arrays", "broadcast_shapes", "broadcast_to", "can_cast", "finfo", "iinfo", "isdtype",
           "result_type"]

KINDS = {
    "bool": ("bool",),
    "signed integer": ("int8", "int16", "int32", "int64"),
    "unsigned integer": ("uint8", "uint16", "uint32", "uint64"),
    "real floating": ("float32", "float64"),
    "complex floating": ("complex64", "complex128"),
}
KINDS["integral"] = KINDS["signed integer"] + KINDS["unsigned integer"]
KINDS["numeric"] = KINDS["integral"] + KINDS["real floating"] + KINDS["complex floating"]
_ORDER = {"bool": 0, "signed integer": 1, "unsigned integer": 1, "real floating": 2, "complex floating": 3}


@dataclass(frozen=True)
class FloatLimits:
    """Limits of a floating dtype."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: ctorch.dtype


@dataclass(frozen=True)
class IntegerLimits:
    """Limits of an integer dtype."""

    bits: int
    max: int
    min: int
    dtype: ctorch.dtype


def kind_of(dtype):
    """The kind of a dtype, in the standard's words."""
    if dtype == ctorch.bool:
        return "bool"
    if dtype.is_complex:
        return "complex floating"
    if dtype.is_floating_point:
        return "real floating"
    return "signed integer" if dtype.is_signed else "unsigned integer"


def astype(x, dtype, /, *, copy=True, device=None):
    """A tensor cast to a dtype; itself where nothing is to be done and `copy` is False."""
    if x.dtype.is_complex and not dtype.is_complex and dtype != ctorch.bool:
        raise TypeError(f"a complex tensor cannot be cast to {dtype}: take its real or imaginary part")
    return x.to(dtype=dtype, device=device, copy=copy)


def broadcast_arrays(*arrays):
    """Tensors expanded to their common shape, as views."""
    return list(ctorch.broadcast_tensors(*arrays))


def broadcast_shapes(*shapes):
    """The shape that shapes broadcast to."""
    try:
        return tuple(ctorch.broadcast_shapes(*shapes))
    except RuntimeError as error:
        raise ValueError(str(error)) from None


def broadcast_to(x, /, shape):
    """A tensor expanded to a shape, as a view."""
    return ctorch.broadcast_to(x, shape)


def can_cast(from_, to, /):
    """Whether values of a dtype or tensor can be had in another dtype by the rules of promotion."""
    source = from_.dtype if isinstance(from_, ctorch.Tensor) else from_
    try:
        return common_dtype(source, to) == to
    except TypeError:
        return False


def finfo(type, /):
    """Limits of a floating dtype, or of a tensor's."""
    dtype = type.dtype if isinstance(type, ctorch.Tensor) else type
    info = ctorch.finfo(dtype)
    return FloatLimits(info.bits, info.eps, info.max, info.min, info.smallest_normal,
                       dtype.to_real() if dtype.is_complex else dtype)


def iinfo(type, /):
    """Limits of an integer dtype, or of a tensor's."""
    dtype = type.dtype if isinstance(type, ctorch.Tensor) else type
    info = ctorch.iinfo(dtype)
    return IntegerLimits(info.bits, info.max, info.min, dtype)


def isdtype(dtype, kind):
    """Whether a dtype is another, is of a kind such as "real floating", or one of a tuple of these."""
    if isinstance(kind, tuple):
        return any(isdtype(dtype, k) for k in kind)
    if not isinstance(kind, str):
        return dtype == kind
    if kind not in KINDS:
        raise ValueError(f"isdtype: kind is one of {', '.join(map(repr, KINDS))}, a dtype or a tuple of them, got "
                         f"{kind!r}")
    own = kind_of(dtype)              # half precision counts with its kind, though the standard does not have it
    return own == kind or (kind == "integral" and own.endswith("integer")) or (kind == "numeric" and own != "bool")


def result_type(*arrays_and_dtypes):
    """The dtype of an operation between tensors, dtypes and Python numbers."""
    return common_dtype(*arrays_and_dtypes)
