"""vmath.h at every vector width of this CPU: ulps and edges against libm's long double, then NumPy."""

import ctypes
import itertools
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import scipy.special

KERNELS = Path(__file__).parents[2] / "src" / "ctorch" / "_kernels"
CFLAGS = [
    "-O3",
    "-fwrapv",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=fast",
    "-fPIC",
    "-shared",
    "-w",
]
WIDTHS = {
    "base": [],
    "avx2": ["-march=haswell"],
    "avx512": ["-march=skylake-avx512", "-mprefer-vector-width=512"],
}
CPU_FLAG = {"base": "", "avx2": "avx2", "avx512": "avx512dq"}
TYPES = {"f32": ("float", np.float32), "f64": ("double", np.float64)}

pytestmark = [
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),  # NumPy's, from casts and differences of infinities
    pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc"),
    pytest.mark.skipif(
        np.finfo(np.longdouble).nmant < 63, reason="needs an 80-bit long double as the reference"
    ),
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
    "exp": ("expl(x)", [uniform(-104, 89), uniform(-745, 710), spread(1e-9, 1, True)], 1.2, 1.1),
    "exp2": ("exp2l(x)", [uniform(-150, 128), uniform(-1075, 1024), spread(1e-9, 1, True)], 1.2, 1.1),
    "expm1": ("expm1l(x)", [uniform(-40, 89), uniform(-2, 2), uniform(-40, 710), spread(0, 1, True)], 1.6, 2),
    "log": ("logl(x)", [spread(0, 1e308), uniform(0.3, 3), uniform(0.99, 1.01)], 1, 1),
    "log1p": ("log1pl(x)", [spread(0, 1e308), uniform(-1, 3), spread(0, 0.9, True)], 1.1, 1),
    "log2": ("log2l(x)", [spread(0, 1e308), uniform(0.3, 3), uniform(0.99, 1.01)], 2, 1.1),
    "log10": ("log10l(x)", [spread(0, 1e308), uniform(0.3, 3), uniform(0.99, 1.01)], 2, 1),
    "tanh": ("tanhl(x)", [uniform(-10, 10), uniform(-20, 20), spread(0, 1, True)], 1.4, 1.4),
    "sigmoid": ("1 / (1 + expl(-x))", [uniform(-104, 30), uniform(-745, 40), spread(0, 1, True)], 1.8, 1.6),
    "erf": ("erfl(x)", [uniform(-4, 4), uniform(-6, 6), spread(0, 1, True)], 1.3, 1.2),
    "erfc": ("erfcl(x)", [uniform(-4, 10), uniform(-6, 27), spread(0, 1, True)], 0.6, 2),
    "sin": (
        "sinl(x)",
        [uniform(-7, 7), uniform(-3e4, 3e4), uniform(-1e6, 1e6), spread(0, 1e300, True)],
        1.8,
        2.1,
    ),
    "cos": (
        "cosl(x)",
        [uniform(-7, 7), uniform(-3e4, 3e4), uniform(-1e6, 1e6), spread(0, 1e300, True)],
        1.9,
        2.1,
    ),
    "tan": (
        "tanl(x)",
        [uniform(-7, 7), uniform(-3e4, 3e4), uniform(-1e6, 1e6), spread(0, 1e300, True)],
        2.5,
        2.2,
    ),
    "asin": ("asinl(x)", [uniform(-1, 1), spread(0, 1, True)], 2, 2),
    "acos": ("acosl(x)", [uniform(-1, 1), spread(0, 1, True)], 1.2, 1.2),
    "atan": ("atanl(x)", [uniform(-10, 10), spread(0, 1e308, True)], 1.5, 1.7),
    "sinh": ("sinhl(x)", [uniform(-89, 89), uniform(-710, 710), spread(0, 10, True)], 1.6, 1.9),
    "cosh": ("coshl(x)", [uniform(-89, 89), uniform(-710, 710), spread(0, 10, True)], 1.5, 1.4),
    "asinh": ("asinhl(x)", [uniform(-10, 10), spread(0, 1e308, True)], 0.6, 1.8),
    "acosh": ("acoshl(x)", [uniform(1, 10), spread(1, 1e308)], 0.6, 2),
    "atanh": ("atanhl(x)", [uniform(-1, 1), spread(0, 1, True)], 0.6, 1.8),
    "sqrt": ("sqrtl(x)", [spread(0, 1e308)], 0.5, 0.5),
    "rsqrt": ("1 / sqrtl(x)", [spread(0, 1e308)], 1.5, 1.5),
    "floor": ("floorl(x)", [uniform(-9, 9), spread(0, 1e308, True)], 0, 0),
    "ceil": ("ceill(x)", [uniform(-9, 9), spread(0, 1e308, True)], 0, 0),
    "round": ("rintl(x)", [uniform(-9, 9), spread(0, 1e308, True)], 0, 0),
    "trunc": ("truncl(x)", [uniform(-9, 9), spread(0, 1e308, True)], 0, 0),
    "frac": ("x - truncl(x)", [uniform(-9, 9), spread(0, 1e308, True)], 0, 0),
    "abs": ("fabsl(x)", [spread(0, 1e308, True)], 0, 0),
    "sign": ("(x > 0) - (x < 0)", [spread(0, 1e308, True)], 0, 0),
    "lgamma": ("lgammal(x)", [uniform(0.1, 0.9), uniform(3, 1000), uniform(-12, -2), uniform(-100, -7)], 4, 6),
}
BINARY = {
    "atan2": (
        "atan2l(x, y)",
        [(uniform(-4, 4), uniform(-4, 4)), (spread(0, 1e308, True), spread(0, 1e308, True))],
        1.6,
        1.6,
    ),
    "pow": (
        "powl(x, y)",
        [
            (spread(0, 1e308), uniform(-2, 2)),
            (uniform(0, 4), uniform(-60, 60)),
            (uniform(0.99, 1.01), uniform(-9000, 9000)),
        ],
        0.6,
        1.1,
    ),
    "fmod": (
        "fmodl(x, y)",
        [(uniform(-99, 99), uniform(-9, 9)), (spread(0, 1e308, True), spread(0, 1e308, True))],
        0,
        0,
    ),
    "remainder": ("python_mod(x, y)", [(uniform(-99, 99), uniform(-9, 9))], 0.5, 0.5),
    "hypot": (
        "hypotl(x, y)",
        [(uniform(-9, 9), uniform(-9, 9)), (spread(1e-300, 1e308), spread(1e-300, 1e308))],
        0.6,
        1.2,
    ),
    "logaddexp": ("log_add(x, y)", [(uniform(1, 50), uniform(1, 50))], 0.7, 0.7),
    "logaddexp2": ("log_add(x * M_LN2l, y * M_LN2l) / M_LN2l", [(uniform(1, 50), uniform(1, 50))], 1.2, 1.2),
    "maximum": ("x != x || y != y ? NAN : fmaxl(x, y)", [(uniform(-9, 9), uniform(-9, 9))], 0, 0),
    "minimum": ("x != x || y != y ? NAN : fminl(x, y)", [(uniform(-9, 9), uniform(-9, 9))], 0, 0),
    "fmax": ("fmaxl(x, y)", [(uniform(-9, 9), uniform(-9, 9))], 0, 0),
    "fmin": ("fminl(x, y)", [(uniform(-9, 9), uniform(-9, 9))], 0, 0),
    "copysign": ("copysignl(x, y)", [(uniform(-9, 9), uniform(-9, 9))], 0, 0),
}
LIBM_COMPLEX = ["exp", "log", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"]
LIBM_COMPLEX += ["asinh", "acosh", "atanh"]
# name: (ours, NumPy's)
COMPLEX = {
    "mul": ("ct_mul_{s}(x, y)", np.multiply),
    "div": ("ct_div_{s}(x, y)", np.divide),
    "reciprocal": ("ct_reciprocal_{s}(x)", lambda x, y: 1 / x),
    "pow": ("ct_pow_{s}(x, y)", np.power),
    "expm1": ("ct_expm1_{s}(x)", lambda x, y: np.expm1(x)),
    "log1p": ("ct_log1p_{s}(x)", lambda x, y: np.log1p(x)),
    "exp2": ("ct_exp2_{s}(x)", lambda x, y: np.exp2(x)),
    "log2": ("ct_log2_{s}(x)", lambda x, y: np.log2(x)),
    "log10": ("ct_log10_{s}(x)", lambda x, y: np.log10(x)),
    "rsqrt": ("ct_rsqrt_{s}(x)", lambda x, y: x**-0.5),
    "sigmoid": ("ct_sigmoid_{s}(x)", lambda x, y: 1 / (1 + np.exp(-x))),
    "sign": ("ct_sign_{s}(x)", lambda x, y: x / abs(x)),
    "abs": ("ct_complex_{s}(ct_abs_{s}(x), 0)", lambda x, y: abs(x)),
    "angle": ("ct_complex_{s}(ct_angle_{s}(x), 0)", lambda x, y: np.angle(x)),
}
COMPLEX |= {
    name: (
        f"ct_{name}_{{s}}(x)",
        lambda x, y, name=name: getattr(np, "arc" + name[1:] if name[0] == "a" else name)(x),
    )
    for name in LIBM_COMPLEX
}
PRELUDE = """
#define _GNU_SOURCE
#include "vmath_block.h"
#include "vmath_complex.h"
#include "vmath_half.h"
#include "vmath_gamma.h"
static long double python_mod(long double x, long double y) {
    long double m = fmodl(x, y);
    return m != 0 && (m < 0) != (y < 0) ? m + y : m;
}
static long double log_add(long double x, long double y) {
    return x != x || y != y ? NAN : x == y ? x + M_LN2l : fmaxl(x, y) + log1pl(expl(-fabsl(x - y)));
}
#define WHOLE(name, function, from, to) \\
    void name(const from *x, const from *unused, to *y, long n) { function(x, y, n); }
WHOLE(half_to_float, ct_half_to_float, uint16_t, float)
WHOLE(float_to_half, ct_float_to_half, float, uint16_t)
WHOLE(bfloat16_to_float, ct_bfloat16_to_float, uint16_t, float)
WHOLE(float_to_bfloat16, ct_float_to_bfloat16, float, uint16_t)
WHOLE(v_vexp_f32, ct_vexp_f32, float, float)
WHOLE(v_vexp_f64, ct_vexp_f64, double, double)
WHOLE(v_vlog_f32, ct_vlog_f32, float, float)
WHOLE(v_vlog_f64, ct_vlog_f64, double, double)
WHOLE(v_vlog2_f32, ct_vlog2_f32, float, float)
WHOLE(v_vlog2_f64, ct_vlog2_f64, double, double)
WHOLE(v_vlog10_f32, ct_vlog10_f32, float, float)
WHOLE(v_vlog10_f64, ct_vlog10_f64, double, double)
WHOLE(v_vtanh_f32, ct_vtanh_f32, float, float)
WHOLE(v_vtanh_f64, ct_vtanh_f64, double, double)
WHOLE(v_vsqrt_f32, ct_vsqrt_f32, float, float)
WHOLE(v_vsqrt_f64, ct_vsqrt_f64, double, double)
WHOLE(v_vgelu_f32, ct_vgelu_f32, float, float)
WHOLE(v_vgelu_f64, ct_vgelu_f64, double, double)
#define HALVES(name)                                        \\
    WHOLE(v_v##name##_f16, ct_v##name##_f16, uint16_t, uint16_t) \\
    WHOLE(v_v##name##_bf16, ct_v##name##_bf16, uint16_t, uint16_t)
HALVES(exp) HALVES(log) HALVES(log2) HALVES(log10) HALVES(tanh) HALVES(sqrt) HALVES(gelu)
"""


def loop(name, result, argument, expression):
    return (
        f"void {name}(const {argument} *a, const {argument} *b, {result} *r, long n) {{\n"
        f"    for (long i = 0; i < n; i++) {{ {argument} x = a[i], y = b[i]; r[i] = {expression}; }}\n}}\n"
    )


def source():
    """Loops over each function and each type; the references take exact values of the argument's type."""
    text = [PRELUDE]
    for name, (suffix, (ctype, _)) in itertools.product(UNARY | BINARY, TYPES.items()):
        call = f"ct_{name}_{suffix}(x{', y' if name in BINARY else ''})"
        text.append(loop(f"v_{name}_{suffix}", ctype, ctype, call))
    text += [
        loop(f"r_{name}", "long double", "long double", row[0]) for name, row in (UNARY | BINARY).items()
    ]
    for name in COMPLEX:
        text.append(
            loop(f"v_{name}_c64", "float _Complex", "float _Complex", COMPLEX[name][0].format(s="c64"))
        )
        text.append(
            loop(f"v_{name}_c128", "double _Complex", "double _Complex", COMPLEX[name][0].format(s="c128"))
        )
    text += [
        loop(f"v_{name}_{s}", c, c, f"ct_{name}_{s}(x)")
        for name in ("digamma", "erfinv")
        for s, (c, _) in TYPES.items()
    ]
    return "".join(text)


@pytest.fixture(scope="session")
def builds(tmp_path_factory):
    """One shared library per width of this CPU, compiled side by side."""
    folder = tmp_path_factory.mktemp("vmath")
    (folder / "loops.c").write_text(source())
    command = ["gcc", *CFLAGS, f"-I{KERNELS}", str(folder / "loops.c"), "-lm", "-o"]
    flags = Path("/proc/cpuinfo").read_text()
    running = {
        width: subprocess.Popen([*command, str(folder / width), *WIDTHS[width]])
        for width in WIDTHS
        if CPU_FLAG[width] in flags
    }
    assert all(process.wait() == 0 for process in running.values())
    return {width: ctypes.CDLL(str(folder / width)) for width in running}


@pytest.fixture(scope="session", params=WIDTHS)
def library(request, builds):
    if request.param not in builds:
        pytest.skip(f"CPU has no {request.param}")
    return builds[request.param]


def call(library, name, x, y, dtype):
    result = np.empty(x.shape, dtype)
    pointers = [ctypes.c_void_p(a.ctypes.data) for a in (x, y, result)]
    getattr(library, name)(*pointers, ctypes.c_long(x.size))
    return result


def both(library, name, suffix, x, y):
    """Our result and the reference as a long double."""
    wide = [np.ascontiguousarray(a, dtype=np.longdouble) for a in (x, y)]
    return call(library, f"v_{name}_{suffix}", x, y, x.dtype), call(
        library, f"r_{name}", *wide, np.longdouble
    )


def ulps(got, expected):
    """Distance in units of the last place of the expected value; beyond the range, infinity is expected."""
    dtype = got.dtype
    with np.errstate(all="ignore"):
        near = expected.astype(dtype)
        unit = np.spacing(np.abs(near)).astype(np.longdouble)
        distance = np.abs(got.astype(np.longdouble) - expected) / unit
    return np.where((got == near) | (np.isnan(got) & np.isnan(near)), np.fmin(distance, 0.5), distance)


def measure(library, name, suffix, n=10000):
    """The largest error in ulps over the samples of a row."""
    dtype, worst = TYPES[suffix][1], 0.0
    rng = np.random.default_rng(0)
    for sample in (UNARY | BINARY)[name][1]:
        x, y = (s(dtype, n, rng) for s in (sample if name in BINARY else (sample, sample)))
        error = np.nan_to_num(ulps(*both(library, name, suffix, x, y)), nan=np.inf)
        error[np.isnan(x) | np.isnan(y)] = 0
        worst = max(worst, float(error.max()))
    return worst


def allowed(name, suffix):
    return max((UNARY | BINARY)[name][2 + (suffix == "f64")], 0.5000001)


def test_ulps(library):
    worst = {(name, suffix): measure(library, name, suffix) for name in UNARY | BINARY for suffix in TYPES}
    assert not {key: value for key, value in worst.items() if value > allowed(*key)}


def edges(dtype):
    info = np.finfo(dtype)
    tiny, least, top = float(info.smallest_normal), float(info.smallest_subnormal), float(info.max)
    steps = [
        0,
        least,
        5 * least,
        tiny - least,
        tiny,
        1e-20,
        0.25,
        0.5,
        1 - info.epsneg,
        1,
        1 + info.eps,
        1.5,
        2,
        2.5,
        3,
        20,
        88.72,
        88.73,
        89.4,
        103.9,
        104,
        127.5,
        128,
        149,
        150,
        700,
        709.78,
        709.79,
        745.1,
        745.2,
        1023,
        1024,
        1e7,
        2**23 - 0.5,
        2**23 + 1,
        2**52 + 1,
        2**53 + 2,
        1e30,
        top / 2,
        top,
        np.inf,
    ]
    values = np.array(steps, dtype)
    return np.concatenate([values, -values, [dtype(np.nan)]])


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("name", UNARY | BINARY)
def test_edges(library, name, suffix):
    x = edges(TYPES[suffix][1])
    if name in BINARY:
        x, y = (np.ascontiguousarray(a.ravel()) for a in np.meshgrid(x, x))
    else:
        y = x
    x, y = np.repeat(x, 3), np.repeat(y, 3)  # so that vectors hold equal lanes and mixed ones
    got, expected = both(library, name, suffix, x, y)
    with np.errstate(all="ignore"):
        near = expected.astype(got.dtype)
    error = np.nan_to_num(ulps(got, expected), nan=np.inf)
    if name.startswith("logaddexp"):  # the sum may cancel: errors count against the larger argument
        error[
            np.abs(got - near) <= np.finfo(x.dtype).eps * np.maximum(np.maximum(np.abs(x), np.abs(y)), 1)
        ] = 0
    wrong = error > allowed(name, suffix)
    wrong |= (np.isnan(got) != np.isnan(near)) | (np.isinf(got) != np.isinf(near))
    if name not in ("maximum", "minimum", "fmax", "fmin", "logaddexp", "logaddexp2"):  # a zero of either sign
        wrong |= (got == 0) & (near == 0) & (np.signbit(got) != np.signbit(near))
    assert not [
        (float(a), float(b), float(g), float(e))
        for a, b, g, e in zip(x[wrong], y[wrong], got[wrong], near[wrong])
    ]


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("name", ["exp", "log", "log2", "log10", "tanh", "sqrt"])
def test_blocks(library, name, suffix):
    """The whole-array functions: same bounds and edges as the scalar ones, any length, in place."""
    dtype, rng = TYPES[suffix][1], np.random.default_rng(0)
    x = np.concatenate([edges(dtype), *(sample(dtype, 10000, rng) for sample in UNARY[name][1])])
    wide = x.astype(np.longdouble)
    expected = call(library, f"r_{name}", wide, wide, np.longdouble)
    got = call(library, f"v_v{name}_{suffix}", x, x, dtype)
    error = np.nan_to_num(ulps(got, expected), nan=np.inf)
    error[(got == expected) | (np.isnan(got) & np.isnan(expected))] = 0
    assert error.max() <= allowed(name, suffix)
    np.testing.assert_array_equal(np.signbit(got[got == 0]), np.signbit(expected[got == 0]))
    for n in range(40):
        part = np.full(40, 7, dtype)
        part[:n] = x[:n]
        pointer = ctypes.c_void_p(part.ctypes.data)
        getattr(library, f"v_v{name}_{suffix}")(pointer, None, pointer, ctypes.c_long(n))
        np.testing.assert_array_equal(part, np.where(np.arange(40) < n, got[:40], dtype(7)))


@pytest.mark.parametrize("suffix", ["f16", "bf16"])
@pytest.mark.parametrize("name", ["exp", "log", "log2", "log10", "tanh", "sqrt", "gelu"])
def test_half_blocks(library, name, suffix):
    """Every number of 16 bits: what float gives, rounded; any length, in place."""
    load, store = ("half_to_float", "float_to_half") if suffix == "f16" else ("bfloat16_to_float", "float_to_bfloat16")
    bits = np.arange(65536, dtype=np.uint16)
    wide = call(library, load, bits, bits, np.float32)
    value = call(library, f"v_v{name}_f32", wide, wide, np.float32)
    expected = call(library, store, value, value, np.uint16)
    got = call(library, f"v_v{name}_{suffix}", bits, bits, np.uint16)
    assert np.all((got == expected) | (np.isnan(value) & np.isnan(call(library, load, got, got, np.float32))))
    for n in range(40):
        part = np.full(40, 7, np.uint16)
        part[:n] = bits[0x3c00:0x3c00 + n]
        pointer = ctypes.c_void_p(part.ctypes.data)
        getattr(library, f"v_v{name}_{suffix}")(pointer, None, pointer, ctypes.c_long(n))
        np.testing.assert_array_equal(part[:n], got[0x3c00:0x3c00 + n])
        assert np.all(part[n:] == 7)


@pytest.mark.parametrize("suffix", TYPES)
def test_gelu(library, suffix):
    """x (1 + erf(x / sqrt 2)) / 2 to 2 units of the size of x."""
    dtype, rng = TYPES[suffix][1], np.random.default_rng(0)
    special = [0, -0.0, np.nan, np.inf, 1e30, -1e30]
    x = np.concatenate([rng.uniform(-9, 9, 20000), rng.uniform(-0.2, 0.2, 5000), special])
    x = x.astype(dtype)
    got, expected = call(library, f"v_vgelu_{suffix}", x, x, dtype), x * scipy.special.ndtr(x.astype(np.float64))
    with np.errstate(invalid="ignore"):
        assert np.all((np.abs(got - expected) <= 2 * np.finfo(dtype).eps * np.abs(x)) | (got == expected) | np.isnan(x))
    assert np.isnan(got[-4]) and np.signbit(got[-5])


def test_half(library):
    bits = np.arange(65536, dtype=np.uint16)
    expected = bits.view(np.float16).astype(np.float32)
    got = call(library, "half_to_float", bits, bits, np.float32)
    np.testing.assert_array_equal(got, expected)
    x = np.concatenate(
        [np.random.default_rng(0).integers(0, 2**32, 10**6, dtype=np.uint32).view(np.float32), expected]
    )
    x = np.concatenate([x, np.nextafter(expected, np.float32(np.inf)), (expected[:-1] + expected[1:]) / 2])
    back = call(library, "float_to_half", x, x, np.uint16).view(np.float16)
    with np.errstate(over="ignore", invalid="ignore"):
        np.testing.assert_array_equal(back, x.astype(np.float16))


def test_bfloat16(library):
    bits = np.arange(65536, dtype=np.uint16)
    wide = call(library, "bfloat16_to_float", bits, bits, np.float32)
    np.testing.assert_array_equal(wide.view(np.uint32), bits.astype(np.uint32) << 16)
    x = np.random.default_rng(0).integers(0, 2**32, 10**6, dtype=np.uint32).view(np.float32)
    x = np.concatenate([x, wide, np.float32([1 + 2**-8, 1 + 3 * 2**-8, np.finfo(np.float32).max])])
    back = call(library, "float_to_bfloat16", x, x, np.uint16)
    b = x.view(np.uint32).astype(np.uint64)
    expected = ((b + 0x7FFF + ((b >> 16) & 1)) >> 16).astype(np.uint16)
    nan = np.isnan(x)
    np.testing.assert_array_equal(back[~nan], expected[~nan])
    assert np.isnan(call(library, "bfloat16_to_float", back[nan], back[nan], np.float32)).all()


@pytest.mark.parametrize(
    "suffix, dtype, tolerance", [("c64", np.complex64, 2e-6), ("c128", np.complex128, 4e-15)]
)
@pytest.mark.parametrize("name", COMPLEX)
def test_complex(library, name, suffix, dtype, tolerance):
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(2, 2000)) + 1j * rng.normal(size=(2, 2000))).astype(dtype)
    got = call(library, f"v_{name}_{suffix}", x, y, dtype)
    expected = COMPLEX[name][1](x.astype(np.complex128), y.astype(np.complex128))
    assert np.max(np.abs(got - expected) / np.abs(expected)) < tolerance


@pytest.mark.parametrize("suffix", TYPES)
def test_special(library, suffix):
    special = pytest.importorskip("scipy.special")
    dtype = TYPES[suffix][1]
    tolerance = 4 * np.finfo(dtype).eps
    x = np.random.default_rng(0).uniform(0.1, 40, 5000).astype(dtype)
    got = call(library, f"v_digamma_{suffix}", x, x, dtype)
    np.testing.assert_allclose(got, special.digamma(x.astype(np.float64)), rtol=tolerance, atol=4 * tolerance)
    x = np.array([0, -0.0, -1, np.inf, -np.inf, np.nan], dtype)
    np.testing.assert_array_equal(
        call(library, f"v_digamma_{suffix}", x, x, dtype),
        np.array([-np.inf, np.inf, np.nan, np.inf, np.nan, np.nan], dtype),
    )
    x = np.concatenate(
        [np.random.default_rng(0).uniform(-1, 1, 5000), 1 - np.logspace(-15, 0, 999), np.logspace(-30, 0, 99)]
    )
    x = x.astype(dtype)
    got = call(library, f"v_erfinv_{suffix}", x, x, dtype)
    np.testing.assert_allclose(got, special.erfinv(x.astype(np.float64)), rtol=tolerance)
    x = np.array([0, 1, -1, 1.5, np.nan], dtype)
    np.testing.assert_array_equal(
        call(library, f"v_erfinv_{suffix}", x, x, dtype),
        np.array([0, np.inf, -np.inf, np.nan, np.nan], dtype),
    )
