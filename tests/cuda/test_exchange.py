"""DLPack, NumPy and the array API standard with tensors on a device; the default device."""
import gc

import numpy as np
import pytest

import ctorch
import ctorch.array_api as xp
from ctorch.cuda import streams
from ctorch.utils import dlpack

pytestmark = pytest.mark.usefixtures("device")
KINDS = dlpack.DLDeviceType


def test_capsules_on_the_device():
    x = ctorch.arange(6.0, device="cuda").reshape(2, 3)
    assert x.__dlpack_device__() == (KINDS.kDLCUDA, 0)
    for given in (x, x.T, x[1:, ::2], x[0, 1], x[:0]):
        y = ctorch.from_dlpack(given)
        assert y.device == x.device and y.data_ptr() == given.data_ptr() and y.stride() == given.stride()
        assert y.tolist() == given.tolist()
    y = ctorch.from_dlpack(x.__dlpack__())
    y.zero_()
    assert x.sum().item() == 0


def test_memory_goes_with_the_last_user():
    ctorch.cuda.empty_cache()
    gc.collect()
    before = ctorch.cuda.memory_allocated()
    y = ctorch.from_dlpack(ctorch.ones(1000, device="cuda"))
    gc.collect()
    assert ctorch.cuda.memory_allocated() > before and y.sum().item() == 1000
    capsule = y.__dlpack__(max_version=(1, 0))
    del y
    gc.collect()
    assert ctorch.cuda.memory_allocated() > before
    del capsule
    gc.collect()
    assert ctorch.cuda.memory_allocated() == before


def test_streams():
    x = ctorch.ones(3, device="cuda")
    for stream in (None, -1, 1):
        x.__dlpack__(stream=stream)
    with pytest.raises(BufferError, match="per-thread default stream is not supported"):
        x.__dlpack__(stream=2)
    with pytest.raises(AssertionError, match="unsupported stream on CUDA: 0"):
        x.__dlpack__(stream=0)
    with pytest.raises(TypeError, match="stream must be"):
        x.__dlpack__(stream=1.0)
    other = ctorch.cuda.Stream()
    x.__dlpack__(stream=other.cuda_stream)
    with ctorch.cuda.stream(other):
        x.__dlpack__(stream=1)
        assert ctorch.from_dlpack(x).tolist() == [1, 1, 1]


class Recorder:
    """A producer that keeps what it was asked."""

    def __init__(self, x):
        self.x, self.asked = x, None

    def __dlpack_device__(self):
        return self.x.__dlpack_device__()

    def __dlpack__(self, **asked):
        self.asked = asked
        return self.x.__dlpack__(**asked)


def test_the_consumers_stream_is_given():
    x = Recorder(ctorch.ones(2, device="cuda"))
    ctorch.from_dlpack(x)
    assert x.asked["stream"] == 1
    stream = ctorch.cuda.Stream()
    with ctorch.cuda.stream(stream):
        ctorch.from_dlpack(x)
    assert x.asked["stream"] == stream.cuda_stream


def test_waiting(monkeypatch):
    waited = []
    x = ctorch.ones(2, device="cuda")
    ours = ctorch.cuda.Stream()
    monkeypatch.setattr(streams.Stream, "synchronize", lambda self: waited.append(self.cuda_stream))
    with ctorch.cuda.stream(ours):
        x.__dlpack__(stream=-1)
        x.__dlpack__(stream=ours.cuda_stream)
        assert waited == []
        x.__dlpack__(stream=12345)
    assert waited == [ours.cuda_stream]


def test_to_the_host_and_back():
    x = ctorch.arange(3.0, device="cuda")
    y = ctorch.from_dlpack(x, device="cpu")
    assert y.device.type == "cpu" and y.tolist() == [0, 1, 2]
    assert ctorch.from_dlpack(y, device="cuda").device == x.device
    assert np.from_dlpack(x, device="cpu", copy=True).tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="without copying"):
        ctorch.from_dlpack(x, device="cpu", copy=False)
    with pytest.raises(ValueError, match="copy=False"):
        x.__dlpack__(dl_device=(1, 0), copy=False)


def test_page_locked_memory():
    x = ctorch.arange(3.0).pin_memory()
    assert x.__dlpack_device__() == (KINDS.kDLCUDAHost, 0)
    y = ctorch.from_dlpack(x)
    assert y.device.type == "cpu" and y.is_pinned() and y.data_ptr() == x.data_ptr()


def test_nothing_is_copied_from_the_device_unseen():
    x = ctorch.ones(3, device="cuda")
    for call in (lambda: np.asarray(x), lambda: np.sin(x), lambda: np.ones(3) + x, lambda: np.mean(x),
                 lambda: x.numpy()):
        with pytest.raises(TypeError, match="can't convert cuda:0 device type tensor to numpy"):
            call()
    assert not hasattr(x, "__array_interface__")
    assert (np.float32(2) * x).tolist() == [2, 2, 2]


def test_array_api():
    info = xp.__array_namespace_info__()
    assert ctorch.device("cuda", 0) in info.devices()
    x = xp.asarray([[1.0, 2.0], [3.0, 4.0]], device="cuda")
    assert x.__array_namespace__() is xp and x.device == ctorch.device("cuda", 0)
    assert xp.sum(x, axis=0).cpu().tolist() == [4, 6]
    assert xp.add(x, 1).device == x.device
    assert xp.full((2,), 1.0, device=x.device).device == x.device
    assert x.to_device("cpu").device == ctorch.device("cpu")


def test_default_device():
    with ctorch.device("cuda"):
        assert ctorch.get_default_device() == ctorch.device("cuda")
        for made in (ctorch.ones(2), ctorch.tensor([1, 2]), ctorch.arange(3), ctorch.rand(2), ctorch.full((1,), 3),
                     ctorch.eye(2), ctorch.linspace(0, 1, 3), ctorch.as_tensor([1.0]), ctorch.empty(2)):
            assert made.is_cuda
        assert ctorch.ones(1, device="cpu").device.type == "cpu"
        with ctorch.device("cpu"):
            assert not ctorch.ones(1).is_cuda
        assert ctorch.ones(1).is_cuda
    assert not ctorch.ones(1).is_cuda
    ctorch.set_default_device("cuda")
    try:
        assert ctorch.ones(1).is_cuda
    finally:
        ctorch.set_default_device(None)
    assert not ctorch.ones(1).is_cuda


def test_shared_memory():
    assert ctorch.ones(1, device="cuda").is_shared()
