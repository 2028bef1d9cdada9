"""Matrix products by cuBLAS, through ctypes, where its library is present.

The library is looked for in the wheel `nvidia-cublas`, in the toolkit, then by the loader; `CTORCH_CUBLAS` names
another file, or `none`. What does not fit cuBLAS (strides other than a matrix's or its transpose's, integers) is left
to the kernel of matmul.cu.
"""
import ctypes
import functools
import glob
import importlib.util
import os
import struct
import threading

from ctorch.backends import cuda as settings
from ctorch.cuda import _driver, streams

__all__ = ["available", "gemm", "plan"]

# dtype -> cudaDataType_t, cublasComputeType_t, the scalars' format. Half types are summed in float32.
_F32, _F32_TF32, _F64 = 68, 77, 70
_DTYPES = {"float32": (0, _F32, "f"), "float64": (1, _F64, "d"), "float16": (2, _F32, "f"),
           "bfloat16": (14, _F32, "f"), "complex64": (4, _F32, "ff"), "complex128": (5, _F64, "dd")}
_TF32 = ("float32", "complex64")
_SCALARS = {code: [struct.pack(code, *([value] + [0.0] * (len(code) - 1))) for value in (0.0, 1.0)]
            for code in ("f", "d", "ff", "dd")}
_DEFAULT_ALGORITHM = -1
_NO_REDUCED_PRECISION = 16           # partial sums of half types stay float32, too
_MOST = (1 << 31) - 1                # sizes are ints
_STATUS = {1: "CUBLAS_STATUS_NOT_INITIALIZED", 3: "CUBLAS_STATUS_ALLOC_FAILED", 7: "CUBLAS_STATUS_INVALID_VALUE",
           8: "CUBLAS_STATUS_ARCH_MISMATCH", 11: "CUBLAS_STATUS_MAPPING_ERROR", 13: "CUBLAS_STATUS_EXECUTION_FAILED",
           14: "CUBLAS_STATUS_INTERNAL_ERROR", 15: "CUBLAS_STATUS_NOT_SUPPORTED", 16: "CUBLAS_STATUS_LICENSE_ERROR"}

_lock = threading.Lock()             # a handle serves one thread at a time
_handles = {}                        # (device index, stream) -> cublasHandle_t


# ---- the library

def _candidates():
    try:
        wheels = importlib.util.find_spec("nvidia")
    except ValueError:
        wheels = None
    for folder in (wheels.submodule_search_locations or []) if wheels else []:
        for pattern in ("cublas/lib", "cu*/lib"):
            yield from sorted(glob.glob(os.path.join(folder, pattern, "libcublas.so.*")), reverse=True)
    for folder in (os.environ.get("CUDA_HOME"), os.environ.get("CUDA_PATH"), "/usr/local/cuda"):
        if folder:
            yield from sorted(glob.glob(os.path.join(folder, "lib64", "libcublas.so.1?")), reverse=True)
    yield from ("libcublas.so.13", "libcublas.so.12")


@functools.cache
def _library():
    """The library with its functions' types, or None."""
    named = os.environ.get("CTORCH_CUBLAS")
    if named == "none":
        return None
    for path in [named] if named else _candidates():
        try:
            # The library needs another one, which wheels keep beside it.
            folder = os.path.dirname(path)
            for beside in glob.glob(os.path.join(folder, "libcublasLt.so.1?")) if folder else []:
                ctypes.CDLL(beside, ctypes.RTLD_GLOBAL)
            return _typed(ctypes.CDLL(path))
        except OSError as error:
            if named:
                raise RuntimeError(f"CTORCH_CUBLAS names {named}, which cannot be loaded: {error}") from error
    return None


def _typed(library):
    pointer, whole, long = ctypes.c_void_p, ctypes.c_int, ctypes.c_longlong
    operand = [pointer, whole, whole, long]                      # data, dtype, leading dimension, stride
    library.cublasCreate_v2.argtypes = [ctypes.POINTER(pointer)]
    library.cublasDestroy_v2.argtypes = [pointer]
    library.cublasSetStream_v2.argtypes = [pointer, pointer]
    library.cublasSetMathMode.argtypes = [pointer, whole]
    head = [pointer, *[whole] * 5, ctypes.c_char_p]
    library.cublasGemmEx.argtypes = [*head, *operand[:3], *operand[:3], ctypes.c_char_p, *operand[:3], whole, whole]
    library.cublasGemmStridedBatchedEx.argtypes = [*head, *operand, *operand, ctypes.c_char_p, *operand, whole, whole,
                                                   whole]
    return library


def available() -> bool:
    """Whether products go to cuBLAS: it is present, and `ctorch.backends.cuda.preferred_blas_library` allows it."""
    choice = settings.preferred_blas_library()
    if choice == "ctorch":
        return False
    found = _library() is not None
    if choice == "cublas" and not found:
        raise RuntimeError("preferred_blas_library is 'cublas', and libcublas.so.12 or 13 is not found: pip install "
                           "nvidia-cublas, or choose 'default'")
    return found


def _check(function, status):
    if status:
        raise RuntimeError(f"CUDA error: {function} says {_STATUS.get(status, 'an unknown status')} ({status})")


def _handle(library, index):
    """The handle of a device's current stream, with the context current and the lock held."""
    stream = streams.handle(index)
    if (index, stream) not in _handles:
        if not _handles:
            _driver.on_exit(_drop_all)
        handle = ctypes.c_void_p()
        _check("cublasCreate", library.cublasCreate_v2(ctypes.byref(handle)))
        _check("cublasSetStream", library.cublasSetStream_v2(handle, stream))
        _check("cublasSetMathMode", library.cublasSetMathMode(handle, _NO_REDUCED_PRECISION))
        _handles[index, stream] = handle
    return _handles[index, stream]


def _drop_all():
    with _lock:
        for (index, _), handle in _handles.items():
            with _driver.guard(index):
                _library().cublasDestroy_v2(handle)
        _handles.clear()


# ---- products

def _layout(rows, columns, row, column):
    """(transposed, leading dimension) of a matrix with strides `row` and `column`; None if it is neither."""
    if (column == 1 or columns == 1) and (rows == 1 or row >= columns):
        return 0, row if rows > 1 else columns
    if (row == 1 or rows == 1) and (columns == 1 or column >= rows):
        return 1, column if columns > 1 else rows
    return None


def plan(dtype, a_strides, b_strides, batch, m, n, k):
    """The layouts of A and B as cuBLAS takes them, or None where it does not."""
    if dtype not in _DTYPES or k == 0 or not available():
        return None
    layouts = _layout(m, k, *a_strides[1:]), _layout(k, n, *b_strides[1:])
    if None in layouts or min(a_strides[0], b_strides[0]) < 0:
        return None
    sizes = (batch, m, n, k, layouts[0][1], layouts[1][1])
    return layouts if max(sizes) <= _MOST else None


def gemm(index, dtype, layouts, a, a_batch, b, b_batch, c, batch, m, n, k, add):
    """C = A @ B of raw memory, or C += A @ B; `layouts` are those of `plan`, C is contiguous.

    cuBLAS has columns where we have rows, so what it is asked for is C transposed: B transposed @ A transposed.
    """
    (a_transposed, a_leading), (b_transposed, b_leading) = layouts
    kind, compute, code = _DTYPES[dtype]
    if settings.matmul.allow_tf32 and dtype in _TF32:
        compute = _F32_TF32
    zero, one = _SCALARS[code]
    beta = one if add else zero
    library = _library()
    _driver.activate(index)
    with _lock:
        head = _handle(library, index), b_transposed, a_transposed, n, m, k, one
        if batch == 1:
            _check("cublasGemmEx", library.cublasGemmEx(
                *head, b, kind, b_leading, a, kind, a_leading, beta, c, kind, n, compute, _DEFAULT_ALGORITHM))
        else:
            _check("cublasGemmStridedBatchedEx", library.cublasGemmStridedBatchedEx(
                *head, b, kind, b_leading, b_batch, a, kind, a_leading, a_batch, beta, c, kind, n, m * n, batch,
                compute, _DEFAULT_ALGORITHM))
