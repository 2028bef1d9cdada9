"""Random numbers on a device by Philox, for the core's random functions.

Element i of a call depends on the seed, the counter and i alone, so a program gives the same numbers on every CUDA
device; they are not those of the CPU's generator.
"""
import math

import ctorch
from ctorch._views import copy_values
from ctorch.cuda._forward.common import FLOATS, compute_dtype, dense, empty, float_name, index_of, numel
from ctorch.cuda.launch import MOST_BLOCKS, Kernel, blocks_for
from ctorch.cuda.random import take

_uniform = Kernel("random", "ct_uniform", "PqQQdd")
_normal = Kernel("random", "ct_normal", "PqQQdd")
_exponential = Kernel("random", "ct_exponential", "PqQQd")
_dropout_mask = Kernel("random", "ct_dropout_mask", "PqQQd")
_bernoulli = Kernel("random", "ct_bernoulli", "PPqQQd")
_integers = Kernel("integers", "ct_integers", "PqQQqQ")
_permutation = Kernel("integers", "ct_permutation", "PqQQi")
_running_sums = Kernel("multinomial", "ct_running_sums", "PPqq")
_search = Kernel("multinomial", "ct_search", "PPPqqqQQ")
_arrivals = Kernel("multinomial", "ct_arrivals", "PPPqqqQQ")
_bitonic_step = Kernel("multinomial", "ct_bitonic_step", "PPqqqq")

# Whole numbers up to which a dtype has all, for `random_()` without bounds.
_LAST = {"bool": 1, "uint8": 255, "int8": 127, "uint16": 65535, "int16": 32767, "uint32": (1 << 32) - 1,
         "int32": (1 << 31) - 1, "uint64": (1 << 64) - 1, "int64": (1 << 63) - 1, "float16": 1 << 11,
         "bfloat16": 1 << 8, "float32": 1 << 24, "float64": 1 << 53}


def draw(kind, tensor, parameters, generator):
    """Fill a contiguous tensor; `kind` names one of the functions below, which take `parameters`."""
    if generator is not None:
        raise RuntimeError("Expected a 'cuda' device type for generator but found 'cpu': numbers on a CUDA device come "
                           "from the device's own generator (ctorch.cuda.manual_seed)")
    _KINDS[kind](tensor, *parameters)


def _fill(kernel, tensor, *parameters, between=()):
    """Launch over a float tensor."""
    n, index = numel(tensor.shape), index_of(tensor)
    if n:
        kernel(index, tensor.dtype.name, (blocks_for(-(-n // 4)),), (256,), tensor.data_ptr(), *between, n,
               *take(index, n), *parameters)


def uniform(tensor, low=0.0, high=1.0):
    """Numbers of [low, high)."""
    float_name(tensor, "uniform_")
    if low > high:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={float(low)} > "
                           f"to={float(high)}")
    _fill(_uniform, tensor, low, high)


def normal(tensor, mean=0.0, std=1.0):
    """Normal numbers."""
    float_name(tensor, "normal_")
    if std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {float(std)}")
    _fill(_normal, tensor, mean, std)


def exponential(tensor, rate=1.0):
    """Exponentially distributed numbers."""
    float_name(tensor, "exponential_")
    if not rate > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={float(rate)}")
    _fill(_exponential, tensor, rate)


def dropout_mask(tensor, p):
    """0 with probability p, else 1 / (1 - p)."""
    float_name(tensor, "dropout")
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    _fill(_dropout_mask, tensor, p)


def bernoulli(tensor, p=0.5):
    """1 with probability p, else 0; p is a number, or a tensor with one for each element."""
    if tensor.dtype.name not in FLOATS:
        numbers = empty(tensor.shape, ctorch.float32, tensor.device)
        bernoulli(numbers, p)
        tensor.copy_(numbers)
        return
    each = 0
    if hasattr(p, "data_ptr"):
        float_name(p, "bernoulli_")
        p = dense(p.expand(tensor.shape), compute_dtype(tensor, "bernoulli_"))
        low, high = (p.min().item(), p.max().item()) if numel(p.shape) else (0, 1)
        if not (low >= 0 and high <= 1):         # or NaN
            raise RuntimeError(f"bernoulli_ expects every p to be in [0, 1], but got p={high if low >= 0 else low}")
        each = p.data_ptr()
    elif not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={float(p)}")
    _fill(_bernoulli, tensor, 0.0 if each else p, between=(each,))


def integers(tensor, low=None, high=None):
    """Whole numbers of low .. high - 1; without bounds, those from 0 on that the dtype has."""
    name = tensor.dtype.name
    if name not in _LAST:
        raise NotImplementedError(f"random_: not implemented for device 'cuda' and dtype {name}")
    low, high = (0, _LAST[name] + 1) if low is None else (int(low), int(high))
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    last = _LAST[name]
    first = 0 if name.startswith("u") or name == "bool" else -last - 1
    if "float" not in name:
        for what, value in (("from", low), ("to - 1", high - 1)):
            if not first <= value <= last:
                raise RuntimeError(f"random_: {what} = {value} is out of bounds for {name}")
    into = tensor if name == "int64" else empty(tensor.shape, ctorch.int64, tensor.device)
    n, index = numel(tensor.shape), index_of(tensor)
    if n:
        signed = low if low < 1 << 63 else low - (1 << 64)
        _integers(index, "int64", (blocks_for(-(-n // 2)),), (256,), into.data_ptr(), n, *take(index, 2 * n), signed,
                  (high - low) % (1 << 64))
    if into is not tensor:
        tensor.copy_(into)


def permutation(tensor):
    """An order of 0 .. n - 1."""
    name, n, index = tensor.dtype.name, numel(tensor.shape), index_of(tensor)
    if name not in _LAST:
        raise NotImplementedError(f"randperm: not implemented for device 'cuda' and dtype {name}")
    if n and n - 1 > _LAST[name]:
        raise RuntimeError(f"randperm: {n} whole numbers do not fit into {name}")
    into = tensor if name == "int64" else empty(tensor.shape, ctorch.int64, tensor.device)
    if n:
        half = max(-(-(n - 1).bit_length() // 2), 2)
        _permutation(index, "int64", (blocks_for(n),), (256,), into.data_ptr(), n, *take(index, 24), half)
    if into is not tensor:
        tensor.copy_(into)


def multinomial(tensor, weights, samples, replacement):
    """Categories drawn by the weights of each row."""
    n, rows = weights.shape[-1], numel(weights.shape[:-1])
    if rows == 0:
        return
    w, index = dense(weights.reshape(rows, n), ctorch.float64), index_of(tensor)
    _check_weights(w)
    if replacement and samples > 1:
        sums, count = empty((rows, n), ctorch.float64, tensor.device), rows * samples
        _running_sums(index, "float64", (min(rows, MOST_BLOCKS),), (256,), w.data_ptr(), sums.data_ptr(), rows, n)
        _search(index, "float64", (blocks_for(count),), (256,), w.data_ptr(), sums.data_ptr(), tensor.data_ptr(), rows,
                n, samples, *take(index, 4 * count))
        return
    padded = n if samples == 1 else 1 << (n - 1).bit_length()
    times = empty((rows, padded), ctorch.float64, tensor.device)
    categories = empty((rows, padded), ctorch.int64, tensor.device)
    _arrivals(index, "float64", (blocks_for(rows * padded),), (256,), w.data_ptr(), times.data_ptr(),
              categories.data_ptr(), rows, n, padded, *take(index, 4 * rows * padded))
    if samples == 1:
        copy_values(tensor, times.argmin(-1).reshape(tensor.shape))
        return
    _sort(index, times, categories)
    copy_values(tensor, categories[:, :samples].reshape(tensor.shape))


def _check_weights(w):
    # The host waits for the extremes of the weights and of their sums.
    if w.shape[1] == 0:
        raise RuntimeError("multinomial: invalid distribution (sum of probabilities <= 0)")
    least, most = w.min().item(), w.max().item()
    for value in (least, most):
        if not 0 <= value < math.inf:
            raise RuntimeError("multinomial: probability tensor contains either `inf`, `nan` or element < 0: "
                               f"{float(value)}")
    if not w.amax(-1).min().item() > 0:
        raise RuntimeError("multinomial: invalid distribution (sum of probabilities <= 0)")


def _sort(index, times, categories):
    """Rows in order of time."""
    rows, padded = times.shape
    pairs, length = rows * padded // 2, 2
    while length <= padded:
        distance = length // 2
        while distance:
            _bitonic_step(index, "float64", (blocks_for(pairs),), (256,), times.data_ptr(), categories.data_ptr(),
                          pairs, padded, length, distance)
            distance //= 2
        length *= 2


_KINDS = {"uniform": uniform, "normal": normal, "exponential": exponential, "dropout_mask": dropout_mask,
          "bernoulli": bernoulli, "integers": integers, "permutation": permutation, "multinomial": multinomial}
