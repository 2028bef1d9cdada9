"""Selections that are empty, and counts."""
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
