"""Random numbers on CUDA devices: a Philox stream for each device, drawn from by place (kernels/random.cu)."""
import ctorch
from ctorch.cuda._layout import name_of
from ctorch.cuda._transfer import copy
from ctorch.cuda.device import index_of
from ctorch.cuda.launch import Kernel, blocks_for

FLOATS = ("float16", "bfloat16", "float32", "float64")
_KERNELS = {"uniform": Kernel("random", "ct_uniform", "PqQQdd"), "normal": Kernel("random", "ct_normal", "PqQQdd")}
_bernoulli = Kernel("random", "ct_bernoulli", "PPqQQd")
_streams = {}                        # device index -> [seed, counters used]


def seed_all(seed: int) -> None:
    """Start the streams of all devices from a seed."""
    _streams.clear()
    _streams[None] = seed % (1 << 64)


def seed_one(seed: int, device=None) -> None:
    """Start the stream of one device from a seed."""
    _streams[index_of(device)] = [seed % (1 << 64), 0]


def _take(index, count):
    # Seed and offset for `count` numbers, four to a counter.
    stream = _streams.setdefault(index, [_streams.get(None, ctorch.initial_seed() % (1 << 64)), 0])
    offset = stream[1]
    stream[1] += -(-count // 4)
    return stream[0], offset


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
    if kind in _KERNELS:
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
    index, n = tensor.device.index, tensor.numel()
    _KERNELS[kind](index, name_of(to.dtype), (blocks_for(-(-n // 4)), 1), (256, 1, 1), to.data_ptr(), n,
                   *_take(index, n), float(a), float(b))
    if to is not tensor:
        copy(tensor, to)


def _draw_bernoulli(tensor, p):
    each = p if isinstance(p, ctorch.Tensor) else None
    direct = tensor.is_contiguous() and name_of(tensor.dtype) in FLOATS and (each is None or each.dtype == tensor.dtype)
    to = tensor if direct else _dense(tensor, ctorch.float32 if each is None else each.dtype)
    if each is not None:
        chances = _dense(to)
        copy(chances, each)
    index, n = tensor.device.index, tensor.numel()
    _bernoulli(index, name_of(to.dtype), (blocks_for(-(-n // 4)), 1), (256, 1, 1), to.data_ptr(),
               0 if each is None else chances.data_ptr(), n, *_take(index, n), 0.0 if each is not None else float(p))
    if to is not tensor:
        copy(tensor, to)


def _draw_integers(tensor, low, high):
    if low is None:
        high = 1 << 24 if tensor.is_floating_point() else 2 if tensor.dtype == ctorch.bool else \
            min(ctorch.iinfo(tensor.dtype).max, 1 << 53)
        low = 0
    if high - low > 1 << 53:
        raise NotImplementedError(f"random_: ranges beyond 2**53 are not implemented for device 'cuda', got {high - low}")
    numbers = _dense(tensor, ctorch.float64)
    _fill(numbers, "uniform", 0.0, 1.0)
    copy(tensor, (numbers * (high - low)).floor() + low)
