"""Fourier transforms against SciPy and PyTorch: sizes, scales, dimensions, strides, derivatives, errors."""
import numpy as np
import pytest
import scipy.fft
from hypothesis import given, settings
from hypothesis import strategies as st
from mirror import check

import ctorch
from ctorch.autograd import gradcheck, gradgradcheck

ONE = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
REAL_INPUT = {"rfft", "ihfft", "rfft2", "ihfft2", "rfftn", "ihfftn"}
TOLERANCE = {"float32": 2e-5, "complex64": 2e-5, "float64": 1e-12, "complex128": 1e-12}


@st.composite
def arrays(draw, real):
    """Up to three dimensions in any layout."""
    shape = draw(st.lists(st.integers(2, 7), min_size=1, max_size=3))
    kind = draw(st.sampled_from(["float32", "float64"] if real else ["float32", "float64", "complex64", "complex128"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = rng.standard_normal(shape) + (1j * rng.standard_normal(shape) if kind[0] == "c" else 0)
    x = np.asarray(x, kind)
    if draw(st.booleans()):
        x = x.T
    return x[::-1] if draw(st.booleans()) else x


def close(got, want, kind):
    assert got.numpy().dtype == want.dtype
    assert got.shape == want.shape
    np.testing.assert_allclose(got.numpy(), want, rtol=TOLERANCE[kind], atol=20 * TOLERANCE[kind])


@given(st.data(), st.sampled_from(ONE), st.sampled_from([None, "backward", "ortho", "forward"]))
@settings(max_examples=150)
def test_one_dimension_equals_scipys(data, name, norm):
    x = data.draw(arrays(name in REAL_INPUT))
    dim = data.draw(st.integers(-x.ndim, x.ndim - 1))
    n = data.draw(st.none() | st.integers(1, 9))
    if n is None and name in ("irfft", "hfft") and x.shape[dim] == 1:
        n = 3
    want = getattr(scipy.fft, name)(x, n, dim, norm)
    close(getattr(ctorch.fft, name)(ctorch.from_numpy(x), n, dim, norm), want, str(x.dtype))


@given(st.data(), st.sampled_from([f"{name}n" for name in ONE]), st.sampled_from([None, "ortho", "forward"]))
@settings(max_examples=150)
def test_several_dimensions_equal_scipys(data, name, norm):
    x = data.draw(arrays(name in REAL_INPUT))
    dims = data.draw(st.none() | st.permutations(range(x.ndim)).map(lambda p: p[: max(1, len(p) - 1)]))
    count = x.ndim if dims is None else len(dims)
    s = data.draw(st.none() | st.lists(st.integers(2, 8), min_size=count, max_size=count))
    want = getattr(scipy.fft, name)(x, s, dims, norm)
    close(getattr(ctorch.fft, name)(ctorch.from_numpy(x), s, dims, norm), want, str(x.dtype))


@pytest.mark.parametrize("name", [f"{name}2" for name in ONE])
def test_two_dimensions(name):
    x = np.random.default_rng(0).standard_normal((3, 4, 5)).astype(np.float32)
    close(getattr(ctorch.fft, name)(ctorch.from_numpy(x)), getattr(scipy.fft, name)(x), "float32")


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, 1e300, 5e-324, -0.0])
@pytest.mark.parametrize("name", ["fft", "rfft", "ihfft"])
def test_extreme_values(name, value):
    x = np.array([1.0, value, 2.0, 0.0])
    with np.errstate(all="ignore"):
        want = getattr(scipy.fft, name)(x)
    np.testing.assert_array_equal(getattr(ctorch.fft, name)(ctorch.from_numpy(x)).numpy(), want)


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "bool"])
def test_integers_become_the_default_dtype(dtype):
    check(lambda m: m.fft.fft(m.tensor([1, 0, 3, 1]).to(getattr(m, dtype))))
    check(lambda m: m.fft.rfft(m.tensor([1, 0, 3, 1]).to(getattr(m, dtype))))


@pytest.mark.parametrize("name", [*ONE, *[f"{name}2" for name in ONE], *[f"{name}n" for name in ONE]])
def test_gradients(name):
    rng = np.random.default_rng(1)
    x = rng.standard_normal((2, 3, 4))
    if name not in REAL_INPUT:
        x = x + 1j * rng.standard_normal((2, 3, 4))
    x = ctorch.from_numpy(x).requires_grad_()
    function = getattr(ctorch.fft, name)
    assert gradcheck(function, [x])
    assert gradgradcheck(function, [x])
    size = 5 if name in ONE else (5, 3) if name.endswith("2") else (2, 5, 3)
    for norm in ("ortho", "forward"):
        assert gradcheck(lambda t, norm=norm: function(t, size, norm=norm), [x])


@pytest.mark.parametrize("n", [4, 5])
def test_gradients_of_real_tensors(n):
    x = ctorch.from_numpy(np.random.default_rng(2).standard_normal((3, n))).requires_grad_()
    for name in ("fft", "ifft", "fft2", "irfft", "hfft"):
        assert gradcheck(getattr(ctorch.fft, name), [x])
        assert gradgradcheck(getattr(ctorch.fft, name), [x])


def test_empty_batches_and_out():
    assert ctorch.fft.fft(ctorch.empty(0, 4)).shape == (0, 4)
    assert ctorch.fft.rfft(ctorch.empty(0, 4)).shape == (0, 3)
    assert ctorch.fft.irfft(ctorch.empty(0, 3, dtype=ctorch.complex64)).shape == (0, 4)
    out = ctorch.empty(0, dtype=ctorch.complex64)
    assert ctorch.fft.fft(ctorch.ones(4), out=out) is out
    assert out.tolist() == [4, 0, 0, 0]


@pytest.mark.parametrize("n", [0, 1, 2, 5, 8])
@pytest.mark.parametrize("name", ["fftfreq", "rfftfreq"])
def test_frequencies(name, n):
    if n:
        check(lambda m: getattr(m.fft, name)(n, 0.5), rtol=1e-7, atol=0)
        check(lambda m: getattr(m.fft, name)(n, dtype=m.float64, requires_grad=True), rtol=1e-15, atol=0)


@pytest.mark.parametrize("dim", [None, 0, -1, (0, 1)])
@pytest.mark.parametrize("name", ["fftshift", "ifftshift"])
def test_shifts(name, dim):
    check(lambda m: getattr(m.fft, name)(m.arange(15).reshape(3, 5), dim))
    check(lambda m: getattr(m.fft, name)(m.arange(8).reshape(2, 4), dim))


@pytest.mark.parametrize("act", [
    lambda m: m.fft.fft(m.ones(3), norm="none"),
    lambda m: m.fft.fft(m.ones(3), n=0),
    lambda m: m.fft.fft(m.ones(3), n=-2),
    lambda m: m.fft.fft(m.ones(3), dim=1),
    lambda m: m.fft.fft(m.ones(())),
    lambda m: m.fft.fftn(m.ones(3, 3), dim=(0, 0)),
    lambda m: m.fft.fftn(m.ones(3, 3), s=(1, 2, 3)),
    lambda m: m.fft.fftn(m.ones(3, 3), s=(1, 2), dim=(0,)),
    lambda m: m.fft.rfft(m.ones(3, dtype=m.complex64)),
    lambda m: m.fft.ihfftn(m.ones(3, dtype=m.complex64)),
    lambda m: m.fft.fft(m.ones(3, dtype=m.float16)),
    lambda m: m.fft.fft(m.ones(3, dtype=m.bfloat16)),
    lambda m: m.fft.irfft(m.ones(1)),
    lambda m: m.fft.fft(m.ones(0)),
])
def test_errors(act):
    check(act)


def test_results_do_not_depend_on_the_number_of_threads():
    x = ctorch.arange(2.0**16).reshape(64, 1024).sin()
    threads = ctorch.get_num_threads()
    found = []
    for count in (1, 2):
        ctorch.set_num_threads(count)
        found.append(ctorch.fft.fft2(x))
    ctorch.set_num_threads(threads)
    assert ctorch.equal(*found)


@pytest.mark.parametrize("dim", [(1, 1), (1, -2), (1, ctorch.tensor(1))], ids=["same", "from the end", "tensor"])
def test_a_dimension_is_transformed_once(dim):
    for transform in (ctorch.fft.fftn, ctorch.fft.irfft2, ctorch.fft.rfftn):
        with pytest.raises(RuntimeError, match="FFT dims must be unique"):
            transform(ctorch.ones(5, 6, 7), s=(3, 10), dim=dim)
