"""Philox on a device: the generator's words against its definition, the numbers' distribution, the state."""
import numpy as np
import pytest
from test_forward import FLOATS

import ctorch
from ctorch.cuda import copy, memory, random

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


def draw(fill, dtype, n, *args, **options):
    """n numbers of a filling function, on the CPU."""
    kind = getattr(ctorch, dtype)
    address = memory.allocate(n * kind.itemsize, 0)
    fill(0, dtype, address, n, *args, **options)
    out = ctorch.empty((n,), dtype=kind)
    copy.d2h(out.data_ptr(), address, n * kind.itemsize, 0)
    memory.free(address, 0)
    return np.asarray(out.double())


@device
def test_uniform_numbers_are_those_of_the_definition():
    random.manual_seed(123456789012345)
    first, second = draw(random.uniform, "float32", 10), draw(random.uniform, "float32", 6)
    expected = (words(123456789012345, 0, 0, 5) >> np.uint64(8)).astype(np.float64) * 2.0**-24
    assert (first == expected[:3].ravel()[:10]).all() and (second == expected[3:].ravel()[:6]).all()
    random.manual_seed(7)
    a, b = words(7, 0, 0, 3), words(7, 0, 1, 3)
    expected = (((a << np.uint64(32)) | b) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    assert (draw(random.uniform, "float64", 12) == expected.ravel()).all()


@device
@pytest.mark.parametrize("dtype", FLOATS)
def test_distributions(dtype):
    random.manual_seed(1)
    n = 20000
    u = draw(random.uniform, dtype, n, -2.0, 3.0)
    assert u.min() >= -2 and u.max() < 3 and abs(u.mean() - 0.5) < 0.05 and abs(u.std() - 5 / 12**0.5) < 0.03
    x = draw(random.normal, dtype, n, 1.0, 2.0)
    assert abs(x.mean() - 1) < 0.06 and abs(x.std() - 2) < 0.05 and np.isfinite(x).all()
    assert abs(((x - 1) ** 3).mean()) < 0.6 and abs(np.corrcoef(x[::2], x[1::2])[0, 1]) < 0.03
    b = draw(random.bernoulli, dtype, n, 0.3)
    assert set(b) == {0.0, 1.0} and abs(b.mean() - 0.3) < 0.02
    assert set(draw(random.bernoulli, dtype, 100, 0.0)) == {0.0}
    assert set(draw(random.bernoulli, dtype, 100, 1.0)) == {1.0}


@device
def test_bernoulli_of_a_probability_for_each():
    p = ctorch.tensor([0.0, 1.0, 0.0, 1.0, 1.0])
    each = memory.allocate(20, 0)
    copy.h2d(each, p.data_ptr(), 20, 0)
    assert (draw(random.bernoulli, "float32", 5, each=each) == np.asarray(p)).all()
    memory.free(each, 0)


@device
@pytest.mark.parametrize("p", [0.0, 0.4, 1.0])
def test_dropout(p):
    n = 5000
    x = ctorch.arange(1.0, n + 1)
    a, b, mask = (memory.allocate(n * 4, 0) for _ in range(3))
    copy.h2d(a, x.data_ptr(), n * 4, 0)
    random.manual_seed(3)
    random.dropout(0, "float32", a, b, mask, n, p)
    y, kept = np.zeros(n, np.float32), np.zeros(n, np.uint8)
    copy.d2h(y.ctypes.data, b, n * 4, 0)
    copy.d2h(kept.ctypes.data, mask, n, 0)
    scale = np.float32(1 / (1 - p)) if p < 1 else 0
    assert (y == np.where(kept, np.asarray(x) * scale, 0)).all()
    assert abs(kept.mean() - (1 - p)) < 0.03
    for address in (a, b, mask):
        memory.free(address, 0)


@device
def test_the_state_can_be_kept_and_set():
    random.manual_seed(5)
    draw(random.uniform, "float32", 9)
    state = ctorch.cuda.get_rng_state()
    first = draw(random.normal, "float32", 9)
    ctorch.cuda.set_rng_state(state)
    assert (draw(random.normal, "float32", 9) == first).all()
    assert ctorch.cuda.initial_seed() == 5
    ctorch.cuda.manual_seed_all(5)
    draw(random.uniform, "float32", 9)
    assert ctorch.cuda.get_rng_state().tolist() == state.tolist()
    with pytest.raises(RuntimeError, match="16 bytes"):
        ctorch.cuda.set_rng_state(ctorch.zeros(3, dtype=ctorch.uint8))
    ctorch.cuda.seed_all()
    assert ctorch.cuda.initial_seed() != 5
