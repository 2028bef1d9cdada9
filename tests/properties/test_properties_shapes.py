"""Rows that move values, views of them, joins, casts and factories: against PyTorch, element for element."""
import numpy as np
import pytest
from comparison import EXACT, Tolerance, agree, resolve
from hypothesis import given as drawn
from hypothesis import strategies as st
from strategies import (
    ALL_DTYPES,
    COMPLEX,
    DTYPES,
    FLOATS,
    INTEGERS,
    LAYOUTS,
    DType,
    broadcastable,
    dims_of,
    examples,
    operands,
    shapes,
    torch,
)

needs_torch = pytest.mark.skipif(torch is None, reason="needs PyTorch")
STRIDED = ("contiguous", "permuted", "stepped", "expanded", "offset")     # the layouts that PyTorch has too
SMALL = st.integers(-3, 4)
SIZES = st.integers(0, 4)


def one_dim(x):
    return dims_of(len(x.shape), many=False)


def some_dims(x):
    return dims_of(len(x.shape))


def sizes_like(x):
    """Sizes that a shape can be seen as, now and then others."""
    count = int(np.prod(x.shape, dtype=int))
    ways = [x.shape, (count,), (-1,), (*x.shape, 1), (1, count), (-1, 1), (count, -1), (2, -1), (-1, -1), (count + 1,)]
    return st.sampled_from([tuple(map(int, w)) for w in ways])


def grown(x):
    """Sizes that a shape expands to."""
    ways = [x.shape, (2, *x.shape), tuple(3 if s == 1 else s for s in x.shape), (-1,) * len(x.shape), (3,)]
    return st.sampled_from(ways)


def lists_of(strategy, low=0, high=3):
    return st.lists(strategy, min_size=low, max_size=high).map(tuple)


def corners(x):
    """Sizes, strides and an offset for as_strided, small enough to fit more often than not."""
    size = lists_of(st.integers(0, 3), 0, 3)
    return size.flatmap(lambda s: st.tuples(st.just(s), st.lists(st.integers(0, 2), min_size=len(s), max_size=len(
        s)).map(tuple), st.sampled_from([None, 0, 1])))


def call(path, *arguments):
    """A row's public function with arguments drawn for the tensor, each a function of it or a strategy."""
    return path, arguments


# The arguments behind the tensor, by row; the method of the same name is called as well.
ROWS = {
    "repeat": call("Tensor.repeat", lambda x: lists_of(SIZES, 0, len(x.shape) + 1)),
    "tile": call("tile", lambda x: lists_of(SIZES, 0, len(x.shape) + 1)),
    "repeat_interleave": call("repeat_interleave", SMALL, lambda x: st.none() | (one_dim(x) if x.shape else
                                                                                 st.just(0))),
    "flip": call("flip", lambda x: some_dims(x).map(lambda d: d if isinstance(d, tuple) else (d,))),
    "fliplr": call("fliplr"), "flipud": call("flipud"),
    "rot90": call("rot90", SMALL, lambda x: st.tuples(one_dim(x), one_dim(x))),
    "roll": call("roll", SMALL, lambda x: st.none() | one_dim(x)),
    "diag": call("diag", SMALL), "diag_embed": call("diag_embed", SMALL), "diagflat": call("diagflat", SMALL),
    "tril": call("tril", SMALL), "triu": call("triu", SMALL), "trace": call("trace"),
    "combinations": call("combinations", st.integers(-1, 3), st.booleans()),
    "constant_pad_nd": call("constant_pad_nd", lambda x: lists_of(st.integers(-1, 2), 0, 4), st.integers(-2, 2)),
    "fill": call("fill", st.sampled_from([0, 1, 2.5, float("inf"), -1, 300, True])),
    "split_with_sizes": call("split_with_sizes", lambda x: lists_of(SIZES, 0, 3), one_dim),
    "tensor_split": call("tensor_split", st.integers(0, 4) | lists_of(SMALL), one_dim),
    "hsplit": call("hsplit", st.integers(0, 3) | lists_of(SMALL)),
    "vsplit": call("vsplit", st.integers(0, 3) | lists_of(SMALL)),
    "dsplit": call("dsplit", st.integers(0, 3) | lists_of(SMALL)),
    "unsafe_split": call("unsafe_split", SIZES, one_dim), "unsafe_chunk": call("unsafe_chunk", SIZES, one_dim),
    "unsafe_split_with_sizes": call("unsafe_split_with_sizes", lambda x: lists_of(SIZES, 0, 3), one_dim),
    "alias_copy": call("alias_copy"), "detach_copy": call("detach_copy"), "t_copy": call("t_copy"),
    "diagonal_copy": call("diagonal_copy", SMALL, one_dim, one_dim), "expand_copy": call("expand_copy", grown),
    "narrow_copy": call("narrow_copy", one_dim, SMALL, SIZES),
    "permute_copy": call("permute_copy", lambda x: st.permutations(range(len(x.shape))).map(tuple)),
    "select_copy": call("select_copy", one_dim, SMALL),
    "slice_copy": call("slice_copy", one_dim, st.none() | SMALL, st.none() | SMALL, st.integers(0, 3)),
    "split_copy": call("split_copy", SIZES, one_dim), "squeeze_copy": call("squeeze_copy", one_dim),
    "split_with_sizes_copy": call("split_with_sizes_copy", lambda x: lists_of(SIZES, 0, 3), one_dim),
    "transpose_copy": call("transpose_copy", one_dim, one_dim), "unbind_copy": call("unbind_copy", one_dim),
    "unfold_copy": call("unfold_copy", one_dim, SMALL, SMALL), "unsqueeze_copy": call("unsqueeze_copy", one_dim),
    "view_copy": call("view_copy", sizes_like), "real": call("real"), "imag": call("imag"),
    "conj_physical": call("conj_physical"), "resolve_conj": call("resolve_conj"), "resolve_neg": call("resolve_neg"),
    "is_conj": call("is_conj"), "is_neg": call("is_neg"), "isreal": call("isreal"), "positive": call("positive"),
    "view_as_real": call("view_as_real"), "view_as_real_copy": call("view_as_real_copy"),
    "view_as_complex_copy": call("view_as_complex_copy"),
}
# Functions that are no rows, with the same machinery.
VIEWS = {
    "view": call("Tensor.view", sizes_like), "reshape": call("reshape", sizes_like), "flatten": call(
        "flatten", one_dim, one_dim), "expand": call("Tensor.expand", grown), "transpose": call(
        "transpose", one_dim, one_dim), "permute": call("permute", lambda x: some_dims(x).map(
            lambda d: d if isinstance(d, tuple) else (d,))), "movedim": call("movedim", some_dims, some_dims),
    "unsqueeze": call("unsqueeze", one_dim), "squeeze": call("squeeze", one_dim), "narrow": call(
        "narrow", one_dim, SMALL, SIZES), "select": call("select", one_dim, SMALL), "diagonal": call(
        "diagonal", SMALL, one_dim, one_dim), "unfold": call("Tensor.unfold", one_dim, SMALL, SMALL),
    "unbind": call("unbind", one_dim), "chunk": call("chunk", SIZES, one_dim), "split": call("split", SIZES, one_dim),
    "unflatten": call("unflatten", one_dim, lambda x: lists_of(st.integers(-1, 3), 1, 3)), "t": call("t"),
    "ravel": call("ravel"), "broadcast_to": call("broadcast_to", grown),
    "atleast_1d": call("atleast_1d"), "atleast_2d": call("atleast_2d"), "atleast_3d": call("atleast_3d"),
    "numel": call("numel"), "is_nonzero": call("is_nonzero"), "contiguous": call("Tensor.contiguous"),
    "tolist": call("Tensor.tolist"), "item": call("Tensor.item"),
}


def arguments(data, x, wanted):
    return [data.draw(a(x) if callable(a) else a) for a in wanted]


@needs_torch
@pytest.mark.parametrize("row", [*ROWS, *VIEWS])
@drawn(data=st.data())
@examples(12)
def test_moves(row, data):
    path, wanted = (ROWS | VIEWS)[row]
    layouts = STRIDED if "view" in row else LAYOUTS
    x = data.draw(operands(shapes(), st.sampled_from(ALL_DTYPES), layouts=layouts))
    given_ = arguments(data, x, wanted)
    if not x.shape:
        given_ = [g[:1] if row == "flip" else g for g in given_]
    tolerance = EXACT if row != "trace" else Tolerance(4, atol=4, parts=False)
    agree(row, lambda m, x: resolve(m, path)(x, *given_), x, tolerance=tolerance, wider=True,
          excuse=excused, strided="view" in row)


def excused(error):
    """The reason why ctorch does more, or names another fault."""
    if "trace: not implemented" in str(error):
        return "the trace of every dtype"
    if "expected to be in range of [-1, 0], but got 1" in str(error):
        return "repeat_interleave along the last dimension of a number"
    if "cannot be converted to type int64_t without overflow" in str(error):
        return "is_nonzero of the largest uint64"
    return "movedim says of a dim and dims that they differ in number" if (
        "movedim() received an invalid combination" in str(error)) else None


@needs_torch
@pytest.mark.parametrize("row", ["as_strided_copy", "as_strided"])
@drawn(data=st.data())
@examples(12)
def test_strided(row, data):
    x = data.draw(operands(shapes(), st.sampled_from(ALL_DTYPES), layouts=("contiguous",)))
    size, stride, offset = data.draw(corners(x))
    agree(row, lambda m, x: getattr(m, row)(x, size, stride, offset), x, tolerance=EXACT, strided=True)


JOINS = ["hstack", "vstack", "dstack", "column_stack", "cat", "stack", "block_diag", "cartesian_prod", "meshgrid",
         "broadcast_tensors"]


@needs_torch
@pytest.mark.parametrize("row", JOINS)
@drawn(data=st.data())
@examples(12)
def test_joins(row, data):
    count = data.draw(st.integers(0 if row != "broadcast_tensors" else 1, 3))
    group = data.draw(broadcastable(count, 3 if row != "block_diag" else 2)) if data.draw(st.booleans()) else [
        data.draw(shapes(max_dims=2))] * count
    if row in ("cartesian_prod", "meshgrid"):
        group = [shape[:1] for shape in group]
    common = data.draw(st.sampled_from(DTYPES))
    items = [data.draw(operands(s, common if data.draw(st.integers(0, 3)) else data.draw(st.sampled_from(DTYPES))))
             for s in group]
    dim = data.draw(st.integers(-2, 2))

    def function(m, *xs):
        if row in ("cat", "stack"):
            return getattr(m, row)(xs, dim)
        if row in ("block_diag", "cartesian_prod", "broadcast_tensors"):
            return getattr(m, row)(*xs)
        if row == "meshgrid":
            return m.meshgrid(*xs, indexing="ij" if dim > 0 else "xy")
        return getattr(m, row)(xs)
    agree(row, function, *items, tolerance=EXACT)


SCATTERS = ["diagonal_scatter", "select_scatter", "slice_scatter", "as_strided_scatter"]


@needs_torch
@pytest.mark.parametrize("row", SCATTERS)
@drawn(data=st.data())
@examples(12)
def test_scatters_into_views(row, data):
    x = data.draw(operands(shapes(min_dims=1, max_dims=3), st.sampled_from(DTYPES), layouts=("contiguous", "negative")))
    first, second = data.draw(one_dim(x)), data.draw(one_dim(x))
    start, stop, step = data.draw(SMALL), data.draw(SMALL), data.draw(st.integers(1, 3))
    size, stride, offset = data.draw(corners(x))
    rest = {"diagonal_scatter": (start, first, second), "select_scatter": (first, start),
            "slice_scatter": (first, start, stop, step), "as_strided_scatter": (size, stride, offset)}[row]
    view = {"as_strided_scatter": "as_strided", "slice_scatter": "slice_copy"}.get(row, row.partition("_")[0])
    try:
        shape = tuple(getattr(torch, view)(x.torch(), *rest).shape)
    except (RuntimeError, IndexError, ValueError):
        shape = data.draw(shapes(max_dims=2))
    if row == "as_strided_scatter" and (x.layout != "contiguous" or len(set(stride)) < len(stride) or 0 in stride):
        return                                   # several elements in one place: which one is last is left open
    source = data.draw(operands(shape, x.dtype if data.draw(st.integers(0, 3)) else data.draw(st.sampled_from(DTYPES))))
    agree(row, lambda m, x, y: getattr(m, row)(x, y, *rest), x, source, tolerance=EXACT)


@needs_torch
@pytest.mark.parametrize("row", ["tril_indices", "triu_indices"])
@drawn(row_count=st.integers(-1, 5), columns=st.integers(-1, 5), offset=st.integers(-6, 6))
@examples(12)
def test_indices_of_triangles(row, row_count, columns, offset):
    agree(row, lambda m: getattr(m, row)(row_count, columns, offset))


# ---- casts and factories

def fits(array, dtype):
    """Whether C defines the cast of every value: integers take floats in their range."""
    if np.dtype(array.dtype).kind not in "fc" or dtype not in (*INTEGERS, "uint16", "uint32", "uint64"):
        return True
    info = np.iinfo(dtype)
    low = -min(info.max, 2 ** 31) if info.min == 0 else info.min
    part = array.real.astype(np.float64)
    with np.errstate(invalid="ignore"):
        return bool(((part >= max(low, -2.0 ** 31)) & (part < min(info.max, 2.0 ** 31))).all()) and info.min < 0


@needs_torch
@pytest.mark.parametrize("row", ALL_DTYPES)
@drawn(data=st.data())
@examples(15)
def test_casts(row, data):
    x = data.draw(operands(shapes(), row))
    to = DType(data.draw(st.sampled_from(ALL_DTYPES)))
    if not fits(x.array, to):
        return
    form = data.draw(st.sampled_from(["to", "type", "copy"]))

    def function(m, x):
        if form == "copy":
            return m.empty(tuple(x.shape), dtype=getattr(m, to)).copy_(x)
        return getattr(x, form)(getattr(m, to))
    agree("casts", function, x, tolerance=EXACT)


@needs_torch
@drawn(data=st.data())
@examples(40)
def test_views_as_other_dtypes(data):
    x = data.draw(operands(shapes(), st.sampled_from(ALL_DTYPES), layouts=("contiguous", "permuted")))
    to = DType(data.draw(st.sampled_from([d for d in ALL_DTYPES if d != "bool"])))
    agree("view_dtype", lambda m, x: x.view(getattr(m, to)), x, tolerance=EXACT, strided=True,
          excuse=lambda e: "must be 1 to view" in str(e) and x.shape[-1] < 2 and "one element may lie anywhere")


@needs_torch
@drawn(data=st.data())
@examples(40)
def test_view_as_complex(data):
    shape = (*data.draw(shapes(max_dims=2)), data.draw(st.sampled_from([2, 2, 2, 1, 3])))
    x = data.draw(operands(shape, st.sampled_from(["float32", "float64", "int32"]), layouts=STRIDED))
    agree("view_as_complex", lambda m, x: m.view_as_complex(x), x, tolerance=EXACT, strided=True)


NUMBERS = st.sampled_from([0, 1, -1, 2, 5, 7, -3, 0.5, 2.5, -0.25, 1e-3, 10])


@needs_torch
@pytest.mark.parametrize("row", ["arange", "linspace", "logspace", "full", "eye", "zeros", "ones", "full_like",
                                 "zeros_like", "scalar_tensor", "range", "tensor", "new_full"])
@drawn(data=st.data())
@examples(15)
def test_factories(row, data):
    dtype = data.draw(st.none() | st.sampled_from(ALL_DTYPES))
    a, b, c = (data.draw(NUMBERS) for _ in range(3))
    c = c or 1
    c = c if row != "range" or abs(c) > 0.1 else 1         # how many steps there are is rounded
    if row == "linspace" and dtype == "bool":
        dtype = None                             # whether a half is true depends on what it is made first
    if row in ("range", "arange") and dtype not in (None, *FLOATS, *COMPLEX):
        c = int(c) or 1                          # PyTorch divides by the step as a whole number, of zero too
    size, count = data.draw(shapes(max_dims=3)), data.draw(st.integers(-1, 9))
    x = data.draw(operands(size, st.sampled_from(DTYPES)))
    if row == "tensor" and dtype == "uint64":
        return                                   # PyTorch takes no floats for it
    if dtype in ("uint8", "uint16", "uint32", "uint64"):
        a, b, c = abs(a), abs(b), abs(c)

    def function(m, x):
        kind = {} if dtype is None else {"dtype": getattr(m, dtype)}
        return {"arange": lambda: m.arange(a, b, c, **kind), "linspace": lambda: m.linspace(a, b, count, **kind),
                "logspace": lambda: m.logspace(a, b, count, **kind), "full": lambda: m.full(size, a, **kind),
                "eye": lambda: m.eye(count, abs(count), **kind), "zeros": lambda: m.zeros(size, **kind),
                "ones": lambda: m.ones(size, **kind), "full_like": lambda: m.full_like(x, a, **kind),
                "zeros_like": lambda: m.zeros_like(x, **kind), "scalar_tensor": lambda: m.scalar_tensor(a, **kind),
                "range": lambda: m.range(a, b, c, **kind), "tensor": lambda: m.tensor([a, b, c], **kind),
                "new_full": lambda: x.new_full(size, a, **kind)}[row]()
    agree(row, function, x, tolerance=Tolerance({"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8}, atol=16),
          wider=True, refine=(lambda x: np.logspace(a, b, max(count, 0))) if row == "logspace" else False)


# ---- rows of two tensors and of parts

@needs_torch
@pytest.mark.parametrize("row", ["isclose", "allclose", "equal", "complex", "polar", "dist"])
@drawn(data=st.data())
@examples(15)
def test_pairs(row, data):
    dtype = data.draw(st.sampled_from(DTYPES if row not in ("complex", "polar") else FLOATS[1:]))
    first, second = data.draw(broadcastable(2))
    x = data.draw(operands(first, dtype))
    y = data.draw(operands(second, dtype if data.draw(st.integers(0, 4)) else data.draw(st.sampled_from(DTYPES))))
    if data.draw(st.booleans()) and row in ("isclose", "allclose", "equal"):
        y = x
    extra = {"equal_nan": data.draw(st.booleans())} if row in ("isclose", "allclose") else {}
    if row == "dist":
        extra["p"] = data.draw(st.sampled_from([0, 1, 2, 3.0, float("inf")]))
    agree(row, lambda m, x, y: getattr(m, row)(x, y, **extra), x, y, wider=True,
          tolerance=Tolerance({"float32": 32, "float64": 64}, parts=False, recovers=row == "dist"))


@needs_torch
@drawn(data=st.data())
@examples(60)
def test_mvlgamma(data):
    x = data.draw(operands(shapes(), st.sampled_from(DTYPES), pool=[0, 0.5, 1, 1.5, 2.25, 3, 7, 30]
                           if data.draw(st.booleans()) else [2, 3, 4.5, 20, 33]))
    p = data.draw(st.integers(0, 4))
    agree("mvlgamma", lambda m, x: m.mvlgamma(x, p), x, wider=True, tolerance=Tolerance(16, atol=16))


ROWS_DRIVEN = {*ROWS, *JOINS, *SCATTERS, "as_strided_copy", "tril_indices", "triu_indices", "view_as_complex",
               "isclose", "allclose", "equal", "complex", "polar", "dist", "mvlgamma"}
