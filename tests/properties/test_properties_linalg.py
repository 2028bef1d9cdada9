"""Linear algebra: random calls against PyTorch, and factors by what defines them."""

import numpy as np
import pytest
from calls import KEEPING, LAPACK, Call, Cases, T, close, filled, same, shapes, tensors
from hypothesis import assume
from hypothesis import strategies as st

import ctorch

cases = Cases()
flags = st.booleans()
rarely = st.integers(0, 7).map(lambda n: n == 0)
batches = st.sampled_from([(), (), (), (2,), (0,), (1, 2), (2, 3)])
sizes = st.integers(0, 5)
LOOSE = {"float32": 3e-3, "complex64": 3e-3, "float64": 1e-7, "complex128": 1e-7}


def forms(*names):
    return st.sampled_from(names)


# ---- matrices


def adjoint(x):
    return np.conj(np.swapaxes(x, -1, -2))


def conditioned(rng, shape, dtype):
    """Matrices that are far from singular: random ones and a multiple of the identity."""
    x = filled(rng, shape, dtype)
    return (x + 6 * np.eye(*shape[-2:])).astype(dtype) if len(shape) > 1 else x


def deficient(rng, shape, dtype):
    """Small whole numbers, among which singular matrices, equal values and zeros are frequent."""
    return filled(rng, shape, dtype, "ties")


def hermitian(rng, shape, dtype):
    x = filled(rng, shape, dtype)
    return x + np.conj(np.swapaxes(x, -1, -2)) if len(shape) > 1 and shape[-1] == shape[-2] else x


def definite(rng, shape, dtype):
    x = filled(rng, shape, dtype)
    if len(shape) < 2 or shape[-1] != shape[-2]:
        return x
    return (x @ np.conj(np.swapaxes(x, -1, -2)) + np.eye(shape[-1])).astype(dtype)


def triangular(rng, shape, dtype):
    return conditioned(rng, shape, dtype)


@st.composite
def matrices(draw, values=conditioned, square=True, dtypes=LAPACK, batch=None, rows=None):
    """A batch of matrices; now and then not square, of too few dimensions, or of a dtype that is refused."""
    m = draw(sizes) if rows is None else rows
    n = m if square else draw(sizes)
    shape = ((draw(batches) if batch is None else batch), m, n)
    shape = (*shape[0], m, n)
    if draw(st.integers(0, 25)) == 0:
        shape = draw(st.sampled_from([(), (m,), (m, n + 1), (*shape, 2)]))
    if draw(st.integers(0, 40)) == 0:
        dtypes = ("int64", "float16", "bool")
        values = lambda rng, shape, dtype: filled(rng, shape, dtype)  # noqa: E731
    return draw(tensors(shape, dtypes, layouts=KEEPING, values=values))


def loose(x):
    return LOOSE.get(x.dtype)


def one(
    name,
    rows="",
    values=conditioned,
    square=True,
    kwargs=None,
    methods=("function",),
    numpy=None,
    compare=None,
    gradients=True,
    smooth=None,
    rtol=loose,
    also=(deficient,),
    prepared=None,
):
    """Cases of a function of one batch of matrices; `kwargs` draws its options, `prepared` changes the matrices."""
    of_kwargs = st.fixed_dictionaries(kwargs or {})

    @cases.add(name, rows)
    def of_values(draw):
        x = draw(matrices(draw(st.sampled_from([values, values, *also])), square))
        if prepared:
            prepared(x)
        return Call(name, [x], draw(of_kwargs), draw(forms(*methods)), rtol=rtol(x), compare=compare, numpy=numpy)

    if gradients:

        @cases.add(f"{name} gradients", rows)
        def of_gradients(draw):
            m = draw(sizes)
            shape = (*draw(batches), m, m if square else draw(sizes))
            x = draw(tensors(shape, ("float64", "complex128"), layouts=KEEPING, values=smooth or values))
            if prepared:
                prepared(x)
            return Call(name, [x], draw(of_kwargs), grad=(0,), rtol=1e-6, compare=compare)


def _cholesky_gradients(call, ours, theirs):
    # of a Hermitian matrix; PyTorch's formula leaves a skew part in the gradient, which says nothing
    same(ours.result, theirs.result, call)
    for (_, mine), (_, other) in zip(ours.grads, theirs.grads):
        close((mine + adjoint(mine)) / 2, (other + adjoint(other)) / 2, 1e-6)


OUT = ("function", "out")
METHODS = ("function", "method", "out")
one("linalg.det", "_linalg_det", methods=OUT, numpy=np.linalg.det)
one("det", "det", methods=("function", "method"), numpy=np.linalg.det)
one("linalg.slogdet", "_linalg_slogdet", methods=OUT, numpy=np.linalg.slogdet)
one("slogdet", "slogdet", methods=METHODS)
one("logdet", "logdet", methods=("function", "method"))
one("linalg.inv", "_linalg_inv", methods=OUT, numpy=np.linalg.inv)
one("inverse", "inverse", methods=METHODS, numpy=np.linalg.inv)
one("linalg.inv_ex", "_linalg_inv", also=(), kwargs={"check_errors": flags})
one(
    "linalg.cholesky",
    "_linalg_cholesky",
    definite,
    methods=OUT,
    compare=_cholesky_gradients,
    kwargs={"upper": flags},
    also=(),
)
one("cholesky", "cholesky", definite, methods=METHODS, compare=_cholesky_gradients, kwargs={"upper": flags}, also=())
one(
    "linalg.cholesky_ex",
    "_linalg_cholesky",
    definite,
    compare=_cholesky_gradients,
    kwargs={"upper": flags, "check_errors": flags},
    also=(),
)
def _real_diagonal(x):
    # as factors of Cholesky's have; of others LAPACK reads no more than that
    if x.values.ndim > 1 and x.values.shape[-1] == x.values.shape[-2]:
        places = np.arange(x.values.shape[-1])
        x.values = x.values.copy()
        x.values[..., places, places] = x.values[..., places, places].real


one(
    "cholesky_inverse",
    "cholesky_inverse _linalg_cholesky_inverse",
    methods=METHODS,
    kwargs={"upper": flags},
    also=(),
    prepared=_real_diagonal,
)
one("matrix_exp", "matrix_exp _linalg_matrix_exp", deficient, methods=("function", "method"))
one("linalg.matrix_exp", "_linalg_matrix_exp", deficient)
one(
    "matrix_power",
    "matrix_power",
    methods=METHODS,
    kwargs={"n": st.integers(-3, 4)},
    numpy=lambda a, n: np.linalg.matrix_power(a, n),
)
one("linalg.matrix_power", "", methods=OUT, kwargs={"n": st.integers(-3, 4)})
one(
    "pinverse", "pinverse _linalg_pinv_value", square=False, methods=("function", "method"), also=(), smooth=conditioned
)
one("linalg.pinv", "_linalg_pinv_value", square=False, methods=OUT, also=(), numpy=np.linalg.pinv)
one("linalg.lu_factor", "_linalg_lu_factor", square=False, methods=OUT, kwargs={"pivot": flags}, also=())
one("linalg.lu_factor_ex", "_linalg_lu_factor", square=False, kwargs={"pivot": flags, "check_errors": flags})
one("linalg.lu", "_linalg_lu_factor _linalg_permutation", square=False, methods=OUT, kwargs={"pivot": flags})
one("lu", "lu", kwargs={"pivot": flags, "get_infos": flags}, methods=("function", "method"), gradients=False, also=())


def _reflectors(call, ours, theirs):
    # of a matrix without full rank the last ones are what rounding leaves; together they make the matrix
    x = ours.memory[0][1]
    with np.errstate(all="ignore"):
        full = x.size == 0 or (np.linalg.matrix_rank(x, 1e-4 * np.abs(x).max()) == min(x.shape[-2:])).all()
    if full and (x.size == 0 or _leading_minors(x)):
        return same(ours.result, theirs.result, call)
    (_, a), (_, tau) = ours.result
    k = min(a.shape[-2:])
    q = ctorch.linalg.householder_product(ctorch.from_numpy(a[..., :k].copy()), ctorch.from_numpy(tau)).numpy()
    np.testing.assert_allclose(q @ np.triu(a[..., :k, :]), x, rtol=0, atol=10 * LOOSE[ours.result[0][0]])


def _leading_minors(x):
    # whether the first columns are independent, however few of them
    return all((np.linalg.matrix_rank(x[..., :k], 1e-4) == k).all() for k in range(1, min(x.shape[-2:]) + 1))


one("geqrf", "geqrf _linalg_geqrf", square=False, methods=METHODS, gradients=False, compare=_reflectors)
one("linalg.svdvals", "_linalg_svd", square=False, methods=OUT, numpy=lambda a: np.linalg.svd(a, compute_uv=False))
one("linalg.eigvalsh", "_linalg_eigh", hermitian, methods=OUT, kwargs={"UPLO": forms("L", "U")})
one(
    "linalg.matrix_rank",
    "",
    square=False,
    also=(deficient, deficient),
    gradients=False,
    kwargs={"hermitian": st.just(False)},
    numpy=lambda a, hermitian: np.linalg.matrix_rank(a),
)
one(
    "linalg.cond",
    "",
    also=(),
    kwargs={"p": st.sampled_from([None, 2, -2, 1, -1, float("inf"), -float("inf"), "fro", "nuc"])},
)
one("linalg.tensorinv", "", kwargs={"ind": st.just(1)}, methods=OUT, also=())
one("linalg.diagonal", "", square=False, gradients=True)
one("linalg.ldl_factor", "_linalg_ldl_factor", hermitian, kwargs={"hermitian": flags}, gradients=False, also=())
one("linalg.ldl_factor_ex", "_linalg_ldl_factor", hermitian, kwargs={"hermitian": flags}, gradients=False, also=())


# ---- factors that are known up to signs and phases


def kinds_agree(ours, theirs):
    for mine, other in zip(ours.result, theirs.result, strict=True):
        assert mine[0] == other[0] and mine[1].shape == other[1].shape, (mine, other)


def rebuilt(build, *known):
    """Compares what factors make together with the matrix, some of them as they are, and whether they are unitary."""

    def compare(call, ours, theirs):
        kinds_agree(ours, theirs)
        x = ours.memory[0][1]
        tolerance = LOOSE[ours.memory[0][0]]
        for i in known:
            close(ours.result[i][1], theirs.result[i][1], tolerance, f"result[{i}]")
        factors = [r[1] for r in ours.result]
        scale = np.abs(x).max(initial=1e-3)
        made = build(*factors)
        if made is not None:
            np.testing.assert_allclose(made, x, atol=tolerance * scale * 10, rtol=0)

    return compare


def _qr_made(q, r):
    if q.ndim < 2:
        return None  # mode r
    close(adjoint(q) @ q, np.broadcast_to(np.eye(q.shape[-1]), (*q.shape[:-2], q.shape[-1], q.shape[-1])), 1e-3)
    return q @ r


def _svd_made(u, s, vh):
    k = s.shape[-1]
    for part in (u, adjoint(vh)):
        close(
            adjoint(part) @ part,
            np.broadcast_to(np.eye(part.shape[-1]), adjoint(part).shape[:-1] + part.shape[-1:])
            if part.size
            else np.zeros(adjoint(part).shape[:-1] + part.shape[-1:]) + np.eye(part.shape[-1]),
            1e-3,
        )
    return (u[..., :k] * s[..., None, :]) @ vh[..., :k, :]


def _eigh_made(w, v):
    return (v * w[..., None, :]) @ adjoint(v)


one(
    "linalg.qr",
    "_linalg_qr",
    square=False,
    methods=OUT,
    kwargs={"mode": forms("reduced", "complete", "r")},
    gradients=False,
    compare=rebuilt(_qr_made),
)
one("qr", "qr", square=False, methods=METHODS, kwargs={"some": flags}, gradients=False, compare=rebuilt(_qr_made))
one(
    "linalg.svd",
    "_linalg_svd",
    square=False,
    methods=OUT,
    kwargs={"full_matrices": flags},
    compare=rebuilt(_svd_made, 1),
    gradients=False,
)
one(
    "svd",
    "svd",
    square=False,
    methods=METHODS,
    kwargs={"some": flags},
    compare=rebuilt(lambda u, s, v: _svd_made(u, s, adjoint(v)), 1),
    gradients=False,
)


def _eigh_compare(call, ours, theirs):
    kinds_agree(ours, theirs)
    tolerance = LOOSE[ours.memory[0][0]]
    close(ours.result[0][1], theirs.result[0][1], tolerance, "eigenvalues")
    a = ours.memory[0][1]
    part = np.tril(a, -1) if call.kwargs["UPLO"] == "L" else adjoint(np.triu(a, 1))
    x = part + adjoint(part) + np.real(np.einsum("...ii->...i", a))[..., None] * np.eye(a.shape[-1])
    w, v = ours.result[0][1], ours.result[1][1]
    np.testing.assert_allclose(_eigh_made(w, v), x, atol=10 * tolerance * np.abs(x).max(initial=1e-3), rtol=0)


one(
    "linalg.eigh",
    "_linalg_eigh",
    hermitian,
    methods=OUT,
    kwargs={"UPLO": forms("L", "U")},
    compare=_eigh_compare,
    gradients=False,
    also=(),
)


def _sorted_eigenvalues(call, ours, theirs):
    # in any order; a defective matrix has them to half of the digits only
    mine, other = (
        outcome.result if isinstance(outcome.result, tuple) else outcome.result[0] for outcome in (ours, theirs)
    )
    assert mine[0] == other[0] and mine[1].shape == other[1].shape
    n = mine[1].shape[-1]
    a, b = ([] if not array.size else array.reshape(-1, n) for array in (mine[1], other[1]))
    tolerance = {"complex64": 5e-2, "complex128": 1e-4}[mine[0]]
    for x, y in zip(a, b):
        y = list(y)
        scale = max(np.abs(y), default=0) + 1e-3
        for value in x:
            nearest = min(range(len(y)), key=lambda i: abs(y[i] - value))
            assert abs(y.pop(nearest) - value) <= tolerance * scale, (x, value)
    if isinstance(ours.result, list):
        x, w, v = ours.memory[0][1], mine[1], ours.result[1][1]
        np.testing.assert_allclose(x @ v, v * w[..., None, :], atol=tolerance * np.abs(x).max(initial=1e-3), rtol=0)


one("linalg.eig", "_linalg_eig", methods=OUT, compare=_sorted_eigenvalues, gradients=False)
one("linalg.eigvals", "_linalg_eig", methods=OUT, compare=_sorted_eigenvalues, gradients=False)


@cases.add(
    "invariants of factors, with gradients",
    "_linalg_qr _linalg_eigh _linalg_eig _linalg_svd _linalg_householder_product _linalg_complex",
)
def invariants(draw):
    # what does not depend on signs and phases: values, and the products of factors
    name = draw(forms("qr", "eigh", "eigvals", "svdvals", "svd"))
    m = draw(st.integers(1, 4))
    n = m if name in ("eigh", "eigvals") else draw(st.integers(1, 4))
    x = draw(
        tensors(
            (*draw(batches), m, n), ("float64",), layouts=KEEPING, values=hermitian if name == "eigh" else conditioned
        )
    )
    return Call(
        f"linalg.{name}",
        [x],
        grad=(0,) if name in ("qr", "svdvals") and m >= n else (),
        rtol=1e-6,
        compare={
            "svd": rebuilt(_svd_made, 1),
            "eigh": lambda c, a, b: close(a.result[0][1], b.result[0][1], 1e-6),
            "eigvals": _sorted_eigenvalues,
        }.get(name),
    )


# ---- systems


@st.composite
def systems(draw, values=conditioned, square=True, vectors=True):
    """A batch of matrices and right sides of as many rows."""
    batch, m, dtype = draw(batches), draw(sizes), draw(st.sampled_from(LAPACK))
    n = m if square else draw(sizes)
    a = draw(tensors((*batch, m, n), (dtype,), layouts=KEEPING, values=values))
    shape = draw(
        st.sampled_from(
            [
                (*batch, m, draw(sizes)),
                (m, draw(sizes)),
                (*batch, m, 1),
                (*batch, m) if vectors else (*batch, m, 2),
                (*batch, m + 1, 2),
                (m,),
            ]
        )
    )
    return a, draw(tensors(shape, (dtype,), ("normal",), KEEPING))


def _grads(*args):
    return tuple(range(len(args))) if args[0].dtype in ("float64", "complex128") else ()


@cases.add("linalg.solve", "_linalg_solve")
def solve(draw):
    a, b = draw(systems(draw(st.sampled_from([conditioned, conditioned, conditioned, deficient]))))
    form = draw(forms("function", "out"))
    left = draw(flags)
    return Call(
        "linalg.solve",
        [a, b],
        {"left": left},
        form,
        rtol=loose(a),
        grad=_grads(a, b),
        numpy=(lambda a, b, left: np.linalg.solve(a, b) if b.ndim == a.ndim else None) if left else None,
    )


@cases.add("linalg.solve_ex", "_linalg_solve")
def solve_ex(draw):
    a, b = draw(systems())
    return Call("linalg.solve_ex", [a, b], {"left": draw(flags), "check_errors": draw(flags)}, rtol=loose(a))


@cases.add("triangular", "_linalg_solve_triangular triangular_solve")
def triangular_systems(draw):
    a, b = draw(systems(triangular, vectors=False))
    if draw(flags):
        return Call(
            "linalg.solve_triangular",
            [a, b],
            {"upper": draw(flags), "left": draw(flags), "unitriangular": draw(flags)},
            draw(forms("function", "out")),
            rtol=1e-2 if "32" in a.dtype or a.dtype == "complex64" else 1e-6,
            grad=_grads(a, b),
            compare=None,
        )
    return Call(
        "triangular_solve",
        [b, a],
        {"upper": draw(flags), "transpose": draw(flags), "unitriangular": draw(flags)},
        draw(forms("function", "method")),
        rtol=1e-2 if a.dtype in ("float32", "complex64") else 1e-6,
    )


@cases.add("lu_solve", "lu_solve _linalg_lu_solve lu_unpack _linalg_permutation")
def lu_solve(draw):
    a, b = draw(systems(vectors=False))
    n = a.values.shape[-1]
    rng = np.random.default_rng(n)
    rows = np.array([rng.integers(i, n) + 1 for i in range(n)], "int32")
    if draw(rarely) and n:
        rows[0] = draw(st.sampled_from([0, n + 1, -1]))
    pivots = T(np.broadcast_to(rows, (*a.values.shape[:-2], n)).copy())
    kind = draw(forms("linalg.lu_solve", "lu_solve", "lu_unpack"))
    if kind == "lu_unpack":
        return Call(
            kind,
            [a, pivots],
            {"unpack_data": draw(flags), "unpack_pivots": draw(flags)},
            "function",  # PyTorch writes beside an out= with steps
            grad=(0,) if a.dtype == "float64" else (),
        )
    if kind == "lu_solve":
        return Call(kind, [b, a, pivots], {}, draw(forms("function", "method", "out")), rtol=loose(a))
    return Call(
        kind,
        [a, pivots, b],
        {"left": draw(flags), "adjoint": draw(flags)},
        draw(forms("function", "out")),
        rtol=loose(a),
        grad=(0, 2) if a.dtype == "float64" else (),
    )


@cases.add("cholesky_solve", "cholesky_solve _linalg_cholesky_solve")
def cholesky_solve(draw):
    a, b = draw(systems(vectors=False))
    return Call(
        "cholesky_solve",
        [b, a],
        {"upper": draw(flags)},
        draw(forms("function", "method", "out")),
        rtol=loose(a),
        grad=_grads(b, a),
    )


@cases.add("linalg.ldl_solve", "_linalg_ldl_solve")
def ldl_solve(draw):
    a, b = draw(systems(vectors=False))
    n = a.values.shape[-1]
    pivots = T(np.broadcast_to(np.arange(1, n + 1, dtype="int32"), (*a.values.shape[:-2], n)).copy())
    return Call(
        "linalg.ldl_solve", [a, pivots, b], {"hermitian": draw(flags)}, draw(forms("function", "out")), rtol=loose(a)
    )


@cases.add("linalg.lstsq", "_linalg_lstsq _linalg_lstsq_value")
def lstsq(draw):
    a, b = draw(systems(square=False, vectors=False))
    driver = draw(st.sampled_from([None, "gels", "gelsy", "gelsd", "gelss", "other"]))
    assume(b.values.shape[-1:] != (0,))           # PyTorch's drivers write outside their memory then

    def solution(call, ours, theirs):
        for i, (mine, other) in enumerate(zip(ours.result, theirs.result, strict=True)):
            assert mine[0] == other[0] and mine[1].shape == other[1].shape, (i, mine, other)
            close(mine[1], other[1], LOOSE.get(mine[0], 0) and 10 * LOOSE[mine[0]], f"result[{i}]")
        for mine, other in zip(ours.grads, theirs.grads):
            close(mine[1], other[1], 1e-6)

    return Call(
        "linalg.lstsq",
        [a, b],
        {"driver": driver},
        compare=solution,
        grad=(0, 1) if a.dtype == "float64" and a.values.shape[-2] >= a.values.shape[-1] else (),
    )


@cases.add("householder", "_linalg_householder_product orgqr ormqr _linalg_ormqr")
def householder(draw):
    batch, m, dtype = draw(batches), draw(sizes), draw(st.sampled_from(LAPACK))
    n = draw(sizes)
    k = draw(st.integers(0, 4))
    a = draw(tensors((*batch, m, n), (dtype,), ("normal",), KEEPING))
    tau = draw(tensors((*batch, k), (dtype,), ("unit",), KEEPING))
    name = draw(forms("linalg.householder_product", "orgqr", "ormqr"))
    if name == "ormqr":
        left = draw(flags)
        other = draw(tensors((*batch, m, draw(sizes)) if left else (*batch, draw(sizes), m), (dtype,), ("normal",)))
        return Call(
            name,
            [a, tau, other],
            {"left": left, "transpose": draw(flags)},
            draw(forms("function", "method", "out")),
            rtol=loose(a),
        )
    return Call(
        name, [a, tau], {}, draw(forms("function", "out")), rtol=loose(a), grad=(0, 1) if dtype == "float64" else ()
    )


@cases.add("linalg.tensorsolve", "")
def tensorsolve(draw):
    dtype = draw(st.sampled_from(LAPACK))
    a = draw(
        tensors(
            (2, 3, 6),
            (dtype,),
            layouts=KEEPING,
            values=lambda rng, shape, dtype: conditioned(rng, (6, 6), dtype).reshape(shape),
        )
    )
    b = draw(tensors(draw(st.sampled_from([(2, 3), (6,), (2, 2)])), (dtype,), ("normal",), KEEPING))
    return Call(
        "linalg.tensorsolve",
        [a, b],
        {},
        draw(forms("function", "out")),
        rtol=loose(a),
        grad=_grads(a, b),
        numpy=np.linalg.tensorsolve if b.values.shape == (2, 3) else None,
    )


@cases.add("low rank", "svd_lowrank pca_lowrank", heavy=2)
def low_rank(draw):
    name = draw(forms("svd_lowrank", "pca_lowrank"))
    m, n = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    x = draw(tensors((*draw(st.sampled_from([(), (2,)])), m, n), ("float64", "float32"), ("normal",), KEEPING))
    # with as many directions as there are, the projection loses nothing
    kwargs = {"q": min(m, n)} | ({"center": draw(flags)} if name == "pca_lowrank" else {})

    def compare(call, ours, theirs):
        kinds_agree(ours, theirs)
        close(ours.result[1][1], theirs.result[1][1], 1e-3)
        a = ours.memory[0][1]
        a = a - a.mean(-2, keepdims=True) if kwargs.get("center") else a
        u, s, v = (r[1] for r in ours.result)
        np.testing.assert_allclose((u * s[..., None, :]) @ adjoint(v), a, atol=1e-3 * np.abs(a).max(initial=1))

    return Call(name, [x], kwargs, compare=compare)


# ---- norms


@cases.add("linalg.vector_norm", "_linalg_norm_value _norm_1 _norm_2 _norm_inf")
def vector_norm(draw):
    x = draw(tensors(dtypes=(*LAPACK, "float16", "bfloat16", "int64"), kinds=("normal", "odd", "ties")))
    order = draw(st.sampled_from([2, 1, 0, 3, 0.5, -1, float("inf"), -float("inf"), -2.5]))
    dim = draw(st.sampled_from([None, 0, -1, 1, (0, 1), (), (-1, 0), (0, 0), 7]))
    kwargs = {"ord": order, "dim": dim, "keepdim": draw(flags)}
    if draw(rarely):
        return Call("linalg.vector_norm", [x], kwargs, "out", rtol=2e-2 if "16" in x.dtype else None)
    return Call("linalg.vector_norm", [x], kwargs, rtol=2e-2 if "16" in x.dtype else None)


@cases.add("linalg.vector_norm gradients", "_linalg_norm_value")
def vector_norm_gradients(draw):
    x = draw(tensors(dtypes=("float64", "complex128"), kinds=("normal", "ties"), layouts=KEEPING))
    order = draw(st.sampled_from([2, 1, 0, 3, -1, float("inf"), -float("inf")]))
    return Call("linalg.vector_norm", [x], {"ord": order, "dim": draw(st.sampled_from([None, 0, (0, 1)]))}, grad=(0,))


@cases.add("linalg.norm and matrix_norm", "_linalg_svd")
def norm(draw):
    x = draw(matrices(draw(st.sampled_from([conditioned, deficient])), square=False))
    name = draw(forms("linalg.norm", "linalg.matrix_norm"))
    order = draw(st.sampled_from(["fro", "nuc", float("inf"), -float("inf"), 1, -1, 2, -2, 3, "other"]))
    kwargs = {"ord": order, "keepdim": draw(flags)}
    if draw(flags):
        kwargs["dim"] = draw(st.sampled_from([(-2, -1), (0, 1), (1, 0), (0, 0), 0]))
    grad = (0,) if x.dtype == "float64" and order not in ("nuc", 2, -2) else ()
    return Call(name, [x], kwargs, draw(forms("function", "out")), rtol=loose(x), grad=grad)


@cases.add("linalg.norm of vectors", "_norm_1 _norm_2 _norm_inf")
def norm_of_vectors(draw):
    x = draw(tensors(dtypes=LAPACK, kinds=("normal", "odd")))
    return Call(
        "linalg.norm",
        [x, draw(st.sampled_from([None, 2, 1, 0, 3, float("inf")]))],
        {"dim": draw(st.sampled_from([None, 0, -1, (0,)]))},
        rtol=loose(x),
    )


@cases.add("linalg.vander", "")
def vander(draw):
    x = draw(tensors(draw(shapes(0, 3)), (*LAPACK, "int64", "int8", "float16"), ("ties", "normal")))
    kwargs = {"N": draw(st.none() | st.integers(-1, 4))}
    return Call(draw(forms("linalg.vander", "linalg.vander")), [x], kwargs, rtol=loose(x))


@cases.add("matrix_rank", "")
def matrix_rank(draw):
    symmetric = draw(flags)
    x = draw(matrices(hermitian if symmetric else deficient, square=symmetric))
    kwargs = {"hermitian": symmetric}
    if draw(flags):
        kwargs |= {"atol": draw(st.sampled_from([0.0, 0.5, 2.0])), "rtol": draw(st.sampled_from([0.0, 0.1]))}
    return Call("linalg.matrix_rank", [x], kwargs, draw(forms("function", "out")), exact=True)


@cases.add("linalg.pinv with limits", "_linalg_pinv_value")
def pinv(draw):
    symmetric = draw(flags)
    x = draw(matrices(hermitian if symmetric else conditioned, square=symmetric))
    return Call(
        "linalg.pinv", [x], {"hermitian": symmetric, "rtol": draw(st.sampled_from([None, 1e-3]))}, rtol=loose(x)
    )


ROWS_DRIVEN = cases.rows


@pytest.mark.parametrize("name", cases)
def test_linalg(name):
    cases.drive(name)
