"""Products of integers and of vectors, against NumPy."""
import numpy as np
import pytest

import ctorch
from ctorch.nn import functional

INTEGERS = [ctorch.uint8, ctorch.int8, ctorch.int16, ctorch.int32, ctorch.int64]


@pytest.mark.parametrize("dtype", INTEGERS)
def test_linear_with_bias_of_integers(dtype):
    x, weight, bias = (ctorch.tensor(v, dtype=dtype) for v in ([[1, 2, 3]], [[1, 2, 3], [4, 5, 6]], [1, 2]))
    y = functional.linear(x, weight, bias)
    assert y.dtype == dtype
    assert y.tolist() == [[15, 34]]


def test_linear_with_a_vector_as_weight():
    x, weight = ctorch.tensor([[1.0, 2], [3, 4]], requires_grad=True), ctorch.tensor([5.0, 6], requires_grad=True)
    y = functional.linear(x, weight, ctorch.tensor(1.0))
    assert y.tolist() == [18, 40]
    y.sum().backward()
    assert weight.grad.tolist() == [4, 6]


@pytest.mark.parametrize("dtype", INTEGERS)
def test_scaled_sums_of_integers_keep_their_dtype(dtype):
    a = np.arange(8).reshape(2, 2, 2) % 3
    t = ctorch.tensor(a, dtype=dtype)
    y = ctorch.baddbmm(t, t, t, beta=2, alpha=1)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y.numpy(), a @ a + 2 * a)
    y = ctorch.addmm(t[0], t[0], t[1], alpha=2.7)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y.numpy(), 2 * (a[0] @ a[1]) + a[0])
