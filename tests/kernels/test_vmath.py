"""vmath.h at every vector width of this CPU: ulps against libm's long double, and the edges against NumPy or libm."""
import ctypes
import itertools
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

KERNELS = Path(__file__).parents[2] / "src" / "ctorch" / "_kernels"
CFLAGS = ["-O3", "-fwrapv", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-fPIC", "-shared", "-w"]
WIDTHS = {"base": [], "avx2": ["-march=haswell"], "avx512": ["-march=skylake-avx512", "-mprefer-vector-width=512"]}
CPU_FLAG = {"base": "", "avx2": "avx2", "avx512": "avx512dq"}
TYPES = {"f32": ("float", np.float32), "f64": ("double", np.float64)}

pytestmark = [
    pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc"),
    pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="needs an 80-bit long double as the reference"),
]


def spread(low, high, both=False):
    """Values with logarithms spread evenly over [low, high], of both signs if asked."""
    def sample(dtype, n, rng):
        info = np.finfo(dtype)
        a = max(low, float(info.smallest_normal)) if low else float(info.smallest_normal)
        with np.errstate(over="ignore"):
            x = np.exp(rng.uniform(np.log(a), np.log(min(high, float(info.max))), n))
        return (x * (rng.choice([-1, 1], n) if both else 1)).astype(dtype)
    return sample


def uniform(low, high):
    return lambda dtype, n, rng: rng.uniform(low, high, n).astype(dtype)


# name: (reference in C on long double, [samples], ulps allowed in float32, in float64)
UNARY = {
    "exp": ("expl(x)", [uniform(-104, 89), uniform(-745, 710), spread(1e-9, 1, True)], 1, 1),
    "exp2": ("exp2l(x)", [uniform(-150, 128), uniform(-1075, 1024), spread(1e-9, 1, True)], 1, 1),
    "expm1": ("expm1l(x)", [uniform(-40, 89), uniform(-2, 2), uniform(-40, 710), spread(0, 1, True)], 1.5, 1.5),
    "log": ("logl(x)", [spread(0, 1e308), uniform(0.3, 3), uniform(0.99, 1.01)], 1, 1),
    "log1p": ("log1pl(x)", [spread(0, 1e308), uniform(-1, 3), spread(0, 0.9, True)], 1, 1),
    "log2": ("log2l(x)", [spread(0, 1e308), uniform(0.3, 3), uniform(0.99, 1.01)], 1.5, 1.5),
    "log10": ("log10l(x)", [spread(0, 1e308), uniform(0.3, 3), uniform(0.99, 1.01)], 1.5, 1.5),
    "tanh": ("tanhl(x)", [uniform(-10, 10), uniform(-20, 20), spread(0, 1, True)], 1.5, 2),
    "sigmoid": ("1 / (1 + expl(-x))", [uniform(-104, 30), uniform(-745, 40), spread(0, 1, True)], 1.5, 1.5),
    "erf": ("erfl(x)", [uniform(-4, 4), uniform(-6, 6), spread(0, 1, True)], 1.5, 1.5),
    "erfc": ("erfcl(x)", [uniform(-4, 4), uniform(-6, 27), spread(0, 1, True)], 1, 2),
    "sin": ("sinl(x)", [uniform(-7, 7), uniform(-1e6, 1e6), spread(0, 1e300, True)], 1.5, 1.5),
    "cos": ("cosl(x)", [uniform(-7, 7), uniform(-1e6, 1e6), spread(0, 1e300, True)], 1.5, 1.5),
    "tan": ("tanl(x)", [uniform(-7, 7), uniform(-1e6, 1e6), spread(0, 1e300, True)], 2, 2),
    "asin": ("asinl(x)", [uniform(-1, 1), spread(0, 1, True)], 1.5, 2),
    "acos": ("acosl(x)", [uniform(-1, 1), spread(0, 1, True)], 1.5, 2),
    "atan": ("atanl(x)", [uniform(-10, 10), spread(0, 1e308, True)], 1.5, 1.5),
    "sinh": ("sinhl(x)", [uniform(-89, 89), uniform(-710, 710), spread(0, 10, True)], 2, 2),
    "cosh": ("coshl(x)", [uniform(-89, 89), uniform(-710, 710), spread(0, 10, True)], 1.5, 1.5),
    "asinh": ("asinhl(x)", [uniform(-10, 10), spread(0, 1e308, True)], 1, 2),
    "acosh": ("acoshl(x)", [uniform(1, 10), spread(1, 1e308)], 1, 2),
    "atanh": ("atanhl(x)", [uniform(-1, 1), spread(0, 1, True)], 1, 2),
    "sqrt": ("sqrtl(x)", [spread(0, 1e308)], 0.5, 0.5),
    "rsqrt": ("1 / sqrtl(x)", [spread(0, 1e308)], 1, 1),
    "floor": ("floorl(x)", [uniform(-9, 9), spread(0, 1e308, True)], 0, 0),
    "ceil": ("ceill(x)", [uniform(-9, 9), spread(0, 1e308, True)], 0, 0),
    "round": ("rintl(x)", [uniform(-9, 9), spread(0, 1e308, True)], 0, 0),
    "trunc": ("truncl(x)", [uniform(-9, 9), spread(0, 1e308, True)], 0, 0),
    "frac": ("x - truncl(x)", [uniform(-9, 9), spread(0, 1e308, True)], 0, 0),
    "abs": ("fabsl(x)", [spread(0, 1e308, True)], 0, 0),
    "sign": ("(x > 0) - (x < 0)", [spread(0, 1e308, True)], 0, 0),
}
BINARY = {
    "atan2": ("atan2l(x, y)", [(uniform(-4, 4), uniform(-4, 4)), (spread(0, 1e308, True), spread(0, 1e308, True))], 1, 2),
    "pow": ("powl(x, y)", [(spread(0, 1e308), uniform(-2, 2)), (uniform(0, 4), uniform(-60, 60)),
                           (uniform(0.99, 1.01), uniform(-9000, 9000))], 1, 1),
    "fmod": ("fmodl(x, y)", [(uniform(-99, 99), uniform(-9, 9)), (spread(0, 1e308, True), spread(0, 1e308, True))], 0, 0),
    "remainder": ("python_mod(x, y)", [(uniform(-99, 99), uniform(-9, 9))], 0.5, 0.5),
    "hypot": ("hypotl(x, y)", [(uniform(-9, 9), uniform(-9, 9)), (spread(1e-300, 1e308), spread(1e-300, 1e308))], 1.5, 1.5),
    "logaddexp": ("log_add(x, y)", [(uniform(1, 50), uniform(1, 50))], 1.5, 1.5),
    "logaddexp2": ("log_add(x * M_LN2l, y * M_LN2l) / M_LN2l", [(uniform(1, 50), uniform(1, 50))], 1.5, 1.5),
    "maximum": ("fmaxl(x, y)", [(uniform(-9, 9), uniform(-9, 9))], 0, 0),
    "minimum": ("fminl(x, y)", [(uniform(-9, 9), uniform(-9, 9))], 0, 0),
    "fmax": ("fmaxl(x, y)", [(uniform(-9, 9), uniform(-9, 9))], 0, 0),
    "fmin": ("fminl(x, y)", [(uniform(-9, 9), uniform(-9, 9))], 0, 0),
    "copysign": ("copysignl(x, y)", [(uniform(-9, 9), uniform(-9, 9))], 0, 0),
}
PRELUDE = """
#define _GNU_SOURCE
#include "vmath.h"
static long double python_mod(long double x, long double y) {
    long double m = fmodl(x, y);
    return m != 0 && (m < 0) != (y < 0) ? m + y : m;
}
static long double log_add(long double x, long double y) { return fmaxl(x, y) + log1pl(expl(-fabsl(x - y))); }
"""


def loop(name, result, argument, expression):
    return (f"void {name}(const {argument} *a, const {argument} *b, {result} *r, long n) {{\n"
            f"    for (long i = 0; i < n; i++) {{ {argument} x = a[i], y = b[i]; r[i] = {expression}; }}\n}}\n")


def source():
    """Loops over each function and each type; the references take exact values of the argument's type."""
    text = [PRELUDE]
    for (name, row), (suffix, (ctype, _)) in itertools.product((UNARY | BINARY).items(), TYPES.items()):
        call = f"ct_{name}_{suffix}(x{', y' if name in BINARY else ''})"
        text.append(loop(f"v_{name}_{suffix}", ctype, ctype, call))
    text += [loop(f"r_{name}", "long double", "long double", row[0]) for name, row in (UNARY | BINARY).items()]
    return "".join(text)


@pytest.fixture(scope="session", params=WIDTHS)
def library(request, tmp_path_factory):
    width = request.param
    if CPU_FLAG[width] not in Path("/proc/cpuinfo").read_text():
        pytest.skip(f"CPU has no {width}")
    folder = tmp_path_factory.mktemp("vmath")
    (folder / "loops.c").write_text(source())
    target = folder / f"{width}.so"
    subprocess.run(["gcc", *CFLAGS, *WIDTHS[width], f"-I{KERNELS}", str(folder / "loops.c"), "-o", str(target), "-lm"],
                   check=True)
    return ctypes.CDLL(str(target))


def call(library, name, x, y, dtype):
    result = np.empty(x.shape, dtype)
    pointers = [ctypes.c_void_p(a.ctypes.data) for a in (x, y, result)]
    getattr(library, name)(*pointers, ctypes.c_long(x.size))
    return result


def both(library, name, suffix, x, y):
    """Our result and the reference as a long double."""
    wide = [np.ascontiguousarray(a, dtype=np.longdouble) for a in (x, y)]
    return call(library, f"v_{name}_{suffix}", x, y, x.dtype), call(library, f"r_{name}", *wide, np.longdouble)


def ulps(got, expected):
    """Distance in units of the last place of the expected value; a value beyond the range counts as infinity."""
    dtype = got.dtype
    with np.errstate(all="ignore"):
        near = expected.astype(dtype)
        unit = np.spacing(np.abs(near)).astype(np.longdouble)
        distance = np.abs(got.astype(np.longdouble) - expected) / unit
    return np.where((got == near) | (np.isnan(got) & np.isnan(near)), np.fmin(distance, 0.5), distance)


def measure(library, name, suffix, n=20000):
    """The largest error in ulps over the samples of a row."""
    dtype, worst = TYPES[suffix][1], 0.0
    rng = np.random.default_rng(0)
    for sample in (UNARY | BINARY)[name][1]:
        x, y = (s(dtype, n, rng) for s in (sample if name in BINARY else (sample, sample)))
        error = np.nan_to_num(ulps(*both(library, name, suffix, x, y)), nan=np.inf)
        error[np.isnan(x) | np.isnan(y)] = 0
        worst = max(worst, float(error.max()))
    return worst


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("name", UNARY | BINARY)
def test_ulps(library, name, suffix):
    allowed = (UNARY | BINARY)[name][2 + (suffix == "f64")]
    assert measure(library, name, suffix) <= max(allowed, 0.5000001)
