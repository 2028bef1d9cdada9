"""Products of vectors and matrices, written with other operators."""
import math

import ctorch
from ctorch import _functions as ops


def outer(input, vec2):
    if input.dim() != 1 or vec2.dim() != 1:
        raise RuntimeError(f"outer: Expected 1-D arguments, got {input.dim()}-D and {vec2.dim()}-D")
    return input.unsqueeze(1) * vec2


def mv(input, vec):
    if input.dim() != 2 or vec.dim() != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {input.dim()}, {vec.dim()}")
    if input.shape[1] != vec.shape[0]:
        raise RuntimeError(f"size mismatch, got input ({input.shape[0]}x{input.shape[1]}), vec ({vec.shape[0]})")
    return ops.mm(input, vec.unsqueeze(1)).squeeze(1)


def dot(input, tensor):
    if input.dim() != 1 or tensor.dim() != 1:
        raise RuntimeError(f"1D tensors expected, but got {input.dim()}D and {tensor.dim()}D tensors")
    if input.shape[0] != tensor.shape[0]:
        raise RuntimeError(f"inconsistent tensor size, expected tensor [{input.shape[0]}] and src "
                           f"[{tensor.shape[0]}] to have the same number of elements, but got {input.shape[0]} and "
                           f"{tensor.shape[0]} elements respectively")
    return ops.mm(input.unsqueeze(0), tensor.unsqueeze(1)).reshape(())


def matmul(input, other):
    a, b = input.dim(), other.dim()
    if a == 0 or b == 0:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {a}D and {b}D")
    if a == 2 and b == 2:
        return ops.mm(input, other)
    if a == 1 and b == 1:
        return dot(input, other)
    if a == 1:
        return matmul(input.unsqueeze(0), other).squeeze(-2)
    if b == 1:
        return matmul(input, other.unsqueeze(1)).squeeze(-1)
    if b == 2:                       # one matrix for all: a single product
        rows = input.reshape(math.prod(input.shape[:-1]), input.shape[-1])
        return ops.mm(rows, other).reshape(*input.shape[:-1], other.shape[-1])
    if input.shape[-1] != other.shape[-2]:
        raise RuntimeError(f"Expected size for first two dimensions of batch2 tensor to be: [{other.shape[0]}, "
                           f"{input.shape[-1]}] but got: [{other.shape[0]}, {other.shape[-2]}].")
    batch = ctorch.broadcast_shapes(input.shape[:-2], other.shape[:-2])
    count = math.prod(batch)
    left = input.expand(*batch, *input.shape[-2:]).reshape(count, *input.shape[-2:])
    right = other.expand(*batch, *other.shape[-2:]).reshape(count, *other.shape[-2:])
    return ops.bmm(left, right).reshape(*batch, input.shape[-2], other.shape[-1])


def _scaled_sum(input, product, beta, alpha):
    if not product.is_floating_point() and not product.is_complex():
        alpha, beta = int(alpha), int(beta)
    product = product if alpha == 1 else product * alpha
    if beta == 0:
        return product
    return product + (input if beta == 1 else input * beta)


def addmm(input, mat1, mat2, *, beta=1, alpha=1):
    return _scaled_sum(input, ops.mm(mat1, mat2), beta, alpha)


def baddbmm(input, batch1, batch2, *, beta=1, alpha=1):
    return _scaled_sum(input, ops.bmm(batch1, batch2), beta, alpha)
