"""Tensors of a CUDA device filled with random numbers from that device's stream."""
import ctorch
from ctorch.cuda import random
from ctorch.cuda._layout import name_of
from ctorch.cuda._transfer import copy

FLOATS = ("float16", "bfloat16", "float32", "float64")


def draw(kind, tensor, parameters, generator):
    """Fill a tensor: uniform (low, high), normal (mean, std), bernoulli (p), dropout_mask (p), exponential (rate),
    integers (low, high).

    Raises
    ------
    NotImplementedError
        For other kinds, and with a generator: generators live on the CPU.
    """
    if generator is not None:
        raise NotImplementedError(f"{kind}: a generator is not implemented for device 'cuda'; seed the device's own "
                                  "stream by ctorch.cuda.manual_seed")
    if tensor.numel() == 0:
        return
    if kind in ("uniform", "normal"):
        _fill(tensor, kind, *parameters)
    elif kind == "bernoulli":
        _draw_bernoulli(tensor, *parameters)
    elif kind == "dropout_mask":
        (p,) = parameters
        _draw_bernoulli(tensor, 1 - p)
        if p < 1:
            copy(tensor, tensor.detach() / (1 - p))
    elif kind == "exponential":
        numbers = _dense(tensor)
        _fill(numbers, "uniform", 0.0, 1.0)
        copy(tensor, (-numbers).log1p() / -parameters[0])
    elif kind == "integers":
        _draw_integers(tensor, *parameters)
    else:
        raise NotImplementedError(f"{kind}: not implemented for device 'cuda' and dtype {tensor.dtype}")


def _dense(tensor, dtype=None):
    return ctorch.empty(tensor.shape, dtype=dtype or tensor.dtype, device=tensor.device)


def _fill(tensor, kind, a, b):
    if name_of(tensor.dtype) not in FLOATS:
        raise NotImplementedError(f"{kind}: not implemented for device 'cuda' and dtype {tensor.dtype}")
    to = tensor if tensor.is_contiguous() else _dense(tensor)
    fill = random.uniform if kind == "uniform" else random.normal
    fill(tensor.device.index, name_of(to.dtype), to.data_ptr(), tensor.numel(), float(a), float(b))
    if to is not tensor:
        copy(tensor, to)


def _draw_bernoulli(tensor, p):
    each = p if isinstance(p, ctorch.Tensor) else None
    direct = tensor.is_contiguous() and name_of(tensor.dtype) in FLOATS and (each is None or each.dtype == tensor.dtype)
    to = tensor if direct else _dense(tensor, ctorch.float32 if each is None else each.dtype)
    if each is not None:
        chances = _dense(to)
        copy(chances, each)
    random.bernoulli(tensor.device.index, name_of(to.dtype), to.data_ptr(), tensor.numel(),
                     0.0 if each is not None else float(p), 0 if each is None else chances.data_ptr())
    if to is not tensor:
        copy(tensor, to)


def _draw_integers(tensor, low, high):
    if low is None:
        high = 1 << 24 if tensor.is_floating_point() else 2 if tensor.dtype == ctorch.bool else \
            min(ctorch.iinfo(tensor.dtype).max, 1 << 53)
        low = 0
    if high - low > 1 << 53:
        raise NotImplementedError("random_: ranges beyond 2**53 are not implemented for device 'cuda', got "
                                  f"{high - low}")
    numbers = _dense(tensor, ctorch.float64)
    _fill(numbers, "uniform", 0.0, 1.0)
    copy(tensor, (numbers * (high - low)).floor() + low)
