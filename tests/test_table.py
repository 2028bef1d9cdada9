"""Every elementwise row of ops.toml: values against PyTorch, gradients and gradients of gradients by differences."""
import itertools
import tomllib
from pathlib import Path

import numpy as np
import pytest

import ctorch
from ctorch.autograd import gradcheck, gradgradcheck

ROWS = tomllib.loads((Path(ctorch.__file__).parent / "ops.toml").read_text())
# Rows whose arguments are no plain tensors, or whose domain the samples below leave.
SPECIAL = {"where_", "nan_to_num_", "conj_physical", "clone", "threshold"}
ELEMENTWISE = [name for name, row in ROWS.items()
               if row["kind"] == "elementwise" and "float" in row["dtypes"] and name not in SPECIAL]
DIFFERENTIABLE = [name for name in ELEMENTWISE if "grad" in ROWS[name]]
# The derivative of digamma has no row, and erfinv's samples must stay inside (-1, 1).
NO_SECOND = {"lgamma"}


def tensors(name):
    return [a for a in ROWS[name]["args"].split(",") if "Tensor" in a]


def samples(name, dtype=ctorch.float64):
    """Positive numbers below one (above for acosh) that keep clear of kinks and ties."""
    base = ctorch.tensor([[0.31, 0.47, 0.83], [0.62, 0.19, 0.71]], dtype=dtype)
    if name == "acosh":
        base = base + 1.5
    return [base + 0.013 * k if k % 2 == 0 else base.flip(0) + 0.029 * k for k in range(len(tensors(name)))]


def function(name):
    return getattr(ctorch._functions, name)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_values_equal_pytorchs(name):
    torch = pytest.importorskip("torch")
    reference = getattr(torch, name, None) or getattr(torch.nn.functional, name, None)
    if reference is None or name.endswith("_"):
        pytest.skip("not a public name of PyTorch's")
    for dtype in ("float32", "float64", "float16", "bfloat16"):
        ours = samples(name, getattr(ctorch, dtype))
        theirs = [torch.tensor(x.tolist(), dtype=getattr(torch, dtype)) for x in ours]
        try:
            want = reference(*theirs)
        except (NotImplementedError, RuntimeError):
            continue
        got = function(name)(*ours)
        assert str(got.dtype) == str(want.dtype)
        tol = {"float16": 2e-3, "bfloat16": 1.6e-2, "float32": 2e-6, "float64": 1e-13}[dtype]
        ctorch.testing.assert_close(got.double() if got.is_floating_point() else got,
                                    ctorch.tensor(want.tolist(), dtype=ctorch.float64 if got.is_floating_point()
                                                  else got.dtype), rtol=tol, atol=tol)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_gradients(name):
    # `value` of addcmul and addcdiv is a number to its callers and has no derivative
    names = [a.split(":")[0].strip() for a in tensors(name)]
    inputs = [x.requires_grad_(n in ROWS[name]["grad"]) for n, x in zip(names, samples(name))]
    assert gradcheck(function(name), inputs)
    if name not in NO_SECOND:
        assert gradgradcheck(function(name), inputs)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_any_strides_and_empty_and_zero_dimensions(name):
    inputs = samples(name)
    want = function(name)(*inputs).tolist()
    for change in (lambda x: x.t().contiguous().t(), lambda x: x.repeat(1, 2)[:, :3], lambda x: x.flip(0)[::-1],
                   lambda x: x.unsqueeze(0).expand(2, 2, 3)[1]):
        assert function(name)(*map(change, inputs)).tolist() == want
    assert function(name)(*(x[:0] for x in inputs)).shape == (0, 3)
    assert function(name)(*(x[0, 0] for x in inputs)).item() == want[0][0]


@pytest.mark.parametrize("name", [n for n, r in ROWS.items() if r["kind"] == "reduction"])
@pytest.mark.parametrize("dim", [None, 0, 1, (0, 2), -1])
def test_reductions_equal_numpys(name, dim):
    import numpy as np
    numpy_name = {"amax": "max", "amin": "min", "count_nonzero_": "count_nonzero"}.get(name, name)
    x = np.random.default_rng(0).standard_normal((3, 4, 5))
    got = getattr(ctorch._functions, name)(ctorch.from_numpy(x), dim)
    np.testing.assert_allclose(np.array(got.tolist()), getattr(np, numpy_name)(x, axis=dim), rtol=1e-12)


@pytest.mark.parametrize("name", [n for n, row in ROWS.items() if row["kind"] == "elementwise" and n not in SPECIAL])
def test_other_dtypes_equal_pytorchs(name):
    """Integers, bool, half and complex in all pairs: promotion, wrapping and rounding."""
    torch = pytest.importorskip("torch")
    reference, own = getattr(torch, name, None), getattr(ctorch, name, None)
    if reference is None or own is None:
        pytest.skip("not a public name of PyTorch's")
    base = torch.tensor([[0, 1, 2], [3, -4, 5], [100, -100, 7]])
    second = base.abs() % 7 + 1                       # no division by zero, no shift beyond the width
    names = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "complex64"]
    for dtypes in itertools.product(names, repeat=min(len(tensors(name)), 2)):
        if name == "square" and dtypes == ("bool",):
            continue                                  # PyTorch's is a power, which makes integers of bool
        given = [(b.abs() if d == "uint8" else b).to(getattr(torch, d)) for b, d in zip((base, second), dtypes)]
        given += [given[-1]] * (len(tensors(name)) - len(given))
        try:
            want, got = reference(*given), own(*(ctorch.from_numpy(x.numpy()) for x in given))
        except (NotImplementedError, RuntimeError, TypeError):
            continue
        assert str(got.dtype) == str(want.dtype), dtypes
        np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=2e-3, atol=1e-5, err_msg=str(dtypes))
