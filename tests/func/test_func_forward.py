"""Transforms by forward mode, against PyTorch's and against each other."""
import importlib

import numpy as np
import pytest
from mirror import needs_torch, torch_with_func

import ctorch
from ctorch.func import jacfwd, jvp, linearize, vmap

torch = torch_with_func()


def x_of(m, shape, k=0):
    return m.tensor(np.cos(np.arange(int(np.prod(shape))) * 1.3 + k).reshape(shape))


def flat(x):
    if isinstance(x, dict):
        x = list(x.values())
    return [y for v in x for y in flat(v)] if isinstance(x, tuple | list) else [np.array(x.detach().numpy())]


def check(run):
    mine, other = (flat(run(m, importlib.import_module(f"{m.__name__}.func"))) for m in (ctorch, torch))
    assert len(mine) == len(other)
    for a, b in zip(mine, other):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def check_error(run):
    errors = []
    for m in (ctorch, torch):
        with pytest.raises(Exception) as caught:
            run(m, importlib.import_module(f"{m.__name__}.func"))
        errors.append((type(caught.value), str(caught.value).replace("ctorch", "torch")))
    assert errors[0][0] is errors[1][0]
    assert errors[0][1].split(" Got ")[0] == errors[1][1].split(" Got ")[0]


@needs_torch
def test_jvp():
    check(lambda m, f: f.jvp(m.sin, (x_of(m, 3),), (x_of(m, 3, 1),)))
    check(lambda m, f: f.jvp(lambda x, y: (x @ y, x.sum()), (x_of(m, (2, 3)), x_of(m, 3)),
                             (x_of(m, (2, 3), 1), x_of(m, 3, 2))))
    check(lambda m, f: f.jvp(lambda d: {"a": d["x"] * d["y"][0], "b": [d["x"]]},
                             ({"x": x_of(m, 2), "y": [x_of(m, 2, 5)]},), ({"x": x_of(m, 2, 1), "y": [x_of(m, 2, 2)]},)))
    check(lambda m, f: f.jvp(lambda x: (x * x, x + 1), (x_of(m, 3),), (x_of(m, 3, 1),), has_aux=True))
    check(lambda m, f: f.jvp(lambda x: m.ones(2), (x_of(m, 3),), (x_of(m, 3, 1),)))


@needs_torch
def test_jvp_of_jvp():
    def nested(m, f, times):
        def g(x):
            return (x ** 4).sum() + x.prod()
        for _ in range(times):
            def g(x, g=g):
                return f.jvp(g, (x,), (x_of(m, 3, 1),))[1]
        return g(x_of(m, 3))
    for times in (1, 2, 3, 4):
        check(lambda m, f, times=times: nested(m, f, times))


@needs_torch
def test_messages_of_jvp():
    check_error(lambda m, f: f.jvp(m.sin, x_of(m, 3), (x_of(m, 3),)))
    check_error(lambda m, f: f.jvp(m.sin, (x_of(m, 3),), x_of(m, 3)))
    check_error(lambda m, f: f.jvp(m.sin, (), ()))
    check_error(lambda m, f: f.jvp(m.sin, (3.0,), (x_of(m, 3),)))
    check_error(lambda m, f: f.jvp(m.sin, (x_of(m, 3),), (3.0,)))
    check_error(lambda m, f: f.jvp(lambda x: 3.0, (x_of(m, 3),), (x_of(m, 3),)))
    check_error(lambda m, f: f.jvp(lambda x: None, (x_of(m, 3),), (x_of(m, 3),)))
    check_error(lambda m, f: f.jvp(m.sin, (x_of(m, 3),), (x_of(m, 3),), has_aux=True))
    check_error(lambda m, f: f.jvp(lambda x: x.detach(), (x_of(m, 3),), (x_of(m, 3),), strict=True))


def test_an_error_inside_leaves_no_level_open():
    x = ctorch.ones(2)
    with pytest.raises(ZeroDivisionError):
        jvp(lambda x: 1 / 0, (x,), (x,))
    assert ctorch.autograd.forward_ad.enter_dual_level() == 0
    ctorch.autograd.forward_ad.exit_dual_level()


def test_levels_do_not_mix():
    x, one = ctorch.tensor(5.), ctorch.tensor(1.)
    assert jvp(lambda x: x * jvp(lambda y: x + y, (one,), (one,))[1], (x,), (one,))[1].item() == 1
    assert jvp(lambda x: x * jvp(lambda y: x * y, (x,), (one,))[1], (x,), (one,))[1].item() == 10


@needs_torch
def test_jacfwd():
    check(lambda m, f: f.jacfwd(m.sin)(x_of(m, 3)))
    check(lambda m, f: f.jacfwd(lambda x: x @ x.T)(x_of(m, (2, 3))))
    check(lambda m, f: f.jacfwd(lambda x: x.sum())(x_of(m, ())))
    check(lambda m, f: f.jacfwd(lambda x, y: (x * y.sum(), y), argnums=(0, 1))(x_of(m, 2), x_of(m, 3)))
    check(lambda m, f: f.jacfwd(lambda x, y: x * y.sum(), argnums=1)(x_of(m, 2), x_of(m, 3)))
    check(lambda m, f: f.jacfwd(lambda d: {"s": d["x"] * d["y"].sum()})({"x": x_of(m, 2), "y": x_of(m, 3)}))
    check(lambda m, f: f.jacfwd(lambda x: (x.exp(), (x, x.sum())), has_aux=True)(x_of(m, 3)))


def test_places_are_counted_from_the_end_too():
    args = x_of(ctorch, 2), x_of(ctorch, 3)
    last, second = (jacfwd(lambda x, y: x * y.sum(), argnums=k)(*args) for k in (-1, 1))
    assert last.tolist() == second.tolist() != [[0] * 3] * 2


@needs_torch
def test_jacfwd_of_networks():
    def net(m, x, w, b):
        return m.nn.functional.softmax(m.tanh(x @ w + b) @ w.T, -1).cumsum(-1)
    check(lambda m, f: f.jacfwd(lambda *a: net(m, *a), argnums=(0, 1, 2))(
        x_of(m, (2, 3)), x_of(m, (3, 4), 1), x_of(m, 4, 2)))


@needs_torch
def test_jacfwd_of_jacfwd():
    check(lambda m, f: f.jacfwd(f.jacfwd(lambda x: (x ** 3).sum() * x[0]))(x_of(m, 3)))
    check(lambda m, f: f.jacfwd(f.jacfwd(f.jacfwd(lambda x: x.sin() * x.sum())))(x_of(m, 2)))


@needs_torch
def test_jacfwd_within_vmap_and_around_it():
    check(lambda m, f: f.vmap(f.jacfwd(lambda x: x.exp() * x.sum()))(x_of(m, (4, 3))))
    check(lambda m, f: f.jacfwd(f.vmap(lambda x: x.exp() * x.sum()))(x_of(m, (4, 3))))
    check(lambda m, f: f.vmap(lambda x, t: f.jvp(lambda x: x.exp() * x.sum(), (x,), (t,)))(
        x_of(m, (4, 3)), x_of(m, (4, 3), 1)))


@needs_torch
def test_messages_of_jacfwd():
    check_error(lambda m, f: f.jacfwd(m.sin)(x_of(m, 3) * 1j))
    check_error(lambda m, f: f.jacfwd(lambda x: x * 1j)(x_of(m, 3)))
    check_error(lambda m, f: f.jacfwd(m.sin, argnums=1)(x_of(m, 3)))
    check_error(lambda m, f: f.jacfwd(m.sin, argnums=())(x_of(m, 3)))
    check_error(lambda m, f: f.jacfwd(m.mul, argnums=(0, 0))(x_of(m, 3), x_of(m, 3)))
    check_error(lambda m, f: f.jacfwd(m.sin, argnums="x")(x_of(m, 3)))


def test_forward_over_reverse_and_reverse_over_forward():
    x, v = x_of(ctorch, 4), x_of(ctorch, 4, 1)

    def f(x):
        return (x.sin() * x.roll(1)).sum() ** 2

    def gradient(x):
        x = x if x.requires_grad else x.view_as(x).requires_grad_()
        return ctorch.autograd.grad(f(x), x)[0]
    hv = jvp(gradient, (x,), (v,))[1]
    leaf = x.clone().requires_grad_()
    vh, = ctorch.autograd.grad(jvp(f, (leaf,), (v,))[1], leaf)
    want = jacfwd(jacfwd(f))(x) @ v
    for got in (hv, vh):
        np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=1e-9)


def test_jacfwd_of_a_gradient_is_the_hessian():
    x = x_of(ctorch, 3)

    def f(x):
        return (x ** 3).prod() + x.exp().sum()

    def gradient(x):
        x = x.view_as(x).requires_grad_()
        return ctorch.autograd.grad(f(x), x)[0]
    np.testing.assert_allclose(jacfwd(gradient)(x).numpy(), jacfwd(jacfwd(f))(x).numpy(), rtol=1e-9)


def test_linearize():
    x, v = x_of(ctorch, 3), x_of(ctorch, 3, 1)
    value, product = linearize(lambda x: {"a": x.exp() * x.sum(), "b": ctorch.ones(2)}, x)
    want, direction = jvp(lambda x: x.exp() * x.sum(), (x,), (v,))
    for _ in range(2):
        found = product(v)
        np.testing.assert_allclose(found["a"].numpy(), direction.numpy())
        assert found["b"].tolist() == [0, 0] and not found["a"].requires_grad
    np.testing.assert_allclose(value["a"].numpy(), want.numpy())
    assert not value["a"].requires_grad
    rows = vmap(lambda t: product(t)["a"])(ctorch.eye(3, dtype=ctorch.float64))
    np.testing.assert_allclose(rows.mT.numpy(), jacfwd(lambda x: x.exp() * x.sum())(x).numpy())
    with pytest.raises(RuntimeError, match=r"tangent:0 with shape .* doesn't match the shape"):
        product(v[:2])
    with pytest.raises(RuntimeError, match="to have the same argspec as the primals"):
        product(v, v)


# ---- several values at one place, of which the last counts

PUT = {
    "scatter": lambda m, x, s, i: x.scatter(0, i, s), "index_copy": lambda m, x, s, i: x.index_copy(0, i, s),
    "put": lambda m, x, s, i: x.put(i, s) if m is ctorch else m.clone(x).put_(i, s),
    "put added": lambda m, x, s, i: m.clone(x).put_(i, s, accumulate=True),
    "index_put": lambda m, x, s, i: x.index_put((i,), s), "scatter_": lambda m, x, s, i: m.clone(x).scatter_(0, i, s),
    "scatter_add": lambda m, x, s, i: x.scatter_add(0, i, s),
    "max_unpool": lambda m, x, s, i: m.nn.functional.max_unpool1d(s[None], i[None], 2)[0],
}


@pytest.mark.parametrize("name,by", [(n, by) for n in PUT for by in ("x", "s", "both")
                                     if (n, by) != ("max_unpool", "x")])
def test_tangents_of_repeated_places(name, by):
    def along(m):
        x, s = x_of(m, (4,)), x_of(m, (3,), 1)
        moved, i = {"x": (x,), "s": (s,), "both": (x, s)}[by], m.tensor([1, 1, 2])

        def f(*values):
            a, b = {"x": (*values, s), "s": (x, *values), "both": values}[by]
            return PUT[name](m, a, b, i)
        return m.func.jvp(f, moved, tuple(v + 1 for v in moved))

    value, tangent = along(ctorch)
    if by != "x" and "add" not in name:
        assert tangent[1] == x_of(ctorch, (3,), 1)[1] + 1
    if torch is not None:
        for mine, other in zip((value, tangent), along(torch)):
            np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=1e-12)


@pytest.mark.parametrize("write", [lambda y, x: y.__setitem__(-1, x[0]), lambda y, x: y[1:].copy_(x[:1])])
def test_what_is_written_over_has_no_tangent_left(write):
    def f(x):
        y = x * float("nan")
        write(y, x)
        return y

    x = ctorch.tensor([2.0, 3.0])
    assert jvp(f, (x,), (ctorch.tensor([5.0, 7.0]),))[1][1] == 5
    second = jvp(lambda t: jvp(f, (x,), (t,))[1], (x,), (ctorch.tensor([5.0, 7.0]),))[1]
    assert second[1] == 5
