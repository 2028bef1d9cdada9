/* Elementwise mathematics on complex numbers: ct_<name>_c64 and ct_<name>_c128. Arithmetic is branch-free; the
 * functions go to libm, which has C99's branch cuts and edges. */
#pragma once

#include <complex.h>
#undef I /* a name that C code may use */

#include "vmath.h"

/* ---- complex64 ---- */

CT_INLINE float _Complex ct_complex_c64(float re, float im) { return __builtin_complex(re, im); }
CT_INLINE float ct_real_c64(float _Complex z) { return __real__ z; }
CT_INLINE float ct_imag_c64(float _Complex z) { return __imag__ z; }
CT_INLINE float _Complex ct_conj_c64(float _Complex z) { return __builtin_complex(__real__ z, -__imag__ z); }
CT_INLINE float ct_abs_c64(float _Complex z) { return ct_hypot_f32(__real__ z, __imag__ z); }
CT_INLINE float ct_angle_c64(float _Complex z) { return ct_atan2_f32(__imag__ z, __real__ z); }

/* the textbook product, without C99's recovery of infinities (a call per element) */
CT_INLINE float _Complex ct_mul_c64(float _Complex x, float _Complex y) {
    float a = __real__ x, b = __imag__ x, c = __real__ y, d = __imag__ y;
    return __builtin_complex(a * c - b * d, a * d + b * c);
}

/* Smith's division: scaled by the larger part of the divisor, so that nothing overflows on the way. By zero each part
 * is divided for itself. */
CT_INLINE float _Complex ct_div_c64(float _Complex x, float _Complex y) {
    float a = __real__ x, b = __imag__ x, c = __real__ y, d = __imag__ y;
    int turn = ct_abs_f32(d) > ct_abs_f32(c);
    float big = turn ? d : c, small = turn ? c : d, first = turn ? b : a, second = turn ? a : b;
    float ratio = small / big, scale = 1 / (big + small * ratio);
    float re = first + second * ratio, im = second - first * ratio;
    im = turn ? -im : im;
    int zero = (c == 0) & (d == 0);
    scale = zero ? (float)INFINITY : scale;
    return __builtin_complex((zero ? a : re) * scale, (zero ? b : im) * scale);
}

CT_INLINE float _Complex ct_reciprocal_c64(float _Complex z) { return ct_div_c64(1.0f, z); }
CT_INLINE float _Complex ct_sqrt_c64(float _Complex z) { return csqrtf(z); }
CT_INLINE float _Complex ct_rsqrt_c64(float _Complex z) { return ct_reciprocal_c64(csqrtf(z)); }
CT_INLINE float _Complex ct_exp_c64(float _Complex z) { return cexpf(z); }
CT_INLINE float _Complex ct_exp2_c64(float _Complex z) {
    const float ln2 = (float)CT_LN2;
    return cexpf(__builtin_complex(__real__ z * ln2, __imag__ z * ln2));
}

/* e^z - 1 = expm1(x) cos y - 2 sin^2(y/2) + i e^x sin y */
CT_INLINE float _Complex ct_expm1_c64(float _Complex z) {
    float x = __real__ z, y = __imag__ z, s = sinf(y * (float)0.5);
    return __builtin_complex(expm1f(x) * cosf(y) - 2 * s * s, y == 0 ? y : expf(x) * sinf(y));
}

CT_INLINE float _Complex ct_log_c64(float _Complex z) { return clogf(z); }
CT_INLINE float _Complex ct_log2_c64(float _Complex z) {
    float _Complex w = clogf(z);
    return __builtin_complex(__real__ w * (float)CT_LOG2E, __imag__ w * (float)CT_LOG2E);
}
CT_INLINE float _Complex ct_log10_c64(float _Complex z) {
    float _Complex w = clogf(z);
    return __builtin_complex(__real__ w * (float)0.43429448190325182765, __imag__ w * (float)0.43429448190325182765);
}

/* log|1 + z| = log1p(x (2 + x) + y^2) / 2 near 0 */
CT_INLINE float _Complex ct_log1p_c64(float _Complex z) {
    float x = __real__ z, y = __imag__ z;
    float _Complex w = clogf(__builtin_complex(1 + x, y));
    float near = (float)0.5 * log1pf(x * (2 + x) + y * y);
    return __builtin_complex(hypotf(x, y) < (float)0.5 ? near : __real__ w, __imag__ w);
}

CT_INLINE float _Complex ct_sigmoid_c64(float _Complex z) {
    float _Complex e = cexpf(__builtin_complex(-__real__ z, -__imag__ z));
    return ct_reciprocal_c64(__builtin_complex(1 + __real__ e, __imag__ e));
}

CT_INLINE float _Complex ct_pow_c64(float _Complex x, float _Complex y) {
    return y == 1 ? x : y == 0 ? 1 : y == -1 ? ct_reciprocal_c64(x) : cpowf(x, y);
}

/* z / |z|, 0 at 0 */
CT_INLINE float _Complex ct_sign_c64(float _Complex z) {
    float a = ct_abs_c64(z), d = a == 0 ? 1 : a;
    return __builtin_complex(__real__ z / d, __imag__ z / d);
}

CT_INLINE float _Complex ct_sin_c64(float _Complex z) { return csinf(z); }
CT_INLINE float _Complex ct_cos_c64(float _Complex z) { return ccosf(z); }
CT_INLINE float _Complex ct_tan_c64(float _Complex z) { return ctanf(z); }
CT_INLINE float _Complex ct_asin_c64(float _Complex z) { return casinf(z); }
CT_INLINE float _Complex ct_acos_c64(float _Complex z) { return cacosf(z); }
CT_INLINE float _Complex ct_atan_c64(float _Complex z) { return catanf(z); }
CT_INLINE float _Complex ct_sinh_c64(float _Complex z) { return csinhf(z); }
CT_INLINE float _Complex ct_cosh_c64(float _Complex z) { return ccoshf(z); }
CT_INLINE float _Complex ct_tanh_c64(float _Complex z) { return ctanhf(z); }
CT_INLINE float _Complex ct_asinh_c64(float _Complex z) { return casinhf(z); }
CT_INLINE float _Complex ct_acosh_c64(float _Complex z) { return cacoshf(z); }
CT_INLINE float _Complex ct_atanh_c64(float _Complex z) { return catanhf(z); }

/* ---- complex128 ---- */

CT_INLINE double _Complex ct_complex_c128(double re, double im) { return __builtin_complex(re, im); }
CT_INLINE double ct_real_c128(double _Complex z) { return __real__ z; }
CT_INLINE double ct_imag_c128(double _Complex z) { return __imag__ z; }
CT_INLINE double _Complex ct_conj_c128(double _Complex z) { return __builtin_complex(__real__ z, -__imag__ z); }
CT_INLINE double ct_abs_c128(double _Complex z) { return ct_hypot_f64(__real__ z, __imag__ z); }
CT_INLINE double ct_angle_c128(double _Complex z) { return ct_atan2_f64(__imag__ z, __real__ z); }

/* the textbook product, without C99's recovery of infinities (a call per element) */
CT_INLINE double _Complex ct_mul_c128(double _Complex x, double _Complex y) {
    double a = __real__ x, b = __imag__ x, c = __real__ y, d = __imag__ y;
    return __builtin_complex(a * c - b * d, a * d + b * c);
}

/* Smith's division: scaled by the larger part of the divisor, so that nothing overflows on the way. By zero each part
 * is divided for itself. */
CT_INLINE double _Complex ct_div_c128(double _Complex x, double _Complex y) {
    double a = __real__ x, b = __imag__ x, c = __real__ y, d = __imag__ y;
    int turn = ct_abs_f64(d) > ct_abs_f64(c);
    double big = turn ? d : c, small = turn ? c : d, first = turn ? b : a, second = turn ? a : b;
    double ratio = small / big, scale = 1 / (big + small * ratio);
    double re = first + second * ratio, im = second - first * ratio;
    im = turn ? -im : im;
    int zero = (c == 0) & (d == 0);
    scale = zero ? (double)INFINITY : scale;
    return __builtin_complex((zero ? a : re) * scale, (zero ? b : im) * scale);
}

CT_INLINE double _Complex ct_reciprocal_c128(double _Complex z) { return ct_div_c128(1.0, z); }
CT_INLINE double _Complex ct_sqrt_c128(double _Complex z) { return csqrt(z); }
CT_INLINE double _Complex ct_rsqrt_c128(double _Complex z) { return ct_reciprocal_c128(csqrt(z)); }
CT_INLINE double _Complex ct_exp_c128(double _Complex z) { return cexp(z); }
CT_INLINE double _Complex ct_exp2_c128(double _Complex z) {
    const double ln2 = (double)CT_LN2;
    return cexp(__builtin_complex(__real__ z * ln2, __imag__ z * ln2));
}

/* e^z - 1 = expm1(x) cos y - 2 sin^2(y/2) + i e^x sin y */
CT_INLINE double _Complex ct_expm1_c128(double _Complex z) {
    double x = __real__ z, y = __imag__ z, s = sin(y * (double)0.5);
    return __builtin_complex(expm1(x) * cos(y) - 2 * s * s, y == 0 ? y : exp(x) * sin(y));
}

CT_INLINE double _Complex ct_log_c128(double _Complex z) { return clog(z); }
CT_INLINE double _Complex ct_log2_c128(double _Complex z) {
    double _Complex w = clog(z);
    return __builtin_complex(__real__ w * (double)CT_LOG2E, __imag__ w * (double)CT_LOG2E);
}
CT_INLINE double _Complex ct_log10_c128(double _Complex z) {
    double _Complex w = clog(z);
    return __builtin_complex(__real__ w * (double)0.43429448190325182765, __imag__ w * (double)0.43429448190325182765);
}

/* log|1 + z| = log1p(x (2 + x) + y^2) / 2 near 0 */
CT_INLINE double _Complex ct_log1p_c128(double _Complex z) {
    double x = __real__ z, y = __imag__ z;
    double _Complex w = clog(__builtin_complex(1 + x, y));
    double near = (double)0.5 * log1p(x * (2 + x) + y * y);
    return __builtin_complex(hypot(x, y) < (double)0.5 ? near : __real__ w, __imag__ w);
}

CT_INLINE double _Complex ct_sigmoid_c128(double _Complex z) {
    double _Complex e = cexp(__builtin_complex(-__real__ z, -__imag__ z));
    return ct_reciprocal_c128(__builtin_complex(1 + __real__ e, __imag__ e));
}

CT_INLINE double _Complex ct_pow_c128(double _Complex x, double _Complex y) {
    return y == 1 ? x : y == 0 ? 1 : y == -1 ? ct_reciprocal_c128(x) : cpow(x, y);
}

/* z / |z|, 0 at 0 */
CT_INLINE double _Complex ct_sign_c128(double _Complex z) {
    double a = ct_abs_c128(z), d = a == 0 ? 1 : a;
    return __builtin_complex(__real__ z / d, __imag__ z / d);
}

CT_INLINE double _Complex ct_sin_c128(double _Complex z) { return csin(z); }
CT_INLINE double _Complex ct_cos_c128(double _Complex z) { return ccos(z); }
CT_INLINE double _Complex ct_tan_c128(double _Complex z) { return ctan(z); }
CT_INLINE double _Complex ct_asin_c128(double _Complex z) { return casin(z); }
CT_INLINE double _Complex ct_acos_c128(double _Complex z) { return cacos(z); }
CT_INLINE double _Complex ct_atan_c128(double _Complex z) { return catan(z); }
CT_INLINE double _Complex ct_sinh_c128(double _Complex z) { return csinh(z); }
CT_INLINE double _Complex ct_cosh_c128(double _Complex z) { return ccosh(z); }
CT_INLINE double _Complex ct_tanh_c128(double _Complex z) { return ctanh(z); }
CT_INLINE double _Complex ct_asinh_c128(double _Complex z) { return casinh(z); }
CT_INLINE double _Complex ct_acosh_c128(double _Complex z) { return cacosh(z); }
CT_INLINE double _Complex ct_atanh_c128(double _Complex z) { return catanh(z); }
