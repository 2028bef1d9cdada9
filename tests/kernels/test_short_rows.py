"""Loops over short rows, which pass a kernel together: every layout of each operand, against NumPy."""
import itertools

import numpy as np
import pytest

import ctorch

DTYPES = ["float32", "float64", "float16", "int32", "uint8", "int64", "complex64"]
SHAPES = [(3, 1), (2, 2), (40, 3), (25, 40), (7, 63), (9, 64), (9, 65), (5, 511), (6, 512), (6, 513), (1500, 30),
          (3, 50, 20), (4, 3, 5, 6), (90, 2, 300)]
RNG = np.random.default_rng(0)


def whole(shape, dtype):
    x = RNG.integers(0 if dtype == "uint8" else -9, 10, shape)
    return (x + 1j * RNG.integers(-9, 10, shape) if dtype.startswith("complex") else x).astype(dtype)


def laid(shape, dtype, layout):
    """An array of a shape whose elements lie in a certain way."""
    *rest, rows, n = shape
    if layout == "dense":
        return whole(shape, dtype)
    if layout == "row":
        return np.broadcast_to(whole((*rest, 1, n), dtype), shape)
    if layout == "column":
        return np.broadcast_to(whole((*rest, rows, 1), dtype), shape)
    if layout == "number":
        return np.broadcast_to(whole((), dtype), shape)
    if layout == "outermost":
        return np.broadcast_to(whole((rows, n), dtype), shape)
    if layout == "transposed":
        return whole((*rest, n, rows), dtype).swapaxes(-1, -2)
    if layout == "gaps":
        return whole((*rest, rows, n + 3), dtype)[..., 1:-2]
    if layout == "sliced":
        return whole((*rest, rows, 2 * n), dtype)[..., ::2]
    return whole(shape, dtype)[..., ::-1, ::-1]


LAYOUTS = ["dense", "row", "column", "number", "outermost", "transposed", "gaps", "sliced", "backwards"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_two_operands(shape, dtype):
    for first, second in itertools.product(LAYOUTS, LAYOUTS):
        x, y = laid(shape, dtype, first), laid(shape, dtype, second)
        got = ctorch.add(ctorch.from_numpy(x), ctorch.from_numpy(y)).numpy()
        np.testing.assert_array_equal(got, x + y, err_msg=f"{first} {second}")


@pytest.mark.parametrize("dtype", ["float32", "float16", "int32"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_three_operands(shape, dtype):
    for i, layouts in enumerate(itertools.product(LAYOUTS, LAYOUTS, LAYOUTS)):
        if i % 3 == len(shape) % 3:
            x, low, high = (laid(shape, dtype, layout) for layout in layouts)
            got = ctorch.clamp(*map(ctorch.from_numpy, (x, low, high))).numpy()
            np.testing.assert_array_equal(got, np.minimum(np.maximum(x, low), high), err_msg=str(layouts))


@pytest.mark.parametrize("layout", ["transposed", "gaps", "sliced", "backwards"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_what_is_written(shape, layout):
    for other in LAYOUTS:
        x, y = laid(shape, "float32", layout), laid(shape, "float32", other)
        into, want = ctorch.from_numpy(x), x - y
        assert into.sub_(ctorch.from_numpy(y)) is into
        np.testing.assert_array_equal(x, want, err_msg=other)
        for dtype in ("float32", "float64", "float16"):
            out = laid(shape, dtype, layout)
            before, inside = out.base.copy(), out.copy()
            ctorch.mul(into, ctorch.from_numpy(y), out=ctorch.from_numpy(out))
            np.testing.assert_array_equal(out, want * y)
            out[...] = inside
            np.testing.assert_array_equal(out.base, before)              # nothing was written beside it


@pytest.mark.parametrize("shape", [(1500, 30), (90, 2, 300)], ids=str)
def test_results_do_not_depend_on_threads(shape):
    x, y, z = (ctorch.from_numpy(laid(shape, "float32", layout)) for layout in ("row", "column", "gaps"))
    results, before = [], ctorch.get_num_threads()
    try:
        for threads in (1, 2, 5):
            ctorch.set_num_threads(threads)
            results.append(ctorch.lerp(x, y, z * 0.1).exp().tolist())
    finally:
        ctorch.set_num_threads(before)
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "complex64"])
@pytest.mark.parametrize("shape", [(40, 3), (25, 40), (9, 64), (9, 65), (5, 511), (6, 513), (4, 3, 5, 6)], ids=str)
def test_a_number_beside_others(shape, dtype):
    for first, second in itertools.product(LAYOUTS, LAYOUTS):
        x, y, z = laid(shape, dtype, first), laid(shape, dtype, second), laid(shape, dtype, "dense")
        a, b, c = map(ctorch.from_numpy, (x, y, z))
        np.testing.assert_array_equal(ctorch.add(a, b, alpha=3).numpy(), x + 3 * y, err_msg=f"{first} {second}")
        np.testing.assert_array_equal(ctorch.addcmul(a, b, c, value=2).numpy(), x + 2 * y * z)
        np.testing.assert_array_equal(ctorch.addcmul(c, a, b, value=2).numpy(), z + 2 * x * y)
