"""Derivatives of every operator, and derivatives of those, by the samples: against differences and PyTorch's.

As a part of all tests the first samples of each are taken; ``--gradients=full`` takes all of them.
"""
import warnings

import pytest
import samples
from mirror import needs_torch, torch
from rows import ROWS

import ctorch
from ctorch.autograd import grad, gradcheck, gradgradcheck

FEW = 3                                   # samples of each operator, if not all are asked for
OPERATORS = samples.names()
# What has no derivative, here as in PyTorch.
INTEGERS = {"argmax", "argmin", "argsort", "argwhere", "bincount", "bitwise_and", "bitwise_left_shift", "bitwise_not",
            "_bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "bucketize", "count_nonzero",
            "_exponent", "gcd", "hash_tensor", "histc", "histogram", "histogramdd", "lcm", "linalg.matrix_rank",
            "nonzero", "nonzero_static", "searchsorted", "unique", "unique_consecutive", "unravel_index"}
TRUTHS = {"all", "allclose", "any", "eq", "equal", "ge", "gt", "is_conj", "is_neg", "isclose", "isfinite", "isin",
          "isinf", "isnan", "isneginf", "isposinf", "isreal", "le", "logical_and", "logical_not", "logical_or",
          "logical_xor", "lt", "ne", "signbit"}
WITHOUT = {"detach_copy", "geqrf", "linalg.ldl_factor", "special_airy_ai", "special.airy_ai", "_special_polynomial",
           "special.hermite_polynomial_h", "special.chebyshev_polynomial_t", "heaviside", "_heaviside"}
CONSTANT = INTEGERS | TRUTHS | WITHOUT


@pytest.fixture
def chosen(name, request):
    """The samples of an operator to take: all of them, or few."""
    found = samples.of(name)
    return found if request.config.getoption("--gradients") == "full" else found[:FEW]


def of_every(operators):
    return pytest.mark.parametrize("name", operators)


def function(sample):
    """The call as a function of the tensors to differentiate alone."""
    def of_leaves(*leaves):
        found = sample.run(ctorch, *sample.with_leaves(leaves))
        return tuple(y for y in found if y.is_floating_point() or y.is_complex())
    return of_leaves


def differentiable(sample):
    return [y for y in sample.run() if y.requires_grad]


def seeds_like(outputs, module=ctorch):
    return [(module.arange(y.numel(), dtype=module.float64).reshape(y.shape) * 0.125 + 0.75).to(y.dtype)
            for y in outputs]


def gradients(outputs, leaves, seeds=None):
    """Of some of the outputs; zeros where there is none."""
    found = grad(outputs, leaves, seeds_like(outputs) if seeds is None else seeds, allow_unused=True)
    return [ctorch.zeros_like(x) if g is None else g for x, g in zip(leaves, found)]


def assert_equal(got, want, sample, rtol=1e-9, atol=1e-11):
    for g, w in zip(got, want, strict=True):
        ctorch.testing.assert_close(g, w, rtol=rtol, atol=atol, equal_nan=True,
                                    msg=lambda text: f"{sample}: {text}")


# ---- what there is

def test_every_public_row_has_samples():
    public = {name for name, row in ROWS.items() if samples.is_public(name) and "Tensor" in row["args"]}
    public |= {name for name, row in ROWS.items() if samples.is_public(name) and "tensors" in row["args"]}
    assert not public - set(OPERATORS)


def test_every_derivative_is_reached():
    """By the derivatives of the samples, or by the derivatives of those."""
    seen = set()
    for name in OPERATORS:
        for sample in samples.of(name):
            outputs = differentiable(sample)
            if not outputs:
                continue
            walk([y.grad_fn for y in outputs], seen)
            if sample.twice:
                seeds = [s.requires_grad_() for s in seeds_like(outputs)]
                found = grad(outputs, sample.leaves(), seeds, create_graph=True, allow_unused=True)
                walk([g.grad_fn for g in found if g is not None and g.requires_grad], seen)
    titles = {name: row.get("title", name.lstrip("_")).replace("_", "").lower() + "backward0"
              for name, row in ROWS.items() if "grad" in row and "no_derivative" not in str(row["grad"])}
    assert not {name for name, title in titles.items() if title not in seen}


def walk(nodes, seen):
    """Enter the names of all nodes of a graph."""
    visited = set()
    while nodes:
        node = nodes.pop()
        if node is not None and node not in visited:
            visited.add(node)
            seen.add(node.name().lower())
            nodes += [target for target, _ in node.next_functions]


def test_what_is_constant():
    found = {name for name in OPERATORS if not any(map(differentiable, samples.of(name)))}
    assert found == CONSTANT


# ---- derivatives

@of_every([name for name in OPERATORS if name not in CONSTANT])
def test_derivatives(name, chosen):
    for sample in chosen:
        if differentiable(sample):
            assert gradcheck(function(sample), sample.leaves()), sample
            if sample.twice:
                assert gradgradcheck(function(sample), sample.leaves()), sample


def as_torch(x):
    return torch.from_numpy(x.detach().numpy())


def as_ours(x):
    return ctorch.from_numpy(x.resolve_conj().numpy(force=True).copy())


@needs_torch
@of_every(OPERATORS)
def test_values_and_first_derivatives_equal_pytorchs(name):
    for sample in samples.of(name):
        if sample.function(torch) is None or not sample.compared:
            continue
        outputs = sample.run()
        leaves = [as_torch(x).requires_grad_() for x in sample.leaves()]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = sample.run(torch, *sample.with_leaves(leaves, as_torch))
        assert_equal(outputs, [as_ours(y) for y in theirs], sample, 1e-9, 1e-11)
        if not same_outputs_require_grad(outputs, theirs, leaves, sample) or name == "floor_divide":
            continue                                   # PyTorch has no derivative of x // y, but of div(..., "floor")
        ours, theirs = ([y for y in some if y.requires_grad] for some in (outputs, theirs))
        if not ours:
            continue
        found = torch.autograd.grad(theirs, leaves, seeds_like(theirs, torch), allow_unused=True)
        want = [as_ours(torch.zeros_like(x) if w is None else w) for x, w in zip(leaves, found)]
        assert_equal(gradients(ours, sample.leaves()), want, sample, 1e-7, 1e-9)


def same_outputs_require_grad(ours, theirs, leaves, sample):
    """Whether there are derivatives to compare; PyTorch tells only in backward that some are not written."""
    mine, other = ([y.requires_grad for y in outputs] for outputs in (ours, theirs))
    more = [y for y, here in zip(theirs, mine) if y.requires_grad and not here]
    if more:
        with pytest.raises(RuntimeError, match=r"derivative for .* is not implemented"):
            torch.autograd.grad(more, leaves, seeds_like(more, torch))
        return False
    assert mine == other, sample
    return True


@of_every([name for name in OPERATORS if name not in CONSTANT])
def test_one_argument_alone(name, chosen):
    for sample in chosen:
        leaves = sample.leaves()
        for x in leaves if len(leaves) > 1 else ():
            alone = sample.run(ctorch, *sample.with_leaves([y if y is x else y.detach() for y in leaves]))
            places = [k for k, y in enumerate(alone) if y.requires_grad]
            if places:
                among = sample.run()
                assert_equal(gradients([alone[k] for k in places], [x]), gradients([among[k] for k in places], [x]),
                             sample)


def apart(x):
    """The same numbers with strides: backwards in memory, every other element."""
    if x.dim() == 0:
        return x
    wide = ctorch.zeros(*reversed(x.shape[1:]), 2 * x.shape[0], dtype=x.dtype)
    wide = wide.permute(*reversed(range(x.dim())))[::2]
    return wide.copy_(x)


@of_every([name for name in OPERATORS if name not in CONSTANT])
def test_gradients_with_strides(name, chosen):
    """Of the outputs: laid out in any way, or one number for all elements."""
    for sample in chosen:
        outputs = differentiable(sample)
        if not outputs:
            continue
        seeds, leaves = seeds_like(outputs), sample.leaves()
        want = gradients(outputs, leaves, seeds)
        assert_equal(gradients(differentiable(sample), leaves, [apart(s) for s in seeds]), want, sample)
        numbers = [ctorch.full((), 1.5, dtype=y.dtype).expand(y.shape) for y in outputs]
        want = gradients(differentiable(sample), leaves, [s.clone() for s in numbers])
        assert_equal(gradients(differentiable(sample), leaves, numbers), want, sample)


def fits_in_place(sample):
    first, outputs = sample.args[0], sample.run()
    return (isinstance(first, ctorch.Tensor) and first.requires_grad and len(outputs) == 1 and outputs[0].requires_grad
            and outputs[0].shape == first.shape and outputs[0].dtype == first.dtype and sample.call is None)


def in_place_names():
    """Operators with a method that changes the tensor."""
    return [name for name in OPERATORS if hasattr(ctorch.Tensor, f"{name}_") and name not in CONSTANT
            and any(map(fits_in_place, samples.of(name)))]


@of_every(in_place_names())
def test_in_place_forms(name):
    """The same derivatives as of the function."""
    for k, sample in enumerate(filter(fits_in_place, samples.of(name))):
        def changed(first, *rest, sample=sample):
            return getattr(first * 1, f"{name}_")(*rest, **sample.kwargs)
        leaves = sample.leaves()
        assert_equal(gradients([changed(*sample.args)], leaves), gradients(sample.run(), leaves), sample)
        if k == 0:
            assert gradgradcheck(lambda *given, s=sample: changed(*s.with_leaves(given)[0]), leaves), sample
