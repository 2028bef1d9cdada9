"""Derivatives of table rows that are easiest said with other operators.

The generated backward functions call these; under ``create_graph`` they are recorded like anything else.
"""
import ctorch


def _dims(dim, ndim):
    if dim is None or (isinstance(dim, tuple | list) and len(dim) == 0):
        return tuple(range(ndim))
    dims = dim if isinstance(dim, tuple | list) else (dim,)
    return tuple(sorted(d % ndim if ndim else 0 for d in dims))


def _kept(g, shape, dim, keepdim):
    """g with the reduced dimensions put back in, of size one."""
    if keepdim or not shape:
        return g
    dims = _dims(dim, len(shape))
    return g.reshape([1 if i in dims else s for i, s in enumerate(shape)])


def expand_reduced(g, shape, dim, keepdim):
    """Gradient of a sum: g stretched over what was summed."""
    return _kept(g, shape, dim, keepdim).expand(shape)


def mean_backward(g, shape, dim, keepdim):
    """Gradient of a mean: g shared out over what was averaged."""
    count = 1
    for d in _dims(dim, len(shape)) if shape else ():
        count *= shape[d]
    return (expand_reduced(g, shape, dim, keepdim)) / max(count, 1)


def prod_backward(g, x, y, dim, keepdim):
    """Gradient of a product, right where factors are zero: one zero leaves its own factor's gradient."""
    shape = x.shape
    g, y = _kept(g, shape, dim, keepdim), _kept(y, shape, dim, keepdim)
    zero = x == 0
    dims = _dims(dim, x.ndim)
    zeros = zero.sum(dims, True) if shape else zero.long()
    if not bool((zeros > 0).any()):
        return g * (y / x).conj()
    ones = ctorch.where(zero, ctorch.ones_like(x), x)
    rest = ones
    for d in reversed(dims if shape else ()):
        rest = rest.prod(d, True)
    alone = ctorch.where(zero & (zeros == 1), rest.expand(shape), ctorch.zeros_like(x))
    return g * ctorch.where(zeros == 0, y / ones, alone).conj()


def extremum_backward(g, x, y, dim, keepdim):
    """Gradient of amax and amin: shared evenly among ties."""
    shape = x.shape
    if not shape:
        return g
    g, y = _kept(g, shape, dim, keepdim), _kept(y, shape, dim, keepdim)
    mask = (x == y).to(g.dtype)
    return g * mask / mask.sum(_dims(dim, len(shape)), True)
