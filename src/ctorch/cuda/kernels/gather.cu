// dtypes: uint8 uint16 uint32 uint64 complex128
//
// Elements and rows by number, copied as words of their size, whatever they stand for. Numbers are checked before.
#include "loops.cuh"
#include "places.cuh"

// y[i] = x[place of index[i] along p.dim]
extern "C" __global__ void ct_gather(const store_t* x, const i64* index, store_t* y, Places p) {
    for (CT_EACH(i, p.count)) y[i] = x[p.offset(i, index[i])];
}

// Row i of `to` is row index[i] of the table; width in words.
extern "C" __global__ void ct_gather_rows(const store_t* table, const i64* index, store_t* to, i64 count, i64 width) {
    for (CT_EACH(i, count * width)) to[i] = table[index[i / width] * width + i % width];
}

// Elements of rows at offsets[r] of x, and of y, where rows.places are those of r in offsets and in y, and rest.places
// those of an element in a row of x and of y.
extern "C" __global__ void ct_take(const store_t* x, const i64* offsets, store_t* y, Layout<2> rows, Layout<2> rest) {
    for (CT_EACH(i, rows.n * rest.n)) {
        i64 row[2], own[2];
        rows.places(i / rest.n, row);
        rest.places(i % rest.n, own);
        y[row[1] + own[1]] = x[offsets[row[0]] + own[0]];
    }
}

// The other way; of rows at one place, any may be the last.
extern "C" __global__ void ct_put(store_t* x, const i64* offsets, const store_t* y, Layout<2> rows, Layout<2> rest) {
    for (CT_EACH(i, rows.n * rest.n)) {
        i64 row[2], own[2];
        rows.places(i / rest.n, row);
        rest.places(i % rest.n, own);
        x[offsets[row[0]] + own[0]] = y[row[1] + own[1]];
    }
}
