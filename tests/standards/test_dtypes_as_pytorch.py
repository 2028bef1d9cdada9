"""Dtypes, their limits, promotion and casts are PyTorch's, for every pair."""
import itertools

import mirror
import numpy as np
import pytest

import ctorch

DTYPES = ("bool uint8 int8 uint16 int16 uint32 int32 uint64 int64 float16 bfloat16 float32 float64 complex64 "
          "complex128").split()
NUMBERS = [True, 1, 2.0, 1j]
WIDE = [0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -1.5, 0.1, 127.9, 128.5, 255.9, 256.5, -1.0, -129.7, 65504.0, 65520.0, 70000.0,
        1e10, -1e10, 3e38, 1e39, -1e39, 1e-8, 1e-40, 5e-324, np.inf, -np.inf, np.nan, 2.0**31, 2.0**31 - 1, 2.0**32,
        2.0**63, -2.0**63, 2.0**24 + 1, 1e300]


def outcome(function, *arguments):
    try:
        return str(function(*arguments))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("name", ["finfo", "iinfo"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_limits(name, dtype):
    def all_of(m):
        info = getattr(m, name)(getattr(m, dtype))
        fields = "bits dtype eps max min resolution smallest_normal tiny".split()
        return [repr(info), [getattr(info, f, None) for f in fields]]
    mirror.check(all_of, message=True)


@pytest.mark.parametrize("dtype", DTYPES)
def test_properties(dtype):
    def all_of(m):
        d = getattr(m, dtype)
        complex_one = None if dtype == "float16" else outcome(d.to_complex)       # there is no complex32
        return [d.itemsize, d.is_floating_point, d.is_complex, d.is_signed, complex_one, outcome(d.to_real), repr(d)]
    mirror.check(all_of)


def test_promotion():
    def all_of(m):
        pairs = itertools.product([getattr(m, d) for d in DTYPES], repeat=2)
        return [[outcome(m.promote_types, a, b), outcome(m.can_cast, a, b)] for a, b in pairs]
    mirror.check(all_of)


@pytest.mark.parametrize("shapes", [((2,), (2,)), ((2,), ()), ((), (2,)), ((), ())], ids=str)
def test_result_type(shapes):
    def all_of(m):
        found = []
        for a, b in itertools.product(DTYPES, DTYPES):
            x, y = (m.ones(s, dtype=getattr(m, d)) for s, d in zip(shapes, (a, b)))
            found.append([a, b, outcome(m.result_type, x, y).replace("complex32", "complex64")])
        return found
    mirror.check(all_of)


def test_result_type_of_numbers():
    def all_of(m):
        tensors = [m.ones(s, dtype=getattr(m, d)) for d in DTYPES for s in ((2,), ())]
        mixed = [outcome(m.result_type, t, n) for t in tensors for n in NUMBERS]
        mixed += [outcome(m.result_type, a, b) for a, b in itertools.product(NUMBERS, NUMBERS)]
        return [text.replace("complex32", "complex64") for text in mixed]
    mirror.check(all_of)


def samples(dtype):
    """Values up to the limits of a dtype, as NumPy has them."""
    if dtype == "bool":
        return np.array([True, False])
    if dtype.startswith(("int", "uint")):
        info = np.iinfo(dtype)
        values = [0, 1, -1, 2, 127, 128, 255, 256, -128, -129, 32767, 65535, -32769, 2**31 - 1, 2**31, 2**32, 2**53 + 1,
                  2**63 - 1, -2**63, 2**63, 2**64 - 1]
        return np.array([v for v in values if info.min <= v <= info.max], dtype)
    if dtype.startswith("complex"):
        with np.errstate(all="ignore"):
            return np.array([complex(v, w) for v in WIDE for w in (0.0, 1.0, np.nan, np.inf)]).astype(dtype)
    return np.array(WIDE)


@pytest.mark.parametrize("to", DTYPES)
@pytest.mark.parametrize("frm", DTYPES)
def test_casts(frm, to):
    if to == "uint32" and frm.startswith(("float", "bfloat", "complex")):
        return                       # out of range PyTorch's depend on how many there are

    def cast(m):
        x = m.from_numpy(samples(frm)).to(getattr(m, frm))
        y = x.to(getattr(m, to))
        one = x[1::2].to(getattr(m, to))               # a line with gaps
        if to == "bfloat16":
            y, one = y.float(), one.float()
        return [y, one]
    mirror.check(cast, rtol=0, atol=0, warn=False)       # PyTorch warns of lost imaginary parts once in a process


def test_casts_keep_signs_and_parts():
    x = ctorch.tensor([complex(-0.0, np.inf), complex(2, np.nan)], dtype=ctorch.complex64).to(ctorch.complex128)
    assert np.signbit(x[0].real.item()) and x[0].imag.item() == np.inf
    assert x[1].real.item() == 2 and np.isnan(x[1].imag.item())
    assert np.signbit(ctorch.tensor(-0.0).to(ctorch.complex64).real.item())
    big = ctorch.tensor([np.inf, 2.0**64, 2.0**63, np.nan], dtype=ctorch.float64).to(ctorch.uint64)
    assert big.tolist() == [0, 0, 2**63, 2**63]


TO = {
    "dtype": lambda m, x: x.to(m.float64),
    "same": lambda m, x: x.to(m.float32).data_ptr() == x.data_ptr(),
    "copy": lambda m, x: x.to(m.float32, copy=True).data_ptr() == x.data_ptr(),
    "copy by place": lambda m, x: x.to(m.float32, False, True).data_ptr() == x.data_ptr(),
    "device": lambda m, x: x.to("cpu").data_ptr() == x.data_ptr(),
    "device and dtype": lambda m, x: x.to("cpu", m.int8),
    "device object": lambda m, x: x.to(m.device("cpu"), m.float16, non_blocking=True),
    "device copy": lambda m, x: x.to("cpu", copy=True).data_ptr() == x.data_ptr(),
    "other": lambda m, x: x.to(m.ones(1, dtype=m.int16)),
    "keywords": lambda m, x: x.to(dtype=m.float64, device="cpu"),
    "none": lambda m, x: x.to(None, m.float64),
    "format": lambda m, x: list(x.reshape(1, 2, 1, 2).to(memory_format=m.channels_last).stride()),
    "format and dtype": lambda m, x: list(x.reshape(1, 2, 1, 2).to(m.float64, memory_format=m.channels_last).stride()),
    "type of Python": lambda m, x: x.to(float),
    "wrong device": lambda m, x: x.to("nowhere"),
    "strides": lambda m, x: list(x.t().to(m.float64).stride()),
    "type": lambda m, x: x.type(m.float64),
    "type name": lambda m, x: [x.type(), x.type("torch.IntTensor").type()],
}


def test_types_of_python():
    mirror.check(lambda m: [m.zeros(1, dtype=t) for t in (bool, int, float, complex)]
                 + [m.full((1,), t(1)) for t in (bool, int, float, complex)]
                 + [m.ones(2, dtype=m.complex128).view(float)])


@pytest.mark.parametrize("form", TO)
def test_to(form):
    mirror.check(lambda m: TO[form](m, m.tensor([[1.5, 2.0], [3.0, -4.0]])))


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8", "bool", "float16", "float32",
                                   "complex64"])
def test_reductions_have_the_dtype_asked_for(dtype):
    mirror.check(lambda m: [m.sum(m.tensor([[100, 100], [100, 1]], dtype=m.int16), 0, dtype=getattr(m, dtype)),
                            m.tensor([1, 2, 3]).prod(dtype=getattr(m, dtype))])
