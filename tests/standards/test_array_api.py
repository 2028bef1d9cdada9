"""ctorch.array_api has what the Python array API standard names, and NumPy's values."""
import inspect
import itertools
import math

import array_api_names as standard
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standard_values import (
    ALL,
    COMPLEX,
    FLOATS,
    INTEGERS,
    NUMERIC,
    SIGNED,
    assert_equal,
    numpy_of,
    seeds,
    shapes,
    strided,
    values,
)

import ctorch
import ctorch.array_api as xp

quick = settings(max_examples=25)
REAL = (*INTEGERS, *FLOATS)
INEXACT = (*FLOATS, *COMPLEX)


# ---- names

# scikit-learn uses these forms of NumPy's
LENIENT = {"diff": "(x, /, n=1, *, axis=-1, prepend=None, append=None)", "where": "(condition, x1=None, x2=None, /)"}


def every_function():
    for text in standard.FUNCTIONS.values():
        yield from ((xp, name, parameters) for name, parameters in standard.signatures(text))
    for extension, text in standard.EXTENSIONS.items():
        yield from ((getattr(xp, extension), name, parameters) for name, parameters in standard.signatures(text))


@pytest.mark.parametrize("module, name, parameters", [pytest.param(*f, id=f"{f[0].__name__}.{f[1]}")
                                                      for f in every_function()])
def test_signature(module, name, parameters):
    function = getattr(module, name)
    assert str(inspect.signature(function)) == LENIENT.get(name, parameters)
    assert name in module.__all__
    assert function.__doc__


def test_constants_and_dtypes():
    assert (xp.e, xp.pi, xp.inf, xp.newaxis) == (math.e, math.pi, math.inf, None)
    assert math.isnan(xp.nan)
    assert [getattr(xp, name) for name in standard.DTYPES] == [getattr(ctorch, name) for name in standard.DTYPES]
    assert {*standard.CONSTANTS, *standard.DTYPES} <= set(xp.__all__)


def test_tensor_has_the_methods():
    x = ctorch.ones(2, 2)
    for name in standard.METHODS:
        assert callable(getattr(x, name)), name
    for name in standard.ATTRIBUTES:
        assert getattr(x, name) is not None


def test_namespace():
    x = ctorch.ones(2)
    assert x.__array_namespace__() is xp
    assert x.__array_namespace__(api_version="2024.12") is xp
    with pytest.raises(ValueError, match="api_version"):
        x.__array_namespace__(api_version="1999.01")
    assert x.to_device("cpu") is x
    assert xp.__array_api_version__ == "2024.12"


def test_info():
    info = xp.__array_namespace_info__()
    assert info.capabilities() == {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}
    assert info.default_device() == ctorch.device("cpu")
    assert ctorch.device("cpu") in info.devices()
    assert info.default_dtypes() == {"real floating": ctorch.float32, "complex floating": ctorch.complex64,
                                     "integral": ctorch.int64, "indexing": ctorch.int64}
    theirs = np.__array_namespace_info__()
    kinds = ["bool", "signed integer", "unsigned integer", "integral", "real floating", "complex floating", "numeric",
             ("bool", "integral"), None]
    for kind in kinds:
        assert set(info.dtypes(kind=kind)) == set(theirs.dtypes(kind=kind))
    with pytest.raises(ValueError, match="kind"):
        info.dtypes(kind="floating")
    assert ctorch.ones(*[1] * 64).ndim == 64


# ---- dtypes

def promotable(a, b):
    """Whether the standard defines the promotion of two dtypes."""
    kinds = [np.dtype(d).kind for d in (a, b)]
    if "b" in kinds:
        return kinds == ["b", "b"]
    integers = [k in "iu" for k in kinds]
    if all(integers):
        return not ("uint64" in (a, b) and "i" in kinds)
    return not any(integers)


@pytest.mark.parametrize("a, b", list(itertools.product(ALL, ALL)))
def test_promotion(a, b):
    ours = [getattr(ctorch, d) for d in (a, b)]
    if not promotable(a, b):
        return
    expected = np.result_type(a, b).name
    assert xp.result_type(*ours).name == expected
    assert xp.result_type(ctorch.ones((), dtype=ours[0]), ours[1]).name == expected     # rank has no weight
    assert xp.can_cast(*ours) == (expected == b)
    x, y = ctorch.ones(2, dtype=ours[0]), ctorch.ones((), dtype=ours[1])
    if a != "bool":
        assert xp.add(x, y).dtype.name == expected
    assert xp.concat([x, xp.reshape(y, (1,))]).dtype.name == expected
    assert xp.where(xp.asarray([True, False]), x, y).dtype.name == expected


def test_no_promotion():
    with pytest.raises(TypeError, match="no common dtype"):
        xp.result_type(ctorch.uint64, ctorch.int8)
    with pytest.raises(ValueError, match="at least one"):
        xp.result_type(1, 2.0)


@pytest.mark.parametrize("dtype", NUMERIC)
@pytest.mark.parametrize("scalar", [2, 2.5, 2 + 1j])
def test_scalars_are_weak(dtype, scalar):
    kind = np.dtype(dtype).kind
    if (isinstance(scalar, float) and kind in "iu") or (isinstance(scalar, complex) and kind != "c"):
        return
    x = ctorch.ones(3, dtype=getattr(ctorch, dtype))
    for function in (xp.add, xp.multiply, xp.subtract):
        theirs = getattr(np, function.__name__)(np.ones(3, dtype), scalar)
        assert_equal(function(x, scalar), theirs)
    assert_equal(xp.subtract(scalar, x), np.subtract(scalar, np.ones(3, dtype)))
    assert xp.result_type(x, scalar) == x.dtype


def test_isdtype():
    for name in ALL:
        for kind in ("bool", "signed integer", "unsigned integer", "integral", "real floating", "complex floating",
                     "numeric"):
            assert xp.isdtype(getattr(ctorch, name), kind) == np.isdtype(np.dtype(name), kind)
    assert xp.isdtype(ctorch.int8, ("bool", ctorch.int8))
    assert not xp.isdtype(ctorch.int8, ctorch.int16)
    with pytest.raises(ValueError, match="kind"):
        xp.isdtype(ctorch.int8, "integer")


@pytest.mark.parametrize("a, b", list(itertools.product(ALL, ALL)))
def test_astype(a, b):
    array = values(a, (5,), 0)
    x = ctorch.tensor(array)
    if a in COMPLEX and b not in (*COMPLEX, "bool"):
        with pytest.raises(TypeError, match="complex"):
            xp.astype(x, getattr(ctorch, b))
        return
    if np.dtype(a).kind == "f" and np.dtype(b).kind in "iu":
        array = np.abs(array)
        x = ctorch.tensor(array)
    assert_equal(xp.astype(x, getattr(ctorch, b)), array.astype(b))
    same = xp.astype(x, getattr(ctorch, b), copy=False)
    assert (same is x) == (a == b)
    assert xp.astype(x, x.dtype) is not x


@pytest.mark.parametrize("dtype", [*FLOATS, *COMPLEX, *INTEGERS])
def test_limits(dtype):
    name = "iinfo" if dtype in INTEGERS else "finfo"
    ours, theirs = getattr(xp, name)(getattr(ctorch, dtype)), getattr(np, name)(dtype)
    fields = ("bits", "max", "min") if name == "iinfo" else ("bits", "max", "min", "eps", "smallest_normal")
    for field in fields:
        assert getattr(ours, field) == getattr(theirs, field)
    assert ours.dtype.name == np.dtype(theirs.dtype).name
    assert getattr(xp, name)(ctorch.ones(1, dtype=getattr(ctorch, dtype))) == ours


def test_broadcasting():
    a, b = ctorch.ones(3, 1), ctorch.ones(2)
    assert [x.shape for x in xp.broadcast_arrays(a, b)] == [(3, 2), (3, 2)]
    assert xp.broadcast_shapes((3, 1), (2,)) == (3, 2)
    assert xp.broadcast_to(b, (4, 2)).shape == (4, 2)
    with pytest.raises(ValueError, match="Shape mismatch"):
        xp.broadcast_shapes((3,), (2,))


# ---- creation

@pytest.mark.parametrize("dtype", ALL)
def test_filled(dtype):
    kind = getattr(ctorch, dtype)
    for name in ("zeros", "ones"):
        assert_equal(getattr(xp, name)((2, 3), dtype=kind), getattr(np, name)((2, 3), dtype=dtype))
        assert_equal(getattr(xp, name + "_like")(ctorch.empty(2, 3), dtype=kind), getattr(np, name)((2, 3), dtype))
    assert_equal(xp.full((2,), 1, dtype=kind), np.full((2,), 1, dtype=dtype))
    assert_equal(xp.full_like(ctorch.empty(2), 1, dtype=kind, device="cpu"), np.full((2,), 1, dtype=dtype))
    assert xp.empty(3, dtype=kind).shape == (3,) and xp.empty_like(ctorch.ones(2, dtype=kind)).dtype == kind
    for k in range(-4, 5):
        assert_equal(xp.eye(3, 4, k=k, dtype=kind), np.eye(3, 4, k=k, dtype=dtype))
    assert_equal(xp.eye(2, dtype=kind), np.eye(2, dtype=dtype))


def test_default_dtypes():
    assert [xp.full((1,), v).dtype for v in (True, 1, 1.0, 1j)] == [ctorch.bool, ctorch.int64, ctorch.float32,
                                                                    ctorch.complex64]
    assert [xp.asarray(v).dtype for v in (True, 1, 1.0, 1j)] == [ctorch.bool, ctorch.int64, ctorch.float32,
                                                                 ctorch.complex64]
    assert xp.full(3, 2.0).shape == (3,)
    assert xp.arange(3).dtype == ctorch.int64 and xp.arange(3.0).dtype == ctorch.float32


@given(st.integers(-9, 9), st.integers(-9, 9), st.sampled_from([1, 2, 3, -1, -2, 0.5, -1.5]))
@quick
def test_arange(start, stop, step):
    assert_equal(xp.arange(start, stop, step), np.arange(start, stop, step), dtype=False)
    assert_equal(xp.arange(float(start), stop, step, dtype=ctorch.float64), np.arange(float(start), stop, step))
    assert_equal(xp.arange(stop), np.arange(stop))


@given(st.integers(0, 9), st.booleans(), st.sampled_from([(0, 1), (1.5, -2), (3, 3), (1j, 2)]))
@quick
def test_linspace(num, endpoint, ends):
    ours = xp.linspace(*ends, num, endpoint=endpoint)
    assert_equal(ours, np.linspace(*ends, num, endpoint=endpoint).astype(numpy_of(ours).dtype))
    assert xp.linspace(0, 1, 3, dtype=ctorch.complex128).dtype == ctorch.complex128


def test_asarray():
    x = ctorch.ones(3)
    assert xp.asarray(x) is x
    assert xp.asarray(x, copy=True) is not x
    assert xp.asarray(x, dtype=ctorch.float64).dtype == ctorch.float64
    with pytest.raises(ValueError, match="copy=False"):
        xp.asarray(x, dtype=ctorch.float64, copy=False)
    a = np.arange(3)
    assert xp.asarray(a).data_ptr() == a.ctypes.data
    assert xp.asarray(a, copy=True).data_ptr() != a.ctypes.data
    assert xp.asarray(a, copy=False).data_ptr() == a.ctypes.data
    with pytest.raises(ValueError, match="copy=False"):
        xp.asarray([1, 2], copy=False)
    assert_equal(xp.asarray([[1, 2], [3, 4]]), np.array([[1, 2], [3, 4]]))
    assert_equal(xp.asarray([x, 2 * x]), np.array([[1, 1, 1], [2, 2, 2]], "float32"))
    assert_equal(xp.asarray([x[0], 2]), np.array([1, 2], "float32"))
    assert_equal(xp.asarray(2**64 - 1, dtype=ctorch.uint64), np.array(2**64 - 1, np.uint64))
    leaf = ctorch.ones(2, requires_grad=True)
    assert xp.asarray(leaf, dtype=ctorch.float64).requires_grad


@given(shapes, seeds, st.integers(-3, 3))
@quick
def test_triangles_and_grids(shape, seed, k):
    a = values("float64", (2, *shape, 3), seed)
    x = strided(a, seed)
    assert_equal(xp.tril(x, k=k), np.tril(a, k))
    assert_equal(xp.triu(x, k=k), np.triu(a, k))
    vectors = [np.arange(2.0), np.arange(3.0), np.arange(1.0)][:seed % 4]
    for indexing in ("xy", "ij"):
        assert_equal(xp.meshgrid(*[ctorch.tensor(v) for v in vectors], indexing=indexing),
                     np.meshgrid(*vectors, indexing=indexing))


# ---- elements

UNARY = dict.fromkeys("abs negative positive square".split(), NUMERIC)
UNARY |= dict.fromkeys("ceil floor trunc".split(), REAL)
UNARY |= dict.fromkeys("cos cosh exp log log10 log2 sin sinh sqrt tan tanh reciprocal "
                       "acos acosh asin asinh atan atanh expm1 log1p".split(), INEXACT)
UNARY |= {"sign": NUMERIC, "round": NUMERIC, "isfinite": NUMERIC, "isinf": NUMERIC, "isnan": NUMERIC,
          "logical_not": ("bool",), "bitwise_invert": ("bool", *INTEGERS), "conj": COMPLEX, "real": COMPLEX,
          "imag": COMPLEX, "signbit": FLOATS}
BINARY = dict.fromkeys("add multiply subtract".split(), NUMERIC)
BINARY |= dict.fromkeys("bitwise_and bitwise_or bitwise_xor".split(), ("bool", *INTEGERS))
BINARY |= dict.fromkeys("greater greater_equal less less_equal maximum minimum".split(), REAL)
BINARY |= dict.fromkeys("equal not_equal".split(), ALL)
BINARY |= dict.fromkeys("logical_and logical_or logical_xor".split(), ("bool",))
BINARY |= dict.fromkeys("atan2 copysign hypot logaddexp nextafter".split(), FLOATS)
BINARY |= {"divide": INEXACT, "pow": INEXACT, "floor_divide": REAL, "remainder": REAL}


@pytest.mark.parametrize("name, dtype", [(n, d) for n, kinds in UNARY.items() for d in kinds])
@given(shapes, seeds)
@settings(max_examples=4)
def test_unary(name, dtype, shape, seed):
    special = dtype in FLOATS
    a = values(dtype, shape, seed, special)
    with np.errstate(all="ignore"):
        theirs = getattr(np, name)(a)
    assert_equal(getattr(xp, name)(strided(a, seed)), theirs)


@pytest.mark.parametrize("name, dtype", [(n, d) for n, kinds in BINARY.items() for d in kinds])
@given(shapes, seeds)
@settings(max_examples=4)
def test_binary(name, dtype, shape, seed):
    special = dtype in FLOATS and name not in ("floor_divide", "remainder")
    a, b = values(dtype, shape, seed, special), values(dtype, shape[1:], seed + 7, special)
    if name in ("floor_divide", "remainder"):
        b = np.where(b == 0, np.asarray(1, dtype), b)
        if dtype in SIGNED:
            a = np.where((a == np.iinfo(dtype).min) & (b == -1), np.asarray(0, dtype), a)
    if dtype in COMPLEX and name == "pow":
        a = a + np.asarray(3, dtype)
    with np.errstate(all="ignore"):
        theirs = getattr(np, name)(a, b)
    assert_equal(getattr(xp, name)(strided(a, seed), strided(b, seed + 1)), theirs)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_shifts_and_powers(dtype):
    a, n = values(dtype, (20,), 3), np.arange(20).astype(dtype) % np.asarray(8, dtype)
    x, m = ctorch.tensor(a), ctorch.tensor(n)
    assert_equal(xp.bitwise_left_shift(x, m), np.bitwise_left_shift(a, n))
    assert_equal(xp.bitwise_right_shift(x, m), np.bitwise_right_shift(a, n))
    small = a % np.asarray(5, dtype)
    assert_equal(xp.pow(ctorch.tensor(small), m), np.pow(small, n))


@pytest.mark.parametrize("dtype", REAL)
def test_clip(dtype):
    a = values(dtype, (3, 4), 5)
    x, low, high = ctorch.tensor(a), values(dtype, (4,), 6), values(dtype, (3, 1), 7)
    for lower, upper in ((None, None), (1, None), (None, 3), (1, 3), (low, None), (low, 3), (1, high), (low, high)):
        ours = [ctorch.tensor(v) if isinstance(v, np.ndarray) else v for v in (lower, upper)]
        assert_equal(xp.clip(x, *ours), np.clip(a, lower, upper))
    assert xp.clip(x) is not x


# ---- shapes

@given(shapes.filter(len), seeds, st.data())
@settings(max_examples=60)
def test_manipulation(shape, seed, data):
    a = values("int32", shape, seed)
    x = strided(a, seed)
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
    order = data.draw(st.permutations(range(a.ndim)))
    assert_equal(xp.concat([x, x], axis=axis), np.concat([a, a], axis=axis))
    assert_equal(xp.concat([x, x[:0]], axis=None), np.concat([a, a[:0]], axis=None))
    assert_equal(xp.stack([x, x], axis=axis), np.stack([a, a], axis=axis))
    assert_equal(xp.unstack(x, axis=axis), np.unstack(a, axis=axis))
    assert_equal(xp.expand_dims(x, axis=axis), np.expand_dims(a, axis))
    assert_equal(xp.expand_dims(x, (0, -1)), np.expand_dims(a, (0, -1)))
    assert_equal(xp.squeeze(xp.expand_dims(x, axis=axis), axis), a)
    assert_equal(xp.flip(x, axis=axis), np.flip(a, axis))
    assert_equal(xp.flip(x), np.flip(a))
    assert_equal(xp.flip(x, axis=tuple(order[:2])), np.flip(a, tuple(order[:2])))
    assert_equal(xp.permute_dims(x, tuple(order)), np.permute_dims(a, order))
    assert_equal(xp.moveaxis(x, axis, 0), np.moveaxis(a, axis, 0))
    assert_equal(xp.moveaxis(x, tuple(order[:2]), tuple(range(len(order[:2])))),
                 np.moveaxis(a, order[:2], range(len(order[:2]))))
    shift = data.draw(st.integers(-4, 4))
    assert_equal(xp.roll(x, shift, axis=axis), np.roll(a, shift, axis))
    assert_equal(xp.roll(x, shift), np.roll(a, shift))
    assert_equal(xp.roll(x, (shift, 1), axis=(axis, 0)), np.roll(a, (shift, 1), (axis, 0)))
    counts = np.arange(a.shape[axis])
    assert_equal(xp.repeat(x, 2, axis=axis), np.repeat(a, 2, axis))
    assert_equal(xp.repeat(x, ctorch.tensor(counts), axis=axis), np.repeat(a, counts, axis))
    assert_equal(xp.repeat(x, 3), np.repeat(a, 3))
    repetitions = data.draw(st.lists(st.integers(0, 2), max_size=5))
    assert_equal(xp.tile(x, tuple(repetitions)), np.tile(a, repetitions))
    assert_equal(xp.reshape(x, (-1,)) if a.size else xp.reshape(x, (0,)), a.reshape(-1))
    assert_equal(xp.reshape(x, (a.size, 1), copy=True), a.reshape(a.size, 1))


def test_manipulation_refuses():
    x = ctorch.ones(2, 3)
    with pytest.raises(ValueError, match="size 2, not 1"):
        xp.squeeze(x, 0)
    with pytest.raises(IndexError, match="out of range"):
        xp.expand_dims(x, axis=4)
    with pytest.raises(ValueError, match="copy=False"):
        xp.reshape(x.T, (6,), copy=False)
    with pytest.raises(ValueError, match="different ranks"):
        xp.concat([x, ctorch.ones(0)])
    with pytest.raises(ValueError, match="at least one"):
        xp.stack([])
    assert xp.reshape(x, (6,), copy=False).data_ptr() == x.data_ptr()


@given(shapes.filter(len), seeds, st.data())
@quick
def test_take(shape, seed, data):
    a = values("float32", shape, seed)
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
    n = a.shape[axis]
    places = np.array(data.draw(st.lists(st.integers(-n, n - 1), max_size=4)) if n else [], dtype="int32")
    x = strided(a, seed)
    assert_equal(xp.take(x, ctorch.tensor(places), axis=axis), np.take(a, places, axis=axis))
    assert_equal(xp.take(x.reshape(-1), ctorch.tensor(places)) if a.ndim == 1 else x, np.take(a, places)
                 if a.ndim == 1 else a)
    order = np.argsort(a, axis=axis)
    assert_equal(xp.take_along_axis(x, ctorch.tensor(order), axis=axis), np.take_along_axis(a, order, axis))
    if n:
        assert_equal(xp.take_along_axis(x, ctorch.tensor(order - n), axis=axis),
                     np.take_along_axis(a, order - n, axis))


# ---- order and search

@pytest.mark.parametrize("dtype", REAL)
@given(shapes.filter(len), seeds, st.data())
@settings(max_examples=8)
def test_sorting(dtype, shape, seed, data):
    a = values(dtype, shape, seed, True)
    a = np.nan_to_num(a) if dtype in FLOATS else a
    x, axis = strided(a, seed), data.draw(st.integers(-a.ndim, a.ndim - 1))
    assert_equal(xp.sort(x, axis=axis), np.sort(a, axis=axis))
    assert_equal(xp.argsort(x, axis=axis), np.argsort(a, axis=axis, stable=True))
    assert_equal(xp.sort(x, axis=axis, descending=True), np.flip(np.sort(a, axis=axis), axis))
    order = xp.argsort(x, axis=axis, descending=True)
    assert_equal(xp.take_along_axis(x, order, axis=axis), np.flip(np.sort(a, axis=axis), axis))


@pytest.mark.parametrize("dtype", REAL)
@given(shapes, seeds, st.data())
@settings(max_examples=8)
def test_searching(dtype, shape, seed, data):
    a = values(dtype, shape, seed)
    x = strided(a, seed)
    axes = [None, *range(-a.ndim, a.ndim)]
    axis = data.draw(st.sampled_from(axes))
    for keepdims in (False, True):
        if (a.size if axis is None else a.shape[axis]):
            for name in ("argmax", "argmin"):
                assert_equal(getattr(xp, name)(x, axis=axis, keepdims=keepdims),
                             getattr(np, name)(a, axis=axis, keepdims=keepdims))
        assert_equal(xp.count_nonzero(x, axis=axis, keepdims=keepdims),
                     np.count_nonzero(a, axis=axis, keepdims=keepdims))
    if a.ndim:
        assert_equal(xp.nonzero(x), np.nonzero(a))
    b = values(dtype, shape, seed + 1)
    assert_equal(xp.where(x > strided(b, seed), x, 1), np.where(a > b, a, np.asarray(1, dtype)))
    known = np.sort(values(dtype, (6,), seed, True))
    for side in ("left", "right"):
        assert_equal(xp.searchsorted(ctorch.tensor(known), x, side=side), np.searchsorted(known, a, side=side))
        back = np.arange(6)[::-1].copy()
        assert_equal(xp.searchsorted(ctorch.tensor(known[::-1].copy()), x, side=side, sorter=ctorch.tensor(back)),
                     np.searchsorted(known, a, side=side))


@pytest.mark.parametrize("dtype", ALL)
@given(shapes, seeds)
@settings(max_examples=8)
def test_sets(dtype, shape, seed):
    a = values(dtype, shape, seed, dtype in FLOATS)
    if dtype in COMPLEX:
        a = np.round(a)
    x = strided(a, seed)
    every = np.unique(a, return_index=True, return_inverse=True, return_counts=True, equal_nan=False)
    ours = xp.unique_all(x)
    np.testing.assert_array_equal(ours.values.numpy(), every[0])
    assert_equal(ours[3], every[3])
    assert_equal(ours.inverse_indices, every[2].reshape(a.shape))
    if not np.isnan(a).any():
        assert_equal(ours.indices, every[1])
    assert_equal(xp.unique_counts(x).counts, every[3])
    assert_equal(xp.unique_inverse(x).inverse_indices, every[2].reshape(a.shape))
    np.testing.assert_array_equal(xp.unique_values(x).numpy(), every[0])


@pytest.mark.parametrize("dtype", INTEGERS)
def test_isin(dtype):
    a, b = values(dtype, (4, 5), 1), values(dtype, (3,), 2)
    for invert in (False, True):
        assert_equal(xp.isin(ctorch.tensor(a), ctorch.tensor(b), invert=invert), np.isin(a, b, invert=invert))
    assert_equal(xp.isin(ctorch.tensor(a), 1), np.isin(a, 1))


# ---- reductions

def axes_of(data, ndim):
    kinds = [st.none(), st.just(())]
    if ndim:
        kinds += [st.integers(-ndim, ndim - 1),
                  st.lists(st.integers(0, ndim - 1), unique=True).map(tuple)]
    return data.draw(st.one_of(kinds))


@pytest.mark.parametrize("name, dtype", [
    *itertools.product(("sum", "prod"), NUMERIC), *itertools.product(("max", "min"), REAL),
    *itertools.product(("mean",), INEXACT), *itertools.product(("var", "std"), FLOATS),
    *itertools.product(("all", "any", "count_nonzero"), ALL)])
@given(shapes, seeds, st.data())
@settings(max_examples=10)
def test_reductions(name, dtype, shape, seed, data):
    a = values(dtype, shape, seed)
    axis = axes_of(data, a.ndim)
    keepdims = data.draw(st.booleans())
    count = math.prod(a.shape if axis is None else [a.shape[i] for i in ((axis,) if isinstance(axis, int) else axis)])
    if not count and name in ("max", "min", "mean", "var", "std"):
        return
    options, theirs = {}, {}
    if name in ("var", "std"):
        correction = data.draw(st.sampled_from([0, 1, 0.5]))
        if count - correction <= 0:
            return
        options, theirs = {"correction": correction}, {"ddof": correction}
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(a, axis=axis, keepdims=keepdims, **theirs)
    ours = getattr(xp, name)(strided(a, seed), axis=axis, keepdims=keepdims, **options)
    assert_equal(ours, expected, rtol=1e-4 if dtype in ("float32", "complex64") else 1e-9)


@pytest.mark.parametrize("dtype", NUMERIC)
@given(shapes.filter(len), seeds, st.data())
@settings(max_examples=8)
def test_running(dtype, shape, seed, data):
    a = values(dtype, shape, seed)
    x, axis = strided(a, seed), data.draw(st.integers(-a.ndim, a.ndim - 1))
    initial = data.draw(st.booleans())
    with np.errstate(all="ignore"):
        for name in ("cumulative_sum", "cumulative_prod"):
            theirs = getattr(np, name)(a, axis=axis, include_initial=initial)
            assert_equal(getattr(xp, name)(x, axis=axis, include_initial=initial), theirs, rtol=1e-4)
        assert_equal(xp.diff(x, axis=axis), np.diff(a, axis=axis))
        assert_equal(xp.diff(x, axis=axis, n=2, prepend=x, append=x), np.diff(a, axis=axis, n=2, prepend=a, append=a))


def test_running_dtypes():
    x = ctorch.ones(3, dtype=ctorch.int8)
    assert xp.cumulative_sum(x).dtype == xp.sum(x).dtype == ctorch.int64
    assert xp.sum(x, dtype=ctorch.float64).dtype == ctorch.float64
    assert xp.sum(ctorch.ones(3, dtype=ctorch.uint8)).dtype == ctorch.uint64
    assert xp.sum(ctorch.ones(3)).dtype == ctorch.float32
    with pytest.raises(ValueError, match="axis is needed"):
        xp.cumulative_sum(ctorch.ones(2, 2))
    with pytest.raises(ValueError, match="at least one dimension"):
        xp.cumulative_prod(ctorch.ones(()))


# ---- operators

@pytest.mark.parametrize("dtype", INTEGERS)
def test_operators_of_integers(dtype):
    a = values(dtype, (8,), 2) | np.asarray(1, dtype)
    b = np.arange(1, 9).astype(dtype) % np.asarray(7, dtype) + np.asarray(1, dtype)
    x, y = ctorch.tensor(a), ctorch.tensor(b)
    for op in ("add", "sub", "mul", "floordiv", "mod", "and", "or", "xor", "lshift", "rshift", "eq", "lt"):
        assert_equal(getattr(x, f"__{op}__")(y), getattr(a, f"__{op}__")(b))
    assert_equal(~x, ~a)
    assert_equal(abs(x), abs(a))
    assert (+x).equal(x)
    assert x[0].__index__() == a[0] and int(x[1]) == a[1] and complex(x[2]) == complex(a[2])


# ---- gradients

def test_functions_are_recorded():
    x = ctorch.tensor([[1.0, 2.0], [3.0, 5.0]], dtype=ctorch.float64, requires_grad=True)

    def loss(x):
        y = xp.matmul(xp.permute_dims(x, (1, 0)), xp.linalg.inv(x))
        z = xp.concat([y, xp.astype(x, ctorch.float64)]) + xp.linalg.vector_norm(x)
        return xp.sum(xp.clip(z, -3, 30)) + xp.std(x, correction=1) + xp.vecdot(x, x)[0]
    assert ctorch.autograd.gradcheck(loss, (x,))
