"""The kernels of the Fourier transforms: every short length, long lines, layouts, threads, against SciPy."""
import numpy as np
import pytest
import scipy.fft

import ctorch

# Smooth, with larger primes, odd, prime (SciPy's), and long enough for tables in memory.
LONG = [400, 512, 625, 1000, 1023, 2046, 2197, 4096, 4097, 5000, 8192, 10000, 15015, 12289, 65536, 99999]
ERROR = {"single": 4e-7, "double": 8e-16}
KINDS = {"single": (np.float32, np.complex64), "double": (np.float64, np.complex128)}


def numbers(*shape, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def compare(x, n, precision, dim=-1, names=("fft", "ifft", "rfft", "ihfft", "irfft", "hfft")):
    """Every transform of the lines of x, against SciPy's in long double: the error of the worst line."""
    real, complexes = KINDS[precision]
    for name in names:
        y = np.ascontiguousarray(x.real, real) if name in ("rfft", "ihfft") else np.ascontiguousarray(x, complexes)
        size = n if name in ("irfft", "hfft") else None
        y = y.take(np.arange(n // 2 + 1), dim) if size else y
        exact = getattr(scipy.fft, name)(y.astype(np.clongdouble if np.iscomplexobj(y) else np.longdouble), size, dim)
        got = getattr(ctorch.fft, name)(ctorch.from_numpy(y), size, dim).numpy()
        assert got.dtype == (real if name in ("irfft", "hfft") else complexes)
        assert got.shape == exact.shape
        error = np.linalg.norm(got - exact, axis=dim) / np.linalg.norm(exact, axis=dim)
        assert error.max() < ERROR[precision], (name, n, x.shape, dim)


@pytest.mark.parametrize("precision", KINDS)
@pytest.mark.parametrize("start", range(1, 300, 50))
def test_every_short_length(start, precision):
    for n in range(start, start + 50):
        compare(numbers(3, n), n, precision)
        compare(numbers(19, n), n, precision, names=("fft", "rfft", "irfft"))
        compare(numbers(n, 17), n, precision, 0, names=("ifft", "rfft", "irfft"))


@pytest.mark.parametrize("precision", KINDS)
@pytest.mark.parametrize("n", LONG)
def test_long_lines(n, precision):
    compare(numbers(1, n), n, precision)
    compare(numbers(n), n, precision, names=("fft", "irfft"))
    compare(numbers(11, n), n, precision, names=("ifft", "rfft", "irfft"))


@pytest.mark.parametrize("n", [16, 20, 400, 6000])
def test_layouts(n):
    base = numbers(5, 4, n)
    for x in (base, base.transpose(2, 0, 1), base.transpose(1, 2, 0), base[::-1, :, ::2],
              base[:, ::2].transpose(2, 1, 0), np.broadcast_to(base[:1], base.shape)):
        for dim in range(3):
            given = ctorch.from_numpy(x.copy()) if 0 in x.strides else ctorch.from_numpy(x)
            given = given[:1].expand(*x.shape) if 0 in x.strides else given
            np.testing.assert_allclose(ctorch.fft.fft(given, dim=dim).numpy(), scipy.fft.fft(x, axis=dim), atol=1e-10)
            np.testing.assert_allclose(ctorch.fft.rfft(given.real, dim=dim).numpy(), scipy.fft.rfft(x.real, axis=dim),
                                       atol=1e-10)
            np.testing.assert_allclose(ctorch.fft.fft(given.real, dim=dim).numpy(), scipy.fft.fft(x.real, axis=dim),
                                       atol=1e-10)
            m = 2 * x.shape[dim] - 1
            np.testing.assert_allclose(ctorch.fft.irfft(given, m, dim).numpy(), scipy.fft.irfft(x, m, dim), atol=1e-10)


@pytest.mark.parametrize("norm", ["backward", "ortho", "forward"])
def test_scales_of_long_lines(norm):
    x = numbers(10000)
    for name in ("fft", "ifft", "rfft", "irfft"):
        y = x.real.copy() if name == "rfft" else x
        got = getattr(ctorch.fft, name)(ctorch.from_numpy(y), norm=norm).numpy()
        want = getattr(scipy.fft, name)(y, norm=norm)
        np.testing.assert_allclose(got, want, atol=1e-14 * np.abs(want).max())


def test_a_line_with_nan_does_not_touch_its_neighbours():
    x = numbers(40, 96).astype(np.complex64)
    x[7, 3] = np.nan
    for name in ("fft", "rfft", "irfft"):
        y = ctorch.from_numpy(x.real.copy() if name == "rfft" else x)
        broken = getattr(ctorch.fft, name)(y).isnan().any(-1)
        assert broken.nonzero().tolist() == [[7]]


def test_imaginary_parts_that_a_real_result_cannot_have_are_left_out():
    for n in (6, 7, 40, 41, 10000, 10001):
        x = numbers(3, n // 2 + 1)
        np.testing.assert_allclose(ctorch.fft.irfft(ctorch.from_numpy(x), n).numpy(), scipy.fft.irfft(x, n), atol=1e-14)


@pytest.mark.parametrize("shape", [(64, 400), (3, 20000), (12, 10000), (1, 65536), (1, 65535)])
def test_threads_do_not_show(shape):
    x = ctorch.from_numpy(numbers(*shape).astype(np.complex64))
    threads, found = ctorch.get_num_threads(), []
    for count in (1, 2, 5):
        ctorch.set_num_threads(count)
        found.append((ctorch.fft.fft(x), ctorch.fft.rfft(x.real), ctorch.fft.irfft(x), ctorch.fft.fft(x, dim=0)))
    ctorch.set_num_threads(threads)
    for other in found[1:]:
        for a, b in zip(found[0], other):
            assert ctorch.equal(a, b)


def test_results_lie_in_memory_as_their_inputs_do():
    x = ctorch.from_numpy(numbers(6, 10))
    assert ctorch.fft.fft(x.mT).stride() == (1, 10)
    assert ctorch.fft.fft(x.mT, dim=0).stride() == (1, 10)
    assert ctorch.fft.rfft(x.real.clone().mT).stride() == (1, 10)
    assert ctorch.fft.fft(x[:, ::2]).stride() == (5, 1)


def test_more_lengths_than_are_kept():
    for _ in range(2):
        for n in range(100, 180):
            assert abs(ctorch.fft.fft(ctorch.ones(n, dtype=ctorch.complex64))[0].item() - n) < 1e-3
