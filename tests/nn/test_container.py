"""Containers against PyTorch's."""
import pytest
from mirror import check

import ctorch
from ctorch import nn


def layers(module):
    return [module.nn.Linear(2, 3), module.nn.ReLU(), module.nn.ReLU(), module.nn.Linear(3, 2)]


def sequential(module):
    return module.nn.Sequential(*layers(module))


def module_list(module):
    return module.nn.ModuleList(layers(module))


@pytest.mark.parametrize("make", [sequential, module_list])
@pytest.mark.parametrize("act", [
    lambda m, c: len(c),
    lambda m, c: repr(c),
    lambda m, c: repr(c[0]),
    lambda m, c: repr(c[-1]),
    lambda m, c: repr(c[1:3]),
    lambda m, c: repr(c[::-2]),
    lambda m, c: [type(x).__name__ for x in c],
    lambda m, c: c[4],
    lambda m, c: c[-5],
    lambda m, c: c[0.5],
    lambda m, c: repr(c.append(m.nn.Tanh())),
    lambda m, c: [c.insert(1, m.nn.Tanh()), repr(c)][1],
    lambda m, c: c.append(3),
    lambda m, c: [repr(c.pop(1)), repr(c)],
    lambda m, c: [repr(c.pop(-1)), list(c.state_dict())],
    lambda m, c: [c.__delitem__(0), repr(c)][1],
    lambda m, c: [c.__delitem__(slice(1, 3)), repr(c), list(c.state_dict())][1:],
    lambda m, c: c.__delitem__(7),
    lambda m, c: [c.__setitem__(1, m.nn.Tanh()), repr(c)][1],
    lambda m, c: [c.__setitem__(-1, m.nn.Tanh()), repr(c)][1],
    lambda m, c: c.__setitem__(9, m.nn.Tanh()),
    lambda m, c: c.__setitem__(0, 3),
    lambda m, c: repr(c + c),
    lambda m, c: repr(c.extend([m.nn.Tanh()])),
    lambda m, c: repr(c.__iadd__(type(c)())),
    lambda m, c: list(c.state_dict()),
    lambda m, c: repr(type(c)()),
    lambda m, c: c[0] in c,
    lambda m, c: [name for name in dir(c) if name.isdigit()],
])
def test_lists_of_modules(make, act):
    check(lambda module: act(module, make(module)))


@pytest.mark.parametrize("act", [
    lambda m, c: c(m.ones(1, 2)),
    lambda m, c: repr(c * 2),
    lambda m, c: repr(2 * c),
    lambda m, c: repr(c.__imul__(2)),
    lambda m, c: c * 0,
    lambda m, c: c * "a",
    lambda m, c: c + 3,
    lambda m, c: c.__iadd__(3),
    lambda m, c: [c.insert(-1, m.nn.Tanh()), repr(c)][1],
    lambda m, c: c.insert(9, m.nn.Tanh()),
    lambda m, c: c.insert(0, 3),
    lambda m, c: next(iter((c * 2).parameters())) is c[0].weight,
])
def test_sequential(act):
    check(lambda module: act(module, sequential(module)))


def test_sequential_of_named_modules():
    def act(module):
        from collections import OrderedDict
        net = module.nn.Sequential(OrderedDict([("a", module.nn.Linear(2, 2)), ("b", module.nn.ReLU())]))
        return [repr(net), repr(net[1:]), repr(net.a), net(module.ones(1, 2)), list(net.state_dict())]
    check(act)


@pytest.mark.parametrize("act", [
    lambda m: m.nn.ModuleList(3),
    lambda m: m.nn.ModuleList([3]),
    lambda m: module_list(m) + 3,
    lambda m: module_list(m)(m.ones(1, 2)),
    lambda m: repr(m.nn.ModuleList(m.nn.Linear(2, 2) for _ in range(3))),
    lambda m: repr(m.nn.ModuleList([m.nn.Linear(2, 2), m.nn.Linear(2, 2), m.nn.Sequential(m.nn.ReLU())])),
])
def test_module_list(act):
    check(act)


def module_dict(module):
    return module.nn.ModuleDict({"a": module.nn.ReLU(), "b": module.nn.Linear(2, 2)})


@pytest.mark.parametrize("act", [
    lambda m, d: [repr(d), len(d), list(d), list(d.keys()), [k for k, _ in d.items()], "a" in d, "c" in d],
    lambda m, d: [type(v).__name__ for v in d.values()],
    lambda m, d: repr(d["a"]),
    lambda m, d: d["c"],
    lambda m, d: [repr(d.pop("a")), list(d)],
    lambda m, d: [d.__delitem__("a"), list(d)],
    lambda m, d: [d.clear(), len(d)],
    lambda m, d: [d.update([("c", m.nn.Tanh()), ["a", m.nn.GELU()]]), repr(d)],
    lambda m, d: [d.update(m.nn.ModuleDict({"z": m.nn.Tanh()})), list(d)],
    lambda m, d: d.update(3),
    lambda m, d: d.update([3]),
    lambda m, d: d.update([(3,)]),
    lambda m, d: d.update([("q", 4)]),
    lambda m, d: d.__setitem__("keys", m.nn.ReLU()),
    lambda m, d: d.__setitem__(3, m.nn.ReLU()),
    lambda m, d: list(d.state_dict()),
])
def test_module_dict(act):
    check(lambda module: act(module, module_dict(module)))


@pytest.mark.parametrize("act", [
    lambda m, p: [repr(p), len(p), [name for name, _ in p.named_parameters()]],
    lambda m, p: p[0],
    lambda m, p: p[-1],
    lambda m, p: p[2],
    lambda m, p: repr(p[1:]),
    lambda m, p: [p.append(m.ones(2)), p.extend([m.ones(1), 3]), repr(p)][2],
    lambda m, p: [p.__setitem__(0, m.ones(4)), p[0], p[0].requires_grad],
    lambda m, p: list(p),
    lambda m, p: p.extend(3),
    lambda m, p: p.extend(m.ones(2)),
    lambda m, p: p(),
    lambda m, p: p.state_dict(),
])
def test_parameter_list(act):
    check(lambda module: act(module, module.nn.ParameterList([module.zeros(2, 3), module.nn.Parameter(
        module.ones(1))])))


@pytest.mark.parametrize(
    "act",
    [
        lambda m, p: [repr(p), len(p), list(p), [name for name, _ in p.named_parameters()]],
        lambda m, p: [p["a"], p.get("a"), p.get("z", 3), "a" in p, "z" in p],
        lambda m, p: p["z"],
        lambda m, p: [p.pop("a"), list(p)],
        lambda m, p: [p.popitem()[0], list(p)],
        lambda m, p: [p.setdefault("n", m.ones(1)), list(p), p["n"].requires_grad],
        lambda m, p: [p.clear(), len(p)],
        lambda m, p: [
            list(p.copy()),
            list(reversed(p)),
            list(p.keys()),
            [k for k, _ in p.items()],
            list(p.values()),
        ],
        lambda m, p: [p.update({"c": m.ones(1)}), p.update([("d", m.ones(1))]), list(p)],
        lambda m, p: list(p | m.nn.ParameterDict({"c": m.ones(1)})),
        lambda m, p: list(p.__ior__(m.nn.ParameterDict({"c": m.ones(1)}))),
        lambda m, p: [list(p.fromkeys(["x", "y"])), p.fromkeys(["x"], 4)["x"]],
        lambda m, p: p.update(3),
        lambda m, p: p.update([3]),
        lambda m, p: p.update([(3,)]),
        lambda m, p: p.__setitem__(3, m.ones(1)),
        lambda m, p: p(1),
        lambda m, p: p.state_dict(),
    ],
)
def test_parameter_dict(act):
    check(lambda module: act(module, module.nn.ParameterDict({"a": module.zeros(2, 3), "b": 3})))


def test_containers_register_their_members():
    net = nn.ModuleList([nn.Linear(2, 2), nn.ParameterList([ctorch.ones(1)])])
    assert len(list(net.parameters())) == 3
    assert net.to(ctorch.float64)[1][0].dtype == ctorch.float64
