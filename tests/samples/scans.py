"""Samples of what runs along a dimension."""
from samples import Sample, complexes, plain, real, samples, strided


def along(make=real):
    yield Sample(make(2, 3), 1)
    yield Sample(make(3, 2), 0)
    yield Sample(make(2, 2, 2), -2)
    yield Sample(make(), 0)
    yield Sample(make(1, 0), 1)
    yield Sample(strided(make, 3, 2), 1)
    yield Sample(strided(make, 2, 2, 2), 0)


@samples("cumsum", "cumprod", "logcumsumexp")
def sums(name):
    found = list(along())
    yield found[0]
    yield Sample(complexes(3), 0)
    yield from found[1:]
    yield Sample(complexes(2, 2), 1)
    yield Sample(complexes(2, 1, 2), -1)
    if name == "cumprod":
        for places in ([1], [0, 2], [0, 1, 2, 3]):   # factors that are zero
            x, z = plain(4), complexes(4).detach()
            x[places], z[places] = 0, 0
            yield Sample(x.requires_grad_(), 0)
            yield Sample(z.requires_grad_(), 0)
        x = plain(2, 3)
        x[0, 1] = 0
        yield Sample(x.requires_grad_(), 1)


@samples("cummax", "cummin")
def extrema():
    yield from along()


@samples("diff")
def diff():
    yield Sample(real(2, 4))
    yield Sample(real(4), 2)
    yield Sample(real(2, 3), 1, 0, real(1, 3), real(2, 3))
    yield Sample(complexes(3))
    yield Sample(strided(real, 3, 2), dim=0)


@samples("gradient")
def gradient():
    yield Sample(real(4))
    yield Sample(real(3, 4))
    yield Sample(real(3, 4), spacing=0.5, dim=1, edge_order=2)
    yield Sample(real(3, 4), spacing=[2.0, 0.5])
    yield Sample(real(4), spacing=[plain(4).cumsum(0)])
    yield Sample(complexes(3))


@samples("trapezoid", "cumulative_trapezoid")
def trapezoid():
    yield Sample(real(2, 4))
    yield Sample(real(4), real(4))
    yield Sample(real(3, 2), dx=0.5, dim=0)
    yield Sample(real(2, 3), real(2, 3), dim=-1)
    yield Sample(complexes(3))
