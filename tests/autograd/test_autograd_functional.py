"""Products with Jacobians and Hessians of Python functions, against PyTorch's, with every option and every message."""
import importlib

import numpy as np
import pytest
from mirror import needs_torch, torch_with_func

import ctorch
from ctorch.autograd import functional

torch = torch_with_func()
X = [[0.5, -1.0], [2.0, 0.25]]
V = [[1.0, 2.0], [-0.5, 3.0]]


def both(run):
    """What a function of the module gives by both packages, as arrays; or the errors."""
    found = []
    for m in (ctorch, torch):
        try:
            found.append(plain(run(m, importlib.import_module(f"{m.__name__}.autograd.functional"))))
        except Exception as error:
            found.append((type(error), str(error).replace("ctorch", "torch")))
    return found


def plain(x):
    if isinstance(x, tuple | list):
        return type(x)(plain(v) for v in x)
    return np.array(x.detach().numpy()), x.requires_grad


def check(run):
    mine, other = both(run)
    compare(mine, other)


def compare(mine, other):
    if isinstance(other, tuple) and other and isinstance(other[0], np.ndarray):
        assert mine[1] == other[1]
        np.testing.assert_allclose(mine[0], other[0], rtol=1e-10, atol=1e-12)
    elif isinstance(other, tuple) and other and isinstance(other[0], type):
        assert mine == other
    else:
        assert isinstance(mine, tuple) and len(mine) == len(other)       # PyTorch's are lists in forward mode
        for a, b in zip(mine, other):
            compare(a, b)


def x_of(m, values=X, **options):
    return m.tensor(values, dtype=m.float64, **options)


FUNCTIONS = {"one": lambda x: x.exp().sum(1), "number": lambda x: (x ** 3).sum(), "wide": lambda x: x.sin() * x.sum(),
             "several": lambda x: (x.exp(), (x ** 2).sum()), "constant": lambda x: (x.exp(), x.detach() * 2)}


@needs_torch
@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("requires_grad", [False, True])
def test_jvp_and_jacobian(name, create_graph, requires_grad):
    f = FUNCTIONS[name]
    check(lambda m, F: F.jvp(f, x_of(m, requires_grad=requires_grad), x_of(m, V), create_graph=create_graph))
    check(lambda m, F: F.jacobian(f, x_of(m, requires_grad=requires_grad), create_graph=create_graph))
    check(lambda m, F: F.jacobian(f, x_of(m, requires_grad=requires_grad), create_graph=create_graph, vectorize=True))


@needs_torch
@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("requires_grad", [False, True])
def test_vjp_and_products_with_hessians(create_graph, requires_grad):
    f = FUNCTIONS["number"]
    for name in ("vhp", "hvp", "hessian", "vjp"):
        given = () if name in ("hessian", "vjp") else (V,)
        check(lambda m, F, name=name, given=given: getattr(F, name)(
            f, x_of(m, requires_grad=requires_grad), *(x_of(m, v) for v in given), create_graph=create_graph))
    check(lambda m, F: F.hessian(f, x_of(m, requires_grad=requires_grad), create_graph=create_graph, vectorize=True))
    check(lambda m, F: F.vjp(FUNCTIONS["one"], x_of(m, requires_grad=requires_grad), x_of(m, [1.0, -2.0]),
                             create_graph=create_graph))


@needs_torch
@pytest.mark.parametrize("vectorize", [False, True])
def test_tuples(vectorize):
    def f(x, y):
        return x * y.sum(), y.exp()

    def number(x, y):
        return (x ** 2 * y.sum()).sum() + (y ** 3).prod()

    def args(m):
        return x_of(m), x_of(m, [1.0, 2.0, 0.5])
    check(lambda m, F: F.jacobian(f, args(m), vectorize=vectorize))
    check(lambda m, F: F.hessian(number, args(m), vectorize=vectorize))
    check(lambda m, F: F.jvp(f, args(m), args(m)))
    check(lambda m, F: F.vjp(f, args(m), args(m)))
    check(lambda m, F: F.vhp(number, args(m), args(m)))
    check(lambda m, F: F.hvp(number, args(m), args(m)))


@needs_torch
def test_forward_mode():
    def number(x, y):
        return (x ** 2 * y.sum()).sum() + (y ** 3).prod()

    def args(m):
        return x_of(m), x_of(m, [1.0, 2.0, 0.5])
    for name in ("one", "wide", "number", "several", "constant"):
        check(lambda m, F, f=FUNCTIONS[name]: F.jacobian(f, x_of(m), vectorize=True, strategy="forward-mode"))
    check(lambda m, F: F.jacobian(lambda x, y: (x * y.sum(), y.exp()), args(m), vectorize=True,
                                  strategy="forward-mode"))
    mine, other = both(lambda m, F: F.hessian(number, args(m), vectorize=True, outer_jacobian_strategy="forward-mode"))
    for row, want in zip(mine, other):
        for a, b in zip(row, want):
            np.testing.assert_allclose(a[0], b[0], rtol=1e-10)
    check(lambda m, F: F.jacobian(FUNCTIONS["one"], x_of(m), strategy="forward-mode"))
    check(lambda m, F: F.jacobian(FUNCTIONS["one"], x_of(m), strategy="forward-mode", create_graph=True))
    check(lambda m, F: F.jacobian(FUNCTIONS["one"], x_of(m), strategy="forward-mode", strict=True))
    check(lambda m, F: F.jacobian(FUNCTIONS["one"], x_of(m), strategy="sideways"))
    check(lambda m, F: F.hessian(FUNCTIONS["number"], x_of(m), outer_jacobian_strategy="sideways"))


@needs_torch
@pytest.mark.parametrize("name", ["vjp", "jvp", "jacobian"])
@pytest.mark.parametrize("create_graph", [False, True])
def test_strict(name, create_graph):
    linear, unused = (lambda x: 2 * x), (lambda x, y: x * 2)
    for f, count in ((linear, 1), (unused, 2), (FUNCTIONS["constant"], 1), (FUNCTIONS["wide"], 1)):
        def run(m, F, f=f, count=count):
            inputs = tuple(x_of(m, requires_grad=True) for _ in range(count))
            out = f(*inputs)
            vector = (inputs if name == "jvp" else out if isinstance(out, tuple) else (out,),)
            return getattr(F, name)(f, inputs, *(() if name == "jacobian" else vector), strict=True,
                                    create_graph=create_graph)
        check(run)


@needs_torch
@pytest.mark.parametrize("name", ["vhp", "hvp", "hessian"])
@pytest.mark.parametrize("create_graph", [False, True])
def test_strict_second_derivatives(name, create_graph):
    for f in (lambda x: x.sum(), lambda x: (x ** 2).sum(), lambda x: (x ** 3).sum(), lambda x: x.detach().sum()):
        def run(m, F, f=f):
            x = x_of(m, requires_grad=True)
            return getattr(F, name)(f, x, *(() if name == "hessian" else (x,)), strict=True,
                                    create_graph=create_graph)
        check(run)


@needs_torch
def test_messages():
    f, number = FUNCTIONS["wide"], FUNCTIONS["number"]
    for name in ("vjp", "jvp", "vhp", "hvp"):
        g = number if name in ("vhp", "hvp") else f
        check(lambda m, F, g=g, name=name: getattr(F, name)(g, x_of(m)))
        check(lambda m, F, g=g, name=name: getattr(F, name)(g, x_of(m), x_of(m, [1.0])))
        check(lambda m, F, g=g, name=name: getattr(F, name)(g, x_of(m), (x_of(m), x_of(m))))
        check(lambda m, F, g=g, name=name: getattr(F, name)(lambda x: (g(x),), (x_of(m),), (x_of(m, [1.0]),)))
        check(lambda m, F, g=g, name=name: getattr(F, name)(g, (x_of(m), 3), x_of(m)))
        check(lambda m, F, g=g, name=name: getattr(F, name)(g, [x_of(m)], x_of(m)))
        check(lambda m, F, name=name: getattr(F, name)(lambda x: 3.0, x_of(m), x_of(m)))
    for name in ("vhp", "hvp"):
        check(lambda m, F, name=name: getattr(F, name)(f, x_of(m), x_of(m)))
        check(lambda m, F, name=name: getattr(F, name)(lambda x: (number(x),), x_of(m), x_of(m)))
    check(lambda m, F: F.hessian(f, x_of(m)))
    check(lambda m, F: F.hessian(lambda x: (number(x),), x_of(m)))
    check(lambda m, F: F.jacobian(f, x_of(m), strict=True, vectorize=True))


def test_inputs_are_left_as_they_were():
    x = ctorch.tensor(X, dtype=ctorch.float64)
    functional.jacobian(FUNCTIONS["wide"], x)
    functional.hvp(FUNCTIONS["number"], x, x)
    assert not x.requires_grad and x.grad is None


def test_the_same_within_forward_mode():
    x = ctorch.tensor(X, dtype=ctorch.float64)
    with ctorch.autograd.forward_ad.dual_level():
        dual = ctorch.autograd.forward_ad.make_dual(x, ctorch.ones_like(x))
        found = functional.jacobian(lambda x: x ** 3, dual)
        tangent = ctorch.autograd.forward_ad.unpack_dual(found).tangent
    want = functional.jacobian(lambda x: functional.jvp(lambda x: x ** 3, x, ctorch.ones_like(x), True)[1], x)
    np.testing.assert_allclose(tangent.numpy(), want.numpy(), rtol=1e-12)
