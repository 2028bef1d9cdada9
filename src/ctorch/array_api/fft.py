"""The standard's extension for Fourier transforms."""
import ctorch

__all__ = ["fft", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifftn", "ifftshift", "ihfft", "irfft", "irfftn",
           "rfft", "rfftfreq", "rfftn"]


def _check_sizes(name, sizes):
    for n in sizes:
        if n < 1 and n != -1:
            raise ValueError(f"{name}: invalid number of data points ({n}) specified")


def _one(name):
    operator = getattr(ctorch.fft, name)

    def function(x, /, *, n=None, axis=-1, norm="backward"):
        _check_sizes(name, () if n is None else (n,))
        return operator(x, n=n, dim=axis, norm=norm)
    return _named(function, name)


def _many(name):
    operator = getattr(ctorch.fft, name)

    def function(x, /, *, s=None, axes=None, norm="backward"):
        _check_sizes(name, s or ())
        return operator(x, s=s, dim=axes, norm=norm)
    return _named(function, name)


def _named(function, name):
    function.__name__ = function.__qualname__ = name
    function.__module__ = "ctorch.array_api.fft"
    function.__doc__ = f"``ctorch.fft.{name}`` by the standard's names of arguments."
    return function


globals().update({name: _one(name) for name in ("fft", "hfft", "ifft", "ihfft", "irfft", "rfft")})
globals().update({name: _many(name) for name in ("fftn", "ifftn", "irfftn", "rfftn")})


def fftfreq(n, /, *, d=1.0, dtype=None, device=None):
    """Frequencies of the elements of a transform of length n."""
    return ctorch.fft.fftfreq(n, d, dtype=dtype, device=device)


def rfftfreq(n, /, *, d=1.0, dtype=None, device=None):
    """Frequencies of the elements of a transform of n real numbers."""
    return ctorch.fft.rfftfreq(n, d, dtype=dtype, device=device)


def fftshift(x, /, *, axes=None):
    """The frequency zero in the middle."""
    return ctorch.fft.fftshift(x, axes)


def ifftshift(x, /, *, axes=None):
    """The frequency zero at the start."""
    return ctorch.fft.ifftshift(x, axes)
