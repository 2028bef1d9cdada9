"""Module against PyTorch's: registration, traversal, state, conversion, text."""
import copy
import io
import pickle

import pytest
from mirror import check

import ctorch
from ctorch import nn


def network(module):
    """A network with everything in it: nesting, a shared layer, buffers of both kinds, absent members."""
    nn = module.nn

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(module.arange(3.0))
            self.register_parameter("absent", None)
            self.register_buffer("mean", module.zeros(3))
            self.register_buffer("scratch", module.ones(2), persistent=False)
            self.register_buffer("nothing", None)
            self.inner = nn.Sequential(nn.Linear(3, 4), nn.ReLU())

        def forward(self, x):
            return self.inner(x * self.scale)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.block = Block()
            self.norm = nn.BatchNorm1d(4)
            self.same = self.block.inner
            self.none = None
            self.register_module("missing", None)

        def forward(self, x):
            return self.norm(self.block(x))

    return Net()


@pytest.mark.parametrize("look", [
    lambda net: [name for name, _ in net.named_parameters()],
    lambda net: [name for name, _ in net.named_parameters(remove_duplicate=False)],
    lambda net: [name for name, _ in net.named_parameters(prefix="net", recurse=True)],
    lambda net: [name for name, _ in net.block.named_parameters(recurse=False)],
    lambda net: [name for name, _ in net.named_buffers()],
    lambda net: [name for name, _ in net.named_buffers(recurse=False)],
    lambda net: [name for name, _ in net.named_modules()],
    lambda net: [name for name, _ in net.named_modules(remove_duplicate=False)],
    lambda net: [name for name, _ in net.named_modules(prefix="net")],
    lambda net: [name for name, _ in net.named_children()],
    lambda net: [name for name, _ in net.block.named_children()],
    lambda net: len(list(net.modules())),
    lambda net: len(list(net.children())),
    lambda net: list(net.parameters()),
    lambda net: list(net.buffers()),
    lambda net: net.state_dict(),
    lambda net: net.state_dict(prefix="a.", keep_vars=True),
    lambda net: dict(net.state_dict()._metadata),
    lambda net: repr(net),
    lambda net: str(net.block),
    lambda net: [name for name in dir(net) if name in ("block", "norm", "training", "missing", "forward")],
    lambda net: repr(net.get_submodule("block.inner.0")),
    lambda net: net.get_submodule("") is net,
    lambda net: net.get_parameter("block.inner.0.weight").shape == (4, 3),
    lambda net: net.get_buffer("norm.num_batches_tracked"),
    lambda net: [m.training for m in net.eval().modules()],
    lambda net: [m.training for m in net.eval().train().modules()],
    lambda net: [p.requires_grad for p in net.requires_grad_(False).parameters()],
    lambda net: net.none,
    lambda net: net.missing,
    lambda net: net.block.absent,
    lambda net: net.block.nothing,
    lambda net: hasattr(net, "unknown"),
])
def test_looking_at_a_module(look):
    check(lambda module: look(network(module)))


ERRORS = [
    lambda m, net: net.unknown,
    lambda m, net: net.register_buffer("a.b", None),
    lambda m, net: net.register_buffer("", None),
    lambda m, net: net.register_buffer(1, None),
    lambda m, net: net.register_buffer("forward", None),
    lambda m, net: net.register_buffer("q", 3),
    lambda m, net: net.register_parameter("a.b", None),
    lambda m, net: net.register_parameter("", None),
    lambda m, net: net.register_parameter(1, None),
    lambda m, net: net.register_parameter("forward", None),
    lambda m, net: net.register_parameter("q", 3),
    lambda m, net: net.register_module("a.b", None),
    lambda m, net: net.register_module("", None),
    lambda m, net: net.register_module(1, None),
    lambda m, net: net.register_module("forward", None),
    lambda m, net: net.register_module("q", 3),
    lambda m, net: setattr(net.norm, "weight", 3),
    lambda m, net: setattr(net.norm, "running_mean", 3),
    lambda m, net: setattr(net, "block", 3),
    lambda m, net: net.get_submodule("a.b"),
    lambda m, net: net.get_submodule("norm.weight"),
    lambda m, net: net.get_parameter("norm.weights"),
    lambda m, net: net.get_parameter("norm.training"),
    lambda m, net: net.get_parameter("norm.running_mean"),
    lambda m, net: net.get_buffer("norm.training"),
    lambda m, net: net.get_buffer("norm.foo"),
    lambda m, net: net.set_submodule("", m.nn.ReLU()),
    lambda m, net: net.set_submodule("5.6", m.nn.ReLU()),
    lambda m, net: net.set_submodule("norm.weight", m.nn.ReLU()),
    lambda m, net: net.set_submodule("new", m.nn.ReLU(), strict=True),
    lambda m, net: m.nn.Module()(3),
    lambda m, net: net.train(3),
    lambda m, net: m.nn.Module(3),
    lambda m, net: m.nn.Module(a=3),
    lambda m, net: delattr(net, "unknown"),
    lambda m, net: net.to(3.5, 1, 2, 3),
]


@pytest.mark.parametrize("act", ERRORS[:-2])
def test_errors_say_what_torch_says(act):
    check(lambda module: act(module, network(module)), message=True)


@pytest.mark.parametrize("act", ERRORS[-2:])
def test_errors_are_of_torchs_class(act):
    check(lambda module: act(module, network(module)))


@pytest.mark.parametrize("value", ["parameter", "module", "buffer"])
def test_assignment_before_init(value):
    def act(module):
        values = {"parameter": module.nn.Parameter(module.zeros(1)), "module": module.nn.ReLU(),
                  "buffer": module.nn.Buffer(module.zeros(1))}

        class Early(module.nn.Module):
            def __init__(self):
                self.member = values[value]
        Early()
    check(act, message=True)


def test_non_leaf_parameter_is_refused():
    def act(module):
        class P(module.nn.Parameter):
            pass
        parameter = module.nn.Parameter(module.zeros(2))
        net = module.nn.Module()
        net.register_parameter("q", parameter * 2)
    check(act)


def test_a_name_belongs_to_one_kind():
    def act(module):
        net = module.nn.Module()
        seen = []

        def note():
            seen.append(
                [sorted(net._parameters), sorted(net._buffers), sorted(net._modules), "x" in net.__dict__]
            )

        net.x = 1
        note()
        net.x = module.nn.Parameter(module.zeros(1))
        note()
        net.x = None
        note()
        del net.x
        net.x = module.nn.ReLU()
        note()
        net.x = module.nn.Buffer(module.zeros(2), persistent=False)
        note()
        net.x = module.ones(2)
        note()
        seen.append(list(net.state_dict()))
        del net.x
        net.x = module.nn.Parameter(module.zeros(1))
        note()
        seen.append(list(net.state_dict()))
        return seen
    check(act)


def test_parameter_and_buffer_text_and_copies():
    check(lambda m: repr(m.nn.Parameter(m.zeros(2, 2))))
    check(
        lambda m: [p.requires_grad for p in (m.nn.Parameter(m.zeros(2)), m.nn.Parameter(m.zeros(2), False))]
    )
    check(lambda m: m.nn.Parameter(m.zeros(2, dtype=m.int64)))
    for kind in (nn.Parameter, nn.Buffer):
        original = kind(ctorch.arange(3.0))
        for duplicate in (copy.deepcopy(original), pickle.loads(pickle.dumps(original))):
            assert type(duplicate) is kind
            assert duplicate.requires_grad == original.requires_grad
            assert duplicate.tolist() == original.tolist()
            assert duplicate.data_ptr() != original.data_ptr()
    assert isinstance(nn.Parameter(ctorch.zeros(2)), ctorch.Tensor)
    assert nn.Parameter().numel() == 0
    parameter = nn.Parameter(ctorch.zeros(2))
    parameter.note = "kept"
    assert pickle.loads(pickle.dumps(parameter)).note == "kept"
    with pytest.raises(TypeError, match="data must be a Tensor"):
        nn.Parameter([1.0])


def test_parameter_shares_memory_with_its_data():
    data = ctorch.zeros(3)
    parameter = nn.Parameter(data)
    with ctorch.no_grad():
        parameter[0] = 5
    assert data[0].item() == 5
    assert type(parameter * 2) is ctorch.Tensor
    assert parameter.is_leaf
    assert parameter.grad_fn is None


def test_parameters_train():
    def act(module):
        net = network(module)
        x = module.arange(12.0).view(4, 3)
        net(x).pow(2).sum().backward()
        grads = [p.grad for p in net.parameters()]
        net.zero_grad(set_to_none=False)
        zeros = [p.grad for p in net.parameters()]
        net.zero_grad()
        return grads, [z.clone() for z in zeros], [p.grad for p in net.parameters()], net.state_dict()
    check(act, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("convert", [
    lambda m, net: net.double(),
    lambda m, net: net.half(),
    lambda m, net: net.float(),
    lambda m, net: net.to(m.float64),
    lambda m, net: net.to("cpu"),
    lambda m, net: net.to(m.device("cpu"), m.float64),
    lambda m, net: net.to(dtype=m.float16, non_blocking=True),
    lambda m, net: net.to(m.zeros(1, dtype=m.float64)),
    lambda m, net: net.to(m.int64),
    lambda m, net: net.cpu(),
])
def test_conversion(convert):
    def act(module):
        net = network(module)
        net(module.ones(2, 3)).sum().backward()
        parameters = list(net.parameters())
        assert convert(module, net) is net
        assert all(a is b for a, b in zip(parameters, net.parameters()))
        return [net.state_dict(), [p.grad.dtype for p in net.parameters()]]
    check(act, rtol=1e-4)


def test_bfloat16_and_to_empty():
    net = network(ctorch).bfloat16()
    assert {p.dtype for p in net.parameters()} == {ctorch.bfloat16}
    assert net.norm.num_batches_tracked.dtype == ctorch.int64
    shapes = [p.shape for p in net.parameters()]
    assert [p.shape for p in net.to_empty(device="cpu").parameters()] == shapes


def test_apply_runs_children_first():
    def act(module):
        seen = []
        network(module).apply(lambda m: seen.append(type(m).__name__))
        return seen
    check(act)


def test_set_submodule():
    def act(module):
        net = network(module)
        net.set_submodule("block.inner.1", module.nn.Tanh())
        net.set_submodule("extra", module.nn.Sigmoid())
        return repr(net)
    check(act)


# ---- state

def broken_state(module, net):
    state = net.state_dict()
    state["extra"] = module.zeros(1)
    state["block.more.weight"] = module.zeros(1)
    del state["norm.bias"]
    state["norm.weight"] = module.zeros(7)
    state["block.scale"] = "text"
    return state


def test_load_state_dict_lists_everything_that_is_wrong():
    def act(module):
        net = network(module)
        return net.load_state_dict(broken_state(module, net))

    check(act, message=True)
    check(lambda module: module.nn.Linear(1, 1).load_state_dict(3), message=True)


def test_load_state_dict_not_strict():
    def act(module):
        net = network(module)
        state = net.state_dict()
        state["extra"] = module.zeros(1)
        del state["norm.bias"]
        state["block.scale"] = module.full((3,), 9.0)
        result = net.load_state_dict(state, strict=False)
        return [list(result.missing_keys), list(result.unexpected_keys), repr(result), net.block.scale]
    check(act)


def test_load_state_dict_copies_or_assigns():
    source, target = network(ctorch), network(ctorch)
    weight = target.norm.weight
    assert repr(target.load_state_dict(source.state_dict())) == "<All keys matched successfully>"
    assert target.norm.weight is weight
    assert weight.data_ptr() != source.norm.weight.data_ptr()
    for mine, other in zip(target.state_dict().values(), source.state_dict().values()):
        assert mine.tolist() == other.tolist()
    target.load_state_dict(source.state_dict(), assign=True)
    assert target.norm.weight.data_ptr() == source.norm.weight.data_ptr()
    assert isinstance(target.norm.weight, nn.Parameter)
    assert target.norm.weight.requires_grad


def test_state_dict_is_detached_but_shares_memory():
    net = nn.Linear(2, 2)
    state = net.state_dict()
    assert not state["weight"].requires_grad
    assert state["weight"].data_ptr() == net.weight.data_ptr()
    assert net.state_dict(keep_vars=True)["weight"] is net.weight
    with pytest.warns(FutureWarning):
        assert list(net.state_dict({}, "a.")) == ["a.weight", "a.bias"]


def test_extra_state_and_state_hooks():
    def act(module):
        seen = []

        class Counted(module.nn.Linear):
            count = 0

            def get_extra_state(self):
                return {"count": self.count}

            def set_extra_state(self, state):
                self.count = state["count"]

        a, b = Counted(1, 1), Counted(1, 1)
        a.count = 3
        a.register_state_dict_pre_hook(lambda m, prefix, keep_vars: seen.append(["pre", prefix, keep_vars]))
        a.register_state_dict_post_hook(lambda m, state, prefix, meta: state.update(more=module.zeros(1)))
        b.register_load_state_dict_pre_hook(
            lambda m, state, prefix, meta, strict, missing, unexpected, errors: state.pop("more"))
        b.register_load_state_dict_post_hook(lambda m, keys: seen.append(["post", len(keys.missing_keys)]))
        state = a.state_dict()
        result = repr(b.load_state_dict(state))
        outer = module.nn.Sequential(Counted(1, 1))
        plain = module.nn.Sequential(module.nn.Linear(1, 1))
        missing = outer.load_state_dict(plain.state_dict(), strict=False).missing_keys
        unexpected = plain.load_state_dict(outer.state_dict(), strict=False).unexpected_keys
        return [list(state), b.count, result, seen, list(missing), list(unexpected)]
    check(act)


def test_private_state_dict_hook_may_replace_the_dictionary():
    net = nn.Linear(1, 1)
    handle = net._register_state_dict_hook(lambda m, state, prefix, meta: {"only": 1})
    assert net.state_dict() == {"only": 1}
    handle.remove()
    assert list(net.state_dict()) == ["weight", "bias"]


def test_scalar_parameters_load_from_vectors_of_one():
    class Scalar(nn.Module):
        def __init__(self):
            super().__init__()
            self.x = nn.Parameter(ctorch.tensor(1.0))

    net = Scalar()
    net.load_state_dict({"x": ctorch.tensor([4.0])})
    assert net.x.item() == 4


# ---- copies

class Small(nn.Module):
    """At module level, where pickle finds it."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(2, 3)
        self.tied = nn.Linear(2, 3)
        self.tied.weight = self.first.weight
        self.register_buffer("b", ctorch.ones(1), persistent=False)

    def forward(self, x):
        return self.first(x) + self.tied(x)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_are_complete_and_independent(duplicate):
    net = Small().eval()
    net.register_forward_hook(hook_for_pickle)
    twin = duplicate(net)
    assert twin.tied.weight is twin.first.weight
    assert not twin.training
    assert len(twin._forward_hooks) == 1
    x = ctorch.ones(1, 2)
    assert twin(x).tolist() == net(x).tolist()
    with ctorch.no_grad():
        twin.first.weight.fill_(0)
    assert net.first.weight.abs().sum().item() > 0
    assert "b" not in twin.state_dict()


def hook_for_pickle(module, args, output):
    return output + 1


def test_state_saved_by_pickle_loads_again():
    net, twin = Small(), Small()
    file = io.BytesIO()
    pickle.dump(net.state_dict(), file)
    file.seek(0)
    twin.load_state_dict(pickle.load(file))
    assert twin.first.weight.tolist() == net.first.weight.tolist()


def test_compile_is_not_available():
    with pytest.raises(NotImplementedError, match="compile"):
        nn.Linear(1, 1).compile()
