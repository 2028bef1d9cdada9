"""Operators that choose elements on CUDA: embedding."""
import ctorch
from ctorch.cuda._forward.common import (
    WORDS,
    dense,
    empty,
    first_outside,
    float_name,
    index_of,
    numel,
    zeros,
)
from ctorch.cuda.launch import Kernel, blocks_for

_gather_rows = Kernel("gather", "ct_gather_rows", "PPPqq")
_embedding_backward = Kernel("index", "ct_embedding_backward", "PPPqqq")


def launch_gather_rows(index, row_bytes, table, numbers, to, count):
    """Row i of `to` is row numbers[i] of the table."""
    if count * row_bytes:
        word = next(size for size in (16, 8, 4, 2, 1) if row_bytes % size == 0)
        width = row_bytes // word
        _gather_rows(index, WORDS[word], (blocks_for(count * width),), (256,), table, numbers, to, count, width)


def launch_embedding_backward(index, dtype, gy, numbers, gw, count, width, padding_idx):
    """gw[numbers[i]] += gy[i]"""
    if count * width:
        _embedding_backward(index, dtype, (blocks_for(count * width),), (256,), gy, numbers, gw, count, width,
                            padding_idx)


def embedding_forward(weight, indices, padding_idx):
    if len(weight.shape) != 2:
        raise RuntimeError(f"'weight' must be 2-D, got {list(weight.shape)}")
    if indices.dtype not in (ctorch.int64, ctorch.int32):
        raise RuntimeError("Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, "
                           f"Int; but got {indices.dtype} instead (while checking arguments for embedding)")
    w, numbers = dense(weight), dense(indices, ctorch.int64)
    bad = first_outside(numbers, weight.shape[0])
    if bad is not None:
        raise IndexError(f"index out of range in self: embedding: index {bad} is not below {weight.shape[0]}")
    y = empty((*indices.shape, weight.shape[1]), weight.dtype, weight.device)
    launch_gather_rows(index_of(weight), weight.shape[1] * weight.dtype.itemsize, w.data_ptr(), numbers.data_ptr(),
                       y.data_ptr(), numel(indices.shape))
    return y


def embedding_backward_forward(grad, indices, rows, padding_idx):
    dtype = ctorch.float64 if float_name(grad, "embedding") == "float64" else ctorch.float32
    g, numbers = dense(grad, dtype), dense(indices, ctorch.int64)
    gw = zeros((rows, grad.shape[-1]), dtype, grad.device)
    launch_embedding_backward(index_of(grad), dtype.name, g.data_ptr(), numbers.data_ptr(), gw.data_ptr(),
                              numel(indices.shape), grad.shape[-1], padding_idx)
    return gw if dtype == grad.dtype else gw.to(grad.dtype)
