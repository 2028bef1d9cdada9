"""Samples of resampling and of grids."""
from samples import Sample, complexes, plain, real, samples

F = "nn.functional."


@samples("grid_sampler", "grid_sampler_2d")
def grid_sampler(name):
    for mode in (0, 1, 2):
        for padding in (0, 1, 2):
            if mode < 2 or name == "grid_sampler":
                yield Sample(real(1, 2, 3, 3), grid(1, 2, 2, 2), mode, padding, padding == 1).once()


def grid(*shape):
    return real(*shape, low=-1.2, high=1.2)


@samples("grid_sampler_3d")
def grid_sampler_3d():
    for mode in (0, 1):
        yield Sample(real(1, 1, 2, 3, 2), grid(1, 2, 1, 2, 3), mode, mode, False).once()


@samples("affine_grid_generator")
def affine_grid_generator():
    yield Sample(real(2, 2, 3), (2, 1, 2, 3), True)
    yield Sample(real(1, 3, 4), (1, 1, 2, 2, 2), False)


@samples("channel_shuffle")
def channel_shuffle():
    yield Sample(real(1, 4, 2), 2)


@samples("pixel_shuffle")
def pixel_shuffle():
    yield Sample(real(1, 4, 2, 1), 2)
    yield Sample(complexes(4, 1, 2), 2)


@samples("pixel_unshuffle")
def pixel_unshuffle():
    yield Sample(real(1, 1, 2, 4), 2)


@samples(F + "interpolate")
def interpolate():
    yield Sample(real(1, 2, 3, 2), size=(4, 3), mode="bilinear")
    yield Sample(real(1, 2, 3), scale_factor=2.0, mode="nearest")
    yield Sample(real(1, 1, 4), size=3, mode="linear", align_corners=True)
    yield Sample(real(1, 1, 3, 3), size=(5, 2), mode="bicubic", align_corners=False)
    yield Sample(real(1, 1, 2, 2, 2), size=(3, 2, 1), mode="trilinear")
    yield Sample(real(1, 1, 4, 4), size=(2, 3), mode="bilinear", antialias=True)
    yield Sample(real(1, 1, 4, 4), size=(3, 2), mode="area")
    yield Sample(real(1, 1, 4), size=3, mode="nearest-exact")


@samples(F + "grid_sample")
def grid_sample():
    yield Sample(real(1, 1, 3, 3), plain(1, 2, 2, 2, low=-1.2, high=1.2), align_corners=False).once()
