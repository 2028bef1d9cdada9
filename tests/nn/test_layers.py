"""Every layer against PyTorch's: text, state, initial values, output and gradients."""
import numpy as np
import pytest
from mirror import check

import ctorch
from ctorch import nn

INDICES = np.array([[0, 3, 1], [2, 2, 4]])

# (layer, arguments, keywords, shapes of the inputs or an array)
LAYERS = [
    ("Identity", (3, "unused"), {}, [(2, 3)]),
    ("Linear", (5, 3), {}, [(4, 5)]),
    ("Linear", (5, 3), {"bias": False}, [(2, 4, 5)]),
    ("Linear", (5, 3), {}, [(5,)]),
    ("Bilinear", (3, 4, 5), {}, [(6, 3), (6, 4)]),
    ("Conv1d", (4, 6, 3), {"stride": 2, "padding": 1, "groups": 2}, [(2, 4, 9)]),
    ("Conv1d", (4, 6, 4), {"padding": "same"}, [(2, 4, 9)]),
    ("Conv2d", (3, 4, 3), {}, [(2, 3, 7, 6)]),
    ("Conv2d", (3, 4, (3, 2)), {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2)}, [(2, 3, 7, 6)]),
    ("Conv2d", (4, 6, 3), {"groups": 2, "bias": False}, [(2, 4, 7, 6)]),
    ("Conv2d", (3, 4, 3), {"padding": "same"}, [(2, 3, 7, 6)]),
    ("Conv2d", (3, 4, (2, 4)), {"padding": "same", "dilation": 2}, [(2, 3, 7, 9)]),
    ("Conv2d", (3, 4, 3), {"padding": "valid"}, [(2, 3, 7, 6)]),
    ("Conv2d", (3, 4, 3), {"padding": 1, "padding_mode": "circular"}, [(2, 3, 7, 6)]),
    ("Conv2d", (3, 4, 3), {"padding": 1, "padding_mode": "reflect"}, [(2, 3, 7, 6)]),
    ("Conv2d", (3, 4, 3), {"padding": 1, "padding_mode": "replicate"}, [(2, 3, 7, 6)]),
    ("Conv2d", (3, 4, 3), {}, [(3, 7, 6)]),
    ("BatchNorm1d", (4,), {}, [(6, 4)]),
    ("BatchNorm1d", (4,), {"momentum": None}, [(6, 4, 3)]),
    ("BatchNorm2d", (3,), {}, [(2, 3, 4, 5)]),
    ("BatchNorm2d", (3,), {"affine": False}, [(2, 3, 4, 5)]),
    ("BatchNorm2d", (3,), {"track_running_stats": False, "eps": 0.1}, [(2, 3, 4, 5)]),
    ("BatchNorm3d", (3,), {}, [(2, 3, 4, 5, 2)]),
    ("LayerNorm", (5,), {}, [(4, 5)]),
    ("LayerNorm", ([4, 5],), {"bias": False}, [(3, 4, 5)]),
    ("LayerNorm", ((4, 5),), {"elementwise_affine": False}, [(3, 4, 5)]),
    ("GroupNorm", (2, 6), {}, [(3, 6, 4, 4)]),
    ("GroupNorm", (2, 6), {"affine": False}, [(3, 6)]),
    ("RMSNorm", (5,), {}, [(4, 5)]),
    ("Dropout", (), {}, [(50, 60)]),
    ("Dropout", (0.25,), {"inplace": False}, [(7,)]),
    ("Dropout", (0.0,), {}, [(7,)]),
    ("Dropout1d", (0.4,), {}, [(5, 6, 7)]),
    ("Dropout2d", (0.4,), {}, [(5, 6, 3, 3)]),
    *[
        (name, (), {}, [(4, 6)])
        for name in (
            "ReLU",
            "ReLU6",
            "SiLU",
            "Mish",
            "SELU",
            "ELU",
            "CELU",
            "GELU",
            "GLU",
            "Sigmoid",
            "Tanh",
            "LogSigmoid",
            "Softsign",
            "Tanhshrink",
            "Softplus",
            "Hardshrink",
            "Softshrink",
            "Hardsigmoid",
            "Hardswish",
            "Hardtanh",
            "LeakyReLU",
            "PReLU",
        )
    ],
    ("GELU", ("tanh",), {}, [(4, 6)]),
    ("ELU", (0.5,), {}, [(4, 6)]),
    ("CELU", (0.5,), {}, [(4, 6)]),
    ("GLU", (0,), {}, [(4, 6)]),
    ("LeakyReLU", (0.2,), {}, [(4, 6)]),
    ("PReLU", (6,), {}, [(4, 6, 2)]),
    ("Softplus", (2.0, 1.0), {}, [(4, 6)]),
    ("Hardtanh", (-0.5, 0.25), {}, [(4, 6)]),
    ("Threshold", (0.1, 20.0), {}, [(4, 6)]),
    ("Softmax", (1,), {}, [(4, 6)]),
    ("Softmin", (), {"dim": 0}, [(4, 6)]),
    ("LogSoftmax", (-1,), {}, [(4, 6)]),
    ("Softmax2d", (), {}, [(2, 4, 3, 3)]),
    ("MaxPool1d", (2,), {}, [(2, 3, 9)]),
    ("MaxPool2d", (2,), {}, [(2, 3, 8, 9)]),
    ("MaxPool2d", ((3, 2),), {"stride": (2, 1), "padding": (1, 0), "ceil_mode": True}, [(2, 3, 8, 9)]),
    ("MaxPool2d", (2,), {"dilation": 2}, [(3, 8, 9)]),
    ("AvgPool1d", (3,), {"stride": 2, "padding": 1}, [(2, 3, 9)]),
    ("AvgPool2d", (2,), {}, [(2, 3, 8, 9)]),
    ("AvgPool2d", ((3, 2),), {"stride": 2, "padding": 1, "count_include_pad": False}, [(2, 3, 8, 9)]),
    ("AvgPool2d", (3,), {"divisor_override": 2, "ceil_mode": True}, [(2, 3, 8, 9)]),
    ("AdaptiveAvgPool1d", (4,), {}, [(2, 3, 9)]),
    ("AdaptiveAvgPool2d", (1,), {}, [(2, 3, 8, 9)]),
    ("AdaptiveAvgPool2d", ((4, 3),), {}, [(2, 3, 8, 9)]),
    ("AdaptiveAvgPool2d", ((3, None),), {}, [(2, 3, 8, 9)]),
    ("Flatten", (), {}, [(2, 3, 4)]),
    ("Flatten", (0, 1), {}, [(2, 3, 4)]),
    ("Unflatten", (1, (2, 3)), {}, [(4, 6)]),
    ("PixelShuffle", (2,), {}, [(2, 8, 3, 4)]),
    ("PixelUnshuffle", (2,), {}, [(2, 2, 6, 4)]),
    ("ZeroPad1d", (1,), {}, [(2, 3)]),
    ("ZeroPad2d", (1,), {}, [(2, 3, 4, 4)]),
    ("ZeroPad3d", (1,), {}, [(2, 3, 4, 4, 2)]),
    ("ConstantPad1d", (2, 3.5), {}, [(2, 3)]),
    ("ConstantPad2d", ((1, 2, 3, 4), 3.5), {}, [(2, 3, 4, 4)]),
    ("ConstantPad3d", (1, 3.5), {}, [(2, 3, 4, 4, 2)]),
    ("ReflectionPad1d", (2,), {}, [(2, 3, 5)]),
    ("ReflectionPad2d", ((1, 2, 3, 0),), {}, [(2, 3, 5, 5)]),
    ("ReplicationPad1d", (2,), {}, [(2, 3, 5)]),
    ("ReplicationPad2d", (2,), {}, [(2, 3, 5, 5)]),
    ("CircularPad1d", (2,), {}, [(2, 3, 5)]),
    ("CircularPad2d", (2,), {}, [(2, 3, 5, 5)]),
    ("Embedding", (5, 3), {}, [INDICES]),
    ("Embedding", (5, 3), {"padding_idx": 2}, [INDICES]),
    ("Embedding", (5, 3), {"padding_idx": -2}, [INDICES]),
    ("CosineSimilarity", (), {}, [(4, 6), (4, 6)]),
    ("PairwiseDistance", (), {}, [(4, 6), (4, 6)]),
]


def label(case):
    name, args, kwargs, _ = case
    return f"{name}({', '.join([*map(str, args), *(f'{k}={v}' for k, v in kwargs.items())])})"


def make_inputs(shapes, module):
    arrays = [
        s if isinstance(s, np.ndarray) else np.random.default_rng(0).standard_normal(s).astype(np.float32)
        for s in shapes
    ]
    tensors = []
    for array in arrays:
        tensor = module.tensor(array)
        if array.dtype == np.float32:
            tensor.requires_grad_()
        tensors.append(tensor)
    return tensors


@pytest.mark.parametrize("case", LAYERS, ids=label)
def test_layer_equals_torch(case):
    name, args, kwargs, shapes = case

    def act(module):
        """What a layer prints, keeps, returns and sends back."""
        layer = getattr(module.nn, name)(*args, **kwargs)
        result = {"repr": repr(layer), "first state": layer.state_dict()}
        inputs = make_inputs(shapes, module)
        for training in (True, False, True):
            layer.train(training)
            output = layer(*inputs)
            result[f"output, training={training}"] = output
        if output.requires_grad:
            weights = module.tensor(np.cos(np.arange(output.numel(), dtype=np.float32))).view(output.shape)
            (output * weights).sum().backward()
        leaves = [t for t in [*inputs, *layer.parameters()] if t.requires_grad]
        result["gradients"] = [t.grad for t in leaves]
        result["last state"] = layer.state_dict()
        return result

    # PyTorch warns of even kernels with padding="same", but only once in a process.
    check(act, rtol=2e-5, atol=2e-6, warn=not name.startswith("Conv"))


@pytest.mark.parametrize(
    "name",
    [
        "ReLU",
        "ReLU6",
        "SiLU",
        "Mish",
        "SELU",
        "ELU",
        "CELU",
        "Hardswish",
        "Hardsigmoid",
        "Hardtanh",
        "LeakyReLU",
        "Threshold",
        "Dropout",
        "Dropout2d",
    ],
)
def test_inplace(name):
    args = (0.1, 2.0) if name == "Threshold" else ()

    def act(module):
        layer = getattr(module.nn, name)(*args, inplace=True)
        leaf, = make_inputs([(2, 3, 4, 4)], module)
        x = leaf * 1.5
        y = layer(x)
        assert y is x
        y.sum().backward()
        return [repr(layer), y, leaf.grad]

    check(act)


def test_pooling_returns_indices():
    check(lambda m: m.nn.MaxPool2d(2, return_indices=True)(*make_inputs([(2, 3, 8, 8)], m)))
    check(lambda m: m.nn.MaxPool1d(2, return_indices=True)(*make_inputs([(2, 3, 8)], m)))


@pytest.mark.parametrize("make", [
    lambda nn: nn.Conv2d(3, 4, 3, groups=2),
    lambda nn: nn.Conv2d(2, 3, 3, groups=2),
    lambda nn: nn.Conv2d(2, 2, 3, groups=0),
    lambda nn: nn.Conv2d(2, 2, 3, padding="same", stride=2),
    lambda nn: nn.Conv2d(2, 2, 3, padding="full"),
    lambda nn: nn.Conv2d(2, 2, 3, padding_mode="mirror"),
    lambda nn: nn.Dropout(1.5),
    lambda nn: nn.GroupNorm(4, 6),
    lambda nn: nn.Bilinear(0, 1, 1),
    lambda nn: nn.Embedding(3, 2, padding_idx=3),
    lambda nn: nn.Unflatten(1, 3),
    lambda nn: nn.Unflatten(1, (3, "a")),
    lambda nn: nn.Hardtanh(1.0, -1.0),
])
def test_bad_arguments_raise_what_torch_raises(make):
    check(lambda module: make(module.nn).extra_repr())


@pytest.mark.parametrize(("make", "shape"), [
    (lambda nn: nn.BatchNorm1d(3), (3,)),
    (lambda nn: nn.BatchNorm1d(3), (1, 3)),
    (lambda nn: nn.BatchNorm2d(3), (2, 3)),
    (lambda nn: nn.Linear(3, 4), (2, 2)),
    (lambda nn: nn.Conv2d(3, 4, 3), (1, 2, 8, 8)),
    (lambda nn: nn.LayerNorm(4), (2, 3)),
    (lambda nn: nn.GroupNorm(2, 4), (2, 6)),
    (lambda nn: nn.GLU(), (2, 3)),
    (lambda nn: nn.PReLU(2), (2, 3)),
    (lambda nn: nn.PixelShuffle(2), (1, 3, 2, 2)),
    (lambda nn: nn.Softmax2d(), (3, 3)),
    (lambda nn: nn.MaxPool2d(3), (1, 1, 2, 2)),
])
def test_bad_inputs_raise_what_torch_raises(make, shape):
    check(lambda module: make(module.nn)(module.zeros(shape)))


def test_embedding_from_pretrained():
    layer = nn.Embedding.from_pretrained(ctorch.eye(3))
    assert not layer.weight.requires_grad
    assert layer(ctorch.tensor([2, 0])).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert nn.Embedding.from_pretrained(ctorch.eye(3), freeze=False).weight.requires_grad


def test_batch_norm_loads_files_without_the_count_of_batches():
    layer = nn.BatchNorm1d(2)
    state = layer.state_dict()
    del state["num_batches_tracked"]
    state._metadata[""]["version"] = 1
    assert not layer.load_state_dict(state).missing_keys


def test_device_and_dtype_of_parameters():
    layer = nn.Sequential(
        nn.Linear(2, 3, dtype=ctorch.float64), nn.BatchNorm1d(3, device="cpu", dtype=ctorch.float64)
    )
    assert {p.dtype for p in layer.parameters()} == {ctorch.float64}
    assert layer[1].running_mean.dtype == ctorch.float64
    assert layer[1].num_batches_tracked.dtype == ctorch.int64
