"""Elements written, added and compared by index, in every layout of the three tensors, against loops of NumPy."""
import itertools

import numpy as np
import pytest

import ctorch

LAYOUTS = ("dense", "transposed", "sliced", "turned")
SHAPES = [(1, 1), (3, 7), (17, 5), (5, 130), (33, 129), (16, 256), (2, 700), (700, 2), (150, 240)]


def laid(a, layout):
    """A tensor of these values that lies otherwise."""
    x = ctorch.from_numpy(np.ascontiguousarray(a))
    if layout == "transposed":
        return ctorch.from_numpy(np.ascontiguousarray(a.T)).t()
    if layout == "sliced":
        return x.repeat_interleave(2, 1)[:, ::2]
    if layout == "turned":
        return x.flip((0, 1))[::-1][:, ::-1]
    return x


def inputs(shape, dtype, dim, seed=0):
    rng = np.random.default_rng(seed)
    x, v = (rng.integers(0, 90, shape).astype(dtype) for _ in range(2))
    return x, v, rng.integers(0, shape[dim], shape)


def scattered(x, dim, index, v, how):
    y = x.copy()
    for place in np.ndindex(*index.shape):
        at = (index[place], place[1]) if dim == 0 else (place[0], index[place])
        y[at] = how(y[at], v[place])
    return y


HOW = {"put": lambda a, b: b, "sum": lambda a, b: a + b, "amax": max, "amin": min}


def ours(x, dim, index, v, how):
    if how == "put":
        return x.scatter(dim, index, v)
    return x.scatter_add(dim, index, v) if how == "sum" else x.scatter_reduce(dim, index, v, how)


@pytest.mark.parametrize("how", list(HOW))
@pytest.mark.parametrize("dim", [0, 1])
def test_layouts(dim, how):
    for shape in SHAPES:
        x, v, index = inputs(shape, "float32", dim)
        want = scattered(x, dim, index, v, HOW[how])
        for layouts in itertools.product(LAYOUTS, repeat=3) if shape[0] * shape[1] < 5000 else zip(LAYOUTS, LAYOUTS[1:]
                                                                                                  + LAYOUTS, LAYOUTS):
            a, b, i = (laid(t, layout) for t, layout in zip((x, v, index), layouts))
            assert np.array_equal(ours(a, dim, i, b, how).numpy(), want), (shape, layouts)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("dim", [0, 1])
def test_dtypes(dim, dtype):
    for how in ("put", "sum", "amax"):
        if dtype.startswith("complex") and how == "amax":
            continue
        x, v, index = inputs((37, 141), dtype, dim)
        with np.errstate(over="ignore"):
            want = scattered(x, dim, index, v, HOW[how])
        for layout in LAYOUTS:
            found = ours(laid(x, layout), dim, laid(index, layout), laid(v, layout), how)
            assert np.array_equal(found.numpy(), want), (how, layout)


@pytest.mark.parametrize("dim", [0, 1])
def test_a_smaller_index_and_three_dimensions(dim):
    x, v, index = inputs((40, 50), "float32", dim)
    small = index[:21, :19]
    want = scattered(x, dim, small, v, HOW["sum"])
    for layout in LAYOUTS:
        assert np.array_equal(laid(x, layout).scatter_add(dim, laid(small, layout), laid(v, layout)).numpy(), want)
    deep = [np.stack([t, t[::-1]], 2) for t in (x, v, index)]
    want = np.stack([scattered(*(t[..., k] for t in (deep[0],)), dim, deep[2][..., k], deep[1][..., k], HOW["put"])
                     for k in range(2)], 2)
    for order in itertools.permutations(range(3)):
        turned = [ctorch.from_numpy(np.ascontiguousarray(t.transpose(order))).permute(*np.argsort(order).tolist())
                  for t in deep]
        assert np.array_equal(turned[0].scatter(dim, turned[2], turned[1]).numpy(), want)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_one_value_and_expanded_ones(layout):
    for dim in (0, 1):
        x, _, index = inputs((33, 150), "float32", dim)
        want = scattered(x, dim, index, np.full(x.shape, 7), HOW["put"])
        assert np.array_equal(laid(x, layout).scatter(dim, laid(index, layout), 7).numpy(), want)
        for row in (np.arange(150.0)[None], np.arange(33.0)[:, None]):
            wide = np.broadcast_to(row, x.shape).astype("float32")
            v = ctorch.from_numpy(row.astype("float32")).expand(x.shape)
            want = scattered(x, dim, index, wide, HOW["sum"])
            assert np.array_equal(laid(x, layout).scatter_add(dim, laid(index, layout), v).numpy(), want)
        columns = laid(index, layout)[:1 if dim == 0 else None, :None if dim == 0 else 1].expand(33, 150)
        want = scattered(x, dim, columns.numpy(), x, HOW["put"])
        assert np.array_equal(laid(x, layout).scatter(dim, columns, laid(x, layout)).numpy(), want)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_whole_slices(layout):
    x, v, _ = inputs((60, 200), "float32", 0)
    for dim in (0, 1):
        places = np.random.default_rng(1).integers(0, x.shape[dim], x.shape[dim])
        index = np.broadcast_to(places[:, None] if dim == 0 else places[None], x.shape)
        a, b, i = laid(x, layout), laid(v, layout), ctorch.from_numpy(places)
        assert np.array_equal(a.index_add(dim, i, b).numpy(), scattered(x, dim, index, v, HOW["sum"]))
        assert np.array_equal(a.index_copy(dim, i, b).numpy(), scattered(x, dim, index, v, HOW["put"]))
        assert np.array_equal(a.index_fill(dim, i, 3).numpy(), scattered(x, dim, index, np.full(x.shape, 3),
                                                                         HOW["put"]))
        assert np.array_equal(a.index_select(dim, i).numpy(), np.take(x, places, dim))
        assert np.array_equal(a.index_reduce(dim, i, b, "amin").numpy(), scattered(x, dim, index, v, HOW["amin"]))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_gather_reads_what_is_there(layout):
    for shape, dim in itertools.product(SHAPES, (0, 1)):
        x, _, index = inputs(shape, "float32", dim)
        want = np.take_along_axis(x, index, dim)
        for other in LAYOUTS:
            assert np.array_equal(laid(x, layout).gather(dim, laid(index, other)).numpy(), want)


@pytest.mark.parametrize("reduce", ["amax", "amin"])
def test_nan_wins_wherever_it_is(reduce):
    nan, inf = float("nan"), float("inf")
    x = ctorch.tensor([0.0, nan, inf, -inf, 1.0, 2.0])
    index = ctorch.tensor([0, 0, 1, 2, 3, 4, 4, 5])
    v = ctorch.tensor([nan, 5.0, 3.0, nan, 7.0, inf, -inf, 2.0])
    most = reduce == "amax"
    want = [nan, nan, nan, 7 if most else -inf, inf if most else -inf, 2]
    assert np.array_equal(x.scatter_reduce(0, index, v, reduce).numpy(), want, equal_nan=True)
    wide = x.expand(20, 6).contiguous().scatter_reduce(1, index.expand(20, 8), v.expand(20, 8).contiguous(), reduce)
    assert np.array_equal(wide.numpy(), [want] * 20, equal_nan=True)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_bad_indices_are_found(layout):
    for shape, dim in (((20, 300), 1), ((300, 20), 0), ((20, 300), 0)):
        for bad in (-1, shape[dim]):
            x, v, index = inputs(shape, "float32", dim)
            index[-1, -1] = bad
            with pytest.raises(RuntimeError, match=f"index {bad} is out of bounds for dimension {dim}"):
                laid(x, layout).scatter(dim, laid(index, layout), laid(v, layout))


def test_empty():
    x, none = ctorch.ones(3, 4), ctorch.zeros(0, 4, dtype=ctorch.int64)
    assert ctorch.equal(x.scatter(0, none, ctorch.ones(0, 4)), x)
    assert ctorch.zeros(0, 4).scatter_add(0, none, ctorch.ones(0, 4)).shape == (0, 4)
    assert ctorch.tensor(2.0).scatter(0, ctorch.tensor(0), ctorch.tensor(5.0)).item() == 5


def test_results_do_not_depend_on_threads():
    threads, results = ctorch.get_num_threads(), []
    rng = np.random.default_rng(3)
    x, v = (ctorch.from_numpy(rng.standard_normal((300, 310)).astype("float32")) for _ in range(2))
    try:
        for count in (1, 2, 5):
            ctorch.set_num_threads(count)
            for dim in (0, 1):
                index = ctorch.from_numpy(np.random.default_rng(4).integers(0, 9, (300, 310)))
                results += [a.scatter_add(dim, index, b) for a in (x, x.t().contiguous().t())
                            for b in (v, v.t().contiguous().t())]
    finally:
        ctorch.set_num_threads(threads)
    for i, y in enumerate(results):
        assert ctorch.equal(y, results[i % 8])
