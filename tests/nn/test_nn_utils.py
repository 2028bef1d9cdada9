"""Gradient clipping and parameter vectors against PyTorch's."""
import math

import pytest
from mirror import check


def parameters(module, scale=1.0):
    made = []
    for i, shape in enumerate([(3, 2), (4,), (), (2, 2)]):
        p = module.nn.Parameter(module.zeros(shape))
        if i != 1:
            p.grad = module.arange(float(p.numel())).add(i).mul(scale).view(shape).clone()
        made.append(p)
    return made


@pytest.mark.parametrize("norm_type", [2.0, 1, 3.0, math.inf])
@pytest.mark.parametrize("limit", [0.5, 1e6])
def test_clip_grad_norm(norm_type, limit):
    def act(module):
        ps = parameters(module)
        total = module.nn.utils.clip_grad_norm_(ps, limit, norm_type)
        return [total, [p.grad for p in ps]]
    check(act)


@pytest.mark.parametrize("act", [
    lambda m: m.nn.utils.clip_grad_norm_([], 1.0),
    lambda m: m.nn.utils.clip_grad_norm_(m.nn.Parameter(m.zeros(2)), 1.0),
    lambda m: m.nn.utils.clip_grad_norm_(parameters(m, math.inf), 1.0),
    lambda m: m.nn.utils.clip_grad_norm_(parameters(m, math.nan), 1.0, error_if_nonfinite=True),
    lambda m: m.nn.utils.clip_grad_norm_(iter(parameters(m)), 1.0),
    lambda m: m.nn.utils.get_total_norm([m.ones(3), m.ones(2)]),
    lambda m: m.nn.utils.parameters_to_vector(parameters(m)),
])
def test_edges(act):
    check(act)


def test_clip_grad_value():
    def act(module):
        ps = parameters(module)
        assert module.nn.utils.clip_grad_value_(ps, 1.5) is None
        return [p.grad for p in ps]
    check(act)


def test_vector_and_back():
    def act(module):
        ps = parameters(module)
        module.nn.utils.vector_to_parameters(module.arange(15.0), ps)
        return [list(ps), module.nn.utils.parameters_to_vector(ps)]
    check(act)
    check(lambda m: m.nn.utils.vector_to_parameters([1.0], parameters(m)))
