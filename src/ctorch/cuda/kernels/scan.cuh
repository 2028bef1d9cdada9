// Running sums over the threads of a block.
#pragma once
#include "common.cuh"

// The sum of x up to and with this thread; `total` gets that of the whole block. Every thread must call.
template <class T> CT_DEVICE T block_scan(T x, T* total) {
    CT_SHARED(T, sums, 32);
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
    for (int step = 1; step < 32; step <<= 1) {
        T below = __shfl_up_sync(FULL_WARP, x, step);
        if (lane >= step) x += below;
    }
    __syncthreads(); // of an earlier call, all have read
    if (lane == 31) sums[warp] = x;
    __syncthreads();
    T before = 0, all = 0;
    for (int w = 0; w < warps; w++) {
        if (w == warp) before = all;
        all += sums[w];
    }
    *total = all;
    return before + x;
}
