"""The machinery of the property tests itself: layouts show the values that they say, comparisons find what differs."""
from dataclasses import replace
from types import SimpleNamespace

import comparison
import numpy as np
import pytest
import references
import scipy.special
import tally
from calls import Call, Outcome
from differences import gradient_of_the_same_size
from hypothesis import given
from hypothesis import strategies as st
from strategies import ALL_DTYPES, LAYOUTS, examples, operands, rounded, shapes, specials

import ctorch


@pytest.mark.parametrize("layout", LAYOUTS)
@given(data=st.data())
@examples(50)
def test_operands_are_what_they_say(layout, data):
    x = data.draw(operands(shapes(), st.sampled_from(ALL_DTYPES), layouts=(layout,)))
    y = x.ctorch()
    assert (tuple(y.shape), comparison.name_of(y.dtype)) == (x.shape, x.dtype)
    assert y.stride() == x.strides
    np.testing.assert_array_equal(comparison.array_of(y), x.array)
    if comparison.torch is not None:
        comparison.compare(y, x.torch(), comparison.EXACT)
        comparison.compare(y, x.torch(strided=True), comparison.EXACT)


def test_comparison_finds_differences():
    x = ctorch.tensor([1.0, 0.0, float("nan"), float("inf")])
    for other in ([1.0001, 0.0, np.nan, np.inf], [1.0, -0.0, np.nan, np.inf], [1.0, 0.0, 1.0, np.inf],
                  [1.0, 0.0, np.nan, -np.inf], [1.0, 0.0, np.nan, 3e38]):
        with pytest.raises(AssertionError):
            comparison.compare(x, ctorch.tensor(other))
    near = ctorch.tensor([1.0 + 3e-7, 0.0, float("nan"), float("inf")])
    comparison.compare(near, x)
    with pytest.raises(AssertionError):
        comparison.compare(near, x, comparison.EXACT)
    with pytest.raises(AssertionError):
        comparison.compare(x, x.double())


def test_bfloat16_rounds_to_even():
    x = np.array([1.00390625, 1.01171875, 3.4e38, -0.0, np.nan, np.inf, 9.2e-41], np.float32)
    want = ctorch.from_numpy(x).bfloat16().float().numpy()
    np.testing.assert_array_equal(rounded(x, "bfloat16"), want)


@pytest.mark.parametrize("dtype", ALL_DTYPES)
def test_extremes_survive(dtype):
    values = specials(dtype)
    assert values.size > 1
    np.testing.assert_array_equal(rounded(values, dtype) if dtype == "bfloat16" else values.astype(dtype), values)


def test_what_came_of_the_examples_is_added_up(tmp_path, monkeypatch):
    monkeypatch.setattr(tally, "LEDGER", str(tmp_path / "ledger"))
    entry = {"test": "tests/properties/test_properties_fft.py::a", "profile": "5", "seconds": 1.0,
             "kinds": {tally.AGREED: 3, "a reason": 2}, "rows": {"fft": 5}}
    tally.keep(entry)
    tally.keep(entry | {"test": entry["test"] + "b", "profile": "7"})
    assert tally.passed("5") == {entry["test"]: entry}
    _, part, total, _, reason = tally.summary(tally.passed("5").values())
    assert part.split() == ["fft", "1", "5", "3", "0", "2", "1"]
    assert total.split()[1:] == part.split()[1:] and reason.split() == ["2", "a", "reason"]


@pytest.mark.parametrize("name, function, near", [
    ("digamma", scipy.special.psi, (-0.4, -2.3)), ("i0", scipy.special.i0, (3.0, 695.0)),
    ("i1", scipy.special.i1, (-3.0, 695.0)), ("airy", lambda x: scipy.special.airy(x)[0], (1.5, -3.0, -101.0)),
])
def test_references_agree_where_others_are_right(name, function, near):
    x = np.array(near)
    np.testing.assert_allclose(getattr(references, name)(x), function(x), rtol=1e-12)


@pytest.mark.parametrize("name", ["j0", "j1", "y0", "y1"])
def test_series_of_bessel_functions_meet(name):
    function = references.bessel(name)
    sides = function(np.array([1e6 * (1 - 1e-15), 1e6, 29.0, 31.0]))
    np.testing.assert_allclose(sides[0], sides[1], rtol=1e-6)
    np.testing.assert_allclose(sides[2:], getattr(scipy.special, name)(np.array([29.0, 31.0])), rtol=1e-12)


def test_gradients_of_the_same_size():
    x = SimpleNamespace(values=np.array([[[[0.25, -0.26]]]]))
    call = Call("nn.functional.interpolate", [x], {"mode": "bicubic", "scale_factor": 1.3, "align_corners": False})
    tensor = ctorch.tensor(x.values, requires_grad=True)
    y = ctorch.nn.functional.interpolate(tensor, **call.kwargs)
    incoming = np.array([[[[0.96, 0.27]]]])
    y.backward(ctorch.tensor(incoming))
    found = ("Tensor", y.detach().numpy())
    ours, theirs = (Outcome(found, grads=[("Tensor", g)]) for g in (tensor.grad.numpy(), incoming))
    assert gradient_of_the_same_size(call, ours, theirs)
    wrong = replace(ours, grads=[("Tensor", incoming + 0.1)])
    assert not gradient_of_the_same_size(call, wrong, theirs)
