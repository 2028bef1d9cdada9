"""Norms of vectors and matrices, and condition numbers."""
import math

import ctorch
from ctorch import _functions as _f
from ctorch._shape import wrap
from ctorch._tape import _recorded
from ctorch.linalg._common import need_float, need_matrix, need_square
from ctorch.linalg.eigenvalues import svdvals


def _dims(dim, ndim, op):
    """Dimensions as a list counted from the front; None for all of them."""
    if dim is None:
        return None
    if isinstance(dim, int):
        return [wrap(dim, ndim, op)]
    dims = [wrap(d, ndim, op) for d in dim]
    if len(set(dims)) != len(dims):
        twice = next(d for d in dims if dims.count(d) > 1)
        raise RuntimeError(f"dim {twice} appears multiple times in the list of dims")
    return dims or None


def _to_dtype(x, dtype, op):
    """x in the dtype that was asked for, which may not be narrower."""
    if dtype is None:
        return x
    if not (dtype.is_floating_point or dtype.is_complex):
        raise RuntimeError(f"{op}: dtype should be floating point or complex, but got {dtype}")
    if x.is_complex() != dtype.is_complex:
        raise RuntimeError(f"{op}: dtype should be {'complex' if x.is_complex() else 'real'} for "
                           f"{'complex' if x.is_complex() else 'real'} inputs, but got {dtype}")
    if ctorch.promote_types(x.dtype, dtype) != dtype:
        raise RuntimeError(f"{op}: the dtype of the input ({x.dtype}) should be convertible without narrowing to the "
                           f"specified dtype ({dtype})")
    return x.to(dtype)


def _check_identity(x, ord, dims):
    """Norms that are extrema, and negative ones, have no value without elements."""
    if x.numel() or not (ord == math.inf or ord < 0):
        return
    text = f"{ord:g}"
    if dims is None:
        raise RuntimeError(f"linalg.vector_norm cannot compute the {text} norm on an empty tensor because the "
                           "operation does not have an identity")
    for d in dims:
        if x.shape[d] == 0:
            raise RuntimeError(f"linalg.vector_norm cannot compute the {text} norm on the dimension {d}because this "
                               "dimension is empty and the operation does not have an identity")


def _of_one(x, dims):
    """Whether each norm is that of one number."""
    if dims is None or not x.dim():
        return x.numel() == 1
    shape = x.shape
    return math.prod([shape[d] for d in dims]) == 1


def _value(x, ord, dims, keepdim):
    """A vector norm, without a record."""
    if _of_one(x, dims):                 # its square could be too large
        size = (x.abs() if ord else (x != 0).to(x.abs().dtype)).contiguous()     # as reductions lie
        return size if keepdim else size.reshape([s for d, s in enumerate(x.shape) if dims and d not in dims])
    if x.is_complex():
        x = x.abs()
    if ord == 2:
        return _f._norm_2(x, dims, keepdim)
    if ord == 1:
        return _f._norm_1(x, dims, keepdim)
    if ord == math.inf:
        return _f._norm_inf(x, dims, keepdim)
    size = x.abs()
    if ord == -math.inf:
        return size.amin(() if dims is None else dims, keepdim)
    if ord == 0:
        return (size != 0).sum(dims, keepdim, dtype=size.dtype)
    wide = size.float() if size.dtype in (ctorch.float16, ctorch.bfloat16) else size
    return ((wide ** ord).sum(dims, keepdim) ** (1 / ord)).to(size.dtype)


def _norm(x, ord, dims, keepdim):
    """A vector norm over dimensions that are counted from the front, or over all (None)."""
    if not x.numel():
        _check_identity(x, ord, dims)
    if not _recorded(x):
        return _value(x, ord, dims, keepdim)
    with ctorch.no_grad():
        y = _value(x, ord, dims, keepdim)
    return _f._linalg_norm_value(x, y, ord, dims, keepdim)


def vector_norm(x, ord=2, dim=None, keepdim=False, *, dtype=None, out=None):
    """(sum of |x|^ord)^(1/ord), over dimensions or over all.

    Parameters
    ----------
    x : Tensor
        A floating point or complex tensor of any shape.
    ord : int or float, optional
        The order: inf and -inf are the extrema, 0 counts what is not zero.
    dim : int or sequence of int, optional
        Dimensions to reduce.
    keepdim : bool, optional
        Keep them, of size one.
    dtype : dtype, optional
        Cast to this first.
    out : Tensor, optional
        Takes the result.

    Returns
    -------
    Tensor
        Real numbers.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.vector_norm(ctorch.tensor([3., -4.]))
    tensor(5.)
    """
    _f._need_tensors(x)
    if isinstance(ord, bool) or not isinstance(ord, (int, float)):
        raise TypeError(f"linalg_vector_norm(): argument 'ord' (position 2) must be Number, not {type(ord).__name__}")
    need_float(x, "linalg.vector_norm")
    x = _to_dtype(x, dtype, "linalg.vector_norm")
    y = _norm(x, ord, _dims(dim, x.dim(), "linalg_vector_norm"), keepdim)
    return _f._own(y) if out is None else _f._written(out, y, "linalg_vector_norm")


def _matrix_dims(A, dim):
    if dim == (-2, -1):
        return A.dim() - 2, A.dim() - 1
    dims = [dim] if isinstance(dim, int) else list(dim)
    if len(dims) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {', '.join(map(str, dims))}")
    rows, columns = (wrap(d, A.dim(), "linalg_matrix_norm") for d in dims)
    if rows == columns:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({dims[0]}, {dims[1]})")
    return rows, columns


def _singular_norm(A, ord, rows, columns, keepdim):
    if A.dtype in (ctorch.float16, ctorch.bfloat16):
        title = A.type().removeprefix("torch.").removesuffix("Tensor")
        raise RuntimeError(f"linalg.matrix_norm: Low precision dtypes not supported. Got {title}")
    order = [d for d in range(A.dim()) if d not in (rows, columns)]
    S = svdvals(A.permute(*order, rows, columns))
    if ord == "nuc" or (S.shape[-1] == 0 and ord == 2):
        y = S.sum(-1)
    else:
        y = S.amax(-1) if ord == 2 else S.amin(-1)
    if keepdim:
        for d in sorted((rows, columns)):
            y = y.unsqueeze(d)
    return y


def matrix_norm(A, ord="fro", dim=(-2, -1), keepdim=False, *, dtype=None, out=None):
    """Norm of matrices.

    Parameters
    ----------
    A : Tensor
        Matrices in two of the dimensions of a floating point or complex tensor.
    ord : {'fro', 'nuc', inf, -inf, 1, -1, 2, -2}, optional
        Frobenius norm, sum of the singular values, extremum of the sums of rows (inf) or columns (1), extremum of the
        singular values (2).
    dim : tuple of int, optional
        The dimensions of the matrices.
    keepdim : bool, optional
        Keep them, of size one.
    dtype : dtype, optional
        Cast to this first.
    out : Tensor, optional
        Takes the result.

    Returns
    -------
    Tensor
        Real numbers.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.matrix_norm(ctorch.tensor([[1., -2.], [3., 4.]]), 1)
    tensor(6.)
    """
    _f._need_tensors(A)
    need_float(A, "linalg.matrix_norm")
    need_matrix(A, "linalg.matrix_norm")
    rows, columns = _matrix_dims(A, dim)
    if ord not in ("fro", "nuc", math.inf, -math.inf, 1, -1, 2, -2):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    A = _to_dtype(A, dtype, "linalg.matrix_norm")
    if ord == "fro" and columns == rows + 1 == A.dim() - 1 and not keepdim:
        y = _norm(A.flatten(-2), 2, [rows], False) if rows else _norm(A, 2, None, False)   # one dimension is quicker
    elif ord == "fro":
        y = _norm(A, 2, [rows, columns], keepdim)
    elif ord in ("nuc", 2, -2):
        y = _singular_norm(A, ord, rows, columns, keepdim)
    else:
        over, along = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = _norm(A, 1, [over], True)
        if sums.shape[along] == 0 and ord > 0:
            y = sums.sum(along, True)
        else:
            y = sums.amax(along, True) if ord > 0 else sums.amin(along, True)
        if not keepdim:
            y = y.squeeze((rows, columns))
    return _f._own(y) if out is None else _f._written(out, y, "linalg_matrix_norm")


def norm(A, ord=None, dim=None, keepdim=False, *, out=None, dtype=None):
    """Norm of a vector, of matrices, or of all elements.

    Parameters
    ----------
    A : Tensor
        A floating point or complex tensor.
    ord : int, float or str, optional
        As for `matrix_norm` where there are two dimensions, else as for `vector_norm`; without it, the root of the sum
        of squares.
    dim : int or tuple of int, optional
        One dimension of vectors or two of matrices.
    keepdim : bool, optional
        Keep them, of size one.
    dtype : dtype, optional
        Cast to this first.
    out : Tensor, optional
        Takes the result.

    Returns
    -------
    Tensor
        Real numbers.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.norm(ctorch.tensor([[3., 0.], [0., 4.]]), 'nuc')
    tensor(7.)
    """
    _f._need_tensors(A)
    if dim is not None and ord is not None:
        dims = (dim,) if isinstance(dim, int) else tuple(dim)
        if len(dims) not in (1, 2):
            raise RuntimeError(f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(dims)}")
    elif ord is not None and A.dim() not in (1, 2):
        raise RuntimeError("linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got "
                           f"{A.dim()}D.")
    if isinstance(ord, str) or (ord is not None and (A.dim() if dim is None else len(dims)) == 2):
        y = matrix_norm(A, ord, (0, 1) if dim is None else dim, keepdim, dtype=dtype)
    else:
        y = vector_norm(A, 2 if ord is None else ord, dim, keepdim, dtype=dtype)
    return y if out is None else _f._written(out, y, "linalg_norm")


def cond(A, p=None, *, out=None):
    """Condition number of matrices: the norm of the matrix times that of its inverse.

    Parameters
    ----------
    A : Tensor
        Matrices (..., m, n), square but for the orders 2 and -2.
    p : {None, 'fro', 'nuc', inf, -inf, 1, -1, 2, -2}, optional
        Order of the norm, 2 by default.
    out : Tensor, optional
        Takes the result.

    Returns
    -------
    Tensor
        Real numbers, infinite where a matrix is singular.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.linalg.cond(ctorch.tensor([[1., 0.], [0., 4.]]))
    tensor(4.)
    """
    _f._need_tensors(A)
    need_matrix(A, "linalg.cond")
    known = ("fro", "nuc") if isinstance(p, str) else (None, math.inf, -math.inf, 1, -1, 2, -2)
    if p not in known:
        raise RuntimeError(f"linalg.cond got an invalid norm type: {p}")
    if p in (None, 2, -2):
        if A.numel() == 0:
            S = svdvals(A)
            y = S.sum(-1) if S.shape[-1] == 0 else S[..., 0]
        else:
            S = svdvals(A)
            y = S[..., -1] / S[..., 0] if p == -2 else S[..., 0] / S[..., -1]
    elif A.numel() == 0 and not isinstance(p, str):
        y = matrix_norm(A, "fro")
    else:
        need_square(A, f"linalg.cond(ord={p})")
        if A.numel() == 0:
            y = matrix_norm(A, "fro")
        else:
            inverse, info = _f._linalg_inv(A, False, "linalg.cond")
            y = matrix_norm(A, p) * matrix_norm(ctorch.where((info > 0)[..., None, None], 0.0, inverse), p)
            y = ctorch.where(info > 0, math.inf, y)
    return y if out is None else _f._written(out, y, "linalg_cond")
