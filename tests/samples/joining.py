"""Samples of splitting and joining."""
from samples import Sample, complexes, real, samples


@samples("tensor_split")
def tensor_split():
    yield Sample(real(5, 2), 2)
    yield Sample(real(5), (1, 3))
    yield Sample(real(2, 3), 2, -1)


@samples("hsplit", "vsplit", "dsplit")
def split(name):
    yield Sample(real(2, 2, 4), 2)
    yield Sample(complexes(2, 2, 4), (1,))


@samples("unsafe_chunk")
def unsafe_chunk():
    yield Sample(real(5), 2)
    yield Sample(real(2, 3), 2, 1)


@samples("hstack", "vstack", "dstack", "column_stack")
def stacks():
    yield Sample([real(2), real(2)])
    yield Sample([real(2, 2), real(2, 2)])
    yield Sample((real(), complexes()))
