"""The masked operations: each fills what is masked out with a value that does not count, then does the plain one."""
import builtins
import math

import ctorch


def _checked(mask, input, name="mask"):
    if not isinstance(mask, ctorch.Tensor):
        raise TypeError(f"{name} must be a Tensor, not {type(mask).__name__}")
    if mask.dim() > input.dim():
        raise IndexError("_input_mask expected broadcastable mask (got mask dimensionality higher than of the input)")
    return mask.to(ctorch.bool)


def _filled(input, mask, value):
    if mask is None:
        return input
    return ctorch.where(_checked(mask, input), input, ctorch.tensor(value, dtype=input.dtype, device=input.device))


def _dims(dim, ndim):
    if dim is None or (isinstance(dim, tuple | list) and not dim):
        return tuple(builtins.range(ndim))
    dims = []
    for d in dim if isinstance(dim, tuple | list) else (dim,):
        low, high = (-ndim, ndim - 1) if ndim else (-1, 0)
        if not low <= d <= high:
            raise IndexError(f"Dimension out of range (expected to be in range of [{low}, {high}], but got {d})")
        d = d % ndim if ndim else 0
        if d in dims:
            raise RuntimeError(f"dim={d} appears multiple times in the list of dims")
        dims.append(d)
    return tuple(dims) if ndim else ()


def _cast(input, dtype, sums=False):
    if dtype is not None:
        return input.to(dtype)
    whole = not (input.is_floating_point() or input.is_complex())
    return input.to(ctorch.int64) if sums and whole else input


def _lowest(dtype):
    if dtype.is_floating_point:
        return -math.inf
    return False if dtype == ctorch.bool else ctorch.iinfo(dtype).min


def _highest(dtype):
    if dtype.is_floating_point:
        return math.inf
    return True if dtype == ctorch.bool else ctorch.iinfo(dtype).max


def _count(input, mask, dims, keepdim):
    mask = ctorch.ones((), dtype=ctorch.bool, device=input.device) if mask is None else _checked(mask, input)
    mask = mask.expand(input.shape)
    return mask.sum(dims, keepdim) if dims else mask.to(ctorch.int64)


def sum(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """Sum over dimensions; zero where all is masked out.

    See https://docs.pytorch.org/docs/stable/masked.html

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.tensor([[1., 2.], [3., 4.]])
    >>> ctorch.masked.sum(x, 1, mask=x > 1)
    tensor([2., 7.])
    """
    x = _filled(_cast(input, dtype, True), mask, 0)
    dims = _dims(dim, x.dim())
    return x.sum(dims, keepdim) if dims else x.clone()


def prod(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """Product over dimensions; one where all is masked out."""
    x = _filled(_cast(input, dtype, True), mask, 1)
    for d in sorted(_dims(dim, x.dim()), reverse=True):
        x = x.prod(d, keepdim)
    return x


def amax(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """Largest element over dimensions; the lowest number where all is masked out."""
    x = _cast(input, dtype)
    x = _filled(x, mask, _lowest(x.dtype))
    dims = _dims(dim, x.dim())
    return x.amax(dims, keepdim) if x.dim() else x.clone()


def amin(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """Smallest element over dimensions; the highest number where all is masked out."""
    x = _cast(input, dtype)
    x = _filled(x, mask, _highest(x.dtype))
    dims = _dims(dim, x.dim())
    return x.amin(dims, keepdim) if x.dim() else x.clone()


def argmax(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """Place of the largest element, in the input's dtype unless another is given."""
    x = input
    return ctorch.argmax(_filled(x, mask, _lowest(x.dtype)), dim, keepdim).to(dtype or x.dtype)


def argmin(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """Place of the smallest element, in the input's dtype unless another is given."""
    x = input
    return ctorch.argmin(_filled(x, mask, _highest(x.dtype)), dim, keepdim).to(dtype or x.dtype)


def mean(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """Mean over dimensions; NaN where all is masked out."""
    x = _cast(input, dtype)
    if not (x.is_floating_point() or x.is_complex()):
        raise ValueError("mean expects a floating point or complex dtype; give dtype for whole numbers")
    dims = _dims(dim, x.dim())
    return sum(x, dims, keepdim=keepdim, mask=mask) / _count(x, mask, dims, keepdim)


def median(input, dim=-1, *, keepdim=False, dtype=None, mask=None):
    """Median along a dimension; NaN where all is masked out."""
    x = _cast(input, dtype)
    if not x.is_floating_point():
        raise ValueError("input must be a floating point tensor for the masked median")
    if mask is None:
        return ctorch.median(x, dim, keepdim).values
    if bool(x.isnan().any()):
        raise ValueError("masked median expected no fully masked out rows if input has NaN")
    return ctorch.nanmedian(_filled(x, mask, math.nan), dim, keepdim).values


def norm(input, ord=2.0, dim=None, *, keepdim=False, dtype=None, mask=None):
    """p-norm over dimensions; zero where all is masked out, infinite for ord=-inf."""
    x = _cast(input, dtype)
    x = _filled(x, mask, math.inf if ord is not None and ord < 0 else 0)
    dims = _dims(dim, x.dim())
    return ctorch.norm(x, 2.0 if ord is None else float(ord), dims if x.dim() else None, keepdim)


def normalize(input, ord, dim, *, eps=1e-12, dtype=None, mask=None):
    """The elements along a dimension divided by their p-norm, or by eps where that is larger."""
    x = _cast(input, dtype)
    size = norm(x, ord, dim, keepdim=True, mask=mask)
    return _filled(x, mask, 0) / size.clamp_min(eps)


def _moments(input, dim, unbiased, correction, keepdim, dtype, mask, root):
    if unbiased is not None and correction is not None:
        raise ValueError("only one of unbiased and correction may be given")
    correction = (1 if unbiased in (None, True) else 0) if correction is None else correction
    x = input.to(dtype) if dtype is not None else input
    if not (x.is_floating_point() or x.is_complex()):
        x = x.to(ctorch.float32)
    dims = _dims(dim, x.dim())
    if mask is None:
        return (ctorch.std if root else ctorch.var)(x, dims or None, correction=correction, keepdim=keepdim)
    count = _count(x, mask, dims, True)
    deviation = x - sum(x, dims, keepdim=True, mask=mask) / count
    squares = (deviation * deviation.conj()).real if x.is_complex() else deviation * deviation
    total = sum(squares, dims, keepdim=keepdim, mask=mask)
    count = count if keepdim else count.reshape(total.shape)
    free = (count - correction).clamp_min(0) if correction else count
    spread = total / free
    return spread.sqrt() if root else spread


def var(input, dim=None, unbiased=None, *, correction=None, keepdim=False, dtype=None, mask=None):
    """Variance over dimensions."""
    return _moments(input, dim, unbiased, correction, keepdim, dtype, mask, False)


def std(input, dim=None, unbiased=None, *, correction=None, keepdim=False, dtype=None, mask=None):
    """Standard deviation over dimensions."""
    return _moments(input, dim, unbiased, correction, keepdim, dtype, mask, True)


def logsumexp(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """Logarithm of the sum of exponentials; minus infinity where all is masked out."""
    lowest = -math.inf if input.is_complex() else _lowest(input.dtype)
    x = _floats(_filled(input, mask, lowest), None)
    dims = _dims(dim, x.dim())
    return ctorch.logsumexp(x, dims, keepdim).to(dtype or input.dtype)


def _floats(input, dtype):
    x = _cast(input, dtype)
    return x if x.is_floating_point() or x.is_complex() else x.to(ctorch.get_default_dtype())


def logaddexp(input, other, *, dtype=None, input_mask=None, other_mask=None):
    """Logarithm of the sum of two exponentials, where either may be masked out."""
    x, y = _cast(input, dtype), _cast(other, dtype)
    return ctorch.logaddexp(_filled(x, input_mask, -math.inf), _filled(y, other_mask, -math.inf))


def softmax(input, dim, *, dtype=None, mask=None):
    """Exponentials along a dimension, scaled to sum to one; NaN where all is masked out."""
    return ctorch.softmax(_filled(_floats(input, dtype), mask, -math.inf), dim)


def log_softmax(input, dim, *, dtype=None, mask=None):
    """Logarithm of softmax."""
    return ctorch.log_softmax(_filled(_floats(input, dtype), mask, -math.inf), dim)


def softmin(input, dim, *, dtype=None, mask=None):
    """Softmax of the negative elements."""
    return ctorch.softmax(-_filled(_floats(input, dtype), mask, math.inf), dim)


def cumsum(input, dim, *, dtype=None, mask=None):
    """Running sums along a dimension."""
    return ctorch.cumsum(_filled(_cast(input, dtype, True), mask, 0), dim)


def cumprod(input, dim, *, dtype=None, mask=None):
    """Running products along a dimension."""
    return ctorch.cumprod(_filled(_cast(input, dtype, True), mask, 1), dim)
