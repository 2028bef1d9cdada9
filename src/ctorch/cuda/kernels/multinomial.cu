// dtypes: float64
//
// Categories drawn by weights, a row of n at a time. With replacement: running sums and a binary search. Without: an
// exponential race (Efraimidis and Spirakis 2006), whose winners are in the order in which they would be drawn.
#include "scan.cuh"

CT_DEVICE double unit(u64 seed, u64 counter) {
    Words w = philox(seed, counter, 0);
    return (((u64)w.x << 32 | w.y) >> 11) * 0x1p-53;
}

// sums = running sums of the weights of each row, made by a block
extern "C" __global__ void ct_running_sums(const double* weights, double* sums, i64 rows, i64 n) {
    for (i64 row = blockIdx.x; row < rows; row += gridDim.x) {
        double carried = 0;
        for (i64 base = 0; base < n; base += blockDim.x) {
            i64 i = base + threadIdx.x;
            double part, upto = block_scan(i < n ? weights[row * n + i] : 0.0, &part);
            if (i < n) sums[row * n + i] = carried + upto;
            carried += part;
        }
    }
}

// The first category whose running sum is above a random part of the whole.
extern "C" __global__ void ct_search(const double* weights, const double* sums, i64* out, i64 rows, i64 n, i64 samples,
                                     u64 seed, u64 offset) {
    for (CT_EACH(i, rows * samples)) {
        const double *own = sums + i / samples * n, *weight = weights + i / samples * n;
        double wanted = unit(seed, offset + i) * own[n - 1];
        i64 low = 0, high = n - 1;
        while (low < high) {
            i64 middle = (low + high) / 2;
            if (own[middle] > wanted) high = middle;
            else low = middle + 1;
        }
        while (low > 0 && weight[low] == 0) low--; // rounding may lead to one that has no weight
        while (weight[low] == 0) low++;
        out[i] = low;
    }
}

// The times at which categories arrive, in rows of `padded`, each with its category; those without weight never do.
extern "C" __global__ void ct_arrivals(const double* weights, double* times, i64* categories, i64 rows, i64 n,
                                       i64 padded, u64 seed, u64 offset) {
    for (CT_EACH(i, rows * padded)) {
        i64 category = i % padded;
        double weight = category < n ? weights[i / padded * n + category] : 0;
        times[i] = weight > 0 ? -log1p(-unit(seed, offset + i)) / weight : Limits<double>::inf();
        categories[i] = category;
    }
}

// A step of Batcher's bitonic sort of rows whose length is a power of two: pairs `distance` apart are put in order,
// upwards and downwards in turn by stretches of `length`.
extern "C" __global__ void ct_bitonic_step(double* times, i64* categories, i64 pairs, i64 padded, i64 length,
                                           i64 distance) {
    for (CT_EACH(pair, pairs)) {
        i64 a = pair / distance * 2 * distance + pair % distance, b = a + distance;
        bool later = times[a] > times[b] || (times[a] == times[b] && categories[a] > categories[b]);
        bool upwards = (a % padded & length) == 0;
        if (later != upwards) continue;
        double time = times[a];
        i64 category = categories[a];
        times[a] = times[b];
        categories[a] = categories[b];
        times[b] = time;
        categories[b] = category;
    }
}
