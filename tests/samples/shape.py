"""Samples of what moves elements about."""
import ctorch
from samples import Sample, complexes, real, samples, strided, whole


@samples("tile")
def tile():
    yield Sample(real(2, 2), (2,))
    yield Sample(real(2), (2, 3))
    yield Sample(real(), (2,))


@samples("repeat_interleave")
def repeat_interleave():
    yield Sample(real(2, 3), 2)
    yield Sample(real(2, 3), 2, 1)
    yield Sample(real(3, 2), ctorch.tensor([0, 2, 1]), 0)
    yield Sample(complexes(2), 3)
    yield Sample(real(2), whole(2), dim=-1)


@samples("flip")
def flip():
    yield Sample(real(2, 3), (0, 1))
    yield Sample(real(2, 3), (-1,))
    yield Sample(complexes(3), (0,))
    yield Sample(real(), ())


@samples("fliplr", "flipud")
def flips():
    yield Sample(real(2, 3))
    yield Sample(strided(real, 3, 2))


@samples("rot90")
def rot90():
    for k in (1, 2, -1, 0):
        yield Sample(real(2, 3), k)
    yield Sample(real(2, 2, 2), 1, (2, 0))


@samples("roll")
def roll():
    yield Sample(real(2, 3), 2)
    yield Sample(real(2, 3), (1, -1), (0, 1))
    yield Sample(complexes(3), -1, 0)
    yield Sample(real(), 1)


@samples("diag", "diagflat")
def diag():
    yield Sample(real(3), 1)
    yield Sample(real(2, 3))
    yield Sample(real(3), -2)
    yield Sample(complexes(2, 2), -1)


@samples("diag_embed")
def diag_embed():
    yield Sample(real(2, 3))
    yield Sample(real(2, 2), -1, 0, 2)
    yield Sample(complexes(2), 1)


@samples("trace")
def trace():
    yield Sample(real(2, 3))
    yield Sample(complexes(2, 2))
    yield Sample(real(0, 2))


@samples("tril", "triu")
def triangles():
    yield Sample(real(3, 3))
    yield Sample(real(2, 2, 3), 1)
    yield Sample(complexes(3, 2), -1)
    yield Sample(strided(real, 3, 2))


@samples("diagonal_scatter")
def diagonal_scatter():
    yield Sample(real(3, 3), real(3))
    yield Sample(real(2, 3, 3), real(3, 2), 1, 0, 2)
    yield Sample(complexes(2, 2), complexes(1), -1)


@samples("select_scatter")
def select_scatter():
    yield Sample(real(2, 3), real(2), 1, 0)
    yield Sample(real(2, 3), real(3), 0, -1)


@samples("slice_scatter")
def slice_scatter():
    yield Sample(real(4, 2), real(2, 2), 0, 1, 4, 2)
    yield Sample(real(2, 3), real(2, 2), 1, 1)


@samples("as_strided_scatter")
def as_strided_scatter():
    yield Sample(real(2, 3), real(2, 2), (2, 2), (3, 1), 1).alone()    # PyTorch keeps the gradient of what is replaced
    yield Sample(real(6), real(3), (3,), (2,)).alone()


@samples("combinations")
def combinations():
    yield Sample(real(4))
    yield Sample(real(3), 3, True)


@samples("constant_pad_nd")
def constant_pad_nd():
    yield Sample(real(2, 3), (1, 2))
    yield Sample(real(2, 3), (1, -1, 0, 2), 1.5)
    yield Sample(complexes(2), (0, 1))


@samples("fill")
def fill():
    yield Sample(real(2, 3), 1.5)
    yield Sample(real(2, 3), real())


@samples("pad", "nn.functional.pad")
def pad():
    for mode in ("reflect", "replicate", "circular"):
        yield Sample(real(1, 2, 4), (1, 2), mode).by("nn.functional.pad")
        yield Sample(real(1, 2, 3, 3), (1, 0, 2, 1), mode).by("nn.functional.pad")
    yield Sample(real(1, 1, 2, 2, 2), (1, 1, 0, 1, 1, 0), "replicate").by("nn.functional.pad")
    yield Sample(real(2, 3), (1, 2), "constant", 0.5).by("nn.functional.pad")
    yield Sample(complexes(1, 3), (1, 2), "reflect").by("nn.functional.pad")
