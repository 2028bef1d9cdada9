"""Linear algebra on batches of matrices: ``torch.linalg``, on SciPy's LAPACK.

Matrices are the last two dimensions; the others are batches. Results of LAPACK are column-major.
"""
from ctorch.linalg._errors import LinAlgError
from ctorch.linalg.eigenvalues import eig, eigh, eigvals, eigvalsh, matrix_rank, svd, svdvals
from ctorch.linalg.factorizations import (
    cholesky,
    cholesky_ex,
    householder_product,
    ldl_factor,
    ldl_factor_ex,
    lu,
    lu_factor,
    lu_factor_ex,
    qr,
)
from ctorch.linalg.inverses import inv, inv_ex, pinv, tensorinv
from ctorch.linalg.norms import cond, matrix_norm, norm, vector_norm
from ctorch.linalg.products import (
    cross,
    det,
    diagonal,
    matmul,
    matrix_exp,
    matrix_power,
    multi_dot,
    slogdet,
    vander,
    vecdot,
)
from ctorch.linalg.solves import ldl_solve, lstsq, lu_solve, solve, solve_ex, solve_triangular, tensorsolve

__all__ = [
    "LinAlgError", "cholesky", "cholesky_ex", "cond", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh",
    "householder_product", "inv", "inv_ex", "ldl_factor", "ldl_factor_ex", "ldl_solve", "lstsq", "lu", "lu_factor",
    "lu_factor_ex", "lu_solve", "matmul", "matrix_exp", "matrix_norm", "matrix_power", "matrix_rank", "multi_dot",
    "norm", "pinv", "qr", "slogdet", "solve", "solve_ex", "solve_triangular", "svd", "svdvals", "tensorinv",
    "tensorsolve", "vander", "vecdot", "vector_norm",
]
