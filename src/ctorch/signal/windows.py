"""Windows for spectral analysis, as ``torch.signal.windows`` has them."""
import math

import ctorch

__all__ = ["bartlett", "blackman", "cosine", "exponential", "gaussian", "general_cosine", "general_hamming", "hamming",
           "hann", "kaiser", "nuttall"]

_DOC = """{summary}

Parameters
----------
M : int
    Number of elements.
{parameters}sym : bool
    Symmetric, as filters want it; else periodic, as spectra do.
dtype, layout, device, requires_grad
    As in `ctorch.empty`.

Returns
-------
Tensor

See https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.{name}.html

Examples
--------
>>> import ctorch
>>> ctorch.signal.windows.{name}({call}).shape
torch.Size([5])
"""


def _documented(summary, call="5", **parameters):
    def add(function):
        lines = "".join(f"{name}\n    {text}\n" for name, text in parameters.items())
        function.__doc__ = _DOC.format(summary=summary, parameters=lines, name=function.__name__, call=call)
        return function
    return add


def _check(name, M, dtype, layout):
    if M < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={M}")
    if layout is not None and layout != ctorch.strided:
        raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
    dtype = dtype or ctorch.get_default_dtype()
    if dtype not in (ctorch.float32, ctorch.float64):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {dtype}")
    return dtype


def _span(M, sym):
    # The number of steps from one end of the window to the other.
    return M if not sym and M > 1 else M - 1


def _finished(values, requires_grad):
    return values.detach().requires_grad_(requires_grad)


def _empty(M, dtype, device, requires_grad):
    return ctorch.ones(M, dtype=dtype, device=device, requires_grad=requires_grad)


@_documented("exp(-|n - center| / tau).", center="Where the window is 1; by default the middle, and only for sym.",
             tau="How slowly it decays.")
def exponential(M, *, center=None, tau=1.0, sym=True, dtype=None, layout=None, device=None, requires_grad=False):
    dtype = _check("exponential", M, dtype, layout)
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")
    if M == 0:
        return _empty(0, dtype, device, requires_grad)
    center = _span(M, sym) / 2.0 if center is None else center
    values = ctorch.exp(-((ctorch.arange(M, dtype=dtype, device=device) - center) / tau).abs())
    return _finished(values, requires_grad)


@_documented("sin(pi (n + 0.5) / N).")
def cosine(M, *, sym=True, dtype=None, layout=None, device=None, requires_grad=False):
    dtype = _check("cosine", M, dtype, layout)
    if M == 0:
        return _empty(0, dtype, device, requires_grad)
    step = math.pi / (_span(M, sym) + 1)
    values = ((ctorch.arange(M, dtype=dtype, device=device) + 0.5) * step).sin()
    return _finished(values, requires_grad)


@_documented("exp(-((n - middle) / std)^2 / 2).", std="Standard deviation.")
def gaussian(M, *, std=1.0, sym=True, dtype=None, layout=None, device=None, requires_grad=False):
    dtype = _check("gaussian", M, dtype, layout)
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")
    if M == 0:
        return _empty(0, dtype, device, requires_grad)
    places = (ctorch.arange(M, dtype=dtype, device=device) - _span(M, sym) / 2.0) / (std * math.sqrt(2))
    return _finished(ctorch.exp(-(places * places)), requires_grad)


@_documented("i0(beta sqrt(1 - x^2)) / i0(beta) for x from -1 to 1.", beta="How narrow it is.")
def kaiser(M, *, beta=12.0, sym=True, dtype=None, layout=None, device=None, requires_grad=False):
    dtype = _check("kaiser", M, dtype, layout)
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")
    if M < 2:
        return _empty(M, dtype, device, requires_grad)
    x = ctorch.arange(M, dtype=ctorch.float64, device=device) * (2.0 / _span(M, sym)) - 1
    values = ctorch.i0(beta * (1 - x * x).clamp(min=0).sqrt()) / ctorch.i0(ctorch.tensor(beta, dtype=x.dtype))
    return _finished(values.to(dtype), requires_grad)


@_documented("Hamming's window: 0.54 - 0.46 cos(2 pi n / N).")
def hamming(M, *, sym=True, dtype=None, layout=None, device=None, requires_grad=False):
    return general_hamming(M, sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad)


@_documented("Hann's window: 0.5 - 0.5 cos(2 pi n / N).")
def hann(M, *, sym=True, dtype=None, layout=None, device=None, requires_grad=False):
    return general_hamming(M, alpha=0.5, sym=sym, dtype=dtype, layout=layout, device=device,
                           requires_grad=requires_grad)


@_documented("Blackman's window: 0.42 - 0.5 cos(2 pi n / N) + 0.08 cos(4 pi n / N).")
def blackman(M, *, sym=True, dtype=None, layout=None, device=None, requires_grad=False):
    _check("blackman", M, dtype, layout)
    return general_cosine(M, a=[0.42, 0.5, 0.08], sym=sym, dtype=dtype, layout=layout, device=device,
                          requires_grad=requires_grad)


@_documented("A triangle that is zero at its ends.")
def bartlett(M, *, sym=True, dtype=None, layout=None, device=None, requires_grad=False):
    dtype = _check("bartlett", M, dtype, layout)
    if M < 2:
        return _empty(M, dtype, device, requires_grad)
    x = ctorch.arange(M, dtype=dtype, device=device) * (2.0 / _span(M, sym)) - 1
    return _finished(1 - x.abs(), requires_grad)


@_documented("A sum of cosines: a[0] - a[1] cos(2 pi n / N) + a[2] cos(4 pi n / N) - ....", "5, a=[0.5, 0.5]",
             a="Weights of the cosines.")
def general_cosine(M, *, a, sym=True, dtype=None, layout=None, device=None, requires_grad=False):
    dtype = _check("general_cosine", M, dtype, layout)
    if M < 2:
        return _empty(M, dtype, device, requires_grad)
    if not hasattr(a, "__iter__"):
        raise TypeError("Coefficients must be a list/tuple")
    a = list(a)
    if not a:
        raise ValueError("Coefficients cannot be empty")
    angle = ctorch.arange(M, dtype=ctorch.float64, device=device) * (2 * math.pi / _span(M, sym))
    values = sum(((-1) ** k * float(w)) * (angle * k).cos() for k, w in enumerate(a))
    return _finished(values.to(dtype), requires_grad)


@_documented("alpha - (1 - alpha) cos(2 pi n / N).", alpha="Weight of the constant.")
def general_hamming(M, *, alpha=0.54, sym=True, dtype=None, layout=None, device=None, requires_grad=False):
    return general_cosine(M, a=[alpha, 1.0 - alpha], sym=sym, dtype=dtype, layout=layout, device=device,
                          requires_grad=requires_grad)


@_documented("Nuttall's window: a sum of four cosines with a minimum of side lobes.")
def nuttall(M, *, sym=True, dtype=None, layout=None, device=None, requires_grad=False):
    return general_cosine(M, a=[0.3635819, 0.4891775, 0.1365995, 0.0106411], sym=sym, dtype=dtype, layout=layout,
                          device=device, requires_grad=requires_grad)
