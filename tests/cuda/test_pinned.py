"""Page-locked memory: tensors in it, its pool, copies that do not wait, and the loader's batches."""
import gc
from collections import namedtuple

import pytest

import ctorch
from ctorch.cuda import pinned
from ctorch.utils.data import DataLoader, TensorDataset
from ctorch.utils.data.pinning import pin_memory

pytestmark = pytest.mark.usefixtures("device")


def figures():
    gc.collect()
    return ctorch.cuda.host_memory_stats()


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "float16", "bfloat16", "float32", "int64", "complex128"])
def test_values_and_place(dtype):
    x = (ctorch.arange(24).reshape(4, 6) % 3).to(getattr(ctorch, dtype))
    for given in (x, x.t(), x[1:, ::2], x[2, 3]):
        p = given.pin_memory()
        assert p.is_pinned() and not given.is_pinned() and p.device.type == "cpu"
        assert p.dtype == x.dtype and p.tolist() == given.tolist() and p.data_ptr() != given.data_ptr()
        assert p.pin_memory() is p and p.view(-1)[p.numel() - 1:].is_pinned() and not p.clone().is_pinned()


def test_edges():
    assert ctorch.ones(0, 3).pin_memory().shape == (0, 3)
    with pytest.raises(RuntimeError, match=r"cannot pin .* only dense CPU tensors can be pinned"):
        ctorch.ones(2, device="cuda").pin_memory()
    assert not ctorch.ones(2, device="cuda").is_pinned()


def test_gradients_pass():
    x = ctorch.ones(3, requires_grad=True)
    (x.pin_memory() * 2).sum().backward()
    assert x.grad.tolist() == [2, 2, 2]


def test_memory_is_used_again_and_given_back():
    before = figures()
    x = ctorch.ones(1000).pin_memory()
    place = x.data_ptr()
    now = figures()
    assert now["active_bytes.current"] - before["active_bytes.current"] == 4096
    assert now["active_requests.current"] - before["active_requests.current"] == 1
    part = x[10:]
    del x
    assert part.is_pinned() and part.tolist() == [1] * 990
    del part
    assert figures()["active_bytes.current"] == before["active_bytes.current"]
    assert ctorch.zeros(1000).pin_memory().data_ptr() == place
    held = figures()["allocated_bytes.current"]
    pinned.empty_cache()
    assert held >= 4096 and figures()["allocated_bytes.current"] < held
    ctorch.cuda.reset_peak_host_memory_stats()
    now = figures()
    assert now["allocated_bytes.peak"] == now["allocated_bytes.current"] < now["allocated_bytes.allocated"]


def test_copies_from_locked_memory_do_not_wait(monkeypatch):
    waits = []
    h2d, d2h = ctorch.cuda.copy.h2d, ctorch.cuda.copy.d2h
    monkeypatch.setattr(ctorch.cuda.copy, "h2d", lambda *a: (waits.append(not a[4]), h2d(*a)))
    monkeypatch.setattr(ctorch.cuda.copy, "d2h", lambda *a: (waits.append(not a[4]), d2h(*a)))
    x = ctorch.arange(100.0)
    p = x.pin_memory()
    y = ctorch.empty(100, device="cuda")
    for call, waited in ((lambda: p.to("cuda", non_blocking=True), False), (lambda: p.cuda(non_blocking=True), False),
                         (lambda: p.to("cuda", ctorch.float32, True), False), (lambda: p.cuda(), True),
                         (lambda: x.to("cuda", non_blocking=True), True),
                         (lambda: y.copy_(p, non_blocking=True), False), (lambda: y.copy_(p), True),
                         (lambda: p[::2].to("cuda", non_blocking=True), True)):
        waits.clear()
        got = call()
        assert got.is_cuda and waits == [waited]
        ctorch.cuda.synchronize()
        assert got.tolist() in (x.tolist(), x[::2].tolist())
    waits.clear()
    back = y.to("cpu", non_blocking=True)
    assert waits == [False] and back.is_pinned()
    waits.clear()
    assert y.to("cpu", ctorch.float64, non_blocking=True).dtype == ctorch.float64 and waits == [True]
    ctorch.cuda.synchronize()
    assert back.tolist() == x.tolist()


def test_memory_that_a_copy_uses_waits_for_the_stream(monkeypatch):
    marks = []
    monkeypatch.setattr(pinned._Host, "mark", staticmethod(lambda stream: marks.append(stream) or stream))
    monkeypatch.setattr(pinned._Host, "passed", staticmethod(lambda mark, wait: wait or done))
    done = False
    stream = ctorch.cuda.Stream()
    p = ctorch.ones(3000).pin_memory()
    place = p.data_ptr()
    with ctorch.cuda.stream(stream):
        p.to("cuda", non_blocking=True)
    del p
    gc.collect()
    other = ctorch.ones(3000).pin_memory()
    assert marks == [stream] and other.data_ptr() != place
    done = True
    assert ctorch.ones(3000).pin_memory().data_ptr() == place


def test_loader():
    x, y = ctorch.arange(10.0), ctorch.arange(10)
    for a, b in DataLoader(TensorDataset(x, y), batch_size=4, pin_memory=True):
        assert a.is_pinned() and b.is_pinned() and a.tolist() == b.tolist()
    a, b = next(iter(DataLoader(TensorDataset(x, y), batch_size=4)))
    assert not a.is_pinned() and not b.is_pinned()


def test_pinning_keeps_the_structure():
    class Own:
        def pin_memory(self):
            return "pinned"

    Pair = namedtuple("Pair", "a b")
    got = pin_memory({"x": [ctorch.ones(1), 2], "p": Pair(ctorch.ones(2), "text"), "own": Own(), "t": (b"bytes", None)})
    assert got["x"][0].is_pinned() and got["x"][1] == 2 and type(got["p"]) is Pair and got["p"].a.is_pinned()
    assert got["p"].b == "text" and got["own"] == "pinned" and got["t"] == (b"bytes", None)
