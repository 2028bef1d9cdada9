"""Modules as functions of their tensors."""
import importlib

import mirror
import pytest

import ctorch


def func(lib):
    return importlib.import_module(f"{lib.__name__}.func")


def network(lib, seed=0):
    lib.manual_seed(seed)
    return lib.nn.Sequential(lib.nn.Linear(3, 4), lib.nn.BatchNorm1d(4), lib.nn.Tanh(), lib.nn.Linear(4, 2))


def tied(lib):
    class Tied(lib.nn.Module):
        def __init__(self):
            super().__init__()
            self.a = lib.nn.Parameter(lib.ones(2))
            self.b = self.a
            self.c = lib.nn.Parameter(lib.ones(2))

        def forward(self, x, times=1):
            return (x * self.a + self.b + self.c) * times
    return Tied()


@pytest.mark.parametrize("case", ["all", "two dicts", "some", "no parameters", "keywords", "several arguments"])
def test_calls(case):
    def program(lib):
        net, call = network(lib), func(lib).functional_call
        x = lib.arange(6.0).reshape(2, 3)
        named = {name: p.detach() * 2 + 1 for name, p in net.named_parameters()}
        buffers = {name: b.clone() for name, b in net.named_buffers()}
        before = {name: p.detach().clone() for name, p in net.state_dict().items()}
        if case == "all":
            out = call(net, {**named, **buffers}, x)
        elif case == "two dicts":
            out = call(net, (named, buffers), (x,))
        elif case == "some":
            out = call(net, {"0.weight": named["0.weight"]}, x)
        elif case == "no parameters":
            out = call(net, {}, x)
        elif case == "keywords":
            out = call(tied(lib), {"a": lib.zeros(2)}, lib.ones(2), {"times": 3})
        else:
            out = call(tied(lib), {"a": lib.zeros(2)}, (lib.ones(2), 4))
        return out, buffers, before, dict(net.state_dict())
    mirror.check(program)


@pytest.mark.parametrize("tie", [True, False])
def test_ties(tie):
    def program(lib):
        call, net, one = func(lib).functional_call, tied(lib), lib.ones(2)
        same = lib.zeros(2)
        return (call(net, {"a": same}, one, tie_weights=tie), call(net, {"b": same}, one, tie_weights=tie),
                call(net, {"a": same, "b": same}, one, tie_weights=tie), net(one))
    mirror.check(program)


@pytest.mark.parametrize("case", ["two values", "missing", "unexpected", "both", "repeated", "no dicts", "no dict",
                                  "no tensor", "an attribute"])
def test_errors(case):
    def program(lib):
        call, net, x = func(lib).functional_call, tied(lib), lib.ones(2)
        if case == "two values":
            return call(net, {"a": lib.zeros(2), "b": lib.ones(2)}, x)
        if case in ("missing", "unexpected", "both"):
            given = {"a": x} if case != "unexpected" else {"a": x, "c": x}
            return call(net, given if case == "missing" else {**given, "d": x}, x, strict=True)
        if case == "repeated":
            return call(net, [{"a": x}, {"a": x}], x)
        if case == "no dicts":
            return call(net, [x], x)
        if case == "no tensor":
            return call(net, {"a": 3}, x)
        if case == "an attribute":
            return call(net, {"training": x}, x)
        return call(net, x, x)
    theirs, *_ = mirror.theirs_of(program)
    assert theirs is None
    mirror.check(program)


def test_after_an_error_the_module_is_whole():
    net = tied(ctorch)
    a, c = net.a, net.c
    with pytest.raises(TypeError):
        ctorch.func.functional_call(net, {"a": ctorch.zeros(2), "c": 3}, ctorch.ones(2))
    with pytest.raises(RuntimeError):
        ctorch.func.functional_call(net, {"a": ctorch.zeros(2)}, ctorch.ones(3))
    assert net.a is a and net.b is a and net.c is c


def test_buffers_that_the_module_replaces_are_seen():
    def program(lib):
        class Counter(lib.nn.Module):
            def __init__(self):
                super().__init__()
                self.register_buffer("n", lib.zeros(()))

            def forward(self, x):
                self.n = self.n + x
                return self.n * 2

        net, given = Counter(), {"n": lib.ones(())}
        return func(lib).functional_call(net, given, lib.tensor(2.0)), given, net.n
    mirror.check(program)


def test_gradients_of_parameters():
    def program(lib):
        net = network(lib).eval()
        x = lib.arange(6.0).reshape(2, 3)
        named = {name: p.detach() for name, p in net.named_parameters()}

        def loss(params):
            return func(lib).functional_call(net, params, x).pow(2).sum()

        return func(lib).grad(loss)(named), [p.grad is None for p in net.parameters()]
    mirror.check(program)


def test_stacked_modules():
    def program(lib):
        params, buffers = func(lib).stack_module_state([network(lib, seed) for seed in range(3)])
        return params, buffers, [p.requires_grad and p.is_leaf for p in params.values()]
    mirror.check(program)


def test_many_modules_at_once():
    def program(lib):
        nets = [network(lib, seed).eval() for seed in range(3)]
        params, buffers = func(lib).stack_module_state(nets)
        x = lib.arange(6.0).reshape(2, 3)

        def run(params, buffers, x):
            return func(lib).functional_call(nets[0], (params, buffers), x)

        out = func(lib).vmap(run, (0, 0, None))(params, buffers, x)
        out.sum().backward()
        return out, [p.grad for p in params.values()]
    mirror.check(program)


@pytest.mark.parametrize("case", ["none", "modes", "classes", "gradients"])
def test_errors_of_stacking(case):
    def program(lib):
        a, b = lib.nn.Linear(2, 2), lib.nn.Linear(2, 2)
        if case == "modes":
            b.eval()
        if case == "classes":
            b = lib.nn.Tanh()
        if case == "gradients":
            b.bias.requires_grad_(False)
        return func(lib).stack_module_state([] if case == "none" else [a, b])
    mirror.check(program, message=True)


def test_batch_norms_without_statistics():
    def program(lib):
        nn, func = lib.nn, importlib.import_module(f"{lib.__name__}.func")
        lib.manual_seed(0)
        net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Sequential(nn.BatchNorm1d(4)))
        assert func.replace_all_batch_norm_modules_(net) is net
        params, x = dict(net.named_parameters()), lib.randn(5, 6, 3)

        def loss(params, x):
            return (func.functional_call(net, params, (x,)) ** 3).sum()
        return (func.vmap(func.grad(loss), (None, 0))(params, x), func.grad(loss)(params, x[0]),
                list(dict(net.named_buffers())), [m.track_running_stats for m in (net[1], net[2][0])])
    mirror.check(program, rtol=1e-3, atol=1e-4)
