// float16 and bfloat16: stored as 16 bits, computed in float32 and rounded once, as CUDA's types do.
#pragma once

namespace softcuda {

// A double as a float that rounds on to 16 bits as the double itself would (rounding to odd).
static inline float round_to_odd(double x) {
    float f = (float)x;
    if ((double)f == x || x != x || fabs(x) > FLT_MAX) return f;
    uint32_t bits = from_bits<uint32_t>(to_bits(f));
    if (fabs((double)f) > fabs(x)) bits--;  // toward zero
    return from_bits<float>(bits | 1);
}

static inline uint16_t float_to_half(float f) {
    uint32_t bits = (uint32_t)to_bits(f), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) return 0x7fff;            // NaN
    if (magnitude >= 0x477ff000) return sign | 0x7c00;    // rounds to infinity
    if (magnitude < 0x38800000) {                         // subnormal: the float unit rounds at bit 2^-24 beside 0.5
        float shifted = from_bits<float>(magnitude) + 0.5f;
        return sign | ((uint32_t)to_bits(shifted) - 0x3f000000);
    }
    return sign | (magnitude - 0x38000000 + 0xfff + (magnitude >> 13 & 1)) >> 13;
}

static inline float half_to_float(uint16_t half) {
    uint32_t sign = (half & 0x8000u) << 16, exponent = half >> 10 & 31, fraction = half & 1023;
    if (exponent == 31) return from_bits<float>(sign | 0x7f800000 | fraction << 13);
    if (exponent) return from_bits<float>(sign | (exponent + 112) << 23 | fraction << 13);
    return from_bits<float>(sign | (uint32_t)to_bits((float)fraction * 0x1p-24f));
}

static inline uint16_t float_to_bfloat16(float f) {
    uint32_t bits = (uint32_t)to_bits(f);
    if ((bits & 0x7fffffff) > 0x7f800000) return 0x7fff;
    return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

static inline float bfloat16_to_float(uint16_t x) { return from_bits<float>((uint32_t)x << 16); }

template <class T>
using Number = std::enable_if_t<std::is_arithmetic<T>::value>;

}  // namespace softcuda

#define SOFTCUDA_HALF(H, PACK, UNPACK)                                                                 \
    struct alignas(2) H {                                                                              \
        unsigned short bits;                                                                           \
        H() = default;                                                                                 \
        H(float x) : bits(softcuda::PACK(x)) {}                                                        \
        template <class T, class = softcuda::Number<T>>                                                \
        H(T x) : bits(softcuda::PACK(softcuda::round_to_odd((double)x))) {}                            \
        operator float() const { return softcuda::UNPACK(bits); }                                      \
    };                                                                                                 \
    struct alignas(4) H##2 { H x, y; };                                                                \
    static inline H operator+(H a, H b) { return H((float)a + (float)b); }                             \
    static inline H operator-(H a, H b) { return H((float)a - (float)b); }                             \
    static inline H operator*(H a, H b) { return H((float)a * (float)b); }                             \
    static inline H operator/(H a, H b) { return H((float)a / (float)b); }                             \
    static inline H operator-(H a) { return H(-(float)a); }                                            \
    static inline H& operator+=(H& a, H b) { return a = a + b; }                                       \
    static inline H& operator-=(H& a, H b) { return a = a - b; }                                       \
    static inline H& operator*=(H& a, H b) { return a = a * b; }                                       \
    static inline H& operator/=(H& a, H b) { return a = a / b; }                                       \
    static inline bool operator<(H a, H b) { return (float)a < (float)b; }                             \
    static inline bool operator>(H a, H b) { return (float)a > (float)b; }                             \
    static inline bool operator<=(H a, H b) { return (float)a <= (float)b; }                           \
    static inline bool operator>=(H a, H b) { return (float)a >= (float)b; }                           \
    static inline bool operator==(H a, H b) { return (float)a == (float)b; }                           \
    static inline bool operator!=(H a, H b) { return (float)a != (float)b; }                           \
    static inline H __hadd(H a, H b) { return a + b; }                                                 \
    static inline H __hsub(H a, H b) { return a - b; }                                                 \
    static inline H __hmul(H a, H b) { return a * b; }                                                 \
    static inline H __hdiv(H a, H b) { return a / b; }                                                 \
    static inline H __hneg(H a) { return -a; }                                                         \
    static inline H __habs(H a) { return H(fabsf((float)a)); }                                         \
    static inline H __hfma(H a, H b, H c) { return H((double)(float)a * (float)b + (float)c); }        \
    static inline bool __hlt(H a, H b) { return a < b; }                                               \
    static inline bool __hle(H a, H b) { return a <= b; }                                              \
    static inline bool __hgt(H a, H b) { return a > b; }                                               \
    static inline bool __hge(H a, H b) { return a >= b; }                                              \
    static inline bool __heq(H a, H b) { return a == b; }                                              \
    static inline bool __hne(H a, H b) { return a != b; }                                              \
    static inline bool __hisnan(H a) { return a != a; }                                                \
    static inline H __hmax(H a, H b) { return H(fmaxf((float)a, (float)b)); }                          \
    static inline H __hmin(H a, H b) { return H(fminf((float)a, (float)b)); }                          \
    static inline H##2 __hadd2(H##2 a, H##2 b) { return {a.x + b.x, a.y + b.y}; }                      \
    static inline H##2 __hmul2(H##2 a, H##2 b) { return {a.x * b.x, a.y * b.y}; }                      \
    static inline H##2 __hfma2(H##2 a, H##2 b, H##2 c) {                                               \
        return {__hfma(a.x, b.x, c.x), __hfma(a.y, b.y, c.y)};                                         \
    }

SOFTCUDA_HALF(__half, float_to_half, half_to_float)
SOFTCUDA_HALF(__nv_bfloat16, float_to_bfloat16, bfloat16_to_float)
#undef SOFTCUDA_HALF

typedef __half half;
typedef __half2 half2;
static inline float __half2float(__half h) { return h; }
static inline __half __float2half(float x) { return __half(x); }
static inline __half __float2half_rn(float x) { return __half(x); }
static inline __half __double2half(double x) { return __half(x); }
static inline __half __int2half_rn(int x) { return __half(x); }
static inline int __half2int_rz(__half h) { return (int)(float)h; }
static inline unsigned short __half_as_ushort(__half h) { return h.bits; }
static inline __half __ushort_as_half(unsigned short bits) { return softcuda::from_bits<__half>(bits); }
static inline __half2 __halves2half2(__half x, __half y) { return {x, y}; }
static inline __half2 make_half2(__half x, __half y) { return {x, y}; }
static inline __half2 __float2half2_rn(float x) { return {__half(x), __half(x)}; }
static inline __half2 __floats2half2_rn(float x, float y) { return {__half(x), __half(y)}; }
static inline float2 __half22float2(__half2 h) { return {(float)h.x, (float)h.y}; }

typedef __nv_bfloat16 nv_bfloat16;
typedef __nv_bfloat162 nv_bfloat162;
static inline float __bfloat162float(__nv_bfloat16 x) { return x; }
static inline __nv_bfloat16 __float2bfloat16(float x) { return __nv_bfloat16(x); }
static inline __nv_bfloat16 __float2bfloat16_rn(float x) { return __nv_bfloat16(x); }
static inline __nv_bfloat16 __double2bfloat16(double x) { return __nv_bfloat16(x); }
static inline unsigned short __bfloat16_as_ushort(__nv_bfloat16 x) { return x.bits; }
static inline __nv_bfloat16 __ushort_as_bfloat16(unsigned short bits) {
    return softcuda::from_bits<__nv_bfloat16>(bits);
}
static inline __nv_bfloat162 __floats2bfloat162_rn(float x, float y) { return {__nv_bfloat16(x), __nv_bfloat16(y)}; }
static inline float2 __bfloat1622float2(__nv_bfloat162 h) { return {(float)h.x, (float)h.y}; }
