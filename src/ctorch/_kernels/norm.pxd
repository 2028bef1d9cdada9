from libc.stdint cimport int64_t

# Arrays are contiguous and of one dtype. Any size may be 0.

# Batch norm of (batch, channels, inner); everything else has one element per channel.
cdef struct BatchNorm:
    int64_t batch, channels, inner
    const void* x
    const void* weight          # or NULL: ones
    const void* bias            # or NULL: zeros
    void* running_mean          # training: updated unless NULL. Evaluation: read, not NULL
    void* running_var
    double momentum             # running = (1 - momentum) * running + momentum * new, with the unbiased variance
    double eps
    bint training
    void* y                     # written by forward; like x
    void* mean                  # written by forward when training (then not NULL), read by its backward
    void* invstd                # 1 / sqrt(biased variance + eps), the same
    # Backward reads gy and x; mean and invstd when training, else running_mean and running_var. It writes those
    # that are not NULL.
    const void* gy
    void* gx
    void* gw
    void* gb

# Layer norm of (rows, n), over n.
cdef struct LayerNorm:
    int64_t rows, n
    const void* x
    const void* weight          # (n), or NULL: ones
    const void* bias            # (n), or NULL: zeros
    double eps
    void* y                     # written by forward; like x
    void* mean                  # (rows), written by forward, read by backward
    void* invstd                # (rows), the same
    # Backward reads gy and x and writes those that are not NULL.
    const void* gy
    void* gx
    void* gw                    # (n)
    void* gb                    # (n)

# Index 0 is float32, 1 is float64. 0 ok, -1 out of memory.
cdef struct NormKernels:
    int (*batch_norm[2])(const BatchNorm* b) noexcept nogil
    int (*batch_norm_backward[2])(const BatchNorm* b) noexcept nogil
    int (*layer_norm[2])(const LayerNorm* l) noexcept nogil
    int (*layer_norm_backward[2])(const LayerNorm* l) noexcept nogil
