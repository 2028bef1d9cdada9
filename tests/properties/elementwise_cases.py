"""How each elementwise row is called: the public function of it, its operands and parameters."""
from dataclasses import dataclass, field

import numpy as np
from comparison import NEAR, Tolerance
from hypothesis import strategies as st
from rows import ROWS
from strategies import ALL_DTYPES, FLOATS, INTEGERS

NUMBERS = st.sampled_from([1, 2, 0, -1, 3, 7, 0.5, -0.0, 2.5, -3.0, True, False, float("inf"), float("-inf"),
                           float("nan"), 1e300, 300, -129, 2 ** 31, 2 ** 63 - 1, -2 ** 63, 1e-45, 1j, 2 - 1j])
REALS = st.sampled_from([0.0, 1.0, -1.0, 0.5, 2.0, -0.25, 3, 0, 1, float("inf"), float("nan"), 1e-3])
FEW = st.sampled_from([1, 2, -1, 0, 3, 0.5, True, 1.5 + 1j])


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
    scale: object = None                            # of the operands' arrays: the size of what a sum cancels

    @property
    def name(self):
        return self.path.rpartition(".")[2]


def largest(*terms):
    """Size of the largest term of a sum, at each element."""
    with np.errstate(all="ignore"):
        return np.max(np.broadcast_arrays(*(np.abs(t) for t in terms)), 0)


DEGREES = [0, 1, 2, 3, 4, 5, 6, 8, -1, -2]
POLYNOMIALS = ["chebyshev_polynomial_t", "chebyshev_polynomial_u", "chebyshev_polynomial_v", "chebyshev_polynomial_w",
               "shifted_chebyshev_polynomial_t", "shifted_chebyshev_polynomial_u", "shifted_chebyshev_polynomial_v",
               "shifted_chebyshev_polynomial_w", "hermite_polynomial_h", "hermite_polynomial_he",
               "laguerre_polynomial_l", "legendre_polynomial_p"]
F = "nn.functional."
REAL_DTYPES = ("bool", *INTEGERS, *FLOATS)

MIN_MAX = Tolerance(0, zeros=False)     # which of two zeros is the larger is left open


def SUM(x, y, alpha=1):
    return largest(x, y * alpha)


# Rows with arguments beside their operands, and private rows by the functions that run them.
CASES = {
    "logit": [Case("logit", params={"eps": st.sampled_from([None, 0.0, 0.1, 0.6, 1e-6, -1.0])})],
    "gelu_erf": [Case(F + "gelu")],
    "gelu_tanh": [Case(F + "gelu", params={"approximate": st.just("tanh")})],
    "softplus": [Case(F + "softplus", params={"beta": st.sampled_from([1, 0.5, 2.0, 1.5]),
                                              "threshold": st.sampled_from([20, 1.0, 0.0])})],
    "leaky_relu": [Case(F + "leaky_relu", params={"negative_slope": st.sampled_from([0.01, 0.0, 1, -0.5, 2.0])})],
    "elu": [Case(F + "elu", params={"alpha": st.sampled_from([1.0, 0.0, 2.5, -1.0])})],
    "hardtanh": [Case(F + "hardtanh", params={"min_val": st.sampled_from([-1.0, -2, 0.0]),
                                              "max_val": st.sampled_from([1.0, 3, 0.5, 0.0])})],
    "threshold": [Case(F + "threshold", params={"threshold": REALS, "value": REALS})],
    "_nan_to_num": [Case("nan_to_num", params={k: st.sampled_from([None, 0.0, 1.0, -2.5, float("inf"), 1e30])
                                               for k in ("nan", "posinf", "neginf")})],
    "add": [Case("add", 2, params={"alpha": FEW}, scale=SUM)],
    "sub": [Case("sub", 2, params={"alpha": FEW}, scale=SUM),
            Case("rsub", 2, params={"alpha": FEW}, scale=lambda x, y, alpha=1: largest(y, x * alpha))],
    "div_true": [Case("div", 2), Case("true_divide", 2)],
    "div_trunc": [Case("div", 2, params={"rounding_mode": st.just("trunc")})],
    "floor_divide": [Case("floor_divide", 2), Case("div", 2, params={"rounding_mode": st.just("floor")})],
    "pow": [Case("pow", 2), Case("float_power", 2)],
    "clone": [Case("Tensor.clone")],
    "_round": [Case("round"), Case("round", params={"decimals": st.integers(-3, 4)})],
    **{name: [Case(name, 2, tolerance=MIN_MAX)] for name in ("maximum", "minimum", "fmax", "fmin")},
    "lerp": [Case("lerp", 3, scale=lambda x, y, w: largest(x, y, x * w, y * w))],
    "_addcmul": [Case("addcmul", 3, params={"value": FEW}, scale=lambda x, a, b, value=1: largest(x, value * a * b))],
    "_addcdiv": [Case("addcdiv", 3, params={"value": FEW}, scale=lambda x, a, b, value=1: largest(x, value * a / b))],
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
    "_exponent": [Case("frexp"), Case("ldexp", 2)],
    "_polygamma": [Case("special.polygamma", lead=st.integers(-1, 4))],
    "_special_polynomial": [Case("special." + name, 2, pools={1: DEGREES}, dtypes=REAL_DTYPES)
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
