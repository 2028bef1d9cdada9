"""Samples of views, with and without a copy, and of what changes a part of a tensor."""
from samples import Sample, complexes, real, samples, strided


def shown_as(name, *args, **kwargs):
    """One sample of a row that copies, on a tensor (2, 3, 4)."""
    return Sample(real(2, 3, 4), *args, **kwargs)


@samples("alias_copy", "detach_copy")
def same():
    yield Sample(real(2, 3))
    yield Sample(strided(real, 3, 2))
    yield Sample(complexes())


@samples("as_strided_copy", "as_strided", "Tensor.as_strided")
def as_strided():
    yield Sample(real(2, 3), (2, 2), (1, 2))
    yield Sample(real(6), (3, 3), (1, 1), 1)                   # elements that are read more than once
    yield Sample(real(6), (4, 2), (1, 2))
    yield Sample(real(6), (2, 3), (0, 2))
    yield Sample(strided(real, 3, 2), (2, 2), (2, 1), 1)
    yield Sample(real(2, 3), (), (), 4)
    yield Sample(complexes(4), (3, 2), (1, 1))
    yield Sample(real(1, 4), (4, 1, 2), (1, 7, 0))


@samples("diagonal_copy", "diagonal")
def diagonal():
    yield Sample(real(3, 3))
    yield Sample(real(2, 3, 4), 1, 0, 2)
    yield Sample(real(2, 3, 4), -1, -1, 1)
    yield Sample(real(2, 3), 5)
    yield Sample(complexes(2, 3), -1)
    yield Sample(strided(real, 3, 2), 0)


@samples("expand_copy", "broadcast_to", "Tensor.expand", "Tensor.broadcast_to")
def expand():
    yield Sample(real(3, 1), (2, 3, 4))
    yield Sample(real(), (2,))
    yield Sample(real(1, 2), (0, 2))
    yield Sample(complexes(1), (2, 3))


@samples("narrow_copy", "narrow")
def narrow():
    yield Sample(real(2, 4), 1, 1, 2)
    yield Sample(real(4), -1, -3, 2)
    yield Sample(real(4), 0, 2, 0)
    yield Sample(complexes(2, 2), 0, 1, 1)


@samples("permute_copy", "permute")
def permute():
    yield Sample(real(2, 3, 2), (2, 0, 1))
    yield Sample(real(2, 3), (-1, 0))
    yield Sample(real(), ())
    yield Sample(complexes(0, 2), (1, 0))


@samples("select_copy", "select")
def select():
    yield Sample(real(2, 3), 1, 2)
    yield Sample(real(2, 3), 0, -1)
    yield Sample(real(3), 0, 0)
    yield Sample(complexes(2, 2), -1, 0).alone()
    yield Sample(strided(real, 2, 2, 2), 1, 1)


@samples("slice_copy")
def slice_copy():
    yield Sample(real(4, 2), 0, 1, 4, 2)
    yield Sample(real(4), 0, -2)
    yield Sample(real(2, 3), 1, 1, 1)


@samples("split_copy", "split", "unsafe_split")
def split():
    yield Sample(real(5, 2), 2)
    yield Sample(real(2, 4), 3, 1)
    yield Sample(real(4), 4, -1)


@samples("split_with_sizes_copy", "split_with_sizes", "unsafe_split_with_sizes")
def split_with_sizes():
    yield Sample(real(5, 2), [1, 0, 4])
    yield Sample(real(2, 3), (2, 1), -1)


@samples("squeeze_copy", "squeeze")
def squeeze():
    yield Sample(real(1, 3, 1))
    yield Sample(real(1, 3, 1), 0)
    yield Sample(real(1, 3, 1), (0, 2))
    yield Sample(real(2, 3), 1)
    yield Sample(real(1))
    yield Sample(real())


@samples("t_copy", "t", "adjoint", "Tensor.t", "Tensor.adjoint")
def t(name):
    yield Sample(real(2, 3))
    yield Sample(complexes(2, 3))
    if name.startswith("t"):
        yield Sample(real(3))
        yield Sample(real())


@samples("transpose_copy", "transpose", "swapaxes")
def transpose():
    yield Sample(real(2, 3, 2), 0, 2)
    yield Sample(real(2, 3), -1, 0)
    yield Sample(real(), 0, 0)
    yield Sample(complexes(0, 2), 0, 1)


@samples("unbind_copy", "unbind")
def unbind():
    yield Sample(real(2, 3))
    yield Sample(real(2, 3), 1)
    yield Sample(complexes(2), -1)


@samples("unfold_copy", "Tensor.unfold")
def unfold():
    yield Sample(real(5), 0, 3, 1)
    yield Sample(real(2, 5), 1, 2, 2)
    yield Sample(real(3, 2), -2, 2, 1)
    yield Sample(real(), 0, 1, 1)
    yield Sample(complexes(4), 0, 2, 1)


@samples("unsqueeze_copy", "unsqueeze")
def unsqueeze():
    yield Sample(real(2, 3), 1)
    yield Sample(real(2), -1)
    yield Sample(real(), 0)


@samples("view_copy", "Tensor.view", "reshape")
def view():
    yield Sample(real(2, 3), (3, 2))
    yield Sample(real(2, 3), (-1,))
    yield Sample(real(), (1, 1))
    yield Sample(real(0, 2), (2, 0, 3))


@samples("Tensor.reshape")
def reshape():
    yield Sample(strided(real, 3, 2), (6,))
    yield Sample(strided(real, 2, 2, 2), 4, 2)
    yield Sample(real(3, 1).detach().expand(3, 2).clone().requires_grad_(), (2, 3))


@samples("flatten")
def flatten():
    yield Sample(real(2, 3, 2), 1)
    yield Sample(strided(real, 2, 3, 2))
    yield Sample(real())


@samples("unflatten")
def unflatten():
    yield Sample(real(2, 6), 1, (3, -1))
    yield Sample(strided(real, 4, 2), 0, (2, 2))


@samples("movedim", "moveaxis")
def movedim():
    yield Sample(real(2, 3, 2), 0, -1)
    yield Sample(real(2, 3, 2), (0, 1), (2, 0))


@samples("chunk")
def chunk():
    yield Sample(real(5, 2), 2)
    yield Sample(real(2, 3), 2, 1)


@samples("Tensor.unbind", "Tensor.contiguous", "Tensor.clone", "Tensor.ravel", "Tensor.positive", "ravel",
         "Tensor.mT", "Tensor.mH", "Tensor.T", "Tensor.H")
def whole_tensor(name):
    read = name.rpartition(".")[2]
    for x in (real(2, 3), strided(real, 3, 2), complexes(2, 2)):
        sample = Sample(x)
        yield sample.by(lambda x: getattr(x, read)) if read in ("mT", "mH", "T", "H") else sample


@samples("Tensor.to")
def to():
    yield Sample(real(2, 3)).by(lambda x: x.to(x.dtype, copy=True))
    yield Sample(real(2, 3)).by(lambda x: x.cdouble() * 1j)
    yield Sample(complexes(2)).by(lambda x: x.cdouble())
    yield Sample(real(2)).by(lambda x: x.double())


@samples("Tensor.sum_to_size")
def sum_to_size():
    yield Sample(real(2, 3), 1, 3)
    yield Sample(real(2, 3), 3)
    yield Sample(real(2, 1, 3), 1, 1)


@samples("Tensor.repeat", "repeat")
def repeat(name):
    for x, sizes in [(real(2), (3,)), (real(2, 1), (2, 1, 3)), (real(), (2,)), (real(2), (0,)), (complexes(2), (2, 1))]:
        yield Sample(x, sizes)


@samples("view_as_real_copy")
def view_as_real():
    yield Sample(complexes(2, 3))
    yield Sample(complexes())
    yield Sample(strided(complexes, 3, 2))


@samples("view_as_complex_copy")
def view_as_complex():
    yield Sample(real(3, 2)).alone()         # PyTorch's own has no derivative
    yield Sample(real(2)).alone()
