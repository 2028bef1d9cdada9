"""autograd.Function in vmap: its own rule, the one that is generated, and what is refused."""
import pytest
from mirror import needs_torch, torch

import ctorch
from ctorch.autograd import Function, grad
from ctorch.func import vmap

X = ctorch.arange(6.0, dtype=ctorch.float64).reshape(3, 2) + 1
seen = []


class Cube(Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return x * x * x

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(inputs[0])

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * g * x * x


class Scale(Function):
    """Two tensors and a number, with a rule of its own."""

    @staticmethod
    def forward(x, y, power):
        return x * y ** power, y + 1

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, y, ctx.power = inputs
        ctx.save_for_backward(x, y)

    @staticmethod
    def backward(ctx, g, other):
        x, y = ctx.saved_tensors
        gy = g * x * ctx.power * y ** (ctx.power - 1)
        return g * y ** ctx.power, gy.sum_to_size(y.shape) + other, None

    @staticmethod
    def vmap(info, in_dims, x, y, power):
        seen.append((info.batch_size, info.randomness, in_dims, tuple(x.shape), tuple(y.shape)))
        x = x if in_dims[0] is None else x.movedim(in_dims[0], 0)
        y = y if in_dims[1] is None else y.movedim(in_dims[1], 0)
        z, w = Scale.apply(x, y, power)
        return (z, w), (0, None if in_dims[1] is None else 0)


def test_the_generated_rule():
    x = X.clone().requires_grad_()
    out = vmap(Cube.apply)(x)
    assert out.tolist() == (X ** 3).tolist()
    assert grad(out.sum(), x)[0].tolist() == (3 * X ** 2).tolist()

    def slope(a):
        a = a.detach().requires_grad_()
        return grad(Cube.apply(a).sum(), a)[0]

    assert vmap(slope)(X).tolist() == (3 * X ** 2).tolist()


def test_own_rule():
    del seen[:]
    y = ctorch.tensor([2.0, 3.0], dtype=ctorch.float64, requires_grad=True)
    x = X.clone().requires_grad_()
    z, w = vmap(lambda a: Scale.apply(a, y, 2), randomness="same")(x)
    assert seen == [(3, "same", (0, None, None), (3, 2), (2,))]
    assert z.tolist() == (X * y ** 2).tolist() and w.tolist() == (y + 1).expand(3, 2).tolist()
    gx, gy = grad(z.sum() + w.sum(), (x, y))
    assert gx.tolist() == (y ** 2).expand(3, 2).tolist() and gy.tolist() == ((X * 2 * y).sum(0) + 3).tolist()


def test_own_rule_at_two_levels_and_inside():
    del seen[:]
    y = ctorch.tensor([2.0, 3.0], dtype=ctorch.float64)
    z, w = vmap(lambda a: vmap(lambda b, c: Scale.apply(b, c, 2))(a, y))(X)
    assert z.tolist() == (X * y ** 2).tolist() and w.tolist() == (y + 1).expand(3, 2).tolist()
    assert [s[2] for s in seen] == [(0, 0, None), (0, None, None)]

    def slope(a):
        a = a.detach().requires_grad_()
        return grad(Scale.apply(a, y, 2)[0].sum(), a)[0]

    assert vmap(slope)(X).tolist() == (y ** 2).expand(3, 2).tolist()


def classes(module):
    class OldStyle(module.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(ctx, x):
            return x * 2

    class NoRule(module.autograd.Function):
        @staticmethod
        def forward(x):
            return x * 2

        @staticmethod
        def setup_context(ctx, inputs, output):
            pass

    class Both(NoRule):
        generate_vmap_rule = True

        @staticmethod
        def vmap(info, in_dims, x):
            return x, 0

    class OneReturn(NoRule):
        @staticmethod
        def vmap(info, in_dims, x):
            return x

    class Misfit(NoRule):
        @staticmethod
        def vmap(info, in_dims, x):
            return x, (0, 0)

    return {c.__name__: c for c in (OldStyle, NoRule, Both, OneReturn, Misfit)}


@needs_torch
@pytest.mark.parametrize("name", ["NoRule", "Both", "OneReturn", "Misfit"])
def test_refusals_are_pytorchs(name):
    with pytest.raises(RuntimeError) as theirs:
        torch.vmap(classes(torch)[name].apply)(torch.ones(3, 2))
    with pytest.raises(RuntimeError) as ours:
        vmap(classes(ctorch)[name].apply)(X)
    assert str(ours.value)[:120] == str(theirs.value)[:120]


def test_a_context_in_forward_is_refused_where_there_is_no_rule():
    class Plain(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

    with pytest.raises(RuntimeError, match="must override the setup_context"):
        vmap(Plain.apply)(X)
    assert vmap(classes(ctorch)["OldStyle"].apply)(X).tolist() == (2 * X).tolist()


def test_batches_of_gradients_go_through_functions():
    x = X.clone().requires_grad_()
    out = Cube.apply(x)
    seeds = ctorch.stack([ctorch.ones_like(X), X])
    (found,) = grad(out, x, seeds, is_grads_batched=True)
    assert found.tolist() == (3 * seeds * X ** 2).tolist()
