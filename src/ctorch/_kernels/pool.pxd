from libc.stdint cimport int64_t

# Pooling of `planes` (batch * channels) contiguous planes of one dtype. Any size may be 0. out_h and out_w are the
# caller's, so ceil_mode is too: every window starts inside the padded plane.
cdef struct Pool2d:
    int64_t planes, height, width, out_h, out_w
    int64_t kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w    # adaptive pooling ignores this line
    int64_t dilation_h, dilation_w      # max pooling only
    bint count_include_pad              # average pooling only
    int64_t divisor_override            # average pooling only; 0: the size of the window
    const void* x                       # (planes, height, width), read by forward
    void* y                             # (planes, out_h, out_w), written by forward
    int64_t* indices                    # max pooling: like y, the place of the maximum in its plane (row * width +
                                        # column): written by forward unless NULL, read by backward
    const void* gy                      # like y, read by backward
    void* gx                            # like x, written whole by backward

# Index 0 is float32, 1 is float64. 0 ok, -1 out of memory.
cdef struct PoolKernels:
    # The largest of a window, NaN if it has one; of equals the first; padding counts as -inf.
    int (*max[2])(const Pool2d* p) noexcept nogil
    int (*max_backward[2])(const Pool2d* p) noexcept nogil
    int (*average[2])(const Pool2d* p) noexcept nogil
    int (*average_backward[2])(const Pool2d* p) noexcept nogil
    # Window i of n over a size: from floor(i * size / n) to ceil((i + 1) * size / n). An empty plane gives NaN.
    int (*adaptive_average[2])(const Pool2d* p) noexcept nogil
    int (*adaptive_average_backward[2])(const Pool2d* p) noexcept nogil
