"""assert_close agrees with PyTorch's on what is close and how to say it; make_tensor stays in range."""
import math

import numpy as np
import pytest

import ctorch
from ctorch.testing import assert_close, make_tensor

NAN, INF = math.nan, math.inf


def t(library, values, dtype=None):
    return library.tensor(values, dtype=dtype and getattr(library, dtype))


# functions of the library, so that the same case runs with PyTorch
CASES = {
    "equal": lambda m: (t(m, [1.0, 2.0]), t(m, [1.0, 2.0])),
    "within": lambda m: (t(m, [1.0, 2.0]), t(m, [1.0, 2.000001])),
    "values": lambda m: (t(m, [1.0, 2.0, 3.0]), t(m, [1.0, 2.5, 3.1])),
    "matrix": lambda m: (t(m, [[1.0, 2.0], [3.0, 4.0]]), t(m, [[1.0, 2.0], [3.0, 5.0]])),
    "0-d": lambda m: (t(m, 1.0), t(m, 2.0)),
    "integers": lambda m: (t(m, [1, 2]), t(m, [1, 3])),
    "far integers": lambda m: (t(m, [0]), t(m, [2**62])),
    "unsigned": lambda m: (t(m, [0, 255], "uint8"), t(m, [255, 255], "uint8")),
    "booleans": lambda m: (t(m, [True, False]), t(m, [True, True])),
    "complex": lambda m: (t(m, [1 + 2j]), t(m, [1 + 2.1j])),
    "half": lambda m: (t(m, [1.0, 2.0], "float16"), t(m, [1.0, 2.01], "float16")),
    "bfloat16": lambda m: (t(m, [1.0, 2.0625], "bfloat16"), t(m, [1.0, 2.0], "bfloat16")),
    "double": lambda m: (t(m, [1.0], "float64"), t(m, [1.000001], "float64")),
    "dtype": lambda m: (t(m, [1.0]), t(m, [1.0], "float64")),
    "shape": lambda m: (t(m, [1.0, 2.0]), t(m, [[1.0, 2.0]])),
    "nan": lambda m: (t(m, [1.0, NAN]), t(m, [1.0, NAN])),
    "inf": lambda m: (t(m, [INF, 1.0]), t(m, [INF, 1.0])),
    "inf and finite": lambda m: (t(m, [INF, 1.0]), t(m, [1.0, INF])),
    "expected zero": lambda m: (t(m, [1.0, 2.0]), t(m, [1.0, 0.0])),
    "empty": lambda m: (t(m, []), t(m, [])),
    "floats": lambda m: (1.0, 2.0),
    "ints": lambda m: (1, 2),
    "complexes": lambda m: (1j, 2j),
    "bools": lambda m: (True, False),
    "types of numbers": lambda m: (1, 2.0),
    "nan numbers": lambda m: (NAN, NAN),
    "arrays": lambda m: (np.ones(2), np.zeros(2)),
    "nested": lambda m: ({"a": [t(m, [1.0, 2.0]), 1]}, {"a": [t(m, [1.0, 3.0]), 1]}),
    "nested numbers": lambda m: ([1, [2, 3]], [1, [2, 4]]),
    "keys": lambda m: ({"a": 1}, {"b": 1}),
    "lengths": lambda m: ([1], [1, 2]),
    "tuple and list": lambda m: ((t(m, [1.0]),), [t(m, [1.0])]),
    "tensor and list": lambda m: (t(m, [1.0]), [1.0]),
    "tensor and number": lambda m: (t(m, 1.0), 1.0),
    "strings": lambda m: ("a", "a"),
    "none": lambda m: (None, None),
}
OPTIONS = [{}, {"rtol": 0, "atol": 0}, {"rtol": 0.1, "atol": 0.1}, {"equal_nan": True},
           {"check_dtype": False}]


def outcome(function, arguments, options):
    try:
        return function(*arguments, **options)
    except (AssertionError, TypeError, ValueError) as error:
        text = str(error).replace("ctorch._core.Tensor", "torch.Tensor")
        return type(error), text


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("case", CASES)
def test_same_outcome_as_pytorch(case, options):
    torch = pytest.importorskip("torch")
    theirs = outcome(torch.testing.assert_close, CASES[case](torch), options)
    assert outcome(assert_close, CASES[case](ctorch), options) == theirs


def test_message():
    with pytest.raises(AssertionError) as report:
        assert_close([ctorch.tensor([1.0, 2.0])], [ctorch.tensor([1.0, 4.0])])
    assert str(report.value) == (
        "Tensor-likes are not close!\n\nMismatched elements: 1 / 2 (50.0%)\n"
        "Greatest absolute difference: 2.0 at index (1,) (up to 1e-05 allowed)\n"
        "Greatest relative difference: 0.5 at index (1,) (up to 1.3e-06 allowed)\n\n"
        "The failure occurred for item [0]")


def test_own_message():
    with pytest.raises(AssertionError, match=r"^mine$"):
        assert_close(1, 2, msg="mine")
    with pytest.raises(AssertionError, match=r"^mine: Scalars are not equal"):
        assert_close(1, 2, msg=lambda usual: "mine: " + usual)


def test_tolerances_come_in_pairs():
    with pytest.raises(ValueError, match="Both 'rtol' and 'atol' must be either specified or omitted"):
        assert_close(1, 1, rtol=1)


def test_strides():
    x = ctorch.ones(2, 2)
    assert_close(x, x.t())
    with pytest.raises(AssertionError, match=r"attribute 'stride\(\)'"):
        assert_close(x, x.t(), check_stride=True)


def test_subclasses():
    parameter = ctorch.nn.Parameter(ctorch.ones(2))
    assert_close(parameter, ctorch.ones(2))
    with pytest.raises(TypeError, match="No comparison pair"):
        assert_close(parameter, ctorch.ones(2), allow_subclasses=False)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "complex64", "complex128",
                                   "int8", "int64", "uint8", "bool"])
def test_make_tensor(dtype):
    dtype = getattr(ctorch, dtype)
    x = make_tensor(40, 50, dtype=dtype)
    assert x.dtype == dtype and x.shape == (40, 50)
    values = np.asarray(x.tolist())
    if x.is_complex():
        values = np.stack([values.real, values.imag])
    assert values.min() >= (0 if dtype in (ctorch.uint8, ctorch.bool) else -9) and values.max() <= 9
    assert len(np.unique(values)) > 1
    assert not make_tensor((3, 4), dtype=dtype, noncontiguous=True).is_contiguous()
    assert make_tensor((), dtype=dtype).shape == ()


def test_make_tensor_options():
    x = make_tensor(1000, dtype=ctorch.float32, low=2, high=3, requires_grad=True)
    assert x.requires_grad and x.is_leaf and min(x.tolist()) >= 2 and max(x.tolist()) <= 3
    assert set(make_tensor(1000, dtype=ctorch.int64, low=-1, high=2, exclude_zero=True).tolist()) == {-1, 1}
    wide = make_tensor(100, dtype=ctorch.float64, low=-1e308, high=1e308).tolist()
    assert all(math.isfinite(v) for v in wide)


def test_make_tensor_refuses():
    with pytest.raises(ValueError, match="`low` must be less than `high`, but got 3 >= 1"):
        make_tensor(3, dtype=ctorch.float32, low=3, high=1)
    with pytest.raises(ValueError, match="only supports"):
        make_tensor(3, dtype=ctorch.int8, low=1000, high=2000)
    with pytest.raises(ValueError, match="`requires_grad=True` is not supported"):
        make_tensor(3, dtype=ctorch.bool, requires_grad=True)
    with pytest.raises(ValueError, match="cannot be NaN"):
        make_tensor(3, dtype=ctorch.float32, low=NAN)
