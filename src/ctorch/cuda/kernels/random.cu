// dtypes: float32 float64 float16 bfloat16
//
// Random numbers by Philox4x32-10: element i of a call comes from the counter offset + i / 4 under the seed, so the
// numbers depend on seed, offset and place alone, not on the launch.
#include "common.cuh"

// [0, 1) of 24 bits for float, of 53 for double
CT_DEVICE float unit(u32 a, u32, float) { return (a >> 8) * 0x1p-24f; }
CT_DEVICE double unit(u32 a, u32 b, double) { return (((u64)a << 32 | b) >> 11) * 0x1p-53; }

struct Four {
    real_t x[4];
};

// Four uniform numbers; doubles take two counters, of which the second is in another subsequence.
CT_DEVICE Four uniform4(u64 seed, u64 counter) {
    Words a = philox(seed, counter, 0), b = a;
    if (sizeof(real_t) == 8) b = philox(seed, counter, 1);
    Four u = {
        {unit(a.x, b.x, (real_t)0), unit(a.y, b.y, (real_t)0), unit(a.z, b.z, (real_t)0), unit(a.w, b.w, (real_t)0)}};
    return u;
}

// Box and Muller: two normal numbers from two uniform ones; 1 - u is not 0.
CT_DEVICE void normal2(real_t u, real_t v, real_t* x, real_t* y) {
    real_t radius = sqrt((real_t)-2 * log((real_t)1 - u)), angle = (real_t)6.283185307179586 * v;
    *x = radius * cos(angle);
    *y = radius * sin(angle);
}

// Calls f(i, number) for each element, with four numbers from each counter.
template <class F> CT_DEVICE void each_number(u64 seed, u64 offset, i64 n, bool normal, F f) {
    for (CT_EACH(group, ceil_div(n, 4))) {
        Four u = uniform4(seed, offset + group);
        if (normal) {
            normal2(u.x[0], u.x[1], &u.x[0], &u.x[1]);
            normal2(u.x[2], u.x[3], &u.x[2], &u.x[3]);
        }
        for (int k = 0; k < 4; k++)
            if (group * 4 + k < n) f(group * 4 + k, u.x[k]);
    }
}

// [low, high): rounding to half precision or the sum may give `high`, which becomes `low`
extern "C" __global__ void ct_uniform(store_t* y, i64 n, u64 seed, u64 offset, double low, double high) {
    real_t from = (real_t)low, range = (real_t)(high - low), end = (real_t)high;
    each_number(seed, offset, n, false, [&](i64 i, real_t u) {
        store_t value = narrow<store_t>(u * range + from);
        y[i] = (real_t)widen(value) >= end && range > 0 ? narrow<store_t>(from) : value;
    });
}

extern "C" __global__ void ct_normal(store_t* y, i64 n, u64 seed, u64 offset, double mean, double std) {
    each_number(seed, offset, n, true,
                [&](i64 i, real_t x) { y[i] = narrow<store_t>(x * (real_t)std + (real_t)mean); });
}

// 1 with a probability, else 0: one for all elements, or one each where `each` is not null
extern "C" __global__ void ct_bernoulli(store_t* y, const store_t* each, i64 n, u64 seed, u64 offset, double p) {
    each_number(seed, offset, n, false, [&](i64 i, real_t u) {
        real_t chance = each ? (real_t)widen(each[i]) : (real_t)p;
        y[i] = narrow<store_t>(u < chance ? (real_t)1 : (real_t)0);
    });
}

// Dropout: y = x / (1 - p) where an element is kept, else 0; mask tells which are kept.
extern "C" __global__ void ct_dropout(const store_t* x, store_t* y, u8* mask, i64 n, u64 seed, u64 offset, double p) {
    real_t scale = p < 1 ? (real_t)(1 / (1 - p)) : (real_t)0, drop = (real_t)p;
    each_number(seed, offset, n, false, [&](i64 i, real_t u) {
        bool keep = u >= drop;
        y[i] = narrow<store_t>(keep ? (real_t)widen(x[i]) * scale : (real_t)0);
        mask[i] = keep;
    });
}
