"""Philox on a device: the generator's words against its definition, the numbers' distribution, the state."""
import numpy as np
import pytest
from test_forward import EACH_FLOAT

import ctorch
from ctorch.cuda import _random, random

device = pytest.mark.usefixtures("device")


def words(key, counter, subsequence, n):
    """Philox4x32-10 of Salmon et al. (2011) for n counters, as an array of n times 4 words."""
    mask = np.uint64(0xFFFFFFFF)
    counters = (np.arange(n, dtype=np.uint64) + np.uint64(counter))
    c = [counters & mask, counters >> np.uint64(32), np.full(n, subsequence & 0xFFFFFFFF, np.uint64),
         np.full(n, subsequence >> 32, np.uint64)]
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(p1 >> np.uint64(32)) ^ c[1] ^ np.uint64(k0), p1 & mask, (p0 >> np.uint64(32)) ^ c[3] ^ np.uint64(k1),
             p0 & mask]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack(c, 1)


def test_the_definition_by_its_known_answers():
    # From the authors' kat_vectors: counters and keys of zeros, and of ones.
    assert [hex(w) for w in words(0, 0, 0, 1)[0]] == ["0x6627e8d5", "0xe169c58d", "0xbc57ac4c", "0x9b00dbd8"]
    ones = words(0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF, 1)[0]
    assert [hex(w) for w in ones] == ["0x408f276d", "0x41c83b0e", "0xa20bc7c6", "0x6d5451fd"]


def draw(kind, dtype, n, *parameters):
    """n numbers, on the CPU."""
    out = ctorch.empty(n, dtype=getattr(ctorch, dtype), device="cuda")
    _random.draw(kind, out, parameters, None)
    return np.asarray(out.cpu().double())


@device
def test_uniform_numbers_are_those_of_the_definition():
    random.manual_seed(123456789012345)
    first, second = draw("uniform", "float32", 10), draw("uniform", "float32", 6)
    expected = (words(123456789012345, 0, 0, 5) >> np.uint64(8)).astype(np.float64) * 2.0**-24
    assert (first == expected[:3].ravel()[:10]).all() and (second == expected[3:].ravel()[:6]).all()
    random.manual_seed(7)
    a, b = words(7, 0, 0, 3), words(7, 0, 1, 3)
    expected = (((a << np.uint64(32)) | b) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    assert (draw("uniform", "float64", 12) == expected.ravel()).all()


@device
@pytest.mark.parametrize("dtype", EACH_FLOAT)
def test_distributions(dtype):
    random.manual_seed(1)
    n = 20000
    u = draw("uniform", dtype, n, -2.0, 3.0)
    assert u.min() >= -2 and u.max() < 3 and abs(u.mean() - 0.5) < 0.05 and abs(u.std() - 5 / 12**0.5) < 0.03
    x = draw("normal", dtype, n, 1.0, 2.0)
    assert abs(x.mean() - 1) < 0.06 and abs(x.std() - 2) < 0.05 and np.isfinite(x).all()
    assert abs(((x - 1) ** 3).mean()) < 0.6 and abs(np.corrcoef(x[::2], x[1::2])[0, 1]) < 0.03
    b = draw("bernoulli", dtype, n, 0.3)
    assert set(b) == {0.0, 1.0} and abs(b.mean() - 0.3) < 0.02
    assert set(draw("bernoulli", dtype, 100, 0.0)) == {0.0}
    assert set(draw("bernoulli", dtype, 100, 1.0)) == {1.0}


@device
@pytest.mark.parametrize("dtype", EACH_FLOAT)
def test_dropout_and_exponential(dtype):
    for p in (0.0, 0.4, 1.0):
        mask = draw("dropout_mask", dtype, 20000, p)
        factor = float(ctorch.tensor(1 / (1 - p), dtype=ctorch.float64).to(getattr(ctorch, dtype))) if p < 1 else 0.0
        assert set(mask) <= {0.0, factor} and abs((mask == 0).mean() - p) < 0.02
    x = draw("exponential", dtype, 20000, 2.0)
    assert x.min() >= 0 and np.isfinite(x).all() and abs(x.mean() - 0.5) < 0.03 and abs(x.std() - 0.5) < 0.03


@device
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "int32", "uint32", "int64", "uint64", "float32", "float16"])
def test_integers(dtype):
    random.manual_seed(2)
    if dtype != "bool":
        x = draw("integers", dtype, 5000, 3, 9)
        assert set(x) == {3.0, 4.0, 5.0, 6.0, 7.0, 8.0} and np.bincount(x.astype(int))[3:].min() > 700
    last = _random._LAST[dtype]
    x = draw("integers", dtype, 5000, None, None)
    assert x.min() >= 0 and x.max() <= last and abs(x.mean() / last - 0.5) < 0.03
    assert set(draw("bernoulli", dtype, 100, 0.5)) == {0.0, 1.0}
    if dtype.startswith("int"):
        x = draw("integers", dtype, 5000, -last - 1, last + 1)
        assert x.min() < -0.9 * last and x.max() > 0.9 * last
    with pytest.raises(RuntimeError, match="less than"):
        draw("integers", dtype, 3, 5, 5)
    if "int" in dtype:
        with pytest.raises(RuntimeError, match=f"out of bounds for {dtype}"):
            draw("integers", dtype, 3, 0, last + 2)


@device
@pytest.mark.parametrize("n", [0, 1, 2, 5, 16, 17, 1000])
def test_permutation(n):
    x = draw("permutation", "int64", n)
    assert sorted(x) == list(range(n))
    assert sorted(draw("permutation", "float32", n)) == list(range(n))
    if n == 1000:
        assert abs(np.corrcoef(x, np.arange(n))[0, 1]) < 0.1 and not (x == draw("permutation", "int64", n)).all()


@device
def test_all_orders_come_about_as_often():
    random.manual_seed(4)
    counts = {}
    for _ in range(1200):
        order = tuple(draw("permutation", "int64", 3))
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 6 and min(counts.values()) > 150


@device
def test_parameters_are_checked():
    for kind, parameters in (("uniform", (3, 1)), ("normal", (0, -1)), ("bernoulli", (2.0,)), ("exponential", (-1.0,))):
        with pytest.raises(RuntimeError, match="expects"):
            draw(kind, "float32", 3, *parameters)
    with pytest.raises(ValueError, match="dropout probability"):
        draw("dropout_mask", "float32", 3, 2.0)
    for kind in ("uniform", "normal", "exponential", "dropout_mask"):
        with pytest.raises(NotImplementedError, match="not implemented for device 'cuda' and dtype int64"):
            draw(kind, "int64", 3, 0.5)
    with pytest.raises(RuntimeError, match="Expected a 'cuda' device type for generator"):
        _random.draw("uniform", None, (), ctorch.Generator())


@device
def test_the_state_can_be_kept_and_set():
    random.manual_seed(5)
    draw("uniform", "float32", 9)
    state = ctorch.cuda.get_rng_state()
    first = draw("normal", "float32", 9)
    ctorch.cuda.set_rng_state(state)
    assert (draw("normal", "float32", 9) == first).all()
    assert ctorch.cuda.initial_seed() == 5
    ctorch.cuda.manual_seed_all(5)
    draw("uniform", "float32", 9)
    assert ctorch.cuda.get_rng_state().tolist() == state.tolist()
    with pytest.raises(RuntimeError, match="16 bytes"):
        ctorch.cuda.set_rng_state(ctorch.zeros(3, dtype=ctorch.uint8))
    ctorch.cuda.seed_all()
    assert ctorch.cuda.initial_seed() != 5
