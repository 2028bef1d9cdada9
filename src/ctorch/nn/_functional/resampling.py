"""Images at other sizes and places: interpolation, grids and shuffles of nn.functional."""
import warnings

import ctorch

from ... import _functions as ops

__all__ = ["affine_grid", "channel_shuffle", "grid_sample", "interpolate", "native_channel_shuffle", "pixel_shuffle",
           "pixel_unshuffle", "upsample", "upsample_bilinear", "upsample_nearest"]

channel_shuffle = native_channel_shuffle = ops.channel_shuffle
pixel_shuffle, pixel_unshuffle = ops.pixel_shuffle, ops.pixel_unshuffle

# Modes with a filter, by the number of dimensions that they take.
MODES = {("linear", 3): "linear", ("bilinear", 4): "linear", ("trilinear", 5): "linear", ("bicubic", 4): "cubic"}
GRID_MODES = {"bilinear": 0, "nearest": 1, "bicubic": 2}
GRID_PADDINGS = {"zeros": 0, "border": 1, "reflection": 2}


def _sizes(input, size, scale_factor):
    """The size of the result, and the factors, None where there are none."""
    dims = input.dim() - 2
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is None and scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    given, name = (size, "size") if size is not None else (scale_factor, "scale_factor")
    if isinstance(given, (list, tuple)):
        if len(given) != dims:
            raise ValueError(f"Input and {name} must have the same number of spatial dimensions, but got input with "
                             f"spatial dimensions of {list(input.shape[2:])} and {name} of shape {given}.")
    else:
        given = [given] * dims
    if size is not None:
        return [int(s) for s in given], None
    return [int(float(s) * f) for s, f in zip(input.shape[2:], given)], [float(f) for f in given]


def interpolate(input, size=None, scale_factor=None, mode="nearest", align_corners=None,
                recompute_scale_factor=None, antialias=False):
    """Images, lines or volumes at another size.

    Parameters
    ----------
    input : Tensor
        Of shape ``(batch, channels, *spatial)`` with up to three spatial dimensions.
    size : int or tuple of int, optional
        Spatial size of the result.
    scale_factor : float or tuple of float, optional
        Or the factor to the input's.
    mode : {"nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", "area"}
    align_corners : bool, optional
        Whether the centers of the corner elements coincide, not their edges.
    recompute_scale_factor : bool, optional
        Use the factor that the rounded sizes have.
    antialias : bool
        Widen the filter when an image shrinks; for ``"bilinear"`` and ``"bicubic"``.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.interpolate(ctorch.tensor([[[0.0, 4.0]]]), scale_factor=2.0, mode="linear")
    tensor([[[0., 1., 3., 4.]]])
    """
    if mode in ("nearest", "area", "nearest-exact"):
        if align_corners is not None:
            raise ValueError("align_corners option can only be set with the interpolating modes: linear | bilinear | "
                             "bicubic | trilinear")
    elif align_corners is None:
        align_corners = False
    out, factors = _sizes(input, size, scale_factor)
    if recompute_scale_factor and size is not None:
        raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
    if recompute_scale_factor or mode == "area":
        factors = None
    if antialias and not (mode in ("bilinear", "bicubic") and input.dim() == 4):
        raise ValueError("Anti-alias option is restricted to bilinear and bicubic modes and requires a 4-D tensor as "
                         "input")
    if input.dim() not in (3, 4, 5):
        raise NotImplementedError("Input Error: Only 3D, 4D and 5D input Tensors supported "
                                  f"(got {input.dim()}D) for the modes: nearest | linear | bilinear | bicubic | "
                                  f"trilinear | area | nearest-exact (got {mode})")
    if mode != "area" and (min(out) <= 0 or min(input.shape[1:]) <= 0):
        raise RuntimeError(f"Input and output sizes should be greater than 0, but got input {list(input.shape)} and "
                           f"output {out}")
    if mode == "area":
        return (ops.adaptive_avg_pool1d, ops.adaptive_avg_pool2d, ops.adaptive_avg_pool3d)[input.dim() - 3](input, out)
    if mode in ("nearest", "nearest-exact"):
        return _along_axes(input, out, mode, False, factors, False)
    if (mode, input.dim()) not in MODES:
        if any(m == mode for m, _ in MODES):
            needed = next(d for m, d in MODES if m == mode)
            raise NotImplementedError(f"Got {input.dim()}D input, but {mode} mode needs {needed}D input")
        raise NotImplementedError(f"interpolate: unknown mode {mode!r} for {input.dim()}D input")
    return _along_axes(input, out, MODES[mode, input.dim()], align_corners, factors, antialias)


def _along_axes(input, out, mode, align_corners, factors, antialias):
    """One dimension after the other, those that shrink first; bytes, which round in between, from the last.

    As in PyTorch, lines and what is antialiased stay as they are along a dimension that keeps its size, at any factor.
    """
    axes = range(len(out))[::-1]
    if input.dtype != ctorch.uint8:
        axes = sorted(axes, key=lambda k: out[k] / input.shape[2 + k])
    output, stays = input, mode == "linear" or antialias or (mode == "cubic" and input.dtype == ctorch.uint8)
    for k in axes:
        if out[k] != input.shape[2 + k] or (not stays and factors is not None and factors[k] != 1):
            output = ops._resample(output, 2 + k, out[k], mode, align_corners,
                                   None if factors is None else factors[k], antialias)
    return output.clone() if output is input else output


def upsample(input, size=None, scale_factor=None, mode="nearest", align_corners=None):
    """`interpolate` by its old name.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.upsample(ctorch.tensor([[[0.0, 4.0]]]), 4)
    tensor([[[0., 0., 4., 4.]]])
    """
    warnings.warn("`nn.functional.upsample` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=2)
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input, size=None, scale_factor=None):
    """`interpolate` by the nearest element.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.upsample_nearest(ctorch.tensor([[[0.0, 4.0]]]), 4)
    tensor([[[0., 0., 4., 4.]]])
    """
    warnings.warn("`nn.functional.upsample_nearest` is deprecated. Use `nn.functional.interpolate` instead.",
                  stacklevel=2)
    return interpolate(input, size, scale_factor, "nearest")


def upsample_bilinear(input, size=None, scale_factor=None):
    """`interpolate` of images with aligned corners.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.upsample_bilinear(ctorch.tensor([[[[0.0, 3.0]]]]), (1, 4))
    tensor([[[[0., 1., 2., 3.]]]])
    """
    warnings.warn("`nn.functional.upsample_bilinear` is deprecated. Use `nn.functional.interpolate` instead.",
                  stacklevel=2)
    return interpolate(input, size, scale_factor, "bilinear", align_corners=True)


def grid_sample(input, grid, mode="bilinear", padding_mode="zeros", align_corners=None):
    """Images or volumes at the points of a grid.

    Parameters
    ----------
    input : Tensor
        Of shape ``(batch, channels, height, width)``, or with a depth before.
    grid : Tensor
        Points of shape ``(batch, *size, 2)`` or 3, x first; -1 and 1 are the borders.
    mode : {"bilinear", "nearest", "bicubic"}
    padding_mode : {"zeros", "border", "reflection"}
        What lies outside.
    align_corners : bool, optional
        Whether -1 and 1 are the centers of the corner elements, not their edges.

    Examples
    --------
    >>> import ctorch
    >>> image = ctorch.arange(4.0).view(1, 1, 2, 2)
    >>> ctorch.nn.functional.grid_sample(image, ctorch.zeros(1, 1, 1, 2), align_corners=False)
    tensor([[[[1.5000]]]])
    """
    if mode not in GRID_MODES:
        raise ValueError(f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but "
                         f"got: '{mode}'")
    if padding_mode not in GRID_PADDINGS:
        raise ValueError("nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or "
                         f"'reflection', but got: '{padding_mode}'")
    if align_corners is None:
        warnings.warn("Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. "
                      "Please specify align_corners=True if the old behavior is desired. See the documentation of "
                      "grid_sample for details.", stacklevel=2)
        align_corners = False
    return ops.grid_sampler(input, grid, GRID_MODES[mode], GRID_PADDINGS[padding_mode], align_corners)


def affine_grid(theta, size, align_corners=None):
    """The grid of points that affine maps send the output's points to, for `grid_sample`.

    Parameters
    ----------
    theta : Tensor
        Maps, of shape ``(batch, 2, 3)``, or ``(batch, 3, 4)`` for volumes.
    size : tuple of int
        Shape of the output.
    align_corners : bool, optional

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.functional.affine_grid(ctorch.eye(2, 3).unsqueeze(0), (1, 1, 1, 2), align_corners=False)
    tensor([[[[-0.5000,  0.0000],
              [ 0.5000,  0.0000]]]])
    """
    if align_corners is None:
        warnings.warn("Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. "
                      "Please specify align_corners=True if the old behavior is desired. See the documentation of "
                      "grid_sample for details.", stacklevel=2)
        align_corners = False
    if not theta.is_floating_point():
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    axes = len(size) - 2
    if axes not in (2, 3):
        raise NotImplementedError(f"affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, "
                                  f"respectively. Got size {tuple(size)}")
    if theta.dim() != 3 or tuple(theta.shape[1:]) != (axes, axes + 1):
        raise ValueError(f"Expected a batch of {axes}D affine matrices of shape Nx{axes}x{axes + 1} for size "
                         f"{tuple(size)}. Got {tuple(theta.shape)}.")
    if min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {tuple(size)}")
    return ops.affine_grid_generator(theta, tuple(size), align_corners)
