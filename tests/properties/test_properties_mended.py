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
    found = ctorch.linalg.lstsq(ctorch.zeros(2, 0), ctorch.tensor([[3.0], [4.0]]))
    assert found.solution.shape == (0, 1) and found.residuals.tolist() == [25]


def test_frequencies_of_nothing():
    assert ctorch.fft.fftfreq(0).shape == (0,)


def test_divergence_of_a_negative_target():
    assert F.kl_div(ctorch.zeros(1), ctorch.tensor([-1.0]), reduction="sum").isnan()


def test_masked_extrema_check_the_dimension():
    with pytest.raises(IndexError):
        ctorch.masked.amax(ctorch.tensor(1.0), 1)
