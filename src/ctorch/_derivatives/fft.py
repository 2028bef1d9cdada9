"""Gradients of Fourier transforms."""
import ctorch
from ctorch import _functions as _f


def fft_r2c_gradient(g, shape, dims, norm, onesided):
    """Real part of the inverse transform; the half that was left out of the result has no gradient."""
    if onesided:
        last = dims[-1]
        missing = list(g.shape)
        missing[last] = shape[last] - g.shape[last]
        g = ctorch.cat([g, ctorch.zeros(missing, dtype=g.dtype, device=g.device)], last)
    return _f.real(_f._fft_c2c(g, dims, norm, False))


def fft_c2r_gradient(g, dims, norm, last):
    """Transform of g, where each element that stood for its mirror image too counts twice."""
    half = _f._fft_r2c(g, dims, norm, True)
    places = ctorch.arange(half.shape[dims[-1]], device=g.device)
    twice = ((places > 0) & (places < last - last // 2)).to(g.dtype) + 1
    return half * twice.reshape([-1 if d == dims[-1] else 1 for d in range(half.dim())])
