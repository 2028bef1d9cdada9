/* Functions of single numbers beyond elementary mathematics. All calculate in double; those that SciPy has are reached
 * through the pointers that scipy.special.cython_special exports, once a module of these kernels is imported. */
#pragma once
#include <Python.h>
#include <string.h>

#include "maths.h"
#include "vmath_bessel.h"
#include "vmath_gamma.h"
#include "vmath_igamma.h"

typedef double (*ct_scipy_function)(double, double, int);

#define CT_SCIPY(EACH) EACH(igamma, "gammainc") EACH(igammac, "gammaincc")

#define CT_FIELD(NAME, KEY) ct_scipy_function NAME;
static struct { CT_SCIPY(CT_FIELD) } ct_scipy;

/* The function in a capsule, if it has the signature that is called here; else NULL with an ImportError. */
static void *ct_scipy_find(PyObject *functions, const char *key, const char *signature) {
    PyObject *capsule = PyDict_GetItemString(functions, key);
    const char *name = capsule ? PyCapsule_GetName(capsule) : NULL;
    if (!name || strcmp(name, signature)) {
        PyErr_Clear();
        PyErr_Format(PyExc_ImportError, "scipy.special.cython_special has no %s of type %s", key, signature);
        return NULL;
    }
    return PyCapsule_GetPointer(capsule, name);
}

static int ct_scipy_load(PyObject *functions) {
#define CT_FIND(NAME, KEY) \
    if (!(ct_scipy.NAME = (ct_scipy_function)ct_scipy_find(functions, KEY, \
                                                           "double (double, double, int __pyx_skip_dispatch)"))) \
        return -1;
    CT_SCIPY(CT_FIND)
    return 0;
}

/* float32 is calculated in double too */
#define CT_SINGLE(NAME) \
    static inline float ct_##NAME##_f32(float x, float y) { return (float)ct_##NAME##_f64((double)x, (double)y); }
#define CT_CALL(NAME, KEY) \
    static inline double ct_##NAME##_f64(double x, double y) { return ct_scipy.NAME(x, y, 0); } \
    CT_SINGLE(NAME)
CT_SCIPY(CT_CALL)

/* Arrays of pairs; the rare ones by SciPy. */
#define CT_PAIRS_OF(name, upper, suffix, type)                                                                    \
    static __attribute__((unused)) void ct_v##name##_##suffix(const type *a, const type *x, type *y, int64_t n) { \
        uint8_t usual[CT_PAIRS];                                                                                  \
        double first[CT_PAIRS], second[CT_PAIRS], value[CT_PAIRS];                                                \
        for (int64_t i = 0; i < n; i += CT_PAIRS) {                                                               \
            int m = n - i < CT_PAIRS ? (int)(n - i) : CT_PAIRS;                                                   \
            for (int j = 0; j < CT_PAIRS; j++) {                                                                  \
                first[j] = j < m ? a[i + j] : 1;                                                                  \
                second[j] = j < m ? x[i + j] : 1;                                                                 \
            }                                                                                                     \
            ct_igamma_block(first, second, upper, sizeof(type) == 8, value, usual);                               \
            for (int j = 0; j < m; j++)                                                                           \
                y[i + j] = usual[j] ? (type)value[j] : ct_##name##_##suffix(a[i + j], x[i + j]);                  \
        }                                                                                                         \
    }
CT_PAIRS_OF(igamma, 0, f32, float)
CT_PAIRS_OF(igamma, 0, f64, double)
CT_PAIRS_OF(igammac, 1, f32, float)
CT_PAIRS_OF(igammac, 1, f64, double)

/* Hurwitz' zeta: terms until q is large, then the Euler-Maclaurin formula. */
static double ct_zeta_f64(double s, double q) {
    static const double bernoulli[] = {1.0 / 12, -1.0 / 720, 1.0 / 30240, -1.0 / 1209600, 1.0 / 47900160,
        -691.0 / 1307674368000.0, 1.0 / 74724249600.0, -3617.0 / 10670622842880000.0};   /* B_2k / (2k)! */
    if (s == 1) return (double)INFINITY;
    if (q != q) return q;
    if (s < 1) return (double)NAN;
    if (q <= 0) {
        if (q == floor(q)) return (double)INFINITY;
        if (s != floor(s)) return (double)NAN;      /* a power of a negative number */
    }
    if (s != s) return s;
    if (q < -20) {                                  /* the terms below zero, from their other end */
        double r = q - floor(q), below = ct_zeta_f64(s, 1 - r) - ct_zeta_f64(s, 1 - q);
        return ct_zeta_f64(s, r) + (fmod(s, 2) == 1 ? -below : below);        /* infinity counts as even, as in pow */
    }
    double sum = 0, large = s < 40 ? 10 + s : 50;
    for (; q < large; q += 1) {
        double term = pow(q, -s);
        sum += term;
        if (q > 0 && term <= 1e-17 * fabs(sum)) return sum;
    }
    double power = pow(q, -s), factor = s, shrink = power / q;
    sum += pow(q, 1 - s) / (s - 1) + 0.5 * power;
    if (power == 0) return sum;
    for (int k = 0; k < 8; k++) {
        sum += bernoulli[k] * factor * shrink;
        factor *= (s + 2 * k + 1) * (s + 2 * k + 2);
        shrink /= q * q;
    }
    return sum;
}
CT_SINGLE(zeta)

/* Derivative of order n of digamma: (-1)^(n + 1) n! zeta(n + 1, x) */
static double ct_polygamma_f64(double n, double x) {
    if (n == 0) return ct_digamma_f64(x);
    if (n == 1) return ct_trigamma_f64(x);
    double value = tgamma(n + 1) * ct_zeta_f64(n + 1, x);
    return fmod(n, 2) == 1 ? value : -value;
}
CT_SINGLE(polygamma)

/* ---- orthogonal polynomials, in the order in which ctorch.special numbers them */

enum { CT_CHEBYSHEV_T, CT_CHEBYSHEV_U, CT_CHEBYSHEV_V, CT_CHEBYSHEV_W, CT_SHIFTED_T, CT_SHIFTED_U, CT_SHIFTED_V,
       CT_SHIFTED_W, CT_HERMITE_H, CT_HERMITE_HE, CT_LAGUERRE, CT_LEGENDRE };

/* Chebyshev's polynomials inside (-1, 1) from the angle, where that is quicker than the recurrence. */
static double ct_chebyshev_angle(double x, double n, int kind) {
    double angle = acos(x);
    switch (kind) {
    case CT_CHEBYSHEV_T: return cos(n * angle);
    case CT_CHEBYSHEV_U: return sin((n + 1) * angle) / sin(angle);
    case CT_CHEBYSHEV_V: return cos((n + 0.5) * angle) / cos(angle / 2);
    default: return sin((n + 0.5) * angle) / sin(angle / 2);
    }
}

/* The recurrence p(k + 1) = (a x + b) p(k) - c p(k - 1). */
typedef struct { double a, b, c; } ct_recurrence;

CT_INLINE ct_recurrence ct_polynomial_step(int kind, double k) {
    switch (kind) {
    case CT_HERMITE_H: return (ct_recurrence){2, 0, 2 * k};
    case CT_HERMITE_HE: return (ct_recurrence){1, 0, k};
    case CT_LAGUERRE: return (ct_recurrence){-1 / (k + 1), (2 * k + 1) / (k + 1), k / (k + 1)};
    case CT_LEGENDRE: return (ct_recurrence){(2 * k + 1) / (k + 1), 0, k / (k + 1)};
    default: return (ct_recurrence){2, 0, 1};
    }
}

/* The polynomial of degree 1 is a x + b. */
CT_INLINE ct_recurrence ct_polynomial_first(int kind) {
    switch (kind) {
    case CT_CHEBYSHEV_U: case CT_HERMITE_H: return (ct_recurrence){2, 0, 0};
    case CT_CHEBYSHEV_V: return (ct_recurrence){2, -1, 0};
    case CT_CHEBYSHEV_W: return (ct_recurrence){2, 1, 0};
    case CT_LAGUERRE: return (ct_recurrence){-1, 1, 0};
    default: return (ct_recurrence){1, 0, 0};
    }
}

static double ct_polynomial_f64(double x, double degree, double which) {
    int kind = (int)which, chebyshev = kind <= CT_SHIFTED_W;
    double n = trunc(degree);
    if (!(n >= 0 && n < 0x1p63)) return n != n ? n : 0;
    if (kind >= CT_SHIFTED_T && kind <= CT_SHIFTED_W) {
        x = 2 * x - 1;
        kind -= CT_SHIFTED_T;
    }
    if (n == 0) return 1;
    if (x != x) return x;
    if (chebyshev && n > 6 && x > -1 && x < 1) return ct_chebyshev_angle(x, n, kind);
    if ((kind == CT_HERMITE_H || kind == CT_HERMITE_HE) && n > 512) return (double)NAN;
    ct_recurrence first = ct_polynomial_first(kind);
    double before = 1, value = first.a * x + first.b;
    for (double k = 1; k < n && value - value == 0; k++) {
        ct_recurrence step = ct_polynomial_step(kind, k);
        double next = (step.a * x + step.b) * value - step.c * before;
        before = value;
        value = next;
        if (chebyshev && (x == 1 || x == -1) && k > 4) {      /* whole numbers there, known at once */
            double even = fmod(n, 2) == 0, size = kind == CT_CHEBYSHEV_T ? 1 : kind == CT_CHEBYSHEV_U ? n + 1
                : (kind == CT_CHEBYSHEV_V) == (x < 0) ? 2 * n + 1 : 1;
            return x > 0 || even ? size : -size;
        }
    }
    return value;
}
static inline float ct_polynomial_f32(float x, float degree, float which) {
    return (float)ct_polynomial_f64(x, degree, which);
}

/* One degree for a whole array: the recurrence of many elements at once, while its error stays small. A value that
 * has overflowed stays as it is. */
#define CT_LARGEST_DEGREE 48
#define CT_POLYNOMIAL_LOOP(suffix, type)                                                                          \
    static void ct_vpolynomial_##suffix(const type *x, type degree, type which, type *y, int64_t size) {          \
        enum { LANES = 64 };                                                                                      \
        double u[LANES], before[LANES], value[LANES];                                                             \
        int shift = which >= CT_SHIFTED_T && which <= CT_SHIFTED_W, kind = (int)which - (shift ? CT_SHIFTED_T : 0);   \
        if (!(degree >= 1 && degree <= CT_LARGEST_DEGREE)) {                                                      \
            for (int64_t i = 0; i < size; i++) y[i] = ct_polynomial_##suffix(x[i], degree, which);                \
            return;                                                                                               \
        }                                                                                                         \
        ct_recurrence first = ct_polynomial_first(kind);                                                          \
        for (int64_t i = 0; i < size; i += LANES) {                                                               \
            int m = size - i < LANES ? (int)(size - i) : LANES;                                                   \
            for (int j = 0; j < m; j++) u[j] = shift ? 2 * (double)x[i + j] - 1 : (double)x[i + j];               \
            for (int j = m; j < LANES; j++) u[j] = 0;                                                             \
            for (int j = 0; j < LANES; j++) {                                                                     \
                before[j] = 1;                                                                                    \
                value[j] = first.a * u[j] + first.b;                                                              \
            }                                                                                                     \
            for (double k = 1; k + 1 <= (double)degree; k++) {                                                    \
                ct_recurrence step = ct_polynomial_step(kind, k);                                                 \
                for (int j = 0; j < LANES; j++) {                                                                 \
                    double v = value[j], next = (step.a * u[j] + step.b) * v - step.c * before[j];                \
                    before[j] = v;                                                                                \
                    value[j] = v - v == 0 ? next : v;                                                             \
                }                                                                                                 \
            }                                                                                                     \
            for (int j = 0; j < m; j++) y[i + j] = (type)value[j];                                                \
        }                                                                                                         \
    }
CT_POLYNOMIAL_LOOP(f64, double)
CT_POLYNOMIAL_LOOP(f32, float)

/* ---- bits and signs */

/* Numbers of one sign are ordered as their bits are. */
#define CT_NEXTAFTER(suffix, type, integer, least)                                                                \
    CT_INLINE type ct_nextafter_##suffix(type x, type y) {                                                        \
        integer away = (x < y) == (x > 0), bits = (integer)ct_bits_##suffix(x) + 2 * away - 1;                    \
        type next = ct_blend_##suffix(x == 0, ct_copysign_##suffix(least, y), ct_from_bits_##suffix(bits));       \
        next = ct_blend_##suffix(x == y, y, next);                                                                \
        return ct_blend_##suffix((x == x) & (y == y), next, x + y);                                               \
    }
CT_NEXTAFTER(f32, float, uint32_t, 0x1p-149f)
CT_NEXTAFTER(f64, double, uint64_t, 0x1p-1074)
static inline uint8_t ct_signbit_f64(double x) { return __builtin_signbit(x) != 0; }
static inline uint8_t ct_signbit_f32(float x) { return __builtin_signbitf(x) != 0; }

/* x = mantissa * 2^exponent with 0.5 <= |mantissa| < 1; zeros, infinities and NaN are their own mantissas. */
#define CT_FREXP(suffix, type, integer, width, bias, least, shift, grow)                                          \
    CT_INLINE type ct_mantissa_##suffix(type x) {                                                                 \
        integer bits = ct_bits_##suffix(ct_abs_##suffix(x) < least ? x * grow : x);                               \
        bits = (bits & ~((integer)(2 * bias + 1) << width)) | ((integer)(bias - 1) << width);                     \
        return ct_blend_##suffix((x == 0) | (x - x != 0), x, ct_from_bits_##suffix(bits));                        \
    }                                                                                                             \
    CT_INLINE type ct_exponent_##suffix(type x) {                                                                 \
        integer small = ct_abs_##suffix(x) < least, bits = ct_bits_##suffix(small ? x * grow : x);                \
        int32_t exponent = (int32_t)(bits >> width & (2 * bias + 1)) - (bias - 1) - (int32_t)small * shift;       \
        return ct_blend_##suffix((x == 0) | (x - x != 0), 0, (type)exponent);                                     \
    }
CT_FREXP(f32, float, uint32_t, 23, 127, 0x1p-126f, 25, 0x1p25f)
CT_FREXP(f64, double, uint64_t, 52, 1023, 0x1p-1022, 54, 0x1p54)

#define CT_INTEGER(S, T) static inline uint8_t ct_signbit_##S(T a) { return a < 0; }
CT_INTEGER(i32, int32_t)
CT_INTEGER(i64, int64_t)
CT_INTEGER(u8, uint8_t)
CT_INTEGER(u64, uint64_t)
