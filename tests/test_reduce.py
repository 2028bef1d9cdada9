"""Reductions of every dtype over any dimensions and strides, against NumPy."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ctorch

INTEGERS = ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "int64"]
FLOATS = ["float16", "float32", "float64"]
PAIRS = {"sum": np.sum, "prod": np.prod, "amax": np.max, "amin": np.min, "any": np.any, "all": np.all,
         "mean": np.mean, "nansum": np.nansum}


@st.composite
def arrays(draw, dtypes):
    """An array of up to three dimensions, some of them long enough for the vector loops, in any layout."""
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    shape = draw(st.sampled_from([(), (1,), (7,), (300,), (5, 300), (300, 5), (3, 40, 33), (40, 3, 33), (2, 1, 70)]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if dtype.kind == "f":
        x = rng.standard_normal(shape).astype(dtype)
    elif dtype.kind == "b":
        x = rng.random(shape) < draw(st.sampled_from([0.0, 0.01, 0.5, 1.0]))
    else:
        info = np.iinfo(dtype)
        x = rng.integers(info.min, info.max, shape, dtype, endpoint=True)
    x = np.asarray(x)
    if draw(st.booleans()):
        x = x.T
    if x.ndim and draw(st.booleans()):
        x = x[::draw(st.sampled_from([2, -1]))]
    dims = draw(st.sampled_from([None, *range(x.ndim), *[(a, b) for a in range(x.ndim) for b in range(a)]]))
    return x, dims


@given(arrays(INTEGERS), st.sampled_from(["sum", "prod", "amax", "amin", "any", "all"]), st.booleans())
def test_integers_are_exact(case, name, keep):
    x, dims = case
    wide = x.astype(np.int64) if name in ("sum", "prod") else x
    want = PAIRS[name](wide, dims, keepdims=keep)
    got = getattr(ctorch, name)(ctorch.from_numpy(x), () if dims is None and name[:2] == "am" else dims, keep)
    assert got.numpy().dtype == ("uint8" if name in ("any", "all") and x.dtype == "uint8" else want.dtype)
    np.testing.assert_array_equal(got.numpy(), want)


@given(arrays(FLOATS), st.sampled_from(["sum", "mean", "amax", "amin", "any", "all"]), st.booleans())
def test_floats(case, name, keep):
    x, dims = case
    want = PAIRS[name](x.astype(np.float64) if name in ("sum", "mean") else x, dims, keepdims=keep)
    got = getattr(ctorch, name)(ctorch.from_numpy(x), () if dims is None and name[:2] == "am" else dims, keep)
    tolerance = {2: 4e-3, 4: 1e-6, 8: 1e-13}[x.dtype.itemsize]
    # Where numbers cancel, the rounding is that of their sizes, not of their sum.
    sizes = PAIRS[name](np.abs(x.astype(np.float64)), dims).max(initial=0.0) if name in ("sum", "mean") else 0.0
    np.testing.assert_allclose(got.numpy(), want, rtol=tolerance, atol=tolerance * 4 + np.finfo(x.dtype).eps * sizes)


@pytest.mark.parametrize("dtype", INTEGERS[1:])
def test_long_sums_do_not_wrap(dtype):
    top = np.iinfo(dtype).max if dtype != "int64" else 2**49
    x = ctorch.from_numpy(np.full((1000, 9), top, dtype))
    assert x.sum().item() == 9000 * int(top)
    assert x.sum(0).tolist() == [1000 * int(top)] * 9
    assert x.sum(1).tolist() == [9 * int(top)] * 1000


@pytest.mark.parametrize("name", ["sum", "mean", "amax", "amin"])
def test_nan_wins(name):
    for place in (0, 5, 63, 64, 299):
        x = ctorch.zeros(3, 300)
        x[1, place] = float("nan")
        assert getattr(ctorch, name)(x, 1).isnan().tolist() == [False, True, False]
        assert getattr(ctorch, name)(x.t(), 0).isnan().tolist() == [False, True, False]


def test_nothing_to_reduce():
    x = ctorch.empty(0, 3)
    assert x.sum(0).tolist() == [0, 0, 0]
    assert x.prod(0).tolist() == [1, 1, 1]
    assert x.mean(0).isnan().all()
    with pytest.raises(IndexError, match="amax"):
        x.amax(0)


def test_sums_without_nan_of_complex_numbers():
    x = np.array([1 + 2j, complex(np.nan, 1), complex(2, np.nan), 3 - 1j])
    assert ctorch.nansum(ctorch.from_numpy(x)).item() == np.nansum(x)
    real = ctorch.tensor([1.0, np.nan, 2.0], requires_grad=True)
    y = real.nansum(dtype=ctorch.complex128)
    y.real.backward()
    assert y.item() == 3 + 0j and real.grad.tolist() == [1.0, 0.0, 1.0]
    assert ctorch.zeros(0, 2).nansum(0, dtype=ctorch.complex64).tolist() == [0, 0]


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "amax", "nansum"])
def test_reductions_into_a_tensor_are_not_differentiated(name):
    x, fn = ctorch.ones(2, 2, requires_grad=True), getattr(ctorch, name)
    with pytest.raises(RuntimeError, match=rf"{name}\(\): functions with out=\.\.\. arguments don't support automatic"):
        fn(x, 0, out=ctorch.empty(2))
    with pytest.raises(RuntimeError, match=r"out=\.\.\. arguments"):
        fn(x.detach(), 0, out=ctorch.empty(2, requires_grad=True))
    with ctorch.no_grad():
        assert fn(x, 0, out=ctorch.empty(2)).tolist() == fn(x, 0).tolist()


@pytest.mark.parametrize("name", ["sum", "prod", "nansum"])
def test_whole_numbers_that_are_added_up_want_no_gradient(name):
    y = getattr(ctorch, name)(ctorch.ones(3, requires_grad=True), 0, dtype=ctorch.int64)
    assert y.dtype == ctorch.int64 and not y.requires_grad
