"""Special functions, as ``torch.special`` has them.

Functions of one element are rows of the table; those that ctorch has under another name are the same objects here.
"""
from ctorch import _functions as _f

__all__ = ["airy_ai", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "chebyshev_polynomial_t",
           "chebyshev_polynomial_u", "chebyshev_polynomial_v", "chebyshev_polynomial_w", "digamma", "entr", "erf",
           "erfc", "erfcx", "erfinv", "exp2", "expit", "expm1", "gammainc", "gammaincc", "gammaln",
           "hermite_polynomial_h", "hermite_polynomial_he", "i0", "i0e", "i1", "i1e", "laguerre_polynomial_l",
           "legendre_polynomial_p", "log1p", "log_ndtr", "log_softmax", "logit", "logsumexp", "modified_bessel_i0",
           "modified_bessel_i1", "modified_bessel_k0", "modified_bessel_k1", "multigammaln", "ndtr", "ndtri",
           "polygamma", "psi", "round", "scaled_modified_bessel_k0", "scaled_modified_bessel_k1",
           "shifted_chebyshev_polynomial_t", "shifted_chebyshev_polynomial_u", "shifted_chebyshev_polynomial_v",
           "shifted_chebyshev_polynomial_w", "sinc", "softmax", "spherical_bessel_j0", "xlog1py", "xlogy", "zeta"]

airy_ai = _f.special_airy_ai
bessel_j0 = _f.special_bessel_j0
bessel_j1 = _f.special_bessel_j1
bessel_y0 = _f.special_bessel_y0
bessel_y1 = _f.special_bessel_y1
digamma = psi = _f.digamma
entr = _f.special_entr
erf = _f.erf
erfc = _f.erfc
erfcx = _f.special_erfcx
erfinv = _f.erfinv
exp2 = _f.exp2
expit = _f.sigmoid
expm1 = _f.expm1
gammainc = _f.igamma
gammaincc = _f.igammac
gammaln = _f.lgamma
i0 = modified_bessel_i0 = _f.i0
i0e = _f.special_i0e
i1 = modified_bessel_i1 = _f.special_i1
i1e = _f.special_i1e
log1p = _f.log1p
log_ndtr = _f.special_log_ndtr
logit = _f.logit
logsumexp = _f.logsumexp
modified_bessel_k0 = _f.special_modified_bessel_k0
modified_bessel_k1 = _f.special_modified_bessel_k1
multigammaln = _f.mvlgamma
ndtr = _f.special_ndtr
ndtri = _f.special_ndtri
polygamma = _f.polygamma
round = _f.round
scaled_modified_bessel_k0 = _f.special_scaled_modified_bessel_k0
scaled_modified_bessel_k1 = _f.special_scaled_modified_bessel_k1
sinc = _f.sinc
spherical_bessel_j0 = _f.special_spherical_bessel_j0
xlog1py = _f.special_xlog1py
xlogy = _f.xlogy
zeta = _f.special_zeta


def softmax(input, dim, *, dtype=None):
    """Exponentials along a dimension, scaled to sum to one.

    See https://docs.pytorch.org/docs/stable/special.html#torch.special.softmax

    Examples
    --------
    >>> import ctorch
    >>> ctorch.special.softmax(ctorch.zeros(2), 0)
    tensor([0.5000, 0.5000])
    """
    return _f.softmax(input, dim, dtype)


def log_softmax(input, dim, *, dtype=None):
    """Logarithm of the softmax, accurate for small values.

    See https://docs.pytorch.org/docs/stable/special.html#torch.special.log_softmax

    Examples
    --------
    >>> import ctorch
    >>> ctorch.special.log_softmax(ctorch.zeros(2), 0)
    tensor([-0.6931, -0.6931])
    """
    return _f.log_softmax(input, dim, dtype)


# In the order of _kernels/special.h.
_POLYNOMIALS = {
    "chebyshev_polynomial_t": "Chebyshev polynomial of the first kind",
    "chebyshev_polynomial_u": "Chebyshev polynomial of the second kind",
    "chebyshev_polynomial_v": "Chebyshev polynomial of the third kind",
    "chebyshev_polynomial_w": "Chebyshev polynomial of the fourth kind",
    "shifted_chebyshev_polynomial_t": "Chebyshev polynomial of the first kind of 2 x - 1",
    "shifted_chebyshev_polynomial_u": "Chebyshev polynomial of the second kind of 2 x - 1",
    "shifted_chebyshev_polynomial_v": "Chebyshev polynomial of the third kind of 2 x - 1",
    "shifted_chebyshev_polynomial_w": "Chebyshev polynomial of the fourth kind of 2 x - 1",
    "hermite_polynomial_h": "Hermite polynomial, of the physicists",
    "hermite_polynomial_he": "Hermite polynomial, of probability",
    "laguerre_polynomial_l": "Laguerre polynomial",
    "legendre_polynomial_p": "Legendre polynomial",
}


def _polynomial(name):
    which = list(_POLYNOMIALS).index(name)

    def function(input, n, *, out=None):
        return _f._special_polynomial(input, n, which, out=out)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""{_POLYNOMIALS[name]}, of degree `n`, at each element.

    See https://docs.pytorch.org/docs/stable/special.html#torch.special.{name}

    Examples
    --------
    >>> import ctorch
    >>> ctorch.special.{name}(ctorch.tensor([0.25, 0.5]), 0)
    tensor([1., 1.])
    """
    return function


chebyshev_polynomial_t = _polynomial("chebyshev_polynomial_t")
chebyshev_polynomial_u = _polynomial("chebyshev_polynomial_u")
chebyshev_polynomial_v = _polynomial("chebyshev_polynomial_v")
chebyshev_polynomial_w = _polynomial("chebyshev_polynomial_w")
shifted_chebyshev_polynomial_t = _polynomial("shifted_chebyshev_polynomial_t")
shifted_chebyshev_polynomial_u = _polynomial("shifted_chebyshev_polynomial_u")
shifted_chebyshev_polynomial_v = _polynomial("shifted_chebyshev_polynomial_v")
shifted_chebyshev_polynomial_w = _polynomial("shifted_chebyshev_polynomial_w")
hermite_polynomial_h = _polynomial("hermite_polynomial_h")
hermite_polynomial_he = _polynomial("hermite_polynomial_he")
laguerre_polynomial_l = _polynomial("laguerre_polynomial_l")
legendre_polynomial_p = _polynomial("legendre_polynomial_p")
