"""Products of matrices and triangular systems around the sizes of their tiles, against NumPy."""
import numpy as np
import pytest

import ctorch

DTYPES = ("float32", "float64", "complex64", "complex128")
SIDES = (1, 2, 3, 5, 7, 8, 9, 16, 17, 31, 33, 48, 49, 65, 100, 161)
TOLERANCE = {"float32": 2e-5, "complex64": 2e-5, "float64": 1e-13, "complex128": 1e-13}


def numbers(generator, dtype, *shape):
    values = generator.standard_normal(shape)
    if dtype.startswith("complex"):
        values = values + 1j * generator.standard_normal(shape)
    return values.astype(dtype)


def laid(values, layout):
    """A tensor of the values with other strides."""
    if layout == "transposed":
        return ctorch.tensor(np.ascontiguousarray(values.T)).t()
    if layout == "sliced":
        return ctorch.tensor(np.repeat(values, 2, 1))[:, ::2]
    if layout == "both":
        return ctorch.tensor(np.ascontiguousarray(np.repeat(values, 2, 1).T)).t()[:, ::2]
    return ctorch.tensor(values)


def close(result, wanted, dtype, scale=1.0):
    np.testing.assert_allclose(result.numpy(), wanted, rtol=0, atol=TOLERANCE[dtype] * max(scale, 1.0))


@pytest.mark.parametrize("dtype", DTYPES)
def test_sizes_and_strides(dtype):
    generator = np.random.default_rng(0)
    layouts = ("contiguous", "transposed", "sliced", "both")
    for _ in range(150):
        m, k, n = (int(size) for size in generator.choice(SIDES, 3))
        a, b = numbers(generator, dtype, m, k), numbers(generator, dtype, k, n)
        one, two = generator.choice(layouts, 2)
        close(laid(a, one) @ laid(b, two), a @ b, dtype, k)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(70, 800, 60), (3, 1200, 250), (20, 385, 500), (65, 2, 700)])
def test_depths_and_widths_of_several_blocks(dtype, shape):
    m, k, n = shape
    generator = np.random.default_rng(1)
    a, b = numbers(generator, dtype, m, k), numbers(generator, dtype, k, n)
    close(ctorch.tensor(a) @ ctorch.tensor(b), a @ b, dtype, k)
    close(laid(a, "transposed") @ laid(b, "transposed"), a @ b, dtype, k)


@pytest.mark.parametrize("dtype", ("complex64", "complex128"))
def test_conjugates(dtype):
    generator = np.random.default_rng(2)
    a, b = numbers(generator, dtype, 19, 23), numbers(generator, dtype, 23, 37)
    x, y = ctorch.tensor(a), ctorch.tensor(b)
    close(x.conj() @ y, a.conj() @ b, dtype, 23)
    close(x @ y.conj(), a @ b.conj(), dtype, 23)
    close(y.mH @ x.mH, (a @ b).conj().T, dtype, 23)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_bias_goes_on_in_the_sums(dtype):
    generator = np.random.default_rng(3)
    x, weight, bias = (numbers(generator, dtype, *shape) for shape in ((50, 400), (70, 400), (70,)))
    result = ctorch.nn.functional.linear(*map(ctorch.tensor, (x, weight, bias)))
    close(result, x @ weight.T + bias, dtype, 400)


def test_infinities_stay_in_their_rows():
    a = np.ones((20, 30), "float32")
    a[3, 5], a[11, 29] = np.inf, np.nan
    with np.errstate(invalid="ignore"):
        wanted = a @ np.ones((30, 70), "float32")
    np.testing.assert_array_equal((ctorch.tensor(a) @ ctorch.ones(30, 70)).numpy(), wanted)


@pytest.mark.parametrize("dtype", DTYPES)
def test_threads_change_no_bit(dtype):
    generator = np.random.default_rng(4)
    before = ctorch.get_num_threads()
    for m, k, n in ((300, 200, 250), (1000, 150, 20), (40, 500, 400)):
        a, b = (ctorch.tensor(numbers(generator, dtype, *shape)) for shape in ((m, k), (k, n)))
        batch = ctorch.tensor(numbers(generator, dtype, 3, k, n))
        results = []
        try:
            for threads in (1, 2, 3):
                ctorch.set_num_threads(threads)
                results.append(((a @ b).numpy().tobytes(), (a @ batch).numpy().tobytes()))
        finally:
            ctorch.set_num_threads(before)
        assert results[0] == results[1] == results[2]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 4, 5, 16, 17, 30, 64, 100, 131])
def test_systems_and_inverses(dtype, n):
    generator = np.random.default_rng(n)
    a = numbers(generator, dtype, n, n) + (3 * n ** 0.5 * np.eye(n)).astype(dtype)
    a = a[generator.permutation(n)]
    b = numbers(generator, dtype, n, 5)
    wide = a.astype("complex128" if dtype.startswith("c") else "float64")
    x = ctorch.tensor(a)
    close(ctorch.linalg.inv(x), np.linalg.inv(wide), dtype)
    close(ctorch.linalg.solve(x, ctorch.tensor(b)), np.linalg.solve(wide, b), dtype, 4)
    P, L, U = ctorch.linalg.lu(x)
    close(P @ L @ U, a, dtype, 10 * n)
    factor = np.linalg.cholesky(wide @ wide.conj().T / n + np.eye(n))
    for upper in (False, True):
        t = (factor.conj().T if upper else factor).astype(dtype)
        inverse = np.linalg.inv(factor @ factor.conj().T)
        close(ctorch.cholesky_inverse(ctorch.tensor(t), upper=upper), inverse, dtype, 4)
        y = ctorch.linalg.solve_triangular(ctorch.tensor(t), ctorch.tensor(b), upper=upper)
        close(y, np.linalg.solve(t.astype(wide.dtype), b), dtype, 4)


def test_the_inverse_of_a_singular_factor_raises():
    t = ctorch.eye(40)
    t[20, 20] = 0
    with pytest.raises(ctorch.linalg.LinAlgError):
        ctorch.cholesky_inverse(t)


@pytest.mark.parametrize("p", [0.0, 1.0, 1.5, 2.0, float("inf")])
def test_distances_of_all_pairs(p):
    from scipy.spatial import distance

    generator = np.random.default_rng(5)
    for rows in (0, 1, 2, 15, 16, 17, 40, 300):
        for columns in (1, 3, 40):
            x = generator.standard_normal((rows, columns))
            x[rows // 2:, 0] = 1
            every = np.linalg.norm(x[:, None] - x[None], p, -1) if columns > 1 else None
            wanted = every[np.triu_indices(rows, 1)] if columns > 1 else distance.pdist(x, "cityblock")
            if columns == 1 and p == 0:
                wanted = (wanted != 0).astype(float)
            np.testing.assert_allclose(ctorch.nn.functional.pdist(ctorch.tensor(x), p).numpy(), wanted, atol=1e-12)


@pytest.mark.parametrize("p", [0.0, 1.0, 2.0, 3.0, float("inf")])
def test_derivatives_of_distances_of_pairs(p):
    x = ctorch.tensor(np.random.default_rng(6).standard_normal((5, 3)), requires_grad=True)
    assert ctorch.autograd.gradcheck(lambda x: ctorch.nn.functional.pdist(x, p), (x,))
    assert ctorch.autograd.gradgradcheck(lambda x: ctorch.nn.functional.pdist(x, p), (x,))


@pytest.mark.parametrize("place", ["[:]", "[:, ::2]", "[:1]", "[:, 1:2]", ".transpose(0, 1)", ".flip(0)", "[:0]",
                                   "[0]", "[0, 0]", "[:1].expand(4, 5, 3)"])
def test_vector_products_of_any_strides(place):
    generator = np.random.default_rng(7)
    a, b = (ctorch.tensor(generator.standard_normal((4, 5, 3))) for _ in range(2))
    x, y = (eval(f"t{place}", {"t": t}) for t in (a, b))
    np.testing.assert_allclose(ctorch.linalg.cross(x, y).numpy(), np.cross(x.numpy(), y.numpy()), atol=1e-14)
    np.testing.assert_allclose(ctorch.linalg.vecdot(x, y).numpy(), (x.numpy() * y.numpy()).sum(-1), atol=1e-14)


def test_derivatives_of_vector_products():
    generator = np.random.default_rng(8)
    args = [ctorch.tensor(generator.standard_normal((2, 4, 3)), requires_grad=True) for _ in range(2)]
    for function in (ctorch.linalg.cross, ctorch.linalg.vecdot):
        assert ctorch.autograd.gradcheck(function, args)
        assert ctorch.autograd.gradgradcheck(function, args)


@pytest.mark.parametrize("equation,shapes", [
    ("ij,kj,lj->ikl", [(4, 5), (3, 5), (2, 5)]), ("i,j->ji", [(3,), (4,)]), ("ij,ij->ji", [(3, 4), (3, 4)]),
    ("i,j,k->kij", [(2,), (3,), (4,)]), ("bij,bjk,bk->bi", [(2, 3, 4), (2, 4, 5), (2, 5)]),
    ("ij,j->ji", [(3, 4), (4,)]), ("abc,cd,db->a", [(2, 3, 4), (4, 5), (5, 3)])])
def test_einsum_of_elements_and_chains(equation, shapes):
    generator = np.random.default_rng(9)
    arrays = [generator.standard_normal(shape) for shape in shapes]
    result = ctorch.einsum(equation, *map(ctorch.tensor, arrays))
    np.testing.assert_allclose(result.numpy(), np.einsum(equation, *arrays), atol=1e-13)


def test_derivatives_of_a_linear_map_of_no_features():
    x, weight = ctorch.ones(2, 3, 0, requires_grad=True), ctorch.ones(4, 0, requires_grad=True)
    ctorch.nn.functional.linear(x, weight).sum().backward()
    assert x.grad.shape == (2, 3, 0)
    assert weight.grad.shape == (4, 0)
