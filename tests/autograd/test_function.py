"""autograd.Function: what its context promises, errors, and memory."""
import gc
import importlib
import weakref

import mirror
import pytest

import ctorch
from ctorch.autograd import function


def functions(lib):
    """Functions of a library, by name."""
    function_ = lib.autograd.Function

    class Cube(function_):
        @staticmethod
        def forward(ctx, x, power=3):
            ctx.power = power
            ctx.save_for_backward(x, None)
            return x ** power

        @staticmethod
        def backward(ctx, g):
            x, nothing = ctx.saved_tensors
            assert nothing is None
            return g * ctx.power * x ** (ctx.power - 1), None

    class Exponential(function_):
        @staticmethod
        def forward(x):
            return x.exp()

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(output)

        @staticmethod
        def vjp(ctx, g):
            return g * ctx.saved_tensors[0]

    class Pair(function_):
        @staticmethod
        def forward(ctx, x, materialize):
            ctx.set_materialize_grads(materialize)
            fixed = x.sign()
            ctx.mark_non_differentiable(fixed)
            return x * 2, fixed, x * 3, "text"

        @staticmethod
        def backward(ctx, *grads):
            ctx.metadata["missing"] = [g is None for g in grads]
            return sum(k * g for k, g in zip((2, 0, 3), grads) if g is not None), None

    class Double(function_):
        @staticmethod
        def forward(ctx, x):
            x.mul_(2)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 2

    class Wrong(function_):
        result = None

        @staticmethod
        def forward(ctx, x, other):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return Wrong.result(g)

    return Cube, Exponential, Pair, Double, Wrong


def leaf(lib):
    return lib.tensor([0.5, -2.0, 1.5], requires_grad=True)


def test_gradients_of_any_order():
    def program(lib):
        cube, exponential, *_ = functions(lib)
        x = leaf(lib)
        y = (exponential.apply(cube.apply(x, 2)) * x).sum()
        (g,) = lib.autograd.grad(y, x, create_graph=True)
        (gg,) = lib.autograd.grad((g * g).sum(), x)
        return y, g, gg
    mirror.check(program)


def test_several_outputs():
    def program(lib):
        pair = functions(lib)[2]
        out = []
        for materialize in (True, False):
            x = leaf(lib)
            a, fixed, b, text = pair.apply(x, materialize)
            (a.sum() if materialize else b.sum()).backward()
            out += [x.grad, fixed.requires_grad, b.requires_grad, text, a.output_nr, b.output_nr,
                    a.grad_fn.metadata["missing"], len(a.grad_fn.next_functions)]
        return out
    mirror.check(program)


def test_in_place():
    def program(lib):
        double = functions(lib)[3]
        x = leaf(lib)
        y = x * 1
        before = y._version
        same = double.apply(y)
        y.sum().backward()
        part = x * 1
        double.apply(part[1:])
        (part * part).sum().backward()
        return same is y, y._version - before, y.grad_fn.name(), x.grad
    mirror.check(program)


@pytest.mark.parametrize("case", ["leaf", "view of leaf", "not returned", "no tensor"])
def test_in_place_errors(case):
    def program(lib):
        double = functions(lib)[3]

        class Other(lib.autograd.Function):
            @staticmethod
            def forward(ctx, x, marked):
                ctx.mark_dirty(x if marked is None else marked)
                return x * 2

        x = leaf(lib)
        try:
            if case == "leaf":
                double.apply(x)
            elif case == "view of leaf":
                double.apply(x[1:])
            else:
                Other.apply(x * 1, None if case == "not returned" else 5)
        except RuntimeError as error:
            return str(error)[:50]
        return None
    mirror.check(program)


@pytest.mark.parametrize("case", range(10))
def test_results_of_backward_are_checked(case):
    def program(lib):
        wrong = functions(lib)[4]
        x = leaf(lib)
        wrong.result = [
            lambda g: g, lambda g: (g, None, None), lambda g: (g, None, g), lambda g: (g, g), lambda g: (5, None),
            lambda g: (lib.ones(2), None), lambda g: (lib.ones(2, 3), None), lambda g: (None, None),
            lambda g: (g.double(), None), lambda g: [g, None]][case]
        try:
            wrong.apply(x, "text").sum().backward()
        except RuntimeError as error:
            return str(error).replace("NoneType", "None")
        return x.grad
    mirror.check(program)


def test_an_input_handed_back():
    def program(lib):
        class Same(lib.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x

            @staticmethod
            def backward(ctx, g):
                return g * 5

        x = leaf(lib)
        y = Same.apply(x)
        y.sum().backward()
        try:
            y.mul_(2)
        except RuntimeError as error:
            return y is x, y._is_view(), x.grad, str(error)
        return None
    mirror.check(program)


def test_keyword_arguments_and_defaults():
    def program(lib):
        class Scale(lib.autograd.Function):
            @staticmethod
            def forward(x, factor=2.0, *, shift=1.0):
                return x * factor + shift

            @staticmethod
            def setup_context(ctx, inputs, output):
                ctx.inputs = inputs

            @staticmethod
            def backward(ctx, g):
                return g * ctx.inputs[1], None

        class Plain(lib.autograd.Function):
            @staticmethod
            def forward(ctx, x, weight=None):
                ctx.save_for_backward(x, weight)
                return x * weight

            @staticmethod
            def backward(ctx, g):
                x, weight = ctx.saved_tensors
                return g * weight, g * x

        x, w = leaf(lib), leaf(lib)
        Plain.apply(x, weight=w).sum().backward()
        return x.grad, w.grad
    mirror.check(program)


def test_keyword_only_arguments():
    class Scale(ctorch.autograd.Function):
        @staticmethod
        def forward(x, factor=2.0, *, shift=1.0):
            return x * factor + shift

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.factor = inputs[1]

        @staticmethod
        def backward(ctx, g):
            return g * ctx.factor, None, None

    x = ctorch.ones(2, requires_grad=True)
    y = Scale.apply(x, shift=5.0)
    y.sum().backward()
    assert y.tolist() == [7, 7] and x.grad.tolist() == [2, 2]


def test_once_differentiable():
    def program(lib):
        class Square(lib.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * x

            @staticmethod
            @lib.autograd.function.once_differentiable
            def backward(ctx, g):
                return 2 * g * ctx.saved_tensors[0]

        x, seed = leaf(lib), lib.ones(3, requires_grad=True)
        (g,) = lib.autograd.grad(Square.apply(x), x, seed, create_graph=True)
        try:
            g.sum().backward()
        except RuntimeError as error:
            return g.requires_grad, str(error)
        return None
    mirror.check(program)


def test_saved_tensors_that_change_are_noticed():
    cube = functions(ctorch)[0]
    x = leaf(ctorch) * 1
    y = cube.apply(x)
    x.mul_(2)
    with pytest.raises(RuntimeError, match=r"which CubeBackward saved, is at version 1; expected version 0 .* was mul"):
        y.sum().backward()


def test_saved_tensors_are_freed_as_they_are_used():
    cube = functions(ctorch)[0]
    x = leaf(ctorch)
    y = cube.apply(x).sum()
    y.backward(retain_graph=True)
    y.backward()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        y.backward()


def test_the_context_is_the_node():
    cube = functions(ctorch)[0]
    x = leaf(ctorch)
    y = cube.apply(x, 2)
    ctx = y.grad_fn
    assert ctx.name() == "CubeBackward" and ctx.power == 2 and ctx.needs_input_grad == (True, False)
    assert isinstance(ctx, function.FunctionCtx) and isinstance(ctx, ctorch.autograd.graph.Node)
    assert ctx.saved_tensors[0] is x and ctx.saved_tensors[1] is None
    assert len(ctx.next_functions) == 1 and ctx.next_functions[0][0].variable is x


def test_nothing_is_recorded_without_need():
    cube = functions(ctorch)[0]
    with ctorch.no_grad():
        assert cube.apply(leaf(ctorch)).grad_fn is None
    assert cube.apply(ctorch.ones(2)).grad_fn is None


def test_what_is_missing_says_so():
    class Empty(ctorch.autograd.Function):
        pass

    with pytest.raises(NotImplementedError, match="You must implement the forward function"):
        Empty.apply(ctorch.ones(1))
    with pytest.raises(NotImplementedError, match="You must implement the jvp function"):
        Empty.jvp(None)
    with pytest.raises(NotImplementedError, match="override the vmap staticmethod"):
        Empty.vmap(None, ())
    with pytest.raises(RuntimeError, match="Legacy autograd function"):
        Empty()(ctorch.ones(1))

    class Both(functions(ctorch)[1]):
        @staticmethod
        def backward(ctx, g):
            return g

    with pytest.raises(RuntimeError, match="Implementing both 'backward' and 'vjp'"):
        Both.apply(leaf(ctorch)).sum().backward()


@pytest.mark.parametrize("how", ["kept", "run", "failed", "view"])
def test_nothing_leaks(how):
    class Exponential(ctorch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x.mul_(2) if how == "view" else x.exp()
            if how == "view":
                ctx.mark_dirty(x)
            ctx.save_for_backward(y, x)
            return y

        @staticmethod
        def backward(ctx, g):
            if how == "failed":
                raise ValueError("planned")
            return g * ctx.saved_tensors[0]

    gc.disable()
    try:
        x = leaf(ctorch)
        base = x * 1 if how == "view" else x
        y = Exponential.apply(base[:2] if how == "view" else x)
        if how == "run":
            y.sum().backward()
        elif how == "failed":
            with pytest.raises(ValueError, match="planned"):
                y.sum().backward()
        output, node = weakref.ref(y), weakref.ref(y.grad_fn if how != "view" else y._base.grad_fn.next_functions[1][0])
        del y, base
        assert output() is None and node() is None
    finally:
        gc.enable()


def test_long_chains_are_freed_without_recursion():
    double = functions(ctorch)[1]
    y = x = ctorch.zeros(1, requires_grad=True)
    for _ in range(100_000):
        y = double.apply(y) * 0
    y.backward()
    del y
    assert x.grad.item() == 0


VIEWS = {"row": lambda d: d[0], "column": lambda d: d[:, 1], "transposed": lambda d: d.t()[1:], "all": lambda d: d[:]}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("recorded", [False, True])
def test_a_changed_view_gives_its_base_its_tangent(view, recorded):
    def program(lib):
        forward = importlib.import_module(f"{lib.__name__}.autograd.forward_ad")

        class Scale(lib.autograd.Function):
            @staticmethod
            def forward(ctx, x, factor):
                ctx.mark_dirty(x)
                ctx.save_for_backward(factor)
                ctx.save_for_forward(factor)
                return x.mul_(factor)

            @staticmethod
            def backward(ctx, g):
                return g * ctx.saved_tensors[0], None

            @staticmethod
            def jvp(ctx, t, _):
                return t.mul_(ctx.saved_tensors[0])

        base = (lib.arange(6.0).view(2, 3) + 1).requires_grad_(recorded)
        with forward.dual_level():
            dual = forward.make_dual(base, base.detach().cos()) * 2
            part = VIEWS[view](dual)
            Scale.apply(part, lib.tensor(3.0))
            both = [dual * dual, part.sin(), dual[1] * 2]
            tangents = [forward.unpack_dual(y).tangent.detach() for y in both]
            return both, tangents, lib.autograd.grad(both[0].sum(), base) if recorded else None
    mirror.check(program, warn=False)
