"""Every elementwise row of the table that the signature lets one call, in four layouts; then other dtypes."""
import tomllib
from pathlib import Path

import ctorch

from .case import LAYOUTS, SHAPES, Case, Input, matrix

# Where a row is defined, or where it is steep; -3 to 3 otherwise.
DOMAINS = {
    "logit": (0.05, 0.95), "acosh": (1.1, 4), "asin": (-0.95, 0.95), "acos": (-0.95, 0.95), "atanh": (-0.95, 0.95),
    "erfinv": (-0.95, 0.95), "log": (0.1, 9), "log2": (0.1, 9), "log10": (0.1, 9), "log1p": (-0.5, 9), "sqrt": (0.1, 9),
    "rsqrt": (0.1, 9), "lgamma": (0.1, 9), "digamma": (0.1, 9), "pow": (0.1, 3), "xlogy": (0.1, 3),
    "special_xlog1py": (0.1, 3), "special_zeta": (1.1, 5), "igamma": (0.1, 5), "igammac": (0.1, 5),
    "special_ndtri": (0.05, 0.95), "special_entr": (0.1, 3), "special_bessel_y0": (0.1, 9),
    "special_bessel_y1": (0.1, 9), "special_bessel_j0": (-9, 9), "special_bessel_j1": (-9, 9),
    "special_modified_bessel_k0": (0.1, 9), "special_modified_bessel_k1": (0.1, 9), "special_airy_ai": (-9, 9),
    "special_scaled_modified_bessel_k0": (0.1, 9), "special_scaled_modified_bessel_k1": (0.1, 9),
    "special_spherical_bessel_j0": (0.1, 9), "sin": (-20, 20), "cos": (-20, 20), "tan": (-20, 20),
    "_trigamma": (0.1, 9), "_polygamma": (0.1, 9),
}
# Rows that have no public name of their own, or further arguments.
SPELLED = {
    "gelu_erf": "F.gelu(x)", "gelu_tanh": "F.gelu(x, approximate='tanh')", "threshold": "F.threshold(x, 0.5, 1.0)",
    "_nan_to_num": "torch.nan_to_num(x)", "div_true": "x / y", "div_trunc": "torch.div(x, y, rounding_mode='trunc')",
    "_round": "torch.round(x)", "_addcmul": "torch.addcmul(x, y, z)", "_addcdiv": "torch.addcdiv(x, y, z)",
    "clamp_both": "x.clamp(-1, 1)", "clamp_low": "x.clamp(min=y)", "clamp_high": "x.clamp(max=0.5)",
    "_where": "torch.where(b, x, y)", "_bitwise_not": "~i", "_heaviside": "torch.heaviside(x, y)",
    "_nextafter": "torch.nextafter(x, y)", "_phase": "torch.angle(x)", "_mantissa": "torch.frexp(x)",
    "_polygamma": "torch.polygamma(2, x)", "_conj": "torch.conj_physical(c)",
    "softshrink": "F.softshrink(x)", "clone": "x.clone()", "_trigamma": "torch.polygamma(1, x)",
    "_celu": "F.celu(x, 2.0)", "_special_polynomial": "torch.special.legendre_polynomial_p(x, 5)",
}
# Those that come with other rows.
HERE = {"_binary_cross_entropy", "_binary_cross_entropy_with_logits", "_exponent", "_excess", "_glu", "_add_scaled",
        "_huber", "_soft_margin", "_renorm_factor"}
# Slow enough in either library that a tenth of the largest size says as much.
SLOW = {"igamma", "igammac", "special_zeta", "_polygamma", "special_airy_ai", "_special_polynomial", "digamma"}
SLOW_SHAPE = (1000, 1000)
SCALARS = ["x + 2", "2 - x", "x * 0.5", "x / 3", "x ** 2", "x ** 3", "x ** 0.5", "x > 0", "x % 2",
           "torch.clamp(x, min=0)", "torch.add(x, y, alpha=2)", "torch.lerp(x, y, 0.3)", "x.to(torch.float64)",
           "x.to(torch.int64)", "x.half()", "torch.where(b, x, 0.0)", "torch.isclose(x, y)",
           "torch.float_power(x.abs(), 1.5)", "x.masked_fill(b, 0.0)"]
INPLACE_TEXTS = ["w.add_(x)", "w.mul_(1.0)", "w.copy_(x)", "w.fill_(1.0)", "w.zero_()", "torch.exp(x, out=w)"]
WHOLE = ["i + j", "i * j", "i // k", "i % k", "i == j", "i.abs()", "i.clamp(-5, 5)", "torch.maximum(i, j)", "i / k",
         "i.to(torch.float32)", "torch.pow(i, 2)", "-i"]
HALF = ["x + y", "x * y", "x.exp()", "x.tanh()", "x.sigmoid()", "F.gelu(x)", "x.abs()", "x > y", "x.float()",
        "F.silu(x)", "torch.where(x > 0, x, y)", "x.sin()", "x.sqrt()", "x.log()"]
DOUBLE = ["x + y", "x / y", "x.exp()", "x.log()", "x.sin()", "x.tanh()", "x.sqrt()", "torch.pow(x, y)", "x.erf()",
          "torch.atan2(x, y)", "x.lgamma()", "x.float()"]
COMPLEX = ["c + d", "c * d", "c / d", "c.abs()", "c.angle()", "c.exp()", "c.log()", "c.sqrt()", "c.sin()", "c.tanh()",
           "torch.conj_physical(c)", "c == d", "c.reciprocal()", "torch.polar(x, y)", "torch.complex(x, y)", "c.sgn()"]
LOGICAL = ["a & b", "a | b", "a ^ b", "~a", "a.to(torch.float32)", "torch.logical_and(x, y)"]


def rows():
    """The elementwise rows of the table, by name, as the installed package has them."""
    for path in sorted((Path(ctorch.__file__).parent / "ops").glob("*.toml")):
        for name, row in tomllib.loads(path.read_text()).items():
            if row["kind"] == "elementwise":
                yield name, row


def statement(name, row):
    """How the row is called, or None where another row brings it along."""
    if name in SPELLED:
        return SPELLED[name]
    if name in HERE:
        return None
    letters = "x y z" if set(row["dtypes"].split()) & {"float"} else "i j k"
    count = sum("Tensor" in arg for arg in row["args"].split(","))
    function = row.get("torch", f"torch.{name}")
    return f"{function.replace('torch.nn.functional', 'F')}({', '.join(letters.split()[:count])})"


def family(name, row):
    count = sum("Tensor" in arg for arg in row["args"].split(","))
    of_row = row.get("family", "arithmetic")
    if of_row in ("special", "comparison", "activation"):
        return {"activation": "activations"}.get(of_row, of_row)
    if "bitwise" in name or name in ("gcd", "lcm"):
        return "bitwise"
    if name == "_conj":
        return "complex"
    return "unary" if count == 1 else "binary"


def inputs(shape, layout, low=-3.0, high=3.0, dtype="float32"):
    """Every name that a statement may use; only those in it are made."""
    def of(low, high, dtype="float32", **options):
        return Input(shape, low, high, dtype, layout, **options)

    second = {"column": True, "seed": 1}
    return {
        "x": of(low, high, dtype), "y": of(low, high, dtype, **second), "z": of(0.2, 1.0, dtype, seed=2),
        "i": of(-9, 9, "int64"), "j": of(0, 9, "int64", **second), "k": of(1, 9, "int64", seed=2),
        "a": of(0, 1, "bool"), "b": of(0, 1, "bool", **second),
        "c": of(-1.5, 1.5, "complex64"), "d": of(0.2, 1.5, "complex64", **second),
    }


def others(family, texts, low=-3.0, high=3.0, sizes=(1_000, 100_000), layouts=LAYOUTS, dtype="float32"):
    for size in sizes:
        for layout in layouts:
            given = inputs(SHAPES[size], layout, low, high, dtype)
            for text in texts:
                yield Case(family, text, given, size, layout,
                           label="" if dtype == "float32" else f"{text}, {dtype}")


def outputs(size):
    return lambda torch: {"w": torch.zeros(SHAPES[size])}


def cases():
    for size in SHAPES:
        for layout in LAYOUTS:
            for name, row in rows():
                if (text := statement(name, row)) is None:
                    continue
                shape = SLOW_SHAPE if name in SLOW and size > 10**6 else SHAPES[size]
                given = inputs(shape, layout, *DOMAINS.get(name, (-3.0, 3.0)))
                yield Case(family(name, row), text, given, shape[0] * shape[1], layout)
    yield from others("scalars and casts", SCALARS, 0.1, 3.0, sizes=SHAPES)
    yield from others("integers", WHOLE)
    yield from others("integers", WHOLE, sizes=[10_000_000], layouts=["contiguous"])
    yield from others("logical", LOGICAL, sizes=SHAPES)
    for dtype in ("float16", "bfloat16"):
        yield from others("half", HALF, 0.1, 3.0, dtype=dtype)
        yield from others("half", HALF, 0.1, 3.0, sizes=[10_000_000], layouts=["contiguous"], dtype=dtype)
    yield from others("double", DOUBLE, 0.1, 3.0, dtype="float64", sizes=SHAPES, layouts=["contiguous"])
    yield from others("complex", COMPLEX)
    yield from others("complex", COMPLEX, sizes=[10_000_000], layouts=["contiguous"])
    for size in SHAPES:
        for layout in LAYOUTS:
            for text in INPLACE_TEXTS:
                yield Case("in place", text, {"x": matrix(size, low=0.0, high=0.5, layout=layout)}, size, layout,
                           values=outputs(size))
