"""Comparison and choice, written with other operators."""
import ctorch
from ctorch import _functions as ops


def where(condition, input=None, other=None):
    if input is None and other is None:
        return ctorch.nonzero(condition, as_tuple=True)
    if condition.dtype not in (ctorch.bool, ctorch.uint8):
        raise RuntimeError(f"where expected condition to be a boolean tensor, but got a tensor with dtype "
                           f"{condition.dtype}")
    for number in (input, other):
        if type(number) is int and not -128 <= number <= 127:
            ops._need_fits(ctorch.result_type(input, other), number)
    return ops._where(condition, input, other)


def equal(input, other):
    return input.shape == other.shape and bool((input == other).all())


def isclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    if input.dtype != other.dtype:
        raise RuntimeError(f"{input.dtype} did not match {other.dtype}")
    close = input == other
    if input.dtype == ctorch.bool:
        return close
    if not (input.is_floating_point() or input.is_complex()):          # differences of integers may wrap
        input, other = input.to(ctorch.get_default_dtype()), other.to(ctorch.get_default_dtype())
    if equal_nan and (input.is_floating_point() or input.is_complex()):
        close = close | (ops.isnan(input) & ops.isnan(other))
    near = (input - other).abs() <= atol + (rtol * other).abs()
    return close | (near & ops.isfinite(input - other) & ops.isfinite(other * 1))


def allclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    return bool(isclose(input, other, rtol, atol, equal_nan).all())
