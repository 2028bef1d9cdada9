"""Interpolation, samples at points and shuffles: PyTorch's results, and gradients."""
import numpy as np
import pytest
from mirror import check

import ctorch
from ctorch.autograd import gradcheck, gradgradcheck

F = ctorch.nn.functional


def numbers(module, *shape, seed=0, dtype=np.float32):
    return module.tensor(np.random.default_rng(seed).standard_normal(shape).astype(dtype))


def leaf(*shape, seed=0):
    return numbers(ctorch, *shape, seed=seed, dtype=np.float64).requires_grad_()


MODES = [("nearest", 1, {}), ("nearest", 2, {}), ("nearest-exact", 3, {}), ("linear", 1, {}), ("bilinear", 2, {}),
         ("bilinear", 2, {"align_corners": True}), ("bilinear", 2, {"antialias": True}), ("bicubic", 2, {}),
         ("bicubic", 2, {"align_corners": True}), ("bicubic", 2, {"antialias": True}), ("trilinear", 3, {}),
         ("trilinear", 3, {"align_corners": True}), ("area", 2, {})]
SIZES = [{"scale_factor": 2.0}, {"scale_factor": 0.6}, {"scale_factor": 1.7, "recompute_scale_factor": True},
         {"size": 4}, {"size": 11}]


@pytest.mark.parametrize("size", range(len(SIZES)))
@pytest.mark.parametrize("case", range(len(MODES)))
def test_interpolate(case, size):
    mode, dims, options = MODES[case]
    shape = (2, 3, *(7, 5, 6)[:dims])

    def act(module):
        x = numbers(module, *shape).requires_grad_()
        y = module.nn.functional.interpolate(x, mode=mode, **SIZES[size], **options)
        (y * y.detach().cos()).sum().backward()
        return [y, x.grad]
    check(act, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("case", range(len(MODES)))
def test_interpolate_derivatives(case):
    mode, dims, options = MODES[case]
    for size in (3, 6):
        function = lambda x, size=size: F.interpolate(x, size=size, mode=mode, **options)  # noqa: E731
        x = leaf(1, 1, *(5, 4, 3)[:dims])
        assert gradcheck(function, (x,))
        assert gradgradcheck(function, (x,))


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic"])
def test_interpolate_bytes(mode):
    def act(module):
        values = np.random.default_rng(1).integers(0, 256, (1, 3, 6, 5)).astype(np.uint8)
        return module.nn.functional.interpolate(module.tensor(values), size=(9, 4), mode=mode)
    check(act)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_interpolate_halves(dtype):
    def act(module):
        x = numbers(module, 1, 2, 4, 4).to(getattr(module, dtype))
        return module.nn.functional.interpolate(x, size=(8, 8), mode="nearest").float()
    check(act)


def test_interpolate_refuses():
    check(lambda m: m.nn.functional.interpolate(m.zeros(1, 1, 2), 3, mode="bilinear"))
    check(lambda m: m.nn.functional.interpolate(m.zeros(1, 1, 2), 3, 2.0))
    check(lambda m: m.nn.functional.interpolate(m.zeros(1, 1, 2)))
    check(lambda m: m.nn.functional.interpolate(m.zeros(1, 1, 2, 2), 3, mode="nearest", align_corners=True))


@pytest.mark.parametrize("align", [False, True])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
@pytest.mark.parametrize("dims", [2, 3])
def test_grid_sample(dims, mode, padding, align):
    if mode == "bicubic" and dims == 3:
        check(lambda m: m.nn.functional.grid_sample(m.zeros(1, 1, 2, 2, 2), m.zeros(1, 1, 1, 1, 3), mode,
                                                    align_corners=align))
        return
    image, points = (2, 3, *(5, 4, 6)[:dims]), (2, *(3, 4, 2)[:dims], dims)

    def act(module):
        x, grid = numbers(module, *image).requires_grad_(), numbers(module, *points, seed=1).requires_grad_()
        y = module.nn.functional.grid_sample(x, grid, mode, padding, align)
        (y * y.detach().cos()).sum().backward()
        return [y, x.grad, grid.grad]
    check(act, rtol=1e-4, atol=1e-5)
    if mode == "bilinear":
        assert gradcheck(lambda x, g: F.grid_sample(x, g, mode, padding, align), (leaf(*image), leaf(*points, seed=1)))


@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
@pytest.mark.parametrize("points", [1, 63, 64, 65, 1500])
def test_grid_sample_in_blocks(points, mode, padding):
    def act(module, dtype):
        x, grid = numbers(module, 2, 5, 7, 9, dtype=dtype), numbers(module, 2, 1, points, 2, seed=1, dtype=dtype)
        y = module.nn.functional.grid_sample(x, grid, mode, padding, False)
        x[0, :, 0, 0] = float("inf")            # not to be read in place of what lies outside
        grid[0, 0, -1] = float("nan")
        return [y, module.nn.functional.grid_sample(x, grid, mode, padding, False)]
    check(lambda m: act(m, np.float32), rtol=1e-4, atol=2e-5)
    check(lambda m: act(m, np.float64), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("shape, mode, antialias", [
    ((1, 1, 3), "linear", False), ((1, 2, 3, 2), "bilinear", False), ((1, 2, 3, 2), "bilinear", True),
    ((1, 2, 3, 2), "bicubic", True), ((1, 1, 2, 3, 2), "trilinear", False)])
def test_a_factor_that_keeps_the_size(shape, mode, antialias):
    x = leaf(*shape)
    y = F.interpolate(x, scale_factor=1.3, mode=mode, antialias=antialias)
    y.sum().backward()
    assert ctorch.equal(y, x) and ctorch.equal(x.grad, ctorch.ones(shape, dtype=ctorch.float64))


def test_grid_sample_has_one_derivative():
    x = leaf(1, 1, 3, 3)
    y = F.grid_sample(x, leaf(1, 2, 2, 2), align_corners=False)
    g, = ctorch.autograd.grad((y * y).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="not implemented"):
        g.sum().backward()


@pytest.mark.parametrize("align", [False, True])
def test_affine_grid(align):
    check(lambda m: m.nn.functional.affine_grid(numbers(m, 2, 2, 3), (2, 1, 3, 4), align), warn=False)
    check(lambda m: m.nn.functional.affine_grid(numbers(m, 1, 3, 4), (1, 1, 3, 1, 2), align), warn=False)


def test_shuffles():
    check(lambda m: m.channel_shuffle(numbers(m, 1, 6, 2, 2), 3))
    check(lambda m: m.pixel_shuffle(numbers(m, 2, 8, 3, 2), 2))
    check(lambda m: m.pixel_unshuffle(numbers(m, 2, 2, 6, 4), 2))
