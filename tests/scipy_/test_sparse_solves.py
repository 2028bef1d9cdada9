"""Sparse matrices and equations against dense ones, SciPy alone and finite differences."""
import numpy as np
import pytest
from scipy import sparse as scipy_sparse

import ctorch
from ctorch.autograd import grad, gradcheck, gradgradcheck
from ctorch.scipy import sparse
from ctorch.scipy.sparse import csr_array

N = 5


def scattered(dtype="float64", seed=0):
    """A matrix of SciPy that is far from singular, and its dense form."""
    random = np.random.default_rng(seed)
    dense = np.where(random.random((N, N)) < 0.4, random.normal(size=(N, N)), 0) + 4 * np.eye(N)
    if dtype.startswith("complex"):
        dense = dense * np.exp(1j * random.random((N, N)))
    return scipy_sparse.csr_array(dense.astype(dtype))


def positive(dtype="float64"):
    matrix = scattered(dtype)
    return scipy_sparse.csr_array(matrix @ matrix.conj().T)


def leaf(values):
    return ctorch.tensor(values, requires_grad=True)


def right_sides(shape, dtype="float64"):
    random = np.random.default_rng(1)
    b = random.normal(size=shape)
    return leaf((b + 1j * random.normal(size=shape) if dtype.startswith("complex") else b).astype(dtype))


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("shape", [(N,), (N, 3), (N, 1), (N, 0)])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("solve", [True, False])
def test_derivatives(dtype, shape, transposed, solve):
    matrix, b = scattered(dtype), right_sides(shape, dtype)
    data = leaf(matrix.data)

    def f(data, b):
        A = csr_array((data, matrix.indices, matrix.indptr), shape=(N, N))
        A = A.T if transposed else A
        return sparse.spsolve(A, b) if solve else A @ b

    dense = matrix.toarray().T if transposed else matrix.toarray()
    expected = np.linalg.solve(dense, b.detach().numpy()) if solve else dense @ b.detach().numpy()
    np.testing.assert_allclose(f(data, b).detach().numpy(), expected, rtol=1e-11)
    assert gradcheck(f, (data, b)) and gradgradcheck(f, (data, b))


def test_gradient_at_the_pattern_alone():
    matrix = scattered()
    data, b = leaf(matrix.data), right_sides((N, 2))
    dense = leaf(matrix.toarray())
    ours = grad(sparse.spsolve(csr_array((data, matrix.indices, matrix.indptr)), b).square().sum(), (data, b))
    theirs = grad(ctorch.linalg.solve(dense, b).square().sum(), (dense, b))
    rows, columns = matrix.tocoo().coords
    np.testing.assert_allclose(ours[0].numpy(), theirs[0].numpy()[rows, columns], rtol=1e-10)
    np.testing.assert_allclose(ours[1].numpy(), theirs[1].numpy(), rtol=1e-10)


def test_one_factorisation(monkeypatch):
    from scipy.sparse import linalg

    calls = []
    monkeypatch.setattr(linalg, "splu", lambda *a, splu=linalg.splu, **k: calls.append(1) or splu(*a, **k))
    matrix = scattered()
    data, b = leaf(matrix.data), right_sides((N,))
    x = sparse.spsolve(csr_array((data, matrix.indices, matrix.indptr)), b)
    (g,) = grad(x.sum(), data, create_graph=True)
    grad(g.square().sum(), (data, b))
    assert len(calls) == 1


@pytest.mark.parametrize("name", ["cg", "gmres", "bicgstab"])
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("shape", [(N,), (N, 2)])
def test_iterative_methods(name, dtype, shape):
    matrix, b = positive(dtype), right_sides(shape, dtype)
    data, solver = leaf(matrix.data), getattr(sparse, name)
    seen = []
    x, info = solver(csr_array((data, matrix.indices, matrix.indptr)), b, x0=ctorch.zeros(shape, dtype=b.dtype),
                     rtol=1e-12, M=np.diag(1 / matrix.diagonal()), callback=seen.append)
    np.testing.assert_allclose(x.detach().numpy(), np.linalg.solve(matrix.toarray(), b.detach().numpy()), rtol=1e-8)
    assert info == 0 and seen
    direct = sparse.spsolve(csr_array((data, matrix.indices, matrix.indptr)), b)
    firsts = [grad(y.abs().square().sum(), (data, b), create_graph=True) for y in (x, direct)]
    seconds = [grad(sum(g.abs().square().sum() for g in first), (data, b)) for first in firsts]
    for ours, theirs in zip([*firsts[0], *seconds[0]], [*firsts[1], *seconds[1]]):
        np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), atol=1e-7)


@pytest.mark.parametrize("shape", [(N,), (N, 2)])
def test_gradcheck_of_gmres_with_a_preconditioner(shape):
    matrix, b = scattered("complex128"), right_sides(shape, "complex128")
    left = np.triu(matrix.toarray())

    def f(data, b):
        return sparse.gmres(csr_array((data, matrix.indices, matrix.indptr)).T, b, rtol=1e-13, M=np.linalg.inv(left))[0]

    assert gradcheck(f, (leaf(matrix.data), b))


def test_no_convergence():
    n = 30
    A = csr_array(scipy_sparse.diags_array([-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(n, n)))
    b = ctorch.ones(n, dtype=ctorch.float64)
    assert sparse.cg(A, b, maxiter=3)[1] == 3                     # as SciPy, without a word
    A.data.requires_grad_()
    with pytest.warns(RuntimeWarning, match="cg: no convergence of x, .* after 3 iterations, with rtol=1e-05, atol=0"):
        x, info = sparse.cg(A, b, maxiter=3)
    assert info == 3
    x, info = sparse.cg(A, b, maxiter=n)
    assert info == 0
    with pytest.raises(RuntimeError, match="cg: no convergence of the solve for a derivative"):
        (x * ctorch.linspace(-3, 5, n).exp()).sum().backward()


def test_dtypes():
    matrix = scattered()
    data = ctorch.tensor(matrix.data.astype("float32"), requires_grad=True)
    A = csr_array((data, matrix.indices, matrix.indptr))
    x = sparse.spsolve(A, ctorch.ones(N))
    assert x.dtype == (A @ x).dtype == ctorch.float32
    assert grad(x.sum(), data)[0].dtype == ctorch.float32
    assert sparse.spsolve(A, ctorch.ones(N, dtype=ctorch.float64)).dtype == ctorch.float64
    assert sparse.spsolve(A, ctorch.ones(N, dtype=ctorch.complex64)).dtype == ctorch.complex64
    z = ctorch.ones(N, dtype=ctorch.complex64, requires_grad=True)
    of_data, of_z = grad(sparse.spsolve(A, z).real.sum(), (data, z))
    assert of_data.dtype == ctorch.float32 and of_z.dtype == ctorch.complex64
    assert sparse.spsolve(A, ctorch.ones(N, dtype=ctorch.int64)).dtype == ctorch.float32


def test_the_matrix():
    matrix = scipy_sparse.csr_array(np.array([[0, 2.0, 0], [1, 0, 3]]))
    A = csr_array(matrix)
    assert A.shape == (2, 3) and A.T.shape == (3, 2) and A.nnz == 3 and A.dtype == ctorch.float64
    assert repr(A) == "csr_array(shape=(2, 3), nnz=3, dtype=torch.float64)"
    assert A.to_dense().tolist() == matrix.toarray().tolist() and A.T.to_dense().tolist() == matrix.toarray().T.tolist()
    assert (A.to_scipy() != matrix).nnz == 0 and A.T.to_scipy().toarray().tolist() == matrix.toarray().T.tolist()
    assert (A @ ctorch.ones(3)).tolist() == [2, 4] and (A.T @ ctorch.ones(2)).tolist() == [1, 2, 3]
    twice = csr_array((ctorch.tensor([1.0, 2.0, 4.0]), [0, 0, 1], [0, 2, 3]), shape=(2, 2))      # summed
    assert twice.to_dense().tolist() == [[3, 0], [0, 4]]
    assert sparse.spsolve(twice, ctorch.ones(2)).tolist() == [pytest.approx(1 / 3), 0.25]
    data = leaf(matrix.data)
    assert gradcheck(lambda d: csr_array((d, matrix.indices, matrix.indptr), shape=(2, 3)).T.to_dense(), (data,))


def test_messages():
    A = csr_array((ctorch.ones(2), [0, 1], [0, 1, 2]))
    with pytest.raises(TypeError, match=r"spsolve: A must be a ctorch.scipy.sparse.csr_array, got Tensor"):
        sparse.spsolve(ctorch.eye(2), ctorch.ones(2))
    with pytest.raises(ValueError, match=r"spsolve: A must be square, got shape \(1, 2\)"):
        sparse.spsolve(csr_array((ctorch.ones(2), [0, 1], [0, 2])), ctorch.ones(2))
    with pytest.raises(ValueError, match=r"cg: b must have 2 rows for A of shape \(2, 2\).* got shape \(3,\)"):
        sparse.cg(A, ctorch.ones(3))
    with pytest.raises(ValueError, match=r"gmres: x0 must have the shape \(2,\) of b, got \(2, 1\)"):
        sparse.gmres(A, ctorch.ones(2), ctorch.ones(2, 1))
    with pytest.raises(RuntimeError, match="spsolve: the 2 x 2 matrix is singular"):
        sparse.spsolve(csr_array((ctorch.zeros(2), [0, 1], [0, 1, 2])), ctorch.ones(2))
    with pytest.raises(ValueError, match=r"csr_array @ x: x must have 2 rows .* got shape \(3, 2\)"):
        A @ ctorch.ones(3, 2)
    with pytest.raises(TypeError, match="unsupported operand"):
        A @ 3
    with pytest.raises(TypeError, match=r"csr_array: expected \(data, indices, indptr\).* got tuple of 2"):
        csr_array((ctorch.ones(2), [0, 1]))
    with pytest.raises(ValueError, match=r"data must have one value for each of the 2 indices, got shape \(3,\)"):
        csr_array((ctorch.ones(3), [0, 1], [0, 1, 2]))
    with pytest.raises(ValueError, match=r"indptr must have 4 elements for the 3 rows of shape \(3, 2\), got 3"):
        csr_array((ctorch.ones(2), [0, 1], [0, 1, 2]), shape=(3, 2))
    with pytest.raises(ValueError, match="csr_array: indptr must rise from 0 to the number of indices, 2"):
        csr_array((ctorch.ones(2), [0, 1], [0, 1, 3]))
    with pytest.raises(ValueError, match="csr_array: indices must be from 0 to 1 for the 2 columns"):
        csr_array((ctorch.ones(2), [0, 2], [0, 1, 2]), shape=(2, 2))
    with pytest.raises(ValueError, match="csr_array: indices must be whole numbers"):
        csr_array((ctorch.ones(2), [0.5, 1.0], [0, 1, 2]))
