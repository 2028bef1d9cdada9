"""vmap of every operator against a loop over the examples, by the samples: values, gradients, levels in each other.

As a part of all tests the first samples of each are taken; ``--gradients=full`` takes all of them. How many calls were
compared and how many refused is printed at the end.
"""
import pytest
import samples
from rows import ROWS

import ctorch
from ctorch.autograd import grad
from ctorch.func import vmap
from ctorch.func._batching import rule_of

B = 3
FEW = 3
OPERATORS = samples.names()
SHAPE = "the shape of the result depends on values"
# What is refused, by operator; the same is refused by PyTorch.
REFUSED = {
    **dict.fromkeys(("argwhere", "bincount", "masked_select", "nonzero", "repeat_interleave", "unique",
                     "unique_consecutive", "Tensor.__getitem__"), SHAPE),
    **dict.fromkeys(("allclose", "equal"), "the result is a truth value of Python"),
    **dict.fromkeys(("histc", "histogram", "histogramdd"), "the limits are read from the values"),
    **dict.fromkeys(("batch_norm", "nn.functional.batch_norm"), "statistics of all examples cannot be changed by each"),
    **dict.fromkeys(("view_as_complex", "view_as_complex_copy"), "the two parts of a number lie apart"),
    **dict.fromkeys(("Tensor.__setitem__", "Tensor.copy_", "index_put"),
                    "what is the same in all examples cannot be changed by each, and masks of several values"),
}
STRIDED = {"as_strided", "as_strided_copy", "Tensor.as_strided"}     # other examples lie between the elements
SORTED = {"segment_reduce"}                                          # numbers that must not be put in another order
# Rows without a rule, that have none in PyTorch either.
WITHOUT_RULE = {"_unique": SHAPE, "_repeat_places": SHAPE}
counts = {"compared": 0, "refused": 0}


@pytest.fixture(scope="module", autouse=True)
def told():
    yield
    print(f"\nvmap against a loop: {counts['compared']} calls compared, {counts['refused']} refused for "
          f"{len(REFUSED)} operators with a reason")


@pytest.fixture
def chosen(name, request):
    """How many samples of an operator to take: all of them, or few."""
    found = samples.of(name)
    return range(len(found) if request.config.getoption("--gradients") == "full" else min(len(found), FEW))


def of_every(operators):
    return pytest.mark.parametrize("name", operators)


# ---- the examples of a sample

def tensors_of(sample):
    return [x for x in samples.flat((sample.args, sample.kwargs)) if isinstance(x, ctorch.Tensor)]


def number(x):
    return x.is_floating_point() or x.is_complex()


def examples(x, count, vary=True):
    """Tensors like x: numbers somewhat smaller each time, places and truths in another order."""
    if number(x):
        return [x.detach() * (1 - 0.02 * b) for b in range(count)]
    return [x.flip(0) if vary and b == 1 and x.ndim else x for b in range(count)]


def call_of(sample):
    """The sample's call as a function of its tensors."""
    def call(*tensors):
        rest = iter(tensors)
        return tuple(sample.run(ctorch, *samples.changed((sample.args, sample.kwargs), lambda x: next(rest))))
    return call


def seed(y):
    return (ctorch.arange(y.numel(), dtype=ctorch.float64).reshape(y.shape) * 0.125 + 0.75).to(y.dtype)


def zeros_for_none(found, like):
    return [ctorch.zeros_like(x) if g is None else g for g, x in zip(found, like)]


def assert_equal(got, want, sample, rtol=1e-8, atol=1e-10):
    for g, w in zip(got, want, strict=True):
        ctorch.testing.assert_close(g, w, rtol=rtol, atol=atol, equal_nan=True, msg=lambda t: f"{sample}: {t}")
    counts["compared"] += 1


def is_refusal(error):
    return "vmap" in str(error) or "batched" in str(error) or "stride 1" in str(error)


def compared(name, sample, check, *given):
    """Run a check; what is refused must be so for a reason."""
    try:
        check(name, sample, *given)
    except (NotImplementedError, RuntimeError) as error:
        if name not in REFUSED or not is_refusal(error):
            raise AssertionError(f"{sample}: {type(error).__name__}: {error}") from error
        counts["refused"] += 1


# Which tensors have examples, and where: those to differentiate, all, all in the last dimension, one alone.
PATTERNS = [
    lambda xs: [0 if x.requires_grad else None for x in xs],
    lambda xs: [0] * len(xs),
    lambda xs: [-1] * len(xs),
    *[lambda xs, k=k: [(-1, 0)[k % 2] if i == k else None for i in range(len(xs))] for k in range(4)],
]


def along(x, dim):
    return dim if dim >= 0 else x.ndim


def given(name, sample, dims):
    """Tensors to hand to vmap, and for each of them those of the single examples."""
    whole, single = [], []
    for x, dim in zip(tensors_of(sample), dims):
        if dim is None:
            whole.append(x.detach().clone().requires_grad_(x.requires_grad))
            single.append([whole[-1]] * B)
        else:
            stacked = ctorch.stack(examples(x, B, name not in SORTED), along(x, dim))
            whole.append(stacked.requires_grad_(x.requires_grad))
            single.append([whole[-1].select(along(x, dim), b).clone() for b in range(B)])
    return whole, single


def run_against_loop(name, sample, dims):
    call = call_of(sample)
    whole, single = given(name, sample, dims)
    found = vmap(call, tuple(dims), randomness="same")(*whole)
    each = [call(*[x[b] for x in single]) for b in range(B)]
    want = [ctorch.stack([outputs[k] for outputs in each]) for k in range(len(each[0]))]
    assert [y.dtype for y in found] == [y.dtype for y in want]
    assert_equal(found, want, sample)
    leaves = [x for x in whole if x.requires_grad]
    pairs = [(f, w) for f, w in zip(found, want) if w.requires_grad]
    if not pairs or not leaves:
        return
    ours, theirs = ([y for y, *_ in pairs], [y for _, y in pairs])
    got = grad(ours, leaves, [seed(y) for y in ours], allow_unused=True)
    wanted = grad(theirs, leaves, [seed(y) for y in theirs], allow_unused=True)
    assert_equal(zeros_for_none(got, leaves), zeros_for_none(wanted, leaves), sample)


@of_every(OPERATORS)
def test_against_a_loop(name, chosen):
    for choose in PATTERNS:
        for k in chosen:
            sample = samples.of(name)[k]
            dims = choose(tensors_of(sample))
            if all(d is None for d in dims) or (name in STRIDED and -1 in dims):
                continue
            compared(name, sample, run_against_loop, dims)


# ---- levels in each other

def run_nested(name, sample):
    """The first tensor has examples of the outer level, the last one of the inner, those between them of both."""
    call, tensors = call_of(sample), tensors_of(sample)
    outer = [0 if x.requires_grad and i < max(len(tensors) - 1, 1) else None for i, x in enumerate(tensors)]
    inner = [0 if x.requires_grad and (i > 0 or len(tensors) == 1) else None for i, x in enumerate(tensors)]
    if all(d is None for d in outer) or all(d is None for d in inner):
        return
    whole = []
    for x, o, i in zip(tensors, outer, inner):
        many = examples(x, (B if o == 0 else 1) * (2 if i == 0 else 1))
        whole.append(ctorch.stack(many).reshape(*[B] * (o == 0), *[2] * (i == 0), *x.shape)
                     .requires_grad_(x.requires_grad) if o == 0 or i == 0 else x.detach())
    found = vmap(vmap(call, tuple(inner), randomness="same"), tuple(outer), randomness="same")(*whole)
    each = [[call(*[example(x, o, i, b, c) for x, o, i in zip(whole, outer, inner)]) for c in range(2)]
            for b in range(B)]
    want = [ctorch.stack([ctorch.stack([y[k] for y in row]) for row in each]) for k in range(len(each[0][0]))]
    assert_equal(found, want, sample)
    leaves = [x for x in whole if x.requires_grad]
    pairs = [(f, w) for f, w in zip(found, want) if w.requires_grad]
    if pairs and leaves:
        got, wanted = (grad(ys, leaves, [seed(y) for y in ys], allow_unused=True) for ys in zip(*pairs))
        assert_equal(zeros_for_none(got, leaves), zeros_for_none(wanted, leaves), sample)


def example(x, outer, inner, b, c):
    x = x[b] if outer == 0 else x
    return (x[c] if inner == 0 else x).clone()


@of_every(OPERATORS)
def test_levels_in_each_other(name, chosen):
    for k in chosen:
        sample = samples.of(name)[k]
        compared(name, sample, run_nested)


# ---- gradients in vmap, and gradients in batches

def gradients_of(call, tensors, dims):
    """The gradients of one example, as a function of its tensors."""
    leaves = [x if d is None else x.detach().requires_grad_() for x, d in zip(tensors, dims)]
    outputs = [y for y in call(*leaves) if y.requires_grad]
    wanted = [x for x in leaves if x.requires_grad]
    if not outputs:
        return ()
    found = grad(outputs, wanted, [seed(y) for y in outputs], allow_unused=True)
    return tuple(zeros_for_none(found, wanted))


def run_gradients(name, sample, dims):
    call = call_of(sample)
    whole, single = given(name, sample, dims)
    found = vmap(lambda *xs: gradients_of(call, xs, dims), tuple(dims), randomness="same")(*whole)
    each = [gradients_of(call, [x[b] for x in single], dims) for b in range(B)]
    assert_equal(found, [ctorch.stack(gs) for gs in zip(*each)], sample)


@of_every(OPERATORS)
def test_gradients_of_examples(name, chosen):
    for k in chosen:
        sample = samples.of(name)[k]
        dims = [0 if x.requires_grad else None for x in tensors_of(sample)]
        if all(d is None for d in dims):
            continue
        compared(name, sample, run_gradients, dims)


@of_every(OPERATORS)
def test_gradients_in_batches(name, chosen):
    for k in chosen:
        sample = samples.of(name)[k]
        leaves = sample.leaves()
        outputs = [y for y in sample.run() if y.requires_grad]
        if not outputs:
            continue
        seeds = [ctorch.stack([seed(y) * (1 + b) for b in range(B)]) for y in outputs]
        found = grad(outputs, leaves, seeds, allow_unused=True, is_grads_batched=True, retain_graph=True)
        each = [zeros_for_none(grad(outputs, leaves, [s[b] for s in seeds], allow_unused=True, retain_graph=True),
                               leaves) for b in range(B)]
        want = [ctorch.stack(gs) for gs in zip(*each)]
        assert_equal([ctorch.zeros_like(w) if g is None else g for g, w in zip(found, want)], want, sample)


# ---- the table

def test_every_kernel_row_has_a_rule_or_a_reason():
    kernels = {name: row for name, row in ROWS.items() if row["kind"] == "kernel"}
    assert {name for name, row in kernels.items() if row.get("vmap", "none") == "none"} == set(WITHOUT_RULE)
    for name, row in kernels.items():
        if row.get("vmap") not in (None, "itself"):
            assert callable(rule_of(row["forward"])), name


def test_a_row_without_a_rule_is_refused_by_name():
    with pytest.raises(NotImplementedError, match=r"vmap: unique has no batching rule \(device cpu, dtype .*int64\)"):
        vmap(ctorch.unique)(ctorch.zeros(2, 3, dtype=ctorch.int64))
