"""Matrix products on CUDA: shapes and dtypes around cuBLAS, and the tiled kernel, which reads operands of any strides.
"""
from ctorch.cuda import blas
from ctorch.cuda._forward.common import dense, empty, index_of, numel, pointer, unsupported
from ctorch.cuda.device import get_device_properties
from ctorch.cuda.launch import Kernel

_ARGUMENTS = "PqqqPqqqPPqqqqq"
_small = Kernel("matmul", "ct_matmul", _ARGUMENTS)
_large = Kernel("matmul", "ct_matmul_large", _ARGUMENTS)
_DTYPES = ("float32", "float64", "float16", "bfloat16", "complex64", "complex128", "uint8", "int8", "int16", "int32",
           "int64")
_C_NAMES = {"float32": "float", "float64": "double", "int64": "long long", "int32": "int", "float16": "c10::Half",
            "bfloat16": "c10::BFloat16"}                     # PyTorch's messages name C types


def launch_matmul(index, dtype, a, a_strides, b, b_strides, c, bias, bias_stride, batch, m, n, k):
    """C = A @ B + bias of raw memory; strides are (batch, row, column) in elements, C is contiguous."""
    if batch * m * n == 0:
        return
    layouts = blas.plan(dtype, a_strides, b_strides, batch, m, n, k)
    if layouts is None:
        _launch_own(index, dtype, a, a_strides, b, b_strides, c, bias, bias_stride, batch, m, n, k)
        return
    if bias:                         # C = bias, by a product of nothing; cuBLAS adds to it
        _launch_own(index, dtype, a, a_strides, b, b_strides, c, bias, bias_stride, batch, m, n, 0)
    blas.gemm(index, dtype, layouts, a, a_strides[0], b, b_strides[0], c, batch, m, n, k, bool(bias))


def _launch_own(index, dtype, a, a_strides, b, b_strides, c, bias, bias_stride, batch, m, n, k):
    kernel, tile = _small, 64
    if dtype in ("float32", "float64", "float16", "bfloat16"):
        blocks = -(-m // 128) * -(-n // 128) * batch
        if min(m, n) >= 128 and blocks >= get_device_properties(index).multi_processor_count:
            kernel, tile = _large, 128
    grid = (-(-m // tile) * -(-n // tile), 1, min(batch, 65535))
    kernel(index, dtype, grid, (16, 16), a, *a_strides, b, *b_strides, c, bias, bias_stride, batch, m, n, k)


def _check_operands(a, b, op):
    if a.dtype != b.dtype:
        left, right = (_C_NAMES.get(t.dtype.name, t.dtype.name) for t in (a, b))
        raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {left} != {right}")
    if a.dtype.name not in _DTYPES:
        raise unsupported(op, a)


def mm_forward(a, b):
    if len(a.shape) != 2:
        raise RuntimeError(f"mm: self must be a matrix, got {len(a.shape)}-D tensor of shape {list(a.shape)}")
    if len(b.shape) != 2:
        raise RuntimeError(f"mm: mat2 must be a matrix, got {len(b.shape)}-D tensor of shape {list(b.shape)}")
    (m, k), (rows, n) = a.shape, b.shape
    if k != rows:
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({m}x{k} and {rows}x{n})")
    _check_operands(a, b, "mm")
    y = empty((m, n), a.dtype, a.device)
    launch_matmul(index_of(a), a.dtype.name, a.data_ptr(), (0, *a.stride()), b.data_ptr(), (0, *b.stride()),
                  y.data_ptr(), 0, 0, 1, m, n, k)
    return y


def bmm_forward(a, b):
    if len(a.shape) != 3:
        raise RuntimeError(f"batch1 must be a 3D tensor, got shape {list(a.shape)}")
    if len(b.shape) != 3:
        raise RuntimeError(f"batch2 must be a 3D tensor, got shape {list(b.shape)}")
    (batch, m, k), n = a.shape, b.shape[2]
    if b.shape[0] != batch or b.shape[1] != k:
        raise RuntimeError(f"Expected size for first two dimensions of batch2 tensor to be: [{batch}, {k}] but got: "
                           f"[{b.shape[0]}, {b.shape[1]}].")
    _check_operands(a, b, "bmm")
    y = empty((batch, m, n), a.dtype, a.device)
    launch_matmul(index_of(a), a.dtype.name, a.data_ptr(), a.stride(), b.data_ptr(), b.stride(), y.data_ptr(), 0, 0,
                  batch, m, n, k)
    return y


def linear_forward(x, weight, bias):
    """x (*, k) @ weight (n, k) transposed, plus bias (n)."""
    if len(weight.shape) != 2 or len(x.shape) < 1 or x.shape[-1] != weight.shape[1]:
        rows, width = numel(x.shape[:-1]), x.shape[-1] if len(x.shape) else 1
        columns = weight.shape[1] if len(weight.shape) == 2 else list(weight.shape)
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({rows}x{width} and {columns}x"
                           f"{weight.shape[0] if len(weight.shape) else 1})")
    _check_operands(x, weight, "linear")
    n, k = weight.shape
    bias_stride = 0
    if bias is not None:
        _check_operands(x, bias, "linear")
        if len(bias.shape) > 1 or (len(bias.shape) == 1 and bias.shape[0] not in (n, 1)):
            raise RuntimeError(f"linear: bias of shape {list(bias.shape)} does not fit weight of shape "
                               f"{list(weight.shape)}")
        bias = dense(bias)
        bias_stride = 1 if len(bias.shape) == 1 and bias.shape[0] > 1 else 0
    strides = (0, *x.stride()) if len(x.shape) == 2 else (0, k, 1)
    flat = x if len(x.shape) == 2 else dense(x)
    y = empty((*x.shape[:-1], n), x.dtype, x.device)
    row, column = weight.stride()
    launch_matmul(index_of(x), x.dtype.name, flat.data_ptr(), strides, weight.data_ptr(), (0, column, row),
                  y.data_ptr(), pointer(bias), bias_stride, 1, numel(x.shape[:-1]), n, k)
    return y


def addr_forward(x, vec1, vec2, beta, alpha):
    product = vec1.unsqueeze(1) * (vec2 * alpha)
    return product if beta == 0 else product + x * beta
