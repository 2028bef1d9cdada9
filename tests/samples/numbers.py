"""Samples of parts, signs and forms of numbers."""
from samples import Sample, complexes, plain, real, samples, strided


@samples("angle", "real", "conj_physical", "resolve_conj", "resolve_neg", "positive", "conj")
def parts():
    yield Sample(real(2, 3))
    yield Sample(complexes(2, 2))
    yield Sample(complexes())
    yield Sample(strided(complexes, 3, 2))
    yield Sample(complexes(0, 2))


@samples("imag", "view_as_real")
def imag():
    yield Sample(complexes(2, 2))
    yield Sample(complexes())
    yield Sample(strided(complexes, 3, 2))
    yield Sample(complexes(0))


@samples("view_as_complex")
def view_as_complex():
    yield Sample(real(3, 2))
    yield Sample(real(2))
    yield Sample(real(0, 2))
    yield Sample(real(2, 2, 2))


@samples("complex", "polar")
def of_pairs():
    yield Sample(real(2, 3, low=0.3), real(2, 3))
    yield Sample(real(3, low=0.3), real(2, 1))
    yield Sample(real(low=0.3), real())
    yield Sample(strided(real, 3, 2, low=0.3), strided(real, 3, 2))


@samples("is_conj", "is_neg", "isreal")
def questions():
    yield Sample(complexes(2))


@samples("float_power")
def float_power():
    yield Sample(real(2, 3, low=0.3), real(3))
    yield Sample(real(2, low=0.3), 2.5)
    yield Sample(1.5, real(2))
    yield Sample(complexes(2, low=0.3), complexes(2))


@samples("ldexp")
def ldexp():
    yield Sample(real(2, 3), real(3))
    yield Sample(real(2), plain(2).long())


@samples("heaviside")
def heaviside():
    yield Sample(plain(3), plain(3))


@samples("nextafter")
def nextafter():
    yield Sample(real(2, 3), real(3))


@samples("frexp")
def frexp():
    yield Sample(real(2, 3))
    yield Sample(real())
