"""Every kernel file compiles for the architectures that are promised, with nothing spilled that need not be.

No device is needed: nvcc (a real one, not a stand-in) or NVRTC. It takes minutes, so `make check-kernels` asks for it.
"""
import concurrent.futures
import functools
import os

import pytest

from ctorch.cuda import _compiler

ARCHITECTURES = ["sm_80", "sm_90"]
NVCC = _compiler.real_nvcc()
JOBS = int(os.environ.get("CTORCH_BUILD_JOBS") or 2)
SPILLS = 64                          # bytes: what a kernel may spill

pytestmark = [
    pytest.mark.skipif("CTORCH_CHECK_KERNELS" not in os.environ, reason="asked for by `make check-kernels`"),
    pytest.mark.skipif(NVCC is None, reason="no nvcc with ptxas on the PATH, in CUDA_HOME or /usr/local/cuda"),
]
UNITS = [(family, dtype) for family in _compiler.families() for dtype in _compiler.dtypes_of(family)]


@functools.cache
def tables():
    """(family, dtype, arch) -> rows, compiled side by side."""
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        waiting = {(family, dtype, arch): pool.submit(_compiler.resources, family, dtype, arch, NVCC)
                   for family, dtype in UNITS for arch in ARCHITECTURES}
        return {key: future.result() for key, future in waiting.items()}


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize(("family", "dtype"), UNITS)
def test_kernel_file(family, dtype, arch):
    rows = tables()[family, dtype, arch]
    assert rows, "no kernel in the file"
    for row in rows:
        assert row.name.startswith("ct_")
        assert row.registers <= 255 and row.shared <= 48 << 10
        assert row.spilled <= SPILLS, row


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint8", "complex64", "complex128"])
def test_functions_of_expressions(dtype, arch):
    from test_maths import text_of  # which needs the build's own modules

    assert _compiler.resources_of_text(_compiler.join(text_of(dtype)), arch, NVCC)


def test_a_kernel_that_does_not_compile_says_why():
    with pytest.raises(_compiler.CompileError, match="absent"):
        _compiler.resources_of_text('extern "C" __global__ void ct_f() { absent(); }', "sm_90", NVCC)
