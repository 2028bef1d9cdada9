"""Pooling of volumes by listed windows, and of images and integers as volumes."""
import math

import ctorch
from ctorch import _functions as ops
from ctorch._forward.common import axis_number
from ctorch._forward.volumes import sliding_windows


def numbers(value, count, op, arg):
    """One number for each direction."""
    if isinstance(value, int):
        return (axis_number(value, op, arg),) * count
    value = tuple(axis_number(v, op, arg) for v in value)
    if len(value) == 1:
        return value * count
    if len(value) != count:
        raise RuntimeError(f"{op}: expected {arg} to be a single integer value or a list of {count} values, got "
                           f"{list(value)}")
    return value


# ---- pooling by listed windows

def as_volume(input, dims):
    return input if dims == 3 else input.unsqueeze(-3) if dims == 2 else input.unsqueeze(-2).unsqueeze(-3)


def from_volume(x, dims):
    return x if dims == 3 else x.squeeze(-3) if dims == 2 else x.squeeze(-2).squeeze(-2)


def volume_max(input, dims, kernel_size, stride, padding, dilation, ceil_mode):
    windows, step = sliding_windows(input, dims, kernel_size, stride, padding, dilation, ceil_mode, True, False,
                                    f"max_pool{dims}d")
    values, indices = ops._max_windows(as_volume(input, dims), windows, step)
    return from_volume(values, dims), from_volume(indices, dims)


def volume_average(input, dims, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override):
    if divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    windows = sliding_windows(input, dims, kernel_size, stride, padding, 1, ceil_mode, False, count_include_pad,
                              f"avg_pool{dims}d")[0]
    return from_volume(ops._average_windows(as_volume(input, dims), windows, divisor_override), dims)


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
    if any(k <= 0 for k in kernel):
        raise RuntimeError(f"fractional_max_pool{dims}d: kernel_size should be greater than zero, but got {kernel}")
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
            begins = ctorch.full((batch, channels, o), s - k, dtype=ctorch.int64, device=input.device)
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
