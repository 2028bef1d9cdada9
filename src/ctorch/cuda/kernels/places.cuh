// Where gather reads and scatter writes: positions in a contiguous tensor from positions in an index tensor.
#pragma once
#include "common.cuh"

const int PLACES_DIMS = 16;

struct Places {
    i64 count, ndim, dim;
    i64 sizes[PLACES_DIMS];   // of the index
    i64 strides[PLACES_DIMS]; // of the other tensor

    // The element with position `number` along dim, and the position of index element i elsewhere.
    CT_DEVICE i64 offset(i64 i, i64 number) const {
        i64 at = number * strides[dim];
        for (i64 d = ndim - 1; d >= 0; d--) {
            if (d != dim) at += i % sizes[d] * strides[d];
            i /= sizes[d];
        }
        return at;
    }
};
