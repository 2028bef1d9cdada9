"""Initial values against PyTorch's: the same seed gives the same numbers."""
import pytest
from mirror import check

import ctorch
from ctorch import nn


@pytest.mark.parametrize("fill", [
    lambda init, w: init.uniform_(w, -2.0, 3.0),
    lambda init, w: init.normal_(w, 1.0, 0.5),
    lambda init, w: init.trunc_normal_(w),
    lambda init, w: init.trunc_normal_(w, 0.5, 0.1, 0.0, 1.0),
    lambda init, w: init.trunc_normal_(w, 0.0, 1.0, 3.0, 4.0),
    lambda init, w: init.constant_(w, 0.3),
    lambda init, w: init.ones_(w),
    lambda init, w: init.zeros_(w),
    lambda init, w: init.eye_(w),
    lambda init, w: init.xavier_uniform_(w, gain=2.0),
    lambda init, w: init.xavier_normal_(w),
    lambda init, w: init.kaiming_uniform_(w, nonlinearity="relu"),
    lambda init, w: init.kaiming_uniform_(w, a=0.2, mode="fan_out"),
    lambda init, w: init.kaiming_normal_(w),
    lambda init, w: init.sparse_(w, 0.4),
    lambda init, w: init.uniform(w),
    lambda init, w: init.kaiming_normal(w),
    lambda init, w: init.kaiming_normal_(w, mode="fan"),
    lambda init, w: init.kaiming_normal_(w, nonlinearity="cube"),
    lambda init, w: init.dirac_(w),
])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fill_a_matrix(fill, dtype):
    def act(module):
        w = module.empty(40, 7, dtype=getattr(module, dtype), requires_grad=True)
        result = fill(module.nn.init, w)
        assert result is w
        return [w, w.requires_grad, w.grad_fn]
    check(act, rtol=1e-6)


@pytest.mark.parametrize("fill", [
    lambda init, w: init.dirac_(w),
    lambda init, w: init.dirac_(w, groups=2),
    lambda init, w: init.dirac_(w, groups=3),
    lambda init, w: init.xavier_uniform_(w),
    lambda init, w: init.kaiming_normal_(w),
    lambda init, w: init.eye_(w),
    lambda init, w: init.sparse_(w, 0.1),
])
@pytest.mark.parametrize("shape", [(4, 2, 3), (4, 2, 3, 3), (4, 2, 3, 1, 2)])
def test_fill_a_kernel(fill, shape):
    check(lambda m: fill(m.nn.init, m.empty(shape)))


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (3, 2, 2), (2, 0)])
def test_orthogonal(shape):
    check(lambda m: m.nn.init.orthogonal_(m.empty(shape), gain=2.0), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("act", [
    lambda m: m.nn.init.orthogonal_(m.empty(3)),
    lambda m: m.nn.init.xavier_normal_(m.empty(3)),
    lambda m: m.nn.init.kaiming_uniform_(m.empty(3, 0)),
    *[lambda m, name=name: m.nn.init.calculate_gain(name) for name in
      ("linear", "conv2d", "conv_transpose3d", "sigmoid", "tanh", "relu", "leaky_relu", "selu", "other")],
    lambda m: m.nn.init.calculate_gain("leaky_relu", 0.3),
    lambda m: m.nn.init.calculate_gain("leaky_relu", True),
    lambda m: m.nn.init.calculate_gain("leaky_relu", "a"),
])
def test_rules(act):
    check(act)


def test_generator():
    def act(module):
        generator = module.Generator()
        generator.manual_seed(5)
        return [module.nn.init.normal_(module.empty(20), generator=generator),
                module.nn.init.uniform_(module.empty(3), generator=generator)]
    check(act)


def test_one_seed_gives_a_whole_network_of_equal_weights():
    def act(module):
        net = module.nn.Sequential(
            module.nn.Conv2d(1, 8, 3),
            module.nn.BatchNorm2d(8),
            module.nn.Conv1d(2, 4, 5, groups=2),
            module.nn.Linear(30, 20),
            module.nn.Embedding(11, 3),
            module.nn.Bilinear(2, 3, 4),
            module.nn.PReLU(),
            module.nn.LayerNorm(5),
            module.nn.Linear(700, 50),
        )
        return net.state_dict()
    check(act, rtol=1e-7, atol=0)


def test_filling_does_not_record():
    w = nn.Parameter(ctorch.zeros(2, 2))
    for fill in (nn.init.ones_, nn.init.normal_, nn.init.eye_, nn.init.orthogonal_):
        assert fill(w).is_leaf
