"""Functions in double that are right where PyTorch's and SciPy's are not: by mpmath, where those lose digits."""
import mpmath
import numpy as np
import scipy.special as sp


def elsewhere(function, ordinary, hard):
    """`ordinary` on arrays, and `function` of a number, by mpmath, where `hard` says that it loses digits."""
    def evaluate(x, **_):
        with np.errstate(all="ignore"):
            result = np.array(ordinary(x), ndmin=1).reshape(np.shape(x))
            places = hard(x) & np.isfinite(x)
        if places.any():
            result[places] = [function(v) for v in x[places].tolist()]
        return result
    return evaluate


def _precise(function, *parameters):
    def of_one(x):
        with mpmath.workdps(40):
            return float(function(*parameters, mpmath.mpf(x)))
    return of_one


def airy(x):
    """SciPy's Ai; by mpmath beside its zeros; far off the first term of the asymptotic series."""
    wave = np.sin(2 / 3 * np.abs(x) ** 1.5 + np.pi / 4) / np.sqrt(np.pi * np.sqrt(np.abs(x)))
    return np.where(x > 110, 0, np.where(x < -1e6, wave, _airy_near(x)))


_airy_near = elsewhere(_precise(mpmath.airyai), lambda x: sp.airy(x)[0],
                       lambda x: (np.abs(x) > 1) & (x > -1e6) & (x < 110))
# SciPy's overflow where the exponential function does, a little before they should; its i0 errs by 4 units.
i0 = elsewhere(_precise(mpmath.besseli, 0), sp.i0, lambda x: np.abs(x) < 720)
i1 = elsewhere(_precise(mpmath.besseli, 1), sp.i1, lambda x: np.abs(x) > 690)

# SciPy's round x / sqrt(2) before it is squared, which costs three digits far left, and lose the smallest numbers.
ndtr = elsewhere(_precise(mpmath.ncdf), sp.ndtr, lambda x: (x < -1) & (x > -40))
log_ndtr = elsewhere(_precise(lambda x: mpmath.log1p(-mpmath.ncdf(-x))), sp.log_ndtr, lambda x: (x > 1) & (x < 40))

# SciPy's square the smallest numbers, and end at infinity or NaN.
k0, k0e, k1, k1e = (elsewhere(_precise(mpmath.besselk, order), function, lambda x: (x > 0) & (x < 1e-300))
                    for order, function in ((0, sp.k0), (0, sp.k0e), (1, sp.k1), (1, sp.k1e)))
# Between its poles log gamma has two zeros, beside which PyTorch's loses digits; SciPy's does too.
lgamma = elsewhere(_precise(lambda x: mpmath.loggamma(x).real), sp.gammaln,
                   lambda x: (x < -2) & (x > -200) & (x != np.floor(x)))


def _bessel(order, second):
    # the first terms of the asymptotic series (DLMF 10.17.3); the angle takes all digits of x
    def function(x):
        with mpmath.workdps(340):
            angle = mpmath.mpf(x) - (2 * order + 1) * mpmath.pi / 4
            turn, other = (mpmath.sin, mpmath.cos) if second else (mpmath.cos, mpmath.sin)
            ratio = (4 * order ** 2 - 1) / (8 * mpmath.mpf(x))
            sign = 1 if second else -1
            return float(mpmath.sqrt(2 / (mpmath.pi * x)) * (turn(angle) + sign * ratio * other(angle)))

    near = _precise(mpmath.bessely if second else mpmath.besselj, order)

    def of_any(x):
        if abs(x) < 1e6:
            return near(x)
        return (-1) ** order * function(-x) if x < 0 else function(x)
    return of_any


def bessel(name):
    """J or Y of order 0 or 1: SciPy takes large angles with the digits of a double only."""
    order, second = int(name[1]), name[0] == "y"
    return elsewhere(_bessel(order, second), getattr(sp, name), lambda x: (x > 30) | ((x < -30) & (not second)))


# Beside its poles SciPy's reflection takes the tangent of an angle that has lost its digits.
digamma = elsewhere(_precise(mpmath.digamma), sp.psi, lambda x: (x < 0) & (x > -(2.0**52)) & (x != np.floor(x)))


def _of_complex(name, ordinary):
    function = getattr(mpmath, name)

    def of_parts(z):
        with mpmath.workdps(340):
            value = complex(function(mpmath.mpc(z)))
        like = complex(ordinary(np.complex128(z)))       # the side of a cut, which the sign of a zero says
        return complex(np.copysign(value.real, like.real), np.copysign(value.imag, like.imag))
    return elsewhere(of_parts, ordinary, lambda x: np.full(np.shape(x), np.iscomplexobj(x)))


# PyTorch's, where the logarithm or the root inside is of a number beside one or zero.
INVERSES = {name: _of_complex(name, getattr(np, "arc" + name[1:])) for name in (
    "asin", "acos", "atan", "asinh", "acosh", "atanh")}


def erfcx(x):
    """SciPy's, which has few digits left of zero; there by long doubles."""
    with np.errstate(all="ignore"):
        left = 2 * np.exp(np.longdouble(x) ** 2) - sp.erfcx(np.abs(x))
        return np.where(x < 0, np.asarray(left, float), sp.erfcx(x))
