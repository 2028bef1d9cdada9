"""Random calls of one function, made in ctorch and in PyTorch, and what must agree between them.

A case is a strategy that draws a `Call`. `drive` makes its calls: the results, the exceptions, the memory of the
arguments and, where asked, the gradients must be PyTorch's, and a call must agree with its counterpart of NumPy or
SciPy where the case names one. Without PyTorch the calls are passed over.
"""

import warnings
from dataclasses import dataclass, field

import numpy as np
import pytest
import tally
from comparison import NO_KERNEL
from differences import differs_on_purpose
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import array_of, carrier, examples, name_of, rounded, tensor, torch

import ctorch

TOLERANCE = {"float16": 4e-3, "bfloat16": 3e-2, "float32": 4e-5, "float64": 1e-9, "complex64": 4e-5, "complex128": 1e-9}
FLOATS = ("float64", "float32", "float16", "bfloat16")
COMPLEX = ("complex64", "complex128")
INTS = ("int64", "int32", "int16", "int8", "uint8")
ALL = (*FLOATS, *COMPLEX, *INTS, "bool")
WIDE = ("float64", "float32")
LAPACK = ("float64", "float32", "complex128", "complex64")


# ---- tensors


class T:
    """A tensor that can be made in either library: its values, and the layout in which they lie."""

    def __init__(self, values, dtype=None, layout="dense"):
        self.dtype = dtype or str(values.dtype)
        self.values = np.asarray(values)
        self.layout = layout

    def __repr__(self):
        return f"T({self.dtype} {self.values.shape} {self.layout} {self.values.tolist()!r:.200})"

    def make(self, lib, dense=False):
        """The tensor, and a tensor of all the memory around it."""
        values, layout = self.values, "dense" if dense else self.layout
        ndim = values.ndim
        if lib is torch and layout == "negative":  # which PyTorch cannot show
            layout = "dense"
        if not ndim or layout == "dense":
            t = tensor(lib, values, self.dtype)
            return t, t
        if layout == "channels last":
            order = (0, *range(2, ndim), 1) if ndim > 2 else range(ndim)
            t = tensor(lib, values.transpose(order), self.dtype)
            return t.permute(*np.argsort(order).tolist()), t
        if layout == "permuted":
            t = tensor(lib, values.T, self.dtype)
            return t.permute(*range(ndim)[::-1]), t
        if layout == "expanded":  # all along each dimension what the first is
            first = tensor(lib, values[(slice(0, 1),) * ndim], self.dtype)
            return first.expand(values.shape), first
        if layout == "negative":
            t = tensor(lib, values[(slice(None, None, -1),) * ndim], self.dtype)
            return t[(slice(None, None, -1),) * ndim], t
        if layout == "overlapping":
            strides = (1,) * ndim
            size = 1 + sum(n - 1 for n in values.shape) if values.size else 0
            t = tensor(lib, np.resize(values, size) if values.size else values.reshape(-1)[:0], self.dtype)
            return t.as_strided(values.shape, strides), t
        # every other element of a larger block, a little behind its beginning
        block = np.resize(np.append(values.reshape(-1), values.dtype.type(1)), tuple(2 * n + 1 for n in values.shape))
        block = np.ascontiguousarray(block)
        block[(slice(1, None, 2),) * ndim] = values
        t = tensor(lib, block, self.dtype)
        return t[(slice(1, None, 2),) * ndim], t

    @property
    def consistent(self):
        """Whether the tensor shows its own values, not some that overlap."""
        return self.layout not in ("expanded", "overlapping")


# ---- values


def filled(rng, shape, dtype, kind="normal"):
    """Numbers of a kind: normal, extreme (inf, NaN, zeros of both signs, subnormals, limits), odd (no limits),
    ties (small whole numbers), positive, unit (from 0 to 1)."""
    of = carrier(dtype)
    n = int(np.prod(shape))
    if of.kind == "c":
        part = np.dtype(f"float{of.itemsize * 4}").name
        x = np.empty(shape, of)
        x.real, x.imag = filled(rng, shape, part, kind), filled(rng, shape, part, kind)
        return x
    if kind == "unit":
        x = rng.random(n) if of.kind == "f" else rng.integers(0, 2, n)
    elif kind == "ties" or of.kind == "b":
        x = rng.integers(0 if of.kind in "ub" else -2, 2 if of.kind == "b" else 3, n)
    elif kind == "positive":
        x = rng.random(n) * 3 + 0.05 if of.kind == "f" else rng.integers(1, 9, n)
    elif of.kind in "iu":
        low, high = (np.iinfo(of).min, np.iinfo(of).max) if kind == "extreme" else (0 if of.kind == "u" else -9, 10)
        x = rng.integers(low, high, n, dtype=of, endpoint=kind == "extreme")
        if kind == "extreme":
            x[rng.random(n) < 0.2] = low
            x[rng.random(n) < 0.2] = high
    else:
        x = rng.standard_normal(n) * 2
        if kind in ("extreme", "odd"):
            special = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, float(np.finfo(of).tiny) / 2]
            if kind == "extreme" and dtype != "bfloat16":
                special += [float(np.finfo(of).max), -float(np.finfo(of).max), float(np.finfo(of).tiny)]
            where = rng.random(n) < 0.3
            x[where] = rng.choice(special, where.sum())
    with np.errstate(all="ignore"):
        return rounded(np.asarray(x), dtype).reshape(shape)


LAYOUTS = ("dense", "permuted", "strided", "negative", "channels last", "expanded", "overlapping")
KEEPING = LAYOUTS[:5]  # those that show every value
WRITABLE = ("dense", "permuted", "strided", "channels last")
seeds = st.integers(0, 2**31)


def shapes(least=0, most=4, low=0, high=5):
    return st.lists(st.integers(low, high), min_size=least, max_size=most).map(tuple)


@st.composite
def tensors(draw, shape=None, dtypes=FLOATS, kinds=("normal", "extreme"), layouts=LAYOUTS, values=None, grad=False):
    """A tensor of a shape, or of a random one; `values(rng, shape, dtype)` makes special ones."""
    shape = draw(shapes()) if shape is None else tuple(shape)
    dtype = draw(st.sampled_from(dtypes)) if not isinstance(dtypes, str) else dtypes
    rng = np.random.default_rng(draw(seeds))
    kind = draw(st.sampled_from(kinds))
    array = values(rng, shape, dtype) if values else filled(rng, shape, dtype, kind)
    return T(array, dtype, draw(st.sampled_from(layouts)))


# ---- calls


@dataclass
class Call:
    """A call by name: its arguments, and how it is made and compared.

    `form` is function, method, out or inplace. `rtol` stands in for the dtypes' tolerance, `atol` allows a distance
    where numbers cancel, `compare` stands in for the usual comparison, `exact` forbids any difference. `grad` numbers
    the arguments whose gradients are compared too.
    """

    name: str
    args: list
    kwargs: dict = field(default_factory=dict)
    form: str = "function"
    rtol: float | None = None
    atol: float = 0
    compare: object = None
    exact: bool = False
    grad: tuple = ()
    numpy: object = None
    seed: int | None = None
    loose_memory: bool = False  # whether arguments are changed, by running means

    def __repr__(self):
        return f"{self.form} {self.name}({self.args!r}, {self.kwargs!r}), seed {self.seed}"

    def _repr_pretty_(self, printer, cycle):
        printer.text(repr(self))


def _walk(value, make):
    if isinstance(value, T):
        return make(value)
    if isinstance(value, DType):
        return make(value)
    if isinstance(value, (list, tuple)):
        return type(value)(_walk(v, make) for v in value)
    if isinstance(value, dict):
        return {k: _walk(v, make) for k, v in value.items()}
    return value


class DType:
    """A dtype as an argument."""

    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return self.name


def _resolve(lib, name):
    for part in name.split("."):
        lib = getattr(lib, part)
    return lib


@dataclass
class Outcome:
    """What a call returned or raised, the memory of its arguments after it, and the gradients."""

    result: object = None
    error: Exception | None = None
    memory: list = field(default_factory=list)
    grads: list = field(default_factory=list)


def run(call, lib, dense=False):
    """The outcome of a call in a library."""
    outcome, bases, leaves = Outcome(), [], []

    def make(value):
        if isinstance(value, DType):
            return getattr(lib, value.name)
        tensor, base = value.make(lib, dense)
        bases.append((base, tensor))
        return tensor

    lib.manual_seed(call.seed or 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        args, kwargs = _walk(list(call.args), make), _walk(call.kwargs, make)
        if call.grad and call.form == "function":
            for i in call.grad:
                args[i] = args[i].detach().requires_grad_()
                leaves.append(args[i])
        try:
            outcome.result = _call(call, lib, args, kwargs)
            if leaves:
                outcome.grads = _gradients(lib, outcome.result, leaves)
        except Exception as error:
            outcome.error = error
            if not isinstance(error, Exception) or isinstance(error, (RecursionError, MemoryError)):
                raise
    outcome.memory = [plain(tensor) for _, tensor in bases] + [plain(base) for base, _ in bases]
    outcome.result = _walk_plain(outcome.result)
    return outcome


def _call(call, lib, args, kwargs):
    if call.form == "function":
        return _resolve(lib, call.name)(*args, **kwargs)
    method = call.name.rpartition(".")[2]
    if call.form == "method":
        return getattr(args[0], method)(*args[1:], **kwargs)
    if call.form == "inplace":
        result = getattr(args[0], method + "_")(*args[1:], **kwargs)
        assert result is args[0]
        return result
    assert call.form == "out"
    function = _resolve(lib, call.name)
    out = _outs(function(*args, **kwargs))
    written = function(*args, **kwargs, out=out)
    first, second = (written, out) if isinstance(written, (tuple, list)) else ((written,), (out,))
    assert all(a is b for a, b in zip(first, second, strict=True))
    return written


def _outs(result):
    # where a call is to write: every other element of a larger block of memory
    if isinstance(result, (tuple, list)):
        return tuple(_outs(r) for r in result)
    room = result.new_zeros(tuple(2 * n for n in result.shape))
    return room[(slice(None, None, 2),) * result.dim()] if result.dim() else room


def _gradients(lib, result, leaves):
    results = [
        r
        for r in (result if isinstance(result, (tuple, list)) else [result])
        if hasattr(r, "requires_grad") and r.requires_grad
    ]
    weights = [lib.from_numpy(np.cos(np.arange(r.numel()) + 0.3).reshape(tuple(r.shape))).to(r.dtype) for r in results]
    grads = lib.autograd.grad(results, leaves, weights, allow_unused=True)
    return [None if g is None else plain(g) for g in grads]


def plain(t):
    """The name of a tensor's dtype, and a copy of its values."""
    return name_of(t.dtype), array_of(t).copy()


def _walk_plain(value):
    if hasattr(value, "detach"):
        return plain(value)
    if isinstance(value, (list, tuple)):
        return [_walk_plain(v) for v in value]
    return value


# ---- comparison


def same(ours, theirs, call, where="result"):
    """Equal structure, dtypes, shapes, places of NaN and infinity, and values to the tolerance."""
    if isinstance(theirs, list):
        assert isinstance(ours, list) and len(ours) == len(theirs), where
        for i, (mine, other) in enumerate(zip(ours, theirs)):
            same(mine, other, call, f"{where}[{i}]")
    elif isinstance(theirs, tuple):
        assert isinstance(ours, tuple), f"{where}: {ours!r} is no tensor"
        assert ours[0] == theirs[0], f"{where}: dtype {ours[0]}, not {theirs[0]}"
        assert ours[1].shape == theirs[1].shape, f"{where}: shape {ours[1].shape}, not {theirs[1].shape}"
        close(ours[1], theirs[1], 0 if call.exact else call.rtol or TOLERANCE.get(theirs[0], 0), where, call.atol)
    elif isinstance(theirs, float):
        assert ours == theirs or ours != ours or abs(ours - theirs) <= 1e-5 * abs(theirs), where
    else:
        assert ours == theirs, where


def same_gradients(call, ours, theirs):
    for i, (mine, other) in enumerate(zip(ours.grads, theirs.grads, strict=True)):
        if mine is None or other is None:  # none is the same as nothing but zeros
            assert all(g is None or not g[1].any() for g in (mine, other)), f"gradient {i}: {mine}, not {other}"
        else:
            same(mine, other, call, f"gradient {i}")


def within(distance):
    """A comparison that allows, beside the tolerance, a distance that `distance(call)` says, where results cancel."""

    def compare(call, ours, theirs):
        (dtype, mine), (other_dtype, other) = ours.result, theirs.result
        assert dtype == other_dtype and mine.shape == other.shape, (ours.result, theirs.result)
        with np.errstate(all="ignore"):
            far = ~(np.isfinite(mine) & np.isfinite(other) & (np.abs(mine - other) <= distance(call)))
        close(mine[far], other[far], call.rtol or TOLERANCE.get(dtype, 0))
        same_gradients(call, ours, theirs)

    return compare


def largest_of(tensor):
    """The largest finite size in a tensor, or None."""
    sizes = np.abs(tensor.values[np.isfinite(tensor.values)]) if tensor is not None else np.ones(1)
    return float(sizes.max(initial=0))


def close(a, b, tolerance, where="result", distance=0):
    """Equal but for `tolerance` of an element and of the largest one, and for a distance; NaN equals NaN."""
    if a.dtype.kind not in "fc" or not tolerance:
        np.testing.assert_array_equal(a, b, err_msg=where)
        return
    if a.dtype.kind == "c" and not (np.isfinite(a).all() and np.isfinite(b).all()):
        np.testing.assert_array_equal(np.isfinite(a), np.isfinite(b), err_msg=where)
        a, b = a[np.isfinite(a)], b[np.isfinite(b)]
    finite = np.abs(b[np.isfinite(b)])
    largest = float(finite.max(initial=0))
    with np.errstate(all="ignore"):
        atol = tolerance * largest if np.isfinite(tolerance * largest) else 0
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=atol + tolerance * 1e-6 + distance, err_msg=where)


NOT_THERE = (
    "not implemented for",
    "not support",
    "unsupported dtype",
    "expected scalar type",
    "unsupported",
    "doesn't handle types",
    "a floating point",
    "Floating point",
    "floating-point",
    "supports floating",
)


def _no_dtype(error):
    # where PyTorch has no kernel for a dtype, ctorch may have one
    return isinstance(error, NotImplementedError) or any(text.lower() in str(error).lower() for text in NOT_THERE)


def check(call, reference):
    """Makes a call, in PyTorch too, asserts that all agrees, and says what came of it, as `tally` counts."""
    ours = run(call, ctorch)
    if reference is not None:
        theirs = run(call, reference)
        if ours.error is not None and theirs.error is not None and _classes_agree(ours.error, theirs.error):
            return tally.REFUSED
        if reason := differs_on_purpose(call, ours, theirs):
            return reason
        if theirs.error is not None:
            if ours.error is None and _no_dtype(theirs.error):
                return NO_KERNEL
            assert ours.error is not None, f"PyTorch raises {theirs.error!r}; ctorch returns {ours.result!r:.300}"
            assert _classes_agree(ours.error, theirs.error), f"PyTorch raises {theirs.error!r}, ctorch {ours.error!r}"
            return tally.REFUSED
    elif ours.error is not None:
        assert isinstance(ours.error, (RuntimeError, ValueError, TypeError, IndexError)), repr(ours.error)
        return tally.REFUSED
    if ours.error is not None:
        raise AssertionError(f"ctorch raises {ours.error!r}") from ours.error
    theirs = theirs if reference is not None else run(call, ctorch, dense=True)
    if call.compare is not None:
        call.compare(call, ours, theirs)
    else:
        same(ours.result, theirs.result, call)
        same_gradients(call, ours, theirs)
    _check_memory(call, ours, theirs, reference is not None)
    _check_numpy(call, ours)
    return tally.AGREED


def _classes_agree(ours, theirs):
    if type(ours).__name__ == type(theirs).__name__.lstrip("_"):
        return True
    # NotImplementedError names what is missing on a device or for a dtype; PyTorch often says RuntimeError
    return _no_dtype(ours) and _no_dtype(theirs)


def _check_memory(call, ours, theirs, all_of_it):
    tensors = list(_tensors_of((call.args, call.kwargs)))
    for i, (mine, other) in enumerate(zip(ours.memory, theirs.memory)):
        tensor = tensors[i % len(tensors)]
        if i >= len(tensors) and (not all_of_it or tensor.layout == "negative"):
            continue
        if not all_of_it and not tensor.consistent:
            continue
        if call.loose_memory or (call.form == "inplace" and i % len(tensors) == 0 and not call.exact):
            if call.compare is None or call.loose_memory:
                same(mine, other, call, "the tensor changed in place")
        else:
            np.testing.assert_array_equal(mine[1], other[1], err_msg=f"memory of argument {i % len(tensors)}")


def _tensors_of(value):
    found = []
    _walk(value, lambda t: found.append(t) if isinstance(t, T) else None)
    return found


def _check_numpy(call, ours):
    if call.numpy is None or call.form not in ("function", "method"):
        return
    if not all(t.consistent and t.dtype not in ("float16", "bfloat16") for t in _tensors_of((call.args, call.kwargs))):
        return
    args, kwargs = _walk(list(call.args), _array), _walk(call.kwargs, _array)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            want = call.numpy(*args, **kwargs)
        except (ValueError, TypeError, IndexError, ArithmeticError, MemoryError):
            want = None  # no counterpart for these arguments
    if want is None:
        return
    for mine, other in zip(_flat(ours.result), want if isinstance(want, (tuple, list)) else [want], strict=True):
        other = np.asarray(other)
        assert mine[1].shape == other.shape, f"NumPy: shape {mine[1].shape}, not {other.shape}"
        rtol = 0 if call.exact else call.rtol or TOLERANCE.get(mine[0], 0)
        close(mine[1], other, rtol, "against NumPy", call.atol)


def _array(value):
    return value.values if isinstance(value, T) else None


def _flat(result):
    return [r for v in result for r in _flat(v)] if isinstance(result, list) else [result]


# ---- cases


class Cases(dict):
    """The cases of a test file: for each name a strategy of calls, and the rows of the table that it drives."""

    def add(self, name, rows="", heavy=1):
        """Registers a composite function of `draw`; of a `heavy` case, only one in so many examples is made."""

        def register(function):
            self[name] = (st.composite(function)(), rows.split(), heavy)
            return function

        return register

    @property
    def rows(self):
        return {row for _, rows, _ in self.values() for row in rows}

    def drive(self, name):
        """Makes the calls of a case."""
        if torch is None:
            pytest.skip("compares with PyTorch")
        strategy, rows, heavy = self[name]
        made = []

        @settings(examples(max(4, 16 // heavy), 1000 // heavy), report_multiple_bugs=False)
        @given(strategy)
        def calls(call):
            kind = check(call, torch)
            made.append(kind == tally.AGREED)
            tally.count(rows or [name], kind)

        calls()
        assert any(made) or len(made) < 20, "no call that does anything"
