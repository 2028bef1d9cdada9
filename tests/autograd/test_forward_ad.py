"""Dual tensors: levels, views and changes in place, modes, and what carries tangents on."""
import gc
import math
import threading

import pytest

import ctorch
from ctorch.autograd import Function, forward_ad, grad
from ctorch.autograd.forward_ad import dual_level, make_dual, unpack_dual


def t(*values):
    return ctorch.tensor(values, dtype=ctorch.float64)


def tangent(x):
    return unpack_dual(x).tangent


def same(got, *want):
    assert got is not None and got.tolist() == pytest.approx(list(want))


# ---- levels

def test_a_level_ends_with_its_tangents():
    with dual_level():
        x = make_dual(t(1, 2), t(3, 4))
        y = x * x
        same(tangent(y), 6, 16)
    assert tangent(y) is None and tangent(x) is None
    with dual_level():
        assert tangent(y) is None and tangent(y * 2) is None


def test_levels_are_numbered_and_end_in_order():
    assert forward_ad.enter_dual_level() == 0 and forward_ad.enter_dual_level() == 1
    with pytest.raises(RuntimeError, match="was not the last one that was created"):
        forward_ad.exit_dual_level(level=0)
    forward_ad.exit_dual_level(level=1)
    forward_ad.exit_dual_level()
    with pytest.raises(RuntimeError, match="was not the last one"):
        forward_ad.exit_dual_level()


def test_a_level_ends_with_an_error_inside():
    with pytest.raises(ZeroDivisionError), dual_level():
        raise ZeroDivisionError
    with pytest.raises(RuntimeError, match="no level exists, make sure to enter_dual_level"):
        make_dual(t(1), t(1))
    assert unpack_dual(t(1)).tangent is None


def test_inner_levels_derive_what_outer_ones_derived():
    with dual_level():
        x = make_dual(t(2), t(1))
        with dual_level():
            y = make_dual(x, t(1)) ** 3
            first = tangent(y)
            same(first, 12)
            same(unpack_dual(first, level=0).tangent, 12)            # the second derivative
        same(tangent(y), 12)


def test_levels_do_not_mix():
    """d/dx (x * d/dy (x + y)) is 1, though both directions are called 1."""
    with dual_level():
        x = make_dual(t(5), t(1))
        with dual_level():
            inner = tangent(x + make_dual(t(1), t(1)))
        same(tangent(x * inner), 1)


def test_a_function_may_be_a_level():
    @dual_level()
    def slope(x):
        return tangent(make_dual(x, ctorch.ones_like(x)).exp())
    same(slope(t(0)), 1)


def test_threads_have_their_own_levels():
    found = []
    with dual_level():
        x = make_dual(t(3), t(1))

        def other():
            found.append(tangent(x * x))
            with dual_level():
                found.append(tangent(x * x))
                found.append(tangent(make_dual(t(3), t(2)) * x))
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        same(tangent(x), 1)
    assert found[0] is found[1] is None
    same(found[2], 6)


def test_nothing_is_kept_beyond_a_level():
    class Watched(ctorch.Tensor):
        pass
    gone = []

    def body():
        import weakref
        with dual_level():
            x = make_dual(t(1, 2).requires_grad_(), t(1, 1))
            y = x.tanh()                     # its tangent is a function of y itself
            direction = tangent(y)
            gone.extend(weakref.ref(z) for z in (x, y, direction))
    body()
    gc.collect()
    assert [r() for r in gone] == [None] * 3


# ---- what is refused

def test_arguments_are_checked():
    with dual_level():
        with pytest.raises(ValueError, match=r"Expected primal to be floating point or complex, but got: torch.int64"):
            make_dual(ctorch.tensor([1]), t(1))
        with pytest.raises(ValueError, match="Expected tangent to be floating point or complex"):
            make_dual(t(1), ctorch.tensor([1]))
        with pytest.raises(RuntimeError, match="forward gradient that has a different size"):
            make_dual(t(1), t(1, 2))
        with pytest.raises(RuntimeError, match="forward gradient that has a different dtype"):
            make_dual(t(1), t(1).float())
        with pytest.raises(NotImplementedError, match=r"forward AD with mul.out .* out= function"):
            ctorch.mul(make_dual(t(1), t(1)), 2, out=t(0))


# ---- what a dual is

def test_a_dual_is_of_the_graph_of_its_values():
    x = t(1, 2).requires_grad_()
    with dual_level():
        y = make_dual(x, t(1, 1)) ** 3
        (g,) = grad(tangent(y).sum(), x)
    same(g, 6, 12)


def test_the_primal_is_of_the_graph_and_has_the_tangents_of_other_levels():
    x = t(2).requires_grad_()
    with dual_level():
        outer = make_dual(x, t(1))
        with dual_level():
            primal, _ = unpack_dual(make_dual(outer, t(7)) * 3)
            assert tangent(primal) is None
        same(tangent(primal), 3)
    same(grad(primal.sum(), x)[0], 3)


def test_detached_tensors_have_none():
    with dual_level():
        x = make_dual(t(1), t(1))
        assert tangent(x.detach()) is None and tangent(x.data) is None and tangent((x * 1).detach_()) is None
        same(tangent(x), 1)


def test_constants_and_integers_have_none():
    with dual_level():
        x = make_dual(t(1.5), t(1))
        assert tangent(t(1) * 2) is None and tangent(x.long()) is None
        assert not (x * 2).requires_grad
        assert not tangent(x.floor()) if tangent(x.floor()) is not None else True


def test_tangents_go_on_without_grad_mode_and_stop_in_inference_mode():
    with dual_level():
        x = make_dual(t(2).requires_grad_(), t(1))
        with ctorch.no_grad():
            y = x * x
        assert not y.requires_grad
        same(tangent(y), 4)
        with ctorch.inference_mode():
            assert tangent(x * x) is None
        with forward_ad._set_fwd_grad_enabled(False):
            assert tangent(x * x) is None
        same(tangent(x * x), 4)


def test_dtypes_and_broadcasts():
    with dual_level():
        x = make_dual(t(1, 2).float(), t(1, 10).float())
        y = x * ctorch.ones(3, 1, dtype=ctorch.float64)
        assert tangent(y).dtype == ctorch.float64 and tangent(y).shape == (3, 2)
        assert tangent(x.double()).dtype == ctorch.float64
        z = x.to(ctorch.complex64) * 1j
        assert tangent(z).tolist() == [1j, 10j]
        same(tangent((z * z).real), -2, -40)


def test_complex_functions_where_a_formula_divides_by_nought():
    with dual_level():
        z = make_dual(ctorch.tensor([0j, 1 + 1j]), ctorch.tensor([1j, 2 + 0j]))
        assert tangent(z.sinc())[0].item() == 0
        assert tangent(z.abs()).tolist() == pytest.approx([0, 2 ** 0.5])
        assert tangent(z.conj() * z).tolist() == pytest.approx([0, 4])
        assert tangent(z.real ** z).tolist()[1] == pytest.approx(2 * (1 + 1j))


def test_several_outputs():
    with dual_level():
        values, places = make_dual(t(3, 1, 2), t(30, 10, 20)).sort()
        same(tangent(values), 10, 20, 30)
        assert tangent(places) is None
        first, second = make_dual(t(1, 2, 3), t(4, 5, 6)).split([1, 2])
        same(tangent(first), 4)
        same(tangent(second), 5, 6)


# ---- in place

def test_changes_in_place():
    with dual_level():
        x = make_dual(t(2, 3), t(1, 10)) * 1
        x.mul_(x)                            # what it reads is what was there before
        same(tangent(x), 4, 60)
        x.add_(1).sqrt_()
        same(tangent(x), *(v / (2 * s) for v, s in zip((4, 60), x.tolist())))
        x.zero_()
        same(tangent(x), 0, 0)
        x += make_dual(t(1, 1), t(5, 6))
        same(tangent(x), 5, 6)
        x.fill_(2.)
        same(tangent(x), 0, 0)


def test_random_numbers_are_constants():
    with dual_level():
        x = make_dual(t(2, 3), t(1, 10)) * 1
        same(tangent(x.uniform_()), 0, 0)


def test_a_tensor_becomes_dual_in_place():
    with dual_level():
        x = t(1, 2)
        x.mul_(make_dual(t(3, 4), t(1, 1)))
        same(tangent(x), 1, 2)
        assert not x.requires_grad


def test_views_and_their_base():
    with dual_level():
        x = t(1, 2, 3, 4)
        part, other = x[1:3], x.reshape(2, 2)
        part.mul_(make_dual(t(2, 3), t(10, 100)))
        same(tangent(x), 0, 20, 300, 0)
        assert tangent(other).tolist() == [[0, 20], [300, 0]]
        same(tangent(part), 20, 300)
        other[0].add_(1)
        same(tangent(x), 0, 20, 300, 0)
        x[2] = 5.
        same(tangent(part), 20, 0)
        x.mul_(2)
        same(tangent(other.diagonal()), 0, 0)
        same(tangent(part), 40, 0)


def test_views_without_grad_mode():
    leaf = t(1, 2, 3).requires_grad_()
    with dual_level():
        x = make_dual(leaf, t(1, 1, 1)) * 1
        with ctorch.no_grad():
            x[0] *= 5
            x[1:].mul_(2)
        same(tangent(x), 5, 2, 2)


def test_the_values_are_shared_with_what_is_no_dual():
    with dual_level():
        x = t(1, 2)
        y = make_dual(x, t(1, 1))
        y[0].mul_(5)
        assert x.tolist() == [5, 2] and tangent(x) is None
        same(tangent(y), 5, 1)


def test_a_view_in_place():
    with dual_level():
        x = make_dual(ctorch.ones(2, 3), ctorch.arange(6.).reshape(2, 3)) * 1
        x.t_()
        assert tangent(x).shape == (3, 2) and tangent(x).tolist()[1] == [1, 4]
        x.unsqueeze_(0)
        assert tangent(x).shape == (1, 3, 2)


def test_where_several_values_are_put_at_one_place_the_last_counts():
    with dual_level():
        x = make_dual(t(1, 2), t(1, 1)) * 1
        x[ctorch.tensor([0, 0])] = make_dual(t(5, 5), t(7, 7))
        same(tangent(x), 7, 1)
        x.index_put_((ctorch.tensor([1, 1]),), make_dual(t(5, 5), t(2, 3)), accumulate=True)
        same(tangent(x), 7, 6)


@pytest.mark.parametrize("name, value", (("amax", 6), ("amin", 3)))
def test_an_extremum_has_no_tangents_of_other_elements(name, value):
    nan = float("nan")
    with dual_level():
        x = make_dual(t(1, 2, 2), t(nan, 5, 7) if name == "amax" else t(3, nan, nan))
        assert tangent(getattr(x, name)(0)).item() == value


@pytest.mark.parametrize("kept", (True, False))
def test_scattered_extrema_have_no_tangents_of_other_elements(kept):
    nan, index = float("nan"), ctorch.tensor([2, 1, 2])
    with dual_level():
        x, source = make_dual(t(1, 5, 3), t(6, nan, nan)), make_dual(t(4, 7, 3), t(1, 2, nan))
        same(tangent(x.scatter_reduce(0, index, source, "amax", include_self=kept)), 6, 2, 1)
        same(tangent(x.index_reduce(0, index, source, "amax", include_self=kept)), 6, 2, 1)


def test_logcumsumexp_has_tangents_before_what_is_no_number():
    nan = float("nan")
    with dual_level():
        y = make_dual(t(1, 0.5, nan, 2), t(2, -3, 1, 4)).logcumsumexp(0)
        a, b, *rest = tangent(y).tolist()
    e = math.exp(-0.5)
    assert (a, b) == (pytest.approx(2), pytest.approx((2 - 3 * e) / (1 + e))) and all(x != x for x in rest)
    low = -float("inf")
    with dual_level():
        same(tangent(make_dual(t(low, 1, 3), t(1, 0, -2)).logcumsumexp(0)), 0, 0, -2 * math.exp(2) / (1 + math.exp(2)))


# ---- with gradients

def test_gradients_have_tangents():
    with dual_level():
        x = make_dual(t(1, 2), t(1, 10)).requires_grad_()
        (x ** 3).sum().backward()
        same(tangent(x.grad), 6, 120)
        (g,) = grad((x ** 2).prod(), x)
        same(tangent(g), 8 + 80, 8 + 20)


def test_saved_tensors_that_go_through_hooks():
    with dual_level(), ctorch.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: x):
        x = make_dual(t(1), t(1)).requires_grad_()
        (g,) = grad(x.exp(), x)
        same(tangent(g), 2.718281828)
        same(tangent(make_dual(t(1), t(2)).exp()), 5.436563657)


def test_parameters_and_subclasses():
    with dual_level():
        x = make_dual(t(1), t(4))

        class Own(ctorch.Tensor):
            pass
        same(tangent(x.as_subclass(Own)), 4)
        model = ctorch.nn.Linear(1, 1).double()
        same(tangent(model(x)), *(4 * model.weight.detach()).reshape(-1).tolist())


# ---- Functions

class Product(Function):
    @staticmethod
    def forward(ctx, x, y, power):
        ctx.save_for_backward(x, y)
        ctx.save_for_forward(x, y)
        ctx.power = power
        return x * y ** power

    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved_tensors
        return g * y ** ctx.power, g * x * ctx.power * y ** (ctx.power - 1), None

    @staticmethod
    def jvp(ctx, dx, dy, power):
        x, y = ctx.saved_tensors
        assert power is None
        return dx * y ** ctx.power + x * ctx.power * y ** (ctx.power - 1) * dy


def test_functions():
    with dual_level():
        x, y = make_dual(t(2), t(1)), make_dual(t(3), t(10))
        z = Product.apply(x, y, 2)
        same(tangent(z), 9 + 120)
        assert not z.requires_grad
        same(tangent(Product.apply(t(2), y, 2)), 120)


def test_functions_in_all_mixes():
    x = t(2).requires_grad_()
    with dual_level():
        z = Product.apply(make_dual(x, t(1)), t(3), 2)
        assert z.requires_grad
        same(tangent(z), 9)
        w = Product.apply(t(3), make_dual(x, t(1)), 3)
        same(grad(tangent(w).sum(), x)[0], 3 * 6 * 2)
        with dual_level():
            v = Product.apply(t(3), make_dual(make_dual(x, t(1), level=0), t(1)), 3)
            same(unpack_dual(tangent(v), level=0).tangent, 3 * 6 * 2)


def test_functions_of_several_outputs_and_missing_tangents():
    class Both(Function):
        @staticmethod
        def forward(ctx, x, y):
            ctx.set_materialize_grads(False)
            return x * 2, y.long(), y * 3

        @staticmethod
        def jvp(ctx, dx, dy):
            assert dy is None
            return dx * 2, None, None

    with dual_level():
        a, b, c = Both.apply(make_dual(t(1), t(5)), t(1))
        same(tangent(a), 10)
        assert tangent(b) is tangent(c) is None


def test_functions_that_change_their_input():
    class Double(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.mul_(2)

        @staticmethod
        def jvp(ctx, dx):
            return dx * 2

    with dual_level():
        x = make_dual(t(1), t(5)) * 1
        assert Double.apply(x) is x
        same(tangent(x), 10)


def test_what_functions_may_not_do():
    class Plain(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

    class Odd(Plain):
        @staticmethod
        def jvp(ctx, dx):
            return dx, dx

    class Wide(Plain):
        @staticmethod
        def jvp(ctx, dx):
            return ctorch.cat([dx, dx])

    with dual_level():
        x = make_dual(t(1), t(1))
        with pytest.raises(NotImplementedError, match="You must implement the jvp function"):
            Plain.apply(x)
        with pytest.raises(RuntimeError, match=r"invalid number of forward gradients .expected 1 but got 2"):
            Odd.apply(x)
        with pytest.raises(RuntimeError, match="different size"):
            Wide.apply(x)
        assert Plain.apply(t(1)).item() == 2


def test_views_that_have_lost_their_history_have_tangents_without_a_graph():
    v = ctorch.rand(3, 2, dtype=ctorch.float64, requires_grad=True)
    with dual_level():
        first, second = make_dual(v, ctorch.ones_like(v)).unbind(1)
        with ctorch.no_grad():
            second.mul_(2)
            assert unpack_dual(first.logsumexp(0)).tangent.item() == pytest.approx(1)
