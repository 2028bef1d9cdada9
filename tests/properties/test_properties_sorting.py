"""Sorting, selection by rank and search: random calls against PyTorch and NumPy."""

import numpy as np
import pytest
from calls import FLOATS, INTS, KEEPING, WIDE, Call, Cases, T, filled, same, shapes, tensors
from hypothesis import strategies as st

cases = Cases()
REAL = (*FLOATS, *INTS, "bool")
dims = st.integers(-4, 3)
flags = st.booleans()
kinds = ("normal", "extreme", "ties", "ties")


def forms(*names):
    return st.sampled_from(names)


def chosen(distinct):
    """Compares values, and asserts that the places given show them; of equal elements any may be named."""

    def compare(call, ours, theirs):
        values, indices = ours.result
        dim = call.kwargs.get("dim", -1)
        x = ours.memory[0][1]
        assert values[0] == theirs.result[0][0] and indices[0] == theirs.result[1][0]
        np.testing.assert_array_equal(values[1], theirs.result[0][1])
        assert indices[1].shape == theirs.result[1][1].shape
        kept = call.kwargs.get("keepdim", True)
        if x.ndim:
            place = indices[1] if kept else np.expand_dims(indices[1], dim)
            shown = np.take_along_axis(x, place, dim)
            np.testing.assert_array_equal(shown if kept else np.squeeze(shown, dim), values[1])
            if distinct:
                ordered = np.sort(place, dim)
                assert not (np.diff(ordered, axis=dim) == 0).any(), "one place twice"

    return compare


@cases.add("sort", "sort _sort _sort_values")
def sort(draw):
    x = draw(tensors(dtypes=REAL + ("complex64",), kinds=kinds))
    kwargs = {"dim": draw(dims), "descending": draw(flags)}
    if stable := draw(flags):
        kwargs["stable"] = True
    return Call(
        "sort",
        [x],
        kwargs,
        draw(forms("function", "method", "out")),
        exact=stable,
        compare=None if stable else chosen(True),
    )


@cases.add("sort gradients", "sort")
def sort_gradients(draw):
    x = draw(tensors(dtypes=WIDE, kinds=("normal",), layouts=KEEPING))
    return Call("sort", [x], {"dim": draw(dims), "descending": draw(flags)}, grad=(0,))


@cases.add("argsort", "argsort")
def argsort(draw):
    x = draw(tensors(dtypes=REAL, kinds=kinds))
    return Call(
        "argsort",
        [x],
        {"dim": draw(dims), "descending": draw(flags), "stable": True},
        draw(forms("function", "method")),
        exact=True,
    )


@cases.add("msort", "msort")
def msort(draw):
    x = draw(tensors(dtypes=REAL, kinds=kinds))
    return Call(
        "msort",
        [x],
        {},
        draw(forms("function", "method", "out")),
        exact=True,
        numpy=lambda a: np.sort(a, 0) if a.ndim else None,
    )


@cases.add("topk", "topk _topk")
def topk(draw):
    x = draw(tensors(dtypes=REAL, kinds=kinds))
    return Call(
        "topk",
        [x, draw(st.integers(-1, 5))],
        {"dim": draw(dims), "largest": draw(flags), "sorted": True},
        draw(forms("function", "method", "out")),
        compare=chosen(True),
    )


@cases.add("topk gradients", "topk")
def topk_gradients(draw):
    x = draw(tensors(dtypes=WIDE, kinds=("normal",), layouts=KEEPING))
    return Call("topk", [x, draw(st.integers(0, 3))], {"dim": draw(dims), "largest": draw(flags)}, grad=(0,))


@cases.add("kthvalue", "kthvalue _kthvalue")
def kthvalue(draw):
    x = draw(tensors(dtypes=REAL, kinds=kinds))
    return Call(
        "kthvalue",
        [x, draw(st.integers(0, 5))],
        {"dim": draw(dims), "keepdim": draw(flags)},
        draw(forms("function", "method", "out")),
        compare=chosen(False),
    )


@cases.add("median", "median nanmedian _median _median_of_all")
def median(draw):
    name = draw(forms("median", "nanmedian"))
    x = draw(tensors(dtypes=REAL, kinds=kinds, layouts=KEEPING))  # of others PyTorch reads other memory
    if draw(flags):
        return Call(name, [x], {}, draw(forms("function", "method")), exact=True)
    return Call(
        name,
        [x],
        {"dim": draw(dims), "keepdim": draw(flags)},
        draw(forms("function", "method", "out")),
        compare=chosen(False),
    )


@cases.add("median gradients", "median nanmedian kthvalue mode")
def median_gradients(draw):
    x = draw(tensors(dtypes=WIDE, kinds=("normal",), layouts=KEEPING))
    name = draw(forms("median", "nanmedian", "kthvalue", "mode"))
    rank = [1] if name == "kthvalue" else []
    return Call(name, [x, *rank], {"dim": draw(dims), "keepdim": draw(flags)}, grad=(0,))


def _most_frequent(line):
    # NaN is larger than all others, and equal to nothing
    values, counts = np.unique(line[~np.isnan(line)], return_counts=True)
    return values[counts.argmax()] if values.size else np.nan


def _modes(call, ours, theirs):
    # PyTorch sorts by <, which leaves a line in no order where NaN is in it
    x, dtype = ours.memory[0][1], ours.result[0][0]
    if x.ndim and np.isnan(x).any():
        dim, other = call.kwargs["dim"], theirs.result[0][1]
        want = np.apply_along_axis(_most_frequent, dim, x)
        lines = np.isnan(x).any(dim)
        if call.kwargs["keepdim"]:
            want, lines = np.expand_dims(want, dim), np.expand_dims(lines, dim)
        theirs.result[0] = (dtype, np.where(lines, want, other).astype(other.dtype))
    chosen(False)(call, ours, theirs)


@cases.add("mode", "mode _mode")
def mode(draw):
    x = draw(tensors(dtypes=REAL, kinds=("ties", "normal", "extreme")))
    return Call(
        "mode",
        [x],
        {"dim": draw(dims), "keepdim": draw(flags)},
        draw(forms("function", "method", "out")),
        compare=_modes,
    )


@cases.add("quantile", "quantile nanquantile")
def quantile(draw):
    name = draw(forms("quantile", "nanquantile"))
    x = draw(
        tensors(
            dtypes=("float32", "float64", "float32", "float64", "float16", "int64"), kinds=("normal", "ties", "odd")
        )
    )
    kwargs = {"interpolation": draw(forms("linear", "lower", "higher", "midpoint", "nearest", "other"))}
    several = st.lists(st.floats(0, 1), max_size=3).map(
        lambda v: T(np.array(v, "float32" if x.dtype == "float32" else "float64"))
    )
    q = draw(st.one_of(st.floats(-0.1, 1.1), st.sampled_from([0.0, 1.0, 0.5]), several))
    if draw(flags):
        kwargs |= {"dim": draw(dims), "keepdim": draw(flags)}
    return Call(name, [x, q], kwargs, draw(forms("function", "method", "out")), rtol=1e-5)


def _places_of_several_nan(call, ours, theirs):
    # every NaN is one of its own, and PyTorch's sort leaves them in any order
    if not isinstance(ours.result, list):
        return same(ours.result, theirs.result, call)
    x, (mine, *more), (other, *others) = ours.memory[0][1], ours.result, theirs.result
    same(mine, other, call)
    if call.kwargs["return_counts"]:
        same(more[-1], others[-1], call)
    if call.kwargs["return_inverse"]:
        (dtype, places), (_, wanted) = more[0], others[0]
        assert dtype == "int64" and places.shape == wanted.shape
        np.testing.assert_array_equal(mine[1][places], x)
        np.testing.assert_array_equal(places[~np.isnan(x)], wanted[~np.isnan(x)])
        assert len(set(places[np.isnan(x)].tolist())) == np.isnan(x).sum()


def _slices_with_nan(call, ours, theirs):
    # PyTorch compares slices by <, which leaves them in no order where NaN is in one; NaN is larger than all others
    x, dim, alone = ours.memory[0][1], call.kwargs["dim"], not isinstance(ours.result, list)
    (dtype, values), *more = [ours.result] if alone else ours.result
    assert dtype == (theirs.result if alone else theirs.result[0])[0]
    given, found = (np.moveaxis(a, dim, 0).reshape(a.shape[dim], -1) for a in (x, values))
    with_nan, kept = np.isnan(given).any(1), ~np.isnan(found).any(1)
    np.testing.assert_array_equal(found[kept], np.unique(given[~with_nan], axis=0))
    assert (~kept).sum() == with_nan.sum()
    if call.kwargs["return_inverse"]:
        np.testing.assert_array_equal(found[more[0][1]], given)
    if call.kwargs["return_counts"]:
        assert more[-1][1].sum() == len(given) and (more[-1][1][~kept] == 1).all()


@cases.add("unique", "unique _unique")
def unique(draw):
    x = draw(tensors(dtypes=REAL, kinds=("ties", "extreme")))
    kwargs = {"return_inverse": draw(flags), "return_counts": draw(flags)}
    if draw(flags):
        kwargs["dim"] = draw(dims)
    compare = None
    if np.isnan(x.values).any():
        compare = _places_of_several_nan if "dim" not in kwargs else _slices_with_nan if x.values.ndim else None
    return Call("unique", [x], kwargs, draw(forms("function", "method")), exact=True, compare=compare)


@cases.add("unique_consecutive", "unique_consecutive")
def unique_consecutive(draw):
    x = draw(tensors(dtypes=REAL, kinds=("ties", "extreme")))
    kwargs = {"return_inverse": draw(flags), "return_counts": draw(flags)}
    if draw(flags):
        kwargs["dim"] = draw(dims)
    return Call("unique_consecutive", [x], kwargs, draw(forms("function", "method")), exact=True)


@cases.add("isin", "isin")
def isin(draw):
    dtype = draw(st.sampled_from(REAL))
    x = draw(tensors(dtypes=(dtype,), kinds=("ties", "extreme")))
    other = draw(tensors(dtypes=(dtype, dtype, draw(st.sampled_from(REAL))), kinds=("ties", "extreme")))
    pair = draw(st.sampled_from([[x, other], [x, 1], [1, other], [x, other]]))
    return Call("isin", pair, {"invert": draw(flags)}, draw(forms("function", "out")), exact=True)


def _rows_in_order(rng, shape, dtype):
    return np.sort(filled(rng, shape, dtype, "ties" if rng.random() < 0.5 else "normal"), axis=-1)


@cases.add("searchsorted", "searchsorted _searchsorted")
def searchsorted(draw):
    dtype = draw(st.sampled_from((*FLOATS[:3], *INTS)))
    lead = draw(shapes(0, 2, 1))
    shared = draw(flags)
    rows = draw(
        tensors(
            (draw(st.integers(0, 6)),) if shared else (*lead, draw(st.integers(0, 6))),
            (dtype,),
            layouts=KEEPING,
            values=_rows_in_order,
        )
    )
    x = draw(tensors((*lead, draw(st.integers(0, 4))), (dtype, dtype, "float32"), kinds=("normal", "ties", "odd")))
    kwargs = {"right": draw(flags), "out_int32": draw(flags)}
    if draw(flags):
        kwargs["side"] = draw(forms("left", "right", "other"))
    if draw(st.integers(0, 3)) == 0:
        x = draw(st.sampled_from([1, 0.5]))
    if draw(st.integers(0, 4)) == 0:
        kwargs["sorter"] = T(np.argsort(rows.values, -1, kind="stable"))
    numpy = None
    if isinstance(x, T) and shared and x.dtype == dtype and "side" not in kwargs and "sorter" not in kwargs:

        def numpy(a, v, right, out_int32):
            return np.searchsorted(a, v, "right" if right else "left")

    return Call("searchsorted", [rows, x], kwargs, draw(forms("function", "out")), exact=True, numpy=numpy)


@cases.add("bucketize", "bucketize")
def bucketize(draw):
    dtype = draw(st.sampled_from((*FLOATS[:3], *INTS)))
    rows = draw(tensors((draw(st.integers(0, 6)),), (dtype,), layouts=KEEPING, values=_rows_in_order))
    x = draw(st.one_of(tensors(dtypes=(dtype,), kinds=("normal", "ties", "odd")), st.sampled_from([1, 0.5])))
    return Call(
        "bucketize",
        [x, rows],
        {"right": draw(flags), "out_int32": draw(flags)},
        draw(forms("function", "out")) if isinstance(x, T) else "function",
        exact=True,
    )


@cases.add("aminmax", "aminmax _extent")
def aminmax(draw):
    x = draw(tensors(dtypes=REAL, kinds=kinds))
    kwargs = {"dim": draw(dims), "keepdim": draw(flags)} if draw(flags) else {}
    return Call(
        "aminmax",
        [x],
        kwargs,
        draw(forms("function", "method", "out")),
        exact=True,
        numpy=(lambda a: (a.min(), a.max()) if a.size and not np.isnan(a).any() else None) if not kwargs else None,
    )


ROWS_DRIVEN = cases.rows


@pytest.mark.parametrize("name", cases)
def test_sorting(name):
    cases.drive(name)
