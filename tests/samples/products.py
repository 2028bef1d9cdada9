"""Samples of products of vectors and matrices."""
import math

from samples import Sample, complexes, real, samples, strided


@samples("outer", "vdot", "dot", "inner")
def vectors(name):
    n = 2 if name == "outer" else 3
    yield Sample(real(3), real(n))
    yield Sample(complexes(3), complexes(n))
    yield Sample(strided(real, 3), strided(real, n))
    if name == "inner":
        yield Sample(real(2, 3), real(2, 2, 3))
        yield Sample(real(), real(2))
        yield Sample(complexes(2, 3), complexes(3))
    else:
        yield Sample(real(0), real(0))


@samples("mm")
def mm():
    yield Sample(real(2, 3), real(3, 2))
    yield Sample(complexes(2, 3), complexes(3, 1))
    yield Sample(strided(real, 3, 2), strided(real, 2, 3))
    yield Sample(real(2, 0), real(0, 3))
    yield Sample(real(1, 2), real(2, 1))


@samples("bmm")
def bmm():
    yield Sample(real(2, 2, 3), real(2, 3, 2))
    yield Sample(complexes(2, 1, 2), complexes(2, 2, 2))
    yield Sample(strided(real, 2, 2, 3), real(2, 3, 1))
    yield Sample(real(0, 2, 3), real(0, 3, 2))


@samples("matmul", "Tensor.__matmul__")
def matmul():
    for a, b in [((2, 3), (3, 2)), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 2, 3), (3, 2)),
                 ((2, 1, 2, 3), (3, 3, 1)), ((2, 2, 3), (3,)), ((3,), (2, 3, 2)), ((2, 0, 3), (3, 2))]:
        yield Sample(real(*a), real(*b))
    yield Sample(complexes(2, 2), complexes(1, 2, 2))


@samples("mv")
def mv():
    yield Sample(real(2, 3), real(3))
    yield Sample(complexes(2, 2), complexes(2))
    yield Sample(strided(real, 3, 2), strided(real, 2))


@samples("linear", "nn.functional.linear")
def linear(name):
    yield Sample(real(2, 3), real(2, 3), real(2)).by("nn.functional.linear")
    yield Sample(real(2, 2, 3), real(2, 3)).by("nn.functional.linear")
    yield Sample(real(3), real(2, 3), real(2)).by("nn.functional.linear")
    yield Sample(complexes(2, 2), complexes(1, 2), complexes(1)).by("nn.functional.linear")
    yield Sample(real(0, 3), real(2, 3), real(2)).by("nn.functional.linear")


@samples("addmm", "baddbmm", "addmv", "addr", "addbmm")
def added(name):
    shapes = {"addmm": [(2, 2), (2, 3), (3, 2)], "baddbmm": [(2, 2, 1), (2, 2, 3), (2, 3, 1)],
              "addmv": [(2,), (2, 3), (3,)], "addr": [(2, 3), (2,), (3,)], "addbmm": [(2, 1), (2, 2, 3), (2, 3, 1)]}
    out, *factors = shapes[name]
    yield Sample(real(*out), *(real(*s) for s in factors))
    yield Sample(real(*out), *(real(*s) for s in factors), beta=0.5, alpha=-2)
    yield Sample(real(1), *(strided(real, *s) for s in factors), beta=2)
    yield Sample(complexes(*out), *(complexes(*s) for s in factors), alpha=0.5 - 1j)
    yield Sample(real(), *(real(*s) for s in factors), beta=0)
    if name == "addbmm":             # large enough not to be copied
        yield Sample(real(1), real(1, 32, 32), real(1, 32, 32))


@samples("tensordot")
def tensordot():
    yield Sample(real(2, 3), real(3, 2), 1)
    yield Sample(real(2, 3, 2), real(3, 2, 2))
    yield Sample(real(2, 3), real(2, 3), ([0, 1], [0, 1]))
    yield Sample(complexes(2), complexes(2), 0)


@samples("kron")
def kron():
    yield Sample(real(2, 2), real(1, 3))
    yield Sample(real(2), real(2, 2))
    yield Sample(complexes(2), complexes(2))


@samples("bilinear", "nn.functional.bilinear")
def bilinear():
    yield Sample(real(2, 3), real(2, 2), real(2, 3, 2), real(2))
    yield Sample(real(3), real(2), real(1, 3, 2))


@samples("cdist")
def cdist():
    for p in (2.0, 1.0, 3.0, 1.5, math.inf, 0.0):
        yield Sample(real(3, 2), real(2, 2), p)
    yield Sample(real(2, 3, 2), real(1, 2, 2))
    yield Sample(strided(real, 3, 2), real(2, 2), 1.0)


@samples("renorm")
def renorm():
    yield Sample(real(3, 2), 2.0, 0, 1.5)
    yield Sample(real(2, 3), 1.0, 1, 0.5)
    yield Sample(complexes(2, 2), 2.0, 0, 1.0)


@samples("nn.functional.pairwise_distance", "nn.functional.cosine_similarity")
def between_rows():
    yield Sample(real(3, 2), real(3, 2))
    yield Sample(real(2, 3), real(3))


@samples("nn.functional.pdist")
def pdist():
    yield Sample(real(3, 2))


@samples("cross")
def cross():
    yield Sample(real(2, 3), real(2, 3), 1)
    yield Sample(real(3, 2), real(3, 1), 0)
    yield Sample(complexes(3), complexes(3), -1)
    yield Sample(strided(real, 3, 2), real(3, 2), dim=0)
    yield Sample(real(0, 3), real(0, 3), 1)
