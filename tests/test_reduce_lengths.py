"""Reductions of every length around the vectors' and the blocks', in every layout, against NumPy."""
import numpy as np
import pytest

import ctorch

LENGTHS = [*range(68), 79, 80, 127, 128, 129, 255, 256, 257, 319, 320, 321, 447, 575, 1023, 1024, 1025, 2047, 4095,
           4096, 4097, 4159, 8300]
DTYPES = ["float16", "float32", "float64", "uint8", "int32", "int64", "complex64", "complex128"]
NAMES = {"sum": np.sum, "prod": np.prod, "amax": np.max, "amin": np.min, "any": np.any, "all": np.all}


def of_integers(shape, dtype, low=-3, high=4):
    """Whole numbers, whose sums have no rounding."""
    rng = np.random.default_rng(shape[0] * 10007 + shape[-1])
    x = rng.integers(0 if dtype == "uint8" else low, high, shape)
    return (x + 1j * x[::-1] if dtype.startswith("complex") else x).astype(dtype)


def layouts(x):
    """The array as it is and as views of others: a column, every second and third element, backwards, off the start."""
    yield x
    yield np.ascontiguousarray(x.T).T
    yield np.repeat(x, 2, -1)[..., ::2]
    yield np.repeat(x, 3, -1)[..., ::3]
    yield x[::-1].copy()[::-1]
    wide = np.zeros((x.shape[0], x.shape[1] + 3), x.dtype)
    wide[:, 1:-2] = x
    yield wide[:, 1:-2]


def check(name, x, dim, tensor=None):
    tensor = ctorch.from_numpy(x) if tensor is None else tensor
    wide = x.astype(np.int64) if x.dtype.kind in "iu" and name in ("sum", "prod") else x
    if x.dtype == np.float16:
        wide = x.astype(np.float32)
    want = NAMES[name](wide, dim)
    got = getattr(ctorch, name)(tensor, () if dim is None and name[:2] == "am" else dim).numpy()
    np.testing.assert_array_equal(got, want.astype(got.dtype), err_msg=f"{name} {x.dtype} {x.shape} {dim}")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_lengths(name, dtype):
    if name[:2] == "am" and dtype.startswith("complex"):
        pytest.skip("complex numbers have no order")
    for n in LENGTHS:
        if n == 0 and name[:2] == "am":
            continue
        x = of_integers((3, n), dtype)
        if name == "prod":
            x = np.where(np.arange(n) < n - 3, 1, x).astype(dtype)       # small products, whatever the length
        for y in (x, np.roll(x, n // 2, 1)):
            for dim in (None, 1):
                check(name, y, dim)
            check(name, y.T, 0, ctorch.from_numpy(y).t())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["sum", "amax", "any"])
def test_layouts(name, dtype):
    if name[:2] == "am" and dtype.startswith("complex"):
        pytest.skip("complex numbers have no order")
    for shape in [(1, 1), (2, 70), (5, 300), (9, 17), (40, 20), (133, 37), (300, 5), (7, 1500), (70, 2100), (600, 20)]:
        for x in layouts(of_integers(shape, dtype)):
            for dim in (None, 0, 1):
                check(name, x, dim)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["sum", "amin", "all"])
def test_repeated_elements(name, dtype):
    if name[:2] == "am" and dtype.startswith("complex"):
        pytest.skip("complex numbers have no order")
    for rows, columns in [(1, 5), (3, 20), (9, 300), (200, 40), (33, 1100)]:
        for stored in ((1, columns), (rows, 1), (1, 1)):
            x = of_integers(stored, dtype)
            for dim in (None, 0, 1):
                check(name, np.broadcast_to(x, (rows, columns)), dim, ctorch.from_numpy(x).expand(rows, columns))
    x = of_integers((1, 40), dtype).reshape(1, 1, 40)
    for dim in (0, 1, 2, (0, 2), (1, 2), (0, 1)):
        check(name, np.broadcast_to(x, (6, 9, 40)), dim, ctorch.from_numpy(x).expand(6, 9, 40))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["sum", "amax", "amin"])
def test_nan_at_every_place(name, dtype):
    for rows, columns in [(1, 330), (3, 70), (6, 37), (9, 20)]:
        x = np.full((rows, columns), -np.inf if name == "amax" else np.inf, dtype)
        for place in range(x.size):
            x.flat[place] = np.nan
            t = ctorch.from_numpy(x)
            assert getattr(t, name)().isnan().item()
            for dim in (0, 1):
                np.testing.assert_array_equal(getattr(t, name)(dim).isnan().numpy(), np.isnan(x).any(dim))
            x.flat[place] = x.flat[place - 1]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_infinities(dtype):
    for n in (1, 5, 16, 63, 64, 257, 321):
        x = np.full((9, n), -np.inf, dtype)
        for y in (x, -x):
            t = ctorch.from_numpy(y)
            for dim in (0, 1):
                for name in ("amax", "amin", "sum"):
                    assert (getattr(t, name)(dim).numpy() == y.flat[0]).all()
        x[4, n // 2] = np.inf
        assert ctorch.from_numpy(x).sum().isnan().item()
        assert ctorch.from_numpy(x).amax().item() == np.inf


@pytest.mark.parametrize("n", [1, 16, 20, 64, 320])
def test_zeros_have_pytorchs_sign(n):
    x = ctorch.full((5, n), -0.0)
    for y in (x.amax(0), x.amax(1), x.amin(0), x.amin(1)):
        assert y.signbit().all()
    assert not x.sum(0).signbit().any()


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_results_do_not_depend_on_the_threads(dtype):
    x = ctorch.from_numpy(np.random.default_rng(1).standard_normal((1000, 700)).astype(dtype))
    views = [x, x.t(), x[:, ::2], x[:1].expand(900, 700), x[:, :1].expand(1000, 600),
             x.reshape(-1)[:50].expand(2000, 50)]
    results = []
    before = ctorch.get_num_threads()
    try:
        for threads in (1, 2, 5):
            ctorch.set_num_threads(threads)
            results.append([getattr(v, name)(dim).tolist() for v in views for name in ("sum", "mean", "amax")
                            for dim in (0, 1, (0, 1))])
    finally:
        ctorch.set_num_threads(before)
    assert results[0] == results[1] == results[2]


def test_long_sums_keep_their_digits():
    x = np.random.default_rng(2).random((4003, 1201)).astype(np.float32)
    want = x.astype(np.float64)
    t = ctorch.from_numpy(x)
    for dim in (None, 0, 1):
        np.testing.assert_allclose(t.sum(dim).numpy(), want.sum(dim), rtol=2.5e-7)
        np.testing.assert_allclose(t.mean(dim).numpy(), want.mean(dim), rtol=2.5e-7)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "float16"])
@pytest.mark.parametrize("n", [1, 5, 63, 64, 65, 2047, 2048, 2049, 5000])
def test_places_of_extrema(n, dtype):
    x = of_integers((3, n), dtype, -50, 50)
    with_nan = x.copy()
    if x.dtype.kind == "f":
        with_nan[1, n // 2:: 7] = np.nan                    # the first of them wins
    for array in (*layouts(x), *layouts(with_nan)):
        for name, place in (("max", np.argmax), ("min", np.argmin)):
            values, places = getattr(ctorch.from_numpy(array), name)(-1)
            want = place(array, -1)
            np.testing.assert_array_equal(places.numpy(), want)
            np.testing.assert_array_equal(values.numpy(), np.take_along_axis(array, want[:, None], 1)[:, 0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [16, 17, 31, 32, 33, 34, 47, 63, 64, 65, 100, 129, 4095, 4097, 9000])
def test_every_second_element(dtype, n):
    # what lies between is never part of the result
    memory = np.random.default_rng(n).uniform(0.9, 1.1, (6, 2 * n)).astype(dtype)
    memory[0, 1::2], memory[1, 1::2], memory[2, 1::2] = np.nan, np.inf, 0
    x, t = memory[:, ::2], ctorch.from_numpy(memory)[:, ::2]
    for dim in (-1, None):
        for name, numpys in (*NAMES.items(), ("mean", np.mean)):
            got, want = getattr(t, name)(dim).numpy(), numpys(x.astype("float64"), dim)
            assert np.allclose(got, want, 1e-3 if dtype == "float32" else 1e-10), name
        assert np.allclose(ctorch.linalg.vector_norm(t, dim=dim).numpy(), np.sqrt((x.astype("float64") ** 2).sum(dim)))
    t[3, n - 1] = float("nan")
    assert t.amax(-1).isnan().tolist() == t.sum(-1).isnan().tolist() == [False] * 3 + [True] + [False] * 2
