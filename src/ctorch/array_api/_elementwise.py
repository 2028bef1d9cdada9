"""Functions of each element."""
import ctorch

from ._promotion import together, with_scalar

_UNARY = {
    "abs": "abs", "acos": "acos", "acosh": "acosh", "asin": "asin", "asinh": "asinh", "atan": "atan", "atanh": "atanh",
    "bitwise_invert": "bitwise_not", "ceil": "ceil", "cos": "cos", "cosh": "cosh", "exp": "exp",
    "expm1": "expm1", "floor": "floor", "imag": "imag", "isfinite": "isfinite", "isinf": "isinf", "isnan": "isnan",
    "log": "log", "log1p": "log1p", "log2": "log2", "log10": "log10", "logical_not": "logical_not", "negative": "neg",
    "positive": "positive", "real": "real", "reciprocal": "reciprocal", "signbit": "signbit", "sin": "sin", "sinh": "sinh", "square": "square", "sqrt": "sqrt", "tan": "tan",
    "tanh": "tanh", "trunc": "trunc",
}
_BINARY = {
    "add": "add", "atan2": "atan2", "bitwise_and": "bitwise_and", "bitwise_left_shift": "bitwise_left_shift",
    "bitwise_or": "bitwise_or", "bitwise_right_shift": "bitwise_right_shift", "bitwise_xor": "bitwise_xor",
    "copysign": "copysign", "divide": "div", "equal": "eq", "floor_divide": "floor_divide", "greater": "gt",
    "greater_equal": "ge", "hypot": "hypot", "less": "lt", "less_equal": "le", "logaddexp": "logaddexp",
    "logical_and": "logical_and", "logical_or": "logical_or", "logical_xor": "logical_xor", "maximum": "maximum",
    "minimum": "minimum", "multiply": "mul", "nextafter": "nextafter", "not_equal": "ne", "pow": "pow",
    "remainder": "remainder", "subtract": "sub",
}
__all__ = [*_UNARY, *_BINARY, "clip", "conj", "round", "sign"]


def _unary(name, operator):
    def function(x, /):
        return operator(x)
    return _named(function, name, operator)


def _binary(name, operator):
    def function(x1, x2, /):
        return operator(*together(x1, x2))
    return _named(function, name, operator)


def _named(function, name, operator):
    function.__name__ = function.__qualname__ = name
    function.__module__ = "ctorch.array_api"
    function.__doc__ = f"``ctorch.{operator.__name__}`` of each element, by the standard's name and promotion."
    return function


globals().update({name: _unary(name, getattr(ctorch, operator)) for name, operator in _UNARY.items()})
globals().update({name: _binary(name, getattr(ctorch, operator)) for name, operator in _BINARY.items()})


def conj(x, /):
    """The complex conjugates, in memory of their own."""
    return ctorch.conj_physical(x)


def round(x, /):
    """The nearest whole number, of two the even one; of complex numbers each part."""
    return ctorch.complex(ctorch.round(x.real), ctorch.round(x.imag)) if x.is_complex() else ctorch.round(x)


def sign(x, /):
    """-1, 0 or 1 with the sign of each element, x / abs(x) of complex ones; NaN of NaN, where ``ctorch.sign`` has 0."""
    y = ctorch.sgn(x)
    return ctorch.where(ctorch.isnan(x), x, y) if x.dtype.is_floating_point else y


def clip(x, /, min=None, max=None):
    """Each element limited to the range from min to max; numbers among them do not change the dtype."""
    dtype = x.dtype
    for bound in (min, max):
        if isinstance(bound, ctorch.Tensor):
            dtype = together(x.new_empty(0, dtype=dtype), bound)[0].dtype
        elif bound is not None:
            dtype = with_scalar(dtype, bound)
    low, high = (v.to(dtype) if isinstance(v, ctorch.Tensor) else v for v in (min, max))
    x = x.to(dtype)
    if low is None and high is None:
        return x.clone()
    if isinstance(low, ctorch.Tensor) or isinstance(high, ctorch.Tensor):
        low, high = (ctorch.full((), v, dtype=dtype, device=x.device) if isinstance(v, bool | int | float) else v
                     for v in (low, high))
    return ctorch.clamp(x, low, high)
