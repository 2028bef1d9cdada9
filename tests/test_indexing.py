"""Indexing, scatter and gather: every form against NumPy and PyTorch, with derivatives and any number of threads."""
import mirror
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ctorch
from ctorch.autograd import gradcheck, gradgradcheck

DTYPES = ["float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool", "complex64",
          "complex128"]


def grid(t, *shape, dtype="float32"):
    n = int(np.prod(shape, dtype=int))
    return (t.arange(n) % 11 + 1).reshape(shape).to(getattr(t, dtype))


def seen(x):
    """bfloat16, which NumPy lacks, as float32."""
    return x.float() if "bfloat16" in str(x.dtype) else x


def index(t, *values):
    return t.tensor(values)


PLACES = [[0, 1, 2, 0], [2, 0, 0, 1]]
MOVES = {
    "gather": lambda t, x, v: (x.gather(0, t.tensor(PLACES)), t.gather(x, 1, t.tensor([[3], [0], [1]]))),
    "scatter": lambda t, x, v: (x.scatter(0, t.tensor(PLACES)[:, :3], v), x.scatter(1, t.tensor([[1], [0]]), 5),
                                x.clone().scatter_(0, t.tensor(PLACES), v)),
    "index_select": lambda t, x, v: (x.index_select(0, index(t, 2, 0, 2)), x.T.index_select(0, index(t, 3, 3)),
                                     t.index_select(x[0], 0, index(t, 1, 1)), x[0, 0].index_select(0, index(t, 0))),
    "index_copy": lambda t, x, v: (x.index_copy(0, index(t, 2, 0), v[:2]), x.clone().index_copy_(
        1, index(t, 3, 3), v[:, :2])),
    "index_fill": lambda t, x, v: (x.index_fill(1, index(t, -1, 0), 1), x.clone().index_fill_(0, index(t, 1), 0)),
    "take": lambda t, x, v: (x.take(t.tensor([[0, -1], [5, 5]])), x.T.take(index(t, 1))),
    "put": lambda t, x, v: (x.put(index(t, 1, -2, 1), v[0, :3]), x.T.clone().put_(index(t, 1), v[0, :1])),
    "take_along_dim": lambda t, x, v: (t.take_along_dim(x, t.tensor([[1], [0], [3]]), 1), x.take_along_dim(
        index(t, 3, 1)), x.take_along_dim(t.tensor([[0, 2, 1, 1]]), 0)),
    "masked_select": lambda t, x, v: (x.masked_select(t.tensor([True, False, True, False])), x[:, :1].masked_select(
        t.tensor([[True, False]])), x.T[x.T == 3]),
    "masked_scatter": lambda t, x, v: (x.masked_scatter(x == x[0, 1], v), x.T.clone().masked_scatter_(
        t.tensor([True, False, True]), v)),
    "masked_fill": lambda t, x, v: (x.masked_fill(t.tensor([True, False, True, False]), 1), x.T.clone().masked_fill_(
        x[0, 1] == x.T, 0)),
    "nonzero": lambda t, x, v: (t.nonzero(x), *t.nonzero(x, as_tuple=True), t.argwhere(x[0]), t.nonzero(x.reshape(
        1, 3, 2, 2)), t.nonzero_static(x, size=3), t.nonzero_static(x[:, 0], size=5, fill_value=7)),
    "get": lambda t, x, v: (x[index(t, 0, -1)], x[:, index(t, 1, 1)], x[t.tensor([[0], [1]]), index(t, 1, 2)],
                            x[x != 3], x[t.tensor([True, False, True])], x[..., t.tensor([[0, 1], [2, 3]])],
                            x[None, [0, 2]], x[t.tensor(True)], x[t.tensor(False)], x[[], 0], x[1:, [True] * 4],
                            x.reshape(3, 2, 2)[[0, 1], :, [1, 0]], x.reshape(3, 2, 2)[:, [0, 1], [1, 0]]),
}


def changed(t, x, v):
    """Assignments of every kind, each to a copy."""
    def put(place, value):
        y = x.clone()
        y[place] = value
        return y
    flipped = x.T.clone().T
    flipped[index(t, 0, 2)] = v[:2]
    return (put(index(t, 0, 2), v[:2]), put((slice(None), index(t, 1, -1)), v[:, :2]), put(x == x[0, 1], 1),
            put(x == x[0, 1], v[0, :int((x == x[0, 1]).sum())]), put((index(t, 0, 1), index(t, 3, 2)), v[0, :2]),
            put(([[0], [1]], [1, 2]), v[0, 0]), put(Ellipsis, 1), put((None, [0]), v[:1]), put(t.tensor(True), 1),
            put([True, False, True], v[0]), x.index_put((index(t, 1, 1),), v[:2], True),
            x.clone().index_put_((t.tensor([[0], [1]]), index(t, 2)), v[:2, :1]), flipped)


MOVES["put_item"] = changed


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", list(MOVES))
def test_moves_like_pytorch(name, dtype):
    if dtype == "bool" and name == "put_item":
        pytest.skip("adding truths up is compared in the sums")
    mirror.check(lambda t: [seen(y) for y in MOVES[name](t, grid(t, 3, 4, dtype=dtype), grid(t, 3, 4, dtype=dtype))])


@pytest.mark.parametrize("dtype", [d for d in DTYPES if d != "bool"])
def test_sums_like_pytorch(dtype):
    def sums(t):
        x, v, places = grid(t, 3, 4, dtype=dtype), grid(t, 3, 4, dtype=dtype), t.tensor(PLACES)
        out = [x.scatter_add(0, places, v), x.clone().scatter_add_(1, t.tensor([[3, 3, 0]]), v),
               x.index_add(0, index(t, 2, 2), v[:2]), x.index_add(1, index(t, 0), v[:, :1], alpha=2),
               x.put(index(t, 1, 1), v[0, :2], True), x.scatter(0, places, v, reduce="add"),
               x[0, 0].index_add(0, index(t, 0), v[0, 0])]
        return [seen(y) for y in out]
    mirror.check(sums, rtol=1e-2 if "16" in dtype else 1e-5, warn=False)


@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64", "int32", "uint8"])
@pytest.mark.parametrize("reduce", ["sum", "prod", "mean", "amax", "amin"])
def test_reductions_like_pytorch(reduce, dtype, include_self):
    def reduced(t):
        x, v = grid(t, 3, 4, dtype=dtype), grid(t, 4, 3, dtype=dtype).T % 4
        out = [x.scatter_reduce(0, t.tensor(PLACES), v, reduce, include_self=include_self),
               x.scatter_reduce(1, t.tensor([[3, 3, 0]]), v, reduce, include_self=include_self)]
        if reduce != "sum":
            out.append(x.index_reduce(0, index(t, 2, 2), v[:2], reduce, include_self=include_self))
            out.append(x.T.index_reduce(0, index(t, 0), v[:, :1].T, reduce, include_self=include_self))
        return out
    mirror.check(reduced, rtol=2e-3, warn=False)


def test_extrema_keep_nan():
    x = ctorch.zeros(2).scatter_reduce(0, ctorch.tensor([0, 0, 1]), ctorch.tensor([float("nan"), 1, 2]), "amax")
    assert x.isnan().tolist() == [True, False]


ERRORS = {
    "select": lambda t: t.ones(3).index_select(0, t.tensor([0, 5])),
    "negative": lambda t: t.ones(3).index_select(0, t.tensor([-1])),
    "gather": lambda t: t.ones(3).gather(0, t.tensor([3])), "scatter": lambda t: t.ones(3).scatter(0, t.tensor([3]), 1),
    "gather_dims": lambda t: t.ones(3, 2).gather(0, t.tensor([1])),
    "gather_float": lambda t: t.ones(3).gather(0, t.tensor([1.0])),
    "scatter_dtype": lambda t: t.ones(3).scatter(0, t.tensor([1]), t.tensor([1])),
    "scatter_size": lambda t: t.ones(3).scatter(0, t.tensor([1, 1]), t.ones(1)),
    "index_add": lambda t: t.ones(3).index_add(0, t.tensor([1, 1]), t.ones(1)),
    "index_add_dtype": lambda t: t.ones(3).index_add(0, t.tensor([1]), t.ones(1).long()),
    "index_copy": lambda t: t.ones(3).index_copy(0, t.tensor([3]), t.ones(1)),
    "index_fill": lambda t: t.ones(3).index_fill(0, t.tensor([3]), 1),
    "take": lambda t: t.ones(3).take(t.tensor([3])), "take_empty": lambda t: t.ones(0).take(t.tensor([0])),
    "put": lambda t: t.ones(3).put(t.tensor([3]), t.ones(1)),
    "put_sizes": lambda t: t.ones(3).put(t.tensor([1, 2]), t.ones(1)),
    "get": lambda t: t.ones(3, 4)[t.tensor([3])], "get_two": lambda t: t.ones(3, 4)[t.tensor([0]), t.tensor([-5])],
    "mask": lambda t: t.ones(3)[t.tensor([True])], "put_item": lambda t: t.ones(3).__setitem__([0, 1], t.ones(3)),
    "masked_scatter": lambda t: t.ones(3).masked_scatter(t.tensor([True] * 3), t.ones(2)),
    "masked_select": lambda t: t.ones(3).masked_select(t.ones(3)),
    "reduce": lambda t: t.ones(3).scatter_reduce(0, t.tensor([0]), t.ones(1), "other"),
    "overlap": lambda t: t.ones(1).expand(3).scatter_(0, t.tensor([0]), t.ones(1)),
    "shared": lambda t: (lambda x: x.scatter_(0, t.tensor([0, 1, 2]), x))(t.ones(3)),
    "broadcast": lambda t: t.ones(3, 4)[t.tensor([0, 1]), t.tensor([0, 1, 2])],
}


@pytest.mark.parametrize("name", list(ERRORS))
def test_errors_like_pytorch(name):
    mirror.check(ERRORS[name])


@st.composite
def indexed(draw):
    """An array in some layout and an index of ints, slices, masks and index arrays."""
    shape = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    a = np.arange(int(np.prod(shape))).reshape(shape).astype(draw(st.sampled_from(["int64", "int16", "complex128"])))
    if draw(st.booleans()):
        a = a.T
    common, parts = draw(st.lists(st.integers(0, 3), min_size=0, max_size=2)), []
    for n in a.shape[:draw(st.integers(1, a.ndim))]:
        kind = draw(st.sampled_from(["int", "slice", "array", "array", "mask"]))
        if kind == "int":
            parts.append(draw(st.integers(-n, n - 1)))
        elif kind == "slice":
            parts.append(slice(draw(st.integers(-n, n)), None, draw(st.integers(1, 2))))
        elif kind == "array" or any(isinstance(p, np.ndarray) for p in parts):
            count = int(np.prod(common))
            flat = draw(st.lists(st.integers(-n, n - 1), min_size=count, max_size=count))
            parts.append(np.array(flat, dtype=int).reshape(common))
        else:
            parts.append(np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n))))
            common = [int(parts[-1].sum())]
    return a, tuple(parts)


def ours(parts):
    return tuple(ctorch.from_numpy(p) if isinstance(p, np.ndarray) else p for p in parts)


@settings(max_examples=300)
@given(indexed())
def test_index_like_numpy(case):
    a, parts = case
    if any(isinstance(p, int) for p in parts) and any(isinstance(p, np.ndarray) for p in parts):
        a = a.copy()                         # NumPy counts ints among the index arrays, PyTorch takes them first
        for d in reversed([d for d, p in enumerate(parts) if isinstance(p, int)]):
            a = np.take(a, parts[d], d)
        parts = tuple(p for p in parts if not isinstance(p, int))
    want = a[parts]
    x = ctorch.from_numpy(a.copy())
    np.testing.assert_array_equal(x[ours(parts)].numpy(), want)
    if a.ndim > 1:
        flipped = ctorch.from_numpy(np.ascontiguousarray(a.T)).permute(*range(a.ndim - 1, -1, -1))
        np.testing.assert_array_equal(flipped[ours(parts)].numpy(), want)
    b, value = a.copy(), np.broadcast_to(np.array(-7, a.dtype), want.shape)
    b[parts] = value
    x[ours(parts)] = ctorch.from_numpy(value.copy())
    np.testing.assert_array_equal(x.numpy(), b)


@given(st.data())
def test_sums_like_numpy(data):
    shape = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=3))
    dim = data.draw(st.integers(0, len(shape) - 1))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    count = data.draw(st.integers(0, 9))
    x = rng.integers(-9, 9, shape)
    sizes = [count if d == dim else n for d, n in enumerate(shape)]
    v, places, rows = rng.integers(-9, 9, sizes), rng.integers(0, shape[dim], sizes), rng.integers(0, shape[dim], count)
    if data.draw(st.booleans()):
        x = np.asfortranarray(x)
    want = x.copy()
    at = list(np.indices(sizes))
    at[dim] = places
    np.add.at(want, tuple(at), v)
    tensors = [ctorch.from_numpy(a) for a in (x, places, v, rows)]
    np.testing.assert_array_equal(tensors[0].scatter_add(dim, tensors[1], tensors[2]).numpy(), want)
    want = x.copy()
    np.add.at(want, (slice(None),) * dim + (rows,), v)
    np.testing.assert_array_equal(tensors[0].index_add(dim, tensors[3], tensors[2]).numpy(), want)
    np.testing.assert_array_equal(tensors[0].gather(dim, tensors[1]).numpy(), np.take_along_axis(x, places, dim))
    np.testing.assert_array_equal(tensors[0].index_select(dim, tensors[3]).numpy(), np.take(x, rows, dim))


def leaf(*shape):
    ctorch.manual_seed(len(shape))
    return ctorch.randn(*shape, dtype=ctorch.float64).requires_grad_()


MASK = [[True, False, True, True], [False] * 4, [True] * 4]
GRADIENTS = {
    "gather": lambda x, v: x.gather(0, ctorch.tensor(PLACES)),
    "scatter": lambda x, v: x.scatter(0, ctorch.tensor([[0, 1, 2], [2, 0, 1]]), v[:, :3]),
    "scatter_value": lambda x, v: x.scatter(0, ctorch.tensor(PLACES), 5.0),
    "scatter_larger": lambda x, v: x.scatter(1, ctorch.tensor([[1, 2]]), v),
    "scatter_add": lambda x, v: x.scatter_add(0, ctorch.tensor(PLACES), v),
    "index_select": lambda x, v: x.index_select(1, ctorch.tensor([0, 3, 3])),
    "index_add": lambda x, v: x.index_add(0, ctorch.tensor([2, 2]), v[:2], alpha=3),
    "index_copy": lambda x, v: x.index_copy(0, ctorch.tensor([2, 0]), v[:2]),
    "index_fill": lambda x, v: x.index_fill(1, ctorch.tensor([0]), v[0, 0]),
    "index_put": lambda x, v: x.index_put((ctorch.tensor([0, 0]),), v[:2], True),
    "take": lambda x, v: x.take(ctorch.tensor([[1, 1], [-1, 0]])),
    "put": lambda x, v: x.put(ctorch.tensor([1, 5]), v[0, :2]),
    "put_add": lambda x, v: x.put(ctorch.tensor([1, 1]), v[0, :2], True),
    "take_along_dim": lambda x, v: x.take_along_dim(ctorch.tensor([[1], [0], [3]]), 1),
    "masked_select": lambda x, v: x.masked_select(ctorch.tensor(MASK)) * v[0, 0],
    "masked_select_wide": lambda x, v: x[:1].masked_select(ctorch.tensor(MASK)),
    "masked_scatter": lambda x, v: x.masked_scatter(ctorch.tensor(MASK), v),
    "masked_fill": lambda x, v: x.masked_fill(ctorch.tensor(MASK), v[0, 0]),
    "mask": lambda x, v: x[ctorch.tensor(MASK)],
    "two": lambda x, v: x[ctorch.tensor([0, 0, 2]), ctorch.tensor([1, 1, -1])],
    **{f"scatter_{r}_{s}": lambda x, v, r=r, s=s: x.scatter_reduce(0, ctorch.tensor(PLACES), v, r, include_self=s)
       for r in ("sum", "mean", "prod", "amax", "amin") for s in (True, False)},
    **{f"index_{r}": lambda x, v, r=r: x.index_reduce(0, ctorch.tensor([2, 2]), v[:2], r)
       for r in ("mean", "prod", "amax", "amin")},
}


@pytest.mark.parametrize("name", list(GRADIENTS))
def test_gradients(name):
    inputs = (leaf(3, 4), leaf(3, 4).detach().add(0.5).requires_grad_())
    assert gradcheck(GRADIENTS[name], inputs)
    assert gradgradcheck(GRADIENTS[name], inputs)


def test_gradients_of_products_with_zeros():
    x = ctorch.tensor([2.0, 3.0, 0.0], dtype=ctorch.float64, requires_grad=True)
    v = ctorch.tensor([0.0, 4.0, 5.0, 0.0], dtype=ctorch.float64, requires_grad=True)
    assert gradcheck(lambda x, v: x.scatter_reduce(0, ctorch.tensor([0, 0, 1, 1]), v, "prod"), (x, v))


def test_in_place_forms_have_history():
    places = ctorch.tensor([2, 0])
    for change in (lambda y, v: y.index_add_(0, places, v), lambda y, v: y.index_copy_(0, places, v),
                   lambda y, v: y.scatter_(0, ctorch.tensor([[0, 1, 2, 0]]), v),
                   lambda y, v: y.masked_fill_(ctorch.tensor(MASK), 2), lambda y, v: y.masked_scatter_(
                       ctorch.tensor([[True], [False], [True]]), v), lambda y, v: y.__setitem__(places, v),
                   lambda y, v: y[1:].index_fill_(0, ctorch.tensor([0]), 1), lambda y, v: y[:, 1].put_(
                       places, v[:, 0])):
        def function(x, v, change=change):
            y = x * 1
            change(y, v)
            return y
        assert gradcheck(function, (leaf(3, 4), leaf(2, 4)))


def test_in_place_counts_as_a_change():
    x = ctorch.zeros(3, requires_grad=True)
    y = x.exp()
    z = y * y
    y.index_fill_(0, ctorch.tensor([0]), 1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_results_do_not_depend_on_threads():
    before = ctorch.get_num_threads()
    ctorch.manual_seed(0)
    x, v = ctorch.randn(300, 700), ctorch.randn(500, 700)
    rows, places = ctorch.randint(0, 300, (500,)), ctorch.randint(0, 300, (500, 700))
    found = []
    for threads in (1, 4):
        ctorch.set_num_threads(threads)
        found.append([x.index_add(0, rows, v), x.scatter_add(0, places, v), x[rows], x[x > 0.5], x.gather(0, places),
                      x.T.scatter_reduce(1, places.T, v.T, "amax"), ctorch.nonzero(x > 1), x.scatter(0, places, v),
                      x.index_put((rows,), v, True), x.tril(20)])
    ctorch.set_num_threads(before)
    for one, many in zip(*found):
        assert one.numpy().tobytes() == many.numpy().tobytes()


@pytest.mark.parametrize("index", [
    lambda m: m.tensor([True, False, True]), lambda m: m.tensor([0, 2]), lambda m: 0, lambda m: slice(0, 2),
    lambda m: ...])
@pytest.mark.parametrize("value", [
    lambda m: 2 + 1j, lambda m: 2 + 0j, lambda m: m.tensor(2 + 1j), lambda m: m.tensor([2 + 0j]),
    lambda m: m.tensor([1j, 2])])
def test_complex_values_into_real_elements(index, value):
    def act(m):
        x = m.ones(3)
        x[index(m)] = value(m)
        return x
    mirror.check(act, warn=False)               # PyTorch warns of what it drops


@pytest.mark.parametrize("index", [
    lambda m, mask: (mask, slice(None)), lambda m, mask: (mask, 0), lambda m, mask: (mask, None),
    lambda m, mask: (..., mask, slice(1)), lambda m, mask: mask[:, None].expand(3, 2).clone(),
    lambda m, mask: (mask, m.tensor([0, 0]))])
@pytest.mark.parametrize("dtype", ["float64", "int32", "bool"])
@pytest.mark.parametrize("value", [
    lambda m: m.tensor(2 + 1j), lambda m: m.tensor([2 + 0j]), lambda m: m.tensor([[0j]]), lambda m: m.tensor([1j]),
    lambda m: m.tensor([[1.5]])])
def test_one_value_fills_where_a_mask_says(index, dtype, value):
    def act(m):
        x, places, given = m.ones(3, 2, dtype=getattr(m, dtype)), index(m, m.tensor([True, False, True])), value(m)
        if isinstance(places, tuple) and isinstance(places[1], m.Tensor) and not given.is_complex():
            given = given.to(x.dtype)           # ctorch casts where more than a mask chooses, PyTorch refuses
        x[places] = given
        return x
    mirror.check(act, warn=False)

    def put(m):
        x, mask = m.ones(3, 2, dtype=getattr(m, dtype)), m.tensor([True, False, True])
        return x.index_put((mask,), value(m))
    mirror.check(put, warn=False)


def test_the_one_value_that_fills_has_a_gradient():
    x, v = ctorch.ones(3, 2, dtype=ctorch.float64), ctorch.tensor([[2.0]], dtype=ctorch.float64, requires_grad=True)

    def fill(x, v):
        y = x * 2
        y[ctorch.tensor([True, False, True]), 0] = v * v
        return y
    assert ctorch.autograd.gradcheck(fill, (x.requires_grad_(), v), check_forward_ad=True)
    assert ctorch.autograd.gradgradcheck(fill, (x, v))


@pytest.mark.parametrize("accumulate", [False, True])
def test_index_put_refuses_complex_values(accumulate):
    x = ctorch.ones(3)
    for put in (x.index_put_, x.index_put):
        with pytest.raises(RuntimeError, match="Float for the destination and ComplexFloat"):
            put((ctorch.tensor([0, 2]),), ctorch.tensor([1j, 2]), accumulate)
    assert x.tolist() == [1, 1, 1]


@pytest.mark.parametrize("shape, index, of_values", [
    ((4, 1), ([-2, 0],), (1, 2, 1)), ((4, 5), ([0, 1], [2, 3]), (1, 2)), ((4, 5), ([1], [2]), (1, 1, 1)),
    ((4, 5), ([True, False, True, False],), (1, 2, 5)), ((4, 5), ([1, 2], slice(1, 3)), (1, 1, 2, 2)),
    ((2, 3), ([[True] * 3] * 2,), (1, 6)), ((4, 5), ([1, 2],), (1, 1, 5))])
def test_values_may_have_more_dimensions_of_one(shape, index, of_values):
    values = np.arange(1.0, 1 + np.prod(of_values)).reshape(of_values)
    want, x = np.zeros(shape), ctorch.zeros(shape, dtype=ctorch.float64)
    places = tuple(p if isinstance(p, slice) else np.array(p) for p in index)
    want[places] = values.reshape([n for k, n in enumerate(of_values) if any(m > 1 for m in of_values[:k + 1])])
    given = ctorch.tensor(values, requires_grad=True)
    x[tuple(p if isinstance(p, slice) else ctorch.tensor(p) for p in index)] = given
    np.testing.assert_array_equal(x.detach().numpy(), want)
    (g,) = ctorch.autograd.grad(x.sum(), given)
    assert g.shape == given.shape and g.sum() == np.count_nonzero(want)


def test_positions_in_a_number_have_no_coordinates():
    for _ in range(100):                 # what is written beside their empty memory ends the process sooner or later
        assert ctorch.nonzero(ctorch.tensor(5.0)).shape == (1, 0)
        assert ctorch.argwhere(ctorch.tensor(False)).shape == (0, 0)
    assert [t.tolist() for t in ctorch.nonzero(ctorch.tensor(5.0), as_tuple=True)] == [[0]]
