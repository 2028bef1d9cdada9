"""Samplers of the public surface, switches of the process, and small functions about tensors and dtypes."""
import mirror
import numpy as np
import pytest

import ctorch

M = np.array([1.0, 2.0, 3.0] * 8)


@pytest.mark.parametrize("sampler", [
    lambda m: m.normal(m.tensor(M), m.tensor(M)), lambda m: m.normal(m.tensor(M), 2.0),
    lambda m: m.normal(2.0, m.tensor(M)), lambda m: m.normal(1.0, 2.0, (20,)), lambda m: m.poisson(m.tensor(M) * 5),
    lambda m: m.empty(20).cauchy_(1, 2), lambda m: m.empty(20).log_normal_(), lambda m: m.empty(20).geometric_(0.3),
    lambda m: m.empty(20, dtype=m.int64).geometric_(0.3), lambda m: m.randint(3, 9, (20,)),
    lambda m: m.randint(9, size=(4,), dtype=m.float64), lambda m: m.randint_like(m.tensor(M), 2, 5),
    lambda m: m.empty(20).random_(3, 9), lambda m: m.empty(9, dtype=m.int64).random_(to=7),
    lambda m: m.multinomial(m.tensor(M), 3), lambda m: m.bernoulli(m.tensor(M) / 4),
    lambda m: m.bernoulli(m.tensor(M), 0.3), lambda m: m.randn(5, out=m.empty(5)),
    lambda m: m.randint(5, (3,), generator=m.Generator().manual_seed(4)),
    lambda m: m.randperm(9, out=m.empty(9).long()),
    lambda m: m.normal(m.tensor(M), -m.tensor(M)), lambda m: m.normal(1.0, -1.0, (3,)),
    lambda m: m.randint(5, 5, (3,)), lambda m: m.poisson(-m.tensor(M)), lambda m: m.empty(3).geometric_(1.0)])
def test_samplers(sampler):
    mirror.check(sampler)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("count", "p"), [(5, 0.3), (100, 0.3), (1000, 0.77), (7, 0.9), (40, 0.5), (3, 0.0), (3, 1.0),
                                        (1e7, 0.4), (1e8, 0.33), (1e12, 0.7), (1e20, 0.1), (3e38, 0.33)])
def test_binomial_has_the_same_stream(count, p, dtype):
    mirror.check(lambda m: m.binomial(m.full((50,), float(count), dtype=getattr(m, dtype)),
                                      m.full((50,), p, dtype=getattr(m, dtype))))


def test_fork_rng_puts_the_state_back():
    state = ctorch.get_rng_state()
    with ctorch.random.fork_rng():
        ctorch.manual_seed(3)
        ctorch.rand(10)
    assert (ctorch.get_rng_state() == state).all()
    with ctorch.random.fork_rng(enabled=False):
        ctorch.rand(10)
    assert not (ctorch.get_rng_state() == state).all()


def test_default_generator_is_the_one_in_use():
    ctorch.manual_seed(11)
    assert ctorch.default_generator.initial_seed() == 11
    assert ctorch.random.default_generator is ctorch.default_generator
    generator = ctorch.Generator()
    assert generator.set_state(ctorch.default_generator.get_state()) is generator
    assert ctorch.rand(3, generator=generator).tolist() == ctorch.rand(3).tolist()


def test_determinism_switches():
    ctorch.use_deterministic_algorithms(True, warn_only=True)
    try:
        assert ctorch.are_deterministic_algorithms_enabled()
        assert ctorch.get_deterministic_debug_mode() == 1
        ctorch.set_deterministic_debug_mode("error")
        assert ctorch.get_deterministic_debug_mode() == 2
        with pytest.raises(RuntimeError, match="invalid value of debug_mode"):
            ctorch.set_deterministic_debug_mode("x")
    finally:
        ctorch.use_deterministic_algorithms(False)
    assert ctorch.get_deterministic_debug_mode() == 0


NUMBERS = [True, 1, 1.5, 2j]
TENSORS = [("int8", ()), ("int8", (2,)), ("float32", ()), ("bfloat16", (2,)), ("complex64", (1,)), ("bool", (2,)),
           ("float64", ()), ("int64", (2,))]


@pytest.mark.parametrize("first", TENSORS)
def test_result_type(first):
    def kinds(m):
        x = m.ones(first[1], dtype=getattr(m, first[0]))
        others = [m.ones(s, dtype=getattr(m, d)) for d, s in TENSORS] + NUMBERS
        return [str(m.result_type(x, y)) for y in others]

    mirror.check(kinds)


@pytest.mark.parametrize("call", [
    lambda m: m.logspace(0, 3, 4), lambda m: m.logspace(0, 3, 7, 2.0, dtype=m.float64), lambda m: m.logspace(1, 2, 0),
    lambda m: m.range(0, 3), lambda m: m.range(1, 2, 0.5), lambda m: m.range(3, 1),
    lambda m: m.vander(m.tensor([1, 2])),
    lambda m: m.vander(m.tensor([1.0, 2.0, 3.0]), 5, True), lambda m: m.vander(m.ones(2, 2)),
    lambda m: m.vander(m.tensor([1.0]), 0), lambda m: list(m.empty_permuted((2, 3, 5), (0, 2, 1)).stride()),
    lambda m: m.empty_permuted((2, 3), (0, 0)), lambda m: m.empty_permuted((2, 3), (0,)),
    lambda m: m.arange(0, end=3), lambda m: m.arange(0.5, 3.7, dtype=m.int32),
    lambda m: m.arange(0.5, 3.7, dtype=m.int64),
    lambda m: m.arange(3, out=m.empty(0)), lambda m: m.ones(2, out=m.empty(0, dtype=m.int64)),
    lambda m: m.zeros(2, 2, out=m.ones(2, 2)), lambda m: m.full((2,), 3, out=m.empty(0)),
    lambda m: m.eye(2, out=m.empty(0)), lambda m: m.linspace(0, 1, 3, out=m.empty(0)), lambda m: m.scalar_tensor(3),
    lambda m: m.typename(m.ones(1)), lambda m: m.typename(3), lambda m: m.is_nonzero(m.tensor(2)),
    lambda m: m.is_nonzero(m.ones(2)), lambda m: m.is_same_size(m.ones(2), m.ones(3)), lambda m: m.zero_(m.ones(2)),
    lambda m: m.asarray([1, 2], dtype=m.float32), lambda m: m.ones(2, out=m.ones(3)),
    lambda m: m.arange(2, out=m.ones(3))])
def test_small_functions(call):
    mirror.check(call)


def test_asarray_shares_or_copies():
    a = np.zeros(3)
    shared, copied = ctorch.asarray(a), ctorch.asarray(a, copy=True)
    a[0] = 5
    assert shared.tolist() == [5, 0, 0]
    assert copied.tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="alias"):
        ctorch.asarray(a, dtype=ctorch.float32, copy=False)
    assert ctorch.asarray(shared, copy=False) is shared


def test_from_file(tmp_path):
    path = str(tmp_path / "numbers")
    x = ctorch.from_file(path, shared=True, size=4, dtype=ctorch.int32)
    x.copy_(ctorch.arange(4))
    assert np.fromfile(path, "int32").tolist() == [0, 1, 2, 3]
    y = ctorch.from_file(path, size=4, dtype=ctorch.int32)
    y.zero_()
    assert np.fromfile(path, "int32").tolist() == [0, 1, 2, 3]


def test_modules_of_devices():
    assert ctorch.get_device_module("cpu") is ctorch.cpu
    assert ctorch.cpu.is_available()
    assert ctorch.cpu.device_count() == 1
    assert ctorch.accelerator.is_available() == ctorch.cuda.is_available()
    if not ctorch.cuda.is_available():
        assert ctorch.accelerator.current_accelerator() is None
        with pytest.raises(RuntimeError, match="accelerator"):
            ctorch.accelerator.synchronize()


def test_complex32_says_what_to_use():
    assert not hasattr(ctorch, "complex32")
    with pytest.raises(AttributeError, match="complex64"):
        _ = ctorch.chalf
