"""Arithmetic, written with other operators."""
import ctorch
from ctorch import _functions as ops


def div(input, other, *, rounding_mode=None):
    if rounding_mode is None:
        return ops.div_true(input, other)
    if rounding_mode == "floor":
        return ops.floor_divide(input, other)
    if rounding_mode == "trunc":
        return ops.div_trunc(input, other)
    raise RuntimeError(f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'")


def clamp(input, min=None, max=None):
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if min is None:
        return clamp_max(input, max)
    if max is None:
        return clamp_min(input, min)
    return ops.clamp_both(input, _limit(input, min, max), _limit(input, max, min))


def clamp_min(input, min):
    return ops.clamp_low(input, _limit(input, min))


def clamp_max(input, max):
    return ops.clamp_high(input, _limit(input, max))


def _limit(input, limit, other=0):
    """A limit as it was given, if the result's dtype, which another limit takes part in, can hold it."""
    if type(limit) is int and not -128 <= limit <= 127 and not isinstance(other, float):
        joint = ctorch.result_type(input, other)
        ops._need_fits(ctorch.int64 if joint == ctorch.bool else joint, limit)
    return limit


def round(input, *, decimals=0):
    if decimals == 0:
        return ops._round(input)
    if input.dtype in (ctorch.float16, ctorch.bfloat16):          # whose range ends where scaled numbers begin
        return round(input.to(ctorch.float32), decimals=decimals).to(input.dtype)
    scale = 10.0 ** abs(decimals)
    return ops._round(input * scale) / scale if decimals > 0 else ops._round(input / scale) * scale


def _need_complex(value, *operands):
    """Refuse a complex factor that would make complex numbers of real ones."""
    if not any(isinstance(x, ctorch.Tensor) and x.is_complex() for x in operands):
        raise RuntimeError("a complex value cannot be converted to a real type without overflow")


def addcmul(input, tensor1, tensor2, *, value=1):
    if type(value) is float and not (_inexact(input) or _inexact(tensor1) or _inexact(tensor2)):
        value = int(value)
    if type(value) is complex:
        _need_complex(value, input, tensor1, tensor2)
    return ops._addcmul(input, tensor1, tensor2, value)


def _inexact(x):
    return isinstance(x, ctorch.Tensor) and (x.is_floating_point() or x.is_complex())


def addcdiv(input, tensor1, tensor2, *, value=1):
    if not (_inexact(tensor1) or _inexact(tensor2)):
        raise RuntimeError("Integer division with addcdiv is no longer supported; write input + value * "
                           "torch.trunc(tensor1 / tensor2) or input + value * tensor1 / tensor2.")
    if type(value) is complex:
        _need_complex(value, input, tensor1, tensor2)
    return ops._addcdiv(input, tensor1, tensor2, value)


def rsub(input, other, *, alpha=1):
    return ops.sub(other, input, alpha=alpha)


def bitwise_not(input):
    if input.dtype == ctorch.bool:
        return ops.logical_not(input)
    return ops._bitwise_not(input)


def nan_to_num(input, nan=0.0, posinf=None, neginf=None):
    if input.is_complex():
        return ops._complex_of(nan_to_num(ops.view_as_real(input), nan, posinf, neginf))
    if not input.is_floating_point():
        return input.clone()
    info = ctorch.finfo(input.dtype)
    return ops._nan_to_num(input, nan or 0.0, info.max if posinf is None else posinf,
                           info.min if neginf is None else neginf)
