"""Polynomials of _kernels/vmath_chebyshev.h: `python chebyshev.py > ../_kernels/vmath_chebyshev.h` (needs mpmath).

Each row is a smooth function, expanded in Chebyshev polynomials of t on [-1, 1] and cut where the rest is below the
precision asked for (Trefethen, Approximation Theory and Approximation Practice, chapters 3 and 4); t stands for an
argument of the function as the row says. The formulas that the rows belong to are in _kernels/vmath_bessel_body.h and
_kernels/vmath_gamma.h.
"""
import sys

import mpmath as mp
from polynomials import c_function, erfinv_ratio, rounded

mp.mp.dps = 60
COUNT = 72                           # terms that are calculated before the cut
BITS = {"_f64": 55, "_low_f64": 31}        # double results; float results calculated in double


def between(low, high):
    """t on [-1, 1] to an argument on [low, high]."""
    return lambda t: ((high - low) * t + (high + low)) / 2


def coefficients(f):
    """Chebyshev coefficients of f on [-1, 1], by interpolation in the zeros."""
    angles = [mp.pi * (2 * j + 1) / (2 * COUNT) for j in range(COUNT)]
    values = [f(mp.cos(a)) for a in angles]
    found = [2 * sum(v * mp.cos(k * a) for v, a in zip(values, angles)) / COUNT for k in range(COUNT)]
    return [found[0] / 2, *found[1:]], min(map(abs, values))


def powers(series):
    """The same polynomial in powers of t."""
    before, now, result = [mp.mpf(1)], [mp.mpf(0), mp.mpf(1)], [mp.mpf(0)] * len(series)
    result[0] += series[0]
    for c in series[1:]:
        for i, v in enumerate(now):
            result[i] += c * v
        step = [mp.mpf(0), *(2 * v for v in now)]
        for i, v in enumerate(before):
            step[i] -= v
        before, now = now, step
    return result


def shifted(series):
    """Powers of t as powers of s = (t + 1) / 2."""
    n = len(series)
    return [sum(series[j] * mp.binomial(j, k) * 2**k * (-1) ** (j - k) for j in range(k, n)) for k in range(n)]


def ratio(f, zero):
    """f over u - zero^2, as a function of u, the square of f's argument."""
    return lambda u: f(mp.sqrt(u)) / (u - zero**2)


def hankel(order, quotient):
    """P and x Q of J + iY = sqrt(2 / (pi x)) (P + iQ) e^(i chi), as functions of z = (5 / x)^2."""
    def f(z):
        x = 5 / mp.sqrt(z)
        chi = x - (2 * order + 1) * mp.pi / 4
        j, y, scale = mp.besselj(order, x), mp.bessely(order, x), mp.sqrt(mp.pi * x / 2)
        if quotient:
            return x * scale * (y * mp.cos(chi) - j * mp.sin(chi))
        return scale * (j * mp.cos(chi) + y * mp.sin(chi))
    return f


def airy_zeta(v):
    return mp.mpf(2) / 3 * v ** mp.mpf(1.5)


def airy_left(quotient):
    """F and z G of Ai(-y) = (F sin(z + pi/4) - G cos(z + pi/4)) / (sqrt(pi) y^(1/4)), of v = (a / z)^2."""
    def f(v):
        z = airy_zeta(AIRY_LEFT) / mp.sqrt(v)
        y = (z * 3 / 2) ** (mp.mpf(2) / 3)
        scale = mp.sqrt(mp.pi) * mp.root(y, 4)
        ai, bi, angle = mp.airyai(-y) * scale, mp.airybi(-y) * scale, z + mp.pi / 4
        if quotient:
            return z * (bi * mp.sin(angle) - ai * mp.cos(angle))
        return ai * mp.sin(angle) + bi * mp.cos(angle)
    return f


def erfinv_far(s):
    """erfinv(x) over s = sqrt(-log(1 - x^2)), where x is too near to 1 to be written."""
    w = s * s
    y = s
    for _ in range(40):              # log erfc(y) + log(1 + x) = -w, by Newton's method
        tail = mp.erfc(y)
        value = mp.log(tail) + mp.log(2 - tail) + w
        slope = -2 / mp.sqrt(mp.pi) * mp.exp(-y * y) * (1 / tail - 1 / (2 - tail))
        y -= value / slope
        if abs(value) < mp.mpf(10) ** -45:
            break
    return y / s


ZERO_J0, ZERO_J1 = mp.besseljzero(0, 1), mp.besseljzero(1, 1)
AIRY_LEFT, AIRY_RIGHT = mp.mpf("4.5"), mp.mpf(1)

# name: (what it stands for, f of the argument, t to the argument, powers of t or of s = (t + 1) / 2)
ROWS = {
    "i0_near": ("I0(x), s = x^2 / 64", lambda u: mp.besseli(0, mp.sqrt(u)), between(0, 64), "s"),
    "i1_near": ("I1(x) / x, s = x^2 / 64", lambda u: mp.besseli(1, mp.sqrt(u)) / mp.sqrt(u), between(0, 64), "s"),
    "i0_far": ("e^-x sqrt(x) I0(x), t = 16 / x - 1", lambda z: mp.exp(-8 / z) * mp.sqrt(8 / z) * mp.besseli(0, 8 / z),
               between(0, 1), "t"),
    "i1_far": ("e^-x sqrt(x) I1(x), t = 16 / x - 1", lambda z: mp.exp(-8 / z) * mp.sqrt(8 / z) * mp.besseli(1, 8 / z),
               between(0, 1), "t"),
    "k0_i": ("I0(x), s = x^2", lambda u: mp.besseli(0, mp.sqrt(u)), between(0, 1), "s"),
    "k0_near": ("K0(x) + log(x) I0(x), s = x^2",
                lambda u: mp.besselk(0, mp.sqrt(u)) + mp.log(u) / 2 * mp.besseli(0, mp.sqrt(u)), between(0, 1), "s"),
    "k1_i": ("I1(x) / x, s = x^2", lambda u: mp.besseli(1, mp.sqrt(u)) / mp.sqrt(u), between(0, 1), "s"),
    "k1_near": ("(K1(x) - log(x) I1(x) - 1/x) / x, s = x^2",
                lambda u: (mp.besselk(1, mp.sqrt(u)) - mp.log(u) / 2 * mp.besseli(1, mp.sqrt(u)) - 1 / mp.sqrt(u))
                / mp.sqrt(u), between(0, 1), "s"),
    "k0_far": ("e^x sqrt(x) K0(x), t = 2 / x - 1",
               lambda z: mp.exp(1 / z) * mp.sqrt(1 / z) * mp.besselk(0, 1 / z), between(0, 1), "t"),
    "k1_far": ("e^x sqrt(x) K1(x), t = 2 / x - 1",
               lambda z: mp.exp(1 / z) * mp.sqrt(1 / z) * mp.besselk(1, 1 / z), between(0, 1), "t"),
    "j0_near": ("J0(x) / (x^2 - a^2), a the first zero, t = x^2 / 12.5 - 1",
                ratio(lambda x: mp.besselj(0, x), ZERO_J0), between(0, 25), "t"),
    "j1_near": ("J1(x) / x / (x^2 - a^2), a the first zero, t = x^2 / 12.5 - 1",
                ratio(lambda x: mp.besselj(1, x) / x, ZERO_J1), between(0, 25), "t"),
    "y0_near": ("Y0(x) - 2/pi log(x) J0(x), t = x^2 / 12.5 - 1",
                lambda u: mp.bessely(0, mp.sqrt(u)) - mp.log(u) / mp.pi * mp.besselj(0, mp.sqrt(u)),
                between(0, 25), "t"),
    "y1_near": ("(Y1(x) - 2/pi (log(x) J1(x) - 1/x)) / x, t = x^2 / 12.5 - 1",
                lambda u: (mp.bessely(1, mp.sqrt(u)) - mp.log(u) / mp.pi * mp.besselj(1, mp.sqrt(u))
                           + 2 / mp.pi / mp.sqrt(u)) / mp.sqrt(u), between(0, 25), "t"),
    "hankel_p0": ("P of order 0, t = 50 / x^2 - 1", hankel(0, False), between(0, 1), "t"),
    "hankel_q0": ("x Q of order 0, t = 50 / x^2 - 1", hankel(0, True), between(0, 1), "t"),
    "hankel_p1": ("P of order 1, t = 50 / x^2 - 1", hankel(1, False), between(0, 1), "t"),
    "hankel_q1": ("x Q of order 1, t = 50 / x^2 - 1", hankel(1, True), between(0, 1), "t"),
    "airy_middle": ("Ai(x), x = 2.75 t - 1.75", mp.airyai, between(-AIRY_LEFT, AIRY_RIGHT), "t"),
    "airy_f": ("F, t = 2 (a / z)^2 - 1", airy_left(False), between(0, 1), "t"),
    "airy_g": ("z G, t = 2 (a / z)^2 - 1", airy_left(True), between(0, 1), "t"),
    "airy_right": ("2 sqrt(pi) x^(1/4) e^z Ai(x), t = 2 / x^(3/2) - 1",
                   lambda v: 2 * mp.sqrt(mp.pi) * mp.root(v ** (mp.mpf(-2) / 3), 4) * mp.exp(mp.mpf(2) / 3 / v)
                   * mp.airyai(v ** (mp.mpf(-2) / 3)), between(0, 1), "t"),
    "lgamma": ("log gamma(x) / ((x - 1) (x - 2)), x = 2 + t / 2",
               lambda x: mp.loggamma(x) / ((x - 1) * (x - 2)), between(mp.mpf("1.5"), mp.mpf("2.5")), "t"),
    "stirling": ("x (log gamma(x) - (x - 1/2) log x + x - log(2 pi)/2), s = 64 / x^2",
                 lambda z: (lambda x: x * (mp.loggamma(x) - (x - mp.mpf("0.5")) * mp.log(x) + x
                                           - mp.log(2 * mp.pi) / 2))(8 / mp.sqrt(z)), between(0, 1), "s"),
    "digamma": ("x^2 (log x - 1/(2x) - digamma(x)), s = 64 / x^2",
                lambda z: (lambda x: x**2 * (mp.log(x) - 1 / (2 * x) - mp.digamma(x)))(8 / mp.sqrt(z)),
                between(0, 1), "s"),
    "trigamma": ("x^3 (trigamma(x) - 1/x - 1/(2x^2)), s = 64 / x^2",
                 lambda z: (lambda x: x**3 * (mp.polygamma(1, x) - 1 / x - 1 / (2 * x**2)))(8 / mp.sqrt(z)),
                 between(0, 1), "s"),
    "erfinv_near": ("erfinv(x) / x, w = -log(1 - x^2), t = w / 2.5 - 1", erfinv_ratio, between(0, 5), "float"),
    "erfinv_far": ("the same, t = sqrt(w) - 3.19", lambda s: erfinv_ratio(s * s), between(mp.mpf("2.19"),
                   mp.mpf("4.19")), "float"),
    "ndtri_far": ("erfinv(x) / s, s = sqrt(-log(1 - x^2)), t = 8.8 / s - 1.32", erfinv_far, None, "t"),
}


def write(name):
    meaning, f, place, basis = ROWS[name]
    if name == "ndtri_far":
        place = lambda t: mp.mpf("8.8") / (t + mp.mpf("1.32"))      # noqa: E731
    series, smallest = coefficients(lambda t: f(place(t)))
    for ending, bits in BITS.items() if basis != "float" else [("_f32", 27)]:
        n = COUNT
        while n > 2 and sum(map(abs, series[n - 1:])) < smallest * mp.mpf(2) ** -bits:
            n -= 1
        error = sum(map(abs, series[n:])) / smallest
        terms = powers(series[:n])
        terms = shifted(terms) if basis == "s" else terms
        print(f"/* {meaning}, to 2^{float(mp.log(error, 2)):.1f} */")
        bits, ctype = (24, "float") if basis == "float" else (53, "double")
        print(c_function(name + ending, [rounded(c, bits) for c in terms], ctype))


def main(names):
    print("/* Generated by _codegen/chebyshev.py: polynomials of vmath_bessel.h and vmath_gamma.h. */")
    print('#pragma once\n\n#include "vmath_bits.h"\n')
    for name in names or ROWS:
        write(name)


if __name__ == "__main__":
    main(sys.argv[1:])
