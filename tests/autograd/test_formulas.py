"""Derivatives of single operators where they were not PyTorch's: ties, noughts, numbers, what is saved."""

import math

import pytest

import ctorch
from ctorch import autograd
from ctorch.nn import functional as F


def leaf(*values, dtype=ctorch.float64):
    return ctorch.tensor(values, dtype=dtype, requires_grad=True)


def test_clamp_between_equal_limits():
    x = leaf(1.0, 2.0)
    low, high = x * 1, x * 1
    grads = autograd.grad(ctorch.clamp(x, low, high).sum(), (x, low, high))
    assert [g.tolist() for g in grads] == [[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("create_graph", (False, True))
def test_numbers_keep_their_digits_in_recorded_derivatives(create_graph):
    x = leaf(1.0, 2.0)
    (g,) = autograd.grad(ctorch.lerp(x, ctorch.zeros(2, dtype=ctorch.float64), 0.4).sum(), x, create_graph=create_graph)
    assert g.tolist() == [1 - 0.4, 1 - 0.4]


@pytest.mark.parametrize(
    "fn", (ctorch.sign, ctorch.floor, ctorch.round, lambda x: x // 2, lambda x: ctorch.div(x, 2, rounding_mode="floor"))
)
def test_steps_have_no_slope_even_times_infinity(fn):
    x = leaf(0.5, 1.5)
    (g,) = autograd.grad(fn(x), x, ctorch.tensor([math.inf, 1.0], dtype=ctorch.float64))
    assert g.tolist() == [0.0, 0.0]


def test_second_derivative_of_sgn_at_nought():
    x = leaf(-1.0, 0.0, 2.0)
    (g,) = autograd.grad(ctorch.sgn(x), x, ctorch.ones(3, dtype=ctorch.float64), create_graph=True)
    (second,) = autograd.grad(g.sum(), x)
    assert second.tolist() == [0.0, 0.0, 0.0]


def test_lp_pool_of_noughts():
    x = ctorch.zeros(1, 1, 4, requires_grad=True)
    F.lp_pool1d(x, 2, 2).sum().backward()
    assert x.grad.tolist() == [[[0.0] * 4]]


def test_first_power_of_complex_nought():
    x = leaf(0j, 1 + 1j, dtype=ctorch.complex128)
    (g,) = autograd.grad((x**1).real.sum(), x)
    assert g.tolist() == [1, 1]


def test_deviation_of_equal_complex_numbers():
    x = leaf(1 + 1j, 1 + 1j, dtype=ctorch.complex128)
    (g,) = autograd.grad(x.std(), x)
    assert g.tolist() == [0, 0]


@pytest.mark.filterwarnings("ignore:var")
def test_variances_without_a_degree_of_freedom_rise_to_either_side():
    x = leaf(1.0, 2.0, 6.0)
    (g,) = autograd.grad(ctorch.var(x, 0, correction=3), x)
    assert g.tolist() == [-math.inf, -math.inf, math.inf]
    (g,) = autograd.grad(ctorch.var(x[:1], 0, correction=1), x)
    assert math.isnan(g[0].item()) and g.tolist()[1:] == [0.0, 0.0]


@pytest.mark.parametrize("fn", (ctorch.var, ctorch.erfinv, lambda x: ctorch.logaddexp(x, x)))
def test_results_that_are_not_saved_may_be_changed(fn):
    x = leaf(0.25, 0.5)
    y = fn(x)
    y.mul_(2)
    want = autograd.grad((fn(x) * 2).sum(), x)[0]
    assert autograd.grad(y.sum(), x)[0].tolist() == pytest.approx(want.tolist())


def test_binary_cross_entropy_of_certain_guesses():
    x, target = leaf(0.3, 1.0, 0.0), leaf(0.2, 0.4, 0.6)
    of_x, of_target = autograd.grad(F.binary_cross_entropy(x, target, reduction="sum"), (x, target))
    assert of_x.tolist() == pytest.approx([0.1 / 0.21, 6e11, -6e11])
    assert of_target.tolist() == pytest.approx([math.log(0.7 / 0.3), -math.inf, math.inf])


def second_of(fn, x):
    (g,) = autograd.grad(fn(x).sum(), x, create_graph=True)
    return autograd.grad(g.sum(), x, allow_unused=True)[0].tolist()


def test_angles_of_nought():
    x, y = leaf(0.0), leaf(0.0)
    assert [g.tolist() for g in autograd.grad(ctorch.atan2(x, y).sum(), (x, y))] == [[0.0], [0.0]]
    z = leaf(0j, dtype=ctorch.complex128)
    assert autograd.grad(z.angle().sum(), z)[0].tolist() == [0]


@pytest.mark.parametrize("fn", (ctorch.median, ctorch.nanmedian))
def test_the_median_of_all_is_shared_by_equals(fn):
    x = leaf(3.0, 1.0, 2.0, 2.0)
    assert autograd.grad(fn(x), x)[0].tolist() == [0.0, 0.0, 0.5, 0.5]


@pytest.mark.parametrize("fn", (ctorch.median, ctorch.nanmedian, ctorch.max))
def test_an_infinite_gradient_of_an_extremum_of_all_reaches_it_alone(fn):
    x = leaf(1.0, 0.0) if fn is ctorch.max else leaf(0.0, 1.0)
    infinite = ctorch.tensor(math.inf, dtype=x.dtype)
    assert sorted(autograd.grad(fn(x), x, infinite)[0].tolist()) == [0.0, math.inf]


@pytest.mark.parametrize("fn", (ctorch.max, ctorch.min))
def test_the_largest_of_all_may_be_nan(fn):
    x = leaf(3.0, math.nan, 2.0)
    assert autograd.grad(fn(x), x)[0].tolist() == [0.0, 1.0, 0.0]


@pytest.mark.parametrize(
    "fn, want", ((F.elu, [math.exp(-1), 0.0]), (lambda x: x**0, [0.0, 0.0]), (lambda x: ctorch.frexp(x)[0], [0.0, 0.0]))
)
def test_second_derivatives_at_nought(fn, want):
    assert second_of(fn, leaf(-1.0, 0.0)) == pytest.approx(want, abs=1e-15)


@pytest.mark.parametrize("fn", (ctorch.special.i1, ctorch.special.i1e, ctorch.special.spherical_bessel_j0))
def test_second_derivatives_of_bessel_functions_at_nought(fn):
    assert second_of(fn, leaf(0.0)) == [0.0]


@pytest.mark.parametrize("fn", (F.pixel_shuffle, F.pixel_unshuffle, F.channel_shuffle))
def test_nothing_shuffled_is_a_copy(fn):
    x = leaf(1.0, 2.0)
    y = fn(x.reshape(1, 2, 1, 1), 1)
    y.mul_(2)
    assert x.tolist() == [1.0, 2.0] and y.flatten().tolist() == [2.0, 4.0]


def test_logcumsumexp_lies_contiguous():
    x = ctorch.ones(2, 3, 4)
    assert all(ctorch.logcumsumexp(x, dim).is_contiguous() for dim in range(3))


@pytest.mark.parametrize("name, pole", (("xlogy", 0.0), ("xlog1py", -1.0)))
def test_no_gradient_stays_none_beside_a_pole(name, pole):
    x = ctorch.tensor([[-2.0], [0.0], [1.0]]).expand(3, 4).clone().requires_grad_()
    y = getattr(ctorch.special, name)(x, ctorch.tensor([pole - 1, pole, pole + 1, math.inf]))
    nothing, whole = (autograd.grad(y, x, ctorch.full((3, 4), g), retain_graph=True)[0] for g in (0.0, 1.0))
    assert nothing.tolist() == [[0.0] * 4] * 3
    log = [math.nan, -math.inf, 0.0, math.inf]
    ctorch.testing.assert_close(whole, ctorch.tensor([log, [0.0, 0.0, 0.0, math.inf], log]), equal_nan=True)


@pytest.mark.parametrize(
    "fn, of_x, of_other",
    (
        (ctorch.maximum, [1.0, 1.0, 1.0, 0.0, 0.5], [1.0, 1.0, 1.0, 1.0, 0.5]),
        (ctorch.minimum, [1.0, 1.0, 1.0, 1.0, 0.5], [1.0, 1.0, 1.0, 0.0, 0.5]),
    ),
)
def test_extrema_of_nan_have_the_gradients_of_both(fn, of_x, of_other):
    x, other = leaf(math.nan, 1.0, math.nan, -1.0, 2.0), leaf(1.0, math.nan, math.nan, 1.0, 2.0)
    assert [g.tolist() for g in autograd.grad(fn(x, other).sum(), (x, other))] == [of_x, of_other]


@pytest.mark.parametrize("dtype", (ctorch.float64, ctorch.float32, ctorch.float16, ctorch.bfloat16))
@pytest.mark.parametrize("fn", (F.relu, lambda x: (x * 1).relu_()))
def test_relu_lets_the_gradient_of_nan_pass(fn, dtype):
    x = leaf(*[math.nan, 1.0, -1.0, 0.0] * 9, dtype=dtype)
    assert autograd.grad(fn(x).sum(), x)[0].tolist() == [1.0, 1.0, 0.0, 0.0] * 9


def test_the_gradient_of_a_remainder_is_its_quotient():
    x, other = leaf(1.0, 0.6, -0.3, -0.5, -0.5, 7.0), leaf(0.1, 0.2, 0.1, math.inf, 1e300, 2.0)
    (g,) = autograd.grad(ctorch.remainder(x, other).sum(), other)
    assert g.tolist() == [-9.0, -2.0, 3.0, 1.0, 1.0, -3.0] == (-ctorch.floor_divide(x, other)).tolist()


def test_gaussian_loss_of_infinite_variances():
    x, target, var = leaf(0.0, 1.0, 1.0), leaf(0.5, 0.5, 0.5), leaf(math.inf, 1e-9, 2.0)
    loss = F.gaussian_nll_loss(x, target, var, reduction="none")
    assert loss.tolist() == pytest.approx([math.inf, 0.5 * (math.log(1e-6) + 0.25e6), 0.5 * (math.log(2) + 0.125)])
    of_x, of_var = autograd.grad(loss.sum(), (x, var))
    assert of_x.tolist() == pytest.approx([0.0, 0.5e6, 0.25])
    assert of_var.tolist() == pytest.approx([0.0, 0.5 * (1e6 - 0.25e12), 0.5 * (0.5 - 0.0625)])


def overwrite_place(x):
    x[[0, -1], 1] = 0


def overwrite_masked(x):
    x[x > 1] = x.new_tensor(0.0)


@pytest.mark.parametrize("graph", (False, True))
@pytest.mark.parametrize(
    "change",
    (
        overwrite_place,
        overwrite_masked,
        lambda x: x.index_put_((ctorch.tensor([0]), ctorch.tensor([1])), x.new_tensor(0.0)),
        lambda x: x.masked_fill_(x > 1, 0),
        lambda x: x.put_(ctorch.tensor([1]), x.new_tensor([0.0])),
        lambda x: x.scatter_(1, ctorch.tensor([[1]]), 0.0),
        lambda x: x.index_fill_(1, ctorch.tensor([1]), 0.0),
        lambda x: x[:, 1:].zero_(),
    ),
)
def test_infinite_gradients_of_what_was_overwritten_do_not_pass(change, graph):
    x = leaf([0.25, 4.0])
    y = x * 1
    change(y)
    (g,) = autograd.grad(y.sqrt().sum(), x, create_graph=graph)
    assert g.tolist() == [[1.0, 0.0]]
    if graph:
        assert autograd.grad(g.sum(), x)[0].tolist() == [[-2.0, 0.0]]


@pytest.mark.parametrize("graph", (False, True))
@pytest.mark.parametrize("p", (1.5, 2.0, 3.0))
@pytest.mark.parametrize("odd", (math.inf, math.nan))
def test_points_at_one_place_have_no_gradient_whatever_comes(odd, p, graph):
    x = leaf([1.0, 2.0, 3.0], [4.0, -1.0, 0.5])
    wants, g = (ctorch.tensor([[value, 1.0], [1.0, value]], dtype=x.dtype) for value in (0.0, odd))
    want, found = (autograd.grad(ctorch.cdist(x, x, p=p), x, seed, create_graph=graph)[0] for seed in (wants, g))
    assert found.tolist() == want.tolist()
    pair = leaf([1.0, 2.0], [1.0, 2.0])
    assert autograd.grad(F.pdist(pair, p), pair, g[0, :1])[0].tolist() == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("odd", (math.inf, math.nan))
def test_odd_gradients_of_logcumsumexp_reach_what_came_before(odd):
    x = leaf([0.5, 1.0, -0.3, 0.2], [1.0, 2.0, 3.0, 0.1])

    def elsewhere(value):
        g = ctorch.tensor([[1.0, value, 1.0, 0.0], [1.0, 0.0, 1.0, 1.0]], dtype=x.dtype)
        (found,) = autograd.grad(ctorch.logcumsumexp(x, -1), x, g, create_graph=True)
        _, tangent = ctorch.func.jvp(lambda x: ctorch.logcumsumexp(x, -1), (x.detach(),), (g,))
        return found[0, 2:].tolist() + found[1].tolist() + tangent[0, :1].tolist() + tangent[1].tolist()

    assert elsewhere(odd) == pytest.approx(elsewhere(0.0))


def test_masks_of_complex_numbers_let_no_tangent_of_nan_pass():
    mask, x = ctorch.tensor([True, False]), ctorch.tensor([1 + 1j, 2.0])
    t = ctorch.tensor([1j, complex(math.nan, math.nan)])
    for fn in (lambda x: ctorch.where(mask, x, x * 0 + 3), lambda x: x.masked_fill(~mask, 0)):
        assert ctorch.func.jvp(fn, (x,), (ctorch.tensor([1j, 5.0]),))[1].tolist() == [1j, 0]
    for fn in (lambda x: ctorch.where(mask, x, 0), lambda x: x.masked_fill(~mask, 0)):
        assert ctorch.func.jvp(fn, (x,), (t,))[1].tolist() == [1j, 0]


@pytest.mark.parametrize("include_self", [True, False])
def test_products_of_scattered_factors_have_no_rounding_of_quotients(include_self):
    x = ctorch.tensor([3.9e-17, 2.0, 0.0], dtype=ctorch.float64, requires_grad=True)
    src, index = ctorch.tensor([0.3, 0.7, -1.1], dtype=ctorch.float64), ctorch.tensor([0, 0, 1])
    y = x.scatter_reduce(0, index, src, "prod", include_self=include_self)
    (g,) = ctorch.autograd.grad(y.sum(), x, create_graph=True)
    assert ctorch.allclose(g, ctorch.tensor([0.21, -1.1, 1.0] if include_self else [0.0, 0.0, 1.0]).double())
    assert not g.requires_grad  # the product is linear in each


def test_copysign_reads_its_result_and_not_what_gave_the_sign():
    x, sign = ctorch.tensor([1.5, -2.0, 0.0], requires_grad=True), ctorch.tensor([-1.0, -3.0, 1.0])
    y = ctorch.copysign(x, sign)
    sign.square_()
    y.sum().backward()
    assert x.grad.tolist() == [-1.0, 1.0, 0.0]


def test_a_tangent_that_a_mask_leaves_out_may_be_nan():
    real, other = ctorch.tensor([1.0, 2.0]), ctorch.tensor([1j, 2.0 + 1j])
    with ctorch.autograd.forward_ad.dual_level():
        real = ctorch.autograd.forward_ad.make_dual(real, ctorch.tensor([float("nan"), 3.0]))
        y = ctorch.where(ctorch.tensor([False, True]), real, other)
        assert ctorch.autograd.forward_ad.unpack_dual(y).tangent.tolist() == [0, 3]
