"""Arrays for the tests of the standards: the same values for ctorch and for NumPy, and the comparison."""
import numpy as np
from hypothesis import strategies as st

import ctorch

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
SIGNED = INTEGERS[:4]
FLOATS = ("float32", "float64")
COMPLEX = ("complex64", "complex128")
NUMERIC = (*INTEGERS, *FLOATS, *COMPLEX)
ALL = ("bool", *NUMERIC)
SPECIAL = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-40, 0.5, -0.5, 2.0, 1.5, 2.5, -2.5, 1e30]

shapes = st.lists(st.integers(0, 3), max_size=4).map(tuple)
seeds = st.integers(0, 2**32 - 1)


def values(dtype, shape, seed, special=False):
    """Random values of a dtype; among the floats zeros, infinities and NaN where asked for."""
    rng = np.random.default_rng(seed)
    kind = np.dtype(dtype).kind
    if kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    if kind in "iu":
        info = np.iinfo(dtype)
        small = rng.integers(max(info.min, -5), 6, shape)
        wide = rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)
        return np.where(rng.random(shape) < 0.8, small.astype(dtype), wide).astype(dtype)
    if kind == "c":
        part = f"f{np.dtype(dtype).itemsize // 2}"
        return (values(part, shape, seed, special) + 1j * values(part, shape, seed + 1, special)).astype(dtype)
    out = np.asarray(rng.normal(size=shape) * 2)
    if special:
        with np.errstate(all="ignore"):
            out = np.where(rng.random(shape) < 0.4, rng.choice(SPECIAL, shape), out)
    return np.asarray(out).astype(dtype)


def strided(a, seed):
    """A tensor of an array's values, now and then transposed or with gaps in memory."""
    x = ctorch.tensor(a)
    if a.ndim and seed % 3 == 1:
        return ctorch.tensor(np.ascontiguousarray(a.T)).permute(*reversed(range(a.ndim)))
    if a.ndim and seed % 3 == 2:
        wide = ctorch.tensor(np.repeat(a, 2, axis=-1))
        return wide[..., ::2]
    return x


def numpy_of(x):
    """Tensors as arrays, in tuples and lists too."""
    if isinstance(x, ctorch.Tensor):
        return x.numpy()
    if isinstance(x, tuple | list):
        return [numpy_of(v) for v in x]
    return x


def assert_equal(ours, theirs, rtol=None, dtype=True):
    """The same values, shape and dtype; floats within a tolerance."""
    if isinstance(theirs, tuple | list):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs):
            assert_equal(a, b, rtol, dtype)
        return
    assert isinstance(ours, ctorch.Tensor)
    ours, theirs = ours.numpy(), np.asarray(theirs)
    assert ours.shape == theirs.shape
    if dtype:
        assert ours.dtype == theirs.dtype
    if theirs.dtype.kind in "fc":
        single = theirs.dtype.itemsize == (4 if theirs.dtype.kind == "f" else 8)
        tolerance = rtol or (2e-5 if single else 1e-11)
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance / 10)
    else:
        np.testing.assert_array_equal(ours, theirs)
