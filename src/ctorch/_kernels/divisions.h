/* Quotients, remainders and common divisors of two lines of integers: ct_vfloordiv_i64(a, b, y, n). Processors divide
 * doubles by vectors, integers one by one. What doubles hold is divided there, all else by imath.h: of numbers below
 * 2^51 the rounded quotient lies between the same two integers as the true one, which is at least 1 / b away from each
 * that it is not, and products and differences are exact. */
#pragma once
#include <math.h>
#include <string.h>

#include "imath.h"

#if defined(__SSE4_1__) || defined(__aarch64__) /* roundings by vectors */

enum { CT_QUOTIENTS = 512, CT_DIVISORS_AT_ONCE = 16 };

/* Integers of less than 52 bits as doubles and back, by the bits of 1.5 2^52 + a; AVX2 has no instruction for it. */
static inline double ct_whole_i64(int64_t a)
{
    double sum;
    a += 0x4338000000000000;
    memcpy(&sum, &a, 8);
    return sum - 0x1.8p52;
}
static inline double ct_whole_u64(uint64_t a) { return ct_whole_i64((int64_t)a); }
static inline double ct_whole_i32(int32_t a) { return a; }
static inline double ct_whole_u8(uint8_t a) { return a; }

static inline int64_t ct_integer(double a)
{
    int64_t bits;
    a += 0x1.8p52;
    memcpy(&bits, &a, 8);
    return bits - 0x4338000000000000;
}

/* Whether none needs more than 52 bits. */
static inline int ct_short_u64(const uint64_t *a, int64_t n)
{
    uint64_t high = 0;
    for (int64_t i = 0; i < n; i++) high |= a[i];
    return high >> 51 == 0;
}
static inline int ct_short_i64(const int64_t *a, int64_t n)
{
    uint64_t high = 0;
    for (int64_t i = 0; i < n; i++) high |= (uint64_t)a[i] + ((uint64_t)1 << 51);
    return high >> 52 == 0;
}
static inline int ct_short_i32(const int32_t *a, int64_t n) { return (void)a, (void)n, 1; }
static inline int ct_short_u8(const uint8_t *a, int64_t n) { return (void)a, (void)n, 1; }

#define CT_DIVIDED(name, S, T, expression)                                                               \
    static inline void ct_v##name##_##S(const T *a, const T *b, T *y, int64_t n)                         \
    {                                                                                                    \
        for (int64_t begin = 0, end; begin < n; begin = end) {                                           \
            end = n - begin < CT_QUOTIENTS ? n : begin + CT_QUOTIENTS;                                   \
            if (ct_short_##S(a + begin, end - begin) && ct_short_##S(b + begin, end - begin))            \
                for (int64_t i = begin; i < end; i++) {                                                  \
                    double p = ct_whole_##S(a[i]), q = ct_whole_##S(b[i]);                               \
                    y[i] = (T)ct_integer(expression);                                                    \
                }                                                                                        \
            else                                                                                         \
                for (int64_t i = begin; i < end; i++) y[i] = ct_##name##_##S(a[i], b[i]);                \
        }                                                                                                \
    }

/* Euclid's algorithm on some pairs at once, until all have ended. */
static inline void ct_divisors(double *a, double *b)
{
    int64_t left;
    do {
        left = 0;
        for (int i = 0; i < CT_DIVISORS_AT_ONCE; i++) {
            double p = a[i], q = b[i], rest = p - trunc(p / (q > 0 ? q : 1)) * q;
            a[i] = q > 0 ? q : p;
            b[i] = q > 0 ? rest : 0;
            left |= b[i] > 0 ? -1 : 0;
        }
    } while (left);
}

#define CT_OF_DIVISORS(name, S, T, expression)                                                           \
    static inline void ct_v##name##_##S(const T *a, const T *b, T *y, int64_t n)                         \
    {                                                                                                    \
        double p[CT_DIVISORS_AT_ONCE], q[CT_DIVISORS_AT_ONCE];                                           \
        int64_t begin = 0;                                                                               \
        for (; begin + CT_DIVISORS_AT_ONCE <= n; begin += CT_DIVISORS_AT_ONCE) {                         \
            const T *from = a + begin, *other = b + begin;                                               \
            if (!ct_short_##S(from, CT_DIVISORS_AT_ONCE) || !ct_short_##S(other, CT_DIVISORS_AT_ONCE)) { \
                for (int i = 0; i < CT_DIVISORS_AT_ONCE; i++)                                            \
                    y[begin + i] = ct_##name##_##S(from[i], other[i]);                                   \
                continue;                                                                                \
            }                                                                                            \
            for (int i = 0; i < CT_DIVISORS_AT_ONCE; i++) {                                              \
                p[i] = fabs(ct_whole_##S(from[i]));                                                      \
                q[i] = fabs(ct_whole_##S(other[i]));                                                     \
            }                                                                                            \
            ct_divisors(p, q);                                                                           \
            for (int i = 0; i < CT_DIVISORS_AT_ONCE; i++) y[begin + i] = expression;                     \
        }                                                                                                \
        for (; begin < n; begin++) y[begin] = ct_##name##_##S(a[begin], b[begin]);                       \
    }

#else

#define CT_DIVIDED(name, S, T, expression)                                                               \
    static inline void ct_v##name##_##S(const T *a, const T *b, T *y, int64_t n)                         \
    {                                                                                                    \
        for (int64_t i = 0; i < n; i++) y[i] = ct_##name##_##S(a[i], b[i]);                              \
    }
#define CT_OF_DIVISORS CT_DIVIDED

#endif

#define CT_DIVISIONS(S, T)                                                                               \
    CT_DIVIDED(floordiv, S, T, floor(p / q))                                                             \
    CT_DIVIDED(truncdiv, S, T, trunc(p / q))                                                             \
    CT_DIVIDED(remainder, S, T, p - floor(p / q) * q)                                                    \
    CT_DIVIDED(fmod, S, T, p - trunc(p / q) * q)                                                         \
    CT_OF_DIVISORS(gcd, S, T, (T)ct_integer(p[i]))                                                       \
    CT_OF_DIVISORS(lcm, S, T,                                                                            \
                   ct_abs_##S((T)((uint64_t)ct_integer(ct_whole_##S(from[i]) / (p[i] > 0 ? p[i] : 1)) *  \
                                  (uint64_t)other[i])))
CT_DIVISIONS(i32, int32_t)
CT_DIVISIONS(i64, int64_t)
CT_DIVISIONS(u8, uint8_t)
CT_DIVISIONS(u64, uint64_t)
