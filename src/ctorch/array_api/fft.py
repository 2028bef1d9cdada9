"""The standard's extension for Fourier transforms."""
import ctorch

__all__ = ["fft", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifftn", "ifftshift", "ihfft", "irfft", "irfftn",
           "rfft", "rfftfreq", "rfftn"]


def _check_sizes(name, sizes):
    for n in sizes:
        if n < 1 and n != -1:
            raise ValueError(f"{name}: invalid number of data points ({n}) specified")


def fft(x, /, *, n=None, axis=-1, norm="backward"):
    """The Fourier transform along an axis."""
    _check_sizes("fft", () if n is None else (n,))
    return ctorch.fft.fft(x, n=n, dim=axis, norm=norm)


def hfft(x, /, *, n=None, axis=-1, norm="backward"):
    """The transform of a signal that is Hermitian in time, which is real."""
    _check_sizes("hfft", () if n is None else (n,))
    return ctorch.fft.hfft(x, n=n, dim=axis, norm=norm)


def ifft(x, /, *, n=None, axis=-1, norm="backward"):
    """The inverse Fourier transform along an axis."""
    _check_sizes("ifft", () if n is None else (n,))
    return ctorch.fft.ifft(x, n=n, dim=axis, norm=norm)


def ihfft(x, /, *, n=None, axis=-1, norm="backward"):
    """The inverse of `hfft`."""
    _check_sizes("ihfft", () if n is None else (n,))
    return ctorch.fft.ihfft(x, n=n, dim=axis, norm=norm)


def irfft(x, /, *, n=None, axis=-1, norm="backward"):
    """The inverse of `rfft`."""
    _check_sizes("irfft", () if n is None else (n,))
    return ctorch.fft.irfft(x, n=n, dim=axis, norm=norm)


def rfft(x, /, *, n=None, axis=-1, norm="backward"):
    """The Fourier transform of real numbers along an axis, without its redundant half."""
    _check_sizes("rfft", () if n is None else (n,))
    return ctorch.fft.rfft(x, n=n, dim=axis, norm=norm)


def fftn(x, /, *, s=None, axes=None, norm="backward"):
    """The Fourier transform along several axes."""
    _check_sizes("fftn", s or ())
    return ctorch.fft.fftn(x, s=s, dim=axes, norm=norm)


def ifftn(x, /, *, s=None, axes=None, norm="backward"):
    """The inverse Fourier transform along several axes."""
    _check_sizes("ifftn", s or ())
    return ctorch.fft.ifftn(x, s=s, dim=axes, norm=norm)


def irfftn(x, /, *, s=None, axes=None, norm="backward"):
    """The inverse of `rfftn`."""
    _check_sizes("irfftn", s or ())
    return ctorch.fft.irfftn(x, s=s, dim=axes, norm=norm)


def rfftn(x, /, *, s=None, axes=None, norm="backward"):
    """The Fourier transform of real numbers along several axes, without its redundant half."""
    _check_sizes("rfftn", s or ())
    return ctorch.fft.rfftn(x, s=s, dim=axes, norm=norm)


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
