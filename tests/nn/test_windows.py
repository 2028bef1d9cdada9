"""Convolution of volumes, transposed convolution, pooling of every kind, columns: PyTorch's results, and gradients."""
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


def distinct(*shape):
    """Numbers in a random order, none close to another: maxima have a derivative there."""
    count = int(np.prod(shape))
    return ctorch.tensor(np.random.default_rng(3).permutation(count).reshape(shape) / 7.0).requires_grad_()


def twice(function, *inputs):
    assert gradcheck(function, inputs)
    assert gradgradcheck(function, inputs)


CONVOLUTIONS = {
    "conv1d": ((2, 4, 9), (6, 2, 3), {"stride": 2, "padding": 2, "dilation": 2, "groups": 2}),
    "conv1d same": ((2, 4, 9), (6, 4, 4), {"padding": "same"}),
    "conv3d": ((2, 4, 6, 5, 4), (6, 2, 3, 2, 3), {"stride": (2, 1, 1), "padding": (1, 0, 1), "groups": 2}),
    "conv3d dilated": ((1, 2, 7, 5, 5), (3, 2, 2, 2, 2), {"dilation": (3, 1, 2), "stride": 2}),
    "conv3d same": ((1, 2, 4, 4, 4), (3, 2, 2, 3, 4), {"padding": "same"}),
    "conv_transpose1d": ((2, 4, 5), (4, 3, 3), {"stride": 2, "padding": 1, "output_padding": 1, "groups": 2}),
    "conv_transpose2d": ((2, 4, 5, 3), (4, 3, 3, 2), {"stride": (2, 3), "padding": (1, 0), "output_padding": (0, 2)}),
    "conv_transpose2d far": ((1, 2, 3, 3), (2, 2, 2, 2), {"dilation": 3, "output_padding": 2, "padding": 1}),
    "conv_transpose3d": ((1, 4, 3, 2, 3), (4, 2, 2, 3, 2), {"stride": 2, "padding": (0, 1, 0), "groups": 2}),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions(name):
    x, w, options = CONVOLUTIONS[name]
    function, outputs = name.split()[0], w[1] * options.get("groups", 1) if "transpose" in name else w[0]

    def act(module):
        leaves = [numbers(module, *s, seed=k).requires_grad_() for k, s in enumerate((x, w, (outputs,)))]
        y = getattr(module.nn.functional, function)(*leaves, **options)
        (y * y.detach().cos()).sum().backward()
        return [y, *(leaf.grad for leaf in leaves)]
    check(act, rtol=1e-4, atol=1e-5, warn=False)        # PyTorch warns of a copy
    twice(lambda *inputs: getattr(F, function)(*inputs, **options), leaf(*x), leaf(*w, seed=1), leaf(outputs, seed=2))


@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": 2}, {"padding": 1, "groups": 2}])
def test_convolutions_of_integers(options):
    for name, x, w in (("conv1d", (2, 4, 9), (6, 4, 3)), ("conv2d", (2, 4, 6, 5), (6, 4, 3, 2))):
        def act(module, name=name, x=x, w=w):
            rng, w = np.random.default_rng(5), (w[0], w[1] // options.get("groups", 1), *w[2:])
            inputs = [module.tensor(rng.integers(-9, 9, s)) for s in (x, w, w[:1])]
            return getattr(module.nn.functional, name)(*inputs, **options)
        check(act)


def test_convolutions_refuse():
    check(lambda m: m.nn.functional.conv3d(m.zeros(1, 2, 3, 3, 3), m.zeros(4, 3, 2, 2, 2)))
    check(lambda m: m.nn.functional.conv_transpose2d(m.zeros(1, 2, 3, 3), m.zeros(2, 2, 2, 2), output_padding=1))
    check(lambda m: m.nn.functional.conv_transpose1d(m.zeros(1, 2, 3), m.zeros(3, 2, 2)))


@pytest.mark.parametrize("options", [{}, {"padding": 1, "stride": 2}, {"dilation": 2, "padding": (2, 1)}])
def test_columns(options):
    check(lambda m: m.nn.functional.unfold(numbers(m, 2, 3, 6, 7), (3, 2), **options))
    check(lambda m: m.nn.functional.fold(m.nn.functional.unfold(numbers(m, 2, 3, 6, 7), (3, 2), **options), (6, 7),
                                         (3, 2), **options))
    twice(lambda x: F.unfold(x, (3, 2), **options), leaf(1, 2, 6, 7))
    blocks = F.unfold(ctorch.zeros(1, 2, 6, 7), (3, 2), **options).shape
    twice(lambda x: F.fold(x, (6, 7), (3, 2), **options), leaf(*blocks))


def test_fold_refuses():
    check(lambda m: m.nn.functional.fold(m.zeros(1, 5, 4), 3, 2))
    check(lambda m: m.nn.functional.fold(m.zeros(1, 4, 5), 3, 2))


POOLS = [
    ("max_pool1d", (2, 3, 9), (3,), {"stride": 2, "padding": 1, "return_indices": True}),
    ("max_pool3d", (2, 3, 6, 5, 7), ((2, 3, 2),), {"stride": 2, "padding": (1, 1, 0), "return_indices": True}),
    ("max_pool3d", (3, 6, 5, 7), (2,), {"dilation": 2, "ceil_mode": True, "return_indices": True}),
    ("avg_pool1d", (2, 3, 9), (3,), {"stride": 2, "padding": 1, "ceil_mode": True}),
    ("avg_pool3d", (2, 3, 6, 5, 7), ((2, 3, 2),), {"stride": 2, "padding": (1, 1, 0), "count_include_pad": False}),
    ("avg_pool3d", (2, 3, 6, 5, 7), (3,), {"padding": 1, "ceil_mode": True}),
    ("avg_pool3d", (2, 3, 6, 5, 7), (2,), {"divisor_override": 3}),
    ("adaptive_avg_pool1d", (2, 3, 9), (4,), {}),
    ("adaptive_avg_pool2d", (2, 3, 9, 7), ((4, None),), {}),
    ("adaptive_avg_pool3d", (2, 3, 5, 4, 7), ((4, 1, 3),), {}),
    ("adaptive_max_pool1d", (2, 3, 9), (4, True), {}),
    ("adaptive_max_pool2d", (2, 3, 9, 7), ((4, 3), True), {}),
    ("adaptive_max_pool3d", (2, 3, 5, 4, 7), (2, True), {}),
    ("lp_pool1d", (2, 3, 9), (2.0, 3), {"stride": 2}),
    ("lp_pool2d", (2, 3, 6, 7), (3.0, (3, 2)), {}),
    ("lp_pool3d", (2, 3, 4, 6, 4), (2.0, 2), {}),
]


@pytest.mark.parametrize("case", range(len(POOLS)))
def test_pools(case):
    name, shape, arguments, options = POOLS[case]

    def act(module):
        x = numbers(module, *shape).abs().requires_grad_()
        y = getattr(module.nn.functional, name)(x, *arguments, **options)
        first = y[0] if isinstance(y, tuple) else y
        (first * first.detach().cos()).sum().backward()
        return [y, x.grad] if not isinstance(y, tuple) else [*y, x.grad]
    check(act)

    def values(x):
        y = getattr(F, name)(x, *arguments, **options)
        return y[0] if isinstance(y, tuple) else y
    twice(values, distinct(*shape[-len(shape):]).detach().add(0.5).requires_grad_())


@pytest.mark.parametrize("name", ["max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d"])
def test_pools_of_integers(name):
    shape = (2, 3, *[6] * int(name[-2]))
    check(lambda m: getattr(m.nn.functional, name)((numbers(m, *shape) * 50).to(m.int64), 3, 2))


def test_pools_keep_nan_and_empty_batches():
    check(lambda m: m.nn.functional.max_pool3d(m.tensor([1.0, float("nan"), 2.0, 0.0]).view(1, 1, 1, 4), (1, 1, 2)))
    check(lambda m: m.nn.functional.avg_pool3d(m.zeros(0, 2, 4, 4, 4), 2))


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_unpooling(dims):
    shape = (2, 3, *[6] * dims)

    def act(module):
        functions = module.nn.functional
        y, places = getattr(functions, f"max_pool{dims}d")(numbers(module, *shape), 2, return_indices=True)
        y = y.detach().requires_grad_()
        x = getattr(functions, f"max_unpool{dims}d")(y, places, 2)
        (x * x.detach()).sum().backward()
        return [x, y.grad]
    check(act)
    places = getattr(F, f"max_pool{dims}d")(distinct(*shape), 2, return_indices=True)[1]
    twice(lambda y: getattr(F, f"max_unpool{dims}d")(y, places, 2), leaf(*places.shape))


def test_unpooling_refuses():
    check(lambda m: m.nn.functional.max_unpool2d(m.zeros(1, 1, 1, 1), m.zeros(1, 1, 1, 1, dtype=m.int64), 2,
                                                 output_size=(9, 9)))
    with pytest.raises(RuntimeError, match="invalid max index"):
        F.max_unpool2d(ctorch.zeros(1, 1, 1, 1), ctorch.full((1, 1, 1, 1), 99), 2)


@pytest.mark.parametrize("dims", [2, 3])
def test_fractional_pools(dims):
    shape = (2, 3, *[7] * dims)

    def act(module):
        samples = module.tensor(np.random.default_rng(2).random((2, 3, dims)).astype(np.float32))
        return getattr(module.nn.functional, f"fractional_max_pool{dims}d")(
            numbers(module, *shape), 2, output_size=4, return_indices=True, _random_samples=samples)
    check(act)
    samples = ctorch.rand(2, 3, dims, dtype=ctorch.float64)
    twice(lambda x: getattr(F, f"fractional_max_pool{dims}d")(x, 2, 4, _random_samples=samples), distinct(*shape))


def test_pooled_lines_are_no_views():
    """Pooling of lines is that of images; what it made there is known to nobody, and can be changed like any tensor."""
    x = ctorch.ones(1, 2, 6, requires_grad=True)
    with ctorch.no_grad():
        for y in (F.max_pool1d(x, 2), F.avg_pool1d(x, 2), *F.adaptive_max_pool1d(x, 2, return_indices=True)[:1]):
            assert y._base is None
    y[..., 0] = x.sum()
    assert y.requires_grad


def max_pooled(x, kernel, stride, padding, dilation):
    """The maximum of each window and its place in the plane: the last NaN, else the first of equals."""
    height, width = x.shape
    axes = zip(x.shape, padding, dilation, kernel, stride)
    sizes = [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, p, d, k, s in axes]
    y, places = np.empty(sizes, x.dtype), np.empty(sizes, np.int64)
    for at in np.ndindex(*sizes):
        rows, columns = ([a * s - p + d * i for i in range(k)]
                         for a, s, p, d, k in zip(at, stride, padding, dilation, kernel))
        inside = [r * width + c for r in rows for c in columns if 0 <= r < height and 0 <= c < width]
        nans = [place for place in inside if np.isnan(x.flat[place])]
        places[at] = nans[-1] if nans else max(inside, key=lambda place: x.flat[place])
        y[at] = x.flat[places[at]]
    return y, places


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("padding", [(0, 0), (1, 0), (0, 1), (1, 1)])
@pytest.mark.parametrize("kernel, stride, dilation", [((2, 2), (2, 2), (1, 1)), ((3, 3), (2, 2), (1, 1)),
                                                      ((3, 2), (1, 3), (1, 1)), ((2, 3), (1, 1), (2, 1))])
@pytest.mark.parametrize("shape", [(5, 4), (8, 11), (9, 30)])
def test_max_pool2d_of_equals_infinities_and_nan(shape, kernel, stride, dilation, padding, dtype):
    rng = np.random.default_rng(0)
    planes = rng.integers(-2, 3, (6, *shape)).astype(dtype)
    planes[1:3][rng.random((2, *shape)) < 0.1] = np.nan
    planes[3] = -np.inf
    planes[4][rng.random(shape) < 0.5] = -np.inf
    padding = tuple(min(p, k // 2) for p, k in zip(padding, kernel))
    y, places = F.max_pool2d(ctorch.tensor(planes), kernel, stride, padding, dilation, return_indices=True)
    for plane, found, at in zip(planes, y.numpy(), places.numpy()):
        values, first = max_pooled(plane, kernel, stride, padding, dilation)
        np.testing.assert_array_equal(found, values)
        np.testing.assert_array_equal(at, first)


def test_fractional_pools_take_a_ratio_for_each_dimension():
    x = ctorch.ones(1, 2, 8, 6)
    assert F.fractional_max_pool2d(x, 2, output_ratio=(0.5, 0.7)).shape == (1, 2, 4, 4)
    with pytest.raises(ValueError, match="output_ratio"):
        F.fractional_max_pool2d(x, 2, output_ratio=(0.5, 0.5, 0.5))
    with pytest.raises(TypeError, match="stride"):
        F.conv2d(x, ctorch.ones(1, 2, 3, 3), stride=(1.5, 1))
