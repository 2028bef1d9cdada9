"""Eigenvalues and singular values, and the rank that they tell."""
import ctorch
from ctorch import _functions as _f
from ctorch._tape import _recorded
from ctorch.linalg._common import SVD, Eig, Eigh, need_matrix, threshold, tolerances


def eig(A, *, out=None):
    """Eigenvalues and eigenvectors of square matrices.

    Parameters
    ----------
    A : Tensor
        Matrices (..., n, n).
    out : tuple of Tensor, optional
        Takes the results.

    Returns
    -------
    eigenvalues, eigenvectors : Tensor
        Complex; the vectors are columns of length one, each known up to a phase.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.eig(ctorch.tensor([[0., -1.], [1., 0.]])).eigenvalues
    tensor([0.+1.j, 0.-1.j])
    """
    result = Eig(*_f._linalg_eig(A, True, "linalg.eig"))
    return result if out is None else _f._written(out, result, "linalg_eig")


def eigvals(A, *, out=None):
    """Eigenvalues of square matrices.

    Parameters
    ----------
    A : Tensor
        Matrices (..., n, n).
    out : Tensor, optional
        Takes the result.

    Returns
    -------
    Tensor
        Complex numbers, in no order.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.eigvals(ctorch.tensor([[2., 0.], [0., 3.]]))
    tensor([2.+0.j, 3.+0.j])
    """
    w = _f._linalg_eig(A, _recorded(A), "linalg.eigvals")[0]
    if out is not None and not out.is_complex():
        raise RuntimeError("torch.linalg.eigvals: Expected eigenvalues to be safely castable from "
                           f"{w.dtype} dtype, but got eigenvalues with dtype {out.dtype}")
    return w if out is None else _f._written(out, w, "linalg_eigvals")


def _upper(UPLO):
    if UPLO not in ("L", "U", "l", "u"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    return UPLO in "Uu"


def eigh(A, UPLO="L", *, out=None):
    """Eigenvalues and eigenvectors of Hermitian matrices.

    Parameters
    ----------
    A : Tensor
        Matrices (..., n, n), of which one triangle is read.
    UPLO : {'L', 'U'}, optional
        The lower triangle, or the upper one.
    out : tuple of Tensor, optional
        Takes the results.

    Returns
    -------
    eigenvalues, eigenvectors : Tensor
        Real numbers, ascending; orthonormal columns, each known up to its sign or phase.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.eigh(ctorch.tensor([[2., 1.], [1., 2.]])).eigenvalues
    tensor([1., 3.])
    """
    result = Eigh(*_f._linalg_eigh(A, _upper(UPLO), True))
    return result if out is None else _f._written(out, result, "linalg_eigh")


def eigvalsh(A, UPLO="L", *, out=None):
    """Eigenvalues of Hermitian matrices.

    Parameters
    ----------
    A, UPLO
        As for `eigh`.
    out : Tensor, optional
        Takes the result.

    Returns
    -------
    Tensor
        Real numbers, ascending.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.eigvalsh(ctorch.tensor([[2., 1.], [1., 2.]]))
    tensor([1., 3.])
    """
    w = _f._linalg_eigh(A, _upper(UPLO), _recorded(A))[0]
    return w if out is None else _f._written(out, w, "linalg_eigvalsh")


def _no_driver(driver):
    if driver is not None:
        raise RuntimeError("torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with "
                           "cuSOLVER backend.")


def svd(A, full_matrices=True, *, driver=None, out=None):
    """U, S and Vh of A = U diag(S) Vh.

    Parameters
    ----------
    A : Tensor
        Matrices (..., m, n).
    full_matrices : bool, optional
        Whether U and Vh are square, or have min(m, n) columns and rows.
    driver : None, optional
        For CUDA only.
    out : tuple of Tensor, optional
        Takes the results.

    Returns
    -------
    U, S, Vh : Tensor
        Singular values, descending, between orthonormal columns and rows.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.svd(ctorch.tensor([[0., 3.], [2., 0.]])).S
    tensor([3., 2.])
    """
    _no_driver(driver)
    result = SVD(*_f._linalg_svd(A, full_matrices, True))
    return result if out is None else _f._written(out, result, "linalg_svd")


def svdvals(A, *, driver=None, out=None):
    """Singular values of matrices.

    Parameters
    ----------
    A : Tensor
        Matrices (..., m, n).
    driver : None, optional
        For CUDA only.
    out : Tensor, optional
        Takes the result.

    Returns
    -------
    Tensor
        Real numbers, descending.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.svdvals(ctorch.tensor([[0., 3.], [2., 0.]]))
    tensor([3., 2.])
    """
    _no_driver(driver)
    S = _f._linalg_svd(A, False, _recorded(A))[1]
    return S if out is None else _f._written(out, S, "linalg_svdvals")


def matrix_rank(A, tol=None, hermitian=False, *, atol=None, rtol=None, out=None):
    """Number of singular values above a tolerance.

    Parameters
    ----------
    A : Tensor
        Matrices (..., m, n).
    tol : float or Tensor, optional
        Older name of `atol`.
    hermitian : bool, optional
        Whether the matrices are Hermitian, so that eigenvalues do.
    atol, rtol : float or Tensor, optional
        Values below `atol` and below `rtol` times the largest count as zero; by default machine precision times the
        larger of m and n.
    out : Tensor, optional
        Takes the result.

    Returns
    -------
    Tensor
        int64 numbers.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.matrix_rank(ctorch.ones(3, 3))
    tensor(1)
    """
    _f._need_tensors(A)
    need_matrix(A, "torch.linalg.matrix_rank")
    if tol is not None:
        atol, rtol = tol, 0.0
    with ctorch.no_grad():
        if A.numel() == 0:
            rank = ctorch.zeros(A.shape[:-2], dtype=ctorch.int64, device=A.device)
        else:
            values = eigvalsh(A).abs() if hermitian else svdvals(A)
            atol, rtol = tolerances(A, atol, rtol)
            rank = (values > threshold(values.amax(-1, True), atol, rtol)).sum(-1)
    return rank if out is None else _f._written(out, rank, "linalg_matrix_rank")
