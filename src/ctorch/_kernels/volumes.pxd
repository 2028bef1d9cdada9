from libc.stdint cimport int64_t

# Pooling of contiguous volumes by windows that lists say, so that sliding and adaptive windows are one kernel. Axes
# are depth, height, width.
cdef struct Volumes:
    int64_t planes                      # batch * channels
    int64_t size[3]
    int64_t out[3]
    const int64_t* start[3]             # of each window along an axis, its first element inside the volume
    const int64_t* stop[3]              # and one past its last
    const int64_t* share[3]             # average pooling: what it counts for in the divisor
    int64_t step[3]                     # max pooling: distance of a window's elements
    int64_t divisor                     # average pooling; 0: the product of the shares
    const void* x
    void* y
    int64_t* indices                    # max pooling: places in the volume
    const void* gy
    void* gx

# Planes of images as columns: x (batch, channels, height, width), columns (batch, channels, kernel_h, kernel_w, out_h,
# out_w).
cdef struct Columns:
    int64_t planes, height, width, out_h, out_w
    int64_t kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w
    const void* x
    void* y

# Slices of volumes under the windows of one axis: x (batch, channels, depth, inner), windows (batch, out, channels,
# kernel, inner).
cdef struct Slices:
    int64_t batch, channels, depth, inner, out, kernel, stride, pad, dilation
    const void* x
    void* y

# Index 0 is float32, 1 float64, 2 int64.
cdef struct VolumeKernels:
    void (*max[3])(const Volumes* v) noexcept nogil
    void (*max_backward[3])(const Volumes* v) noexcept nogil
    void (*average[3])(const Volumes* v) noexcept nogil
    void (*average_backward[3])(const Volumes* v) noexcept nogil
    void (*unpool[3])(const Volumes* v) noexcept nogil          # y at indices from x, which is like indices
    void (*columns[3])(const Columns* c) noexcept nogil
    void (*from_columns[3])(const Columns* c) noexcept nogil    # their sums: x are columns, y the image
    void (*slices[3])(const Slices* s) noexcept nogil
    void (*from_slices[3])(const Slices* s) noexcept nogil
