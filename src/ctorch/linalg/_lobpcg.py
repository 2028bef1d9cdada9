"""A few eigenpairs of large symmetric matrices, by SciPy's LOBPCG."""
import math
import warnings

import ctorch
from ctorch._tape import _recorded

__all__ = ["lobpcg"]

ITERATIONS = 1000


def lobpcg(A, k=None, B=None, X=None, n=None, iK=None, niter=None, tol=None, largest=None, method=None, tracker=None,
           ortho_iparams=None, ortho_fparams=None, ortho_bparams=None):
    """The largest or smallest eigenvalues of symmetric matrices, and their vectors, by conjugate gradients.

    See https://docs.pytorch.org/docs/stable/generated/torch.lobpcg.html and A. Knyazev, Toward the optimal
    preconditioned eigensolver, SIAM J. Sci. Comput. 23 (2001).

    Parameters
    ----------
    A : Tensor
        Symmetric matrices (..., m, m) of a real float dtype.
    k : int, optional
        How many pairs; the number of columns of `X`, or 1.
    B : Tensor, optional
        Positive definite matrices of the generalised problem ``A x = e B x``.
    X : Tensor, optional
        Where to begin: (..., m, n) with n at least k. Random numbers where it is not given.
    n : int, optional
        Columns of the random beginning; k where it is not given.
    iK : Tensor, optional
        Preconditioner (..., m, m).
    niter : int, optional
        Most iterations; 1000 where it is not given, or where it is negative.
    tol : float, optional
        Residual at which a pair is good, relative to A; the root of the dtype's epsilon where it is not given.
    largest : bool, optional
        Whether the largest pairs are sought (the default) or the smallest.
    method, ortho_iparams, ortho_fparams, ortho_bparams
        Taken for the sake of PyTorch's signature: there is one method.
    tracker : callable, optional
        Not supported.

    Returns
    -------
    tuple of Tensor
        Eigenvalues (..., k) in the order sought, and vectors (..., m, k). Both are differentiable with respect to A
        where B is not given, by way of a full decomposition.

    Raises
    ------
    ValueError
        Where m is less than three times the number of columns.

    Examples
    --------
    >>> import ctorch
    >>> values, vectors = ctorch.lobpcg(ctorch.diag(ctorch.arange(1., 10.)), k=2)
    >>> values
    tensor([9., 8.])
    """
    _check(A, B, tracker, method)
    m = A.shape[-1]
    k = (X.shape[-1] if X is not None else 1) if k is None else k
    columns = X.shape[-1] if X is not None else n or k
    largest = largest is not False
    if not 0 < k <= columns:
        raise ValueError(f"lobpcg: k={k} must be positive and at most the number of columns, {columns}")
    if m < 3 * columns:
        raise ValueError(f"LPBPCG algorithm is not applicable when the number of A rows (={m}) is smaller than 3 x the "
                         f"number of requested eigenpairs (={columns})")
    if _recorded(A):
        if B is not None:
            raise NotImplementedError("lobpcg: the derivative is not implemented for a generalised problem (B), on "
                                      f"{A.device} for {A.dtype}")
        values, vectors = ctorch.linalg.eigh((A + A.mT) / 2)
        return (values[..., -k:].flip(-1), vectors[..., -k:].flip(-1)) if largest else (values[..., :k],
                                                                                      vectors[..., :k])
    start = ctorch.randn(*A.shape[:-1], columns, dtype=A.dtype) if X is None else X
    tol = math.sqrt(ctorch.finfo(A.dtype).eps) if tol is None else tol
    steps = ITERATIONS if niter is None or niter < 0 else niter
    return _solve(A, start, B, iK, k, tol, steps, largest)


def _check(A, B, tracker, method):
    if A.dim() < 2 or A.shape[-1] != A.shape[-2]:
        raise ValueError(f"lobpcg: A must be batches of square matrices, got shape {list(A.shape)}")
    if A.dtype not in (ctorch.float32, ctorch.float64) or A.is_cuda:
        raise NotImplementedError(f"lobpcg: not implemented on {A.device} for {A.dtype}")
    if B is not None and B.shape[-2:] != A.shape[-2:]:
        raise ValueError(f"lobpcg: B must be as large as A, {list(A.shape)}, got {list(B.shape)}")
    if tracker is not None:
        raise NotImplementedError("lobpcg: a tracker of the iterations is not supported")
    if method not in (None, "basic", "ortho"):
        raise ValueError(f"lobpcg: method must be 'basic' or 'ortho', got {method!r}")


def _solve(A, start, B, iK, k, tol, steps, largest):
    # matrix by matrix; SciPy's residuals are absolute
    from scipy.sparse.linalg import lobpcg as scipy_lobpcg

    batch = A.shape[:-2]

    def matrices(x):
        return [None] * math.prod(batch) if x is None else x.detach().expand(*batch, *x.shape[-2:]).reshape(
            -1, *x.shape[-2:]).numpy()

    values, vectors = [], []
    for a, x, b, p in zip(*map(matrices, (A, start, B, iK)), strict=True):
        scale = abs(a).sum(0).max() or 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)      # that some residual is above the tolerance yet
            e, v = scipy_lobpcg(a, x, b, p, tol=tol * scale * 1e-2, maxiter=steps, largest=largest)[:2]
        order = (-e if largest else e).argsort(kind="stable")[:k]
        values.append(ctorch.tensor(e[order], dtype=A.dtype))
        vectors.append(ctorch.tensor(v[:, order], dtype=A.dtype))
    if not values:
        return A.new_empty(*batch, k), A.new_empty(*batch, A.shape[-1], k)
    return ctorch.stack(values).reshape(*batch, k), ctorch.stack(vectors).reshape(*batch, A.shape[-1], k)
