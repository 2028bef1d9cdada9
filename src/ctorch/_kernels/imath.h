/* Integer functions of the table's expressions. Divisors are checked for zero before a kernel runs; the one other
   quotient that traps, the lowest number by -1, wraps here. */
#pragma once
#include <stdint.h>

/* A quotient of 64 bits takes three times as long as one of 32, where both numbers fit. */
static inline int64_t ct_quotient_i64(int64_t a, int64_t b) {
    return (a == (int32_t)a) & (b == (int32_t)b) ? (int32_t)a / (int32_t)b : a / b;
}
static inline int32_t ct_quotient_i32(int32_t a, int32_t b) { return a / b; }

#define CT_INT_COMMON(S, T)                                                                 \
    static inline T ct_floor_##S(T a) { return a; }                                         \
    static inline T ct_ceil_##S(T a) { return a; }                                          \
    static inline T ct_trunc_##S(T a) { return a; }                                         \
    static inline T ct_round_##S(T a) { return a; }                                         \
    static inline uint8_t ct_isinf_##S(T a) { return 0; }                                       \
    static inline T ct_bitnot_##S(T a) { return (T)~a; }                                    \
    static inline T ct_maximum_##S(T a, T b) { return a > b ? a : b; }                      \
    static inline T ct_minimum_##S(T a, T b) { return a < b ? a : b; }                      \
    static inline T ct_fmax_##S(T a, T b) { return a > b ? a : b; }                         \
    static inline T ct_fmin_##S(T a, T b) { return a < b ? a : b; }                         \
    static inline T ct_shift_left_##S(T a, T b) {                                           \
        return (b < 0) | (b >= (T)(8 * sizeof(T))) ? 0 : (T)((uint64_t)a << (b & 63));      \
    }

#define CT_SIGNED(S, T, LOW, HIGH)                                                          \
    CT_INT_COMMON(S, T)                                                                     \
    static inline T ct_min_##S(void) { return LOW; }                                        \
    static inline T ct_max_##S(void) { return HIGH; }                                       \
    static inline T ct_abs_##S(T a) { return a < 0 ? (T)(0 - (uint64_t)a) : a; }            \
    static inline T ct_sign_##S(T a) { return (T)((a > 0) - (a < 0)); }                     \
    static inline T ct_sgn_##S(T a) { return ct_sign_##S(a); }                              \
    static inline T ct_truncdiv_##S(T a, T b) { return b == -1 ? (T)(0 - (uint64_t)a) : ct_quotient_##S(a, b); } \
    static inline T ct_fmod_##S(T a, T b) { return a - ct_truncdiv_##S(a, b) * b; }         \
    static inline T ct_floordiv_##S(T a, T b) {                                             \
        T q = ct_truncdiv_##S(a, b), r = a - q * b;                                         \
        return q - ((r != 0) & ((r < 0) != (b < 0)));                                       \
    }                                                                                       \
    static inline T ct_remainder_##S(T a, T b) {                                            \
        T r = ct_fmod_##S(a, b);                                                            \
        return r + ((r != 0) & ((r < 0) != (b < 0)) ? b : 0);                               \
    }                                                                                       \
    static inline T ct_shift_right_##S(T a, T b) {                                          \
        return (b < 0) | (b >= (T)(8 * sizeof(T))) ? (a < 0 ? -1 : 0) : a >> b;             \
    }                                                                                       \
    static inline T ct_pow_##S(T a, T b) {                                                  \
        if (b < 0) return a == 1 ? 1 : a == -1 ? (b & 1 ? -1 : 1) : 0;                      \
        uint64_t r = 1, base = (uint64_t)a;                                                 \
        for (; b; b >>= 1, base *= base) r *= b & 1 ? base : 1;                             \
        return (T)r;                                                                        \
    }

#define CT_UNSIGNED(S, T, HIGH)                                                             \
    CT_INT_COMMON(S, T)                                                                     \
    static inline T ct_min_##S(void) { return 0; }                                          \
    static inline T ct_max_##S(void) { return HIGH; }                                       \
    static inline T ct_abs_##S(T a) { return a; }                                           \
    static inline T ct_sign_##S(T a) { return a > 0; }                                      \
    static inline T ct_sgn_##S(T a) { return a > 0; }                                       \
    static inline T ct_truncdiv_##S(T a, T b) { return a / b; }                             \
    static inline T ct_floordiv_##S(T a, T b) { return a / b; }                             \
    static inline T ct_fmod_##S(T a, T b) { return a % b; }                                 \
    static inline T ct_remainder_##S(T a, T b) { return a % b; }                            \
    static inline T ct_shift_right_##S(T a, T b) {                                          \
        return b >= (T)(8 * sizeof(T)) ? 0 : (T)(a >> b);                                   \
    }                                                                                       \
    static inline T ct_pow_##S(T a, T b) {                                                  \
        uint64_t r = 1, base = a;                                                           \
        for (; b; b >>= 1, base *= base) r *= b & 1 ? base : 1;                             \
        return (T)r;                                                                        \
    }

CT_SIGNED(i32, int32_t, INT32_MIN, INT32_MAX)
CT_SIGNED(i64, int64_t, INT64_MIN, INT64_MAX)
CT_UNSIGNED(u8, uint8_t, UINT8_MAX)
CT_UNSIGNED(u64, uint64_t, UINT64_MAX)

#define CT_DIVISORS(S, T)                                                                   \
    static inline T ct_gcd_##S(T a, T b) {                                                  \
        for (a = ct_abs_##S(a), b = ct_abs_##S(b); b != 0;) {                               \
            T r = ct_fmod_##S(a, b);                                                        \
            a = b, b = r;                                                                   \
        }                                                                                   \
        return ct_abs_##S(a);                                                               \
    }                                                                                       \
    static inline T ct_lcm_##S(T a, T b) {                                                  \
        T common = ct_gcd_##S(a, b);                                                        \
        return common == 0 ? 0 : ct_abs_##S((T)((uint64_t)ct_truncdiv_##S(a, common) * (uint64_t)b)); \
    }
CT_DIVISORS(i32, int32_t)
CT_DIVISORS(i64, int64_t)
CT_DIVISORS(u8, uint8_t)
CT_DIVISORS(u64, uint64_t)
