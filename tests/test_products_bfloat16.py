"""Products of bfloat16 matrices: sums in float32, rounded once."""
import itertools

import numpy as np
import pytest

import ctorch

SIDES = (1, 2, 3, 7, 8, 9, 15, 16, 17, 33, 47, 48, 49, 65, 100)


def drawn(generator, *shape):
    """Values that bfloat16 holds, as a tensor of it and as an array."""
    tensor = ctorch.tensor(generator.standard_normal(shape).astype("float32")).to(ctorch.bfloat16)
    return tensor, tensor.double().numpy()


def laid(tensor, layout):
    if layout == "transposed":
        return tensor.mT.contiguous().mT
    if layout == "sliced":
        return tensor.repeat_interleave(2, -1)[..., ::2]
    return tensor.flip(-2).contiguous().flip(-2) if layout == "backward" else tensor


def close(result, wanted, depth):
    """Rounded once to the 8 bits that bfloat16 has, after sums in float32 of numbers about 1."""
    assert result.dtype == ctorch.bfloat16
    assert result.shape == wanted.shape
    limit = np.abs(wanted) * 2.0**-8 + 1e-6 * max(depth, 1)
    assert (np.abs(result.double().numpy() - wanted) <= limit).all()


def test_sizes_and_strides():
    generator = np.random.default_rng(0)
    layouts = ("contiguous", "transposed", "sliced", "backward")
    for one, two in itertools.product(layouts, layouts):
        for _ in range(8):
            m, k, n = (int(size) for size in generator.choice(SIDES, 3))
            (a, p), (b, q) = drawn(generator, m, k), drawn(generator, k, n)
            close(laid(a, one) @ laid(b, two), p @ q, k)


@pytest.mark.parametrize("shape", [(70, 1601, 60), (3, 2400, 250), (20, 769, 500), (65, 2, 700), (316, 316, 316)])
@pytest.mark.parametrize("layout", ["contiguous", "transposed"])
def test_depths_and_widths_of_several_blocks(shape, layout):
    m, k, n = shape
    generator = np.random.default_rng(1)
    (a, p), (b, q) = drawn(generator, m, k), drawn(generator, k, n)
    close(laid(a, layout) @ laid(b, layout), p @ q, k)


@pytest.mark.parametrize("shape", [(3, 5, 7, 9), (200, 4, 4, 4), (2, 150, 100, 130), (9, 1, 33, 1), (40, 64, 64, 64)])
def test_batches(shape):
    batch, m, k, n = shape
    generator = np.random.default_rng(2)
    (a, p), (b, q) = drawn(generator, batch, m, k), drawn(generator, batch, k, n)
    close(a @ b, p @ q, k)
    close(laid(a, "transposed") @ laid(b, "transposed"), p @ q, k)
    close(a @ b[:1].expand(batch, k, n), p @ q[:1], k)
    close(a @ b[0], p @ q[0], k)


def test_results_do_not_depend_on_threads():
    a, _ = drawn(np.random.default_rng(3), 300, 900)
    before = ctorch.get_num_threads()
    results = []
    for threads in (1, 2, 5):
        ctorch.set_num_threads(threads)
        results.append((a @ a.t()).float().numpy())
    ctorch.set_num_threads(before)
    assert all(np.array_equal(results[0], other) for other in results)


def test_a_bias_goes_on_in_the_sums():
    generator = np.random.default_rng(4)
    (x, p), (weight, q), (bias, r) = (drawn(generator, *shape) for shape in ((50, 401), (70, 401), (70,)))
    close(ctorch.nn.functional.linear(x, weight, bias), p @ q.T + r, 401)


def test_vectors():
    generator = np.random.default_rng(5)
    (a, p), (v, q), (w, r) = drawn(generator, 130, 77), drawn(generator, 77), drawn(generator, 130)
    close(a @ v, p @ q, 77)
    close(w @ a, r @ p, 130)
    close(v @ v, q @ q, 77)


@pytest.mark.parametrize("shape", [(0, 3, 4), (3, 0, 4), (3, 4, 0)])
def test_nothing(shape):
    m, k, n = shape
    product = ctorch.ones(m, k, dtype=ctorch.bfloat16) @ ctorch.ones(k, n, dtype=ctorch.bfloat16)
    assert product.dtype == ctorch.bfloat16
    assert np.array_equal(product.float().numpy(), np.zeros((m, n)))


@pytest.mark.parametrize("depth", [29, 30])
def test_infinities_stay_in_their_rows(depth):
    a = np.ones((20, depth), "float32")
    a[3, 5], a[11, depth - 1], a[12, 0], a[12, depth - 1] = np.inf, np.nan, np.inf, -np.inf
    with np.errstate(invalid="ignore"):
        wanted = a @ np.ones((depth, 70), "float32")
    got = ctorch.tensor(a).to(ctorch.bfloat16) @ ctorch.ones(depth, 70, dtype=ctorch.bfloat16)
    np.testing.assert_array_equal(got.float().numpy(), wanted)


def test_what_lies_beside_a_matrix_is_not_read():
    whole = ctorch.full((12, 35), float("nan"), dtype=ctorch.bfloat16)
    part = whole[2:9, 3:30]
    part.fill_(1.0)
    assert np.array_equal((part @ part.t()).float().numpy(), np.full((7, 7), 27.0))
    assert np.array_equal((part.t() @ part).float().numpy(), np.full((27, 27), 7.0))


def test_gradients():
    generator = np.random.default_rng(6)
    (a, p), (b, q) = drawn(generator, 40, 33), drawn(generator, 33, 51)
    a.requires_grad_()
    b.requires_grad_()
    (a @ b).sum().backward()
    close(a.grad, np.ones((40, 51)) @ q.T, 51)
    close(b.grad, p.T @ np.ones((40, 51)), 40)
