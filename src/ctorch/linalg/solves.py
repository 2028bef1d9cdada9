"""Systems of linear equations, square, triangular, factored and overdetermined."""
import math

import ctorch
from ctorch import _functions as _f
from ctorch._batched import any_true
from ctorch._tape import _recorded
from ctorch.linalg._common import LeastSquares, SolveEx, is_vector, need_matrix, squares, tolerances


def _solve(A, B, left, check_errors, op):
    if not isinstance(B, ctorch.Tensor):
        raise TypeError(f"{op.removeprefix('torch.')}(): argument 'B' must be Tensor, not {type(B).__name__}")
    need_matrix(A, "linalg.solve")
    vector = is_vector(A, B)
    if vector:
        if not left:
            raise RuntimeError("linalg.solve: Vector broadcasting of the left hand side is not supported for "
                               "left=False. In this case linalg.solve is equivalent to B / A.squeeze(-1)")
        X, _, _, info = _f._linalg_solve(A, B.unsqueeze(-1), check_errors, op)
        return X.squeeze(-1), info
    if left:
        X, _, _, info = _f._linalg_solve(A, B, check_errors, op)
        return X, info
    if B.dim() >= 2 and A.shape[-2] == A.shape[-1] != B.shape[-1]:
        raise RuntimeError(f"linalg.solve: Incompatible shapes of A and B for the equation XA = B ({A.shape[-2]}x"
                           f"{A.shape[-1]} and {B.shape[-2]}x{B.shape[-1]})")
    X, _, _, info = _f._linalg_solve(A.mT, B.mT, check_errors, op)
    return X.mT, info


def solve(A, B, *, left=True, out=None):
    """Solve A X = B for square matrices A of full rank.

    Parameters
    ----------
    A : Tensor
        Matrices (..., n, n).
    B : Tensor
        Right-hand sides (..., n, k), or vectors: (n,), or one for each matrix. Batches broadcast.
    left : bool, optional
        Solve X A = B where false.
    out : Tensor, optional
        Takes the result.

    Returns
    -------
    Tensor
        X.

    Raises
    ------
    LinAlgError
        Where a matrix is singular.

    Examples
    --------
    >>> import ctorch
    >>> A = ctorch.tensor([[3., 1.], [1., 2.]])
    >>> ctorch.linalg.solve(A, ctorch.tensor([9., 8.]))
    tensor([2., 3.])
    """
    _f._need_tensors(A)
    X = _solve(A, B, left, True, "torch.linalg.solve")[0]
    return X if out is None else _f._written(out, X, "linalg_solve")


def solve_ex(A, B, *, left=True, check_errors=False, out=None):
    """Solve A X = B, telling of singular matrices by numbers instead of an exception.

    Parameters
    ----------
    A, B, left
        As for `solve`.
    check_errors : bool, optional
        Raise nonetheless.
    out : tuple of Tensor, optional
        Takes the results.

    Returns
    -------
    result, info : Tensor
        X, and int32 numbers that are zero where it was found.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.solve_ex(ctorch.zeros(2, 2), ctorch.ones(2)).info
    tensor(1, dtype=torch.int32)
    """
    _f._need_tensors(A)
    result = SolveEx(*_solve(A, B, left, check_errors, "torch.linalg.solve_ex"))
    return result if out is None else _f._written(out, result, "linalg_solve_ex")


def solve_triangular(A, B, *, upper, left=True, unitriangular=False, out=None):
    """Solve A X = B for triangular matrices A; what is outside of the triangle is not read.

    Parameters
    ----------
    A : Tensor
        Matrices (..., n, n).
    B : Tensor
        Right-hand sides (..., n, k).
    upper : bool
        Whether A is upper triangular.
    left : bool, optional
        Solve X A = B where false.
    unitriangular : bool, optional
        Take the diagonal of A as ones, without reading it.
    out : Tensor, optional
        Takes the result.

    Returns
    -------
    Tensor
        X, with infinities and NaN where a matrix is singular.

    Examples
    --------
    >>> import ctorch
    >>> A = ctorch.tensor([[2., 0.], [1., 1.]])
    >>> ctorch.linalg.solve_triangular(A, ctorch.tensor([[2.], [3.]]), upper=False)
    tensor([[1.],
            [2.]])
    """
    if left:
        X = _f._linalg_solve_triangular(A, B, upper, unitriangular)
    else:
        need_matrix(A, "linalg.solve_triangular")
        if B.dim() < 2:
            raise RuntimeError("linalg.solve_triangular: The input tensor B must have at least 2 dimensions.")
        if A.shape[-2] == A.shape[-1] != B.shape[-1]:
            raise RuntimeError(f"linalg.solve_triangular: Incompatible shapes of A and B for the equation XA = B "
                               f"({A.shape[-2]}x{A.shape[-1]} and {B.shape[-2]}x{B.shape[-1]})")
        X = _f._linalg_solve_triangular(A.mT, B.mT, not upper, unitriangular).mT
    return X if out is None else _f._written(out, X, "linalg_solve_triangular")


def lu_solve(LU, pivots, B, *, left=True, adjoint=False, out=None):
    """Solve A X = B with the factors of `lu_factor`.

    Parameters
    ----------
    LU, pivots : Tensor
        The factors of A.
    B : Tensor
        Right-hand sides (..., n, k).
    left : bool, optional
        Solve X A = B where false.
    adjoint : bool, optional
        Take the conjugate transpose of A.
    out : Tensor, optional
        Takes the result.

    Returns
    -------
    Tensor
        X.

    Examples
    --------
    >>> import ctorch
    >>> LU, pivots = ctorch.linalg.lu_factor(ctorch.tensor([[0., 2.], [4., 0.]]))
    >>> ctorch.linalg.lu_solve(LU, pivots, ctorch.tensor([[2.], [4.]]))
    tensor([[1.],
            [1.]])
    """
    if left or B.dim() < 2:
        X = _f._linalg_lu_solve(LU, pivots, B, adjoint)
    else:
        X = _f._linalg_lu_solve(LU, pivots, B.mH, not adjoint).mH
    return X if out is None else _f._written(out, X, "linalg_lu_solve")


def ldl_solve(LD, pivots, B, *, hermitian=False, out=None):
    """Solve A X = B with the factors of `ldl_factor`.

    Parameters
    ----------
    LD, pivots : Tensor
        The factors of A.
    B : Tensor
        Right-hand sides (..., n, k).
    hermitian : bool, optional
        As it was for `ldl_factor`.
    out : Tensor, optional
        Takes the result.

    Returns
    -------
    Tensor
        X.

    Examples
    --------
    >>> import ctorch
    >>> LD, pivots = ctorch.linalg.ldl_factor(ctorch.tensor([[2., 0.], [0., -4.]]))
    >>> ctorch.linalg.ldl_solve(LD, pivots, ctorch.tensor([[2.], [4.]]))
    tensor([[ 1.],
            [-1.]])
    """
    X = _f._linalg_ldl_solve(LD, pivots, B, hermitian)
    return X if out is None else _f._written(out, X, "linalg_ldl_solve")


def _check_lstsq(A, B, driver):
    if driver not in ("gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError("torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)")
    if A.dim() < 2:
        raise RuntimeError("torch.linalg.lstsq: input must have at least 2 dimensions.")
    if B.dim() < 1:
        raise RuntimeError("torch.linalg.lstsq: other must have at least 1 dimension.")
    if not 0 <= A.dim() - B.dim() <= 1:
        raise RuntimeError("torch.linalg.lstsq: input.dim() must be greater or equal to other.dim() and "
                           "(input.dim() - other.dim()) <= 1")
    if A.dtype != B.dtype:
        raise RuntimeError("torch.linalg.lstsq: Expected input and other to have the same dtype, but got input's dtype "
                           f"{A.dtype} and other's dtype {B.dtype}")
    vector = is_vector(A, B)
    if A.shape[-2] != B.shape[-1 if vector else -2]:
        raise RuntimeError(f"torch.linalg.lstsq: input.size(-2) should match other.size({-1 if vector else -2})")
    return vector


def lstsq(A, B, rcond=None, *, driver=None):
    """Least squares solutions of A X = B.

    Parameters
    ----------
    A : Tensor
        Matrices (..., m, n).
    B : Tensor
        Right-hand sides (..., m, k), or vectors as for `solve`. Batches broadcast.
    rcond : float, optional
        Singular values below this times the largest count as zero, but for the driver 'gels'.
    driver : {'gelsy', 'gels', 'gelsd', 'gelss'}, optional
        LAPACK's routine: QR with pivots, QR for full rank, singular values by division, or by QR.

    Returns
    -------
    solution, residuals, rank, singular_values : Tensor
        Sums of squares of the residuals where m > n and the rank is full; empty where the driver does not tell.

    Examples
    --------
    >>> import ctorch
    >>> A = ctorch.tensor([[1., 0.], [1., 1.], [1., 2.]])
    >>> ctorch.linalg.lstsq(A, ctorch.tensor([1., 3., 5.])).solution.round()
    tensor([1., 2.])
    """
    _f._need_tensors(A, B)
    driver = "gelsy" if driver is None else driver
    vector = _check_lstsq(A, B, driver)
    if vector:
        B = B.unsqueeze(-1)
    m, n = A.shape[-2:]
    if rcond is None:
        rcond = tolerances(A, None, None)[1] if A.is_floating_point() or A.is_complex() else 0.0
    with ctorch.no_grad():
        whole, rank, values, info = _f._linalg_lstsq(A, B, float(rcond), driver)
    if any_true(info != 0):
        from ctorch.linalg._errors import raise_failure

        place = int((info.reshape(-1) != 0).nonzero()[0])
        raise_failure("torch.linalg.lstsq", "lstsq", int(info.reshape(-1)[place]), place if info.dim() else None)
    X = whole[..., :n, :] if m > n else whole
    residuals = ctorch.empty(0, dtype=values.dtype, device=A.device)
    graph = _recorded(A, B)
    if graph:
        X = _f._linalg_lstsq_value(A, B, X)
    if m > n == 0 and driver != "gelsy":     # nothing is explained
        residuals = squares(B.expand(*X.shape[:-2], *B.shape[-2:])).sum(-2)
    elif m > n and driver != "gelsy" and (driver == "gels" or not any_true(rank != n)):
        rest = A @ X - B if graph else whole[..., n:, :]
        residuals = squares(rest).sum(-2)
    elif graph:                              # empty, and yet part of the graph
        residuals = squares(X).reshape(X.numel())[:0]
    return LeastSquares(X.squeeze(-1) if vector else X, residuals, rank, values)


def tensorsolve(A, B, dims=None, *, out=None):
    """Solve tensordot(A, X, X.ndim) = B.

    Parameters
    ----------
    A : Tensor
        Of shape B.shape + X.shape, after the given dimensions are moved to the end.
    B : Tensor
        Right-hand side.
    dims : sequence of int, optional
        Dimensions of A to move.
    out : Tensor, optional
        Takes the result.

    Returns
    -------
    Tensor
        X.

    Examples
    --------
    >>> import ctorch
    >>> A = ctorch.eye(6).reshape(2, 3, 6)
    >>> ctorch.linalg.tensorsolve(A, ctorch.ones(2, 3)).shape
    torch.Size([6])
    """
    _f._need_tensors(A, B)
    if dims is not None:
        dims = [d % A.dim() for d in ((dims,) if isinstance(dims, int) else dims)]
        A = A.permute([i for i in range(A.dim()) if i not in dims] + dims)
    shape = A.shape[B.dim():]
    have, want = math.prod(shape), math.prod(A.shape[:B.dim()])
    if have != want:
        raise RuntimeError("Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
                           f"prod(self.shape[:other.ndim]), but got {have} != {want}")
    X = solve(A.reshape(have, have), B.reshape(-1)).reshape(shape)
    return X if out is None else _f._written(out, X, "linalg_tensorsolve")
