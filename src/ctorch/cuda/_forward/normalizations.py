"""Softmax, batch norm and layer norm on CUDA: shapes and dtypes around their kernels."""
from ctorch._views import copy_values, count_change
from ctorch.cuda._forward.common import (
    around,
    compute_dtype,
    dense,
    empty,
    float_name,
    index_of,
    numel,
    pointer,
    team_for,
)
from ctorch.cuda.launch import MOST_BLOCKS, Kernel

_softmax = {False: Kernel("softmax", "ct_softmax", "PPqqqi"), True: Kernel("softmax", "ct_log_softmax", "PPqqqi")}
_softmax_backward = {False: Kernel("softmax", "ct_softmax_backward", "PPPqqqi"),
                     True: Kernel("softmax", "ct_log_softmax_backward", "PPPqqqi")}
_batch_norm = Kernel("norm", "ct_batch_norm", "PPPPPPPPqqqddi")
_batch_norm_backward = Kernel("norm", "ct_batch_norm_backward", "PPPPPPPPPPqqqdi")
_layer_norm = Kernel("norm", "ct_layer_norm", "PPPPPPqqdi")
_layer_norm_input = Kernel("norm", "ct_layer_norm_input", "PPPPPPqqi")
_layer_norm_weight = Kernel("norm", "ct_layer_norm_weight", "PPPPPPqq")


# ---- softmax

def launch_softmax(index, dtype, x, y, sizes, log):
    """Softmax of raw memory seen as (outer, n, inner)."""
    outer, n, inner = sizes
    if outer * n * inner:
        team, grid, block = team_for(outer * inner, n, inner)
        _softmax[log](index, dtype, grid, block, x, y, outer, n, inner, team)


def launch_softmax_backward(index, dtype, g, y, gx, sizes, log):
    """Its gradient, with y the output."""
    outer, n, inner = sizes
    if outer * n * inner:
        team, grid, block = team_for(outer * inner, n, inner)
        _softmax_backward[log](index, dtype, grid, block, g, y, gx, outer, n, inner, team)


def _along(x, dim, log):
    name = float_name(x, "log_softmax" if log else "softmax")
    a, y = dense(x), empty(x.shape, x.dtype, x.device)
    launch_softmax(index_of(x), name, a.data_ptr(), y.data_ptr(), around(x.shape, dim), log)
    return y


def _along_backward(grad, output, dim, log):
    name = float_name(output, "softmax_backward")
    g, y = dense(grad, output.dtype), dense(output)
    gx = empty(output.shape, output.dtype, output.device)
    launch_softmax_backward(index_of(output), name, g.data_ptr(), y.data_ptr(), gx.data_ptr(),
                            around(output.shape, dim), log)
    return gx


def softmax_forward(x, dim):
    return _along(x, dim, False)


def log_softmax_forward(x, dim):
    return _along(x, dim, True)


def softmax_backward_forward(grad, output, dim):
    return _along_backward(grad, output, dim, False)


def log_softmax_backward_forward(grad, output, dim):
    return _along_backward(grad, output, dim, True)


# ---- batch norm

def launch_batch_norm(index, dtype, x, weight, bias, running_mean, running_var, y, mean, invstd, sizes, momentum, eps,
                      training):
    """Batch norm of raw memory seen as (batch, channels, inner); 0 stands for what is not there."""
    if sizes[1]:
        _batch_norm(index, dtype, (min(sizes[1], MOST_BLOCKS),), (512,), x, weight, bias, running_mean, running_var, y,
                    mean, invstd, *sizes, momentum, eps, training)


def launch_batch_norm_backward(index, dtype, gy, x, weight, running_mean, running_var, mean, invstd, gx, gw, gb, sizes,
                               eps, training):
    """Its gradients; those whose pointer is 0 are not made."""
    if sizes[1]:
        _batch_norm_backward(index, dtype, (min(sizes[1], MOST_BLOCKS),), (512,), gy, x, weight, running_mean,
                             running_var, mean, invstd, gx, gw, gb, *sizes, eps, training)


def _channel_operand(t, x, dtype, arg):
    if t is None:
        return None
    if len(t.shape) != 1 or t.shape[0] != x.shape[1]:
        raise RuntimeError(f"batch_norm: {arg} should contain {x.shape[1]} elements not {numel(t.shape)} "
                           f"(input {list(x.shape)})")
    return dense(t, dtype)


def batch_norm_forward(x, weight, bias, running_mean, running_var, training, momentum, eps):
    name, dtype = float_name(x, "batch_norm"), compute_dtype(x, "batch_norm")
    if len(x.shape) < 2:
        raise RuntimeError(f"batch_norm: expected an input of at least 2 dimensions, got {list(x.shape)}")
    if not training and (running_mean is None or running_var is None):
        raise RuntimeError("Expected running_mean and running_var to be defined when training=False")
    a = dense(x)
    w, c = _channel_operand(weight, x, dtype, "weight"), _channel_operand(bias, x, dtype, "bias")
    rm = _channel_operand(running_mean, x, dtype, "running_mean")
    rv = _channel_operand(running_var, x, dtype, "running_var")
    y, channels = empty(x.shape, x.dtype, x.device), (x.shape[1],)
    mean, invstd = empty(channels, dtype, x.device), empty(channels, dtype, x.device)
    launch_batch_norm(index_of(x), name, a.data_ptr(), pointer(w), pointer(c), pointer(rm), pointer(rv), y.data_ptr(),
                      mean.data_ptr(), invstd.data_ptr(), around(x.shape, 1), momentum, eps, bool(training))
    for to, moved in ((running_mean, rm), (running_var, rv)) if training else ():
        if to is None:
            continue
        if moved is not to:
            copy_values(to, moved)
        count_change(to, b"batch_norm")
    return y, mean, invstd


def batch_norm_backward_forward(grad, x, weight, running_mean, running_var, mean, invstd, training, eps, needs):
    """Gradients of input, weight and bias; None for those not needed."""
    name, dtype = float_name(x, "batch_norm"), compute_dtype(x, "batch_norm")
    a, g = dense(x), dense(grad, x.dtype)
    w, rm, rv = (None if t is None else dense(t, dtype) for t in (weight, running_mean, running_var))
    channels = (x.shape[1],)
    gx = empty(x.shape, dtype, x.device) if needs[0] else None
    gw = empty(channels, dtype, x.device) if needs[1] else None
    gb = empty(channels, dtype, x.device) if needs[2] else None
    launch_batch_norm_backward(index_of(x), name, g.data_ptr(), a.data_ptr(), pointer(w), pointer(rm), pointer(rv),
                               mean.data_ptr(), invstd.data_ptr(), pointer(gx), pointer(gw), pointer(gb),
                               around(x.shape, 1), eps, bool(training))
    return gx, gw, gb


# ---- layer norm

def launch_layer_norm(index, dtype, x, weight, bias, y, mean, invstd, rows, n, eps):
    """Layer norm of raw memory seen as (rows, n); 0 stands for what is not there."""
    if rows * n:
        team, grid, block = team_for(rows, n)
        _layer_norm(index, dtype, grid, block, x, weight, bias, y, mean, invstd, rows, n, eps, team)


def launch_layer_norm_backward(index, dtype, gy, x, weight, mean, invstd, gx, gw, gb, rows, n):
    """Its gradients; those whose pointer is 0 are not made."""
    if gx and rows * n:
        team, grid, block = team_for(rows, n)
        _layer_norm_input(index, dtype, grid, block, gy, x, weight, mean, invstd, gx, rows, n, team)
    if (gw or gb) and n:
        _layer_norm_weight(index, dtype, (min(-(-n // 32), MOST_BLOCKS),), (32, 8), gy, x, mean, invstd, gw, gb, rows,
                           n)


def _rows(x, normalized_shape):
    n = len(normalized_shape)
    if n > len(x.shape) or tuple(normalized_shape) != tuple(x.shape[len(x.shape) - n:]):
        raise RuntimeError(f"Given normalized_shape={list(normalized_shape)}, expected input with shape "
                           f"{['*', *normalized_shape]}, but got input of size{list(x.shape)}")
    return numel(x.shape[:len(x.shape) - n]), numel(normalized_shape)


def _layer_operand(t, normalized_shape, dtype, arg):
    if t is None:
        return None
    if tuple(t.shape) != tuple(normalized_shape):
        raise RuntimeError(f"Expected {arg} to be of same shape as normalized_shape, but got {arg} of shape "
                           f"{list(t.shape)} and normalized_shape = {list(normalized_shape)}")
    return dense(t, dtype)


def layer_norm_forward(x, normalized_shape, weight, bias, eps):
    name, dtype = float_name(x, "layer_norm"), compute_dtype(x, "layer_norm")
    w = _layer_operand(weight, normalized_shape, dtype, "weight")
    c = _layer_operand(bias, normalized_shape, dtype, "bias")
    rows, n = _rows(x, normalized_shape)
    a, y = dense(x), empty(x.shape, x.dtype, x.device)
    mean, invstd = empty((rows,), dtype, x.device), empty((rows,), dtype, x.device)
    launch_layer_norm(index_of(x), name, a.data_ptr(), pointer(w), pointer(c), y.data_ptr(), mean.data_ptr(),
                      invstd.data_ptr(), rows, n, eps)
    return y, mean, invstd


def layer_norm_backward_forward(grad, x, weight, mean, invstd, normalized_shape, needs):
    """Gradients of input, weight and bias; None for those not needed."""
    name, dtype = float_name(x, "layer_norm"), compute_dtype(x, "layer_norm")
    rows, n = _rows(x, normalized_shape)
    a, g = dense(x), dense(grad, x.dtype)
    w = None if weight is None else dense(weight, dtype)
    shape = tuple(normalized_shape)
    gx = empty(x.shape, dtype, x.device) if needs[0] else None
    gw = empty(shape, dtype, x.device) if needs[1] else None
    gb = empty(shape, dtype, x.device) if needs[2] else None
    launch_layer_norm_backward(index_of(x), name, g.data_ptr(), a.data_ptr(), pointer(w), mean.data_ptr(),
                               invstd.data_ptr(), pointer(gx), pointer(gw), pointer(gb), rows, n)
    return gx, gw, gb
