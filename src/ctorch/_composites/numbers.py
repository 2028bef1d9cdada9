"""Parts, signs and forms of numbers, written with other operators."""
import builtins
from collections import namedtuple

import ctorch
from ctorch import _functions as ops
from ctorch._tape import _recorded

Frexp = namedtuple("frexp", "mantissa exponent")
HALVES = (ctorch.float16, ctorch.bfloat16)
PARTS = (ctorch.float32, ctorch.float64, ctorch.float16)


def real(input):
    return ops.view_as_real(input)[..., 0] if input.is_complex() else input


def imag(input):
    if not input.is_complex():
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return ops.view_as_real(input)[..., 1]


def angle(input):
    if not input.is_complex():
        return ops._phase(input)
    parts = ops.view_as_real(input)
    return ops.atan2(parts[..., 1], parts[..., 0])


def _pair(name, first, second):
    # Two real tensors of one dtype, broadcast together.
    if first.dtype not in PARTS or second.dtype not in PARTS:
        raise RuntimeError(f"Expected both inputs to be Half, Float or Double tensors but got {_title(first)} and "
                           f"{_title(second)}")
    if first.dtype != second.dtype:
        raise RuntimeError(f"Expected object of scalar type {_title(first)} but got scalar type {_title(second)} for "
                           "second argument")
    if first.dtype == ctorch.float16:
        raise NotImplementedError(f"{name}: not implemented for device 'cpu' and dtype complex32")
    return (first, second) if first.shape == second.shape else ctorch.broadcast_tensors(first, second)


def _title(x):
    return {"float16": "Half", "float32": "Float", "float64": "Double", "int64": "Long", "int32": "Int",
            "int16": "Short", "int8": "Char", "uint8": "Byte", "bool": "Bool", "bfloat16": "BFloat16",
            "complex64": "ComplexFloat", "complex128": "ComplexDouble"}.get(x.dtype.name, x.dtype.name)


def complex(real, imag):
    return ops._complex_from(*_pair("complex", real, imag))


def polar(abs, angle):
    size, turn = _pair("polar", abs, angle)
    return ops._complex_from(size * turn.cos(), size * turn.sin())


def conj_physical(input):
    return ops._conj(input) if input.is_complex() else input


def resolve_conj(input):
    return input


def resolve_neg(input):
    return input


def is_conj(input):
    return False


def is_neg(input):
    return False


def isreal(input):
    if input.is_complex():
        return ops.view_as_real(input)[..., 1] == 0
    return ctorch.ones_like(input, dtype=ctorch.bool)


def positive(input):
    if input.dtype == ctorch.bool:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


def float_power(input, exponent):
    wide = ctorch.complex128 if any(
        x.is_complex() if isinstance(x, ctorch.Tensor) else isinstance(x, builtins.complex)
        for x in (input, exponent)) else ctorch.float64
    return ops.pow(*(x.to(wide) if isinstance(x, ctorch.Tensor) else ctorch.tensor(x, dtype=wide)
                     for x in (input, exponent)))


def ldexp(input, other):
    other = other if isinstance(other, ctorch.Tensor) else ctorch.tensor(other)
    if other.is_floating_point() or other.is_complex():
        return input * ops.pow(2.0, other)
    if input.is_complex():
        return input * ops.pow(2.0, other.to(ctorch.float64)).to(input.dtype)
    if not input.is_floating_point() or other.dtype == ctorch.bool:
        return input * ops.pow(2.0, other)
    # In two steps, for a power of two may leave the range where the result does not.
    power = other.to(ctorch.int64).clamp(-2200, 2200).to(ctorch.float64)
    half = (power * 0.5).trunc()
    return (input.to(ctorch.float64) * ops.exp2(half) * ops.exp2(power - half)).to(input.dtype)


def heaviside(input, values):
    if input.is_complex() or values.is_complex():
        raise RuntimeError("heaviside is not yet implemented for complex tensors.")
    if input.dtype != values.dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
    return ops._heaviside(input, values)


def nextafter(input, other):
    if input.dtype in HALVES and other.dtype == input.dtype:
        moved = _next_half(*ctorch.broadcast_tensors(input.detach(), other.detach()))
        return input + (moved - input.detach()) if _recorded(input) else moved
    return ops._nextafter(input, other)


def _next_half(x, other):
    # The bits of a number of one sign are ordered as its values are.
    bits = x.contiguous().view(ctorch.int16)
    away = (x < other) == (x > 0)
    step = ops._where(away, 1, -1).to(ctorch.int16)
    moved = (bits + step).view(x.dtype)
    smallest = ops._where(other > 0, 1, -32767).to(ctorch.int16).view(x.dtype)
    moved = ops._where(x == 0, smallest, moved)
    return ops._where(x == other, other, ops._where(ops.isnan(x) | ops.isnan(other), x + other, moved))


def frexp(input):
    if not input.is_floating_point():
        raise RuntimeError("torch.frexp() only supports floating-point dtypes")
    return Frexp(ops._mantissa(input), ops._exponent(input.detach()).to(ctorch.int32))
