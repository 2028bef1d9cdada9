"""Matrix products by cuBLAS. On the software device a small library in its place makes plain sums."""
import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from test_forward import TOLERANCE, rand, values

import ctorch
from ctorch.backends import cuda as settings
from ctorch.cuda import _driver, blas

DTYPES = ["float32", "float64", "float16", "bfloat16", "complex64", "complex128"]
F32, TF32, F64 = 68, 77, 70


@pytest.fixture(autouse=True)
def choice():
    yield
    settings.preferred_blas_library("default")
    settings.matmul.allow_tf32 = False


@pytest.fixture(scope="session")
def naive_path(software, tmp_path_factory):
    path = tmp_path_factory.mktemp("cublas") / "libcublas.so.13"
    if shutil.which("gcc") is None:
        pytest.skip("no gcc")
    subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o", path,
                    Path(__file__).parent / "naive_cublas.c"], check=True)
    return path


@pytest.fixture
def naive(naive_path, monkeypatch):
    """The library in cuBLAS's place; its counters are read through this."""
    monkeypatch.setenv("CTORCH_CUBLAS", str(naive_path))
    blas._library.cache_clear()
    library = ctypes.CDLL(str(naive_path))

    class Counters:
        def __getattr__(self, name):
            return ctypes.c_int.in_dll(library, f"naive_{name}").value

        def fail(self, status):
            ctypes.c_int.in_dll(library, "naive_fail").value = status

    counters = Counters()
    yield counters
    counters.fail(0)
    blas._drop_all()
    assert counters.handles == 0
    blas._library.cache_clear()


def same(got, expected, dtype):
    assert got.dtype == expected.dtype and tuple(got.shape) == tuple(expected.shape)
    np.testing.assert_allclose(values(got.cpu()), values(expected), rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


def check(counters, function, *tensors, calls=1):
    """The same as on the CPU, by so many calls of the library."""
    before = counters.calls
    got = function(*[None if t is None else t.cuda() for t in tensors])
    assert counters.calls - before == calls
    same(got, function(*tensors), str(tensors[0].dtype).removeprefix("ctorch.").removeprefix("torch."))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("m", "k", "n"), [(3, 5, 2), (1, 4, 3), (3, 1, 4), (4, 3, 1), (1, 1, 1), (17, 9, 33)])
def test_each_order_of_both_operands(naive, dtype, m, k, n):
    a, b = rand(m, k, dtype=dtype, scale=0.3), rand(k, n, dtype=dtype, scale=0.3)
    at, bt = rand(k, m, dtype=dtype, scale=0.3), rand(n, k, dtype=dtype, scale=0.3)
    for left in (a, at):
        for right in (b, bt):
            check(naive, lambda x, y: (x if x.shape[0] == m and x.shape[1] == k else x.mT)
                  @ (y if y.shape[0] == k and y.shape[1] == n else y.mT), left, right)
    assert naive.compute == (F64 if dtype in ("float64", "complex128") else F32)
    assert naive.math_mode == 16 and naive.batched == 0


def test_rows_and_columns_of_a_larger_matrix(naive):
    check(naive, lambda a, b: a[2:5, 1:8] @ b[3:10, 4:6], rand(9, 9), rand(12, 8))
    check(naive, lambda a, b: a[2:5, 1:8].mT @ b[3:10, 4:7].mT, rand(9, 9), rand(12, 8))
    check(naive, lambda a, b: a[:, 1:2] @ b[:1], rand(9, 9), rand(12, 8))


@pytest.mark.parametrize("dtype", DTYPES)
def test_batches(naive, dtype):
    a, b = rand(4, 3, 5, dtype=dtype, scale=0.3), rand(4, 5, 2, dtype=dtype, scale=0.3)
    check(naive, ctorch.bmm, a, b)
    check(naive, lambda x, y: ctorch.bmm(y.mT, x.mT), a, b)
    check(naive, lambda x, y: ctorch.bmm(x[:1].expand(4, 3, 5), y), a, b)
    check(naive, lambda x, y: ctorch.bmm(x[1::2], y[::2]), a, b)
    check(naive, lambda x, y: ctorch.bmm(x[:, :2], y[:, :, 1:]), a, b)
    check(naive, lambda x, y: ctorch.bmm(x.permute(1, 0, 2), y[:3].mT.contiguous().mT), rand(4, 3, 5, dtype=dtype), b)
    assert naive.batched >= 6


def test_what_does_not_fit_goes_to_our_own_kernel(naive):
    check(naive, lambda a, b: a[:, ::2] @ b[::2, ::2], rand(4, 6), rand(6, 4), calls=0)
    check(naive, lambda a, b: a[:1].expand(3, 6) @ b, rand(4, 6), rand(6, 4), calls=0)
    check(naive, lambda a, b: a[:, :0] @ b[:0], rand(4, 6), rand(6, 4), calls=0)
    a, b = (ctorch.arange(6).reshape(s) for s in ((2, 3), (3, 2)))
    assert (a.cuda() @ b.cuda()).tolist() == (a @ b).tolist()


@pytest.mark.parametrize("dtype", ["float32", "float16", "float64"])
def test_linear_adds_its_bias(naive, dtype):
    x, w, bias = rand(7, 5, dtype=dtype), rand(3, 5, dtype=dtype), rand(3, dtype=dtype)
    check(naive, ctorch.nn.functional.linear, x, w, bias)
    check(naive, ctorch.nn.functional.linear, x, w, None)
    check(naive, ctorch.nn.functional.linear, rand(2, 7, 5, dtype=dtype), w, bias)


def test_gradients(naive):
    a, b = (t.cuda().requires_grad_() for t in (rand(3, 5), rand(5, 2)))
    (a @ b).sum().backward()
    same(a.grad, ctorch.ones(3, 2) @ rand(5, 2).mT, "float32")
    same(b.grad, rand(3, 5).mT @ ctorch.ones(3, 2), "float32")
    assert naive.calls >= 3


def test_tf32_is_off_until_it_is_allowed(naive):
    a = rand(3, 3).cuda()
    a @ a
    assert naive.compute == F32
    settings.matmul.allow_tf32 = True
    a @ a
    assert naive.compute == TF32
    a.double() @ a.double()
    assert naive.compute == F64
    a.half() @ a.half()
    assert naive.compute == F32
    with pytest.raises(RuntimeError, match="allow_tf32 must be a bool, got int"):
        settings.matmul.allow_tf32 = 1


def test_a_handle_for_each_stream(naive):
    a = rand(3, 3).cuda()
    a @ a
    a @ a
    assert naive.handles == 1
    stream = ctorch.cuda.Stream()
    with ctorch.cuda.stream(stream):
        a @ a
    assert naive.handles == 2
    assert {key[1] for key in blas._handles} == {0, stream.cuda_stream}


def test_the_library_is_chosen(naive):
    a = rand(3, 3).cuda()
    before = naive.calls
    assert settings.preferred_blas_library("ctorch") == "ctorch"
    a @ a
    assert naive.calls == before
    assert settings.preferred_blas_library("cublas") == "cublas" == settings.preferred_blas_library()
    a @ a
    assert naive.calls == before + 1
    with pytest.raises(RuntimeError, match="unknown library 'magma'; there are default, cublas, ctorch"):
        settings.preferred_blas_library("magma")


def test_an_error_has_its_name(naive):
    a = rand(3, 3).cuda()
    for status, name in ((13, "CUBLAS_STATUS_EXECUTION_FAILED"), (99, "an unknown status")):
        naive.fail(status)
        with pytest.raises(RuntimeError, match=rf"cublasGemmEx says {name} \({status}\)"):
            a @ a


def test_without_the_library(software, monkeypatch):
    monkeypatch.setattr(blas, "_library", lambda: None)
    a = rand(3, 3).cuda()
    same(a @ a, rand(3, 3) @ rand(3, 3), "float32")
    settings.preferred_blas_library("cublas")
    with pytest.raises(RuntimeError, match=r"pip install nvidia-cublas"):
        a @ a


def test_a_named_library_must_load(monkeypatch, tmp_path):
    monkeypatch.setenv("CTORCH_CUBLAS", str(tmp_path / "absent.so"))
    blas._library.cache_clear()
    with pytest.raises(RuntimeError, match=r"CTORCH_CUBLAS names .*absent\.so, which cannot be loaded"):
        blas.available()
    blas._library.cache_clear()


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_real_library(real, dtype):
    """Products by cuBLAS and by our own kernel agree."""
    if blas._library() is None:
        pytest.skip("no libcublas: pip install nvidia-cublas")
    a, b = (rand(3, *s, dtype=dtype, scale=0.3).cuda() for s in ((70, 33), (33, 65)))
    settings.preferred_blas_library("cublas")
    by_cublas = [a @ b, a[0] @ b[0], b.mT @ a.mT, ctorch.nn.functional.linear(a, b[0].mT, b[0, 0])]
    assert _driver.initialized() and blas._handles
    settings.preferred_blas_library("ctorch")
    own = [a @ b, a[0] @ b[0], b.mT @ a.mT, ctorch.nn.functional.linear(a, b[0].mT, b[0, 0])]
    for x, y in zip(by_cublas, own):
        same(x, y.cpu(), dtype)
