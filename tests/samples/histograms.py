"""Samples of counts, which have no derivative."""
from samples import Sample, plain, samples, whole


@samples("bincount")
def bincount():
    yield Sample(whole(5), plain(5))


@samples("histc", "histogram")
def histc():
    yield Sample(plain(5), bins=3)


@samples("histogramdd")
def histogramdd():
    yield Sample(plain(5, 2), [2, 3])
