"""Categories drawn on a device, and the random functions that take tensors."""
import pytest

import ctorch

pytestmark = pytest.mark.usefixtures("device")

WEIGHTS = ctorch.tensor([0.0, 4.0, 0.0, 1.0, 3.0, 2.0, 0.0])


def shares(drawn, n=7):
    return [(drawn == k).double().mean().item() for k in range(n)]


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_shares_with_replacement(dtype):
    ctorch.cuda.manual_seed(1)
    w = ctorch.stack([WEIGHTS, WEIGHTS.flip(0) * 100]).to("cuda", getattr(ctorch, dtype))
    drawn = ctorch.multinomial(w, 20_000, replacement=True)
    assert drawn.shape == (2, 20_000) and drawn.dtype == ctorch.int64 and drawn.is_cuda
    assert shares(drawn[0]) == pytest.approx([0, 0.4, 0, 0.1, 0.3, 0.2, 0], abs=0.02)
    assert shares(drawn[1]) == pytest.approx([0, 0.2, 0.3, 0.1, 0, 0.4, 0], abs=0.02)
    assert [s for s, w in zip(shares(drawn[0]), WEIGHTS.tolist()) if w == 0] == [0, 0, 0]


@pytest.mark.parametrize("samples", [1, pytest.param(3, marks=pytest.mark.race)])
def test_shares_without_replacement(samples):
    ctorch.cuda.manual_seed(2)
    drawn = ctorch.multinomial(WEIGHTS.cuda().expand(4000, 7), samples)
    assert drawn.shape == (4000, samples)
    assert shares(drawn[:, 0]) == pytest.approx([0, 0.4, 0, 0.1, 0.3, 0.2, 0], abs=0.03)
    assert all(len(set(row)) == samples for row in drawn.tolist())
    if samples == 3:                     # the second by what is left after the first: 4 went, then 3 of 6
        second = drawn[:, 1][drawn[:, 0] == 1]
        assert shares(second) == pytest.approx([0, 0, 0, 1 / 6, 3 / 6, 2 / 6, 0], abs=0.04)


@pytest.mark.parametrize("n", [1, 2, 1000, 4097])
def test_all_categories_once(n):
    drawn = ctorch.multinomial(ctorch.ones(n, device="cuda"), n)
    assert drawn.shape == (n,) and sorted(drawn.tolist()) == list(range(n))
    assert n < 1000 or drawn.tolist() != list(range(n))


def test_long_rows_with_replacement():
    w = ctorch.zeros(5000, device="cuda")
    w[::7] = 1
    drawn = ctorch.multinomial(w, 3000, replacement=True)
    assert (drawn % 7 == 0).all() and len(set(drawn.tolist())) > 600


def test_the_seed_decides():
    w, found = WEIGHTS.cuda(), []
    for replacement in (True, False):
        for _ in range(2):
            ctorch.cuda.manual_seed(3)
            found.append(ctorch.multinomial(w, 4, replacement=replacement).tolist())
        assert found[-1] == found[-2]


@pytest.mark.parametrize(("weights", "samples", "message"), [
    ([1.0, -1.0], 1, "element < 0: -1"), ([1.0, float("nan")], 1, "nan"), ([1.0, float("inf")], 2, "inf"),
    ([0.0, 0.0], 1, "sum of probabilities <= 0"), ([[1.0, 0.0], [0.0, 0.0]], 1, "sum of probabilities <= 0"),
    ([1.0, 1.0], 3, "without replacement"), ([1.0], 0, "cannot sample"), (1.0, 1, "1 or 2 dim")])
def test_errors_are_those_of_the_cpu(weights, samples, message):
    for place in ("cpu", "cuda"):
        with pytest.raises(RuntimeError, match=message):
            ctorch.multinomial(ctorch.tensor(weights, device=place), samples)


def test_normal_of_tensors():
    ctorch.cuda.manual_seed(4)
    mean = ctorch.tensor([0.0, 10.0], device="cuda").expand(5000, 2)
    drawn = ctorch.normal(mean, ctorch.tensor([1.0, 0.1], device="cuda"))
    assert drawn.is_cuda and drawn.mean(0).tolist() == pytest.approx([0, 10], abs=0.06)
    assert drawn.std(0).tolist() == pytest.approx([1, 0.1], rel=0.05)


def test_bernoulli_refuses_probabilities_of_another_device():
    with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
        ctorch.zeros(3, device="cuda").bernoulli_(ctorch.full((3,), 0.5))
