"""Selections that are empty, and counts."""
import numpy as np
import pytest

import ctorch


def test_gather_of_nothing():
    x = ctorch.ones(2, 3, requires_grad=True)
    y = ctorch.gather(x, 0, ctorch.empty(0, 3, dtype=ctorch.int64))
    assert y.shape == (0, 3)
    y.sum().backward()
    assert x.grad.tolist() == [[0, 0, 0], [0, 0, 0]]
    assert ctorch.gather(x, 1, ctorch.empty(0)).shape == (0,)


def test_counts_are_integers():
    x = ctorch.tensor([[0.0, 1, float("nan")], [0, 0, -2]])
    assert ctorch.count_nonzero(x).item() == 3
    counts = ctorch.count_nonzero(x, 0)
    assert counts.dtype == ctorch.int64
    assert counts.tolist() == [0, 1, 2]


@pytest.mark.parametrize(("x", "mask"), [((2, 3), (3,)), ((2, 1), (2, 3)), ((), ()), ((3,), (3,))])
def test_masked_select(x, mask):
    a, m = np.arange(np.prod(x, dtype=int), dtype=float).reshape(x) + 1, np.ones(mask, bool)
    m.reshape(-1)[1:2] = False
    got = ctorch.masked_select(ctorch.tensor(a), ctorch.tensor(m))
    wide, chosen = np.broadcast_arrays(a, m)
    assert got.tolist() == wide[chosen].tolist()


@pytest.mark.parametrize("value", [True, False])
def test_a_mask_without_dimensions(value):
    x = ctorch.arange(6.0).reshape(2, 3)
    assert x[ctorch.tensor(value)].shape == (int(value), 2, 3)
