"""Pooling of volumes by windows that are listed, and of images and integers as volumes."""
import math

import ctorch
from ctorch import _functions as ops


def numbers(value, count, op, arg):
    """One number for each direction."""
    if isinstance(value, int):
        return (value,) * count
    value = tuple(value)
    if len(value) == 1:
        return value * count
    if len(value) != count:
        raise RuntimeError(f"{op}: expected {arg} to be a single integer value or a list of {count} values, got "
                           f"{list(value)}")
    return value


# ---- sliding windows

def _pooled(size, kernel, stride, pad, dilation, ceil_mode):
    room = size + 2 * pad - dilation * (kernel - 1) - 1
    if room < 0:
        return 0
    out = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
    return out - (ceil_mode and (out - 1) * stride >= size + pad)


def _check_pooling(input, dims, kernel, stride, padding, dilation, op):
    if input.dim() not in (dims + 1, dims + 2):
        raise RuntimeError(f"{op}: Expected {dims + 1}D or {dims + 2}D (batch mode) tensor for input, but got: "
                           f"{list(input.shape)}")
    for name, values in (("kernel size", kernel), ("stride", stride), ("dilation", dilation)):
        if min(values) <= 0:
            raise RuntimeError(f"{op}: {name} should be greater than zero, but got {values}")
    if any(p < 0 or 2 * p > k for p, k in zip(padding, kernel)):
        raise RuntimeError(f"{op}: pad should be at most half of effective kernel size, but got pad={padding}, "
                           f"kernel_size={kernel}")


def _pooling(input, dims, kernel_size, stride, padding, dilation, ceil_mode, op):
    """The numbers of a pooling, with those of the result, as three axes."""
    kernel = numbers(kernel_size, dims, op, "kernel_size")
    step = numbers(stride, dims, op, "stride") if stride or stride == 0 else kernel
    pad, dilation = numbers(padding, dims, op, "padding"), numbers(dilation, dims, op, "dilation")
    _check_pooling(input, dims, kernel, step, pad, dilation, op)
    size = input.shape[input.dim() - dims:]
    out = tuple(_pooled(*axis, ceil_mode) for axis in zip(size, kernel, step, pad, dilation))
    if min(out) < 1:
        raise RuntimeError(f"Given input size: {list(input.shape)}. Calculated output size: {list(out)}. Output size "
                           "is too small")
    more = 3 - dims
    axes = zip((1,) * more + size, (1,) * more + out, (1,) * more + kernel, (1,) * more + step, (0,) * more + pad,
               (1,) * more + dilation)
    return list(axes), (1,) * more + dilation


def as_volume(input, dims):
    return input if dims == 3 else input.reshape(*input.shape[:input.dim() - dims], *(1,) * (3 - dims),
                                                 *input.shape[input.dim() - dims:])


def from_volume(x, dims):
    return x if dims == 3 else x.reshape(*x.shape[:-3], *x.shape[3 - dims - 3:])


def volume_max(input, dims, kernel_size, stride, padding, dilation, ceil_mode):
    op, windows = f"max_pool{dims}d", []
    axes, step = _pooling(input, dims, kernel_size, stride, padding, dilation, ceil_mode, op)
    for size, out, k, s, p, d in axes:
        begins = [i * s - p for i in range(out)]
        windows.append(([b if b >= 0 else b + -(b // d) * d for b in begins],
                        [min(b + (k - 1) * d + 1, size) for b in begins]))
    values, indices = ops._max_windows(as_volume(input, dims), windows, step)
    return from_volume(values, dims), from_volume(indices, dims)


def volume_average(input, dims, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override):
    op, windows = f"avg_pool{dims}d", []
    if divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    for size, out, k, s, p, _ in _pooling(input, dims, kernel_size, stride, padding, 1, ceil_mode, op)[0]:
        begins = [i * s - p for i in range(out)]
        starts, stops = [max(b, 0) for b in begins], [min(b + k, size) for b in begins]
        shares = [min(b + k, size + p) - b if count_include_pad else stop - start
                  for b, start, stop in zip(begins, starts, stops)]
        windows.append((starts, stops, shares))
    return from_volume(ops._average_windows(as_volume(input, dims), windows, divisor_override), dims)


# ---- adaptive windows

def adaptive(input, output_size, dims, op):
    """The size of the result, and the windows of three axes."""
    if input.dim() not in (dims + 1, dims + 2):
        raise RuntimeError(f"{op}: Expected {dims + 1}D or {dims + 2}D tensor, but got {list(input.shape)}")
    size = input.shape[input.dim() - dims:]
    if not isinstance(output_size, (tuple, list)):
        output_size = (output_size,) * dims
    if len(output_size) != dims:
        raise RuntimeError(f"{op}: expected output_size of {dims} numbers, got {list(output_size)}")
    out = [s if o is None else o for s, o in zip(size, output_size)]
    if min(out) < 0:
        raise RuntimeError(f"{op}: elements of output_size must be greater than or equal to 0 but received {out}")
    if 0 in input.shape[input.dim() - dims - (dims + 1 == input.dim()):]:
        raise RuntimeError(f"{op}: Expected input to have non-zero size for non-batch dimensions, but input has sizes "
                           f"{list(input.shape)}")
    windows = []
    for s, o in zip((1,) * (3 - dims) + tuple(size), [1] * (3 - dims) + out):
        starts, stops = [i * s // o for i in range(o)], [-(-(i + 1) * s // o) for i in range(o)]
        windows.append((starts, stops, [b - a for a, b in zip(starts, stops)]))
    return out, windows


# ---- pooling by chance, by powers, and back

def fractional_max_pool(input, dims, kernel_size, output_size, random_samples):
    kernel = numbers(kernel_size, dims, "fractional_max_pool", "kernel_size")
    out = numbers(output_size, dims, "fractional_max_pool", "output_size")
    if input.dim() == dims + 1:
        results = fractional_max_pool(input.unsqueeze(0), dims, kernel, out, random_samples)
        return tuple(x.squeeze(0) for x in results)
    if input.dim() != dims + 2:
        raise RuntimeError(f"fractional_max_pool{dims}d: Expected {dims + 1}D or {dims + 2}D tensor, but got "
                           f"{list(input.shape)}")
    batch, channels, *size = input.shape
    if any(o + k - 1 > s for o, k, s in zip(out, kernel, size)):
        raise RuntimeError(f"fractional_max_pool{dims}d: pool {list(kernel)} and output {list(out)} are too large for "
                           f"input {list(size)}")
    places = None
    for axis, (s, k, o) in enumerate(zip(size, kernel, out)):
        # PyTorch's samples name the last axis of images first, but the first of volumes.
        sample = random_samples[:, :, 1 - axis if dims == 2 else axis].reshape(batch, channels, 1)
        begins = ctorch.arange(o, device=input.device).to(input.dtype)
        if o > 1:
            alpha = (s - k) / (o - 1)
            begins = ((begins + sample) * alpha).long() - (sample * alpha).long()
            begins[..., -1] = s - k
        else:
            begins = ctorch.full((batch, channels, 1), s - k, dtype=ctorch.int64, device=input.device)
        taps = begins.unsqueeze(-1) + ctorch.arange(k, device=input.device)     # batch, channels, out, kernel
        shape = [batch, channels] + [1] * (2 * dims)
        shape[2 + axis], shape[2 + dims + axis] = o, k
        taps = taps.reshape(shape)
        places = taps if places is None else places * s + taps
    places = places.reshape(batch, channels, *out, math.prod(kernel))
    flat = ops.gather(input.reshape(batch, channels, math.prod(size)), 2,
                      places.reshape(batch, channels, math.prod(out) * math.prod(kernel))).reshape(places.shape)
    values, which = flat.max(-1)
    return values, ops.gather(places, places.dim() - 1, which.unsqueeze(-1)).squeeze(-1)


def max_unpool(input, indices, dims, size):
    return from_volume(ops._unpool(as_volume(input, dims), as_volume(indices, dims),
                                    (1,) * (3 - dims) + tuple(size)), dims)
