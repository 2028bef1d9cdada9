"""Linear algebra as PyTorch has it: names of results, strides, texts of errors."""
import numpy as np
import pytest
from mirror import check


def numbers(*shape):
    return np.random.default_rng([3, *shape]).standard_normal(shape)


def tensors(m):
    """A batch of matrices, of positive definite ones, of tall ones, and right-hand sides."""
    a = numbers(2, 3, 3)
    return [m.tensor(x) for x in (a, a @ a.swapaxes(-1, -2) + np.eye(3), numbers(2, 4, 3), numbers(2, 3, 2))]


def layout(result):
    """Fields, shapes, strides and dtypes, not the values."""
    if isinstance(result, tuple):
        return [type(result).__name__, [layout(x) for x in result]]
    return [list(result.shape), list(result.stride()), str(result.dtype)]


LAYOUTS = {
    "inv": lambda m, A, S, W, B: m.linalg.inv(A),
    "inv_ex": lambda m, A, S, W, B: m.linalg.inv_ex(A),
    "solve": lambda m, A, S, W, B: m.linalg.solve(A, B),
    "solve_ex": lambda m, A, S, W, B: m.linalg.solve_ex(A, B),
    "solve right": lambda m, A, S, W, B: m.linalg.solve(A, B.mT, left=False),
    "solve_triangular": lambda m, A, S, W, B: m.linalg.solve_triangular(A, B, upper=True),
    "cholesky": lambda m, A, S, W, B: m.linalg.cholesky(S),
    "cholesky_ex": lambda m, A, S, W, B: m.linalg.cholesky_ex(S),
    "qr": lambda m, A, S, W, B: m.linalg.qr(W),
    "qr complete": lambda m, A, S, W, B: m.linalg.qr(W, "complete"),
    "qr r": lambda m, A, S, W, B: m.linalg.qr(W, "r"),
    "geqrf": lambda m, A, S, W, B: m.geqrf(W),
    "svd": lambda m, A, S, W, B: m.linalg.svd(W),
    "svd reduced": lambda m, A, S, W, B: m.linalg.svd(W.mT, False),
    "svdvals": lambda m, A, S, W, B: m.linalg.svdvals(W),
    "eigh": lambda m, A, S, W, B: m.linalg.eigh(S),
    "eig": lambda m, A, S, W, B: m.linalg.eig(A),
    "lu": lambda m, A, S, W, B: m.linalg.lu(W),
    "lu_factor": lambda m, A, S, W, B: m.linalg.lu_factor(W),
    "lu_factor_ex": lambda m, A, S, W, B: m.linalg.lu_factor_ex(W),
    "lu_solve": lambda m, A, S, W, B: m.linalg.lu_solve(*m.linalg.lu_factor(A), B),
    "lu_unpack": lambda m, A, S, W, B: m.lu_unpack(*m.linalg.lu_factor(W)),
    "ldl_factor": lambda m, A, S, W, B: m.linalg.ldl_factor(S),
    "ldl_factor_ex": lambda m, A, S, W, B: m.linalg.ldl_factor_ex(S),
    "slogdet": lambda m, A, S, W, B: m.linalg.slogdet(A),
    "top slogdet": lambda m, A, S, W, B: m.slogdet(A),
    "top qr": lambda m, A, S, W, B: m.qr(W),
    "top svd": lambda m, A, S, W, B: m.svd(W),
    "triangular_solve": lambda m, A, S, W, B: m.triangular_solve(B, A),
    "lstsq": lambda m, A, S, W, B: m.linalg.lstsq(A, B)[2:],
    "matrix_exp": lambda m, A, S, W, B: m.linalg.matrix_exp(A),
    "cholesky_solve": lambda m, A, S, W, B: m.cholesky_solve(B, m.linalg.cholesky(S)),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layout(name):
    check(lambda m: layout(LAYOUTS[name](m, *tensors(m))), warn=False)


VALUES = {
    "slogdet": lambda m, A, S, W, B: m.slogdet(A),
    "logdet": lambda m, A, S, W, B: m.logdet(A),
    "ldl_factor": lambda m, A, S, W, B: m.linalg.ldl_factor(S),
    "geqrf": lambda m, A, S, W, B: m.geqrf(W),
    "qr": lambda m, A, S, W, B: m.linalg.qr(W),
    "ormqr": lambda m, A, S, W, B: m.ormqr(*m.geqrf(W), m.ones(2, 4, 2, dtype=W.dtype)),
    "matrix_norm": lambda m, A, S, W, B: [m.linalg.matrix_norm(A, o) for o in ("fro", "nuc", 1, -2, float("inf"))],
    "cond": lambda m, A, S, W, B: [m.linalg.cond(A, p) for p in (None, -2, "fro", "nuc", 1, float("-inf"))],
    "cond singular": lambda m, A, S, W, B: [m.linalg.cond(m.zeros(2, 2), p) for p in (None, "fro", 1)],
    "rank": lambda m, A, S, W, B: [m.linalg.matrix_rank(W), m.linalg.matrix_rank(S, hermitian=True),
                                   m.linalg.matrix_rank(A, atol=0.9), m.linalg.matrix_rank(A, rtol=0.5),
                                   m.linalg.matrix_rank(A, m.tensor([0.1, 2.0], dtype=A.dtype))],
    "pinv": lambda m, A, S, W, B: [m.linalg.pinv(W), m.linalg.pinv(A, rtol=0.5), m.linalg.pinv(A, atol=1.0),
                                   m.pinverse(A, 0.3), m.linalg.pinv(S, hermitian=True)],
    "norm": lambda m, A, S, W, B: [m.norm(A, p, dim=d) for p in ("fro", 1, 0, float("-inf"))
                                   for d in (None, 0, (1, 2))],
    "lstsq": lambda m, A, S, W, B: [m.linalg.lstsq(W, m.ones(2, 4, dtype=W.dtype), driver=d).solution
                                    for d in ("gels", "gelsy", "gelsd", "gelss")],
    "svd without vectors": lambda m, A, S, W, B: m.svd(W, compute_uv=False),
}


@pytest.mark.parametrize("name", VALUES)
def test_values(name):
    check(lambda m: VALUES[name](m, *tensors(m)), rtol=1e-7, atol=1e-9, warn=False)


ERRORS = {
    "inv": lambda m: m.linalg.inv(m.zeros(2, 3, 3)),
    "inv of integers": lambda m: m.linalg.inv(m.ones(3, 3, dtype=m.int64)),
    "inv of half": lambda m: m.linalg.inv(m.ones(3, 3, dtype=m.float16)),
    "inv of a vector": lambda m: m.linalg.inv(m.ones(3)),
    "inv of what is not square": lambda m: m.linalg.inv(m.ones(2, 3)),
    "logdet of half": lambda m: m.logdet(m.ones(3, 3, dtype=m.float16)),
    "det of integers": lambda m: m.det(m.ones(3, 3, dtype=m.int64)),
    "solve": lambda m: m.linalg.solve(m.zeros(2, 3, 3), m.ones(2, 3, 1)),
    "solve with dtypes": lambda m: m.linalg.solve(m.eye(3), m.eye(3, dtype=m.float64)),
    "solve with shapes": lambda m: m.linalg.solve(m.eye(3), m.ones(4, 2)),
    "solve with batches": lambda m: m.linalg.solve(m.eye(3).expand(2, 3, 3), m.ones(3, 3, 2)),
    "solve with a number": lambda m: m.linalg.solve(m.eye(3), m.tensor(1.0)),
    "solve_triangular with a vector": lambda m: m.linalg.solve_triangular(m.eye(3), m.ones(3), upper=True),
    "cholesky": lambda m: m.linalg.cholesky(m.zeros(3, 3)),
    "top cholesky": lambda m: m.cholesky(-m.eye(3).expand(2, 3, 3)),
    "cholesky_ex": lambda m: m.linalg.cholesky_ex(-m.eye(3), check_errors=True),
    "cholesky_inverse": lambda m: m.cholesky_inverse(m.zeros(3, 3)),
    "cholesky_solve": lambda m: m.cholesky_solve(m.ones(4, 2), m.eye(3)),
    "cholesky_solve with dtypes": lambda m: m.cholesky_solve(m.ones(3, 2), m.eye(3, dtype=m.float64)),
    "qr": lambda m: m.linalg.qr(m.eye(3), "foo"),
    "eigh": lambda m: m.linalg.eigh(m.eye(3), "Q"),
    "eig": lambda m: m.linalg.eig(m.full((2, 2), float("nan"))),
    "svd driver": lambda m: m.linalg.svd(m.eye(3), driver="gesvd"),
    "svd of a vector": lambda m: m.svd(m.ones(3)),
    "lu": lambda m: m.linalg.lu(m.ones(3)),
    "lu without pivots": lambda m: m.linalg.lu(m.eye(3), pivot=False),
    "lu_factor": lambda m: m.linalg.lu_factor(m.zeros(3, 3)),
    "lu_factor_ex": lambda m: m.linalg.lu_factor_ex(m.zeros(2, 3, 3), check_errors=True),
    "lu_solve": lambda m: m.linalg.lu_solve(m.eye(3), m.ones(2, dtype=m.int32), m.ones(3, 1)),
    "lu_solve of floats": lambda m: m.linalg.lu_solve(m.eye(3), m.ones(3), m.ones(3, 1)),
    "lstsq": lambda m: m.linalg.lstsq(m.eye(3), m.ones(4, 2)),
    "lstsq driver": lambda m: m.linalg.lstsq(m.eye(3), m.ones(3, 2), driver="foo"),
    "lstsq of a vector": lambda m: m.linalg.lstsq(m.ones(3), m.ones(3)),
    "ormqr": lambda m: m.ormqr(m.eye(3), m.ones(3), m.ones(4, 2)),
    "householder_product": lambda m: m.linalg.householder_product(m.ones(2, 3), m.ones(2)),
    "triangular_solve": lambda m: m.triangular_solve(m.ones(3), m.eye(3)),
    "triangular_solve with shapes": lambda m: m.triangular_solve(m.ones(4, 2), m.eye(3)),
    "tensorinv": lambda m: m.linalg.tensorinv(m.ones(2, 3), ind=0),
    "tensorsolve": lambda m: m.linalg.tensorsolve(m.ones(2, 3, 5), m.ones(2, 3)),
    "vander": lambda m: m.linalg.vander(m.ones(3), N=1),
    "vecdot": lambda m: m.linalg.vecdot(m.ones(3, dtype=m.int64), m.ones(3, dtype=m.int64)),
    "cross": lambda m: m.linalg.cross(m.ones(3), m.ones(2, 3)),
    "multi_dot": lambda m: m.linalg.multi_dot([m.eye(3), m.ones(3), m.eye(3)]),
    "multi_dot with shapes": lambda m: m.linalg.multi_dot([m.eye(3), m.ones(2, 3), m.eye(3)]),
    "matrix_power": lambda m: m.linalg.matrix_power(m.eye(3), 1.5),
    "matrix_norm": lambda m: m.linalg.matrix_norm(m.eye(3), "foo"),
    "matrix_norm of a dim": lambda m: m.linalg.matrix_norm(m.eye(3), dim=(0,)),
    "norm": lambda m: m.linalg.norm(m.ones(2, 2, 2), ord=1),
    "vector_norm": lambda m: m.linalg.vector_norm(m.ones(0), float("inf")),
    "vector_norm of a dim": lambda m: m.linalg.vector_norm(m.ones(2, 0), float("inf"), dim=1),
    "cond": lambda m: m.linalg.cond(m.eye(3), "foo"),
    "pinv": lambda m: m.linalg.pinv(m.ones(3)),
    "ldl_solve": lambda m: m.linalg.ldl_solve(m.eye(3), m.ones(3, dtype=m.int32), m.ones(4, 2)),
}


def raised(call, m):
    """Text of the error, without what PyTorch adds in further lines."""
    try:
        call(m)
    except (RuntimeError, TypeError) as error:
        return [isinstance(error, m.linalg.LinAlgError), str(error).split("\n")[0]]
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize("name", ERRORS)
def test_error(name):
    check(lambda m: raised(ERRORS[name], m), warn=False)
