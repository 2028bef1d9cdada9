"""Special functions, written with other operators."""
import math

import ctorch
from ctorch import _functions as ops


def polygamma(n, input):
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    if n < 2:
        return ops._trigamma(input) if n else ops.digamma(input)
    return ops._polygamma(input, n)


def mvlgamma(input, p):
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    if input.dtype == ctorch.bool or input.is_complex():
        raise RuntimeError(f"mvlgamma: expected a real tensor, got {input.dtype}")
    dtype = input.dtype if input.is_floating_point() else ctorch.get_default_dtype()
    steps = ctorch.arange(1 - p, 1, dtype=dtype, device=input.device) * 0.5
    return ops.lgamma(input.unsqueeze(-1) + steps).sum(-1) + p * (p - 1) / 4 * math.log(math.pi)
