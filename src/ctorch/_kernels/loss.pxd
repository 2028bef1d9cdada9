from libc.stdint cimport int64_t

cdef enum:
    REDUCE_NONE
    REDUCE_MEAN
    REDUCE_SUM

# Arrays are contiguous and of one dtype (float32 or float64) but for the targets. Any size may be 0.
cdef struct ClassLoss:
    int64_t outer, classes, inner
    int reduction
    const void* x               # (outer, classes, inner): log-probabilities for nll, logits for cross entropy
    const int64_t* target       # (outer, inner): class numbers, or ignore_index
    const void* weight          # (classes), or NULL: ones
    int64_t ignore_index
    double smoothing            # cross entropy only: label_smoothing, 0 to 1
    # Forward writes these.
    void* loss                  # (outer, inner) when the reduction is none, else one element
    void* total_weight          # one element: the sum of the weights of targets not ignored, which the backward
                                # of mean reads
    void* probabilities         # cross entropy only: (outer, classes, inner), softmax of x, which backward reads;
                                # NULL: do not keep it
    int64_t bad_target          # the first target out of range, when the code is 1
    # Backward reads g and writes gx.
    const void* g               # like loss
    void* gx                    # (outer, classes, inner), written whole; may be `probabilities`

# Index 0 is float32, 1 is float64.
# Forward returns 0 ok, -1 out of memory, 1 a target is out of bounds (IndexError "Target 7 is out of bounds.").
# The mean over no weight at all is NaN. Backward trusts the targets that forward has checked (it never reads x).
cdef struct LossKernels:
    # -weight[t] * x[t], with t the target
    int (*nll[2])(ClassLoss* loss) noexcept nogil
    void (*nll_backward[2])(const ClassLoss* loss) noexcept nogil
    # log-softmax and nll in one, with label smoothing:
    # (1 - s) * weight[t] * -log p[t] + s / classes * sum(weight * -log p)
    int (*cross_entropy[2])(ClassLoss* loss) noexcept nogil
    void (*cross_entropy_backward[2])(const ClassLoss* loss) noexcept nogil
