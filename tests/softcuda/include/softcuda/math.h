// CUDA's mathematical functions that the C library lacks, and its conversions and bit operations. The fast forms
// (__expf, ...) are the exact ones here: the difference between them is the device's own.
#pragma once

// ---- min, max ----------------------------------------------------------------------------------------------------

namespace softcuda {
template <class A, class B>
using Common = std::enable_if_t<std::is_arithmetic<A>::value && std::is_arithmetic<B>::value, std::common_type_t<A, B>>;
}
template <class A, class B>
static inline softcuda::Common<A, B> min(A a, B b) {
    typedef softcuda::Common<A, B> C;
    if constexpr (std::is_floating_point<C>::value) return std::fmin((C)a, (C)b);
    else return (C)a < (C)b ? (C)a : (C)b;
}
template <class A, class B>
static inline softcuda::Common<A, B> max(A a, B b) {
    typedef softcuda::Common<A, B> C;
    if constexpr (std::is_floating_point<C>::value) return std::fmax((C)a, (C)b);
    else return (C)a > (C)b ? (C)a : (C)b;
}

// ---- fast forms: macros, since the C library declares some of these names itself ---------------------------------

#define __expf expf
#define __exp10f exp10f
#define __logf logf
#define __log2f log2f
#define __log10f log10f
#define __powf powf
#define __sinf sinf
#define __cosf cosf
#define __tanf tanf
#define __sincosf sincosf
static inline float __fdividef(float a, float b) { return a / b; }
static inline float __saturatef(float x) { return x > 0 ? (x < 1 ? x : 1) : 0; }

// ---- one rounding, where CUDA lets it be named -------------------------------------------------------------------

static inline float __fadd_rn(float a, float b) { return a + b; }
static inline float __fsub_rn(float a, float b) { return a - b; }
static inline float __fmul_rn(float a, float b) { return a * b; }
static inline float __fdiv_rn(float a, float b) { return a / b; }
static inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
static inline float __frcp_rn(float a) { return 1 / a; }
static inline float __fsqrt_rn(float a) { return sqrtf(a); }
static inline float __frsqrt_rn(float a) { return 1 / sqrtf(a); }
static inline double __dadd_rn(double a, double b) { return a + b; }
static inline double __dsub_rn(double a, double b) { return a - b; }
static inline double __dmul_rn(double a, double b) { return a * b; }
static inline double __ddiv_rn(double a, double b) { return a / b; }
static inline double __fma_rn(double a, double b, double c) { return fma(a, b, c); }

// ---- functions: the double form and, from it or beside it, the float form ----------------------------------------

namespace softcuda {

// The inverse of the normal distribution function, by halving an interval in the lower tail.
static inline double normal_quantile(double p) {
    if (!(p > 0 && p < 1)) return p == 0 ? -HUGE_VAL : p == 1 ? HUGE_VAL : NAN;
    double tail = p < 0.5 ? p : 1 - p, low = -40, high = 0;
    for (int i = 0; i < 70; i++) {
        double middle = (low + high) / 2;
        (0.5 * erfc(-middle * M_SQRT1_2) < tail ? low : high) = middle;
    }
    return p < 0.5 ? low : -low;
}

// Sum of (x/2)^(2k+n) / (k! (k+n)!): all terms are positive, so it is accurate wherever it does not overflow.
static inline double bessel_i(int n, double x) {
    double term = n ? x / 2 : 1, sum = term, square = x * x / 4;
    for (int k = 1; k < 2000 && fabs(term) > fabs(sum) * 1e-17; k++) sum += term *= square / (k * (double)(k + n));
    return sum;
}

}  // namespace softcuda

static inline double rsqrt(double x) { return 1 / sqrt(x); }
static inline double rcbrt(double x) { return 1 / cbrt(x); }
static inline double rhypot(double x, double y) { return 1 / hypot(x, y); }
static inline double sinpi(double x) { return sin(M_PI * fmod(x, 2)); }
static inline double cospi(double x) { return cos(M_PI * fmod(x, 2)); }
static inline double normcdf(double x) { return 0.5 * erfc(-x * M_SQRT1_2); }
static inline double normcdfinv(double p) { return softcuda::normal_quantile(p); }
static inline double erfcx(double x) {
    if (x < 25) return exp(x * x) * erfc(x);
    return 0.5 * M_2_SQRTPI / x * (1 - 1 / (2 * x * x));
}
static inline double erfcinv(double x) { return -softcuda::normal_quantile(x / 2) * M_SQRT1_2; }
static inline double erfinv(double x) {
    double y = softcuda::normal_quantile((1 + fabs(x)) / 2) * M_SQRT1_2;
    for (int i = 0; i < 2 && fabs(x) < 0.5; i++)  // (1 + x) / 2 has lost the digits of a small x
        y -= (erf(y) - fabs(x)) / (M_2_SQRTPI * exp(-y * y));
    return copysign(y, x);
}
static inline double cyl_bessel_i0(double x) { return softcuda::bessel_i(0, x); }
static inline double cyl_bessel_i1(double x) { return softcuda::bessel_i(1, x); }

#define SOFTCUDA_FLOAT(NAME)                                               \
    static inline float NAME##f(float x) { return (float)NAME((double)x); } \
    static inline float NAME(float x) { return NAME##f(x); }
SOFTCUDA_FLOAT(rsqrt)
SOFTCUDA_FLOAT(rcbrt)
SOFTCUDA_FLOAT(sinpi)
SOFTCUDA_FLOAT(cospi)
SOFTCUDA_FLOAT(normcdf)
SOFTCUDA_FLOAT(normcdfinv)
SOFTCUDA_FLOAT(erfcx)
SOFTCUDA_FLOAT(erfcinv)
SOFTCUDA_FLOAT(erfinv)
SOFTCUDA_FLOAT(cyl_bessel_i0)
SOFTCUDA_FLOAT(cyl_bessel_i1)
#undef SOFTCUDA_FLOAT
static inline float rhypotf(float x, float y) { return 1 / hypotf(x, y); }
static inline void sincos(float x, float* s, float* c) { sincosf(x, s, c); }
static inline void sincospi(double x, double* s, double* c) { *s = sinpi(x), *c = cospi(x); }
static inline void sincospif(float x, float* s, float* c) { *s = sinpif(x), *c = cospif(x); }

// ---- bits --------------------------------------------------------------------------------------------------------

static inline int __float_as_int(float x) { return softcuda::from_bits<int>(softcuda::to_bits(x)); }
static inline unsigned __float_as_uint(float x) { return (unsigned)softcuda::to_bits(x); }
static inline float __int_as_float(int x) { return softcuda::from_bits<float>((unsigned)x); }
static inline float __uint_as_float(unsigned x) { return softcuda::from_bits<float>(x); }
static inline long long __double_as_longlong(double x) { return (long long)softcuda::to_bits(x); }
static inline double __longlong_as_double(long long x) { return softcuda::from_bits<double>((uint64_t)x); }
static inline int __double2hiint(double x) { return (int)(softcuda::to_bits(x) >> 32); }
static inline int __double2loint(double x) { return (int)softcuda::to_bits(x); }
static inline double __hiloint2double(int high, int low) {
    return softcuda::from_bits<double>((uint64_t)(unsigned)high << 32 | (unsigned)low);
}

static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
static inline int __clz(int x) { return x ? __builtin_clz(x) : 32; }
static inline int __clzll(long long x) { return x ? __builtin_clzll(x) : 64; }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __ffsll(long long x) { return __builtin_ffsll(x); }
static inline unsigned __brev(unsigned x) {
    unsigned result = 0;
    for (int i = 0; i < 32; i++) result |= (x >> i & 1) << (31 - i);
    return result;
}
static inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift) {
    return (unsigned)((((uint64_t)high << 32 | low) << (shift & 31)) >> 32);
}
static inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift) {
    return (unsigned)(((uint64_t)high << 32 | low) >> (shift & 31));
}
static inline int __mulhi(int a, int b) { return (int)((int64_t)a * b >> 32); }
static inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)((uint64_t)a * b >> 32); }
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return (unsigned long long)((unsigned __int128)a * b >> 64);
}

// ---- conversions: rn to nearest even, rz toward zero, rd down, ru up; out of range and NaN as on the device -------

namespace softcuda {
template <class I>
static inline I saturate(double x) {
    constexpr I low = std::is_signed<I>::value ? (I)1 << (sizeof(I) * 8 - 1) : 0, high = ~low;
    if (x != x) return 0;
    return x <= (double)low ? low : x >= (double)high ? high : (I)x;
}
}  // namespace softcuda

#define SOFTCUDA_TO_INTEGER(FROM, NAME, I)                                                     \
    static inline I __##NAME##_rn(FROM x) { return softcuda::saturate<I>(nearbyint((double)x)); } \
    static inline I __##NAME##_rz(FROM x) { return softcuda::saturate<I>(trunc((double)x)); }     \
    static inline I __##NAME##_rd(FROM x) { return softcuda::saturate<I>(floor((double)x)); }     \
    static inline I __##NAME##_ru(FROM x) { return softcuda::saturate<I>(ceil((double)x)); }
SOFTCUDA_TO_INTEGER(float, float2int, int)
SOFTCUDA_TO_INTEGER(float, float2uint, unsigned)
SOFTCUDA_TO_INTEGER(float, float2ll, long long)
SOFTCUDA_TO_INTEGER(float, float2ull, unsigned long long)
SOFTCUDA_TO_INTEGER(double, double2int, int)
SOFTCUDA_TO_INTEGER(double, double2uint, unsigned)
SOFTCUDA_TO_INTEGER(double, double2ll, long long)
SOFTCUDA_TO_INTEGER(double, double2ull, unsigned long long)
#undef SOFTCUDA_TO_INTEGER
static inline float __int2float_rn(int x) { return (float)x; }
static inline float __uint2float_rn(unsigned x) { return (float)x; }
static inline float __ll2float_rn(long long x) { return (float)x; }
static inline double __int2double_rn(int x) { return x; }
static inline double __ll2double_rn(long long x) { return (double)x; }
static inline float __double2float_rn(double x) { return (float)x; }

// ---- loads and stores with a cache hint --------------------------------------------------------------------------

#define SOFTCUDA_LOAD(NAME) template <class T> static inline T NAME(const T* address) { return *address; }
#define SOFTCUDA_STORE(NAME) template <class T> static inline void NAME(T* address, T value) { *address = value; }
SOFTCUDA_LOAD(__ldg)
SOFTCUDA_LOAD(__ldca)
SOFTCUDA_LOAD(__ldcg)
SOFTCUDA_LOAD(__ldcs)
SOFTCUDA_LOAD(__ldcv)
SOFTCUDA_STORE(__stwb)
SOFTCUDA_STORE(__stcg)
SOFTCUDA_STORE(__stcs)
SOFTCUDA_STORE(__stwt)
#undef SOFTCUDA_LOAD
#undef SOFTCUDA_STORE
