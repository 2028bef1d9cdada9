// dtypes: float32 float64 float16 bfloat16
//
// Losses over class numbers of (outer, classes, inner) and targets (outer, inner): negative log-likelihood, and cross
// entropy fused with its softmax. Targets are checked before. Only x is store_t. Each target's loss and weight go to
// memory first, and one block adds them up, so sums do not change from run to run.
#include "common.cuh"

const int NONE = 0, MEAN = 1; // reductions; the third is the sum

struct ClassLoss { // as in _kernels/loss.pxd
    i64 outer, classes, inner;
    i64 ignore_index, reduction;
    double smoothing;
    const i64* target;
    const real_t* weight; // (classes), or null: ones
};

CT_DEVICE real_t weight_of(const ClassLoss& l, i64 target) {
    if (target == l.ignore_index) return 0;
    return l.weight ? l.weight[target] : (real_t)1;
}

// What the gradient of one target's loss is multiplied with.
CT_DEVICE real_t scale_of(const ClassLoss& l, const real_t* g, const real_t* total_weight, i64 at) {
    if (l.reduction == NONE) return g[at];
    return l.reduction == MEAN ? g[0] / total_weight[0] : g[0];
}

// loss = -weight[t] * x[t], one for each target
extern "C" __global__ void ct_nll(const store_t* x, ClassLoss l, real_t* losses, real_t* weights) {
    for (CT_EACH(at, l.outer * l.inner)) {
        i64 target = l.target[at], start = at / l.inner * l.classes * l.inner + at % l.inner;
        real_t weight = weight_of(l, target);
        losses[at] = target == l.ignore_index ? (real_t)0 : -weight * (real_t)widen(x[start + target * l.inner]);
        weights[at] = weight;
    }
}

extern "C" __global__ void ct_nll_backward(const real_t* g, const real_t* total_weight, real_t* gx, ClassLoss l) {
    for (CT_EACH(i, l.outer * l.classes * l.inner)) {
        i64 at = i / (l.classes * l.inner) * l.inner + i % l.inner, target = l.target[at];
        bool chosen = target != l.ignore_index && i / l.inner % l.classes == target;
        gx[i] = chosen ? -weight_of(l, target) * scale_of(l, g, total_weight, at) : (real_t)0;
    }
}

// One block: the sums of losses and weights; loss is left alone where the losses are not reduced.
extern "C" __global__ void ct_loss_sum(const real_t* losses, const real_t* weights, real_t* loss, real_t* total_weight,
                                       i64 count, i64 reduction) {
    double value = 0, weight = 0;
    for (i64 i = threadIdx.x; i < count; i += blockDim.x) {
        value += (double)losses[i];
        weight += (double)weights[i];
    }
    value = block_sum(value);
    weight = block_sum(weight);
    if (threadIdx.x) return;
    total_weight[0] = (real_t)weight;
    if (reduction != NONE) loss[0] = (real_t)(reduction == MEAN ? value / weight : value);
}

// A team for each target: probabilities = softmax(x), and
// loss = (1 - s) * weight[t] * -log p[t] + s / classes * sum(weight * -log p)
template <class Team>
CT_DEVICE void cross_entropy(const store_t* x, const ClassLoss& l, real_t* probabilities, real_t* losses,
                             real_t* weights) {
    i64 inner = l.inner;
    for (i64 at = Team::first(); at < l.outer * inner; at += Team::step()) {
        i64 start = at / inner * l.classes * inner + at % inner, target = l.target[at];
        real_t top = -Limits<real_t>::inf(), total = 0, smooth = 0, everything = 0;
        for (i64 i = Team::rank(); i < l.classes; i += Team::size())
            top = Larger()(top, (real_t)widen(x[start + i * inner]));
        top = team_max<Team>(top);
        for (i64 i = Team::rank(); i < l.classes; i += Team::size()) {
            real_t shifted = (real_t)widen(x[start + i * inner]) - top, power = exp(shifted);
            probabilities[start + i * inner] = power;
            total += power;
            if (l.smoothing != 0) {
                real_t weight = l.weight ? l.weight[i] : (real_t)1;
                smooth += weight * shifted;
                everything += weight;
            }
        }
        total = team_sum<Team>(total);
        smooth = team_sum<Team>(smooth);
        everything = team_sum<Team>(everything);
        for (i64 i = Team::rank(); i < l.classes; i += Team::size()) probabilities[start + i * inner] /= total;
        if (Team::rank()) continue;
        real_t log_total = log(total), weight = weight_of(l, target), value = 0;
        if (target != l.ignore_index) {
            value = -weight * ((real_t)widen(x[start + target * inner]) - top - log_total);
            if (l.smoothing != 0)
                value = (real_t)(1 - l.smoothing) * value -
                        (real_t)(l.smoothing / (double)l.classes) * (smooth - everything * log_total);
        }
        losses[at] = value;
        weights[at] = weight;
    }
}

extern "C" __global__ void ct_cross_entropy(const store_t* x, ClassLoss l, real_t* probabilities, real_t* losses,
                                            real_t* weights, int team) {
    CT_WITH_TEAM(team, cross_entropy, x, l, probabilities, losses, weights)
}

// One block: the sum of the classes' weights, which smoothing spreads.
extern "C" __global__ void ct_sum_weights(const real_t* weight, real_t* sum, i64 classes) {
    real_t total = 0;
    for (i64 i = threadIdx.x; i < classes; i += blockDim.x) total += weight[i];
    total = block_sum(total);
    if (threadIdx.x == 0) sum[0] = total;
}

// gx[c] = scale * (p[c] * ((1 - s) * weight[t] + s / classes * sum(weight)) - (1 - s) * weight[t] * (c == t)
// - s / classes * weight[c]); everything is sum(weight), or null: the number of classes
extern "C" __global__ void ct_cross_entropy_backward(const real_t* g, const real_t* probabilities,
                                                     const real_t* total_weight, const real_t* everything, real_t* gx,
                                                     ClassLoss l) {
    real_t keep = (real_t)(1 - l.smoothing), spread = (real_t)(l.smoothing / (double)l.classes);
    real_t all = everything ? everything[0] : (real_t)l.classes;
    for (CT_EACH(i, l.outer * l.classes * l.inner)) {
        i64 at = i / (l.classes * l.inner) * l.inner + i % l.inner, target = l.target[at];
        i64 number = i / l.inner % l.classes;
        if (target == l.ignore_index) {
            gx[i] = 0;
            continue;
        }
        real_t scale = scale_of(l, g, total_weight, at), weight = weight_of(l, target);
        real_t value = probabilities[i] * (scale * (keep * weight + spread * all));
        if (l.smoothing != 0) value -= scale * spread * (l.weight ? l.weight[number] : (real_t)1);
        gx[i] = number == target ? value - scale * keep * weight : value;
    }
}
