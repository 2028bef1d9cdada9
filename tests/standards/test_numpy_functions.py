"""NumPy's functions, operators and conversions with tensors."""
import sys

import numpy as np
import pytest

import ctorch

ARRAY = np.array([1.0, 2.0, 3.0])
GRAPH = "Can't call numpy\\(\\) on Tensor that requires grad"


def tensor(dtype=ctorch.float32):
    return ctorch.tensor([1, 2, 3], dtype=dtype)


def check(result, expected, kind=ctorch.Tensor):
    """The type of a result, its dtype and values."""
    expected = np.asarray(expected)
    assert type(result) is kind
    values = result.numpy() if kind is ctorch.Tensor else np.asarray(result)
    assert values.dtype == expected.dtype and values.shape == expected.shape
    np.testing.assert_array_equal(values, expected)


# ---- universal functions

@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int8", "complex64", "bool"])
@pytest.mark.parametrize("name", ["sin", "negative", "isfinite", "square", "sign", "logical_not"])
def test_of_one(name, dtype):
    x = tensor(getattr(ctorch, dtype))
    if name in ("negative", "sign") and dtype == "bool":
        with pytest.raises(TypeError):
            getattr(np, name)(x)
        return
    check(getattr(np, name)(x), getattr(np, name)(x.numpy()))


def test_of_two():
    x = tensor()
    for a, b in ((x, ARRAY), (ARRAY, x), (x, x), (x, 2), (2, x), (x, [1, 2, 3])):
        plain = [v.numpy() if isinstance(v, ctorch.Tensor) else v for v in (a, b)]
        for function in (np.add, np.multiply, np.arctan2, np.greater, np.maximum):
            check(function(a, b), function(*plain))
    assert all(type(r) is ctorch.Tensor for r in np.modf(x))
    check(np.divmod(x, 2)[1], np.divmod(x.numpy(), 2)[1])


def test_methods_of_ufuncs():
    x = tensor()
    check(np.add.reduce(x), np.float32(6))
    check(np.add.accumulate(x), np.array([1, 3, 6], "float32"))
    check(np.multiply.outer(x, x), np.multiply.outer(*[x.numpy()] * 2))
    check(np.add.reduceat(x, [0, 2]), np.array([3, 3], "float32"))
    version = x._version
    assert np.multiply.at(x, [0], 5.0) is None
    assert x.tolist() == [5, 2, 3] and x._version > version


def test_out():
    x, into, other = tensor(), np.zeros(3), ctorch.zeros(3)
    assert np.sin(x, out=into) is into
    np.testing.assert_allclose(into, np.sin(x.numpy()))
    version = other._version
    assert np.sin(x, out=other) is other
    assert other._version > version
    np.testing.assert_array_equal(other.numpy(), np.sin(x.numpy()))
    assert np.add(x, 1, where=np.array([True, False, True]), out=other) is other
    assert other[0] == 2 and other[1] == np.sin(np.float32(2))


def test_saved_values_that_numpy_overwrites_are_noticed():
    x = ctorch.ones(3, requires_grad=True)
    y = x.detach().clone()
    z = (x * y).sum()
    np.add(y.numpy(), 1, out=y)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.backward()


def test_graphs_and_devices_are_refused():
    leaf = ctorch.ones(3, requires_grad=True)
    for call in (lambda: np.sin(leaf), lambda: np.add(ARRAY, leaf), lambda: ARRAY + leaf, lambda: leaf + ARRAY,
                 lambda: np.asarray(leaf), lambda: leaf.numpy(), lambda: np.mean(leaf), lambda: np.add.reduce(leaf),
                 lambda: np.linalg.norm(leaf)):
        with pytest.raises(RuntimeError, match=GRAPH):
            call()


# ---- operators

def test_operators_with_arrays():
    x = tensor()
    check(ARRAY + x, ARRAY + x.numpy())
    check(x + ARRAY, ARRAY + x.numpy())
    check(x - ARRAY, x.numpy() - ARRAY)
    check(ARRAY ** x, ARRAY ** x.numpy())
    check(x // ARRAY, x.numpy() // ARRAY)
    check(ARRAY % x, ARRAY % x.numpy())
    check(np.flip(ARRAY) == x, [False, True, False])
    check(x == ARRAY, [True] * 3)
    check(x != ARRAY, [False] * 3)
    check(x < ARRAY, [False] * 3)
    check(ARRAY.copy() >= x, [True] * 3)
    check(ARRAY @ x, np.float64(14))
    check(x @ ARRAY, np.float64(14))
    check(np.eye(3) @ x, ARRAY)
    check(x * np.array(2.0), 2 * ARRAY)
    check(np.array(2.0) * x, 2 * ARRAY)
    assert (x == "a") is False and (x != None) is True        # noqa: E711


def test_operators_in_place():
    array = ARRAY.copy()
    same = array
    array += tensor()
    assert array is same and array.tolist() == [2, 4, 6]
    x = tensor()
    address = x.data_ptr()
    x += ARRAY
    assert x.data_ptr() == address and x.dtype == ctorch.float32 and x.tolist() == [2, 4, 6]
    x[:2] = ARRAY[:2]
    assert x.tolist() == [1, 2, 6]
    array[:] = x
    assert array.tolist() == [1, 2, 6]


@pytest.mark.parametrize("number", [np.float32(3), np.float64(3), np.int64(3), np.int8(3), np.bool_(True)])
@pytest.mark.parametrize("dtype", [ctorch.float32, ctorch.int64, ctorch.float16])
def test_numbers_of_numpy_are_weak(number, dtype):
    x = tensor(dtype)
    plain = number.item()
    for ours, theirs in ((number * x, plain * x), (x * number, x * plain), (number + x, plain + x),
                         (number / x, plain / x), (number < x, plain < x), (number == x, plain == x)):
        assert ours.dtype == theirs.dtype and ours.equal(theirs)
    if not isinstance(number, np.bool_):
        assert (number - x).equal(plain - x) and (number ** x).equal(plain ** x)


def test_numbers_of_numpy_keep_the_graph():
    leaf = ctorch.ones(2, requires_grad=True)
    (np.float64(3) * leaf).sum().backward()
    assert leaf.grad.tolist() == [3, 3]


def test_indices():
    x = tensor()
    assert x[np.array([0, 2])].tolist() == [1, 3]
    assert x[np.array([True, False, True])].tolist() == [1, 3]
    assert x[np.int64(1)] == 2 and x[np.array(1)] == 2
    x[np.array([0, 1])] = 7
    assert x.tolist() == [7, 7, 3]
    assert ARRAY[ctorch.tensor([0, 2])].tolist() == [1, 3]
    assert ARRAY[tensor() > 1].tolist() == [2, 3]
    assert [10, 20][ctorch.tensor(1)] == 20


# ---- other functions

REDUCTIONS = ["mean", "sum", "std", "var", "max", "min", "prod", "any", "all", "argmax", "argmin", "cumsum", "cumprod"]


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(name):
    x = ctorch.tensor([[1.0, 2.0], [3.0, 5.0]])
    function = getattr(np, name)
    check(function(x), function(x.numpy()))
    check(function(x, axis=0), function(x.numpy(), axis=0))
    if not name.startswith("cum"):
        check(function(x, axis=1, keepdims=True), function(x.numpy(), axis=1, keepdims=True))


def test_reductions_into():
    into = ctorch.zeros(2)
    assert np.sum(ctorch.ones(3, 2), axis=0, out=into) is into and into.tolist() == [3, 3]


def test_arrays_of_tensors():
    x = tensor()
    values = x.numpy()
    check(np.concatenate([x, x]), np.concatenate([values] * 2), np.ndarray)
    check(np.stack([x, x]), np.stack([values] * 2), np.ndarray)
    check(np.where(x > 1, x, 0), np.where(values > 1, values, 0), np.ndarray)
    check(np.array([x, x]), np.array([values] * 2), np.ndarray)
    check(np.linalg.norm(x), np.linalg.norm(values), np.float32)
    check(np.linalg.inv(ctorch.eye(2)), np.eye(2, dtype="float32"))
    check(np.reshape(x, (3, 1)), values.reshape(3, 1))
    check(np.round(x), values)
    check(np.sort(x), values, np.ndarray)
    assert np.shape(x) == (3,) and np.size(x) == 3 and np.ndim(x) == 1
    assert np.allclose(x, values) and np.array_equal(x, values)
    np.testing.assert_array_equal(x, values)
    check(np.interp(1.5, x, x), np.float64(1.5), np.float64)


# ---- conversions

def test_asarray():
    x = tensor()
    assert np.asarray(x).ctypes.data == x.data_ptr()
    assert np.array(x).ctypes.data != x.data_ptr()
    assert np.asarray(x, copy=False).ctypes.data == x.data_ptr()
    check(np.asarray(x, dtype=np.float64), ARRAY, np.ndarray)
    with pytest.raises(ValueError, match="Unable to avoid copy"):
        np.asarray(x, dtype=np.float64, copy=False)


def test_array_method():
    x = tensor()
    assert x.__array__().ctypes.data == x.data_ptr()
    assert x.__array__(np.float32, copy=False).ctypes.data == x.data_ptr()
    assert x.__array__(copy=True).ctypes.data != x.data_ptr()
    assert x.__array__(np.float64).dtype == np.float64
    with pytest.raises(ValueError, match="Unable to avoid copy"):
        x.__array__(np.float64, copy=False)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64",
                                   "float16", "float32", "float64", "complex64", "complex128"])
def test_array_interface(dtype):
    x = ctorch.ones(3, 4, dtype=getattr(ctorch, dtype))[::2, 1:]
    face = x.__array_interface__
    theirs = x.numpy().__array_interface__
    assert (face["typestr"], face["shape"], face["data"], face["strides"]) == (
        theirs["typestr"], theirs["shape"], theirs["data"], theirs["strides"])

    class Holder:
        __array_interface__ = face
    np.testing.assert_array_equal(np.asarray(Holder()), x.numpy())


def test_array_interface_where_there_is_none():
    for x in (ctorch.ones(1, requires_grad=True), ctorch.ones(1, dtype=ctorch.bfloat16)):
        assert not hasattr(x, "__array_interface__")
    assert ctorch.ones(1).__array_priority__ == 1000


def test_bfloat16(monkeypatch):
    x = ctorch.tensor([1.0, 2.5], dtype=ctorch.bfloat16)
    with pytest.raises(TypeError, match="Got unsupported ScalarType BFloat16"):
        x.numpy()
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with pytest.raises(TypeError, match="ml_dtypes"):
        np.asarray(x)
    monkeypatch.undo()
    ml_dtypes = pytest.importorskip("ml_dtypes")
    array = np.asarray(x)
    assert array.dtype == ml_dtypes.bfloat16 and array.astype(float).tolist() == [1, 2.5]
    assert ctorch.from_numpy(array).dtype == ctorch.bfloat16
    assert np.asarray(x, dtype=np.float32).tolist() == [1, 2.5]
