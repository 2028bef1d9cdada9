// dtypes: float32 float64 float16 bfloat16
//
// Updates of many parameters in one launch: the tensors are seen as one row, each block works on stretches of it. The
// arithmetic is, operation by operation, that of _kernels/optimizer.pyx; half precision is computed in float.
#include "common.cuh"

const int TENSORS = 36;   // a launch's parameters hold at most 4 KB
const i64 STRETCH = 1024; // elements

struct UpdateTensor {
    store_t* param;
    const store_t* grad;
    store_t* first;   // momentum buffer, or mean of gradients
    store_t* second;  // mean of squared gradients
    store_t* largest; // largest `second` so far (AMSGrad)
    i64 start;        // stretches of the tensors before it
    i64 numel;
    double step_size;   // Adam: learning rate over the first bias correction
    double root_factor; // Adam: one over the root of the second bias correction
    i64 fresh;          // SGD: the momentum buffer holds nothing yet
};

struct UpdateRow {
    i64 count, stretches;
    UpdateTensor tensors[TENSORS];
};

// Without decay an infinite parameter must not turn into NaN.
CT_DEVICE real_t direction(real_t g, real_t p, real_t sign, real_t decay) {
    return decay == 0 ? sign * g : sign * g + decay * p;
}

// Calls f(tensor, i) for each element of all tensors.
template <class F> CT_DEVICE void each_element(const UpdateRow& row, F f) {
    for (i64 stretch = blockIdx.x; stretch < row.stretches; stretch += gridDim.x) {
        i64 low = 0, high = row.count - 1; // the last tensor that does not start after the stretch
        while (low < high) {
            i64 middle = (low + high + 1) / 2;
            if (row.tensors[middle].start <= stretch) low = middle;
            else high = middle - 1;
        }
        const UpdateTensor& t = row.tensors[low];
        i64 begin = (stretch - t.start) * STRETCH, end = least(begin + STRETCH, t.numel);
        for (i64 i = begin + threadIdx.x; i < end; i += blockDim.x) f(t, i);
    }
}

struct Sgd {
    double lr, weight_decay, momentum, dampening;
    i64 nesterov, maximize;
};

extern "C" __global__ void ct_sgd(UpdateRow row, Sgd a) {
    real_t sign = a.maximize ? -1 : 1, decay = (real_t)a.weight_decay, lr = (real_t)a.lr;
    real_t momentum = (real_t)a.momentum, fresh = (real_t)(1 - a.dampening);
    each_element(row, [&](const UpdateTensor& t, i64 i) {
        real_t p = widen(t.param[i]), d = direction(widen(t.grad[i]), p, sign, decay), step = d;
        if (a.momentum != 0) {
            // The first step fills the buffer with the gradient, whatever the dampening.
            real_t b = t.fresh ? d : momentum * (real_t)widen(t.first[i]) + fresh * d;
            t.first[i] = narrow<store_t>(b);
            step = a.nesterov ? d + momentum * b : b;
        }
        t.param[i] = narrow<store_t>(p - lr * step);
    });
}

struct Adam {
    double beta1, beta2, eps;
    double l2;     // weight decay added to the gradient
    double shrink; // factor of the parameter: one minus decoupled weight decay
    i64 maximize, amsgrad;
};

extern "C" __global__ void ct_adam(UpdateRow row, Adam a) {
    real_t sign = a.maximize ? -1 : 1, decay = (real_t)a.l2, shrink = (real_t)a.shrink, eps = (real_t)a.eps;
    real_t new1 = (real_t)(1 - a.beta1), beta2 = (real_t)a.beta2, new2 = (real_t)(1 - a.beta2);
    each_element(row, [&](const UpdateTensor& t, i64 i) {
        real_t p = widen(t.param[i]), g = direction(widen(t.grad[i]), p, sign, decay);
        real_t mean = widen(t.first[i]), square = widen(t.second[i]);
        mean = mean + new1 * (g - mean);
        square = beta2 * square + new2 * g * g;
        t.first[i] = narrow<store_t>(mean);
        t.second[i] = narrow<store_t>(square);
        if (a.amsgrad) {
            real_t most = widen(t.largest[i]);
            square = most > square || most != most ? most : square; // NaN wins, as in torch.maximum
            t.largest[i] = narrow<store_t>(square);
        }
        real_t denominator = sqrt(square) * (real_t)t.root_factor + eps;
        t.param[i] = narrow<store_t>(shrink * p - (real_t)t.step_size * mean / denominator);
    });
}
