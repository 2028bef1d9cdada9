"""Counts by bin against NumPy, and PyTorch through the mirror."""
import mirror
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ctorch


@settings(max_examples=60)
@given(st.lists(st.integers(0, 30), max_size=60), st.integers(0, 40), st.booleans())
def test_bincount(numbers, minlength, weighted):
    x = np.array(numbers, dtype=np.int64)
    w = np.linspace(-1, 2, len(x)) if weighted else None
    found = ctorch.bincount(ctorch.from_numpy(x), None if w is None else ctorch.from_numpy(w), minlength)
    np.testing.assert_allclose(found.numpy(), np.bincount(x, w, minlength))


def test_counts_do_not_depend_on_threads():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 500, 600000), rng.standard_normal(600000).astype("float32")
    before = ctorch.get_num_threads()
    for threads in (1, 4):
        ctorch.set_num_threads(threads)
        np.testing.assert_array_equal(ctorch.from_numpy(x).bincount().numpy(), np.bincount(x))
        counts, edges = ctorch.histogram(ctorch.from_numpy(y), 50)
        assert counts.sum().item() == len(y)
        np.testing.assert_array_equal(counts.numpy(), np.histogram(y, edges.numpy())[0])
    ctorch.set_num_threads(before)


DATA = [0.1, 2.0, 2.0, -1.0, 3.0, 0.5, 7.25]
CALLS = {
    "histc": lambda m, x: m.histc(x, 4, -3, 3), "histc_all": lambda m, x: x.histc(bins=5),
    "histogram": lambda m, x: m.histogram(x, 4, range=(-3.0, 3.0)),
    "histogram_all": lambda m, x: x.histogram(6, density=True),
    "histogram_edges": lambda m, x: m.histogram(x, m.tensor([-1.0, 0, 2, 3]).to(x.dtype)),
    "histogram_weight": lambda m, x: m.histogram(x, 3, weight=m.ones_like(x) * 0.5),
    "histogramdd": lambda m, x: m.histogramdd(x[:6].reshape(3, 2), [2, 3]),
    "histogramdd_edges": lambda m, x: m.histogramdd(x[:6].reshape(3, 2), [m.tensor([-1.0, 1, 4]).to(x.dtype)] * 2,
                                                    density=True),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("call", CALLS)
def test_as_pytorch(call, dtype):
    mirror.check(lambda m: CALLS[call](m, m.tensor(DATA, dtype=getattr(m, dtype))))


@pytest.mark.parametrize("wrong", [
    lambda m: m.tensor([[1]]).bincount(), lambda m: m.tensor([-1]).bincount(),
    lambda m: m.tensor([1]).bincount(m.tensor([1, 2])), lambda m: m.tensor([1]).bincount(minlength=-1),
    lambda m: m.tensor([1.0, 2]).histc(0), lambda m: m.tensor([1.0, 2]).histc(3, 2, 1),
    lambda m: m.tensor([1.0, 2]).histogram(3, range=(3, 1)),
])
def test_errors(wrong):
    mirror.check(wrong, message=True)


def test_empty():
    mirror.check(lambda m: m.tensor([], dtype=m.int64).bincount(minlength=3))
    mirror.check(lambda m: m.tensor([]).histc(3))
    mirror.check(lambda m: m.histogram(m.tensor([]), 3))
