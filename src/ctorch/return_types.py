"""Classes of results with named parts: PyTorch's module ``torch.return_types``."""
from collections import namedtuple

from ctorch._composites import linalg as _former
from ctorch._composites.numbers import Frexp as frexp
from ctorch._composites.reductions import Extremum as _Extremum
from ctorch.linalg import _common as _linalg

__all__ = ["all_return_types", "aminmax", "cummax", "cummin", "frexp", "geqrf", "histogram", "histogramdd", "kthvalue",
           "linalg_cholesky_ex", "linalg_eig", "linalg_eigh", "linalg_inv_ex", "linalg_ldl_factor",
           "linalg_ldl_factor_ex", "linalg_lstsq", "linalg_lu", "linalg_lu_factor", "linalg_lu_factor_ex", "linalg_qr",
           "linalg_slogdet", "linalg_solve_ex", "linalg_svd", "lu_unpack", "max", "median", "min", "mode", "nanmedian",
           "qr", "slogdet", "sort", "svd", "topk", "triangular_solve"]

max, min = _Extremum["max"], _Extremum["min"]
cummax = namedtuple("cummax", "values indices")
cummin = namedtuple("cummin", "values indices")
kthvalue = namedtuple("kthvalue", "values indices")
median = namedtuple("median", "values indices")
mode = namedtuple("mode", "values indices")
nanmedian = namedtuple("nanmedian", "values indices")
sort = namedtuple("sort", "values indices")
topk = namedtuple("topk", "values indices")
aminmax = namedtuple("aminmax", "min max")
histogram = namedtuple("histogram", "hist bin_edges")
histogramdd = namedtuple("histogramdd", "hist bin_edges")
linalg_cholesky_ex, linalg_eig, linalg_eigh, linalg_inv_ex = (
    _linalg.CholeskyEx, _linalg.Eig, _linalg.Eigh, _linalg.InvEx)
linalg_ldl_factor, linalg_ldl_factor_ex, linalg_lstsq, linalg_lu = (
    _linalg.LDLFactor, _linalg.LDLFactorEx, _linalg.LeastSquares, _linalg.LU)
linalg_lu_factor, linalg_lu_factor_ex, linalg_qr, linalg_slogdet = (
    _linalg.LUFactor, _linalg.LUFactorEx, _linalg.QR, _linalg.SLogDet)
linalg_solve_ex, linalg_svd = _linalg.SolveEx, _linalg.SVD
geqrf, lu_unpack, qr, slogdet, svd, triangular_solve = (
    _former.Geqrf, _former.LUUnpack, _former.QR, _former.SLogDet, _former.SVD, _former.TriangularSolve)
all_return_types = [globals()[_name] for _name in __all__ if _name != "all_return_types"]
