/* Rare lanes: arguments for which the short formula is not exact and libm's slow one is used (sin(1e9), fmod with a
 * huge quotient). A branch would stop the vectoriser, so each `ct_rare_*` below is a function with vector clones:
 * inside a vectorised loop GCC calls the clone, which tests a whole vector at once and returns the fast result
 * untouched unless some lane is rare. */
#pragma once

#include "vmath_bits.h"

#define CT_LIMIT_TRIG_F32 3e4f
#define CT_LIMIT_TRIG_F64 1e6

/* x is the argument; rare where |x| > limit */
#define CT_IS_RARE_TRIG(x, y, limit) (__builtin_fabs(x) > (limit))
/* x and y are the arguments of fmod; rare where the quotient does not fit the mantissa (and is not a division by 0) */
#define CT_IS_RARE_FMOD(x, y, limit) (__builtin_fabs(x) >= (limit) * __builtin_fabs(y) && (y) != 0)

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)

typedef float ct_v4f __attribute__((vector_size(16)));
typedef float ct_v8f __attribute__((vector_size(32)));
typedef float ct_v16f __attribute__((vector_size(64)));
typedef double ct_v2d __attribute__((vector_size(16)));
typedef double ct_v4d __attribute__((vector_size(32)));
typedef double ct_v8d __attribute__((vector_size(64)));

/* One clone: `symbol` is its name in the vector ABI (_ZGV, instruction set, N, lanes, one v per argument). */
#define CT_CLONE(symbol, vector, scalar, lanes, name, rare, limit, slow)                                          \
    static vector name(vector x, vector y, vector fast) __asm__(symbol) __attribute__((used, noinline));          \
    static vector name(vector x, vector y, vector fast) {                                                         \
        scalar xs[lanes], ys[lanes];                                                                              \
        int any = 0;                                                                                              \
        memcpy(xs, &x, sizeof xs);                                                                                \
        memcpy(ys, &y, sizeof ys);                                                                                \
        for (int k = 0; k < lanes; k++) any |= rare(xs[k], ys[k], limit);                                         \
        if (__builtin_expect(any, 0))                                                                             \
            for (int k = 0; k < lanes; k++)                                                                       \
                if (rare(xs[k], ys[k], limit)) fast[k] = (scalar)slow(xs[k], ys[k]);                              \
        return fast;                                                                                              \
    }

#if defined(__AVX512F__)
#define CT_CLONE_512(...) CT_CLONE(__VA_ARGS__)
#else
#define CT_CLONE_512(...)
#endif
#if defined(__AVX2__)
#define CT_CLONE_256(...) CT_CLONE(__VA_ARGS__)
#else
#define CT_CLONE_256(...)
#endif

#define CT_RARE(op, type, scalar, v128, n128, v256, n256, v512, n512, rare, limit, slow)                          \
    scalar ct_rare_##op##_##type(scalar x, scalar y, scalar fast)                                                 \
        __attribute__((simd("notinbranch"), const, nothrow, visibility("hidden")));                               \
    static scalar ct_rare_one_##op##_##type(scalar x, scalar y, scalar fast)                                      \
        __asm__("ct_rare_" #op "_" #type) __attribute__((used));                                                  \
    static scalar ct_rare_one_##op##_##type(scalar x, scalar y, scalar fast) {                                    \
        return rare(x, y, limit) ? (scalar)slow(x, y) : fast;                                                     \
    }                                                                                                             \
    CT_CLONE("_ZGVbN" #n128 "vvv_ct_rare_" #op "_" #type, v128, scalar, n128, ct_rare_128_##op##_##type, rare,    \
             limit, slow)                                                                                         \
    CT_CLONE_256("_ZGVdN" #n256 "vvv_ct_rare_" #op "_" #type, v256, scalar, n256, ct_rare_256_##op##_##type,      \
                 rare, limit, slow)                                                                               \
    CT_CLONE_512("_ZGVeN" #n512 "vvv_ct_rare_" #op "_" #type, v512, scalar, n512, ct_rare_512_##op##_##type,      \
                 rare, limit, slow)

#else

#define CT_RARE(op, type, scalar, v128, n128, v256, n256, v512, n512, rare, limit, slow)                          \
    CT_INLINE scalar ct_rare_##op##_##type(scalar x, scalar y, scalar fast) {                                     \
        return rare(x, y, limit) ? (scalar)slow(x, y) : fast;                                                     \
    }

#endif

#define CT_RARE_F32(op, rare, limit, slow) \
    CT_RARE(op, f32, float, ct_v4f, 4, ct_v8f, 8, ct_v16f, 16, rare, limit, slow)
#define CT_RARE_F64(op, rare, limit, slow) \
    CT_RARE(op, f64, double, ct_v2d, 2, ct_v4d, 4, ct_v8d, 8, rare, limit, slow)

#define CT_SLOW_SIN_F32(x, y) sinf(x)
#define CT_SLOW_COS_F32(x, y) cosf(x)
#define CT_SLOW_TAN_F32(x, y) tanf(x)
#define CT_SLOW_SIN_F64(x, y) sin(x)
#define CT_SLOW_COS_F64(x, y) cos(x)
#define CT_SLOW_TAN_F64(x, y) tan(x)

CT_RARE_F32(sin, CT_IS_RARE_TRIG, CT_LIMIT_TRIG_F32, CT_SLOW_SIN_F32)
CT_RARE_F32(cos, CT_IS_RARE_TRIG, CT_LIMIT_TRIG_F32, CT_SLOW_COS_F32)
CT_RARE_F32(tan, CT_IS_RARE_TRIG, CT_LIMIT_TRIG_F32, CT_SLOW_TAN_F32)
CT_RARE_F32(fmod, CT_IS_RARE_FMOD, 0x1p28f, fmodf)
CT_RARE_F64(sin, CT_IS_RARE_TRIG, CT_LIMIT_TRIG_F64, CT_SLOW_SIN_F64)
CT_RARE_F64(cos, CT_IS_RARE_TRIG, CT_LIMIT_TRIG_F64, CT_SLOW_COS_F64)
CT_RARE_F64(tan, CT_IS_RARE_TRIG, CT_LIMIT_TRIG_F64, CT_SLOW_TAN_F64)
CT_RARE_F64(fmod, CT_IS_RARE_FMOD, 0x1p51, fmod)
