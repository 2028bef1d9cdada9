"""Samples of special functions."""
from samples import Sample, plain, real, samples


@samples("polygamma")
def polygamma():
    for n in (0, 1, 2, 3):
        yield Sample(n, real(3, low=0.4))


@samples("mvlgamma")
def mvlgamma():
    yield Sample(real(2, 3, low=1.5, high=4.0), 2)
    yield Sample(real(2, low=2.5, high=4.0), 3)


POSITIVE = {"low": 0.4, "high": 2.5}


@samples("special.multigammaln")
def multigammaln():
    yield Sample(real(2, low=2.5, high=4.0), 2)


@samples("special.log_softmax", "special.softmax", "special.logsumexp")
def along():
    yield Sample(real(2, 3), 1)


@samples("special.logit")
def logit():
    yield Sample(real(3, low=0.1, high=0.9), 0.2)


@samples("special.polygamma")
def special_polygamma():
    yield Sample(2, real(3, **POSITIVE))


@samples("special.zeta", "special.gammainc", "special.gammaincc")
def second_only():
    yield Sample(plain(2, 3, low=1.5, high=3.0), real(3, **POSITIVE))
    yield Sample(2.0, real(**POSITIVE)).alone()


@samples("special.airy_ai", "special.hermite_polynomial_h", "special.chebyshev_polynomial_t")
def no_derivative(name):
    yield Sample(real(3), *([] if name == "special.airy_ai" else [plain(3, low=1, high=3).round()]))
