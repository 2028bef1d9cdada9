"""Short rows that kernels turn to columns, and few columns that they turn to rows, against NumPy and SciPy."""
import numpy as np
import pytest
import scipy.special

import ctorch

LENGTHS = [1, 2, 3, 5, 7, 31, 32, 63, 64, 65, 127, 128, 129, 300]
INNER = [1, 2, 7, 8, 15, 16]
RNG = np.random.default_rng(0)


def numbers(shape, dtype):
    x = RNG.integers(0, 50, shape)
    return (x / 7 if "float" in dtype else x).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("inner", INNER)
@pytest.mark.parametrize("n", LENGTHS)
def test_softmax(n, inner, dtype):
    x, g = numbers((37, n, inner), dtype), numbers((37, n, inner), dtype)
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    for name, expected in (("softmax", scipy.special.softmax(x, 1)), ("log_softmax", scipy.special.log_softmax(x, 1))):
        a = ctorch.from_numpy(x).requires_grad_()
        y = getattr(ctorch, name)(a, 1)
        np.testing.assert_allclose(y.detach().numpy(), expected, tolerance, tolerance)
        y.backward(ctorch.from_numpy(g))
        y = scipy.special.softmax(x, 1)
        gx = y * (g - (g * y).sum(1, keepdims=True)) if name == "softmax" else g - y * g.sum(1, keepdims=True)
        np.testing.assert_allclose(a.grad.numpy(), gx, 20 * tolerance, 20 * tolerance * n)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint8", "float16"])
@pytest.mark.parametrize("inner", INNER)
@pytest.mark.parametrize("n", LENGTHS)
def test_extrema(n, inner, dtype):
    x = numbers((41, n, inner), dtype)
    if "float" in dtype:
        x[3, n // 2, 0] = np.nan
    a = ctorch.from_numpy(x)
    for steps in (a, a.transpose(0, 1).contiguous().transpose(0, 1)):
        for name, best, place in (("max", np.max, np.argmax), ("min", np.min, np.argmin)):
            values, places = getattr(steps, name)(1)
            np.testing.assert_array_equal(values.numpy(), best(x, 1))
            np.testing.assert_array_equal(places.numpy(), place(x, 1))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", LENGTHS)
def test_moments(n, dtype):
    x = numbers((300, n), dtype)
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    a = ctorch.from_numpy(x)
    np.testing.assert_allclose(a.logsumexp(1).numpy(), scipy.special.logsumexp(x, 1), tolerance)
    np.testing.assert_allclose(a.var(1, correction=0).numpy(), x.astype(float).var(1), tolerance, tolerance)
    x[5, 0], x[6] = np.inf, -np.inf
    np.testing.assert_array_equal(ctorch.from_numpy(x).logsumexp(1).numpy()[5:7], [np.inf, -np.inf])


@pytest.mark.parametrize("dtype", ["float32", "int64", "uint8", "complex64", "complex128"])
@pytest.mark.parametrize("n", [1, 3, 64, 65])
def test_places(n, dtype):
    x, y = numbers((70, 5, n), dtype), numbers((70, 5, n), dtype)
    at = RNG.integers(0, n, (70, 5, n))
    a, b, index = map(ctorch.from_numpy, (x, y, at))
    np.testing.assert_array_equal(a.gather(2, index).numpy(), np.take_along_axis(x, at, 2))
    apart = ctorch.from_numpy(np.repeat(at, 2, 2))[:, :, ::2]
    np.testing.assert_array_equal(a.gather(2, apart).numpy(), np.take_along_axis(x, at, 2))
    expected = x.copy()
    for place in np.ndindex(at.shape):
        expected[(*place[:2], at[place])] = y[place]
    np.testing.assert_array_equal(a.scatter(2, index, b).numpy(), expected)
    expected = x.copy()
    np.add.at(expected, (np.arange(70)[:, None, None], np.arange(5)[None, :, None], at), y)
    np.testing.assert_array_equal(a.scatter_add(2, index, b).numpy(), expected)
    rows = RNG.integers(0, 70, 90)
    np.testing.assert_array_equal(a.index_select(0, ctorch.from_numpy(rows)).numpy(), x[rows])
    at[69, 4, n - 1] = n
    for call in (lambda i: a.gather(2, i), lambda i: a.scatter(2, i, b)):
        with pytest.raises((IndexError, RuntimeError), match="out of bounds"):
            call(ctorch.from_numpy(at))
    rows[-1] = 70
    with pytest.raises(IndexError, match="out of range"):
        a.index_select(0, ctorch.from_numpy(rows))
