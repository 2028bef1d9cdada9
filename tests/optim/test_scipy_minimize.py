"""ScipyMinimize: every method on parameters, exact derivatives, and what is kept."""
import numpy as np
import pytest
from scipy import optimize

import ctorch
from ctorch.optim import ScipyMinimize

GRADIENT = ["CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP"]
SECOND = ["Newton-CG", "trust-ncg", "trust-krylov", "trust-constr", "trust-exact", "dogleg"]
START = [0.5, 1.5, 1.3]


def valley(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def parameters(dtype=ctorch.float64):
    """Two parameters of other shapes, and the vector of both."""
    a = ctorch.nn.Parameter(ctorch.tensor([START[:2]], dtype=dtype))
    b = ctorch.nn.Parameter(ctorch.tensor(START[2], dtype=dtype))
    return (a, b), lambda: ctorch.cat([a.reshape(-1), b.reshape(1)])


@pytest.mark.parametrize("method", [*GRADIENT, *SECOND, "Nelder-Mead", "Powell", "COBYQA"])
def test_every_method_goes_the_way_of_scipy(method):
    if method == "dogleg":                                       # takes a convex function alone
        ours, theirs = (lambda x: (x ** 2).sum() + x.prod() / 9 + x[0]), None
    else:
        ours, theirs = valley, {"jac": optimize.rosen_der if method in GRADIENT + SECOND else None}
    params, joined = parameters()
    optimizer = ScipyMinimize(params, method=method, tol=1e-6)
    loss = optimizer.step(lambda: ours(joined()))
    assert optimizer.result.success and loss.item() == optimizer.result.fun
    np.testing.assert_allclose(joined().detach().numpy(), optimizer.result.x, rtol=0)
    assert [p.shape for p in params] == [(1, 2), ()]
    if theirs is None:
        assert all(p.grad.abs().max() < 1e-5 for p in params)
        return
    if method in ("Newton-CG", "trust-ncg", "trust-krylov", "trust-constr"):
        theirs["hessp"] = optimize.rosen_hess_prod
    elif method == "trust-exact":
        theirs["hess"] = optimize.rosen_hess
    alone = optimize.minimize(optimize.rosen, START, method=method, tol=1e-6, **theirs)
    assert abs(optimizer.result.nfev - alone.nfev) <= 0.3 * alone.nfev
    np.testing.assert_allclose(optimizer.result.x, alone.x, atol=1e-3)


@pytest.mark.parametrize("method", ["L-BFGS-B", "trust-exact"])
def test_float32_keeps_its_dtype(method):
    params, joined = parameters(ctorch.float32)
    ScipyMinimize(params, method=method).step(lambda: valley(joined()))
    assert all(p.dtype == p.grad.dtype == ctorch.float32 for p in params)
    np.testing.assert_allclose(joined().detach().numpy(), 1, atol=1e-2)


def test_closures_that_call_backward():
    params, joined = parameters()
    optimizer = ScipyMinimize(params, method="BFGS")

    def closure():
        optimizer.zero_grad()
        loss = valley(joined())
        loss.backward()
        return loss

    assert optimizer.step(closure) < 1e-8
    other = ScipyMinimize(params, method="trust-ncg")
    with pytest.raises(RuntimeError, match=r"for which the closure .* without calling backward\(\)"):
        other.step(closure)


def test_a_network():
    ctorch.manual_seed(0)
    net = ctorch.nn.Sequential(ctorch.nn.Linear(1, 10), ctorch.nn.Tanh(), ctorch.nn.Linear(10, 1)).double()
    x = ctorch.linspace(-2, 2, 40, dtype=ctorch.float64)[:, None]
    optimizer = ScipyMinimize(net.named_parameters(), options={"maxiter": 300})
    first = ctorch.nn.functional.mse_loss(net(x), ctorch.sin(2 * x)).item()
    assert optimizer.step(lambda: ctorch.nn.functional.mse_loss(net(x), ctorch.sin(2 * x))) < 1e-3 * first


def test_bounds():
    a, b = (ctorch.nn.Parameter(ctorch.full((2,), 1.0, dtype=ctorch.float64)) for _ in range(2))

    def loss():
        return ((a + 1) ** 2).sum() + ((b - 5) ** 2).sum()

    ScipyMinimize([{"params": [a]}, {"params": [b], "bounds": (None, 2)}], bounds=(0.25, None)).step(loss)
    assert a.tolist() == [0.25, 0.25] and b.tolist() == [2, 2]
    ScipyMinimize([a, b], bounds=optimize.Bounds([0, 0.5, 0, 0], [9, 9, 4, 3])).step(loss)
    np.testing.assert_allclose([*a.tolist(), *b.tolist()], [0, 0.5, 4, 3])
    ScipyMinimize([a, b], bounds=[(0, 9), (0.5, 9), (None, None), (0, 3)]).step(loss)
    np.testing.assert_allclose([*a.tolist(), *b.tolist()], [0, 0.5, 5, 3], atol=1e-6)


def test_constraints():
    a = ctorch.nn.Parameter(ctorch.zeros(2, dtype=ctorch.float64))
    limits = [{"type": "eq", "fun": lambda x: x.sum() - 1}]
    ScipyMinimize([a], "SLSQP", constraints=limits).step(lambda: (a ** 2).sum() + a[0])
    np.testing.assert_allclose(a.tolist(), [0.25, 0.75], atol=1e-6)
    limit = optimize.LinearConstraint(np.ones((1, 2)), 2, 2)
    ScipyMinimize([a], "trust-constr", constraints=limit).step(lambda: (a ** 2).sum() + a[0])
    np.testing.assert_allclose(a.tolist(), [0.75, 1.25], atol=1e-5)


def test_complex_and_frozen_parameters():
    z = ctorch.nn.Parameter(ctorch.ones(2, dtype=ctorch.complex128))
    frozen = ctorch.nn.Parameter(ctorch.ones(3), requires_grad=False)
    goal = ctorch.tensor([1 + 2j, -3j], dtype=ctorch.complex128)
    ScipyMinimize([z, frozen], "Newton-CG", bounds=None).step(lambda: ctorch.view_as_real(z - goal).square().sum())
    np.testing.assert_allclose(z.detach().numpy(), goal.numpy(), atol=1e-6)
    assert frozen.tolist() == [1, 1, 1]
    ScipyMinimize([z, frozen], bounds=(-1, 1)).step(lambda: ctorch.view_as_real(z - goal).square().sum())
    np.testing.assert_allclose(z.detach().numpy(), [1 + 1j, -1j], atol=1e-6)


def test_parameters_return_after_an_exception():
    params, joined = parameters()
    calls = []

    def closure():
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return valley(joined())

    with pytest.raises(KeyboardInterrupt):
        ScipyMinimize(params).step(closure)
    assert joined().tolist() == START


def test_hooks_schedule_of_steps_and_state():
    params, joined = parameters()
    optimizer = ScipyMinimize(params, options={"maxiter": 2})
    seen = []
    optimizer.register_step_post_hook(lambda *_: seen.append(1))
    assert optimizer.result is None
    losses = [optimizer.step(lambda: valley(joined())).item() for _ in range(15)]
    assert losses == sorted(losses, reverse=True) and losses[-1] < 1e-2 and len(seen) == 15
    assert optimizer.result.nit <= 2
    optimizer.load_state_dict(optimizer.state_dict())
    assert "bounds: None" in repr(optimizer)


def test_messages():
    w = ctorch.nn.Parameter(ctorch.ones(2))
    with pytest.raises(TypeError, match=r"ScipyMinimize.step: closure must be callable, got NoneType"):
        ScipyMinimize([w]).step(None)
    with pytest.raises(ValueError, match=r"the closure must return the loss, .* got shape \(2,\)"):
        ScipyMinimize([w]).step(lambda: w * 2)
    with pytest.raises(ValueError, match=r"the closure must return the loss, .* got float"):
        ScipyMinimize([w]).step(lambda: 2.0)
    with pytest.raises(ValueError, match="does not depend on parameters"):
        ScipyMinimize([w]).step(lambda: ctorch.ones(()))
    with pytest.raises(ValueError, match="no parameter requires gradients"):
        ScipyMinimize([ctorch.ones(2)]).step(lambda: w.sum())
    with pytest.raises(ValueError, match="bounds of a group must be a pair of numbers or None"):
        ScipyMinimize([{"params": [w], "bounds": [(0, 1)]}]).step(lambda: w.sum())
    with pytest.raises(ValueError, match="Unknown solver"):
        ScipyMinimize([w], "nothing").step(lambda: (w * w).sum())
