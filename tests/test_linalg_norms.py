"""Norms against NumPy: orders, dimensions, dtypes, strides, and what is refused."""
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ctorch
from ctorch import linalg

ORDERS = [0, 0.5, 1, 2, 3, -1, -2, math.inf, -math.inf]
MATRIX_ORDERS = ["fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf]
DTYPES = ["float32", "float64", "complex64", "complex128"]


def numbers(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape)
    return (x + 1j * rng.standard_normal(shape) if dtype.startswith("c") else x).astype(dtype)


def close(ours, expected):
    expected = np.asarray(expected)
    assert ours.shape == expected.shape
    single = ours.dtype == ctorch.float32
    np.testing.assert_allclose(ours.numpy(), expected, rtol=1e-5 if single else 1e-12, atol=1e-6 if single else 1e-12)


@settings(max_examples=150)
@given(st.data())
def test_vector_norm(data):
    shape = data.draw(st.lists(st.integers(1, 40), max_size=3))
    x = numbers(shape, data.draw(st.sampled_from(DTYPES)), len(shape))
    if shape and data.draw(st.booleans()):
        x = np.swapaxes(x, 0, -1)
    if shape and data.draw(st.booleans()):
        x = x[..., ::-1]
    t = ctorch.tensor(np.array(x, order="C"))
    ord, keepdim = data.draw(st.sampled_from(ORDERS)), data.draw(st.booleans())
    dims = data.draw(st.one_of(st.none(), st.sets(st.integers(0, len(shape) - 1)))) if shape else None
    axes = tuple(range(x.ndim)) if not dims else tuple(sorted(dims))
    kept = [i for i in range(x.ndim) if i not in axes]
    lines = np.transpose(x, [*kept, *axes]).reshape(*(x.shape[i] for i in kept), -1)
    expected = np.linalg.norm(lines, ord, -1)
    if keepdim:
        expected = expected.reshape([1 if i in axes else s for i, s in enumerate(x.shape)])
    close(linalg.vector_norm(t, ord, None if dims is None else tuple(dims), keepdim), expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("ord", MATRIX_ORDERS)
@pytest.mark.parametrize("keepdim", [False, True])
def test_matrix_norm(dtype, ord, keepdim):
    x = numbers((4, 3, 5), dtype)
    for dim in ((-2, -1), (0, 1), (2, 0)):
        expected = np.linalg.norm(x, ord, dim, keepdim)
        close(linalg.matrix_norm(ctorch.tensor(x), ord, dim, keepdim), expected)
        close(linalg.norm(ctorch.tensor(x), ord, dim, keepdim), expected)
    close(linalg.norm(ctorch.tensor(x[0]), ord), np.linalg.norm(x[0], ord))


@pytest.mark.parametrize("p", ["fro", "nuc", None, 1, 2, 3, 0.5, math.inf, -math.inf])
def test_top_level_norm(p):
    x = numbers((4, 3), "float64")
    t = ctorch.tensor(x)
    flat = {"fro": 2, None: 2}.get(p, p)
    close(ctorch.norm(t, p), np.linalg.norm(x, "nuc") if p == "nuc" else np.linalg.norm(x.ravel(), flat))
    if p != "nuc":
        close(t.norm(p, dim=1, keepdim=True), np.linalg.norm(x, flat, 1, True))
    assert ctorch.norm(t.float(), 2, dtype=ctorch.float64).dtype == ctorch.float64


def test_norms_of_half_types():
    x = ctorch.ones(5000, dtype=ctorch.float16)
    assert linalg.vector_norm(x).dtype == ctorch.float16
    assert linalg.vector_norm(x).item() == pytest.approx(5000 ** 0.5, rel=1e-3)
    assert linalg.vector_norm(x.bfloat16(), 3).item() == pytest.approx(5000 ** (1 / 3), rel=1e-2)
    with pytest.raises(RuntimeError, match="Low precision dtypes not supported"):
        linalg.matrix_norm(ctorch.ones(2, 2, dtype=ctorch.float16), 2)


def test_sums_of_many_squares_are_exact_enough():
    x = ctorch.full((1000003,), 0.1)
    assert linalg.vector_norm(x).item() == pytest.approx(0.1 * 1000003 ** 0.5, rel=1e-6)


@pytest.mark.parametrize("ord", [2, 1, math.inf, -math.inf, 3])
def test_nan_stays(ord):
    assert math.isnan(linalg.vector_norm(ctorch.tensor([1.0, math.nan, 3.0]), ord).item())


def test_a_count_has_no_gradient():
    # as in PyTorch: none, not noughts, which a hook would make something of
    x = ctorch.tensor([1.0, 0.0, 2.0], requires_grad=True)
    assert ctorch.autograd.grad(x.norm(0), x, allow_unused=True) == (None,)
    (linalg.vector_norm(x * 2, 0, dim=0) + x.sum()).backward()
    assert x.grad.tolist() == [1, 1, 1]
    rows = ctorch.ones(3, 2)
    assert ctorch.func.vmap(ctorch.func.grad(lambda row: row.norm(0)))(rows).tolist() == [[0, 0]] * 3


def test_norms_of_nothing():
    assert linalg.vector_norm(ctorch.ones(0)).item() == 0
    assert linalg.vector_norm(ctorch.ones(2, 0), 1, dim=1).tolist() == [0, 0]
    assert linalg.vector_norm(ctorch.ones(2, 0), math.inf, dim=0).shape == (0,)
    for call in (lambda: linalg.vector_norm(ctorch.ones(0), math.inf), lambda: linalg.vector_norm(ctorch.ones(0), -1),
                 lambda: linalg.vector_norm(ctorch.ones(2, 0), math.inf, dim=1)):
        with pytest.raises(RuntimeError, match="does not have an identity"):
            call()
    for ord in ("fro", "nuc", 1, 2, math.inf):
        assert linalg.matrix_norm(ctorch.ones(0, 3), ord).item() == 0
    assert linalg.cond(ctorch.ones(0, 0)).item() == 0


@pytest.mark.parametrize("call, text", [
    (lambda: linalg.vector_norm(ctorch.ones(3, dtype=ctorch.int64)),
     "linalg.vector_norm: Expected a floating point or complex tensor as input. Got Long"),
    (lambda: linalg.vector_norm(ctorch.ones(3).double(), dtype=ctorch.float32), "without narrowing"),
    (lambda: linalg.vector_norm(ctorch.ones(3), dtype=ctorch.int64), "dtype should be floating point or complex"),
    (lambda: linalg.matrix_norm(ctorch.ones(3, 3), "all"), "linalg.matrix_norm: Order all not supported."),
    (lambda: linalg.matrix_norm(ctorch.ones(3, 3), 3), "linalg.matrix_norm: Order 3 not supported."),
    (lambda: linalg.matrix_norm(ctorch.ones(3, 3), dim=(0, 0)), "dims must be different"),
    (lambda: linalg.norm(ctorch.ones(3, 3, 3), 1), "the input must be 1D or 2D. Got 3D."),
    (lambda: linalg.norm(ctorch.ones(3, 3, 3), 2, dim=(0, 1, 2)), "it must be of length 1 or 2"),
    (lambda: linalg.cond(ctorch.ones(3, 3), 3), "linalg.cond got an invalid norm type: 3"),
    (lambda: linalg.cond(ctorch.ones(2, 3), 1), "A must be batches of square matrices"),
])
def test_rules(call, text):
    with pytest.raises(RuntimeError) as caught:
        call()
    assert text in str(caught.value)


def test_order_must_be_a_number():
    with pytest.raises(TypeError, match="argument 'ord'"):
        linalg.vector_norm(ctorch.ones(3), "fro")


@pytest.mark.parametrize("keepdim", (True, False))
def test_norms_of_one_number_lie_in_memory_as_others_do(keepdim):
    x = ctorch.ones(3, 1, 2, 4).transpose(-1, -2)
    assert ctorch.linalg.vector_norm(x, 1, dim=1, keepdim=keepdim).is_contiguous()
    assert ctorch.linalg.vector_norm(x, 1, dim=2, keepdim=keepdim).is_contiguous()
