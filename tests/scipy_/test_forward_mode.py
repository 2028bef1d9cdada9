"""Forward mode through SciPy's solvers: against differences, reverse mode, and with levels in each other; vmap."""
import pytest

import ctorch
from ctorch.func import grad, hessian, jacfwd, jacrev, jvp, vmap
from ctorch.scipy.integrate import quad, solve_ivp
from ctorch.scipy.interpolate import CubicSpline, interp
from ctorch.scipy.optimize import fixed_point, minimize, root
from ctorch.scipy.sparse import csr_array, spsolve
from ctorch.scipy.sparse.linalg import bicgstab, cg, gmres

F64 = ctorch.float64
A, T = ctorch.tensor([4.0, 9.0], dtype=F64), ctorch.tensor([0.3, -0.7], dtype=F64)
CLOSE = {"rtol": 1e-10, "atol": 1e-10, "method": "DOP853"}


def ones():
    return ctorch.ones(2, dtype=F64)


def coupled(x, a):
    return x * x - a.flip(0) * x[1] ** 0.3 + 0.1 * x[0]


def valley(x, a):
    return ((x - a) ** 2).sum() + a[0] * x[0] + (x ** 4).sum() * 0.01


def ring(x, a):
    return ((x - a) ** 2).sum() + a[0] * x[0]


def matrix(a):
    values = ctorch.cat([a + 3, a[:1] * 0.1, a[:1] * 0.1])
    return csr_array((values[[0, 2, 3, 1]], [0, 1, 0, 1], [0, 2, 4]))


def through_a_result(a):
    b = a * 1.1
    return root(lambda x: coupled(x, b) + 0.01 * a * x, ones(), tol=1e-13).x


def to_an_event(a):
    def event(t, y, k):
        return y[0] - k[0] * 0.25
    event.terminal = True
    return solve_ivp(lambda t, y, k: -k * y * 0.1, (0, 50), a * 0.5, args=(a,), events=event, **CLOSE).t[-1:]


POINTS = ctorch.tensor([0.0, 3.0, 5.0, 10.0], dtype=F64)
FUNCTIONS = {
    "root": lambda a: root(coupled, ones(), args=(a,), tol=1e-13).x,
    "root of a closure": lambda a: root(lambda x: coupled(x, a), ones(), tol=1e-13).x,
    "root of a closure over a result": through_a_result,
    "fixed_point": lambda a: fixed_point(lambda x, a: (x + a / x) / 2, ones(), args=(a,), xtol=1e-14),
    "minimize": lambda a: minimize(valley, ones(), args=(a,), method="Newton-CG", tol=1e-12).x,
    "minimize a closure": lambda a: minimize(lambda x: valley(x, a), ones(), method="Newton-CG", tol=1e-12).x,
    "minimize within": lambda a: minimize(ring, ones(), args=(a,), tol=1e-14, constraints={
        "type": "eq", "fun": lambda x, a: (x * x).sum() - a[0], "args": (a,)}).x,
    "quad": lambda a: quad(lambda x, k: ctorch.exp(-k * x * 0.1), 0, a[1], args=(a[0],))[0].reshape(1),
    "quad of a closure": lambda a: quad(lambda x: ctorch.exp(-a[0] * x * 0.1), 0, a[1])[0].reshape(1),
    "solve_ivp": lambda a: solve_ivp(lambda t, y, k: -k * y * t * 0.1, (0, 2), a * 0.5, args=(a,), t_eval=[0.5, 2.0],
                                     **CLOSE).y,
    "solve_ivp of a closure": lambda a: solve_ivp(lambda t, y: -a * y * t * 0.1, (0, a[0]), ones(), **CLOSE).y[:, -1],
    "solve_ivp to an event": to_an_event,
    "spsolve": lambda a: spsolve(matrix(a), a.sin()),
    "cg": lambda a: cg(matrix(a), a.sin(), rtol=1e-13)[0],
    "bicgstab": lambda a: bicgstab(matrix(a), a.sin(), rtol=1e-13)[0],
    "gmres": lambda a: gmres(matrix(a), a.sin(), rtol=1e-13)[0],
    "product": lambda a: matrix(a) @ a.sin(),
    "interp": lambda a: interp(a, POINTS, ctorch.cat([a, a.sin()])),
    "CubicSpline": lambda a: CubicSpline(POINTS, ctorch.cat([a, a.sin()]))(a),
}


def close(x, y, rtol):
    return ctorch.allclose(x, y, rtol=rtol, atol=1e-12 + rtol * float(y.abs().max()))


def slope(f, step=1e-5):
    return (f(A + step * T) - f(A - step * T)) / (2 * step)


def reverse(f, a):
    a = a.clone().requires_grad_()
    y = f(a)
    rows = [ctorch.autograd.grad(v, a, retain_graph=True)[0] for v in y.reshape(-1)]
    return ctorch.stack(rows).reshape(*y.shape, 2)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_tangents(name):
    f = FUNCTIONS[name]
    value, tangent = jvp(f, (A,), (T,))
    assert not value.requires_grad and not tangent.requires_grad
    assert close(tangent, slope(f), 1e-6)
    assert close(tangent, reverse(f, A) @ T, 1e-7)
    with ctorch.no_grad():
        assert close(jvp(f, (A,), (T,))[1], tangent, 1e-12)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_second_derivatives_of_every_kind(name):
    def f(a):
        return (FUNCTIONS[name](a) ** 2).sum()
    expected = slope(lambda a: reverse(f, a) @ T)
    assert close(jvp(lambda a: jvp(f, (a,), (T,))[1], (A,), (T,))[1], expected, 1e-5)
    assert close(jvp(lambda a: (grad(f)(a) * T).sum(), (A,), (T,))[1], expected, 1e-5)
    assert close((grad(lambda a: jvp(f, (a,), (T,))[1])(A) * T).sum(), expected, 1e-5)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if "ivp" not in name])
def test_jacobians(name):
    f = FUNCTIONS[name]
    expected = reverse(f, A)
    assert close(jacrev(f)(A), expected, 1e-7) and close(jacfwd(f)(A), expected, 1e-7)
    assert close(T @ hessian(lambda a: (f(a) ** 2).sum())(A) @ T,
                 slope(lambda a: reverse(lambda a: (f(a) ** 2).sum(), a) @ T), 1e-5)


def test_third_derivatives():
    def f(c):
        return root(lambda x, c: x * x - c, ctorch.tensor(1.0, dtype=F64), args=(c,), tol=1e-14).x       # sqrt(c)

    def along(f):
        return lambda c: jvp(f, (c,), (ctorch.ones_like(c),))[1]

    c = ctorch.tensor(2.0, dtype=F64)
    for third in (along(along(along(f))), along(grad(along(f))), grad(along(grad(f)))):
        assert third(c).item() == pytest.approx(3 / (8 * 2 ** 2.5), rel=1e-9)


def test_what_is_closed_over_stays_as_it_was():
    with ctorch.autograd.forward_ad.dual_level():
        a = ctorch.autograd.forward_ad.make_dual(A.clone(), T)
        FUNCTIONS["root of a closure"](a)
        assert not a.requires_grad


def test_a_dual_and_what_it_was_made_from_are_refused_together():
    def f(w):
        return jvp(lambda a: root(lambda x: coupled(x, a) + 0.01 * w * x, ones()).x.sum(), (w,), (T,))[1]

    with pytest.raises(NotImplementedError, match="pass one of them by args"):
        grad(f)(A)


@pytest.mark.parametrize("name", ["root", "root of a closure", "fixed_point", "minimize", "quad", "quad of a closure",
                                  "solve_ivp", "solve_ivp of a closure", "spsolve", "cg", "CubicSpline"])
def test_vmap_is_refused_by_name(name):
    f = FUNCTIONS[name]
    if name == "CubicSpline":
        def f(a):
            return CubicSpline(ctorch.cat([a, a + 6]), POINTS)(a)
    who = {"spsolve": "csr_array", "cg": "csr_array"}.get(name, name.split()[0])
    with pytest.raises(NotImplementedError, match=f"vmap: {who} has no batching rule .*cpu.*float64"):
        vmap(f)(A.repeat(3, 1))


def test_jacobians_of_flows_are_refused_by_name():
    for jacobian in (jacrev, jacfwd):
        with pytest.raises(NotImplementedError, match="the derivative of solve_ivp has no batching rule"):
            jacobian(FUNCTIONS["solve_ivp"])(A)


def test_right_sides_values_and_places_may_be_batched():
    many = ctorch.stack([A, A.flip(0), A * 2])
    m = matrix(A)
    for f in (lambda b: spsolve(m, b), lambda b: m @ b, lambda b: m.T @ b.outer(b),
              lambda y: interp(y, POINTS, ctorch.cat([y, y])), lambda y: CubicSpline(POINTS, ctorch.cat([y, y]))(y)):
        expected = ctorch.stack([f(b) for b in many])
        assert close(vmap(f)(many), expected, 1e-12)
        assert close(vmap(f, in_dims=1)(many.T), expected, 1e-12)
        assert close(vmap(jacrev(f))(many), ctorch.stack([reverse(f, b) if f(b).dim() == 1 else jacrev(f)(b)
                                                          for b in many]), 1e-10)
