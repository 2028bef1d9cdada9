"""What passes through blocks, or is read as it is: bool, the bits of halves, steps, numbers, results in place."""
import numpy as np
import pytest

import ctorch

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
RNG = np.random.default_rng(0)
DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "complex64",
          "complex128"]
EDGES = [0.0, -0.0, 1.0, -2.0, np.inf, -np.inf, np.nan, 1e30, 1e-30]


def array(shape, dtype):
    values = RNG.integers(0, 2 if dtype == "bool" else 100, shape)
    return (values + 1j * values[::-1] if "complex" in dtype else values).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 3, 255, 256, 257, 1025, 2600])
def test_steps(dtype, n):
    # every second one, backwards, far apart, the same again and again: read, cast and written
    x = array(3 * n, dtype)
    t = ctorch.from_numpy(x)
    other = "complex128" if "complex" in dtype else "float32"
    for step in (1, 2, 3):
        part = x[: step * n : step]
        assert np.array_equal(t[: step * n : step].clone().numpy(), part)
        assert np.array_equal(t[: step * n : step].to(getattr(ctorch, other)).numpy(), part.astype(other))
        assert np.array_equal((t[: step * n : step] == t[n : 2 * n]).numpy(), part == x[n : 2 * n])
        target = ctorch.zeros(3 * n, dtype=t.dtype)
        target[: step * n : step] = t[n : 2 * n]
        assert np.array_equal(target.numpy()[: step * n : step], x[n : 2 * n])
    assert np.array_equal(t.flip(0).numpy(), x[::-1])
    assert np.array_equal(ctorch.where(t == t, t, t[:1].expand(3 * n)).numpy(), x)


def test_steps_at_many_sizes_and_threads():
    x = RNG.standard_normal((90, 2 * 1031)).astype("float32")
    before = ctorch.get_num_threads()
    for threads in (1, 3):
        ctorch.set_num_threads(threads)
        t = ctorch.from_numpy(x)[:, ::2]
        assert np.array_equal((t * t + t).numpy(), x[:, ::2] * x[:, ::2] + x[:, ::2])
        assert np.array_equal((t.t() * 2).numpy(), x[:, ::2].T * 2)
    ctorch.set_num_threads(before)


@pytest.mark.parametrize("name", ["bitwise_and", "bitwise_or", "bitwise_xor", "maximum", "minimum", "logical_and",
                                  "mul", "add"])
def test_bool_stays_bool(name):
    a, b = array((7, 300), "bool"), array((7, 300), "bool")
    numpys = {"mul": "multiply"}.get(name, name)
    for x, y in ((a, b), (a[:, ::2], b[:, 1::2]), (a, b[:1, :1]), (a.T, b.T)):
        got = getattr(ctorch, name)(ctorch.from_numpy(x), ctorch.from_numpy(y)).numpy()
        assert got.dtype == bool
        assert np.array_equal(got, getattr(np, numpys)(x, y))
        assert set(np.unique(got.view("uint8"))) <= {0, 1}


@pytest.mark.parametrize("dtype", [ctorch.float16, ctorch.bfloat16])
def test_bits_of_halves(dtype):
    bits = np.arange(65536).astype("uint16")
    x = ctorch.from_numpy(bits.view("int16")).view(dtype)
    for part in (x, x[::3], x.reshape(256, 256).t()):
        own = part.contiguous().view(ctorch.int16).numpy().view("uint16").ravel()
        assert np.array_equal(part.abs().contiguous().view(ctorch.int16).numpy().view("uint16").ravel(), own & 0x7FFF)
        assert np.array_equal((-part).contiguous().view(ctorch.int16).numpy().view("uint16").ravel(), own ^ 0x8000)
        picked = ctorch.where(part == part, part, -part).contiguous().view(ctorch.int16).numpy().view("uint16").ravel()
        nan = np.isnan(part.float().contiguous().numpy().ravel())
        assert np.array_equal(picked, np.where(nan, own ^ 0x8000, own))


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_quotients(dtype):
    z = np.array([complex(1, 2), complex(-3, 0.5), complex(1e30, 1e30), complex(0, 1e-5), complex(4, 0)], dtype)
    a, b = np.repeat(z, 5), np.tile(z, 5)
    got = (ctorch.from_numpy(a) / ctorch.from_numpy(b)).numpy()
    assert np.allclose(got, a.astype("complex128") / b.astype("complex128"), rtol=1e-5)
    # by zero each part for itself; scaling keeps what is finite so
    zero = ctorch.tensor([complex(1, -2), complex(0, 1), complex(np.inf, 1)], dtype=getattr(ctorch, dtype)) / 0j
    assert zero.real.tolist()[0] == np.inf
    assert zero.imag.tolist()[:2] == [-np.inf, np.inf]
    assert np.isnan(zero.real.tolist()[1])
    assert zero.real.tolist()[2] == np.inf
    assert np.allclose(ctorch.from_numpy(z).reciprocal().numpy(), 1 / z.astype("complex128"), rtol=1e-5)


@pytest.mark.parametrize("n", [2, 40, 100, 5000])
def test_sums_of_infinite_parts(n):
    x = ctorch.ones(n, 3, dtype=ctorch.complex64)
    x.imag[1, 1] = np.inf
    assert x.sum(0).real.tolist() == [n, n, n]
    assert x.sum(0).imag.tolist() == [0, np.inf, 0]
    assert x.t().contiguous().sum(-1).imag.tolist() == [0, np.inf, 0]
    assert (x.sum().real.item(), x.sum().imag.item()) == (3 * n, np.inf)


@pytest.mark.parametrize("n", [1, 16, 31, 33, 63, 64, 65, 127, 400, 5000])
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_sums_of_pairs(dtype, n):
    x = (RNG.integers(-9, 9, (37, n)) + 1j * RNG.integers(-9, 9, (37, n))).astype(dtype)
    for part in (x, x[:, ::2], x[:, ::-1].copy(), x.T.copy().T):
        t = ctorch.from_numpy(part)
        assert np.array_equal(t.sum(-1).numpy(), part.sum(-1))
        assert np.array_equal(t.sum(0).numpy(), part.sum(0))
        assert np.array_equal(t.sum().numpy(), part.sum())


@pytest.mark.parametrize("n", [17, 31, 32, 33, 50, 64, 65, 300])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8", "float16", "bool"])
def test_two_reduced_dimensions_and_steps(dtype, n):
    x = array((6, 40, 2 * n), dtype)
    for part in (x[..., :n].copy(), x[..., ::2], x[:, :, :n], x[..., ::-2]):
        t = ctorch.from_numpy(part.copy() if part.strides[-1] < 0 else part)
        out = dtype if "float" in dtype else "int64"
        assert np.array_equal(t.sum((0, 2)).numpy(), part.astype("int64").sum((0, 2)).astype(out))
        assert np.array_equal(t.amax((0, 2)).numpy(), part.max((0, 2)))
        assert np.array_equal(t.sum(-1).numpy(), part.astype("int64").sum(-1).astype(out))
        assert np.array_equal(t.amin(1).numpy(), part.min(1))
        if dtype != "bool":
            assert np.array_equal(t.max(0).values.numpy(), part.max(0))
            assert np.array_equal(t.max(0).indices.numpy(), part.argmax(0))


def test_alpha():
    x, y = RNG.standard_normal((2, 50, 60)).astype("float32")
    a, b = ctorch.from_numpy(x), ctorch.from_numpy(y)
    assert np.allclose(ctorch.add(a, b, alpha=2.5).numpy(), x + np.float32(2.5) * y, atol=1e-6)
    assert np.allclose(ctorch.add(a[::2], b[:1], alpha=-1).numpy(), x[::2] - y[:1], atol=1e-6)
    assert np.allclose(a.clone().add_(b, alpha=0.5).numpy(), x + y / 2, atol=1e-6)
    assert ctorch.add(ctorch.tensor([1, 2]), ctorch.tensor([3, 4]), alpha=-2).tolist() == [-5, -6]
    assert ctorch.add(ctorch.tensor([1j]), ctorch.tensor([2.0]), alpha=1j).tolist() == [3j]
    assert ctorch.add(ctorch.tensor([1.0], dtype=ctorch.float16), ctorch.tensor(2.0), alpha=3).dtype == ctorch.float16
    with pytest.raises(RuntimeError, match="floating point number"):
        ctorch.add(ctorch.tensor([1]), ctorch.tensor([2]), alpha=0.5)
    p, q = ctorch.tensor([1.0], requires_grad=True), ctorch.tensor([2.0], requires_grad=True)
    result = ctorch.add(p, q, alpha=3)
    result.backward()
    assert (p.grad.item(), q.grad.item()) == (1, 3)


def test_out_is_written_in_place():
    x = ctorch.from_numpy(RNG.standard_normal((40, 50)))
    want = x.exp()
    out = ctorch.empty(40, 50, dtype=ctorch.float64)
    place, version = out.data_ptr(), out._version
    assert ctorch.exp(x, out=out) is out
    assert out.data_ptr() == place
    assert out._version > version
    assert ctorch.equal(out, want)
    back = ctorch.empty(50, 40, dtype=ctorch.float64).t()          # another order of memory
    assert ctorch.equal(ctorch.exp(x, out=back), want)
    line = ctorch.arange(10.0)
    ctorch.add(line[:-1], 1, out=line[1:])                         # what is read lies where the result goes
    assert line.tolist() == [0, *range(1, 10)]
    whole = ctorch.arange(4.0)
    assert ctorch.mul(whole, whole, out=whole).tolist() == [0, 1, 4, 9]
    single = ctorch.empty(3, dtype=ctorch.float32)
    assert ctorch.add(ctorch.ones(3, dtype=ctorch.float64), 1, out=single).tolist() == [2, 2, 2]


@pytest.mark.parametrize("dtype", ["int64", "int32"])
def test_quotients_near_the_limits(dtype):
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    values = [low, low + 1, -(2**31), -(2**31) - 1 if dtype == "int64" else -7, -9, -1, 1, 8, 2**31 - 1, high - 1, high]
    a, b = np.repeat(np.array(values, dtype), len(values)), np.tile(np.array(values, dtype), len(values))
    x, y = ctorch.from_numpy(a), ctorch.from_numpy(b)
    bits = 64 if dtype == "int64" else 32

    def wrapped(v):
        return (v + 2 ** (bits - 1)) % 2**bits - 2 ** (bits - 1)

    pairs = [(int(p), int(q)) for p, q in zip(a, b)]
    assert (x // y).tolist() == [wrapped(p // q) for p, q in pairs]
    assert (x % y).tolist() == [p % q for p, q in pairs]
    assert ctorch.fmod(x, y).tolist() == [abs(p) % abs(q) * (1 if p > 0 else -1) for p, q in pairs]
    assert ctorch.div(x, y, rounding_mode="trunc").tolist() == [
        wrapped(abs(p) // abs(q) * (1 if (p > 0) == (q > 0) else -1)) for p, q in pairs]


def test_complex_from_parts():
    re, im = RNG.standard_normal((2, 30, 40)).astype("float32")
    for x, y in ((re, im), (re[:, ::2], im[:, 1::2]), (re.T, im.T), (re[:1], im[:, :1]), (re[0, 0], im[0, 1])):
        got = ctorch.complex(ctorch.tensor(x), ctorch.tensor(y)).numpy()
        assert np.array_equal(got, (x + 1j * y).astype("complex64"))
    p, q = (ctorch.tensor(v[:3, :3].astype("float64"), requires_grad=True) for v in (re, im))
    assert ctorch.autograd.gradcheck(ctorch.complex, (p, q))
    assert ctorch.autograd.gradcheck(ctorch.polar, (p.abs().detach().requires_grad_(), q))
    edges = ctorch.tensor(EDGES)
    assert np.array_equal(ctorch.complex(edges, edges.flip(0)).imag.numpy(), np.array(EDGES[::-1], "float32"),
                          equal_nan=True)


@pytest.mark.parametrize("n", [1, 3, 4, 5, 100])
def test_running_products(n):
    x = RNG.uniform(0.5, 2, (3, n))
    y = x.astype("float32")
    assert np.allclose(ctorch.from_numpy(y).cumprod(-1).numpy(), y.cumprod(-1), 1e-5)
    assert np.allclose(ctorch.from_numpy(x).cumprod(-1).numpy(), x.cumprod(-1))
    # no product of neighbours overflows that a running one does not
    far = ctorch.tensor([1e-300, 1e200, 1e-100, 1e200, 1e100], dtype=ctorch.float64)
    assert np.allclose(far.cumprod(0).numpy(), far.numpy().cumprod())


@pytest.mark.parametrize("numbers", range(8))
@pytest.mark.parametrize("name", ["lerp", "addcmul", "addcdiv"])
@pytest.mark.parametrize("columns", [9, 300])
def test_numbers_among_three(name, numbers, columns):
    # each set of operands is one number for each row
    rng = np.random.default_rng(numbers)
    arrays = [rng.uniform(0.5, 2, (5, 1 if numbers >> k & 1 else columns)).astype("float32") for k in range(3)]
    a, b, c = arrays
    wanted = {"lerp": a + c * (b - a), "addcmul": a + b * c, "addcdiv": a + b / c}[name]
    tensors = [ctorch.from_numpy(x).expand(5, columns) for x in arrays]
    assert np.allclose(getattr(ctorch, name)(*tensors).numpy(), np.broadcast_to(wanted, (5, columns)), 1e-5, 1e-5)


@pytest.mark.parametrize("length", [1, 2, 4, 8, 15, 16, 17, 31, 32, 33, 64])
@pytest.mark.parametrize(("name", "dtypes"), [
    ("atan2", "float32 float64"),
    ("fmod", "float32 float64 int32 int64"),
    ("gcd", "int32 int64"),
    ("xlogy", "float32 float64"),
])
def test_numbers_written_out_beside_short_lines(name, dtypes, length):
    f = getattr(ctorch, name)
    for dtype in dtypes.split():
        line = ctorch.arange(1, length + 1).to(getattr(ctorch, dtype))
        number = line.new_full((), 3)
        whole = number.expand(length).contiguous()
        for other in (number, number.expand(length), 3):
            assert ctorch.equal(f(line, other), f(line, whole)), (dtype, other)
            assert ctorch.equal(f(other, line), f(whole, line)), (dtype, other)
            if isinstance(other, ctorch.Tensor):
                assert ctorch.equal(getattr(line.clone(), name + "_")(other), f(line, whole)), (dtype, other)


def test_gradients_of_sums_of_short_lines():
    for length in (1, 5, 32, 33, 100):
        x = ctorch.linspace(0.1, 0.9, length, dtype=ctorch.float64, requires_grad=True)
        (ctorch.sin(x) * x).sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), np.cos(x.detach().numpy()) * x.detach().numpy()
                                   + np.sin(x.detach().numpy()), rtol=1e-15)
