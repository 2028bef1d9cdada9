"""Convolution and pooling on CUDA: shapes and dtypes around their kernels."""
from typing import NamedTuple

import ctorch
from ctorch.cuda._forward.common import dense, empty, float_name, index_of, numel, pair, pointer
from ctorch.cuda.launch import MOST_BLOCKS, Kernel, blocks_for


class Conv2d(NamedTuple):
    """struct Conv2d of kernels/conv2d.cu."""

    batch: int
    channels: int
    height: int
    width: int
    outputs: int
    groups: int
    kernel_h: int
    kernel_w: int
    out_h: int
    out_w: int
    stride_h: int
    stride_w: int
    pad_h: int
    pad_w: int
    dilation_h: int
    dilation_w: int


class Pool2d(NamedTuple):
    """struct Pool2d of kernels/pool.cu."""

    planes: int
    height: int
    width: int
    out_h: int
    out_w: int
    kernel_h: int
    kernel_w: int
    stride_h: int
    stride_w: int
    pad_h: int
    pad_w: int
    dilation_h: int
    dilation_w: int
    count_include_pad: int
    divisor_override: int


_conv2d = Kernel("conv2d", "ct_conv2d", "PPPP16q")
_conv2d_input = Kernel("conv2d", "ct_conv2d_input", "PPP16q")
_conv2d_weight = Kernel("conv2d", "ct_conv2d_weight", "PPP16q")
_max_pool = Kernel("pool", "ct_max_pool2d", "PPP15q")
_max_pool_backward = Kernel("pool", "ct_max_pool2d_backward", "PPP15q")
_avg_pool = Kernel("pool", "ct_avg_pool2d", "PP15q")
_avg_pool_backward = Kernel("pool", "ct_avg_pool2d_backward", "PP15q")


# ---- convolution

def launch_conv2d(index, dtype, x, weight, bias, y, c):
    """y from x, weight and bias (0: none) in raw memory; c is a Conv2d."""
    count = c.batch * c.outputs * c.out_h * c.out_w
    if count:
        _conv2d(index, dtype, (blocks_for(count, 512),), (128,), x, weight, bias, y, *c)


def launch_conv2d_input(index, dtype, gy, weight, gx, c):
    """Gradient of x."""
    count = c.batch * c.channels * c.height * c.width
    if count:
        _conv2d_input(index, dtype, (blocks_for(count, 128),), (128,), gy, weight, gx, *c)


def launch_conv2d_weight(index, dtype, gy, x, gw, c):
    """Gradient of the weight."""
    count = c.outputs * (c.channels // c.groups) * c.kernel_h * c.kernel_w
    if count:
        _conv2d_weight(index, dtype, (min(count, MOST_BLOCKS),), (128,), gy, x, gw, *c)


def _conv(x, w, stride, padding, dilation, groups):
    """Conv2d from the shapes of input and weight, checked."""
    (sh, sw), (ph, pw) = pair(stride, "conv2d", "stride"), pair(padding, "conv2d", "padding")
    dh, dw = pair(dilation, "conv2d", "dilation")
    if sh <= 0 or sw <= 0:
        raise RuntimeError(f"conv2d: non-positive stride {stride} is not supported")
    if dh <= 0 or dw <= 0:
        raise RuntimeError(f"conv2d: dilation should be greater than zero, got {dilation}")
    if ph < 0 or pw < 0:
        raise RuntimeError(f"conv2d: negative padding {padding} is not supported")
    if groups <= 0:
        raise RuntimeError(f"conv2d: non-positive groups {groups} is not supported")
    (batch, channels, height, width), (outputs, inputs, kh, kw) = x, w
    if inputs * groups != channels or outputs % groups:
        raise RuntimeError(f"Given groups={groups}, weight of size {list(w)}, expected input{list(x)} to have "
                           f"{inputs * groups} channels, but got {channels} channels instead")
    tall, wide, span_h, span_w = height + 2 * ph, width + 2 * pw, dh * (kh - 1) + 1, dw * (kw - 1) + 1
    if tall < span_h or wide < span_w:
        raise RuntimeError(f"Calculated padded input size per channel: ({tall} x {wide}). Kernel size: ({span_h} x "
                           f"{span_w}). Kernel size can't be greater than actual input size")
    return Conv2d(batch, channels, height, width, outputs, groups, kh, kw, (tall - span_h) // sh + 1,
                  (wide - span_w) // sw + 1, sh, sw, ph, pw, dh, dw)


def _check_conv(x, weight, bias):
    if len(weight.shape) != 4:
        raise RuntimeError(f"conv2d: expected weight of 4 dimensions, got {list(weight.shape)}")
    if len(x.shape) != 4:
        raise RuntimeError(f"conv2d: expected input of 4 dimensions, got {list(x.shape)}")
    for other, what in ((weight, "weight"), (bias, "bias")):
        if other is not None and other.dtype != x.dtype:
            raise RuntimeError(f"Input type ({str(x.dtype)[6:]}) and {what} type ({str(other.dtype)[6:]}) should be "
                               "the same")
    if bias is not None and (len(bias.shape) != 1 or bias.shape[0] != weight.shape[0]):
        raise RuntimeError(f"Given weight of size {list(weight.shape)}, expected bias to be 1-dimensional with "
                           f"{weight.shape[0]} elements, but got bias of size {list(bias.shape)} instead")


def conv2d_forward(x, weight, bias, stride, padding, dilation, groups):
    name = float_name(x, "conv2d")
    _check_conv(x, weight, bias)
    c = _conv(x.shape, weight.shape, stride, padding, dilation, groups)
    a, w, b = dense(x), dense(weight), None if bias is None else dense(bias)
    y = empty((c.batch, c.outputs, c.out_h, c.out_w), x.dtype, x.device)
    launch_conv2d(index_of(x), name, a.data_ptr(), w.data_ptr(), pointer(b), y.data_ptr(), c)
    return y


def conv2d_input_forward(grad, weight, shape, stride, padding, dilation, groups):
    """Gradient of a convolution's input."""
    name = float_name(grad, "conv2d_input")
    g, w = dense(grad), dense(weight, grad.dtype)
    c = _conv(tuple(shape), weight.shape, stride, padding, dilation, groups)
    gx = empty(tuple(shape), grad.dtype, grad.device)
    launch_conv2d_input(index_of(grad), name, g.data_ptr(), w.data_ptr(), gx.data_ptr(), c)
    return gx


def conv2d_weight_forward(grad, x, shape, stride, padding, dilation, groups):
    """Gradient of a convolution's weight."""
    name = float_name(grad, "conv2d_weight")
    g, a = dense(grad), dense(x, grad.dtype)
    c = _conv(x.shape, tuple(shape), stride, padding, dilation, groups)
    gw = empty(tuple(shape), grad.dtype, grad.device)
    launch_conv2d_weight(index_of(grad), name, g.data_ptr(), a.data_ptr(), gw.data_ptr(), c)
    return gw


# ---- pooling

def launch_max_pool2d(index, dtype, x, y, indices, p):
    """y and indices from x in raw memory; p is a Pool2d."""
    count = p.planes * p.out_h * p.out_w
    if count:
        _max_pool(index, dtype, (blocks_for(count),), (256,), x, y, indices, *p)


def launch_max_pool2d_backward(index, dtype, gy, indices, gx, p):
    count = p.planes * p.height * p.width
    if count:
        _max_pool_backward(index, dtype, (blocks_for(count),), (256,), gy, indices, gx, *p)


def launch_avg_pool2d(index, dtype, x, y, p):
    count = p.planes * p.out_h * p.out_w
    if count:
        _avg_pool(index, dtype, (blocks_for(count),), (256,), x, y, *p)


def launch_avg_pool2d_backward(index, dtype, gy, gx, p):
    count = p.planes * p.height * p.width
    if count:
        _avg_pool_backward(index, dtype, (blocks_for(count),), (256,), gy, gx, *p)


def _pooled(size, kernel, stride, pad, dilation, ceil_mode):
    n = size + 2 * pad - dilation * (kernel - 1) - 1 + (stride - 1 if ceil_mode else 0)
    if n < 0:                        # the window is larger than the input
        return 0
    out = n // stride + 1
    if ceil_mode and (out - 1) * stride >= size + pad:
        out -= 1                     # the last window would start in the padding
    return out


def _pool(shape, kernel_size, stride, padding, dilation, ceil_mode, op, count_include_pad=True, divisor_override=None):
    """Pool2d for an input's shape, checked."""
    kh, kw = pair(kernel_size, op, "kernel_size")
    if stride is None or (isinstance(stride, (tuple, list)) and len(stride) == 0):
        stride = kernel_size
    (sh, sw), (ph, pw) = pair(stride, op, "stride"), pair(padding, op, "padding")
    dh, dw = pair(dilation, op, "dilation")
    if kh <= 0 or kw <= 0:
        raise RuntimeError(f"{op}: kernel size should be greater than zero, but got {kernel_size}")
    if sh <= 0 or sw <= 0:
        raise RuntimeError(f"{op}: stride should not be zero or negative, got {stride}")
    if dh <= 0 or dw <= 0:
        raise RuntimeError(f"{op}: dilation should be greater than zero, got {dilation}")
    if ph < 0 or pw < 0 or 2 * ph > kh or 2 * pw > kw:
        raise RuntimeError(f"{op}: pad should be at most half of effective kernel size, but got pad={padding}, "
                           f"kernel_size={kernel_size}")
    if divisor_override == 0:
        raise RuntimeError(f"{op}: divisor must be not zero")
    if len(shape) not in (3, 4):
        raise RuntimeError(f"{op}: Expected 3D or 4D (batch mode) tensor for input, but got: {list(shape)}")
    planes, (height, width) = numel(shape[:-2]), shape[-2:]
    out_h, out_w = _pooled(height, kh, sh, ph, dh, ceil_mode), _pooled(width, kw, sw, pw, dw, ceil_mode)
    if out_h < 1 or out_w < 1:
        raise RuntimeError(f"Given input size: ({planes}x{height}x{width}). Calculated output size: "
                           f"({planes}x{out_h}x{out_w}). Output size is too small")
    return Pool2d(planes, height, width, out_h, out_w, kh, kw, sh, sw, ph, pw, dh, dw, int(count_include_pad),
                  divisor_override or 0)


def max_pool2d_forward(x, kernel_size, stride, padding, dilation, ceil_mode):
    name = float_name(x, "max_pool2d")
    p = _pool(x.shape, kernel_size, stride, padding, dilation, ceil_mode, "max_pool2d")
    shape = (*x.shape[:-2], p.out_h, p.out_w)
    a, y, indices = dense(x), empty(shape, x.dtype, x.device), empty(shape, ctorch.int64, x.device)
    launch_max_pool2d(index_of(x), name, a.data_ptr(), y.data_ptr(), indices.data_ptr(), p)
    return y, indices


def max_pool2d_backward_forward(grad, indices, shape, kernel_size, stride, padding, dilation):
    name = float_name(grad, "max_pool2d")
    p = _pool(tuple(shape), kernel_size, stride, padding, dilation, False, "max_pool2d")
    p = p._replace(out_h=grad.shape[-2], out_w=grad.shape[-1])       # which ceil_mode may have made larger
    g, gx = dense(grad), empty(tuple(shape), grad.dtype, grad.device)
    launch_max_pool2d_backward(index_of(grad), name, g.data_ptr(), dense(indices).data_ptr(), gx.data_ptr(), p)
    return gx


def avg_pool2d_forward(x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override):
    name = float_name(x, "avg_pool2d")
    p = _pool(x.shape, kernel_size, stride, padding, 1, ceil_mode, "avg_pool2d", count_include_pad, divisor_override)
    a, y = dense(x), empty((*x.shape[:-2], p.out_h, p.out_w), x.dtype, x.device)
    launch_avg_pool2d(index_of(x), name, a.data_ptr(), y.data_ptr(), p)
    return y


def avg_pool2d_backward_forward(grad, shape, kernel_size, stride, padding, ceil_mode, count_include_pad,
                                divisor_override):
    name = float_name(grad, "avg_pool2d")
    p = _pool(tuple(shape), kernel_size, stride, padding, 1, ceil_mode, "avg_pool2d", count_include_pad,
              divisor_override)
    g, gx = dense(grad), empty(tuple(shape), grad.dtype, grad.device)
    launch_avg_pool2d_backward(index_of(grad), name, g.data_ptr(), gx.data_ptr(), p)
    return gx
