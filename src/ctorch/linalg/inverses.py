"""Inverses of square matrices, and what stands for them where there are none."""
import math

import ctorch
from ctorch import _functions as _f
from ctorch._tape import _recorded
from ctorch.linalg._common import InvEx, threshold, tolerances


def inv(A, *, out=None):
    """Inverse of square matrices.

    Parameters
    ----------
    A : Tensor
        Matrices (..., n, n).
    out : Tensor, optional
        Takes the result.

    Returns
    -------
    Tensor
        The inverses.

    Raises
    ------
    LinAlgError
        Where a matrix is singular.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.inv(ctorch.tensor([[2., 0.], [0., 4.]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    y = _f._linalg_inv(A, True, "linalg.inv")[0]
    return y if out is None else _f._written(out, y, "linalg_inv")


def inv_ex(A, *, check_errors=False, out=None):
    """Inverse of square matrices, telling of singular ones by numbers instead of an exception.

    Parameters
    ----------
    A : Tensor
        Matrices (..., n, n).
    check_errors : bool, optional
        Raise nonetheless.
    out : tuple of Tensor, optional
        Takes the results.

    Returns
    -------
    inverse, info : Tensor
        The inverses, and int32 numbers that are zero where there is one.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.inv_ex(ctorch.zeros(2, 2)).info
    tensor(1, dtype=torch.int32)
    """
    result = InvEx(*_f._linalg_inv(A, check_errors, "linalg.inv_ex"))
    return result if out is None else _f._written(out, result, "linalg_inv_ex")


def _pinv_value(A, atol, rtol, hermitian):
    if hermitian:
        L, V = _f._linalg_eigh(A, False, True)
        size = L.abs()
        keep = size > threshold(size.amax(-1, True), atol, rtol)
        inverse = ctorch.where(keep, 1 / ctorch.where(keep, L, 1.0), 0.0)
        return (V * inverse.unsqueeze(-2)) @ V.mH
    U, S, Vh = _f._linalg_svd(A, False, True)
    keep = threshold(S[..., :1], atol, rtol) < S
    inverse = ctorch.where(keep, 1 / ctorch.where(keep, S, 1.0), 0.0)
    return (Vh.mH * inverse.unsqueeze(-2)) @ U.mH


def pinv(A, rcond=None, hermitian=False, *, atol=None, rtol=None, out=None):
    """Moore-Penrose inverse of matrices, by singular values or, of Hermitian ones, by eigenvalues.

    Parameters
    ----------
    A : Tensor
        Matrices (..., m, n).
    rcond : float or Tensor, optional
        Older name of `rtol`.
    hermitian : bool, optional
        Whether the matrices are Hermitian; then only their lower triangle is read.
    atol, rtol : float or Tensor, optional
        Values below `atol` and below `rtol` times the largest count as zero; by default machine precision times the
        larger of m and n.
    out : Tensor, optional
        Takes the result.

    Returns
    -------
    Tensor
        Matrices (..., n, m).

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.pinv(ctorch.tensor([[2., 0.], [0., 0.]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.0000]])
    """
    _f._need_tensors(A)
    if A.dim() < 2 or A.dtype not in (ctorch.float32, ctorch.float64, ctorch.complex64, ctorch.complex128):
        title = A.type().removeprefix("torch.").removesuffix("Tensor")
        raise RuntimeError(f"linalg.pinv({title}{{{list(A.shape)}}}): expected a tensor with 2 or more dimensions of "
                           "float, double, cfloat or cdouble types")
    atol, rtol = tolerances(A, atol, rcond if rtol is None else rtol)
    if A.numel() == 0:
        y = ctorch.zeros(*A.shape[:-2], A.shape[-1], A.shape[-2], dtype=A.dtype, device=A.device)
    else:
        with ctorch.no_grad():
            y = _pinv_value(A, atol, rtol, hermitian)
    if _recorded(A):
        y = _f._linalg_pinv_value(A, y)
    return y if out is None else _f._written(out, y, "linalg_pinv")


def tensorinv(A, ind=2, *, out=None):
    """Inverse of the map that tensordot with A is.

    Parameters
    ----------
    A : Tensor
        A tensor whose first `ind` sizes have the product of the others.
    ind : int, optional
        How many dimensions come last in the inverse.
    out : Tensor, optional
        Takes the result.

    Returns
    -------
    Tensor
        Of shape A.shape[ind:] + A.shape[:ind].

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.tensorinv(ctorch.eye(6).reshape(2, 3, 6)).shape
    torch.Size([6, 2, 3])
    """
    _f._need_tensors(A)
    if ind <= 0:
        raise RuntimeError(f"Expected a strictly positive integer for 'ind', but got {ind}")
    if ind > A.dim():
        raise RuntimeError(f"linalg.tensorinv: 'ind' is {ind}, but the input has only {A.dim()} dimensions")
    last, first = A.shape[ind:], A.shape[:ind]
    if math.prod(last) != math.prod(first):
        raise RuntimeError("Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), "
                           f"but got {math.prod(last)} != {math.prod(first)}")
    size = math.prod(last)
    y = inv(A.reshape(size, size)).reshape(*last, *first)
    return y if out is None else _f._written(out, y, "linalg_tensorinv")
