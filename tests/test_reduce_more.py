"""Variances, logsumexp, extrema with places, covariances: against PyTorch and NumPy, with their derivatives."""
import math
import warnings

import mirror
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ctorch
from ctorch.autograd import gradcheck, gradgradcheck

SHAPES = [(), (1,), (7,), (300,), (5, 300), (300, 5), (3, 40, 33), (40, 3, 33), (2, 1, 70), (3, 0, 2), (20000,)]


@st.composite
def layouts(draw, dtypes=("float32", "float64")):
    """A float array in any layout, with a choice of dimensions."""
    shape = draw(st.sampled_from(SHAPES))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = np.asarray(rng.standard_normal(shape) + 3, draw(st.sampled_from(dtypes)))
    if draw(st.booleans()):
        x = x.T
    if x.ndim and draw(st.booleans()):
        x = x[::draw(st.sampled_from([2, -1]))]
    dims = draw(st.sampled_from([None, *range(-x.ndim, x.ndim), *[(a, b) for a in range(x.ndim) for b in range(a)]]))
    return x, dims


@given(layouts(), st.sampled_from(["var", "std"]), st.sampled_from([0, 1, 2, 0.5]), st.booleans())
def test_variances(case, name, correction, keep):
    x, dims = case
    t = ctorch.from_numpy(x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        got = getattr(ctorch, name)(t, dims, correction=correction, keepdim=keep)
        pair = getattr(ctorch, name + "_mean")(t, dims, correction=correction, keepdim=keep)
        wide = x.astype(np.float64)
        mean = wide.mean(dims, keepdims=True)
        total = ((wide - mean) ** 2).sum(dims, keepdims=keep)
        count = x.size // max(1, total.size) if x.size else 0
        with np.errstate(all="ignore"):
            want = total / np.float64(max(0, count - correction))
    if x.size == 0:
        assert got.isnan().all()
        return
    want = np.sqrt(want) if name == "std" else want
    tolerance = 1e-5 if x.dtype == np.float32 else 1e-12
    np.testing.assert_allclose(got.numpy(), want, rtol=tolerance)
    np.testing.assert_array_equal(pair[0].numpy(), got.numpy())
    np.testing.assert_allclose(pair[1].numpy(), mean.reshape(want.shape), rtol=tolerance)


def test_variances_far_from_zero_keep_their_digits():
    x = np.random.default_rng(0).standard_normal(100_000) + 1e6
    assert ctorch.from_numpy(x).var().item() == pytest.approx(x.var(ddof=1), rel=1e-10)
    assert ctorch.from_numpy(x.reshape(1000, 100)).var(0).tolist() == pytest.approx(
        x.reshape(1000, 100).var(0, ddof=1).tolist(), rel=1e-10)


@pytest.mark.parametrize("dim", [0, 1])
@pytest.mark.parametrize("n", [3, 40])
def test_variances_that_are_too_large_are_infinite(dim, n):
    x = ctorch.full((n, n), 0.5, dtype=ctorch.float64)
    x[1, 1] = 1e300
    spread = x.var(dim)
    assert spread[1] == float("inf") and spread[0] == 0


@pytest.mark.parametrize("dim", [None, 0, 1, (0, 1)])
def test_too_few_elements_warn(dim):
    mirror.check(lambda m: (m.ones(1, 1).var(dim), m.ones(1, 1).std(dim, correction=2)))


@given(layouts(), st.booleans())
def test_logsumexp(case, keep):
    x, dims = case
    if dims is None:
        dims = tuple(range(x.ndim))
    wide = x.astype(np.float64)
    with np.errstate(divide="ignore"):
        want = np.log(np.exp(wide).sum(dims, keepdims=keep))
    got = ctorch.logsumexp(ctorch.from_numpy(x), dims, keep).numpy()
    np.testing.assert_allclose(got, want, rtol=2e-6 if x.dtype == np.float32 else 1e-13)


@pytest.mark.parametrize("values", [[-math.inf, -math.inf], [math.inf, 1.0], [-math.inf, 0.0, -1000.0],
                                    [math.nan, math.inf], [-1000.0, -1001.0], [-math.inf] * 5000 + [-700.0]])
def test_logsumexp_of_extremes(values):
    mirror.check(lambda m: m.logsumexp(m.tensor(values), 0))
    mirror.check(lambda m: m.logsumexp(m.tensor(values).unsqueeze(1).expand(-1, 20), 0))


@given(layouts(("float16", "float32", "float64", "int8", "int16", "int32", "int64")), st.sampled_from(["max", "min"]),
       st.sampled_from([0.0, 0.02]))
def test_places_of_extrema(case, name, share):
    x, dim = case
    if not isinstance(dim, int) or x.size == 0:
        dim, x = 0, np.arange(7.0)
    x = np.round(x).copy()           # many ties: the first counts
    if x.dtype.kind == "f":
        x[np.random.default_rng(1).random(x.shape) < share] = np.nan
    t = ctorch.from_numpy(x)
    values, places = getattr(ctorch, name)(t, dim)
    np.testing.assert_array_equal(places.numpy(), getattr(np, "arg" + name)(x, dim))
    np.testing.assert_array_equal(values.numpy(), getattr(np, name)(x, dim))
    np.testing.assert_array_equal(getattr(ctorch, "arg" + name)(t, dim, True).numpy(),
                                  getattr(np, "arg" + name)(x, dim, keepdims=True))


def test_extrema_with_out():
    x = ctorch.tensor([[1.0, 5.0], [7.0, 2.0]])
    values, places = ctorch.empty(0), ctorch.empty(0, dtype=ctorch.int64)
    result = ctorch.max(x, 1, out=(values, places))
    assert values.tolist() == [5, 7]
    assert places.tolist() == [1, 0]
    assert result.values is values


def test_nanmean_leaves_nan_out():
    mirror.check(lambda m: [m.nanmean(m.tensor([[1.0, math.nan], [3.0, 4.0]]), d) for d in (None, 0, 1)])


@pytest.mark.parametrize("options", [{}, {"correction": 0}, {"fweights": [1, 2, 3]}, {"aweights": [0.5, 1.0, 2.0]},
                                     {"fweights": [1, 2, 3], "aweights": [0.5, 1.0, 2.0]}])
def test_cov(options):
    x = [[0.0, 1.0, 2.5], [3.0, -1.0, 0.0]]
    mirror.check(lambda m: m.cov(m.tensor(x), **{k: v if k == "correction" else m.tensor(v)
                                                 for k, v in options.items()}))
    mirror.check(lambda m: m.corrcoef(m.tensor(x)))


@pytest.mark.parametrize("options", [{"fweights": [1.0, 2.0, 3.0]}, {"aweights": [1, 2, 3]}, {"fweights": [1, -2, 3]},
                                     {"fweights": [1, 2]}])
def test_weights_of_cov_are_checked(options):
    mirror.check(lambda m: m.cov(m.ones(2, 3), **{k: m.tensor(v) for k, v in options.items()}))


def sample(*shape):
    rng = np.random.default_rng(3)
    return ctorch.tensor(rng.standard_normal(shape), requires_grad=True)


@pytest.mark.parametrize("function", [
    lambda x: x.var(), lambda x: x.var(0), lambda x: x.std((0, 2), correction=0), lambda x: ctorch.std_mean(x, 1),
    lambda x: ctorch.var_mean(x, (1, 2), keepdim=True), lambda x: x.logsumexp(1), lambda x: x.logsumexp((0, 2), True),
    lambda x: ctorch.cov(x[0]), lambda x: ctorch.corrcoef(x[0]), lambda x: x.nanmean(1), lambda x: x.max(1).values,
    lambda x: ctorch.norm(x, 3), lambda x: x.amax((0, 1))])
def test_derivatives(function):
    assert gradcheck(function, sample(2, 3, 4))
    assert gradgradcheck(function, sample(2, 3, 4))


def test_no_direction_is_better_where_all_are_equal():
    x = ctorch.ones(3, requires_grad=True)
    x.std().backward()
    assert x.grad.tolist() == [0, 0, 0]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "int16", "bool"])
@pytest.mark.parametrize(
    "shape, to",
    [((4, 1), (4, 5000)), ((1, 3), (9000, 3)), ((2, 1, 70), (2, 900, 70)), ((1, 1), (7, 700)), ((3, 1, 2), (3, 40, 2))],
)
def test_repeated_elements(shape, to, dtype):
    few = ctorch.randn(shape, generator=ctorch.Generator().manual_seed(1)).mul(9).to(getattr(ctorch, dtype))
    x = few.expand(to)
    whole, exact = x.contiguous(), dtype in ("int16", "bool")
    near = {"rtol": 1e-5, "atol": 1e-2} if dtype == "float32" else {}      # of large numbers that cancel
    for dim in (None, *range(len(to)), tuple(range(len(to) - 1)), tuple(range(1, len(to)))):
        where = {} if dim is None else {"dim": dim}
        for fn in (ctorch.amax, ctorch.amin, ctorch.all, ctorch.any, ctorch.count_nonzero):
            assert ctorch.equal(fn(x, **where), fn(whole, **where))
        for fn in (ctorch.sum, ctorch.nansum, ctorch.mean, ctorch.linalg.vector_norm)[:2 if exact else 4]:
            ctorch.testing.assert_close(fn(x, **where), fn(whole, **where), **near)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "complex64", "bfloat16"])
@pytest.mark.parametrize("shape", [(3, 8, 16), (50, 40, 50), (2, 300, 17), (90, 9, 700), (4, 3, 8, 20), (5, 400, 33)])
def test_lines_of_one_result_after_the_other(shape, dtype):
    whole = dtype == "int32"
    x = np.random.default_rng(3).integers(-9, 9, (*shape[:-1], 2 * shape[-1]))
    x = x if whole else x + 0.5
    for way in (1, -1):
        t = ctorch.from_numpy(x[::way].copy()).to(getattr(ctorch, dtype))
        for cut in (t[..., :shape[-1]], t[:, 1:, shape[-1]:], t[..., :shape[-1]].contiguous(), t.flip(0)[..., ::2]):
            there = cut.to(ctorch.complex128 if cut.is_complex() else ctorch.float64).numpy()
            for dim in ((0, len(shape) - 1), (1, len(shape) - 1)):
                ctorch.testing.assert_close(cut.sum(dim).to(ctorch.complex128), ctorch.tensor(there.sum(dim) + 0j),
                                            rtol=1e-2 if dtype == "bfloat16" else 1e-5, atol=1e-3)
                if not cut.is_complex():
                    assert ctorch.equal(cut.amax(dim).double(), ctorch.tensor(there.max(dim)))
