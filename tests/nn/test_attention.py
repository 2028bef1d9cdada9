"""Attention, bags of embeddings, losses of sequences and by margins: PyTorch's results, and gradients."""
import numpy as np
import pytest
from mirror import check

import ctorch
from ctorch.autograd import gradcheck, gradgradcheck

F = ctorch.nn.functional


def numbers(module, *shape, seed=0, dtype=np.float32):
    return module.tensor(np.random.default_rng(seed).standard_normal(shape).astype(dtype))


def leaf(*shape, seed=0):
    return numbers(ctorch, *shape, seed=seed, dtype=np.float64).requires_grad_()


# ---- attention

@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("shape", [(2, 3, 5, 7, 4, 6), (1, 2, 130, 300, 8, 8), (1, 1, 300, 140, 17, 5)])
def test_attention_blocks(shape, causal):
    batch, heads, queries, keys, depth, width = shape

    def act(module):
        inputs = [numbers(module, batch, heads, *s, seed=k).requires_grad_() for k, s in
                  enumerate(((queries, depth), (keys, depth), (keys, width)))]
        y = module.nn.functional.scaled_dot_product_attention(*inputs, is_causal=causal)
        (y * y.detach().cos()).sum().backward()
        return [y, *(x.grad for x in inputs)]
    check(act, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("causal", [False, True])
def test_attention_derivatives(causal):
    inputs = leaf(2, 4, 3), leaf(2, 5, 3, seed=1), leaf(2, 5, 2, seed=2)
    attention = lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=causal)  # noqa: E731
    assert gradcheck(attention, inputs)
    assert gradgradcheck(attention, inputs)


@pytest.mark.parametrize("kind", ["bool", "float", "empty row", "scale"])
def test_attention_masks(kind):
    def act(module):
        q, k, v = numbers(module, 2, 4, 3), numbers(module, 2, 5, 3, seed=1), numbers(module, 2, 5, 2, seed=2)
        options = {"scale": 0.3} if kind == "scale" else {"attn_mask": numbers(module, 4, 5, seed=3)}
        if kind in ("bool", "empty row"):
            options["attn_mask"] = options["attn_mask"] > (0 if kind == "bool" else 9)
        return module.nn.functional.scaled_dot_product_attention(q, k, v, **options)
    check(act)


def test_attention_shares_keys():
    def act(module):
        q, k = numbers(module, 2, 6, 4, 3), numbers(module, 2, 2, 5, 3, seed=1)
        return module.nn.functional.scaled_dot_product_attention(q, k, k, enable_gqa=True)
    check(act)


def test_attention_refuses():
    check(lambda m: m.nn.functional.scaled_dot_product_attention(m.zeros(3), m.zeros(3), m.zeros(3)))
    check(lambda m: m.nn.functional.scaled_dot_product_attention(m.zeros(2, 3), m.zeros(2, 3).double(), m.zeros(2, 3)))


@pytest.mark.parametrize("options", [{}, {"add_bias_kv": True, "add_zero_attn": True}, {"kdim": 5, "vdim": 3},
                                     {"batch_first": True, "bias": False}])
@pytest.mark.parametrize("call", [{}, {"need_weights": False}, {"average_attn_weights": False}])
def test_multihead_attention(options, call):
    def act(module):
        module.manual_seed(3)
        layer = module.nn.MultiheadAttention(8, 2, **options)
        query, key = numbers(module, 4, 3, 8), numbers(module, 4, 3, options.get("kdim", 8), seed=1)
        value = numbers(module, 4, 3, options.get("vdim", 8), seed=2)
        batch, keys = (4, 3) if options.get("batch_first") else (3, 4)
        mask = numbers(module, batch, keys, seed=5) > 1
        y = layer(query, key, value, key_padding_mask=mask, **call)
        y[0].sum().backward()
        return [*y, *(p.grad for p in layer.parameters())]
    check(act, rtol=1e-4, atol=1e-5, warn=False)


# ---- bags

@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@pytest.mark.parametrize("padding", [None, 1])
def test_embedding_bag(mode, padding):
    def act(module):
        table = numbers(module, 5, 3).requires_grad_()
        offsets = module.tensor([0, 2, 2, 5])
        y = module.nn.functional.embedding_bag(module.tensor([1, 4, 0, 1, 1, 3]), table, offsets, mode=mode,
                                               padding_idx=padding)
        (y * y.detach().cos()).sum().backward()
        return [y, table.grad]
    check(act)


def test_weighted_bags():
    def act(module):
        table, weights = numbers(module, 5, 3).requires_grad_(), numbers(module, 2, 3, seed=1).requires_grad_()
        y = module.nn.functional.embedding_bag(module.tensor([[1, 4, 0], [1, 1, 3]]), table, mode="sum",
                                               per_sample_weights=weights)
        (y * y.detach().cos()).sum().backward()
        return [y, table.grad, weights.grad]
    check(act)


def test_embedding_options():
    def act(module):
        table = numbers(module, 5, 3).requires_grad_()
        y = module.nn.functional.embedding(module.tensor([1, 4, 1]), table, max_norm=0.5, scale_grad_by_freq=True)
        y.sum().backward()
        return [y, table, table.grad]
    check(act)


# ---- losses

LABELS = [[1, 3, 3, 2], [2, 1, 0, 0], [4, 4, 0, 0]]


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("zero_infinity", [False, True])
def test_ctc(reduction, zero_infinity):
    lengths = (9, 7, 9 if not zero_infinity else 2)

    def act(module):
        logits = numbers(module, 9, 3, 5).requires_grad_()
        loss = module.nn.functional.ctc_loss(logits.log_softmax(2), module.tensor(LABELS), lengths, (4, 2, 2),
                                             reduction=reduction, zero_infinity=zero_infinity)
        loss.sum().backward()
        return [loss, logits.grad]
    check(act, rtol=1e-4, atol=1e-5)


def test_ctc_of_joined_targets_and_one_sequence():
    joined = [1, 3, 3, 2, 2, 1, 4, 4]
    check(lambda m: m.nn.functional.ctc_loss(numbers(m, 9, 3, 5).log_softmax(2), m.tensor(joined), m.tensor([9, 7, 9]),
                                             m.tensor([4, 2, 2]), blank=0))
    check(lambda m: m.nn.functional.ctc_loss(numbers(m, 9, 5).log_softmax(1), m.tensor([1, 2]), m.tensor(9),
                                             m.tensor(2)))
    logits = leaf(6, 2, 4)
    assert gradcheck(lambda x: F.ctc_loss(x.log_softmax(2), ctorch.tensor([[1, 1], [2, 3]]), (6, 5), (2, 2)), (logits,))


def signs(module):
    return numbers(module, 4, 3, seed=9).sign()


LOSSES = {
    "margin_ranking_loss": lambda m, x, y, z: (x, y, signs(m)),
    "hinge_embedding_loss": lambda m, x, y, z: (x, signs(m)),
    "soft_margin_loss": lambda m, x, y, z: (x, signs(m)),
    "multi_margin_loss": lambda m, x, y, z: (x, m.tensor([0, 2, 1, 1])),
    "multilabel_margin_loss": lambda m, x, y, z: (x, m.tensor([[0, 2, -1], [1, -1, 0], [-1, 0, 1], [2, 1, 0]])),
    "multilabel_soft_margin_loss": lambda m, x, y, z: (x, (signs(m) + 1) / 2),
    "cosine_embedding_loss": lambda m, x, y, z: (x, y, m.tensor([1, -1, 1, -1])),
    "triplet_margin_loss": lambda m, x, y, z: (x, y, z),
    "triplet_margin_with_distance_loss": lambda m, x, y, z: (x, y, z),
    "poisson_nll_loss": lambda m, x, y, z: (x, numbers(m, 4, 3, seed=7).abs() * 3),
    "gaussian_nll_loss": lambda m, x, y, z: (x, y, z.abs() + 0.1),
}
OPTIONS = {"poisson_nll_loss": {"full": True}, "gaussian_nll_loss": {"full": True}, "multi_margin_loss": {"p": 2},
           "triplet_margin_loss": {"swap": True, "p": 3}}


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("name", LOSSES)
def test_losses(name, reduction):
    for options in ({}, OPTIONS.get(name, {})):
        def act(module, options=options):
            leaves = [numbers(module, 4, 3, seed=k).requires_grad_() for k in range(3)]
            loss = getattr(module.nn.functional, name)(*LOSSES[name](module, *leaves), reduction=reduction, **options)
            (loss * loss.detach().cos()).sum().backward()
            return [loss, *(x.grad for x in leaves if x.grad is not None)]
        check(act, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_differentiate_twice(name):
    leaves = [leaf(4, 3, seed=k) for k in range(3)]
    function = lambda *x: getattr(F, name)(*(t.double() if t.is_floating_point() else t  # noqa: E731
                                             for t in LOSSES[name](ctorch, *x)))
    assert gradcheck(function, leaves)
    assert gradgradcheck(function, leaves)


@pytest.mark.parametrize("p", [0, 1, 2, 3.5, float("inf")])
def test_pdist(p):
    check(lambda m: m.nn.functional.pdist(numbers(m, 5, 3), p))
    if p:
        assert gradcheck(lambda x: F.pdist(x, p), (leaf(5, 3),))


# ---- draws and norms

@pytest.mark.parametrize("name", ["dropout1d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"])
def test_dropouts_draw_as_pytorch(name):
    shape = (3, 4, 5) if name == "dropout1d" else (3, 4, 2, 3, 2)

    def act(module):
        module.manual_seed(4)
        return getattr(module.nn.functional, name)(numbers(module, *shape), 0.4, True)
    check(act)


def test_rrelu_draws_as_pytorch():
    def act(module):
        module.manual_seed(4)
        return module.nn.functional.rrelu(numbers(module, 6, 5), training=True)
    check(act)


@pytest.mark.parametrize("training", [False, True])
def test_instance_norm(training):
    def act(module):
        layer = module.nn.InstanceNorm2d(3, affine=True, track_running_stats=True).train(training)
        x = numbers(module, 2, 3, 4, 5).requires_grad_()
        y = layer(x)
        (y * y.detach().cos()).sum().backward()
        return [y, x.grad, layer.weight.grad, layer.running_mean, layer.running_var]
    check(act, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_local_response_norm(size):
    check(lambda m: m.nn.functional.local_response_norm(numbers(m, 2, 5, 3, 2), size, alpha=0.4))
