// dtypes: float32 float64 float16 bfloat16
//
// Batch and layer normalisation. Variances are taken in a second pass, from the mean, so they do not cancel. What is
// one number per channel or row is real_t, as are weights.
#include "common.cuh"

// ---- batch norm of (batch, channels, inner): a block for each channel

// Calls f(place) for each element of a channel, shared out over the block.
template <class F> CT_DEVICE void each_of_channel(i64 channel, i64 batch, i64 channels, i64 inner, F f) {
    i64 count = batch * inner;
    if (count < 0x7fffffff) { // divisions of 32 bits are quicker
        u32 length = (u32)inner;
        for (u32 i = threadIdx.x; i < (u32)count; i += blockDim.x)
            f((i64)(i / length * channels + channel) * inner + i % length);
    } else {
        for (i64 i = threadIdx.x; i < count; i += blockDim.x) f((i / inner * channels + channel) * inner + i % inner);
    }
}

// Training: mean and invstd = 1 / sqrt(biased variance + eps) are written, and the running statistics moved, by the
// unbiased variance. Evaluation: the running statistics are used, and nothing but y is written.
extern "C" __global__ void ct_batch_norm(const store_t* x, const real_t* weight, const real_t* bias,
                                         real_t* running_mean, real_t* running_var, store_t* y, real_t* mean,
                                         real_t* invstd, i64 batch, i64 channels, i64 inner, double momentum,
                                         double eps, int training) {
    for (i64 c = blockIdx.x; c < channels; c += gridDim.x) {
        real_t middle, factor;
        if (training) {
            double count = (double)batch * (double)inner;
            real_t sum = 0;
            each_of_channel(c, batch, channels, inner, [&](i64 at) { sum += (real_t)widen(x[at]); });
            double exact = (double)block_sum(sum) / count;
            middle = (real_t)exact;
            sum = 0;
            each_of_channel(c, batch, channels, inner, [&](i64 at) {
                real_t apart = (real_t)widen(x[at]) - middle;
                sum += apart * apart;
            });
            double squares = block_sum(sum);
            factor = (real_t)(1 / sqrt(squares / count + eps));
            if (threadIdx.x == 0) {
                mean[c] = middle;
                invstd[c] = factor;
                if (running_mean)
                    running_mean[c] = (real_t)((1 - momentum) * (double)running_mean[c] + momentum * exact);
                if (running_var)
                    running_var[c] =
                        (real_t)((1 - momentum) * (double)running_var[c] + momentum * (squares / (count - 1)));
            }
        } else {
            middle = running_mean[c];
            factor = (real_t)(1 / sqrt((double)running_var[c] + eps));
        }
        real_t scale = factor * (weight ? weight[c] : (real_t)1);
        real_t shift = (bias ? bias[c] : (real_t)0) - middle * scale;
        each_of_channel(c, batch, channels, inner,
                        [&](i64 at) { y[at] = narrow<store_t>((real_t)widen(x[at]) * scale + shift); });
    }
}

// gx = (gy - mean(gy) - (x - mean) * invstd^2 * mean(gy * (x - mean))) * invstd * weight when training, else
// gy * invstd * weight. Of gx, gw and gb, those that are null are not made.
extern "C" __global__ void ct_batch_norm_backward(const store_t* gy, const store_t* x, const real_t* weight,
                                                  const real_t* running_mean, const real_t* running_var,
                                                  const real_t* mean, const real_t* invstd, real_t* gx, real_t* gw,
                                                  real_t* gb, i64 batch, i64 channels, i64 inner, double eps,
                                                  int training) {
    for (i64 c = blockIdx.x; c < channels; c += gridDim.x) {
        real_t middle = training ? mean[c] : running_mean[c];
        real_t factor = training ? invstd[c] : (real_t)(1 / sqrt((double)running_var[c] + eps));
        double count = (double)batch * (double)inner;
        real_t plain = 0, along = 0;
        each_of_channel(c, batch, channels, inner, [&](i64 at) {
            real_t g = widen(gy[at]);
            plain += g;
            along += g * ((real_t)widen(x[at]) - middle);
        });
        plain = block_sum(plain);
        along = block_sum(along);
        if (threadIdx.x == 0) {
            if (gw) gw[c] = along * factor;
            if (gb) gb[c] = plain;
        }
        if (!gx) continue;
        real_t scale = factor * (weight ? weight[c] : (real_t)1);
        real_t slope = training ? (real_t)((double)along / count * factor * factor) * scale : (real_t)0;
        real_t shift = training ? (real_t)((double)plain / count) * scale : (real_t)0;
        each_of_channel(c, batch, channels, inner, [&](i64 at) {
            real_t g = (real_t)widen(gy[at]) * scale;
            gx[at] = training ? g - ((real_t)widen(x[at]) - middle) * slope - shift : g;
        });
    }
}

// ---- layer norm of (rows, n), over n: a team for each row

template <class Team>
CT_DEVICE void layer_norm(const store_t* x, const real_t* weight, const real_t* bias, store_t* y, real_t* mean,
                          real_t* invstd, i64 rows, i64 n, double eps) {
    for (i64 row = Team::first(); row < rows; row += Team::step()) {
        const store_t* from = x + row * n;
        real_t sum = 0;
        for (i64 i = Team::rank(); i < n; i += Team::size()) sum += (real_t)widen(from[i]);
        real_t middle = team_sum<Team>(sum) / (real_t)n;
        sum = 0;
        for (i64 i = Team::rank(); i < n; i += Team::size()) {
            real_t apart = (real_t)widen(from[i]) - middle;
            sum += apart * apart;
        }
        real_t factor = (real_t)(1 / sqrt((double)team_sum<Team>(sum) / (double)n + eps));
        if (Team::rank() == 0) {
            mean[row] = middle;
            invstd[row] = factor;
        }
        for (i64 i = Team::rank(); i < n; i += Team::size()) {
            real_t value = ((real_t)widen(from[i]) - middle) * factor;
            if (weight) value *= weight[i];
            if (bias) value += bias[i];
            y[row * n + i] = narrow<store_t>(value);
        }
    }
}

extern "C" __global__ void ct_layer_norm(const store_t* x, const real_t* weight, const real_t* bias, store_t* y,
                                         real_t* mean, real_t* invstd, i64 rows, i64 n, double eps, int team) {
    CT_WITH_TEAM(team, layer_norm, x, weight, bias, y, mean, invstd, rows, n, eps)
}

// With h = gy * weight: gx = (h - mean(h) - (x - mean) * invstd^2 * mean(h * (x - mean))) * invstd
template <class Team>
CT_DEVICE void layer_norm_input(const store_t* gy, const store_t* x, const real_t* weight, const real_t* mean,
                                const real_t* invstd, real_t* gx, i64 rows, i64 n) {
    for (i64 row = Team::first(); row < rows; row += Team::step()) {
        real_t middle = mean[row], factor = invstd[row], plain = 0, along = 0;
        for (i64 i = Team::rank(); i < n; i += Team::size()) {
            real_t h = (real_t)widen(gy[row * n + i]) * (weight ? weight[i] : (real_t)1);
            plain += h;
            along += h * ((real_t)widen(x[row * n + i]) - middle);
        }
        plain = team_sum<Team>(plain) / (real_t)n;
        along = team_sum<Team>(along) / (real_t)n * factor * factor;
        for (i64 i = Team::rank(); i < n; i += Team::size()) {
            real_t h = (real_t)widen(gy[row * n + i]) * (weight ? weight[i] : (real_t)1);
            gx[row * n + i] = (h - plain - ((real_t)widen(x[row * n + i]) - middle) * along) * factor;
        }
    }
}

extern "C" __global__ void ct_layer_norm_input(const store_t* gy, const store_t* x, const real_t* weight,
                                               const real_t* mean, const real_t* invstd, real_t* gx, i64 rows, i64 n,
                                               int team) {
    CT_WITH_TEAM(team, layer_norm_input, gy, x, weight, mean, invstd, gx, rows, n)
}

// gw = sum(gy * (x - mean) * invstd) and gb = sum(gy) over the rows: a block of 32 x 8 threads adds up 32 columns.
extern "C" __global__ void ct_layer_norm_weight(const store_t* gy, const store_t* x, const real_t* mean,
                                                const real_t* invstd, real_t* gw, real_t* gb, i64 rows, i64 n) {
    __shared__ real_t along[8][33];
    __shared__ real_t plain[8][33];
    for (i64 start = blockIdx.x * 32LL; start < n; start += gridDim.x * 32LL) {
        i64 column = start + threadIdx.x;
        real_t w = 0, b = 0;
        if (column < n) {
            for (i64 row = threadIdx.y; row < rows; row += 8) {
                real_t g = widen(gy[row * n + column]);
                w += g * (((real_t)widen(x[row * n + column]) - mean[row]) * invstd[row]);
                b += g;
            }
        }
        along[threadIdx.y][threadIdx.x] = w;
        plain[threadIdx.y][threadIdx.x] = b;
        __syncthreads();
        if (threadIdx.y == 0 && column < n) {
            for (int part = 1; part < 8; part++) {
                w += along[part][threadIdx.x];
                b += plain[part][threadIdx.x];
            }
            if (gw) gw[column] = w;
            if (gb) gb[column] = b;
        }
        __syncthreads();
    }
}
