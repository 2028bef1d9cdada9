"""The forward functions on a device against those of the CPU, row by row of the table."""
import importlib
import inspect
import math

import numpy as np
import pytest
from missing import MISSING
from places import get, put
from rows import ROWS

import ctorch
from ctorch import _functions

KERNEL_ROWS = {name: row for name, row in ROWS.items() if row["kind"] == "kernel"}
FLOATS = ["float32", "float64", "float16", "bfloat16"]
RACED = pytest.param("float32", marks=pytest.mark.race)
EACH_FLOAT = [RACED, *FLOATS[1:]]
TOLERANCE = {"float32": 2e-5, "float64": 1e-12, "float16": 4e-3, "bfloat16": 3e-2, "complex64": 2e-5,
             "complex128": 1e-12}

pytestmark = pytest.mark.usefixtures("device")


def forward_of(row):
    return getattr(importlib.import_module(f"ctorch.cuda._forward.{ROWS[row]['module']}"), ROWS[row]["forward"])


def values(x):
    return np.asarray(x.to(ctorch.complex128 if x.dtype.is_complex else ctorch.float64))


def same(got, expected, tolerance=None):
    if expected is None:
        assert got is None
        return
    assert tuple(got.shape) == tuple(expected.shape) and got.dtype == expected.dtype
    name = expected.dtype.name
    limit = TOLERANCE.get(name, 0) if tolerance is None else tolerance
    np.testing.assert_allclose(values(got), values(expected), rtol=limit, atol=limit, equal_nan=True)


def check(row, *args, tolerance=None):
    """The row's results on both devices; gives those of the CPU."""
    expected = getattr(_functions, row)(*args)
    got = get(forward_of(row)(*[put(a) for a in args]))
    for g, e in zip(got, expected) if isinstance(expected, tuple) else [(got, expected)]:
        same(g, e, tolerance)
    return expected


def rand(*shape, dtype="float32", seed=0, scale=1.0):
    rng = np.random.default_rng([seed, *shape])
    x = rng.standard_normal(shape) * scale
    if dtype.startswith("complex"):
        x = x + 1j * rng.standard_normal(shape)
    return ctorch.tensor(x).to(getattr(ctorch, dtype))


def ints(high, *shape, seed=0):
    return ctorch.tensor(np.random.default_rng([seed, *shape]).integers(0, high, shape))


def test_each_kernel_row_has_a_function_with_its_arguments():
    for name, row in KERNEL_ROWS.items():
        if name in MISSING:
            continue
        module = importlib.import_module(f"ctorch.cuda._forward.{row['module']}")
        count = len([a for a in row["args"].split(",") if "dtype?" not in a and a.strip() != "*"])
        assert len(inspect.signature(getattr(module, row["forward"])).parameters) == count, name


# ---- products

@pytest.mark.parametrize("dtype", [*EACH_FLOAT, "complex64", "complex128", "int64", "int32", "int16", "int8", "uint8"])
@pytest.mark.parametrize(("m", "k", "n"), [(3, 5, 2), (70, 33, 65), (1, 40, 1)])
def test_mm(dtype, m, k, n):
    if "int" in dtype:
        a, b = (ints(20, *s).to(getattr(ctorch, dtype)) for s in ((m, k), (k, n)))
    else:
        a, b = rand(m, k, dtype=dtype, scale=0.3), rand(k, n, dtype=dtype, scale=0.3)
    check("mm", a, b)


@pytest.mark.parametrize("dtype", EACH_FLOAT)
def test_mm_in_large_tiles(dtype):
    check("mm", rand(256, 20, dtype=dtype, scale=0.3), rand(20, 300, dtype=dtype, scale=0.3))


@pytest.mark.parametrize("shape", [(0, 3, 4), (3, 0, 4), (3, 4, 0)])
def test_mm_of_nothing(shape):
    m, k, n = shape
    check("mm", rand(m, k), rand(k, n))


def test_mm_of_views():
    a, b = rand(20, 33), rand(17, 20)
    assert put(a.mT).stride() == a.mT.stride() == (1, 33)
    check("mm", a.mT, b.mT)
    check("mm", a[::2].mT, b[:, ::2].mT)
    check("mm", rand(1, 20).expand(9, 20), rand(20, 5))
    check("bmm", rand(1, 6, 7).expand(4, 6, 7), rand(4, 9, 7).mT)
    check("bmm", rand(4, 3, 5).permute(1, 0, 2), rand(3, 5, 2))


def test_bmm_and_its_errors():
    check("bmm", rand(5, 17, 9), rand(5, 9, 30))
    for a, b in ((rand(2, 3), rand(2, 3)), (rand(2, 3), rand(3, 4).double()), (rand(2), rand(2, 3))):
        with pytest.raises(RuntimeError) as on_cpu:
            _functions.mm(a, b)
        with pytest.raises(RuntimeError) as on_device:
            forward_of("mm")(put(a), put(b))
        assert str(on_cpu.value) == str(on_device.value)
    with pytest.raises(NotImplementedError, match="mm: not implemented for device 'cuda' and dtype bool"):
        forward_of("mm")(put(rand(2, 2).bool()), put(rand(2, 2).bool()))


@pytest.mark.parametrize("dtype", EACH_FLOAT)
@pytest.mark.parametrize("shape", [(8, 5), (2, 3, 5), (5,), (0, 5)])
@pytest.mark.parametrize("bias", [None, (7,), (1,)])
def test_linear(dtype, shape, bias):
    shift = None if bias is None else rand(*bias, dtype=dtype)
    check("linear", rand(*shape, dtype=dtype), rand(7, 5, dtype=dtype), shift)


# ---- softmax

SOFTMAX = [((4, 10), 1), ((3, 5, 7), 1), ((2, 1500), 1), ((3, 2000, 2), 1), ((40, 3, 120), 1), ((5,), 0), ((0, 3), 1),
           ((3, 0), 1), ((9, 2), 1)]


@pytest.mark.parametrize("row", ["softmax", "log_softmax"])
@pytest.mark.parametrize("dtype", EACH_FLOAT)
@pytest.mark.parametrize(("shape", "dim"), SOFTMAX)
def test_softmax(row, dtype, shape, dim):
    y = check(row, rand(*shape, dtype=dtype, scale=3), dim)
    g = rand(*shape, dtype=dtype, seed=1)
    check(f"_{row}_backward", g, y, dim, tolerance=5 * TOLERANCE[dtype])


@pytest.mark.parametrize("row", ["softmax", "log_softmax"])
@pytest.mark.parametrize("n", [3, 40, 1500])
def test_softmax_of_what_is_not_finite(row, n):
    x = rand(5, n)
    x[0, 1], x[1, 0], x[2, 2] = math.nan, math.inf, -math.inf
    x[3] = -math.inf
    check(row, x, 1)


# ---- norms

@pytest.mark.parametrize("dtype", EACH_FLOAT)
@pytest.mark.parametrize("shape", [(4, 3, 5, 6), (9, 7), (1, 2, 3), (2, 3, 700)])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("affine", [True, False])
def test_batch_norm(dtype, shape, training, affine):
    c = shape[1]
    x = rand(*shape, dtype=dtype) + 2
    weight, bias = (rand(c, dtype=dtype, seed=1), rand(c, dtype=dtype, seed=2)) if affine else (None, None)
    mean, var = rand(c, dtype=dtype, seed=3), rand(c, dtype=dtype, seed=4).abs() + 1
    on_device = [put(t) for t in (mean, var)]
    expected = _functions._batch_norm(x, weight, bias, mean, var, training, 0.1, 1e-5)
    got = get(forward_of("_batch_norm")(put(x), put(weight), put(bias), *on_device, training, 0.1, 1e-5))
    for g, e in list(zip(got, expected))[:3 if training else 1]:
        same(g, e)
    same(get(on_device[0]), mean)
    same(get(on_device[1]), var)
    g = rand(*shape, dtype=dtype, seed=5)
    for needs in ((True, True, True), (False, True, False), (True, False, False)):
        check("_batch_norm_backward", g, x, weight, mean, var, expected[1], expected[2], training, 1e-5, needs,
              tolerance=10 * TOLERANCE[dtype])


def test_batch_norm_without_running_statistics():
    check("_batch_norm", rand(6, 3, 4), None, None, None, None, True, 0.1, 1e-5)
    with pytest.raises(RuntimeError, match="Expected running_mean"):
        forward_of("_batch_norm")(put(rand(6, 3)), None, None, None, None, False, 0.1, 1e-5)


@pytest.mark.parametrize("dtype", EACH_FLOAT)
@pytest.mark.parametrize(("shape", "normalized"), [((6, 10), (10,)), ((2, 3, 4, 5), (4, 5)), ((3, 1300), (1300,)),
                                                   ((50, 3), (3,)), ((0, 4), (4,))])
@pytest.mark.parametrize("affine", [True, False])
def test_layer_norm(dtype, shape, normalized, affine):
    x = rand(*shape, dtype=dtype) - 1
    weight, bias = (rand(*normalized, dtype=dtype, seed=s) if affine else None for s in (1, 2))
    _, mean, invstd = check("_layer_norm", x, normalized, weight, bias, 1e-5)
    g = rand(*shape, dtype=dtype, seed=5)
    for needs in ((True, True, True), (False, True, False), (True, False, False)):
        check("_layer_norm_backward", g, x, weight, mean, invstd, normalized, needs, tolerance=10 * TOLERANCE[dtype])


# ---- losses

CLASSES = [(6, 5), (5,), (3, 4, 2, 3), (7, 40), (2, 1500), (4, 3, 2000)]


@pytest.mark.parametrize("dtype", EACH_FLOAT)
@pytest.mark.parametrize("shape", CLASSES)
@pytest.mark.parametrize("reduction", [0, 1, 2])
@pytest.mark.parametrize("weighted", [True, False])
def test_losses(dtype, shape, reduction, weighted):
    dim = 0 if len(shape) == 1 else 1
    x, classes = rand(*shape, dtype=dtype), shape[dim]
    t = ints(classes, *shape[:dim], *shape[dim + 1:])
    if t.ndim:
        t[0] = -100
    weight = rand(classes, dtype=dtype, seed=1).abs() if weighted else None
    tolerance = 10 * TOLERANCE[dtype]
    y, total = check("_nll_loss", x, t, weight, -100, reduction, tolerance=tolerance)
    g = rand(*y.shape, dtype=dtype, seed=2)
    check("_nll_loss_backward", g, t, weight, total, shape, -100, reduction, tolerance=tolerance)
    for smoothing in (0.0, 0.1):
        y, total, p = check("_cross_entropy", x, t, weight, -100, reduction, smoothing, tolerance=tolerance)
        check("_cross_entropy_backward", g, p, t, weight, total, -100, reduction, smoothing, tolerance=tolerance)


def test_losses_of_no_targets():
    for reduction in (0, 1, 2):
        check("_nll_loss", rand(0, 4), ints(4, 0), None, -100, reduction)
        check("_cross_entropy", rand(0, 4), ints(4, 0), None, -100, reduction, 0.0)
    ignored = ctorch.tensor([-100, -100])
    check("_cross_entropy", rand(2, 4), ignored, None, -100, 1, 0.1)


def test_a_target_out_of_bounds():
    for bad in (7, -1):
        target = put(ctorch.tensor([0, bad, 9]))
        with pytest.raises(IndexError, match=f"Target {bad} is out of bounds."):
            forward_of("_nll_loss")(put(rand(3, 4)), target, None, -100, 1)
        with pytest.raises(IndexError, match=f"Target {bad} is out of bounds."):
            forward_of("_cross_entropy")(put(rand(3, 4)), target, None, -100, 1, 0.0)


# ---- windows

CONV = [  # shape, weight, stride, padding, dilation, groups
    ((2, 3, 8, 9), (4, 3, 3, 3), 1, 1, 1, 1), ((1, 4, 7, 7), (6, 2, 3, 2), 2, (1, 0), 1, 2),
    ((2, 3, 9, 8), (5, 3, 2, 3), (2, 3), 2, (2, 1), 1), ((1, 3, 5, 5), (3, 1, 3, 3), 1, 1, 1, 3),
    ((0, 3, 5, 5), (2, 3, 3, 3), 1, 0, 1, 1), ((3, 2, 6, 6), (7, 2, 1, 1), 3, 0, 1, 1)]


@pytest.mark.parametrize("dtype", EACH_FLOAT)
@pytest.mark.parametrize("case", CONV)
def test_conv2d(dtype, case):
    shape, wshape, stride, padding, dilation, groups = case
    x, w = rand(*shape, dtype=dtype, scale=0.5), rand(*wshape, dtype=dtype, seed=1, scale=0.3)
    options = (stride, padding, dilation, groups)
    tolerance = 3 * TOLERANCE[dtype]
    check("_conv2d", x, w, None, *options, tolerance=tolerance)
    y = check("_conv2d", x, w, rand(wshape[0], dtype=dtype, seed=2), *options, tolerance=tolerance)
    g = rand(*y.shape, dtype=dtype, seed=3, scale=0.3)
    check("_conv2d_input", g, w, shape, *options, tolerance=tolerance)
    check("_conv2d_weight", g, x, wshape, *options, tolerance=tolerance)


def test_conv2d_errors():
    x, w = rand(1, 3, 5, 5), rand(2, 3, 3, 3)
    for args in ((x, rand(2, 2, 3, 3), None, 1, 0, 1, 1), (x, w, None, 0, 0, 1, 1), (x, w, None, 1, -1, 1, 1),
                 (x, w, None, 1, 0, 3, 1), (x, w, rand(3), 1, 0, 1, 1), (x, w.double(), None, 1, 0, 1, 1),
                 (x, w, None, (1, 1, 1), 0, 1, 1), (x, rand(2, 3), None, 1, 0, 1, 1)):
        with pytest.raises(RuntimeError) as on_cpu:
            _functions._conv2d(*args)
        with pytest.raises(RuntimeError) as on_device:
            forward_of("_conv2d")(*map(put, args))
        assert str(on_cpu.value) == str(on_device.value)


POOL = [  # shape, kernel, stride, padding, dilation, ceil_mode
    ((2, 3, 8, 8), 2, 2, 0, 1, False), ((2, 7, 9), 3, 2, 1, 1, True), ((1, 2, 10, 9), (3, 2), (1, 3), (1, 0), 1, False),
    ((1, 1, 7, 7), 3, 2, 1, 2, False), ((1, 2, 30, 40), 5, 3, 2, 1, True), ((0, 2, 6, 6), 2, None, 0, 1, False)]


@pytest.mark.parametrize("dtype", EACH_FLOAT)
@pytest.mark.parametrize("case", POOL)
def test_max_pool2d(dtype, case):
    shape, kernel, stride, padding, dilation, ceil_mode = case
    x = ints(9, *shape).to(getattr(ctorch, dtype))           # with equal numbers
    if x.numel():
        x[0, 0, 2] = math.nan
    y, indices = check("_max_pool2d", x, kernel, stride, padding, dilation, ceil_mode)
    g = rand(*y.shape, dtype=dtype)
    check("_max_pool2d_backward", g, indices, shape, kernel, stride, padding, dilation)


@pytest.mark.parametrize("dtype", EACH_FLOAT)
@pytest.mark.parametrize("case", POOL)
@pytest.mark.parametrize(("with_pad", "divisor"), [(True, None), (False, None), (True, 3)])
def test_avg_pool2d(dtype, case, with_pad, divisor):
    shape, kernel, stride, padding, _, ceil_mode = case
    args = (kernel, stride, padding, ceil_mode, with_pad, divisor)
    y = check("_avg_pool2d", rand(*shape, dtype=dtype), *args)
    check("_avg_pool2d_backward", rand(*y.shape, dtype=dtype), shape, *args, tolerance=3 * TOLERANCE[dtype])


def test_pool_errors():
    x = rand(1, 2, 4, 4)
    for args in ((x, 0, 1, 0, 1, False), (x, 2, 0, 0, 1, False), (x, 2, 1, 2, 1, False), (x, 2, 1, 0, 0, False),
                 (x, 5, 1, 0, 1, False), (rand(4, 4), 2, 1, 0, 1, False)):
        with pytest.raises(RuntimeError) as on_cpu:
            _functions._max_pool2d(*args)
        with pytest.raises(RuntimeError) as on_device:
            forward_of("_max_pool2d")(*map(put, args))
        assert str(on_cpu.value) == str(on_device.value)


# ---- selection

DTYPES = [RACED, "float64", "float16", "int64", "int32", "uint8", "bool", "complex64", "complex128"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("shape", "dim", "index"), [
    ((4, 5), 0, (3, 5)), ((4, 5), 1, (2, 7)), ((3, 4, 5), 1, (3, 2, 4)), ((6,), 0, (9,)), ((3, 4), 1, (0, 2)),
    ((), 0, ())])
def test_gather_and_scatter_add(dtype, shape, dim, index):
    x = (rand(*shape, scale=9).to(getattr(ctorch, dtype)) if not dtype.startswith("complex")
         else rand(*shape, dtype=dtype))
    places = ints(shape[dim] if shape else 1, *index)
    check("gather", x, dim, places)
    check("gather", x, dim, places.to(ctorch.int32))
    if dtype in ("float32", "float64", "float16", "int64", "int32"):
        g = rand(*index, scale=9).to(getattr(ctorch, dtype))
        check("_scatter_add", g, dim, places, shape)


def test_gather_errors():
    x = rand(3, 4)
    for index in (ctorch.tensor([[4]]), ctorch.tensor([[-1]]), ctorch.tensor([[0.5]]), ctorch.tensor([0]),
                  ints(3, 4, 1)):
        with pytest.raises(RuntimeError) as on_cpu:
            _functions.gather(x, 1, index)
        with pytest.raises(RuntimeError) as on_device:
            forward_of("gather")(put(x), 1, put(index))
        assert str(on_cpu.value) == str(on_device.value)
    with pytest.raises(NotImplementedError, match="scatter_add: not implemented for device 'cuda' and dtype int16"):
        forward_of("_scatter_add")(put(rand(2).to(ctorch.int16)), 0, put(ints(2, 2)), (2,))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(5, 3), (6, 8), (4, 0)])
def test_embedding(dtype, shape):
    w = rand(*shape, scale=5).to(getattr(ctorch, dtype))
    indices = ints(shape[0], 2, 4)
    y = check("embedding", w, indices, -1)
    if dtype in FLOATS:
        g = rand(*y.shape, dtype=dtype)
        check("_embedding_backward", g, indices, shape[0], -1)
        check("_embedding_backward", g, indices, shape[0], 2)


def test_embedding_out_of_range():
    for bad in (5, -1):
        with pytest.raises(IndexError, match=f"index out of range in self: embedding: index {bad} is not below 5"):
            forward_of("embedding")(put(rand(5, 3)), put(ctorch.tensor([1, bad])), -1)


@pytest.mark.parametrize("dtype", [*EACH_FLOAT, "int64", "int32", "uint8", "bool"])
@pytest.mark.parametrize(("shape", "dim"), [((4, 6), 1), ((4, 6), 0), ((3, 70, 2), 1), ((2, 1500), 1), ((1500, 3), 0),
                                            ((5000, 3), 1), ((3, 5000), 0), ((2, 0, 3), 0), ((), 0)])
@pytest.mark.parametrize("largest", [True, False])
def test_extremum(dtype, shape, dim, largest):
    x = ints(50, *shape).to(getattr(ctorch, dtype))          # with equal numbers
    check("_extremum", x, dim, False, largest)
    check("_extremum", x, dim, True, largest)


@pytest.mark.parametrize("n", [4, 40, 1500])
def test_extremum_of_nan(n):
    x = rand(3, n)
    x[0, 1] = x[0, 3] = x[1, n - 1] = math.nan
    x[2] = -math.inf
    for largest in (True, False):
        check("_extremum", x, 1, False, largest)
    with pytest.raises(IndexError, match="non-zero size"):
        forward_of("_extremum")(put(rand(3, 0)), 1, False, True)
