"""Samples of convolution and pooling."""
from samples import Sample, complexes, real, samples, strided

F = "nn.functional."


def spatial(d, n=4):
    return (n,) * d


@samples("conv1d", "conv2d", "conv3d")
def conv(name):
    d = int(name[4])
    kernel = spatial(d, 2)
    n = 4 if d < 3 else 3
    yield Sample(real(1, 2, *spatial(d, n)), real(2, 2, *kernel), real(2))
    yield Sample(real(1, 2, *spatial(d, 3)), real(2, 1, *kernel), None, 2, 1, 1, 2)
    yield Sample(real(1, 1, *spatial(d, 3)), real(1, 1, *kernel), real(1), 1, "same")
    yield Sample(real(2, *spatial(d, 3)), real(1, 2, *kernel), None, 1, 1, 2)
    if d < 3:
        yield Sample(complexes(1, 1, *spatial(d, 3)), complexes(1, 1, *kernel), complexes(1))
        yield Sample(strided(real, 1, 2, *spatial(d, 3)), real(1, 2, *kernel))


@samples("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def conv_transpose(name):
    d = int(name[-2])
    kernel, n = spatial(d, 2), 3 if d < 3 else 2
    yield Sample(real(1, 2, *spatial(d, n)), real(2, 1, *kernel), real(1))
    yield Sample(real(1, 2, *spatial(d, 2)), real(2, 1, *kernel), None, 2, 1, 1, 2)
    yield Sample(real(2, *spatial(d, 2)), real(2, 1, *kernel), real(1), 1, 0, 0, 1, 2)
    if d < 3:
        yield Sample(complexes(1, 1, *spatial(d, 2)), complexes(1, 1, *kernel))


@samples("conv_tbc")
def conv_tbc():
    yield Sample(real(4, 1, 2), real(2, 2, 3), real(3), 1)


@samples("im2col", "col2im", F + "unfold", F + "fold")
def columns(name):
    if name in ("im2col", F + "unfold"):
        yield Sample(real(1, 1, 3, 3), (2, 2), (1, 1), (0, 1), (1, 2)).by(F + "unfold")
        yield Sample(real(2, 3, 3), 2).by(F + "unfold")
    else:
        yield Sample(real(1, 4, 4), (3, 3), (2, 2)).by(F + "fold")
        yield Sample(real(8, 4), (3, 3), 2).by(F + "fold")


@samples("max_pool1d", "max_pool2d", "max_pool3d", "max_pool1d_with_indices")
def max_pool(name):
    d = int(name[8])
    yield Sample(real(1, 2, *spatial(d, 4 if d < 3 else 3)), 2)
    yield Sample(real(1, 1, *spatial(d, 3)), 2, 1, 1)
    yield Sample(real(2, *spatial(d, 3)), 2, 2, 0, 1, True)
    yield Sample(real(1, 1, *spatial(d, 3)), 2, 1, 0, 2)


@samples("avg_pool1d", "avg_pool2d", "avg_pool3d")
def avg_pool(name):
    d = int(name[8])
    yield Sample(real(1, 2, *spatial(d, 4 if d < 3 else 3)), 2).by(F + name)
    yield Sample(real(1, 1, *spatial(d, 3)), 2, 1, 1, False, False).by(F + name)
    yield Sample(real(2, *spatial(d, 3)), 2, 2, 0, True).by(F + name)
    if d > 1:
        yield Sample(real(1, 1, *spatial(d, 3)), 2, divisor_override=3).by(F + name)


@samples("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d",
         "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d")
def adaptive(name):
    d = int(name[-2])
    yield Sample(real(1, 2, *spatial(d, 4 if d < 3 else 3)), 2).by(F + name)
    yield Sample(real(2, *spatial(d, 3)), (2,) * d if d > 1 else 2).by(F + name)
    if d > 1:
        yield Sample(real(1, 1, *spatial(d, 3)), (None, *spatial(d - 1, 1))).by(F + name)


@samples(F + "lp_pool1d", F + "lp_pool2d")
def lp_pool(name):
    yield Sample(real(1, 1, *spatial(int(name[-2]))), 2.0, 2)


@samples(F + "max_unpool1d", F + "max_unpool2d")
def max_unpool(name):
    d = int(name[-2])

    def function(x):
        pool = {1: "max_pool1d", 2: "max_pool2d"}[d]
        module = __import__(type(x).__module__.partition(".")[0])
        functional = module.nn.functional
        y, places = getattr(functional, pool)(x, 2, return_indices=True)
        return getattr(functional, f"max_unpool{d}d")(y, places, 2)

    yield Sample(real(1, 1, *spatial(d))).by(function)


@samples(F + "fractional_max_pool2d")
def fractional():
    yield Sample(real(1, 1, 4, 4), 2, 2, _random_samples=real(1, 1, 2, low=0.1, high=0.9).detach())
