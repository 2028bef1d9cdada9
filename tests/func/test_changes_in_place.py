"""Changes in place inside of transforms: what is refused, and what histories and tangents come of the others."""
import importlib

import mirror
import pytest

import ctorch


def func(lib):
    return importlib.import_module(f"{lib.__name__}.func")


def row(lib):
    return lib.tensor([1.0, 2.0, 3.0])


def rows(lib):
    return lib.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


# ---- captured tensors

CHANGES = {
    "constant": lambda lib, c, x: c.mul_(2),
    "tensor": lambda lib, c, x: c.mul_(x),
    "view": lambda lib, c, x: c[1:].add_(1),
    "detached": lambda lib, c, x: c.detach().add_(1),
    "item": lambda lib, c, x: c.__setitem__(0, 5.0),
    "item of the argument": lambda lib, c, x: c.__setitem__(0, x[0]),
    "index": lambda lib, c, x: c.index_put_((lib.tensor([0, 1]),), lib.tensor([5.0, 6.0])),
    "scatter": lambda lib, c, x: c.scatter_add_(0, lib.tensor([0, 1]), lib.tensor([5.0, 6.0])),
    "copy": lambda lib, c, x: c.copy_(x),
    "fill": lambda lib, c, x: c.fill_(2.0),
    "zero": lambda lib, c, x: c.zero_(),
    "random": lambda lib, c, x: c.uniform_(),
    "shape": lambda lib, c, x: c.unsqueeze_(0),
    "data": lambda lib, c, x: c.data.mul_(2),
}
TRANSFORMS = {
    "grad": lambda f, x, g: f.grad(lambda x: g(x).sum())(x),
    "vjp": lambda f, x, g: f.vjp(g, x)[0],
    "jvp": lambda f, x, g: f.jvp(g, (x,), (x.exp(),)),
    "jacrev": lambda f, x, g: f.jacrev(g)(x),
    "jacfwd": lambda f, x, g: f.jacfwd(g)(x),
    "hessian": lambda f, x, g: f.hessian(lambda x: g(x).sum())(x),
    "vmap of grad": lambda f, x, g: f.vmap(f.grad(lambda x: g(x).sum()))(x.expand(2, 3)),
    "grad of vmap": lambda f, x, g: f.grad(lambda m: f.vmap(lambda x: g(x).sum())(m).sum())(x.expand(2, 3) * 1),
}


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("change", ["constant", "view"])
def test_a_captured_tensor_is_not_changed(transform, change):
    def program(lib):
        c = lib.ones(3)

        def g(x):
            CHANGES[change](lib, c, x)
            return c * x
        return TRANSFORMS[transform](func(lib), row(lib), g)
    mirror.check(program, warn=False)
    with pytest.raises(RuntimeError, match=r"During a grad .* \((mul|add)_\) that would mutate a captured Tensor"):
        program(ctorch)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("recorded", [True, False])
def test_by_no_operator(change, recorded):
    def program(lib):
        c = lib.ones(3)

        def f(x):
            with lib.set_grad_enabled(recorded):
                CHANGES[change](lib, c, x)
            return (c * x).sum()
        return func(lib).grad(f)(row(lib))
    mirror.check(program, warn=False)
    with pytest.raises(RuntimeError, match="would mutate a captured Tensor"):
        program(ctorch)


def test_a_refused_change_leaves_the_tensor_and_the_next_transform_alone():
    c = ctorch.ones(3)
    with pytest.raises(RuntimeError, match="captured"):
        ctorch.func.grad(lambda x: (c.mul_(2) * x).sum())(row(ctorch))
    assert c.tolist() == [1, 1, 1] and c.mul_(2).tolist() == [2, 2, 2]


NESTED = {
    "of an outer level": lambda lib, f, x, c: f.grad(
        lambda x: f.grad(lambda z, y=x * 2: (y.mul_(3) * z).sum())(x).sum())(x),
    "made in an outer level": lambda lib, f, x, c: f.grad(
        lambda x: (lambda y: f.grad(lambda z: (y.add_(1) * z).sum())(x).sum())(lib.zeros(3)))(x),
    "given to the inner level alone": lambda lib, f, x, c: f.grad(
        lambda x: f.grad(lambda z, k: (k.mul_(3) * z).sum())(x, c).sum() + x.sum())(x),
    "given to both": lambda lib, f, x, c: (f.grad(
        lambda x, c: f.grad(lambda z, k: (k.mul_(3) * z).sum())(x, c).sum() + x.sum())(x, c), c),
    "argument": lambda lib, f, x, c: (f.grad(lambda x, y: (y.mul_(2) * x).sum())(x, c), c),
    "keyword": lambda lib, f, x, c: (f.grad(lambda x, y: (y["a"][1:].mul_(2) * x[1:]).sum())(x, y={"a": c}), c),
    "view as argument": lambda lib, f, x, c: (f.grad(lambda x, y: (y[:1].mul_(2) * x[:2]).sum())(x, c[1:]), c),
    "example as argument": lambda lib, f, x, c: (f.vmap(f.grad(lambda x, y: (y.mul_(3) * x).sum()), (0, None))(
        x.expand(2, 3), c), c),
    "examples as argument": lambda lib, f, x, c: (lambda m: (f.vmap(f.grad(lambda x, y: (y.mul_(x) * y).sum()))(
        x.expand(2, 3), m), m))(rows(lib)),
    "primal": lambda lib, f, x, c: (f.jvp(lambda x: x.mul_(2) * x, (x,), (c,)), x),
    "primal that is its tangent": lambda lib, f, x, c: (f.jvp(lambda x: x.mul_(2) * x, (x,), (x,)), x),
    "input": lambda lib, f, x, c: f.grad(lambda x: x.mul_(2).sum())(x),
    "input of two levels": lambda lib, f, x, c: f.grad(
        lambda x: f.grad(lambda x: (x.mul_(2) * x).sum())(x).sum())(x),
    "view of an input of two levels": lambda lib, f, x, c: f.grad(
        lambda x: f.grad(lambda x: (x[:1].mul_(2) * x).sum())(x).sum())(x),
    "input unrecorded": lambda lib, f, x, c: (f.grad(
        lambda x: lib.no_grad()(lambda: x.mul_(2))() is None or (x * x).sum())(x), x),
    "values of the input": lambda lib, f, x, c: (f.grad(lambda x: (x * x.detach().mul_(2)).sum())(x), x),
    "made inside": lambda lib, f, x, c: f.grad(lambda x: (lib.zeros(3).add_(x).mul_(x) * x).sum())(x),
    "only mapped": lambda lib, f, x, c: (f.vmap(lambda x: c.add_(1) * x)(x.expand(2, 3)), c),
}


@pytest.mark.parametrize("case", NESTED)
def test_what_may_be_changed(case):
    mirror.check(lambda lib: NESTED[case](lib, func(lib), row(lib), lib.ones(3)), warn=False)


def test_buffers_are_changed_where_they_are_given():
    def program(lib, given):
        f = func(lib)
        norm = lib.nn.BatchNorm1d(3)
        if not given:
            return f.grad(lambda x: norm(x).sin().sum())(rows(lib))
        state = dict(norm.named_parameters()), dict(norm.named_buffers())
        found = f.grad(lambda x, p, b: (f.functional_call(norm, (p, b), (x,)) * x).sin().sum())(rows(lib), *state)
        return found, norm.running_mean, norm.num_batches_tracked
    mirror.check(lambda lib: program(lib, True), rtol=1e-4, atol=1e-5)
    mirror.check(lambda lib: program(lib, False))


def test_threads_have_transforms_of_their_own():
    from concurrent.futures import ThreadPoolExecutor
    c = ctorch.ones(3)

    def f(x):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(c.add_, 1).result()
        return (c * x).sum()
    assert ctorch.func.grad(f)(row(ctorch)).tolist() == [2, 2, 2]


# ---- inputs of vmap

INPUTS = {
    "whole": lambda y, x: y.mul_(2),
    "by another": lambda y, x: y.mul_(x),
    "element": lambda y, x: y[0].mul_(3),
    "several": lambda y, x: (y.__setitem__(0, x[1] * 2), y[1:].add_(x[:2]))[1],
    "copy": lambda y, x: y.copy_(x.sin()),
    "forgotten": lambda y, x: y.zero_(),
}


@pytest.mark.parametrize("case", INPUTS)
@pytest.mark.parametrize("history", ["both", "target", "source", "view", "column"])
def test_histories_of_changed_inputs(case, history):
    def program(lib):
        f = func(lib)
        a, b = rows(lib).requires_grad_(), (rows(lib) * 0.3).requires_grad_()
        y = lib.ones(2, 3) if history == "source" else a * 3
        x = b.detach() if history == "target" else b * 1
        dims = (0, 0)
        if history == "view":
            y = (a.repeat(2, 1) * 3)[1:3]
        if history == "column":
            y, x, dims = (a * 3).reshape(3, 2), x.reshape(3, 2), (1, 1)

        def change(y, x):
            INPUTS[case](y, x)
            return (y * y).sum()
        inside = f.vmap(change, dims)(y, x)
        total = inside.sum() + (y * y * rows(lib).reshape(y.shape)).sum()
        return inside, y, lib.autograd.grad(total, [a, b], allow_unused=True) if total.requires_grad else None
    mirror.check(program, warn=False)


@pytest.mark.parametrize("case", INPUTS)
@pytest.mark.parametrize("way", ["grad", "jvp", "jacfwd", "jacrev", "hessian"])
def test_derivatives_through_changed_inputs(case, way):
    def program(lib):
        f = func(lib)

        def g(m):
            y = m * m
            inside = f.vmap(lambda y, x: INPUTS[case](y, x).sum())(y, m.sin())
            return y * y + inside[:, None] * m
        if way == "jvp":
            return f.jvp(g, (rows(lib),), (rows(lib).cos(),))
        if way in ("grad", "hessian"):
            return getattr(f, way)(lambda m: g(m).sum())(rows(lib))
        return getattr(f, way)(g)(rows(lib))
    mirror.check(program, rtol=1e-4, atol=1e-4, warn=False)


def test_histories_through_two_levels():
    def program(lib):
        f = func(lib)
        a, w = lib.arange(12.0).view(2, 3, 2).requires_grad_(), row(lib)[:2].clone().requires_grad_()
        y = a * 2

        def inner(y, x):
            y.mul_(x * w)
            return y.sum()

        def outer(y, x):
            inside = f.vmap(inner)(y, x)
            y[0].sin_()
            return inside.sum() * y.sum()
        found = f.vmap(outer)(y, a.sin())
        total = (y * y).sum() + found.sum()
        return y, found, lib.autograd.grad(total, [a, w])
    mirror.check(program, rtol=1e-4, atol=1e-4, warn=False)


def test_chunks_keep_histories():
    def program(lib):
        a = rows(lib).requires_grad_()
        y = a * 3
        func(lib).vmap(lambda y: y.mul_(2).sum(), chunk_size=1)(y)
        return y, lib.autograd.grad((y * y).sum(), a)
    mirror.check(program, warn=False)


INSIDE = {
    "plain": lambda lib, x: (x * 2).mul_(x),
    "views": lambda lib, x: (lambda y: (y.__setitem__(0, x[1]), y[1:].add_(x[:2]), y)[2])(x * 2),
    "geometry": lambda lib, x: (lambda y: (y.squeeze(1)[0].mul_(3), y.mT.exp_(), y)[2])((x * 2).view(3, 1)),
    "diagonal": lambda lib, x: (lambda y: (y.diagonal().mul_(3), y.diagonal().copy_(x), y)[2])(lib.outer(x, x)),
    "masks": lambda lib, x: x.clone().masked_fill_(x > 2, 7.0).clamp_(max=6.0).mul_(x),
    "indices": lambda lib, x: x.clone().index_add_(0, lib.tensor([2, 0]), x[:2]).index_fill_(0, lib.tensor([1]), 3.0),
    "zeros": lambda lib, x: (lambda y: (y.__setitem__(0, x[1]), y[1:].add_(x[:2] ** 2), y)[2])(lib.zeros_like(x)),
    "base of a view": lambda lib, x: (lambda y: (lambda v: (y.sin_(), v)[1])(y[:2]))(x.clone()),
    "shape": lambda lib, x: x.clone().unsqueeze_(0).transpose_(0, 1).mul_(2),
    "arithmetic": lambda lib, x: (x * 2).add_(x).div_(2).pow_(2).addcmul_(x, x).lerp_(x, 0.5).cumsum_(0),
}


@pytest.mark.parametrize("case", INSIDE)
def test_changes_of_what_is_made_inside(case):
    def program(lib):
        f, m = func(lib), rows(lib)

        def g(x):
            return (INSIDE[case](lib, x) ** 2 * 0.01).sum()
        return (f.vmap(f.grad(g))(m), f.grad(lambda m: f.vmap(g)(m).sum())(m), f.vmap(f.hessian(g))(m),
                f.vmap(f.jacfwd(g))(m), f.vmap(lambda x, t: f.jvp(g, (x,), (t,))[1])(m, m.cos()))
    mirror.check(program, rtol=1e-4, atol=1e-4, warn=False)
