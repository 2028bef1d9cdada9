"""Images at other sizes and places, written with other operators."""
import math

import ctorch
from ctorch import _functions as ops
from ctorch._batched import starts_with


def grid_sampler_2d(input, grid, interpolation_mode, padding_mode, align_corners):
    return ops.grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)


def grid_sampler_3d(input, grid, interpolation_mode, padding_mode, align_corners):
    return ops.grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)


def affine_grid_generator(theta, size, align_corners):
    axes = len(size) - 2
    if axes not in (2, 3):
        raise RuntimeError("AffineGridGenerator needs 4d (spatial) or 5d (volumetric) inputs.")
    rows = []
    for axis, count in enumerate(size[2:]):
        line = (ctorch.linspace(-1, 1, count, dtype=theta.dtype, device=theta.device) if count > 1
                else ctorch.zeros(count, dtype=theta.dtype, device=theta.device))
        if not align_corners:
            line = line * ((count - 1) / count)
        shape = [1] * axes
        shape[axis] = count
        rows.append(line.reshape(shape).expand(size[2:]))
    # x, the last axis, comes first.
    base = ctorch.stack([*reversed(rows), ctorch.ones(size[2:], dtype=theta.dtype, device=theta.device)], -1)
    points = base.reshape(1, -1, axes + 1) @ theta.mT
    return points.reshape(size[0], *size[2:], axes)


def channel_shuffle(input, groups):
    if input.dim() < 3:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes "
                           f"{list(input.shape)}")
    if groups <= 0:
        raise RuntimeError(f"Number of groups to divide channels in must be positive. Value of groups:{groups}")
    batch, channels, *rest = input.shape
    if channels % groups:
        raise RuntimeError(f"Number of channels must be divisible by groups. Got {channels} channels and {groups} "
                           "groups.")
    split = input.reshape(batch, groups, channels // groups, *rest)
    return _of_its_own(split.transpose(1, 2).reshape(input.shape), input)


def _of_its_own(result, input):
    # Never a view, not even where nothing is moved.
    return result.clone() if starts_with(result, input) else result


def pixel_shuffle(input, upscale_factor):
    r = upscale_factor
    if input.dim() < 3:
        raise RuntimeError("pixel_shuffle expects input to have at least 3 dimensions, but got input with "
                           f"{input.dim()} dimension(s)")
    *batch, channels, height, width = input.shape
    if r <= 0:
        raise RuntimeError(f"pixel_shuffle expects a positive upscale_factor, but got {r}")
    if channels % (r * r):
        raise RuntimeError("pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of "
                           f"upscale_factor, but input.size(-3)={channels} is not divisible by {r * r}")
    split = input.reshape(math.prod(batch), channels // (r * r), r, r, height, width)
    shuffled = split.permute(0, 1, 4, 2, 5, 3).reshape(*batch, channels // (r * r), height * r, width * r)
    return _of_its_own(shuffled, input)


def pixel_unshuffle(input, downscale_factor):
    r = downscale_factor
    if input.dim() < 3:
        raise RuntimeError("pixel_unshuffle expects input to have at least 3 dimensions, but got input with "
                           f"{input.dim()} dimension(s)")
    *batch, channels, height, width = input.shape
    if r <= 0:
        raise RuntimeError(f"pixel_unshuffle expects a positive downscale_factor, but got {r}")
    if height % r or width % r:
        name, dim, size = ("height", -2, height) if height % r else ("width", -1, width)
        raise RuntimeError(f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but "
                           f"input.size({dim})={size} is not divisible by {r}")
    split = input.reshape(math.prod(batch), channels, height // r, r, width // r, r)
    shuffled = split.permute(0, 1, 3, 5, 2, 4).reshape(*batch, channels * r * r, height // r, width // r)
    return _of_its_own(shuffled, input)
