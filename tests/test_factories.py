"""Factories where the arguments' types decide."""
import numpy as np
import pytest

import ctorch


@pytest.mark.parametrize(("arguments", "expected"), [
    ((0, 2.5, 1), [0, 1]), ((-0.5, 2.9), [0, 1]), ((0.9, 3.9, 1.5), [0, 1, 2]), ((5, 0, -2), [5, 3, 1]),
])
def test_arange_of_integers_truncates_its_arguments(arguments, expected):
    assert ctorch.arange(*arguments, dtype=ctorch.int64).tolist() == expected


def test_arange_without_a_whole_step():
    with pytest.raises(RuntimeError, match="step must be nonzero"):
        ctorch.arange(1, 5, 0.5, dtype=ctorch.int64)


def test_shapes_may_be_numbers():
    assert ctorch.broadcast_shapes(3, (2, 1)) == (2, 3)


@pytest.mark.parametrize("step", [1, 2, -3])
def test_ranges_of_whole_numbers_of_every_length(step):
    for n in (*range(40), 16384, 40001):
        np.testing.assert_array_equal(ctorch.arange(5, 5 + n * step, step).numpy(), np.arange(5, 5 + n * step, step))


def test_as_tensor_of_another_dtype_stays_in_the_graph():
    x = ctorch.tensor([1.0, 2.0], requires_grad=True)
    y = ctorch.as_tensor(x, dtype=ctorch.float64)
    assert y.dtype == ctorch.float64 and y.requires_grad and ctorch.as_tensor(x) is x
    (y * y).sum().backward()
    assert x.grad.tolist() == [2, 4]
