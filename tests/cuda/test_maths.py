"""The functions of maths.cuh and complex.cuh, one by one, against the CPU's."""
import functools
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

import ctorch
from ctorch.cuda import _compiler, copy, launch, memory, module, streams

sys.path.append(str(Path(__file__).parents[2] / "src" / "ctorch"))
from _codegen import expression

pytestmark = pytest.mark.usefixtures("device")

FUNCTIONS = {name: count for name, count in expression.FUNCTIONS.items() if name not in expression.SPECIAL}
PUBLIC = {"floordiv": ctorch.floor_divide, "shift_left": ctorch.bitwise_left_shift, "bitnot": ctorch.bitwise_not,
          "shift_right": ctorch.bitwise_right_shift,
          "angle": lambda x: ctorch.where(x.isnan(), x, ctorch.where(x < 0, ctorch.full_like(x, np.pi), 0)),
          "truncdiv": functools.partial(ctorch.div, rounding_mode="trunc"), "gelu": ctorch.nn.functional.gelu}
NOT_COMPLEX = {"erf", "gelu", "erfc", "erfinv", "floor", "ceil", "round", "trunc", "lgamma", "digamma", "bitnot",
               "atan2", "fmod", "remainder", "floordiv", "truncdiv", "fmin", "fmax", "maximum", "minimum", "copysign",
               "hypot", "logaddexp", "logaddexp2", "nextafter", "shift_left", "shift_right"}
ONLY_INTEGER = {"bitnot", "shift_left", "shift_right"}
INTEGER = {"floor", "ceil", "round", "trunc", "abs", "sign", "sgn", "bitnot", "pow", "fmod", "remainder", "floordiv",
           "truncdiv", "fmin", "fmax", "maximum", "minimum", "shift_left", "shift_right"}
C_TYPES = {"float32": "float", "float64": "double", "int32": "i32", "int64": "i64", "uint8": "u8",
           "complex64": "complex64_t", "complex128": "complex128_t"}
LIMIT = {"float32": 4e-6, "float64": 1e-13, "complex64": 1e-5, "complex128": 1e-13}


def cases():
    for dtype in C_TYPES:
        for name, count in FUNCTIONS.items():
            if name in ("imag", "reciprocal") and dtype not in LIMIT:
                continue
            if dtype.startswith("complex"):
                fits = name not in NOT_COMPLEX
            else:
                fits = name in INTEGER if dtype not in LIMIT else name not in ONLY_INTEGER | {"imag"}
            if fits:
                yield dtype, name, count


def text_of(dtype):
    """A kernel for each function; `auto` takes what it gives, and the host reads it by its size."""
    kernels = []
    for d, name, count in cases():
        if d == dtype:
            call = f"ct_{name}(x[i], y[i])" if count == 2 else f"ct_{name}(x[i])"
            kernels.append(f"""
extern "C" __global__ void ct_try_{name}(const T* x, const T* y, void* out, i64 n) {{
    for (CT_EACH(i, n)) {{ auto value = {call}; ((decltype(value)*)out)[i] = value; }}
}}""")
    return f'#include "complex.cuh"\ntypedef {C_TYPES[dtype]} T;\n' + "\n".join(kernels)


def run(dtype, name, x, y, result):
    n, index = x.numel(), 0
    addresses = [memory.allocate(n * 16, index) for _ in range(3)]
    for address, t in zip(addresses, (x, y)):
        copy.h2d(address, t.data_ptr(), n * t.dtype.itemsize, index)
    kernel = module.function_of_text(index, f"maths {dtype}", lambda: text_of(dtype), f"ct_try_{name}")
    launch.launch(kernel, (2,), (64,), struct.pack("PPPq", *addresses, n), 0, streams.raw(index))
    out = ctorch.empty((n,), dtype=result)
    copy.d2h(out.data_ptr(), addresses[2], n * result.itemsize, index)
    for address in addresses:
        memory.free(address, index)
    return out


def arguments(dtype, name):
    """Pairs of numbers, edges among them."""
    rng = np.random.default_rng(0)
    if dtype not in LIMIT:
        info = np.iinfo(dtype)
        edges = [0, 1, 2, 3, 7, 63, info.max, info.min, *([-1, -2, -7] if info.min else [])]
        x, y = np.meshgrid(edges, edges)
        if name in ("fmod", "remainder", "floordiv", "truncdiv"):
            y[y == 0] = 5
        return ctorch.tensor(x.ravel().astype(dtype)), ctorch.tensor(y.ravel().astype(dtype))
    if dtype.startswith("complex"):
        points = rng.standard_normal((200, 2)) * np.exp(rng.uniform(-6, 2, (200, 1)))
        z = points @ [1, 1j]
        z = np.concatenate([z, [0, 1, -1, 1j, -1j, 0.5, -0.5, 2 + 0j, -2 + 0j, complex(-2, -0.0), complex(0, -2)]])
        return (ctorch.tensor(z).to(getattr(ctorch, dtype)), ctorch.tensor(z[::-1].copy()).to(getattr(ctorch, dtype)))
    edges = [0.0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3, -3, 1e-6, -1e-6, 20, -20, 0.999, -0.999, np.inf, -np.inf,
             np.nan, 7.25, 0.1, 3e4]
    x, y = np.meshgrid(edges, edges)
    z = np.concatenate([rng.uniform(-1, 1, 300), rng.uniform(-9, 9, 300)])
    x, y = np.concatenate([x.ravel(), z]), np.concatenate([y.ravel(), z[::-1]])
    return ctorch.tensor(x).to(getattr(ctorch, dtype)), ctorch.tensor(y).to(getattr(ctorch, dtype))


def real_of(dtype):
    return {"complex64": ctorch.float32, "complex128": ctorch.float64}.get(dtype)


def reference(name, dtype):
    """The CPU's function; NumPy's where no operator has it, or not for complex numbers."""
    def by_numpy(*tensors):
        with np.errstate(all="ignore"):
            arrays = [np.asarray(t.to(ctorch.complex128) if t.is_complex() else t) for t in tensors]
            out = ctorch.from_numpy(np.ascontiguousarray(getattr(np, name)(*arrays)))
        return out.to(getattr(ctorch, dtype)) if out.is_complex() or "float" in dtype else out.to(real_of(dtype))

    if dtype.startswith("complex"):
        if name == "sign":
            return ctorch.sgn
        if name in ("expm1", "log1p", "real", "angle"):
            return by_numpy
    return PUBLIC.get(name) or getattr(ctorch, name, None) or by_numpy


@pytest.mark.parametrize(("dtype", "name", "count"), list(cases()))
def test_function(dtype, name, count):
    x, y = arguments(dtype, name)
    function = reference(name, dtype)
    expected = function(x, y) if count == 2 else function(x)
    got = run(dtype, name, x, y, expected.dtype)
    got, expected = (np.asarray(t.to(ctorch.complex128 if t.is_complex() else t.dtype)) for t in (got, expected))
    if dtype not in LIMIT:
        assert (got == expected).all()
        return
    limit = LIMIT[dtype]
    for part in (np.real, np.imag) if np.iscomplexobj(expected) else (np.float64,):
        # A part of a complex number may be off by the whole's last digits.
        slack = limit * (np.abs(expected) if np.iscomplexobj(expected) else 1e-3)
        if name.startswith("logaddexp"):              # which cancels where the result is near 0
            slack = np.maximum(slack, limit * np.minimum(np.abs(x), 1))
        if name == "gelu":                            # as 1 + erf does beside -1
            slack = limit * np.minimum(np.abs(x), 10)
        with np.errstate(invalid="ignore"):
            far = np.abs(part(got) - part(expected)) > limit * np.abs(part(expected)) + slack
        bad = far | (np.isfinite(part(got)) != np.isfinite(part(expected))) | (np.isnan(got) != np.isnan(expected))
        assert not bad.any(), list(zip(np.asarray(x)[bad], np.asarray(y)[bad], got[bad], expected[bad]))[:5]


def test_every_function_of_the_language_is_here():
    defined = _compiler.join('#include "complex.cuh"')
    for name in FUNCTIONS:
        assert f"ct_{name}(" in defined or f"({name})" in defined, name
