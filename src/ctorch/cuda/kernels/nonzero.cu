// dtypes: bool
//
// Positions of the true elements, in order: blocks count those of their stretches, the counts are summed up, and
// from there each block writes its own.
#include "scan.cuh"

const int STRETCH = 4096, POSITION_DIMS = 16;

// counts[s] = how many elements of stretch s are true
extern "C" __global__ void ct_count(const bool* x, i64 n, i64* counts) {
    for (i64 s = blockIdx.x; s * STRETCH < n; s += gridDim.x) {
        i64 own = 0, end = least(n, (s + 1) * STRETCH);
        for (i64 i = s * STRETCH + threadIdx.x; i < end; i += blockDim.x) own += x[i];
        own = block_sum(own);
        if (threadIdx.x == 0) counts[s] = own;
    }
}

// counts[s] = the sum of those before s; total = that of all. For one block.
extern "C" __global__ void ct_starts(i64* counts, i64 n, i64* total) {
    i64 carried = 0;
    for (i64 base = 0; base < n; base += blockDim.x) {
        i64 i = base + threadIdx.x, own = i < n ? counts[i] : 0, sum;
        i64 upto = block_scan(own, &sum);
        if (i < n) counts[i] = carried + upto - own;
        carried += sum;
    }
    if (threadIdx.x == 0) *total = carried;
}

struct Sizes {
    i64 ndim, size[POSITION_DIMS];
};

// out[d * count + k] = the position along d of the true element k
extern "C" __global__ void ct_positions(const bool* x, i64 n, const i64* starts, i64* out, i64 count, Sizes sizes) {
    for (i64 s = blockIdx.x; s * STRETCH < n; s += gridDim.x) {
        i64 at = starts[s];
        for (i64 base = s * STRETCH; base < least(n, (s + 1) * STRETCH); base += blockDim.x) {
            i64 i = base + threadIdx.x, own = i < n && x[i], sum;
            i64 k = at + block_scan(own, &sum) - own;
            for (i64 d = sizes.ndim - 1, rest = i; own && d >= 0; rest /= sizes.size[d--])
                out[d * count + k] = rest % sizes.size[d];
            at += sum;
        }
    }
}
