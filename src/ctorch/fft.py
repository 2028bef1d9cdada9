"""Discrete Fourier transforms, as ``torch.fft`` has them.

Each function pads or trims its input and hands it to one of three rows of the table: complex to complex, real to
complex, complex to real.
"""
import math

import ctorch
from ctorch import _functions as _f
from ctorch import _shape

__all__ = [
    "fft",
    "fft2",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "hfft2",
    "hfftn",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ihfft",
    "ihfft2",
    "ihfftn",
    "irfft",
    "irfft2",
    "irfftn",
    "rfft",
    "rfft2",
    "rfftfreq",
    "rfftn",
]

_TITLES = {"float16": "Half", "bfloat16": "BFloat16", "complex64": "ComplexFloat", "complex128": "ComplexDouble"}
_NONE, _ROOT, _WHOLE = 0, 1, 2              # scales: none, 1/sqrt(n), 1/n


# ---- arguments

def _scale(norm, forward):
    if norm is None or norm == "backward":
        return _NONE if forward else _WHOLE
    if norm == "forward":
        return _WHOLE if forward else _NONE
    if norm == "ortho":
        return _ROOT
    raise RuntimeError(f'Invalid normalization mode: "{norm}"')


def _number(x, name, real=False):
    # The input in a dtype that has transforms.
    if not isinstance(x, ctorch.Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(x).__name__}")
    if x.is_complex():
        if real:
            raise RuntimeError(f"{name} expects a real input tensor, but got {_TITLES[x.dtype.name]}")
        return x
    if not x.is_floating_point():
        return x.to(ctorch.get_default_dtype())
    if x.dtype.name in _TITLES:
        raise RuntimeError(f"Unsupported dtype {_TITLES[x.dtype.name]}")
    return x


def _complex(x):
    if x.is_complex():
        return x
    return x.to(ctorch.complex128 if x.dtype == ctorch.float64 else ctorch.complex64)


def _dim(d, ndim):
    if ndim == 0:
        raise IndexError(f"Dimension specified as {d} but tensor has no dimensions")
    return _shape.wrap(d, ndim, "fft")


def _axes(x, s, dim):
    # Dimensions and the sizes that they are brought to.
    ndim = x.dim()
    s = s if s is None else _shape.need_ints(s, "fft", "s")
    if dim is None:
        if s is not None and len(s) > ndim:
            raise RuntimeError(f"Got shape with {len(s)} values but input tensor only has {ndim} dimensions.")
        dims = list(range(ndim if s is None else len(s)))
        dims = [d + ndim - len(dims) for d in dims]
    else:
        dims = [_dim(d, ndim) for d in _shape.need_ints(dim, "fft", "dim")]
        if len(set(dims)) != len(dims):
            raise RuntimeError("FFT dims must be unique")
    if s is not None and len(s) != len(dims):
        raise RuntimeError("When given, dim and shape arguments must have the same length")
    sizes = [x.shape[d] if s is None or s[i] == -1 else s[i] for i, d in enumerate(dims)]
    return dims, [_positive(n) for n in sizes]


def _positive(n):
    n = _shape.need_int(n, "fft", "n")
    if n < 1:
        raise RuntimeError(f"Invalid number of data points ({n}) specified")
    return n


def _resized(x, dims, sizes):
    # Trimmed or padded with zeros at the ends.
    for d, n in zip(dims, sizes):
        have = x.shape[d]
        if have > n:
            x = x.narrow(d, 0, n)
        elif have < n:
            missing = [n - have if i == d else m for i, m in enumerate(x.shape)]
            x = ctorch.cat([x, ctorch.zeros(missing, dtype=x.dtype, device=x.device)], d)
    return x


# ---- the transforms, for any number of dimensions

def _c2c(name, x, dims, sizes, norm, forward):
    scale = _scale(norm, forward)
    if not dims:
        return _complex(x)
    x = _resized(x, dims, sizes)
    if forward and not x.is_complex():
        return _f._fft_r2c(x, tuple(dims), scale, False)
    return _f._fft_c2c(_complex(x), tuple(dims), scale, forward)


def _r2c(name, x, dims, sizes, norm, forward):
    # The inverse is that of hfft: the conjugate, with the inverse's scale.
    scale = _scale(norm, forward)
    if not dims:
        raise RuntimeError(f"{name} must transform at least one axis")
    x = _resized(x, dims, sizes)
    if forward:
        return _f._fft_r2c(x, tuple(dims), scale, True)
    y = _f.conj(_f._fft_r2c(x, (dims[-1],), scale, True))
    return _f._fft_c2c(y, tuple(dims[:-1]), scale, False) if len(dims) > 1 else y


def _c2r(name, x, dims, s, norm, forward):
    # `s` holds the sizes of the result; the last dimension of the input has half of them and one.
    scale = _scale(norm, forward)
    if not dims:
        raise RuntimeError(f"{name} must transform at least one axis")
    x = _resized(_complex(x), dims, [*s[:-1], s[-1] // 2 + 1])
    if not forward:
        return _f._fft_c2r(x, tuple(dims), scale, s[-1])
    if len(dims) > 1:
        x = _f._fft_c2c(x, tuple(dims[:-1]), scale, True)
    return _f._fft_c2r(_f.conj(x), (dims[-1],), scale, s[-1])


def _real_sizes(x, s, dim):
    # Dimensions and sizes of a real result: an odd size cannot be seen from the input, so it is even.
    dims, sizes = _axes(x, s, dim)
    given = None if s is None else (s,) if isinstance(s, int) else s
    if dims and (given is None or given[-1] == -1):
        sizes[-1] = _positive(2 * (x.shape[dims[-1]] - 1))
    return dims, sizes


def _plainly(transform, input, dim, forward):
    """The result where nothing is resized, cast or refused, which is so for most calls; None elsewhere."""
    if type(input) is not ctorch.Tensor or not input.numel():
        return None
    ndim = input.ndim
    dims = tuple(range(ndim)) if dim is None else (dim,) if type(dim) is int else tuple(dim)
    if not dims or not all(-ndim <= d < ndim for d in dims):
        return None
    dims = tuple([d % ndim for d in dims])
    if len(dims) > 1 and len({*dims}) != len(dims):
        return None
    if transform is _c2c and input.is_complex():
        return _f._fft_c2c(input, dims, _NONE if forward else _WHOLE, forward)
    if transform is _r2c and forward and input.dtype in (ctorch.float32, ctorch.float64):
        return _f._fft_r2c(input, dims, _NONE, True)
    return None


def _one(name, transform, input, n, dim, norm, forward, out):
    if n is None and norm is None and out is None and (y := _plainly(transform, input, dim, forward)) is not None:
        return y
    x = _number(input, name, transform is _r2c)
    dims = [_dim(dim, x.dim())]
    size = n if n is not None else 2 * (x.shape[dims[0]] - 1) if transform is _c2r else x.shape[dims[0]]
    return _f._result_in(out, transform(name, x, dims, [_positive(size)], norm, forward), name)


def _many(name, transform, input, s, dim, norm, forward, out):
    if s is None and norm is None and out is None and (y := _plainly(transform, input, dim, forward)) is not None:
        return y
    x = _number(input, name, transform is _r2c)
    dims, sizes = _real_sizes(x, s, dim) if transform is _c2r else _axes(x, s, dim)
    return _f._result_in(out, transform(name, x, dims, sizes, norm, forward), name)


# ---- the public functions

_SUMMARY = {
    "fft": "Discrete Fourier transform{over}.",
    "ifft": "Inverse discrete Fourier transform{over}.",
    "rfft": "Discrete Fourier transform of real numbers{over}, without the half that is a mirror image.",
    "irfft": "Inverse of `rfft{end}`: real numbers of half of their transform{over}.",
    "hfft": "Discrete Fourier transform{over} of numbers whose other half is a mirror image; the result is real.",
    "ihfft": "Inverse of `hfft{end}`: half of the inverse transform of real numbers{over}.",
}
_TRANSFORMS = {"fft": (_c2c, True), "ifft": (_c2c, False), "rfft": (_r2c, True), "irfft": (_c2r, False),
               "hfft": (_c2r, True), "ihfft": (_r2c, False)}
_DOC = """{summary}

Parameters
----------
input : Tensor
    Numbers to transform.
{sizes}
norm : str, optional
    Which direction is scaled by 1/n: "backward" (the default) or "forward"; "ortho" scales both by 1/sqrt(n).
out : Tensor, optional
    Where to put the result.

Returns
-------
Tensor

See https://docs.pytorch.org/docs/stable/generated/torch.fft.{name}.html

Examples
--------
>>> import ctorch
>>> ctorch.fft.{name}(ctorch.ones({shape})).shape
{result}
"""
_ONE = """n : int, optional
    Size that the dimension is trimmed or padded to; for a real result, the size of the result.
dim : int
    Dimension to transform."""
_MANY = """s : sequence of int, optional
    Sizes that the dimensions are trimmed or padded to; for a real result, the sizes of the result.
dim : sequence of int, optional
    Dimensions to transform."""


def _documented(function, name, kind, over, sizes):
    shape = [4, 6] if kind in name and name != kind else [6]
    last = {"rfft": 4, "ihfft": 4, "irfft": 10, "hfft": 10}.get(kind, 6)
    function.__name__ = function.__qualname__ = name
    function.__doc__ = _DOC.format(summary=_SUMMARY[kind].format(over=over, end=name[len(kind):]), name=name,
                                   sizes=sizes, shape=", ".join(map(str, shape)),
                                   result=f"torch.Size({[*shape[:-1], last]})")
    return function


def _made(kind):
    """The functions of one kind: over one dimension, two, any."""
    transform, forward = _TRANSFORMS[kind]

    def one(input, n=None, dim=-1, norm=None, *, out=None):
        return _one(f"{kind}", transform, input, n, dim, norm, forward, out)

    def two(input, s=None, dim=(-2, -1), norm=None, *, out=None):
        return _many(f"{kind}2", transform, input, s, dim, norm, forward, out)

    def many(input, s=None, dim=None, norm=None, *, out=None):
        return _many(f"{kind}n", transform, input, s, dim, norm, forward, out)

    return (_documented(one, kind, kind, " over one dimension", _ONE),
            _documented(two, f"{kind}2", kind, " over two dimensions", _MANY),
            _documented(many, f"{kind}n", kind, " over several dimensions", _MANY))


fft, fft2, fftn = _made("fft")
ifft, ifft2, ifftn = _made("ifft")
rfft, rfft2, rfftn = _made("rfft")
irfft, irfft2, irfftn = _made("irfft")
hfft, hfft2, hfftn = _made("hfft")
ihfft, ihfft2, ihfftn = _made("ihfft")


def _frequencies(half, n, d, dtype, device, requires_grad, out):
    """Frequencies of all n elements, those of the second half negative, or of the first half and one."""
    if dtype is None:
        dtype = ctorch.get_default_dtype() if out is None else out.dtype
    if not (dtype.is_floating_point or dtype.is_complex):
        raise RuntimeError(f"fftfreq requires a floating point or complex dtype, got {dtype}")
    exact = dtype in (ctorch.float32, ctorch.float64) and n <= 1 << 24
    result = ctorch.arange(n // 2 + 1 if half else n, dtype=dtype if exact else ctorch.int64)
    if not half:
        result[(n + 1) // 2:] -= n
    scale = 1.0 / (n * d) if n * d else math.copysign(math.inf, n * d)
    result = result.mul_(scale) if exact else result.to(dtype) * scale
    return _f._result_in(out, result if device is None else result.to(device), "fftfreq").requires_grad_(requires_grad)


def fftfreq(n, d=1.0, *, out=None, dtype=None, layout=None, device=None, requires_grad=False):
    """Frequencies of the elements of a transform of n samples at distance d.

    See https://docs.pytorch.org/docs/stable/generated/torch.fft.fftfreq.html

    Examples
    --------
    >>> import ctorch
    >>> ctorch.fft.fftfreq(4)
    tensor([ 0.0000,  0.2500, -0.5000, -0.2500])
    """
    return _frequencies(False, n, d, dtype, device, requires_grad, out)


def rfftfreq(n, d=1.0, *, out=None, dtype=None, layout=None, device=None, requires_grad=False):
    """Frequencies of the elements that `rfft` returns for n samples at distance d.

    See https://docs.pytorch.org/docs/stable/generated/torch.fft.rfftfreq.html

    Examples
    --------
    >>> import ctorch
    >>> ctorch.fft.rfftfreq(4)
    tensor([0.0000, 0.2500, 0.5000])
    """
    return _frequencies(True, n, d, dtype, device, requires_grad, out)


def _shifted(input, dim, sign):
    dims = tuple(range(input.dim())) if dim is None else _shape.need_ints(dim, "fft", "dim")
    return ctorch.roll(input, [sign * (input.shape[d] // 2) for d in dims], dims) if dims else input


def fftshift(input, dim=None):
    """The elements of a transform with the frequency zero in the middle.

    See https://docs.pytorch.org/docs/stable/generated/torch.fft.fftshift.html

    Examples
    --------
    >>> import ctorch
    >>> ctorch.fft.fftshift(ctorch.fft.fftfreq(4))
    tensor([-0.5000, -0.2500,  0.0000,  0.2500])
    """
    _f._need_tensors(input)
    return _shifted(input, dim, 1)


def ifftshift(input, dim=None):
    """Inverse of `fftshift`.

    See https://docs.pytorch.org/docs/stable/generated/torch.fft.ifftshift.html

    Examples
    --------
    >>> import ctorch
    >>> ctorch.fft.ifftshift(ctorch.tensor([-1, 0, 1]))
    tensor([ 0,  1, -1])
    """
    _f._need_tensors(input)
    return _shifted(input, dim, -1)
