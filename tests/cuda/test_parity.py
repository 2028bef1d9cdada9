"""Every row of the table on a CUDA device against the CPU: values, gradients, dtypes and strides."""
import tomllib
from pathlib import Path

import pytest

import ctorch

pytestmark = pytest.mark.usefixtures("device")

ROWS = {name: row for path in sorted((Path(ctorch.__file__).parent / "ops").glob("*.toml"))
        for name, row in tomllib.loads(path.read_text()).items()}
FLOATS = [ctorch.float32, ctorch.float64, ctorch.float16, ctorch.bfloat16]
TOLERANCE = {ctorch.float32: 2e-5, ctorch.float64: 1e-12, ctorch.float16: 4e-3, ctorch.bfloat16: 3e-2,
             ctorch.complex64: 5e-5, ctorch.complex128: 1e-11}
DTYPES_OF = {"bool": [ctorch.bool], "int": [ctorch.uint8, ctorch.int8, ctorch.int16, ctorch.int32, ctorch.int64],
             "float": FLOATS, "complex": [ctorch.complex64, ctorch.complex128]}
# Rows without a kernel on the device, each with its reason. This list only gets shorter.
MISSING = {}


def rows_of(kind):
    return [name for name, row in ROWS.items() if row["kind"] == kind]


def tensor_types(name):
    parts = [a.split("=")[0].strip() for a in ROWS[name]["args"].replace("*,", "").split(",")]
    return [p.split(":")[1].strip() for p in parts if "Tensor" in p]


def parameters(name):
    """A number for each argument that is not a tensor and has no default."""
    parts = [a.strip() for a in ROWS[name]["args"].replace("*,", "").split(",")]
    scaled = ROWS[name].get("scaled")
    return [0.7 for p in parts if "Tensor" not in p and "=" not in p and not (scaled and p.startswith("alpha"))]


def sample(dtype, k, shape=(3, 4)):
    """Numbers inside every function's domain, different for each operand."""
    count = shape[0] * shape[1]
    base = (ctorch.arange(count, dtype=ctorch.float64).reshape(shape) * 7 % count + 1 + k) / (count + 3)
    if dtype == ctorch.bool:
        return base > 0.5
    if not dtype.is_floating_point and not dtype.is_complex:
        return (base * 5 + 1).to(dtype)
    return base.to(dtype) * (1 + 0.3j) if dtype.is_complex else base.to(dtype)


def operands(name, dtype):
    """One tensor for each tensor argument; a type like Tensor[bool] fixes its dtype."""
    made = [sample(ctorch.bool if "[bool]" in t else dtype, k) for k, t in enumerate(tensor_types(name))]
    return [x + 1 if name == "acosh" and x.dtype == dtype else x for x in made]


class Fixed:
    """A tensor without a gradient: an index, a target, a statistic."""

    def __init__(self, values):
        self.values = values


def placed(x, place):
    """An argument of its own on a device; a float tensor becomes a leaf."""
    if isinstance(x, Fixed):
        return x.values.to(place).clone()
    if not isinstance(x, ctorch.Tensor):
        return x
    fresh = x.to(place).detach().clone()
    return fresh.requires_grad_() if x.is_floating_point() or x.is_complex() else fresh


def both(function, inputs):
    """Results and gradients on the CPU and on the device."""
    answers = []
    for place in ("cpu", "cuda"):
        given = [placed(x, place) for x in inputs]
        leaves = [x for x in given if isinstance(x, ctorch.Tensor) and x.requires_grad]
        found = function(*given)
        if not isinstance(found, ctorch.Tensor | tuple):
            answers.append([found])
            continue
        results = found if isinstance(found, tuple) else (found,)
        assert all(r.device.type == place for r in results)
        gradients = []
        if results[0].requires_grad:
            shape = results[0].shape
            weight = sample(results[0].dtype, 2, (1, max(shape.numel(), 1)))[:, :shape.numel()].reshape(shape)
            results[0].backward(weight.to(place))
            gradients = [x.grad for x in leaves]
            assert all(g is None or g.device.type == place for g in gradients)
        answers.append([*(r.detach() for r in results), *gradients])
        both.differentiated = any(g is not None for g in gradients)
    return answers


def compare(on_cpu, on_device, what):
    for expected, got in zip(on_cpu, on_device):
        assert (expected is None) == (got is None), what
        if not isinstance(expected, ctorch.Tensor):
            assert got == expected, what
            continue
        assert (got.dtype, got.shape) == (expected.dtype, expected.shape), what
        tolerance = TOLERANCE.get(expected.dtype, 0)
        ctorch.testing.assert_close(got.cpu(), expected, rtol=tolerance, atol=tolerance, equal_nan=True,
                                    msg=lambda text, what=what: f"{what}: {text}")


@pytest.mark.parametrize("name", [n for n in rows_of("elementwise") if n not in MISSING])
def test_elementwise(name):
    row, ran = ROWS[name], 0
    for category in row["dtypes"].split():
        for dtype in DTYPES_OF[category]:
            inputs = operands(name, dtype)
            try:
                getattr(ctorch._functions, name)(*inputs, *parameters(name))
            except (NotImplementedError, TypeError, RuntimeError):
                continue                 # a dtype that the CPU refuses too
            compare(*both(lambda *x, n=name: getattr(ctorch._functions, n)(*x, *parameters(n)), inputs),
                    f"{name} {dtype}")
            ran += 1
    assert ran, f"{name} ran in no dtype"


@pytest.mark.parametrize("name", ["add", "mul", "tanh", "where", "maximum"])
@pytest.mark.parametrize("arrange", ["transposed", "stepped", "reversed", "stretched", "empty", "single"])
def test_strides(name, arrange):
    x, y = sample(ctorch.float64, 0, (6, 8)), sample(ctorch.float64, 1, (6, 8))
    change = {"transposed": lambda t: t.t(), "stepped": lambda t: t[::2, 1::3], "reversed": lambda t: t.flip(0)[::-1],
              "stretched": lambda t: t[:, :1].expand(6, 8), "empty": lambda t: t[:0],
              "single": lambda t: t[0, 0]}[arrange]
    call = {"tanh": lambda a, b: a.tanh(), "where": lambda a, b: ctorch.where(a > b, a, b)}.get(
        name, lambda a, b: getattr(ctorch, name)(a, b))
    compare(*both(lambda a, b: call(change(a), change(b)), [x, y]), f"{name} {arrange}")
    compare(*both(lambda a, b: call(change(a), b[..., 0, 0]), [x, y]), f"{name} {arrange} with one number")


@pytest.mark.parametrize("name", [n for n in rows_of("reduction") if n not in MISSING])
@pytest.mark.parametrize("dim", [None, 0, 1, (0, 2), -1])
def test_reductions(name, dim):
    row, ran = ROWS[name], 0
    for category in row["dtypes"].split():
        for dtype in DTYPES_OF[category]:
            x = ctorch.stack([sample(dtype, k, (3, 5)) for k in range(70)])
            x = x * 0 + 1 if name == "prod" and dtype != ctorch.bool else x
            call = lambda t: getattr(ctorch, name)(t, dim) if dim is not None else getattr(ctorch, name)(t)  # noqa: E731
            try:
                call(x)
            except (NotImplementedError, TypeError, RuntimeError):
                continue
            compare(*both(call, [x]), f"{name} {dtype} over {dim}")
            ran += 1
    assert ran, f"{name} ran in no dtype"


@pytest.mark.parametrize("shape", [(1, 100_000), (40_000, 3), (3, 40_000), (0, 4), (200, 7, 11)])
def test_sums_of_many_sizes(shape):
    x = (ctorch.arange(max(1, ctorch.Size(shape).numel())) % 101).reshape(shape if 0 not in shape else (1,))
    x = ctorch.empty(shape) if 0 in shape else x.double()
    for dim in range(len(shape)):
        compare([x.sum(dim)], [x.cuda().sum(dim)], f"{shape} over {dim}")
    compare([x.sum(), x.mean()], [x.cuda().sum(), x.cuda().mean()], f"{shape}")


@pytest.mark.parametrize("to", [d for group in DTYPES_OF.values() for d in group])
@pytest.mark.parametrize("frm", [d for group in DTYPES_OF.values() for d in group])
def test_casts(to, frm):
    x = sample(frm, 0)
    compare([x.to(to)], [x.cuda().to(to)], f"{frm} to {to}")
