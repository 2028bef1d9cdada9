"""PyTorch's top-level names of linear algebra, written with `ctorch.linalg` and its rows."""
from collections import namedtuple

import ctorch
from ctorch import _functions as _f
from ctorch import linalg
from ctorch.linalg import factorizations, products

SLogDet = namedtuple("slogdet", ["sign", "logabsdet"])
QR = namedtuple("qr", ["Q", "R"])
Geqrf = namedtuple("geqrf", ["a", "tau"])
LUWithInfo = namedtuple("_lu_with_info", ["LU", "pivots", "info"])
LUUnpack = namedtuple("lu_unpack", ["P", "L", "U"])
SVD = namedtuple("svd", ["U", "S", "V"])
TriangularSolve = namedtuple("triangular_solve", ["solution", "cloned_coefficient"])


def det(input):
    return linalg.det(input)


def logdet(input):
    return products.logdet(input)


def slogdet(input):
    return SLogDet(*linalg.slogdet(input))


def inverse(input):
    return linalg.inv(input)


def cholesky(input, upper=False):
    return _f._linalg_cholesky(input, upper, True, "cholesky")[0]


def cholesky_inverse(input, upper=False):
    return _f._linalg_cholesky_inverse(input, upper)


def cholesky_solve(input, L, upper=False):
    return _f._linalg_cholesky_solve(input, L, upper)


def qr(input, some=True):
    return QR(*linalg.qr(input, "reduced" if some else "complete"))


def geqrf(input):
    return Geqrf(*_f._linalg_geqrf(input))


def orgqr(input, tau):
    return linalg.householder_product(input, tau)


def ormqr(input, tau, other, left=True, transpose=False):
    return _f._linalg_ormqr(input, tau, other, left, transpose)


def lu(input, pivot=True, get_infos=False):
    factors, pivots, info = _f._linalg_lu_factor(input, pivot, False, "lu")
    return LUWithInfo(factors, pivots, info) if get_infos else (factors, pivots)


def lu_solve(input, LU_data, LU_pivots):
    return linalg.lu_solve(LU_data, LU_pivots, input)


def lu_unpack(LU_data, LU_pivots, unpack_data=True, unpack_pivots=True):
    if unpack_pivots and LU_pivots.dtype != ctorch.int32:
        raise RuntimeError("torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype.\n"
                           "Note: this function is intended to be used with the output produced by "
                           "torch.linalg.lu_factor")
    if LU_data.dim() < 2:
        raise RuntimeError(f"lu_unpack: Expected a tensor with 2 or more dimensions, got {list(LU_data.shape)}")
    P = L = U = ctorch.empty(0, dtype=LU_data.dtype, device=LU_data.device)
    if unpack_pivots:
        P = _f._linalg_permutation(LU_pivots, LU_data.detach())
    if unpack_data:
        L, U = factorizations._triangles(LU_data)
    return LUUnpack(P, L, U)


def svd(input, some=True, compute_uv=True):
    if input.dim() < 2:
        raise RuntimeError(f"linalg.svd: input should have at least 2 dimensions, but has {input.dim()} dimensions "
                           "instead")
    if compute_uv:
        U, S, Vh = linalg.svd(input, not some)
        return SVD(U, S, Vh.mH)
    m, n = input.shape[-2:]
    zeros = [ctorch.zeros(*input.shape[:-2], k, k, dtype=input.dtype, device=input.device) for k in (m, n)]
    return SVD(zeros[0], linalg.svdvals(input), zeros[1])


def _range_finder(A, q, niter):
    """Q with q columns that span most of A's range (Halko, Martinsson and Tropp, SIAM Review 53, 2011, 4.4)."""
    Q = linalg.qr(A @ ctorch.randn(A.shape[-1], q, dtype=A.dtype, device=A.device)).Q
    for _ in range(niter):
        Q = linalg.qr(A.mH @ Q).Q
        Q = linalg.qr(A @ Q).Q
    return Q


def svd_lowrank(A, q=6, niter=2, M=None):
    if M is not None:
        A = A - M.expand(A.shape)
    wide = A.shape[-2] < A.shape[-1]
    A = A.mH if wide else A
    Q = _range_finder(A, 6 if q is None else q, niter)
    U, S, Vh = linalg.svd(Q.mH @ A, False)
    U, V = Q @ U, Vh.mH
    return (V, S, U) if wide else (U, S, V)


def pca_lowrank(A, q=None, center=True, niter=2):
    m, n = A.shape[-2:]
    q = min(6, m, n) if q is None else q
    if not 0 <= q <= min(m, n):
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(m, n)}")
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    return svd_lowrank(A - A.mean(-2, True) if center else A, q, niter)


def pinverse(input, rcond=1e-15):
    return linalg.pinv(input, rcond)


def matrix_power(input, n):
    return linalg.matrix_power(input, n)


def matrix_exp(input):
    return linalg.matrix_exp(input)


def triangular_solve(input, A, upper=True, transpose=False, unitriangular=False):
    for name, x in (("b", input), ("A", A)):
        if x.dim() < 2:
            raise RuntimeError(f"torch.triangular_solve: Expected {name} to have at least 2 dimensions, but it has "
                               f"{x.dim()} dimensions instead")
    if input.dtype != A.dtype:
        titles = [t.type().removeprefix("torch.").removesuffix("Tensor") for t in (input, A)]
        raise RuntimeError(f"Expected b and A to have the same dtype, but found b of type {titles[0]} and A of type "
                           f"{titles[1]} instead.")
    if A.shape[-2] == A.shape[-1] != input.shape[-2]:
        raise RuntimeError(f"Incompatible matrix sizes for triangular_solve: each A matrix is {A.shape[-1]} by "
                           f"{A.shape[-1]} but each b matrix is {input.shape[-2]} by {input.shape[-1]}")
    matrix = A.mT if transpose else A
    X = _f._linalg_solve_triangular(matrix, input, upper != transpose, unitriangular)
    rows = A.expand(*X.shape[:-2], *A.shape[-2:]).mT
    copy = rows.clone() if rows.is_contiguous() else rows.contiguous()
    return TriangularSolve(X, copy.mT)
