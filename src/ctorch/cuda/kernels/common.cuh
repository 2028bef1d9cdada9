// What every kernel file starts from: types, loads and stores, reductions over a warp and a block, Philox.
//
// A kernel file is compiled once per dtype. `store_t` is an element in memory, `real_t` what it is computed in:
// half_t and bfloat16_t are loaded to float, computed, and stored back.
#pragma once

typedef signed char i8;
typedef unsigned char u8;
typedef short i16;
typedef unsigned short u16;
typedef int i32;
typedef unsigned int u32;
typedef long long i64;
typedef unsigned long long u64;

#define CT_DEVICE __device__ __forceinline__

// ---- numbers that C writes as macros

template <class T> struct Limits;
template <> struct Limits<float> {
    static CT_DEVICE float inf() { return __int_as_float(0x7f800000); }
    static CT_DEVICE float nan() { return __int_as_float(0x7fc00000); }
};
template <> struct Limits<double> {
    static CT_DEVICE double inf() { return __longlong_as_double(0x7ff0000000000000LL); }
    static CT_DEVICE double nan() { return __longlong_as_double(0x7ff8000000000000LL); }
};

// ---- half precision, which is only stored

struct half_t {
    u16 bits;
};
struct bfloat16_t {
    u16 bits;
};

#if defined(__NVCC__) || defined(__CUDACC_RTC__)

CT_DEVICE float widen(half_t h) {
    float x;
    asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(h.bits));
    return x;
}

CT_DEVICE half_t to_half(float x) {
    half_t h;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h.bits) : "f"(x));
    return h;
}

#else // compilers without PTX

CT_DEVICE float widen(half_t h) {
    u32 magnitude = h.bits & 0x7fffu, sign = (u32)(h.bits & 0x8000u) << 16;
    if (magnitude >= 0x7c00u) return __uint_as_float(sign | 0x7f800000u | (magnitude & 0x3ffu) << 13);
    float x = __uint_as_float(magnitude << 13) * __uint_as_float(0x77800000u); // 2^112 moves the exponent
    return __uint_as_float(__float_as_uint(x) | sign);
}

CT_DEVICE half_t to_half(float x) {
    u32 bits = __float_as_uint(x), sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
    half_t h;
    if (magnitude > 0x7f800000u) { // NaN
        h.bits = 0x7fffu;
    } else if (magnitude >= 0x477ff000u) { // rounds to 65536 or more
        h.bits = sign | 0x7c00u;
    } else if (magnitude >= 0x38800000u) { // normal: round the mantissa to even
        h.bits = sign | ((magnitude - 0x38000000u + 0xfffu + (magnitude >> 13 & 1u)) >> 13);
    } else { // subnormal: 0.5 aligns the mantissa, and rounds it
        h.bits = sign | (__float_as_uint(__uint_as_float(magnitude) + 0.5f) - 0x3f000000u);
    }
    return h;
}

#endif

CT_DEVICE float widen(bfloat16_t b) { return __uint_as_float((u32)b.bits << 16); }

CT_DEVICE bfloat16_t to_bfloat16(float x) {
    u32 bits = __float_as_uint(x);
    bfloat16_t b;
    b.bits = x != x ? 0x7fc0u : (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
    return b;
}

// widen(x): an element as it is computed in; narrow<T>(x): as it is stored.
template <class T> CT_DEVICE T widen(T x) { return x; }
template <class T, class R> struct Narrow {
    static CT_DEVICE T of(R x) { return (T)x; }
};
template <class R> struct Narrow<half_t, R> {
    static CT_DEVICE half_t of(R x) { return to_half((float)x); }
};
template <class R> struct Narrow<bfloat16_t, R> {
    static CT_DEVICE bfloat16_t of(R x) { return to_bfloat16((float)x); }
};
template <class T, class R> CT_DEVICE T narrow(R x) { return Narrow<T, R>::of(x); }

// ---- complex numbers

template <class T> struct alignas(2 * sizeof(T)) Complex {
    T re, im;
    Complex() = default;
    __device__ Complex(T re, T im = 0) : re(re), im(im) {}
};
typedef Complex<float> complex64_t;
typedef Complex<double> complex128_t;

template <class T> CT_DEVICE Complex<T> operator+(Complex<T> a, Complex<T> b) {
    return Complex<T>(a.re + b.re, a.im + b.im);
}
template <class T> CT_DEVICE Complex<T> operator-(Complex<T> a, Complex<T> b) {
    return Complex<T>(a.re - b.re, a.im - b.im);
}
template <class T> CT_DEVICE Complex<T> operator-(Complex<T> a) { return Complex<T>(-a.re, -a.im); }
template <class T> CT_DEVICE Complex<T> operator*(Complex<T> a, Complex<T> b) {
    return Complex<T>(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re);
}
template <class T> CT_DEVICE bool operator==(Complex<T> a, Complex<T> b) { return a.re == b.re && a.im == b.im; }
template <class T> CT_DEVICE bool operator!=(Complex<T> a, Complex<T> b) { return !(a == b); }
template <class T> CT_DEVICE Complex<T>& operator+=(Complex<T>& a, Complex<T> b) { return a = a + b; }

// Smith's division: scaled by the larger part of the divisor, so that nothing overflows on the way.
template <class T> CT_DEVICE Complex<T> operator/(Complex<T> x, Complex<T> y) {
    bool turn = fabs(y.im) > fabs(y.re);
    T big = turn ? y.im : y.re, small = turn ? y.re : y.im;
    T ratio = big == 0 ? (T)0 : small / big, scale = (T)1 / (big + small * ratio);
    T re = turn ? x.re * ratio + x.im : x.re + x.im * ratio;
    T im = turn ? x.im * ratio - x.re : x.im - x.re * ratio;
    return Complex<T>(re * scale, im * scale);
}

// With a real number, such as a constant.
#define CT_MIXED(op)                                                                                \
    template <class T> CT_DEVICE auto operator op(Complex<T> a, T b) { return a op Complex<T>(b); } \
    template <class T> CT_DEVICE auto operator op(T a, Complex<T> b) { return Complex<T>(a) op b; }
CT_MIXED(+)
CT_MIXED(-)
CT_MIXED(/)
CT_MIXED(==)
CT_MIXED(!=)
#undef CT_MIXED
template <class T>
CT_DEVICE Complex<T> operator*(Complex<T> a, T b) {
    return Complex<T>(a.re * b, a.im * b);
}
template <class T> CT_DEVICE Complex<T> operator*(T a, Complex<T> b) { return Complex<T>(a * b.re, a * b.im); }

#ifdef CT_STORE
typedef CT_STORE store_t;
typedef CT_COMPUTE real_t;
#endif

// ---- places

// for (CT_EACH(i, n)): every i below n, shared out over the threads of the grid
#define CT_EACH(i, n)                                   \
    i64 i = blockIdx.x * (i64)blockDim.x + threadIdx.x; \
    i < (n);                                            \
    i += (i64)gridDim.x * blockDim.x

template <class T> CT_DEVICE T least(T a, T b) { return a < b ? a : b; }
template <class T> CT_DEVICE T most(T a, T b) { return a > b ? a : b; }
CT_DEVICE i64 ceil_div(i64 a, i64 b) { return (a + b - 1) / b; }

// Shared memory for `count` elements, as bytes, since T may have constructors.
#define CT_SHARED(T, name, count)                                           \
    alignas(16) __shared__ unsigned char name##_bytes[(count) * sizeof(T)]; \
    T* name = (T*)name##_bytes

// ---- reductions; blocks are whole warps

#define FULL_WARP 0xffffffffu

struct Add {
    template <class T> CT_DEVICE T operator()(T a, T b) const { return a + b; }
};
// The larger; NaN is passed over, as the CPU's softmax does, where the NaN comes back by way of the difference.
struct Larger {
    template <class T> CT_DEVICE T operator()(T a, T b) const { return a > b ? a : b; }
};

template <class T> CT_DEVICE T shuffle_xor(T x, int mask) { return __shfl_xor_sync(FULL_WARP, x, mask); }
template <class T> CT_DEVICE Complex<T> shuffle_xor(Complex<T> z, int mask) {
    return Complex<T>(shuffle_xor(z.re, mask), shuffle_xor(z.im, mask));
}

// Every lane gets the result.
template <class T, class Op> CT_DEVICE T warp_reduce(T x, Op op) {
    for (int mask = 16; mask > 0; mask >>= 1) x = op(x, shuffle_xor(x, mask));
    return x;
}

// Every thread of a one-dimensional block gets the result; every thread must call.
template <class T, class Op> CT_DEVICE T block_reduce(T x, Op op, T identity) {
    CT_SHARED(T, partial, 32);
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
    x = warp_reduce(x, op);
    __syncthreads(); // of an earlier call, all have read
    if (lane == 0) partial[warp] = x;
    __syncthreads();
    return warp_reduce(lane < warps ? partial[lane] : identity, op);
}

template <class T> CT_DEVICE T block_sum(T x) { return block_reduce(x, Add(), (T)0); }
template <class T> CT_DEVICE T block_max(T x) { return block_reduce(x, Larger(), -Limits<T>::inf()); }

// ---- teams: a row of elements is one thread's work, a warp's or a block's, by its length and by how many rows
// there are. The same text serves all three; a row's result depends on the team, and on nothing else of the launch.

struct Single {
    static CT_DEVICE i64 first() { return blockIdx.x * (i64)blockDim.x + threadIdx.x; }
    static CT_DEVICE i64 step() { return gridDim.x * (i64)blockDim.x; }
    static CT_DEVICE int rank() { return 0; }
    static CT_DEVICE int size() { return 1; }
    template <class T, class Op> static CT_DEVICE T reduce(T x, Op, T) { return x; }
};

struct Warp {
    static CT_DEVICE i64 first() { return blockIdx.x * (i64)(blockDim.x >> 5) + (threadIdx.x >> 5); }
    static CT_DEVICE i64 step() { return gridDim.x * (i64)(blockDim.x >> 5); }
    static CT_DEVICE int rank() { return threadIdx.x & 31; }
    static CT_DEVICE int size() { return 32; }
    template <class T, class Op> static CT_DEVICE T reduce(T x, Op op, T) { return warp_reduce(x, op); }
};

struct Block {
    static CT_DEVICE i64 first() { return blockIdx.x; }
    static CT_DEVICE i64 step() { return gridDim.x; }
    static CT_DEVICE int rank() { return threadIdx.x; }
    static CT_DEVICE int size() { return blockDim.x; }
    template <class T, class Op> static CT_DEVICE T reduce(T x, Op op, T identity) {
        return block_reduce(x, op, identity);
    }
};

template <class Team, class T> CT_DEVICE T team_sum(T x) { return Team::reduce(x, Add(), (T)0); }
template <class Team, class T> CT_DEVICE T team_max(T x) { return Team::reduce(x, Larger(), -Limits<T>::inf()); }

// Calls function<Team>(...) for the team that the launch was made for: see cuda/_forward/common.py.
#define CT_WITH_TEAM(team, function, ...)         \
    switch (team) {                               \
    case 0: function<Single>(__VA_ARGS__); break; \
    case 1: function<Warp>(__VA_ARGS__); break;   \
    default: function<Block>(__VA_ARGS__);        \
    }

// ---- Philox4x32-10 (Salmon et al. 2011): four random words for a counter and a key

struct Words {
    u32 x, y, z, w;
};

CT_DEVICE Words philox(u64 key, u64 counter, u64 subsequence) {
    const u32 M0 = 0xD2511F53u, M1 = 0xCD9E8D57u, W0 = 0x9E3779B9u, W1 = 0xBB67AE85u;
    u32 k0 = (u32)key, k1 = (u32)(key >> 32);
    Words c = {(u32)counter, (u32)(counter >> 32), (u32)subsequence, (u32)(subsequence >> 32)};
    for (int round = 0; round < 10; round++) {
        u32 high0 = __umulhi(M0, c.x), low0 = M0 * c.x, high1 = __umulhi(M1, c.z), low1 = M1 * c.z;
        c.x = high1 ^ c.y ^ k0;
        c.y = low1;
        c.z = high0 ^ c.w ^ k1;
        c.w = low0;
        k0 += W0;
        k1 += W1;
    }
    return c;
}
