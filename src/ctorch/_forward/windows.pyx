"""Convolution and pooling: shapes and dtypes around their kernels."""
from libc.stdint cimport int64_t
from libc.string cimport memset

from ctorch._dispatch cimport cast_to
from ctorch._dtype cimport *
from ctorch._forward.common cimport dense, float_compute, kernel_error, pair, row_of
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.conv cimport *
from ctorch._kernels.pool cimport *
from ctorch._tensor cimport *

cdef ConvKernels* conv_kernels = NULL
cdef PoolKernels* pool_kernels = NULL


cdef ConvKernels* load_conv() except NULL:
    global conv_kernels
    if conv_kernels == NULL:
        conv_kernels = <ConvKernels*>kernel_table("conv")
    return conv_kernels


cdef PoolKernels* load_pool() except NULL:
    global pool_kernels
    if pool_kernels == NULL:
        pool_kernels = <PoolKernels*>kernel_table("pool")
    return pool_kernels


# ---- convolution

cdef int conv_options(Conv2d* c, object stride, object padding, object dilation, int64_t groups) except -1:
    cdef int64_t p[2]
    pair(stride, p, "conv2d", "stride")
    c.stride_h, c.stride_w = p[0], p[1]
    pair(padding, p, "conv2d", "padding")
    c.pad_h, c.pad_w = p[0], p[1]
    pair(dilation, p, "conv2d", "dilation")
    c.dilation_h, c.dilation_w = p[0], p[1]
    c.groups = groups
    if c.stride_h <= 0 or c.stride_w <= 0:
        raise RuntimeError(f"conv2d: non-positive stride {stride} is not supported")
    if c.dilation_h <= 0 or c.dilation_w <= 0:
        raise RuntimeError(f"conv2d: dilation should be greater than zero, got {dilation}")
    if c.pad_h < 0 or c.pad_w < 0:
        raise RuntimeError(f"conv2d: negative padding {padding} is not supported")
    if groups <= 0:
        raise RuntimeError(f"conv2d: non-positive groups {groups} is not supported")
    c.x = c.weight = c.bias = c.gy = NULL
    c.y = c.gx = c.gw = c.gb = NULL
    return 0


cdef int conv_sizes(Conv2d* c, const int64_t* x, const int64_t* w) except -1:
    # Sizes from the shapes of input and weight, four numbers each.
    c.batch, c.channels, c.height, c.width = x[0], x[1], x[2], x[3]
    c.outputs, c.kernel_h, c.kernel_w = w[0], w[2], w[3]
    if w[1] * c.groups != c.channels or c.outputs % c.groups:
        raise RuntimeError(f"Given groups={c.groups}, weight of size {[w[i] for i in range(4)]}, expected input"
                           f"{[x[i] for i in range(4)]} to have {w[1] * c.groups} channels, but got {c.channels} "
                           "channels instead")
    c.out_h = (c.height + 2 * c.pad_h - c.dilation_h * (c.kernel_h - 1) - 1) // c.stride_h + 1
    c.out_w = (c.width + 2 * c.pad_w - c.dilation_w * (c.kernel_w - 1) - 1) // c.stride_w + 1
    if (c.height + 2 * c.pad_h < c.dilation_h * (c.kernel_h - 1) + 1
            or c.width + 2 * c.pad_w < c.dilation_w * (c.kernel_w - 1) + 1):
        raise RuntimeError(f"Calculated padded input size per channel: ({c.height + 2 * c.pad_h} x "
                           f"{c.width + 2 * c.pad_w}). Kernel size: ({c.dilation_h * (c.kernel_h - 1) + 1} x "
                           f"{c.dilation_w * (c.kernel_w - 1) + 1}). Kernel size can't be greater than actual "
                           "input size")
    return 0


cdef int check_conv(TensorBase x, TensorBase weight, TensorBase bias) except -1:
    if weight.ndim != 4:
        raise RuntimeError(f"conv2d: expected weight of 4 dimensions, got {list(shape_tuple(weight))}")
    if x.ndim != 4:
        raise RuntimeError(f"Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: "
                           f"{list(shape_tuple(x))}")
    if x.dtype != weight.dtype or (bias is not None and bias.dtype != x.dtype):
        raise RuntimeError(f"Input type ({dtype_name(x.dtype).decode()}) and "
                           f"{'weight' if x.dtype != weight.dtype else 'bias'} type "
                           f"({dtype_name(weight.dtype if x.dtype != weight.dtype else bias.dtype).decode()}) "
                           "should be the same")
    if bias is not None and (bias.ndim != 1 or bias.shape[0] != weight.shape[0]):
        raise RuntimeError(f"Given weight of size {list(shape_tuple(weight))}, expected bias to be 1-dimensional with "
                           f"{weight.shape[0]} elements, but got bias of size {list(shape_tuple(bias))} instead")
    return 0


cdef TensorBase conv2d_forward(TensorBase x, TensorBase weight, TensorBase bias, object stride, object padding,
                               object dilation, int64_t groups):
    cdef int dtype = float_compute(x, b"conv2d"), code
    cdef Conv2d c
    cdef int64_t shape[4]
    cdef TensorBase a, w, b, y
    check_conv(x, weight, bias)
    conv_options(&c, stride, padding, dilation, groups)
    conv_sizes(&c, x.shape, weight.shape)
    a, w = dense(x, dtype), dense(weight, dtype)
    b = None if bias is None else dense(bias, dtype)
    shape[0], shape[1], shape[2], shape[3] = c.batch, c.outputs, c.out_h, c.out_w
    y = tensor_empty(dtype, 4, shape)
    c.x, c.weight, c.y = a.data, w.data, y.data
    c.bias = NULL if b is None else b.data
    cdef ConvKernels* k = load_conv()
    with nogil:
        code = k.forward[row_of(dtype)](&c)
    kernel_error(code, "conv2d")
    return cast_to(y, x.dtype)


cdef int conv_backward(Conv2d* c, int dtype, str op) except -1:
    cdef int code
    cdef ConvKernels* k = load_conv()
    with nogil:
        code = k.backward[row_of(dtype)](c)
    return kernel_error(code, op)


cdef TensorBase conv2d_input_forward(TensorBase grad, TensorBase weight, object shape, object stride, object padding,
                                     object dilation, int64_t groups):
    """Gradient of a convolution's input."""
    cdef int dtype = float_compute(grad, b"conv2d_input"), i
    cdef Conv2d c
    cdef int64_t sizes[4]
    cdef TensorBase g = dense(grad, dtype), w = dense(weight, dtype), gx
    for i in range(4):
        sizes[i] = shape[i]
    conv_options(&c, stride, padding, dilation, groups)
    conv_sizes(&c, sizes, weight.shape)
    gx = tensor_empty(dtype, 4, sizes)
    c.gy, c.weight, c.gx = g.data, w.data, gx.data
    conv_backward(&c, dtype, "conv2d_input")
    return cast_to(gx, grad.dtype)


cdef TensorBase conv2d_weight_forward(TensorBase grad, TensorBase x, object shape, object stride, object padding,
                                      object dilation, int64_t groups):
    """Gradient of a convolution's weight."""
    cdef int dtype = float_compute(grad, b"conv2d_weight"), i
    cdef Conv2d c
    cdef int64_t sizes[4]
    cdef TensorBase g = dense(grad, dtype), a = dense(x, dtype), gw
    for i in range(4):
        sizes[i] = shape[i]
    conv_options(&c, stride, padding, dilation, groups)
    conv_sizes(&c, x.shape, sizes)
    gw = tensor_empty(dtype, 4, sizes)
    c.gy, c.x, c.gw = g.data, a.data, gw.data
    conv_backward(&c, dtype, "conv2d_weight")
    return cast_to(gw, grad.dtype)


# ---- pooling

cdef int64_t pooled(int64_t size, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation, bint ceil_mode):
    cdef int64_t n = size + 2 * pad - dilation * (kernel - 1) - 1 + (stride - 1 if ceil_mode else 0)
    cdef int64_t out = n // stride + 1
    if n < 0:                        # the window is larger than the input, and C divides towards zero
        return 0
    if ceil_mode and (out - 1) * stride >= size + pad:
        out -= 1                     # the last window would start in the padding
    return out


cdef int pool_options(Pool2d* p, object kernel_size, object stride, object padding, object dilation, str op) except -1:
    cdef int64_t v[2]
    pair(kernel_size, v, op, "kernel_size")
    p.kernel_h, p.kernel_w = v[0], v[1]
    if stride is None or (isinstance(stride, (tuple, list)) and len(stride) == 0):
        stride = kernel_size
    pair(stride, v, op, "stride")
    p.stride_h, p.stride_w = v[0], v[1]
    pair(padding, v, op, "padding")
    p.pad_h, p.pad_w = v[0], v[1]
    pair(dilation, v, op, "dilation")
    p.dilation_h, p.dilation_w = v[0], v[1]
    if p.kernel_h <= 0 or p.kernel_w <= 0:
        raise RuntimeError(f"{op}: kernel size should be greater than zero, but got {kernel_size}")
    if p.stride_h <= 0 or p.stride_w <= 0:
        raise RuntimeError(f"{op}: stride should not be zero or negative, got {stride}")
    if p.dilation_h <= 0 or p.dilation_w <= 0:
        raise RuntimeError(f"{op}: dilation should be greater than zero, got {dilation}")
    if p.pad_h < 0 or p.pad_w < 0 or 2 * p.pad_h > p.kernel_h or 2 * p.pad_w > p.kernel_w:
        raise RuntimeError(f"{op}: pad should be at most half of effective kernel size, but got pad={padding}, "
                           f"kernel_size={kernel_size}")
    p.count_include_pad, p.divisor_override = True, 0
    p.indices = NULL
    p.gy = NULL
    return 0


cdef int pool_sizes(Pool2d* p, int ndim, const int64_t* shape, bint ceil_mode, str op) except -1:
    cdef int i
    if ndim != 3 and ndim != 4:
        raise RuntimeError(f"{op}: Expected 3D or 4D (batch mode) tensor for input, but got: "
                           f"{[shape[i] for i in range(ndim)]}")
    for i in range(ndim - 3, ndim):
        if shape[i] == 0:
            raise RuntimeError(f"{op}: Expected input's non-batch dimensions to have positive length, but got: "
                               f"{[shape[i] for i in range(ndim)]}")
    p.planes = 1
    for i in range(ndim - 2):
        p.planes *= shape[i]
    p.height, p.width = shape[ndim - 2], shape[ndim - 1]
    p.out_h = pooled(p.height, p.kernel_h, p.stride_h, p.pad_h, p.dilation_h, ceil_mode)
    p.out_w = pooled(p.width, p.kernel_w, p.stride_w, p.pad_w, p.dilation_w, ceil_mode)
    if p.out_h < 1 or p.out_w < 1:
        raise RuntimeError(f"Given input size: ({p.planes}x{p.height}x{p.width}). Calculated output size: "
                           f"({p.planes}x{p.out_h}x{p.out_w}). Output size is too small")
    return 0


cdef TensorBase pool_result(TensorBase x, Pool2d* p, int dtype):
    cdef int64_t shape[4]
    cdef int i
    for i in range(x.ndim - 2):
        shape[i] = x.shape[i]
    shape[x.ndim - 2], shape[x.ndim - 1] = p.out_h, p.out_w
    return tensor_empty(dtype, x.ndim, shape)


cdef object max_pool2d_forward(TensorBase x, object kernel_size, object stride, object padding, object dilation,
                               bint ceil_mode):
    cdef int dtype = float_compute(x, b"max_pool2d"), code
    cdef Pool2d p
    cdef TensorBase a = dense(x, dtype), y, indices
    pool_options(&p, kernel_size, stride, padding, dilation, "max_pool2d")
    pool_sizes(&p, x.ndim, x.shape, ceil_mode, "max_pool2d")
    y, indices = pool_result(x, &p, dtype), pool_result(x, &p, INT64)
    p.x, p.y, p.indices = a.data, y.data, <int64_t*>indices.data
    cdef PoolKernels* k = load_pool()
    with nogil:
        code = k.max[row_of(dtype)](&p)
    kernel_error(code, "max_pool2d")
    return cast_to(y, x.dtype), indices


cdef TensorBase max_pool2d_backward_forward(TensorBase grad, TensorBase indices, object shape, object kernel_size,
                                            object stride, object padding, object dilation):
    cdef int dtype = float_compute(grad, b"max_pool2d"), code, i, n = len(shape)
    cdef Pool2d p
    cdef int64_t sizes[4]
    cdef TensorBase g = dense(grad, dtype), places = dense(indices, INT64), gx
    for i in range(n):
        sizes[i] = shape[i]
    pool_options(&p, kernel_size, stride, padding, dilation, "max_pool2d")
    pool_sizes(&p, n, sizes, True, "max_pool2d")         # the output's size is that of the gradient
    p.out_h, p.out_w = grad.shape[n - 2], grad.shape[n - 1]
    gx = tensor_empty(dtype, n, sizes)
    p.gy, p.gx, p.indices = g.data, gx.data, <int64_t*>places.data
    cdef PoolKernels* k = load_pool()
    with nogil:
        code = k.max_backward[row_of(dtype)](&p)
    kernel_error(code, "max_pool2d")
    return cast_to(gx, grad.dtype)


cdef int average_options(Pool2d* p, object kernel_size, object stride, object padding, bint count_include_pad,
                         object divisor_override) except -1:
    pool_options(p, kernel_size, stride, padding, 1, "avg_pool2d")
    p.count_include_pad = count_include_pad
    if divisor_override is not None:
        if divisor_override == 0:
            raise RuntimeError("avg_pool2d: divisor must be not zero")
        p.divisor_override = divisor_override
    return 0


cdef TensorBase avg_pool2d_forward(TensorBase x, object kernel_size, object stride, object padding, bint ceil_mode,
                                   bint count_include_pad, object divisor_override):
    cdef int dtype = float_compute(x, b"avg_pool2d"), code
    cdef Pool2d p
    cdef TensorBase a = dense(x, dtype), y
    average_options(&p, kernel_size, stride, padding, count_include_pad, divisor_override)
    pool_sizes(&p, x.ndim, x.shape, ceil_mode, "avg_pool2d")
    y = pool_result(x, &p, dtype)
    p.x, p.y = a.data, y.data
    cdef PoolKernels* k = load_pool()
    with nogil:
        code = k.average[row_of(dtype)](&p)
    kernel_error(code, "avg_pool2d")
    return cast_to(y, x.dtype)


cdef TensorBase avg_pool2d_backward_forward(TensorBase grad, object shape, object kernel_size, object stride,
                                            object padding, bint ceil_mode, bint count_include_pad,
                                            object divisor_override):
    cdef int dtype = float_compute(grad, b"avg_pool2d"), code, i, n = len(shape)
    cdef Pool2d p
    cdef int64_t sizes[4]
    cdef TensorBase g = dense(grad, dtype), gx
    for i in range(n):
        sizes[i] = shape[i]
    average_options(&p, kernel_size, stride, padding, count_include_pad, divisor_override)
    pool_sizes(&p, n, sizes, ceil_mode, "avg_pool2d")
    gx = tensor_empty(dtype, n, sizes)
    p.gy, p.gx = g.data, gx.data
    cdef PoolKernels* k = load_pool()
    with nogil:
        code = k.average_backward[row_of(dtype)](&p)
    kernel_error(code, "avg_pool2d")
    return cast_to(gx, grad.dtype)


cdef int adaptive_sizes(Pool2d* p, int ndim, const int64_t* shape, int64_t out_h, int64_t out_w) except -1:
    cdef int i
    memset(p, 0, sizeof(Pool2d))
    p.planes = 1
    for i in range(ndim - 2):
        p.planes *= shape[i]
    p.height, p.width, p.out_h, p.out_w = shape[ndim - 2], shape[ndim - 1], out_h, out_w
    return 0


cdef TensorBase adaptive_avg_pool2d_forward(TensorBase x, object output_size):
    cdef int dtype = float_compute(x, b"adaptive_avg_pool2d"), code, n = len(output_size)
    cdef Pool2d p
    cdef TensorBase a = dense(x, dtype), y
    adaptive_sizes(&p, x.ndim, x.shape, output_size[n - 2], output_size[n - 1])
    y = pool_result(x, &p, dtype)
    p.x, p.y = a.data, y.data
    cdef PoolKernels* k = load_pool()
    with nogil:
        code = k.adaptive_average[row_of(dtype)](&p)
    kernel_error(code, "adaptive_avg_pool2d")
    return cast_to(y, x.dtype)


cdef TensorBase adaptive_avg_pool2d_backward_forward(TensorBase grad, object shape):
    cdef int dtype = float_compute(grad, b"adaptive_avg_pool2d"), code, i, n = len(shape)
    cdef Pool2d p
    cdef int64_t sizes[4]
    cdef TensorBase g = dense(grad, dtype), gx
    for i in range(n):
        sizes[i] = shape[i]
    adaptive_sizes(&p, n, sizes, grad.shape[n - 2], grad.shape[n - 1])
    gx = tensor_empty(dtype, n, sizes)
    p.gy, p.gx = g.data, gx.data
    cdef PoolKernels* k = load_pool()
    with nogil:
        code = k.adaptive_average_backward[row_of(dtype)](&p)
    kernel_error(code, "adaptive_avg_pool2d")
    return cast_to(gx, grad.dtype)
