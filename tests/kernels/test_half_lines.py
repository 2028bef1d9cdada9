"""Kernels that read halves as they are: arithmetic of two, sigmoid and silu, cheap functions, sums of lines."""
import operator

import numpy as np
import pytest

import ctorch

HALVES = [ctorch.float16, ctorch.bfloat16]
EDGES = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 65504.0, -65504.0, 6e-8, -6e-8, 6e-5, 3e38, 1e-40, 0.333]
OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv]
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def drawn(dtype, *shape, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(shape) * np.exp(rng.uniform(-12, 8, shape))
    values.flat[: len(EDGES)] = EDGES[: values.size]
    return ctorch.tensor(rng.permutation(values.ravel()).reshape(shape).astype("float32")).to(dtype)


def same(got, want):
    """Of the sign of a zero, too; `want` in float32."""
    x, y = got.float().numpy(), want.to(got.dtype).float().numpy()
    assert np.array_equal(np.isnan(x), np.isnan(y))
    there = ~np.isnan(x)
    assert np.array_equal(x[there].view("int32"), y[there].view("int32"))


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("n", [1, 5, 15, 16, 17, 511, 512, 513, 40_000])
def test_pairs(dtype, n):
    x, y = drawn(dtype, n), drawn(dtype, n, seed=1)
    for act in OPERATORS:
        want = act(x.float(), y.float())
        same(act(x, y), want)
        same(act(x, y[n // 2]), act(x.float(), y[n // 2].float()))
        same(act(x[n // 2], y), act(x[n // 2].float(), y.float()))
        z = x.clone()
        z = {"add": z.add_, "sub": z.sub_, "mul": z.mul_, "truediv": z.div_}[act.__name__](y)
        same(z, want)


@pytest.mark.parametrize("dtype", HALVES)
def test_pairs_in_other_layouts(dtype):
    x, y = drawn(dtype, 90, 130), drawn(dtype, 90, 130, seed=1)
    for a, b in ((x.t(), y.t()), (x[:, ::2], y[:, 1::2]), (x, y[:1]), (x[:, :1], y), (x[:1], y[:, :1]), (x.flip(1), y),
                 (x.t().contiguous().t(), y), (x[:, :5], y[:, 5:10]), (x, y[3, 4])):
        for act in OPERATORS:
            same(act(a, b), act(a.float(), b.float()))


@pytest.mark.parametrize("dtype", HALVES)
def test_numbers_are_not_rounded_first(dtype):
    x = drawn(dtype, 300)
    for number in (0.1, 1 / 3, 1e-6, 2049.0):
        wide = ctorch.tensor(number)
        for act in OPERATORS:
            same(act(x, number), act(x.float(), wide))
            same(act(x, wide), act(x.float(), wide))
            same(act(number, x), act(wide, x.float()))


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("n", [1, 15, 16, 33, 5000])
@pytest.mark.parametrize("name", ["reciprocal", "square", "floor", "ceil", "trunc"])
def test_cheap_functions(name, dtype, n):
    x, function = drawn(dtype, n), getattr(ctorch, name)
    want = function(x.float())
    same(function(x), want)
    same(function(x.clone(), out=x), want)


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("n", [1, 15, 16, 33, 5000])
def test_sigmoid_and_silu(dtype, n):
    x = drawn(dtype, n)
    wide = x.double().numpy()
    sigmoid = 1 / (1 + np.exp(-wide))
    bits = 2.0 ** (-11 if dtype == ctorch.float16 else -8)
    for got, want in ((ctorch.sigmoid(x), sigmoid), (ctorch.nn.functional.silu(x), wide * sigmoid)):
        got = got.double().numpy()
        assert np.array_equal(np.isnan(got), np.isnan(want))
        there = np.isfinite(want)
        assert (np.abs(got - want)[there] <= (1.01 * bits * np.abs(want) + 6.1e-8)[there]).all()
        assert np.array_equal(got[np.isinf(want)], want[np.isinf(want)])


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("n", [1, 7, 16, 63, 64, 65, 1000, 4095, 4097, 70_001])
def test_sums_of_lines(dtype, n):
    rng = np.random.default_rng(n)
    x = ctorch.tensor(rng.uniform(-1, 3, (9, n)).astype("float32")).to(dtype)
    wide, bits = x.double().numpy(), 2.0 ** (-11 if dtype == ctorch.float16 else -8)
    for got, want in ((x.sum(-1), wide.sum(-1)), (x.mean(-1), wide.mean(-1)), (x.sum(), wide.sum()),
                      (x.flip(0).sum(-1), wide[::-1].sum(-1)), (x[:, ::2].sum(-1), wide[:, ::2].sum(-1)),
                      (x[2:5].mean((0, 1)), wide[2:5].mean())):
        assert got.dtype == dtype
        got = got.double().numpy()
        limit = 1.01 * bits * np.abs(want) + 1e-5 * n**0.5 * 2
        with np.errstate(over="ignore"):
            beyond = dtype == ctorch.float16 and np.abs(want) > 65519
        assert (np.where(beyond, np.isinf(got), np.abs(got - want) <= limit)).all()


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("place", [0, 40, 4999])
def test_what_is_not_finite_in_sums(dtype, place):
    x = ctorch.ones(3, 5000, dtype=dtype)
    x[0, place], x[1, place] = float("inf"), float("nan")
    assert np.array_equal(x.sum(1).float().numpy(), [np.inf, np.nan, 5000.0 if dtype == ctorch.float16 else 4992.0],
                          equal_nan=True)


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("shape", [(1, 5), (3, 17), (130, 33), (131, 1030), (257, 400), (2, 9, 40)])
def test_sums_of_rows(dtype, shape):
    t = ctorch.tensor(np.random.default_rng(0).uniform(-1, 3, shape)).to(dtype)
    x = t.double().numpy()
    for dim in (0, tuple(range(len(shape) - 1))):
        got, scale = t.sum(dim).double().numpy(), np.abs(x).sum(dim)
        assert (np.abs(got - x.sum(dim)) <= scale * (2 ** -8 if dtype == ctorch.bfloat16 else 2 ** -11)).all()
    t[(-1,) * t.ndim] = float("inf")
    sums = t.sum(0)
    assert sums.isinf().sum() == 1 and sums.flatten()[-1] == float("inf")
