// dtypes: float32 float64 int32 int64
//
// Additions at numbered places, and the place of an extremum. Numbers are checked before. Where several additions
// meet, their order is not fixed, so floats may differ in the last digits from run to run.
#include "loops.cuh"
#include "places.cuh"

CT_DEVICE void add_at(float* to, float x) { atomicAdd(to, x); }
CT_DEVICE void add_at(double* to, double x) { atomicAdd(to, x); }
CT_DEVICE void add_at(i32* to, i32 x) { atomicAdd(to, x); }
CT_DEVICE void add_at(i64* to, i64 x) { atomicAdd((u64*)to, (u64)x); }

// out[place of index[i] along p.dim] += g[i]
extern "C" __global__ void ct_scatter_add(const store_t* g, const i64* index, store_t* out, Places p) {
    for (CT_EACH(i, p.count)) add_at(out + p.offset(i, index[i]), g[i]);
}

// x += y at rows; see ct_put of gather.cu.
extern "C" __global__ void ct_put_add(store_t* x, const i64* offsets, const store_t* y, Layout<2> rows,
                                      Layout<2> rest) {
    for (CT_EACH(i, rows.n * rest.n)) {
        i64 row[2], own[2];
        rows.places(i / rest.n, row);
        rest.places(i % rest.n, own);
        add_at(x + offsets[row[0]] + own[0], y[row[1] + own[1]]);
    }
}

// gw[index[i]] += gy[i], rows of `width`; those of padding_idx get nothing.
extern "C" __global__ void ct_embedding_backward(const store_t* gy, const i64* index, store_t* gw, i64 count, i64 width,
                                                 i64 padding_idx) {
    for (CT_EACH(i, count * width)) {
        i64 row = index[i / width];
        if (row != padding_idx) add_at(gw + row * width + i % width, gy[i]);
    }
}

// ---- extremum along the middle of (outer, n, inner): of equals the first, and the first NaN before all

struct Best {
    store_t value;
    i64 place; // -1: none yet
};

CT_DEVICE Best shuffle_xor(Best b, int mask) {
    Best other = {shuffle_xor(b.value, mask), shuffle_xor(b.place, mask)};
    return other;
}

struct Better {
    bool largest;
    CT_DEVICE Best operator()(Best a, Best b) const {
        if (a.place < 0 || b.place < 0) return a.place < 0 ? b : a;
        bool a_nan = a.value != a.value, b_nan = b.value != b.value;
        bool b_wins = largest ? b.value > a.value : b.value < a.value;
        bool equal = a.value == b.value;
        if (a_nan || b_nan) {
            b_wins = !a_nan;
            equal = a_nan && b_nan;
        }
        return b_wins || (equal && b.place < a.place) ? b : a;
    }
};

template <class Team>
CT_DEVICE void extremum(const store_t* x, store_t* values, i64* places, i64 outer, i64 n, i64 inner, bool largest) {
    Better better = {largest};
    for (i64 row = Team::first(); row < outer * inner; row += Team::step()) {
        const store_t* line = x + row / inner * n * inner + row % inner;
        Best none = {0, -1}, best = none;
        for (i64 i = Team::rank(); i < n; i += Team::size()) {
            Best candidate = {line[i * inner], i};
            best = better(best, candidate);
        }
        best = Team::reduce(best, better, none);
        if (Team::rank() == 0) {
            values[row] = best.value;
            places[row] = best.place;
        }
    }
}

extern "C" __global__ void ct_extremum(const store_t* x, store_t* values, i64* places, i64 outer, i64 n, i64 inner,
                                       int largest, int team) {
    CT_WITH_TEAM(team, extremum, x, values, places, outer, n, inner, largest)
}
