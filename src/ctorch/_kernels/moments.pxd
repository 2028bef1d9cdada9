from libc.stdint cimport int64_t

# Arrays are (outer, n, inner), contiguous; results (outer, inner). Index 0: float32, 1: float64.
# Each returns 0, or -1 where there is no memory for partial results.
cdef struct MomentsKernels:
    # variances, or their roots, and means; `free` is n less the correction, or 0
    int (*variance[2])(const void* x, void* y, void* mean, int64_t outer, int64_t n, int64_t inner, double free,
                       bint root) noexcept nogil
    int (*logsumexp[2])(const void* x, void* y, int64_t outer, int64_t n, int64_t inner) noexcept nogil
