"""Samples of arithmetic that is written with other operators."""
from samples import Sample, complexes, plain, real, samples, strided


@samples("div")
def div():
    for shapes in [((2, 3), (2, 3)), ((2, 1), (3,)), ((), (2,)), ((0, 3), (1,))]:
        yield Sample(real(*shapes[0]), real(*shapes[1], gap=0.4))
    yield Sample(complexes(2, 2), complexes(2, low=0.5))
    yield Sample(real(2, 3), 2.5)
    yield Sample(real(2, 3), real(3, gap=0.4), rounding_mode="trunc")
    yield Sample(real(2, 3), 0.7, rounding_mode="trunc")


@samples("rsub")
def rsub():
    yield Sample(real(2, 3), real(3), alpha=1.5)
    yield Sample(real(2, 3), 2.5)
    yield Sample(complexes(2), complexes(3, 1), alpha=2)
    yield Sample(real(), real(0))


@samples("clamp")
def clamp():
    low, high = {"low": -1.5, "high": -0.5}, {"low": 0.5, "high": 1.5}
    yield Sample(real(2, 3), -0.8, 0.9)
    yield Sample(real(2, 3), real(3, **low), real(2, 1, **high))
    yield Sample(real(2, 3), real(**low))
    yield Sample(real(2, 3), max=real(2, 3, **high))
    yield Sample(strided(real, 3, 2), min=-0.5)
    yield Sample(real(), 1.5, 0.5)
    yield Sample(real(0), -1, 1)


@samples("clamp_min", "clamp_max")
def clamp_one():
    yield Sample(real(2, 3), 0.2)
    yield Sample(real(2, 3), real(3))
    yield Sample(real(), real(2))


@samples("round")
def rounded():
    yield Sample(real(2, 3))
    yield Sample(real(2, 3), decimals=1)
    yield Sample(real(2, 3, low=-200, high=200), decimals=-2)


@samples("addcmul", "addcdiv")
def fused(name):
    gap = {"gap": 0.4} if name == "addcdiv" else {}
    yield Sample(real(2, 3), real(2, 3), real(2, 3, **gap))
    yield Sample(real(3), real(2, 1), real(1, 3, **gap), value=-1.5)
    yield Sample(real(), real(2), real(**gap), value=2)
    yield Sample(real(0), real(1), real(**gap))
    yield Sample(complexes(2), complexes(2), complexes(2, low=0.5), value=0.5 - 2j)


@samples("nan_to_num")
def nan_to_num():
    yield Sample(real(2, 3))
    yield Sample(strided(real, 3, 2), nan=1.0, posinf=2.0, neginf=-2.0)
    yield Sample(real())


@samples("bitwise_not")
def bitwise_not():
    yield Sample(plain(3).long())
