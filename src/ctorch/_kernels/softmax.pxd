from libc.stdint cimport int64_t

# Arrays are contiguous, seen as (outer, n, inner); the softmax is along n. Any size may be 0.
# Index 0 is float32, 1 is float64. y may be x, and gx may be g.
cdef struct SoftmaxKernels:
    # y = exp(x - max) / sum(exp(x - max)); a row with NaN or +inf, or of -inf only, gives NaN
    void (*softmax[2])(const void* x, void* y, int64_t outer, int64_t n, int64_t inner) noexcept nogil
    # y = x - max - log(sum(exp(x - max)))
    void (*log_softmax[2])(const void* x, void* y, int64_t outer, int64_t n, int64_t inner) noexcept nogil
    # gx = y * (g - sum(g * y)), with y the output of softmax
    void (*softmax_backward[2])(const void* g, const void* y, void* gx, int64_t outer, int64_t n,
                                int64_t inner) noexcept nogil
    # gx = g - exp(y) * sum(g), with y the output of log_softmax
    void (*log_softmax_backward[2])(const void* g, const void* y, void* gx, int64_t outer, int64_t n,
                                    int64_t inner) noexcept nogil
