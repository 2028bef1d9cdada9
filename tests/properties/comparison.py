"""Runs a function on ctorch and on its reference and compares what comes: values to the last places, or exceptions."""
import warnings
from collections import Counter

import numpy as np
import strategies
from strategies import COMPLEX, FLOATS, MANTISSA, MIN_EXPONENT, array_of, name_of, torch

import ctorch

COUNTS = Counter()          # examples that ran to their end, by row

# Units in the last place, where a row says nothing else.
ULPS = {"float16": 1, "bfloat16": 1, "float32": 4, "float64": 4}


class Tolerance:
    """How far values may lie apart: units in the last place, or `atol` in units of the dtype's epsilon.

    `zeros` says whether the signs of zeros must agree, `infinite_parts` whether a complex number with an infinite or
    NaN part must agree in both parts.
    """

    def __init__(self, ulps=None, atol=0.0, zeros=True, infinite_parts=True):
        given = ulps if isinstance(ulps, dict) else {} if ulps is None else dict.fromkeys(ULPS, ulps)
        self.ulps = {**ULPS, **given}
        self.atol, self.zeros, self.infinite_parts = atol, zeros, infinite_parts


EXACT = Tolerance(0)
NEAR = Tolerance()


# ---- values

def apart(a, b, dtype):
    """Distance of finite floats in units in the last place of the larger."""
    wide = np.longdouble if dtype == "float64" else np.float64
    a, b = a.astype(wide), b.astype(wide)
    exponent = np.frexp(np.maximum(np.abs(a), np.abs(b)))[1] - 1
    unit = np.ldexp(wide(1), np.maximum(exponent, MIN_EXPONENT[dtype]) - MANTISSA[dtype])
    return np.abs(a - b) / unit


def compare_floats(a, b, dtype, tolerance, where):
    """Two arrays of floats: NaN and infinities in the same places, the same signs of zeros, near otherwise."""
    np.testing.assert_array_equal(np.isnan(a), np.isnan(b), err_msg=f"{where}: NaN in other places")
    finite = np.isfinite(a) & np.isfinite(b)
    rest = ~finite & ~np.isnan(a)
    infinite = a[rest] == b[rest]
    if not infinite.all():          # an overflow may come an ulp earlier
        top, limit = strategies.LARGEST[dtype], tolerance.ulps[dtype]
        x, y = a[rest][~infinite], b[rest][~infinite]
        small = np.minimum(np.abs(x), np.abs(y)).astype(np.float64)
        near = (np.sign(x) == np.sign(y)) & (small >= top * (1 - (limit + 1) * 2.0 ** -MANTISSA[dtype]))
        assert limit and near.all(), f"{where}: infinities differ: {x} and {y}"
    x, y = a[finite], b[finite]
    distance = apart(x, y, dtype)
    epsilon = 2.0 ** -MANTISSA[dtype]
    near = (distance <= tolerance.ulps[dtype]) | (np.abs(x.astype(np.float64) - y) <= tolerance.atol * epsilon)
    assert near.all(), (f"{where}: {x[~near][:5]} is not {y[~near][:5]}, "
                        f"{distance[~near].max():.3g} ulps apart, {tolerance.ulps[dtype]} allowed")
    if tolerance.zeros:
        zero = (x == 0) & (y == 0)
        signs = np.signbit(x[zero]) == np.signbit(y[zero])
        assert signs.all(), f"{where}: signs of zeros differ, {x[zero][~signs][:5]} is not {y[zero][~signs][:5]}"


def compare_complex(a, b, dtype, tolerance, where):
    """Complex numbers: relative to the larger part; those that are not finite, part by part."""
    part = "float32" if dtype == "complex64" else "float64"
    finite = np.isfinite(a) & np.isfinite(b)
    if tolerance.infinite_parts:
        for x, y in ((a.real, b.real), (a.imag, b.imag)):
            compare_floats(x[~finite], y[~finite], part, tolerance, where)
    else:
        agree = (np.isinf(a) == np.isinf(b)) & (np.isnan(a) == np.isnan(b))
        assert (agree | finite).all(), f"{where}: not finite in other places: {a[~finite]} and {b[~finite]}"
    with np.errstate(all="ignore"):
        size = np.maximum(np.abs(b.real), np.abs(b.imag))[finite]
        for x, y in ((a.real, b.real), (a.imag, b.imag)):
            off = np.abs(x[finite].astype(np.float64) - y[finite])
            unit = np.ldexp(1.0, np.maximum(np.frexp(size.astype(np.float64))[1] - 1, MIN_EXPONENT[part])
                            - MANTISSA[part])
            near = (off <= 2 * tolerance.ulps[part] * unit) | (off <= tolerance.atol * 2.0 ** -MANTISSA[part])
            assert near.all(), f"{where}: {a[finite][~near][:5]} is not {b[finite][~near][:5]}"


def compare_arrays(a, b, dtype, tolerance=NEAR, where="result"):
    """Arrays in the carrier of `dtype`."""
    assert a.shape == b.shape, f"{where}: shape {a.shape}, expected {b.shape}"
    if dtype in COMPLEX:
        compare_complex(a, b, dtype, tolerance, where)
    elif dtype in FLOATS:
        compare_floats(a, b, dtype, tolerance, where)
    else:
        np.testing.assert_array_equal(a, b, err_msg=where)


def compare(ours, theirs, tolerance=NEAR, where="result"):
    """Results of both sides: tensors, numbers, or containers of them."""
    if hasattr(theirs, "detach"):
        assert isinstance(ours, ctorch.Tensor), f"{where}: {ours!r} is no tensor"
        assert name_of(ours.dtype) == name_of(theirs.dtype), f"{where}: {ours.dtype}, expected {theirs.dtype}"
        compare_arrays(array_of(ours), array_of(theirs), name_of(theirs.dtype), tolerance, where)
    elif isinstance(theirs, (list, tuple)):
        assert len(ours) == len(theirs), f"{where}: {len(ours)} items, expected {len(theirs)}"
        for i, (a, b) in enumerate(zip(ours, theirs)):
            compare(a, b, tolerance, f"{where}[{i}]")
    elif isinstance(theirs, (float, complex)):
        dtype = "complex128" if isinstance(theirs, complex) else "float64"
        compare_arrays(np.array(ours), np.array(theirs), dtype, tolerance, where)
    elif type(theirs).__name__ == "dtype":
        assert name_of(ours) == name_of(theirs), where
    else:
        assert ours == theirs, f"{where}: {ours!r}, expected {theirs!r}"


# ---- calls

def outcome(function, *args):
    """What a call returns, or the exception that it raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return function(*args), None
        except Exception as error:
            return None, error


def resolve(module, path):
    """The function at a dotted path, such as special.i0e or Tensor.add; None where there is none."""
    for name in path.removeprefix("torch.").split("."):
        module = getattr(module, name, None)
    return module


def same_error(ours, theirs):
    """Whether both raise the same class; PyTorch's own name for a missing kernel is NotImplementedError."""
    return type(ours) is type(theirs) or type(ours).__name__ == type(theirs).__name__


def agree(row, function, *operands, tolerance=NEAR, wider=False, strided=False):
    """Run ``function(module, *tensors)`` on both sides; they agree, in values or in the class of the exception.

    With `wider`, ctorch may return where PyTorch has no kernel of a dtype. Returns ctorch's result and its tensors,
    and counts the example for `row`.
    """
    theirs, their_error = outcome(function, torch, *(given(torch, x, strided) for x in operands))
    tensors = [given(ctorch, x, strided) for x in operands]
    ours, error = outcome(function, ctorch, *tensors)
    COUNTS[row] += 1
    if their_error is not None:
        if error is None:
            allowed = wider and isinstance(their_error, NotImplementedError)
            assert allowed, f"{row}: PyTorch raises {their_error!r:.300}, ctorch returns {ours!r:.300}"
        else:
            assert same_error(error, their_error), f"{row}: PyTorch raises {their_error!r:.300}, ctorch {error!r:.300}"
        return None, tensors
    if error is not None:
        raise AssertionError(f"{row}: PyTorch returns {theirs!r:.300}, ctorch raises {error!r:.300}") from error
    compare(ours, theirs, tolerance, row)
    return ours, tensors


def given(module, x, strided=False):
    """An argument for one side: operands become tensors, dtypes those of the module; containers item by item."""
    if isinstance(x, strategies.Operand):
        return x.to(module, strided)
    if isinstance(x, (list, tuple)):
        return type(x)(given(module, item, strided) for item in x)
    return x
