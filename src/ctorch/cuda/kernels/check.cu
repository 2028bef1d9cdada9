// dtypes: int64
//
// Checks of numbers before they are used as places.
#include "common.cuh"

// first[0] = the least i with index[i] outside 0 .. size - 1, other than `ignore` where it counts; untouched if none.
extern "C" __global__ void ct_first_outside(const i64* index, i64 count, i64 size, i64 ignore, int ignores,
                                            u64* first) {
    for (CT_EACH(i, count)) {
        i64 number = index[i];
        if ((number < 0 || number >= size) && !(ignores && number == ignore)) atomicMin(first, (u64)i);
    }
}

// to[i] (plus=) the place of index[i] along a dimension, whose end negative numbers count from. first[0] = the least
// i with an index outside of it; untouched if none.
extern "C" __global__ void ct_offsets(const i64* index, i64* to, i64 count, i64 size, i64 stride, int plus,
                                      u64* first) {
    for (CT_EACH(i, count)) {
        i64 number = index[i];
        if (number < -size || number >= size) atomicMin(first, (u64)i);
        else to[i] = (plus ? to[i] : 0) + (number < 0 ? number + size : number) * stride;
    }
}
