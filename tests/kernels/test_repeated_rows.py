"""Operators whose inputs all repeat along some dimensions: the result is that of the same numbers written out."""
import itertools

import numpy as np
import pytest

import ctorch

SHAPES = [(4100,), (64, 100), (100, 64), (16, 300), (15, 300), (20, 16, 30), (17, 5, 16, 4)]
RNG = np.random.default_rng(0)


def expanded(shape, dims, dtype="float32"):
    """A tensor of a shape that was expanded along some dimensions."""
    held = [1 if d in dims else n for d, n in enumerate(shape)]
    x = RNG.integers(0 if dtype == "uint8" else -9, 10, held).astype(dtype)
    return ctorch.from_numpy(x).expand(shape)


def subsets(shape):
    dims = range(len(shape))
    return itertools.chain.from_iterable(itertools.combinations(dims, k) for k in range(len(shape) + 1))


def same(got, want):
    assert got.shape == want.shape and got.dtype == want.dtype
    np.testing.assert_array_equal(got.numpy(), want.numpy())


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("function", [ctorch.neg, ctorch.sigmoid, ctorch.isfinite, ctorch.frexp, ctorch.conj_physical])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "complex64", "uint8"])
def test_of_one(shape, function, dtype):
    if function is ctorch.frexp and not dtype.startswith("float"):
        pytest.skip("frexp takes floats")
    for dims in subsets(shape):
        x = expanded(shape, dims, dtype)
        got, want = function(x), function(x.clone(memory_format=ctorch.contiguous_format))
        for a, b in zip(got, want) if isinstance(got, tuple) else [(got, want)]:
            same(a, b)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_of_two(shape):
    for first, second in itertools.product(subsets(shape), subsets(shape)):
        x, y = expanded(shape, first), expanded(shape, second, "int32")
        same(ctorch.sub(x, y), x.contiguous() - y.contiguous())
        same(ctorch.sub(x, 2.5), x.contiguous() - 2.5)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_outputs_anywhere(shape):
    """out= that is transposed, has gaps, or another dtype."""
    for dims in subsets(shape):
        x = expanded(shape, dims)
        want = x.contiguous() * 3
        turned = ctorch.zeros(shape[::-1]).permute(*reversed(range(len(shape))))
        around = ctorch.full((*shape[:-1], 2 * shape[-1] + 1), 7, dtype=ctorch.float64)
        gaps = around[..., 1::2]
        for out in (turned, gaps):
            ctorch.mul(x, 3, out=out)
            np.testing.assert_array_equal(out.numpy(), want.numpy())
        assert (around[..., ::2] == 7).all()
