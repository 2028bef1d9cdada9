"""Matrices as products of simpler ones: Cholesky, LDL, LU, QR."""
from ctorch import _functions as _f
from ctorch.linalg._common import LU, QR, CholeskyEx, LDLFactor, LDLFactorEx, LUFactor, LUFactorEx


def cholesky(A, *, upper=False, out=None):
    """Lower triangular L of L L^H = A, for Hermitian positive-definite matrices.

    Parameters
    ----------
    A : Tensor
        Matrices (..., n, n), of which one triangle is read.
    upper : bool, optional
        Give U of U^H U = A instead, from the upper triangle.
    out : Tensor, optional
        Takes the result.

    Returns
    -------
    Tensor
        The factor.

    Raises
    ------
    LinAlgError
        Where a matrix is not positive-definite.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.cholesky(ctorch.tensor([[4., 2.], [2., 5.]]))
    tensor([[2., 0.],
            [1., 2.]])
    """
    L = _f._linalg_cholesky(A, upper, True, "linalg.cholesky")[0]
    return L if out is None else _f._written(out, L, "linalg_cholesky")


def cholesky_ex(A, *, upper=False, check_errors=False, out=None):
    """Cholesky factor, telling of matrices that have none by numbers instead of an exception.

    Parameters
    ----------
    A, upper
        As for `cholesky`.
    check_errors : bool, optional
        Raise nonetheless.
    out : tuple of Tensor, optional
        Takes the results.

    Returns
    -------
    L, info : Tensor
        The factor, and int32 numbers: zero, or the order of the first minor that is not positive.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.cholesky_ex(ctorch.tensor([[1., 2.], [2., 1.]])).info
    tensor(2, dtype=torch.int32)
    """
    result = CholeskyEx(*_f._linalg_cholesky(A, upper, check_errors, "linalg.cholesky_ex"))
    return result if out is None else _f._written(out, result, "linalg_cholesky_ex")


def ldl_factor(A, *, hermitian=False, out=None):
    """Factors L and D of P A P^T = L D L^T in one matrix, for symmetric or Hermitian matrices.

    Parameters
    ----------
    A : Tensor
        Matrices (..., n, n), of which the lower triangle is read.
    hermitian : bool, optional
        Whether complex matrices are Hermitian rather than symmetric.
    out : tuple of Tensor, optional
        Takes the results.

    Returns
    -------
    LD, pivots : Tensor
        As `ldl_solve` takes them.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.ldl_factor(ctorch.tensor([[4., 2.], [2., 5.]])).LD
    tensor([[4.0000, 0.0000],
            [0.5000, 4.0000]])
    """
    LD, pivots, _ = _f._linalg_ldl_factor(A, hermitian, True, "torch.linalg.ldl_factor")
    return LDLFactor(LD, pivots) if out is None else _f._written(out, LDLFactor(LD, pivots), "linalg_ldl_factor")


def ldl_factor_ex(A, *, hermitian=False, check_errors=False, out=None):
    """LDL factors, telling of a singular D by numbers instead of an exception.

    Parameters
    ----------
    A, hermitian
        As for `ldl_factor`.
    check_errors : bool, optional
        Raise nonetheless.
    out : tuple of Tensor, optional
        Takes the results.

    Returns
    -------
    LD, pivots, info : Tensor
        The factors, and int32 numbers that are zero where D is regular.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.ldl_factor_ex(ctorch.zeros(2, 2)).info
    tensor(1, dtype=torch.int32)
    """
    result = LDLFactorEx(*_f._linalg_ldl_factor(A, hermitian, check_errors, "torch.linalg.ldl_factor_ex"))
    return result if out is None else _f._written(out, result, "linalg_ldl_factor_ex")


def lu_factor(A, *, pivot=True, out=None):
    """L and U of A = P L U in one matrix, and the exchanges of rows that P is.

    Parameters
    ----------
    A : Tensor
        Matrices (..., m, n).
    pivot : bool, optional
        Must be true on the CPU.
    out : tuple of Tensor, optional
        Takes the results.

    Returns
    -------
    LU, pivots : Tensor
        U on and above the diagonal, L below it; and for each row the one, counted from 1, that it changed places with.

    Examples
    --------
    >>> import ctorch
    >>> LU, pivots = ctorch.linalg.lu_factor(ctorch.tensor([[0., 2.], [4., 0.]]))
    >>> LU, pivots
    (tensor([[4., 0.],
            [0., 2.]]), tensor([2, 2], dtype=torch.int32))
    """
    result = LUFactor(*_f._linalg_lu_factor(A, pivot, True, "torch.linalg.lu_factor")[:2])
    return result if out is None else _f._written(out, result, "linalg_lu_factor")


def lu_factor_ex(A, *, pivot=True, check_errors=False, out=None):
    """LU factors, telling of singular matrices by numbers instead of an exception.

    Parameters
    ----------
    A, pivot
        As for `lu_factor`.
    check_errors : bool, optional
        Raise nonetheless.
    out : tuple of Tensor, optional
        Takes the results.

    Returns
    -------
    LU, pivots, info : Tensor
        The factors, and int32 numbers: zero, or the place of the first zero on U's diagonal.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.lu_factor_ex(ctorch.zeros(2, 2)).info
    tensor(1, dtype=torch.int32)
    """
    result = LUFactorEx(*_f._linalg_lu_factor(A, pivot, check_errors, "torch.linalg.lu_factor_ex"))
    return result if out is None else _f._written(out, result, "linalg_lu_factor_ex")


def _triangles(factors):
    """L and U from one matrix."""
    k = min(factors.shape[-2:])
    rows = factors.contiguous()      # one transposed copy for both
    L = rows[..., :k].tril(-1)
    L.diagonal(0, -2, -1).fill_(1)
    return L, rows[..., :k, :].triu()


def lu(A, *, pivot=True, out=None):
    """P, L and U of A = P L U.

    Parameters
    ----------
    A : Tensor
        Matrices (..., m, n).
    pivot : bool, optional
        Must be true on the CPU.
    out : tuple of Tensor, optional
        Takes the results.

    Returns
    -------
    P, L, U : Tensor
        A permutation, a lower triangle with ones on the diagonal, an upper triangle.

    Examples
    --------
    >>> import ctorch
    >>> P, L, U = ctorch.linalg.lu(ctorch.tensor([[0., 2.], [4., 0.]]))
    >>> U
    tensor([[4., 0.],
            [0., 2.]])
    """
    _f._need_tensors(A)
    if A.dim() < 2:
        raise RuntimeError(f"linalg.lu: Expected tensor with 2 or more dimensions. Got size: {list(A.shape)} instead")
    factors, pivots, _ = _f._linalg_lu_factor(A, pivot, False, "linalg.lu")
    result = LU(_f._linalg_permutation(pivots, factors.detach()), *_triangles(factors))
    return result if out is None else _f._written(out, result, "linalg_lu")


def qr(A, mode="reduced", *, out=None):
    """Q with orthonormal columns and an upper triangle R of A = Q R.

    Parameters
    ----------
    A : Tensor
        Matrices (..., m, n).
    mode : {'reduced', 'complete', 'r'}, optional
        Columns of Q: min(m, n), or m; with 'r' there is no Q, and an empty tensor instead.
    out : tuple of Tensor, optional
        Takes the results.

    Returns
    -------
    Q, R : Tensor
        The factors.

    Examples
    --------
    >>> import ctorch
    >>> Q, R = ctorch.linalg.qr(ctorch.tensor([[3., 1.], [4., 2.]]))
    >>> (Q @ R).round()
    tensor([[3., 1.],
            [4., 2.]])
    """
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or "
                           "'complete'")
    result = QR(*_f._linalg_qr(A, mode == "complete", mode != "r"))
    return result if out is None else _f._written(out, result, "linalg_qr")


def householder_product(A, tau, *, out=None):
    """First columns of the product of the reflections I - tau v v^H.

    Parameters
    ----------
    A : Tensor
        Matrices (..., m, n) with the vectors v below the diagonal, where they begin with a one.
    tau : Tensor
        Factors (..., k), k <= n.
    out : Tensor, optional
        Takes the result.

    Returns
    -------
    Tensor
        Matrices (..., m, n).

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.householder_product(ctorch.tensor([[0.], [1.]]), ctorch.tensor([1.]))
    tensor([[ 0.],
            [-1.]])
    """
    Q = _f._linalg_householder_product(A, tau)
    return Q if out is None else _f._written(out, Q, "linalg_householder_product")
