"""Products, powers and functions of matrices, and determinants."""
import functools
import itertools
import math

import ctorch
from ctorch import _functions as _f
from ctorch._tape import _recorded
from ctorch.linalg._common import SLogDet, need_float, need_square
from ctorch.linalg.inverses import inv


def matmul(input, other, *, out=None):
    """Matrix product, as `ctorch.matmul`.

    Parameters
    ----------
    input, other : Tensor
        Vectors, matrices or batches of them.
    out : Tensor, optional
        Takes the result.

    Returns
    -------
    Tensor
        The product.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.matmul(ctorch.tensor([[1., 2.]]), ctorch.tensor([[3.], [4.]]))
    tensor([[11.]])
    """
    y = _f.matmul(input, other)
    return y if out is None else _f._written(out, y, "linalg_matmul")


def vecdot(x, y, *, dim=-1, out=None):
    """Dot product along a dimension; the first vector is conjugated.

    Parameters
    ----------
    x, y : Tensor
        Vectors, in floating point or complex tensors that broadcast.
    dim : int, optional
        The dimension of the vectors.
    out : Tensor, optional
        Takes the result.

    Returns
    -------
    Tensor
        The products.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.vecdot(ctorch.tensor([[1., 2.], [3., 4.]]), ctorch.tensor([1., 1.]))
    tensor([3., 7.])
    """
    _f._need_tensors(x, y)
    need_float(x, "linalg.vecdot")
    if x.dtype != y.dtype:
        titles = [t.type().removeprefix("torch.").removesuffix("Tensor") for t in (x, y)]
        raise RuntimeError(f"linalg.vecdot: Expected x and y to have the same dtype, but found x of type {titles[0]} "
                           f"and y of type {titles[1]} instead")
    if x.is_complex():
        x = x.conj()
    if dim in (-1, x.dim() - 1) and x.shape == y.shape and x.dim() > 1 and x.numel() and x.dtype.itemsize > 2:
        result = _f.bmm(x.reshape(-1, 1, x.shape[-1]), y.reshape(-1, y.shape[-1], 1)).reshape(x.shape[:-1])
    else:
        result = (x * y).sum(dim)
    return result if out is None else _f._written(out, result, "linalg_vecdot")


def cross(input, other, *, dim=-1, out=None):
    """Vector product of vectors of three elements.

    Parameters
    ----------
    input, other : Tensor
        Tensors that broadcast, with as many dimensions each.
    dim : int, optional
        The dimension of the vectors.
    out : Tensor, optional
        Takes the result.

    Returns
    -------
    Tensor
        Vectors at right angles to both.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.cross(ctorch.tensor([1., 0., 0.]), ctorch.tensor([0., 1., 0.]))
    tensor([0., 0., 1.])
    """
    _f._need_tensors(input, other)
    if input.dim() != other.dim():
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    if input.shape[dim] != 3 or other.shape[dim] != 3:
        raise RuntimeError(f"linalg.cross: inputs dimension {dim} must have length 3. Got {input.shape[dim]} and "
                           f"{other.shape[dim]}")
    if (input.dtype in (ctorch.float32, ctorch.float64) and other.dtype == input.dtype and input.shape == other.shape
            and dim in (-1, input.dim() - 1) and input.device.type == "cpu"):
        y = _f._cross(input, other)
    else:
        a, b = input.unbind(dim), other.unbind(dim)
        y = ctorch.stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]],
                         dim if dim < 0 else dim - input.dim())
    return y if out is None else _f._written(out, y, "linalg_cross")


def diagonal(A, *, offset=0, dim1=-2, dim2=-1):
    """Diagonals of matrices, as a view.

    Parameters
    ----------
    A : Tensor
        Matrices in two of the dimensions.
    offset : int, optional
        Which diagonal: above the main one where positive.
    dim1, dim2 : int, optional
        The dimensions of the matrices.

    Returns
    -------
    Tensor
        The diagonals, in the last dimension.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.diagonal(ctorch.tensor([[1., 2.], [3., 4.]]))
    tensor([1., 4.])
    """
    _f._need_tensors(A)
    return A.diagonal(offset, dim1, dim2)


def det(A, *, out=None):
    """Determinant of square matrices.

    Parameters
    ----------
    A : Tensor
        Matrices (..., n, n).
    out : Tensor, optional
        Takes the result.

    Returns
    -------
    Tensor
        The determinants.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.det(ctorch.tensor([[2., 1.], [1., 2.]]))
    tensor(3.)
    """
    y = _f._linalg_det(A)[0]
    return y if out is None else _f._written(out, y, "linalg_det")


def slogdet(A, *, out=None):
    """Sign of the determinant of square matrices and logarithm of its absolute value.

    Parameters
    ----------
    A : Tensor
        Matrices (..., n, n).
    out : tuple of Tensor, optional
        Takes the results.

    Returns
    -------
    sign, logabsdet : Tensor
        A number of absolute value one, or zero; a real number, or -inf.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.slogdet(ctorch.tensor([[0., 1.], [1., 0.]])).sign
    tensor(-1.)
    """
    result = SLogDet(*_f._linalg_slogdet(A, "linalg.slogdet")[:2])
    return result if out is None else _f._written(out, result, "linalg_slogdet")


def matrix_power(A, n, *, out=None):
    """Square matrices raised to a whole power.

    Parameters
    ----------
    A : Tensor
        Matrices (..., m, m).
    n : int
        The power; of the inverse where it is negative.
    out : Tensor, optional
        Takes the result.

    Returns
    -------
    Tensor
        The powers.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.matrix_power(ctorch.tensor([[1., 1.], [0., 1.]]), 5)
    tensor([[1., 5.],
            [0., 1.]])
    """
    _f._need_tensors(A)
    if isinstance(n, bool) or not isinstance(n, int):
        raise TypeError(f"linalg_matrix_power(): argument 'n' (position 2) must be int, not {type(n).__name__}")
    need_square(A, "linalg.matrix_power")
    if n == 0:
        y = ctorch.eye(A.shape[-1], dtype=A.dtype, device=A.device).expand(A.shape).contiguous()
        if _recorded(A):                     # a gradient of zeros
            y = ctorch.where(ctorch.ones_like(A, dtype=ctorch.bool), y, A)
    else:
        square, left, y = (A, n, None) if n > 0 else (inv(A), -n, None)
        while left:
            if left & 1:
                y = square if y is None else y @ square
            left >>= 1
            square = square @ square if left else square
        y = y.clone() if n == 1 else y
    return _f._own(y) if out is None else _f._written(out, y, "linalg_matrix_power")


def matrix_exp(A):
    """Exponential of square matrices.

    Parameters
    ----------
    A : Tensor
        Matrices (..., n, n).

    Returns
    -------
    Tensor
        The sums of A^k / k!.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.matrix_exp(ctorch.tensor([[0., 1.], [0., 0.]]))
    tensor([[1., 1.],
            [0., 1.]])
    """
    if A.dtype in (ctorch.float16, ctorch.bfloat16):
        return _f._linalg_matrix_exp(A.float()).to(A.dtype)
    return _f._linalg_matrix_exp(A)


@functools.lru_cache(256)
def _order(shapes):
    """Where to split each part of a chain of products so that the whole is cheapest (Cormen et al., 15.2)."""
    if len(shapes) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(shapes)}")
    for which, shape in (("first", shapes[0]), ("last", shapes[-1])):
        if len(shape) not in (1, 2):
            raise RuntimeError(f"multi_dot(): the {which} tensor must be 1D or 2D but got {len(shape)}D")
    for i, shape in enumerate(shapes[1:-1], 1):
        if len(shape) != 2:
            raise RuntimeError(f"multi_dot(): tensor {i} must be 2D but got {len(shape)}D")
    for i, (before, shape) in enumerate(itertools.pairwise(shapes), 1):
        if before[-1] != shape[0]:
            raise RuntimeError(f"multi_dot(): tensors {i - 1} and {i} with shapes {list(before)} and {list(shape)} "
                               "cannot be multiplied")
    sizes = [shapes[0][0] if len(shapes[0]) == 2 else 1, *(shape[0] for shape in shapes[1:]),
             shapes[-1][1] if len(shapes[-1]) == 2 else 1]
    n = len(sizes) - 1
    cost, split = [[0] * n for _ in range(n)], [[0] * n for _ in range(n)]
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            cost[i][j] = math.inf
            for k in range(i, j):
                c = cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1]
                if c < cost[i][j]:
                    cost[i][j], split[i][j] = c, k
    return split


def _chain(tensors, split, i, j):
    if i == j:
        return tensors[i]
    k = split[i][j]
    return _f.mm(_chain(tensors, split, i, k), _chain(tensors, split, k + 1, j))


def multi_dot(tensors, *, out=None):
    """Product of two or more matrices, in the order that needs least arithmetic.

    Parameters
    ----------
    tensors : sequence of Tensor
        Matrices; the first may be a row and the last a column, given as vectors.
    out : Tensor, optional
        Takes the result.

    Returns
    -------
    Tensor
        The product.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.multi_dot([ctorch.ones(2), ctorch.ones(2, 3), ctorch.ones(3)])
    tensor(6.)
    """
    tensors = list(tensors)
    shapes = tuple([tuple(x.shape) for x in tensors])
    split = _order(shapes)
    for i, x in enumerate(tensors):
        if x.dtype != tensors[0].dtype:
            raise RuntimeError(f"multi_dot(): all tensors must have be the same dtype but tensor 0 is "
                               f"{tensors[0].dtype} and tensor {i} {x.dtype}")
    row, column = len(shapes[0]) == 1, len(shapes[-1]) == 1
    if row:
        tensors[0] = tensors[0].unsqueeze(0)
    if column:
        tensors[-1] = tensors[-1].unsqueeze(-1)
    y = _chain(tensors, split, 0, len(tensors) - 1)
    if row or column:
        y = y.reshape(([] if row else [y.shape[0]]) + ([] if column else [y.shape[1]]))
    return y if out is None else _f._written(out, y, "linalg_multi_dot")


def vander(x, N=None):
    """Powers of numbers, as the rows of matrices.

    Parameters
    ----------
    x : Tensor
        Numbers (..., n).
    N : int, optional
        How many powers, n by default.

    Returns
    -------
    Tensor
        Matrices (..., n, N) of the powers 0 to N - 1.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.vander(ctorch.tensor([1, 2, 3]))
    tensor([[1, 1, 1],
            [1, 2, 4],
            [1, 3, 9]])
    """
    _f._need_tensors(x)
    N = N if N is not None else (x.shape[-1] if x.dim() else 1)
    if N <= 1:
        raise RuntimeError("N must be greater than 1.")
    x = x.unsqueeze(-1) if x.dim() == 0 else x
    x = x if x.is_floating_point() or x.is_complex() else x.long()
    rising = x.unsqueeze(-1).expand(*x.shape, N - 1).cumprod(-1)
    return ctorch.cat([x.new_ones(*x.shape, 1), rising], -1)


def logdet(A):
    """Logarithm of the determinant; NaN for a negative one."""
    sign, size = _f._linalg_slogdet(A, "logdet")[:2]
    if A.is_complex():
        return size + sign.log()
    return ctorch.where(sign == -1, math.nan, size)
