"""The standard's linear algebra and Fourier transforms have NumPy's values."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standard_values import COMPLEX, FLOATS, NUMERIC, assert_equal, seeds, strided, values

import ctorch
import ctorch.array_api as xp

INEXACT = (*FLOATS, *COMPLEX)
batches = st.sampled_from([(), (2,), (0,), (2, 1), (1, 3)])
examples = settings(max_examples=8)


def tolerance(dtype):
    return 2e-3 if dtype in ("float32", "complex64") else 1e-8


def square(dtype, batch, seed, n=3):
    return values(dtype, (*batch, n, n), seed) + 4 * np.eye(n, dtype=dtype)


@pytest.mark.parametrize("dtype", NUMERIC)
@given(batches, seeds)
@examples
def test_products(dtype, batch, seed):
    a, b = values(dtype, (*batch, 2, 3), seed), values(dtype, (3, 2), seed + 1)
    v, w = values(dtype, (*batch, 3), seed + 2), values(dtype, (3,), seed + 3)
    rtol = tolerance(dtype) if dtype in INEXACT else None
    for space in (xp, xp.linalg):
        assert_equal(space.matmul(strided(a, seed), ctorch.tensor(b)), np.matmul(a, b), rtol)
        assert_equal(space.matrix_transpose(ctorch.tensor(a)), np.matrix_transpose(a))
        assert_equal(space.vecdot(strided(v, seed), ctorch.tensor(w)), np.vecdot(v, w), rtol)
        assert_equal(space.tensordot(ctorch.tensor(a), ctorch.tensor(b), axes=1), np.tensordot(a, b, axes=1), rtol)
    assert_equal(xp.tensordot(ctorch.tensor(b), ctorch.tensor(b), axes=((0, 1), (0, 1))), np.tensordot(b, b, 2), rtol)
    assert_equal(xp.tensordot(ctorch.tensor(w), ctorch.tensor(w), axes=0), np.tensordot(w, w, 0), rtol)
    assert_equal(xp.matmul(ctorch.tensor(w), ctorch.tensor(b)), np.matmul(w, b), rtol)
    assert_equal(xp.matmul(ctorch.tensor(w), ctorch.tensor(w)), np.matmul(w, w), rtol)
    m = values(dtype, (3, *batch, 2), seed)
    assert_equal(xp.vecdot(strided(m, seed), ctorch.tensor(m), axis=-m.ndim), np.vecdot(m, m, axis=-m.ndim), rtol)
    assert_equal(xp.linalg.outer(ctorch.tensor(w), ctorch.tensor(w[:2])), np.outer(w, w[:2]))
    assert_equal(xp.linalg.diagonal(ctorch.tensor(a), offset=1), np.linalg.diagonal(a, offset=1))
    assert_equal(xp.linalg.trace(ctorch.tensor(a), offset=-1), np.linalg.trace(a, offset=-1), rtol)
    assert_equal(xp.linalg.cross(ctorch.tensor(v), ctorch.tensor(w)), np.linalg.cross(v, w), rtol)


@pytest.mark.parametrize("dtype", INEXACT)
@given(batches, seeds)
@examples
def test_square_matrices(dtype, batch, seed):
    a, rtol = square(dtype, batch, seed), tolerance(dtype)
    x = strided(a, seed)
    for name in ("det", "inv"):
        assert_equal(getattr(xp.linalg, name)(x), getattr(np.linalg, name)(a), rtol)
    assert_equal(xp.linalg.slogdet(x), tuple(np.linalg.slogdet(a)), rtol)
    for n in (-1, 0, 3):
        assert_equal(xp.linalg.matrix_power(x, n), np.linalg.matrix_power(a, n), rtol)
    right = values(dtype, (3, 2), seed + 1)
    assert_equal(xp.linalg.solve(x, ctorch.tensor(right)), np.linalg.solve(a, right), rtol)
    assert_equal(xp.linalg.solve(x, ctorch.tensor(right[:, 0])), np.linalg.solve(a, right[:, 0]), rtol)
    symmetric = a @ np.conj(np.swapaxes(a, -1, -2)) + np.eye(3, dtype=dtype)
    s = ctorch.tensor(symmetric)
    assert_equal(xp.linalg.cholesky(s), np.linalg.cholesky(symmetric), rtol)
    assert_equal(xp.linalg.cholesky(s, upper=True), np.linalg.cholesky(symmetric, upper=True), rtol)
    assert_equal(xp.linalg.eigvalsh(s), np.linalg.eigvalsh(symmetric), rtol)
    w, v = xp.linalg.eigh(s)
    assert_equal(v @ (w[..., None].to(v.dtype) * xp.conj(v.mT)), symmetric, 10 * rtol)
    eigenvalues, eigenvectors = xp.linalg.eig(x)
    assert eigenvalues.is_complex()
    assert_equal(x.to(eigenvalues.dtype) @ eigenvectors, (eigenvectors * eigenvalues[..., None, :]).numpy(), 10 * rtol)
    assert xp.linalg.eigvals(x).shape == (*batch, 3)


def test_solve_takes_matrices_unless_one_dimension():
    a, b = square("float64", (2,), 1, 2), values("float64", (2, 2), 2)
    assert_equal(xp.linalg.solve(ctorch.tensor(a), ctorch.tensor(b)), np.linalg.solve(a, b))


@pytest.mark.parametrize("dtype", INEXACT)
@given(batches, seeds, st.sampled_from([(3, 2), (2, 3), (2, 2)]))
@examples
def test_factors(dtype, batch, seed, shape):
    a, rtol = values(dtype, (*batch, *shape), seed), tolerance(dtype)
    x = strided(a, seed)
    for mode in ("reduced", "complete"):
        q, r = xp.linalg.qr(x, mode=mode)
        assert q.shape == np.linalg.qr(a, mode)[0].shape
        assert_equal(q @ r, a, rtol)
    for full in (False, True):
        u, s, vh = xp.linalg.svd(x, full_matrices=full)
        theirs = np.linalg.svd(a, full_matrices=full)
        assert [u.shape, s.shape, vh.shape] == [t.shape for t in theirs]
        assert_equal(s, theirs[1], rtol)
        k = min(shape)
        assert_equal(u[..., :k] @ (s[..., None].to(u.dtype) * vh[..., :k, :]), a, rtol)
    assert_equal(xp.linalg.svdvals(x), np.linalg.svdvals(a), rtol)
    assert_equal(xp.linalg.pinv(x), np.linalg.pinv(a), 10 * rtol)
    assert_equal(xp.linalg.matrix_rank(x), np.linalg.matrix_rank(a))
    assert_equal(xp.linalg.matrix_rank(x, rtol=0.5), np.linalg.matrix_rank(a, rtol=0.5))


def test_ranks():
    a = np.stack([np.outer([1.0, 2], [3, 4]), np.eye(2), np.zeros((2, 2))])
    assert_equal(xp.linalg.matrix_rank(ctorch.tensor(a)), np.array([1, 2, 0]))
    assert_equal(xp.linalg.pinv(ctorch.tensor(a), rtol=ctorch.tensor([0.1, 0.1, 0.1])),
                 np.linalg.pinv(a, rtol=np.array([0.1] * 3)))
    assert_equal(xp.linalg.matrix_rank(ctorch.ones(2, 0, 3)), np.zeros(2, "int64"))


@pytest.mark.parametrize("dtype", INEXACT)
@given(batches, seeds, st.booleans())
@examples
def test_norms(dtype, batch, seed, keepdims):
    a, rtol = values(dtype, (*batch, 3, 2), seed), tolerance(dtype)
    x = strided(a, seed)
    for order in ("fro", "nuc", 1, 2, np.inf, -1, -2, -np.inf):
        assert_equal(xp.linalg.matrix_norm(x, ord=order, keepdims=keepdims),
                     np.linalg.matrix_norm(a, ord=order, keepdims=keepdims), rtol)
    for order in (0, 1, 2, 3.5, np.inf, -1, -2, -np.inf):
        for axis in (-1, -2, (-1, -2), (0, -1) if batch else -1):
            if 0 in [a.shape[i] for i in np.atleast_1d(axis)] and (order < 0 or np.isinf(order)):
                continue
            with np.errstate(all="ignore"):
                theirs = np.linalg.vector_norm(a, ord=order, axis=axis, keepdims=keepdims)
            assert_equal(xp.linalg.vector_norm(x, ord=order, axis=axis, keepdims=keepdims), theirs, rtol)
    assert_equal(xp.linalg.vector_norm(x, keepdims=keepdims), np.linalg.vector_norm(a, keepdims=keepdims), rtol)
    assert_equal(xp.linalg.vector_norm(x, axis=()), np.abs(a), rtol)


# ---- Fourier transforms

@pytest.mark.parametrize("dtype", INEXACT)
@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"])
@given(seeds, st.sampled_from([None, 1, 4, 5, 8]), st.sampled_from([0, -1, 1]),
       st.sampled_from(["backward", "ortho", "forward"]))
@examples
def test_transforms(name, dtype, seed, n, axis, norm):
    if name in ("rfft", "ihfft") and dtype in COMPLEX:
        return
    a = values(dtype, (4, 5), seed)
    theirs = getattr(np.fft, name)(a, n=n, axis=axis, norm=norm)
    assert_equal(getattr(xp.fft, name)(strided(a, seed), n=n, axis=axis, norm=norm), theirs, tolerance(dtype))


@pytest.mark.parametrize("dtype", INEXACT)
@pytest.mark.parametrize("name", ["fftn", "ifftn", "rfftn", "irfftn"])
@given(seeds, st.sampled_from([(None, None), ((4, 3), (0, 1)), (None, (0, 2)), ((2, 5), (-1, 0))]))
@examples
def test_transforms_of_several_axes(name, dtype, seed, sizes):
    if name == "rfftn" and dtype in COMPLEX:
        return
    s, axes = sizes
    a = values(dtype, (3, 4, 5), seed)
    theirs = getattr(np.fft, name)(a, s=s, axes=axes)
    assert_equal(getattr(xp.fft, name)(strided(a, seed), s=s, axes=axes), theirs, tolerance(dtype))


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_frequencies(n):
    for name in ("fftfreq", "rfftfreq"):
        assert_equal(getattr(xp.fft, name)(n, d=0.5, dtype=ctorch.float64), getattr(np.fft, name)(n, 0.5))
        assert getattr(xp.fft, name)(n).dtype == ctorch.float32
    a = values("float64", (n, 3), 1)
    for name in ("fftshift", "ifftshift"):
        for axes in (None, 0, (0, 1)):
            assert_equal(getattr(xp.fft, name)(ctorch.tensor(a), axes=axes), getattr(np.fft, name)(a, axes))
