"""Transforms by reverse mode against PyTorch's: levels, shapes of arguments, messages."""
import doctest
import importlib

import mirror
import numpy as np
import pytest

import ctorch


def func(lib):
    return importlib.import_module(f"{lib.__name__}.func")


def vectors(lib):
    return lib.tensor([0.5, -1.0, 2.0]), lib.tensor([1.5, 0.25, -0.75])


def loss(x):
    return (x.sin() * x * x).sum()


@pytest.mark.parametrize("module", ["_reverse", "_modules"])
def test_examples(module):
    if module == "_reverse" and not hasattr(ctorch.func, "jacfwd"):
        pytest.skip("hessian needs forward mode")
    assert doctest.testmod(importlib.import_module(f"ctorch.func.{module}")).failed == 0


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_gradients_of_gradients(depth):
    def program(lib):
        def f(x):
            return x ** 5 * x.sin()
        for _ in range(depth):
            f = func(lib).grad(f)
        return f(lib.tensor(1.25, dtype=lib.float64))
    mirror.check(program)


@pytest.mark.parametrize("argnums", [0, 1, -1, (0,), (1, 0), (0, 2), (0, -1)])
def test_argnums_and_containers(argnums):
    def program(lib):
        a, b = vectors(lib)

        def f(x, y, tree, factor=2.0):
            return (x * y * tree["w"][0] * factor).sum() + tree["n"] * tree["w"][1].sum()

        return func(lib).grad(f, argnums)(a, b, {"w": [a * 2, b], "n": lib.tensor(3.0)}, factor=3.0)
    mirror.check(program)


def test_value_and_more():
    def program(lib):
        a, b = vectors(lib)
        f = func(lib)
        return (f.grad_and_value(lambda x: (x * b).sum())(a),
                f.grad(lambda x: (loss(x), {"x": x * b, "none": [b]}), has_aux=True)(a),
                f.grad_and_value(lambda x, y: (loss(x * y), (x, y)), argnums=(0, 1), has_aux=True)(a, b))
    mirror.check(program)


@pytest.mark.parametrize("case", ["captured", "own", "both", "value alone", "result without", "no_grad outside",
                                  "no_grad inside", "aux", "output is input"])
def test_what_is_followed_outside(case):
    def program(lib):
        a, _ = vectors(lib)
        w, v = lib.tensor(2.0, requires_grad=True), a.clone().requires_grad_()
        grad, found = func(lib).grad, None
        if case == "captured":
            found = grad(lambda x: (x * x * w).sum())(a)
        elif case == "own":
            found = grad(loss)(v)
        elif case == "both":
            found = grad(lambda x: (x * v * w).sin().sum())(v)
        elif case == "value alone":
            g, found = func(lib).grad_and_value(lambda x: (x * x).sum() + w)(a)
            return g, g.requires_grad, found.requires_grad
        elif case == "result without":
            found = grad(lambda x: x.sum() + w)(a)
            return found, found.requires_grad
        elif case == "no_grad outside":
            with lib.no_grad():
                found = grad(lambda x: (x * x * w).sum())(v)
            return found, found.requires_grad
        elif case == "no_grad inside":
            def f(x):
                with lib.no_grad():
                    c = x * x
                return (x * c).sum()
            return grad(f)(a), grad(f)(v).requires_grad
        elif case == "aux":
            _, aux = grad(lambda x: (loss(x), (x * w, x * 2, w * 1)), has_aux=True)(a)
            return [x.requires_grad for x in aux], list(lib.autograd.grad(aux[0].sum() + aux[2], w))
        else:
            (g,), out = func(lib).grad_and_value(lambda x: x, argnums=(0,))(w)
            return g, g.requires_grad, out.requires_grad
        leaves = [x for x in (w, v) if case == "both" or (x is w) == (case == "captured")]
        return found, list(lib.autograd.grad(found.sum(), leaves)), v.grad is None
    mirror.check(program)


def test_levels_do_not_mix():
    def program(lib):
        grad, x = func(lib).grad, lib.tensor(3.0)
        return (grad(lambda x: x * grad(lambda y: x + y)(x))(x), grad(lambda x: x * grad(lambda y: x * y * y)(x))(x),
                grad(lambda x: x * func(lib).vjp(lambda y: x * y, x)[1](x)[0])(x),
                grad(lambda x: grad(lambda x: grad(lambda z: z ** 2 * x)(x) * x)(x) * x)(x))
    mirror.check(program)


def test_leaves_outside_get_nothing():
    w = ctorch.tensor([1.0, 2.0], requires_grad=True)
    ctorch.func.grad(lambda x: (x * w).sum())(w)
    assert w.grad is None


def test_memory_of_a_gradient_is_its_own():
    g = ctorch.func.grad(lambda x: x.sum())(ctorch.ones(3))
    g[0] = 5
    assert g.tolist() == [5, 1, 1]


@pytest.mark.parametrize("case", ["not a tensor", "vector", "no pair", "argnum", "argnum type", "list", "empty",
                                  "twice", "whole number", "argument", "aux", "vjp output", "vjp none", "vjp int",
                                  "vjp pair", "structure", "shape", "complex output", "jacrev complex", "chunk",
                                  "in place"])
def test_errors(case):
    def program(lib):
        f, (a, b) = func(lib), vectors(lib)
        calls = {
            "not a tensor": lambda: f.grad(lambda x: 3)(a),
            "vector": lambda: f.grad(lambda x: x * 2)(a),
            "no pair": lambda: f.grad(lambda x: x.sum(), has_aux=True)(a),
            "argnum": lambda: f.grad(loss, argnums=1)(a),
            "argnum type": lambda: f.grad(loss, argnums=(0.5,))(a),
            "list": lambda: f.grad(loss, argnums=[0])(a),
            "empty": lambda: f.grad(loss, argnums=())(a),
            "twice": lambda: f.grad(loss, argnums=(0, 0))(a),
            "whole number": lambda: f.grad(loss)(lib.tensor([1, 2])),
            "argument": lambda: f.grad(lambda x: x[0].sum())([a, "text"]),
            "aux": lambda: f.grad(lambda x: (x.sum(), "text"), has_aux=True)(a),
            "vjp output": lambda: f.vjp(lambda x: (x, 3), a),
            "vjp none": lambda: f.vjp(lambda x: None, a),
            "vjp int": lambda: f.vjp(lambda x: x.long(), a),
            "vjp pair": lambda: f.vjp(lambda x: x, a, has_aux=True),
            "structure": lambda: f.vjp(lambda x: ({"s": x}, [x, (x,)]), a)[1](a),
            "shape": lambda: f.vjp(lambda x: x, a)[1](b[:2]),
            "complex output": lambda: f.grad(lambda x: (x * 1j).sum())(a),
            "jacrev complex": lambda: f.jacrev(lambda x: x)(a * 1j),
            "chunk": lambda: f.jacrev(lambda x: x, chunk_size=0),
            "in place": lambda: f.grad(lambda x: x.mul_(2).sum())(a),
        }
        return calls[case]()
    mirror.check(program, message=case != "vjp output")


def test_vjp():
    def program(lib):
        f, (a, b) = func(lib), vectors(lib)
        value, pull_back = f.vjp(lambda x, y: {"p": x * y, "s": (x.sum(), [y.exp()])}, a, b)
        seeds = {"p": a, "s": (lib.tensor(2.0), [b])}
        first, second = pull_back(seeds), pull_back(seeds)
        one, back, aux = f.vjp(lambda x: (x * 2, {"more": x.sin()}), a, has_aux=True)
        return value, first, second, one, back(b), aux, f.vjp(lambda x: b * 1, a)[1](b)
    mirror.check(program)


def test_vjp_is_differentiable_in_the_cotangent_too():
    def program(lib):
        f, (a, b) = func(lib), vectors(lib)
        g = b.clone().requires_grad_()
        (found,) = f.vjp(lambda x: x ** 3, a)[1](g)
        with lib.no_grad():
            (plain,) = f.vjp(lambda x: x ** 3, a)[1](g)
        return found, list(lib.autograd.grad(found.sum(), g)), plain, plain.requires_grad
    mirror.check(program)


@pytest.mark.parametrize("chunk", [None, 1, 2, 100])
@pytest.mark.parametrize("argnums", [0, (0, 1)])
def test_jacobians(chunk, argnums):
    def program(lib):
        f, (a, b) = func(lib), vectors(lib)

        def g(x, y):
            return {"p": (x[:, None] * y).sin(), "s": (x.sum() * y.prod(), y[:0])}

        return [f.jacrev(g, argnums, chunk_size=chunk, _preallocate_and_copy=copy)(a, b) for copy in (False, True)]
    mirror.check(program)


def test_jacobians_of_jacobians():
    def program(lib):
        f, (a, _) = func(lib), vectors(lib)
        w = lib.tensor(2.0, requires_grad=True)
        jacobian = f.jacrev(lambda x: x * x.sum() * w)(a)
        return (f.jacrev(f.jacrev(loss))(a), jacobian, list(lib.autograd.grad(jacobian.sum(), w)),
                f.jacrev(lambda x: (x * 2, x), has_aux=True)(a), f.grad(lambda x: f.jacrev(loss)(x).sum())(a))
    mirror.check(program)


def test_hessian():
    def program(lib):
        f, (a, b) = func(lib), vectors(lib)
        return f.hessian(loss)(a), f.hessian(lambda x, y: (x * y).sin().sum(), argnums=(0, 1))(a, b)
    mirror.check(program, warn=False)                # PyTorch's first use of forward mode warns of its own code


def test_a_jacobian_against_differences():
    x = ctorch.tensor([0.3, -0.7, 1.1], dtype=ctorch.float64)

    def f(x):
        return ctorch.stack([x.prod(), (x * x).sum().sqrt(), x[0].sin() * x[2]])

    step = 1e-6 * ctorch.eye(3, dtype=ctorch.float64)
    columns = [((f(x + step[k]) - f(x - step[k])) / 2e-6).numpy() for k in range(3)]
    np.testing.assert_allclose(ctorch.func.jacrev(f)(x).numpy(), np.stack(columns, axis=1), rtol=1e-8, atol=1e-9)


def test_the_name_of_a_function_is_kept():
    def some_function(x):
        """Its docstring."""
        return x.sum()
    for transform in (ctorch.func.grad, ctorch.func.grad_and_value, ctorch.func.jacrev):
        assert transform(some_function).__name__ == "some_function"
        assert transform(some_function).__doc__ == "Its docstring."
    assert ctorch.func.grad(ctorch.nn.Softmax(0))
