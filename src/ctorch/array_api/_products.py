"""Products of vectors and matrices."""
import ctorch

from ._promotion import together

__all__ = ["matmul", "matrix_transpose", "tensordot", "vecdot"]


_UNSIGNED = (ctorch.uint16, ctorch.uint32, ctorch.uint64)


def exact(operator, x1, x2):
    """``operator`` on tensors of one dtype; unsigned integers without products of their own go as int64, bit by bit."""
    a, b = together(x1, x2)
    if a.dtype in _UNSIGNED:
        return operator(a.to(ctorch.int64), b.to(ctorch.int64)).to(a.dtype)
    return operator(a, b)


def matmul(x1, x2, /):
    """The matrix product, over batches."""
    return exact(ctorch.matmul, x1, x2)


def matrix_transpose(x, /):
    """Matrices with rows and columns exchanged, as a view."""
    if x.ndim < 2:
        raise ValueError(f"matrix_transpose: needs at least two dimensions, got {x.ndim}")
    return x.mT


def tensordot(x1, x2, /, *, axes=2):
    """Sums of products over axes of both tensors."""
    return exact(lambda a, b: ctorch.tensordot(a, b, axes), x1, x2)


def vecdot(x1, x2, /, *, axis=-1):
    """The sum of products along an axis, the first vector conjugated."""
    a, b = together(x1, x2)
    a, b = ctorch.broadcast_tensors(a, b)
    a = ctorch.conj_physical(a) if a.is_complex() else a
    return ctorch.sum(a * b, (axis,), dtype=a.dtype)
