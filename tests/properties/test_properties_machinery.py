"""The machinery of the property tests itself: layouts show the values that they say, comparisons find what differs."""
import comparison
import numpy as np
import pytest
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
