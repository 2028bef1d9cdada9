"""What only a real device shows: work that is still under way, a context that an error has ended, both compilers."""
import os
import subprocess
import sys

import pytest
import resources

import ctorch
from ctorch.cuda import _compiler

cuda = ctorch.cuda
pytestmark = pytest.mark.usefixtures("real")

SLOW = """
import ctorch
from ctorch.cuda import launch, module, streams
cuda = ctorch.cuda
TEXT = '''
extern "C" __global__ void ct_slow(int* out, long long cycles) {
    for (long long start = clock64(); clock64() - start < cycles;) {}
    *out = 7;
}
extern "C" __global__ void ct_wild(int* out, long long) { out[1ll << 40] = 1; }
'''
def run(name, address, cycles=1 << 28):
    packed = launch.struct.pack("Pq", address, cycles)
    launch.launch(module.function_of_text(0, "real", lambda: TEXT, name), (1,), (1,), packed, 0, streams.raw(0))
x = ctorch.zeros(1, dtype=ctorch.int32, device="cuda")
cuda.synchronize()
"""


def run(code, **environment):
    """A fresh interpreter's output: what is wrong here may end the context."""
    done = subprocess.run([sys.executable, "-c", SLOW + code], env={**os.environ, **environment}, capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_work_is_under_way_while_the_host_goes_on():
    assert run("""
run("ct_slow", x.data_ptr())
event = cuda.current_stream().record_event()
print(event.query())
print(x.item(), event.query())
""") == "False\n7 True\n"


def test_a_stream_waits_for_another():
    assert run("""
first, second = cuda.Stream(), cuda.Stream()
with cuda.stream(first):
    run("ct_slow", x.data_ptr())
second.wait_stream(first)
with cuda.stream(second):
    y = x + 1
    second.synchronize()
print(y.item())
""") == "8\n"


def test_events_measure_time():
    assert run("""
start, end = cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)
start.record()
run("ct_slow", x.data_ptr())
end.record()
end.synchronize()
print(10 < start.elapsed_time(end) < 10000)
""") == "True\n"


def test_an_access_outside_memory_is_an_error_and_the_process_ends():
    out = run("""
run("ct_wild", x.data_ptr())
try:
    cuda.synchronize()
except RuntimeError as error:
    print(error)
import os, sys
sys.stdout.flush()
os._exit(0)                              # nothing can be freed in a context that has failed
""")
    assert out.startswith("CUDA error: ") and "illegal" in out


@pytest.mark.parametrize("compiler", ["nvcc", "nvrtc"])
def test_each_compiler_s_kernels_run(compiler, tmp_path):
    if compiler == "nvcc" and resources.nvcc() is None:
        pytest.skip("no nvcc")
    if compiler == "nvrtc" and _compiler._nvrtc() is None:
        pytest.skip("no NVRTC: pip install cuda-bindings nvidia-cuda-nvrtc")
    out = run("x = ctorch.arange(1000, dtype=ctorch.float32, device='cuda'); print((x * 2).sum().item())",
              CTORCH_CUDA_COMPILER=compiler, CTORCH_CACHE_DIR=str(tmp_path))
    assert out == "999000.0\n" and list((tmp_path / "cuda").glob("*.cubin"))
