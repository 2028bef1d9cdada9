"""Roots and fixed points against SciPy alone, closed forms and finite differences; what functions depend on."""
import numpy as np
import pytest
from scipy import optimize

import ctorch
from ctorch.autograd import grad, gradcheck, gradgradcheck
from ctorch.scipy.optimize import fixed_point, root

F64 = ctorch.float64


def leaf(values, dtype=F64):
    return ctorch.tensor(values, dtype=dtype, requires_grad=True)


def coupled(x, a):
    return x * x - a.flip(0) * x[1] ** 0.3 + 0.1 * x[0]


@pytest.mark.parametrize("method", ["hybr", "lm", "krylov", "df-sane", "broyden1"])
def test_root_is_that_of_scipy(method):
    a = leaf([4.0, 9.0])
    found = root(coupled, [3.0, 2.0], args=(a,), method=method, tol=1e-9)
    alone = optimize.root(lambda x: x * x - np.array([9.0, 4.0]) * x[1] ** 0.3 + 0.1 * x[0], [3.0, 2.0], tol=1e-10)
    assert found.success and found.x.grad_fn is not None
    np.testing.assert_allclose(found.x.detach().numpy(), alone.x, rtol=1e-6)


def test_exact_jacobian_is_given():
    found = root(coupled, ctorch.ones(2, dtype=F64), args=(leaf([4.0, 9.0]),))
    alone = optimize.root(lambda x: x * x - np.array([9.0, 4.0]) * x[1] ** 0.3 + 0.1 * x[0], np.ones(2))
    assert found.njev >= 1 and found.nfev <= alone.nfev - 2        # no differences are taken


def test_derivatives_of_any_order():
    a = leaf([4.0, 9.0])

    def f(a):
        return root(coupled, ctorch.ones(2, dtype=F64), args=(a,), tol=1e-13).x

    assert gradcheck(f, (a,)) and gradgradcheck(f, (a,))
    c = leaf(2.0)                                               # x = sqrt(c)
    y = root(lambda x, c: x * x - c, ctorch.tensor(1.0, dtype=F64), args=(c,), tol=1e-14).x
    for expected in (1 / (2 * 2 ** 0.5), -1 / (4 * 2 ** 1.5), 3 / (8 * 2 ** 2.5), -15 / (16 * 2 ** 3.5)):
        (y,) = grad(y, c, create_graph=True)
        assert y.item() == pytest.approx(expected, rel=1e-9)


def test_closures_are_found():
    w, b = leaf(np.eye(3) * 0.4 + 0.1), leaf([0.1, 0.2, 0.3])

    def f(w, b):
        return root(lambda x: ctorch.tanh(w @ x + b) - 2 * x, ctorch.ones(3, dtype=F64), tol=1e-13).x

    assert gradcheck(f, (w, b)) and gradgradcheck(f, (w, b))


def test_closure_over_a_result_and_the_same_leaf_as_argument():
    c = leaf(1.3)
    wide = c.exp()                                              # x^3 = e^c + c^2

    def f(x, square):
        return x ** 3 - wide - square

    x = root(f, ctorch.tensor(1.0, dtype=F64), args=(c * c,), tol=1e-14).x
    (first,) = grad(x, c, create_graph=True)
    (second,) = grad(first, c)
    s, ds, dds = np.exp(1.3) + 1.69, np.exp(1.3) + 2.6, np.exp(1.3) + 2
    assert first.item() == pytest.approx(ds / (3 * s ** (2 / 3)), rel=1e-10)
    assert second.item() == pytest.approx(dds / (3 * s ** (2 / 3)) - 2 * ds ** 2 / (9 * s ** (5 / 3)), rel=1e-10)


def test_params_in_place_of_what_is_found():
    a, b = leaf(2.0), leaf(3.0)
    x = root(lambda x: x - a * b, ctorch.tensor(1.0, dtype=F64), params=[a]).x
    assert grad(x, [a, b], allow_unused=True) == (3.0, None)
    with pytest.raises(ValueError, match=r"params must be leaves.*that at 1, of shape \(\)"):
        root(lambda x: x - a, ctorch.tensor(1.0, dtype=F64), params=[a, b * 2])
    with pytest.raises(TypeError, match="params must be tensors, but that at 0 is float"):
        root(lambda x: x - a, ctorch.tensor(1.0, dtype=F64), params=[2.0])


def test_a_module():
    ctorch.manual_seed(0)
    layer = ctorch.nn.Linear(3, 3).double()
    x = root(lambda x: layer(x) - 3 * x, ctorch.zeros(3, dtype=F64)).x
    x.sum().backward()
    w, b = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    inverse = np.linalg.inv(3 * np.eye(3) - w)
    np.testing.assert_allclose(x.detach().numpy(), inverse @ b, rtol=1e-10)
    np.testing.assert_allclose(layer.bias.grad.numpy(), inverse.sum(0), rtol=1e-10)
    np.testing.assert_allclose(layer.weight.grad.numpy(), np.outer(inverse.sum(0), inverse @ b), rtol=1e-10)


def test_dtypes():
    a = leaf([4.0, 9.0], ctorch.float32)
    x = root(lambda x, a: x * x - a, ctorch.ones(2), args=(a,)).x
    assert x.dtype == ctorch.float32 and x.tolist() == [2, 3]      # float64 inside: right to the last digit
    x.sum().backward()
    assert a.grad.dtype == ctorch.float32
    layer = ctorch.nn.Linear(2, 2)                                # takes float32 alone
    x = root(lambda x: layer(x) - 3 * x, ctorch.zeros(2), tol=1e-5).x
    x.sum().backward()
    assert x.dtype == ctorch.float32 and layer.weight.grad.dtype == ctorch.float32
    np.testing.assert_allclose((layer(x) - 3 * x).detach().numpy(), 0, atol=1e-5)


def test_complex_numbers():
    c = leaf([1 + 2j, -3j], ctorch.complex128)

    def f(c):
        return root(lambda x, c: x ** 2 + 0.1 * x.conj() - c, ctorch.ones(2, dtype=ctorch.complex128), args=(c,),
                    tol=1e-13).x

    assert gradcheck(f, (c,)) and gradgradcheck(f, (c,))
    x = f(c).detach().numpy()
    np.testing.assert_allclose(x ** 2 + 0.1 * x.conj(), c.detach().numpy(), atol=1e-12)


def test_shapes():
    a = leaf(np.arange(1.0, 7).reshape(2, 3))
    x = root(lambda x, a: x ** 2 - a, ctorch.ones(2, 3, dtype=F64), args=a).x
    np.testing.assert_allclose(x.detach().numpy(), np.sqrt(np.arange(1.0, 7)).reshape(2, 3))
    x.sum().backward()
    np.testing.assert_allclose(a.grad.numpy(), 0.5 / np.sqrt(np.arange(1.0, 7)).reshape(2, 3))


def test_nothing_is_recorded_without_need():
    a = leaf(4.0)
    start = ctorch.tensor(1.0, dtype=F64)
    assert not root(lambda x: x * x - 4, start).x.requires_grad
    with ctorch.no_grad():
        assert not root(lambda x, a: x * x - a, start, args=(a,)).x.requires_grad


def test_messages_of_root():
    start = ctorch.ones(2)
    with pytest.raises(TypeError, match="root: fun must be callable, got int"):
        root(3, start)
    with pytest.raises(TypeError, match="root: fun must return a tensor, got float"):
        root(lambda x: 1.0, start)
    with pytest.raises(ValueError, match=r"root: fun must return .* shape \(2,\); it returns \(\)"):
        root(lambda x: x.sum(), start)
    with pytest.raises(TypeError, match="root: jac must be None"):
        root(lambda x: x, start, jac=lambda x: x)
    with pytest.raises(TypeError, match="root: x0 must be a tensor"):
        root(lambda x: x, "here")
    with pytest.raises(TypeError, match=r"root: fun returns .*complex.* for x of .*float32"):
        root(lambda x: x * 1j, start)
    a = leaf(1.0)
    x = root(lambda x, a: (x - a) * 0 + (x - a) ** 3, ctorch.tensor(1.0, dtype=F64), args=(a,)).x
    with pytest.raises(RuntimeError, match="root: no derivative at this solution, where the 1 x 1 matrix"):
        x.backward()
    with pytest.warns(RuntimeWarning, match="root: method 'hybr' did not converge"):
        found = root(lambda x, a: x * x + a, ctorch.tensor(1.0, dtype=F64), args=(a,))
    assert not found.success
    assert not root(lambda x: x * x + 1, ctorch.tensor(1.0, dtype=F64)).success       # as SciPy, without a word


def test_exceptions_of_the_function_come_through():
    calls = []

    def f(x):
        calls.append(1)
        if len(calls) > 3:
            raise KeyError("inside")
        return x * x - 2

    with pytest.raises(KeyError, match="inside"):
        root(f, ctorch.tensor(1.0, dtype=F64))
    assert ctorch.is_grad_enabled()


@pytest.mark.parametrize("method", ["del2", "iteration"])
def test_fixed_point(method):
    a = leaf([2.0, 3.0])

    def f(a):
        return fixed_point(lambda x, a: ctorch.cos(x) / a, ctorch.ones(2, dtype=F64), args=(a,), xtol=1e-13,
                           method=method)

    alone = optimize.fixed_point(lambda x: np.cos(x) / np.array([2.0, 3.0]), np.ones(2), xtol=1e-13)
    np.testing.assert_allclose(f(a).detach().numpy(), alone, rtol=1e-12)
    assert gradcheck(f, (a,)) and gradgradcheck(f, (a,))


def test_fixed_point_that_is_none():
    with pytest.raises(RuntimeError, match=r"fixed_point: no convergence within 20 iterations of method 'iteration'"):
        fixed_point(lambda x: 2 * x + 1, ctorch.ones(2), method="iteration", maxiter=20)


@pytest.mark.parametrize("converges", [True, False])
def test_derivatives_without_a_matrix(monkeypatch, converges):
    from scipy.sparse import linalg

    monkeypatch.setattr("ctorch.scipy._implicit._DENSE", 1)
    if not converges:
        monkeypatch.setattr(linalg, "gmres", lambda A, b, **options: (b, 1))
    w, a = leaf(np.eye(3) * 0.4 + 0.1), leaf([4.0, 9.0, 1.0])

    def f(w, a):
        return root(lambda x, a: x * x - a.flip(0) + w @ x, ctorch.ones(3, dtype=F64), args=(a,), tol=1e-12).x

    assert gradcheck(f, (w, a)) and gradgradcheck(f, (w, a))


def test_many_unknowns():
    n = 2000
    random = np.random.default_rng(0)
    w = leaf(random.normal(size=(n, n)) * 0.3 / n ** 0.5)
    b = leaf(np.ones(n))
    x = fixed_point(lambda x: ctorch.tanh(w @ x + b), ctorch.zeros(n, dtype=F64), method="iteration", xtol=1e-12)
    ours = grad(x.sum(), b)[0].numpy()
    slope = 1 - x.detach().numpy() ** 2
    theirs = slope * np.linalg.solve((np.eye(n) - slope[:, None] * w.detach().numpy()).T, np.ones(n))
    np.testing.assert_allclose(ours, theirs, rtol=1e-8)


def test_gradients_inside_the_function():
    a = leaf(2.0)

    def force(x):
        with ctorch.enable_grad():
            x = x if x.requires_grad else x.detach().requires_grad_()
            return grad((x ** 4).sum() * a - x.sum(), x, create_graph=True)[0]

    x = root(force, ctorch.ones(2, dtype=F64), tol=1e-12).x                      # x = (4 a)^(-1/3)
    np.testing.assert_allclose(x.detach().numpy(), 8 ** (-1 / 3))
    assert grad(x[0], a)[0].item() == pytest.approx(-8 ** (-1 / 3) / 6, rel=1e-9)


def test_graph_kept_freed_and_changed():
    a = leaf([4.0])
    x = root(lambda x: x * x - a, ctorch.ones(1, dtype=F64)).x
    x.backward(retain_graph=True)
    x.backward()
    assert a.grad.tolist() == [pytest.approx(0.5)]
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        x.backward()
    b = a * 1
    x = root(lambda x, b: x * x - b, ctorch.ones(1, dtype=F64), args=(b,)).x
    with ctorch.no_grad():
        b.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        x.backward()


def test_threads():
    import threading

    wrong = []

    def work(k):
        for _ in range(20):
            a = leaf(k)
            x = root(lambda x: x * x - a, ctorch.tensor(1.0, dtype=F64)).x        # noqa: B023
            if abs(grad(x, a)[0].item() - 0.5 / k ** 0.5) > 1e-7:
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in (2.0, 3.0, 4.0, 5.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
