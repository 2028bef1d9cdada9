"""Derivatives of derivatives of the rows with kernels by hand, whose gradients are formulas on tensors."""
import pytest

import ctorch
import ctorch.nn.functional as F
from ctorch.autograd import gradcheck, gradgradcheck

CLASSES = ctorch.tensor([0, 2, 1, 1])
WEIGHT = ctorch.tensor([0.3, 0.5, 0.9], dtype=ctorch.float64)
MEAN, VARIANCE = ctorch.full((3,), 0.1, dtype=ctorch.float64), ctorch.full((3,), 1.3, dtype=ctorch.float64)
CASES = {
    "mm": (ctorch.mm, (3, 4), (4, 2)),
    "bmm": (ctorch.bmm, (2, 3, 4), (2, 4, 2)),
    "linear": (F.linear, (3, 4), (2, 4), (2,)),
    "softmax": (lambda x: F.softmax(x, 1), (4, 3)),
    "log_softmax": (lambda x: F.log_softmax(x, 0), (4, 3)),
    "nll_loss": (lambda x: F.nll_loss(x, CLASSES, WEIGHT), (4, 3)),
    "cross_entropy": (lambda x: F.cross_entropy(x, CLASSES), (4, 3)),
    "cross_entropy, all options": (lambda x: F.cross_entropy(x, CLASSES, WEIGHT, ignore_index=2, reduction="sum",
                                                             label_smoothing=0.1), (4, 3)),
    "cross_entropy, weighted mean": (lambda x: F.cross_entropy(x, CLASSES, WEIGHT, label_smoothing=0.2), (4, 3)),
    "batch_norm": (lambda x, w, b: F.batch_norm(x, None, None, w, b, True), (4, 3, 2), (3,), (3,)),
    "batch_norm, eval": (lambda x, w, b: F.batch_norm(x, MEAN, VARIANCE, w, b), (4, 3, 2), (3,), (3,)),
    "layer_norm": (lambda x, w, b: F.layer_norm(x, (5,), w, b), (3, 5), (5,), (5,)),
    "group_norm": (lambda x: F.group_norm(x, 2), (2, 4, 3)),
    "conv2d": (lambda x, w, b: F.conv2d(x, w, b, stride=2, padding=1), (2, 2, 4, 4), (2, 2, 3, 3), (2,)),
    "max_pool2d": (lambda x: F.max_pool2d(x, 2), (1, 2, 4, 4)),
    "avg_pool2d": (lambda x: F.avg_pool2d(x, 3, 2, 1), (1, 2, 4, 4)),
    "gather": (lambda x: x.gather(1, ctorch.tensor([[0, 2], [1, 1]])) ** 2, (2, 3)),
    "embedding": (lambda w: F.embedding(ctorch.tensor([0, 2, 2]), w) ** 2, (3, 4)),
    "max": (lambda x: x.max(1).values ** 2, (3, 4)),
}


@pytest.mark.parametrize("name", CASES)
def test_second_derivative(name):
    function, *shapes = CASES[name]
    ctorch.manual_seed(len(name))
    inputs = [ctorch.randn(shape, dtype=ctorch.float64, requires_grad=True) for shape in shapes]
    assert gradcheck(function, inputs)
    assert gradgradcheck(function, inputs)
