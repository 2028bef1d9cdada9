"""Products of vectors and matrices: random calls against PyTorch and NumPy."""

import numpy as np
import pytest
from calls import (
    COMPLEX,
    FLOATS,
    KEEPING,
    LAYOUTS,
    WIDE,
    WRITABLE,
    Call,
    Cases,
    largest_of,
    shapes,
    tensors,
    within,
)
from hypothesis import strategies as st
from scipy.spatial import distance

cases = Cases()
flags = st.booleans()
rarely = st.integers(0, 7).map(lambda n: n == 0)
DTYPES = (*WIDE, *WIDE, "float16", "bfloat16", *COMPLEX, "int64", "int32", "int8", "uint8", "bool")
NUMBERS = DTYPES[:-1]
KINDS = ("normal", "normal", "ties", "odd")
sizes = st.integers(0, 5)


def forms(*names):
    return st.sampled_from(names)


@st.composite
def factors(draw, *letters, dtypes=DTYPES, kinds=KINDS, layouts=LAYOUTS, one=()):
    """Tensors of one dtype whose shapes are words: equal letters are equal sizes, now and then one is not."""
    size = {c: draw(sizes) for c in sorted({c for word in letters for c in word})}
    dtype = draw(st.sampled_from(dtypes))
    made = []
    for word in letters:
        shape = tuple(draw(sizes) if draw(st.integers(0, 30)) == 0 else size[c] for c in word)
        other = draw(st.sampled_from(dtypes)) if draw(st.integers(0, 40)) == 0 else dtype
        made.append(draw(tensors(shape, (other,), kinds, layouts)))
    return made


def tolerance(x):
    return {"float16": 2e-2, "bfloat16": 6e-2, "float32": 1e-4, "complex64": 1e-4}.get(x.dtype)


def product(
    name, *letters, rows="", numpy=None, methods=("function", "method", "out"), gradients=True, extra=None, **options
):
    """Cases of a function of tensors alone."""

    @cases.add(name, rows or name)
    def values(draw):
        args = draw(factors(*letters, **options))
        return Call(
            name,
            args,
            {},
            draw(forms(*methods)),
            rtol=tolerance(args[0]),
            numpy=numpy if args[0].dtype not in ("bool",) else None,
        )

    if gradients:

        @cases.add(f"{name} gradients", rows or name)
        def of_gradients(draw):
            args = draw(factors(*letters, **options | {"dtypes": ("float64", "complex128"), "kinds": ("normal",)}))
            return Call(name, args, grad=tuple(range(len(args))))


product("mm", "ij", "jk", numpy=np.matmul)
product("bmm", "bij", "bjk", numpy=np.matmul)
product("mv", "ij", "j", numpy=np.matmul)
product("dot", "i", "i", numpy=np.dot)
product("vdot", "i", "i", numpy=np.vdot)
product("outer", "i", "j", numpy=np.outer)
product("inner", "ij", "kj", numpy=np.inner, dtypes=NUMBERS)
product("kron", "ij", "klm", numpy=np.kron)
product("chain_matmul", "ij", "jk", "kl", methods=("function",),
        numpy=lambda a, b, c: a @ b @ c if all(np.isfinite(m).all() for m in (a, b, c)) else None)


def _products(call):
    # as far as products of the largest numbers may be off: some cancel
    x, y = call.args
    return {"float64": 1e-14, "complex128": 1e-14, "float16": 2e-3, "bfloat16": 2e-2, "float32": 1e-6,
            "complex64": 1e-6}.get(x.dtype, 0) * largest_of(x) * largest_of(y)


@cases.add("cross", "cross")
def cross(draw):
    x, y = draw(factors("ij", "ij", dtypes=NUMBERS))
    dim = draw(st.sampled_from([0, 1, -1, 2]))
    for t in (x, y):
        if dim < 2 and draw(st.integers(0, 9)):
            t.values = np.resize(np.append(t.values.reshape(-1), [1]).astype(t.values.dtype),
                                 [3 if d == dim % 2 else n for d, n in enumerate(x.values.shape)])
    return Call("cross", [x, y], {"dim": dim}, draw(forms("function", "method", "out")), rtol=tolerance(x),
                compare=within(_products))


@cases.add("matmul", "matmul")
def matmul(draw):
    words = draw(
        st.sampled_from(
            [
                ("i", "i"),
                ("ij", "j"),
                ("i", "ij"),
                ("bij", "bjk"),
                ("bij", "jk"),
                ("ij", "bjk"),
                ("abij", "bjk"),
                ("bij", "j"),
                ("i", "bij"),
                ("", "i"),
                ("cbij", "cbjk"),
            ]
        )
    )
    args = draw(factors(*words))
    if draw(flags) and args[0].values.ndim > 2:
        args[0].values = args[0].values[:1]
    smooth = all(t.dtype == "float64" and np.isfinite(t.values).all() for t in args)
    return Call(
        draw(forms("matmul", "Tensor.__matmul__", "linalg.matmul")),
        args,
        rtol=tolerance(args[0]),
        grad=(0, 1) if smooth else (),
        numpy=np.matmul if args[0].dtype != "bool" else None,
    )


@cases.add("matmul out", "matmul")
def matmul_out(draw):
    args = draw(
        factors(*draw(st.sampled_from([("i", "i"), ("ij", "j"), ("bij", "jk"), ("bij", "bjk")])), dtypes=NUMBERS)
    )
    return Call("matmul", args, {}, "out", rtol=tolerance(args[0]))


@cases.add("inner of any", "inner")
def inner(draw):
    args = draw(factors(*draw(st.sampled_from([("i", "i"), ("", "ij"), ("i", ""), ("abi", "ci")])), dtypes=NUMBERS))
    return Call("inner", args, {}, draw(forms("function", "method")), rtol=tolerance(args[0]))


@cases.add("linear", "linear")
def linear(draw):
    args = draw(
        factors(
            *draw(st.sampled_from([("bi", "oi", "o"), ("abi", "oi", "o"), ("i", "oi", "o"), ("bi", "oi"), ("i", "i")])),
            dtypes=NUMBERS,
        )
    )
    return Call("nn.functional.linear", args, rtol=tolerance(args[0]))


@cases.add("linear gradients", "linear")
def linear_gradients(draw):
    args = draw(
        factors(
            *draw(st.sampled_from([("bi", "oi", "o"), ("abi", "oi", "o"), ("i", "oi", "o"), ("bi", "oi")])),
            dtypes=("float64", "complex128"),
            kinds=("normal",),
        )
    )
    return Call("nn.functional.linear", args, grad=tuple(range(len(args))))


@cases.add("bilinear", "bilinear")
def bilinear(draw):
    args = draw(
        factors(
            *draw(st.sampled_from([("bi", "bj", "oij", "o"), ("abi", "abj", "oij"), ("i", "j", "oij")])),
            dtypes=(*WIDE, "float16", "complex64"),
        )
    )
    grad = (
        tuple(range(len(args))) if args[0].dtype == "float64" and all(np.isfinite(a.values).all() for a in args) else ()
    )
    return Call("nn.functional.bilinear", args, rtol=tolerance(args[0]), grad=grad)


@pytest.fixture(autouse=True)
def large_products_are_small(monkeypatch):
    """Both ways of `addbmm` are taken by matrices of a few elements."""
    monkeypatch.setattr("ctorch._composites.products.LARGE_PRODUCT", 8)


ADDED = {
    "addmm": ("ik", "ij", "jk"),
    "baddbmm": ("bik", "bij", "bjk"),
    "addmv": ("i", "ij", "j"),
    "addr": ("ij", "i", "j"),
    "addbmm": ("ik", "bij", "bjk"),
}


def _added(name):
    rows = {"addr": "addr _addr", "addbmm": "addbmm _bmm_sum"}.get(name, name)

    @cases.add(name, rows)
    def values(draw):
        form = draw(forms("function", "method", "inplace", "out"))
        args = draw(
            factors(
                *ADDED[name],
                dtypes=NUMBERS if name != "addr" else DTYPES,
                layouts=WRITABLE if form == "inplace" else LAYOUTS,
            )
        )
        if draw(flags) and form != "inplace" and args[0].values.size:  # broadcast
            args[0].values = args[0].values[(0,) * draw(st.integers(0, args[0].values.ndim))]
        whole = args[0].dtype in ("int64", "int32", "int8", "uint8", "bool")
        numbers = [0, 1, 2, -1] if whole else [0, 1, 0.5, -2, 2]
        if draw(rarely):
            numbers = [0.5, True]
        kwargs = {"alpha": draw(st.sampled_from(numbers)), "beta": draw(st.sampled_from(numbers))}
        return Call(name, args, kwargs, form, rtol=tolerance(args[0]))

    @cases.add(f"{name} gradients", rows)
    def gradients(draw):
        args = draw(factors(*ADDED[name], dtypes=("float64", "complex128"), kinds=("normal",)))
        return Call(
            name,
            args,
            {"alpha": draw(st.sampled_from([1, 0.5, 0])), "beta": draw(st.sampled_from([1, 2, 0]))},
            grad=(0, 1, 2),
        )


for _name in ADDED:
    _added(_name)


@cases.add("tensordot", "tensordot")
def tensordot(draw):
    words, dims = draw(
        st.sampled_from(
            [
                (("ij", "jk"), 1),
                (("aij", "ijk"), 2),
                (("ij", "kl"), 0),
                (("aij", "ji"), ([1, 2], [1, 0])),
                (("ijk", "kl"), ([-1], [0])),
                (("ij", "ij"), 2),
                (("ij", "jk"), 3),
                (("ij", "jk"), ([0, 1], [0])),
                (("ij", "jk"), ([0, 0], [1, 1])),
                (("ij", "jk"), ([5], [0])),
                (("ij", "jk"), -1),
            ]
        )
    )
    args = draw(factors(*words, dtypes=NUMBERS))
    grad = (
        (0, 1)
        if args[0].dtype == args[1].dtype == "float64"
        and np.isfinite(args[0].values).all()
        and np.isfinite(args[1].values).all()
        else ()
    )
    return Call(
        "tensordot",
        [*args, dims],
        {},
        "function" if grad else draw(forms("function", "out")),
        rtol=tolerance(args[0]),
        grad=grad,
    )


def _einsum(equation, *arrays):
    if "..." in equation:
        return None
    sizes = {}
    for word, array in zip(equation.replace(" ", "").split("->")[0].split(","), arrays):
        for letter, size in zip(word, array.shape):
            sizes.setdefault(letter, set()).add(size)
    # what is broadcast over may be summed before it is multiplied, by infinities too
    if any(len(n) > 1 for n in sizes.values()) and not all(np.isfinite(a).all() for a in arrays):
        return None
    return np.einsum(equation, *arrays)


@cases.add("einsum", "")
def einsum(draw):
    equation = draw(
        st.sampled_from(
            [
                "ij,jk->ik",
                "ij,jk",
                "ii->i",
                "ii",
                "ij->ji",
                "i,j->ij",
                "bij,bjk->bik",
                "ij,ij->",
                "...ij,...jk->...ik",
                "...i->...",
                "ij,kj->ik",
                "abc,cd,de->abe",
                "i,i",
                "ij,j->i",
                "a...b->b...a",
                "iij->ij",
                "ij,ij->ij",
                "i...,j...->ij...",
                "ij->",
                "i->ii",
                "ij,jk->iz",
                "ij,jk,kl",
                "b i j , b j k -> b i k",
                "ijk,ikl->",
                "->",
                "ij,",
            ]
        )
    )
    words = [w.strip().replace(" ", "") for w in equation.split("->")[0].split(",")]
    words = [w.replace("...", draw(st.sampled_from(["", "x", "xy"]))) for w in words]
    args = draw(factors(*words, dtypes=NUMBERS))
    grad = (
        tuple(range(1, 1 + len(args)))
        if all(a.dtype == "float64" for a in args) and len(words) and all(np.isfinite(a.values).all() for a in args)
        else ()
    )
    return Call(
        "einsum",
        [equation, *args],
        rtol=tolerance(args[0]),
        grad=grad,
        numpy=_einsum,
    )


@cases.add("cdist", "cdist _distance")
def cdist(draw):
    words = draw(st.sampled_from([("ij", "kj"), ("bij", "bkj"), ("bij", "kj"), ("abij", "bkj")]))
    args = draw(factors(*words, dtypes=(*WIDE, "float16", "int64"), kinds=("normal", "ties")))
    p = draw(st.sampled_from([2.0, 1.0, 0.0, 3.0, float("inf"), 0.5, -1.0]))
    mode = draw(forms("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist"))
    # by a product of matrices, small distances lose half of their digits
    loose = mode == "use_mm_for_euclid_dist"
    numpy = None
    if p >= 1 and not loose and words == ("ij", "kj"):

        def numpy(a, b, p, mode):
            return distance.cdist(a, b, "minkowski", p=p) if a.size and b.size and np.isfinite(p) else None

    rtol = {"float64": 1e-6, "float32": 5e-3}.get(args[0].dtype) if loose else None
    return Call("cdist", [*args, p, mode], rtol=rtol, numpy=numpy)


@cases.add("cdist gradients", "cdist _distance")
def cdist_gradients(draw):
    args = draw(factors(*draw(st.sampled_from([("ij", "kj"), ("bij", "bkj")])), dtypes=("float64",), kinds=("normal",)))
    p = draw(st.sampled_from([2.0, 1.0, 0.0, 3.0, float("inf"), 1.5]))
    return Call("cdist", [*args, p], grad=(0, 1), rtol=1e-6)


@cases.add("pdist", "_pdist")
def pdist(draw):
    x = draw(factors("ij", dtypes=WIDE, kinds=("normal", "ties")))[0]
    p = draw(st.sampled_from([2.0, 1.0, 0.0, 3.0, float("inf"), 0.5]))
    return Call("nn.functional.pdist", [x, p])


@cases.add("renorm", "renorm _renorm_factor")
def renorm(draw):
    form = draw(forms("function", "method", "inplace", "out"))
    x = draw(
        tensors(
            draw(shapes(1)), (*FLOATS, *COMPLEX, "int64"), ("normal", "odd"), WRITABLE if form == "inplace" else LAYOUTS
        )
    )
    return Call(
        "renorm",
        [
            x,
            draw(st.sampled_from([2, 1, 0.5, 3, float("inf"), 0, -1])),
            draw(st.integers(-3, 3)),
            draw(st.sampled_from([1.0, 0, 5, -1])),
        ],
        {},
        form,
        rtol={"float16": 1e-2, "bfloat16": 5e-2, "float64": 1e-6}.get(x.dtype),
    )


@cases.add("renorm gradients", "renorm")
def renorm_gradients(draw):
    x = draw(tensors(draw(shapes(2, 3)), ("float64",), ("normal",), KEEPING))
    return Call("renorm", [x, draw(st.sampled_from([2, 1, 3])), draw(st.integers(0, 1)), 1.5], grad=(0,), rtol=1e-6)


@cases.add("linalg.cross and vecdot", "_cross")
def cross_and_vecdot(draw):
    shape = draw(shapes(0, 3))
    name = draw(forms("linalg.vecdot", "linalg.cross"))
    if name != "linalg.vecdot" and not draw(rarely):
        shape = (*shape, 3)
    dtype = draw(st.sampled_from(NUMBERS))
    args = [draw(tensors([1 if draw(rarely) else n for n in shape], (dtype,), KINDS)) for _ in range(2)]
    grad = (0, 1) if dtype == "float64" and all(np.isfinite(a.values).all() for a in args) else ()
    return Call(name, args, {"dim": draw(st.integers(-2, 1))}, grad=grad, rtol=tolerance(args[0]),
                compare=within(_products))


@cases.add("multi_dot", "")
def multi_dot(draw):
    words = draw(
        st.sampled_from([("ij", "jk"), ("i", "ij", "j"), ("ij", "jk", "kl"), ("ij", "jk", "kl", "l"), ("ij",)])
    )
    args = draw(factors(*words, dtypes=NUMBERS))
    return Call("linalg.multi_dot", [list(args)], rtol=tolerance(args[0]))


ROWS_DRIVEN = cases.rows


@pytest.mark.parametrize("name", cases)
def test_products(name):
    cases.drive(name)
