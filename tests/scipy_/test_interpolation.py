"""Interpolation against NumPy and SciPy alone, and finite differences."""
import numpy as np
import pytest
from scipy import interpolate as scipy_interpolate

import ctorch
from ctorch.autograd import gradcheck, gradgradcheck
from ctorch.scipy.interpolate import CubicSpline, interp

WAYS = [{}, {"left": -1.0, "right": 7.0}, {"period": 2.5}, {"period": -0.7}]
ENDS = ["not-a-knot", "natural", "clamped", "periodic"]


def leaf(values):
    return ctorch.tensor(values, requires_grad=True)


@pytest.mark.parametrize("ways", WAYS)
@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("complex_values", [False, True])
def test_interp(count, ways, complex_values):
    random = np.random.default_rng(count)
    xp, fp, x = np.sort(random.random(count) * 3), random.normal(size=count), random.random((3, 4)) * 5 - 1
    fp = fp * np.exp(1j * random.random(count)) if complex_values else fp
    given = [leaf(v) for v in (x, xp, fp)]
    assert gradcheck(lambda *a: interp(*a, **ways), given) and gradgradcheck(lambda *a: interp(*a, **ways), given)
    x[0, 0], x[1, 1], x[2, 2] = xp[0], xp[-1], np.nan
    expected = np.interp(x, xp, fp, **ways)
    np.testing.assert_allclose(interp(x, xp, fp, **ways).numpy(), expected, rtol=1e-11, atol=1e-12)
    if "period" not in ways:
        ends = interp(ctorch.tensor([np.inf, -np.inf, 1e300]), xp, fp, **ways)
        np.testing.assert_allclose(ends.numpy(), np.interp([np.inf, -np.inf, 1e300], xp, fp, **ways))


def test_limits_have_derivatives():
    left, right = leaf(2.0), leaf(3.0)
    points = ctorch.tensor([0.0, 1.0])
    y = interp(ctorch.tensor([-1.0, 0.5, 9.0, np.inf]), points, points, left, right)
    y.sum().backward()
    assert (left.grad, right.grad) == (1, 2)


def test_far_away_leaves_gradients_finite():
    given = [leaf(np.array(v)) for v in ([np.inf, 0.5, -np.inf], [0.0, 1.0], [2.0, 4.0])]
    interp(*given).sum().backward()
    assert [g.grad.tolist() for g in given] == [[0, 2, 0], [-1, -1], [1.5, 1.5]]


def test_dtypes_of_interp():
    assert interp(ctorch.tensor([0.5]), [0.0, 1.0], [0, 1]).dtype == ctorch.float32
    assert interp(ctorch.tensor([0.5], dtype=ctorch.float64), [0.0, 1.0], [0, 1]).dtype == ctorch.float64
    assert interp(0.5, [0.0, 1.0], ctorch.tensor([0, 1j])).dtype == ctorch.complex64


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize("count", [2, 3, 4, 7])
def test_cubic_spline(count, ends):
    random = np.random.default_rng(count)
    x, y, wanted = np.cumsum(random.random(count) + 0.1), random.normal(size=(count, 2)), random.random((2, 3)) * 5 - 1
    if ends == "periodic":
        y[-1] = y[0]
    for order in range(4):
        for beyond in (True, False):
            theirs = scipy_interpolate.CubicSpline(x, y, bc_type=ends,
                                                   extrapolate=(ends == "periodic" and "periodic") or True if beyond
                                                   else False)
            ours = CubicSpline(x, y, ends, beyond)(wanted, order)
            np.testing.assert_allclose(ours.numpy(), theirs(wanted, order), rtol=1e-9, atol=1e-9)

    def f(x, y, wanted):
        y = ctorch.cat([y[:-1], y[:1]]) if ends == "periodic" else y
        return CubicSpline(x, y, ends)(wanted)

    given = [leaf(v) for v in (x, y, wanted)]
    assert gradcheck(f, given) and gradgradcheck(f, given)


def test_complex_spline():
    x, y = np.arange(5.0), np.exp(1j * np.arange(5.0))
    ours = CubicSpline(x, y)(ctorch.tensor([0.3, 2.7]))
    np.testing.assert_allclose(ours.numpy(), scipy_interpolate.CubicSpline(x, y)([0.3, 2.7]), rtol=1e-6)
    assert ours.dtype == ctorch.complex128


def test_messages():
    with pytest.raises(ValueError, match=r"interp: xp must have one dimension .* got shape \(1, 2\)"):
        interp(0.5, [[0, 1]], [0, 1])
    with pytest.raises(ValueError, match=r"interp: fp must have the shape \(2,\) of xp, got \(3,\)"):
        interp(0.5, [0, 1], [0, 1, 2])
    with pytest.raises(ValueError, match="interp: period must be a non-zero value"):
        interp(0.5, [0, 1], [0, 1], period=0)
    with pytest.raises(TypeError, match=r"interp: x must be real, got .*complex"):
        interp(0.5j, [0, 1], [0, 1])
    with pytest.raises(ValueError, match="CubicSpline: x must be two points or more in rising order, got 3 points"):
        CubicSpline([0, 0, 1], [1, 2, 3])
    with pytest.raises(ValueError, match=r"CubicSpline: y must have 2 values .* got shape \(3,\)"):
        CubicSpline([0, 1], [1, 2, 3])
    with pytest.raises(ValueError, match=r"CubicSpline: bc_type must be .* got 'free'"):
        CubicSpline([0, 1], [1, 2], "free")
    with pytest.raises(ValueError, match="the first and the last value must be the same"):
        CubicSpline([0, 1], [1, 2], "periodic")
    with pytest.raises(ValueError, match="CubicSpline: nu must be 0, 1, 2 or 3, got 4"):
        CubicSpline([0, 1], [1, 2])(0.5, 4)
