"""What the property tests draw: shapes, layouts, values of every dtype, and tensors made of them.

An `Operand` is a flat array with a shape, strides and an offset. ctorch is given a tensor of just that layout;
PyTorch, which has no negative strides, is given the same logical values, contiguous.
"""
import importlib
import os
from dataclasses import dataclass

import numpy as np
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import as_strided

import ctorch


def load_torch():
    try:
        return importlib.import_module("torch")
    except ImportError:
        return None


torch = load_torch()

# ---- how many examples

PROFILE = os.environ.get("CTORCH_PROPERTIES", "quick")      # quick, full, or a number of examples
FULL = 1000


def examples(quick=25, full=FULL):
    """Settings of a test: few fixed examples in `make test`, many random ones in `make test-properties`."""
    fixed = PROFILE == "quick"
    count = quick if fixed else full if PROFILE == "full" else max(1, int(PROFILE) * full // FULL)
    phases = [Phase.explicit, Phase.generate] if fixed else [Phase.explicit, Phase.generate, Phase.shrink]
    return settings(max_examples=count, derandomize=fixed, database=None, print_blob=not fixed,
                    phases=phases, suppress_health_check=list(HealthCheck))


# ---- dtypes

UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
INTEGERS = ("uint8", "int8", "int16", "int32", "int64")
FLOATS = ("float16", "bfloat16", "float32", "float64")
COMPLEX = ("complex64", "complex128")
DTYPES = ("bool", *INTEGERS, *FLOATS, *COMPLEX)              # those of most operators
ALL_DTYPES = (*DTYPES, "uint16", "uint32", "uint64")         # those of moves and casts too
MANTISSA = {"float16": 10, "bfloat16": 7, "float32": 23, "float64": 52}
MIN_EXPONENT = {"float16": -14, "bfloat16": -126, "float32": -126, "float64": -1022}
LARGEST = {"float16": 65504.0, "bfloat16": 3.3895313892515355e38, "float32": 3.4028234663852886e38,
           "float64": 1.7976931348623157e308}


class DType(str):
    """The name of a dtype that a function is called with."""


def carrier(dtype):
    """The dtype of the array that holds values of `dtype`: NumPy has no bfloat16, float32 holds it exactly."""
    return np.dtype("float32" if dtype == "bfloat16" else dtype)


def rounded(array, dtype):
    """Floats rounded to a dtype, in its carrier."""
    with np.errstate(all="ignore"):
        array = np.asarray(array).astype(carrier(dtype))
    if dtype != "bfloat16":
        return array
    bits = np.ascontiguousarray(array).view(np.uint32).reshape(array.shape).astype(np.uint64)
    bits = ((bits + 0x7FFF + ((bits >> np.uint64(16)) & np.uint64(1))) >> np.uint64(16)) << np.uint64(16)
    return np.where(np.isnan(array), array, bits.astype(np.uint32).view(np.float32))


def takes(dtype, result):
    """Whether out= of a dtype takes a result, with no more digits than the result's tolerance is for."""
    digits = {"bfloat16": 8, "float16": 11, "float32": 24, "complex64": 24, "float64": 53, "complex128": 53}
    return torch.can_cast(getattr(torch, result), getattr(torch, dtype)) and (
        digits.get(dtype, 0) <= digits.get(result, 64))


# ---- values

def float_specials(dtype):
    """The numbers at which floats go wrong, in the carrier."""
    bits, low, top = MANTISSA[dtype], MIN_EXPONENT[dtype], LARGEST[dtype]
    one = [1.0, 1.0 + 2.0 ** -bits, 1.0 - 2.0 ** -(bits + 1), 0.5, 1.5, 2.0, 3.0]
    tiny = [2.0 ** low, 2.0 ** (low - bits), 2.0 ** low - 2.0 ** (low - bits)]
    large = [top, top / 2, 2.0 ** bits, 2.0 ** (bits + 1) + 2, 2.0 ** (bits + 2), 88.5, 710.0, 11.1]
    positive = [0.0, *tiny, *one, *large, np.inf]
    return rounded(np.array([*positive, *(-v for v in positive), np.nan]), dtype)


def int_specials(dtype):
    info = np.iinfo(dtype)
    near = [info.min, info.min + 1, info.max, info.max - 1, info.max // 2, info.max // 2 + 1,
            0, 1, 2, 3, 7, info.bits - 1, info.bits]
    return np.array(near + ([-1, -2, -3] if info.min else []), dtype)


def specials(dtype):
    """Every extreme value of a dtype."""
    if dtype == "bool":
        return np.array([False, True])
    if dtype in COMPLEX:
        part = float_specials("float32" if dtype == "complex64" else "float64")
        some = part[np.isin(np.abs(part), [0.0, 1.0, 2.0, np.inf]) | np.isnan(part)]
        out = np.empty((some.size, some.size), dtype)       # not a + 1j * b, which makes NaN of infinities
        out.real, out.imag = some[:, None], some[None, :]
        return out.ravel()
    return float_specials(dtype) if dtype in FLOATS else int_specials(dtype)


def ordinary(rng, dtype, count):
    """Numbers as they come in practice: small integers with ties, or a bell curve."""
    kind = rng.integers(3)
    if dtype == "bool":
        return rng.integers(0, 2, count).astype(bool)
    if dtype in UNSIGNED or dtype in INTEGERS:
        info = np.iinfo(dtype)
        low, high = (max(info.min, -9), 10) if kind else (info.min, info.max)
        return rng.integers(low, high, count, dtype, endpoint=True)
    if dtype in COMPLEX:
        part = "float32" if dtype == "complex64" else "float64"
        out = np.empty(count, dtype)
        out.real, out.imag = ordinary(rng, part, count), ordinary(rng, part, count)
        return out
    if kind == 0:
        return rounded(rng.integers(-4, 5, count), dtype)
    if kind == 1:
        return rounded(rng.standard_normal(count) * rng.choice([0.3, 1.0, 20.0]), dtype)
    low, high = MIN_EXPONENT[dtype], -MIN_EXPONENT[dtype]
    return rounded(rng.choice([-1.0, 1.0], count) * np.exp2(rng.uniform(low, high, count)), dtype)


def numbers(seed, dtype, count, mood="mixed"):
    """`count` values: "plain" ones, "extreme" ones, or ("mixed") some of each."""
    rng = np.random.default_rng(seed)
    if mood == "plain":
        return ordinary(rng, dtype, count)
    extreme = rng.choice(specials(dtype), count)
    if mood == "extreme":
        return extreme
    return np.where(rng.random(count) < 0.3, extreme, ordinary(rng, dtype, count))


MOODS = st.sampled_from(["plain", "mixed", "extreme", "mixed", "plain"])
SEEDS = st.integers(0, 2 ** 32 - 1)

# ---- shapes

LIMIT = 1500      # elements of one operand
SIZES = st.sampled_from([2, 1, 3, 0, 4, 5, 7, 1, 2, 3, 16, 17, 33, 64, 67])     # tails of vectors too


@st.composite
def shapes(draw, min_dims=0, max_dims=4, empty=True):
    """Shapes: 0-d, empty, of size one, short and long lines."""
    shape, count = [], 1
    for _ in range(draw(st.integers(min_dims, max_dims))):
        size = draw(SIZES)
        size = 1 if size == 0 and not empty else size
        size = size if count * size <= LIMIT else 1 + size % 3
        count *= max(size, 1)
        shape.append(size)
    return tuple(shape)


@st.composite
def broadcastable(draw, n, max_dims=4):
    """Shapes of `n` operands that broadcast together; one time in twelve they do not."""
    full = draw(shapes(max_dims=max_dims))
    group = []
    for _ in range(n):
        kind = draw(st.sampled_from(["same", "same", "ones", "short", "scalar"]))
        shape = () if kind == "scalar" else full
        if kind == "short" and full:
            shape = full[draw(st.integers(0, len(full))):]
        if kind == "ones":
            shape = tuple(1 if draw(st.booleans()) else s for s in full)
        group.append(shape)
    if n > 1 and full and draw(st.integers(0, 11)) == 0:
        k = draw(st.integers(0, n - 1))
        group[k] = tuple(s + 1 for s in group[k])
    return group


@st.composite
def dims_of(draw, ndim, many=True):
    """A dim, or several, of a tensor of `ndim` dimensions: now and then one too many, or one twice."""
    low, high = (-ndim, ndim - 1) if ndim else (-1, 0)
    one = st.integers(low, high)
    kind = draw(st.integers(0, 15))
    if kind == 0:
        return draw(st.sampled_from([low - 1, high + 1]))
    if kind < 8 or not many:
        return draw(one)
    if kind == 8:
        return tuple(draw(st.lists(one, min_size=2, max_size=3)))      # perhaps one of them twice
    return tuple(d - ndim if draw(st.booleans()) else d
                 for d in draw(st.lists(st.integers(0, max(ndim - 1, 0)), max_size=ndim, unique=True)))


# ---- layouts

@dataclass
class Operand:
    """Values in memory: `flat`, of which the tensor shows what shape, strides and offset say."""

    dtype: str
    flat: np.ndarray
    shape: tuple
    strides: tuple
    offset: int
    layout: str

    @property
    def array(self):
        """The logical values; written to, the flat array changes."""
        step = self.flat.itemsize
        return as_strided(self.flat[self.offset:], self.shape, [s * step for s in self.strides])

    @property
    def expanded(self):
        """Whether a stride of nought shows one element more than once."""
        return any(s == 0 and n > 1 for s, n in zip(self.strides, self.shape)) and 0 not in self.shape

    @property
    def overlapping(self):
        return self.layout == "overlapping" or self.expanded

    def memory(self, module):
        """The flat array as a tensor of its own memory."""
        return tensor(module, self.flat, self.dtype)

    def ctorch(self):
        return self.memory(ctorch).as_strided(self.shape, self.strides, self.offset)

    def torch(self, strided=False):
        """PyTorch's tensor: contiguous, or of the same strides where none is negative."""
        if strided and min(self.strides, default=0) >= 0:
            return self.memory(torch).as_strided(self.shape, self.strides, self.offset)
        return tensor(torch, np.array(self.array, order="C"), self.dtype)

    def to(self, module, strided=False):
        return self.ctorch() if module is ctorch else self.torch(strided)

    def __repr__(self):
        values = np.array2string(np.array(self.array), threshold=60, separator=",")
        return f"{self.layout} {self.dtype} {self.shape} strides {self.strides} offset {self.offset}: {values}"

    def _repr_pretty_(self, printer, cycle):
        printer.text(repr(self))


def tensor(module, array, dtype):
    """A tensor of either package from an array of the dtype's carrier, in memory of its own."""
    array = np.array(array, order="C")
    if dtype == "bfloat16":
        bits = (np.ascontiguousarray(array).view(np.uint32) >> 16).astype(np.uint16).view(np.int16)
        made = module.from_numpy(bits.reshape(array.shape)).view(module.bfloat16)
    else:
        made = module.from_numpy(array)
    return made if module is ctorch else made.clone()        # PyTorch does not resize an array's memory


def array_of(x):
    """The values of a tensor of either package, in the dtype's carrier."""
    if name_of(x.dtype) == "bfloat16":
        bits = x.detach().contiguous().view((ctorch if isinstance(x, ctorch.Tensor) else torch).int16).numpy()
        return (bits.view(np.uint16).astype(np.uint32) << 16).view(np.float32).reshape(tuple(x.shape))
    if torch is not None and isinstance(x, torch.Tensor):
        x = x.resolve_conj().resolve_neg()
    return x.detach().numpy()


def name_of(dtype):
    return str(dtype).rpartition(".")[2]


def dense_strides(shape, order):
    """Strides of a dense layout in which order[-1] is the fastest dimension."""
    strides, step = [0] * len(shape), 1
    for d in reversed(order):
        strides[d] = step
        step *= max(shape[d], 1)
    return strides, step


LAYOUTS = ("contiguous", "permuted", "stepped", "negative", "expanded", "overlapping", "offset", "channels_last")
WRITABLE = tuple(name for name in LAYOUTS if name not in ("expanded", "overlapping"))


@st.composite
def operands(draw, shape, dtype, layouts=LAYOUTS, mood=None, pool=None):
    """An operand of a shape and dtype in one of the layouts.

    With `pool` the values are drawn from it alone.
    """
    shape = tuple(draw(shape) if isinstance(shape, st.SearchStrategy) else shape)
    dtype = draw(dtype) if isinstance(dtype, st.SearchStrategy) else dtype
    layout = draw(st.sampled_from(layouts))
    strides, count, offset = strides_of(draw, layout, shape)
    seed, mood = draw(SEEDS), mood or draw(MOODS)
    if pool is None:
        flat = numbers(seed, dtype, count, mood)
    else:
        with np.errstate(all="ignore"):          # infinities made integers are whatever they are
            flat = np.random.default_rng(seed).choice(np.asarray(pool), count).astype(carrier(dtype))
        flat = rounded(flat, dtype) if dtype in FLOATS else flat
    return Operand(dtype, flat, shape, tuple(strides), offset, layout)


def strides_of(draw, layout, shape):
    """Strides, number of elements in memory and offset of a layout."""
    order = list(range(len(shape)))
    offset = 0
    if layout == "channels_last" and len(shape) == 4:
        order = [0, 2, 3, 1]
    elif layout == "permuted":
        order = draw(st.permutations(order))
    strides, count = dense_strides(shape, order)
    if layout == "stepped":
        steps = [draw(st.integers(1, 3)) for _ in shape]
        strides, count = dense_strides([n * k for n, k in zip(shape, steps)], order)
        strides = [s * k for s, k in zip(strides, steps)]
        offset = draw(st.integers(0, 2))
        count += offset
    elif layout == "negative":
        turned = [n > 0 and draw(st.booleans()) for n in shape]
        offset = sum((n - 1) * s for n, s, t in zip(shape, strides, turned) if t)
        strides = [-s if t else s for s, t in zip(strides, turned)]
    elif layout == "expanded":
        strides = [0 if draw(st.booleans()) else s for s in strides]
    elif layout == "overlapping":
        strides = [draw(st.integers(0 if n < 2 else 1, 2)) for n in shape]
    elif layout == "offset":
        offset = draw(st.integers(1, 5))
        count += offset
    reach = offset + sum(max(n - 1, 0) * max(s, 0) for n, s in zip(shape, strides)) + 1
    return strides, max(count, reach), offset
