// dtypes: float32 float64 float16 bfloat16
//
// Max and average pooling of (planes, height, width), a thread for each result. The gradients gather: each element
// of the image adds up the windows that it was in, in their order.
#include "common.cuh"

struct Pool2d { // as in _kernels/pool.pxd
    i64 planes, height, width, out_h, out_w;
    i64 kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w;
    i64 count_include_pad, divisor_override;
};

// The first element at or after 0 of start, start + step, ...
CT_DEVICE i64 first_inside(i64 start, i64 step) { return start >= 0 ? start : start + ceil_div(-start, step) * step; }

// The largest of each window and its place in the plane: NaN if there is one, of equals the first. Padding is -inf.
extern "C" __global__ void ct_max_pool2d(const store_t* x, store_t* y, i64* indices, Pool2d p) {
    for (CT_EACH(i, p.planes * p.out_h * p.out_w)) {
        i64 column = i % p.out_w, row = i / p.out_w % p.out_h;
        const store_t* plane = x + i / (p.out_w * p.out_h) * p.height * p.width;
        i64 top = row * p.stride_h - p.pad_h, left = column * p.stride_w - p.pad_w;
        i64 bottom = least(top + (p.kernel_h - 1) * p.dilation_h + 1, p.height);
        i64 right = least(left + (p.kernel_w - 1) * p.dilation_w + 1, p.width);
        top = first_inside(top, p.dilation_h);
        left = first_inside(left, p.dilation_w);
        real_t largest = -Limits<real_t>::inf();
        i64 at = top * p.width + left;
        for (i64 u = top; u < bottom; u += p.dilation_h) {
            for (i64 v = left; v < right; v += p.dilation_w) {
                real_t value = widen(plane[u * p.width + v]);
                if (value > largest || value != value) {
                    largest = value;
                    at = u * p.width + v;
                }
            }
        }
        y[i] = narrow<store_t>(largest);
        indices[i] = at;
    }
}

// The windows along one axis that reach an element: from `low` up to and without `high`.
CT_DEVICE void windows_of(i64 place, i64 pad, i64 extent, i64 stride, i64 count, i64* low, i64* high) {
    i64 before = place + pad - extent + 1;
    *low = before > 0 ? ceil_div(before, stride) : 0;
    *high = least((place + pad) / stride + 1, count);
}

extern "C" __global__ void ct_max_pool2d_backward(const store_t* gy, const i64* indices, store_t* gx, Pool2d p) {
    for (CT_EACH(i, p.planes * p.height * p.width)) {
        i64 column = i % p.width, row = i / p.width % p.height, plane = i / (p.width * p.height);
        i64 top, bottom, left, right;
        windows_of(row, p.pad_h, (p.kernel_h - 1) * p.dilation_h + 1, p.stride_h, p.out_h, &top, &bottom);
        windows_of(column, p.pad_w, (p.kernel_w - 1) * p.dilation_w + 1, p.stride_w, p.out_w, &left, &right);
        real_t sum = 0;
        for (i64 u = top; u < bottom; u++) {
            for (i64 v = left; v < right; v++) {
                i64 at = (plane * p.out_h + u) * p.out_w + v;
                if (indices[at] == row * p.width + column) sum += (real_t)widen(gy[at]);
            }
        }
        gx[i] = narrow<store_t>(sum);
    }
}

// One window along one axis: its part inside, and the length that it counts for in the divisor.
struct Window {
    i64 start, stop, size;
    CT_DEVICE Window(i64 number, i64 length, i64 kernel, i64 stride, i64 pad, bool with_pad) {
        i64 first = number * stride - pad, last = least(first + kernel, length + pad);
        start = least(most(first, (i64)0), length);
        stop = most(least(last, length), start);
        size = with_pad ? last - first : stop - start;
    }
};

CT_DEVICE real_t average(const Pool2d& p, const Window& h, const Window& w, real_t total) {
    if (h.size * w.size == 0) return 0; // a window that lies in the padding is 0, not 0 / 0
    return total / (real_t)(p.divisor_override ? p.divisor_override : h.size * w.size);
}

extern "C" __global__ void ct_avg_pool2d(const store_t* x, store_t* y, Pool2d p) {
    for (CT_EACH(i, p.planes * p.out_h * p.out_w)) {
        const store_t* plane = x + i / (p.out_w * p.out_h) * p.height * p.width;
        Window h(i / p.out_w % p.out_h, p.height, p.kernel_h, p.stride_h, p.pad_h, p.count_include_pad);
        Window w(i % p.out_w, p.width, p.kernel_w, p.stride_w, p.pad_w, p.count_include_pad);
        real_t sum = 0;
        for (i64 u = h.start; u < h.stop; u++)
            for (i64 v = w.start; v < w.stop; v++) sum += (real_t)widen(plane[u * p.width + v]);
        y[i] = narrow<store_t>(average(p, h, w, sum));
    }
}

extern "C" __global__ void ct_avg_pool2d_backward(const store_t* gy, store_t* gx, Pool2d p) {
    for (CT_EACH(i, p.planes * p.height * p.width)) {
        i64 column = i % p.width, row = i / p.width % p.height, plane = i / (p.width * p.height);
        i64 top, bottom, left, right;
        windows_of(row, p.pad_h, p.kernel_h, p.stride_h, p.out_h, &top, &bottom);
        windows_of(column, p.pad_w, p.kernel_w, p.stride_w, p.out_w, &left, &right);
        real_t sum = 0;
        for (i64 u = top; u < bottom; u++) {
            Window h(u, p.height, p.kernel_h, p.stride_h, p.pad_h, p.count_include_pad);
            for (i64 v = left; v < right; v++) {
                Window w(v, p.width, p.kernel_w, p.stride_w, p.pad_w, p.count_include_pad);
                sum += average(p, h, w, (real_t)widen(gy[(plane * p.out_h + u) * p.out_w + v]));
            }
        }
        gx[i] = narrow<store_t>(sum);
    }
}
