"""Forward mode of every operator, by the samples: against reverse mode, and the second derivatives of all mixes.

As a part of all tests the first samples of each are taken; ``--gradients=full`` takes all of them.
"""
import pytest
import samples
from test_row_gradients import CONSTANT, FEW, OPERATORS, assert_equal, differentiable, seeds_like

import ctorch
from ctorch.autograd import forward_ad, grad

# What has no second derivative, so that its first one cannot be turned into one of forward mode; in PyTorch neither.
WITHOUT_FORWARD = {"grid_sampler", "grid_sampler_2d", "grid_sampler_3d", "nn.functional.grid_sample",
                   "nn.functional.ctc_loss"}
COUNTED = {"forward mode": 0, "second derivatives": 0, "batches": 0, "operators": 0}


@pytest.fixture
def chosen(name, request):
    """The samples of an operator to take: all of them, or few."""
    found = samples.of(name)
    return found if request.config.getoption("--gradients") == "full" else found[:FEW]


@pytest.fixture(scope="module", autouse=True)
def tell_counts(request):
    yield
    out = request.config.pluginmanager.get_plugin("terminalreporter")
    if out is not None:
        out.write_line(f"\nforward mode: {COUNTED}")


of_every = pytest.mark.parametrize("name", [name for name in OPERATORS if name not in CONSTANT | WITHOUT_FORWARD])


def directions(leaves):
    """A tangent for each leaf, no two elements the same."""
    found = []
    for x in leaves:
        steps = ctorch.arange(x.numel(), dtype=ctorch.float64).reshape(x.shape)
        values = (steps * 0.7 + 0.3 * len(found)).cos()
        found.append((values + 1j * (steps * 1.1).sin() if x.is_complex() else values).to(x.dtype))
    return found


def places(sample):
    """Which results are differentiable."""
    with ctorch.enable_grad():
        return [k for k, y in enumerate(sample.run()) if y.requires_grad]


def duals(leaves, tangents):
    return [forward_ad.make_dual(x, t) for x, t in zip(leaves, tangents, strict=True)]


def tangents_of(outputs):
    return [ctorch.zeros_like(y.detach()) if t is None else t
            for y, t in ((y, forward_ad.unpack_dual(y).tangent) for y in outputs)]


def forward(sample, tangents, leaves=None):
    """The tangents of the differentiable results."""
    leaves = [x.detach() for x in sample.leaves()] if leaves is None else leaves
    chosen = places(sample)
    with forward_ad.dual_level():
        found = sample.run(ctorch, *sample.with_leaves(duals(leaves, tangents)))
        return tangents_of([found[k] for k in chosen])


def inner(a, b):
    """The real inner product."""
    product = a.conj() * b if a.is_complex() else a * b
    return (product.real if product.is_complex() else product).sum()


def by_rows(sample, tangents):
    """The same by one gradient for each real number of the results."""
    leaves, found = sample.leaves(), []
    for y in differentiable(sample):
        values = []
        for k in range(y.numel()):
            parts = []
            for unit in (1, 1j) if y.is_complex() else (1,):
                seed = ctorch.zeros(y.numel(), dtype=y.dtype)
                seed[k] = unit
                row = grad(y, leaves, seed.reshape(y.shape), retain_graph=True, allow_unused=True)
                parts.append(sum(float(inner(g, t)) for g, t in zip(row, tangents) if g is not None))
            values.append(complex(*parts) if y.is_complex() else parts[0])
        found.append(ctorch.tensor(values, dtype=y.dtype).reshape(y.shape))
    return found


@of_every
def test_forward_mode_equals_reverse_mode(name, chosen):
    COUNTED["operators"] += 1
    for sample in chosen:
        if not differentiable(sample):
            continue
        tangents = directions(sample.leaves())
        got = forward(sample, tangents)
        assert not any(t.requires_grad for t in got), sample
        assert_equal(got, by_rows(sample, tangents), sample, 1e-7, 1e-9)
        with ctorch.no_grad():
            assert_equal(forward(sample, tangents), got, sample)
        COUNTED["forward mode"] += 1


@pytest.mark.parametrize("name", sorted(WITHOUT_FORWARD))
def test_what_has_no_forward_mode_says_so(name):
    for sample in filter(differentiable, samples.of(name)):
        with pytest.raises(NotImplementedError, match=r"derivative for \w+ is not implemented"):
            forward(sample, directions(sample.leaves()))


def reverse_over_reverse(sample, tangents):
    leaves, outputs = sample.leaves(), differentiable(sample)
    first = grad(outputs, leaves, seeds_like(outputs), create_graph=True, allow_unused=True)
    pairs = [(g, t) for g, t in zip(first, tangents) if g is not None and g.requires_grad]
    if not pairs:
        return [None] * len(leaves)
    return grad([g for g, _ in pairs], leaves, [t for _, t in pairs], allow_unused=True)


def forward_over_reverse(sample, tangents):
    leaves, chosen = sample.leaves(), places(sample)
    with forward_ad.dual_level():
        given = duals(leaves, tangents)
        found = sample.run(ctorch, *sample.with_leaves(given))
        outputs = [found[k] for k in chosen]
        first = grad(outputs, given, seeds_like([y.detach() for y in outputs]), allow_unused=True)
        return [None if g is None else forward_ad.unpack_dual(g).tangent for g in first]


def reverse_over_forward(sample, tangents):
    leaves, chosen = sample.leaves(), places(sample)
    with forward_ad.dual_level():
        found = sample.run(ctorch, *sample.with_leaves(duals(leaves, tangents)))
        outputs = [found[k] for k in chosen]
        seeds = seeds_like([y.detach() for y in outputs])
        pairs = [(t, s) for t, s in zip(tangents_of(outputs), seeds) if t.requires_grad]
    if not pairs:
        return [None] * len(leaves)
    return grad([t for t, _ in pairs], leaves, [s for _, s in pairs], allow_unused=True)


@of_every
def test_second_derivatives_in_all_mixes(name, chosen):
    """The Hessian of the sum of the results, weighed, is symmetric: all mixes give its product with the tangents."""
    for sample in chosen:
        if not (differentiable(sample) and sample.twice):
            continue
        leaves = sample.leaves()
        tangents = directions(leaves)
        want, *others = [[ctorch.zeros_like(x) if h is None else h.detach() for h, x in zip(found, leaves)]
                         for found in (mix(sample, tangents) for mix in
                                       (reverse_over_reverse, forward_over_reverse, reverse_over_forward))]
        for got in others:
            assert_equal(got, want, sample, 1e-6, 1e-8)
        COUNTED["second derivatives"] += 1


@of_every
def test_tangents_in_batches(name, chosen):
    """Forward mode along several directions at once, as jacfwd runs it, and along one after the other."""
    for sample in chosen:
        outputs = differentiable(sample)
        if not outputs:
            continue
        tangents = directions(sample.leaves())
        several = [[t, t * -0.5 + 0.25] for t in tangents]
        each = [forward(sample, found) for found in zip(*several)]
        run = ctorch.vmap(lambda *t, s=sample: tuple(forward(s, t)), randomness="same")
        got = run(*(ctorch.stack(s) for s in several))
        assert_equal(got, [ctorch.stack(rows) for rows in zip(*each)], sample, 1e-7, 1e-9)
        COUNTED["batches"] += 1
