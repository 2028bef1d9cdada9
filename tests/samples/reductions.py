"""Samples of reductions: over all, one, several and no dimensions, kept or not."""
import math

import ctorch
from samples import Sample, complexes, plain, real, samples, strided, whole

DIMS = [{}, {"dim": 1}, {"dim": -1, "keepdim": True}, {"dim": 0}, {"dim": (0, 2)}, {"dim": (-1, 0), "keepdim": True}]


def shapes(name, make=real, several=True, **options):
    """One sample over everything, then over dimensions, of few and of no elements, and with strides."""
    yield Sample(make(2, 3, **options))
    for keywords in DIMS[1:] if several else DIMS[1:4]:
        yield Sample(make(2, 3, 2, **options), **keywords)
    yield Sample(make(**options))
    yield Sample(make(1, **options), dim=0)
    yield Sample(strided(make, 3, 2, **options), dim=1)
    yield Sample(strided(make, 2, 2, 2, **options), dim=1, keepdim=True)


@samples("sum", "mean", "nansum", "nanmean")
def sums(name):
    yield from shapes(name)
    yield Sample(real(0, 2), dim=1)
    yield Sample(real(2), 0).by(lambda x, dim: getattr(x, name)(dim, dtype=x.dtype))
    if "nan" not in name:
        yield Sample(complexes(2, 2), dim=0)
        yield Sample(complexes(3))


@samples("prod")
def prod():
    yield from shapes("prod", several=False)
    yield Sample(complexes(2, 2), dim=0)
    yield Sample(complexes(3))
    for places in ([1], [0, 2], [0, 1, 2]):          # factors that are zero
        x = plain(3)
        x[places] = 0
        yield Sample(x.requires_grad_())
        y = plain(2, 3)
        y[0, places] = 0
        yield Sample(y.requires_grad_(), dim=1, keepdim=True)
    x = complexes(3).detach()
    x[1] = 0
    yield Sample(x.requires_grad_())
    yield Sample(real(2, 0), dim=1)


@samples("amax", "amin")
def extrema(name):
    yield from shapes(name)


@samples("max", "min")
def max_min(name):
    yield from shapes(name, several=False)
    yield Sample(real(2, 3), real(3))


@samples("any", "all", "count_nonzero", "argmax", "argmin")
def of_no_derivative(name):
    yield Sample(real(2, 3))
    yield Sample(real(2, 3), dim=1)


@samples("var", "std", "var_mean", "std_mean")
def moments(name):
    yield from (x for x in shapes(name) if x.args[0].numel() > 1)
    yield Sample(real(2, 3), dim=1, correction=0)
    yield Sample(real(2, 3), dim=(0, 1), correction=2)
    yield Sample(real(2, 3), False)
    yield Sample(complexes(3))
    yield Sample(complexes(2, 3), dim=1, keepdim=True)


@samples("logsumexp")
def logsumexp():
    yield Sample(real(2, 3), 1)
    yield Sample(real(2, 3, 2), (0, -1), True)
    yield Sample(real(), 0)
    yield Sample(real(2, 0), 0)
    yield Sample(strided(real, 3, 2), -1)
    yield Sample(complexes(2, 2), 0)


@samples("cov", "corrcoef")
def cov(name):
    yield Sample(real(2, 4))
    yield Sample(real(4))
    yield Sample(complexes(2, 3))
    if name == "cov":
        yield Sample(real(2, 4), correction=0)
        yield Sample(real(2, 4), fweights=whole(4, low=1))
        yield Sample(real(2, 4), aweights=plain(4, low=0.5), correction=0)
        yield Sample(strided(real, 3, 2), fweights=whole(2, low=1, high=4), aweights=real(2, low=0.5))


@samples("norm")
def norm():
    yield Sample(real(2, 3))
    yield Sample(real(2, 3), "nuc")
    for p in (1, 2, 3, 2.5, math.inf, -math.inf, 0, -1, 0.5):
        yield Sample(real(2, 3, gap=0.3), p, 1)
    yield Sample(real(2, 3, 2), 2, (0, 2), True)
    yield Sample(complexes(2, 2))
    yield Sample(complexes(2, 2), 3, 0)
    yield Sample(real())
    yield Sample(real(0))


@samples("dist")
def dist():
    for p in (2, 1, 3, math.inf):
        yield Sample(real(2, 3), real(2, 3), p)
    yield Sample(real(2, 3), real(2, 3), 0).alone()                # PyTorch's own backward raises
    yield Sample(real(2, 1), real(3))
    yield Sample(complexes(2), complexes(2))


@samples("segment_reduce")
def segment_reduce():
    for reduce in ("sum", "mean", "max", "min", "prod"):
        yield Sample(real(4, 2), reduce, lengths=ctorch.tensor([1, 3]))
        yield Sample(real(4), reduce, offsets=ctorch.tensor([0, 2, 4]))
        yield Sample(real(2, 3), reduce, lengths=ctorch.tensor([[1, 2], [2, 1]]), axis=1)
    yield Sample(real(3), "sum", lengths=ctorch.tensor([0, 3]), initial=2.0)


@samples("hash_tensor")
def hash_tensor():
    yield Sample(real(2, 3))
    yield Sample(real(3, 5), 1, keepdim=True)
