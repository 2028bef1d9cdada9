"""The standard's extension for linear algebra."""
import math
from typing import NamedTuple

import ctorch

from ._products import matmul, matrix_transpose, tensordot, vecdot
from ._promotion import together
from ._statistical import total

__all__ = ["cholesky", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh", "inv", "matmul",
           "matrix_norm", "matrix_power", "matrix_rank", "matrix_transpose", "outer", "pinv", "qr", "slogdet", "solve",
           "svd", "svdvals", "tensordot", "trace", "vecdot", "vector_norm"]


class Eig(NamedTuple):
    """Eigenvalues and eigenvectors."""

    eigenvalues: ctorch.Tensor
    eigenvectors: ctorch.Tensor


class QR(NamedTuple):
    """An orthonormal and an upper triangular factor."""

    Q: ctorch.Tensor
    R: ctorch.Tensor


class Slogdet(NamedTuple):
    """Sign and logarithm of the size of a determinant."""

    sign: ctorch.Tensor
    logabsdet: ctorch.Tensor


class SVD(NamedTuple):
    """Left vectors, singular values, right vectors as rows."""

    U: ctorch.Tensor
    S: ctorch.Tensor
    Vh: ctorch.Tensor


def cholesky(x, /, *, upper=False):
    """The Cholesky factor of positive definite matrices."""
    return ctorch.linalg.cholesky(x, upper=upper)


def cross(x1, x2, /, *, axis=-1):
    """The cross product of vectors of three elements."""
    a, b = ctorch.broadcast_tensors(*together(x1, x2))
    if a.shape[axis] != 3:
        raise ValueError(f"cross: vectors have 3 elements, got {a.shape[axis]}")
    return ctorch.linalg.cross(a, b, dim=axis)


def det(x, /):
    """Determinants."""
    return ctorch.linalg.det(x)


def diagonal(x, /, *, offset=0):
    """The diagonals of matrices, as a view."""
    return ctorch.diagonal(x, offset, -2, -1)


def eig(x, /):
    """Complex eigenvalues and eigenvectors."""
    return Eig(*ctorch.linalg.eig(x))


def eigh(x, /):
    """Eigenvalues and eigenvectors of symmetric or Hermitian matrices."""
    return Eig(*ctorch.linalg.eigh(x))


def eigvals(x, /):
    """Complex eigenvalues."""
    return ctorch.linalg.eigvals(x)


def eigvalsh(x, /):
    """Eigenvalues of symmetric or Hermitian matrices."""
    return ctorch.linalg.eigvalsh(x)


def inv(x, /):
    """Inverses."""
    return ctorch.linalg.inv(x)


def matrix_norm(x, /, *, keepdims=False, ord="fro"):
    """Norms of matrices."""
    return ctorch.linalg.matrix_norm(x, "fro" if ord is None else ord, keepdim=keepdims)


def matrix_power(x, n, /):
    """Square matrices multiplied n times."""
    return ctorch.linalg.matrix_power(x, n)


def matrix_rank(x, /, *, rtol=None):
    """How many singular values are above `rtol` times the largest."""
    values = svdvals(x)
    if rtol is None:
        rtol = max(x.shape[-2:]) * ctorch.finfo(x.dtype).eps
    limit = rtol.unsqueeze(-1) if isinstance(rtol, ctorch.Tensor) else rtol
    if values.shape[-1] == 0:
        return ctorch.zeros(values.shape[:-1], dtype=ctorch.int64, device=x.device)
    return ctorch.sum(values > ctorch.amax(values, -1, True) * limit, -1)


def outer(x1, x2, /):
    """All products of the elements of two vectors."""
    return ctorch.outer(*together(x1, x2))


def pinv(x, /, *, rtol=None):
    """Pseudo-inverses."""
    if rtol is None:
        rtol = max(x.shape[-2:]) * ctorch.finfo(x.dtype).eps
    return ctorch.linalg.pinv(x, rtol=rtol)


def qr(x, /, *, mode="reduced"):
    """Orthonormal and upper triangular factors."""
    return QR(*ctorch.linalg.qr(x, mode))


def slogdet(x, /):
    """Signs of determinants and logarithms of their sizes."""
    return Slogdet(*ctorch.linalg.slogdet(x))


def solve(x1, x2, /):
    """Solutions of linear systems; only an `x2` of one dimension is a vector."""
    a, b = together(x1, x2)
    if b.ndim == 1:
        return ctorch.linalg.solve(a, b.unsqueeze(-1)).squeeze(-1)
    batch = ctorch.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return ctorch.linalg.solve(a.expand(*batch, *a.shape[-2:]), b.expand(*batch, *b.shape[-2:]))


def svd(x, /, *, full_matrices=True):
    """Singular values and vectors."""
    return SVD(*ctorch.linalg.svd(x, full_matrices=full_matrices))


def svdvals(x, /):
    """Singular values."""
    return ctorch.linalg.svdvals(x)


def trace(x, /, *, offset=0, dtype=None):
    """Sums of the diagonals of matrices."""
    return total(lambda x, kind: ctorch.sum(x, -1, dtype=kind), diagonal(x, offset=offset), dtype)


def vector_norm(x, /, *, axis=None, keepdims=False, ord=2):
    """Norms of vectors, along an axis, several, or of all elements."""
    if axis is None:
        axis = tuple(range(x.ndim))
    elif isinstance(axis, tuple | list) and not axis:
        # Of single elements: the size, or for order 0 whether there is one.
        sizes = ctorch.abs(x)
        return (sizes != 0).to(sizes.dtype) if ord == 0 else sizes
    if x.numel() == 0 and ord in (math.inf, -math.inf) and not _kept(x, axis):
        raise ValueError("vector_norm: no element to take the norm of")
    return ctorch.linalg.vector_norm(x, ord, dim=axis, keepdim=keepdims)


def _kept(x, axis):
    # Whether the result is empty too.
    axes = {a % x.ndim for a in ((axis,) if isinstance(axis, int) else axis)}
    return any(n == 0 for i, n in enumerate(x.shape) if i not in axes)
