// What an expression of ops.toml may call, for the compute dtypes: float, double, i32, i64, u8, u64. Names are those of
// the CPU's _kernels/maths.h with the dtype's suffix gone; the overload decides. complex.cuh has the complex ones.
#pragma once
#include "common.cuh"

#define CT_REALS(MACRO) MACRO(float) MACRO(double)
#define CT_SIGNED(MACRO) MACRO(i32, u32) MACRO(i64, u64)
#define CT_UNSIGNED(MACRO) MACRO(u8) MACRO(u64)

// ---- floats

#define CT_PLAIN(name)                                     \
    CT_DEVICE float ct_##name(float x) { return name(x); } \
    CT_DEVICE double ct_##name(double x) { return name(x); }
CT_PLAIN(exp)
CT_PLAIN(exp2)
CT_PLAIN(expm1)
CT_PLAIN(log)
CT_PLAIN(log1p)
CT_PLAIN(log2)
CT_PLAIN(log10)
CT_PLAIN(sin)
CT_PLAIN(cos)
CT_PLAIN(tan)
CT_PLAIN(asin)
CT_PLAIN(acos)
CT_PLAIN(atan)
CT_PLAIN(sinh)
CT_PLAIN(cosh)
CT_PLAIN(tanh)
CT_PLAIN(asinh)
CT_PLAIN(acosh)
CT_PLAIN(atanh)
CT_PLAIN(sqrt)
CT_PLAIN(erf)
CT_PLAIN(erfc)
CT_PLAIN(floor)
CT_PLAIN(ceil)
CT_PLAIN(trunc)
CT_PLAIN(lgamma)
#undef CT_PLAIN

#define CT_PLAIN2(name)                                                \
    CT_DEVICE float ct_##name(float x, float y) { return name(x, y); } \
    CT_DEVICE double ct_##name(double x, double y) { return name(x, y); }
CT_PLAIN2(atan2)
CT_PLAIN2(fmod)
CT_PLAIN2(hypot)
CT_PLAIN2(copysign)
CT_PLAIN2(nextafter)
#undef CT_PLAIN2

CT_DEVICE float ct_round(float x) { return rintf(x); } // halves to even
CT_DEVICE double ct_round(double x) { return rint(x); }
CT_DEVICE float ct_abs(float x) { return fabsf(x); }
CT_DEVICE double ct_abs(double x) { return fabs(x); }
CT_DEVICE float ct_pow(float x, float y) { return powf(x, y); }
CT_DEVICE double ct_pow(double x, double y) { return pow(x, y); }

#define CT_REAL(T)                                                                                   \
    CT_DEVICE T ct_rsqrt(T x) { return 1 / sqrt(x); }                                                \
    CT_DEVICE T ct_reciprocal(T x) { return 1 / x; }                                                 \
    CT_DEVICE T ct_sigmoid(T x) { return 1 / (1 + exp(-x)); }                                        \
    CT_DEVICE T ct_gelu(T x) { return x * (T)0.5 * (1 + erf(x * (T)0.7071067811865476)); }           \
    CT_DEVICE T ct_sign(T x) { return (T)((x > 0) - (x < 0)); }                                      \
    CT_DEVICE T ct_sgn(T x) { return ct_sign(x); }                                                   \
    CT_DEVICE T ct_conj(T x) { return x; }                                                           \
    CT_DEVICE T ct_real(T x) { return x; }                                                           \
    CT_DEVICE T ct_imag(T) { return 0; }                                                             \
    CT_DEVICE bool ct_isnan(T x) { return x != x; }                                                  \
    CT_DEVICE bool ct_isinf(T x) { return ct_abs(x) == Limits<T>::inf(); }                           \
    CT_DEVICE T ct_angle(T x) { return x != x ? x : x < 0 ? (T)3.14159265358979323846 : (T)0; }      \
    CT_DEVICE T ct_lowest(T) { return -Limits<T>::inf(); }                                           \
    CT_DEVICE T ct_highest(T) { return Limits<T>::inf(); }                                           \
    /* the larger or smaller; NaN where either is NaN */                                             \
    CT_DEVICE T ct_maximum(T a, T b) { return a != a || a > b ? a : b; }                             \
    CT_DEVICE T ct_minimum(T a, T b) { return a != a || a < b ? a : b; }                             \
    /* the same, where a NaN loses against a number */                                               \
    CT_DEVICE T ct_fmax(T a, T b) { return b != b || a > b ? a : b; }                                \
    CT_DEVICE T ct_fmin(T a, T b) { return b != b || a < b ? a : b; }                                \
    /* C's fmod with the divisor's sign, as Python's % */                                            \
    CT_DEVICE T ct_remainder(T a, T b) {                                                             \
        T r = fmod(a, b);                                                                            \
        return r != 0 && (r < 0) != (b < 0) ? r + b : r;                                             \
    }                                                                                                \
    /* as Python: from the exact remainder, so that a // b and a % b agree */                        \
    CT_DEVICE T ct_floordiv(T a, T b) {                                                              \
        if (b == 0) return a / b;                                                                    \
        T rest = fmod(a, b), quotient = (a - rest) / b;                                              \
        if (rest != 0 && (b < 0) != (rest < 0)) quotient -= 1;                                       \
        if (quotient == 0) return copysign((T)0, a / b);                                             \
        T whole = floor(quotient);                                                                   \
        return quotient - whole > (T)0.5 ? whole + 1 : whole;                                        \
    }                                                                                                \
    CT_DEVICE T ct_truncdiv(T a, T b) { return trunc(a / b); }                                       \
    /* log(exp(a) + exp(b)), from the larger, so that it does not overflow; equal infinities stay */ \
    CT_DEVICE T ct_logaddexp(T a, T b) {                                                             \
        if (a == b && ct_isinf(a)) return a;                                                         \
        return ct_maximum(a, b) + log1p(exp(-ct_abs(a - b)));                                        \
    }                                                                                                \
    CT_DEVICE T ct_logaddexp2(T a, T b) {                                                            \
        if (a == b && ct_isinf(a)) return a;                                                         \
        return ct_maximum(a, b) + log1p(exp2(-ct_abs(a - b))) * (T)1.44269504088896340736;           \
    }                                                                                                \
    /* 0 where x is 0, whatever y is, unless y is NaN */                                             \
    CT_DEVICE T ct_xlogy(T x, T y) { return y != y ? y : x == 0 ? (T)0 : x * log(y); }
CT_REALS(CT_REAL)
#undef CT_REAL

// Recurrence up to 10, then log x - 1 / (2x) - sum B_2k / (2k x^2k); reflection for x < 0.
CT_DEVICE double ct_digamma(double x) {
    const double PI = 3.14159265358979323846;
    double result = 0;
    if (x == 0) return copysign(Limits<double>::inf(), -x);
    if (x < 0) {
        double fraction = x - trunc(x);
        if (fraction == 0 || ct_isinf(x)) return Limits<double>::nan();
        result = -PI / tan(PI * fraction);
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

// A first guess by Giles' (2010) formula, sharpened by two steps of Halley's method on erf(y) = x; near 1 the
// difference is taken from erfc, where erf has no digits left.
CT_DEVICE double ct_erfinv(double x) {
    double a = fabs(x);
    if (!(a < 1)) return a == 1 ? x * Limits<double>::inf() : Limits<double>::nan();
    double w = -log((1 - a) * (1 + a)), y;
    if (w < 5) {
        w -= 2.5;
        y = 2.81022636e-08;
        y = 3.43273939e-07 + y * w;
        y = -3.5233877e-06 + y * w;
        y = -4.39150654e-06 + y * w;
        y = 0.00021858087 + y * w;
        y = -0.00125372503 + y * w;
        y = -0.00417768164 + y * w;
        y = 0.246640727 + y * w;
        y = 1.50140941 + y * w;
    } else {
        w = sqrt(w) - 3;
        y = -0.000200214257;
        y = 0.000100950558 + y * w;
        y = 0.00134934322 + y * w;
        y = -0.00367342844 + y * w;
        y = 0.00573950773 + y * w;
        y = -0.0076224613 + y * w;
        y = 0.00943887047 + y * w;
        y = 1.00167406 + y * w;
        y = 2.83297682 + y * w;
    }
    y *= a;
    for (int step = 0; step < 2; step++) {
        double error = a < 0.5 ? erf(y) - a : (1 - a) - erfc(y);
        double slope = 1.12837916709551257390 * exp(-y * y); // 2 / sqrt(pi)
        y -= error / (slope + y * error);
    }
    return copysign(y, x);
}
CT_DEVICE float ct_erfinv(float x) { return (float)ct_erfinv((double)x); }

// ---- integers. Divisors are checked for zero before; the lowest number by -1 wraps.

#define CT_INTEGER(T)                                                                \
    CT_DEVICE T ct_floor(T x) { return x; }                                          \
    CT_DEVICE T ct_ceil(T x) { return x; }                                           \
    CT_DEVICE T ct_trunc(T x) { return x; }                                          \
    CT_DEVICE T ct_round(T x) { return x; }                                          \
    CT_DEVICE T ct_conj(T x) { return x; }                                           \
    CT_DEVICE T ct_real(T x) { return x; }                                           \
    CT_DEVICE T ct_imag(T) { return 0; }                                             \
    CT_DEVICE bool ct_isnan(T) { return false; }                                     \
    CT_DEVICE bool ct_isinf(T) { return false; }                                     \
    CT_DEVICE T ct_bitnot(T x) { return (T)~x; }                                     \
    CT_DEVICE T ct_maximum(T a, T b) { return a > b ? a : b; }                       \
    CT_DEVICE T ct_minimum(T a, T b) { return a < b ? a : b; }                       \
    CT_DEVICE T ct_fmax(T a, T b) { return a > b ? a : b; }                          \
    CT_DEVICE T ct_fmin(T a, T b) { return a < b ? a : b; }                          \
    CT_DEVICE T ct_shift_left(T a, T b) {                                            \
        return b < (T)0 || b >= (T)(8 * sizeof(T)) ? (T)0 : (T)((u64)a << (b & 63)); \
    }                                                                                \
    CT_DEVICE T ct_power(T a, T b) { /* b is not negative */                         \
        u64 result = 1, base = (u64)a;                                               \
        for (; b; b >>= 1, base *= base)                                             \
            if (b & 1) result *= base;                                               \
        return (T)result;                                                            \
    }
CT_INTEGER(i32)
CT_INTEGER(i64)
CT_INTEGER(u8)
CT_INTEGER(u64)
#undef CT_INTEGER

#define CT_WITH_SIGN(T, U)                                                           \
    CT_DEVICE T ct_lowest(T) { return (T)((U)1 << (8 * sizeof(T) - 1)); }            \
    CT_DEVICE T ct_highest(T) { return (T)(((U)1 << (8 * sizeof(T) - 1)) - 1); }     \
    CT_DEVICE T ct_negated(T x) { return (T)(0 - (U)x); }                            \
    CT_DEVICE T ct_abs(T x) { return x < 0 ? ct_negated(x) : x; }                    \
    CT_DEVICE T ct_sign(T x) { return (T)((x > 0) - (x < 0)); }                      \
    CT_DEVICE T ct_sgn(T x) { return ct_sign(x); }                                   \
    CT_DEVICE T ct_truncdiv(T a, T b) { return b == -1 ? ct_negated(a) : a / b; }    \
    CT_DEVICE T ct_fmod(T a, T b) { return b == -1 ? (T)0 : a % b; }                 \
    CT_DEVICE T ct_floordiv(T a, T b) {                                              \
        T rest = ct_fmod(a, b);                                                      \
        return ct_truncdiv(a, b) - (rest != 0 && (rest < 0) != (b < 0) ? 1 : 0);     \
    }                                                                                \
    CT_DEVICE T ct_remainder(T a, T b) {                                             \
        T rest = ct_fmod(a, b);                                                      \
        return rest + (rest != 0 && (rest < 0) != (b < 0) ? b : 0);                  \
    }                                                                                \
    CT_DEVICE T ct_shift_right(T a, T b) {                                           \
        return b < 0 || b >= (T)(8 * sizeof(T)) ? (T)(a < 0 ? -1 : 0) : (T)(a >> b); \
    }                                                                                \
    CT_DEVICE T ct_pow(T a, T b) {                                                   \
        if (b < 0) return a == 1 ? 1 : a == -1 ? (b & 1 ? -1 : 1) : 0;               \
        return ct_power(a, b);                                                       \
    }
CT_SIGNED(CT_WITH_SIGN)
#undef CT_WITH_SIGN

#define CT_WITHOUT_SIGN(T)                                                                        \
    CT_DEVICE T ct_lowest(T) { return 0; }                                                        \
    CT_DEVICE T ct_highest(T) { return (T) ~(T)0; }                                               \
    CT_DEVICE T ct_abs(T x) { return x; }                                                         \
    CT_DEVICE T ct_sign(T x) { return x > 0; }                                                    \
    CT_DEVICE T ct_sgn(T x) { return x > 0; }                                                     \
    CT_DEVICE T ct_truncdiv(T a, T b) { return a / b; }                                           \
    CT_DEVICE T ct_floordiv(T a, T b) { return a / b; }                                           \
    CT_DEVICE T ct_fmod(T a, T b) { return a % b; }                                               \
    CT_DEVICE T ct_remainder(T a, T b) { return a % b; }                                          \
    CT_DEVICE T ct_shift_right(T a, T b) { return b >= (T)(8 * sizeof(T)) ? (T)0 : (T)(a >> b); } \
    CT_DEVICE T ct_pow(T a, T b) { return ct_power(a, b); }
CT_UNSIGNED(CT_WITHOUT_SIGN)
#undef CT_WITHOUT_SIGN

// ---- casts. A float out of an integer's range gives what the CPU gives: the lowest number, whose low bits are
// zero.

CT_DEVICE i32 ct_to_i32(double x) { return x >= -2147483648.0 && x < 2147483648.0 ? (i32)x : ct_lowest((i32)0); }
CT_DEVICE i64 ct_to_i64(double x) {
    return x >= -9223372036854775808.0 && x < 9223372036854775808.0 ? (i64)x : ct_lowest((i64)0);
}
CT_DEVICE u64 ct_to_u64(double x) {
    return x >= 9223372036854775808.0 && x < 18446744073709551616.0 ? (u64)x : (u64)ct_to_i64(x);
}

// The ends of a type's range, by the type.
template <class T> struct Extreme {
    static CT_DEVICE T lowest() { return ct_lowest((T)0); }
    static CT_DEVICE T highest() { return ct_highest((T)0); }
};

#include "complex.cuh"
