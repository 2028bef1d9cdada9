// dtypes: float32 float64 float16 bfloat16
//
// 2-d convolution (cross-correlation), directly: each result is one thread's sum, or one block's for a weight's
// gradient, so no two threads write to one place and results do not change from run to run.
#include "common.cuh"

struct Conv2d { // as in _kernels/conv.pxd
    i64 batch, channels, height, width;
    i64 outputs, groups, kernel_h, kernel_w;
    i64 out_h, out_w;
    i64 stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w;
};

const int OUTPUTS = 4; // output channels that a thread makes from one reading of the image

// y (batch, outputs, out_h, out_w) from x (batch, channels, height, width), weight (outputs, channels / groups,
// kernel_h, kernel_w) and bias (outputs) or null
extern "C" __global__ void ct_conv2d(const store_t* x, const store_t* weight, const store_t* bias, store_t* y,
                                     Conv2d c) {
    i64 inputs = c.channels / c.groups, outputs = c.outputs / c.groups, bundles = ceil_div(outputs, OUTPUTS);
    i64 taps = c.kernel_h * c.kernel_w, area = c.height * c.width, out_area = c.out_h * c.out_w;
    for (CT_EACH(i, c.batch * c.groups * bundles * out_area)) {
        i64 column = i % c.out_w, row = i / c.out_w % c.out_h, bundle = i / out_area % bundles;
        i64 group = i / (out_area * bundles) % c.groups, image = i / (out_area * bundles * c.groups);
        i64 first = bundle * OUTPUTS;
        int count = (int)least((i64)OUTPUTS, outputs - first);
        i64 top = row * c.stride_h - c.pad_h, left = column * c.stride_w - c.pad_w;
        const store_t* plane = x + (image * c.channels + group * inputs) * area;
        const store_t* kernel = weight + (group * outputs + first) * inputs * taps;
        real_t sum[OUTPUTS];
        for (int o = 0; o < OUTPUTS; o++) sum[o] = 0;
        for (i64 channel = 0; channel < inputs; channel++) {
            for (i64 u = 0; u < c.kernel_h; u++) {
                i64 at_row = top + u * c.dilation_h;
                if (at_row < 0 || at_row >= c.height) continue;
                for (i64 v = 0; v < c.kernel_w; v++) {
                    i64 at_column = left + v * c.dilation_w;
                    if (at_column < 0 || at_column >= c.width) continue;
                    real_t value = widen(plane[channel * area + at_row * c.width + at_column]);
                    i64 tap = channel * taps + u * c.kernel_w + v;
                    for (int o = 0; o < OUTPUTS; o++)
                        if (o < count) sum[o] += value * (real_t)widen(kernel[o * inputs * taps + tap]);
                }
            }
        }
        i64 output = group * outputs + first;
        for (int o = 0; o < OUTPUTS; o++) {
            if (o >= count) break;
            if (bias) sum[o] += (real_t)widen(bias[output + o]);
            y[((image * c.outputs + output + o) * c.out_h + row) * c.out_w + column] = narrow<store_t>(sum[o]);
        }
    }
}

// gx: each element gathers from the windows that it was in.
extern "C" __global__ void ct_conv2d_input(const store_t* gy, const store_t* weight, store_t* gx, Conv2d c) {
    i64 inputs = c.channels / c.groups, outputs = c.outputs / c.groups;
    i64 taps = c.kernel_h * c.kernel_w, out_area = c.out_h * c.out_w;
    for (CT_EACH(i, c.batch * c.channels * c.height * c.width)) {
        i64 column = i % c.width, row = i / c.width % c.height, channel = i / (c.width * c.height) % c.channels;
        i64 image = i / (c.width * c.height * c.channels), group = channel / inputs;
        const store_t* planes = gy + (image * c.outputs + group * outputs) * out_area;
        const store_t* kernels = weight + (group * outputs * inputs + channel % inputs) * taps;
        real_t sum = 0;
        for (i64 u = 0; u < c.kernel_h; u++) {
            i64 y = row + c.pad_h - u * c.dilation_h;
            if (y < 0 || y % c.stride_h || y / c.stride_h >= c.out_h) continue;
            for (i64 v = 0; v < c.kernel_w; v++) {
                i64 z = column + c.pad_w - v * c.dilation_w;
                if (z < 0 || z % c.stride_w || z / c.stride_w >= c.out_w) continue;
                i64 at = y / c.stride_h * c.out_w + z / c.stride_w;
                for (i64 o = 0; o < outputs; o++)
                    sum += (real_t)widen(planes[o * out_area + at]) *
                           (real_t)widen(kernels[o * inputs * taps + u * c.kernel_w + v]);
            }
        }
        gx[i] = narrow<store_t>(sum);
    }
}

// gw: a block for each element of the weight, over all images and places.
extern "C" __global__ void ct_conv2d_weight(const store_t* gy, const store_t* x, store_t* gw, Conv2d c) {
    i64 inputs = c.channels / c.groups, outputs = c.outputs / c.groups;
    i64 area = c.height * c.width, out_area = c.out_h * c.out_w;
    for (i64 i = blockIdx.x; i < c.outputs * inputs * c.kernel_h * c.kernel_w; i += gridDim.x) {
        i64 v = i % c.kernel_w, u = i / c.kernel_w % c.kernel_h, input = i / (c.kernel_w * c.kernel_h) % inputs;
        i64 output = i / (c.kernel_w * c.kernel_h * inputs), channel = output / outputs * inputs + input;
        real_t sum = 0;
        for (i64 image = 0; image < c.batch; image++) {
            const store_t* plane = x + (image * c.channels + channel) * area;
            const store_t* grad = gy + (image * c.outputs + output) * out_area;
            for (i64 at = threadIdx.x; at < out_area; at += blockDim.x) {
                i64 row = at / c.out_w * c.stride_h - c.pad_h + u * c.dilation_h;
                i64 column = at % c.out_w * c.stride_w - c.pad_w + v * c.dilation_w;
                if (row >= 0 && row < c.height && column >= 0 && column < c.width)
                    sum += (real_t)widen(grad[at]) * (real_t)widen(plane[row * c.width + column]);
            }
        }
        sum = block_sum(sum);
        if (threadIdx.x == 0) gw[i] = narrow<store_t>(sum);
    }
}
