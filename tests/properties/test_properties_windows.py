"""Convolution, pooling, interpolation and the like: random calls against PyTorch and SciPy."""

import numpy as np
import pytest
from calls import FLOATS, LAYOUTS, WIDE, Call, Cases, T, seeds, shapes, tensors
from hypothesis import strategies as st
from scipy import signal

cases = Cases()
flags = st.booleans()
rarely = st.integers(0, 9).map(lambda n: n == 0)
MOSTLY = ("float64", "float64", "float32", "float32", "float16", "bfloat16")


def forms(*names):
    return st.sampled_from(names)


def tolerance(x):
    return {"float16": 2e-2, "bfloat16": 8e-2, "float32": 2e-4}.get(x.dtype)


def differentiable(*tensors):
    return all(t.dtype == "float64" and np.isfinite(t.values).all() for t in tensors)


@st.composite
def per_dimension(draw, n, low, high, lone=True):
    """A number for all dimensions, or one for each; now and then too small, or too many."""
    low = low - (1 if draw(st.integers(0, 30)) == 0 else 0)
    if draw(flags) and lone:
        return draw(st.integers(low, high))
    if draw(st.integers(0, 40)) == 0:
        n += 1
    return tuple(draw(st.integers(low, high)) for _ in range(n))


# ---- convolution


@st.composite
def convolutions(draw, n, transposed, dtypes=MOSTLY, kinds=("normal", "odd")):
    """Input, weight, bias and options."""
    groups = draw(st.sampled_from([1, 1, 1, 2, 3, 0] if draw(rarely) else [1, 1, 2]))
    inner, outer = (draw(st.integers(0 if draw(rarely) else 1, 3)) for _ in range(2))
    batch = () if draw(rarely) else (draw(st.integers(0 if draw(rarely) else 1, 3)),)
    dtype = draw(st.sampled_from(dtypes if len(dtypes) == 1 or not draw(rarely) else ("complex128", "int64", "int32")))
    x = draw(
        tensors(
            (*batch, inner * max(groups, 1), *(draw(st.integers(0 if draw(rarely) else 1, 6)) for _ in range(n))),
            (dtype,),
            kinds,
            LAYOUTS,
        )
    )
    kernel = tuple(draw(st.integers(0 if draw(rarely) else 1, 3)) for _ in range(n))
    sides = (inner * max(groups, 1), outer) if transposed else (outer * max(groups, 1), inner)
    if draw(st.integers(0, 30)) == 0:
        sides = (sides[0] + 1, sides[1])
    weight = draw(tensors((*sides, *kernel), (dtype,), ("normal",), LAYOUTS))
    bias = (
        draw(tensors((outer * max(groups, 1) + (1 if draw(rarely) else 0),), (dtype,), ("normal",)))
        if draw(flags)
        else None
    )
    kwargs = {
        "stride": draw(per_dimension(n, 1, 3)),
        "padding": draw(per_dimension(n, 0, 2)),
        "groups": groups,
        "dilation": draw(per_dimension(n, 1, 2)),
    }
    if transposed and draw(flags):
        kwargs["output_padding"] = draw(per_dimension(n, 0, 1))
    if not transposed and draw(rarely):
        kwargs["padding"] = draw(forms("same", "valid", "other"))
    return x, weight, bias, kwargs


def _convolution(name, n, transposed):
    @cases.add(name, f"{name} _conv2d _conv2d_input", heavy=2)
    def convolution(draw):
        x, weight, bias, kwargs = draw(convolutions(n, transposed))
        plain = (
            n == 1
            and not transposed
            and kwargs["stride"] == 1
            and kwargs["padding"] == 0
            and kwargs["groups"] == 1
            and kwargs["dilation"] == 1
            and x.values.shape[:-1] == (1, 1) == weight.values.shape[:-1]
            and bias is None
        )

        def counterpart(x, weight, bias, **kwargs):
            if x.shape[-1] < weight.shape[-1] or not np.isfinite(x).all():
                return None
            return signal.correlate(x[0, 0], weight[0, 0], "valid", "direct")[None, None]

        return Call(
            f"nn.functional.{name}", [x, weight, bias], kwargs, rtol=tolerance(x), numpy=counterpart if plain else None
        )

    @cases.add(f"{name} gradients", f"{name} _conv2d_input _conv2d_weight", heavy=2)
    def gradients(draw):
        x, weight, bias, kwargs = draw(convolutions(n, transposed, ("float64",), ("normal",)))
        args = [x, weight] if bias is None else [x, weight, bias]
        return Call(f"nn.functional.{name}", args, kwargs, grad=tuple(range(len(args))))


for _n in (1, 2, 3):
    _convolution(f"conv{_n}d", _n, False)
    _convolution(f"conv_transpose{_n}d", _n, True)


@cases.add("conv_tbc", "conv_tbc")
def conv_tbc(draw):
    t, b, c, o, k = (draw(st.integers(0 if draw(rarely) else 1, 4)) for _ in range(5))
    dtype = draw(st.sampled_from(WIDE))
    args = [draw(tensors(s, (dtype,), ("normal",))) for s in ((t, b, c), (k, c, o), (o,))]
    return Call(
        "conv_tbc",
        [*args, draw(st.integers(0, 2))],
        rtol=tolerance(args[0]),
        grad=(0, 1, 2) if dtype == "float64" else (),
    )


# ---- pooling


@st.composite
def images(draw, n, dtypes=MOSTLY, kinds=("normal", "extreme", "ties"), low=1, high=7):
    shape = tuple(draw(st.integers(0 if draw(st.integers(0, 20)) == 0 else low, high)) for _ in range(n))
    channels = draw(st.integers(0 if draw(st.integers(0, 20)) == 0 else 1, 3))
    batch = () if draw(rarely) else (draw(st.integers(0 if draw(rarely) else 1, 2)),)
    return draw(tensors((*batch, channels, *shape), dtypes, kinds, LAYOUTS))


def _pool(name, rows, n, most=False, options=None, kinds=("normal", "extreme", "ties")):
    of_options = options or {}

    @cases.add(name, rows, heavy=2)
    def pool(draw):
        gradients = draw(rarely) or draw(rarely) or draw(rarely)
        x = draw(
            images(
                n,
                ("float64",) if gradients else (*MOSTLY, "int64") if most else MOSTLY,
                ("normal",) if gradients else kinds,
            )
        )
        kwargs = {"kernel_size": draw(per_dimension(n, 1, 4)), "ceil_mode": draw(flags)}
        if draw(flags):
            kwargs["stride"] = draw(per_dimension(n, 1, 3))
        if draw(flags):
            kwargs["padding"] = draw(per_dimension(n, 0, 2))
        kwargs |= {k: draw(v) for k, v in of_options.items() if draw(flags)}
        return Call(
            name if "." in name else f"nn.functional.{name}",
            [x],
            kwargs,
            rtol=tolerance(x),
            exact=most and not gradients,
            grad=(0,) if gradients else (),
        )


for _n in (1, 2, 3):
    _max = {
        1: "max_pool1d max_pool1d_with_indices _max_windows _max_windows_backward",
        2: "max_pool2d _max_pool2d _max_pool2d_backward",
        3: "max_pool3d _max_windows _max_windows_backward",
    }
    _pool(f"max_pool{_n}d", _max[_n], _n, True, {"dilation": per_dimension(_n, 1, 2), "return_indices": flags})
    _mean = {
        1: "avg_pool1d _average_windows _average_windows_backward",
        2: "avg_pool2d _avg_pool2d _avg_pool2d_backward",
        3: "avg_pool3d _average_windows _average_windows_backward",
    }
    _pool(
        f"avg_pool{_n}d",
        _mean[_n],
        _n,
        False,
        {"count_include_pad": flags} | ({"divisor_override": st.integers(-1, 3)} if _n > 1 else {}),
        ("normal", "odd"),
    )


@cases.add("max_pool1d_with_indices", "max_pool1d_with_indices max_pool1d")
def max_pool1d_with_indices(draw):
    x = draw(images(1))
    return Call("max_pool1d_with_indices", [x, draw(per_dimension(1, 1, 4))], exact=True)


@cases.add("lp_pool", "")
def lp_pool(draw):
    n = draw(st.integers(1, 3))
    x = draw(images(n, WIDE, ("normal",)))
    kwargs = {"stride": draw(per_dimension(n, 1, 2))} if draw(flags) else {}
    return Call(
        f"nn.functional.lp_pool{n}d",
        [x, draw(st.sampled_from([2.0, 1.0, 3.0])), draw(st.integers(1, 3))],
        {**kwargs, "ceil_mode": draw(flags)},
        rtol=1e-3 if x.dtype == "float32" else 1e-6,
    )


def _adaptive(kind, n):
    rows = {
        "avg": f"adaptive_avg_pool{n}d _adaptive_avg_pool2d _adaptive_avg_pool2d_backward _average_windows "
        "_average_windows_backward",
        "max": f"adaptive_max_pool{n}d _max_windows _max_windows_backward",
    }[kind]

    @cases.add(f"adaptive_{kind}_pool{n}d", rows)
    def pool(draw):
        gradients = draw(flags)
        x = draw(images(n, ("float64",) if gradients else MOSTLY, ("normal",) if gradients else ("normal", "odd")))
        size = draw(per_dimension(n, 0 if draw(rarely) else 1, 5))
        if isinstance(size, tuple) and n > 1 and draw(rarely):
            size = (None, *size[1:])
        args = [x, size] + ([draw(flags)] if kind == "max" else [])
        return Call(f"nn.functional.adaptive_{kind}_pool{n}d", args, rtol=tolerance(x), grad=(0,) if gradients else ())


for _n in (1, 2, 3):
    _adaptive("avg", _n)
    _adaptive("max", _n)


@cases.add("max_unpool", "_unpool _slices _from_slices")
def max_unpool(draw):
    n = draw(st.integers(1, 3))
    size = [draw(st.integers(1, 3)) for _ in range(n)]
    lead = (*((draw(st.integers(1, 2)),) if draw(flags) else ()), draw(st.integers(1, 2)))
    x = draw(tensors((*lead, *size), ("float64", "float32", "int64"), ("normal",), LAYOUTS))
    # two by two windows, each of which gave one of its places
    rng = np.random.default_rng(draw(seeds))
    places = np.zeros((*lead, *size), "int64")
    for d, m in enumerate(size):
        at = 2 * np.arange(m).reshape((-1,) + (1,) * (n - d - 1)) + rng.integers(0, 2, places.shape)
        places = places * (2 * m) + at
    if draw(rarely) and places.size:
        places.reshape(-1)[0] = draw(st.sampled_from([-1, 4**n * places.size]))
    kwargs = {"stride": draw(st.sampled_from([2, (2,) * n, None]))}
    if draw(rarely):
        kwargs["output_size"] = [2 * m + draw(st.integers(0, 1)) for m in size]
    return Call(f"nn.functional.max_unpool{n}d", [x, T(places), 2], kwargs, grad=(0,) if x.dtype == "float64" else ())


@cases.add("fractional_max_pool", "")
def fractional(draw):
    n = draw(st.sampled_from([2, 3]))
    x = draw(images(n, WIDE, ("normal", "ties"), 4, 7))
    lead = x.values.shape[:-n] if x.values.ndim == n + 2 else (1, *x.values.shape[:-n])
    samples = draw(tensors((*lead, n), (x.dtype,), ("unit",)))
    return Call(
        f"nn.functional.fractional_max_pool{n}d",
        [x, draw(per_dimension(n, 1, 3))],
        {"output_size": draw(per_dimension(n, 1, 4)), "_random_samples": samples, "return_indices": draw(flags)},
        exact=True,
    )


# ---- blocks


@cases.add("unfold", "im2col _columns _from_columns _slices _from_slices")
def unfold(draw):
    x = draw(images(2, (*MOSTLY, "complex64", "bool")))
    kwargs = {
        "dilation": draw(per_dimension(2, 1, 2)),
        "padding": draw(per_dimension(2, 0, 2)),
        "stride": draw(per_dimension(2, 1, 2)),
    }
    return Call(
        "nn.functional.unfold",
        [x, draw(per_dimension(2, 1, 3))],
        kwargs,
        exact=True,
        grad=(0,) if differentiable(x) else (),
    )


@cases.add("fold", "col2im _from_columns _columns")
def fold(draw):
    size = draw(per_dimension(2, 1, 6))
    kernel = draw(per_dimension(2, 1, 3))
    kwargs = {
        "dilation": draw(per_dimension(2, 1, 2)),
        "padding": draw(per_dimension(2, 0, 1)),
        "stride": draw(per_dimension(2, 1, 2)),
    }

    def of(v, i):
        return v if isinstance(v, int) else v[i % len(v)]

    count = 1
    for i in range(2):
        reach = of(kwargs["dilation"], i) * (of(kernel, i) - 1) + 1
        count *= max((of(size, i) + 2 * of(kwargs["padding"], i) - reach) // max(of(kwargs["stride"], i), 1) + 1, 0)
    channels = draw(st.integers(1, 2)) * of(kernel, 0) * of(kernel, 1) + (1 if draw(rarely) else 0)
    batch = (draw(st.integers(1, 2)),) if draw(flags) else ()
    x = draw(
        tensors(
            (*batch, max(channels, 0), max(count + (1 if draw(rarely) else 0), 0)),
            ("float64", "float64", "float32", "float16", "complex64"),
            ("normal",),
        )
    )
    return Call(
        "nn.functional.fold", [x, size, kernel], kwargs, grad=(0,) if differentiable(x) else (), rtol=tolerance(x)
    )


@cases.add("shuffles", "channel_shuffle pixel_shuffle pixel_unshuffle")
def shuffles(draw):
    name = draw(forms("channel_shuffle", "pixel_shuffle", "pixel_unshuffle", "native_channel_shuffle"))
    r = draw(st.integers(1, 3)) if not draw(rarely) else draw(st.integers(-1, 0))
    c, h, w = (draw(st.integers(0 if draw(rarely) else 1, 2)) for _ in range(3))
    if name == "pixel_unshuffle":
        h, w = h * max(r, 1), w * max(r, 1) + (1 if draw(rarely) else 0)
    else:
        c = c * (max(r, 1) if "channel" in name else max(r, 1) ** 2) + (1 if draw(rarely) else 0)
    lead = draw(shapes(0, 2, 1, 2)) if "pixel" in name else (draw(st.integers(1, 2)),)
    x = draw(tensors((*lead, c, h, w), (*FLOATS, "int32", "bool", "complex64")))
    return Call(f"nn.functional.{name}", [x, r], exact=True, grad=(0,) if differentiable(x) else ())


# ---- interpolation


@cases.add("interpolate", "_resample _resample_backward", heavy=2)
def interpolate(draw):
    n = draw(st.integers(1, 3))
    mode = draw(
        st.sampled_from(
            {
                1: ["nearest", "nearest-exact", "linear", "area"],
                2: ["nearest", "nearest-exact", "bilinear", "bicubic", "area"],
                3: ["nearest", "nearest-exact", "trilinear", "area"],
            }[n]
            + ["linear", "other"][: draw(rarely)]
        )
    )
    x = draw(images(n, (*MOSTLY, "uint8") if mode in ("nearest", "bilinear", "bicubic") else MOSTLY, ("normal",)))
    kwargs = {"mode": mode}
    if draw(flags):
        kwargs["size"] = draw(per_dimension(n, 1, 8))
    else:
        kwargs["scale_factor"] = draw(st.sampled_from([0.5, 2, 1.3, 0.7, (2.0,) * n, (1.5,) * n]))
        if draw(flags):
            kwargs["recompute_scale_factor"] = draw(flags)
    if mode.endswith(("linear", "cubic")) or draw(rarely):
        kwargs["align_corners"] = draw(st.sampled_from([True, False, None]))
        if n == 2 and draw(flags):
            kwargs["antialias"] = True
    return Call(
        "nn.functional.interpolate",
        [x],
        kwargs,
        grad=(0,) if x.dtype == "float64" else (),
        rtol=tolerance(x) or 1e-7,
        compare=_within_one if x.dtype == "uint8" else None,
    )


def _within_one(call, ours, theirs):
    # whole numbers: what is halfway may be rounded either way
    a, b = ours.result, theirs.result
    assert a[0] == b[0] and a[1].shape == b[1].shape
    assert (np.abs(a[1].astype(int) - b[1].astype(int)) <= 1).all()


@cases.add("upsample", "_resample")
def upsample(draw):
    x = draw(images(2, WIDE, ("normal",)))
    name = draw(forms("upsample_nearest", "upsample_bilinear", "upsample"))
    return Call(f"nn.functional.{name}", [x], {"scale_factor": draw(st.sampled_from([2, 3]))}, rtol=tolerance(x))


@cases.add("grid_sample", "_grid_sampler_backward grid_sampler grid_sampler_2d grid_sampler_3d", heavy=2)
def grid_sample(draw):
    n = draw(st.sampled_from([2, 2, 3]))
    batch = draw(st.integers(0 if draw(rarely) else 1, 2))
    dtype = draw(st.sampled_from(("float64", "float64", "float32", "float16")))
    x = draw(
        tensors(
            (batch, draw(st.integers(1, 2)), *(draw(st.integers(0 if draw(rarely) else 1, 4)) for _ in range(n))),
            (dtype,),
            ("normal",),
            LAYOUTS,
        )
    )
    grid = draw(
        tensors(
            (batch + (1 if draw(rarely) else 0), *(draw(st.integers(1, 3)) for _ in range(n)), n),
            (dtype,),
            ("normal",),
            LAYOUTS,
        )
    )
    if draw(flags):
        name = draw(forms("grid_sampler", f"grid_sampler_{n}d"))
        return Call(
            name,
            [x, grid, draw(st.integers(0, 2 if n == 2 else 1)), draw(st.integers(0, 2)), draw(flags)],
            rtol={"float16": 3e-2, "float32": 2e-3}.get(dtype, 1e-7),
            grad=(0, 1) if dtype == "float64" else (),
        )
    return Call(
        "nn.functional.grid_sample",
        [x, grid],
        {
            "mode": draw(forms("bilinear", "nearest", "bicubic", "bilinear")),
            "padding_mode": draw(forms("zeros", "border", "reflection")),
            "align_corners": draw(flags),
        },
        rtol={"float16": 3e-2, "float32": 2e-3}.get(dtype, 1e-7),
        grad=(0, 1) if dtype == "float64" else (),
    )


@cases.add("affine_grid", "affine_grid_generator")
def affine_grid(draw):
    n, batch = draw(st.sampled_from([2, 3])), draw(st.integers(1, 2))
    theta = draw(tensors((batch, n, n + 1), (*WIDE, "float16"), ("normal",)))
    size = (batch + (1 if draw(rarely) else 0), 2, *(draw(st.integers(1, 4)) for _ in range(n)))
    return Call(
        draw(forms("nn.functional.affine_grid", "affine_grid_generator")),
        [theta, size, draw(flags)],
        grad=(0,) if theta.dtype == "float64" else (),
        rtol=tolerance(theta),
    )


ROWS_DRIVEN = cases.rows


@pytest.mark.parametrize("name", cases)
def test_windows(name):
    cases.drive(name)
