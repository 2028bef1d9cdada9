"""Fourier transforms, windows and histograms: random calls against PyTorch, NumPy and SciPy."""

import numpy as np
import pytest
from calls import COMPLEX, FLOATS, KEEPING, LAYOUTS, WIDE, Call, Cases, DType, T, filled, seeds, shapes, tensors, within
from hypothesis import strategies as st
from scipy import fft as scipys

cases = Cases()
flags = st.booleans()
rarely = st.integers(0, 7).map(lambda n: n == 0)
norms = st.sampled_from([None, "backward", "ortho", "forward", None, "other"])
REAL_INPUT = ("rfft", "ihfft")
SEVERAL = {"fft2", "ifft2", "rfft2", "irfft2", "hfft2", "ihfft2", "fftn", "ifftn", "rfftn", "irfftn", "hfftn", "ihfftn"}


def forms(*names):
    return st.sampled_from(names)


def _dtypes(name):
    real = ("float64", "float32", "int64", "bool")
    return real if name.startswith(REAL_INPUT) else (*real, *COMPLEX, "complex128")


def _numpy(name, kwargs):
    if kwargs.get("norm") == "other" or not hasattr(scipys, name):
        return None

    def counterpart(x, **kwargs):
        names = {"dim": "axes" if name in SEVERAL else "axis", "s": "s", "n": "n", "norm": "norm"}
        return getattr(scipys, name)(x, **{names[k]: v for k, v in kwargs.items()})

    return counterpart


def _one_dimension(name):
    @cases.add(f"fft.{name}", "_fft_c2c _fft_r2c _fft_c2r")
    def transform(draw):
        x = draw(tensors(draw(shapes(0, 3, 0, 6)), _dtypes(name), ("normal", "ties"), LAYOUTS))
        kwargs = {}
        if draw(flags):
            kwargs["n"] = draw(st.integers(0 if draw(rarely) else 1, 9))
        if draw(flags):
            kwargs["dim"] = draw(st.integers(-3, 2))
        kwargs["norm"] = draw(norms)
        form = draw(forms("function", "function", "out"))
        grad = (0,) if form == "function" and x.dtype in ("float64", "complex128") else ()
        return Call(f"fft.{name}", [x], kwargs, form, grad=grad, numpy=_numpy(name, kwargs))


def _several_dimensions(name):
    @cases.add(f"fft.{name}", "_fft_c2c _fft_r2c _fft_c2r")
    def transform(draw):
        x = draw(tensors(draw(shapes(0, 4, 0, 4)), _dtypes(name), ("normal", "ties"), LAYOUTS))
        kwargs = {"norm": draw(norms)}
        if draw(flags):
            count = draw(st.integers(0, 3))
            kwargs["dim"] = tuple(draw(st.lists(st.integers(-3, 3), min_size=count, max_size=count)))
            if draw(flags):
                kwargs["s"] = tuple(draw(st.lists(st.integers(-1, 5), min_size=count, max_size=count)))
        elif draw(flags):
            kwargs["s"] = tuple(draw(st.lists(st.integers(1, 5), min_size=2, max_size=2)))
        form = draw(forms("function", "function", "out"))
        grad = (0,) if form == "function" and x.dtype in ("float64", "complex128") else ()
        return Call(
            f"fft.{name}",
            [x],
            kwargs,
            form,
            grad=grad,
            numpy=_numpy(name, kwargs) if "s" not in kwargs and kwargs.get("dim") else None,
        )


for _name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft"):
    _one_dimension(_name)
for _name in sorted(SEVERAL):
    _several_dimensions(_name)


@cases.add("fft of extremes", "_fft_c2c _fft_r2c _fft_c2r")
def extremes(draw):
    # NaN and infinities spread over their own lines and no others
    name = draw(forms("fft", "rfft"))
    x = draw(tensors(draw(shapes(1, 3, 1, 5)), ("float64",), ("odd",), LAYOUTS))

    def lines(call, ours, theirs):
        mine, other = ours.result[1], theirs.result[1]
        assert mine.shape == other.shape
        finite = np.isfinite(x.values if x.consistent else ours.memory[0][1]).all(-1)
        assert not np.isfinite(mine[~finite]).all(-1).any()
        np.testing.assert_allclose(mine[finite], other[finite], rtol=1e-9, atol=1e-9)

    return Call(f"fft.{name}", [x], {}, compare=lines)


@cases.add("fft.fftshift", "")
def shift(draw):
    x = draw(tensors(dtypes=(*FLOATS, *COMPLEX, "int32", "bool")))
    dim = draw(st.sampled_from([None, 0, -1, (0, 1), (1,), 5]))
    name = draw(forms("fftshift", "ifftshift"))
    return Call(
        f"fft.{name}", [x, dim], exact=True, numpy=getattr(np.fft, name) if x.values.ndim or dim is not None else None
    )


@cases.add("fft.fftfreq", "")
def frequencies(draw):
    n, d = draw(st.integers(0, 12)), draw(st.sampled_from([1.0, 0.1, -2.0]))
    kwargs = {"dtype": DType(draw(st.sampled_from(WIDE)))} if draw(flags) else {}
    return Call(f"fft.{draw(forms('fftfreq', 'rfftfreq'))}", [n, d], kwargs)


# ---- windows

WINDOWS = {
    "hann_window": {},
    "hamming_window": {"alpha": st.floats(0.1, 0.9), "beta": st.floats(0.1, 0.9)},
    "blackman_window": {},
    "bartlett_window": {},
    "kaiser_window": {"beta": st.floats(0, 20)},
}


def _window(name):
    @cases.add(name, name)
    def window(draw):
        args = [draw(st.integers(-1, 40)), draw(flags)]
        # a later option stands only behind the earlier ones, as in PyTorch's signatures
        kwargs = {k: draw(v) for k, v in list(WINDOWS[name].items())[: draw(st.integers(0, 2))]}
        if draw(flags):
            kwargs["dtype"] = DType(draw(st.sampled_from((*FLOATS, "int64", "complex64"))))
        tolerance = {"float16": 4e-3, "bfloat16": 3e-2}.get(str(kwargs.get("dtype")), 2e-5)

        def beside_one(call, ours, theirs):
            # the zeros of a window are as near as its ones
            (dtype, mine), (other_dtype, other) = ours.result, theirs.result
            assert dtype == other_dtype and mine.shape == other.shape
            np.testing.assert_allclose(mine, other, tolerance, tolerance)
        return Call(name, args, kwargs, compare=beside_one)


for _name in WINDOWS:
    _window(_name)

SIGNAL = {
    "bartlett": {},
    "blackman": {},
    "cosine": {},
    "hamming": {},
    "hann": {},
    "nuttall": {},
    "exponential": {"tau": st.floats(0.5, 5)},
    "gaussian": {"std": st.floats(0.5, 5)},
    "kaiser": {"beta": st.floats(0, 20)},
    "general_cosine": {"a": st.lists(st.floats(-1, 1), min_size=1, max_size=3)},
    "general_hamming": {"alpha": st.floats(0.1, 0.9)},
}


@cases.add("signal.windows", "")
def signal_windows(draw):
    name = draw(forms(*SIGNAL))
    kwargs = {k: draw(v) for k, v in SIGNAL[name].items()} | {"sym": draw(flags)}
    if draw(flags):
        kwargs["dtype"] = DType(draw(st.sampled_from(("float32", "float64", "float16", "int64"))))
    return Call(
        f"signal.windows.{name}",
        [draw(st.integers(-1, 30))],
        kwargs,
        rtol=4e-3 if str(kwargs.get("dtype")) == "float16" else 5e-5,
        compare=within(lambda call: 1e-7),    # the ends of a window may be what rounding leaves of nought
    )


# ---- short-time transforms


@st.composite
def frames(draw):
    """Options that stft and istft share."""
    n_fft = draw(st.integers(1, 12))
    kwargs = {"normalized": draw(flags), "center": draw(flags)}
    if draw(flags):
        kwargs["hop_length"] = draw(st.integers(0 if draw(rarely) else 1, n_fft + 1))
    if draw(flags):
        kwargs["win_length"] = draw(st.integers(1, n_fft + draw(st.integers(0, 1))))
    if draw(flags):
        kwargs["onesided"] = draw(flags)
    return n_fft, kwargs


@cases.add("stft", "stft")
def stft(draw):
    n_fft, kwargs = draw(frames())
    x = draw(
        tensors(
            (*draw(st.sampled_from([(), (2,), (0,), (1, 2)])), draw(st.integers(0, 30))),
            ("float64", "float32", "complex128", "int64"),
            ("normal",),
            LAYOUTS,
        )
    )
    kwargs["pad_mode"] = draw(forms("reflect", "constant", "replicate", "circular"))
    if draw(flags):
        kwargs["window"] = draw(
            tensors(
                (kwargs.get("win_length", n_fft),),
                ("float64" if "64" in x.dtype else "float32",),
                ("positive",),
                LAYOUTS,
            )
        )
    kwargs["return_complex"] = not draw(rarely)
    return Call(
        "stft",
        [x, n_fft],
        kwargs,
        draw(forms("function", "method")),
        grad=(0,) if x.dtype in ("float64", "complex128") else (),
    )


@cases.add("istft", "istft")
def istft(draw):
    n_fft, kwargs = draw(frames())
    onesided = kwargs.get("onesided", True)
    rows = n_fft // 2 + 1 if onesided else n_fft
    x = draw(
        tensors(
            (*draw(st.sampled_from([(), (2,), (0,)])), rows + (1 if draw(rarely) else 0), draw(st.integers(1, 6))),
            ("complex128", "complex64"),
            ("normal",),
            KEEPING,
        )
    )
    kwargs["window"] = T(
        filled(
            np.random.default_rng(draw(seeds)),
            (kwargs.get("win_length", n_fft),),
            "float64" if x.dtype == "complex128" else "float32",
            "positive",
        )
    )
    if draw(flags):
        kwargs["length"] = draw(st.integers(0, 40))
    kwargs["return_complex"] = draw(rarely)
    return Call(
        "istft",
        [x, n_fft],
        kwargs,
        draw(forms("function", "method")),
        rtol=1e-3 if x.dtype == "complex64" else 1e-7,
        grad=(0,) if x.dtype == "complex128" else (),
    )


# ---- histograms


def _counts(rng, shape, dtype):
    return rng.integers(0, 9, shape).astype(dtype)


@cases.add("bincount", "bincount _bincount")
def bincount(draw):
    x = draw(
        tensors(
            draw(shapes(0 if draw(rarely) else 1, 1, 0, 12)),
            ("int64", "int32", "uint8", "int8", "float32"),
            values=_counts,
        )
    )
    if draw(rarely):
        x = draw(tensors(draw(shapes(0, 2)), ("int64",), ("normal",)))
    weights = None
    if draw(flags):
        n = x.values.size + (1 if draw(rarely) and x.values.size else 0)
        weights = draw(tensors((n,), ("float64", "float32", "int64", "float16"), ("normal", "odd")))
    return Call(
        "bincount",
        [x, weights, draw(st.integers(-1 if draw(rarely) else 0, 12))],
        {},
        draw(forms("function", "method")),
        rtol=2e-3 if weights and weights.dtype == "float16" else None,
        numpy=lambda a, w, n: np.bincount(a, w, n) if a.dtype.kind in "iu" and a.size and w is None else None,
    )


@cases.add("histc", "histc _histc")
def histc(draw):
    x = draw(tensors(dtypes=("float64", "float32", "float16", "int64", "bool"), kinds=("normal", "ties", "odd")))
    low, high = draw(st.sampled_from([(0, 0), (-2, 2), (0, 1), (1, 1), (2, -2), (float("nan"), 1), (0, float("inf"))]))
    return Call(
        "histc",
        [x],
        {"bins": draw(st.integers(-1 if draw(rarely) else 1, 8)), "min": low, "max": high},
        draw(forms("function", "method", "out")),
        exact=True,
    )


@cases.add("histogram", "histogram")
def histogram(draw):
    dtype = draw(st.sampled_from(WIDE))
    x = draw(tensors(dtypes=(dtype,), kinds=("normal", "ties", "odd") if draw(rarely) else ("normal", "ties")))
    kwargs = {"density": draw(flags)}
    if draw(flags):
        bins = T(np.sort(np.random.default_rng(draw(seeds)).standard_normal(draw(st.integers(0, 6)))).astype(dtype))
    else:
        bins = draw(st.integers(0 if draw(rarely) else 1, 8))
        if draw(flags):
            kwargs["range"] = draw(st.sampled_from([(-2.0, 2.0), (0.0, 0.0), (1.0, -1.0)]))
    if draw(flags):
        kwargs["weight"] = draw(tensors(x.values.shape, (dtype,), ("positive",)))
    return Call("histogram", [x, bins], kwargs, draw(forms("function", "method", "out")))


@cases.add("histogramdd", "histogramdd")
def histogramdd(draw):
    d = draw(st.integers(1, 3))
    x = draw(tensors((*draw(shapes(1, 2)), d), WIDE, ("normal", "ties")))
    kwargs = {"density": draw(flags)}
    kind = draw(forms("number", "numbers", "edges"))
    rng = np.random.default_rng(draw(seeds))
    if kind == "edges":
        bins = [T(np.sort(rng.standard_normal(rng.integers(2, 5))).astype(x.dtype)) for _ in range(d)]
    else:
        bins = (
            draw(st.integers(1, 4)) if kind == "number" else draw(st.lists(st.integers(1, 4), min_size=d, max_size=d))
        )
        if draw(flags):
            kwargs["range"] = [-2.0, 2.0] * d
    if draw(flags):
        kwargs["weight"] = draw(tensors(x.values.shape[:-1], (x.dtype,), ("positive",)))
    return Call("histogramdd", [x, bins], kwargs)


ROWS_DRIVEN = cases.rows


@pytest.mark.parametrize("name", cases)
def test_fft_and_histograms(name):
    cases.drive(name)
