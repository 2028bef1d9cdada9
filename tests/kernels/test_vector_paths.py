"""Loops that are chosen by shape or by a number: short lines, one exponent, one base, three operands, next numbers."""
import numpy as np
import pytest

import ctorch

EDGES = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 2.5, -2.5, 1e-40, -1e-40, 3e38, -3e38]
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@pytest.mark.parametrize("n", [1, 2, 7, 8, 15, 16, 17, 31, 32, 47, 63, 64, 65, 100])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64", "int32", "uint8"])
def test_short_lines(n, dtype):
    rng = np.random.default_rng(n)
    whole = rng.integers(1, 4, (5, 70, 2 * n)).astype(dtype)
    for x in (whole[:, :, :n].copy(), whole[:, :, ::2], whole[:, :, :n], whole[:, ::3, n:], whole[:, :, :n].T.copy().T):
        t = ctorch.from_numpy(x)
        assert np.array_equal(t.sum(-1).numpy().astype(np.int64), x.astype(np.int64).sum(-1))
        assert np.array_equal(t.amax(-1).numpy(), x.max(-1))
        assert np.array_equal(t.amin(-1, keepdim=True).numpy()[..., 0], x.min(-1))
        assert np.array_equal(t.sum(0).numpy().astype(np.int64), x.astype(np.int64).sum(0))
        assert np.array_equal((t > 2).all(-1).numpy(), (x > 2).all(-1))
        got = t.cumsum(-1).numpy()
        assert np.array_equal(got.astype(np.int64), x.astype(np.int64).cumsum(-1))
    if whole.dtype.kind == "f":
        x = whole[:, :, :n].copy()
        x[3, 5, n // 2] = np.nan
        assert np.isnan(ctorch.from_numpy(x).amax(-1).numpy()).sum() == 1


def close(got, want, ulps):
    # of the sign of a zero, too
    with np.errstate(all="ignore"):
        same = (got == want) & (np.signbit(got) == np.signbit(want)) | np.isnan(got) & np.isnan(want)
        near = np.abs(got.astype(np.longdouble) - want) <= ulps * np.spacing(np.abs(want))
    assert np.all(same | near & np.isfinite(want)), (got[~(same | near)], want[~(same | near)])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("exponent", [2, 3, -1, -2, 0.5, -0.5, 2.25, -2.5, 4, 5, -3, 0, 1, 0.125, 101, np.inf, -np.inf,
                                      np.nan])
def test_one_exponent(dtype, exponent):
    rng = np.random.default_rng(0)
    x = np.concatenate([EDGES, rng.uniform(-9, 9, 300), np.exp(rng.uniform(-80, 80, 300))]).astype(dtype)
    got = ctorch.from_numpy(x).pow(exponent).numpy()
    wide = x.astype(np.longdouble)
    if abs(exponent) == 0.5:                  # the root, also of -0 and -inf
        want = np.sqrt(wide) if exponent > 0 else 1 / np.sqrt(wide)
    else:
        want = np.power(wide, np.full(x.shape, exponent, np.longdouble))
    close(got, want.astype(dtype), 2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("base", [2, 0.5, 10, 1, 0, -2, 1.0000001, 1e30, np.inf, np.nan])
def test_one_base(dtype, base):
    rng = np.random.default_rng(0)
    x = np.concatenate([EDGES, rng.uniform(-40, 40, 300), np.arange(-50, 50)]).astype(dtype)
    got = (base ** ctorch.from_numpy(x)).numpy()
    want = np.power(np.full(x.shape, dtype(base), np.longdouble), x.astype(np.longdouble)).astype(dtype)
    close(got, want, 2)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_three_operands(dtype):
    x = np.random.default_rng(0).integers(-9, 9, (40, 30)).astype(dtype)
    t, low = ctorch.from_numpy(x), x[::-1].copy()
    assert np.array_equal(t.clamp(-3, 4).numpy(), x.clip(-3, 4))
    assert np.array_equal(t.clamp(ctorch.from_numpy(low), ctorch.tensor(20)).numpy(), np.maximum(x, low))
    mask = ctorch.from_numpy(x > 2)
    assert np.array_equal(ctorch.where(mask, t, 7).numpy(), np.where(x > 2, x, 7))
    assert np.array_equal(ctorch.where(mask, 7, t).numpy(), np.where(x > 2, 7, x))
    assert np.array_equal(ctorch.addcmul(t, t, t, value=3).numpy(), x + 3 * x * x)
    if dtype != "int64":
        x[3, 3] = np.nan
        assert np.isnan(t.clamp(-3, 4).numpy()[3, 3]) and np.isnan(t.clamp(-3, np.nan).numpy()).all()
        assert np.allclose(ctorch.lerp(t, t + 2, 0.25).numpy(), x + 0.5, equal_nan=True)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_next_numbers(dtype):
    x, y = (a.ravel().copy() for a in np.meshgrid(np.array([*EDGES, np.finfo(dtype).max, 5e-324], dtype), EDGES))
    y = y.astype(dtype)
    got, want = ctorch.nextafter(ctorch.from_numpy(x), ctorch.from_numpy(y)).numpy(), np.nextafter(x, y)
    assert np.array_equal(got, want, equal_nan=True)
    known = ~np.isnan(want)
    assert np.array_equal(np.signbit(got)[known], np.signbit(want)[known])
