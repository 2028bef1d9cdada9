"""What random calls found wrong, once each."""
import numpy as np
import pytest

import ctorch
from ctorch.autograd import gradcheck

F = ctorch.nn.functional


def test_index_put_at_a_number():
    x = ctorch.zeros(3)
    x.index_put_((ctorch.tensor(-1),), ctorch.tensor(2.0))
    x.index_put_((ctorch.tensor(0),), ctorch.tensor(1.0), accumulate=True)
    assert x.tolist() == [1, 0, 2]


def test_gradient_of_a_complex_linear():
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape) + 1j * rng.standard_normal(shape) for shape in ((2, 3), (4, 3), (4,))]
    assert gradcheck(F.linear, [ctorch.from_numpy(a).requires_grad_() for a in arrays])


def test_top_none_of_a_number():
    values, indices = ctorch.tensor(2.5).topk(0)
    assert (values.item(), indices.item()) == (2.5, 0)


@pytest.mark.parametrize("dtype, value", [("uint8", 300), ("int64", float("nan")), ("int8", 1e9), ("float16", 1e6)])
def test_numbers_that_a_dtype_cannot_hold(dtype, value):
    x, mask = ctorch.ones(2, dtype=getattr(ctorch, dtype)), ctorch.tensor([True, False])
    for call in (lambda: x.masked_fill(mask, value), lambda: x.masked_fill_(mask, value),
                 lambda: x.index_fill(0, ctorch.tensor([0]), value)):
        with pytest.raises(RuntimeError, match="without overflow"):
            call()


def test_fractions_are_cut_off():
    assert ctorch.tensor([1, 2]).masked_fill(ctorch.tensor([True, False]), 2.5).tolist() == [2, 2]


def test_mean_of_complex_scatter_reduce():
    x, index = ctorch.zeros(2, dtype=ctorch.complex64), ctorch.tensor([0, 0])
    y = x.scatter_reduce(0, index, ctorch.tensor([1j, 3j]), "mean", include_self=False)
    assert y.tolist() == [2j, 0]


def test_threshold_in_place():
    x = ctorch.tensor([-1.0, 2.0])
    assert F.threshold_(x, 0.5, 20.0) is x and x.tolist() == [20, 2]


def test_celu_of_a_negative_alpha():
    assert F.celu(ctorch.tensor([1.0]), -1.0).tolist() == [1.0]


def test_addr_of_bools():
    true = ctorch.tensor([True, False])
    assert ctorch.addr(ctorch.zeros(2, 2, dtype=ctorch.bool), true, true).tolist() == [[True, False], [False, False]]


def test_least_squares_without_columns():
    found = ctorch.linalg.lstsq(ctorch.zeros(2, 0), ctorch.tensor([[3.0], [4.0]]), driver="gelsd")
    assert found.solution.shape == (0, 1) and found.residuals.tolist() == [25]


def test_frequencies_of_nothing():
    assert ctorch.fft.fftfreq(0).shape == (0,)


def test_divergence_of_a_negative_target():
    assert F.kl_div(ctorch.zeros(1), ctorch.tensor([-1.0]), reduction="sum").isnan()


def test_masked_extrema_check_the_dimension():
    with pytest.raises(IndexError):
        ctorch.masked.amax(ctorch.tensor(1.0), 1)


def test_qr_of_a_column_that_begins_with_zero():
    found = ctorch.tensor([[0.0, 0.0], [1.0, 2.0]], dtype=ctorch.float64).geqrf()
    assert found.a.tolist() == [[-1, -2], [1, 0]]             # LAPACK takes zero for positive


@pytest.mark.parametrize("name, more", [("index_add", ()), ("index_reduce", ("prod",))])
@pytest.mark.parametrize("shape, source", [((), (1,)), ((1,), ())])
def test_sources_of_other_dimensions(name, more, shape, source):
    with pytest.raises(RuntimeError, match="must match self tensor shape"):
        getattr(ctorch.zeros(shape), name)(0, ctorch.tensor([0]), ctorch.ones(source), *more)


@pytest.mark.parametrize("name", ["layer_norm", "rms_norm"])
def test_normalized_shape_of_no_dimensions(name):
    with pytest.raises(RuntimeError, match="at least 1-dimensional"):
        getattr(F, name)(ctorch.ones(1), ())


@pytest.mark.parametrize("shape", [(0, 1), (2, 1, 0)])
def test_running_means_of_an_empty_batch(shape):
    mean, var = ctorch.tensor([0.25]), ctorch.tensor([0.5])
    F.batch_norm(ctorch.ones(shape), mean, var, training=True)
    assert (mean.item(), var.item()) == (0.25, 0.5)


@pytest.mark.parametrize("name, shapes", [("addmm", ((1, 1), (1, 2), (2, 1))), ("addmv", ((1,), (1, 2), (2,))),
                                          ("baddbmm", ((1, 1, 1), (1, 1, 2), (1, 2, 1))),
                                          ("addbmm", ((1, 1), (1, 1, 2), (1, 2, 1)))])
def test_sums_and_products_of_two_dtypes(name, shapes):
    first, *rest = shapes
    with pytest.raises(RuntimeError, match="one dtype"):
        getattr(ctorch, name)(ctorch.ones(first), *(ctorch.ones(s, dtype=ctorch.float64) for s in rest))


def test_tensordot_keeps_the_dtype():
    x, y = ctorch.ones(2, 2, 3, dtype=ctorch.int32), ctorch.ones(3, 1, dtype=ctorch.int32)
    product = ctorch.tensordot(x, y, ([1, 2], [1, 0]))
    assert product.dtype == ctorch.int32 and product.tolist() == [6, 6]


def test_soft_margin_loss_has_the_shape_of_its_input():
    with pytest.raises(RuntimeError, match="doesn't match the broadcast shape"):
        F.soft_margin_loss(ctorch.ones(3), ctorch.ones(2, 3))


def test_gaussian_loss_broadcasts_one_dimension_of_the_variance():
    with pytest.raises(ValueError, match="incorrect size"):
        F.gaussian_nll_loss(ctorch.ones(2, 3), ctorch.ones(2, 3), ctorch.ones(1, 1))


@pytest.mark.parametrize("name", ["nll_loss", "cross_entropy"])
def test_classes_as_bytes(name):
    x, classes = ctorch.tensor([[0.5, 1.5], [2.0, 0.0]], requires_grad=True), ctorch.tensor([1, 0])
    results = [getattr(F, name)(x, c) for c in (classes, classes.to(ctorch.uint8))]
    grads = [ctorch.autograd.grad(y, x)[0].tolist() for y in results]
    assert results[0].item() == results[1].item() and grads[0] == grads[1]


@pytest.mark.parametrize("shape", [(0, 0), (2, 0), (2, 0, 3)])
def test_cross_entropy_of_no_classes(shape):
    assert F.cross_entropy(ctorch.zeros(shape), ctorch.zeros(shape)).isnan()


def test_bins_of_one_edge():
    for bins in (ctorch.tensor([1.0]), ctorch.tensor([])):
        with pytest.raises(RuntimeError, match="bins must be > 0"):
            ctorch.histogram(ctorch.ones(3), bins)


@pytest.mark.parametrize("options", [{"stride": 0}, {"dilation": 0}, {"padding": -1}])
@pytest.mark.parametrize("name, dtype", [("conv2d", "int64"), ("conv2d", "float32"), ("conv_transpose2d", "float32"),
                                         ("conv_transpose2d", "int64"), ("conv_transpose2d", "complex64")])
def test_steps_of_a_convolution(name, dtype, options):
    x = ctorch.ones(1, 1, 3, 3, dtype=getattr(ctorch, dtype))
    with pytest.raises(RuntimeError, match=r"stride|dilation|padding"):
        getattr(F, name)(x, x, **options)


def test_ceiling_of_a_window_larger_than_the_volume():
    assert F.max_pool3d(ctorch.ones(1, 1, 1, 1), 2, ceil_mode=True).shape == (1, 1, 1, 1)


@pytest.mark.parametrize("name, shape", [("max_pool2d", (1, 0, 4)), ("avg_pool2d", (1, 0, 4)),
                                         ("max_pool3d", (1, 0, 4, 4)), ("avg_pool3d", (1, 0, 4, 4))])
def test_windows_of_padding_alone(name, shape):
    with pytest.raises(RuntimeError, match="non-batch dimensions"):
        getattr(F, name)(ctorch.ones(shape), 4, padding=2)


def test_fractional_pooling_to_nothing():
    samples = ctorch.full((1, 1, 2), 0.5)
    assert F.fractional_max_pool2d(ctorch.ones(1, 3, 3), 2, output_size=0, _random_samples=samples).shape == (1, 0, 0)


def test_frequencies_at_no_distance():
    assert ctorch.fft.fftfreq(2, 0).tolist()[1] == -np.inf and ctorch.fft.rfftfreq(0).isnan().all()


def test_logsumexp_of_no_complex_numbers():
    assert ctorch.logsumexp(ctorch.ones(0, dtype=ctorch.complex64), 0).item().real == -np.inf


def test_nanmean_in_a_whole_dtype():
    with pytest.raises(RuntimeError, match="could not infer output dtype"):
        ctorch.nanmean(ctorch.ones(2), dtype=ctorch.int64)


def test_binomial_of_nan_trials():
    assert ctorch.binomial(ctorch.tensor([np.nan]), ctorch.tensor([0.5])).isnan().all()      # it never came to an end


def test_movedim_of_a_number():
    assert ctorch.tensor(2.0).movedim(0, -1).item() == 2


@pytest.mark.parametrize("dtype, power, match", [("int64", -1, "negative"), ("uint8", -1, "negative"),
                                                 ("uint8", 300, "overflow"), ("int8", 200, "overflow")])
def test_powers_that_integers_do_not_have(dtype, power, match):
    x = ctorch.tensor([3], dtype=getattr(ctorch, dtype))
    for call in (lambda: x ** power, lambda: x.pow(power), lambda: x.clone().pow_(power)):
        with pytest.raises(RuntimeError, match=match):
            call()


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_first_power_of_complex_numbers(dtype):
    x = ctorch.tensor([-0.03963146 + 2.5674849e17j], dtype=getattr(ctorch, dtype))
    assert (x ** 1).tolist() == x.tolist()


def test_addcdiv_of_whole_numbers_in_place():
    true = ctorch.tensor(True)
    with pytest.raises(RuntimeError, match="Integer division"):
        ctorch.tensor(1.0).addcdiv_(true, true)


def test_no_residuals_of_gelsy_without_columns():
    assert ctorch.linalg.lstsq(ctorch.zeros(2, 0), ctorch.ones(2, 1)).residuals.shape == (0,)


@pytest.mark.parametrize("driver", ["gels", "gelsy", "gelsd", "gelss"])
@pytest.mark.parametrize("shape", [(2, 4), (4, 2), (3, 3), (0, 3), (3, 0)])
def test_least_squares_without_right_sides(shape, driver):
    found = ctorch.linalg.lstsq(ctorch.ones(shape) + ctorch.eye(*shape), ctorch.zeros(shape[0], 0), driver=driver)
    assert found.solution.shape == (shape[1], 0)


def test_pivots_that_lead_outside():
    for pivots in ([0], [2], [1, 1, 1]):
        with pytest.raises(RuntimeError, match=r"[Pp]ivots"):
            ctorch.lu_unpack(ctorch.ones(1, 1), ctorch.tensor(pivots, dtype=ctorch.int32))


def test_gradient_of_a_ceiling():
    x = ctorch.ones(1, 1, 1, requires_grad=True)
    F.max_pool2d(x, 2, ceil_mode=True).sum().backward()
    assert x.grad.tolist() == [[[1]]]


def test_mean_of_a_volume_smaller_than_its_window():
    with pytest.raises(RuntimeError, match="smaller than kernel size"):
        F.avg_pool3d(ctorch.ones(1, 1, 1, 1), 2, ceil_mode=True)


@pytest.mark.parametrize("options", [{}, {"dim": 0}, {"p": 3}])
def test_norm_of_one_number_is_its_size(options):
    assert ctorch.norm(ctorch.tensor([-1e-200], dtype=ctorch.float64), **options).item() == 1e-200


def test_factories_of_whole_numbers():
    with pytest.warns(UserWarning):
        assert ctorch.range(-3.5, 2.5, 2, dtype=ctorch.int8).tolist() == [-3, -1, 1]
    assert ctorch.logspace(0.5, 0, 1, dtype=ctorch.int32).tolist() == [3]
    with pytest.raises(RuntimeError, match="overflow"):
        ctorch.logspace(5, 0, 1, dtype=ctorch.uint8)


def test_rms_norm_of_too_few_dimensions():
    with pytest.raises(ValueError, match="at least 2 dimensions"):
        F.rms_norm(ctorch.ones(1), (1, 1))


def test_bytes_are_masks():
    x, mask = ctorch.arange(4), ctorch.tensor([0, 1, 0, 1], dtype=ctorch.uint8)
    assert x[mask].tolist() == [1, 3]
    x[mask] = 9
    assert x.tolist() == [0, 9, 2, 9]


def test_copies_to_negative_places():
    with pytest.raises(IndexError, match="out of bounds"):
        ctorch.zeros(3).index_copy(0, ctorch.tensor([-1]), ctorch.ones(1))


@pytest.mark.parametrize("dtype", ["float32", "complex64", "int64"])
@pytest.mark.parametrize("name", ["conv2d", "conv_transpose2d"])
def test_biases_of_other_sizes(name, dtype):
    x = ctorch.ones(1, 1, 3, 3, dtype=getattr(ctorch, dtype))
    with pytest.raises(RuntimeError, match="expected bias"):
        getattr(F, name)(x, x, x.new_ones(2))


def test_instances_with_a_bias_of_another_size():
    with pytest.raises(RuntimeError, match="Expected bias"):
        F.instance_norm(ctorch.ones(1, 1, 3), bias=ctorch.ones(2))


@pytest.mark.parametrize("name", ["avg_pool1d", "max_pool1d"])
def test_windows_that_stand_still(name):
    with pytest.raises(RuntimeError, match="stride"):
        getattr(F, name)(ctorch.ones(1, 3), 1, stride=0)


def test_area_of_nothing():
    assert F.interpolate(ctorch.ones(1, 1, 1), mode="area", scale_factor=0.5).shape == (1, 1, 0)


def test_bilinear_bias_of_another_dtype():
    one = ctorch.ones(1, 1, dtype=ctorch.float64)
    with pytest.raises(RuntimeError, match="dtype"):
        F.bilinear(one, one, one.reshape(1, 1, 1), ctorch.ones(1))
    with pytest.raises(RuntimeError, match="one dtype"):
        F.bilinear(one, ctorch.ones(1, 1), one.reshape(1, 1, 1))


@pytest.mark.parametrize("name", ["nll_loss", "cross_entropy"])
def test_classes_of_one_sample(name):
    x = ctorch.ones(3, requires_grad=True)
    loss = getattr(F, name)(x, ctorch.tensor([0]), reduction="none")
    loss.backward()
    assert loss.shape == () and x.grad.shape == (3,)
    with pytest.raises(ValueError, match="must have size 1"):        # what the others gave lay in memory unwritten
        getattr(F, name)(x, ctorch.tensor([0, 0]), reduction="none")


def test_numbers_of_a_higher_kind_beside_unsigned_tensors():
    x = ctorch.ones(2, dtype=ctorch.uint64)
    for other in (1j, ctorch.tensor(1j)):
        assert (x * other).tolist() == [1j, 1j]
    assert (x * 0.5).dtype == ctorch.float32


def test_addcmul_of_whole_numbers():
    x, two, three = ctorch.tensor(5), ctorch.tensor(2), ctorch.tensor(3)
    assert x.addcmul(two, three, value=0.5).item() == 5 and x.addcmul_(two, three, value=1.5).item() == 11


@pytest.mark.parametrize("shape, times", [((2,), (1,)), ((1,), (3,)), ((1, 2), (1, 1)), ((1, 2), (3, 1, 1))])
def test_repeats_have_memory_of_their_own(shape, times):
    x = ctorch.zeros(shape)
    y = x.repeat(times)
    y.view(-1)[0] = 5
    assert not x.any() and y.sum().item() == 5


def test_gradient_of_one_instance_with_running_means():
    x = ctorch.tensor([[[1.0, 3.0]]], requires_grad=True)
    F.instance_norm(x, ctorch.zeros(1), ctorch.ones(1)).sum().backward()
    assert x.grad.shape == (1, 1, 2)


def test_numbers_wrap_to_the_dtype_of_the_result():
    x = ctorch.tensor([7, 100], dtype=ctorch.int8)
    number = ctorch.tensor(300)                      # 44 in eight bits
    assert ctorch.maximum(x, number).tolist() == [44, 100] == ctorch.maximum(number, x).tolist()
    assert ctorch.minimum(x, number, out=ctorch.empty(2, dtype=ctorch.int8)).tolist() == [7, 44]
    assert x.fmod(300).tolist() == [7, 12] and ctorch.remainder(300, x[0]).tolist() == 2
    assert x.clone().clamp_max_(ctorch.tensor(156, dtype=ctorch.uint8)).tolist() == [-100, -100]


@pytest.mark.parametrize("method", ["clamp_", "clamp_min_", "clamp_max_"])
def test_limits_that_no_element_can_have(method):
    with pytest.raises(RuntimeError, match="cannot be converted to type int8"):
        getattr(ctorch.tensor([7, 100], dtype=ctorch.int8), method)(300)


def test_factors_of_whole_numbers():
    x = ctorch.tensor([7, 3], dtype=ctorch.uint8)
    with pytest.raises(RuntimeError, match="cannot be converted to type uint8"):
        x.add_(5, alpha=2**62)
    assert ctorch.tensor([1]).add(5, alpha=2**62).tolist() == [1 + 2**62]


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_numbers_wrap_before_they_are_compared(dtype):
    x = ctorch.tensor([44, 100, 1], dtype=getattr(ctorch, dtype))
    assert (x == 300).tolist() == [True, False, False] == x.eq(ctorch.tensor(300)).tolist()
    assert (x < 300).tolist() == [False, False, True] == ctorch.gt(300, x).tolist()
    assert (x >= 300.0).tolist() == [False, False, False]          # which is compared in floats


INFINITE = float("inf")


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "complex64"])
@pytest.mark.parametrize("name, shapes", [("addmm", ((2, 2), (2, 2), (2, 2))), ("addmv", ((2,), (2, 2), (2,))),
                                          ("baddbmm", ((2, 2, 2),) * 3), ("addbmm", ((2, 2), (3, 2, 2), (3, 2, 2)))])
def test_products_times_nought_do_not_count(name, shapes, dtype):
    x, first, second = (ctorch.full(s, v, dtype=getattr(ctorch, dtype)) for s, v in zip(shapes, (3, -1, INFINITE)))
    assert (getattr(ctorch, name)(x, first, second, alpha=0) == 3).all()
    assert (getattr(ctorch, name)(x * INFINITE, first, second, alpha=0, beta=0) == 0).all()
    assert getattr(ctorch, name)(x, first, second).isinf().all() or dtype == "complex64"


def test_gradient_of_products_times_nought():
    x, y = ctorch.ones(2, 2, requires_grad=True), ctorch.full((2, 2), 2.0, requires_grad=True)
    ctorch.addmm(ctorch.ones(2, 2), x, y, alpha=0).sum().backward()
    assert not x.grad.any() and not y.grad.any()


@pytest.mark.parametrize("beta, expected", [(1, 1.5), (0, 0.5)])
def test_addr_of_whole_numbers_to_floats(beta, expected):
    ones = ctorch.ones(2, dtype=ctorch.int64)
    y = ctorch.addr(ctorch.ones((2, 2), dtype=ctorch.float64), ones, ones, alpha=0.5, beta=beta)
    assert y.dtype == ctorch.float64 and y.tolist() == [[expected] * 2] * 2


def test_addr_multiplies_in_the_dtype_of_the_result():
    third = ctorch.tensor([1 / 3])
    assert ctorch.addr(ctorch.zeros((1, 1), dtype=ctorch.float64), third, third).item() == third.item() ** 2


def test_addr_of_bools_checks_what_it_does_not_add():
    with pytest.raises(RuntimeError, match="expand"):
        ctorch.addr(ctorch.ones((0, 1), dtype=ctorch.bool), *[ctorch.tensor([True])] * 2, beta=0)


@pytest.mark.parametrize("p", [1, 2])
def test_margins_that_are_not_numbers_count_nothing(p):
    x = ctorch.tensor([float("nan"), -2.5, 3.0], requires_grad=True)
    loss = F.multi_margin_loss(x, ctorch.tensor(1), p=p)
    loss.backward()
    assert loss.item() == pytest.approx(6.5 ** p / 3)
    assert x.grad.tolist() == pytest.approx([0, -p * 6.5 ** (p - 1) / 3, p * 6.5 ** (p - 1) / 3])
    assert F.multilabel_margin_loss(x, ctorch.tensor([1, -1, -1])).item() == pytest.approx(6.5 / 3)


@pytest.mark.parametrize("shape, target, error, message", [
    ((3,), (2,), ValueError, "must have size 1"), ((3,), (1, 1), RuntimeError, "multi-target"),
    ((2, 3), (3,), ValueError, "match target batch_size"), ((2, 3), (), ValueError, "match target batch_size"),
    ((2, 3), (2, 1), RuntimeError, "multi-target"), ((2, 3, 4), (2,), RuntimeError, r"target size \[2, 4\]"),
    ((2, 3, 1, 2), (2, 2), RuntimeError, "only batches of spatial targets"),
    ((2, 3, 1, 2), (2, 1, 3), RuntimeError, "size mismatch")])
def test_class_numbers_of_another_shape(shape, target, error, message):
    with pytest.raises(error, match=message):
        F.nll_loss(ctorch.ones(shape), ctorch.zeros(target, dtype=ctorch.int64))


def test_index_put_looks_at_the_shapes_first():
    one, none = ctorch.tensor([1]), ctorch.tensor([0])
    with pytest.raises(RuntimeError, match="shape mismatch"):
        ctorch.ones(1, 1).index_put((one, none), ctorch.ones(2))
    with pytest.raises(IndexError, match="out of bounds"):
        ctorch.ones(1, 1).index_put((one, none), ctorch.ones(1))


@pytest.mark.parametrize("shape, key", [((0, 0), ctorch.tensor([0])), ((0, 1, 0), ([0], 0)),
                                        ((3, 0, 0), (slice(None), [0])), ((0, 0), ([0], [0]))])
def test_nothing_is_asked_of_no_elements(shape, key):
    x = ctorch.ones(shape)
    with pytest.raises(IndexError, match="dimension with size 0"):
        x[key]
    with pytest.raises(IndexError, match="dimension with size 0"):
        x[key] = 2.0


def test_masked_scatter_widens_to_the_mask():
    x = ctorch.zeros(2, requires_grad=True)
    source = ctorch.arange(4.0).requires_grad_()
    mask = ctorch.tensor([[True, False], [True, True]])
    y = x.masked_scatter(mask, source)
    assert y.tolist() == [[0, 0], [1, 2]]
    y.sum().backward()
    assert x.grad.tolist() == [0, 1] and source.grad.tolist() == [1, 1, 1, 0]
    with pytest.raises(RuntimeError, match="expand"):
        ctorch.zeros(2).masked_scatter_(mask, ctorch.arange(4.0))


def test_condition_of_nothing():
    assert ctorch.linalg.cond(ctorch.ones(2, 0, 1), 1).tolist() == [0, 0]
    with pytest.raises(RuntimeError, match="square"):
        ctorch.linalg.cond(ctorch.ones(0, 1), "fro")


@pytest.mark.parametrize("shape", [(), (1,), (2, 2)])
def test_tensorinv_of_too_few_dimensions(shape):
    with pytest.raises(RuntimeError, match="'ind' is 3"):
        ctorch.linalg.tensorinv(ctorch.ones(shape), ind=3)


def test_a_number_has_no_dimension_to_roll():
    with pytest.raises(IndexError, match="no dimensions"):
        ctorch.tensor(True).roll(0, 0)
    assert ctorch.tensor(2.0).roll(1).item() == 2


@pytest.mark.parametrize("name", ["layer_norm", "rms_norm"])
@pytest.mark.parametrize("shape", [(2,), (1, 1), ()])
def test_weights_of_another_shape_than_normalized(name, shape):
    with pytest.raises(RuntimeError, match="weight to be of same shape"):
        getattr(F, name)(ctorch.ones(3, 1), (1,), ctorch.ones(shape))


@pytest.mark.parametrize("places, value", [((0, 0), (1,)), ((0, 0), (2,)), ((0,), (1, 1)), ((0,), (2, 1, 2))])
def test_values_that_an_index_has_no_room_for(places, value):
    indices = tuple(ctorch.tensor(n) for n in places)
    for accumulate in (False, True):
        with pytest.raises(RuntimeError, match="shape mismatch"):
            ctorch.ones(2, 2).index_put(indices, ctorch.ones(value), accumulate)


def test_gradient_of_an_extremum_that_is_not_a_number():
    x = ctorch.tensor([float("nan"), 1.0, 2.0], requires_grad=True)
    source = ctorch.tensor([0.0, 3.0], requires_grad=True)
    x.scatter_reduce(0, ctorch.tensor([0, 1]), source, "amax").sum().backward()
    assert x.grad[0].isnan() and source.grad[0].isnan() and x.grad[1:].tolist() == [0, 1] and source.grad[1] == 1


def test_frobenius_norm_of_three_dimensions():
    x = ctorch.ones(2, 2, 2)
    assert x.norm(2, (0, 1, 2)).item() == pytest.approx(8 ** 0.5) and x.norm("fro").item() == pytest.approx(8 ** 0.5)
    with pytest.raises(RuntimeError, match="2-tuple"):
        x.norm("fro", (0, 1, 2))


def test_numbers_among_blocks_add_their_category_only():
    half, one = ctorch.ones(2, dtype=ctorch.float16), ctorch.tensor(1.0)
    assert ctorch.block_diag(half, one).dtype == ctorch.float16
    assert ctorch.block_diag(half, one.reshape(1)).dtype == ctorch.float32
    assert ctorch.block_diag(ctorch.ones(2, dtype=ctorch.int8), one).dtype == ctorch.float32


@pytest.mark.parametrize("limits", [(True, 300), (300, True), (False, -2 ** 31)])
def test_limits_that_a_dtype_cannot_hold_beside_a_bool(limits):
    with pytest.raises(RuntimeError, match="without overflow"):
        ctorch.tensor([8], dtype=ctorch.uint8).clamp(*limits)


def test_complex_numbers_times_a_power_of_two():
    for shape in ((), (1,)):
        x = ctorch.ones(shape, dtype=ctorch.complex128).ldexp(ctorch.tensor([200]))
        assert x.dtype == ctorch.complex128 and x.tolist() == [2.0 ** 200]


def test_numbers_to_a_power_keep_their_digits():
    one = ctorch.tensor([1])
    assert ctorch.float_power(1e-3, one).tolist() == [1e-3] and one.double().float_power(0.1 + 1j).tolist() == [1]
    assert ctorch.tensor([True]).float_power(ctorch.tensor([9], dtype=ctorch.uint16)).tolist() == [1]
    assert ctorch.float_power(1e-3j, one).tolist() == [pytest.approx(1e-3j, rel=1e-14)]


@pytest.mark.parametrize("shape, samples", [((0,), 1), ((0,), 2), ((2, 0), 2)])
def test_nothing_to_draw_from(shape, samples):
    with pytest.raises(RuntimeError, match="sum of probabilities"):
        ctorch.multinomial(ctorch.ones(shape), samples, True)
    assert ctorch.multinomial(ctorch.ones(0, shape[-1]), samples, True).shape == (0, samples)


def test_gradient_of_logit_without_a_limit():
    x = ctorch.tensor([-3.0, 0.5, 3.0], requires_grad=True)
    x.logit(-1.0).sum().backward()
    assert x.grad[[0, 2]].isnan().all() and x.grad[1] == 4


@pytest.mark.parametrize("keys", [0, 3])
def test_attention_to_keys_without_depth(keys):
    q, k, v = ctorch.ones(1, 2, 0), ctorch.ones(1, keys, 0), ctorch.ones(1, keys, 2)
    y = F.scaled_dot_product_attention(q, k, v.requires_grad_())
    y.sum().backward()
    assert y.tolist() == [[[float(keys > 0)] * 2] * 2]
    assert v.grad.flatten().tolist() == [pytest.approx(2 / 3)] * 2 * keys


def test_steps_along_one_pair_of_parts():
    x = ctorch.arange(4.0).as_strided((1, 2), (1, 1))
    assert ctorch.view_as_complex(x).tolist() == [1j]
    with pytest.raises(RuntimeError, match="divisible by 2"):
        ctorch.view_as_complex(ctorch.arange(4.0).as_strided((2, 2), (1, 1)))


def test_one_power_as_a_truth():
    assert ctorch.logspace(-1, 0, 1, dtype=ctorch.bool).tolist() == [True]


def test_cat_of_empty_vectors_alone_takes_any_dimension():
    x = ctorch.empty(0, requires_grad=True)
    y = ctorch.cat([x, ctorch.empty(0, dtype=ctorch.float64)], 3)
    y.sum().backward()
    assert y.shape == x.grad.shape == (0,) and y.dtype == ctorch.float64
    with pytest.raises(IndexError, match="out of range"):
        ctorch.cat([x, ctorch.ones(2, 3)], 2)


@pytest.mark.parametrize("n", (1, 2, 6))
def test_complex_infinity_has_an_infinite_norm_whatever_its_other_part(n):
    x = ctorch.tensor([complex(-np.inf, np.nan)] + [1j] * (n - 1))
    assert ctorch.linalg.vector_norm(x).item() == ctorch.dist(x, ctorch.zeros(n)).item() == np.inf


@pytest.mark.parametrize("dtype", ("bfloat16", "float32", "float64"))
def test_large_numbers_times_alpha_do_not_wrap_in_floats(dtype):
    x = ctorch.zeros(2, dtype=getattr(ctorch, dtype))
    assert ctorch.add(x, 2**63 - 1, alpha=2).tolist() == x.clone().add_(2**63 - 1, alpha=2).tolist() == [2.0**64] * 2
    assert ctorch.sub(x, 2**62, alpha=4).tolist() == [-(2.0**64)] * 2
    assert ctorch.add(ctorch.zeros(1, dtype=ctorch.int64), 2**63 - 1, alpha=2).item() == -2


def test_a_limit_beside_a_tensor_is_one_of_the_dtype():
    x, low = ctorch.full((2,), 8, dtype=ctorch.uint8), ctorch.tensor(3, dtype=ctorch.uint8)
    for clamp in (x.clamp, x.clamp_):
        with pytest.raises(RuntimeError, match="without overflow"):
            clamp(low, 300)
        assert clamp(low, 7).tolist() == [7, 7]
        x.fill_(8)
    assert x.clamp(low.short().expand(2), 300).tolist() == [8, 8]


@pytest.mark.parametrize("alpha", (0.5, 3.0, -2.0))
def test_celu_leaves_what_is_positive_as_it_is(alpha):
    x = ctorch.tensor([0.1, 1.7e308, np.inf, np.nan], dtype=ctorch.float64, requires_grad=True)
    y = F.celu(x, alpha)
    (g,) = ctorch.autograd.grad(y.sum(), x)
    assert y.tolist()[:3] == x.tolist()[:3] and y[3].isnan() and g.tolist() == [1.0] * 4


@pytest.mark.parametrize("shape", ((2, 0), (3, 2, 0), (4, 3, 2, 0)))
def test_residuals_of_no_columns_are_those_of_each_matrix(shape):
    B = ctorch.tensor([[3.0], [4.0]])[(None,) * (len(shape) - 2)]
    residuals = ctorch.linalg.lstsq(ctorch.ones(shape), B, driver="gelsd").residuals
    assert residuals.shape == (*shape[:-2], 1) and (residuals == 25).all()
