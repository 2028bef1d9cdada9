from libc.stdint cimport int64_t

# A 2-d convolution (cross-correlation) of contiguous arrays of one dtype. A 1-d one has height = kernel_h = 1.
# out_h and out_w are the caller's: they say how much padding there is at the bottom and on the right, so 'same'
# with unequal sides works. Any size may be 0.
cdef struct Conv2d:
    int64_t batch, channels, height, width
    int64_t outputs, groups, kernel_h, kernel_w
    int64_t out_h, out_w
    int64_t stride_h, stride_w
    int64_t pad_h, pad_w                # zeros above and on the left; may be negative (then x is cropped)
    int64_t dilation_h, dilation_w
    const void* x                       # (batch, channels, height, width)
    const void* weight                  # (outputs, channels / groups, kernel_h, kernel_w)
    const void* bias                    # (outputs), or NULL
    void* y                             # (batch, outputs, out_h, out_w): written by forward
    # Backward reads gy and writes those that are not NULL: gx needs weight, gw needs x.
    const void* gy                      # like y
    void* gx                            # like x
    void* gw                            # like weight
    void* gb                            # (outputs)

# Index 0 is float32, 1 is float64. 0 ok, -1 out of memory, -2 a row of the image is beyond 32-bit offsets.
# The forward of a transposed convolution is the gx of backward.
cdef struct ConvKernels:
    int (*forward[2])(const Conv2d* c) noexcept nogil
    int (*backward[2])(const Conv2d* c) noexcept nogil
