"""Quotients and common divisors of integers: by doubles where these are exact, else one by one."""
import math

import numpy
import pytest

import ctorch

DTYPES = [numpy.uint8, numpy.int8, numpy.int16, numpy.int32, numpy.uint32, numpy.int64, numpy.uint64]
BITS = [4, 24, 31, 50, 51, 52, 63]


def operands(dtype, bits, count=1500):
    """Random numbers of so many bits, then every pair of the numbers at which methods change or results wrap."""
    limits = numpy.iinfo(dtype)
    edges = {limits.min, limits.min + 1, limits.max - 1, limits.max, 0, 1, 2, 3, 7, -1, -2, -7, -2**31, 2**31 - 1}
    edges |= {sign * 2**power + near for sign in (1, -1) for power in (50, 51, 52, 53) for near in (-1, 0, 1)}
    edges = numpy.array(sorted(n for n in edges if limits.min <= n <= limits.max), dtype)
    generator = numpy.random.default_rng(bits)
    low, high = max(limits.min, -2**bits), min(limits.max, 2**bits)
    first, second = (generator.integers(low, high, count, dtype) for _ in range(2))
    return numpy.concatenate([first, numpy.repeat(edges, edges.size)]), \
        numpy.concatenate([second, numpy.tile(edges, edges.size)])


def wrapped(value, dtype):
    bits = 8 * numpy.dtype(dtype).itemsize
    value %= 2**bits
    return value - 2**bits if numpy.dtype(dtype).kind == "i" and value >= 2**(bits - 1) else value


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bits", BITS)
def test_quotients(dtype, bits):
    x, y = operands(dtype, bits)
    y[y == 0] = 1
    a, b = ctorch.from_numpy(x), ctorch.from_numpy(y)
    with numpy.errstate(over="ignore"):
        numpy.testing.assert_array_equal(a // b, x // y)
        numpy.testing.assert_array_equal(a % b, x % y)
        numpy.testing.assert_array_equal(ctorch.fmod(a, b), numpy.fmod(x, y))
    pairs = zip(x.tolist(), y.tolist(), strict=True)
    expected = [wrapped(abs(p) // abs(q) * (1 if (p < 0) == (q < 0) else -1), dtype) for p, q in pairs]
    assert ctorch.div(a, b, rounding_mode="trunc").tolist() == expected


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bits", BITS)
def test_common_divisors(dtype, bits):
    x, y = operands(dtype, bits)
    a, b = ctorch.from_numpy(x), ctorch.from_numpy(y)
    pairs = list(zip(x.tolist(), y.tolist(), strict=True))
    assert ctorch.gcd(a, b).tolist() == [wrapped(math.gcd(p, q), dtype) for p, q in pairs]
    multiples = ctorch.lcm(a, b).tolist()
    for (p, q), multiple in zip(pairs, multiples, strict=True):
        if math.lcm(p, q) <= numpy.iinfo(dtype).max:
            assert multiple == math.lcm(p, q)


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 511, 512, 513, 1100])
def test_large_numbers_among_small(length):
    """One number too large for a double changes how its neighbours are divided, not their quotients."""
    x = numpy.arange(-length, length, 2)
    if length > 3:
        x[length // 2] = 2**62 + 1
    y = x % 5 + 1
    for place in (slice(None), slice(None, None, 2)):
        a, b = ctorch.tensor(x)[place], ctorch.tensor(y)[place]
        numpy.testing.assert_array_equal(a // b, x[place] // y[place])
        numpy.testing.assert_array_equal(ctorch.gcd(a, b), numpy.gcd(x[place], y[place]))
        a //= b
        numpy.testing.assert_array_equal(a, x[place] // y[place])
