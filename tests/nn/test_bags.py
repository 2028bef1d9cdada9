"""Bags of embeddings against NumPy: every way to say where bags begin, every dtype and width, and derivatives."""
import itertools

import numpy as np
import pytest

import ctorch
from ctorch.autograd import gradcheck, gradgradcheck

F = ctorch.nn.functional
TOLERANCES = {"float64": 1e-12, "float32": 1e-5, "float16": 4e-3, "bfloat16": 3e-2}
WIDTHS = [0, 1, 7, 8, 15, 16, 17, 31, 33, 64, 65, 255, 256, 257, 300]


def bags_of(index, offsets, last):
    """The places of each bag's indices in the flat index."""
    if offsets is None:
        return list(np.arange(index.size).reshape(index.shape))
    ends = list(offsets[1:]) if last else [*offsets[1:], index.size]
    return [np.arange(a, b) for a, b in zip(offsets, ends)]


def expected(weight, index, offsets, last, mode, padding=None, factors=None):
    """Results and the gradients of the table and of the factors, of results times their numbers."""
    flat = index.reshape(-1)
    bags = [np.array([p for p in bag if padding is None or flat[p] != padding % len(weight)], dtype=int)
            for bag in bags_of(index, offsets, last)]
    y, gw, gf = np.zeros((len(bags), weight.shape[1])), np.zeros(weight.shape), np.zeros(flat.shape)
    gy = np.cos(np.arange(y.size)).reshape(y.shape)
    for i, bag in enumerate(bags):
        if not bag.size:
            continue
        rows = weight[flat[bag]]
        if mode == "max":
            y[i] = rows.max(0)
            np.add.at(gw, (flat[bag][rows.argmax(0)], np.arange(y.shape[1])), gy[i])
            continue
        share = factors.reshape(-1)[bag] if factors is not None else np.full(bag.size, 1 / bag.size if mode == "mean"
                                                                            else 1)
        y[i] = (rows * share[:, None]).sum(0)
        np.add.at(gw, flat[bag], gy[i] * share[:, None])
        gf[bag] = rows @ gy[i]
    return y, gw, gf.reshape(index.shape)


def table(rows, width, dtype="float64", seed=0):
    """Numbers that the dtype holds exactly."""
    x = ctorch.from_numpy(np.random.default_rng(seed).standard_normal((rows, width)))
    return x.to(getattr(ctorch, dtype)).double().numpy()


def compare(weight, index, dtype="float64", offsets=None, last=False, mode="sum", padding=None, factors=None):
    dt = getattr(ctorch, dtype)
    w = ctorch.from_numpy(weight).to(dt).requires_grad_()
    f = None if factors is None else ctorch.from_numpy(factors).to(dt).requires_grad_()
    y = F.embedding_bag(ctorch.from_numpy(index), w, None if offsets is None else ctorch.tensor(offsets), mode=mode,
                        padding_idx=padding, per_sample_weights=f, include_last_offset=last)
    assert y.dtype == dt
    want = expected(weight, index, offsets, last, mode, padding, factors)
    (y.double() * ctorch.from_numpy(np.cos(np.arange(y.numel())).reshape(y.shape))).sum().backward()
    found = [y, w.grad] + ([] if f is None else [f.grad])
    for a, b in zip(found, want):
        np.testing.assert_allclose(a.detach().double().numpy(), b, rtol=TOLERANCES[dtype], atol=4 * TOLERANCES[dtype])


@pytest.mark.parametrize("dtype", list(TOLERANCES))
@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_widths(mode, dtype):
    index = np.random.default_rng(1).integers(0, 6, (5, 3))
    for width in WIDTHS:
        compare(table(6, width, dtype), index, dtype, mode=mode)


@pytest.mark.parametrize("dtype", list(TOLERANCES))
def test_factors(dtype):
    rng = np.random.default_rng(2)
    for width in WIDTHS:
        factors = table(5, 3, dtype, seed=3)
        compare(table(6, width, dtype), rng.integers(0, 6, (5, 3)), dtype, factors=factors)
        compare(table(6, width, dtype), rng.integers(0, 6, 15), dtype, [0, 0, 4, 15], factors=factors.reshape(-1),
                padding=2)


@pytest.mark.parametrize("padding", [None, 0, -1])
@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_offsets(mode, padding):
    index = np.random.default_rng(4).integers(0, 4, 9)
    for offsets, last in itertools.product(([0], [0, 9], [0, 0, 2, 2, 5, 9], [0, 9, 9], [0, 1, 2, 3]), (False, True)):
        compare(table(4, 5), index, offsets=offsets, last=last, mode=mode, padding=padding)
    compare(table(4, 5), index[:0], offsets=[0, 0], mode=mode, padding=padding)
    compare(table(4, 5), index[:0].reshape(0, 3), mode=mode, padding=padding)
    compare(table(4, 5), np.zeros((3, 2), "int64"), mode=mode, padding=padding)
    compare(table(4, 5), index[:0].reshape(3, 0), mode=mode, padding=padding)


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_many_bags(mode):
    rng = np.random.default_rng(5)
    compare(table(500, 40), rng.integers(0, 500, (700, 6)), mode=mode)
    compare(table(500, 40), rng.integers(0, 500, 3000), offsets=sorted([0, *rng.integers(0, 3000, 99)]), mode=mode)


def test_strides_and_int32():
    weight, index = table(4, 6), np.random.default_rng(6).integers(0, 4, (6, 4))
    want = expected(weight, index.T[:, ::2], None, False, "sum")[0]
    w = ctorch.from_numpy(np.asfortranarray(weight))
    for i in (ctorch.from_numpy(index).t()[:, ::2], ctorch.from_numpy(index).to(ctorch.int32).t()[:, ::2]):
        np.testing.assert_allclose(F.embedding_bag(i, w, mode="sum").numpy(), want)
    factors = ctorch.from_numpy(table(4, 3)).expand(4, 3)
    ours = F.embedding_bag(ctorch.from_numpy(index[:4, :3]), w, mode="sum", per_sample_weights=factors.t()[:3].t())
    np.testing.assert_allclose(ours.numpy(), expected(weight, index[:4, :3], None, False, "sum", factors=factors.
                                                      numpy())[0])


def test_infinite_rows_and_nan():
    nan, inf = float("nan"), float("inf")
    w = ctorch.tensor([[1.0, nan, -inf], [inf, 0.0, -inf], [nan, 2.0, -0.0]])
    index = ctorch.tensor([[0, 1], [1, 0], [2, 1], [1, 1]])
    np.testing.assert_array_equal(F.embedding_bag(index, w, mode="sum").numpy(),
                                  [[inf, nan, -inf], [inf, nan, -inf], [nan, 2, -inf], [inf, 0, -inf]])
    # as in PyTorch, a NaN is the largest only where it is the first
    np.testing.assert_array_equal(F.embedding_bag(index, w, mode="max").numpy(),
                                  [[inf, nan, -inf], [inf, 0, -inf], [nan, 2, 0], [inf, 0, -inf]])
    only = F.embedding_bag(ctorch.tensor([[0, 1], [0, 0]]), w, mode="sum", padding_idx=0)
    np.testing.assert_array_equal(only.numpy(), [[inf, 0, -inf], [0, 0, 0]])


def test_derivatives():
    index, offsets = ctorch.tensor([0, 2, 2, 1, 3, 0]), ctorch.tensor([0, 2, 2, 5])
    w = ctorch.from_numpy(table(4, 3)).requires_grad_()
    f = ctorch.from_numpy(table(1, 6, seed=1)[0]).requires_grad_()
    cases = [lambda w: F.embedding_bag(index, w, offsets, mode="sum", padding_idx=3),
             lambda w: F.embedding_bag(index, w, offsets, mode="mean", padding_idx=2),
             lambda w: F.embedding_bag(index, w, offsets, mode="max", padding_idx=2),
             lambda w: F.embedding_bag(index.view(2, 3), w, mode="mean")]
    for case in cases:
        assert gradcheck(case, (w,))
        assert gradgradcheck(case, (w,))
    weighted = lambda w, f: F.embedding_bag(index, w, offsets, mode="sum", per_sample_weights=f)  # noqa: E731
    assert gradcheck(weighted, (w, f))
    assert gradgradcheck(weighted, (w, f))


def test_gradient_by_frequency():
    w = ctorch.ones(4, 2, requires_grad=True)
    F.embedding_bag(ctorch.tensor([[0, 1, 1], [1, 3, 3]]), w, mode="sum", scale_grad_by_freq=True).sum().backward()
    assert w.grad.tolist() == [[1, 1], [1, 1], [0, 0], [1, 1]]


def test_rows_are_limited():
    w = ctorch.tensor([[3.0, 4.0], [0.3, 0.4]])
    y = F.embedding_bag(ctorch.tensor([[0], [1]]), w, mode="sum", max_norm=1.0)
    np.testing.assert_allclose(y.numpy(), [[0.6, 0.8], [0.3, 0.4]], rtol=1e-5)
    np.testing.assert_allclose(w.numpy(), [[0.6, 0.8], [0.3, 0.4]], rtol=1e-5)


def test_results_do_not_depend_on_threads():
    rng, threads = np.random.default_rng(7), ctorch.get_num_threads()
    index = ctorch.from_numpy(rng.integers(0, 50, (900, 20)))
    results = []
    try:
        for count in (1, 2, 5):
            ctorch.set_num_threads(count)
            for mode in ("sum", "mean", "max"):
                w = ctorch.from_numpy(table(50, 70, "float32")).float().requires_grad_()
                y = F.embedding_bag(index, w, mode=mode)
                y.backward(y.detach().cos())
                results.append((y.detach(), w.grad))
    finally:
        ctorch.set_num_threads(threads)
    for i, pair in enumerate(results[3:]):
        assert all(ctorch.equal(a, b) for a, b in zip(pair, results[i % 3]))


@pytest.mark.parametrize(("call", "error", "text"), [
    (lambda i, w: F.embedding_bag(i, w), RuntimeError, r"Index 1 of input takes value 9 .* valid range .0, 3."),
    (lambda i, w: F.embedding_bag(i - 9, w), RuntimeError, "Index 0 of input takes value -9"),
    (lambda i, w: F.embedding_bag(i[0], w), ValueError, "offsets has to be a 1D Tensor but got None"),
    (lambda i, w: F.embedding_bag(i[0], w, ctorch.tensor([1])), RuntimeError, "offsets.0. has to be 0"),
    (lambda i, w: F.embedding_bag(i[0], w, ctorch.tensor([0, 7])), RuntimeError, "can not be greater than input"),
    (lambda i, w: F.embedding_bag(i[0], w, ctorch.tensor([0, 2, 1])), RuntimeError, "must not decrease"),
    (lambda i, w: F.embedding_bag(i, w, mode="max", scale_grad_by_freq=True), ValueError, "max mode does not support"),
    (lambda i, w: F.embedding_bag(i, w[0]), ValueError, "weight has to be a 2D Tensor"),
    (lambda i, w: F.embedding_bag(i, w, padding_idx=9), RuntimeError, "padding_idx must be within"),
    (lambda i, w: F.embedding_bag(i, w.long()), NotImplementedError, "embedding_bag"),
    (lambda i, w: F.embedding_bag(i.float(), w), RuntimeError, "'indices' to have one of the following scalar types"),
])
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call(ctorch.tensor([[0, 9], [1, 2]]), ctorch.ones(3, 2))
