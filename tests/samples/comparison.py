"""Samples of comparisons, and of the choice between two tensors."""
from samples import Sample, complexes, real, samples, truth


@samples("where")
def where():
    yield Sample(truth(2, 3), real(2, 3), real(2, 3))
    yield Sample(truth(3), real(2, 1), real())
    yield Sample(truth(2, 3), real(2, 3), 1.5)
    yield Sample(truth(2, 3), -0.5, real(3))
    yield Sample(truth(2, 2), complexes(2, 2), complexes(2))
    yield Sample(truth(0), real(0), real(1))


@samples("isclose")
def isclose():
    yield Sample(real(3), real(3))


@samples("equal", "allclose")
def of_two():
    yield Sample(real(3), real(3))
