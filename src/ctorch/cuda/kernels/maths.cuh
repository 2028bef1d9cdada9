// What the table's expressions call, overloaded for every type that kernels compute in: u8, i32, i64, u64, float,
// double and Complex. NaN, signed zeros and integer wrapping are those of the CPU's functions.
#pragma once
#include "common.cuh"

// ---- the ends of each type's range

template <class T> struct Extreme {
    static CT_DEVICE T lowest() { return -Limits<T>::inf(); }
    static CT_DEVICE T highest() { return Limits<T>::inf(); }
};
#define CT_EXTREME(T, LOW, HIGH)                        \
    template <> struct Extreme<T> {                     \
        static CT_DEVICE T lowest() { return LOW; }     \
        static CT_DEVICE T highest() { return HIGH; }   \
    };
CT_EXTREME(u8, 0, 255)
CT_EXTREME(i32, (i32)0x80000000u, 0x7fffffff)
CT_EXTREME(i64, (i64)0x8000000000000000ULL, 0x7fffffffffffffffLL)
CT_EXTREME(u64, 0, 0xffffffffffffffffULL)

// ---- floats: the device's own functions, by the name for each precision

#define CT_FLOAT_1(name, single, wide)                      \
    CT_DEVICE float ct_##name(float x) { return single(x); } \
    CT_DEVICE double ct_##name(double x) { return wide(x); }
#define CT_FLOAT_2(name, single, wide)                                      \
    CT_DEVICE float ct_##name(float x, float y) { return single(x, y); }    \
    CT_DEVICE double ct_##name(double x, double y) { return wide(x, y); }

CT_FLOAT_1(exp, expf, exp)
CT_FLOAT_1(exp2, exp2f, exp2)
CT_FLOAT_1(expm1, expm1f, expm1)
CT_FLOAT_1(log, logf, log)
CT_FLOAT_1(log1p, log1pf, log1p)
CT_FLOAT_1(log2, log2f, log2)
CT_FLOAT_1(log10, log10f, log10)
CT_FLOAT_1(sqrt, sqrtf, sqrt)
CT_FLOAT_1(rsqrt, rsqrtf, rsqrt)
CT_FLOAT_1(sin, sinf, sin)
CT_FLOAT_1(cos, cosf, cos)
CT_FLOAT_1(tan, tanf, tan)
CT_FLOAT_1(asin, asinf, asin)
CT_FLOAT_1(acos, acosf, acos)
CT_FLOAT_1(atan, atanf, atan)
CT_FLOAT_1(sinh, sinhf, sinh)
CT_FLOAT_1(cosh, coshf, cosh)
CT_FLOAT_1(tanh, tanhf, tanh)
CT_FLOAT_1(asinh, asinhf, asinh)
CT_FLOAT_1(acosh, acoshf, acosh)
CT_FLOAT_1(atanh, atanhf, atanh)
CT_FLOAT_1(erf, erff, erf)
CT_FLOAT_1(erfc, erfcf, erfc)
CT_FLOAT_1(lgamma, lgammaf, lgamma)
CT_FLOAT_1(floor, floorf, floor)
CT_FLOAT_1(ceil, ceilf, ceil)
CT_FLOAT_1(trunc, truncf, trunc)
CT_FLOAT_1(round, rintf, rint)
CT_FLOAT_1(abs, fabsf, fabs)
CT_FLOAT_2(atan2, atan2f, atan2)
CT_FLOAT_2(hypot, hypotf, hypot)
CT_FLOAT_2(copysign, copysignf, copysign)
CT_FLOAT_2(fmod, fmodf, fmod)
CT_FLOAT_2(pow, powf, pow)
CT_FLOAT_2(fmax, fmaxf, fmax)
CT_FLOAT_2(fmin, fminf, fmin)
CT_FLOAT_2(nextafter, nextafterf, nextafter)

// ---- floats: what is built on them

template <class T> CT_DEVICE bool ct_isinf(T x) { return ct_abs(x) == Limits<T>::inf(); }
template <class T> CT_DEVICE T ct_reciprocal(T x) { return (T)1 / x; }
template <class T> CT_DEVICE T ct_sigmoid(T x) {
    T e = ct_exp(-ct_abs(x)), q = e / ((T)1 + e);
    return x < (T)0 ? q : x == x ? (T)1 - q : x;
}
template <class T> CT_DEVICE T ct_sign(T x) { return x > (T)0 ? (T)1 : x < (T)0 ? (T)-1 : x == x ? (T)0 : x; }
template <class T> CT_DEVICE T ct_sgn(T x) { return ct_sign(x); }
// NaN wins on either side
template <class T> CT_DEVICE T ct_maximum(T x, T y) { return x > y || x != x ? x : y; }
template <class T> CT_DEVICE T ct_minimum(T x, T y) { return x < y || x != x ? x : y; }
template <class T> CT_DEVICE T ct_truncdiv(T x, T y) { return ct_trunc(x / y); }
template <class T> CT_DEVICE T ct_remainder(T x, T y) {
    T r = ct_fmod(x, y);
    return r != (T)0 && (r < (T)0) != (y < (T)0) ? r + y : r;
}
// from the exact remainder, so that x // y and x % y agree
template <class T> CT_DEVICE T ct_floordiv(T x, T y) {
    if (y == (T)0) return x / y;
    T r = ct_fmod(x, y), q = (x - r) / y;
    if (r != (T)0 && (r < (T)0) != (y < (T)0)) q -= (T)1;
    if (q == (T)0) return ct_copysign((T)0, x / y);
    T whole = ct_floor(q);
    return q - whole > (T)0.5 ? whole + (T)1 : whole;
}
template <class T> CT_DEVICE T ct_logaddexp(T x, T y) {
    if (x == y) return x + (T)0.69314718055994530942;       // infinities of one sign too
    T top = ct_maximum(x, y);
    return top + ct_log1p(ct_exp(-ct_abs(x - y)));
}

// Recurrence up to 10, then log x - 1/(2x) - sum B_2k / (2k x^2k); reflection below zero.
CT_DEVICE double ct_digamma(double x) {
    if (x == 0) return copysign(Limits<double>::inf(), -x);
    double result = 0;
    if (x < 0) {
        double part = x - trunc(x);
        if (part == 0 || x == -Limits<double>::inf()) return Limits<double>::nan();
        result = -3.14159265358979323846 / tan(3.14159265358979323846 * part);
        x = 1 - x;
    }
    for (; x < 10; x += 1) result -= 1 / x;
    double z = 1 / (x * x), p = 1.0 / 12;
    p = 691.0 / 32760 - z * p;
    p = 1.0 / 132 - z * p;
    p = 1.0 / 240 - z * p;
    p = 1.0 / 252 - z * p;
    p = 1.0 / 120 - z * p;
    p = 1.0 / 12 - z * p;
    return result + (log(x) - 0.5 / x - z * p);
}
CT_DEVICE float ct_digamma(float x) { return (float)ct_digamma((double)x); }

// A rational start (Winitzki) and three steps of Halley's method on erf(y) = x, with erfc where erf is near 1.
CT_DEVICE double ct_erfinv(double x) {
    double a = fabs(x);
    if (!(a < 1)) return a == 1 ? x * Limits<double>::inf() : Limits<double>::nan();
    if (a < 1e-8) return x * 0.88622692545275801365;
    double l = log1p(-a * a), b = 4.3307467508 + 0.5 * l;                  // 2 / (0.147 pi)
    double y = sqrt(sqrt(b * b - l / 0.147) - b);
    for (int i = 0; i < 3; i++) {
        double off = a < 0.5 ? erf(y) - a : (1 - a) - erfc(y);
        double step = off * 0.88622692545275801365 * exp(y * y);
        y -= step / (1 + y * step);
    }
    return copysign(y, x);
}
CT_DEVICE float ct_erfinv(float x) { return (float)ct_erfinv((double)x); }

// ---- integers

#define CT_INTEGER(T)                                                                           \
    CT_DEVICE T ct_floor(T x) { return x; }                                                     \
    CT_DEVICE T ct_ceil(T x) { return x; }                                                      \
    CT_DEVICE T ct_trunc(T x) { return x; }                                                     \
    CT_DEVICE T ct_round(T x) { return x; }                                                     \
    CT_DEVICE bool ct_isinf(T) { return false; }                                                \
    CT_DEVICE T ct_bitnot(T x) { return (T)~x; }                                                \
    CT_DEVICE T ct_maximum(T x, T y) { return x > y ? x : y; }                                  \
    CT_DEVICE T ct_minimum(T x, T y) { return x < y ? x : y; }                                  \
    CT_DEVICE T ct_fmax(T x, T y) { return x > y ? x : y; }                                     \
    CT_DEVICE T ct_fmin(T x, T y) { return x < y ? x : y; }                                     \
    CT_DEVICE T ct_shift_left(T x, T y) {                                                       \
        return y < (T)0 || y >= (T)(8 * sizeof(T)) ? (T)0 : (T)((u64)x << y);                   \
    }                                                                                           \
    CT_DEVICE u64 power_of(T x, T y) {                                                          \
        u64 result = 1, base = (u64)x;                                                          \
        for (; y; y >>= 1, base *= base) result *= (y & 1) ? base : 1;                          \
        return result;                                                                          \
    }
// The quotient that has no number of its type, the lowest by -1, wraps; a division by zero gives what the device gives.
#define CT_SIGNED(T)                                                                            \
    CT_INTEGER(T)                                                                               \
    CT_DEVICE T ct_abs(T x) { return x < 0 ? (T)(0 - (u64)x) : x; }                             \
    CT_DEVICE T ct_sign(T x) { return (x > 0) - (x < 0); }                                      \
    CT_DEVICE T ct_truncdiv(T x, T y) { return y == -1 ? (T)(0 - (u64)x) : y == 0 ? -1 : x / y; } \
    CT_DEVICE T ct_fmod(T x, T y) { return y == -1 ? 0 : y == 0 ? x : x % y; }                  \
    CT_DEVICE T ct_floordiv(T x, T y) {                                                         \
        T r = ct_fmod(x, y);                                                                    \
        return ct_truncdiv(x, y) - (r != 0 && (r < 0) != (y < 0));                              \
    }                                                                                           \
    CT_DEVICE T ct_remainder(T x, T y) {                                                        \
        T r = ct_fmod(x, y);                                                                    \
        return r != 0 && (r < 0) != (y < 0) ? r + y : r;                                        \
    }                                                                                           \
    CT_DEVICE T ct_shift_right(T x, T y) {                                                      \
        return y < 0 || y >= (T)(8 * sizeof(T)) ? (x < 0 ? -1 : 0) : x >> y;                    \
    }                                                                                           \
    CT_DEVICE T ct_pow(T x, T y) {                                                              \
        return y < 0 ? (x == 1 ? 1 : x == -1 ? ((y & 1) ? -1 : 1) : 0) : (T)power_of(x, y);     \
    }
#define CT_UNSIGNED(T)                                                                          \
    CT_INTEGER(T)                                                                               \
    CT_DEVICE T ct_abs(T x) { return x; }                                                       \
    CT_DEVICE T ct_sign(T x) { return x > 0; }                                                  \
    CT_DEVICE T ct_truncdiv(T x, T y) { return y == 0 ? (T)~(T)0 : (T)(x / y); }                \
    CT_DEVICE T ct_fmod(T x, T y) { return y == 0 ? x : (T)(x % y); }                           \
    CT_DEVICE T ct_floordiv(T x, T y) { return ct_truncdiv(x, y); }                             \
    CT_DEVICE T ct_remainder(T x, T y) { return ct_fmod(x, y); }                                \
    CT_DEVICE T ct_shift_right(T x, T y) { return y >= (T)(8 * sizeof(T)) ? (T)0 : (T)(x >> y); } \
    CT_DEVICE T ct_pow(T x, T y) { return (T)power_of(x, y); }
CT_SIGNED(i32)
CT_SIGNED(i64)
CT_UNSIGNED(u8)
CT_UNSIGNED(u64)
#undef CT_INTEGER

// ---- complex numbers

#define CT_COMPLEX(name) template <class R> CT_DEVICE Complex<R> ct_##name(Complex<R> z)
template <class R> CT_DEVICE R ct_real(Complex<R> z) { return z.re; }
template <class R> CT_DEVICE R ct_imag(Complex<R> z) { return z.im; }
template <class R> CT_DEVICE R ct_abs(Complex<R> z) { return ct_hypot(z.re, z.im); }
template <class R> CT_DEVICE R ct_angle(Complex<R> z) { return ct_atan2(z.im, z.re); }
template <class R> CT_DEVICE bool ct_isinf(Complex<R> z) { return ct_isinf(z.re) || ct_isinf(z.im); }
template <class R> CT_DEVICE Complex<R> scaled(Complex<R> z, R by) { return Complex<R>(z.re * by, z.im * by); }
template <class R> CT_DEVICE Complex<R> turned(Complex<R> z) { return Complex<R>(-z.im, z.re); }        // i z
template <class R> CT_DEVICE Complex<R> turned_back(Complex<R> z) { return Complex<R>(z.im, -z.re); }   // -i z

CT_COMPLEX(conj) { return Complex<R>(z.re, -z.im); }
CT_COMPLEX(reciprocal) { return Complex<R>((R)1) / z; }
CT_COMPLEX(sgn) {
    R size = ct_abs(z);
    return size == 0 ? Complex<R>((R)0) : Complex<R>(z.re / size, z.im / size);
}
CT_COMPLEX(sign) { return ct_sgn(z); }
CT_COMPLEX(exp) {
    R size = ct_exp(z.re);
    return z.im == 0 ? Complex<R>(size, z.im) : Complex<R>(size * ct_cos(z.im), size * ct_sin(z.im));
}
CT_COMPLEX(exp2) { return ct_exp(scaled(z, (R)0.69314718055994530942)); }
CT_COMPLEX(log) { return Complex<R>(ct_log(ct_abs(z)), ct_angle(z)); }
CT_COMPLEX(log2) { return scaled(ct_log(z), (R)1.4426950408889634074); }
CT_COMPLEX(log10) { return scaled(ct_log(z), (R)0.43429448190325182765); }
// the principal root, from the larger of |z| + x and |z| - x
CT_COMPLEX(sqrt) {
    R size = ct_abs(z);
    if (size == 0) return Complex<R>((R)0, z.im);
    R big = ct_sqrt((size + ct_abs(z.re)) / 2), small = ct_abs(z.im) / (2 * big);
    return z.re >= 0 ? Complex<R>(big, ct_copysign(small, z.im)) : Complex<R>(small, ct_copysign(big, z.im));
}
CT_COMPLEX(rsqrt) { return ct_reciprocal(ct_sqrt(z)); }
CT_COMPLEX(sigmoid) { return Complex<R>((R)1) / (Complex<R>((R)1) + ct_exp(-z)); }
CT_COMPLEX(sinh) {
    return Complex<R>(ct_sinh(z.re) * ct_cos(z.im), z.im == 0 ? z.im : ct_cosh(z.re) * ct_sin(z.im));
}
CT_COMPLEX(cosh) {
    return Complex<R>(ct_cosh(z.re) * ct_cos(z.im), z.im == 0 ? z.re * z.im : ct_sinh(z.re) * ct_sin(z.im));
}
// by t = tanh x and tan y, which stay finite: (t (1 + u^2) + i u (1 - t^2)) / (1 + t^2 u^2)
CT_COMPLEX(tanh) {
    R t = ct_tanh(z.re), u = ct_tan(z.im), d = 1 + t * t * u * u;
    return Complex<R>(t * (1 + u * u) / d, u / (ct_cosh(z.re) * ct_cosh(z.re)) / d);
}
CT_COMPLEX(sin) { return turned_back(ct_sinh(turned(z))); }
CT_COMPLEX(cos) { return ct_cosh(turned(z)); }
CT_COMPLEX(tan) { return turned_back(ct_tanh(turned(z))); }
// asinh, acos and atanh by real functions of the roots' parts, which lose no digits near the cuts (Kahan 1987)
CT_COMPLEX(acos) {
    Complex<R> minus = ct_sqrt(Complex<R>(1 - z.re, -z.im)), plus = ct_sqrt(Complex<R>(1 + z.re, z.im));
    return Complex<R>(2 * ct_atan2(minus.re, plus.re), ct_asinh((ct_conj(plus) * minus).im));
}
CT_COMPLEX(acosh) {
    Complex<R> minus = ct_sqrt(Complex<R>(z.re - 1, z.im)), plus = ct_sqrt(Complex<R>(z.re + 1, z.im));
    return Complex<R>(ct_asinh((ct_conj(minus) * plus).re), 2 * ct_atan2(minus.im, plus.re));
}
CT_COMPLEX(asin) {
    Complex<R> minus = ct_sqrt(Complex<R>(1 - z.re, -z.im)), plus = ct_sqrt(Complex<R>(1 + z.re, z.im));
    return Complex<R>(ct_atan2(z.re, (plus * minus).re), ct_asinh((ct_conj(minus) * plus).im));
}
CT_COMPLEX(asinh) { return turned_back(ct_asin(turned(z))); }
CT_COMPLEX(atanh) {
    R x = z.re, y = z.im, above = (1 + x) * (1 + x) + y * y, below = (1 - x) * (1 - x) + y * y;
    R re = (R)0.25 * (ct_abs(x) < (R)0.5 ? ct_log1p(4 * x / below) : ct_log(above / below));
    return Complex<R>(re, (R)0.5 * ct_atan2(2 * y, (1 - x) * (1 + x) - y * y));
}
CT_COMPLEX(atan) { return turned_back(ct_atanh(turned(z))); }
template <class R> CT_DEVICE Complex<R> ct_pow(Complex<R> x, Complex<R> y) {
    if (y.re == 0 && y.im == 0) return Complex<R>((R)1);
    if (x.re == 0 && x.im == 0) return Complex<R>(y.re > 0 ? (R)0 : Limits<R>::nan(), (R)0);
    return ct_exp(y * ct_log(x));
}
#undef CT_COMPLEX
