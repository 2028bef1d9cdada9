"""Running sums, products and extrema against NumPy, and PyTorch through the mirror."""
import mirror
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ctorch


@settings(max_examples=80)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=4), st.integers(0, 3), st.integers(0, 1000),
       st.sampled_from(["float32", "float64", "int64", "int8", "bool", "complex128"]), st.booleans())
def test_any_shape(shape, dim, seed, dtype, flipped):
    rng = np.random.default_rng(seed)
    x = (rng.integers(-2, 3, shape) * (1 + 0.5j if dtype == "complex128" else 1)).astype(dtype)
    t = ctorch.from_numpy(x.copy())
    if flipped:
        x, t = x.T, t.permute(*reversed(range(len(shape))))
    dim %= x.ndim
    wide = np.int64 if x.dtype.kind in "bi" else x.dtype
    np.testing.assert_allclose(t.cumsum(dim).numpy(), x.cumsum(dim, dtype=wide), rtol=1e-6)
    np.testing.assert_allclose(t.cumprod(dim).numpy(), x.cumprod(dim, dtype=wide), rtol=1e-6)
    if dtype == "complex128":
        return
    values, places = t.cummax(dim)
    np.testing.assert_array_equal(values.numpy(), np.maximum.accumulate(x, dim) if x.size else x)
    np.testing.assert_array_equal(np.take_along_axis(x, places.numpy(), dim), values.numpy())
    np.testing.assert_array_equal(t.cummin(dim)[0].numpy(), np.minimum.accumulate(x, dim) if x.size else x)
    if dtype.startswith("float"):
        np.testing.assert_allclose(t.logcumsumexp(dim).numpy(), np.logaddexp.accumulate(x, dim) if x.size else x,
                                   rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("n", [65535, 65536, 65537, 300001])
def test_long_rows_do_not_depend_on_threads(n):
    x = np.random.default_rng(0).standard_normal(n).astype("float32")
    before, found = ctorch.get_num_threads(), []
    for threads in (1, 4):
        ctorch.set_num_threads(threads)
        found.append(ctorch.from_numpy(x).cumsum(0).numpy())
        whole = ctorch.from_numpy(np.arange(n)).cumsum(0).numpy()
        np.testing.assert_array_equal(whole, np.arange(n).cumsum())
    ctorch.set_num_threads(before)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_allclose(found[0], x.astype("float64").cumsum(), rtol=1e-5, atol=1e-4)


INF, NAN = float("inf"), float("nan")
INPUTS = {"plain": [[3.0, 1, 2, 2, -0.0], [1, 1, 5, 4, 3], [1, 1, 5, 4, 3]],
          "nan": [[3.0, NAN, 5, INF], [-INF, -INF, 1, INF]], "number": 2.0, "empty": [], "hollow": [[], []]}
CALLS = {
    "cumsum": lambda m, x: m.cumsum(x, -1), "cumprod": lambda m, x: x.cumprod(0),
    "cummax": lambda m, x: m.cummax(x, -1),
    "cummin": lambda m, x: x.cummin(0), "logcumsumexp": lambda m, x: m.logcumsumexp(x, -1),
    "logcumsumexp_0": lambda m, x: m.logcumsumexp(x, 0), "cumsum_int": lambda m, x: m.cumsum(x, 0, dtype=m.int16),
    "cumsum_": lambda m, x: x.clone().cumsum_(0), "cumprod_": lambda m, x: x.clone().cumprod_(-1),
    "diff": lambda m, x: m.diff(x), "diff_2": lambda m, x: x.diff(2, 0), "trapezoid": lambda m, x: m.trapezoid(x, dx=2),
    "trapz": lambda m, x: m.trapz(x, m.arange(x.shape[-1] if x.dim() else 1)),
    "cumulative_trapezoid": lambda m, x: m.cumulative_trapezoid(x), "gradient": lambda m, x: m.gradient(x),
    "gradient_2": lambda m, x: m.gradient(x, spacing=2.0, edge_order=2, dim=-1),
    "out": lambda m, x: m.cumsum(x, 0, out=m.empty(0, dtype=x.dtype)),
}


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64"])
@pytest.mark.parametrize("given_", INPUTS)
@pytest.mark.parametrize("call", CALLS)
def test_as_pytorch(call, given_, dtype):
    small = given_ in ("empty", "hollow", "number") and call.startswith("gradient")
    if small or (given_ == "nan" and dtype == "int64"):
        given_ = "plain"
    tolerance = 2e-3 if dtype == "float16" else 1e-5
    mirror.check(lambda m: CALLS[call](m, m.tensor(INPUTS[given_], dtype=getattr(m, dtype))), rtol=tolerance,
                 atol=tolerance, warn=False)


def test_prepend_and_append():
    mirror.check(lambda m: m.diff(m.tensor([1, 4, 9]), prepend=m.tensor([0]), append=m.tensor([16, 25])))
    mirror.check(lambda m: m.tensor([True, False, True]).diff())
    mirror.check(lambda m: m.tensor([1, 2]).diff(-1), message=True)


def test_uneven_spacing():
    mirror.check(lambda m: m.gradient(m.tensor([1.0, 2, 4, 8]), spacing=(m.tensor([0.0, 1, 3, 4]),)))
    mirror.check(lambda m: m.gradient(m.tensor([1.0, 2, 4, 8]), spacing=(m.tensor([0.0, 1, 3, 4]),), edge_order=2))
    mirror.check(lambda m: m.gradient(m.tensor([1.0])), message=True)
    mirror.check(lambda m: m.gradient(m.tensor([1.0, 2]), edge_order=3), message=True)


def sample(zeros=False):
    x = ctorch.tensor([[0.3, -1.2, 2.5], [1.7, 0.1, -0.4], [5.0, -2.0, 0.6]], dtype=ctorch.float64)
    if zeros:
        x[1, 0] = x[0, 2] = x[2, 2] = 0
    return x.requires_grad_()


DERIVATIVES = {
    "cumsum": lambda x: x.cumsum(0), "cumprod": lambda x: x.cumprod(1), "cummax": lambda x: x.cummax(0)[0],
    "cummin": lambda x: x.cummin(1)[0], "logcumsumexp": lambda x: x.logcumsumexp(0), "diff": lambda x: x.diff(2, 0),
    "gradient": lambda x: ctorch.gradient(x, edge_order=2), "trapezoid": lambda x: ctorch.trapezoid(x, dx=2),
    "trapezoid_x": lambda x: ctorch.trapezoid(x, ctorch.tensor([0.0, 2, 3])),
    "cumulative": lambda x: ctorch.cumulative_trapezoid(x, dim=0), "cumsum_": lambda x: x.clone().cumsum_(1),
}


@pytest.mark.parametrize("name", DERIVATIVES)
def test_derivatives(name):
    assert ctorch.autograd.gradcheck(DERIVATIVES[name], (sample(),))
    assert ctorch.autograd.gradgradcheck(DERIVATIVES[name], (sample(),))


@pytest.mark.parametrize("dim", [0, 1])
def test_cumprod_at_zeros(dim):
    assert ctorch.autograd.gradcheck(lambda x: x.cumprod(dim), (sample(True),))
    assert ctorch.autograd.gradgradcheck(lambda x: x.cumprod(dim), (sample(True),))


def test_complex_log_sums_at_the_edges():
    inf = float("inf")
    x = ctorch.tensor([complex(-inf, 0), 1 + 2j, 800 + 1j, -5 + 3j], dtype=ctorch.complex128)
    y = x.logcumsumexp(0)
    assert y.tolist() == [complex(-inf, 0), 1 + 2j, 800 + 1j, 800 + 1j]
    assert y.shape == x.shape and x.to(ctorch.complex64).logcumsumexp(0).tolist()[1:] == [1 + 2j, 800 + 1j, 800 + 1j]
    assert x[:0].logcumsumexp(0).shape == (0,)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "complex64", "complex128", "float16"])
@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 47, 64])
@pytest.mark.parametrize("columns", [2, 4, 5, 31, 64, 65, 300, 1500])
def test_columns_that_are_dense(columns, n, dtype):
    # the transpose of rows, with a gap between them, is read as it lies
    rng = np.random.default_rng(n * columns)
    t = ctorch.from_numpy(rng.integers(1, 3, (columns, n + 3)).astype(dtype))[:, 1:n + 1].t()
    x = t.numpy()
    assert np.array_equal(t.cumsum(0).numpy(), np.cumsum(x, 0, dtype=x.dtype))
    assert np.allclose((t / 2).to(t.dtype).cumprod(0).numpy(), np.cumprod((x / 2).astype(x.dtype), 0, dtype=x.dtype))
    if t.is_floating_point():
        y = ctorch.zeros(n, columns, dtype=t.dtype, requires_grad=True)
        y.cumsum(0).backward(t)
        assert np.array_equal(y.grad.numpy(), np.cumsum(x[::-1], 0, dtype=x.dtype)[::-1])
