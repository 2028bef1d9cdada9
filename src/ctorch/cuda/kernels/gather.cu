// dtypes: uint8 uint16 uint32 uint64 complex128
//
// Elements and rows by number, copied as words of their size, whatever they stand for. Numbers are checked before.
#include "common.cuh"
#include "places.cuh"

// y[i] = x[place of index[i] along p.dim]
extern "C" __global__ void ct_gather(const store_t* x, const i64* index, store_t* y, Places p) {
    for (CT_EACH(i, p.count)) y[i] = x[p.offset(i, index[i])];
}

// Row i of `to` is row index[i] of the table; width in words.
extern "C" __global__ void ct_gather_rows(const store_t* table, const i64* index, store_t* to, i64 count, i64 width) {
    for (CT_EACH(i, count * width)) to[i] = table[index[i / width] * width + i % width];
}
