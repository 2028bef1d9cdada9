"""How each elementwise row is called: the public function of it, its operands and parameters."""
from dataclasses import dataclass, field

import numpy as np
import scipy.special as sp
from comparison import NEAR, Tolerance
from hypothesis import strategies as st
from references import INVERSES, airy, bessel, digamma, erfcx, i0, i1, k0, k0e, k1, k1e, lgamma, log_ndtr, ndtr
from rows import ROWS
from strategies import ALL_DTYPES, FLOATS, INTEGERS

NUMBERS = st.sampled_from([1, 2, 0, -1, 3, 7, 0.5, -0.0, 2.5, -3.0, True, False, float("inf"), float("-inf"),
                           float("nan"), 1e300, 300, -129, 2 ** 31, 2 ** 63 - 1, -2 ** 63, 1e-45, 1j, 2 - 1j])
REALS = st.sampled_from([0.0, 1.0, -1.0, 0.5, 2.0, -0.25, 3, 0, 1, float("inf"), float("nan"), 1e-3])
FEW = st.sampled_from([1, 2, -1, 0, 3, 0.5, True])


@dataclass
class Case:
    """A call of a public function that runs the row."""

    path: str
    operands: int = 1
    params: dict = field(default_factory=dict)      # keyword arguments
    lead: object = None                             # a number before the operands
    tolerance: Tolerance = NEAR
    dtypes: tuple = ALL_DTYPES
    pools: dict = field(default_factory=dict)       # values of the operand at a place
    together: bool = False                          # operands behind the first are all tensors or all numbers
    first: str = "tensor"                           # or "bool"
    precise: object = None                          # the function in double, where PyTorch's is not accurate
    scale: object = None                            # of the operands' arrays: the size of what a sum cancels

    @property
    def name(self):
        return self.path.rpartition(".")[2]


def largest(*terms):
    """Size of the largest term of a sum, at each element."""
    with np.errstate(all="ignore"):
        return np.max(np.broadcast_arrays(*(np.abs(t) for t in terms)), 0)


DEGREES = [0, 1, 2, 3, 4, 5, 6, 8, -1, -2]
# Where PyTorch comes to an end: it adds up every term below zero.
PLACES = [0, -1, -2, -3, -9, -100, 1, 2, 3, 7, 33, 0.25, 0.5, 1.5, -0.5, -2.5, -100.25, 10.5, 1e6, 1e20, np.inf, np.nan]
ORDERS = [1, 2, 3, 1.5, 1.0001, 0.5, 0, -1, -3, 10, 100, 2.5, np.inf, np.nan]
ARGUMENTS = [0, 1, -1, 0.5, -0.25, 2, 3, -3, 0.999, 100]
POLYNOMIALS = ["chebyshev_polynomial_t", "chebyshev_polynomial_u", "chebyshev_polynomial_v", "chebyshev_polynomial_w",
               "shifted_chebyshev_polynomial_t", "shifted_chebyshev_polynomial_u", "shifted_chebyshev_polynomial_v",
               "shifted_chebyshev_polynomial_w", "hermite_polynomial_h", "hermite_polynomial_he",
               "laguerre_polynomial_l", "legendre_polynomial_p"]
F = "nn.functional."
REAL_DTYPES = ("bool", *INTEGERS, *FLOATS)

MIN_MAX = Tolerance(0, zeros=False)     # which of two zeros is the larger is left open


# PyTorch's vectors and its single numbers differ in which part of a complex number is infinite and which NaN.
INFINITE = Tolerance(parts=False, zeros=False, tiny=1e-5)
# Finite by infinite is zero, as in C and Python; PyTorch has NaN.
QUOTIENT = Tolerance(parts=False, zeros=False, recovers=True)
POWER = Tolerance({"float32": 8, "float64": 16}, parts=False)


def gelu(x, **_):
    return np.where(np.isinf(x), np.maximum(x, 0) * 1.0, x * ndtr(x))


def softplus(x, beta=1, threshold=20):
    return np.where(x * beta > threshold, x, np.logaddexp(0, x * beta) / beta)


def polygamma(n, x):
    with np.errstate(all="ignore"):
        return np.where(np.isinf(x) & (x > 0) & (n > 0), 0, sp.polygamma(n, x))


def remainder(x, y):
    """NumPy's, where nothing remains with the sign of x, as PyTorch has it; beyond 2^digits PyTorch has NaN."""
    rest = np.fmod(x, y)
    return np.where(rest == 0, rest, np.remainder(x, y))


def power(x, y):
    """NumPy's, and the number itself for the first power, which logarithms do not give."""
    x, y = (v if isinstance(v, np.ndarray) else np.asarray(v, complex if isinstance(v, complex) else float)
            for v in (x, y))
    return np.where(y == 1, x, np.power(x, y))


def waves(x):
    """How high those of Ai are, which has zeros between them; far off nothing is known of their phase."""
    return np.where(x < -1e6, 1e30, np.where(x < 1, 0.5 * np.maximum(np.abs(x), 1) ** -0.25, 0))


def SUM(x, y, alpha=1):
    return largest(x, y * alpha)


# Rows with arguments beside their operands, and private rows by the functions that run them.
CASES = {
    "logit": [Case("logit", params={"eps": st.sampled_from([None, 0.0, 0.1, 0.6, 1e-6, -1.0])})],
    "gelu_erf": [Case(F + "gelu", precise=gelu, scale=np.abs, tolerance=Tolerance(tiny=2))],
    "gelu_tanh": [Case(F + "gelu", params={"approximate": st.just("tanh")}, scale=lambda x, **_: np.abs(x))],
    "sigmoid": [Case("sigmoid", tolerance=Tolerance(tiny=2, parts=False))],
    "silu": [Case(F + "silu", tolerance=Tolerance(tiny=1024, parts=False))],
    "mish": [Case(F + "mish", tolerance=Tolerance(16))],
    "softplus": [Case(F + "softplus", params={"beta": st.sampled_from([1, 0.5, 2.0, 1.5]),
                                              "threshold": st.sampled_from([20, 1.0, 0.0])},
                      precise=softplus)],
    **{name: [Case(name, 2, tolerance=INFINITE)] for name in ("mul", "hypot")},
    "reciprocal": [Case("reciprocal", tolerance=QUOTIENT)],
    **{name: [Case(name, tolerance=INFINITE)] for name in (
        "neg", "sgn", "square", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt",
        "sin", "cos", "tan", "tanh", "sinc")},
    **{name: [Case(name, tolerance=INFINITE, precise=function)] for name, function in INVERSES.items()},
    "i0": [Case("i0", precise=i0)],
    "lgamma": [Case("lgamma", precise=lgamma)],
    "digamma": [Case("digamma", tolerance=Tolerance(16, atol=8), precise=digamma)],
    "special_ndtr": [Case("special.ndtr", tolerance=Tolerance({"float64": 8}), precise=ndtr)],
    "special_log_ndtr": [Case("special.log_ndtr", tolerance=Tolerance(32), precise=log_ndtr)],
    "special_zeta": [Case("special.zeta", 2, tolerance=Tolerance(64, tiny=2, recovers=True), precise=sp.zeta,
                          pools={0: ORDERS, 1: PLACES})],
    "igamma": [Case("igamma", 2, tolerance=Tolerance(256, tiny=2), precise=sp.gammainc)],
    "igammac": [Case("igammac", 2, tolerance=Tolerance(256, tiny=2), precise=sp.gammaincc)],
    "special_airy_ai": [Case("special.airy_ai", tolerance=Tolerance(16, tiny=2, recovers=True), precise=airy,
                             scale=waves)],
    **{f"special_{name}": [Case(f"special.{name}", tolerance=Tolerance(16, tiny=2, zeros=name[:2] != "i1"),
                               precise=function)]
       for name, function in (("modified_bessel_k0", k0), ("modified_bessel_k1", k1), ("i0e", sp.i0e),
                              ("scaled_modified_bessel_k0", k0e), ("scaled_modified_bessel_k1", k1e),
                              ("i1", i1), ("i1e", sp.i1e), ("erfcx", erfcx))},
    **{f"special_bessel_{name}": [Case(f"special.bessel_{name}", tolerance=Tolerance(8, atol=4),
                                       precise=bessel(name))] for name in ("j0", "j1", "y0", "y1")},
    **{name: [Case(name, 2, dtypes=REAL_DTYPES, scale=lambda x, y: np.abs(np.fmax(x, y)))]
       for name in ("logaddexp", "logaddexp2")},
    **{name: [Case(name, tolerance=INFINITE, precise=getattr(np, name), dtypes=REAL_DTYPES),
              Case(name, tolerance=INFINITE, dtypes=("complex64", "complex128"))] for name in ("cosh", "sinh")},
    "fmod": [Case("fmod", 2, precise=np.fmod)],
    "remainder": [Case("remainder", 2, precise=remainder)],
    "leaky_relu": [Case(F + "leaky_relu", params={"negative_slope": st.sampled_from([0.01, 0.0, 1, -0.5, 2.0])})],
    "elu": [Case(F + "elu", params={"alpha": st.sampled_from([1.0, 0.0, 2.5, -1.0])},
                 tolerance=Tolerance(zeros=False))],
    "hardtanh": [Case(F + "hardtanh", params={"min_val": st.sampled_from([-1.0, -2, 0.0]),
                                              "max_val": st.sampled_from([1.0, 3, 0.5, 0.0])})],
    "threshold": [Case(F + "threshold", params={"threshold": REALS, "value": REALS})],
    "_nan_to_num": [Case("nan_to_num", params={k: st.sampled_from([None, 0.0, 1.0, -2.5, float("inf"), 1e30])
                                               for k in ("nan", "posinf", "neginf")})],
    "add": [Case("add", 2, params={"alpha": FEW}, scale=SUM, tolerance=INFINITE)],
    "sub": [Case("sub", 2, params={"alpha": FEW}, scale=SUM, tolerance=INFINITE),
            Case("rsub", 2, params={"alpha": FEW}, tolerance=INFINITE,
                 scale=lambda x, y, alpha=1: largest(y, x * alpha))],
    "div_true": [Case("div", 2, tolerance=QUOTIENT), Case("true_divide", 2, tolerance=QUOTIENT)],
    "div_trunc": [Case("div", 2, params={"rounding_mode": st.just("trunc")}, tolerance=QUOTIENT)],
    "floor_divide": [Case("floor_divide", 2),
                     Case("div", 2, params={"rounding_mode": st.just("floor")}, tolerance=QUOTIENT)],
    "pow": [Case(name, 2, tolerance=POWER, precise=power) for name in ("pow", "float_power")],
    "clone": [Case("Tensor.clone")],
    "_round": [Case("round"), Case("round", params={"decimals": st.integers(-3, 4)})],
    **{name: [Case(name, 2, tolerance=MIN_MAX)] for name in ("maximum", "minimum", "fmax", "fmin")},
    "lerp": [Case("lerp", 3, tolerance=INFINITE, scale=lambda x, y, w: largest(x, y, x * w, y * w))],
    "_addcmul": [Case("addcmul", 3, tolerance=INFINITE, params={"value": FEW},
                      scale=lambda x, a, b, value=1: largest(x, value * a * b))],
    "_addcdiv": [Case("addcdiv", 3, tolerance=INFINITE, params={"value": FEW},
                      scale=lambda x, a, b, value=1: largest(x, value * a / b))],
    "clamp_both": [Case("clamp", 3, together=True, tolerance=MIN_MAX)],
    "clamp_low": [Case("clamp_min", 2, tolerance=MIN_MAX)],
    "clamp_high": [Case("clamp_max", 2, tolerance=MIN_MAX)],
    "_where": [Case("where", 3, first="bool")],
    "_bitwise_not": [Case("bitwise_not")],
    "_conj": [Case("conj_physical")],
    "_heaviside": [Case("heaviside", 2)],
    "_nextafter": [Case("nextafter", 2)],
    "_phase": [Case("angle")],
    "_mantissa": [Case("frexp")],
    "_exponent": [Case("frexp"), Case("ldexp", 2, tolerance=POWER, precise=lambda x, y: x * power(2.0, y))],
    "_polygamma": [Case("special.polygamma", lead=st.integers(-1, 4),
                        tolerance=Tolerance(64, atol=8, tiny=2, zeros=False, recovers=True),
                        precise=polygamma, pools={0: PLACES})],
    "_special_polynomial": [Case("special." + name, 2, pools={0: ARGUMENTS, 1: DEGREES}, dtypes=REAL_DTYPES,
                                 tolerance=Tolerance(512, atol=512, zeros=False, recovers=True))
                            for name in POLYNOMIALS],
}


def cases_of(name):
    """The calls that drive a row."""
    if name in CASES:
        return CASES[name]
    row = ROWS[name]
    path = row.get("torch", name).removeprefix("torch.")
    return [Case(path, row["args"].count("Tensor"))]


DRIVEN = [name for name, row in ROWS.items() if row["kind"] == "elementwise"]
