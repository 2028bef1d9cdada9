// dtypes: float32 float64 float16 bfloat16
//
// Softmax along the middle of (outer, n, inner), and its gradient. A row with NaN or +inf, or of -inf only, gives
// NaN. y may be x, and gx may be g.
#include "common.cuh"

// Where row number `row` of (outer, n, inner) begins; its elements are `inner` apart.
CT_DEVICE i64 row_start(i64 row, i64 n, i64 inner) {
    return inner == 1 ? row * n : row / inner * n * inner + row % inner;
}

// y = exp(x - max) / sum(exp(x - max)), or its logarithm, x - max - log(sum(exp(x - max)))
template <class Team, bool LOG> CT_DEVICE void forward(const store_t* x, store_t* y, i64 outer, i64 n, i64 inner) {
    for (i64 row = Team::first(); row < outer * inner; row += Team::step()) {
        i64 start = row_start(row, n, inner);
        real_t top = -Limits<real_t>::inf(), total = 0;
        for (i64 i = Team::rank(); i < n; i += Team::size()) top = Larger()(top, (real_t)widen(x[start + i * inner]));
        top = team_max<Team>(top);
        for (i64 i = Team::rank(); i < n; i += Team::size()) total += exp((real_t)widen(x[start + i * inner]) - top);
        total = team_sum<Team>(total);
        real_t last = LOG ? log(total) : 1 / total;
        for (i64 i = Team::rank(); i < n; i += Team::size()) {
            real_t shifted = (real_t)widen(x[start + i * inner]) - top;
            y[start + i * inner] = narrow<store_t>(LOG ? shifted - last : exp(shifted) * last);
        }
    }
}

// Of softmax: gx = y * (g - sum(g * y)). Of log_softmax: gx = g - exp(y) * sum(g). y is the forward's output.
template <class Team, bool LOG>
CT_DEVICE void backward(const store_t* g, const store_t* y, store_t* gx, i64 outer, i64 n, i64 inner) {
    for (i64 row = Team::first(); row < outer * inner; row += Team::step()) {
        i64 start = row_start(row, n, inner);
        real_t total = 0;
        for (i64 i = Team::rank(); i < n; i += Team::size()) {
            i64 at = start + i * inner;
            total += (real_t)widen(g[at]) * (LOG ? (real_t)1 : (real_t)widen(y[at]));
        }
        total = team_sum<Team>(total);
        for (i64 i = Team::rank(); i < n; i += Team::size()) {
            i64 at = start + i * inner;
            real_t out = widen(y[at]), grad = widen(g[at]);
            gx[at] = narrow<store_t>(LOG ? grad - exp(out) * total : out * (grad - total));
        }
    }
}

template <class Team> CT_DEVICE void softmax(const store_t* x, store_t* y, i64 outer, i64 n, i64 inner) {
    forward<Team, false>(x, y, outer, n, inner);
}
template <class Team> CT_DEVICE void log_softmax(const store_t* x, store_t* y, i64 outer, i64 n, i64 inner) {
    forward<Team, true>(x, y, outer, n, inner);
}
template <class Team>
CT_DEVICE void softmax_backward(const store_t* g, const store_t* y, store_t* gx, i64 outer, i64 n, i64 inner) {
    backward<Team, false>(g, y, gx, outer, n, inner);
}
template <class Team>
CT_DEVICE void log_softmax_backward(const store_t* g, const store_t* y, store_t* gx, i64 outer, i64 n, i64 inner) {
    backward<Team, true>(g, y, gx, outer, n, inner);
}

extern "C" __global__ void ct_softmax(const store_t* x, store_t* y, i64 outer, i64 n, i64 inner, int team) {
    CT_WITH_TEAM(team, softmax, x, y, outer, n, inner)
}

extern "C" __global__ void ct_log_softmax(const store_t* x, store_t* y, i64 outer, i64 n, i64 inner, int team) {
    CT_WITH_TEAM(team, log_softmax, x, y, outer, n, inner)
}

extern "C" __global__ void ct_softmax_backward(const store_t* g, const store_t* y, store_t* gx, i64 outer, i64 n,
                                               i64 inner, int team) {
    CT_WITH_TEAM(team, softmax_backward, g, y, gx, outer, n, inner)
}

extern "C" __global__ void ct_log_softmax_backward(const store_t* g, const store_t* y, store_t* gx, i64 outer, i64 n,
                                                   i64 inner, int team) {
    CT_WITH_TEAM(team, log_softmax_backward, g, y, gx, outer, n, inner)
}
