"""Elements chosen by index and by mask, read and written: random calls against PyTorch and NumPy."""

import numpy as np
import pytest
from calls import ALL, KEEPING, WIDE, WRITABLE, Call, Cases, T, seeds, shapes, tensors
from hypothesis import strategies as st

import ctorch

cases = Cases()
dims = st.integers(-4, 3)
flags = st.booleans()
rarely = st.integers(0, 5).map(lambda n: n == 0)


def forms(*names):
    return st.sampled_from(names)


@st.composite
def indices(draw, shape, size, negative=False, dtypes=("int64", "int64", "int64", "int32"), distinct=False):
    """Numbers of elements of a dimension, now and then one that is not there."""
    dtype = draw(st.sampled_from(dtypes))
    rng = np.random.default_rng(draw(seeds))
    low, high = (-size if negative else 0), max(size, 0 if draw(st.integers(0, 9)) else 1)
    if distinct and int(np.prod(shape)) <= size:
        values = rng.permutation(size)[: int(np.prod(shape))].reshape(shape)
    elif high > low:
        values = rng.integers(low, high, shape)
    else:
        shape, values = (0,) * max(len(shape), 1), np.zeros((0,) * max(len(shape), 1), "int64")
    values = values.astype(dtype)
    if values.size and draw(rarely):
        values.reshape(-1)[-1] = draw(st.sampled_from([size, -size - 1, 100, -1]))
    return T(values, dtype, draw(st.sampled_from(KEEPING)))


def size_of(shape, dim):
    return shape[dim] if -len(shape) <= dim < len(shape) else 1


@st.composite
def along(draw, dtypes=ALL, larger=False):
    """A tensor, a dimension, and an index tensor that fits for gather and scatter."""
    shape = draw(shapes())
    dim = draw(st.integers(-len(shape), len(shape) - 1)) if shape and not draw(rarely) else draw(dims)
    x = draw(tensors(shape, dtypes, layouts=KEEPING, kinds=("normal", "ties", "extreme")))
    sizes = [draw(st.integers(0, n)) for n in shape]
    if -len(shape) <= dim < len(shape):
        sizes[dim] = draw(st.integers(0, 5)) if shape[dim] else 0
    if draw(rarely):
        sizes = list(draw(shapes()))
    return x, dim, draw(indices(tuple(sizes), size_of(shape, dim)))


@st.composite
def changed(draw, dtypes=ALL, kinds=("normal", "ties", "extreme")):
    """As `along`, with a tensor that may be changed and a source that covers the index."""
    x, dim, index = draw(along(dtypes))
    form = draw(forms("function", "method", "inplace"))
    if form == "inplace":
        x.layout = draw(st.sampled_from(WRITABLE))
    grown = tuple(n + draw(st.integers(0, 1)) for n in index.values.shape)
    return form, x, dim, index, draw(tensors(grown, (x.dtype,), kinds))


@cases.add("gather", "gather")
def gather(draw):
    x, dim, index = draw(along())
    return Call("gather", [x, dim, index], {}, draw(forms("function", "method", "out")), exact=True)


@cases.add("gather gradients", "gather _scatter_add")
def gather_gradients(draw):
    x, dim, index = draw(along(WIDE))
    return Call("gather", [x, dim, index], grad=(0,))


@cases.add("take_along_dim", "take_along_dim")
def take_along_dim(draw):
    x, dim, index = draw(along())
    if draw(rarely):
        dim = None
        index = draw(indices(draw(shapes(0, 2)), x.values.size))
    numpy = None
    if index.dtype == "int64" and dim is None and (index.values >= 0).all() and index.values.ndim == 1:

        def numpy(a, i, d):
            return np.take_along_axis(a, i, d)

    return Call(
        "take_along_dim", [x, index, dim], {}, draw(forms("function", "method", "out")), exact=True, numpy=numpy
    )


@cases.add("unravel_index", "unravel_index")
def unravel_index(draw):
    shape = tuple(n + 1 for n in draw(shapes(1, 3)))
    count = int(np.prod(shape))
    index = draw(indices(draw(shapes(0, 2)), count, dtypes=("int64", "int32")))
    inside = ((index.values >= 0) & (index.values < count)).all()
    return Call("unravel_index", [index, shape], {}, exact=True, numpy=np.unravel_index if inside else None)


@cases.add("scatter", "scatter _scatter_src _scatter_value")
def scatter(draw):
    form, x, dim, index, src = draw(changed())
    # of equal places the last one written stays, which no one promises
    kind = draw(forms("src", "value", "add", "multiply"))
    if kind == "src":
        n = size_of(x.values.shape, dim)
        shape = index.values.shape
        if index.values.ndim and -index.values.ndim <= dim < index.values.ndim and shape[dim] <= n:
            order = np.argsort(
                np.random.default_rng(draw(seeds)).random(
                    (*shape[: dim % len(shape)], n, *shape[dim % len(shape) + 1 :])
                ),
                dim,
            )
            index.values = np.take(order, range(shape[dim]), dim).astype(index.dtype)
        else:
            src.values = np.full_like(src.values, 1)
    if kind == "value":
        return Call("scatter", [x, dim, index, draw(st.sampled_from([0, 1, -3, True]))], {}, form, exact=True)
    if kind == "src":
        return Call("scatter", [x, dim, index, src], {}, form, exact=True)
    return Call("scatter", [x, dim, index, draw(st.sampled_from([src, 2]))], {"reduce": kind}, form, rtol=1e-2)


@cases.add("scatter gradients", "scatter _scatter_src _scatter_value")
def scatter_gradients(draw):
    x, dim, index = draw(along(WIDE))
    if draw(flags):
        return Call("scatter", [x, dim, index, 2.0], grad=(0,))
    return Call(
        "scatter",
        [x, dim, index, draw(tensors(index.values.shape, (x.dtype,), ("normal",)))],
        grad=(3,),
        compare=lambda call, ours, theirs: None,
    )


@cases.add("scatter_add", "scatter_add")
def scatter_add(draw):
    form, x, dim, index, src = draw(changed(kinds=("normal", "odd")))
    return Call("scatter_add", [x, dim, index, src], {}, form, rtol=2e-2 if "float16" in x.dtype else 1e-5)


@cases.add("scatter_add gradients", "scatter_add")
def scatter_add_gradients(draw):
    _, x, dim, index, src = draw(changed(WIDE, ("normal",)))
    return Call("scatter_add", [x, dim, index, src], grad=(0, 3))


@cases.add("scatter_reduce", "scatter_reduce")
def scatter_reduce(draw):
    form, x, dim, index, src = draw(changed(kinds=("normal", "odd", "ties")))
    reduce = draw(forms("sum", "prod", "mean", "amax", "amin", "other"))
    return Call(
        "scatter_reduce",
        [x, dim, index, src, reduce],
        {"include_self": draw(flags)},
        form,
        rtol={"bfloat16": 5e-2, "float16": 1e-2}.get(x.dtype, 1e-5),
    )


@cases.add("scatter_reduce gradients", "scatter_reduce")
def scatter_reduce_gradients(draw):
    _, x, dim, index, src = draw(changed(WIDE, ("normal",)))
    reduce = draw(forms("sum", "prod", "mean", "amax", "amin"))
    return Call("scatter_reduce", [x, dim, index, src, reduce], {"include_self": draw(flags)}, grad=(0, 3))


@st.composite
def slices(draw, dtypes=ALL, kinds=("normal", "ties", "extreme"), distinct=False):
    """A form, a tensor, a dimension, a vector of indices, and a source of that many slices."""
    shape = draw(shapes())
    dim = draw(st.integers(-len(shape), len(shape) - 1)) if shape and not draw(rarely) else draw(dims)
    form = draw(forms("function", "method", "inplace", "out"))
    x = draw(tensors(shape, dtypes, kinds, WRITABLE if form == "inplace" else KEEPING))
    n = size_of(shape, dim)
    count = draw(st.integers(0, n if distinct else 5))
    index = draw(indices(() if not shape and draw(flags) else (count,), n, distinct=distinct))
    sizes = list(shape)
    if -len(shape) <= dim < len(shape):
        sizes[dim] = index.values.size
    elif draw(flags):
        sizes = [index.values.size]
    if draw(rarely):
        sizes = list(draw(shapes()))
    return form, x, dim, index, draw(tensors(sizes, (x.dtype,), kinds))


@cases.add("index_select", "index_select")
def index_select(draw):
    form, x, dim, index, _ = draw(slices())
    numpy = None
    if (index.values >= 0).all() and index.values.ndim == 1 and x.values.ndim:

        def numpy(a, d, i):
            return np.take(a, i, d)

    return Call("index_select", [x, dim, index], {}, "method" if form == "inplace" else form, exact=True, numpy=numpy)


@cases.add("index_select gradients", "index_select _index_embed")
def index_select_gradients(draw):
    _, x, dim, index, _ = draw(slices(WIDE, ("normal",)))
    return Call("index_select", [x, dim, index], grad=(0,))


@cases.add("index_add", "index_add")
def index_add(draw):
    form, x, dim, index, source = draw(slices(kinds=("normal", "odd")))
    return Call(
        "index_add",
        [x, dim, index, source],
        {"alpha": draw(st.sampled_from([1, 2, -1]))},
        form,
        rtol={"bfloat16": 5e-2, "float16": 1e-2}.get(x.dtype, 1e-5),
    )


@cases.add("index_add gradients", "index_add")
def index_add_gradients(draw):
    _, x, dim, index, source = draw(slices(WIDE, ("normal",)))
    return Call("index_add", [x, dim, index, source], {"alpha": 2}, grad=(0, 3))


@cases.add("index_copy", "index_copy")
def index_copy(draw):
    form, x, dim, index, source = draw(slices(distinct=True))
    return Call("index_copy", [x, dim, index, source], {}, form, exact=True)


@cases.add("index_copy gradients", "index_copy")
def index_copy_gradients(draw):
    _, x, dim, index, source = draw(slices(WIDE, ("normal",), distinct=True))
    return Call("index_copy", [x, dim, index, source], grad=(0, 3))


@cases.add("index_fill", "index_fill _index_fill")
def index_fill(draw):
    form, x, dim, index, _ = draw(slices())
    value = draw(
        st.sampled_from(
            [
                0,
                1,
                -2,
                2.5,
                True,
                draw(tensors((), (x.dtype,), layouts=("dense",))),
                draw(tensors((1,), (x.dtype,), layouts=("dense",))),
            ]
        )
    )
    return Call("index_fill", [x, dim, index, value], {}, "function" if form == "out" else form, exact=True)


@cases.add("index_fill gradients", "index_fill _index_fill")
def index_fill_gradients(draw):
    _, x, dim, index, _ = draw(slices(WIDE, ("normal",)))
    return Call("index_fill", [x, dim, index, 3], grad=(0,))


@cases.add("index_reduce", "index_reduce")
def index_reduce(draw):
    form, x, dim, index, source = draw(slices(kinds=("normal", "odd", "ties")))
    reduce = draw(forms("prod", "mean", "amax", "amin", "sum"))
    return Call(
        "index_reduce",
        [x, dim, index, source, reduce],
        {"include_self": draw(flags)},
        form,
        rtol={"bfloat16": 5e-2, "float16": 1e-2}.get(x.dtype, 1e-5),
    )


@cases.add("index_reduce gradients", "index_reduce")
def index_reduce_gradients(draw):
    _, x, dim, index, source = draw(slices(WIDE, ("normal",)))
    reduce = draw(forms("prod", "mean", "amax", "amin"))
    return Call("index_reduce", [x, dim, index, source, reduce], {"include_self": draw(flags)}, grad=(0, 3))


@cases.add("take", "take")
def take(draw):
    x = draw(tensors(kinds=("normal", "extreme"), dtypes=ALL))
    index = draw(indices(draw(shapes(0, 3)), x.values.size, negative=True))
    return Call(
        "take",
        [x, index],
        {},
        draw(forms("function", "method", "out")),
        exact=True,
        numpy=lambda a, i: np.take(a, i) if a.size else None,
    )


@cases.add("take gradients", "take put")
def take_gradients(draw):
    x = draw(tensors(dtypes=WIDE, kinds=("normal",), layouts=KEEPING))
    index = draw(indices(draw(shapes(0, 3)), x.values.size, negative=True, distinct=True))
    if draw(flags):
        return Call("take", [x, index], grad=(0,))
    source = draw(tensors(index.values.shape, (x.dtype,), ("normal",)))
    repeated = index.values.size > x.values.size  # which of their values stays is not said
    return Call("put", [x, index, source, repeated or draw(flags)], grad=(0, 2))


@cases.add("put", "put")
def put(draw):
    form = draw(forms("function", "method", "inplace"))
    x = draw(tensors(dtypes=ALL, kinds=("normal", "odd"), layouts=WRITABLE))
    accumulate = draw(flags)
    index = draw(indices(draw(shapes(0, 3)), x.values.size, negative=not accumulate, distinct=not accumulate))
    source = draw(
        tensors(draw(st.sampled_from([index.values.shape, (index.values.size,)])), (x.dtype,), ("normal", "odd"))
    )
    distinct = len(np.unique(index.values)) == index.values.size
    if not accumulate and not distinct:
        source.values = np.full_like(source.values, 1)
    return Call(
        "put", [x, index, source, accumulate], {}, form, rtol={"bfloat16": 5e-2, "float16": 1e-2}.get(x.dtype, 1e-5)
    )


# ---- masks


@st.composite
def masked(draw, dtypes=ALL, kinds=("normal", "extreme"), inplace=True):
    """A form, a tensor, and a mask that broadcasts with it."""
    shape = draw(shapes())
    form = draw(forms("function", "method", "inplace") if inplace else forms("function", "method", "out"))
    x = draw(tensors(shape, dtypes, kinds, WRITABLE if form == "inplace" else KEEPING))
    other = [1 if draw(rarely) else n for n in shape][draw(st.integers(0, 1)) :]
    if draw(rarely):
        other = draw(shapes())
    dtype = "uint8" if draw(rarely) else "bool"
    return form, x, draw(tensors(other, (dtype,), ("ties",), KEEPING))


@cases.add("masked_fill", "masked_fill _masked_fill")
def masked_fill(draw):
    form, x, mask = draw(masked())
    value = draw(
        st.sampled_from(
            [0, 1, -2, 2.5, True, 1e30, float("nan"), 300, draw(tensors((), (x.dtype,), layouts=("dense",)))]
        )
    )
    return Call("masked_fill", [x, mask, value], {}, form, exact=True)


@cases.add("masked_fill gradients",
           "masked_fill _masked_fill masked_select _masked_select masked_scatter _masked_scatter")
def masked_gradients(draw):
    _, x, mask = draw(masked(WIDE, ("normal",)))
    name = draw(forms("masked_fill", "masked_select", "masked_scatter"))
    if name == "masked_select":
        return Call(name, [x, mask], grad=(0,))
    if name == "masked_fill":
        return Call(name, [x, mask, 2], grad=(0,))
    return Call(name, [x, mask, draw(tensors((60,), (x.dtype,), ("normal",)))], grad=(0, 2))


@cases.add("masked_select", "masked_select _masked_select")
def masked_select(draw):
    form, x, mask = draw(masked(inplace=False))
    numpy = (lambda a, m: a[m]) if x.values.shape == mask.values.shape and mask.dtype == "bool" else None
    return Call("masked_select", [x, mask], {}, form, exact=True, numpy=numpy)


@cases.add("masked_scatter", "masked_scatter _masked_scatter")
def masked_scatter(draw):
    form, x, mask = draw(masked())
    source = draw(tensors(dtypes=(x.dtype,)))
    return Call("masked_scatter", [x, mask, source], {}, form, exact=True)


@cases.add("nonzero", "argwhere nonzero_static")
def nonzero(draw):
    x = draw(tensors(dtypes=ALL, kinds=("ties", "extreme")))
    name = draw(forms("argwhere", "nonzero", "nonzero tuple", "nonzero_static", "count"))
    if name == "nonzero_static":
        return Call(
            name,
            [x],
            {"size": draw(st.integers(-1, 5)), "fill_value": draw(st.integers(-2, 2))},
            draw(forms("function", "method")),
            exact=True,
        )
    if name == "nonzero tuple":
        return Call(
            "nonzero",
            [x],
            {"as_tuple": True},
            draw(forms("function", "method")),
            exact=True,
            numpy=lambda a, as_tuple: np.nonzero(a) if a.ndim else None,
        )
    if name == "count":
        return Call("count_nonzero", [x], {"dim": draw(dims)}, draw(forms("function", "method")), exact=True)
    return Call(name, [x], {}, draw(forms("function", "method")), exact=True, numpy=lambda a: np.argwhere(a))


@cases.add("where", "")
def where(draw):
    _, x, mask = draw(masked())
    other = draw(tensors([1 if draw(rarely) else n for n in x.values.shape], ALL, layouts=KEEPING))
    args = draw(st.sampled_from([[mask, x, other], [mask, x, 2], [mask, 1.5, x], [mask]]))
    return Call("where", args, exact=True)


# ---- x[...] and x[...] = y


@st.composite
def keys(draw, shape):
    """Numbers, slices, None, Ellipsis, index tensors and masks, mixed."""
    key, d, ellipsis = [], 0, False
    lead = draw(shapes(0, 2, 1, 3))
    while d <= len(shape):
        n = shape[d] if d < len(shape) else 1
        kind = draw(
            st.sampled_from(
                [
                    "int",
                    "slice",
                    "slice",
                    "none",
                    "ellipsis",
                    "tensor",
                    "tensor",
                    "mask",
                    "wide mask",
                    "list",
                    "bool",
                    "end",
                ]
            )
        )
        if kind == "end" or (d == len(shape) and kind not in ("none", "ellipsis", "bool")):
            break
        if kind == "int":
            key.append(draw(st.integers(-n, n - 1 if not draw(rarely) else n)) if n else 0)
        elif kind == "slice":
            key.append(
                slice(
                    draw(st.none() | st.integers(-n - 1, n + 1)),
                    draw(st.none() | st.integers(-n - 1, n + 1)),
                    draw(st.none() | st.integers(1, 3)),
                )
            )
        elif kind == "none":
            key.append(None)
            d -= 1
        elif kind == "ellipsis" and not ellipsis:
            key.append(Ellipsis)
            ellipsis = True
            d += draw(st.integers(-1, max(-1, len(shape) - d - 2)))
        elif kind == "tensor":
            sizes = [1 if draw(rarely) else k for k in lead][draw(st.integers(0, len(lead))) :]
            key.append(draw(indices(tuple(sizes), n, True, ("int64", "int64", "int32", "int8"))))
        elif kind == "mask":
            key.append(draw(tensors((n if not draw(rarely) else n + 1,), ("bool",), ("ties",), KEEPING)))
        elif kind == "wide mask" and d + 1 < len(shape):
            key.append(draw(tensors(shape[d : d + 2], ("bool", "bool", "uint8"), ("ties",), KEEPING)))
            d += 1
        elif kind == "list" and n:
            key.append(draw(st.lists(st.integers(-n, n - 1), min_size=1, max_size=3)))
        elif kind == "bool":
            key.append(draw(flags))
            d -= 1
        d += 1
        if len(key) > 6:
            break
    return key[0] if len(key) == 1 and draw(flags) else tuple(key)


@cases.add("x[key]", "")
def getitem(draw):
    x = draw(tensors(draw(shapes(high=4)), ("float32", "int64", "bool", "float64"), ("normal",), KEEPING))
    grad = (0,) if x.dtype == "float64" else ()
    return Call("Tensor.__getitem__", [x, draw(keys(x.values.shape))], {}, exact=True, grad=grad)


@cases.add("x[key] = value", "index_put")
def setitem(draw):
    x = draw(tensors(draw(shapes(high=4)), ("float32", "int64", "bool", "float64"), ("normal",), WRITABLE))
    key = draw(keys(x.values.shape))
    t, _ = T(x.values).make(ctorch)
    try:  # a value that fits, where the key does
        made = tuple(k.make(ctorch)[0] if isinstance(k, T) else k for k in key) if isinstance(key, tuple) else key
        shape = tuple(t[made.make(ctorch)[0] if isinstance(made, T) else made].shape)
    except (IndexError, RuntimeError, TypeError, ValueError):
        shape = ()
    shape = tuple(1 if draw(rarely) else n for n in shape)[draw(st.integers(0, 1)) :]
    value = draw(
        st.sampled_from(
            [
                2,
                -1.0,
                T(np.array(3, x.dtype)),
                T(np.full(shape, 4, x.dtype)),
                T(np.full(draw(shapes(0, 2)), 5, x.dtype)),
            ]
        )
    )
    return Call("Tensor.__setitem__", [x, key, value], {}, exact=True)


@cases.add("index_put", "index_put")
def index_put(draw):
    shape = draw(shapes(1, 3, 1))
    form = draw(forms("function", "method", "inplace"))
    x = draw(tensors(shape, ALL, ("normal",), WRITABLE))
    lead = draw(shapes(0, 2, 1, 3))
    many = draw(st.integers(1, len(shape)))
    key = [draw(indices(lead, n, True)) for n in shape[:many]]
    value = draw(
        tensors(draw(st.sampled_from([(), (*lead, *shape[many:]), draw(shapes(0, 1))])), (x.dtype,), ("normal",))
    )
    accumulate = draw(flags)
    if not accumulate:
        value.values = np.full_like(value.values, 1)
    return Call(
        "index_put",
        [x, tuple(key), value, accumulate],
        {},
        form,
        rtol={"bfloat16": 5e-2, "float16": 1e-2}.get(x.dtype, 1e-5),
    )


@cases.add("index_put gradients", "index_put")
def index_put_gradients(draw):
    shape = draw(shapes(1, 3, 1))
    x = draw(tensors(shape, WIDE, ("normal",), KEEPING))
    key = [draw(indices((shape[0],), shape[0], distinct=True))]
    value = draw(tensors(shape, (x.dtype,), ("normal",)))
    return Call("index_put", [x, tuple(key), value, draw(flags)], grad=(0, 2))


@cases.add("embedding", "embedding _embedding_backward")
def embedding(draw):
    rows = draw(st.integers(0, 5))
    weight = draw(
        tensors((rows, draw(st.integers(0, 4))), dtypes=("float64", "float32", "float16", "bfloat16"), layouts=KEEPING)
    )
    index = draw(indices(draw(shapes(0, 3)), rows))
    kwargs = {}
    if draw(flags):
        kwargs["padding_idx"] = draw(st.integers(-rows - 1, rows))
    return Call(
        "nn.functional.embedding", [index, weight], kwargs, exact=not kwargs, grad=(1,) if weight.dtype in WIDE else ()
    )


ROWS_DRIVEN = cases.rows


@pytest.mark.parametrize("name", cases)
def test_indexing(name):
    cases.drive(name)
