"""Every kernel compiles for the architectures that are promised, with nothing spilled that need not be.

No device is needed: nvcc (a real one, not a stand-in) or NVRTC. It takes minutes, so `make check-kernels` asks for it;
the summary follows the tests, and out/kernels.txt has a line for each kernel.
"""
import functools
import os

import pytest
import resources

from ctorch.cuda import _compiler

asked = pytest.mark.skipif("CTORCH_CHECK_KERNELS" not in os.environ, reason="asked for by `make check-kernels`")
compiled = pytest.mark.skipif(resources.compiler() is None,
                              reason="neither nvcc with ptxas (on the PATH, in CUDA_HOME or /usr/local/cuda) nor NVRTC")


@functools.cache
def tables():
    return resources.measure(int(os.environ.get("CTORCH_BUILD_JOBS") or os.cpu_count()))


@asked
@compiled
@pytest.mark.parametrize(("family", "dtype"), resources.units())
def test_kernels(request, family, dtype):
    rows = tables()[family, dtype]
    if isinstance(rows, Exception):
        raise rows
    assert {row.arch for row in rows} == set(resources.ARCHITECTURES), "no kernel in the text"
    request.config.stash.setdefault(resources.KERNELS, []).extend(rows)
    for row in rows:
        assert row.name.startswith(("ct_", "run_"))
        assert 0 < row.registers <= 255 and row.shared <= 48 << 10
        assert row.spilled <= resources.SPILLS, row


@asked
@compiled
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint8", "complex64", "complex128"])
def test_functions_of_expressions(dtype):
    from test_maths import text_of  # which needs the build's own modules

    assert resources.of_text(text_of(dtype))


SPILLING = """
extern "C" __global__ void __launch_bounds__(1024, 2) ct_spills(float* x) {
    float part[128];
    for (int i = 0; i < 128; i++) part[i] = x[i * 1024 + threadIdx.x];
    __syncthreads();
#pragma unroll
    for (int i = 0; i < 128; i++) x[i * 1024 + threadIdx.x] = part[i] * part[127 - i];
}
"""


def test_no_text_asks_for_an_architecture():
    for text in resources.units().values():
        assert "__CUDA_ARCH__" not in _compiler.join(text)


@compiled
def test_spills_are_counted():
    for row in resources.of_text(SPILLING):
        assert row.registers == 32 and row.spilled > resources.SPILLS and row.stack > 0


@compiled
def test_a_kernel_that_does_not_compile_says_why():
    with pytest.raises(_compiler.CompileError, match="absent"):
        resources.of_text('extern "C" __global__ void ct_f() { absent(); }')


LOG = """ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'ct_small' for 'sm_90'
ptxas info    : Function properties for ct_small
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 12 registers, used 0 barriers
ptxas info    : Compiling entry function 'ct_big' for 'sm_90'
ptxas info    : Function properties for ct_big
    40 bytes stack frame, 24 bytes spill stores, 32 bytes spill loads
ptxas info    : Used 255 registers, used 1 barriers, 40 bytes cumulative stack size, 2048 bytes smem
"""


def test_what_ptxas_says_is_read_and_summed():
    rows = resources.read(LOG, "matmul", "float32")
    assert rows == [("matmul", "float32", "sm_90", "ct_small", 12, 0, 0, 0),
                    ("matmul", "float32", "sm_90", "ct_big", 255, 24, 2048, 40)]
    assert resources.table(rows).splitlines()[1].split() == [
        "matmul", "ct_big", "float32", "sm_90", "255", "24", "2048", "40"]
    assert resources.summary(rows).splitlines()[1].split() == [
        "matmul", "2", "255", "24", "2048", "40", "ct_big", "float32", "sm_90"]
