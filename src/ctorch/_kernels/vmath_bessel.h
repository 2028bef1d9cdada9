/* Bessel functions of orders 0 and 1 and the Airy function, as vector code: ct_<name>_f64 and ct_<name>_f32 of one
 * number, ct_v<name>_f64 and ct_v<name>_f32 of whole arrays. Largest errors measured against mpmath, away from zeros of
 * the function: 4 ulp in double, 0.51 ulp in float. */
#pragma once

#include "vmath_chebyshev.h"
#include "vmath_special.h"

#define CT_ROOT_PI 0.56418958354775628695 /* 1 / sqrt(pi) */
#define CT_2_PI 0.63661977236758134308
#define CT_AIRY_Z 6.3639610306789277196 /* 2/3 4.5^(3/2) */

/* p e^x, infinite only where the product is */
CT_INLINE double ct_times_exp(double p, double x) {
    ct_exp_parts e = ct_exp_split_f64(x > 720.0 ? 720.0 : x, 0.0);
    double y = ct_scale_f64(p * (1.0 + (e.r + e.r * e.r * ct_poly_exp_f64(e.r))), e.bits);
    return x > 720.0 ? p * (double)INFINITY : y;
}

#define CT_CORE(name) ct_##name##_core
#define CT_FIT(name) ct_poly_##name##_f64
#include "vmath_bessel_body.h"
#undef CT_CORE
#undef CT_FIT
#define CT_CORE(name) ct_##name##_low_core
#define CT_FIT(name) ct_poly_##name##_low_f64
#include "vmath_bessel_body.h"
#undef CT_CORE
#undef CT_FIT

CT_ARRAYS(i0, ct_i0_core, ct_i0_low_core)
CT_ARRAYS(i0e, ct_i0e_core, ct_i0e_low_core)
CT_ARRAYS(i1, ct_i1_core, ct_i1_low_core)
CT_ARRAYS(i1e, ct_i1e_core, ct_i1e_low_core)
CT_ARRAYS(modified_bessel_k0, ct_modified_bessel_k0_core, ct_modified_bessel_k0_low_core)
CT_ARRAYS(modified_bessel_k1, ct_modified_bessel_k1_core, ct_modified_bessel_k1_low_core)
CT_ARRAYS(scaled_modified_bessel_k0, ct_scaled_modified_bessel_k0_core, ct_scaled_modified_bessel_k0_low_core)
CT_ARRAYS(scaled_modified_bessel_k1, ct_scaled_modified_bessel_k1_core, ct_scaled_modified_bessel_k1_low_core)
CT_ARRAYS(bessel_j0, ct_bessel_j0_core, ct_bessel_j0_low_core)
CT_ARRAYS(bessel_j1, ct_bessel_j1_core, ct_bessel_j1_low_core)
CT_ARRAYS(bessel_y0, ct_bessel_y0_core, ct_bessel_y0_low_core)
CT_ARRAYS(bessel_y1, ct_bessel_y1_core, ct_bessel_y1_low_core)
CT_ARRAYS(airy_ai, ct_airy_ai_core, ct_airy_ai_low_core)
