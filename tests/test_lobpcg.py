"""Eigenpairs by conjugate gradients, against full decompositions."""
import numpy as np
import pytest
import scipy.linalg

import ctorch
from ctorch.autograd import gradcheck


def symmetric(*shape, seed=0, dtype="float64"):
    a = np.random.default_rng(seed).normal(size=shape).astype(dtype)
    return ctorch.tensor(a @ a.swapaxes(-1, -2) + np.eye(shape[-1], dtype=dtype))


@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-6), ("float32", 2e-3)])
@pytest.mark.parametrize("largest", [True, False])
def test_pairs(dtype, tolerance, largest):
    ctorch.manual_seed(0)
    A = symmetric(2, 30, 30, dtype=dtype)
    values, vectors = ctorch.lobpcg(A, 3, largest=largest)
    assert values.shape == (2, 3) and vectors.shape == (2, 30, 3) and values.dtype == vectors.dtype == A.dtype
    expected = ctorch.linalg.eigvalsh(A)
    expected = expected[:, -3:].flip(-1) if largest else expected[:, :3]
    np.testing.assert_allclose(values.numpy(), expected.numpy(), rtol=tolerance)
    residual = A @ vectors - vectors * values.unsqueeze(1)
    assert residual.abs().max() < 100 * tolerance * A.abs().max()


def test_generalised_problem_with_a_beginning_and_a_preconditioner():
    A, B = symmetric(12, 12), symmetric(12, 12, seed=1)
    start = ctorch.tensor(np.random.default_rng(2).normal(size=(12, 4)))
    values, _ = ctorch.lobpcg(A, 2, B, start, iK=ctorch.eye(12, dtype=ctorch.float64), largest=False)
    expected = scipy.linalg.eigh(A.numpy(), B.numpy(), eigvals_only=True)[:2]
    np.testing.assert_allclose(values.numpy(), expected, rtol=1e-5)


def test_derivative():
    A = symmetric(7, 7).requires_grad_()
    assert gradcheck(lambda a: ctorch.lobpcg(a, 2)[0], A)
    assert gradcheck(lambda a: ctorch.lobpcg(a, 2, largest=False)[1].abs(), A)
    with pytest.raises(NotImplementedError, match=r"lobpcg.*cpu.*float64"):
        ctorch.lobpcg(A, 2, symmetric(7, 7))


def test_errors():
    with pytest.raises(ValueError, match="3 x the"):
        ctorch.lobpcg(symmetric(5, 5), 2)
    with pytest.raises(ValueError, match="square"):
        ctorch.lobpcg(ctorch.ones(5, 4))
    with pytest.raises(NotImplementedError, match=r"lobpcg.*int64"):
        ctorch.lobpcg(ctorch.ones(5, 5, dtype=ctorch.int64))
    with pytest.raises(ValueError, match="'other'"):
        ctorch.lobpcg(symmetric(5, 5), method="other")


@pytest.mark.parametrize("name", ["eig", "lstsq", "matrix_rank", "solve", "symeig"])
def test_removed(name):
    with pytest.raises(RuntimeError, match=f"{name}.*torch.linalg"):
        getattr(ctorch, name)(ctorch.eye(2))
