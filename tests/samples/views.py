"""Samples of indexing, of joining, and of writing into a part of a tensor, none of which are rows."""
import ctorch
from samples import Sample, complexes, plain, real, samples, strided, truth

INDICES = [
    (3, 4), (0,), (3, 4), (-1, slice(None, None, 2)), (3, 4), (..., 1), (3, 4), (None, slice(1, 3)),
    (2, 3, 2), (slice(None), 1, None, ...), (4,), (slice(3, 1),), (), (), (), (None,), (3,), (True,),
]


def advanced():
    """Tensors and the indices of what is taken from them, with integers and truth values among them."""
    return [(real(3, 4), (ctorch.tensor([2, 0, 2]),)), (real(3, 4), (slice(None), ctorch.tensor([[0, 3], [3, 1]]))),
            (real(3, 4), (ctorch.tensor([2, 0]), ctorch.tensor([1, 1]))),
            (real(2, 3, 2), (ctorch.tensor([1, 1]), slice(None), ctorch.tensor([0, 1]))),
            (real(3, 4), (ctorch.tensor([[True, False, True, True]] * 3),)),
            (real(3, 4), (ctorch.tensor([True, False, True]), 1)), (real(3, 4), ([2, 0], None, slice(0, 2))),
            (complexes(3, 2), (ctorch.tensor([-1, 0, -1]),)), (strided(real, 3, 2), (ctorch.tensor([2, 2]),)),
            (real(3, 2), (ctorch.tensor([], dtype=ctorch.int64),))]


@samples("Tensor.__getitem__")
def getitem():
    for x, index in advanced()[:2]:
        yield Sample(x, index)
    for shape, index in zip(INDICES[::2], INDICES[1::2]):
        yield Sample(real(*shape), index)
    for x, index in advanced()[2:]:
        yield Sample(x, index)


def written(x, value, index):
    x = x.clone()
    x[index] = value
    return x


@samples("Tensor.__setitem__")
def setitem():
    yield Sample(real(3, 4), real(2, 4), slice(0, 2)).by(written)
    yield Sample(real(3, 4), real(2), (slice(None), ctorch.tensor([1, 3]))).by(written)
    yield Sample(real(3, 4), real(), (..., 1)).by(written)
    yield Sample(real(3, 4), 2.5, (0,)).by(written)
    yield Sample(real(3, 4), real(1, 2), (slice(1, 3), slice(None, None, 2))).by(written)
    yield Sample(real(3), real(2), ctorch.tensor([True, False, True])).by(written)
    yield Sample(real(3), real(), ctorch.tensor([True, False, True])).by(written)
    yield Sample(complexes(3), complexes(), 1).by(written)
    yield Sample(real(), real(), ()).by(written)


@samples("index_put")
def index_put():
    for indices, shape in [((ctorch.tensor([2, 0]),), (2, 4)), ((None, ctorch.tensor([1, 3])), (3, 2)),
                           ((ctorch.tensor([0, 2]), ctorch.tensor([3, 1])), ()), ((truth(3, 4),), ())]:
        for more in ((), (True,)):
            sample = Sample(real(3, 4), indices, real(*shape), *more)
            yield sample.alone() if None in indices else sample
    yield Sample(real(3), (ctorch.tensor([1, 1, 0]),), real(3), True)
    yield Sample(complexes(3), (ctorch.tensor([1, 2]),), complexes(2))


@samples("cat", "concat", "concatenate")
def cat(name):
    if name == "cat":
        yield Sample([real(2, 3), real(1, 3)])
        yield Sample([real(2, 2), real(2, 1), real(2, 0)], 1)
        yield Sample([complexes(2), real(1)], -1)
        yield Sample([real(0), real(2, 2)], 0)
        yield Sample([strided(real, 3, 2), plain(1, 2)])
    yield Sample((real(2), real(2)))


@samples("stack")
def stack():
    yield Sample([real(2, 3), real(2, 3)])
    yield Sample([real(2), strided(real, 2), plain(2)], -1)
    yield Sample([real(), complexes()])
    yield Sample([real(0, 2)], 1)


@samples("block_diag", "cartesian_prod", "broadcast_tensors", "meshgrid", "atleast_1d", "atleast_2d", "atleast_3d")
def of_several(name):
    given = {"block_diag": [real(2, 1), real(), real(3), complexes(1, 2)], "cartesian_prod": [real(2), real(3)],
             "broadcast_tensors": [real(2, 1), real(3), real()]}.get(name, [real(2), real(3)])
    keywords = {"indexing": "ij"} if name == "meshgrid" else {}
    yield Sample(*given, **keywords)
    if name == "meshgrid":
        yield Sample([real(2), real(3), real()], indexing="xy")
    if name.startswith("atleast_"):
        yield Sample(real())
        yield Sample((real(), complexes(2, 2)))


def doubled_part(part):
    """A function that changes a view of its argument, then looks at all of it."""
    def function(x):
        x = x * 1
        part(x).mul_(2.0)
        part(x).add_(x.reshape(-1)[0].clone().abs())
        part(x).copy_(part(x).clone() ** 2)
        return x * x
    return function


PARTS = {
    "Tensor.real": (complexes, (3,), lambda x: x.real), "Tensor.imag": (complexes, (2, 2), lambda x: x.imag),
    "Tensor.real, of a view": (complexes, (2,), lambda x: x.view(-1).real[1:]),
    "Tensor.diagonal, written": (real, (3, 3), lambda x: x.diagonal()),
    "Tensor.t, written": (real, (2, 3), lambda x: x.t()[1:]), "Tensor.select, written": (real, (2, 3), lambda x: x[1]),
    "Tensor.unfold, written": (real, (4,), lambda x: x.unfold(0, 2, 2)),
    "Tensor.as_strided, written": (real, (2, 3), lambda x: x.as_strided((2, 2), (1, 3), 1)),
    "Tensor.permute, written": (real, (2, 2, 2), lambda x: x.permute(2, 0, 1)[0]),
    "Tensor.view, written": (real, (2, 3), lambda x: x.view(3, 2)[:, 1]),
    "Tensor.squeeze, written": (real, (1, 3), lambda x: x.squeeze(0)[::2]),
    "Tensor.expand, written": (real, (1, 3), lambda x: x.unsqueeze(0).expand(1, 1, 3)),
}


@samples(*PARTS)
def written_views(name):
    make, shape, part = PARTS[name]
    yield Sample(make(*shape)).by(doubled_part(part))
    if name in ("Tensor.real", "Tensor.imag"):
        yield Sample(complexes(2, 2)).by(part)
        yield Sample(complexes()).by(part)
        yield Sample(strided(complexes, 3, 2)).by(part)


@samples("Tensor.copy_")
def copied():
    yield Sample(real(2, 3), real(3)).by(lambda x, y: x.clone().copy_(y))
    yield Sample(complexes(3), real(3)).by(lambda x, y: x.clone().copy_(y))
    yield Sample(real(2), real()).by(lambda x, y: (x * x).copy_(y) * x)


@samples("argwhere", "nonzero", "nonzero_static")
def places(name):
    yield Sample(real(2, 3), **({"size": 4} if name == "nonzero_static" else {}))


@samples("einsum")
def einsum():
    yield Sample("ij,jk->ik", real(2, 3), real(3, 2))
    yield Sample("bij,bj", real(2, 2, 3), real(2, 3))
    yield Sample("ii->i", real(3, 3))
    yield Sample("i,j->", complexes(2), complexes(3))
    yield Sample("...i,i->...", real(2, 2, 3), real(3))


@samples("chain_matmul")
def chain_matmul():
    yield Sample(real(2, 3), real(3, 2), real(2, 1))
