"""Every reduction and scan on drawn tensors, dimensions, dtypes and out=, against PyTorch."""
import numpy as np
import pytest
import reduction_cases
from comparison import agree, name_of, outcome, resolve
from excuses import excused
from hypothesis import given
from hypothesis import strategies as st
from reduction_cases import CASES, CASTS, Q
from strategies import (
    ALL_DTYPES,
    COMPLEX,
    DTYPES,
    FLOATS,
    WRITABLE,
    DType,
    dims_of,
    examples,
    operands,
    shapes,
    takes,
    torch,
)

import ctorch

ROWS_DRIVEN = {*reduction_cases.DRIVEN, "segment_reduce", "hash_tensor"}
needs_torch = pytest.mark.skipif(torch is None, reason="needs PyTorch")
INTERPOLATIONS = st.sampled_from(["linear", "lower", "higher", "midpoint", "nearest", "other"])


@st.composite
def calls(draw, row):
    """A case of the row, its tensor, and its arguments by name."""
    case = draw(st.sampled_from(CASES[row]))
    dtype = draw(st.sampled_from(ALL_DTYPES if draw(st.integers(0, 7)) == 0 else case.dtypes))
    x = draw(operands(shapes(), dtype))
    if row == "logcumsumexp" and dtype in COMPLEX:         # PyTorch leaves the first as it is, at any angle
        with np.errstate(invalid="ignore"):
            x.flat = (np.nan_to_num(x.flat.real % 3) + 1j * np.nan_to_num(x.flat.imag % 3)).astype(dtype)
    if "trapezoid" in row and x.flat.dtype.kind in "iu" and x.flat.itemsize > 2:
        x.flat >>= 10                         # the order of sums decides where they wrap
    args = {}
    if case.dim != "none" and (case.dim.endswith("!") or draw(st.integers(0, 4))):
        args["dim"] = draw(dims_of(len(x.shape), case.dim.startswith("many")))
    if not x.shape and isinstance(args.get("dim"), tuple):
        args["dim"] = args["dim"][:1]         # that 0 and -1 are the same is no matter without dimensions
    if case.keepdim and draw(st.booleans()):
        args["keepdim"] = draw(st.booleans())
    if case.casts and draw(st.integers(0, 3)) == 0:
        args["dtype"] = draw(CASTS)
        if args["dtype"] in ("int32", "int64") and dtype in FLOATS + COMPLEX:
            args["dtype"] = None              # floats out of an integer's range are undefined in C
        if row in ("nansum", "nanmean") and args["dtype"] == "complex64":
            args["dtype"] = None              # PyTorch sums what it casts, and refuses complex numbers otherwise
    args |= {k: draw(s) for k, s in case.params.items() if draw(st.integers(0, 2))}
    if row.endswith("quantile"):
        args["q"] = draw(Q) if draw(st.booleans()) else draw(st.lists(Q, max_size=3))
        if draw(st.booleans()):
            args["interpolation"] = draw(INTERPOLATIONS)
    return case, x, args


def arguments(module, x, args):
    """Arguments by name for one side."""
    args = {k: getattr(module, v) if isinstance(v, DType) else v for k, v in args.items()}
    if isinstance(args.get("q"), list):
        dtype = x.dtype if x.dtype.is_floating_point else module.float32
        args["q"] = module.tensor(args["q"], dtype=dtype)
    return args


def axes_of(x, args):
    """The dimensions that a call takes, of what has any."""
    axis = args.get("dim")
    return tuple(range(len(x.shape))) if axis is None or axis == () else axis


def refine_of(case, x, args):
    """The better reference: the case's own, of arrays in double, or PyTorch's in double where that is the dtype."""
    if case.precise is None or not x.shape:
        return args.get("dtype") is None
    rest = [args["correction"]] if "correction" in args else []
    return lambda array, *out: case.precise(array, axes_of(x, args), args.get("keepdim", False), *rest)


def scale_of(case, x, args):
    """The size of what is summed, in the floats that sums are kept in: infinite where these may leave their range."""
    if case.scale is None:
        return None
    axis = axes_of(x, args)
    wide = x.array.astype(np.result_type(x.array.dtype, np.float32))

    def scale():
        with np.errstate(all="ignore"):
            if wide.ndim == 0:
                return np.max(case.scale(wide.reshape(1), 0, False))
            result = case.scale(wide, axis, args.get("keepdim", False))
            return np.max(result, initial=0) if np.isnan(result).any() or "q" in args else result
    return scale


@needs_torch
@pytest.mark.parametrize("row", list(CASES))
@given(data=st.data())
@examples(25)
def test_reductions_and_scans(row, data):
    case, x, args = data.draw(calls(row))
    if row == "norm" and x.dtype in COMPLEX:
        # how large a number with an infinite part and NaN is, is left open: sums of squares say NaN, hypot infinite
        x.flat[np.isinf(x.flat) & (np.isnan(x.flat.real) | np.isnan(x.flat.imag))] = 0
    method = hasattr(torch.Tensor, case.name) and data.draw(st.booleans())

    def function(module, x):
        given = arguments(module, x, args)
        return getattr(x, case.name)(**given) if method else resolve(module, case.path)(x, **given)
    agree(row, function, x, tolerance=case.tolerance, wider=True, scale=scale_of(case, x, args),
          refine=refine_of(case, x, args), excuse=excused)


def differs_into(row, out, result):
    """Where PyTorch calculates in the dtype of out=, before it asks what is zero, or what wraps."""
    return (row in ("any", "all") and out == "uint8") or (
        row in ("prod", "cumprod", "sum", "cumsum") and result == "int64" and out in FLOATS + COMPLEX)


@needs_torch
@pytest.mark.parametrize("row", [n for n in CASES if torch is None or any(
    "out=None" in (resolve(torch, c.path).__doc__ or "") for c in CASES[n])])
@given(data=st.data())
@examples(8)
def test_out(row, data):
    """out= of the right and of other dtypes and shapes, for one result or two."""
    case, x, args = data.draw(calls(row))

    def call(module, x, *out):
        out = () if not out else {"out": out[0] if len(out) == 1 else out}
        return resolve(module, case.path)(x, **arguments(module, x, args), **dict(out))
    want, error = outcome(call, torch, x.torch())
    if error is not None or "complex32" in str(want):
        return
    outs = []
    for result in want if isinstance(want, tuple) else (want,):
        dtype = name_of(result.dtype) if data.draw(st.integers(0, 3)) else data.draw(st.sampled_from(DTYPES))
        if not takes(dtype, name_of(result.dtype)) or differs_into(row, dtype, name_of(result.dtype)):
            dtype = name_of(result.dtype)
        right = data.draw(st.integers(0, 4)) > 0
        shape = tuple(result.shape) if right else data.draw(shapes())
        outs.append(data.draw(operands(shape, dtype, WRITABLE if right else ("contiguous",))))
    # PyTorch lets sums overflow before it divides, or takes their root.
    refine = refine_of(case, x, args) if row in ("mean", "std") else False
    agree(row, call, x, *outs, tolerance=case.tolerance, wider=True, strided=True, refine=refine,
          scale=scale_of(case, x, args), excuse=excused)


@needs_torch
@given(data=st.data())
@examples(20)
def test_segments(data):
    """Segments of drawn lengths, none of them too, against PyTorch."""
    lengths = data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=4))
    dtype = data.draw(st.sampled_from(["float32", "float64"]))
    values = np.random.default_rng(data.draw(st.integers(0, 99))).normal(size=(sum(lengths), 2)).astype(dtype)
    values.reshape(-1)[:data.draw(st.integers(0, 1))] = np.nan
    reduce = data.draw(st.sampled_from(["sum", "mean", "max", "min", "prod"]))
    initial = data.draw(st.sampled_from([None, 1.5, -2]))
    ours, theirs = (lib.segment_reduce(lib.tensor(values), reduce, lengths=lib.tensor(lengths), initial=initial)
                    for lib in (ctorch, torch))
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-5, equal_nan=True)


@needs_torch
@given(data=st.data())
@examples(20)
def test_hashes(data):
    """Exclusive or over drawn dimensions, bit by bit PyTorch's."""
    shape = data.draw(st.lists(st.integers(1, 4), max_size=3))
    dtype = data.draw(st.sampled_from(["float32", "float64", "int64", "int8", "bool"]))
    values = np.random.default_rng(data.draw(st.integers(0, 99))).integers(-9, 9, shape).astype(dtype)
    dim = data.draw(st.none() | st.integers(-len(shape), len(shape) - 1)) if shape else None
    arguments = {} if dim is None else {"dim": dim, "keepdim": data.draw(st.booleans())}
    ours, theirs = (lib.hash_tensor(lib.tensor(values), **arguments) for lib in (ctorch, torch))
    assert ours.dtype == ctorch.uint64 and ours.tolist() == theirs.tolist()
