"""Every elementwise row of ops/*.toml: values against PyTorch, for all dtypes and strides."""
import itertools

import numpy as np
import pytest
from rows import ROWS

import ctorch

# Rows whose arguments are no plain tensors, or whose domain the samples below leave.
SPECIAL = {"_where", "_nan_to_num", "_conj", "clone", "threshold", "special_zeta", "_polygamma",
           "_special_polynomial", "_renorm_factor", "_binary_cross_entropy"}
ELEMENTWISE = [name for name, row in ROWS.items()
               if row["kind"] == "elementwise" and "float" in row["dtypes"] and name not in SPECIAL]


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
    if reference is None or name.startswith("_"):
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
    size = {"_norm_1": lambda x, axis: np.abs(x).sum(axis), "_norm_2": lambda x, axis: np.sqrt((x * x).sum(axis)),
            "_norm_inf": lambda x, axis: np.abs(x).max(axis)}
    function = size.get(name) or getattr(np, {"amax": "max", "amin": "min"}.get(name, name))
    x = np.random.default_rng(0).standard_normal((3, 4, 5))
    got = getattr(ctorch._functions, name)(ctorch.from_numpy(x), dim)
    np.testing.assert_allclose(np.array(got.tolist()), function(x, axis=dim), rtol=1e-12)


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
        given = [(b.abs() if d == "uint8" else b).to(getattr(torch, d)) for b, d in zip((base, second), dtypes)]
        given += [given[-1]] * (len(tensors(name)) - len(given))
        try:
            want, got = reference(*given), own(*(ctorch.from_numpy(x.numpy()) for x in given))
        except (NotImplementedError, RuntimeError, TypeError):
            continue
        assert str(got.dtype) == str(want.dtype), dtypes
        if name == "expm1" and want.is_complex():      # inf + 0j, where PyTorch's imaginary part is NaN
            want[want.isinf()] = np.inf
        np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=2e-3, atol=1e-5, err_msg=str(dtypes))


PRIVATE = {
    "RoundBackward0": lambda x: x.round(),
    "WhereBackward0": lambda x: ctorch.where(x > 0, x, 1.0),
    "AddcmulBackward0": lambda x: x.addcmul(x, x),
    "AddcdivBackward0": lambda x: x.addcdiv(x, x),
    "NanToNumBackward0": lambda x: x.nan_to_num(),
    "DivBackward0": lambda x: x / 2,
    "GeluBackward0": lambda x: ctorch.nn.functional.gelu(x),
}


@pytest.mark.parametrize("name", PRIVATE)
def test_private_rows_have_pytorchs_names(name):
    assert PRIVATE[name](ctorch.ones(2, requires_grad=True)).grad_fn.name() == name


def test_errors_of_private_rows_have_pytorchs_names():
    x = ctorch.ones(2)
    with pytest.raises(NotImplementedError, match=r'^"bitwise_not" not implemented for'):
        x.bitwise_not()
    with pytest.raises(NotImplementedError, match=r'^"div" not implemented for'):
        ctorch.div(ctorch.ones(2, dtype=ctorch.complex64), 2, rounding_mode="trunc")
    y = x.clone().requires_grad_()
    z = y * y
    loss = (z * z).sum()
    z.detach().round_()
    with pytest.raises(RuntimeError, match=r"The last inplace operation on it was round\b"):
        loss.backward()


@pytest.mark.parametrize("name", ["sgn", "copysign"])
def test_gradients_that_vanish_equal_pytorchs(name):
    torch = pytest.importorskip("torch")
    values = ([-2.0, 0.0, 3.0], [1.0, -1.0, -0.0])
    found = []
    for module in (ctorch, torch):
        inputs = [module.tensor(v, requires_grad=True) for v in values[:1 if name == "sgn" else 2]]
        getattr(module, name)(*inputs).sum().backward()
        found.append([(x.grad + 0).tolist() for x in inputs])
    assert found[0] == found[1]


def test_gradient_of_complex_sgn_equals_pytorchs():
    torch = pytest.importorskip("torch")
    found = []
    for module in (ctorch, torch):
        x = module.tensor([3 - 4j, 0j, -1 + 0.5j], dtype=module.complex128, requires_grad=True)
        module.sgn(x).backward(module.tensor([1 + 2j, 1j, 0.5 - 1j], dtype=module.complex128))
        found.append(x.grad.tolist())
    assert found[0] == pytest.approx(found[1], abs=1e-15)
