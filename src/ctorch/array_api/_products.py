"""Products of vectors and matrices."""
import ctorch

from ._promotion import together

__all__ = ["matmul", "matrix_transpose", "tensordot", "vecdot"]


def matmul(x1, x2, /):
    """The matrix product, over batches."""
    return ctorch.matmul(*together(x1, x2))


def matrix_transpose(x, /):
    """Matrices with rows and columns exchanged, as a view."""
    if x.ndim < 2:
        raise ValueError(f"matrix_transpose: needs at least two dimensions, got {x.ndim}")
    return x.mT


def tensordot(x1, x2, /, *, axes=2):
    """Sums of products over axes of both tensors."""
    return ctorch.tensordot(*together(x1, x2), axes)


def vecdot(x1, x2, /, *, axis=-1):
    """The sum of products along an axis, the first vector conjugated."""
    a, b = together(x1, x2)
    a, b = ctorch.broadcast_tensors(a, b)
    a = ctorch.conj_physical(a) if a.is_complex() else a
    return ctorch.sum(a * b, (axis,), dtype=a.dtype)
