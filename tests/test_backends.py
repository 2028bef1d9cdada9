"""What is said of the machine, and how it is told to compute."""
import pytest

import ctorch


def test_cpu_capability():
    assert ctorch.backends.cpu.get_cpu_capability() in ("DEFAULT", "AVX2", "AVX512")


def test_settings_of_cuda_need_no_device():
    cuda = ctorch.backends.cuda
    assert cuda.matmul.allow_tf32 is False and cuda.preferred_blas_library() == "default"
    try:
        cuda.matmul.allow_tf32 = True
        assert cuda.matmul.allow_tf32 is True and cuda.preferred_blas_library("ctorch") == "ctorch"
    finally:
        cuda.matmul.allow_tf32 = False
        cuda.preferred_blas_library("default")
    with pytest.raises(RuntimeError, match="must be a bool"):
        cuda.matmul.allow_tf32 = None
    with pytest.raises(RuntimeError, match="unknown library"):
        cuda.preferred_blas_library("mkl")
