"""The matrix: a pattern of places, kept as NumPy's arrays for SciPy and as tensors for derivatives, and a tensor."""
import numpy as np

import ctorch
from ctorch.scipy._calls import as_float, numbers
from ctorch.scipy._pure import Transposed


def _whole(name, x):
    array = np.asarray(x.detach().cpu().numpy() if isinstance(x, ctorch.Tensor) else x)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(f"csr_array: {name} must be whole numbers along one dimension, got shape {array.shape} and "
                         f"dtype {array.dtype}")
    return array.astype(np.int64)


class Pattern:
    """Where the values of a CSR matrix are."""

    def __init__(self, indices, indptr, shape):
        self.indices, self.indptr = _whole("indices", indices), _whole("indptr", indptr)
        if shape is None:
            shape = (len(self.indptr) - 1, int(self.indices.max(initial=-1)) + 1)
        self.shape = tuple(int(n) for n in shape)
        self._check()
        self.rows = ctorch.from_numpy(np.repeat(np.arange(self.shape[0]), np.diff(self.indptr)))
        self.columns = ctorch.from_numpy(self.indices)

    def _check(self):
        rows, columns = self.shape
        if len(self.indptr) != rows + 1:
            raise ValueError(f"csr_array: indptr must have {rows + 1} elements for the {rows} rows of shape "
                             f"{self.shape}, got {len(self.indptr)}")
        if self.indptr[0] != 0 or (np.diff(self.indptr) < 0).any() or self.indptr[-1] != len(self.indices):
            raise ValueError(f"csr_array: indptr must rise from 0 to the number of indices, {len(self.indices)}")
        if len(self.indices) and (self.indices.min() < 0 or self.indices.max() >= columns):
            raise ValueError(f"csr_array: indices must be from 0 to {columns - 1} for the {columns} columns of shape "
                             f"{self.shape}, got some from {self.indices.min()} to {self.indices.max()}")

    def matrix(self, values, transposed):
        """SciPy's matrix; the transposed one in CSC form, of the same arrays."""
        from scipy import sparse

        if transposed:
            return sparse.csc_array((values, self.indices, self.indptr), shape=self.shape[::-1])
        return sparse.csr_array((values, self.indices, self.indptr), shape=self.shape)

    def outer(self, left, right, transposed):
        """Values at the pattern of the product of a column by a row, summed over further columns; differentiable."""
        rows, columns = (self.columns, self.rows) if transposed else (self.rows, self.columns)
        rows, columns = rows.to(left.device), columns.to(left.device)
        found = left.index_select(0, rows) * right.index_select(0, columns).conj()
        return found.sum(1) if found.dim() == 2 else found


def matched(data, b):
    """Both tensors in the wide dtype that they share."""
    wide = ctorch.complex128 if data.is_complex() or b.is_complex() else ctorch.float64
    return data.to(wide), b.to(wide)


def narrowed(x, data, b):
    """A result of `matched` tensors in the dtype that theirs have in common."""
    return x.to(ctorch.promote_types(data.dtype, b.dtype))


class _Product(Transposed):
    """The matrix of some values, or its transpose, by a vector or a matrix."""

    @staticmethod
    def forward(pattern, transposed, data, x):
        product = pattern.matrix(numbers(data), transposed) @ numbers(x)
        return ctorch.from_numpy(np.ascontiguousarray(product)).to(x.device)

    @staticmethod
    def setup_context(ctx, inputs, y):
        ctx.pattern, ctx.transposed, data, x = inputs
        Transposed.keep(ctx, (data, x), (), y)

    @staticmethod
    def backward(ctx, g):
        pattern, transposed = ctx.pattern, ctx.transposed
        data, x = ctx.saved_tensors
        of_data = of_x = None
        if ctx.needs_input_grad[2]:
            of_data = pattern.outer(g, x, transposed)
        if ctx.needs_input_grad[3]:
            of_x = _Product.apply(pattern, not transposed, data.conj().resolve_conj(), g)
        return None, None, of_data, of_x

    @staticmethod
    def vmap(info, in_dims, pattern, transposed, data, x):
        if in_dims[2] is not None:
            return Transposed.vmap(info, in_dims)
        columns = x.movedim(in_dims[3], -1)              # the same matrix: more columns
        y = _Product.apply(pattern, transposed, data, columns.reshape(len(columns), -1))
        return y.reshape(len(y), *columns.shape[1:]), columns.dim() - 1


class csr_array:
    """A sparse matrix by rows, as SciPy's class of the same name, with a tensor of values that may need gradients.

    The gradient of the values has their length: it is that of the matrix at the places of its pattern, the others being
    zero and staying so. Values at one place several times are summed.

    Parameters
    ----------
    data_indices_indptr : tuple, or sparse array of SciPy
        ``(data, indices, indptr)``: the values, their columns, and where the values of each row begin.
    shape : (int, int), optional
        Of the matrix; by default the smallest that holds all columns.

    Examples
    --------
    >>> import ctorch
    >>> data = ctorch.tensor([2., 1., 3.], requires_grad=True)
    >>> A = ctorch.scipy.sparse.csr_array((data, [0, 1, 1], [0, 2, 3]), shape=(2, 2))
    >>> A.to_dense().detach()
    tensor([[2., 1.],
            [0., 3.]])
    >>> (A @ ctorch.tensor([1., 10.])).sum().backward()
    >>> data.grad
    tensor([ 1., 10., 10.])
    """

    def __init__(self, data_indices_indptr, shape=None):
        given = data_indices_indptr
        if hasattr(given, "tocsr"):
            matrix = given.tocsr()
            given, shape = (matrix.data, matrix.indices, matrix.indptr), matrix.shape
        if not isinstance(given, tuple) or len(given) != 3:
            raise TypeError("csr_array: expected (data, indices, indptr) or a sparse array of SciPy, got "
                            f"{type(given).__name__}{f' of {len(given)}' if isinstance(given, tuple) else ''}")
        data, indices, indptr = given
        self.data = as_float("csr_array", "data", data)
        self._transposed = False
        self._pattern = Pattern(indices, indptr, shape)
        if self.data.shape != (len(self._pattern.indices),):
            raise ValueError(f"csr_array: data must have one value for each of the {len(self._pattern.indices)} "
                             f"indices, got shape {tuple(self.data.shape)}")

    @property
    def shape(self):
        """Rows and columns."""
        shape = self._pattern.shape
        return shape[::-1] if self._transposed else shape

    @property
    def dtype(self):
        """dtype of the values."""
        return self.data.dtype

    @property
    def nnz(self):
        """Number of values."""
        return len(self._pattern.indices)

    @property
    def T(self):
        """The transposed matrix, of the same values and pattern."""
        other = object.__new__(csr_array)
        other.data, other._pattern, other._transposed = self.data, self._pattern, not self._transposed
        return other

    def __repr__(self):
        return f"csr_array(shape={self.shape}, nnz={self.nnz}, dtype={self.dtype}" \
               f"{', requires_grad=True' if self.data.requires_grad else ''})"

    def __matmul__(self, x):
        if not isinstance(x, ctorch.Tensor):
            return NotImplemented
        if x.dim() not in (1, 2) or x.shape[0] != self.shape[1]:
            raise ValueError(f"csr_array @ x: x must have {self.shape[1]} rows for the matrix of shape {self.shape}, "
                             f"and one dimension or two, got shape {tuple(x.shape)}")
        x = as_float("csr_array @ x", "x", x, True)
        return narrowed(_Product.apply(self._pattern, self._transposed, *matched(self.data, x)), self.data, x)

    def to_dense(self):
        """The matrix as a tensor; differentiable.

        Returns
        -------
        Tensor
        """
        pattern, device = self._pattern, self.data.device
        empty = ctorch.zeros(pattern.shape, dtype=self.dtype, device=device)
        dense = empty.index_put((pattern.rows.to(device), pattern.columns.to(device)), self.data, accumulate=True)
        return dense.T if self._transposed else dense

    def to_scipy(self):
        """The matrix as SciPy has it, outside of the graph.

        Returns
        -------
        scipy.sparse.csr_array or scipy.sparse.csc_array
            The latter of a transposed matrix.
        """
        return self._pattern.matrix(self.data.detach().cpu().numpy().copy(), self._transposed)
