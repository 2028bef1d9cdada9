"""Random streams: PyTorch's numbers for the same seed, bit for bit, and the state that follows them."""

import copy
import os
import pickle
import signal
import threading
import zlib

import numpy as np
import pytest

from ctorch import _parallel, _random

SIZES = [0, 1, 2, 5, 15, 16, 17, 31, 32, 100, 1000, 1001, 65536, 100003]
SEEDS = [0, 1, 123456789, 2**32 + 5, 2**63, 2**64 - 1, -1, -(2**63)]
FLOATS = ["float16", "bfloat16", "float32", "float64"]
INTEGERS = ["uint8", "int8", "int16", "int32", "int64"]
UNSIGNED = ["uint16", "uint32", "uint64"]


def state_bytes(generator):
    """The 5056 bytes of a generator's state."""
    return bytes(memoryview(generator.get_state()))


@pytest.fixture(scope="module")
def torch():
    module = pytest.importorskip("torch")
    if module.backends.cpu.get_cpu_capability() not in ("AVX2", "AVX512"):
        pytest.skip("PyTorch's AVX2 kernels are what is matched")
    return module


def empty(size, dtype):
    """A NumPy array, whose dtype name stands beside it because NumPy has no bfloat16."""
    return np.zeros(size, "uint16" if dtype == "bfloat16" else dtype)


def bits(tensor):
    array = tensor.contiguous()
    if str(array.dtype) == "torch.bfloat16":
        return array.view(tensor.new_empty(0).short().dtype).numpy().view("uint16")
    return array.numpy()


def compare(torch, dtype, size, ours, theirs, seed=3):
    """Runs both three times over, so that the second and third start in the middle of a block."""
    mine = _random.Generator().manual_seed(seed)
    reference = torch.Generator().manual_seed(seed)
    for _ in range(3):
        x = empty(size, dtype)
        ours(x, mine)
        y = torch.zeros(size, dtype=getattr(torch, dtype))
        result = theirs(y, reference)
        y = y if result is None else result
        np.testing.assert_array_equal(x, bits(y))
        assert state_bytes(mine) == reference.get_state().numpy().tobytes()


# ---- against PyTorch ----


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("low, high", [(0.0, 1.0), (-0.1, 0.3), (-0.0441, 0.0441), (2.0, 7.0), (1.0, 1.0)])
def test_uniform(torch, dtype, low, high):
    for size in SIZES:
        compare(
            torch,
            dtype,
            size,
            lambda x, g: _random.fill_uniform(x, low, high, generator=g, dtype=dtype),
            lambda y, g: y.uniform_(low, high, generator=g),
        )


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("mean, std", [(0.0, 1.0), (1.5, 0.02), (-3.0, 7.0), (2.0, 0.0)])
def test_normal(torch, dtype, mean, std):
    for size in SIZES:
        compare(
            torch,
            dtype,
            size,
            lambda x, g: _random.fill_normal(x, mean, std, generator=g, dtype=dtype),
            lambda y, g: y.normal_(mean, std, generator=g),
        )


@pytest.mark.parametrize("dtype", FLOATS)
def test_normal_of_a_strided_tensor(torch, dtype):
    for size in SIZES:
        compare(
            torch,
            dtype,
            size,
            lambda x, g: _random.fill_normal(x, 1.0, 2.0, generator=g, dtype=dtype, strided=True),
            lambda y, g: y.new_empty(2 * y.numel() + 1)[1::2].normal_(1.0, 2.0, generator=g),
        )


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    "name, arguments",
    [
        ("log_normal", (1.0, 2.0)),
        ("log_normal", (-0.5, 0.1)),
        ("cauchy", (0.0, 1.0)),
        ("cauchy", (3.0, 0.7)),
        ("exponential", (1.0,)),
        ("exponential", (1.7,)),
        ("geometric", (0.3,)),
        ("geometric", (0.001,)),
    ],
)
def test_transformed(torch, dtype, name, arguments):
    for size in SIZES:
        compare(
            torch,
            dtype,
            size,
            lambda x, g: getattr(_random, f"fill_{name}")(x, *arguments, generator=g, dtype=dtype),
            lambda y, g: getattr(y, f"{name}_")(*arguments, generator=g),
        )


@pytest.mark.parametrize("dtype", INTEGERS)
def test_geometric_of_integers(torch, dtype):
    for size in SIZES:
        compare(
            torch,
            dtype,
            size,
            lambda x, g: _random.fill_geometric(x, 0.2, generator=g),
            lambda y, g: y.geometric_(0.2, generator=g),
        )


@pytest.mark.parametrize("dtype", ["bool", *INTEGERS, *FLOATS])
@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 0.9, 1.0])
def test_bernoulli(torch, dtype, p):
    for size in SIZES:
        compare(
            torch,
            dtype,
            size,
            lambda x, g: _random.fill_bernoulli(x, p, generator=g, dtype=dtype),
            lambda y, g: y.bernoulli_(p, generator=g),
        )


@pytest.mark.parametrize("dtype", ["bool", "int64", *FLOATS])
@pytest.mark.parametrize("p_dtype", FLOATS)
def test_bernoulli_of_a_tensor(torch, dtype, p_dtype):
    def p(size):
        return torch.linspace(0, 1, size, dtype=torch.float64).to(getattr(torch, p_dtype))

    for size in SIZES:
        compare(
            torch,
            dtype,
            size,
            lambda x, g: _random.fill_bernoulli(
                x, bits(p(x.size)), generator=g, dtype=dtype, p_dtype=p_dtype
            ),
            lambda y, g: y.bernoulli_(p(y.numel()), generator=g),
        )


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("p", [0.0, 0.1, 0.3, 0.5, 0.77, 1.0])
def test_dropout_mask(torch, dtype, p):
    def reference(y, g):
        torch.default_generator.set_state(g.get_state())
        result = torch.nn.functional.dropout(torch.ones_like(y), p)
        g.set_state(torch.default_generator.get_state())
        return result

    for size in SIZES:
        compare(
            torch,
            dtype,
            size,
            lambda x, g: _random.fill_dropout_mask(x, p, generator=g, dtype=dtype),
            reference,
        )


@pytest.mark.parametrize("dtype", ["bool", *INTEGERS, *FLOATS])
def test_random(torch, dtype):
    for size in SIZES:
        compare(
            torch,
            dtype,
            size,
            lambda x, g: _random.fill_random(x, generator=g, dtype=dtype),
            lambda y, g: y.random_(generator=g),
        )


BOUNDS = [
    (0, 1), (0, 2), (0, 10), (-5, 100), (300, 301), (5, 5), (7, 3),
    (0, 2**28 - 1), (0, 2**28), (3, 2**28 + 4), (0, 2**32), (-(2**62), 2**62), (0, 2**63 - 1),
    (-(2**63), 2**63 - 1), (0, None), (1, None), (-7, None), (-(2**63), None), (-(2**63) + 1, None),
    (0, 2049), (0, 65504), (65519, 65536), (0, 2**24 + 2), (-(2**24) - 3, 5), (0, 2**53 + 2),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*out of bounds.*:UserWarning")
@pytest.mark.parametrize("dtype", ["bool", *INTEGERS, *UNSIGNED, *FLOATS])
@pytest.mark.parametrize("low, high", BOUNDS)
def test_random_range(torch, dtype, low, high):
    try:
        torch.empty(1, dtype=getattr(torch, dtype)).random_(low, high)
    except (RuntimeError, NotImplementedError):
        with pytest.raises((RuntimeError, NotImplementedError)):
            _random.fill_random(empty(1, dtype), low, high, dtype=dtype)
        return
    for size in SIZES:
        compare(
            torch,
            dtype,
            size,
            lambda x, g: _random.fill_random(x, low, high, generator=g, dtype=dtype),
            lambda y, g: y.random_(low, high, generator=g),
        )


@pytest.mark.parametrize("dtype", [*INTEGERS, *FLOATS])
@pytest.mark.parametrize("size", [*SIZES, 128, 256, 257, 2049, 2050, 32768])
def test_randperm(torch, dtype, size):
    try:
        torch.randperm(size, dtype=getattr(torch, dtype))
    except RuntimeError:
        with pytest.raises(RuntimeError, match="randperm"):
            _random.fill_randperm(empty(size, dtype), dtype=dtype)
        return
    compare(
        torch,
        dtype,
        size,
        lambda x, g: _random.fill_randperm(x, generator=g, dtype=dtype),
        lambda y, g: torch.randperm(size, generator=g, dtype=y.dtype),
    )


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("rate", [0.0, 0.1, 3.0, 9.99, 10.0, 47.0, 1e4])
def test_poisson(torch, dtype, rate):
    def rates(size):
        return torch.linspace(0, rate, size, dtype=torch.float64).to(getattr(torch, dtype))

    for size in SIZES[:-2]:
        compare(
            torch,
            dtype,
            size,
            lambda x, g: _random.fill_poisson(x, bits(rates(x.size)), generator=g, dtype=dtype),
            lambda y, g: torch.poisson(rates(y.numel()), generator=g),
        )


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("replacement", [False, True])
@pytest.mark.parametrize(
    "rows, categories, samples",
    [
        (1, 1, 1),
        (1, 2, 1),
        (1, 10, 4),
        (3, 10, 10),
        (5, 100, 1),
        (2, 1000, 17),
        (1, 5000, 40),
        (2, 3, 500),
    ],
)
def test_multinomial(torch, dtype, replacement, rows, categories, samples):
    if not replacement:
        samples = min(samples, categories)
    p = torch.rand(rows, categories, generator=torch.Generator().manual_seed(1)) ** 2
    p = p.to(getattr(torch, dtype))
    mine = _random.Generator().manual_seed(9)
    reference = torch.Generator().manual_seed(9)
    for _ in range(3):
        x = np.zeros((rows, samples), "int64")
        _random.fill_multinomial(x, bits(p), replacement, generator=mine, dtype=dtype)
        expected = torch.multinomial(p, samples, replacement, generator=reference).numpy()
        if dtype in ("float16", "bfloat16") and samples > 1:
            # Many weights are equal, and PyTorch leaves their order open.
            assert (x == expected).mean() > 0.7
        else:
            np.testing.assert_array_equal(x, expected)
        assert state_bytes(mine) == reference.get_state().numpy().tobytes()


@pytest.mark.parametrize("seed", SEEDS)
def test_calls_in_turn(torch, seed):
    """Every kind of call in random order, the halves of normal pairs left over in between."""
    mine = _random.Generator().manual_seed(seed)
    reference = torch.Generator().manual_seed(seed)
    assert mine.initial_seed() == reference.initial_seed()
    calls = [
        (
            "float32",
            lambda x: _random.fill_normal(x, generator=mine),
            lambda y: y.normal_(generator=reference),
        ),
        (
            "float64",
            lambda x: _random.fill_normal(x, generator=mine),
            lambda y: y.normal_(generator=reference),
        ),
        (
            "float32",
            lambda x: _random.fill_uniform(x, generator=mine),
            lambda y: y.uniform_(generator=reference),
        ),
        (
            "float64",
            lambda x: _random.fill_uniform(x, generator=mine),
            lambda y: y.uniform_(generator=reference),
        ),
        (
            "int64",
            lambda x: _random.fill_random(x, 0, 10, generator=mine),
            lambda y: y.random_(0, 10, generator=reference),
        ),
        ("int64", lambda x: _random.fill_random(x, generator=mine), lambda y: y.random_(generator=reference)),
        (
            "int64",
            lambda x: _random.fill_randperm(x, generator=mine),
            lambda y: y.copy_(torch.randperm(len(y), generator=reference)),
        ),
        (
            "bool",
            lambda x: _random.fill_bernoulli(x, 0.3, generator=mine),
            lambda y: y.bernoulli_(0.3, generator=reference),
        ),
        (
            "float32",
            lambda x: _random.fill_exponential(x, generator=mine),
            lambda y: y.exponential_(generator=reference),
        ),
        (
            "float32",
            lambda x: _random.fill_log_normal(x, generator=mine),
            lambda y: y.log_normal_(generator=reference),
        ),
    ]
    order = np.random.default_rng(0)
    for _ in range(300):
        dtype, ours, theirs = calls[order.integers(len(calls))]
        size = int(order.choice([0, 1, 3, 5, 16, 17, 50, 311, 700]))
        x, y = np.zeros(size, dtype), torch.zeros(size, dtype=getattr(torch, dtype))
        ours(x)
        theirs(y)
        np.testing.assert_array_equal(x, y.numpy())
        assert state_bytes(mine) == reference.get_state().numpy().tobytes()


def test_states_are_exchanged_with_pytorch(torch):
    reference = torch.Generator().manual_seed(5)
    torch.empty(7).normal_(generator=reference)
    mine = _random.Generator()
    mine.set_state(reference.get_state().numpy())
    assert mine.initial_seed() == 5
    x = np.zeros(9, "float32")
    _random.fill_normal(x, generator=mine)
    np.testing.assert_array_equal(x, torch.empty(9).normal_(generator=reference).numpy())
    state = torch.frombuffer(bytearray(state_bytes(mine)), dtype=torch.uint8)
    assert torch.equal(torch.Generator().set_state(state).get_state(), state)


# ---- recorded from PyTorch 2.13: seed 42, 1001 numbers ----

EXACT = [
    ("fill_uniform", "float32", (), 1611643649),
    ("fill_uniform", "float64", (), 2644390669),
    ("fill_uniform", "float16", (), 1970541850),
    ("fill_uniform", "bfloat16", (), 978674900),
    ("fill_uniform", "float32", (-0.1, 0.3), 1860462268),
    ("fill_normal", "float32", (), 1423196198),
    ("fill_normal", "float16", (), 3917045547),
    ("fill_bernoulli", "float32", (0.3,), 3269542796),
    ("fill_bernoulli", "bool", (0.3,), 1398769510),
    ("fill_random", "int64", (), 3638746850),
    ("fill_random", "uint8", (), 976959371),
    ("fill_random", "int64", (0, 10), 3201504739),
    ("fill_random", "int64", (-5, 10**12), 1062233450),
    ("fill_randperm", "int64", (), 1219247591),
]

# The last digit hangs on the system's libm.
NEAR = [
    (
        "fill_normal",
        (1.0, 2.0),
        [1.5991125755005275, 1.4847555816178821, 1.5664147888359063],
        1074.0999134889182,
    ),
    ("fill_log_normal", (), [5.330157080559128, 3.517036776692234, 4.34456103815977], 17797.98356225017),
    ("fill_cauchy", (), [-5.4124872969973135, -4.993701080056364, -2.4448743267271738], 281.18257663847703),
    (
        "fill_exponential",
        (1.7,),
        [0.03524353864164832, 0.038221252231403116, 0.07759810587299446],
        564.6830479410324,
    ),
    ("fill_geometric", (0.01,), [284.0, 276.0, 209.0], 103944.0),
    ("fill_poisson", (np.full(1001, 30.0),), [19.0, 22.0, 30.0], 30068.0),
]


@pytest.mark.parametrize("name, dtype, arguments, checksum", EXACT)
def test_recorded_bits(name, dtype, arguments, checksum):
    x = empty(1001, dtype)
    getattr(_random, name)(x, *arguments, generator=_random.Generator().manual_seed(42), dtype=dtype)
    assert zlib.crc32(x.tobytes()) == checksum


@pytest.mark.parametrize("name, arguments, first, total", NEAR, ids=[row[0] for row in NEAR])
def test_recorded_doubles(name, arguments, first, total):
    x = np.zeros(1001)
    getattr(_random, name)(x, *arguments, generator=_random.Generator().manual_seed(42))
    np.testing.assert_allclose(x[:3], first, rtol=1e-14)
    np.testing.assert_allclose(x.sum(), total, rtol=1e-12)


def test_recorded_small_normal():
    x = np.zeros(5)
    _random.fill_normal(x, generator=_random.Generator().manual_seed(42))
    expected = [
        0.33669035438385886,
        0.1288094051365897,
        0.23446236336153173,
        0.2303330279146119,
        -1.1228563767381703,
    ]
    np.testing.assert_allclose(x, expected, rtol=1e-14)


@pytest.mark.parametrize("replacement, expected", [(False, [8, 3, 9, 1, 2]), (True, [2, 2, 3, 1, 7])])
def test_recorded_multinomial(replacement, expected):
    x = np.zeros(5, "int64")
    p = np.arange(1, 11, dtype="float32")
    _random.fill_multinomial(x, p, replacement, generator=_random.Generator().manual_seed(42))
    assert x.tolist() == expected


# ---- Generator ----


def numbers(generator, size=700):
    x = np.zeros(size, "float32")
    _random.fill_uniform(x, generator=generator)
    return x


def test_new_generators_are_equal():
    assert _random.Generator().initial_seed() == 67280421310721
    np.testing.assert_array_equal(numbers(_random.Generator()), numbers(_random.Generator("cpu")))
    assert str(_random.Generator().device) == "cpu"


@pytest.mark.parametrize(
    "seed, kept", [(0, 0), (2**64 - 1, 2**64 - 1), (-1, 2**64 - 1), (-(2**63), 2**63), (np.int64(7), 7)]
)
def test_manual_seed(seed, kept):
    generator = _random.Generator()
    assert generator.manual_seed(seed) is generator
    assert generator.initial_seed() == kept


@pytest.mark.parametrize(
    "seed, error",
    [
        (2**64, ValueError),
        (-(2**63) - 1, ValueError),
        (1.5, RuntimeError),
        (True, RuntimeError),
        ("7", RuntimeError),
        (None, RuntimeError),
    ],
)
def test_manual_seed_refuses(seed, error):
    with pytest.raises(
        error, match=r"manual_seed expected a long, but got|Overflow when unpacking long long"
    ):
        _random.Generator().manual_seed(seed)


def test_seed_is_drawn_from_the_system():
    generator = _random.Generator()
    first, second = generator.seed(), generator.seed()
    assert first != second
    assert 0 <= first < 2**53
    assert generator.initial_seed() == second


def test_default_generator():
    before = _random.get_rng_state()
    try:
        assert _random.manual_seed(11).initial_seed() == 11
        assert _random.manual_seed("12").initial_seed() == _random.initial_seed() == 12
        state = _random.get_rng_state()
        first = numbers(None)
        _random.set_rng_state(state)
        np.testing.assert_array_equal(numbers(None), first)
        assert _random.seed() == _random.initial_seed()
    finally:
        _random.set_rng_state(before)


def test_state_holds_the_left_over_normal():
    generator = _random.Generator().manual_seed(1)
    x = np.zeros(3)
    _random.fill_normal(x, generator=generator)
    state = state_bytes(generator)
    assert len(state) == 5056
    first, second = np.zeros(5), np.zeros(5)
    _random.fill_normal(first, generator=generator)
    generator.set_state(state)
    _random.fill_normal(second, generator=generator)
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g)), lambda g: g.clone_state()],
)
def test_copies_go_on_alone(duplicate):
    generator = _random.Generator().manual_seed(3)
    numbers(generator)
    other = duplicate(generator)
    assert other.initial_seed() == 3
    expected = numbers(generator)
    np.testing.assert_array_equal(numbers(other), expected)


def test_set_state_refuses():
    generator = _random.Generator().manual_seed(3)
    state = bytearray(state_bytes(generator))
    with pytest.raises(RuntimeError, match="expected a state of 5056 bytes, found 10"):
        generator.set_state(bytes(10))
    with pytest.raises(RuntimeError, match="Invalid mt19937 state"):
        generator.set_state(bytes(5056))
    for position, value in [(8, 7), (12, 0), (16, 200)]:  # left, seeded, next
        wrong = bytearray(state)
        wrong[position] = value
        with pytest.raises(RuntimeError, match="Invalid mt19937 state"):
            generator.set_state(wrong)
    with pytest.raises(TypeError):
        generator.set_state("state")
    assert state_bytes(generator) == state


def test_other_devices_and_offsets():
    with pytest.raises(NotImplementedError, match="cuda"):
        _random.Generator("cuda")
    with pytest.raises(RuntimeError, match="does not use offset"):
        _random.Generator().get_offset()
    with pytest.raises(RuntimeError, match="does not use offset"):
        _random.Generator().set_offset(1)


# ---- threads and forks ----


@pytest.mark.parametrize(
    "name, dtype",
    [
        ("fill_normal", "float32"),
        ("fill_normal", "float64"),
        ("fill_log_normal", "float32"),
        ("fill_exponential", "float64"),
    ],
)
def test_numbers_do_not_depend_on_threads(name, dtype):
    before = _parallel.get_num_threads()
    results = []
    for threads in [1, 2, 5]:
        _parallel.set_num_threads(threads)
        x = np.zeros(100003, dtype)
        getattr(_random, name)(x, generator=_random.Generator().manual_seed(3))
        results.append(x)
    _parallel.set_num_threads(before)
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


def test_threads_share_a_generator():
    """Each fill is one piece of the stream, whoever draws it."""
    generator = _random.Generator().manual_seed(5)
    pieces = []

    def run():
        for _ in range(100):
            pieces.append(numbers(generator, 1000))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = numbers(_random.Generator().manual_seed(5), 400_000).reshape(400, 1000)
    assert {piece.tobytes() for piece in pieces} == {row.tobytes() for row in expected}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_is_not_locked_out():
    """The parent's other thread holds the generator most of the time while it forks."""
    stop = threading.Event()
    generator = _random.Generator()

    def draw():
        while not stop.is_set():
            numbers(generator, 300_000)

    thread = threading.Thread(target=draw)
    thread.start()
    try:
        for _ in range(20):
            pid = os.fork()
            if pid == 0:
                signal.alarm(20)
                numbers(generator, 10)
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
    finally:
        stop.set()
        thread.join()


# ---- what is refused ----

REFUSED = [
    ("uniform", 2, "int32", (), NotImplementedError, "uniform_ is not implemented for int32"),
    ("normal", 2, "int64", (), NotImplementedError, "normal_ is not implemented for int64"),
    ("log_normal", 2, "int64", (), NotImplementedError, "log_normal_ is not implemented"),
    ("geometric", 2, "bool", (0.5,), NotImplementedError, "geometric_ is not implemented"),
    ("cauchy", 2, "int8", (), RuntimeError, "must be a floating point type, not int8"),
    ("exponential", 2, "int8", (), RuntimeError, "must be a floating point type, not int8"),
    ("randperm", 2, "bool", (), NotImplementedError, "randperm is not implemented for bool"),
    ("poisson", 2, "int32", (empty(2, "int32"),), NotImplementedError, "poisson"),
    ("uniform", 2, "float32", (2.0, 1.0), RuntimeError, "found from=2.0 > to=1.0"),
    ("uniform", 2, "float16", (0.0, 1e5), RuntimeError, "out of bounds for float16"),
    ("uniform", 2, "float32", (-3e38, 3e38), RuntimeError, "to - from is out of bounds"),
    ("uniform", 2, "float32", (float("nan"), 1.0), RuntimeError, "out of bounds"),
    ("normal", 2, "float32", (0.0, -1.0), RuntimeError, "std >= 0.0, but found std -1.0"),
    ("normal", 2, "float32", (0.0, float("nan")), RuntimeError, "std >= 0.0"),
    ("log_normal", 2, "float32", (0.0, 0.0), RuntimeError, "std > 0.0, but found std=0.0"),
    ("cauchy", 2, "float32", (0.0, 0.0), RuntimeError, "sigma > 0.0, but found sigma=0.0"),
    ("exponential", 2, "float32", (0.0,), RuntimeError, "lambda > 0.0"),
    ("geometric", 2, "float32", (1.0,), RuntimeError, r"in \(0, 1\), but got p=1.0"),
    ("bernoulli", 2, "float32", (1.5,), RuntimeError, "but got p=1.5"),
    ("bernoulli", 2, "float32", (np.array([0.5, -0.1]),), RuntimeError, "but got p=-0.1"),
    ("bernoulli", 2, "float32", (np.array([0.5, np.nan]),), RuntimeError, "but got p=nan"),
    ("dropout_mask", 2, "float32", (1.1,), ValueError, "between 0 and 1, but got 1.1"),
    ("poisson", 1, "float32", (np.float32([-1]),), RuntimeError, "got rate=-1.0"),
    ("poisson", 1, "float32", (np.float32([np.inf]),), RuntimeError, "got rate=inf"),
    ("multinomial", 0, "int64", (np.ones(3),), RuntimeError, "n_sample <= 0"),
    ("multinomial", 4, "int64", (np.ones(3),), RuntimeError, "without replacement"),
    ("multinomial", 2, "int64", (np.zeros(3),), RuntimeError, "sum of probabilities <= 0"),
    ("multinomial", 2, "int64", (np.array([1.0, -1.0]),), RuntimeError, "element < 0"),
    ("multinomial", 2, "int64", (np.array([1.0, np.nan]),), RuntimeError, "`nan`"),
]  # fmt: skip


@pytest.mark.parametrize("name, size, dtype, arguments, error, message", REFUSED)
def test_refuses(name, size, dtype, arguments, error, message):
    with pytest.raises(error, match=message):
        getattr(_random, f"fill_{name}")(empty(size, dtype), *arguments)


def test_random_range_warns_beyond_the_mantissa():
    with pytest.warns(UserWarning, match=r"out of bounds \[-\(2\^24\), 2\^24\]"):
        _random.fill_random(empty(2, "float32"), 0, 2**30)
