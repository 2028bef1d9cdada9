"""Linear algebra against NumPy and SciPy: values, factors, errors; strides and edge cases."""
import doctest
import importlib
import re
from itertools import pairwise

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

import ctorch
from ctorch import linalg

DTYPES = ["float32", "float64", "complex64", "complex128"]
BATCHES = [(), (3,), (2, 0), (2, 3)]
SIZES = [1, 4, 16, 17, 40]          # to 16 by our own loops, beyond by LAPACK


def numbers(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape)
    return (x + 1j * rng.standard_normal(shape) if dtype.startswith("c") else x).astype(dtype)


def adjoint(x):
    return np.swapaxes(np.conj(x), -1, -2)


def hermitian(shape, dtype, seed=0):
    x = numbers(shape, dtype, seed)
    return x @ adjoint(x) / shape[-1] + np.eye(shape[-1], dtype=dtype)


def close(ours, expected, scale=1.0):
    """Equal shapes and dtypes; values to what the dtype holds."""
    ours = ours.numpy() if isinstance(ours, ctorch.Tensor) else ours
    assert ours.shape == expected.shape
    single = ours.dtype in (np.float32, np.complex64)
    np.testing.assert_allclose(ours, expected, rtol=scale * (2e-3 if single else 1e-9),
                               atol=scale * (2e-4 if single else 1e-10))


def column_major(x):
    """Whether each matrix lies column after column."""
    return x.stride(-2) == 1 and (x.shape[-1] <= 1 or x.stride(-1) == max(1, x.shape[-2]))


both = pytest.mark.parametrize("dtype", DTYPES)
batched = pytest.mark.parametrize("batch", BATCHES)
sized = pytest.mark.parametrize("n", SIZES)


@both
@batched
@sized
def test_square_systems(dtype, batch, n):
    a, b = hermitian((*batch, n, n), dtype) + numbers((*batch, n, n), dtype, 1) / n, numbers((*batch, n, 3), dtype, 2)
    A, B = ctorch.tensor(a), ctorch.tensor(b)
    X = linalg.solve(A, B)
    close(X, np.linalg.solve(a, b))
    assert column_major(X)
    close(linalg.solve(A, B.mH, left=False), adjoint(b) @ np.linalg.inv(a))
    close(linalg.inv(A), np.linalg.inv(a))
    close(linalg.det(A), np.linalg.det(a), 10)
    sign, size = linalg.slogdet(A)
    close(sign, np.linalg.slogdet(a)[0], 10)
    close(size, np.linalg.slogdet(a)[1], 10)
    LU, pivots = linalg.lu_factor(A)
    assert column_major(LU) and pivots.dtype == ctorch.int32
    close(linalg.lu_solve(LU, pivots, B), np.linalg.solve(a, b))
    close(linalg.lu_solve(LU, pivots, B, adjoint=True), np.linalg.solve(adjoint(a), b))
    close(linalg.lu_solve(LU, pivots, B.mT, left=False), np.swapaxes(b, -1, -2) @ np.linalg.inv(a))


@both
@batched
@pytest.mark.parametrize("upper", [False, True])
@sized
def test_cholesky(dtype, batch, n, upper):
    a, b = hermitian((*batch, n, n), dtype), numbers((*batch, n, 2), dtype, 1)
    L = linalg.cholesky(ctorch.tensor(a), upper=upper)
    lower = np.linalg.cholesky(a)
    close(L, adjoint(lower) if upper else lower)
    close(ctorch.cholesky_inverse(L, upper), np.linalg.inv(a))
    close(ctorch.cholesky_solve(ctorch.tensor(b), L, upper), np.linalg.solve(a, b))


@both
@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("unit", [False, True])
@pytest.mark.parametrize("order", ["rows", "columns", "steps"])
def test_triangular_systems(dtype, upper, unit, order):
    a = numbers((2, 5, 5), dtype) + 3 * np.eye(5, dtype=dtype)
    b = numbers((2, 5, 3), dtype, 1)
    A = ctorch.tensor(a)
    if order == "columns":
        A = A.mT.contiguous().mT
    elif order == "steps":
        wide = ctorch.zeros(2, 10, 10, dtype=A.dtype)
        wide[:, ::2, ::2] = A
        A = wide[:, ::2, ::2]
    t = np.triu(a) if upper else np.tril(a)
    if unit:
        t = t - np.stack([np.diag(np.diag(m)) for m in t]) + np.eye(5, dtype=dtype)
    X = linalg.solve_triangular(A, ctorch.tensor(b), upper=upper, unitriangular=unit)
    close(X, np.linalg.solve(t, b))
    X = linalg.solve_triangular(A, ctorch.tensor(b).mT, upper=upper, left=False, unitriangular=unit)
    close(X, np.swapaxes(b, -1, -2) @ np.linalg.inv(t))


@both
@batched
@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (30, 20), (20, 30), (4, 0), (0, 4), (1, 1)])
def test_orthogonal_factors(dtype, batch, shape):
    m, n = shape
    a = numbers((*batch, m, n), dtype)
    A = ctorch.tensor(a)
    for mode in ("reduced", "complete"):
        Q, R = linalg.qr(A, mode)
        close(Q @ R, a)
        close(Q.mH @ Q, np.broadcast_to(np.eye(Q.shape[-1], dtype=dtype), (*batch, Q.shape[-1], Q.shape[-1])))
        close(R.tril(-1), np.zeros(R.shape, dtype))
    close(linalg.qr(A, "r").R, linalg.qr(A).R.numpy())
    reflections, tau = ctorch.geqrf(A)
    full = linalg.qr(A, "complete").Q
    if m >= n:
        close(linalg.householder_product(reflections, tau), linalg.qr(A).Q.numpy())
    b = ctorch.tensor(numbers((*batch, m, 2), dtype, 1))
    close(ctorch.ormqr(reflections, tau, b), (full @ b).numpy())
    close(ctorch.ormqr(reflections, tau, b, transpose=True), (full.mH @ b).numpy())
    close(ctorch.ormqr(reflections, tau, b.mT, left=False), (b.mT @ full).numpy())
    close(ctorch.ormqr(reflections, tau, b.mT, left=False, transpose=True), (b.mT @ full.mH).numpy())


@both
@batched
@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (4, 0), (0, 0)])
def test_singular_values(dtype, batch, shape):
    a = numbers((*batch, *shape), dtype)
    A = ctorch.tensor(a)
    expected = np.linalg.svd(a, compute_uv=False)
    for full in (False, True):
        U, S, Vh = linalg.svd(A, full)
        k = S.shape[-1]
        close(S, expected)
        close((U[..., :k] * S.unsqueeze(-2).to(A.dtype)) @ Vh[..., :k, :], a)
        close(U.mH @ U, np.broadcast_to(np.eye(U.shape[-1], dtype=dtype), (*batch, U.shape[-1], U.shape[-1])))
        close(Vh @ Vh.mH, np.broadcast_to(np.eye(Vh.shape[-2], dtype=dtype), (*batch, Vh.shape[-2], Vh.shape[-2])))
    close(linalg.svdvals(A), expected)
    assert linalg.svd(A, full_matrices=True).U.shape == (*batch, shape[0], shape[0])
    if a.size:
        close(linalg.pinv(A), np.linalg.pinv(a))
        close(linalg.cond(A), np.linalg.cond(a), 10)
        np.testing.assert_array_equal(linalg.matrix_rank(A).numpy(), np.linalg.matrix_rank(a))


@both
@batched
@pytest.mark.parametrize("n", [1, 4, 20])
def test_eigenvalues(dtype, batch, n):
    a = numbers((*batch, n, n), dtype)
    h = a + adjoint(a)
    L, V = linalg.eigh(ctorch.tensor(h))
    close(L, np.linalg.eigvalsh(h), n)
    close((V * L.unsqueeze(-2).to(V.dtype)) @ V.mH, h, n)
    only_upper = ctorch.tensor(np.triu(h))
    close(linalg.eigvalsh(only_upper, "U"), np.linalg.eigvalsh(h), n)
    close(linalg.eigh(only_upper, UPLO="u").eigenvalues, np.linalg.eigvalsh(h), n)
    w, V = linalg.eig(ctorch.tensor(a))
    assert w.dtype == V.dtype == (ctorch.complex64 if dtype in ("float32", "complex64") else ctorch.complex128)
    close(ctorch.tensor(a).to(V.dtype) @ V, (V * w.unsqueeze(-2)).numpy(), n)
    close(linalg.vector_norm(V, dim=-2), np.ones((*batch, n), a.real.dtype))
    close(linalg.eigvals(ctorch.tensor(a)).sum(-1), np.trace(a, axis1=-2, axis2=-1).astype(w.numpy().dtype), n)


@both
@pytest.mark.parametrize("batch", [(), (3,)])
@pytest.mark.parametrize("driver", ["gels", "gelsy", "gelsd", "gelss"])
@pytest.mark.parametrize("shape", [(6, 3), (3, 6), (4, 4)])
def test_least_squares(dtype, batch, driver, shape):
    a, b = numbers((*batch, *shape), dtype), numbers((*batch, shape[0], 2), dtype, 1)
    found = linalg.lstsq(ctorch.tensor(a), ctorch.tensor(b), driver=driver)
    x = np.linalg.pinv(a) @ b
    close(found.solution, x)
    if driver != "gels":
        assert (found.rank.numpy() == min(shape)).all()
    if driver in ("gelsd", "gelss"):
        close(found.singular_values, np.linalg.svd(a, compute_uv=False))
    if driver != "gelsy" and shape[0] > shape[1]:
        close(found.residuals, (np.abs(a @ x - b) ** 2).sum(-2))
    else:
        assert found.residuals.shape == (0,)


def test_least_squares_without_full_rank():
    a = np.outer([1.0, 2, 3], [1.0, 1])
    b = np.array([1.0, 0, 1])
    for driver in ("gelsy", "gelsd", "gelss"):
        found = linalg.lstsq(ctorch.tensor(a), ctorch.tensor(b), driver=driver)
        close(found.solution, np.linalg.pinv(a) @ b)
        assert found.rank.item() == 1 and found.residuals.shape == (0,)


@both
def test_symmetric_indefinite_systems(dtype):
    a, b = numbers((2, 5, 5), dtype), numbers((2, 5, 3), dtype, 1)
    for symmetric, is_hermitian in ((a + np.swapaxes(a, -1, -2), False), (a + adjoint(a), True)):
        LD, pivots = linalg.ldl_factor(ctorch.tensor(symmetric), hermitian=is_hermitian)
        X = linalg.ldl_solve(LD, pivots, ctorch.tensor(b), hermitian=is_hermitian)
        close(X, np.linalg.solve(symmetric, b), 10)


@both
@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5), (2, 20, 18)])
def test_lu(dtype, shape):
    a = numbers(shape, dtype)
    P, L, U = linalg.lu(ctorch.tensor(a))
    close(P @ L @ U, a)
    for mine, theirs in zip((P, L, U), scipy.linalg.lu(a)):
        close(mine, theirs)
    LU, pivots = ctorch.lu(ctorch.tensor(a))
    for mine, theirs in zip(ctorch.lu_unpack(LU, pivots), (P, L, U)):
        close(mine, theirs.numpy())
    assert ctorch.lu_unpack(LU, pivots, unpack_pivots=False).P.shape == (0,)
    assert ctorch.lu_unpack(LU, pivots, unpack_data=False).L.shape == (0,)


@both
@pytest.mark.parametrize("scale", [0, 1e-9, 1e-3, 0.05, 0.5, 1, 3, 30])
def test_matrix_exponential(dtype, scale):
    a = numbers((2, 4, 4), dtype) * np.asarray(scale, dtype)
    expected = scipy.linalg.expm(a.astype(np.complex128 if dtype.startswith("c") else np.float64))
    ours = linalg.matrix_exp(ctorch.tensor(a)).numpy()
    single = dtype in ("float32", "complex64")
    assert np.abs(ours - expected).max() <= (2e-4 if single else 1e-11) * np.abs(expected).max()


def test_matrix_exponential_of_what_is_not_finite():
    assert ctorch.isnan(linalg.matrix_exp(ctorch.tensor([[float("inf"), 0], [0, 1]]))).all()
    half = linalg.matrix_exp(ctorch.zeros(2, 2, dtype=ctorch.float16))
    assert half.dtype == ctorch.float16 and half.tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("n", [-3, -1, 0, 1, 2, 3, 7])
def test_matrix_power(n):
    a = numbers((2, 3, 3), "float64")
    close(linalg.matrix_power(ctorch.tensor(a), n), np.linalg.matrix_power(a, n))


def test_matrix_power_of_integers():
    a = ctorch.tensor([[1, 1], [0, 1]])
    assert linalg.matrix_power(a, 9).tolist() == [[1, 9], [0, 1]]


@settings(max_examples=60)
@given(st.lists(st.integers(0, 6), min_size=3, max_size=6), st.booleans(), st.booleans())
def test_chains(sizes, row, column):
    arrays = [numbers((a, b), "float64", i) for i, (a, b) in enumerate(pairwise(sizes))]
    if row:
        arrays[0] = numbers((sizes[1],), "float64", 90)
    if column:
        arrays[-1] = numbers((sizes[-2],), "float64", 91)
    expected = arrays[0]
    for a in arrays[1:]:
        expected = expected @ a
    close(linalg.multi_dot([ctorch.tensor(a) for a in arrays]), np.asarray(expected))


def test_tensor_equations():
    a = numbers((2, 3, 6), "float64")
    close(linalg.tensorinv(ctorch.tensor(a), 2), np.linalg.tensorinv(a, 2))
    b = numbers((2, 3), "float64", 1)
    close(linalg.tensorsolve(ctorch.tensor(a), ctorch.tensor(b)), np.linalg.tensorsolve(a, b))
    moved = np.moveaxis(a, -1, 0)
    close(linalg.tensorsolve(ctorch.tensor(moved), ctorch.tensor(b), dims=(0,)), np.linalg.tensorsolve(a, b))


@both
def test_vectors(dtype):
    a, b = numbers((4, 3), dtype), numbers((4, 3), dtype, 1)
    A, B = ctorch.tensor(a), ctorch.tensor(b)
    close(linalg.cross(A, B), np.cross(a, b))
    close(linalg.cross(A.mT, B.mT, dim=0), np.cross(a, b).T)
    close(linalg.vecdot(A, B), (a.conj() * b).sum(-1))
    close(linalg.vander(A[0], 5), np.vander(a[0], 5, increasing=True))
    close(linalg.diagonal(A), np.diagonal(a).copy())


# ---- rules of batches, strides and `out`

@settings(max_examples=80)
@given(st.data())
def test_systems_broadcast(data):
    batches = [(), (1,), (2,), (3, 1), (3, 2), (1, 2), (0,)]
    first, second = data.draw(st.sampled_from(batches)), data.draw(st.sampled_from(batches))
    try:
        np.broadcast_shapes(first, second)
    except ValueError:
        with pytest.raises(RuntimeError, match="must match the size"):
            linalg.solve(ctorch.eye(3).expand(*first, 3, 3), ctorch.ones(*second, 3, 2))
        return
    a = numbers((*first, 3, 3), "float64") + 3 * np.eye(3)
    b = numbers((*second, 3, 2), "float64", 1)
    A, B = ctorch.tensor(a), ctorch.tensor(b)
    if data.draw(st.booleans()):
        A = A.mT.contiguous().mT
    if data.draw(st.booleans()):
        B = ctorch.cat([B, B], -1)[..., ::2]
        b = np.concatenate([b, b], -1)[..., ::2]
    close(linalg.solve(A, B), np.linalg.solve(a, b))
    if first == () or len(first) >= len(second):
        close(linalg.solve_triangular(A, B, upper=True), np.linalg.solve(np.triu(a), b))


def test_one_vector_or_one_for_each_matrix():
    a = numbers((2, 3, 3), "float64")
    A = ctorch.tensor(a)
    close(linalg.solve(A, ctorch.ones(3).double()), np.linalg.solve(a, np.ones((2, 3, 1)))[..., 0])
    b = numbers((2, 3), "float64")
    close(linalg.solve(A, ctorch.tensor(b)), np.linalg.solve(a, b[..., None])[..., 0])


def test_negative_and_overlapping_strides():
    a = numbers((3, 4, 4), "float64")
    close(linalg.inv(ctorch.tensor(a)[:, ::-1]), np.linalg.inv(a[:, ::-1]))
    one = ctorch.tensor(a[0]).expand(5, 4, 4)
    close(linalg.det(one), np.linalg.det(np.broadcast_to(a[0], (5, 4, 4))))


def test_results_go_where_they_are_told():
    a = numbers((3, 3), "float64")
    A = ctorch.tensor(a)
    out = ctorch.empty(3, 3, dtype=ctorch.float64)
    assert linalg.inv(A, out=out) is out
    close(out, np.linalg.inv(a))
    Q, R = ctorch.empty(3, 3, dtype=ctorch.float64), ctorch.empty(3, 3, dtype=ctorch.float64)
    found = linalg.qr(A, out=(Q, R))
    assert found.Q is Q and found.R is R
    close(Q @ R, a)
    with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
        linalg.inv(A.requires_grad_(), out=out)


def test_inputs_are_left_alone():
    a = hermitian((4, 4), "float64")
    for function in (linalg.inv, linalg.cholesky, linalg.qr, linalg.svd, linalg.eigh, linalg.eig, linalg.lu_factor,
                     linalg.det, linalg.ldl_factor, linalg.matrix_exp, linalg.pinv):
        A = ctorch.tensor(a).mT.contiguous().mT           # column-major, as LAPACK would take it
        function(A)
        np.testing.assert_array_equal(A.numpy(), a)


def test_the_number_of_threads_does_not_matter():
    a = ctorch.tensor(numbers((300, 9, 9), "float32"))
    before = ctorch.get_num_threads()
    try:
        results = []
        for threads in (1, 2):
            ctorch.set_num_threads(threads)
            results.append([linalg.inv(a), linalg.svd(a).U, linalg.qr(a).Q])
    finally:
        ctorch.set_num_threads(before)
    for one, two in zip(*results):
        np.testing.assert_array_equal(one.numpy(), two.numpy())


# ---- what fails, and how

SINGULAR = ctorch.tensor([[1.0, 0, 0], [0, 0, 0], [0, 0, 1]])


@pytest.mark.parametrize("call, text", [
    (lambda: linalg.inv(SINGULAR),
     "linalg.inv: The diagonal element 2 is zero, the inversion could not be completed because the input matrix is "
     "singular."),
    (lambda: linalg.inv(ctorch.stack([ctorch.eye(3), SINGULAR])),
     "linalg.inv: (Batch element 1): The diagonal element 2 is zero, the inversion could not be completed because the "
     "input matrix is singular."),
    (lambda: linalg.solve(SINGULAR, ctorch.ones(3)),
     "torch.linalg.solve: The solver failed because the input matrix is singular."),
    (lambda: linalg.cholesky(-ctorch.eye(2)),
     "linalg.cholesky: The factorization could not be completed because the input is not positive-definite (the "
     "leading minor of order 1 is not positive-definite)."),
    (lambda: linalg.cholesky_ex(-ctorch.eye(20), check_errors=True),
     "linalg.cholesky_ex: The factorization could not be completed because the input is not positive-definite (the "
     "leading minor of order 1 is not positive-definite)."),
    (lambda: ctorch.cholesky_inverse(ctorch.zeros(2, 2)),
     "cholesky_inverse: The diagonal element 1 is zero, the inversion could not be completed because the input matrix "
     "is singular."),
])
def test_matrices_without_a_result(call, text):
    with pytest.raises(linalg.LinAlgError) as caught:
        call()
    assert str(caught.value) == text


def test_failures_told_by_numbers():
    both_kinds = ctorch.stack([ctorch.eye(3), SINGULAR])
    assert linalg.inv_ex(both_kinds).info.tolist() == [0, 2]
    assert linalg.solve_ex(both_kinds, ctorch.ones(2, 3)).info.tolist() == [0, 2]
    assert linalg.lu_factor_ex(both_kinds).info.tolist() == [0, 2]
    assert linalg.cholesky_ex(ctorch.stack([ctorch.eye(2), -ctorch.eye(2)])).info.tolist() == [0, 1]
    assert linalg.inv_ex(ctorch.zeros(20, 20)).info.item() == 1
    assert linalg.cond(SINGULAR, 1).item() == float("inf")
    with pytest.raises(RuntimeError, match=r"lu_factor: U\[2,2\] is zero"):
        linalg.lu_factor(SINGULAR)


def test_values_that_are_not_finite():
    bad = ctorch.full((3, 3), float("nan"))
    with pytest.raises(RuntimeError, match="should not contain infs or NaNs"):
        linalg.eig(bad)
    with pytest.raises(linalg.LinAlgError, match="non-finite values"):
        linalg.svd(bad)
    assert ctorch.isnan(linalg.det(bad))
    assert linalg.cholesky_ex(bad).info.item() == 1


@pytest.mark.parametrize("name", ["inv", "det", "slogdet", "cholesky", "qr", "svd", "svdvals", "eig", "eigvals", "eigh",
                                  "eigvalsh", "lu", "lu_factor", "ldl_factor", "matrix_exp", "pinv", "inv_ex",
                                  "cholesky_ex", "matrix_rank", "cond"])
def test_integers_and_vectors_are_refused(name):
    function = getattr(linalg, name)
    with pytest.raises(RuntimeError):
        function(ctorch.eye(3, dtype=ctorch.int64))
    with pytest.raises(RuntimeError):
        function(ctorch.ones(3))
    if name != "matrix_exp":
        with pytest.raises((NotImplementedError, RuntimeError), match=r"Half|not implemented"):
            function(ctorch.eye(3, dtype=ctorch.float16))


@pytest.mark.parametrize("call, error", [
    (lambda: linalg.inv(ctorch.ones(2, 3)), "A must be batches of square matrices, but they are 2 by 3 matrices"),
    (lambda: linalg.solve(ctorch.eye(3), ctorch.ones(4, 2)), "Incompatible shapes of A and B for the equation AX = B"),
    (lambda: linalg.solve(ctorch.eye(3), ctorch.ones(3, 2).double()), "to have the same dtype"),
    (lambda: linalg.qr(ctorch.eye(3), "all"), "unrecognized mode 'all'"),
    (lambda: linalg.eigh(ctorch.eye(3), "Q"), "Expected UPLO argument to be 'L' or 'U', but got Q"),
    (lambda: linalg.svd(ctorch.eye(3), driver="gesvd"), "only supported on CUDA"),
    (lambda: linalg.lu(ctorch.eye(3), pivot=False), "LU without pivoting is not implemented on the CPU"),
    (lambda: linalg.lstsq(ctorch.eye(3), ctorch.ones(3), driver="best"), "should be one of"),
    (lambda: linalg.lu_solve(ctorch.eye(3), ctorch.tensor([1, 2, 9]).int(), ctorch.ones(3, 1)), "Pivots"),
    (lambda: linalg.ldl_solve(ctorch.eye(3), ctorch.tensor([1, 2, 9]).int(), ctorch.ones(3, 1)), "outside"),
    (lambda: linalg.lu_solve(ctorch.eye(3), ctorch.ones(3), ctorch.ones(3, 1)), "torch.int32"),
    (lambda: linalg.multi_dot([ctorch.eye(3)]), "expected at least 2 tensors but got 1"),
    (lambda: linalg.tensorinv(ctorch.ones(2, 3), 1), "but got 3 != 2"),
    (lambda: linalg.vander(ctorch.ones(3), 1), "N must be greater than 1"),
    (lambda: linalg.householder_product(ctorch.ones(2, 3), ctorch.ones(2)), "greater than or equal"),
    (lambda: linalg.cross(ctorch.ones(2), ctorch.ones(2)), "must have length 3. Got 2 and 2"),
])
def test_rules(call, error):
    with pytest.raises(RuntimeError, match=re.escape(error)):
        call()


def test_low_rank():
    a = numbers((2, 30, 3), "float64") @ numbers((2, 3, 20), "float64", 1)
    for A in (ctorch.tensor(a), ctorch.tensor(a).mT):
        U, S, V = ctorch.svd_lowrank(A, q=4)
        close((U * S.unsqueeze(-2)) @ V.mT, A.numpy(), 10)
    U, S, V = ctorch.pca_lowrank(ctorch.tensor(a), q=3)
    close((U * S.unsqueeze(-2)) @ V.mT, a - a.mean(-2, keepdims=True), 10)
    with pytest.raises(ValueError, match=r"must be non-negative integer and not greater than"):
        ctorch.pca_lowrank(ctorch.tensor(a), q=21)


@pytest.mark.parametrize("module", ["_errors", "eigenvalues", "factorizations", "inverses", "norms", "products",
                                    "solves"])
def test_examples(module):
    done = doctest.testmod(importlib.import_module(f"ctorch.linalg.{module}"))
    assert done.attempted and not done.failed


def test_scipy_is_imported_late():
    import subprocess
    import sys

    code = "import sys, ctorch; sys.exit(any(m.startswith(('scipy', 'ctorch.linalg')) for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
