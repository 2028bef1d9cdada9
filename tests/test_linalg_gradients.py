"""Derivatives of linear algebra, and derivatives of those: real and complex, single matrices and batches."""
import numpy as np
import pytest

import ctorch
from ctorch import linalg
from ctorch.autograd import gradcheck, gradgradcheck

SHAPES = [(3, 3), (4, 2), (2, 4)]


def leaves(shapes, is_complex, batch):
    rng = np.random.default_rng(7)
    made = []
    for shape in shapes:
        x = rng.standard_normal((*batch, *shape))
        x = x + 1j * rng.standard_normal(x.shape) if is_complex else x
        made.append(ctorch.tensor(x, requires_grad=True))
    return made


def check(function, *shapes, is_complex, batch=(2,)):
    given = leaves(shapes, is_complex, batch)
    assert gradcheck(function, given)
    assert gradgradcheck(function, given)


def positive(A):
    return A @ A.mH + ctorch.eye(A.shape[-1], dtype=A.dtype)


def hermitian(A):
    return A + A.mH


def magnitudes(parts):
    """What does not depend on the signs, or phases, of vectors."""
    return tuple(x.abs() for x in parts)


kinds = pytest.mark.parametrize("is_complex", [False, True], ids=["real", "complex"])
shaped = pytest.mark.parametrize("shape", SHAPES, ids=str)

SQUARE = {
    "inv": linalg.inv,
    "inv_ex": lambda A: linalg.inv_ex(A)[0],
    "det": linalg.det,
    "slogdet": lambda A: linalg.slogdet(A).logabsdet,
    "logdet": lambda A: ctorch.logdet(positive(A)),
    "cholesky": lambda A: linalg.cholesky(positive(A)),
    "cholesky upper": lambda A: linalg.cholesky(positive(A), upper=True),
    "cholesky_inverse": lambda A: ctorch.cholesky_inverse(linalg.cholesky(positive(A))),
    "cholesky_inverse upper": lambda A: ctorch.cholesky_inverse(linalg.cholesky(positive(A), upper=True), True),
    "eigvalsh": lambda A: linalg.eigvalsh(hermitian(A)),
    "eigh": lambda A: magnitudes(linalg.eigh(hermitian(A))),
    "eigvals": linalg.eigvals,
    "eig": lambda A: (linalg.eig(A)[0], linalg.eig(A)[1].abs()),
    "matrix_exp": linalg.matrix_exp,
    "matrix_power": lambda A: linalg.matrix_power(A, 3),
    "inverse power": lambda A: linalg.matrix_power(A, -2),
    "cond": lambda A: linalg.cond(A, 1),
    "pinv hermitian": lambda A: linalg.pinv(hermitian(A), hermitian=True),
    "tensorinv": lambda A: linalg.tensorinv(A[0], 1),
}


@kinds
@pytest.mark.parametrize("name", SQUARE)
def test_of_square_matrices(name, is_complex):
    check(SQUARE[name], (3, 3), is_complex=is_complex)


def test_of_the_sign_of_a_complex_determinant():
    check(lambda A: linalg.slogdet(A).sign, (3, 3), is_complex=True)
    check(linalg.slogdet, (3, 3), is_complex=True, batch=())


PAIRS = {
    "solve": (linalg.solve, (3, 3), (3, 2)),
    "solve from the right": (lambda A, B: linalg.solve(A, B, left=False), (3, 3), (2, 3)),
    "solve_ex": (lambda A, B: linalg.solve_ex(A, B)[0], (3, 3), (3, 2)),
    "lu_solve": (lambda A, B: linalg.lu_solve(*linalg.lu_factor(A), B), (3, 3), (3, 2)),
    "lu_solve adjoint": (lambda A, B: linalg.lu_solve(*linalg.lu_factor(A), B, adjoint=True), (3, 3), (3, 2)),
    "lu_solve right": (lambda A, B: linalg.lu_solve(*linalg.lu_factor(A), B, left=False), (3, 3), (2, 3)),
    "cholesky_solve": (lambda A, B: ctorch.cholesky_solve(B, linalg.cholesky(positive(A))), (3, 3), (3, 2)),
    "cholesky_solve upper": (lambda A, B: ctorch.cholesky_solve(B, linalg.cholesky(positive(A), upper=True), True),
                             (3, 3), (3, 2)),
    "triangular_solve": (lambda A, B: ctorch.triangular_solve(B, A, transpose=True)[0], (3, 3), (3, 2)),
    "solve_triangular right": (lambda A, B: linalg.solve_triangular(A, B, upper=True, left=False), (3, 3), (2, 3)),
    "cross": (linalg.cross, (4, 3), (4, 3)),
    "vecdot": (linalg.vecdot, (4, 3), (4, 3)),
    "pinv of low rank": (lambda A, B: linalg.pinv(A @ B.mT), (4, 2), (3, 2)),
}


@kinds
@pytest.mark.parametrize("name", PAIRS)
def test_of_pairs(name, is_complex):
    function, *shapes = PAIRS[name]
    check(function, *shapes, is_complex=is_complex)


@kinds
@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("unit", [False, True])
def test_of_triangular_systems(is_complex, upper, unit):
    check(lambda A, B: linalg.solve_triangular(A, B, upper=upper, unitriangular=unit), (3, 3), (3, 2),
          is_complex=is_complex)


def test_of_systems_that_broadcast():
    rng = np.random.default_rng(3)
    A = ctorch.tensor(rng.standard_normal((1, 3, 3)), requires_grad=True)
    B = ctorch.tensor(rng.standard_normal((2, 3, 2)), requires_grad=True)
    vector = ctorch.tensor(rng.standard_normal(3), requires_grad=True)
    assert gradcheck(linalg.solve, (A, B)) and gradgradcheck(linalg.solve, (A, B))
    assert gradcheck(linalg.solve, (A, vector)) and gradgradcheck(linalg.solve, (A, vector))


@kinds
@shaped
@pytest.mark.parametrize("batch", [(), (2,)])
def test_of_factors(is_complex, shape, batch):
    check(lambda A: tuple(linalg.lu(A)[1:]), shape, is_complex=is_complex, batch=batch)
    check(lambda A: linalg.lu_factor_ex(A)[0], shape, is_complex=is_complex, batch=batch)
    check(lambda A: tuple(linalg.qr(A)), shape, is_complex=is_complex, batch=batch)
    check(lambda A: linalg.qr(A)[0], shape, is_complex=is_complex, batch=batch)
    check(lambda A: linalg.qr(A)[1], shape, is_complex=is_complex, batch=batch)


@kinds
@shaped
@pytest.mark.parametrize("batch", [(), (2,)])
def test_of_singular_values(is_complex, shape, batch):
    check(linalg.svdvals, shape, is_complex=is_complex, batch=batch)
    check(lambda A: magnitudes(linalg.svd(A, False)), shape, is_complex=is_complex, batch=batch)
    check(lambda A: linalg.svd(A, False).U.abs(), shape, is_complex=is_complex, batch=batch)

    def product(A):
        U, S, Vh = linalg.svd(A, False)
        return (U * S.unsqueeze(-2).to(U.dtype)) @ Vh

    check(product, shape, is_complex=is_complex, batch=batch)
    check(linalg.pinv, shape, is_complex=is_complex, batch=batch)
    check(linalg.cond, shape, is_complex=is_complex, batch=batch)


@kinds
@pytest.mark.parametrize("shape", [(3, 3), (4, 2)])
def test_of_reflections(is_complex, shape):
    check(linalg.householder_product, shape, (shape[1],), is_complex=is_complex)
    check(ctorch.ormqr, shape, (shape[1],), (shape[0], 2), is_complex=is_complex)
    check(lambda *a: ctorch.ormqr(*a, left=False, transpose=True), shape, (shape[1],), (2, shape[0]),
          is_complex=is_complex)


@kinds
@shaped
def test_of_least_squares(is_complex, shape):
    check(lambda A, B: linalg.lstsq(A, B).solution, shape, (shape[0], 2), is_complex=is_complex)
    if shape[0] > shape[1]:
        check(lambda A, B: linalg.lstsq(A, B, driver="gelsd").residuals, shape, (shape[0], 2), is_complex=is_complex)


@kinds
@pytest.mark.parametrize("ord", [0, 0.5, 1, 1.5, 2, 2.5, 3, float("inf"), -float("inf"), -1])
def test_of_vector_norms(is_complex, ord):
    check(lambda x: linalg.vector_norm(x, ord), (3, 2), is_complex=is_complex)
    check(lambda x: linalg.vector_norm(x, ord, dim=(0, -1)), (3, 2), is_complex=is_complex)
    check(lambda x: linalg.vector_norm(x, ord, dim=-1, keepdim=True), (3, 2), is_complex=is_complex)


@kinds
@pytest.mark.parametrize("ord", ["fro", "nuc", 1, -1, 2, -2, float("inf"), -float("inf")])
def test_of_matrix_norms(is_complex, ord):
    check(lambda A: linalg.matrix_norm(A, ord), (4, 3), is_complex=is_complex)
    check(lambda A: linalg.matrix_norm(A, ord, dim=(0, 2), keepdim=True), (4, 3), is_complex=is_complex)


def test_of_chains_and_powers():
    rng = np.random.default_rng(5)
    chain = [ctorch.tensor(rng.standard_normal(s), requires_grad=True) for s in ((2, 3), (3, 4), (4, 2))]
    assert gradcheck(lambda *a: linalg.multi_dot(a), chain)
    assert gradgradcheck(lambda *a: linalg.multi_dot(a), chain)
    check(lambda x: linalg.vander(x, 4), (3,), is_complex=False)


# ---- where matrices are singular, or values coincide

@pytest.mark.parametrize("matrix", [[[1.0, 2], [2, 4]], [[0.0, 0], [0, 0]], [[1.0, 2, 3], [4, 5, 6], [7, 8, 9]],
                                    [[0.0, 1, 0], [0, 0, 0], [0, 0, 2]]])
def test_of_determinants_of_singular_matrices(matrix):
    """The cofactors, whatever the rank."""
    a = np.array(matrix)
    A = ctorch.tensor(a, requires_grad=True)
    linalg.det(A).backward()
    n = len(a)
    cofactors = [[(-1) ** (i + j) * np.linalg.det(np.delete(np.delete(a, i, 0), j, 1)) for j in range(n)]
                 for i in range(n)]
    np.testing.assert_allclose(A.grad.numpy(), cofactors, atol=1e-9)


def test_of_norms_at_zero():
    for ord in (1, 1.5, 2, 3, float("inf")):
        x = ctorch.zeros(3, requires_grad=True)
        linalg.vector_norm(x, ord).backward()
        assert x.grad.tolist() == [0, 0, 0], ord
    x = ctorch.tensor([3.0, -3, 1], requires_grad=True)
    linalg.vector_norm(x, float("inf")).backward()
    assert x.grad.tolist() == [0.5, -0.5, 0]


def test_of_losses_that_see_a_phase():
    A = ctorch.tensor(np.random.default_rng(0).standard_normal((3, 3)) + 1j, requires_grad=True)
    for loss in (lambda: linalg.eig(A).eigenvectors.sum().abs(), lambda: linalg.eigh(A).eigenvectors.sum().abs(),
                 lambda: linalg.svd(A).U.sum().abs()):
        with pytest.raises(RuntimeError, match="specified up to multiplication by"):
            loss().backward()


def test_of_what_has_none():
    A = ctorch.eye(3, requires_grad=True)
    with pytest.raises(NotImplementedError, match="derivative for geqrf is not implemented"):
        ctorch.geqrf(A).a.sum().backward()
    with pytest.raises(RuntimeError, match="mode='r'"):
        linalg.qr(A, "r").R.sum().backward()
    with pytest.raises(RuntimeError, match="mode='complete' and nrows > ncols"):
        linalg.qr(A[:, :2], "complete").Q.sum().backward()
    assert not linalg.matrix_rank(A).requires_grad
    assert not linalg.ldl_factor(A).LD.requires_grad


@pytest.mark.parametrize("batch", [(0,), ()])
def test_of_nothing(batch):
    for function in (linalg.inv, linalg.det, linalg.svdvals, linalg.eigvalsh, linalg.cholesky, linalg.pinv,
                     linalg.matrix_exp):
        A = ctorch.zeros(*batch, 0, 0, requires_grad=True)
        function(A).sum().backward()
        assert A.grad.shape == A.shape
