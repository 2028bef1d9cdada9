"""Samples of short Fourier transforms and of their inverse."""
from samples import Sample, complexes, plain, real, samples


@samples("stft")
def stft():
    yield Sample(real(10), 4, 3, window=plain(4, low=0.5), return_complex=True)
    yield Sample(real(2, 8), 4, 2, 3, window=real(3, low=0.5), center=False, return_complex=True)
    yield Sample(real(8), 4, window=plain(4, low=0.5), onesided=False, normalized=True, return_complex=True)
    yield Sample(complexes(8), 4, window=plain(4, low=0.5), return_complex=True)


@samples("istft")
def istft():
    yield Sample(complexes(3, 4), 4, 2, window=plain(4, low=0.5))
    yield Sample(complexes(2, 3, 4), 4, 1, window=real(4, low=0.5), length=5)
    yield Sample(complexes(4, 4), 4, 2, window=plain(4, low=0.5), onesided=False, return_complex=True)
