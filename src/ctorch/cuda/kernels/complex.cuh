// What an expression of ops.toml may call on complex numbers. Values and branch cuts are C99's; where an argument is
// not finite the parts may differ from the CPU's, whose libm has a table of such cases.
#pragma once
#include "common.cuh"
#include "maths.cuh"

#define CT_COMPLEX template <class T> CT_DEVICE

CT_COMPLEX T ct_real(Complex<T> z) { return z.re; }
CT_COMPLEX T ct_imag(Complex<T> z) { return z.im; }
CT_COMPLEX Complex<T> ct_conj(Complex<T> z) { return Complex<T>(z.re, -z.im); }
CT_COMPLEX T ct_abs(Complex<T> z) { return hypot(z.re, z.im); }
CT_COMPLEX T ct_angle(Complex<T> z) { return atan2(z.im, z.re); }
CT_COMPLEX bool ct_isnan(Complex<T> z) { return z.re != z.re || z.im != z.im; }
CT_COMPLEX bool ct_isinf(Complex<T> z) { return ct_isinf(z.re) || ct_isinf(z.im); }
CT_COMPLEX Complex<T> ct_reciprocal(Complex<T> z) { return Complex<T>(1) / z; }

// z / |z|, 0 at 0
CT_COMPLEX Complex<T> ct_sgn(Complex<T> z) {
    T size = ct_abs(z), by = size == 0 ? (T)1 : size;
    return Complex<T>(z.re / by, z.im / by);
}
CT_COMPLEX Complex<T> ct_sign(Complex<T> z) { return ct_sgn(z); }

// Sizes against literals, which are of the rows' type.
template <typename T> CT_DEVICE bool operator<(T size, Complex<T> literal) { return size < literal.re; }

CT_COMPLEX Complex<T> ct_polar(T radius, T angle) {
    // An angle of 0 keeps its sign, and an infinite radius does not meet sin(0) = 0.
    return Complex<T>(radius * cos(angle), angle == 0 ? angle : radius * sin(angle));
}

CT_COMPLEX Complex<T> ct_exp(Complex<T> z) { return ct_polar(exp(z.re), z.im); }
CT_COMPLEX Complex<T> ct_exp2(Complex<T> z) {
    const T LN2 = (T)0.69314718055994530942;
    return ct_exp(Complex<T>(z.re * LN2, z.im * LN2));
}

// e^z - 1 = expm1(x) cos y - 2 sin^2(y / 2) + i e^x sin y
CT_COMPLEX Complex<T> ct_expm1(Complex<T> z) {
    T half = sin(z.im * (T)0.5);
    return Complex<T>(expm1(z.re) * cos(z.im) - 2 * half * half, z.im == 0 ? z.im : exp(z.re) * sin(z.im));
}

// log|1 + z| = log1p(x (2 + x) + y^2) / 2, exact where |1 + z| is near 1
CT_COMPLEX Complex<T> ct_log1p(Complex<T> z) {
    T near = (T)0.5 * log1p(z.re * (2 + z.re) + z.im * z.im);
    T size = hypot(z.re, z.im) < (T)0.5 ? near : log(hypot(1 + z.re, z.im));
    return Complex<T>(size, atan2(z.im, 1 + z.re));
}

// log|z| by log1p where |z| is near 1, so that it does not cancel
CT_COMPLEX Complex<T> ct_log(Complex<T> z) {
    T big = ct_maximum(ct_abs(z.re), ct_abs(z.im)), small = ct_minimum(ct_abs(z.re), ct_abs(z.im));
    bool near = big > (T)0.5 && big < (T)1.5 && small < (T)1.5;
    T size = near ? (T)0.5 * log1p((big - 1) * (big + 1) + small * small) : log(hypot(z.re, z.im));
    return Complex<T>(size, atan2(z.im, z.re));
}
CT_COMPLEX Complex<T> ct_log2(Complex<T> z) {
    const T LOG2E = (T)1.44269504088896340736;
    Complex<T> w = ct_log(z);
    return Complex<T>(w.re * LOG2E, w.im * LOG2E);
}
CT_COMPLEX Complex<T> ct_log10(Complex<T> z) {
    const T LOG10E = (T)0.43429448190325182765;
    Complex<T> w = ct_log(z);
    return Complex<T>(w.re * LOG10E, w.im * LOG10E);
}

// The root with a real part that is not negative, from the larger of its parts (Kahan 1987).
CT_COMPLEX Complex<T> ct_sqrt(Complex<T> z) {
    if (ct_isinf(z.im)) return Complex<T>(Limits<T>::inf(), z.im);
    if (z.re == 0 && z.im == 0) return Complex<T>(0, z.im);
    T big = sqrt((hypot(z.re * (T)0.25, z.im * (T)0.25) + ct_abs(z.re) * (T)0.25) * 2);
    T small = ct_isinf(z.re) ? (T)0 : ct_abs(z.im) / (2 * big);
    return z.re >= 0 ? Complex<T>(big, copysign(small, z.im)) : Complex<T>(small, copysign(big, z.im));
}
CT_COMPLEX Complex<T> ct_rsqrt(Complex<T> z) { return ct_reciprocal(ct_sqrt(z)); }

CT_COMPLEX Complex<T> ct_sigmoid(Complex<T> z) { return ct_reciprocal(Complex<T>(1) + ct_exp(-z)); }

// x^y = e^(y log x); x^0 is 1 and 0^y is 0
CT_COMPLEX Complex<T> ct_pow(Complex<T> x, Complex<T> y) {
    if (y == Complex<T>(0)) return Complex<T>(1);
    if (x == Complex<T>(0)) return y.re > 0 ? Complex<T>(0) : Complex<T>(Limits<T>::nan(), Limits<T>::nan());
    return ct_exp(y * ct_log(x));
}

// ---- circular and hyperbolic functions; those of iz are turned by i

CT_COMPLEX Complex<T> ct_turned(Complex<T> z) { return Complex<T>(-z.im, z.re); }      // iz
CT_COMPLEX Complex<T> ct_turned_back(Complex<T> z) { return Complex<T>(z.im, -z.re); } // -iz

CT_COMPLEX Complex<T> ct_sinh(Complex<T> z) {
    return Complex<T>(sinh(z.re) * cos(z.im), z.im == 0 ? z.im : cosh(z.re) * sin(z.im));
}
CT_COMPLEX Complex<T> ct_cosh(Complex<T> z) {
    return Complex<T>(cosh(z.re) * cos(z.im), z.im == 0 || z.re == 0 ? z.re * z.im : sinh(z.re) * sin(z.im));
}

// With t = tan y and s = sinh x (Kahan 1987): (s c (1 + t^2) + i t) / (1 + (1 + t^2) s^2), c = cosh x; far out +-1.
CT_COMPLEX Complex<T> ct_tanh(Complex<T> z) {
    if (ct_abs(z.re) > (sizeof(T) == 4 ? (T)12 : (T)22)) {
        T far = 4 * sin(z.im) * cos(z.im) * exp(-2 * ct_abs(z.re));
        return Complex<T>(copysign((T)1, z.re), ct_isinf(z.im) ? (T)0 : far);
    }
    T t = tan(z.im), beta = 1 + t * t, s = sinh(z.re), by = 1 + beta * s * s;
    if (ct_isinf(t)) return Complex<T>(sqrt(1 + s * s) / s, 1 / t);
    return Complex<T>(beta * sqrt(1 + s * s) * s / by, t / by);
}

CT_COMPLEX Complex<T> ct_sin(Complex<T> z) { return ct_turned_back(ct_sinh(ct_turned(z))); }
CT_COMPLEX Complex<T> ct_cos(Complex<T> z) { return ct_cosh(ct_turned(z)); }
CT_COMPLEX Complex<T> ct_tan(Complex<T> z) { return ct_turned_back(ct_tanh(ct_turned(z))); }

// Kahan's (1987) inverse functions, by roots that do not cancel near their branch points.
CT_COMPLEX Complex<T> ct_acosh(Complex<T> z) {
    Complex<T> a = ct_sqrt(Complex<T>(z.re - 1, z.im)), b = ct_sqrt(Complex<T>(z.re + 1, z.im));
    return Complex<T>(asinh(a.re * b.re + a.im * b.im), 2 * atan2(a.im, b.re));
}
CT_COMPLEX Complex<T> ct_acos(Complex<T> z) {
    Complex<T> a = ct_sqrt(Complex<T>(1 - z.re, -z.im)), b = ct_sqrt(Complex<T>(1 + z.re, z.im));
    return Complex<T>(2 * atan2(a.re, b.re), asinh(b.re * a.im - b.im * a.re));
}
CT_COMPLEX Complex<T> ct_asin(Complex<T> z) {
    Complex<T> a = ct_sqrt(Complex<T>(1 - z.re, -z.im)), b = ct_sqrt(Complex<T>(1 + z.re, z.im));
    return Complex<T>(atan2(z.re, a.re * b.re - a.im * b.im), asinh(a.re * b.im - a.im * b.re));
}
CT_COMPLEX Complex<T> ct_asinh(Complex<T> z) { return ct_turned_back(ct_asin(ct_turned(z))); }

// atanh z = log1p(4x / ((1 - x)^2 + y^2)) / 4 + i atan2(2y, (1 - x)(1 + x) - y^2) / 2
CT_COMPLEX Complex<T> ct_atanh(Complex<T> z) {
    T x = ct_abs(z.re), size = log1p(4 * x / ((1 - x) * (1 - x) + z.im * z.im)) * (T)0.25;
    return Complex<T>(copysign(size, z.re), atan2(2 * z.im, (1 - x) * (1 + x) - z.im * z.im) * (T)0.5);
}
CT_COMPLEX Complex<T> ct_atan(Complex<T> z) { return ct_turned_back(ct_atanh(ct_turned(z))); }
