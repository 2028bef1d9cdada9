"""Classes of results with named parts: PyTorch's module ``torch.return_types``."""
from collections import namedtuple

from ctorch._composites.linalg import QR as qr
from ctorch._composites.linalg import SVD as svd
from ctorch._composites.linalg import Geqrf as geqrf
from ctorch._composites.linalg import LUUnpack as lu_unpack
from ctorch._composites.linalg import SLogDet as slogdet
from ctorch._composites.linalg import TriangularSolve as triangular_solve
from ctorch._composites.numbers import Frexp as frexp
from ctorch._composites.reductions import Extremum as _Extremum
from ctorch.linalg._common import LU as linalg_lu
from ctorch.linalg._common import QR as linalg_qr
from ctorch.linalg._common import SVD as linalg_svd
from ctorch.linalg._common import CholeskyEx as linalg_cholesky_ex
from ctorch.linalg._common import Eig as linalg_eig
from ctorch.linalg._common import Eigh as linalg_eigh
from ctorch.linalg._common import InvEx as linalg_inv_ex
from ctorch.linalg._common import LDLFactor as linalg_ldl_factor
from ctorch.linalg._common import LDLFactorEx as linalg_ldl_factor_ex
from ctorch.linalg._common import LeastSquares as linalg_lstsq
from ctorch.linalg._common import LUFactor as linalg_lu_factor
from ctorch.linalg._common import LUFactorEx as linalg_lu_factor_ex
from ctorch.linalg._common import SLogDet as linalg_slogdet
from ctorch.linalg._common import SolveEx as linalg_solve_ex

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
all_return_types = [globals()[_name] for _name in __all__ if _name != "all_return_types"]
