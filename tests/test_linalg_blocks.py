"""Factorizations of matrices large enough for blocks: identities that define them, and any number of threads."""
import numpy
import pytest

import ctorch

DTYPES = ["float32", "float64", "complex64", "complex128"]
SHAPES = [(17, 17), (33, 33), (64, 20), (20, 64), (100, 70), (70, 100), (65, 1), (1, 65), (3, 40, 33), (2, 33, 40),
          (0, 40), (40, 0), (0, 33, 40)]


def made(shape, dtype, seed=0):
    generator = numpy.random.default_rng(seed)
    values = generator.standard_normal(shape)
    if dtype.startswith("complex"):
        values = values + 1j * generator.standard_normal(shape)
    return values.astype(dtype)


def adjoint(x):
    return numpy.conj(numpy.swapaxes(x, -1, -2))


def identities(q):
    n = q.shape[-1]
    return numpy.broadcast_to(numpy.eye(n, dtype=q.dtype), (*q.shape[:-2], n, n))


def near(got, want, dtype, scale=1.0):
    eps = numpy.finfo(dtype).eps
    got, want = numpy.asarray(got), numpy.asarray(want)
    assert got.shape == want.shape and got.dtype == numpy.dtype(dtype)
    numpy.testing.assert_allclose(got, want, rtol=0, atol=300 * scale * eps * max(1, *got.shape))


def laid(values, layout):
    x = ctorch.from_numpy(values)
    if layout == "transposed":
        return x.mT.contiguous().mT
    return x.repeat_interleave(2, -1)[..., ::2] if layout == "sliced" else x


@pytest.mark.parametrize("layout", ["contiguous", "transposed", "sliced"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_qr(shape, dtype, layout):
    values = made(shape, dtype)
    for mode in ("reduced", "complete", "r"):
        q, r = (x.numpy() for x in ctorch.linalg.qr(laid(values, layout), mode))
        assert not numpy.tril(r, -1).any()
        if mode == "r":
            near(adjoint(r) @ r, adjoint(values) @ values, dtype, 10)
        else:
            near(q @ r, values, dtype)
            near(adjoint(q) @ q, identities(q), dtype)


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("phase", [0, 1e-9, 1e-17, -1e-30])
def test_the_diagonal_of_r_is_real_however_small_a_phase(dtype, phase):
    for n in (1, 2):                                   # a phase of nought needs no reflection, and keeps its sign
        values = numpy.diag([3.0, 2 + 1j * phase][2 - n:]).astype(dtype)
        q, r = (x.numpy() for x in ctorch.linalg.qr(ctorch.from_numpy(values)))
        near(q @ r, values, dtype)
        assert r[-1, -1].imag == 0 and r[-1, -1].real == (-2 if phase else 2)
        numpy.testing.assert_array_equal(r, numpy.linalg.qr(values)[1])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(40, 40), (65, 33), (33, 65), (2, 50, 35), (40, 17)], ids=str)
def test_products_of_reflections(shape, dtype):
    factors, tau = ctorch.geqrf(ctorch.from_numpy(made(shape, dtype)))
    m, n = shape[-2:]
    whole = ctorch.linalg.qr(ctorch.from_numpy(made(shape, dtype)), "complete").Q.numpy()
    if m >= n:
        near(ctorch.linalg.householder_product(factors, tau).numpy(), whole[..., :n], dtype)
        some = ctorch.linalg.householder_product(factors, tau[..., :n - 3]).numpy()
        near(some[..., :n - 3], whole[..., :n - 3], dtype)
        near(adjoint(some) @ some, identities(some), dtype)
    for left, few in ((True, 5), (False, 5), (True, 12), (False, 12)):
        other = made((*shape[:-2], m, few) if left else (*shape[:-2], few, m), dtype, 1)
        for transpose in (True, False):
            q = adjoint(whole) if transpose else whole
            got = ctorch.ormqr(factors, tau, ctorch.from_numpy(other), left, transpose).numpy()
            near(got, q @ other if left else other @ q, dtype, 10)


@pytest.mark.parametrize("driver", ["gelsy", "gels"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(17, 17), (60, 33), (33, 60), (2, 50, 35)], ids=str)
def test_least_squares(shape, dtype, driver):
    a, b = made(shape, dtype), made((*shape[:-1], 3), dtype, 1)
    got = ctorch.linalg.lstsq(ctorch.from_numpy(a), ctorch.from_numpy(b), driver=driver)
    near(got.solution.numpy(), numpy.linalg.pinv(a) @ b, dtype, 1000)
    if driver == "gelsy":
        assert got.rank.tolist() == numpy.full(shape[:-2], min(shape[-2:])).tolist()
    elif shape[-2] > shape[-1]:
        rest = numpy.abs(a @ (numpy.linalg.pinv(a) @ b) - b) ** 2
        near(got.residuals.numpy(), rest.sum(-2), rest.dtype, 100)


@pytest.mark.parametrize("dtype", DTYPES)
def test_rank_in_doubt(dtype):
    a = made((40, 30), dtype)
    a[:, 7] = a[:, 3]
    b = made((40, 2), dtype, 1)
    got = ctorch.linalg.lstsq(ctorch.from_numpy(a), ctorch.from_numpy(b))
    assert got.rank.item() == 29
    near(got.solution.numpy(), numpy.linalg.pinv(a, rcond=1e-4) @ b, dtype, 1000)
    a[:, 7] = 0
    assert ctorch.linalg.lstsq(ctorch.from_numpy(a), ctorch.from_numpy(b)).rank.item() == 29
    assert ctorch.linalg.lstsq(ctorch.from_numpy(0 * a), ctorch.from_numpy(b)).rank.item() == 0


@pytest.mark.parametrize("uplo", ["L", "U"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [17, 18, 25, 26, 31, 33, 51, 64, 67, 130])
def test_eigh(size, dtype, uplo):
    values = made((2, size, size), dtype)
    values = values + adjoint(values)
    given = numpy.tril(values) if uplo == "L" else numpy.triu(values)
    w, v = (x.numpy() for x in ctorch.linalg.eigh(ctorch.from_numpy(given), uplo))
    near(v * w[:, None].astype(dtype) @ adjoint(v), values, dtype, 10)
    near(adjoint(v) @ v, identities(v), dtype)
    near(ctorch.linalg.eigvalsh(ctorch.from_numpy(given), uplo).numpy(), w, w.dtype, 10)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("values", ["zeros", "identity", "ones", "tridiagonal", "blocks", "huge", "tiny"])
def test_eigh_of_special_matrices(values, dtype):
    size = 60
    x = {"zeros": numpy.zeros((size, size)), "identity": numpy.eye(size), "ones": numpy.ones((size, size)),
         "tridiagonal": 2 * numpy.eye(size) - numpy.eye(size, k=1) - numpy.eye(size, k=-1),
         "blocks": numpy.kron(numpy.eye(4), numpy.ones((15, 15)) + numpy.diag(numpy.arange(15))),
         "huge": 1e30 * (numpy.ones((size, size)) + numpy.eye(size)),
         "tiny": 1e-30 * (numpy.ones((size, size)) + numpy.eye(size))}[values].astype(dtype)
    w, v = (part.numpy() for part in ctorch.linalg.eigh(ctorch.from_numpy(x)))
    scale = max(1, numpy.abs(x).max())
    near(v * w @ v.T, x, dtype, 10 * scale)
    near(v.T @ v, numpy.eye(size, dtype=dtype), dtype)
    assert (numpy.diff(w) >= 0).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(17, 17), (16, 16), (40, 64), (64, 40), (5, 300), (300, 5), (2, 50, 33)], ids=str)
def test_lu(shape, dtype):
    values = made(shape, dtype)
    p, l, u = (x.numpy() for x in ctorch.linalg.lu(ctorch.from_numpy(values)))
    near(p @ l @ u, values, dtype)
    assert numpy.abs(l).max() < 1 + 1e-6 if not dtype.startswith("complex") else numpy.abs(l).max() < 1.5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_lu_of_singular_matrices(dtype):
    values = made((40, 40), dtype)
    values[:, 5] = 0
    values[1] = values[0]
    factors, pivots, info = ctorch.linalg.lu_factor_ex(ctorch.from_numpy(values))
    assert info.item() > 0
    p, l, u = (x.numpy() for x in ctorch.lu_unpack(factors, pivots))
    near(p @ l @ u, values, dtype)
    assert abs(ctorch.linalg.det(ctorch.from_numpy(values)).item()) < 1e-3
    ties = numpy.tile(numpy.array([1, -1, 1, -1], dtype), (20, 5))
    assert ctorch.linalg.lu_factor_ex(ctorch.from_numpy(ties)).pivots[0].item() == 1


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [1, 2, 4, 7, 16, 17, 50])
def test_cholesky_inverse(size, dtype, upper):
    values = made((3, size, size), dtype)
    values = values @ adjoint(values) + size * numpy.eye(size)
    factor = ctorch.linalg.cholesky(ctorch.from_numpy(values.astype(dtype)), upper=upper)
    near(ctorch.cholesky_inverse(factor, upper).numpy(), numpy.linalg.inv(values), dtype, 10)


def test_cholesky_inverse_of_a_singular_factor():
    factor = ctorch.eye(3)
    factor[1, 1] = 0
    with pytest.raises(ctorch.linalg.LinAlgError, match="2"):
        ctorch.cholesky_inverse(factor)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
@pytest.mark.parametrize("sizes", [(1, 1, 1), (4, 4, 4), (3, 2, 16), (5, 4, 8), (2, 3, 17), (7, 1, 5), (4, 5, 4)],
                         ids=str)
def test_products_of_tiny_matrices(sizes, dtype):
    m, k, n = sizes
    a, b = made((50, m, k), dtype), made((50, k, n), dtype, 1)
    near((ctorch.from_numpy(a) @ ctorch.from_numpy(b)).numpy(), a @ b, dtype)
    near((ctorch.from_numpy(a) @ laid(b, "transposed")).numpy(), a @ b, dtype)
    near((laid(a, "sliced") @ ctorch.from_numpy(b)[:, :, ::1]).numpy(), a @ b, dtype)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "complex64", "int64"])
def test_addbmm_of_large_matrices(dtype):
    dtype = getattr(ctorch, dtype)
    a, b, c = (ctorch.randint(-4, 5, shape).to(dtype) for shape in ((3, 40, 50), (3, 50, 60), (40, 60)))
    want = 2 * c.double() if not dtype.is_complex else 2 * c.to(ctorch.complex128)
    for x, y in zip(a, b):
        want = want + 3 * (x.to(want.dtype) @ y.to(want.dtype))
    got = ctorch.addbmm(c, a, b, beta=2, alpha=3)
    assert got.dtype == dtype
    ctorch.testing.assert_close(got.to(want.dtype), want, rtol=0.02 if dtype == ctorch.bfloat16 else 0, atol=0)


def test_gradients_of_addbmm_of_large_matrices():
    a, b = (ctorch.from_numpy(made((2, 32, 33), "complex128", seed)).requires_grad_() for seed in (0, 1))
    c = ctorch.from_numpy(made((32, 32), "complex128", 2)).requires_grad_()
    whole = ctorch.addbmm(c, a, b.mT)
    parts = c + a[0] @ b[0].mT + a[1] @ b[1].mT
    weights = ctorch.from_numpy(made((32, 32), "complex128", 3)).requires_grad_()
    for got, want in zip(*(ctorch.autograd.grad(y, (a, b, c), weights, create_graph=True) for y in (whole, parts))):
        ctorch.testing.assert_close(got, want)
        if got.grad_fn is not None:
            ctorch.testing.assert_close(ctorch.autograd.grad(got.abs().sum(), weights, retain_graph=True)[0],
                                        ctorch.autograd.grad(want.abs().sum(), weights, retain_graph=True)[0])


@pytest.mark.parametrize("statement", [
    "linalg.qr(a)", "linalg.householder_product(*ctorch.geqrf(a))", "linalg.lstsq(a, b)", "linalg.eigh(a + a.mT)",
    "linalg.lu_factor(a)", "a @ b.double()", "ctorch.addbmm(a, a[None], a[None])", "ctorch.cholesky_inverse(a)"])
def test_results_do_not_depend_on_threads(statement):
    a, b = made((200, 200), "float64"), made((200, 150), "float64", 1)
    names = {"a": ctorch.from_numpy(a), "b": ctorch.from_numpy(b), "linalg": ctorch.linalg, "ctorch": ctorch}
    before, results = ctorch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            ctorch.set_num_threads(threads)
            result = eval(statement, names)
            results.append([result] if isinstance(result, ctorch.Tensor) else list(result))
    finally:
        ctorch.set_num_threads(before)
    for other in results[1:]:
        assert all(ctorch.equal(x, y) for x, y in zip(results[0], other))
