"""Every module of `ctorch.nn` and every optimizer on a CUDA device against the CPU."""
import copy
import inspect
import io

import pytest

import ctorch
from ctorch import nn, optim

pytestmark = pytest.mark.usefixtures("device")

TOLERANCE = {ctorch.float32: 5e-5, ctorch.float64: 1e-11, ctorch.float16: 1e-2, ctorch.bfloat16: 8e-2}

# ---- inputs: called with a dtype, they make one tensor on the CPU


def real(*shape, scale=1.0):
    return lambda dtype: (ctorch.randn(*shape, dtype=ctorch.float64) * scale).to(dtype)


def unit(*shape):
    return lambda dtype: (ctorch.rand(*shape, dtype=ctorch.float64) * 0.9 + 0.05).to(dtype)


def logs(*shape):
    return lambda dtype: ctorch.randn(*shape, dtype=ctorch.float64).log_softmax(-1).to(dtype)


def classes(count, *shape):
    return lambda dtype: ctorch.randint(0, count, shape)


def case(*inputs, **options):
    """Inputs of a module and the arguments of its constructor."""
    return inputs, options


PLANE, LINE, VOLUME = real(2, 3, 6, 5), real(2, 3, 7), real(2, 3, 3, 4, 5)
WIDE = real(4, 5, scale=3)
PAIR = (real(4, 5), real(4, 5))


def SIGNS(dtype):
    return ctorch.randn(4, 5, dtype=ctorch.float64).sign().to(dtype).detach()


WEIGHTS = [0.5, 1.0, 2.0, 0.25]

# Every module by name: its cases, each with inputs and constructor arguments.
CASES = {
    "CELU": [case(WIDE, alpha=0.7)],
    "ELU": [case(WIDE, alpha=0.7), case(WIDE, inplace=True)],
    "GELU": [case(WIDE), case(WIDE, approximate="tanh")],
    "GLU": [case(real(4, 6), dim=1)],
    "SELU": [case(WIDE)],
    "Hardshrink": [case(WIDE)],
    "Hardsigmoid": [case(WIDE)],
    "Hardswish": [case(WIDE)],
    "Hardtanh": [case(WIDE)],
    "LeakyReLU": [case(WIDE, negative_slope=0.2)],
    "LogSigmoid": [case(WIDE)],
    "LogSoftmax": [case(WIDE, dim=1)],
    "Mish": [case(WIDE)],
    "PReLU": [case(real(2, 3, 4), num_parameters=3), case(WIDE)],
    "ReLU": [case(WIDE)],
    "ReLU6": [case(WIDE)],
    "SiLU": [case(WIDE)],
    "Sigmoid": [case(WIDE)],
    "Softmax": [case(WIDE, dim=0)],
    "Softmax2d": [case(PLANE)],
    "Softmin": [case(WIDE, dim=1)],
    "Softplus": [case(WIDE, beta=2.0)],
    "Softshrink": [case(WIDE)],
    "Softsign": [case(WIDE)],
    "Tanh": [case(WIDE)],
    "Tanhshrink": [case(WIDE)],
    "Threshold": [case(WIDE, threshold=0.1, value=0.5)],
    "AdaptiveAvgPool1d": [case(real(2, 3, 8), output_size=4)],
    "AdaptiveAvgPool2d": [case(real(2, 3, 6, 4), output_size=(3, 2)), case(PLANE, output_size=1)],
    "AvgPool1d": [case(LINE, kernel_size=3, stride=2, padding=1)],
    "AvgPool2d": [case(PLANE, kernel_size=3, stride=2, padding=1, count_include_pad=False)],
    "MaxPool1d": [case(LINE, kernel_size=2)],
    "MaxPool2d": [case(PLANE, kernel_size=3, stride=2, padding=1), case(PLANE, kernel_size=2, ceil_mode=True),
                  case(PLANE, kernel_size=2, return_indices=True)],
    "BatchNorm1d": [case(real(6, 4), num_features=4), case(LINE, num_features=3, momentum=None)],
    "BatchNorm2d": [case(PLANE, num_features=3), case(PLANE, num_features=3, affine=False)],
    "BatchNorm3d": [case(VOLUME, num_features=3), case(VOLUME, num_features=3, track_running_stats=False)],
    "GroupNorm": [case(real(2, 4, 5), num_groups=2, num_channels=4)],
    "LayerNorm": [case(PLANE, normalized_shape=(6, 5)), case(WIDE, normalized_shape=5, elementwise_affine=False)],
    "RMSNorm": [case(WIDE, normalized_shape=5)],
    "Linear": [case(real(2, 3, 5), in_features=5, out_features=4),
               case(WIDE, in_features=5, out_features=2, bias=False)],
    "Bilinear": [case(real(4, 3), real(4, 5), in1_features=3, in2_features=5, out_features=2)],
    "Identity": [case(WIDE)],
    "Conv1d": [case(LINE, in_channels=3, out_channels=4, kernel_size=3, padding=1, stride=2)],
    "Conv2d": [case(PLANE, in_channels=3, out_channels=4, kernel_size=3, padding=1),
               case(real(2, 4, 7, 6), in_channels=4, out_channels=6, kernel_size=(3, 2), stride=2, dilation=2,
                    padding=1, groups=2, bias=False)],
    "Embedding": [case(classes(4, 6), num_embeddings=4, embedding_dim=5, padding_idx=1)],
    "Dropout": [case(WIDE, p=0.3)],
    "Dropout1d": [case(LINE, p=0.3)],
    "Dropout2d": [case(PLANE, p=0.3)],
    "Flatten": [case(PLANE)],
    "Unflatten": [case(real(4, 6), dim=1, unflattened_size=(2, 3))],
    "PixelShuffle": [case(real(2, 8, 3, 2), upscale_factor=2)],
    "PixelUnshuffle": [case(real(2, 2, 6, 4), downscale_factor=2)],
    "CircularPad1d": [case(LINE, padding=(1, 2))],
    "CircularPad2d": [case(PLANE, padding=(1, 2, 0, 1))],
    "ReflectionPad1d": [case(LINE, padding=(1, 2))],
    "ReflectionPad2d": [case(PLANE, padding=(1, 2, 0, 1))],
    "ReplicationPad1d": [case(LINE, padding=(1, 2))],
    "ReplicationPad2d": [case(PLANE, padding=(1, 2, 0, 1))],
    "ConstantPad1d": [case(LINE, padding=(1, -2), value=0.5)],
    "ConstantPad2d": [case(PLANE, padding=1, value=0.5)],
    "ConstantPad3d": [case(VOLUME, padding=1, value=0.5)],
    "ZeroPad1d": [case(LINE, padding=1)],
    "ZeroPad2d": [case(PLANE, padding=(1, 0, 2, 1))],
    "ZeroPad3d": [case(VOLUME, padding=1)],
    "CosineSimilarity": [case(*PAIR)],
    "PairwiseDistance": [case(*PAIR), case(*PAIR, p=1.0, keepdim=True)],
    "BCELoss": [case(unit(4, 5), unit(4, 5))],
    "BCEWithLogitsLoss": [case(WIDE, unit(4, 5)), case(WIDE, unit(4, 5), pos_weight=[0.5, 1.0, 2.0, 1.5, 0.1])],
    "CrossEntropyLoss": [case(real(6, 4), classes(4, 6)), case(real(6, 4), unit(6, 4)),
                         case(real(6, 4), classes(4, 6), weight=WEIGHTS, label_smoothing=0.1, ignore_index=2),
                         case(real(2, 4, 3), classes(4, 2, 3), reduction="none")],
    "NLLLoss": [case(logs(6, 4), classes(4, 6)), case(logs(6, 4), classes(4, 6), weight=WEIGHTS, reduction="sum")],
    "KLDivLoss": [case(logs(4, 5), unit(4, 5), reduction="batchmean"),
                  case(logs(4, 5), logs(4, 5), log_target=True, reduction="sum")],
    "L1Loss": [case(*PAIR)],
    "MSELoss": [case(*PAIR), case(*PAIR, reduction="none")],
    "HuberLoss": [case(*PAIR, delta=0.6)],
    "SmoothL1Loss": [case(*PAIR, beta=0.5)],
    "RReLU": [case(WIDE)],
    "AlphaDropout": [case(WIDE, p=0.3)],
    "FeatureAlphaDropout": [case(PLANE, p=0.3)],
    "Dropout3d": [case(VOLUME, p=0.3)],
    "ConvTranspose1d": [case(LINE, in_channels=3, out_channels=4, kernel_size=3, padding=1, stride=2)],
    "ConvTranspose2d": [case(PLANE, in_channels=3, out_channels=6, kernel_size=(3, 2), stride=2, output_padding=1,
                             groups=3)],
    "LPPool1d": [case(LINE, norm_type=2, kernel_size=2)],
    "LPPool2d": [case(PLANE, norm_type=2, kernel_size=2)],
    "FractionalMaxPool2d": [case(PLANE, kernel_size=2, output_size=3, _random_samples=[[[0.3, 0.7]] * 3] * 2)],
    "InstanceNorm1d": [case(LINE, num_features=3)],
    "InstanceNorm2d": [case(PLANE, num_features=3, affine=True, track_running_stats=True)],
    "InstanceNorm3d": [case(VOLUME, num_features=3)],
    "LocalResponseNorm": [case(PLANE, size=2, alpha=0.5)],
    "ChannelShuffle": [case(real(2, 4, 3, 3), groups=2)],
    "CircularPad3d": [case(VOLUME, padding=1)],
    "ReflectionPad3d": [case(VOLUME, padding=1)],
    "ReplicationPad3d": [case(VOLUME, padding=1)],
    "EmbeddingBag": [case(classes(4, 6, 2), num_embeddings=4, embedding_dim=5, mode="sum")],
    "MultiheadAttention": [case(real(4, 2, 6), real(4, 2, 6), real(4, 2, 6), embed_dim=6, num_heads=2)],
    "MarginRankingLoss": [case(*PAIR, SIGNS)],
    "HingeEmbeddingLoss": [case(WIDE, SIGNS)],
    "SoftMarginLoss": [case(WIDE, SIGNS)],
    "MultiLabelMarginLoss": [case(real(6, 4), classes(4, 6, 4))],
    "MultiLabelSoftMarginLoss": [case(WIDE, unit(4, 5))],
    "MultiMarginLoss": [case(real(6, 4), classes(4, 6))],
    "CosineEmbeddingLoss": [case(*PAIR, lambda dtype: ctorch.tensor([1, -1, 1, -1]))],
    "TripletMarginLoss": [case(*PAIR, real(4, 5))],
    "TripletMarginWithDistanceLoss": [case(*PAIR, real(4, 5))],
    "PoissonNLLLoss": [case(*PAIR)],
    "GaussianNLLLoss": [case(*PAIR, unit(4, 5))],
}
# Modules whose operators have no kernel on the device, each with its reason.
LATER = "the GPU library comes later"
MISSING = dict.fromkeys([
    "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d", "AvgPool3d", "CTCLoss",
    "Conv3d", "ConvTranspose3d", "Fold", "FractionalMaxPool3d", "LPPool3d", "MaxPool3d", "MaxUnpool1d", "MaxUnpool2d",
    "MaxUnpool3d", "Unfold", "Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"], LATER)
# Modules without a forward of their own, or whose forward is that of their parts: each has a test below.
CONTAINERS = {"Module", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"}
# In training the devices draw different numbers.
RANDOM = {"Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout", "RReLU"}
HALF = ["Linear", "Conv2d", "BatchNorm2d", "LayerNorm", "ReLU", "GELU", "MaxPool2d", "Softmax", "CrossEntropyLoss",
        "Embedding"]
RACED = {"Linear", "Conv2d", "BatchNorm2d", "LayerNorm", "MaxPool2d", "AvgPool2d", "Softmax", "CrossEntropyLoss",
         "Embedding", "PReLU", "GroupNorm"}


def test_every_module_is_here():
    found = {name for name, value in vars(nn.modules).items()
             if inspect.isclass(value) and issubclass(value, nn.Module) and not name.startswith("_")}
    assert found == set(nn.modules.__all__), "a module that __all__ does not name, or the reverse"
    assert found == set(CASES) | CONTAINERS | set(MISSING)
    assert not set(CASES) & (CONTAINERS | set(MISSING))


def made(name, options, dtype):
    """The module on the CPU, its lists of weights as tensors."""
    options = {k: ctorch.tensor(v) if isinstance(v, list) else v for k, v in options.items()}
    return getattr(nn, name)(**options).to(dtype)


def run(module, inputs, place):
    """Results, gradients of inputs and parameters, and buffers of one call."""
    module = copy.deepcopy(module).to(place)
    leaves = [x.to(place).detach().clone().requires_grad_(x.is_floating_point()) for x in inputs]
    given = [x * 1 for x in leaves] if getattr(module, "inplace", False) else leaves
    results = module(*given)
    results = results if isinstance(results, tuple) else (results,)
    first = results[0]
    assert first.requires_grad == any(x.requires_grad for x in [*leaves, *module.parameters()])
    weight = ctorch.arange(1, first.numel() + 1, dtype=ctorch.float64).reshape(first.shape) / first.numel()
    first.backward(weight.to(first.dtype).to(place))
    found = {f"result {i}": x.detach() for i, x in enumerate(results)}
    found |= {f"gradient of input {i}": x.grad for i, x in enumerate(leaves)}
    found |= {f"gradient of {n}": p.grad for n, p in module.named_parameters()}
    found |= {f"buffer {n}": b for n, b in module.named_buffers()}
    assert all(x is None or x.device.type == place for x in found.values())
    return found


def compare(on_device, on_cpu, tolerance, what=""):
    assert on_device.keys() == on_cpu.keys()
    for key, expected in on_cpu.items():
        got = on_device[key]
        assert (got is None) == (expected is None), f"{what}: {key}"
        if expected is not None:
            assert (got.dtype, got.shape) == (expected.dtype, expected.shape), f"{what}: {key}"
            ctorch.testing.assert_close(got.cpu(), expected, rtol=tolerance, atol=tolerance,
                                        msg=lambda text, key=key: f"{what}: {key}: {text}")


def check(name, dtype):
    for inputs, options in CASES[name]:
        ctorch.manual_seed(5)
        module = made(name, options, dtype)
        tensors = [make(dtype) for make in inputs]
        for training in (True, False):
            if training and name in RANDOM:
                continue
            module.train(training)
            compare(run(module, tensors, "cuda"), run(module, tensors, "cpu"), TOLERANCE[dtype],
                    f"{name}({options}) {dtype} {'train' if training else 'eval'}")


def marked(names, raced=()):
    return [pytest.param(n, marks=[pytest.mark.race] * (n in raced)) for n in names]


@pytest.mark.parametrize("name", marked(CASES, RACED))
def test_module(name):
    check(name, ctorch.float32)


@pytest.mark.parametrize("name", CASES)
def test_module_in_double(name):
    check(name, ctorch.float64)


@pytest.mark.parametrize("dtype", [ctorch.float16, ctorch.bfloat16])
@pytest.mark.parametrize("name", HALF)
def test_module_in_half(name, dtype):
    check(name, dtype)


@pytest.mark.parametrize("name", [pytest.param("Dropout", marks=pytest.mark.race), "Dropout1d", "Dropout2d"])
def test_dropout_in_training(name):
    p, shape = 0.3, {"Dropout": (4000,), "Dropout1d": (400, 10, 3), "Dropout2d": (400, 10, 2, 3)}[name]
    module = getattr(nn, name)(p).cuda()
    x = ctorch.rand(*shape).add(1).cuda().requires_grad_()
    y = module(x)
    y.sum().backward()
    kept = (y != 0).cpu()
    ctorch.testing.assert_close(y.detach().cpu(), x.detach().cpu() * kept / (1 - p))
    ctorch.testing.assert_close(x.grad.cpu(), kept / ctorch.tensor(1 - p))
    whole = kept.reshape(*shape[:2], -1) if name != "Dropout" else kept
    if name != "Dropout":                # whole channels
        assert (whole.all(-1) == whole.any(-1)).all()
        whole = whole.any(-1)
    deviation = (p * (1 - p) / whole.numel()) ** 0.5
    assert abs(whole.float().mean().item() - (1 - p)) < 5 * deviation
    again = module(x)
    assert not ctorch.equal(again, y)


# ---- containers, and where parameters are

def network():
    ctorch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                         nn.Linear(64, 10))


class Parts(nn.Module):
    """One of each container."""

    def __init__(self):
        super().__init__()
        self.list = nn.ModuleList([nn.Linear(5, 5) for _ in range(2)])
        self.dict = nn.ModuleDict({"act": nn.Tanh(), "last": nn.Linear(5, 3)})
        self.scales = nn.ParameterList([ctorch.full((5,), 0.5), ctorch.ones(5)])
        self.shifts = nn.ParameterDict({"a": ctorch.full((3,), 0.1)})

    def forward(self, x):
        for layer, scale in zip(self.list, self.scales):
            x = self.dict["act"](layer(x)) * scale
        return self.dict["last"](x) + self.shifts["a"]


def test_containers():
    ctorch.manual_seed(1)
    for module, shape in ((Parts(), (4, 5)), (network(), (4, 1, 8, 8))):
        x = ctorch.randn(*shape)
        compare(run(module, [x], "cuda"), run(module, [x], "cpu"), 5e-5, type(module).__name__)
        assert {p.device.type for p in module.cuda().parameters()} == {"cuda"}


def test_parameters_stay_the_same_objects():
    module = network()
    module(ctorch.randn(2, 1, 8, 8)).sum().backward()
    before, buffers = dict(module.named_parameters()), dict(module.named_buffers())
    grads = {name: p.grad.clone() for name, p in before.items()}
    for move, place in ((module.cuda, "cuda"), (module.cpu, "cpu"), (lambda: module.to("cuda"), "cuda"),
                        (lambda: module.to(ctorch.device("cpu")), "cpu"), (lambda: module.to("cuda:0"), "cuda")):
        assert move() is module
        after = dict(module.named_parameters())
        assert after.keys() == before.keys()
        for name, parameter in after.items():
            assert parameter is before[name]
            assert isinstance(parameter, nn.Parameter)
            assert parameter.requires_grad
            assert parameter.is_leaf
            assert parameter.device.type == parameter.grad.device.type == place
            assert ctorch.equal(parameter.grad.cpu(), grads[name])
        assert all(b.device.type == place for b in module.buffers())
        assert dict(module.named_buffers()).keys() == buffers.keys()
    module.to("cpu", ctorch.float64)
    assert {p.dtype for p in module.parameters()} == {ctorch.float64}
    assert module[1].num_batches_tracked.dtype == ctorch.int64


@pytest.mark.parametrize("source", ["cpu", "cuda"])
@pytest.mark.parametrize("target", ["cpu", "cuda"])
def test_states_across_devices(source, target):
    saved, x = network().to(source), ctorch.randn(4, 1, 8, 8)
    saved(x.to(source))
    file = io.BytesIO()
    ctorch.save(saved.state_dict(), file)
    for state in (saved.state_dict(), ctorch.load(io.BytesIO(file.getvalue())),
                  ctorch.load(io.BytesIO(file.getvalue()), map_location=target)):
        loaded = nn.Sequential(*[copy.deepcopy(m) for m in network()]).to(target)
        with ctorch.no_grad():
            for p in loaded.parameters():
                p.zero_()
        loaded.load_state_dict(state)
        assert {t.device.type for t in loaded.state_dict().values()} == {target}
        for name, value in loaded.state_dict().items():
            assert ctorch.equal(value.cpu(), saved.state_dict()[name].cpu()), name
        ctorch.testing.assert_close(loaded.eval()(x.to(target)).cpu(), copy.deepcopy(saved).cpu().eval()(x),
                                    rtol=1e-5, atol=1e-5)


# ---- nn.init

EXACT = {"constant_": ((3, 4), {"val": 0.3}), "ones_": ((3, 4), {}), "zeros_": ((3, 4), {}), "eye_": ((3, 4), {}),
         "dirac_": ((4, 2, 3), {"groups": 2})}
# Random ones, with the mean and the deviation of many draws of a (200, 100) tensor.
DRAWN = {"uniform_": ({"a": -1.0, "b": 3.0}, 1.0, 4 / 12 ** 0.5), "normal_": ({"mean": 2.0, "std": 0.5}, 2.0, 0.5),
         "trunc_normal_": ({"std": 0.5, "a": -5.0, "b": 5.0}, 0.0, 0.5),
         "xavier_uniform_": ({}, 0.0, (2 / 300) ** 0.5), "xavier_normal_": ({}, 0.0, (2 / 300) ** 0.5),
         "kaiming_uniform_": ({"nonlinearity": "relu"}, 0.0, (2 / 100) ** 0.5),
         "kaiming_normal_": ({"nonlinearity": "relu"}, 0.0, (2 / 100) ** 0.5)}
SPECIAL_INIT = {"orthogonal_", "sparse_"}


def test_every_init_is_here():
    found = {name for name in dir(nn.init) if name.endswith("_") and not name.startswith("_")}
    assert found == set(EXACT) | set(DRAWN) | SPECIAL_INIT


@pytest.mark.parametrize("name", EXACT)
def test_init_equals_the_cpu(name):
    shape, options = EXACT[name]
    x = ctorch.full(shape, 7.0, device="cuda")
    assert getattr(nn.init, name)(x, **options) is x
    assert ctorch.equal(x.cpu(), getattr(nn.init, name)(ctorch.full(shape, 7.0), **options))


@pytest.mark.parametrize("name", DRAWN)
def test_init_draws(name):
    options, mean, deviation = DRAWN[name]
    x = ctorch.zeros(200, 100, device="cuda")
    assert getattr(nn.init, name)(x, **options) is x
    y = x.cpu().double()
    assert abs(y.mean().item() - mean) < 5 * deviation / y.numel() ** 0.5
    assert abs(y.std().item() / deviation - 1) < 0.03
    assert y.flatten()[:2000].tolist() != y.flatten()[-2000:].tolist()


def test_orthogonal_init():
    x = nn.init.orthogonal_(ctorch.empty(6, 4, device="cuda"), gain=2.0).cpu().double()
    ctorch.testing.assert_close(x.T @ x, 4 * ctorch.eye(4, dtype=ctorch.float64), rtol=1e-5, atol=1e-5)


def test_sparse_init():
    x = nn.init.sparse_(ctorch.empty(20, 7, device="cuda"), sparsity=0.25).cpu()
    assert (x == 0).sum(0).tolist() == [5] * 7


# ---- optimizers

OPTIMIZERS = {
    "SGD": [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True, "weight_decay": 1e-2}, {"maximize": True},
            {"momentum": 0.9, "dampening": 0.3, "weight_decay": 1e-2}],
    "Adam": [{}, {"amsgrad": True, "weight_decay": 1e-2}, {"maximize": True}],
    "AdamW": [{}, {"amsgrad": True}, {"maximize": True, "weight_decay": 0.1}],
}


def test_every_optimizer_is_here():
    found = {name for name, value in vars(optim).items() if inspect.isclass(value) and name != "Optimizer"
             and issubclass(value, optim.Optimizer)}
    assert found == {*OPTIMIZERS, "ScipyMinimize"}          # the last is in test_scipy_solvers.py


@pytest.mark.parametrize("dtype", [ctorch.float64, pytest.param(ctorch.float32, marks=pytest.mark.race)])
@pytest.mark.parametrize(("name", "options"), [(n, o) for n, each in OPTIMIZERS.items() for o in each])
def test_optimizer(name, options, dtype):
    shapes = [(3, 4), (5,), (), (4, 3)]
    found = []
    for place in ("cpu", "cuda"):
        ctorch.manual_seed(2)
        values = [ctorch.randn(*s, dtype=dtype).to(place).requires_grad_() for s in shapes]
        targets = [ctorch.randn(*s, dtype=dtype).to(place) for s in shapes]
        groups = [{"params": values[:2]}, {"params": values[2:], "lr": 0.05}]
        optimizer = getattr(optim, name)(groups, lr=0.02, **options)
        schedule = optim.lr_scheduler.StepLR(optimizer, 2)
        for _ in range(5):
            optimizer.zero_grad()
            loss = sum(((v - t) ** 2).sum() for v, t in zip(values, targets))
            loss.backward()
            optimizer.step()
            schedule.step()
        state = {f"{k} of {i}": s for i, v in enumerate(values) for k, s in optimizer.state[v].items()
                 if isinstance(s, ctorch.Tensor) and s.ndim == v.ndim and k != "step"}
        found.append({f"parameter {i}": v.detach() for i, v in enumerate(values)} | state | {"loss": loss.detach()})
        assert all(x.device.type == place for x in found[-1].values())
    compare(found[1], found[0], TOLERANCE[dtype], f"{name}({options})")


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizer_states_across_devices(name):
    """What one device saves the other goes on with."""
    ends = []
    for first, second in (("cpu", "cpu"), ("cpu", "cuda"), ("cuda", "cpu")):
        value = ctorch.tensor([1.0, -2.0, 3.0])
        state = None
        for place in (first, second):
            value = value.to(place).detach().requires_grad_()
            optimizer = getattr(optim, name)([value], lr=0.1, **({"momentum": 0.9} if name == "SGD" else {}))
            if state is not None:
                optimizer.load_state_dict(state)
            for _ in range(2):
                optimizer.zero_grad()
                (value ** 2).sum().backward()
                optimizer.step()
            state = optimizer.state_dict()
        ends.append(value.detach().cpu())
    for end in ends[1:]:
        ctorch.testing.assert_close(end, ends[0])


@pytest.mark.race
@pytest.mark.parametrize("make", [lambda p: optim.SGD(p, 0.1, momentum=0.9, nesterov=True, weight_decay=1e-3),
                                  lambda p: optim.AdamW(p, 0.01, amsgrad=True)], ids=["SGD", "AdamW"])
def test_a_network_trains_to_the_cpus_losses(make):
    losses = {}
    for place in ("cpu", "cuda"):
        module = network().to(place)
        x, y = ctorch.randn(16, 1, 8, 8).to(place), ctorch.randint(0, 10, (16,)).to(place)
        optimizer = make(module.parameters())
        losses[place] = []
        for _ in range(5):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(module(x), y)
            loss.backward()
            optimizer.step()
            losses[place].append(loss.item())
    assert losses["cpu"][-1] < 0.8 * losses["cpu"][0]
    assert losses["cuda"] == pytest.approx(losses["cpu"], rel=1e-3)
