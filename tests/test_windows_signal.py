"""Windows and short-time Fourier transforms against PyTorch and SciPy."""
import numpy as np
import pytest
from mirror import check

import ctorch
from ctorch.autograd import gradcheck, gradgradcheck

OLD = ["hann_window", "hamming_window", "blackman_window", "bartlett_window", "kaiser_window"]
NEW = {"bartlett": {}, "blackman": {}, "cosine": {}, "exponential": {"tau": 2.0}, "gaussian": {"std": 1.5},
       "general_cosine": {"a": [0.4, 0.4, 0.2]}, "general_hamming": {"alpha": 0.7}, "hamming": {}, "hann": {},
       "kaiser": {"beta": 5.0}, "nuttall": {}}


@pytest.mark.parametrize("n", [0, 1, 2, 7, 16])
@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("name", OLD)
def test_windows(name, periodic, n):
    check(lambda m: getattr(m, name)(n, periodic), rtol=1e-5, atol=2e-6)
    check(lambda m: getattr(m, name)(n, periodic, dtype=m.float64), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("n", [0, 1, 2, 7, 16])
@pytest.mark.parametrize("sym", [True, False])
@pytest.mark.parametrize("name", NEW)
def test_signal_windows(name, sym, n):
    check(lambda m: getattr(m.signal.windows, name)(n, sym=sym, **NEW[name]), rtol=1e-5, atol=1e-6)
    check(lambda m: getattr(m.signal.windows, name)(n, sym=sym, dtype=m.float64, **NEW[name]), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("act", [
    lambda m: m.hann_window(-1),
    lambda m: m.hann_window(3, dtype=m.int64),
    lambda m: m.signal.windows.hann(-1),
    lambda m: m.signal.windows.hann(3, dtype=m.int64),
    lambda m: m.signal.windows.gaussian(3, std=0),
    lambda m: m.signal.windows.exponential(3, tau=-1.0),
    lambda m: m.signal.windows.exponential(3, center=1),
    lambda m: m.signal.windows.kaiser(3, beta=-1),
    lambda m: m.signal.windows.general_cosine(3, a=1),
    lambda m: m.signal.windows.general_cosine(3, a=[]),
    lambda m: m.stft(m.ones(16), 8),
    lambda m: m.stft(m.ones(16), 0, return_complex=True),
    lambda m: m.stft(m.ones(2, 2, 16), 8, return_complex=True),
    lambda m: m.stft(m.ones(16).long(), 8, return_complex=True),
    lambda m: m.stft(m.ones(16), 8, 0, return_complex=True),
    lambda m: m.stft(m.ones(16), 8, window=m.ones(5), return_complex=True),
    lambda m: m.stft(m.ones(16), 32, return_complex=True, center=False),
    lambda m: m.stft(m.ones(16, dtype=m.complex64), 8, onesided=True),
    lambda m: m.istft(m.ones(5, 5), 8),
    lambda m: m.istft(m.ones(4, 5, dtype=m.complex64), 8, onesided=True),
    lambda m: m.istft(m.ones(5, 5, dtype=m.complex64), 8, 9),
    lambda m: m.istft(m.ones(5, 5, dtype=m.complex64), 8, window=m.zeros(8)),
    lambda m: m.istft(m.ones(5, 5, dtype=m.complex64), 8, window=m.ones(3)),
])
def test_errors(act):
    check(act, warn=False)


def signal(m, *shape, kind="float64"):
    x = np.random.default_rng(3).standard_normal(shape)
    return m.from_numpy(x + 1j * x[..., ::-1] if kind == "complex128" else x.astype(kind))


OPTIONS = [{}, {"hop_length": 3}, {"win_length": 6}, {"center": False}, {"normalized": True}, {"onesided": False},
           {"pad_mode": "constant"}, {"pad_mode": "replicate"}, {"hop_length": 5, "win_length": 4, "onesided": False}]


@pytest.mark.parametrize("shape", [(30,), (3, 30), (1, 17)])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_stft(shape, options):
    length = options.get("win_length", 8)
    check(lambda m: m.stft(signal(m, *shape), 8, return_complex=True, **options), rtol=1e-10, atol=1e-12, warn=False)
    check(lambda m: m.stft(signal(m, *shape), 8, window=m.hann_window(length, dtype=m.float64), return_complex=True,
                           **options), rtol=1e-10, atol=1e-12, warn=False)
    check(lambda m: m.stft(signal(m, *shape), 8, window=m.ones(length).double(), return_complex=False, **options),
          rtol=1e-10, atol=1e-12, warn=False)


def test_stft_of_complex_numbers():
    check(lambda m: m.stft(signal(m, 2, 20, kind="complex128"), 8, window=m.hann_window(8, dtype=m.float64)),
          rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("shape", [(64,), (3, 64)])
@pytest.mark.parametrize("options", [{}, {"hop_length": 2}, {"center": False, "length": 64}, {"normalized": True},
                                     {"onesided": False}, {"length": 60}, {"win_length": 6}], ids=str)
def test_istft(shape, options):
    def there_and_back(m):
        given = {k: v for k, v in options.items() if k != "length"}
        window = m.hamming_window(options.get("win_length", 8), dtype=m.float64)
        there = m.stft(signal(m, *shape), 8, window=window, return_complex=True, **given)
        return m.istft(there, 8, window=window, **options)
    back = check(there_and_back, rtol=1e-9, atol=1e-12, warn=False)
    length = options.get("length", 64)
    np.testing.assert_allclose(back[..., 4:length - 4], signal(ctorch, *shape).numpy()[..., 4:length - 4], atol=1e-10)


def test_gradients():
    x = signal(ctorch, 2, 14).requires_grad_()
    window = ctorch.hann_window(6, dtype=ctorch.float64).requires_grad_()
    assert gradcheck(lambda x, w: ctorch.stft(x, 6, 2, window=w, return_complex=True), [x, window])
    assert gradgradcheck(lambda x: ctorch.stft(x, 6, 2, return_complex=True), [x])
    y = ctorch.stft(x, 6, 2, return_complex=True).detach().requires_grad_()
    window = ctorch.hamming_window(6, dtype=ctorch.float64).requires_grad_()
    assert gradcheck(lambda y, w: ctorch.istft(y, 6, 2, window=w), [y, window])


def test_methods():
    x = signal(ctorch, 32)
    y = x.stft(8, return_complex=True)
    assert ctorch.equal(y, ctorch.stft(x, 8, return_complex=True))
    assert y.istft(8).shape == (32,)
