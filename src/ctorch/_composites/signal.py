"""Windows and short-time Fourier transforms, written with other operators."""
import functools
import math

import ctorch
from ctorch import _functions as ops
from ctorch._batched import any_true
from ctorch._tape import _recorded

# ---- windows

def _window(name, length, periodic, shape, dtype, device, requires_grad):
    # `shape` makes the window of places 0, 1, ..., N; a periodic window is one longer and loses its last element.
    dtype = dtype or ctorch.get_default_dtype()
    if not dtype.is_floating_point:
        raise RuntimeError(f"{name} expects floating point dtypes, got: {_type(dtype)}")
    if length < 0:
        raise RuntimeError(f"{name} requires non-negative window_length, got window_length={length}")
    if length < 2:
        result = ctorch.ones(length, dtype=dtype, device=device)
    else:
        places = ctorch.arange(length, dtype=ctorch.float64)
        result = shape(places, length if periodic else length - 1).to(dtype)
        result = result if device is None else result.to(device)
    return result.requires_grad_() if requires_grad else result


def _type(dtype):
    name = {"int64": "Long", "int32": "Int", "int16": "Short", "int8": "Char", "uint8": "Byte", "bool": "Bool",
            "complex64": "ComplexFloat", "complex128": "ComplexDouble"}.get(dtype.name, dtype.name)
    return f"TensorOptions(dtype={name})"


def _mirrored(shape):
    """The same window; of a long one the second half is the first, turned round."""
    def whole(places, n):
        length, half = places.shape[0], n // 2 + 1
        if length < 4096:
            return shape(places, n)
        first = shape(places[:half], n)
        return ctorch.cat([first, first[n - length + 1:n - half + 1].flip(0)])
    return whole


def _cosines(weights):
    # weights[0] - weights[1] cos(2 pi n / N) + weights[2] cos(4 pi n / N) - ...
    def shape(places, n):
        angle, total = places.mul_(2 * math.pi / n), weights[0]
        for k in range(len(weights) - 1, 0, -1):
            part = (angle * k if k > 1 else angle).cos_().mul_((-1) ** k * weights[k])
            total = part.add_(total)
        return total
    return _mirrored(shape)


@functools.lru_cache(16)
def _i0(x):
    return float(ops.i0(ctorch.tensor(x, dtype=ctorch.float64)))


def hann_window(window_length, periodic=True, *, dtype=None, layout=None, device=None, pin_memory=False,
                requires_grad=False):
    return _window("hann_window", window_length, periodic, _cosines((0.5, 0.5)), dtype, device, requires_grad)


def hamming_window(window_length, periodic=True, alpha=0.54, beta=0.46, *, dtype=None, layout=None, device=None,
                   pin_memory=False, requires_grad=False):
    return _window("hamming_window", window_length, periodic, _cosines((alpha, beta)), dtype, device, requires_grad)


def blackman_window(window_length, periodic=True, *, dtype=None, layout=None, device=None, pin_memory=False,
                    requires_grad=False):
    shape = _cosines((0.42, 0.5, 0.08))
    return _window("blackman_window", window_length, periodic, shape, dtype, device, requires_grad)


def bartlett_window(window_length, periodic=True, *, dtype=None, layout=None, device=None, pin_memory=False,
                    requires_grad=False):
    def shape(places, n):
        return places.mul_(2 / n).sub_(1).abs_().neg_().add_(1)
    return _window("bartlett_window", window_length, periodic, shape, dtype, device, requires_grad)


def kaiser_window(window_length, periodic=True, beta=12.0, *, dtype=None, layout=None, device=None, pin_memory=False,
                  requires_grad=False):
    def shape(places, n):
        from_end = places / (n / 2)                     # x + 1: 1 - x^2 is nowhere below zero then
        return ops.i0((from_end * (2 - from_end)).sqrt() * beta) / _i0(float(beta))
    return _window("kaiser_window", window_length, periodic, _mirrored(shape), dtype, device, requires_grad)


# ---- short-time Fourier transforms

def _check(name, text, ok, what):
    if not ok:
        raise RuntimeError(f"{name}({text}): expected {what}")


def _sizes(name, text, n_fft, hop_length, win_length):
    win_length = n_fft if win_length is None else win_length
    hop_length = n_fft // 4 if hop_length is None else hop_length
    _check(name, text, hop_length > 0, f"hop_length > 0, but got hop_length={hop_length}")
    return hop_length, win_length


def _padded_window(window, n_fft, win_length, like):
    # The window in the middle of n_fft elements.
    if window is None:
        if win_length == n_fft:
            return None
        window = ctorch.ones(win_length, dtype=like.real.dtype if like.is_complex() else like.dtype, device=like.device)
    if win_length < n_fft:
        left = (n_fft - win_length) // 2
        window = ops.pad(window, (left, n_fft - win_length - left))
    return window


def _frames(x, size, hop):
    # Overlapping frames of the rows: a view where no gradient is wanted, else elements by index.
    count = 1 + (x.shape[1] - size) // hop
    if not _recorded(x):
        rows, step = x.stride()
        return ctorch.as_strided(x, (x.shape[0], count, size), (rows, hop * step, step), x.storage_offset())
    starts = ctorch.arange(count, device=x.device).unsqueeze(1) * hop
    places = (starts + ctorch.arange(size, device=x.device)).reshape(1, -1).expand(x.shape[0], -1)
    return ops.gather(x, 1, places).reshape(x.shape[0], count, size)


def stft(input, n_fft, hop_length=None, win_length=None, window=None, center=True, pad_mode="reflect",
         normalized=False, onesided=None, return_complex=None, align_to_window=None):
    text = f"ctorch.{input.dtype.name}{list(input.shape)}, n_fft={n_fft}"
    if not input.is_floating_point() and not input.is_complex():
        raise RuntimeError(f"stft({text}): expected a tensor of floating point or complex values")
    _check("stft", text, input.dim() in (1, 2), f"a 1D or 2D tensor, but got {input.dim()}D tensor")
    hop_length, win_length = _sizes("stft", text, n_fft, hop_length, win_length)
    if return_complex is None:
        if not input.is_complex() and not (window is not None and window.is_complex()):
            raise RuntimeError("stft requires the return_complex parameter be given for real inputs, and will further "
                               "require that return_complex=True in a future PyTorch release.")
        return_complex = True
    if align_to_window is not None and center:
        raise RuntimeError("stft align_to_window should only be set when center = false.")
    x = input if input.dim() == 2 else input.unsqueeze(0)
    if center:
        x = _centred(x, n_fft // 2, pad_mode)
    length = x.shape[1]
    _check("stft", text, 0 < n_fft <= length, f"0 < n_fft <= {length}, but got n_fft={n_fft}")
    _check("stft", text, 0 < win_length <= n_fft, f"0 < win_length <= n_fft, but got win_length={win_length}")
    if window is not None and (window.dim() != 1 or window.shape[0] != win_length):
        raise RuntimeError(f"stft({text}): expected a 1D window tensor of size equal to win_length={win_length}, but "
                           f"got window with size {list(window.shape)}")
    size = win_length if align_to_window else n_fft
    window = window if align_to_window else _padded_window(window, n_fft, win_length, x)
    frames = _frames(x, size, hop_length)
    frames = frames if window is None else frames * window
    if size < n_fft:
        frames = ops.pad(frames, (0, n_fft - size))
    return _transformed(frames, input, normalized, onesided, return_complex)


def _centred(x, by, mode):
    # Extended at both ends. The modes that copy elements want a dimension of channels.
    if mode == "constant":
        return ops.pad(x, (by, by))
    return ctorch.nn.functional.pad(x.unsqueeze(0), (by, by), mode).squeeze(0)


def _transformed(frames, input, normalized, onesided, return_complex):
    onesided = not frames.is_complex() if onesided is None else onesided
    scale = 1 if normalized else 0
    if frames.is_complex():
        if onesided:
            raise RuntimeError("Cannot have onesided output if window or input is complex")
        result = ops._fft_c2c(frames, (2,), scale, True)
    else:
        result = ops._fft_r2c(frames, (2,), scale, bool(onesided))
    result = result.transpose(1, 2)
    result = result if input.dim() == 2 else result.squeeze(0)
    return result if return_complex else ops.view_as_real(result)


def _overlapped(frames, hop):
    # The sum of frames (rows, count, size), each `hop` further than the one before.
    if frames.is_complex():
        parts = ops.view_as_real(frames)
        return ops._complex_of(ctorch.stack([_overlapped(parts[..., k], hop) for k in (0, 1)], -1))
    rows, count, size = frames.shape
    starts = ctorch.arange(count, device=frames.device).unsqueeze(1) * hop
    places = (starts + ctorch.arange(size, device=frames.device)).reshape(1, -1).expand(rows, -1)
    return ops._scatter_add(frames.reshape(rows, -1), 1, places.contiguous(), (rows, (count - 1) * hop + size))


def istft(input, n_fft, hop_length=None, win_length=None, window=None, center=True, normalized=False, onesided=None,
          length=None, return_complex=False):
    text = f"ctorch.{input.dtype.name}{list(input.shape)}, n_fft={n_fft}"
    if not input.is_complex():
        raise RuntimeError("istft requires a complex-valued input tensor matching the output from stft with "
                           "return_complex=True.")
    if input.numel() == 0:
        raise RuntimeError(f"istft({text}): input tensor cannot be empty.")
    _check("istft", text, input.dim() in (2, 3), f"a tensor with 2 or 3 dimensions, but got {input.dim()}D tensor")
    hop_length, win_length = _sizes("istft", text, n_fft, hop_length, win_length)
    if onesided is None:
        onesided = input.shape[-2] != n_fft
    wanted = n_fft // 2 + 1 if onesided else n_fft
    if input.shape[-2] != wanted:
        raise RuntimeError(f"istft({text}): expected the frequency dimension (3rd to the last) of the input tensor to "
                           f"match {'n_fft / 2 + 1 when onesided=True' if onesided else 'n_fft when onesided=False'}, "
                           f"but got {input.shape[-2]}")
    _check("istft", text, 0 < hop_length <= win_length, "0 < hop_length <= win_length")
    _check("istft", text, 0 < win_length <= n_fft, "0 < win_length <= n_fft")
    if window is not None and (window.dim() != 1 or window.shape[0] != win_length):
        raise RuntimeError(f"istft({text}): Invalid window shape. window has to be 1D and length of `win_length`")
    if return_complex and onesided:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    real = ctorch.float64 if input.dtype == ctorch.complex128 else ctorch.float32
    if window is None:
        window = ctorch.ones(win_length, dtype=real, device=input.device)
    if window.is_complex() and not return_complex:
        raise RuntimeError("Complex windows are incompatible with return_complex=False")
    window = _padded_window(window, n_fft, win_length, input)
    x = (input if input.dim() == 3 else input.unsqueeze(0)).transpose(1, 2)
    scale = 1 if normalized else 2
    if return_complex:
        frames = ops._fft_c2c(x, (2,), scale, False)
    else:
        frames = ops._fft_c2r(x if onesided else x[..., :n_fft // 2 + 1], (2,), scale, n_fft)
    result = _inverted(frames, window, n_fft, hop_length, center, length, text)
    return result if input.dim() == 3 else result.squeeze(0)


def _inverted(frames, window, n_fft, hop, center, length, text):
    # Frames overlapped and divided by the overlapped squares of the window, and cut to the signal.
    count = frames.shape[1]
    signal = _overlapped(frames * window, hop)
    envelope = _overlapped((window * window).expand(1, count, -1), hop)
    start = n_fft // 2 if center else 0
    end = start + length if length is not None else signal.shape[1] - (n_fft // 2 if center else 0)
    end_there = min(end, signal.shape[1])
    signal, envelope = signal[:, start:end_there], envelope[:, start:end_there]
    if end_there <= start or any_true(envelope.detach().abs() <= 1e-11):
        raise RuntimeError(f"istft({text}) window overlap add min: 1")
    signal = signal / envelope
    if end > end_there:
        signal = ops.pad(signal, (0, end - end_there))
    return signal
