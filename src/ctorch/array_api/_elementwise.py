"""Functions of each element."""
import ctorch

from ._promotion import together, with_scalar

__all__ = [
    "abs",
    "acos",
    "acosh",
    "add",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "ceil",
    "clip",
    "conj",
    "copysign",
    "cos",
    "cosh",
    "divide",
    "equal",
    "exp",
    "expm1",
    "floor",
    "floor_divide",
    "greater",
    "greater_equal",
    "hypot",
    "imag",
    "isfinite",
    "isinf",
    "isnan",
    "less",
    "less_equal",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "nextafter",
    "not_equal",
    "positive",
    "pow",
    "real",
    "reciprocal",
    "remainder",
    "round",
    "sign",
    "signbit",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "subtract",
    "tan",
    "tanh",
    "trunc",
]


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


abs = _unary("abs", ctorch.abs)
acos = _unary("acos", ctorch.acos)
acosh = _unary("acosh", ctorch.acosh)
asin = _unary("asin", ctorch.asin)
asinh = _unary("asinh", ctorch.asinh)
atan = _unary("atan", ctorch.atan)
atanh = _unary("atanh", ctorch.atanh)
bitwise_invert = _unary("bitwise_invert", ctorch.bitwise_not)
ceil = _unary("ceil", ctorch.ceil)
cos = _unary("cos", ctorch.cos)
cosh = _unary("cosh", ctorch.cosh)
exp = _unary("exp", ctorch.exp)
expm1 = _unary("expm1", ctorch.expm1)
floor = _unary("floor", ctorch.floor)
imag = _unary("imag", ctorch.imag)
isfinite = _unary("isfinite", ctorch.isfinite)
isinf = _unary("isinf", ctorch.isinf)
isnan = _unary("isnan", ctorch.isnan)
log = _unary("log", ctorch.log)
log10 = _unary("log10", ctorch.log10)
log1p = _unary("log1p", ctorch.log1p)
log2 = _unary("log2", ctorch.log2)
logical_not = _unary("logical_not", ctorch.logical_not)
negative = _unary("negative", ctorch.neg)
positive = _unary("positive", ctorch.positive)
real = _unary("real", ctorch.real)
reciprocal = _unary("reciprocal", ctorch.reciprocal)
signbit = _unary("signbit", ctorch.signbit)
sin = _unary("sin", ctorch.sin)
sinh = _unary("sinh", ctorch.sinh)
sqrt = _unary("sqrt", ctorch.sqrt)
square = _unary("square", ctorch.square)
tan = _unary("tan", ctorch.tan)
tanh = _unary("tanh", ctorch.tanh)
trunc = _unary("trunc", ctorch.trunc)

add = _binary("add", ctorch.add)
atan2 = _binary("atan2", ctorch.atan2)
bitwise_and = _binary("bitwise_and", ctorch.bitwise_and)
bitwise_left_shift = _binary("bitwise_left_shift", ctorch.bitwise_left_shift)
bitwise_or = _binary("bitwise_or", ctorch.bitwise_or)
bitwise_right_shift = _binary("bitwise_right_shift", ctorch.bitwise_right_shift)
bitwise_xor = _binary("bitwise_xor", ctorch.bitwise_xor)
copysign = _binary("copysign", ctorch.copysign)
divide = _binary("divide", ctorch.div)
equal = _binary("equal", ctorch.eq)
floor_divide = _binary("floor_divide", ctorch.floor_divide)
greater = _binary("greater", ctorch.gt)
greater_equal = _binary("greater_equal", ctorch.ge)
hypot = _binary("hypot", ctorch.hypot)
less = _binary("less", ctorch.lt)
less_equal = _binary("less_equal", ctorch.le)
logaddexp = _binary("logaddexp", ctorch.logaddexp)
logical_and = _binary("logical_and", ctorch.logical_and)
logical_or = _binary("logical_or", ctorch.logical_or)
logical_xor = _binary("logical_xor", ctorch.logical_xor)
maximum = _binary("maximum", ctorch.maximum)
minimum = _binary("minimum", ctorch.minimum)
multiply = _binary("multiply", ctorch.mul)
nextafter = _binary("nextafter", ctorch.nextafter)
not_equal = _binary("not_equal", ctorch.ne)
pow = _binary("pow", ctorch.pow)
remainder = _binary("remainder", ctorch.remainder)
subtract = _binary("subtract", ctorch.sub)


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
