"""Indices that are one number for each example, histograms and static places in vmap, against PyTorch and loops."""
import importlib

import mirror
import pytest

import ctorch
from ctorch import vmap


def func(lib):
    return importlib.import_module(f"{lib.__name__}.func")


def given(lib):
    lib.manual_seed(2)
    return lib.randn(4, 5), lib.tensor([0, 3, 2, 4])


def changed(a, place, value):
    a = a.clone()
    a[place] = value
    return a


INDICES = {
    "element": lambda lib, a, k: a[k],
    "column": lambda lib, a, k: a.view(1, 5)[:, k],
    "first and element": lambda lib, a, k: a.view(5, 1)[k, 0],
    "diagonal": lambda lib, a, k: a.outer(a)[k, k],
    "last": lambda lib, a, k: a.outer(a)[..., k],
    "slice": lambda lib, a, k: a.outer(a)[1:3, k],
    "new dimension": lambda lib, a, k: a[None, k],
    "beside a vector": lambda lib, a, k: a.outer(a)[k, lib.tensor([0, 1])],
    "set to a number": lambda lib, a, k: changed(a, k, 7.0),
    "set to an element": lambda lib, a, k: changed(a, k, a[0] * 2),
    "set a column": lambda lib, a, k: changed(a.outer(a), (slice(None), k), a),
    "set one of a matrix": lambda lib, a, k: changed(a.outer(a), (k, k), 5.0),
}


@pytest.mark.parametrize("case", INDICES)
def test_a_number_as_index(case):
    def f(lib):
        return lambda a, k: INDICES[case](lib, a, k)

    def program(lib):
        a, k = given(lib)
        return func(lib).vmap(f(lib))(a, k), func(lib).vmap(func(lib).vmap(f(lib), (None, 0)), (0, None))(a, k)
    mirror.check(program, warn=False)
    a, k = given(ctorch)
    loop = ctorch.stack([f(ctorch)(row, int(place)) for row, place in zip(a, k)])
    assert ctorch.equal(vmap(f(ctorch))(a, k), loop)
    of_one = ctorch.func.grad(lambda a, k: (f(ctorch)(a, k) ** 2).sum())
    gradients = ctorch.stack([of_one(row, int(place)) for row, place in zip(a, k)])
    assert ctorch.allclose(vmap(of_one)(a, k), gradients)


COUNTS = {
    "histogram": lambda lib, a, k: lib.histogram(a, 4, range=(-1.0, 1.0), density=True)[:2],
    "histogram of weights": lambda lib, a, k: lib.histogram(a, 4, range=(-1.0, 1.0), weight=a.abs())[:2],
    "histogram of edges": lambda lib, a, k: lib.histogram(a, lib.tensor([-1.0, 0.0, 0.5, 2.0]))[:2],
    "histc": lambda lib, a, k: lib.histc(a, 7, -2, 2),
    "bincount": lambda lib, a, k: lib.bincount((a > 0).long(), minlength=3),
    "bincount of bytes": lambda lib, a, k: lib.bincount((a > 0).to(lib.uint8), minlength=2),
    "bincount of weights": lambda lib, a, k: lib.bincount(lib.tensor([0, 3, 2, 4, 0]), weights=a),
    "bincount of weights that are the same": lambda lib, a, k: lib.bincount((a > 0).long(), lib.arange(5.0), 3),
    "bincounts of several lengths": lambda lib, a, k: lib.bincount(k[None]),
    "bincount of negative numbers": lambda lib, a, k: lib.bincount(k[None] - 1),
    "histogramdd": lambda lib, a, k: lib.histogramdd(a.view(5, 1), [3]),
    "static": lambda lib, a, k: lib.nonzero_static(a > 0, size=3),
    "static beyond": lambda lib, a, k: lib.nonzero_static(a.view(5, 1) > 0.5, size=7, fill_value=9),
    "static of a matrix": lambda lib, a, k: lib.nonzero_static(a.outer(a) > 0.5, size=6),
    "static of a number": lambda lib, a, k: lib.nonzero_static(a[0] > 0.5, size=2),
    "mask": lambda lib, a, k: a[a > 0],
    "mask of what is the same": lambda lib, a, k: lib.arange(5.0)[a > 0],
    "mask that is the same": lambda lib, a, k: a[lib.tensor([True, False, True, True, False])],
    "where": lambda lib, a, k: lib.where(a > 0),
}


@pytest.mark.parametrize("case", COUNTS)
def test_counts_and_places(case):
    def program(lib):
        return func(lib).vmap(lambda a, k: COUNTS[case](lib, a, k))(*given(lib))
    mirror.check(program, warn=False)


def test_bins_of_values_at_their_edges():
    a = ctorch.tensor([[-2.0, 2.0, 0.0, float("nan")], [-2.1, 2.1, 0.5, float("inf")], [1.0, 1.0, 1.0, -1.0]])
    for dtype in (ctorch.float32, ctorch.float64):
        x = a.to(dtype)
        assert ctorch.equal(vmap(lambda a: ctorch.histc(a, 8, -2, 2))(x), ctorch.stack([r.histc(8, -2, 2) for r in x]))
    many = ctorch.randn(6, 2000)
    for bins, low, high in ((10, -1, 1), (97, -0.3, 2.1), (1, 0, 1)):
        loop = ctorch.stack([r.histc(bins, low, high) for r in many])
        assert ctorch.equal(vmap(lambda a, b=bins, u=low, v=high: ctorch.histc(a, b, u, v))(many), loop)
        edges = vmap(lambda a, b=bins, u=low, v=high: ctorch.histogram(a, b, range=(u, v)).hist)(many)
        assert ctorch.equal(edges, ctorch.stack([ctorch.histogram(r, bins, range=(low, high)).hist for r in many]))
