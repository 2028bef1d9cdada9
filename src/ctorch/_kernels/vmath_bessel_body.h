/* One precision of the Bessel and Airy functions; vmath_bessel.h includes this twice. CT_CORE(name) is a function's
 * name, CT_FIT(name) that of its polynomial. All is calculated in double, without branches.
 *
 * Power series and asymptotic expansions: NIST Digital Library of Mathematical Functions, 9.7, 10.8, 10.17, 10.31,
 * 10.40; the polynomials in their place are of _codegen/chebyshev.py. */

/* ---- I0, I1: series in x^2 up to 8, e^x / sqrt(x) P(1/x) above ---- */

CT_INLINE double CT_CORE(i0e)(double x) {
    double a = ct_abs_f64(x), c = a > 8.0 ? 8.0 : a;
    double near = CT_FIT(i0_near)(c * c * (1.0 / 64)) * ct_exp_core_f64(-c);
    double far = CT_FIT(i0_far)(16.0 / a - 1.0) / __builtin_sqrt(a);
    return a > 8.0 ? far : near + (x - x);
}

CT_INLINE double CT_CORE(i1e)(double x) {
    double a = ct_abs_f64(x), c = a > 8.0 ? 8.0 : a;
    double near = a * CT_FIT(i1_near)(c * c * (1.0 / 64)) * ct_exp_core_f64(-c);
    double far = CT_FIT(i1_far)(16.0 / a - 1.0) / __builtin_sqrt(a);
    return ct_copysign_f64(a > 8.0 ? far : near + (x - x), x);
}

CT_INLINE double CT_CORE(i0)(double x) {
    double a = ct_abs_f64(x), c = a > 8.0 ? 8.0 : a;
    double near = CT_FIT(i0_near)(c * c * (1.0 / 64));
    double far = ct_times_exp(CT_FIT(i0_far)(16.0 / a - 1.0) / __builtin_sqrt(a), a);
    return a > 8.0 ? far : near + (x - x);
}

CT_INLINE double CT_CORE(i1)(double x) {
    double a = ct_abs_f64(x), c = a > 8.0 ? 8.0 : a;
    double near = a * CT_FIT(i1_near)(c * c * (1.0 / 64));
    double far = ct_times_exp(CT_FIT(i1_far)(16.0 / a - 1.0) / __builtin_sqrt(a), a);
    return ct_copysign_f64(a > 8.0 ? far : near + (x - x), x);
}

/* ---- K0, K1: series and a logarithm up to 1, e^-x / sqrt(x) P(1/x) above ---- */

CT_INLINE double CT_CORE(k0_near)(double x) {
    double c = x > 1.0 ? 1.0 : x, u = c * c;
    return CT_FIT(k0_near)(u) - ct_log_f64(c) * CT_FIT(k0_i)(u);
}

CT_INLINE double CT_CORE(k1_near)(double x) {
    double c = x > 1.0 ? 1.0 : x, u = c * c;
    double y = 1.0 / c + c * (CT_FIT(k1_near)(u) + ct_log_f64(c) * CT_FIT(k1_i)(u));
    return c == 0.0 ? (double)INFINITY : y;
}

CT_INLINE double CT_CORE(modified_bessel_k0)(double x) {
    double far = CT_FIT(k0_far)(2.0 / x - 1.0) / __builtin_sqrt(x) * ct_exp_sum_f64(-x, 0.0);
    double near = CT_CORE(k0_near)(x);
    return x > 1.0 ? far : near;
}

CT_INLINE double CT_CORE(modified_bessel_k1)(double x) {
    double far = CT_FIT(k1_far)(2.0 / x - 1.0) / __builtin_sqrt(x) * ct_exp_sum_f64(-x, 0.0);
    double near = CT_CORE(k1_near)(x);
    return x > 1.0 ? far : near;
}

CT_INLINE double CT_CORE(scaled_modified_bessel_k0)(double x) {
    double far = CT_FIT(k0_far)(2.0 / x - 1.0) / __builtin_sqrt(x);
    double near = CT_CORE(k0_near)(x) * ct_exp_core_f64(x > 1.0 ? 1.0 : x < 0.0 ? 0.0 : x);
    return x > 1.0 ? far : near;
}

CT_INLINE double CT_CORE(scaled_modified_bessel_k1)(double x) {
    double far = CT_FIT(k1_far)(2.0 / x - 1.0) / __builtin_sqrt(x);
    double near = CT_CORE(k1_near)(x) * ct_exp_core_f64(x > 1.0 ? 1.0 : x < 0.0 ? 0.0 : x);
    return x > 1.0 ? far : near;
}

/* ---- J0, J1, Y0, Y1: series in x^2 up to 5, Hankel's expansion above ---- */

/* The first zeros in two parts, so that values near them are right to the last bits. */
#define CT_ZERO_J0 0x1.33d152e971b40p+1
#define CT_ZERO_J0_LOW -0x1.0f539d7da258ep-53
#define CT_ZERO_J1 0x1.ea75575af6f09p+1
#define CT_ZERO_J1_LOW -0x1.60155a9d1b256p-53

CT_INLINE double CT_CORE(j0_near)(double c) {
    return ((c - CT_ZERO_J0) - CT_ZERO_J0_LOW) * (c + CT_ZERO_J0) * CT_FIT(j0_near)(c * c * 0.08 - 1.0);
}

CT_INLINE double CT_CORE(j1_near)(double c) {
    return c * (((c - CT_ZERO_J1) - CT_ZERO_J1_LOW) * (c + CT_ZERO_J1)) * CT_FIT(j1_near)(c * c * 0.08 - 1.0);
}

/* sqrt(2 / (pi x)) (P cos(chi) - Q sin(chi)), chi = x - pi/4, by the sine and the cosine of x */
CT_INLINE double CT_CORE(bessel_j0)(double x) {
    double a = ct_abs_f64(x), t = 50.0 / (a * a) - 1.0, s = ct_sin_f64(a), c = ct_cos_f64(a);
    double far = (CT_FIT(hankel_p0)(t) * (c + s) - CT_FIT(hankel_q0)(t) / a * (s - c)) * CT_ROOT_PI / __builtin_sqrt(a);
    double near = CT_CORE(j0_near)(a > 5.0 ? 5.0 : a);
    return ct_blend_f64(a > 5.0, far, near);
}

CT_INLINE double CT_CORE(bessel_y0)(double x) {
    double t = 50.0 / (x * x) - 1.0, s = ct_sin_f64(x), c = ct_cos_f64(x), n = x > 5.0 ? 5.0 : x;
    double far = (CT_FIT(hankel_p0)(t) * (s - c) + CT_FIT(hankel_q0)(t) / x * (c + s)) * CT_ROOT_PI / __builtin_sqrt(x);
    double near = CT_2_PI * ct_log_f64(n) * CT_CORE(j0_near)(n) + CT_FIT(y0_near)(n * n * 0.08 - 1.0);
    return ct_blend_f64(x > 5.0, far, near);
}

CT_INLINE double CT_CORE(bessel_j1)(double x) {
    double a = ct_abs_f64(x), t = 50.0 / (a * a) - 1.0, s = ct_sin_f64(a), c = ct_cos_f64(a);
    double far = (CT_FIT(hankel_p1)(t) * (s - c) + CT_FIT(hankel_q1)(t) / a * (c + s)) * CT_ROOT_PI / __builtin_sqrt(a);
    double near = CT_CORE(j1_near)(a > 5.0 ? 5.0 : a), y = ct_blend_f64(a > 5.0, far, near);
    return x < 0.0 ? -y : x == 0.0 ? x : y;
}

CT_INLINE double CT_CORE(bessel_y1)(double x) {
    double t = 50.0 / (x * x) - 1.0, s = ct_sin_f64(x), c = ct_cos_f64(x), n = x > 5.0 ? 5.0 : x;
    double far = (CT_FIT(hankel_q1)(t) / x * (s - c) - CT_FIT(hankel_p1)(t) * (c + s)) * CT_ROOT_PI / __builtin_sqrt(x);
    double near = CT_2_PI * (ct_log_f64(n) * CT_CORE(j1_near)(n) - 1.0 / n) + n * CT_FIT(y1_near)(n * n * 0.08 - 1.0);
    near = n == 0.0 ? -(double)INFINITY : near;
    return ct_blend_f64(x > 5.0, far, near);
}

/* ---- Ai: a polynomial on [-4.5, 1], asymptotic expansions in z = 2/3 |x|^(3/2) outside ---- */

CT_INLINE double CT_CORE(airy_ai)(double x) {
    double a = ct_abs_f64(x), root = __builtin_sqrt(a), low = ct_product_error_f64(root, root, a);
    double p = a * root, pl = ct_product_error_f64(a, root, p) - 0.5 * root * (a < 1e100 ? low : 0.0);
    double z = p * (2.0 / 3), zl = ct_product_error_f64(p, 2.0 / 3, z) + p * 0x1.5555555555555p-55 + pl * (2.0 / 3);
    double fourth = __builtin_sqrt(root) * 1.7724538509055160273;

    double c = x < -4.5 ? -4.5 : x > 1.0 ? 1.0 : x;
    double middle = CT_FIT(airy_middle)((c + 1.75) * (1.0 / 2.75));
    double right = CT_FIT(airy_right)(2.0 / p - 1.0) * ct_exp_sum_f64(-z, -(z < 800.0 ? zl : 0.0)) * 0.5 / fourth;
    double t = 2.0 * CT_AIRY_Z * CT_AIRY_Z / (z * z) - 1.0, s0 = ct_sin_f64(z), c0 = ct_cos_f64(z);
    zl = ct_abs_f64(zl) < 1.0 ? zl : 0.0;           /* beyond 2^53 the phase is lost, not the size */
    double s = s0 + zl * c0, k = c0 - zl * s0;      /* of the sum z + zl */
    double left = (CT_FIT(airy_f)(t) * (s + k) - CT_FIT(airy_g)(t) / z * (k - s)) * 0.70710678118654752440 / fourth;
    right = x == (double)INFINITY ? 0.0 : right;
    return ct_blend_f64(x < -4.5, left, x > 1.0 ? right : middle);
}
