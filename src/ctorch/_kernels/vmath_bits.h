/* What every vmath header stands on: bit access, rounding, and the slow path of rare lanes.
 * Everything is branch-free C that GCC vectorises inside plain loops; selects are written as `c ? a : b`. */
#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define CT_INLINE static inline __attribute__((always_inline))

CT_INLINE uint32_t ct_bits_f32(float x) { uint32_t b; memcpy(&b, &x, 4); return b; }
CT_INLINE float ct_from_bits_f32(uint32_t b) { float x; memcpy(&x, &b, 4); return x; }
CT_INLINE uint64_t ct_bits_f64(double x) { uint64_t b; memcpy(&b, &x, 8); return b; }
CT_INLINE double ct_from_bits_f64(uint64_t b) { double x; memcpy(&x, &b, 8); return x; }

CT_INLINE float ct_abs_f32(float x) { return __builtin_fabsf(x); }
CT_INLINE double ct_abs_f64(double x) { return __builtin_fabs(x); }
CT_INLINE float ct_copysign_f32(float x, float y) { return __builtin_copysignf(x, y); }
CT_INLINE double ct_copysign_f64(double x, double y) { return __builtin_copysign(x, y); }
CT_INLINE float ct_sqrt_f32(float x) { return __builtin_sqrtf(x); }
CT_INLINE double ct_sqrt_f64(double x) { return __builtin_sqrt(x); }

/* All ones where the condition holds. Two selects on one condition make GCC copy the code between them for each side;
 * a mask does not. */
#define CT_MASK32(condition) (-(uint32_t)(condition))
#define CT_MASK64(condition) (-(uint64_t)(condition))

/* condition ? a : b by bits. Selects that follow each other on one value become branches, and what only one side needs
 * moves into a branch, where calls of vector clones (see vmath_rare.h) cannot be: such loops do not vectorise. */
CT_INLINE float ct_blend_f32(int condition, float a, float b) {
    uint32_t mask = CT_MASK32(condition);
    return ct_from_bits_f32((ct_bits_f32(a) & mask) | (ct_bits_f32(b) & ~mask));
}
CT_INLINE double ct_blend_f64(int condition, double a, double b) {
    uint64_t mask = CT_MASK64(condition);
    return ct_from_bits_f64((ct_bits_f64(a) & mask) | (ct_bits_f64(b) & ~mask));
}

/* Adding 1.5 * 2^23 (2^52) rounds to the nearest integer and leaves that integer in the low bits. */
#define CT_MAGIC_F32 0x1.8p23f
#define CT_MAGIC_F64 0x1.8p52

/* Rounding. SSE2 has no rounding instruction: there, 2^23 (2^52) is added to |x| and taken off again. */
#if defined(__SSE4_1__) || !defined(__x86_64__)
CT_INLINE float ct_floor_f32(float x) { return __builtin_floorf(x); }
CT_INLINE double ct_floor_f64(double x) { return __builtin_floor(x); }
CT_INLINE float ct_ceil_f32(float x) { return __builtin_ceilf(x); }
CT_INLINE double ct_ceil_f64(double x) { return __builtin_ceil(x); }
CT_INLINE float ct_trunc_f32(float x) { return __builtin_truncf(x); }
CT_INLINE double ct_trunc_f64(double x) { return __builtin_trunc(x); }
CT_INLINE float ct_round_f32(float x) { return __builtin_rintf(x); }
CT_INLINE double ct_round_f64(double x) { return __builtin_rint(x); }
#else
CT_INLINE float ct_round_f32(float x) {
    float a = ct_abs_f32(x), r = (a + 0x1p23f) - 0x1p23f;
    return ct_copysign_f32(a < 0x1p23f ? r : a, x);
}
CT_INLINE double ct_round_f64(double x) {
    double a = ct_abs_f64(x), r = (a + 0x1p52) - 0x1p52;
    return ct_copysign_f64(a < 0x1p52 ? r : a, x);
}
CT_INLINE float ct_trunc_f32(float x) {
    float a = ct_abs_f32(x), r = ct_round_f32(a);
    return ct_copysign_f32(r > a ? r - 1.0f : r, x);
}
CT_INLINE double ct_trunc_f64(double x) {
    double a = ct_abs_f64(x), r = ct_round_f64(a);
    return ct_copysign_f64(r > a ? r - 1.0 : r, x);
}
CT_INLINE float ct_floor_f32(float x) { float r = ct_round_f32(x); return r > x ? r - 1.0f : r; }
CT_INLINE double ct_floor_f64(double x) { double r = ct_round_f64(x); return r > x ? r - 1.0 : r; }
CT_INLINE float ct_ceil_f32(float x) {
    float r = ct_round_f32(x);
    return ct_copysign_f32(r < x ? r + 1.0f : r, x);
}
CT_INLINE double ct_ceil_f64(double x) {
    double r = ct_round_f64(x);
    return ct_copysign_f64(r < x ? r + 1.0 : r, x);
}
#endif

/* The error of the product a * b = p, exactly: one FMA, or Dekker's product on halves of 26 and 27 bits. */
CT_INLINE double ct_product_error_f64(double a, double b, double p) {
#if defined(__FMA__)
    return __builtin_fma(a, b, -p);
#else
    double ah = ct_from_bits_f64(ct_bits_f64(a) & ~(uint64_t)0x7ffffff), al = a - ah;
    double bh = ct_from_bits_f64(ct_bits_f64(b) & ~(uint64_t)0x7ffffff), bl = b - bh;
    return ((ah * bh - p) + (ah * bl + al * bh)) + al * bl;
#endif
}
