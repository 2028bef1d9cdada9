"""Functions of nn.functional against PyTorch's: losses with all options, and what layers do not reach."""

import math

import numpy as np
import pytest
from mirror import check

import ctorch

F_NAMES = ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"]
REDUCTIONS = ["mean", "sum", "none"]


def numbers(module, *shape, seed=0, grad=True):
    array = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    return module.tensor(array, requires_grad=grad)


def with_gradient(loss, *leaves):
    """A loss and the gradients of its leaves."""
    (loss * loss.detach().cos()).sum().backward()
    return [loss, *[leaf.grad for leaf in leaves]]


@pytest.mark.parametrize("name", F_NAMES)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_distances(name, reduction):
    def act(module):
        x, y = numbers(module, 4, 3), numbers(module, 4, 3, seed=1)
        return with_gradient(getattr(module.nn.functional, name)(x, y, reduction=reduction), x, y)
    check(act)


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_weighted_distances(name, reduction):
    def act(module):
        x, y = numbers(module, 4, 3), numbers(module, 4, 3, seed=1)
        weight = numbers(module, 4, 3, seed=2, grad=False).abs()
        loss = getattr(module.nn.functional, name)(x, y, reduction=reduction, weight=weight)
        return with_gradient(loss, x, y)
    check(act)


@pytest.mark.parametrize("name", F_NAMES)
def test_distances_broadcast_with_a_warning(name):
    check(lambda m: getattr(m.nn.functional, name)(numbers(m, 4, 3), numbers(m, 3)))


@pytest.mark.parametrize("options", [{"beta": 0.5}, {"beta": 0.0}, {"beta": -1.0}])
def test_smooth_l1_beta(options):
    check(lambda m: m.nn.functional.smooth_l1_loss(numbers(m, 4), numbers(m, 4, seed=1), **options))


def test_huber_delta():
    check(lambda m: m.nn.functional.huber_loss(numbers(m, 4), numbers(m, 4, seed=1), delta=0.3))
    check(lambda m: m.nn.functional.huber_loss(numbers(m, 4), numbers(m, 4, seed=1), delta=0.0))


CLASSES = {
    "matrix": ((5, 4), [0, 3, 1, 2, 3]),
    "vector": ((4,), 2),
    "image": ((2, 4, 3), [[0, 1, 2], [3, 3, 0]]),
}


@pytest.mark.parametrize("shape", CLASSES)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("options", [{}, {"ignore_index": 3}, {"label_smoothing": 0.2},
                                     {"label_smoothing": 0.1, "ignore_index": 0}])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy(shape, reduction, options, weighted):
    def act(module):
        size, target = CLASSES[shape]
        x = numbers(module, *size)
        weight = module.tensor([0.5, 1.0, 2.0, 0.25]) if weighted else None
        loss = module.nn.functional.cross_entropy(
            x, module.tensor(target), weight, reduction=reduction, **options
        )
        return with_gradient(loss, x)
    check(act)


@pytest.mark.parametrize("size", [(5, 4), (4,), (2, 4, 3)])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy_of_probabilities(size, reduction, smoothing, weighted):
    def act(module):
        x = numbers(module, *size)
        target = numbers(module, *size, seed=1, grad=False).softmax(0 if len(size) == 1 else 1)
        weight = module.tensor([0.5, 1.0, 2.0, 0.25]) if weighted else None
        loss = module.nn.functional.cross_entropy(
            x, target, weight, reduction=reduction, label_smoothing=smoothing
        )
        return with_gradient(loss, x)
    check(act)


@pytest.mark.parametrize("act", [
    lambda F, m: F.cross_entropy(m.zeros(2, 3), m.zeros(2, 3), ignore_index=1),
    lambda F, m: F.cross_entropy(m.zeros(2, 3), m.tensor([0, 1]), reduction="average"),
    lambda F, m: F.cross_entropy(m.zeros(2, 3), m.tensor([0])),
    lambda F, m: F.cross_entropy(m.zeros(2, 3), m.tensor([0, 3])),
    lambda F, m: F.cross_entropy(m.zeros(2, 3), m.tensor([0, 1]), size_average=False),
    lambda F, m: F.nll_loss(m.zeros(2, 3), m.tensor([0, 1]), reduce=False),
    lambda F, m: F.nll_loss(m.zeros(2, 3), m.tensor([0, -1])),
    lambda F, m: F.mse_loss(m.zeros(2, 3), m.zeros(2, 3), reduction="average"),
    lambda F, m: F.mse_loss(m.zeros(2, 3), m.zeros(3, 2)),
    lambda F, m: F.binary_cross_entropy(m.full((2,), 0.5), m.zeros(3)),
    lambda F, m: F.binary_cross_entropy(m.tensor([1.5]), m.tensor([1.0])),
    lambda F, m: F.binary_cross_entropy_with_logits(m.zeros(2), m.zeros(3)),
    lambda F, m: F.mse_loss(m.zeros(2), m.zeros(2), size_average=True, reduce=True),
    lambda F, m: F.dropout(m.zeros(2), 1.5),
    lambda F, m: F.gelu(m.zeros(2), approximate="erf"),
    lambda F, m: F.softmax(m.zeros(2, 2)),
    lambda F, m: F.log_softmax(m.zeros(2)),
    lambda F, m: F.softmin(m.zeros(2, 2, 2)),
    lambda F, m: F.glu(m.zeros(2, 3)),
    lambda F, m: F.softshrink(m.zeros(2), -1.0),
    lambda F, m: F.embedding(m.tensor([3]), m.zeros(3, 2)),
    lambda F, m: F.embedding(m.tensor([0]), m.zeros(3, 2), padding_idx=3),
    lambda F, m: F.one_hot(m.tensor([0, 5]), 3),
    lambda F, m: F.one_hot(m.tensor([0, -5])),
    lambda F, m: F.one_hot(m.tensor([0.5])),
    lambda F, m: F.one_hot(m.tensor([0]), 0),
    lambda F, m: F.one_hot(m.zeros(0, dtype=m.int64)),
    lambda F, m: F.batch_norm(m.zeros(1, 3), None, None, training=True),
    lambda F, m: F.group_norm(m.zeros(2, 3), 2),
    lambda F, m: F.pixel_shuffle(m.zeros(1, 3, 2, 2), 2),
    lambda F, m: F.conv2d(m.zeros(1, 1, 4, 4), m.zeros(1, 1, 3, 3), padding="same", stride=2),
    lambda F, m: F.celu(m.zeros(2), alpha=0.0),
])
def test_what_is_refused_or_warned_of(act):
    check(lambda module: act(module.nn.functional, module))


@pytest.mark.parametrize("act", [
    lambda F, m: F.one_hot(m.tensor([[0, 2], [1, 1]])),
    lambda F, m: F.one_hot(m.tensor(1), 4),
    lambda F, m: F.one_hot(m.zeros(0, dtype=m.int64), 3),
    lambda F, m: F.softmax(m.zeros(2, 2), -1, dtype=m.float64),
    lambda F, m: F.linear(m.ones(2, 3), m.ones(4, 3), m.arange(4.0)),
    lambda F, m: F.bilinear(m.ones(2, 3), m.ones(2, 4), m.ones(5, 3, 4)),
    lambda F, m: F.normalize(numbers(m, 3, 4)),
    lambda F, m: F.normalize(numbers(m, 3, 4), p=1, dim=0),
    lambda F, m: F.normalize(m.zeros(2, 2)),
    lambda F, m: F.pad(m.ones(2, 2), (1, 0, 0, 2), value=3.0),
    lambda F, m: F.pad(m.ones(3, 3), (-1, 0)),
    lambda F, m: F.pairwise_distance(numbers(m, 3, 4), numbers(m, 3, 4, seed=1), p=1, keepdim=True),
    lambda F, m: F.cosine_similarity(numbers(m, 3, 4), numbers(m, 4), dim=-1),
    lambda F, m: F.max_pool2d(numbers(m, 1, 1, 6, 6), 2, return_indices=True)[1],
    lambda F, m: F.adaptive_avg_pool2d(numbers(m, 1, 2, 7, 5), (3, 2)),
    lambda F, m: F.rms_norm(numbers(m, 3, 4), (4,), eps=0.1),
    lambda F, m: F.layer_norm(numbers(m, 3, 4), [4]),
    lambda F, m: F.threshold(numbers(m, 5), 0.1, -1.0),
    lambda F, m: F.dropout(m.ones(3), 0.5, training=False),
    lambda F, m: F.dropout(m.ones(100), 0.5),
    lambda F, m: F.dropout2d(m.ones(2, 6, 2, 2), 0.5),
    lambda F, m: F.relu_(m.tensor([-1.0, 1.0])),
    lambda F, m: F.leaky_relu_(m.tensor([-1.0, 1.0])),
    lambda F, m: F.pixel_unshuffle(F.pixel_shuffle(numbers(m, 1, 8, 2, 3), 2), 2),
    lambda F, m: F.kl_div(m.zeros(2, 2), m.tensor([[0.0, 1.0], [0.5, 0.5]]), reduction="batchmean"),
    lambda F, m: F.kl_div(m.zeros(2, 2), m.zeros(2, 2), log_target=True, reduction="sum"),
    lambda F, m: F.kl_div(m.zeros(2, 2), m.ones(2, 2)),
])
def test_values(act):
    check(lambda module: act(module.nn.functional, module))


@pytest.mark.parametrize("name", ["dropout", "alpha_dropout"])
def test_dropout_that_drops_nothing_gives_its_input(name):
    def act(module):
        drop, x, nothing = getattr(module.nn.functional, name), module.ones(3), module.ones(0, 3)
        return drop(x, 0.0, True) is x, drop(x, 0.5, False) is x, drop(nothing, 0.5, True) is nothing
    check(act)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
def test_binary_cross_entropy(reduction, weighted):
    def act(module):
        x = numbers(module, 4, 3)
        target = numbers(module, 4, 3, seed=1, grad=False).sigmoid()
        weight = module.tensor([0.5, 1.0, 2.0]) if weighted else None
        loss = module.nn.functional.binary_cross_entropy(x.sigmoid(), target, weight, reduction=reduction)
        return with_gradient(loss, x)
    check(act)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("positive", [False, True])
def test_binary_cross_entropy_with_logits(reduction, weighted, positive):
    def act(module):
        x = numbers(module, 4, 3)
        target = numbers(module, 4, 3, seed=1, grad=False).sigmoid()
        weight = module.tensor([0.5, 1.0, 2.0]) if weighted else None
        pos_weight = module.tensor([1.0, 3.0, 0.5]) if positive else None
        loss = module.nn.functional.binary_cross_entropy_with_logits(x, target, weight, reduction=reduction,
                                                                     pos_weight=pos_weight)
        return with_gradient(loss, x)
    check(act)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
def test_nll_loss(reduction, weighted):
    def act(module):
        x = numbers(module, 5, 4)
        weight = module.tensor([0.5, 1.0, 2.0, 0.25]) if weighted else None
        loss = module.nn.functional.nll_loss(
            x, module.tensor([0, 3, -100, 2, 3]), weight, reduction=reduction
        )
        return with_gradient(loss, x)
    check(act)


LOSSES = [
    ("CrossEntropyLoss", {"label_smoothing": 0.1, "ignore_index": 1}, "classes"),
    ("NLLLoss", {"ignore_index": 1, "reduction": "sum"}, "classes"),
    ("MSELoss", {"reduction": "none"}, "numbers"),
    ("MSELoss", {"size_average": False}, "numbers"),
    ("L1Loss", {}, "numbers"),
    ("SmoothL1Loss", {"beta": 0.5}, "numbers"),
    ("HuberLoss", {"delta": 0.5}, "numbers"),
    ("KLDivLoss", {"reduction": "batchmean"}, "chances"),
    ("BCELoss", {}, "chances"),
    ("BCEWithLogitsLoss", {}, "chances"),
]


@pytest.mark.parametrize(("name", "options", "kind"), LOSSES)
def test_loss_layers(name, options, kind):
    def act(module):
        loss = getattr(module.nn, name)(**options)
        x = numbers(module, 4, 3)
        target = {
            "classes": lambda: module.tensor([0, 2, 1, 1]),
            "numbers": lambda: numbers(module, 4, 3, seed=1),
            "chances": lambda: numbers(module, 4, 3, seed=1, grad=False).sigmoid(),
        }[kind]()
        argument = x.sigmoid() if name == "BCELoss" else x
        return [repr(loss), list(loss.state_dict()), *with_gradient(loss(argument, target), x)]
    check(act)


def test_weights_of_losses_are_buffers():
    def act(module):
        weight = module.tensor([1.0, 2.0])
        losses = [module.nn.CrossEntropyLoss(weight), module.nn.BCEWithLogitsLoss(pos_weight=weight)]
        return [list(loss.state_dict()) for loss in losses]
    check(act)


def test_softplus_and_friends_far_out():
    def act(module):
        x = module.tensor([-1e4, -100.0, -0.0, 0.0, 100.0, 1e4], requires_grad=True)
        F = module.nn.functional
        results = []
        for fn in (
            F.softplus,
            F.logsigmoid,
            F.elu,
            F.selu,
            F.celu,
            F.silu,
            F.gelu,
            F.mish,
            F.hardswish,
            F.sigmoid,
        ):
            x.grad = None
            y = fn(x)
            y.sum().backward()
            results.append([y, x.grad])
        return results
    check(act)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("graph", [False, True])
def test_cross_entropy_of_nothing_but_ignored_classes_has_no_gradient(graph, smoothing):
    x = ctorch.tensor([[0.1, 0.2], [0.3, 0.1]], requires_grad=True)
    loss = ctorch.nn.functional.cross_entropy(x, ctorch.tensor([1, 1]), ignore_index=1, label_smoothing=smoothing)
    (g,) = ctorch.autograd.grad(loss, x, create_graph=graph)
    assert loss.isnan() and g.tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_norm_of_small_half_numbers_has_its_gradient():
    x = ctorch.full((1, 2), 1e-6, dtype=ctorch.float16, requires_grad=True)
    (g,) = ctorch.autograd.grad(x.norm(2, 1).sum(), x)
    assert abs(g[0, 0].item() - 0.7071) < 0.02


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("odd", [float("nan"), float("inf")])
def test_cross_entropy_of_ignored_rows_that_are_no_numbers(odd, smoothing):
    F, inf = ctorch.nn.functional, float("inf")
    x = ctorch.tensor([[1.0, 2.0, 3.0], [0.5, odd, -inf]], dtype=ctorch.float64, requires_grad=True)
    classes = ctorch.tensor([1, 0])

    def loss(x):
        return F.cross_entropy(x, classes, ignore_index=0, label_smoothing=smoothing)

    (want,) = ctorch.autograd.grad(loss(x), x)
    assert want[1].tolist() == [0.0, 0.0, 0.0] and not want.isnan().any()
    (g,) = ctorch.autograd.grad(loss(x), x, create_graph=True)
    (second,) = ctorch.autograd.grad(g[0].square().sum(), x)
    ctorch.testing.assert_close(g, want)
    assert second[1].tolist() == [0.0, 0.0, 0.0] and not second.isnan().any()
    (side,) = ctorch.autograd.grad(
        F.cross_entropy(x.T[None], classes[None], ignore_index=0, label_smoothing=smoothing), x
    )
    ctorch.testing.assert_close(side, want)
    direction = ctorch.tensor([[0.1, 0.2, 0.3], [odd, 0.5, odd]], dtype=ctorch.float64)
    _, tangent = ctorch.func.jvp(loss, (x.detach(),), (direction,))
    ctorch.testing.assert_close(tangent, (want * direction)[0].sum())
    each = F.cross_entropy(x, classes, ignore_index=0, reduction="none", label_smoothing=smoothing)
    (odd_one,) = ctorch.autograd.grad(each, x, ctorch.tensor([1.0, odd]).double(), create_graph=True)
    ctorch.testing.assert_close(odd_one, want)
    batch = x.detach().expand(2, 2, 3)
    ctorch.testing.assert_close(ctorch.func.vmap(ctorch.func.grad(loss))(batch)[1], want)
    several = ctorch.autograd.grad(loss(x), x, ctorch.tensor([1.0, 2.0]).double(), is_grads_batched=True)[0]
    ctorch.testing.assert_close(several[1], 2 * want)


@pytest.mark.parametrize("shape", [(1, 3), (1, 3, 1)])
def test_cross_entropy_has_nothing_to_do_with_other_classes_weights(shape):
    weight = ctorch.tensor([float("nan"), 1.5, 2.5])
    x = ctorch.tensor([0.0625, -0.5, -0.75]).reshape(shape).requires_grad_()
    loss = ctorch.nn.functional.cross_entropy(x, ctorch.full(shape[:1] + shape[2:], 2), weight)
    (want,) = ctorch.autograd.grad(loss, x, retain_graph=True)
    (g,) = ctorch.autograd.grad(loss, x, create_graph=True)
    assert not want.isnan().any()
    ctorch.testing.assert_close(g, want)


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
@pytest.mark.parametrize("name", ["input", "target"])
def test_binary_cross_entropy_of_what_is_no_probability(name, value):
    both = {"input": ctorch.tensor([0.0, 0.5, 1.0]), "target": ctorch.tensor([0.0, 0.5, 1.0])}
    assert ctorch.nn.functional.binary_cross_entropy(**both).item() == pytest.approx(math.log(2) / 3)
    both[name][1] = value
    with pytest.raises(RuntimeError, match=f"all elements of {name} should be between 0 and 1"):
        ctorch.nn.functional.binary_cross_entropy(**both)
