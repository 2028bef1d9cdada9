"""Sparse matrices by rows (CSR) whose values are a tensor, and the solution of equations with them."""
from ctorch.scipy.sparse import linalg
from ctorch.scipy.sparse._matrices import csr_array
from ctorch.scipy.sparse.linalg import bicgstab, cg, gmres, spsolve

__all__ = ["bicgstab", "cg", "csr_array", "gmres", "linalg", "spsolve"]
