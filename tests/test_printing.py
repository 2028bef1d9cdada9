"""Text of tensors: literal expectations, and the same text as PyTorch for random tensors of every kind."""
import importlib
import math

import numpy as np
import pytest

import ctorch
from ctorch import _printing

DTYPES = ["float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "uint16",
          "uint32", "uint64", "bool", "complex64", "complex128"]
SHAPES = [(), (0,), (0, 3), (2, 0, 1), (1,), (5,), (40,), (1001,), (1, 1), (3, 4), (2, 30), (2, 3, 4),
          (50, 30), (7, 8, 40), (1, 2, 1, 3), (1200, 1), (1, 1200), (2, 2, 2, 2, 3), (8, 1, 9, 20)]


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def default_options():
    yield
    ctorch.set_printoptions(profile="default")


@pytest.mark.parametrize(("values", "text"), [
    (1.5, "tensor(1.5000)"),
    (7, "tensor(7)"),
    ([1.0, 2.0], "tensor([1., 2.])"),
    ([1.0, 2.5], "tensor([1.0000, 2.5000])"),
    ([1e-5, 1.0], "tensor([1.0000e-05, 1.0000e+00])"),
    ([math.nan, math.inf, -math.inf, 1.0], "tensor([nan, inf, -inf, 1.])"),
    ([0.0, -0.0], "tensor([0., -0.])"),
    ([True, False], "tensor([ True, False])"),
    ([[1, -20], [3, 4]], "tensor([[  1, -20],\n        [  3,   4]])"),
    ([1 + 2j, 1.5 - 3j], "tensor([1.0000+2.j, 1.5000-3.j])"),
    ([], "tensor([])"),
])
def test_literal(values, text):
    assert repr(ctorch.tensor(values)) == text


def test_suffixes():
    assert repr(ctorch.zeros(2, dtype=ctorch.float64)) == "tensor([0., 0.], dtype=torch.float64)"
    assert repr(ctorch.zeros(0, 3)) == "tensor([], size=(0, 3))"
    assert repr(ctorch.zeros(0, dtype=ctorch.int64)) == "tensor([], dtype=torch.int64)"
    assert repr(ctorch.zeros(1, requires_grad=True)) == "tensor([0.], requires_grad=True)"


def test_grad_fn():
    x = ctorch.ones(2, requires_grad=True)
    assert repr(x * 2) == "tensor([2., 2.], grad_fn=<MulBackward0>)"
    assert repr((x * 2).detach()) == "tensor([2., 2.])"


def test_default_dtype_decides_the_suffix():
    ctorch.set_default_dtype(ctorch.float64)
    try:
        assert repr(ctorch.ones(1)) == "tensor([1.])"
        assert repr(ctorch.ones(1, dtype=ctorch.float32)) == "tensor([1.], dtype=torch.float32)"
        assert repr(ctorch.ones(1, dtype=ctorch.complex128)) == "tensor([1.+0.j])"
    finally:
        ctorch.set_default_dtype(ctorch.float32)


def test_summary():
    assert repr(ctorch.arange(2000)) == "tensor([   0,    1,    2,  ..., 1997, 1998, 1999])"
    text = repr(ctorch.zeros(40, 40))
    assert text.startswith("tensor([[0., 0., 0.,  ..., 0., 0., 0.],\n        [0.,")
    assert "\n        ...,\n" in text


def test_large_tensor_is_not_read_whole():
    # takes minutes where all elements become Python objects
    assert repr(ctorch.zeros(1).expand(10**9)) == "tensor([0., 0., 0.,  ..., 0., 0., 0.])"


def test_options():
    x = ctorch.tensor([1.123456, 1000.5])
    ctorch.set_printoptions(precision=2)
    assert repr(x) == "tensor([   1.12, 1000.50])"
    ctorch.set_printoptions(sci_mode=True)
    assert repr(x) == "tensor([1.12e+00, 1.00e+03])"
    ctorch.set_printoptions(profile="short", threshold=3)
    assert repr(ctorch.arange(9)) == "tensor([0, 1,  ..., 7, 8])"
    with _printing.printoptions(profile="default"):
        assert repr(ctorch.arange(4)) == "tensor([0, 1, 2, 3])"
    assert _printing.get_printoptions()["threshold"] == 3


def test_subclass_and_parameter():
    class Own(ctorch.Tensor):
        pass

    assert repr(Own._make_subclass(Own, ctorch.ones(1))) == "Own([1.])"
    parameter = ctorch.nn.Parameter(ctorch.ones(2))
    assert repr(parameter) == "Parameter containing:\ntensor([1., 1.], requires_grad=True)"


# ---- against PyTorch

def random_values(rng, dtype, shape):
    """A NumPy array with what makes printing hard: wide ranges, whole numbers, zeros, nan and inf."""
    if dtype == "bool":
        return rng.random(shape) < 0.5
    if "int" in dtype:
        info = np.iinfo(dtype)
        low, high = (info.min, info.max) if rng.random() < 0.3 else (max(info.min, -100), 100)
        return rng.integers(low, high, shape, dtype=dtype, endpoint=True)
    if "complex" in dtype:
        part = dtype.replace("complex64", "float32").replace("complex128", "float64")
        out = np.empty(shape, dtype)
        out.real, out.imag = random_values(rng, part, shape), random_values(rng, part, shape)
        return out
    values = rng.standard_normal(shape) * 10.0 ** rng.integers(-9, 10)
    kind = rng.integers(5)
    if kind == 0:
        values = np.round(rng.standard_normal(shape) * 100)
    elif kind == 1:
        values = rng.standard_normal(shape) * 10.0 ** rng.integers(-6, 7, shape)
    elif kind == 2:
        values = rng.random(shape)
    if rng.random() < 0.4:
        special = rng.choice([0.0, -0.0, np.nan, np.inf, -np.inf], shape)
        values = np.where(rng.random(shape) < 0.3, special, values)
    with np.errstate(over="ignore"):
        return np.asarray(values).astype("float32" if dtype == "bfloat16" else dtype)


def pair(torch, rng, dtype, shape):
    values = np.asarray(random_values(rng, dtype, shape))
    ours, theirs = ctorch.from_numpy(values.copy()), torch.from_numpy(values.copy())
    return ours.to(getattr(ctorch, dtype)), theirs.to(getattr(torch, dtype))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_same_text_as_pytorch(torch, dtype, shape):
    rng = np.random.default_rng([DTYPES.index(dtype), SHAPES.index(shape)])
    for _ in range(3):
        ours, theirs = pair(torch, rng, dtype, shape)
        assert repr(ours) == repr(theirs)


@pytest.mark.parametrize("options", [
    {"precision": 0}, {"precision": 8}, {"threshold": 5}, {"threshold": 5, "edgeitems": 1},
    {"threshold": 5, "edgeitems": 0}, {"linewidth": 20}, {"linewidth": 200}, {"sci_mode": True},
    {"sci_mode": False}, {"profile": "short"}, {"profile": "full"},
    {"profile": "short", "precision": 6, "threshold": 10},
], ids=str)
def test_same_text_with_options(torch, options):
    rng = np.random.default_rng(5)
    ctorch.set_printoptions(**options)
    torch.set_printoptions(**options)
    try:
        for dtype in DTYPES:
            for shape in SHAPES:
                ours, theirs = pair(torch, rng, dtype, shape)
                assert repr(ours) == repr(theirs)
    finally:
        torch.set_printoptions(profile="default")


@pytest.mark.parametrize("length", range(1, 40))
def test_suffix_moves_to_its_own_line_where_pytorch_moves_it(torch, length):
    ours = ctorch.ones(length, dtype=ctorch.float64, requires_grad=True)
    theirs = torch.ones(length, dtype=torch.float64, requires_grad=True)
    assert repr(ours) == repr(theirs)


def test_noncontiguous(torch):
    values = np.arange(2400.0).reshape(40, 60)
    assert repr(ctorch.from_numpy(values).T) == repr(torch.from_numpy(values).T)
    assert repr(ctorch.from_numpy(values)[::2, ::3]) == repr(torch.from_numpy(values)[::2, ::3])


def test_public_names():
    assert ctorch.set_printoptions is importlib.import_module("ctorch._printing").set_printoptions
