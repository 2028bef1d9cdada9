"""Shared memory between processes, and the device that tensors are made on."""
import gc
import os

import pytest

import ctorch


def mappings():
    with open("/proc/self/maps") as maps:
        return sum("rw-s" in line for line in maps)


def in_child(function):
    """Run a function in a forked child and wait for it."""
    child = os.fork()
    if child == 0:
        try:
            function()
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def test_a_child_writes_to_it():
    x = ctorch.arange(4.0)
    plain = ctorch.arange(4.0)
    assert not x.is_shared()
    assert x.share_memory_() is x and x.is_shared() and x.tolist() == [0, 1, 2, 3]
    view = x[1:]
    assert view.is_shared() and x.untyped_storage().is_shared()

    def write():
        view[0] = 7
        plain[0] = 7
    in_child(write)
    assert x.tolist() == [0, 7, 2, 3] and plain.tolist() == [0, 1, 2, 3]
    assert not x.clone().is_shared()


@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="needs Linux's list of mappings")
def test_it_goes_with_its_last_user():
    before, files = mappings(), os.listdir("/dev/shm")
    x = ctorch.ones(10000).share_memory_()
    y = x[5:]
    assert mappings() == before + 1 and os.listdir("/dev/shm") == files
    del x
    gc.collect()
    assert mappings() == before + 1 and y.sum() == 9995
    del y
    gc.collect()
    assert mappings() == before


def test_edges():
    assert ctorch.ones(0).share_memory_().is_shared()
    parameter = ctorch.nn.Parameter(ctorch.ones(3))
    parameter.share_memory_()
    (parameter * 2).sum().backward()
    assert parameter.grad.tolist() == [2, 2, 2]
    address = parameter.data_ptr()
    assert parameter.share_memory_().data_ptr() == address
    x = ctorch.ones(3)
    view = x[1:]
    with pytest.raises(RuntimeError, match="1 other tensors are views"):
        x.share_memory_()
    assert view.tolist() == [1, 1] and not x.is_shared()
    part = ctorch.arange(6.0)[2:].detach()
    assert part.share_memory_().tolist() == [2, 3, 4, 5] and part.storage_offset() == 2


# ---- default device

def test_default_device():
    assert ctorch.get_default_device() == ctorch.device("cpu")
    with ctorch.device("cpu") as place:
        assert place == ctorch.get_default_device() == ctorch.ones(2).device
    ctorch.set_default_device("cpu")
    assert ctorch.zeros(1).device == ctorch.device("cpu")
    ctorch.set_default_device(None)
    with pytest.raises(NotImplementedError, match="device 'meta' is not supported"):
        ctorch.set_default_device("meta")
    with pytest.raises(RuntimeError, match="Expected one of cpu"):
        ctorch.set_default_device("nowhere")
    assert ctorch.get_default_device() == ctorch.device("cpu")
