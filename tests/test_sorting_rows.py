"""Many short rows, sorted and selected from together, along any dimension, beside each row by itself."""

import mirror
import numpy as np
import pytest
from test_sorting import DTYPES, numbers, ordered

import ctorch

LENGTHS = [1, 2, 3, 7, 16, 23, 24, 25, 40]
SELECTED = [d for d in DTYPES if d not in ("bool", "uint16", "uint32", "uint64")]


def rows_of(dtype, n, seed=0):
    """39 rows, more than two groups of sixteen: beside random ones those of few values, of one and of NaN."""
    x = numbers(dtype, 39 * n, seed).reshape(39, n)
    x[1::3] = numbers("bool", 13 * n, seed).reshape(13, n).astype(dtype)
    x[5] = x[5, 0]
    if np.dtype(dtype).kind == "f":
        x[8] = np.nan
        x[11, -1:] = np.nan
    return x


def laid(x):
    """The rows along the last dimension, the first, and one between."""
    yield ctorch.from_numpy(x), -1, lambda y: y.numpy()
    yield ctorch.from_numpy(x.T.copy()), 0, lambda y: y.numpy().T
    between = x.reshape(3, 13, -1).transpose(0, 2, 1).copy()
    yield ctorch.from_numpy(between), 1, lambda y: y.numpy().transpose(0, 2, 1).reshape(39, -1)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", LENGTHS)
def test_sort(dtype, n):
    x = rows_of(dtype, n)
    for descending in (False, True):
        places = np.stack([ordered(row, descending) for row in x])
        for t, dim, rows in laid(x):
            values, indices = t.sort(dim, descending)
            np.testing.assert_array_equal(rows(indices), places)
            assert rows(values).tobytes() == np.take_along_axis(x, places, -1).tobytes()


@pytest.mark.parametrize("dtype", SELECTED)
@pytest.mark.parametrize("n", LENGTHS)
def test_elements_by_rank(dtype, n):
    x = rows_of(dtype, n, 1)
    places = np.stack([ordered(row) for row in x])
    for t, dim, rows in laid(x):
        for k in {1, 2, n // 2 + 1, n} & {*range(1, n + 1)}:
            values, indices = t.kthvalue(k, dim, keepdim=True)
            np.testing.assert_array_equal(rows(indices), places[:, k - 1:k])
            np.testing.assert_array_equal(rows(values), np.take_along_axis(x, places[:, k - 1:k], -1))
        for skip, median in ((False, ctorch.median), (True, ctorch.nanmedian)):
            values, indices = median(t, dim, keepdim=True)
            for row, order, value, index in zip(x, places, rows(values), rows(indices)):
                nans = int(np.isnan(row).sum()) if row.dtype.kind == "f" else 0
                rank = n - nans if nans == n or (nans and not skip) else (n - 1 - nans) // 2
                assert index[0] == order[rank]
                np.testing.assert_array_equal(value[0], row[order[rank]])


@pytest.mark.parametrize("dtype", [d for d in DTYPES if d != "bool"])
@pytest.mark.parametrize("n", LENGTHS)
def test_first_of_rows(dtype, n):
    x = rows_of(dtype, n, 2)
    for largest in (True, False):
        places = np.stack([ordered(row, largest) for row in x])
        for t, dim, rows in laid(x):
            for k in {0, 1, 2, n // 2, n} & {*range(n + 1)}:
                values, indices = t.topk(k, dim, largest)
                np.testing.assert_array_equal(rows(values), np.take_along_axis(x, places[:, :k], -1))
                np.testing.assert_array_equal(np.take_along_axis(x, rows(indices), -1), rows(values))
                assert all(len({*row}) == k for row in rows(indices).tolist())


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int64", "float16", "float32", "float64"])
@pytest.mark.parametrize("n", [2, 5, 24])
def test_pytorch_chooses_among_equals(dtype, n):
    x = rows_of(dtype, n, 3)

    def first(m, k, largest, in_order):
        t = m.tensor(x.astype(float if x.dtype.kind == "f" else int).tolist(), dtype=getattr(m, dtype))
        return t.topk(k, -1, largest, in_order)

    for k in {1, 2, n // 2, n}:
        for largest in (True, False):
            mirror.check(lambda m: first(m, k, largest, True))  # noqa: B023
            mirror.check(lambda m: first(m, k, largest, False))  # noqa: B023
