"""Every elementwise row on drawn operands: functions, methods, in-place forms, out=, numbers and mixed dtypes."""
import elementwise_cases
import numpy as np
import pytest
import tally
from comparison import (
    EXACT,
    NO_KERNEL,
    Tolerance,
    agree,
    array_of,
    better,
    catches,
    compare,
    compare_arrays,
    name_of,
    outcome,
    quietly,
    resolve,
)
from elementwise_cases import NUMBERS, cases_of
from excuses import excused
from hypothesis import given
from hypothesis import strategies as st
from strategies import (
    DTYPES,
    FLOATS,
    LAYOUTS,
    MANTISSA,
    WRITABLE,
    Operand,
    broadcastable,
    examples,
    operands,
    rounded,
    shapes,
    takes,
    torch,
)

import ctorch

ROWS_DRIVEN = set(elementwise_cases.DRIVEN)
needs_torch = pytest.mark.skipif(torch is None, reason="needs PyTorch")


@st.composite
def calls(draw, name, layouts=LAYOUTS, numbers=True):
    """A case of the row, its operands (some of them numbers) and its keyword arguments."""
    case = draw(st.sampled_from(cases_of(name)))
    many = case.dtypes if draw(st.integers(0, 5)) == 0 else [d for d in case.dtypes if d in DTYPES]
    common = draw(st.sampled_from(many))
    mixed = draw(st.booleans())
    items = []
    for k, shape in enumerate(draw(broadcastable(case.operands))):
        dtype = draw(st.sampled_from(many)) if mixed and k else common
        if k == 0 and case.first == "bool":
            dtype = "bool"
        items.append(draw(operands(shape, dtype, layouts if k == 0 else LAYOUTS, pool=case.pools.get(k))))
    if numbers and case.operands > 1 and draw(st.integers(0, 2)) == 0:
        places = [0] if draw(st.integers(0, 4)) == 0 else range(1, case.operands) if case.together else [
            draw(st.integers(1, case.operands - 1))]
        for k in places:
            items[k] = draw(st.sampled_from(case.pools[k]) if k in case.pools else NUMBERS)
    params = {k: draw(s) for k, s in case.params.items() if draw(st.integers(0, 2))}
    lead = () if case.lead is None else (draw(case.lead),)
    return case, items, lead, params


DIVIDES = ("div", "floor_divide", "remainder", "fmod")


def tame(case, items, params):
    """The smallest integers replaced by the next, where PyTorch has no right answer.

    It divides them by -1 without a check, which ends the process, and gives common divisors of them a sign.
    """
    for k, x in enumerate(items):
        if isinstance(x, float) and 0 < abs(x) < 1e-44:
            items[k] = 2.0 ** -10             # which of the numbers beside it that is, differs by dtype
        if case.path in DIVIDES and isinstance(x, Operand) and not x.shape and x.flat.dtype.kind in "iu":
            x.flat %= 100                     # PyTorch wraps a number to the dtype of a tensor
    if params.get("rounding_mode") != "trunc" and case.path not in ("gcd", "lcm"):
        return
    for x in items:
        if isinstance(x, Operand) and x.flat.dtype.kind == "i":
            x.flat[x.flat == np.iinfo(x.flat.dtype).min] += 1


def function_of(case, lead, params, form="function"):
    if form == "function":
        return lambda m, *xs: resolve(m, case.path)(*lead, *xs, **params)
    return lambda m, x, *xs: getattr(x, case.name)(*lead, *xs, **params)


def excuse_of(items):
    """Where PyTorch's signature wants a tensor, ctorch takes a number too, as the array standard has it."""
    numbers = [type(x).__name__ for x in items if not isinstance(x, Operand)]

    def excuse(error):
        if isinstance(error, TypeError) and any(name in str(error) for name in numbers):
            return "a number may stand for a tensor, as in the array standard"
        return excused(error)
    return excuse


def scale_of(case, items, params):
    """The size of what cancels in the row's sums."""
    if case.scale is None:
        return None
    arrays = [np.array(x.array if isinstance(x, Operand) else x) for x in items]
    wide = [a.astype("complex128" if a.dtype.kind == "c" else "float64") for a in arrays]
    return lambda: quietly(case.scale, *wide, **params)


@needs_torch
@pytest.mark.parametrize("row", elementwise_cases.DRIVEN)
@given(data=st.data())
@examples(20)
def test_functions_and_methods(row, data):
    case, items, lead, params = data.draw(calls(row))
    tame(case, items, params)
    method = hasattr(torch.Tensor, case.name) and isinstance(items[0], Operand) and data.draw(st.booleans())
    agree(row, function_of(case, lead, params, "method" if method else "function"), *items,
          tolerance=tolerance_of(case, items), wider=True, scale=scale_of(case, items, params), excuse=excuse_of(items),
          refine=refine_of(case, lead, params))


def tolerance_of(case, items):
    """The row's; of ldexp by an exponent that is not whole, of the power of two in the exponent's dtype."""
    if case.path != "ldexp" or not isinstance(items[1], Operand):
        return case.tolerance
    digits = MANTISSA.get({"complex64": "float32"}.get(items[1].dtype, items[1].dtype), 52)
    return Tolerance({k: n << max(MANTISSA[k] - digits, 0) for k, n in case.tolerance.ulps.items()}, parts=False)


def refine_of(case, lead, params, skip=0):
    """The better reference: a function of double arrays, or PyTorch's own in double; it may `skip` an out= ahead."""
    return (lambda *xs: case.precise(*lead, *xs[skip:], **params)) if case.precise else True


def written(memory, x, ours):
    """Memory holds the result where the operand lies, and what it held before everywhere else."""
    expected = Operand(x.dtype, x.flat.copy(), x.shape, x.strides, x.offset, x.layout)
    expected.array[...] = array_of(ours)
    flat = rounded(expected.flat, x.dtype) if x.dtype in FLOATS else expected.flat
    compare_arrays(array_of(memory), flat, x.dtype, EXACT, "memory")


INPLACE = [name for name in elementwise_cases.DRIVEN
           if any(resolve(ctorch, "Tensor." + case.name + "_") for case in cases_of(name))]


@needs_torch
@pytest.mark.parametrize("row", INPLACE)
@given(data=st.data())
@examples(8)
def test_in_place(row, data):
    """x.name_(...): values, memory around them, and errors of dtypes, shapes and expanded tensors."""
    case, items, lead, params = data.draw(calls(row, layouts=(*WRITABLE, "expanded")))
    name = case.name + "_"
    if not isinstance(items[0], Operand) or not all(resolve(m, "Tensor." + name) for m in (ctorch, torch)):
        return
    if case.path.startswith("special.polygamma"):
        lead = (max(lead[0], 0),)
    tame(case, items, params)
    if len(items) > 1 and data.draw(st.integers(0, 5)) == 0:
        items[1] = items[0]                   # the same values, read from the same memory
    theirs = given_items(torch, items)
    ours = given_items(ctorch, items)
    memory = ours[0]._base if ours[0]._base is not None else ours[0]
    excuse = excuse_of(items)
    want, their_error = outcome(lambda *xs: getattr(xs[0], name)(*lead, *xs[1:], **params), *theirs)
    got, error = outcome(lambda *xs: getattr(xs[0], name)(*lead, *xs[1:], **params), *ours)
    if their_error is not None:
        allowed = NO_KERNEL if isinstance(their_error, NotImplementedError) else excuse(their_error)
        assert error is not None or allowed, f"{name}: PyTorch raises {their_error!r:.300}, ctorch returns {got!r:.300}"
        assert error is None or allowed or catches(their_error, error), f"PyTorch raises {their_error!r}, not {error!r}"
        tally.count([row], tally.REFUSED if error is not None else allowed)
        return
    if items[0].expanded and "single memory location" in str(error) and np.array_equal(array_of(want), items[0].array):
        tally.count([row], "PyTorch allows an expanded tensor where nothing is written")
        return
    assert error is None, f"{name}: PyTorch returns {want!r:.300}, ctorch raises {error!r:.300}"
    assert got is ours[0]
    scale = scale_of(case, items, params)
    function = function_of(case, lead, params)
    compare(got, want, tolerance_of(case, items), name, better(function, items, refine_of(case, lead, params)), scale)
    written(memory, items[0], got)
    tally.count([row], tally.AGREED)


def given_items(module, items):
    """Tensors of the operands; the same operand is the same tensor."""
    made = {}
    for x in items:
        if id(x) not in made:
            made[id(x)] = x.to(module, strided=True) if isinstance(x, Operand) else x
    return [made[id(x)] for x in items]


WITH_OUT = [name for name in elementwise_cases.DRIVEN
            if torch is not None and any("out=None" in (resolve(torch, case.path).__doc__ or "")
                                         for case in cases_of(name))]


@needs_torch
@pytest.mark.parametrize("row", WITH_OUT)
@given(data=st.data())
@examples(8)
def test_out(row, data):
    """out= of the right and of other dtypes and shapes, of any layout, and that is an operand itself."""
    case, items, lead, params = data.draw(calls(row))
    tame(case, items, params)
    want, error = outcome(function_of(case, lead, params), torch, *given_items(torch, items))
    if error is not None or not hasattr(want, "dtype") or want.dtype == torch.complex32:
        return
    right = tuple(want.shape)
    dtype = name_of(want.dtype) if data.draw(st.integers(0, 2)) else data.draw(st.sampled_from(DTYPES))
    if not takes(dtype, name_of(want.dtype)):
        dtype = name_of(want.dtype)
    shape = right if data.draw(st.integers(0, 4)) else data.draw(shapes())
    layouts = (*WRITABLE, "expanded") if shape == right else ("contiguous",)
    itself = isinstance(items[0], Operand) and items[0].shape == right and not items[0].overlapping and data.draw(
        st.integers(0, 5)) == 0
    out = items[0] if itself else data.draw(operands(shape, dtype, layouts))

    def into(module, out, *xs):
        return resolve(module, case.path)(*lead, *(out if itself and k == 0 else x for k, x in enumerate(xs)), out=out,
                                          **params)
    better_one = refine_of(case, lead, params, skip=1) if case.precise else True
    agree(row, into, out, *items, tolerance=tolerance_of(case, items), wider=True, strided=True,
          refine=better_one, scale=scale_of(case, items, params), excuse=excuse_of(items))
