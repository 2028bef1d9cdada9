"""Devices, streams, events, memory, copies and compiled modules, on whatever device there is."""
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import ctorch
from ctorch.cuda import _compiler, copy, launch, memory, module

cuda = ctorch.cuda

SCALE = """
#include "common.cuh"
extern "C" __global__ void ct_scale(const float* x, float* y, float factor, i64 n) {
    for (i64 i = blockIdx.x * (i64)blockDim.x + threadIdx.x; i < n; i += (i64)gridDim.x * blockDim.x)
        y[i] = x[i] * factor;
}
"""


def run(code, **environment):
    """A fresh interpreter's output."""
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


# ---- without a device

def test_import_leaves_pycuda_alone():
    assert run("import ctorch, ctorch.cuda, sys; print('pycuda' in sys.modules)") == "False\n"


WITHOUT = """
import sys
sys.modules["pycuda"] = None
import ctorch
cuda = ctorch.cuda
assert cuda.is_available() is False and cuda.device_count() == 0 and cuda.is_initialized() is False
assert cuda.memory_allocated() == 0
cuda.empty_cache()
for call in (cuda.init, cuda.synchronize, cuda.mem_get_info, cuda.Stream, cuda.current_device,
             cuda.get_device_name, lambda: cuda.set_device(0), lambda: cuda.Event().record()):
    try:
        call()
    except RuntimeError as error:
        assert "PyCUDA" in str(error) and "pip install" in str(error), error
    else:
        raise AssertionError(call)
print("said")
"""


def test_without_pycuda_each_call_says_what_is_missing():
    assert run(WITHOUT) == "said\n"


def test_other_devices_are_refused():
    with pytest.raises(ValueError, match="Expected a cuda device, but got: cpu"):
        cuda.get_device_properties("cpu")


# ---- device

def test_properties(device):
    properties = cuda.get_device_properties(0)
    assert properties.name == cuda.get_device_name() and properties.total_memory > 0
    assert properties.warp_size == 32
    assert cuda.get_device_capability("cuda:0") == (properties.major, properties.minor)
    assert cuda.current_device() == 0 and cuda.is_initialized()


def test_invalid_device(device):
    n = cuda.device_count()
    with pytest.raises(RuntimeError, match=f"invalid device ordinal {n}"):
        cuda.set_device(n)
    assert cuda.current_device() == 0


def test_second_device():
    code = """
import ctorch
from ctorch.cuda import copy, memory
cuda = ctorch.cuda
assert cuda.device_count() == 2
with cuda.device(1):
    assert cuda.current_device() == 1
    with cuda.device("cuda:0"):
        assert cuda.current_device() == 0
    assert cuda.current_device() == 1
    address = memory.allocate(100, 1)
    assert cuda.memory_allocated() == 512 and cuda.memory_allocated(0) == 0
assert cuda.current_device() == 0
stream = cuda.Stream(device=1)
with cuda.stream(stream):
    assert cuda.current_device() == 1 and cuda.current_stream() == stream
assert cuda.current_stream() == cuda.default_stream() and cuda.current_device() == 0
memory.free(address, 1)
assert cuda.memory_allocated(1) == 0
print("done")
"""
    if not cuda.is_available():
        pytest.skip("no device")
    if "software" not in cuda.get_device_name():
        pytest.skip("the number of devices is only ours to choose on the software device")
    assert run(code, SOFTCUDA_DEVICES="2", CTORCH_NO_CUDA_MEMORY_CACHING="0") == "done\n"


# ---- streams and events

def test_events(device):
    start, end = cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)
    with pytest.raises(ValueError, match="recorded"):
        start.elapsed_time(end)
    assert start.query()
    start.record()
    end.record()
    end.synchronize()
    assert end.query() and start.elapsed_time(end) >= 0
    with pytest.raises(ValueError, match="enable_timing"):
        start.elapsed_time(cuda.Event())


def test_streams(device):
    stream = cuda.Stream()
    assert stream != cuda.default_stream() and stream.device == ctorch.device("cuda", 0)
    with cuda.stream(stream):
        assert cuda.current_stream() == stream
        event = stream.record_event()
    assert cuda.current_stream() == cuda.default_stream()
    cuda.default_stream().wait_stream(stream)
    stream.wait_stream(cuda.default_stream())
    stream.synchronize()
    assert event.query() and stream.query() and cuda.default_stream().query()
    with cuda.stream(None):
        assert cuda.current_stream() == cuda.default_stream()
    with pytest.raises(NotImplementedError, match="priority"):
        cuda.Stream(priority=-1)


def test_current_stream_is_each_thread_s_own(device):
    seen = []
    with cuda.stream(cuda.Stream()):
        thread = threading.Thread(target=lambda: seen.append(cuda.current_stream()))
        thread.start()
        thread.join()
    assert seen == [cuda.default_stream()]


# ---- memory and copies

def to_device(array):
    address = memory.allocate(array.nbytes, 0)
    copy.h2d(address, array.ctypes.data, array.nbytes, 0)
    return address


def from_device(address, shape, dtype):
    array = np.zeros(shape, dtype)
    copy.d2h(array.ctypes.data, address, array.nbytes, 0)
    return array


def test_copies(device):
    x = np.random.default_rng(0).standard_normal(10000)
    a = to_device(x)
    b = memory.allocate(x.nbytes, 0)
    copy.d2d(b, a, x.nbytes, 0)
    assert (from_device(b, x.shape, x.dtype) == x).all()
    copy.memset(b, 0, x.nbytes // 2, 0)
    assert (from_device(b, x.shape, x.dtype) == np.where(np.arange(10000) < 5000, 0, x)).all()
    for nothing in (lambda: copy.h2d(0, 0, 0, 0), lambda: copy.d2h(0, 0, 0, 0), lambda: copy.d2d(0, 0, 0, 0),
                    lambda: copy.memset(0, 0, 0, 0)):
        nothing()
    memory.free(a, 0)
    memory.free(b, 0)


caching = pytest.mark.skipif(os.environ.get("CTORCH_NO_CUDA_MEMORY_CACHING") == "1", reason="the cache is off")


@caching
def test_memory_figures(device):
    before = cuda.memory_allocated()
    cuda.reset_peak_memory_stats()
    address = memory.allocate(3 << 20, 0)
    assert cuda.memory_allocated() == before + (3 << 20) <= cuda.memory_reserved()
    memory.free(address, 0)
    assert cuda.memory_allocated() == before and cuda.max_memory_allocated() == before + (3 << 20)
    assert cuda.max_memory_reserved() >= 20 << 20
    held = cuda.memory_reserved()
    cuda.empty_cache()
    assert cuda.memory_reserved() <= held - (20 << 20)
    assert "blocks in" in cuda.memory_summary()
    assert cuda.memory_stats()["allocated_bytes.all.peak"] == cuda.max_memory_allocated()


def test_out_of_memory_says_asked_free_and_held(device):
    total = cuda.mem_get_info()[1]
    with pytest.raises(cuda.OutOfMemoryError, match=r"Tried to allocate .* GiB.*is free.*ctorch holds"):
        memory.allocate(2 * total, 0)
    assert cuda.memory_stats()["num_ooms"] >= 1


def test_fraction(device):
    cuda.set_per_process_memory_fraction(0.5)
    try:
        with pytest.raises(cuda.OutOfMemoryError, match="process may hold"):
            memory.allocate(cuda.get_device_properties().total_memory // 2 + (4 << 20), 0)
    finally:
        memory._pools[0].limit = None
    with pytest.raises(ValueError, match="fraction"):
        cuda.set_per_process_memory_fraction(2)


@caching
def test_record_stream(device):
    stream = cuda.Stream()
    address = memory.allocate(1 << 20, 0)
    memory.record_stream(address, 0, stream)
    memory.free(address, 0)
    cuda.synchronize()
    again = memory.allocate(1 << 20, 0)
    assert again == address
    memory.free(again, 0)


# ---- modules and launches

def scale(name="ct_scale"):
    return module.function_of_text(0, "scale", lambda: SCALE, name)


def test_launch(device):
    x = np.arange(1000, dtype=np.float32)
    a, b = to_device(x), memory.allocate(x.nbytes, 0)
    for stream in (None, cuda.Stream()):
        copy.memset(b, 0, x.nbytes, 0)
        cuda.synchronize()
        with cuda.stream(stream):
            packed = launch.struct.pack("PPfq", a, b, 3.0, 1000)
            launch.launch(scale(), (4,), (256,), packed, 0, ctorch.cuda.streams.raw(0))
            assert (from_device(b, x.shape, x.dtype) == 3 * x).all()
    memory.free(a, 0)
    memory.free(b, 0)


def test_unknown_function(device):
    with pytest.raises(RuntimeError, match="ct_absent"):
        scale("ct_absent")


def test_a_wrong_launch_is_a_runtime_error(device):
    with pytest.raises(RuntimeError, match="CUDA error"):
        launch.launch(scale(), (1,), (4096,), launch.struct.pack("PPfq", 0, 0, 1.0, 0))


def test_threads_launch_and_end(device):
    x = np.arange(100, dtype=np.float32)
    results, errors = [], []

    def work(factor):
        try:
            a, b = to_device(x), memory.allocate(x.nbytes, 0)
            with cuda.stream(cuda.Stream()):
                cuda.device(0).__enter__()
                packed = launch.struct.pack("PPfq", a, b, factor, 100)
                launch.launch(scale(), (1,), (128,), packed, 0, ctorch.cuda.streams.raw(0))
                results.append((factor, from_device(b, x.shape, x.dtype)))
            memory.free(a, 0)
            memory.free(b, 0)
        except BaseException as error:
            errors.append(error)

    for factor in (2.0, 3.0, 4.0):
        thread = threading.Thread(target=work, args=(factor,))
        thread.start()
        thread.join()
    assert not errors
    assert len(results) == 3 and all((y == factor * x).all() for factor, y in results)


def test_cubins_are_kept_and_found(device, tmp_path, monkeypatch):
    monkeypatch.setenv("CTORCH_CACHE_DIR", str(tmp_path))
    arch = module.architecture(0)
    text = _compiler.join(SCALE)
    built = []
    monkeypatch.setattr(_compiler, "build", lambda *args: built.append(args) or b"cubin")
    assert _compiler.cubin(text, arch) == _compiler.cubin(text, arch) == b"cubin"
    assert len(built) == 1 and os.listdir(tmp_path / "cuda") == [os.path.basename(_compiler.cubin_path(text, arch))]
    _compiler.cubin(text + " ", arch)
    _compiler.cubin(text, "sm_80")
    assert len(built) == 3


def test_a_cache_that_cannot_be_written_is_said_once_and_done_without(device, tmp_path, monkeypatch):
    (tmp_path / "cuda").write_text("a file, where a folder should be")
    monkeypatch.setenv("CTORCH_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(_compiler, "build", lambda *args: b"cubin")
    with pytest.warns(RuntimeWarning, match="cannot be kept"):
        assert _compiler.cubin("text", "sm_90") == b"cubin"


def test_joined_sources_stand_alone():
    for family in _compiler.families():
        for dtype in _compiler.dtypes_of(family):
            assert "#include" not in _compiler.source(family, dtype)


def test_exit_with_everything_alive(device):
    assert run("""
import ctorch, threading
from ctorch.cuda import memory
cuda = ctorch.cuda
keep = [cuda.Stream(), cuda.Event(), memory.allocate(1000, 0)]
keep[1].record()
memory.record_stream(keep[2], 0, keep[0])
thread = threading.Thread(target=lambda: keep.append(cuda.Stream()))
thread.start()
thread.join()
print("done")
""") == "done\n"


def test_forked_child_is_told(device):
    assert run("""
import ctorch, os
ctorch.cuda.init()
child = os.fork()
if child == 0:
    try:
        ctorch.cuda.synchronize()
    except RuntimeError as error:
        os._exit(7 if "forked" in str(error) else 1)
    os._exit(2)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
""") == "7\n"
