"""What the functions of this package share: named results, `out=`, tolerances."""
from collections import namedtuple

import ctorch
from ctorch import _functions as _f

CholeskyEx = namedtuple("linalg_cholesky_ex", ["L", "info"])
Eig = namedtuple("linalg_eig", ["eigenvalues", "eigenvectors"])
Eigh = namedtuple("linalg_eigh", ["eigenvalues", "eigenvectors"])
InvEx = namedtuple("linalg_inv_ex", ["inverse", "info"])
LDLFactor = namedtuple("linalg_ldl_factor", ["LD", "pivots"])
LDLFactorEx = namedtuple("linalg_ldl_factor_ex", ["LD", "pivots", "info"])
LeastSquares = namedtuple("linalg_lstsq", ["solution", "residuals", "rank", "singular_values"])
LU = namedtuple("linalg_lu", ["P", "L", "U"])
LUFactor = namedtuple("linalg_lu_factor", ["LU", "pivots"])
LUFactorEx = namedtuple("linalg_lu_factor_ex", ["LU", "pivots", "info"])
QR = namedtuple("linalg_qr", ["Q", "R"])
SLogDet = namedtuple("linalg_slogdet", ["sign", "logabsdet"])
SolveEx = namedtuple("linalg_solve_ex", ["result", "info"])
SVD = namedtuple("linalg_svd", ["U", "S", "Vh"])


def squares(x):
    """Squares of absolute values."""
    if not x.is_complex():
        return x * x
    re, im = _f.real(x), _f.imag(x)
    return re * re + im * im


def need_matrix(A, op):
    """Check for at least two dimensions."""
    if A.dim() < 2:
        raise RuntimeError(f"{op}: The input tensor A must have at least 2 dimensions.")


def need_square(A, op):
    """Check for batches of square matrices."""
    need_matrix(A, op)
    if A.shape[-1] != A.shape[-2]:
        raise RuntimeError(f"{op}: A must be batches of square matrices, but they are {A.shape[-2]} by {A.shape[-1]} "
                           "matrices")


def need_float(A, op):
    """Check for a floating point or complex dtype."""
    if not (A.is_floating_point() or A.is_complex()):
        title = A.type().removeprefix("torch.").removesuffix("Tensor")
        raise RuntimeError(f"{op}: Expected a floating point or complex tensor as input. Got {title}")


def is_vector(A, B):
    """Whether B of A X = B is one vector for each matrix, rather than a matrix."""
    return B.dim() == 1 or (A.dim() - 1 == B.dim() and A.shape[:-1] == B.shape)


def tolerances(A, atol, rtol):
    """Absolute and relative tolerance of a rank; by default machine precision times the larger size."""
    default = ctorch.finfo(A.dtype).eps * max(A.shape[-2:])
    if rtol is None:
        if isinstance(atol, ctorch.Tensor):
            rtol = ctorch.where(atol > 0, 0.0, default)
        else:
            rtol = default if not atol else 0.0
    return 0.0 if atol is None else atol, rtol


def threshold(largest, atol, rtol):
    """The larger of both tolerances, for each matrix, with a dimension for its values."""
    relative = largest * (rtol.unsqueeze(-1) if isinstance(rtol, ctorch.Tensor) and rtol.dim() else rtol)
    if isinstance(atol, ctorch.Tensor):
        return ctorch.maximum(relative, atol.unsqueeze(-1).to(relative.dtype) if atol.dim() else atol)
    return relative.clamp(min=atol) if atol else relative
