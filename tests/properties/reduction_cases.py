"""How each reduction and scan is called: the dimensions it takes, its other arguments, and how far its sums may err."""
from dataclasses import dataclass, field

import numpy as np
from comparison import EXACT, NEAR, Tolerance
from hypothesis import strategies as st
from strategies import DTYPES, FLOATS, INTEGERS, DType

REAL = ("bool", *INTEGERS, *FLOATS)


@dataclass
class Case:
    """A call of a reduction or scan."""

    path: str
    dim: str = "many"           # "many", "one", "none" (it takes none), with "!" where it must be given
    keepdim: bool = True
    params: dict = field(default_factory=dict)
    tolerance: Tolerance = NEAR
    scale: object = None        # of the values, the axes and keepdims: the size of what is summed
    precise: object = None      # of the same, and the other arguments, where PyTorch's sums are not accurate
    dtypes: tuple = DTYPES
    casts: bool = False         # takes dtype=
    min_dims: int = 0

    @property
    def name(self):
        return self.path.rpartition(".")[2]


def sums(x, axis, keepdims):
    return np.sum(np.abs(x), axis, keepdims=keepdims)


def means(x, axis, keepdims):
    return np.mean(np.abs(x), axis, keepdims=keepdims)


def squares(x, axis, keepdims):
    return np.mean(np.square(np.abs(x), dtype=np.float64), axis, keepdims=keepdims)


def roots(x, axis, keepdims):
    """A size at which the root of a sum of squares is rounded, also where the squares are subnormal."""
    whole = squares(x, axis, keepdims)
    return np.where(whole < 1e-307, 1e-146, np.sqrt(whole))


def mean(x, axis, keepdims, correction=1):
    """In the longest floats there are, as are those of deviations from it."""
    return np.mean(x.astype(np.clongdouble if x.dtype.kind == "c" else np.longdouble), axis, keepdims=keepdims)


def variance(x, axis, keepdims, correction=1):
    far = np.abs(x - mean(x, axis, True)) ** 2
    total = np.sum(far, axis, keepdims=keepdims)
    return total / max(far.size / max(total.size, 1) - correction, 0)


def deviation(*arguments):
    return np.sqrt(variance(*arguments))


def sizes(x, axis, keepdims):
    """The largest size, at least one."""
    return np.max(np.abs(x), axis, keepdims=keepdims, initial=1)


def products(x, axis, keepdims):
    """Infinite where a product of some of the numbers leaves the range, for then the order of factors counts."""
    size = np.abs(x).astype(np.longdouble)
    size = np.where(np.isfinite(size), size, 1)
    up = np.prod(np.where(size > 1, size, 1), axis, keepdims=keepdims)
    down = np.prod(np.where((size < 1) & (size > 0), size, 1), axis, keepdims=keepdims)
    return np.where((up > 1e38) | (down < 1e-37), np.inf, 0)


def running(function):
    """Scans: the size of the whole line serves every place of it."""
    def scale(x, axis, keepdims):
        return np.broadcast_to(function(x, axis, True), x.shape)
    return scale


CASTS = st.sampled_from([None, DType("float32"), DType("float64"), DType("int64"), DType("int32"), DType("complex64"),
                         DType("float16"), DType("bool")])
CORRECTION = {"correction": st.sampled_from([0, 1, 2, 0.5, 7])}
# Elements that lie at one place are alike, and so are the errors where they are added one after the other.
SUM = Tolerance({"float16": 2, "bfloat16": 2, "float32": 32, "float64": 32}, zeros=False, parts=False)
LOOSE = Tolerance({"float16": 4, "bfloat16": 4, "float32": 32, "float64": 64}, zeros=False, parts=False)
EXTREMUM = Tolerance(0, zeros=False)
ORDERS = st.sampled_from([None, "fro", 0, 1, 2, 3, float("inf"), float("-inf"), -1, 0.5])
Q = st.sampled_from([0.0, 1.0, 0.5, 0.25, 0.3333333, 0.9, -0.1, 1.5])

# By row; private rows by the public functions that run them.
CASES = {
    "sum": [Case("sum", casts=True, tolerance=SUM, scale=sums)],
    "mean": [Case("mean", casts=True, tolerance=SUM, scale=means)],
    "prod": [Case("prod", "one", casts=True, tolerance=SUM, scale=products)],
    "amax": [Case("amax", tolerance=EXTREMUM)],
    "amin": [Case("amin", tolerance=EXTREMUM)],
    "any": [Case("any")],
    "all": [Case("all")],
    "nansum": [Case("nansum", casts=True, tolerance=SUM, scale=lambda x, a, k: sums(np.nan_to_num(x), a, k))],
    "nanmean": [Case("nanmean", casts=True, tolerance=SUM, scale=lambda x, a, k: sums(np.nan_to_num(x), a, k))],
    # PyTorch adds up those of complex numbers one after another.
    "var": [Case("var", params=CORRECTION, tolerance=LOOSE, scale=squares, precise=variance)],
    "std": [Case("std", params=CORRECTION, tolerance=LOOSE, scale=roots, precise=deviation)],
    "var_mean": [Case("var_mean", params=CORRECTION, tolerance=LOOSE, scale=lambda *a: squares(*a) + means(*a),
                      precise=lambda *a: (variance(*a), mean(*a)))],
    "std_mean": [Case("std_mean", params=CORRECTION, tolerance=LOOSE, scale=lambda *a: roots(*a) + means(*a),
                      precise=lambda *a: (deviation(*a), mean(*a)))],
    "logsumexp": [Case("logsumexp", "many!", tolerance=SUM, scale=sizes)],
    "norm": [Case("norm", params={"p": ORDERS}, tolerance=LOOSE, casts=True, scale=lambda x, a, k: products(x, a, k))],
    "count_nonzero": [Case("count_nonzero", keepdim=False)],
    "max": [Case("max", "one", tolerance=EXTREMUM)],
    "min": [Case("min", "one", tolerance=EXTREMUM)],
    "argmax": [Case("argmax", "one")],
    "argmin": [Case("argmin", "one")],
    "aminmax": [Case("aminmax", "one", tolerance=EXTREMUM)],
    "quantile": [Case("quantile", "one", tolerance=SUM, scale=sizes)],
    "nanquantile": [Case("nanquantile", "one", tolerance=SUM, scale=lambda x, a, k: sizes(np.nan_to_num(x), a, k))],
    "cumsum": [Case("cumsum", "one!", False, casts=True, tolerance=SUM, scale=running(sums))],
    "cumprod": [Case("cumprod", "one!", False, casts=True, tolerance=LOOSE, scale=running(products))],
    "cummax": [Case("cummax", "one!", False, tolerance=EXACT, dtypes=REAL)],
    "cummin": [Case("cummin", "one!", False, tolerance=EXACT, dtypes=REAL)],
    "logcumsumexp": [Case("logcumsumexp", "one!", False, tolerance=SUM, scale=running(sizes), dtypes=REAL)],
    "diff": [Case("diff", "one", False, params={"n": st.integers(-1, 3)}, tolerance=Tolerance(parts=False))],
    "trapezoid": [Case("trapezoid", "one", False, params={"dx": st.sampled_from([1.0, 2, 0.5])}, tolerance=SUM,
                       scale=lambda x, a, k: 2 * sums(x, a, k))],
    "cumulative_trapezoid": [Case("cumulative_trapezoid", "one", False, params={"dx": st.sampled_from([1.0, 2, 0.5])},
                                  tolerance=SUM, scale=lambda x, a, k: 2 * np.max(sums(x, a, True), initial=0))],
    "gradient": [Case("gradient", "many", False, dtypes=DTYPES[1:], params={"spacing": st.sampled_from([1, 2.0, 0.5]),
                                                         "edge_order": st.sampled_from([1, 2])}, tolerance=SUM,
                      scale=lambda x, a, k: 4 * np.max(np.abs(x), initial=0))],
    "softmax": [Case("softmax", "one!", False, casts=True, tolerance=SUM, scale=lambda x, a, k: np.ones(()))],
    "log_softmax": [Case("log_softmax", "one!", False, casts=True, tolerance=SUM, scale=running(sizes))],
}
# Private rows that these run.
THROUGH = {"_norm_1": "norm", "_norm_2": "norm", "_norm_inf": "norm", "_moments": "var", "_root_moments": "std",
           "_logsumexp": "logsumexp", "_extremum": "max", "_cumsum": "cumsum", "_cumprod": "cumprod",
           "_cumextremum": "cummax",
           "_logcumsumexp": "logcumsumexp", "_extent": "aminmax"}
DRIVEN = [*CASES, *THROUGH]
