"""Every row of the table on a CUDA device against the CPU: values, gradients, dtypes and strides."""
import pytest
from missing import MISSING, WAITING
from rows import ROWS

import ctorch
from ctorch._gen import cuda_table
from ctorch.cuda import _backend

pytestmark = pytest.mark.usefixtures("device")

FLOATS = [ctorch.float32, ctorch.float64, ctorch.float16, ctorch.bfloat16]
TOLERANCE = {ctorch.float32: 2e-5, ctorch.float64: 1e-12, ctorch.float16: 4e-3, ctorch.bfloat16: 3e-2,
             ctorch.complex64: 5e-5, ctorch.complex128: 1e-11}
DTYPES_OF = {"bool": [ctorch.bool], "int": [ctorch.uint8, ctorch.int8, ctorch.int16, ctorch.int32, ctorch.int64],
             "float": FLOATS, "complex": [ctorch.complex64, ctorch.complex128]}


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


class Fixed:
    """A tensor without a gradient: an index, a target, a statistic."""

    def __init__(self, values):
        self.values = values


def operands(name, dtype):
    """One tensor for each tensor argument; a type like Tensor[bool] fixes its dtype."""
    made = [sample(ctorch.bool if "[bool]" in t else dtype, k) for k, t in enumerate(tensor_types(name))]
    return [x + 1 if name == "acosh" and x.dtype == dtype else x for x in made]


def held(name, tensors):
    """The operands, those without a derivative among them fixed."""
    reasons = ROWS[name].get("nograd", {})
    parts = [a.strip() for a in ROWS[name]["args"].replace("*,", "").split(",") if "Tensor" in a]
    return [Fixed(x) if isinstance(reasons, dict) and part.split(":")[0] in reasons else x
            for part, x in zip(parts, tensors)]


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


def compare(on_cpu, on_device, what, slack=1):
    assert len(on_cpu) == len(on_device), what
    for expected, got in zip(on_cpu, on_device):
        assert (expected is None) == (got is None), what
        if not isinstance(expected, ctorch.Tensor):
            assert got == expected, what
            continue
        assert (got.dtype, got.shape) == (expected.dtype, expected.shape), what
        tolerance = TOLERANCE.get(expected.dtype, 0) * slack
        ctorch.testing.assert_close(got.cpu(), expected, rtol=tolerance, atol=tolerance, equal_nan=True,
                                    msg=lambda text, what=what: f"{what}: {text}")


@pytest.mark.parametrize("name", [n for n in rows_of("elementwise") if n not in MISSING])
def test_elementwise(name):
    row, ran, differentiated = ROWS[name], 0, False
    for category in row["dtypes"].split():
        for dtype in DTYPES_OF[category]:
            inputs = operands(name, dtype)
            try:
                getattr(ctorch._functions, name)(*inputs, *parameters(name))
            except (NotImplementedError, TypeError, RuntimeError):
                continue                 # a dtype that the CPU refuses too
            compare(*both(lambda *x, n=name: getattr(ctorch._functions, n)(*x, *parameters(n)), held(name, inputs)),
                    f"{name} {dtype}")
            ran += 1
            differentiated |= both.differentiated
    assert ran, f"{name} ran in no dtype"
    assert differentiated == differentiable(name), f"{name}: gradients"


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
    row, ran, differentiated = ROWS[name], 0, False
    for category in row["dtypes"].split():
        for dtype in DTYPES_OF[category]:
            x = ctorch.stack([sample(dtype, k, (3, 5)) for k in range(70)])
            x = x * 0 + 1 if name == "prod" and dtype != ctorch.bool else x
            row_function = getattr(ctorch._functions, name)
            call = lambda t, f=row_function: f(t, dim) if dim is not None else f(t)  # noqa: E731
            try:
                call(x)
            except (NotImplementedError, TypeError, RuntimeError):
                continue
            compare(*both(call, [x]), f"{name} {dtype} over {dim}")
            ran += 1
            differentiated |= both.differentiated
    assert ran, f"{name} ran in no dtype"
    assert differentiated == differentiable(name), f"{name}: gradients"


@pytest.mark.parametrize("shape", [(1, 100_000), (40_000, 3), (3, 40_000), (0, 4), (200, 7, 11)])
def test_sums_of_many_sizes(shape):
    x = (ctorch.arange(max(1, ctorch.Size(shape).numel())) % 101).reshape(shape if 0 not in shape else (1,))
    x = ctorch.empty(shape) if 0 in shape else x.double()
    for dim in range(len(shape)):
        compare([x.sum(dim)], [x.cuda().sum(dim)], f"{shape} over {dim}")
    compare([x.sum(), x.mean()], [x.cuda().sum(), x.cuda().mean()], f"{shape}")


@pytest.mark.filterwarnings("ignore:Casting complex values to real")
@pytest.mark.parametrize("to", [d for group in DTYPES_OF.values() for d in group])
@pytest.mark.parametrize("frm", [d for group in DTYPES_OF.values() for d in group])
def test_casts(to, frm):
    x = sample(frm, 0)
    compare([x.to(to)], [x.cuda().to(to)], f"{frm} to {to}")


# ---- kernel and composite rows: calls of each, tensors among their arguments

def real(*shape, seed=0):
    """Numbers between -2 and 2 without ties, in no order."""
    count = ctorch.Size(shape).numel()
    base = ctorch.arange(count, dtype=ctorch.float64) * 0.6180339887498949 + 0.37 * (seed + 1)
    return (base.remainder(1) * 4 - 2).reshape(shape)


def share(*shape, seed=0):
    """Numbers between 0 and 1, away from both."""
    return real(*shape, seed=seed) / 5 + 0.5


def fixed(values):
    return Fixed(values if isinstance(values, ctorch.Tensor) else ctorch.tensor(values))


PLANE, TARGET = real(2, 3, 6, 5), fixed([1, 0, 3, 2, 1, -100])
PLACES = fixed([[0, 4, 2], [1, 1, 3]])
NORMALIZED = share(6, 4, seed=1) / share(6, 4, seed=1).sum(1, keepdim=True)
RUNNING = fixed(real(3)), fixed(share(3))
CLASS_WEIGHT = fixed([0.5, 1.0, 2.0, 0.25])
PER_CHANNEL = share(3, seed=1), real(3, seed=2)
TOTAL = fixed(4.5)
POOLED = fixed([[[[0, 3], [16, 12]]]])

CALLS = {
    # kernels
    "mm": [(real(5, 7), real(7, 3, seed=1))],
    "bmm": [(real(2, 5, 7), real(2, 7, 3, seed=1))],
    "linear": [(real(2, 3, 5), real(4, 5, seed=1), real(4, seed=2)), (real(6, 5), real(4, 5, seed=1))],
    "softmax": [(real(4, 6), 1), (real(4, 6), 0)],
    "log_softmax": [(real(4, 6), 1), (real(3, 4, 2), 1)],
    "_softmax_backward": [(real(6, 4), NORMALIZED, 1)],
    "_log_softmax_backward": [(real(6, 4), NORMALIZED.log(), 1)],
    "_batch_norm": [(PLANE, *PER_CHANNEL, *RUNNING, True, 0.1, 1e-5), (PLANE, None, None, None, None, True, 0.1, 1e-5)],
    "_batch_norm_backward": [(PLANE * 0.5, PLANE, PER_CHANNEL[0], *RUNNING, real(3), share(3), True, 1e-5,
                              (True, True, True))],
    "_layer_norm": [(real(4, 6), (6,), share(6), real(6), 1e-5), (PLANE, (6, 5), None, None, 1e-5)],
    "_layer_norm_backward": [(real(4, 6, seed=1), real(4, 6), share(6), real(4, 1), share(4, 1), (6,),
                              (True, True, True))],
    "_nll_loss": [(real(6, 4), TARGET, CLASS_WEIGHT, -100, 1), (real(6, 4), TARGET, None, -100, 0)],
    "_nll_loss_backward": [(real(), TARGET, CLASS_WEIGHT, TOTAL, (6, 4), -100, 1)],
    "_cross_entropy": [(real(6, 4), TARGET, CLASS_WEIGHT, -100, 1, 0.1), (real(6, 4), TARGET, None, -100, 2, 0.0)],
    "_cross_entropy_backward": [(real(), NORMALIZED, TARGET, CLASS_WEIGHT, TOTAL, -100, 1, 0.1)],
    "_conv2d": [(PLANE, real(4, 3, 3, 2), real(4), (1, 1), (1, 1), (1, 1), 1),
                (real(2, 4, 7, 6), real(6, 2, 3, 3), None, (2, 2), (2, 1), (2, 1), 2)],
    "_conv2d_input": [(real(2, 4, 4, 4), real(4, 3, 3, 2), (2, 3, 6, 5), (1, 1), (0, 0), (1, 1), 1)],
    "_conv2d_weight": [(real(2, 4, 4, 4), PLANE, (4, 3, 3, 2), (1, 1), (0, 0), (1, 1), 1)],
    "_max_pool2d": [(PLANE, (3, 2), (2, 2), (1, 0), (1, 1), False)],
    "_max_pool2d_backward": [(real(1, 1, 2, 2), POOLED, (1, 1, 4, 5), (2, 2), (2, 2), (0, 0), (1, 1))],
    "_avg_pool2d": [(PLANE, (3, 2), (2, 2), (1, 0), True, False, None)],
    "_avg_pool2d_backward": [(real(2, 3, 3, 2), (2, 3, 6, 5), (2, 2), (2, 2), (0, 0), False, True, None)],
    "gather": [(real(4, 5), 1, fixed([[0, 4, 2], [1, 1, 3]]))],
    "index_select": [(real(4, 5), 1, fixed([3, 0, 3]))],
    "_index_embed": [(real(4, 3), 1, fixed([3, 0, 3]), (4, 5))],
    "_scatter_add": [(real(2, 3), 1, PLACES, (4, 5))],
    "embedding": [(real(4, 5), fixed([[0, 3, 3], [1, 2, 0]]), 1)],
    "_embedding_backward": [(real(3, 5), fixed([0, 3, 3]), 4, 1)],
    "_embedding_bag": [(real(4, 5), fixed([[0, 3, 3], [1, 2, 0]]), None, real(2, 3), False, -1, False),
                       (real(4, 5), fixed([0, 3, 3, 1, 2]), fixed([0, 2, 2]), None, True, 3, False)],
    "_embedding_bag_max": [(real(4, 5), fixed([0, 3, 3, 1, 2]), fixed([0, 2, 2, 4]), 1, True)],
    "_embedding_bag_backward": [(real(2, 5), fixed([[0, 3, 3], [1, 2, 0]]), None, None, 4, True, 3, False),
                                (real(2, 5), fixed([0, 3, 3, 1]), fixed([0, 2]), real(4), 4, False, -1, False)],
    "_embedding_bag_weights": [(real(2, 5), real(4, 5), fixed([0, 3, 3, 1, 2]), fixed([0, 2, 4]), 3, True)],
    "_extremum": [(real(4, 5), 1, False, True), (real(4, 5), 0, True, False)],
    # composites
    "div": [(real(4, 5), share(4, 5)), (real(4, 5), 0.3)],
    "where": [(fixed(real(4, 5) > 0), real(4, 5, seed=1), real(5, seed=2))],
    "clamp": [(real(4, 5), -0.5, 0.6), (real(4, 5), real(5, seed=1), None)],
    "clamp_min": [(real(4, 5), 0.1)],
    "clamp_max": [(real(4, 5), 0.1)],
    "round": [(real(4, 5),)],
    "addcmul": [(real(4, 5), real(4, 5, seed=1), real(5, seed=2))],
    "addcdiv": [(real(4, 5), real(4, 5, seed=1), share(5, seed=2))],
    "rsub": [(real(4, 5), real(5, seed=1)), (real(4, 5), 2.0)],
    "bitwise_not": [(fixed([0, 5, -7]),), (fixed([True, False]),)],
    "masked_fill": [(real(4, 5), fixed(real(4, 5, seed=1) > 0), 0.7)],
    "masked_select": [(real(4, 5), fixed(real(4, 5, seed=1) > 0)), (real(4, 5), fixed(real(5, seed=1) > 0))],
    "nan_to_num": [(real(4, 5).log(), 0.5, 1.0, -1.0)],
    "var": [(real(4, 5), 1), (real(4, 5),)],
    "std": [(real(4, 5), 0, False), (real(4, 5),)],
    "var_mean": [(real(4, 5), 1)],
    "std_mean": [(real(4, 5), (0, 1))],
    "logsumexp": [(real(4, 5), 1), (real(4, 5), (0, 1), True)],
    "_linalg_norm_value": [(real(4, 5), real(4), 2.0, 1, False)],
    "_linalg_pinv_value": [(real(4, 5), real(5, 4))],
    "norm": [(real(4, 5),), (real(4, 5), 1, 1), (real(4, 5), 3.0, 0), (real(4, 5), float("inf"))],
    "equal": [(real(4, 5), real(4, 5)), (real(4, 5), real(4, 5, seed=1))],
    "allclose": [(real(4, 5), real(4, 5) + 1e-9), (real(4, 5), real(4, 5, seed=1))],
    "isclose": [(real(4, 5), real(4, 5) + fixed([0, 0, 1, 0, 0]).values)],
    "repeat": [(real(2, 3), (2, 1, 2))],
    "alias_copy": [(real(3, 4),)],
    "detach_copy": [(real(3, 4),)],
    "as_strided_copy": [(real(3, 4), (2, 2), (1, 2), 1)],
    "diagonal_copy": [(real(3, 4), 1)],
    "expand_copy": [(real(3, 4), (2, 3, 4))],
    "narrow_copy": [(real(3, 4), 1, 1, 2)],
    "permute_copy": [(real(3, 4), (1, 0))],
    "select_copy": [(real(3, 4), 1, -1)],
    "slice_copy": [(real(3, 4), 1, 0, 4, 2)],
    "split_copy": [(real(3, 4), 2, 1)],
    "split_with_sizes_copy": [(real(3, 4), [1, 3], 1)],
    "squeeze_copy": [(real(1, 4), 0)],
    "t_copy": [(real(3, 4),)],
    "transpose_copy": [(real(3, 4), 0, 1)],
    "unbind_copy": [(real(3, 4), 1)],
    "unfold_copy": [(real(3, 4), 1, 2, 1)],
    "unsqueeze_copy": [(real(3, 4), 1)],
    "view_copy": [(real(3, 4), (4, 3))],
    "split_with_sizes": [(real(3, 4), [1, 3], 1)],
    "unravel_index": [(fixed([3, 0, 5]), (2, 3))],
    "hash_tensor": [(real(3, 5), 1)],
    "tensor_split": [(real(3, 4), 3, 1)],
    "hsplit": [(real(3, 4), 2)],
    "vsplit": [(real(3, 4), [1])],
    "dsplit": [(real(3, 2, 2), 2)],
    "unsafe_split": [(real(3, 4), 2, 1)],
    "unsafe_split_with_sizes": [(real(3, 4), [1, 3], 1)],
    "unsafe_chunk": [(real(3, 4), 2, 1)],
    "tile": [(real(2, 3), (2, 2))],
    "repeat_interleave": [(real(2, 3), 2), (real(2, 3), 2, 0)],
    "fliplr": [(real(3, 4),)],
    "flipud": [(real(3, 4),)],
    "rot90": [(real(3, 4),), (real(3, 4), 2)],
    "roll": [(real(3, 4), 1), (real(3, 4), (1, 2), (0, 1))],
    "diag_embed": [(real(3, 4), 1)],
    "diagflat": [(real(3),)],
    "trace": [(real(3, 4),)],
    "diagonal_scatter": [(real(3, 4), real(3, seed=1), 1)],
    "select_scatter": [(real(3, 4), real(3, seed=1), 1, 2)],
    "slice_scatter": [(real(3, 4), real(3, 2, seed=1), 1, 0, 4, 2)],
    "as_strided_scatter": [(real(3, 4), real(2, 2, seed=1), (2, 2), (4, 1), 1)],
    "combinations": [(real(4),)],
    "constant_pad_nd": [(real(3, 4), (1, 2), 0.5)],
    "fill": [(real(3, 4), 0.5)],
    "index_put": [(real(3, 4), (fixed([0, 2]).values,), real(2, 4, seed=1))],
    "take_along_dim": [(real(3, 4), fixed([[1], [0], [3]]), 1)],
    "argwhere": [(real(3, 4).round(),)],
    "flip": [(real(2, 3, 4), (0, 2))],
    "diag": [(real(4), 1), (real(4, 5), -1)],
    "tril": [(real(4, 5), 1)],
    "triu": [(real(2, 4, 5), -1)],
    "outer": [(real(4), real(5, seed=1))],
    "dist": [(real(4, 5), real(4, 5, seed=1)), (real(4, 5), real(5, seed=1), 1.0)],
    "max": [(real(4, 5),), (real(4, 5), 1), (real(4, 5), real(5, seed=1))],
    "min": [(real(4, 5),), (real(4, 5), 0, True), (real(4, 5), real(5, seed=1))],
    "argmax": [(real(4, 5),), (real(4, 5), 1)],
    "argmin": [(real(4, 5),), (real(4, 5), 0, True)],
    "matmul": [(real(4, 5), real(5, 3)), (real(2, 1, 4, 5), real(3, 5, 2)), (real(5), real(5, seed=1)),
               (real(3, 4, 5), real(5)), (real(4), real(4, 5))],
    "mv": [(real(4, 5), real(5))],
    "dot": [(real(5), real(5, seed=1))],
    "addmm": [(real(3), real(4, 5), real(5, 3))],
    "baddbmm": [(real(2, 4, 3), real(2, 4, 5), real(2, 5, 3))],
    "conv2d": [(PLANE, real(4, 3, 3, 2), real(4), 2, 1)],
    "conv1d": [(real(2, 3, 7), real(4, 3, 3), real(4), 2, 1)],
    "conv_tbc": [(real(5, 2, 3), real(2, 3, 4), real(4), 1)],
    "conv_transpose1d": [(real(2, 3, 7), real(3, 4, 3), real(4), 2, 1)],
    "conv_transpose2d": [(PLANE, real(3, 2, 3, 2), real(2), 2, 1, 1)],
    "max_pool1d": [(real(2, 3, 7), 2)],
    "max_pool1d_with_indices": [(real(2, 3, 7), 3, 2, 1)],
    "avg_pool1d": [(real(2, 3, 7), 3, 2, 1)],
    "adaptive_avg_pool1d": [(real(2, 3, 8), 4)],
    "adaptive_avg_pool2d": [(PLANE, (3, 1)), (PLANE, 1)],
    "affine_grid_generator": [(real(2, 2, 3), (2, 1, 3, 4), False)],
    "channel_shuffle": [(real(2, 4, 3), 2)],
    "pixel_shuffle": [(real(2, 8, 3, 2), 2)],
    "pixel_unshuffle": [(real(2, 2, 6, 4), 2)],
    "group_norm": [(real(2, 4, 5), 2, real(4), real(4))],
    "instance_norm": [(PLANE, *PER_CHANNEL, None, None, True, 0.1, 1e-5)],
    "rms_norm": [(real(4, 5), (5,), real(5))],
    "alpha_dropout": [(real(4, 5), 0.4, False)],                        # drawing itself is tested in test_philox
    "feature_dropout": [(real(4, 5), 0.4, False)],
    "feature_alpha_dropout": [(real(4, 5), 0.4, False)],
    "max_pool2d": [(PLANE, 2), (PLANE, 3, 2, 1, 1, True, True)],
    "avg_pool2d": [(PLANE, 2), (PLANE, 3, 2, 1, True, False, 4)],
    "batch_norm": [(PLANE, *PER_CHANNEL, *RUNNING, True, 0.1, 1e-5), (PLANE, *PER_CHANNEL, *RUNNING, False, 0.1, 1e-5)],
    "layer_norm": [(PLANE, (6, 5), share(6, 5), real(6, 5))],
    "dropout": [(real(4, 5), 0.4, False), (real(4, 5), 0.0, True)],      # drawing itself is tested in test_philox
    "nll_loss": [(real(6, 4), TARGET), (real(6, 4), fixed([1, 0, 3, 2, 1, 2]), CLASS_WEIGHT, 2, "sum")],
    "cross_entropy": [(real(6, 4), TARGET), (real(6, 4), TARGET, CLASS_WEIGHT, -100, "sum", 0.1)],
    "mse_loss": [(real(4, 5), real(4, 5, seed=1)), (real(4, 5), real(4, 5, seed=1), "none")],
    "l1_loss": [(real(4, 5), real(4, 5, seed=1))],
    "binary_cross_entropy": [(share(4, 5), share(4, 5, seed=1), fixed(share(5)))],
    "binary_cross_entropy_with_logits": [(real(4, 5), share(4, 5), fixed(share(5)), fixed(share(5, seed=1)))],
    "angle": [(real(4, 5),)],
    "real": [(real(4, 5),)],
    "conj_physical": [(real(4, 5),)],
    "resolve_conj": [(real(4, 5),)],
    "resolve_neg": [(real(4, 5),)],
    "is_conj": [(real(4, 5),)],
    "is_neg": [(real(4, 5),)],
    "isreal": [(real(4, 5),)],
    "positive": [(real(4, 5),)],
    "float_power": [(share(4, 5), real(5, seed=1))],
    "ldexp": [(real(4, 5), real(5, seed=1))],
    "heaviside": [(fixed(real(4, 5).round()), fixed(real(5, seed=1)))],
    "_masked_fill": [(real(4, 5), fixed(real(4, 5, seed=1) > 0), 0.7)],
    "_masked_select": [(real(4, 5), fixed(real(5, seed=1) > 0))],
    "_masked_scatter": [(real(4, 5), fixed(real(4, 5, seed=1) > 0), real(20, seed=2))],
    "masked_scatter": [(real(4, 5), fixed(real(4, 5, seed=1) > 0), real(20, seed=2))],
    "scatter": [(real(4, 5), 1, PLACES, real(2, 3, seed=1)), (real(4, 5), 0, fixed([[3, 0, 1]]), 0.5)],
    "_scatter_src": [(real(4, 5), 1, PLACES, real(2, 3, seed=1))],
    "_scatter_value": [(real(4, 5), 1, PLACES, 0.5)],
    "scatter_add": [(real(4, 5), 1, PLACES, real(2, 3, seed=1)),
                    (real(4, 5), 0, fixed([[3, 0, 3]]), real(1, 3, seed=1))],
    "index_add": [(real(4, 5), 1, fixed([3, 0, 3]), real(4, 3, seed=1))],
    "index_copy": [(real(4, 5), 0, fixed([3, 0]), real(2, 5, seed=1))],
    "index_fill": [(real(4, 5), 1, fixed([3, 0]), 0.5)],
    "_index_fill": [(real(4, 5), 1, fixed([3, 0]), 0.5)],
    "take": [(real(4, 5), fixed([[3, 19], [-1, 3]]))],
    "put": [(real(4, 5), fixed([3, 19, 0]), real(3, seed=1)), (real(4, 5), fixed([3, 3, 0]), real(3, seed=1), True)],
    "_triangle": [(real(4, 5), 1, True), (real(2, 3, 3), -1, False)],
    "_flip": [(real(3, 4), (0, -1)), (real(3, 4), (1,))],
    "_addr": [(real(3, 4), real(3), real(4), 0.5, -2.0), (real(3, 4), real(3), real(4), 0.0, 1.0)],
    "_roll": [(real(3, 4), (1, -2), (0, 1))],
    "_pad_edges": [(real(3, 4), (1, 2, 2, 0), mode) for mode in (0, 1, 2)],
    "_repeat_each": [(real(3, 4), 0, 2), (real(3, 4), 1, 3)],
    "addbmm": [(real(3, 5), real(2, 3, 4), real(2, 4, 5))],
    "addmv": [(real(3), real(3, 4), real(4))],
    "addr": [(real(3, 4), real(3), real(4))],
    "bilinear": [(real(4, 3), real(4, 2), real(5, 3, 2), real(5))],
    "corrcoef": [(real(3, 6),)],
    "cov": [(real(3, 6),)],
    "diff": [(real(3, 6),)],
    "gradient": [(real(6),)],
    "inner": [(real(3, 4), real(2, 4))],
    "kron": [(real(3, 2), real(2, 4))],
    "nanmean": [(real(3, 4), 1)],
    "prelu": [(real(2, 3, 2), real(3)), (real(3), real(1))],
    "renorm": [(real(3, 4), 2, 0, 0.5)],
    "tensordot": [(real(3, 4), real(4, 5), 1)],
    "trapezoid": [(real(3, 4),)],
    "vdot": [(real(4), real(4, seed=1))],
    "pad": [(real(2, 3), (1, 2)), (PLANE, (1, -1, 0, 2), "constant", 0.5)],
}
# Composites without a derivative: their results are truth values, counts or places.
NO_GRADIENT = {"bitwise_not", "equal", "allclose", "isclose", "argmax", "argmin", "is_conj", "is_neg",
               "isreal", "heaviside", "detach_copy", "argwhere", "unravel_index", "hash_tensor"}


def in_dtype(x, dtype):
    if isinstance(x, Fixed):
        return Fixed(in_dtype(x.values, dtype))
    return x.to(dtype) if isinstance(x, ctorch.Tensor) and x.is_floating_point() else x


def differentiable(name, rows=ROWS):
    return "grad" in rows[name] or (rows[name]["kind"] == "composite" and name not in NO_GRADIENT)


@pytest.mark.parametrize("dtype", [ctorch.float32, ctorch.float64])
@pytest.mark.parametrize("name", [n for n in rows_of("kernel") + rows_of("composite") if n not in MISSING | WAITING])
def test_calls(name, dtype):
    for k, args in enumerate(CALLS[name]):
        both.differentiated = False
        compare(*both(getattr(ctorch._functions, name), [in_dtype(x, dtype) for x in args]), f"{name} {k} {dtype}", 10)
        assert both.differentiated == differentiable(name), f"{name} {k}: gradients"


def test_triangle_indices_on_the_device():
    for name in ("tril_indices", "triu_indices"):
        compare([getattr(ctorch, name)(3, 4)], [getattr(ctorch, name)(3, 4, device="cuda")], name)


def test_joined_on_the_device():
    x = real(3, 4)
    for name in ("hstack", "vstack", "dstack", "column_stack"):
        compare([getattr(ctorch, name)([x, x])], [getattr(ctorch, name)([x.cuda(), x.cuda()])], name)
    compare([ctorch.nonzero_static(x, size=3)], [ctorch.nonzero_static(x.cuda(), size=3)], "nonzero_static")


@pytest.mark.parametrize("name", [n for n in WAITING if n.endswith("_window")])
def test_windows_on_the_device(name):
    on_device = getattr(ctorch, name)(7, device="cuda")
    assert on_device.is_cuda
    compare([getattr(ctorch, name)(7)], [on_device], name)


@pytest.mark.parametrize("name", [n for n in MISSING if ROWS[n]["kind"] == "elementwise" and n != "digamma"])
def test_what_is_missing_says_so(name):
    kind = ctorch.int64 if ROWS[name]["dtypes"] == "int" else ctorch.float32
    with pytest.raises(NotImplementedError, match="cuda"):
        getattr(ctorch._functions, name)(*(x.cuda() for x in operands(name, kind)), *parameters(name))


# ---- nothing is left out

def without_kernel(rows):
    """Rows that have no kernel on the device, of those that need one."""
    lone = []
    for name, row in rows.items():
        if row["kind"] == "elementwise":
            loops = {op["name"] for op in cuda_table.ELEMENTWISE if op["text"]}
            needed = {name} | {f"{name}_grad_{arg}" for arg, text in row.get("grad", {}).items() if text != "g"}
            lone += [name] * (not needed <= loops)
        elif row["kind"] == "reduction":
            lone += [name] * (name not in {op["name"] for op in cuda_table.REDUCTIONS})
        elif row["kind"] == "kernel":
            try:
                _backend.forward(row["forward"])
            except NotImplementedError:
                lone.append(name)
    return lone


def untested(rows):
    """Rows that none of the tests above calls."""
    return [name for name, row in rows.items()
            if row["kind"] not in ("elementwise", "reduction") and not CALLS.get(name)
            and name not in MISSING | WAITING]


def test_every_row_has_a_kernel_and_a_test():
    assert set(without_kernel(ROWS)) == set(MISSING)
    assert untested(ROWS) == []
    assert CALLS.keys() == set(rows_of("kernel") + rows_of("composite")) - MISSING.keys() - WAITING.keys()
    assert {name: row["kind"] for name, row in ROWS.items()
            if row["kind"] not in ("elementwise", "reduction", "kernel", "composite")} == {}
    assert not set(NO_GRADIENT) - set(rows_of("composite"))
    backward = [n for n in ROWS if differentiable(n)]
    print(f"{len(ROWS)} rows: {len(ROWS) - len(MISSING)} forward, {len(backward)} of them backward")
    for name in set(ROWS) - set(backward):
        assert name in NO_GRADIENT or not ROWS[name].get("grad")


@pytest.mark.parametrize(("kind", "more"), [
    ("elementwise", {"grad": {"x": "g * 2"}}), ("reduction", {}), ("kernel", {"forward": "planted_forward"})])
def test_a_row_without_a_kernel_is_found(kind, more):
    planted = ROWS | {"planted": {"kind": kind, "args": "x: Tensor", "dtypes": "float", **more}}
    assert without_kernel(planted) == [*without_kernel(ROWS), "planted"]


def test_a_gradient_without_a_kernel_is_found():
    row = ROWS["tanh"] | {"grad": {"x": "g * (1 - y * y)", "other": "g * 2"}}
    assert without_kernel({"tanh": row}) == ["tanh"]
    assert without_kernel({"tanh": ROWS["tanh"]}) == []


@pytest.mark.parametrize("kind", ["kernel", "composite"])
def test_a_row_without_a_test_is_found(kind):
    planted = ROWS | {"planted": {"kind": kind, "args": "x: Tensor", "forward": "mm_forward"}}
    assert untested(planted) == ["planted"]


@pytest.mark.parametrize("name", ["tanh", "sum", "mm"])
def test_a_kernel_that_fails_is_seen(name, monkeypatch):
    """The comparison itself: a device that refuses, or answers wrongly, does not pass."""
    arguments = {"tanh": [real(4, 5)], "sum": [real(4, 5)], "mm": [real(4, 5), real(5, 3)]}[name]
    function = getattr(ctorch._functions, name)
    with pytest.raises(AssertionError):
        compare(*both(lambda *x: function(*x) + (x[0].device.type == "cuda"), arguments), name)

    def refused(*args):
        raise NotImplementedError(f"{name}: not implemented for device 'cuda'")

    part = {"tanh": "elementwise", "sum": "reduce", "mm": "forward"}[name]
    monkeypatch.setattr(_backend, part, refused)
    monkeypatch.setattr(_backend, "_forwards", {"mm_forward": refused})
    with pytest.raises(NotImplementedError):
        both(function, arguments)
