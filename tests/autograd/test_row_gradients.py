"""Derivatives of every operator, and derivatives of those, by the samples: against differences and PyTorch's.

As a part of all tests the first samples of each are taken; ``--gradients=full`` takes all of them.
"""
import importlib
import warnings

import pytest
import samples
from rows import ROWS

import ctorch
from ctorch.autograd import grad, gradcheck, gradgradcheck

try:
    torch = importlib.import_module("torch")
except ImportError:
    torch = None

FEW = 2                                   # samples of each operator, if not all are asked for
# Rows that no call differentiates, and why.
CONSTANT = {}


def few(request, name):
    found = samples.of(name)
    return found if request.config.getoption("--gradients") == "full" else found[:FEW]


def results(outputs):
    """The results that can have a derivative."""
    return [y for y in outputs if y.is_floating_point() or y.is_complex()]


def function(sample):
    def of_leaves(*leaves):
        args, kwargs = sample.with_leaves(leaves)
        return tuple(y for y in results(sample.run(ctorch, args, kwargs)))
    return of_leaves


def differentiable(sample):
    return any(y.requires_grad for y in sample.run())


OPERATORS = samples.names()


def test_every_row_has_samples():
    private = {name for name, row in ROWS.items() if row.get("public") is False or name.startswith("_")}
    without = {name for name in ROWS if name not in OPERATORS}
    assert not without - private


@pytest.mark.parametrize("name", OPERATORS)
def test_derivatives(name, request):
    for sample in few(request, name):
        if differentiable(sample):
            assert gradcheck(function(sample), sample.leaves()), sample
            if sample.twice:
                assert gradgradcheck(function(sample), sample.leaves()), sample


def as_torch(x):
    return torch.from_numpy(x.detach().numpy())


def seeds_like(outputs, module):
    return [(module.arange(y.numel(), dtype=module.float64).reshape(y.shape) * 0.125 + 0.75).to(y.dtype)
            for y in outputs]


@pytest.mark.skipif(torch is None, reason="needs PyTorch")
@pytest.mark.parametrize("name", OPERATORS)
def test_first_derivatives_equal_pytorchs(name):
    for sample in samples.of(name):
        if sample.function(torch) is None or not sample.compared:
            continue
        outputs = sample.run()
        leaves = [as_torch(x).requires_grad_() for x in sample.leaves()]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = sample.run(torch, *sample.with_leaves(leaves, as_torch))
        assert [y.requires_grad for y in outputs] == [y.requires_grad for y in theirs], sample
        ours, theirs = ([y for y in some if y.requires_grad] for some in (outputs, theirs))
        if not ours:
            continue
        got = grad(ours, sample.leaves(), seeds_like(ours, ctorch), allow_unused=True)
        want = torch.autograd.grad(theirs, leaves, seeds_like(theirs, torch), allow_unused=True)
        for g, w, x in zip(got, want, leaves):
            w = torch.zeros_like(x) if w is None else w
            g = ctorch.zeros(tuple(x.shape)) if g is None else g
            ctorch.testing.assert_close(g, ctorch.from_numpy(w.resolve_conj().resolve_neg().numpy(force=True)).to(g.dtype), rtol=1e-7, atol=1e-9,
                                        equal_nan=True, msg=lambda text, at=sample: f"{at}: {text}")
