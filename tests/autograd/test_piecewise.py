"""Functions of straight pieces: the gradient's gradient is zero, as in PyTorch, and not missing."""
import pytest
from mirror import needs_torch, torch

import ctorch
from ctorch.func import grad, hessian, jvp, vmap

FUNCTIONS = {
    "relu": lambda F, x: F.relu(x), "leaky_relu": lambda F, x: F.leaky_relu(x), "relu6": lambda F, x: F.relu6(x),
    "hardtanh": lambda F, x: F.hardtanh(x), "threshold": lambda F, x: F.threshold(x, 0.1, 2.0),
    "hardshrink": lambda F, x: F.hardshrink(x), "softshrink": lambda F, x: F.softshrink(x),
    "max_pool1d": lambda F, x: F.max_pool1d(x, 2), "avg_pool1d": lambda F, x: F.avg_pool1d(x, 2),
    "max_pool2d": lambda F, x: F.max_pool2d(x[None], (1, 2)), "avg_pool2d": lambda F, x: F.avg_pool2d(x[None], (1, 2)),
    "max_pool3d": lambda F, x: F.max_pool3d(x[None, None], (1, 1, 2)),
    "avg_pool3d": lambda F, x: F.avg_pool3d(x[None, None], (1, 1, 2)),
    "adaptive_avg_pool1d": lambda F, x: F.adaptive_avg_pool1d(x, 2),
    "adaptive_avg_pool2d": lambda F, x: F.adaptive_avg_pool2d(x[None], (1, 2)),
}
NUMBERS = [[-1.0, 0.3, 2.0, 0.7]]


def twice(m, f):
    x = m.tensor(NUMBERS, dtype=m.float64, requires_grad=True)
    (first,) = m.autograd.grad(f(m.nn.functional, x).sum(), x, create_graph=True)
    (second,) = m.autograd.grad((first * m.tensor([[1.0, 2.0, 3.0, 4.0]])).sum(), x)
    return first.tolist(), second.tolist()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_second_gradients_are_zeros(name):
    _, second = twice(ctorch, FUNCTIONS[name])
    assert second == [[0.0] * 4]


@pytest.mark.parametrize("m", (ctorch, pytest.param(torch, marks=needs_torch)))
@pytest.mark.parametrize("name", ("abs", "norm"))
def test_a_sign_has_no_slope_whatever_comes(m, name):
    x = m.tensor([1.5, -2.0], dtype=m.float64, requires_grad=True)
    y = x.abs() if name == "abs" else x[:, None].norm(1, dim=1)
    (first,) = m.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = m.autograd.grad(first.sum() * m.inf, x)
    assert (second + 0).tolist() == [0.0, 0.0]


@needs_torch
@pytest.mark.parametrize("name", FUNCTIONS)
def test_pytorch_has_the_same(name):
    assert twice(ctorch, FUNCTIONS[name]) == twice(torch, FUNCTIONS[name])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_in_transforms(name):
    def f(x):
        return FUNCTIONS[name](ctorch.nn.functional, x).sum()

    x = ctorch.tensor(NUMBERS, dtype=ctorch.float64)
    assert hessian(f)(x).abs().sum() == 0
    assert jvp(grad(f), (x,), (ctorch.ones_like(x),))[1].tolist() == [[0.0] * 4]
    assert vmap(grad(lambda y: grad(f)(y).sum()))(ctorch.stack([x, -x])).abs().sum() == 0


def test_what_else_the_gradient_depends_on():
    """Beside a curved function the zero adds nothing; a node holds no more than it did."""
    x = ctorch.tensor([-1.0, 2.0], dtype=ctorch.float64, requires_grad=True)
    w = ctorch.tensor([3.0, 4.0], dtype=ctorch.float64, requires_grad=True)
    (first,) = ctorch.autograd.grad((w * ctorch.relu(x) + x ** 3).sum(), x, create_graph=True)
    by_x, by_w = ctorch.autograd.grad(first.sum(), [x, w])
    assert by_x.tolist() == [-6.0, 12.0] and by_w.tolist() == [0.0, 1.0]
    assert ctorch.autograd.gradcheck(lambda v: ctorch.autograd.grad(ctorch.relu(v).sum(), v, create_graph=True)[0] * v,
                                     x)


def test_without_a_graph_nothing_is_recorded():
    x = ctorch.tensor([-1.0, 2.0], requires_grad=True)
    assert not ctorch.autograd.grad(ctorch.relu(x).sum(), x)[0].requires_grad
