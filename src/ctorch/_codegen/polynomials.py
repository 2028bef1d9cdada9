"""Minimax polynomials of _kernels/vmath.h: `python polynomials.py > ../_kernels/vmath_poly.h` (needs mpmath).

Each row is fitted by the Remez exchange on |weight(x) * (f(x) - p(x))|. The rows leave the leading term of
the function out (it is exact in the caller); coefficients are rounded from the lowest power up and the rest
fitted again.
"""

import re
import sys

import mpmath as mp

mp.mp.dps = 50
LN2, PI = mp.log(2), mp.pi


def remez(f, weight, a, b, degree):
    """Coefficients, low power first, of the best polynomial on [a, b]."""
    size = degree + 2
    a += (b - a) / 10**6 if weight(a) == 0 else 0
    points = [(a + b) / 2 - (b - a) / 2 * mp.cos(PI * i / (size - 1)) for i in range(size)]
    grid = [
        (a + b) / 2 - (b - a) / 2 * mp.cos(PI * (i + mp.mpf(1) / 2) / (16 * size)) for i in range(16 * size)
    ]
    values = [(x, f(x), weight(x)) for x in [a, *grid, b]]
    for _ in range(12):
        rows = [[weight(x) * x**k for k in range(size - 1)] + [(-1) ** i] for i, x in enumerate(points)]
        *coefficients, level = mp.lu_solve(mp.matrix(rows), mp.matrix([weight(x) * f(x) for x in points]))
        errors = [(w * (y - mp.polyval(coefficients[::-1], x)), x) for x, y, w in values]
        peaks = []  # the largest error of each run of one sign: where the next points go
        for error, x in errors:
            if peaks and (error > 0) == (peaks[-1][0] > 0):
                peaks[-1] = max(peaks[-1], (error, x), key=lambda p: abs(p[0]))
            else:
                peaks.append((error, x))
        while len(peaks) > size:
            peaks.pop(0 if abs(peaks[0][0]) < abs(peaks[-1][0]) else -1)
        worst = max(abs(e) for e, _ in errors)
        if len(peaks) < size or worst < abs(level) * mp.mpf("1.01"):
            break
        points = [x for _, x in peaks]
    return coefficients


def rounded(value, bits):
    with mp.workprec(bits):
        return +mp.mpf(value)


def error_of(coefficients, f, weight, a, b, count=400):
    """The largest weighted error on a grid of [a, b]."""
    xs = [a + (b - a) * (i + mp.mpf(1) / 2) / count for i in range(count)]
    return max(abs(weight(x) * (f(x) - mp.polyval(coefficients[::-1], x))) for x in xs)


def fit(f, weight, a, b, degree, bits):
    """`remez` with coefficients of `bits` bits: the first few rounded one by one, the others fitted again."""
    fixed, best = [], None
    for k in range(min(degree, 5)):

        def rest(x, fixed=tuple(fixed)):
            return (f(x) - mp.polyval(fixed[::-1], x)) / x ** len(fixed)

        free = remez(series(rest), lambda x, k=k: weight(x) * abs(x) ** k, a, b, degree - k)
        coefficients = [*fixed, *(rounded(c, bits) for c in free)]
        best = min([best or coefficients, coefficients], key=lambda c: error_of(c, f, weight, a, b, 100))
        fixed.append(rounded(free[0], bits))
    return best


def series(f):
    """f, which divides by a power of x, with 0 replaced by a number near it and digits to spare."""

    def safe(x):
        x = x if x else mp.mpf(10) ** -40
        with mp.workdps(140):
            return f(x)

    return safe


def sqrt_series(f):
    """f as a function of u = x * x."""
    return series(lambda u: f(mp.sqrt(u)))


def erfcx(x):
    return mp.exp(x * x) * mp.erfc(x)


def one(x):
    return mp.mpf(1)


def shifted(k):
    """x of t = (x - k) / (x + k), which maps [0, inf) on [-1, 1)."""
    return lambda t: k * (1 + t) / (1 - t)


def erfinv_ratio(w):
    """erfinv(x) / x as a function of w = -log(1 - x^2): smooth up to the ends."""
    x = mp.sqrt(-mp.expm1(-w))
    return mp.erfinv(x) / x if w else mp.sqrt(PI) / 2


def centred(f, middle):
    return lambda t: f(t + mp.mpf(middle))


R, S2 = LN2 / 2 * mp.mpf("1.002"), (PI / 2 * mp.mpf("1.002")) ** 2
T2 = (PI / 4 * mp.mpf("1.002")) ** 2
EXP = series(lambda r: (mp.expm1(r) - r) / r**2)
LOG = series(lambda f: (mp.log1p(f) - f) / f**2)
ATANH = sqrt_series(lambda s: (2 * mp.atanh(s) / s - 2) / s**2)
SIN = sqrt_series(lambda r: (mp.sin(r) / r - 1) / r**2)
COS = sqrt_series(lambda r: (mp.cos(r) - 1 + r * r / 2) / r**4)
TAN = sqrt_series(lambda r: (mp.tan(r) / r - 1) / r**2)
ASIN = sqrt_series(lambda s: (mp.asin(s) / s - 1) / s**2)
ATAN = sqrt_series(lambda s: (mp.atan(s) / s - 1) / s**2)
TANH = sqrt_series(lambda s: (mp.tanh(s) / s - 1) / s**2)
SINH = sqrt_series(lambda s: (mp.sinh(s) / s - 1) / s**2)
ERF = sqrt_series(lambda x: mp.erf(x) / x - 1)
ERFC, ERFC3 = shifted(mp.mpf(4)), shifted(mp.mpf(3))
SQRT2 = mp.sqrt(2)


def scaled_erfcx(t):
    """(1 + 2y) e^(y^2) erfc(y) of t = (y-4)/(y+4), up to infinity."""
    return (1 + 2 * ERFC(t)) * erfcx(ERFC(t)) if t < 1 - mp.mpf(10) ** -12 else 2 / mp.sqrt(PI)


# name: (what it stands for, f, weight, a, b, degree, type)
ROWS = {
    "exp_f32": ("(e^x - 1 - x) / x^2", EXP, lambda r: abs(r), -R, R * 1.0001, 4, "float"),
    "expm1_f32": ("(e^x - 1 - x) / x^2", EXP, lambda r: abs(r), -R, R * 1.0001, 5, "float"),
    "log_f32": (
        "(log(1+x) - x) / x^2",
        LOG,
        lambda f: abs(f),
        -mp.mpf(1) / 3,
        mp.mpf(1) / 3 * 1.0001,
        8,
        "float",
    ),
    "sin_f32": ("(sin(r)/r - 1) / x, x = r^2", SIN, lambda u: u, 0, S2, 4, "float"),
    "tan_f32": ("(tan(r)/r - 1) / x, x = r^2", TAN, lambda u: u, 0, T2, 6, "float"),
    "asin_f32": ("(asin(s)/s - 1) / x, x = s^2", ASIN, lambda u: u, 0, mp.mpf(1) / 4, 4, "float"),
    "atan_f32": ("(atan(s)/s - 1) / x, x = s^2", ATAN, lambda u: u, 0, mp.mpf("0.2501"), 5, "float"),
    "sinh_f32": ("(sinh(s)/s - 1) / x, x = s^2", SINH, lambda u: u, 0, mp.mpf("1.001"), 3, "float"),
    "erf_f32": ("erf(s)/s - 1, x = s^2", ERF, one, 0, mp.mpf("0.9"), 6, "float"),
    "erf_tail_f32": (
        "-log(erfc(x))",
        lambda x: -mp.log(mp.erfc(x)),
        mp.erfc,
        mp.mpf("0.9"),
        mp.mpf(4),
        6,
        "float",
    ),
    "exp_f64": ("(e^x - 1 - x) / x^2", EXP, lambda r: abs(r), -R, R * 1.0001, 9, "double"),
    "expm1_f64": ("(e^x - 1 - x) / x^2", EXP, lambda r: abs(r), -R, R * 1.0001, 10, "double"),
    "log_f64": (
        "(log((1+s)/(1-s))/s - 2) / x, x = s^2",
        ATANH,
        lambda u: u,
        0,
        (3 - 2 * SQRT2) ** 2 * 1.01,
        6,
        "double",
    ),
    "sin_f64": ("(sin(r)/r - 1) / x, x = r^2", SIN, lambda u: u, 0, S2, 7, "double"),
    "tan_sin_f64": ("(sin(r)/r - 1) / x, x = r^2", SIN, lambda u: u, 0, T2, 6, "double"),
    "tan_cos_f64": ("(cos(r) - 1 + x/2) / x^2, x = r^2", COS, lambda u: u * u, 0, T2, 6, "double"),
    "asin_f64": ("(asin(s)/s - 1) / x, x = s^2", ASIN, lambda u: u, 0, mp.mpf(1) / 4, 12, "double"),
    "atan_f64": ("(atan(s)/s - 1) / x, x = s^2", ATAN, lambda u: u, 0, (SQRT2 - 1) ** 2 * 1.01, 10, "double"),
    "erf_f64": ("erf(s)/s - 1, x = s^2", ERF, one, 0, mp.mpf(1), 12, "double"),
    "tanh_f32": ("(tanh(s)/s - 1) / x, x = s^2", TANH, lambda u: u, 0, mp.mpf("0.36"), 4, "float"),
    "tanh_f64": ("(tanh(s)/s - 1) / x, x = s^2", TANH, lambda u: u, 0, mp.mpf("0.36"), 10, "double"),
    "erf_tail_f64": (
        "e^(y^2) erfc(y), x = (y-3)/(y+3)",
        lambda t: erfcx(ERFC3(t)),
        lambda t: mp.exp(-(ERFC3(t) ** 2)),
        mp.mpf("-0.5001"),
        mp.mpf(1) / 3,
        11,
        "double",
    ),
    "erfcx_f64": (
        "(1 + 2y) e^(y^2) erfc(y) - 39/32, x = (y-4)/(y+4)",
        lambda t: scaled_erfcx(t) - mp.mpf(39) / 32,
        one,
        mp.mpf("-0.778"),
        mp.mpf("1"),
        24,
        "double",
    ),
    # near the middle in w, further out in sqrt(w)
    "erfinv_near_f64": (
        "erfinv(y) / y, x = w - 3.125, w = -log(1-y^2)",
        centred(erfinv_ratio, 3.125),
        one,
        mp.mpf("-3.125"),
        mp.mpf("3.126"),
        22,
        "double",
    ),
    "erfinv_mid_f64": (
        "the same, x = sqrt(w) - 3.25",
        centred(lambda s: erfinv_ratio(s * s), 3.25),
        one,
        mp.mpf("-0.751"),
        mp.mpf("0.751"),
        18,
        "double",
    ),
    "erfinv_far_f64": (
        "the same, x = sqrt(w) - 5.05",
        centred(lambda s: erfinv_ratio(s * s), 5.05),
        one,
        mp.mpf("-1.051"),
        mp.mpf("1.05"),
        18,
        "double",
    ),
    # mantissas in [3/4, 3/2), for AVX-512
    "log_wide_f32": ("(log(1+x) - x) / x^2", LOG, abs, mp.mpf("-0.25"), mp.mpf("0.5001"), 9, "float"),
    "log_wide_f64": (
        "(log((1+s)/(1-s))/s - 2) / x, x = s^2",
        ATANH,
        lambda u: u,
        0,
        mp.mpf("0.0401"),
        7,
        "double",
    ),
    # double arithmetic for float results
    "exp_low_f64": ("(e^x - 1 - x) / x^2", EXP, lambda r: abs(r), -R, R * 1.0001, 5, "double"),
    "log_low_f64": (
        "(log((1+s)/(1-s))/s - 2) / x, x = s^2",
        ATANH,
        lambda u: u,
        0,
        (3 - 2 * SQRT2) ** 2 * 1.01,
        3,
        "double",
    ),
    "erfcx_low_f64": (
        "(1 + 2y) e^(y^2) erfc(y), x = (y-4)/(y+4)",
        scaled_erfcx,
        one,
        mp.mpf("-1"),
        mp.mpf("1"),
        14,
        "double",
    ),
    # the powers past x^2 of log((1+s)/(1-s))/s, for pow
    "erfinv_near_low_f64": (
        "erfinv(y) / y, x = w - 3.125",
        centred(erfinv_ratio, 3.125),
        one,
        mp.mpf("-3.125"),
        mp.mpf("3.126"),
        11,
        "double",
    ),
    "erfinv_far_low_f64": (
        "the same, x = sqrt(w) - 3.25",
        centred(lambda s: erfinv_ratio(s * s), 3.25),
        one,
        mp.mpf("-0.751"),
        mp.mpf("0.85"),
        10,
        "double",
    ),
    "log_tail_f64": (
        "((log((1+s)/(1-s))/s - 2) / x - 2/3) / x, x = s^2",
        sqrt_series(lambda s: ((2 * mp.atanh(s) / s - 2) / s**2 - mp.mpf(2) / 3) / s**2),
        lambda u: u * u,
        0,
        (3 - 2 * SQRT2) ** 2 * 1.01,
        6,
        "double",
    ),
}


VECTOR_ROWS = {"exp_f32", "exp_f64", "log_wide_f32", "log_wide_f64"}


def horner(name, ctype, variable, terms):
    first = f"    {ctype} {name} = {variable} * {terms[-1]} + {terms[-2]};"
    return [first, *(f"    {name} = {name} * {variable} + {t};" for t in terms[-3::-1])]


def c_number(value, ctype):
    return re.sub("0+p", "p", float(value).hex()).replace(".p", "p") + ("f" if ctype == "float" else "")


def c_function(name, coefficients, ctype, vector=None):
    """Horner's scheme in C; from degree 6 on with even and odd powers apart: two chains are faster."""
    terms = [c_number(c, ctype) for c in coefficients]
    kind = vector or ctype
    if len(terms) < 7:
        body = [*horner("p", kind, "x", terms), "    return p;"]
    else:
        even, odd = horner("p", kind, "u", terms[::2]), horner("q", kind, "u", terms[1::2])
        body = [f"    {kind} u = x * x;", *even, *odd, "    return p + q * x;"]
    head = f"static inline {kind} ct_poly_{name}{'_v' if vector else ''}({kind} x) {{"
    return "\n".join([head, *body, "}"])


def main(names):
    print("/* Generated by _codegen/polynomials.py: minimax polynomials of vmath.h. */")
    print('#pragma once\n\n#include "vmath_bits.h"\n')
    for name in names or ROWS:
        meaning, f, weight, a, b, degree, ctype = ROWS[name]
        a, b = mp.mpf(a), mp.mpf(b)
        bits = 24 if ctype == "float" else 53
        coefficients = fit(f, weight, a, b, degree, bits)
        error = error_of(coefficients, f, weight, a, b)
        print(f"/* {meaning}, to 2^{float(mp.log(error, 2)):.1f} */")
        print(c_function(name, coefficients, ctype))
        if name in VECTOR_ROWS:
            print("#if defined(__AVX512F__)")
            print(c_function(name, coefficients, ctype, "__m512" if ctype == "float" else "__m512d"))
            print("#endif")


if __name__ == "__main__":
    main(sys.argv[1:])
