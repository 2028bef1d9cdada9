"""Samples of what selects elements by masks and by numbers of places."""
import ctorch
from samples import Sample, complexes, plain, real, samples, strided, truth, whole


def distinct(*shape, below, dim):
    """Numbers of places that do not repeat along a dimension."""
    order = plain(*shape[:dim], below, *shape[dim + 1:]).argsort(dim)
    return order.narrow(dim, 0, shape[dim]) if shape else order


@samples("masked_fill")
def masked_fill():
    yield Sample(real(2, 3), truth(2, 3), 1.5)
    yield Sample(real(2, 3), truth(3), real())
    yield Sample(complexes(2), truth(2), 1j)
    yield Sample(strided(real, 3, 2), truth(3, 1), 0)
    yield Sample(real(), truth(), 2.0)


@samples("masked_select")
def masked_select():
    yield Sample(real(2, 3), truth(2, 3))
    yield Sample(real(3), truth(2, 1))
    yield Sample(real(2, 1), truth(3))
    yield Sample(complexes(3), truth(3))
    yield Sample(strided(real, 3, 2), truth(3, 2))


@samples("masked_scatter")
def masked_scatter():
    yield Sample(real(2, 3), truth(2, 3), real(7))
    yield Sample(real(2, 3), truth(3), real(2, 4))
    yield Sample(complexes(3), truth(3), complexes(3))


@samples("gather")
def gather():
    yield Sample(real(3, 2), 0, whole(2, 2))
    yield Sample(real(2, 3), 1, whole(1, 4))
    yield Sample(complexes(3), -1, whole(5))
    yield Sample(strided(real, 3, 2), 0, whole(4, 2))
    yield Sample(real(), 0, ctorch.tensor(0))
    yield Sample(real(2, 3), 1, whole(2, 0))


@samples("take_along_dim")
def take_along_dim():
    yield Sample(real(3, 2), whole(2, 2), 0)
    yield Sample(real(2, 2), whole(3, high=4))
    yield Sample(real(3, 2), whole(4, 1), 0)


@samples("scatter")
def scatter():
    yield Sample(real(4, 3), 0, distinct(2, 3, below=4, dim=0), real(2, 3))
    yield Sample(real(2, 4), 1, distinct(1, 2, below=4, dim=1), real(2, 3)).alone()    # PyTorch's own raises
    yield Sample(real(3), 0, whole(2), 1.5)
    yield Sample(complexes(3), 0, distinct(2, below=3, dim=0), complexes(2))
    yield Sample(real(), 0, ctorch.tensor(0), real())
    yield Sample(real(2, 3), 0, whole(0, 3), real(0, 3))


@samples("scatter_add")
def scatter_add():
    yield Sample(real(3, 3), 0, whole(2, 3), real(2, 3))
    yield Sample(real(2, 3), 1, whole(1, 2), real(2, 3)).alone()
    yield Sample(complexes(3), 0, whole(4), complexes(4))
    yield Sample(strided(real, 3, 2), -1, whole(3, 2, high=2), real(3, 2))
    yield Sample(real(), 0, ctorch.tensor(0), real())


@samples("scatter_reduce")
def scatter_reduce():
    for reduce in ("sum", "prod", "mean", "amax", "amin"):
        for include in (True, False):
            yield Sample(real(3, 2), 0, whole(4, 2), real(4, 2), reduce, include_self=include)
            yield Sample(real(2, 3), 1, whole(1, 2), real(2, 4), reduce, include_self=include).alone()
        yield Sample(real(3), 0, whole(2), real(2), reduce)
    x, source = plain(3), plain(4)
    x[1], source[2] = 0, 0
    yield Sample(x.requires_grad_(), 0, ctorch.tensor([0, 1, 1, 2]), source.requires_grad_(), "prod")


@samples("index_select")
def index_select():
    yield Sample(real(3, 2), 0, whole(4))
    yield Sample(real(2, 3), -1, ctorch.tensor(1))
    yield Sample(complexes(3), 0, whole(2))
    yield Sample(strided(real, 3, 2), 1, whole(3, high=2))
    yield Sample(real(), 0, ctorch.tensor([0]))
    yield Sample(real(3, 2), 0, whole(0))


@samples("index_add")
def index_add():
    yield Sample(real(3, 2), 0, whole(4), real(4, 2))
    yield Sample(real(2, 3), 1, whole(2), real(2, 2), alpha=-1.5)
    yield Sample(complexes(3), 0, whole(2), complexes(2))
    yield Sample(strided(real, 3, 2), 1, whole(2, high=2), real(3, 2))


@samples("index_copy")
def index_copy():
    yield Sample(real(3, 2), 0, distinct(2, below=3, dim=0), real(2, 2))
    yield Sample(real(2, 3), -1, distinct(2, below=3, dim=0), real(2, 2))
    yield Sample(complexes(3), 0, distinct(2, below=3, dim=0), complexes(2))


@samples("index_fill")
def index_fill():
    yield Sample(real(3, 2), 0, whole(2), 1.5)
    yield Sample(real(2, 3), 1, whole(2), real())
    yield Sample(complexes(3), 0, whole(1), 1j)


@samples("index_reduce")
def index_reduce():
    for reduce in ("prod", "mean", "amax", "amin"):
        for include in (True, False):
            yield Sample(real(3, 2), 0, whole(4), real(4, 2), reduce, include_self=include)
        yield Sample(real(2, 3), 1, whole(2), real(2, 2), reduce)


@samples("take")
def take():
    yield Sample(real(2, 3), whole(2, 2, high=6))
    yield Sample(real(3), ctorch.tensor([-1, 0, -1]))
    yield Sample(complexes(2, 2), whole(3, high=4))
    yield Sample(strided(real, 3, 2), whole(4, high=6))
    yield Sample(real(), ctorch.tensor([0, 0]))


@samples("put")
def put():
    yield Sample(real(2, 3), distinct(3, below=6, dim=0), real(3))
    yield Sample(real(2, 3), whole(4, high=6), real(4), True)
    yield Sample(complexes(3), distinct(2, below=3, dim=0), complexes(2))


@samples("embedding")
def embedding(name):
    yield Sample(real(4, 2), whole(2, 3, high=4))
    yield Sample(real(3, 2), ctorch.tensor([0, 2, 2, 0]), 1)
    yield Sample(whole(2, 2), real(3, 2)).by("nn.functional.embedding")
    yield Sample(whole(3), real(3, 2), padding_idx=0).by("nn.functional.embedding")


@samples("nn.functional.embedding_bag")
def embedding_bag():
    for mode in ("sum", "mean", "max"):
        yield Sample(whole(2, 3), real(3, 2), mode=mode)
    yield Sample(whole(2, 3), real(3, 2), per_sample_weights=real(2, 3), mode="sum")


@samples("unravel_index")
def unravel_index():
    yield Sample(whole(4, high=6), (2, 3))
    yield Sample(whole(2, 2, high=7), 7)
