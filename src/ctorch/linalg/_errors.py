"""What is raised when a matrix has no factors, or an iteration does not converge."""


class LinAlgError(RuntimeError):
    """Raised where the values of a matrix, not its shape or dtype, make a result impossible.

    Examples
    --------
    >>> import ctorch
    >>> try:
    ...     ctorch.linalg.inv(ctorch.zeros(2, 2))
    ... except ctorch.linalg.LinAlgError as error:
    ...     print(str(error)[:47])
    linalg.inv: The diagonal element 1 is zero, the
    """


_REASONS = {
    "inv": "The diagonal element {0} is zero, the inversion could not be completed because the input matrix is "
           "singular.",
    "solve": "The solver failed because the input matrix is singular.",
    "cholesky": "The factorization could not be completed because the input is not positive-definite (the leading "
                "minor of order {0} is not positive-definite).",
    "eigh": "The algorithm failed to converge because the input matrix is ill-conditioned or has too many repeated "
            "eigenvalues (error code: {0}).",
    "eig": "The algorithm failed to converge because the input matrix is ill-conditioned or has too many repeated "
           "eigenvalues (error code: {0}).",
    "svd": "The algorithm failed to converge because the input matrix is ill-conditioned or has too many repeated "
           "singular values (error code: {0}).",
    "lstsq": "The least squares solution could not be computed because the input matrix does not have full rank "
             "(error code: {0}).",
    "ldl": "The factor D has a zero at place {0} of its diagonal, so that ldl_solve would divide by zero.",
    "lu": "U[{0},{0}] is zero and using it on lu_solve would result in a division by zero. If you still want to "
          "perform the factorization, consider calling linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)",
}
_NOT_FINITE = "The algorithm failed to converge because the input matrix contained non-finite values."


def raise_failure(op, why, code, place):
    """Raise LinAlgError about matrix number `place` of a batch (None: the only one), with LAPACK's code."""
    batch = "" if place is None else f"(Batch element {place}): "
    reason = _NOT_FINITE if code < 0 else _REASONS[why].format(code)
    raise (RuntimeError if why in ("lu", "ldl") else LinAlgError)(f"{op}: {batch}{reason}")
