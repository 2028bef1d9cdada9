"""Sorting, selection and search against NumPy, and PyTorch through the mirror."""
import mirror
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ctorch

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "float16", "float32",
          "float64"]
SIZES = [0, 1, 2, 24, 25, 63, 64, 300, 5000, 20000]


def numbers(dtype, n, seed=0):
    """Extreme values, ties, zeros of both signs, NaN."""
    rng = np.random.default_rng(seed)
    if dtype == "bool":
        return rng.integers(0, 2, n).astype(bool)
    if dtype.startswith("float"):
        x = rng.standard_normal(n).astype(dtype)
        for value, share in ((np.nan, .03), (0.0, .1), (-0.0, .1), (np.inf, .02), (-np.inf, .02), (1.5, .1)):
            x[rng.random(n) < share] = value
        return x
    info = np.iinfo(dtype)
    x = rng.integers(info.min, info.max, n, dtype=dtype, endpoint=True)
    x[rng.random(n) < .3] //= 7
    x[rng.random(n) < .1] = info.max
    return x


def ordered(x, descending=False):
    """Places of a stable sort with NaN above everything."""
    key = x.astype(object)
    if x.dtype.kind == "f":
        key = [(1, 0) if np.isnan(v) else (0, v) for v in x]
    order = sorted(range(len(x)), key=lambda i: key[i], reverse=descending)      # stable both ways
    return np.array(order, dtype=np.int64)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
def test_sort_is_stable(dtype, n):
    x = numbers(dtype, n)
    for descending in (False, True):
        places = ordered(x, descending)
        values, indices = ctorch.from_numpy(x.copy()).sort(descending=descending)
        np.testing.assert_array_equal(indices.numpy(), places)
        assert values.numpy().tobytes() == x[places].tobytes()          # zeros keep their signs


@pytest.mark.parametrize("dtype", [d for d in DTYPES if d != "bool"])
@pytest.mark.parametrize("n", SIZES[1:])
def test_selection(dtype, n):
    x = numbers(dtype, n, 1)
    for largest in (True, False):
        places = ordered(x, largest)
        for k in {0, 1, n // 100, n // 3, n}:
            values, indices = ctorch.from_numpy(x.copy()).topk(k, largest=largest)
            np.testing.assert_array_equal(values.numpy(), x[places[:k]])
            np.testing.assert_array_equal(x[indices.numpy()], x[places[:k]])
            assert len(set(indices.tolist())) == k
            loose = ctorch.from_numpy(x.copy()).topk(k, largest=largest, sorted=False)[0].numpy()
            # NumPy's quick sort of float16 may leave zeros of both signs and their neighbours out of order
            np.testing.assert_array_equal(np.sort(loose, kind="stable"), np.sort(x[places[:k]], kind="stable"))
            if k and not largest and dtype not in ("uint16", "uint32", "uint64"):
                value, index = ctorch.from_numpy(x.copy()).kthvalue(k)
                np.testing.assert_array_equal(value.numpy(), x[places[k - 1]])
                np.testing.assert_array_equal(x[index.item()], x[places[k - 1]])


@settings(max_examples=60)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=4), st.integers(-4, 3), st.integers(0, 1000),
       st.sampled_from(["int64", "int8", "float32", "float64"]), st.booleans(), st.booleans())
def test_any_shape(shape, dim, seed, dtype, flipped, descending):
    rng = np.random.default_rng(seed)
    x = rng.integers(-3, 4, shape).astype(dtype)
    t = ctorch.from_numpy(x.copy())
    if flipped:
        x, t = x.T, t.permute(*reversed(range(len(shape))))
    if not -x.ndim <= dim < x.ndim:
        with pytest.raises(IndexError):
            t.sort(dim)
        return
    places = np.argsort(-x if descending else x, axis=dim, kind="stable")
    values, indices = t.sort(dim, descending)
    np.testing.assert_array_equal(indices.numpy(), places)
    np.testing.assert_array_equal(values.numpy(), np.take_along_axis(x, places, dim))
    if x.shape[dim]:
        np.testing.assert_array_equal(t.kthvalue(1, dim)[0].numpy(), x.min(dim))
        middle = np.sort(x, dim).take((x.shape[dim] - 1) // 2, dim)
        np.testing.assert_array_equal(t.median(dim, keepdim=True)[0].numpy(), np.expand_dims(middle, dim))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", [3, 8, 21])
def test_several_rows_at_a_time(rows, dtype):
    for n in [*range(2, 70, 5), 128, 129, 1024, 1025]:
        x = np.stack([numbers(dtype, n, seed) for seed in range(rows)])
        for descending in (False, True):
            places = np.stack([ordered(row, descending) for row in x])
            sorted_ = np.take_along_axis(x, places, -1)
            for dim, given_ in ((1, x), (0, np.ascontiguousarray(x.T))):
                values, indices = ctorch.from_numpy(given_).sort(dim, descending)
                indices, values = (t.numpy().T if dim == 0 else t.numpy() for t in (indices, values))
                np.testing.assert_array_equal(indices, places)
                assert values.tobytes() == sorted_.tobytes()


@pytest.mark.parametrize("n", [40, 100, 128])
def test_rows_with_equal_leading_bits(n):
    places = np.stack([np.random.default_rng(row).permutation(n) for row in range(11)])
    x = 1 + places * np.finfo(np.float64).eps
    values, indices = ctorch.from_numpy(x).sort(-1)
    np.testing.assert_array_equal(indices.numpy(), places.argsort(-1))
    np.testing.assert_array_equal(values.numpy(), np.sort(x, -1))
    np.testing.assert_array_equal(ctorch.from_numpy(x.T.copy()).sort(0)[0].numpy().T, np.sort(x, -1))


@pytest.mark.parametrize("n", [2, 5, 25, 63])
def test_first_of_short_rows_as_pytorch(n):
    x = np.random.default_rng(n).integers(-4, 4, (37, n)).astype(np.float32)
    x[np.random.default_rng(0).random(x.shape) < .05] = np.nan
    for k in {1, 2, min(5, n), min(16, n)}:
        for largest in (True, False):
            for in_order in (True, False):
                mirror.check(lambda m: m.topk(m.tensor(x.tolist()), k, largest=largest, sorted=in_order))  # noqa: B023
                mirror.check(lambda m: m.topk(m.tensor(x.T.tolist()), k, 0, largest, in_order))  # noqa: B023


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64", "int64"])
def test_runs_in_parts(dtype):
    for n in (0, 1, 2, 5000, 30000, 600000):
        x = np.repeat(numbers(dtype, n), np.random.default_rng(1).integers(1, 4, n))[:n]
        with np.errstate(invalid="ignore"):
            starts = np.concatenate([[True], x[1:] != x[:-1]])[:n]
        found = ctorch.unique_consecutive(ctorch.from_numpy(x)).numpy()
        assert found.tobytes() == x[starts].tobytes()


def test_runs_of_equal_leading_bits():
    rng = np.random.default_rng(0)
    for x in (np.concatenate([rng.integers(0, 1000, 100000), 2**62 - rng.integers(0, 1000, 50000)]),
              (rng.integers(0, 3, 5000) << 60) + rng.integers(0, 1000, 5000)):
        rng.shuffle(x)
        np.testing.assert_array_equal(ctorch.from_numpy(x).sort()[1].numpy(), np.argsort(x, kind="stable"))


def test_long_rows():
    for dtype in ("int16", "float32", "float64"):
        x = numbers(dtype, 140000)
        places, down = ordered(x), ordered(x, True)
        t = ctorch.from_numpy(x.copy())
        np.testing.assert_array_equal(t.sort()[1].numpy(), places)
        for k in (5, 1000, 50000):
            np.testing.assert_array_equal(t.topk(k)[1].numpy(), down[:k])
            assert t.kthvalue(k)[1].item() == places[k - 1]


def test_threads_do_not_show():
    x = ctorch.from_numpy(numbers("float32", 300000))
    before = ctorch.get_num_threads()
    found = []
    for threads in (1, 4):
        ctorch.set_num_threads(threads)
        found.append([t.numpy().tobytes() for t in (*x.sort(), *x.topk(1000), *x.unique(True, True))])
    ctorch.set_num_threads(before)
    assert found[0] == found[1]


INPUTS = {"plain": [[3.0, 1, 2, 2, -0.0], [1, 1, 5, 4, 3], [1, 1, 5, 4, 3]],
          "nan": [[3.0, float("nan"), 2], [0, 1, -1]], "number": 2.0, "empty": []}
CALLS = {
    "median": lambda m, x: m.median(x), "nanmedian": lambda m, x: m.nanmedian(x),
    "median_dim": lambda m, x: m.median(x, 0, True), "nanmedian_dim": lambda m, x: x.nanmedian(-1),
    "kthvalue": lambda m, x: m.kthvalue(x, 2, -1, True)[0], "topk": lambda m, x: m.topk(x, 1, 0),
    "argsort": lambda m, x: m.argsort(x, stable=True, dim=-1, descending=True), "msort": lambda m, x: m.msort(x),
    "quantile": lambda m, x: m.quantile(x, 0.4), "nanquantile": lambda m, x: m.nanquantile(x, 0.3, dim=0, keepdim=True),
    "unique": lambda m, x: m.unique(x, return_inverse=True, return_counts=True),
    "unique_consecutive": lambda m, x: m.unique_consecutive(x, return_inverse=True, return_counts=True),
    "isin": lambda m, x: m.isin(x, m.tensor([1, 2])), "isin_many": lambda m, x: m.isin(x, m.arange(20), invert=True),
    "searchsorted": lambda m, x: m.searchsorted(m.tensor([-1.0, 0, 0, 1, 3]).to(x.dtype), x, out_int32=True),
    "bucketize": lambda m, x: m.bucketize(x, m.tensor([0.5, 1.5, 2.5]), right=True),
    "aminmax": lambda m, x: m.aminmax(x),
    "aminmax_dim": lambda m, x: m.aminmax(x, dim=0, keepdim=True),
    "out": lambda m, x: m.sort(x, stable=True, out=(m.empty_like(x), m.empty(0, dtype=m.int64))),
}


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize("given_", INPUTS)
@pytest.mark.parametrize("call", CALLS)
def test_as_pytorch(call, given_, dtype):
    if given_ == "nan" and dtype == "int64":
        given_ = "plain"
    mirror.check(lambda m: CALLS[call](m, m.tensor(INPUTS[given_], dtype=getattr(m, dtype))), warn=False)


@pytest.mark.parametrize("interpolation", ["linear", "lower", "higher", "midpoint", "nearest", "none"])
@pytest.mark.parametrize("dim", [None, 0, 1])
def test_interpolations(interpolation, dim):
    mirror.check(lambda m: m.quantile(m.tensor([[3.0, 1, 2, 7], [0, 5, -1, 2]]), m.tensor([0.0, 0.3, 0.5, 1]), dim,
                                      interpolation=interpolation))


def test_mode():
    mirror.check(lambda m: m.mode(m.tensor([[1, 2, 2, 3], [5, 5, 1, 1]])))
    mirror.check(lambda m: m.tensor([[1, 2, 2, 3], [5, 5, 1, 1]]).mode(0, True))


@pytest.mark.parametrize("name", ["unique", "unique_consecutive"])
@pytest.mark.parametrize("dim", [0, 1])
def test_unique_slices(name, dim):
    mirror.check(lambda m: getattr(m, name)(m.tensor([[1, 2, 1], [1, 2, 1], [0, 9, 0], [1, 2, 1]]), dim=dim,
                                            return_inverse=True, return_counts=True))


@pytest.mark.parametrize("k", [1, 2, 3, 6])
def test_topk_chooses_as_pytorch(k):
    mirror.check(lambda m: m.tensor([[-8, 5, 1, -4, 9, 1, -1, 6, 9, -7], [2, 2, 1, 2, 1, 1, 2, 1, 1, 2]]).topk(k))


@settings(max_examples=50)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 1000), st.booleans())
def test_searchsorted_rows(length, n, seed, right):
    rng = np.random.default_rng(seed)
    rows, x = np.sort(rng.integers(0, 9, (3, length)), 1), rng.integers(-1, 10, (3, n))
    found = ctorch.searchsorted(ctorch.from_numpy(rows), ctorch.from_numpy(x), right=right).numpy()
    want = [np.searchsorted(a, b, "right" if right else "left") for a, b in zip(rows, x)]
    np.testing.assert_array_equal(found, np.array(want).reshape(3, n))


def test_searchsorted_sorter_and_errors():
    mirror.check(lambda m: m.searchsorted(m.tensor([5, 1, 3]), m.tensor([1, 4]), sorter=m.tensor([1, 2, 0])))
    for wrong in (lambda m: m.searchsorted(m.tensor([1, 2]), m.tensor([1]), side="x"),
                  lambda m: m.searchsorted(m.tensor([1, 2]), m.tensor([1]), side="left", right=True),
                  lambda m: m.searchsorted(m.tensor([[1, 2]]), m.tensor([[1], [2]])),
                  lambda m: m.bucketize(m.tensor([1]), m.tensor([[1]])),
                  lambda m: m.tensor([1.0, 2]).quantile(1.5),
                  lambda m: m.tensor([1.0, 2]).kthvalue(3),
                  lambda m: m.tensor([1, 2, 3]).topk(4),
                  lambda m: m.tensor([True]).topk(1),
                  lambda m: m.tensor([True]).sort(dim=1)):
        mirror.check(wrong, message=True)
    with pytest.raises(RuntimeError, match="does not support complex"):
        ctorch.tensor([1j]).sort()


DERIVATIVES = {
    "sort": lambda x: x.sort(0)[0], "sort_down": lambda x: x.sort(1, descending=True)[0], "msort": lambda x: x.msort(),
    "topk": lambda x: x.topk(2, 1)[0], "kthvalue": lambda x: x.kthvalue(2, 0)[0], "median": lambda x: x.median(),
    "median_dim": lambda x: x.median(1, True)[0], "nanmedian": lambda x: x.nanmedian(0)[0],
    "mode": lambda x: x.mode(1)[0], "quantile": lambda x: x.quantile(0.3), "aminmax": lambda x: x.aminmax(dim=1)[0],
    "quantiles": lambda x: x.quantile(ctorch.tensor([0.2, 0.7], dtype=ctorch.float64), 1, interpolation="midpoint"),
    "nanquantile": lambda x: x.nanquantile(0.4, 0),
}


@pytest.mark.parametrize("name", DERIVATIVES)
def test_derivatives(name):
    x = ctorch.tensor([[0.3, -1.2, 2.5, 0.9], [1.7, 0.1, -0.4, 3.1], [5.0, -2.0, 0.6, 1.1]], dtype=ctorch.float64,
                      requires_grad=True)
    assert ctorch.autograd.gradcheck(DERIVATIVES[name], (x,))
    assert ctorch.autograd.gradgradcheck(DERIVATIVES[name], (x,))


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"])
@pytest.mark.parametrize("largest", [True, False])
def test_few_of_a_row_of_any_length(dtype, largest):
    rng, kind = np.random.default_rng(0), np.dtype(dtype)
    ends = (np.iinfo(dtype).min, np.iinfo(dtype).max) if kind.kind in "iu" else (-np.inf, np.inf)
    for n in (64, 65, 95, 96, 97, 128, 300, 5000):
        for low, high in ((0, 3), (0, 100)):
            a = rng.integers(low, high, (4, n)).astype(dtype)
            a[1, ::17], a[2, ::19] = ends
            values, places = ctorch.from_numpy(a).topk(5, largest=largest)
            want = np.sort(a, 1)[:, ::-1][:, :5] if largest else np.sort(a, 1)[:, :5]
            assert np.array_equal(values.numpy(), want)
            assert np.array_equal(np.take_along_axis(a, places.numpy(), 1), want)
            assert all(len(set(row)) == 5 for row in places.tolist())
