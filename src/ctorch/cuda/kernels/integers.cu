// dtypes: int64
//
// Random whole numbers by Philox, as random.cu has it.
#include "common.cuh"

// low + (64 random bits) modulo range; a range of 0 stands for 2^64
extern "C" __global__ void ct_integers(i64* y, i64 n, u64 seed, u64 offset, i64 low, u64 range) {
    for (CT_EACH(group, ceil_div(n, 2))) {
        Words w = philox(seed, offset + group, 0);
        u64 bits[2] = {(u64)w.x << 32 | w.y, (u64)w.z << 32 | w.w};
        for (int k = 0; k < 2; k++)
            if (group * 2 + k < n) y[group * 2 + k] = (i64)((u64)low + (range ? bits[k] % range : bits[k]));
    }
}

const int ROUNDS = 24;

// A bijection of 0 .. 2^(2 * half) - 1: a Feistel network, whose rounds are keyed by Philox (Mitchell et al. 2021,
// "Bandwidth-optimal random shuffling for GPUs").
CT_DEVICE u64 shuffled(u64 x, int half, const u32* keys) {
    u64 mask = ((u64)1 << half) - 1, left = x >> half, right = x & mask;
    for (int round = 0; round < ROUNDS; round++) {
        u32 mixed = ((u32)right ^ (u32)(right >> 32)) ^ keys[round];
        mixed = (mixed ^ mixed >> 16) * 0x85ebca6bu;
        mixed = (mixed ^ mixed >> 13) * 0xc2b2ae35u;
        mixed ^= mixed >> 16;
        u64 next = left ^ (mixed & mask);
        left = right;
        right = next;
    }
    return left << half | right;
}

// y = an order of 0 .. n - 1: each number walks through the bijection until it falls below n.
extern "C" __global__ void ct_permutation(i64* y, i64 n, u64 seed, u64 offset, int half) {
    u32 keys[ROUNDS];
    for (int k = 0; k < ROUNDS; k += 4) {
        Words w = philox(seed, offset, k / 4);
        keys[k] = w.x;
        keys[k + 1] = w.y;
        keys[k + 2] = w.z;
        keys[k + 3] = w.w;
    }
    for (CT_EACH(i, n)) {
        u64 place = shuffled((u64)i, half, keys);
        while (place >= (u64)n) place = shuffled(place, half, keys);
        y[i] = (i64)place;
    }
}
