"""Operators of two lines of every second element, as columns of pairs are, against those of dense copies."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ctorch

DTYPES = ["bool", "uint8", "int16", "int32", "int64", "uint64", "float16", "float32", "float64", "complex64",
          "complex128"]
ARITHMETIC = ["add", "sub", "mul", "true_divide", "maximum", "minimum", "eq", "ne", "lt", "ge", "logical_and",
              "logical_xor", "bitwise_and", "bitwise_or", "bitwise_left_shift", "heaviside", "pow"]
LENGTHS = [1, 2, 3, 7, 16, 33, 64, 255, 257, 1000]


def numbers(dtype, shape, seed):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 6, shape).astype(np.float64)
    if dtype.startswith(("float", "complex")):
        values[rng.random(shape) < 0.05] = np.nan
        values *= np.where(rng.random(shape) < 0.5, -0.75, 1.5)
    x = ctorch.from_numpy(values).to(getattr(ctorch, dtype))
    return x * (1 - 0.5j) if dtype.startswith("complex") else x


def outcome(name, x, y):
    try:
        return getattr(ctorch, name)(x, y)
    except (NotImplementedError, RuntimeError, TypeError) as error:
        return str(error)


def same(got, want):
    if isinstance(want, str):
        return got == want
    return got.dtype == want.dtype and bytes(got.contiguous().numpy()) == bytes(want.numpy())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ARITHMETIC)
def test_equals_that_of_copies(name, dtype):
    for n in LENGTHS:
        x, y = numbers(dtype, (3, n, 2), n), numbers(dtype, (3, n, 2), n + 1)
        for a, b in ((x[..., 0], y[..., 1]), (x[1, :, 1], y[2, :, 1]), (x[0, :, 0], y[0, :, 0])):
            assert same(outcome(name, a, b), outcome(name, a.contiguous(), b.contiguous())), (n, a.shape)


@given(st.integers(1, 600), st.sampled_from(["float32", "int64", "complex64"]), st.integers(0, 3), st.integers(-4, 4),
       st.booleans())
def test_beside_other_strides(n, dtype, offset, step, alike):
    memory = numbers(dtype, 5 * n + 8, n)
    x = memory[offset:][:2 * n:2]
    y = memory.as_strided((n,), (abs(step),), 4) if not alike else memory[1:][:2 * n:2]
    want = ctorch.add(x.contiguous(), y.contiguous())
    assert same(x + y, want)
    assert same(y + x, ctorch.add(y.contiguous(), x.contiguous()))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "complex128"])
def test_in_place_and_out(dtype):
    x, y = numbers(dtype, (700, 2), 1), numbers(dtype, (700, 2), 2)
    want = x[:, 0].contiguous() * y[:, 0].contiguous()
    kept = x[:, 1].clone()
    assert same(ctorch.mul(x[:, 0], y[:, 0], out=ctorch.empty(700, 3, dtype=x.dtype)[:, 1]), want)
    x[:, 0] *= y[:, 0]
    assert same(x[:, 0], want)
    assert same(x[:, 1], kept)
    x[:, 1].add_(x[:, 0])
    assert same(x[:, 1], kept + want)
