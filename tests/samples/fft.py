"""Samples of Fourier transforms."""
from samples import Sample, complexes, real, samples, strided


@samples("fft.fft", "fft.ifft", "fft.hfft", "fft.irfft")
def one_dimension(name):
    yield Sample(complexes(2, 4))
    yield Sample(complexes(3, 2), 4, 0, "ortho")
    yield Sample(complexes(5), 3, norm="forward")
    yield Sample(strided(complexes, 3, 2), dim=0)
    if name in ("fft.fft", "fft.ifft"):
        yield Sample(real(4))
    else:
        yield Sample(complexes(4), 7)


@samples("fft.rfft", "fft.ihfft")
def of_real():
    yield Sample(real(2, 4))
    yield Sample(real(5))
    yield Sample(real(3, 2), 4, 0, "ortho")
    yield Sample(strided(real, 3, 2), dim=0)


@samples("fft.fft2", "fft.ifft2", "fft.fftn", "fft.ifftn", "fft.irfftn", "fft.irfft2", "fft.hfftn", "fft.hfft2")
def several_dimensions(name):
    yield Sample(complexes(2, 3))
    yield Sample(complexes(2, 2, 3), norm="ortho")
    yield Sample(complexes(2, 3), (3, 4))


@samples("fft.rfft2", "fft.rfftn", "fft.ihfft2", "fft.ihfftn")
def several_of_real():
    yield Sample(real(2, 3))
    yield Sample(real(2, 2, 4), norm="forward")
    yield Sample(real(2, 3), (3, 4))


@samples("fft.fftshift", "fft.ifftshift")
def shifts():
    yield Sample(real(2, 3))
    yield Sample(complexes(4), 0)
