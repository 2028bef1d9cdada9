"""Minima against SciPy alone, closed forms and finite differences; bounds and constraints that hold x back."""
import numpy as np
import pytest
from scipy import optimize

import ctorch
from ctorch.autograd import grad, gradcheck, gradgradcheck
from ctorch.scipy.optimize import minimize

F64 = ctorch.float64
DERIVATIVES = ["CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP", "Newton-CG", "trust-ncg", "trust-krylov", "trust-exact",
               "dogleg", "trust-constr"]


def leaf(values, dtype=F64):
    return ctorch.tensor(values, dtype=dtype, requires_grad=True)


def bowl(x, a):
    return ((x - a) ** 4).sum() + (x ** 2 * a).sum() + 0.5 * x.prod()


def solved(a, **options):
    return minimize(bowl, ctorch.ones(2, dtype=F64), args=(a,), **options).x


@pytest.mark.parametrize("method", [*DERIVATIVES, "Nelder-Mead", "Powell", "COBYLA", "COBYQA"])
def test_minimum_of_every_method(method):
    a = leaf([1.0, 2.0])
    found = minimize(bowl, ctorch.ones(2, dtype=F64), args=(a,), method=method, tol=1e-6)
    alone = optimize.minimize(lambda x: ((x - [1, 2]) ** 4).sum() + (x ** 2 * [1, 2]).sum() + 0.5 * x.prod(),
                              np.ones(2), method="BFGS", tol=1e-10)
    np.testing.assert_allclose(found.x.detach().numpy(), alone.x, atol=2e-3)
    assert found.fun == pytest.approx(alone.fun, abs=1e-5)
    (first,) = grad(found.x.sum(), a)
    exact = grad(solved(a, method="trust-exact", tol=1e-9).sum(), a)[0]
    np.testing.assert_allclose(first.numpy(), exact.numpy(), atol=5e-3)


@pytest.mark.parametrize("method", ["BFGS", "trust-exact", "Newton-CG"])
def test_derivatives_twice(method):
    a = leaf([1.0, 2.0])

    def f(a):
        return solved(a, method=method, tol=1e-8)

    assert gradcheck(f, (a,), eps=1e-4, atol=1e-4) and gradgradcheck(f, (a,), eps=1e-4, atol=1e-4)


def test_exact_derivatives_are_given():
    a = leaf([1.0, 2.0])
    found = minimize(bowl, ctorch.ones(2, dtype=F64), args=(a,), method="BFGS")
    assert found.nfev == found.njev                              # no differences are taken
    assert minimize(bowl, ctorch.ones(2, dtype=F64), args=(a,), method="trust-exact").nhev > 0
    assert minimize(bowl, ctorch.ones(2, dtype=F64), args=(a,), method="trust-ncg").nhev > 0


def test_own_method():
    def newton(fun, x0, args, hess, hessp, jac, **rest):
        x = x0
        for _ in range(30):
            np.testing.assert_allclose(hessp(x, np.ones(2)), hess(x) @ np.ones(2))
            x = x - np.linalg.solve(hess(x), jac(x))
        return optimize.OptimizeResult(x=x, success=True, fun=fun(x), message="done")

    a = leaf([1.0, 2.0])
    ours = minimize(bowl, ctorch.ones(2, dtype=F64), args=(a,), method=newton).x
    np.testing.assert_allclose(ours.detach().numpy(), solved(a, tol=1e-10).detach().numpy(), rtol=1e-6)


def test_closed_form_of_ridge_regression():
    random = np.random.default_rng(0)
    X, y = random.normal(size=(20, 4)), random.normal(size=20)
    strength = leaf(0.3)

    def loss(w):                                                 # closes over the strength
        return ((ctorch.from_numpy(X) @ w - ctorch.from_numpy(y)) ** 2).sum() + strength * (w * w).sum()

    w = minimize(loss, ctorch.zeros(4, dtype=F64), method="Newton-CG", tol=1e-12).x
    inverse = np.linalg.inv(X.T @ X + 0.3 * np.eye(4))
    expected = inverse @ X.T @ y
    np.testing.assert_allclose(w.detach().numpy(), expected, rtol=1e-8)
    (first,) = grad(w.sum(), strength, create_graph=True)
    (second,) = grad(first, strength)
    assert first.item() == pytest.approx(-(inverse @ expected).sum(), rel=1e-7)
    assert second.item() == pytest.approx(2 * (inverse @ inverse @ expected).sum(), rel=1e-7)


@pytest.mark.parametrize("bounds", [[(0.0, 5.0), (None, None)], optimize.Bounds([0.0, -np.inf], [5.0, np.inf])])
@pytest.mark.parametrize("method", ["L-BFGS-B", "SLSQP", "TNC"])
def test_bounds_that_hold(method, bounds):
    a = leaf([-1.0, 2.0])                                        # the first would be -1: it stays at 0

    def f(a):
        return minimize(lambda x, a: ((x - a) ** 2).sum() + x.prod() * a[1], ctorch.ones(2, dtype=F64), args=(a,),
                        method=method, bounds=bounds, tol=1e-10).x

    x = f(a)
    np.testing.assert_allclose(x.detach().numpy(), [0, 2], atol=1e-5)
    assert grad(x[0], a, retain_graph=True)[0].tolist() == [0, 0]
    np.testing.assert_allclose(grad(x[1], a)[0].numpy(), [0, 1], atol=1e-4)


def test_x_that_stays_away_from_its_bound():
    a = leaf([-1.0, 2.0])
    with pytest.warns(RuntimeWarning, match="minimize: method 'trust-constr' did not converge near enough"):
        minimize(lambda x, a: ((x - a) ** 2).sum() + x.prod() * a[1], ctorch.ones(2, dtype=F64), args=(a,),
                 method="trust-constr", bounds=[(0, 5), (None, None)])


def test_bounds_that_do_not_hold():
    a = leaf([1.0, 2.0])

    def f(a):
        return solved(a, bounds=[(-9, 9)] * 2, tol=1e-12)

    assert gradcheck(f, (a,), eps=1e-4, atol=1e-4)


def test_equality_constraint():
    # The point of the plane n . x = d that is nearest to a: x = a - n (n . a - d) / (n . n).
    a, n, d = leaf([1.0, 2.0, 3.0]), leaf([1.0, -1.0, 2.0]), leaf(0.5)

    def f(a, n, d):
        limit = {"type": "eq", "fun": lambda x, n, d: n @ x - d, "args": (n, d)}
        return minimize(lambda x, a: ((x - a) ** 2).sum(), ctorch.zeros(3, dtype=F64), args=(a,), constraints=limit,
                        tol=1e-12).x

    def closed(a, n, d):
        return a - n * (n @ a - d) / (n @ n)

    np.testing.assert_allclose(f(a, n, d).detach().numpy(), closed(a, n, d).detach().numpy(), atol=1e-9)
    c = ctorch.tensor([1.0, -2.0, 0.5], dtype=F64)
    firsts = [grad((c * g(a, n, d)).sum(), (a, n, d), create_graph=True) for g in (f, closed)]
    seconds = [grad(sum((t ** 2).sum() for t in first), (a, n, d)) for first in firsts]
    for ours, theirs in zip([*firsts[0], *seconds[0]], [*firsts[1], *seconds[1]]):
        np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), atol=1e-6)


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr"])
def test_inequality_constraint(method):
    # Within a circle of radius r, nearest to a outside: x = r a / |a|; inside, x = a.
    a, r = leaf([3.0, 4.0]), leaf(2.0)

    def f(a, r):
        limit = {"type": "ineq", "fun": lambda x: r * r - (x * x).sum()}
        return minimize(lambda x, a: ((x - a) ** 2).sum(), ctorch.ones(2, dtype=F64), args=(a,), constraints=[limit],
                        method=method, tol=1e-10).x

    x = f(a, r)
    np.testing.assert_allclose(x.detach().numpy(), [1.2, 1.6], atol=1e-6)
    of_a, of_r = grad(x[0], (a, r))
    np.testing.assert_allclose(of_a.numpy(), [2 / 5 - 2 * 9 / 125, -2 * 12 / 125], atol=1e-5)
    assert of_r.item() == pytest.approx(0.6, abs=1e-5)
    inside = f(leaf([0.5, 0.5]), r)
    assert grad(inside[0], r, allow_unused=True)[0] in (None, 0)


def test_dtype_shape_and_complex_numbers():
    a = leaf([[1.0, 2.0]], ctorch.float32)
    x = minimize(lambda x, a: ((x - a) ** 2).sum(), ctorch.zeros(1, 2), args=(a,)).x
    assert x.dtype == ctorch.float32 and x.shape == (1, 2)
    assert grad(x[0, 0], a)[0].tolist() == [[1, 0]]
    c = leaf([1 + 2j], ctorch.complex128)
    start = ctorch.ones(1, dtype=ctorch.complex128)
    x = minimize(lambda x, c: ctorch.view_as_real(x - c * c).square().sum(), start, args=(c,)).x
    np.testing.assert_allclose(x.detach().numpy(), [-3 + 4j], atol=1e-6)
    expected = grad((c * c).real.sum(), c)[0].numpy()
    np.testing.assert_allclose(grad(x.real.sum(), c)[0].numpy(), expected, rtol=1e-6)


def test_messages_of_minimize():
    start = ctorch.ones(2)
    with pytest.raises(ValueError, match=r"minimize: fun must return one real number, got a tensor of shape \(2,\)"):
        minimize(lambda x: x, start)
    with pytest.raises(TypeError, match="minimize: hess must be None"):
        minimize(lambda x: x.sum(), start, hess=lambda x: x)
    with pytest.raises(ValueError, match=r"minimize: bounds must be 2 pairs of limits, .* got 1"):
        minimize(lambda x: x.sum(), start, bounds=[(0, 1)])
    with pytest.raises(NotImplementedError, match="derivatives with respect to bounds"):
        minimize(lambda x: x.sum(), start, bounds=[(leaf(0.0), 1)] * 2)
    with pytest.raises(TypeError, match=r"minimize: constraints\[0\] must be a dict with 'type'"):
        minimize(lambda x: x.sum(), start, constraints=[{"type": "less", "fun": abs}])
    with pytest.raises(TypeError, match=r"constraints\[0\] must have no 'jac'"):
        minimize(lambda x: x.sum(), start, constraints={"type": "eq", "fun": lambda x: x, "jac": abs})
    with pytest.raises(TypeError, match=r"minimize: constraints\[0\]\['fun'\] must be callable"):
        minimize(lambda x: x.sum(), start, constraints={"type": "eq", "fun": 3})
    a = leaf(1.0)
    with pytest.warns(RuntimeWarning, match="minimize: method 'BFGS' did not converge"):
        minimize(lambda x, a: a * (x ** 4).sum(), start, args=(a,), options={"maxiter": 1})
    x = minimize(lambda x, a: ((x.sum() - a) ** 2), start.double(), args=(a,)).x
    with pytest.raises(RuntimeError, match="minimize: no derivative at this solution, where the 2 x 2 matrix"):
        x[0].backward()
