"""Tensors from numbers, sequences and other libraries' arrays."""
import ctorch

__all__ = ["arange", "asarray", "empty", "empty_like", "eye", "from_dlpack", "full", "full_like", "linspace",
           "meshgrid", "ones", "ones_like", "tril", "triu", "zeros", "zeros_like"]


def asarray(obj, /, *, dtype=None, device=None, copy=None):
    """A tensor of numbers, nested sequences or an array; the same memory where it can be, unless `copy` says."""
    if isinstance(obj, ctorch.Tensor):
        if copy is False and (dtype not in (None, obj.dtype)
                              or (device is not None and ctorch.device(device) != obj.device)):
            raise ValueError("asarray: another dtype or device needs a copy, but copy=False")
        return obj.to(dtype=dtype, device=device, copy=bool(copy))
    if isinstance(obj, list | tuple) and any(isinstance(v, ctorch.Tensor) for v in obj):
        if copy is False:
            raise ValueError("asarray: a sequence of tensors needs a copy, but copy=False")
        from ._manipulation import stack
        return asarray(stack([asarray(v, device=device) for v in obj]), dtype=dtype)
    return ctorch.asarray(obj, dtype=dtype, device=device, copy=copy)


def from_dlpack(x, /, *, device=None, copy=None):
    """A tensor over the memory of an object with ``__dlpack__``."""
    return ctorch.from_dlpack(x, device=device, copy=copy)


def arange(start, /, stop=None, step=1, *, dtype=None, device=None):
    """Numbers from start to stop (not included) in steps; none where the step leads away from stop."""
    if stop is None:
        start, stop = 0, start
    if (stop - start) * step < 0:
        whole = all(isinstance(v, int) for v in (start, stop, step))
        return empty((0,), dtype=dtype or (ctorch.int64 if whole else None), device=device)
    return ctorch.arange(start, stop, step, dtype=dtype, device=device)


def empty(shape, *, dtype=None, device=None):
    """A tensor with whatever was in its memory."""
    return ctorch.empty(shape, dtype=dtype, device=device)


def zeros(shape, *, dtype=None, device=None):
    """A tensor of zeros."""
    return ctorch.zeros(shape, dtype=dtype, device=device)


def ones(shape, *, dtype=None, device=None):
    """A tensor of ones."""
    return ctorch.ones(shape, dtype=dtype, device=device)


def full(shape, fill_value, *, dtype=None, device=None):
    """A tensor of one value."""
    return ctorch.full((shape,) if isinstance(shape, int) else shape, fill_value, dtype=dtype, device=device)


def empty_like(x, /, *, dtype=None, device=None):
    """A tensor of another's shape, with whatever was in its memory."""
    return ctorch.empty_like(x, dtype=dtype, device=device)


def zeros_like(x, /, *, dtype=None, device=None):
    """Zeros in another's shape."""
    return ctorch.zeros_like(x, dtype=dtype, device=device)


def ones_like(x, /, *, dtype=None, device=None):
    """Ones in another's shape."""
    return ctorch.ones_like(x, dtype=dtype, device=device)


def full_like(x, /, fill_value, *, dtype=None, device=None):
    """One value in another's shape."""
    return ctorch.full_like(x, fill_value, dtype=dtype, device=device)


def eye(n_rows, n_cols=None, /, *, k=0, dtype=None, device=None):
    """Ones on the k-th diagonal of a matrix of zeros."""
    columns = n_rows if n_cols is None else n_cols
    if k == 0:
        return ctorch.eye(n_rows, columns, dtype=dtype, device=device)
    values = zeros((n_rows, columns), dtype=dtype, device=device)
    if -n_rows < k < columns:
        values.diagonal(k).fill_(1)
    return values


def linspace(start, stop, /, num, *, dtype=None, device=None, endpoint=True):
    """`num` numbers from start to stop, evenly spaced."""
    if isinstance(start, complex) or isinstance(stop, complex):
        start, stop = complex(start), complex(stop)
        real = None if dtype is None else dtype.to_real()
        parts = [linspace(a, b, num, dtype=real, device=device, endpoint=endpoint)
                 for a, b in ((start.real, stop.real), (start.imag, stop.imag))]
        return ctorch.complex(*parts)
    if dtype is not None and dtype.is_complex:
        return linspace(start, stop, num, dtype=dtype.to_real(), device=device, endpoint=endpoint).to(dtype)
    steps = num if endpoint else num + 1
    return ctorch.linspace(start, stop, steps, dtype=dtype, device=device)[:num]


def meshgrid(*arrays, indexing="xy"):
    """Coordinates of a grid, a tensor for each of some vectors."""
    return list(ctorch.meshgrid(*[a.reshape(-1) for a in arrays], indexing=indexing)) if arrays else []


def tril(x, /, *, k=0):
    """The part of matrices on and below the k-th diagonal."""
    return ctorch.tril(x, k)


def triu(x, /, *, k=0):
    """The part of matrices on and above the k-th diagonal."""
    return ctorch.triu(x, k)
