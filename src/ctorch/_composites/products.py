"""Products of vectors and matrices, written with other operators."""
import builtins
import math
import warnings

import ctorch
from ctorch import _functions as ops
from ctorch._batched import is_batched
from ctorch._shape import wrap
from ctorch.linalg.norms import vector_norm


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
    if input.numel() != tensor.numel():
        raise RuntimeError(f"inconsistent tensor size, expected tensor [{input.shape[0]}] and src "
                           f"[{tensor.shape[0]}] to have the same number of elements, but got {input.shape[0]} and "
                           f"{tensor.shape[0]} elements respectively")
    return ops.linear(input, tensor.unsqueeze(0)).squeeze(0)


def matmul(input, other):
    a, b = input.dim(), other.dim()
    if a == 0 or b == 0:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {a}D and {b}D")
    if a == 2 and b == 2:
        return ops.mm(input, other)
    if a == 3 and b == 3 and input.shape[0] == other.shape[0]:
        return ops.bmm(input, other)
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


def _sum_of_products(input, product, beta, alpha):
    if alpha == 0:                   # not even a NaN of the products counts, as BLAS has it
        product = ops._masked_fill(product, ctorch.ones((), dtype=ctorch.bool, device=product.device), 0)
        alpha = 1
    return _scaled_sum(input, product, beta, alpha)


def _scaled_sum(input, product, beta, alpha):
    if not product.is_floating_point() and not product.is_complex():
        alpha, beta = int(alpha), int(beta)
    if input.shape != product.shape:
        input = input.expand(product.shape)
    product = product if alpha == 1 else product * alpha
    if beta == 0:                    # not even a NaN of the input counts
        return product
    input = input if beta == 1 else input * beta
    return product.add_(input) if input.dtype == product.dtype and not is_batched(input) else product + input


def _same_dtype(op, input, first, second):
    if input.dtype != first.dtype:
        raise RuntimeError(f"{op}: expected operands of one dtype, but got {input.dtype}, {first.dtype} and "
                           f"{second.dtype}")


def addmm(input, mat1, mat2, *, beta=1, alpha=1):
    _same_dtype("addmm", input, mat1, mat2)
    return _sum_of_products(input, ops.mm(mat1, mat2), beta, alpha)


def baddbmm(input, batch1, batch2, *, beta=1, alpha=1):
    _same_dtype("baddbmm", input, batch1, batch2)
    return _sum_of_products(input, ops.bmm(batch1, batch2), beta, alpha)


def addmv(input, mat, vec, *, beta=1, alpha=1):
    if mat.dim() != 2 or vec.dim() != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {input.dim()}, {mat.dim()}, {vec.dim()}")
    if mat.shape[1] != vec.shape[0]:
        raise RuntimeError(f"size mismatch, got input ({mat.shape[0]}), mat ({mat.shape[0]}x{mat.shape[1]}), vec "
                           f"({vec.shape[0]})")
    _same_dtype("addmv", input, mat, vec)
    return _sum_of_products(input, mv(mat, vec), beta, alpha)


def addr(input, vec1, vec2, *, beta=1, alpha=1):
    if vec1.dim() != 1 or vec2.dim() != 1:
        which = 1 if vec1.dim() != 1 else 2
        raise RuntimeError(f"addr: Expected 1-D argument vec{which}, but got {(vec1, vec2)[which - 1].dim()}-D")
    if input.dtype == vec1.dtype == vec2.dtype and input.dtype in (ctorch.float32, ctorch.float64) \
            and type(alpha) in (int, float) and type(beta) in (int, float):
        shape = (vec1.shape[0], vec2.shape[0])
        return ops._addr(input if input.shape == shape else input.expand(shape), vec1, vec2, beta, alpha)
    result = ctorch.promote_types(input.dtype, ctorch.promote_types(vec1.dtype, vec2.dtype))
    product = outer(vec1.to(result), vec2.to(result))
    for name, number in (("beta", beta), ("alpha", alpha)):
        if isinstance(number, bool) and result != ctorch.bool:
            raise RuntimeError(f"Boolean {name} only supported for Boolean results.")
    if result != ctorch.bool:
        return _scaled_sum(input, product, beta, alpha)
    if not alpha:
        product = product & False
    input = input.expand(product.shape)
    return product if not beta else product | input


LARGE_PRODUCT = 2**15                # multiplications that cost more than a call and less than a copy of the batch


def addbmm(input, batch1, batch2, *, beta=1, alpha=1):
    if batch1.dim() != 3 or batch2.dim() != 3:
        which = 1 if batch1.dim() != 3 else 2
        raise RuntimeError(f"batch{which} must be a 3D tensor")
    if batch1.shape[0] != batch2.shape[0]:
        raise RuntimeError("batch1 and batch2 must have same number of batches, got "
                           f"{batch1.shape[0]} and {batch2.shape[0]}")
    count, rows, inside = batch1.shape
    if inside != batch2.shape[1]:
        raise RuntimeError(f"Incompatible matrix sizes for bmm ({rows}x{inside} and "
                           f"{batch2.shape[1]}x{batch2.shape[2]})")
    _same_dtype("addbmm", input, batch1, batch2)
    if count and rows * inside * batch2.shape[2] >= LARGE_PRODUCT and not batch1.is_cuda:
        return _sum_of_products(input, ops._bmm_sum(batch1, batch2), beta, alpha)
    wide = batch1.transpose(0, 1).reshape(rows, count * inside)
    return _sum_of_products(input, ops.mm(wide, batch2.reshape(count * inside, batch2.shape[2])), beta, alpha)


def vdot(input, other):
    return dot(input.conj() if input.is_complex() else input, other)


def inner(input, other):
    if input.dim() == 0 or other.dim() == 0:
        return input * other
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError(f"inner() the last dimension must match on both input tensors but got shapes "
                           f"{list(input.shape)} and {list(other.shape)}")
    if other.dim() == 2:
        return ops.linear(input, other)
    return tensordot(input, other, ([-1], [-1]))


def _contracted(a, b, dims):
    if isinstance(dims, ctorch.Tensor):
        dims = dims.tolist() if dims.numel() > 1 else dims.item()
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > builtins.min(a.dim(), b.dim()):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        return list(range(a.dim() - dims, a.dim())), list(range(dims))
    first, second = ([d] if isinstance(d, int) else list(d) for d in dims)
    if len(first) != len(second):
        raise RuntimeError("both dimension lists should have same length")
    return [wrap(d, a.dim(), "tensordot") for d in first], [wrap(d, b.dim(), "tensordot") for d in second]


def tensordot(input, b, dims=2):
    first, second = _contracted(input, b, dims)
    for i, j in zip(first, second):
        if input.shape[i] != b.shape[j] and 1 not in (input.shape[i], b.shape[j]):
            raise RuntimeError("contracted dimensions need to match, but first has size "
                               f"{input.shape[i]} in dim {i} and second has size {b.shape[j]} in dim {j}")
        if input.shape[i] != b.shape[j]:             # one of them is broadcast
            input = input.sum(i, True, dtype=input.dtype) if b.shape[j] == 1 else input
            b = b.sum(j, True, dtype=b.dtype) if input.shape[i] == 1 else b
    left = [d for d in range(input.dim()) if d not in first]
    right = [d for d in range(b.dim()) if d not in second]
    inside = math.prod(input.shape[d] for d in first)
    shape = [*(input.shape[d] for d in left), *(b.shape[d] for d in right)]
    rows = input.permute(*left, *first).reshape(math.prod(input.shape[d] for d in left), inside)
    columns = b.permute(*second, *right).reshape(inside, math.prod(b.shape[d] for d in right))
    return ops.mm(rows, columns).reshape(shape)


SHORT_ROW = 64                       # a loop over so few elements costs more than a copy into a longer one


def kron(input, other):
    ndim = builtins.max(input.dim(), other.dim())
    a = input.reshape([1] * (ndim - input.dim()) + list(input.shape))
    b = other.reshape([1] * (ndim - other.dim()) + list(other.shape))
    if ndim > 1 and 1 < b.shape[-1] < SHORT_ROW and a.shape[-1] > 1:     # rows as long as those of the result
        length = a.shape[-1] * b.shape[-1]
        a_rows = a.unsqueeze(-1).expand(*a.shape, b.shape[-1]).reshape(*a.shape[:-1], length)
        b_rows = b.unsqueeze(-2).expand(*b.shape[:-1], *a.shape[-1:], b.shape[-1]).reshape(*b.shape[:-1], length)
        pairs = (a_rows.reshape([n for s in a.shape[:-1] for n in (s, 1)] + [length])
                 * b_rows.reshape([n for s in b.shape[:-1] for n in (1, s)] + [length]))
        return pairs.reshape([s * t for s, t in zip(a.shape, b.shape)])
    pairs = a.reshape([n for s in a.shape for n in (s, 1)]) * b.reshape([n for s in b.shape for n in (1, s)])
    return pairs.reshape([s * t for s, t in zip(a.shape, b.shape)])


def bilinear(input, input2, weight, bias=None):
    if input.shape[:-1] != input2.shape[:-1]:
        raise RuntimeError("bilinear(): input dimensions do not match: got "
                           f"{list(input.shape)} and {list(input2.shape)}")
    if input.shape[-1] != weight.shape[1] or input2.shape[-1] != weight.shape[2]:
        raise RuntimeError(f"bilinear(): inputs of {input.shape[-1]} and {input2.shape[-1]} features do not match the "
                           f"weight of shape {list(weight.shape)}")
    outputs, m, n = weight.shape
    if not input.dtype == input2.dtype == weight.dtype:
        raise RuntimeError("bilinear(): expected tensors of one dtype, got input1: "
                           f"{input.dtype}, input2: {input2.dtype}, weight: {weight.dtype}")
    if bias is not None and (bias.dtype != weight.dtype or bias.shape != (outputs,)):
        raise RuntimeError(f"bilinear(): expected bias of {outputs} elements of dtype {weight.dtype}, got "
                           f"{list(bias.shape)} of {bias.dtype}")
    x, y = input.reshape(-1, m), input2.reshape(-1, n)
    half = ops.mm(x, weight.transpose(0, 1).reshape(m, outputs * n)).reshape(-1, outputs, n)
    result = ops.bmm(half, y.unsqueeze(2)).reshape(*input.shape[:-1], outputs)
    return result if bias is None else result + bias


MODES = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist")


def cdist(input, x2, p=2.0, compute_mode=MODES[0]):
    mode = MODES[0] if compute_mode is None else compute_mode
    if mode not in MODES:
        raise ValueError(f"{mode} is not a valid value for compute_mode")
    for name, x in (("X1", input), ("X2", x2)):
        if not x.is_floating_point():
            raise RuntimeError(f"cdist only supports floating-point dtypes, {name} got: {x.dtype}")
        if x.dim() < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {name} got: {x.dim()}D")
    if input.shape[-1] != x2.shape[-1]:
        raise RuntimeError(f"X1 and X2 must have the same number of columns. X1: {input.shape[-1]} X2: "
                           f"{x2.shape[-1]}")
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    rows, columns, n = input.shape[-2], x2.shape[-2], input.shape[-1]
    large = mode == MODES[1] or (mode == MODES[0] and (rows > 25 or columns > 25) and n > 16)
    distances = _euclidean if p == 2 and large else ops._distance
    if input.dim() == 3 and x2.dim() == 3 and input.shape[0] == x2.shape[0]:
        return distances(input, x2, p)
    if input.dim() == 2 and x2.dim() == 2:
        return distances(input.unsqueeze(0), x2.unsqueeze(0), p).squeeze(0)
    batch = ctorch.broadcast_shapes(input.shape[:-2], x2.shape[:-2])
    count = math.prod(batch)
    a = input.expand(*batch, rows, n).reshape(count, rows, n)
    b = x2.expand(*batch, columns, n).reshape(count, columns, n)
    return distances(a, b, p).reshape(*batch, rows, columns)


def _euclidean(a, b, p):
    """|a|^2 + |b|^2 - 2 a b as one product of matrices."""
    aa, bb = (a * a).sum(-1, True), (b * b).sum(-1, True)
    left = ctorch.cat([a * -2, aa, ctorch.ones_like(aa)], -1)
    right = ctorch.cat([b, ctorch.ones_like(bb), bb], -1)
    return ops.bmm(left, right.mT).clamp_min_(0).sqrt_()


def renorm(input, p, dim, maxnorm):
    if p <= 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    if input.dim() < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {input.dim()} dimensions")
    dim = wrap(dim, input.dim(), "renorm")
    sizes = vector_norm(input, p, [d for d in range(input.dim()) if d != dim], True)
    factor = ops._renorm_factor(sizes, maxnorm)
    return (input * (factor if factor.dtype == input.dtype else factor.to(input.dtype))).contiguous()


def cross(input, other, dim=None):
    if dim is None:
        wide = ctorch.broadcast_shapes(input.shape, other.shape)
        dim = next((d for d, size in enumerate(wide) if size == 3), None)
        if dim is None:
            raise RuntimeError(f"no dimension of size 3 in input: {list(input.shape)} and {list(other.shape)}")
        warnings.warn("Using torch.cross without specifying the dim arg is deprecated. Please either pass the dim "
                      "explicitly or simply use torch.linalg.cross.", stacklevel=3)
        dim -= len(wide)
    return ctorch.linalg.cross(input, other, dim=dim)
