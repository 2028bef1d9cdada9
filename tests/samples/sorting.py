"""Samples of sorting and of what is chosen by order."""
from samples import Sample, plain, real, samples, strided


def dims(*args, **kwargs):
    yield Sample(real(2, 4), *args, **kwargs)
    yield Sample(real(4, 2), *args, dim=0, **kwargs)
    yield Sample(real(2, 3, 2), *args, dim=-2, **kwargs)
    yield Sample(strided(real, 4, 2), *args, dim=0, **kwargs)


@samples("sort")
def sort():
    yield from dims()
    yield Sample(real(4), descending=True)
    yield Sample(real(4), stable=True)
    yield Sample(real())
    yield Sample(real(0, 2))


@samples("argsort", "unique", "unique_consecutive")
def no_derivative():
    yield Sample(real(2, 3))


@samples("msort")
def msort():
    yield Sample(real(3, 2))
    yield Sample(real(3))


@samples("topk")
def topk():
    yield from dims(2)
    yield Sample(real(4), 3, largest=False)
    yield Sample(real(4), 2, sorted=False).see(lambda y: y.values.sum())
    yield Sample(real(), 1)
    yield Sample(real(3), 0)


@samples("kthvalue")
def kthvalue():
    yield from dims(2)
    yield Sample(real(2, 3), 1, keepdim=True)
    yield Sample(real(), 1)


@samples("median", "nanmedian")
def median():
    yield Sample(real(5))
    yield Sample(real(2, 4))
    yield from list(dims())[1:]
    yield Sample(real(2, 3), 1, True)
    yield Sample(real())


@samples("mode")
def mode():
    yield from dims()
    yield Sample(real(2, 3), 1, True)
    yield Sample(real())


@samples("quantile", "nanquantile")
def quantile():
    yield Sample(real(5), 0.4)
    yield Sample(real(2, 4), plain(2, low=0.1, high=0.9), 1)
    yield Sample(real(3, 4), 0.3, 0, True)
    for way in ("lower", "higher", "midpoint", "nearest"):
        yield Sample(real(5), 0.35, interpolation=way)
    yield Sample(strided(real, 4, 2), 0.6, 0)
    yield Sample(real(), 0.5)


@samples("aminmax")
def aminmax():
    yield Sample(real(2, 3))
    yield Sample(real(2, 3), dim=1)
    yield Sample(strided(real, 3, 2), dim=0, keepdim=True)
    yield Sample(real())


@samples("isin")
def isin():
    yield Sample(real(3), real(2))


@samples("searchsorted")
def searchsorted():
    yield Sample(plain(4).sort().values, real(3))


@samples("bucketize")
def bucketize():
    yield Sample(real(3), plain(4).sort().values)
