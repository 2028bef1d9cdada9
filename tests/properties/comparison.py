"""Runs a function on ctorch and on its reference and compares what comes: values to the last places, or exceptions."""
import warnings

import numpy as np
import strategies
import tally
from strategies import COMPLEX, FLOATS, MANTISSA, MIN_EXPONENT, array_of, name_of, torch

import ctorch

# Units in the last place, where a row says nothing else.
ULPS = {"float16": 1, "bfloat16": 1, "float32": 4, "float64": 4}


class Tolerance:
    """How far values may lie apart: units in the last place, or `atol` in units of the dtype's epsilon.

    `zeros` says whether the signs of zeros must agree; `tiny` allows that many of the smallest normal number, where
    PyTorch flushes what underflows; `parts` whether complex numbers that are not finite must agree in both parts;
    `recovers` whether a number may stand where PyTorch has NaN.
    """

    def __init__(self, ulps=None, atol=0.0, zeros=True, tiny=0.0, parts=True, recovers=False):
        given = ulps if isinstance(ulps, dict) else {} if ulps is None else dict.fromkeys(ULPS, ulps)
        self.ulps = {**ULPS, **given}
        self.atol, self.zeros, self.tiny = atol, zeros, tiny
        self.parts, self.recovers = parts, recovers

    def __repr__(self):
        return f"Tolerance({self.ulps})"


EXACT = Tolerance(0)
NEAR = Tolerance()


# ---- values

def unit_of(a, b, dtype):
    """The unit in the last place of the larger of two finite numbers."""
    exponent = np.frexp(np.maximum(np.abs(a), np.abs(b)))[1] - 1
    return np.ldexp(a.dtype.type(1), np.maximum(exponent, MIN_EXPONENT[dtype]) - MANTISSA[dtype])


def allowed(size, dtype, tolerance):
    """The distance that a tolerance grants at numbers of a size."""
    epsilon, smallest = 2.0 ** -MANTISSA[dtype], 2.0 ** MIN_EXPONENT[dtype]
    return np.maximum(tolerance.ulps[dtype] * unit_of(size, size, dtype),
                      max(tolerance.atol * epsilon, tolerance.tiny * smallest))


def near_floats(a, b, dtype, tolerance, scale=None):
    """Where floats agree: NaN with NaN, infinities with their like, zeros of one sign, others to the tolerance.

    With `scale` the tolerance is that of numbers of this size, as where a sum cancels.
    """
    wide = np.longdouble if dtype == "float64" else np.float64
    x, y = a.astype(wide), b.astype(wide)
    good = (np.isnan(x) & np.isnan(y)) | (x == y)
    finite = np.isfinite(x) & np.isfinite(y)
    u, v = np.where(finite, x, 0), np.where(finite, y, 0)
    size = np.maximum(np.abs(u), np.abs(v))
    if scale is not None:
        size = np.maximum(size, np.where(np.isfinite(scale), np.abs(scale), 0).astype(wide))
    good |= finite & (np.abs(u - v) <= allowed(size, dtype, tolerance))
    if tolerance.ulps[dtype]:          # an overflow may come an ulp earlier
        edge = strategies.LARGEST[dtype] * (1 - wide(tolerance.ulps[dtype] + 1) * 2.0 ** -MANTISSA[dtype])
        good |= (np.sign(x) == np.sign(y)) & (np.minimum(np.abs(x), np.abs(y)) >= edge)
    if tolerance.recovers:
        good |= np.isnan(y)
    if tolerance.zeros:
        good &= ~((x == 0) & (y == 0) & (np.signbit(x) != np.signbit(y)))
    return good


def near_complex(a, b, dtype, tolerance, scale=None):
    """Where complex numbers agree: relative to the larger part; those that are not finite, part by part."""
    part = "float32" if dtype == "complex64" else "float64"
    finite = np.isfinite(a) & np.isfinite(b)
    with np.errstate(all="ignore"):
        size = np.where(finite, np.maximum(np.abs(b.real), np.abs(b.imag)), 0)
    size = size if scale is None else np.maximum(size, np.where(np.isfinite(scale), np.abs(scale), 0))
    loose = Tolerance({part: 2 * tolerance.ulps[part]}, tolerance.atol, False, tolerance.tiny)
    good = near_floats(a.real, b.real, part, loose, size) & near_floats(a.imag, b.imag, part, loose, size) & finite
    if tolerance.parts:
        rest = near_floats(a.real, b.real, part, tolerance) & near_floats(a.imag, b.imag, part, tolerance)
    else:
        rest = np.isfinite(a) == np.isfinite(b)
    if tolerance.recovers:
        rest |= np.isnan(b)
    return good | (~finite & rest)


def near(a, b, dtype, tolerance, scale=None):
    """Where arrays in the carrier of a dtype agree."""
    with np.errstate(all="ignore"):
        if dtype in COMPLEX:
            return near_complex(a, b, dtype, tolerance, scale)
        if dtype in FLOATS:
            return near_floats(a, b, dtype, tolerance, scale)
    return a == b


def compare_arrays(a, b, dtype, tolerance=NEAR, where="result", refined=None, scale=None):
    """Arrays in the carrier of `dtype`; each element agrees with `b`, or with the better reference `refined()`.

    `scale()` is the size of what cancels in sums: the tolerance is taken of it.
    """
    assert a.shape == b.shape, f"{where}: shape {a.shape}, expected {b.shape}"
    good = near(a, b, dtype, tolerance)
    if not good.all() and scale is not None:
        scale = np.broadcast_to(scale(), a.shape)
        top = strategies.LARGEST.get(dtype, strategies.LARGEST["float32" if dtype == "complex64" else "float64"])
        good |= near(a, b, dtype, tolerance, scale) | ~(scale <= top)     # what overflows does so in any order
    if not good.all() and refined is not None:
        better = refined()
        takes = dtype in (*FLOATS, *COMPLEX, "bool") or (better is not None and better.dtype == bool)
        if takes and better is not None and better.shape == a.shape:
            good |= near(a, strategies.rounded(better, dtype), dtype, tolerance, scale)
    if not good.all():
        raise AssertionError(f"{where}: {a[~good][:5]} is not {b[~good][:5]}; {np.count_nonzero(~good)} of {a.size} "
                             f"differ, at {np.argwhere(~good)[:3].tolist()}")


def compare(ours, theirs, tolerance=NEAR, where="result", refined=None, scale=None):
    """Results of both sides: tensors, numbers, or containers of them.

    `refined()` is PyTorch's result in the widest dtype, which ours may agree with instead.
    """
    if hasattr(theirs, "detach"):
        assert isinstance(ours, ctorch.Tensor), f"{where}: {ours!r} is no tensor"
        assert name_of(ours.dtype) == name_of(theirs.dtype), f"{where}: {ours.dtype}, expected {theirs.dtype}"
        compare_arrays(array_of(ours), array_of(theirs), name_of(theirs.dtype), tolerance, where,
                       refined and (lambda: wide_array(refined())), scale)
    elif isinstance(theirs, (list, tuple)):
        assert len(ours) == len(theirs), f"{where}: {len(ours)} items, expected {len(theirs)}"
        for i, (a, b) in enumerate(zip(ours, theirs)):
            compare(a, b, tolerance, f"{where}[{i}]", refined and (lambda i=i: item(refined(), i)), scale)
    elif isinstance(theirs, (float, complex)):
        dtype = "complex128" if isinstance(theirs, complex) else "float64"
        compare_arrays(np.array(ours), np.array(theirs), dtype, tolerance, where)
    elif type(theirs).__name__ == "dtype":
        assert name_of(ours) == name_of(theirs), where
    else:
        assert ours == theirs, f"{where}: {ours!r}, expected {theirs!r}"


def wide_array(x):
    return x if x is None or isinstance(x, np.ndarray | np.generic) else array_of(x)


def item(x, i):
    return x if x is None else x[i]


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


def catches(theirs, ours):
    """Whether ``except`` of PyTorch's class catches ctorch's: a missing kernel is a RuntimeError too."""
    return any(type(ours).__name__ == type(theirs).__name__ or c is type(theirs) for c in type(ours).__mro__)


def agree(row, function, *items, tolerance=NEAR, wider=False, strided=False, refine=True, scale=None, excuse=None):
    """Run ``function(module, *items)`` on both sides; they agree, in values or in the class of the exception.

    With `wider`, ctorch may return where PyTorch has no kernel of a dtype. With `refine`, its numbers may agree with
    what PyTorch computes in double instead, or with what `refine` itself makes of double arrays. `excuse(error)` says
    of an exception of PyTorch's that ctorch may do better. Returns ctorch's result and its tensors, and counts the
    example for `row`.
    """
    theirs, their_error = outcome(function, torch, *(given(torch, x, strided) for x in items))
    tensors = [given(ctorch, x, strided) for x in items]
    ours, error = outcome(function, ctorch, *tensors)
    if their_error is not None:
        tally.count([row], _refused(row, ours, error, their_error, wider, excuse))
        return None, tensors
    if getattr(theirs, "dtype", None) == torch.complex32:
        tally.count([row], "ctorch has no complex32")
        return None, tensors
    if isinstance(error, NotImplementedError) and wider and empty(theirs):
        tally.count([row], "PyTorch looks for a kernel only where there is something to calculate")
        return None, tensors
    if isinstance(error, IndexError) and row in ("cummax", "cummin", "roll") and empty(theirs):
        tally.count([row], "PyTorch looks for the dimension only where there is something to calculate")
        return None, tensors
    if error is not None:
        raise AssertionError(f"{row}: PyTorch returns {theirs!r:.300}, ctorch raises {error!r:.300}") from error
    compare(ours, theirs, tolerance, row, better(function, items, refine), scale)
    tally.count([row], tally.AGREED)
    return ours, tensors


NO_KERNEL = "PyTorch has no kernel of the dtype"


def _refused(row, ours, error, their_error, wider, excuse):
    """What to count where PyTorch raises: ctorch raises its class too, or there is a reason to do better."""
    reason = NO_KERNEL if wider and isinstance(their_error, NotImplementedError) else excuse and excuse(their_error)
    if error is None:
        assert reason, f"{row}: PyTorch raises {their_error!r:.300}, ctorch returns {ours!r:.300}"
        return reason
    if not (reason and isinstance(error, RuntimeError | TypeError | IndexError)) and not faults(error, their_error):
        assert catches(their_error, error), f"{row}: PyTorch raises {their_error!r:.300}, ctorch {error!r:.300}"
    return tally.REFUSED


def empty(result):
    """Whether a result is tensors without elements, or numbers, which a scan leaves as they are."""
    parts = result if isinstance(result, tuple) else (result,)
    return all(hasattr(x, "numel") and (x.numel() == 0 or x.dim() == 0) for x in parts)


def faults(ours, theirs):
    """Whether a call has two faults, of which each side names another."""
    return {isinstance(ours, IndexError), isinstance(theirs, IndexError)} == {True, False} and all(
        isinstance(error, IndexError | RuntimeError) for error in (ours, theirs))


def better(function, items, refine):
    """The reference that results may agree with instead of PyTorch's."""
    if callable(refine):
        wide = any(isinstance(x, strategies.Operand) and x.dtype in ("float64", "complex128") for x in items)
        return lambda: quietly(refine, *(as_double(x, wide) for x in items))
    return (lambda: doubled(function, items)) if refine else None


def quietly(function, *arrays, **params):
    with np.errstate(all="ignore"):
        return function(*arrays, **params)


def as_double(x, wide):
    """An operand's values as ctorch's float kernels read them, `wide` ones integers in double too, in double."""
    if not isinstance(x, strategies.Operand):
        return x
    array = np.array(x.array)
    if array.dtype.kind == "c":
        return array.astype(np.complex128)
    return array.astype(np.float32 if array.dtype.kind in "iub" and not wide else array.dtype).astype(np.float64)


def doubled(function, items):
    """PyTorch's result on the same values in double, or None."""
    return outcome(function, torch, *(widened(given(torch, x)) for x in items))[0]


def widened(x):
    """A tensor's numbers in double; bools and what is no tensor as they are."""
    if isinstance(x, (list, tuple)):
        return type(x)(map(widened, x))
    if not hasattr(x, "detach") or x.dtype == torch.bool:
        return x
    if not (x.is_complex() or x.is_floating_point()):
        x = x.to(torch.float32)              # as float kernels read integers
    return x.to(torch.complex128 if x.is_complex() else torch.float64)


def given(module, x, strided=False):
    """An argument for one side: operands become tensors, dtypes those of the module; containers item by item."""
    if isinstance(x, strategies.Operand):
        return x.to(module, strided)
    if isinstance(x, strategies.DType):
        return getattr(module, x)
    if isinstance(x, (list, tuple)):
        return type(x)(given(module, part, strided) for part in x)
    return x
