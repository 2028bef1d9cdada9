"""Rows that NumPy or SciPy has too, on drawn operands: the reference that needs no PyTorch."""
import elementwise_cases
import numpy as np
import pytest
import scipy.special as sp
import tally
from comparison import Tolerance, array_of, compare_arrays, name_of
from hypothesis import given
from hypothesis import strategies as st
from reduction_cases import LOOSE, SUM, products, sums
from references import bessel, digamma, erfcx, i0, i1, ndtr
from strategies import DTYPES, broadcastable, examples, operands, rounded, shapes

import ctorch

REAL = [d for d in DTYPES if not d.startswith("complex")]
FLOATS = ["float32", "float64", "float16", "bfloat16"]
NEAR = Tolerance({"float32": 8, "float64": 16, "float16": 2, "bfloat16": 2}, atol=4, zeros=False)
SPECIAL = Tolerance({"float32": 64, "float64": 256, "float16": 2, "bfloat16": 2}, atol=8, tiny=2, zeros=False)
ALIKE = """add sub:subtract mul:multiply maximum minimum fmax fmin eq:equal ne:not_equal lt:less le:less_equal
gt:greater ge:greater_equal logical_and logical_or logical_xor logical_not isnan isinf isfinite signbit
square""".split()
REALS = """exp exp2 expm1 log log2 log10 log1p sqrt sin cos tan asin:arcsin acos:arccos atan:arctan asinh:arcsinh
acosh:arccosh atanh:arctanh sinh cosh tanh floor ceil trunc reciprocal abs neg:negative hypot atan2:arctan2 copysign
deg2rad rad2deg logaddexp logaddexp2 fmod""".split()
SCIPY = """erf erfc erfinv sigmoid:expit special.i0e:i0e special.i1e:i1e
special.ndtri:ndtri special.entr:entr xlogy special.xlog1py:xlog1py""".split()


def pairs(names, module):
    """Names of ctorch's functions with those of the module."""
    return {own: getattr(module, other or own) for own, _, other in (name.partition(":") for name in names)}


FUNCTIONS = {**{k: (f, REAL, NEAR) for k, f in pairs(ALIKE, np).items()},
             **{k: (f, FLOATS, NEAR) for k, f in pairs(REALS, np).items()},
             **{k: (f, FLOATS, SPECIAL) for k, f in pairs(SCIPY, sp).items()},
             "digamma": (digamma, FLOATS, SPECIAL), "special.erfcx": (erfcx, FLOATS, SPECIAL),
             "special.ndtr": (ndtr, FLOATS, SPECIAL),
             "i0": (i0, FLOATS, SPECIAL), "special.i1": (i1, FLOATS, SPECIAL),
             **{f"special.bessel_{name}": (bessel(name), FLOATS, SPECIAL) for name in ("j0", "j1")}}


def function_at(path):
    module = ctorch
    for name in path.split("."):
        module = getattr(module, name)
    return module


def refused(name, dtype):
    return dtype == "bool" and name in ("sub", "square")


@pytest.mark.parametrize("row", list(FUNCTIONS))
@given(data=st.data())
@examples(10)
def test_elementwise(row, data):
    function, dtypes, tolerance = FUNCTIONS[row]
    dtype = data.draw(st.sampled_from([d for d in dtypes if not refused(row, d)]))
    count = getattr(function, "nin", 1)         # those of mpmath take one
    group = data.draw(broadcastable(count))
    try:
        shape = np.broadcast_shapes(*group)
    except ValueError:
        return
    items = [data.draw(operands(s, dtype)) for s in group]
    got = function_at(row)(*(x.ctorch() for x in items))
    arrays = [np.array(x.array) for x in items]
    wide = np.float64 if dtype in FLOATS else arrays[0].dtype
    with np.errstate(all="ignore"):
        want = np.asarray(function(*(a.astype(wide) for a in arrays)))
    assert tuple(got.shape) == shape
    given_dtype = name_of(got.dtype)
    assert given_dtype in (dtype, "bool")
    with np.errstate(all="ignore"):
        compare_arrays(array_of(got), rounded(want, given_dtype), given_dtype, tolerance, row)
    tally.count([row], tally.AGREED)


REDUCTIONS = {"sum": (np.sum, sums, SUM), "prod": (np.prod, products, LOOSE), "amax": (np.max, None, LOOSE),
              "amin": (np.min, None, LOOSE), "any": (np.any, None, LOOSE), "all": (np.all, None, LOOSE),
              "nansum": (np.nansum, lambda x, a, k: sums(np.nan_to_num(x), a, k), SUM),
              "cumsum": (np.cumsum, None, SUM), "argmax": (np.argmax, None, LOOSE), "argmin": (np.argmin, None, LOOSE)}


@pytest.mark.parametrize("row", list(REDUCTIONS))
@given(data=st.data())
@examples(10)
def test_reductions(row, data):
    function, scale, tolerance = REDUCTIONS[row]
    x = data.draw(operands(shapes(min_dims=1, empty=False), st.sampled_from(["float64", "int64", "int32", "float32"])))
    dim = data.draw(st.integers(-len(x.shape), len(x.shape) - 1))
    array = np.array(x.array)
    with np.errstate(all="ignore"):
        want = np.asarray(function(array.astype(np.longdouble) if array.dtype.kind == "f" else array, axis=dim))
        size = None if scale is None else scale(array.astype(np.float64), dim, False)
        if row == "cumsum" and array.dtype.kind == "f":
            size = np.broadcast_to(np.sum(np.abs(array.astype(np.float64)), dim, keepdims=True), array.shape)
    got = getattr(ctorch, row)(x.ctorch(), dim)
    dtype = name_of(got.dtype)
    with np.errstate(all="ignore"):
        compare_arrays(array_of(got), want.astype(dtype), dtype, tolerance, row,
                       scale=None if size is None else lambda: size)
    tally.count([row], tally.AGREED)


def test_most_rows_have_a_reference_here():
    assert len(FUNCTIONS) > 70
    assert {n for n in FUNCTIONS if "." not in n} <= set(elementwise_cases.ROWS)
