"""Hooks of modules against PyTorch's: when they run, what they get, what they change."""
import pytest
from mirror import check

import ctorch
from ctorch import nn
from ctorch.nn.modules import module as module_file


def test_forward_hooks_in_order():
    def act(module):
        seen = []
        layer = module.nn.Linear(2, 2)

        def note(name, value=None):
            def hook(*args):
                seen.append([name, len(args)])
                return value
            return hook
        layer.register_forward_pre_hook(note("pre 1"))
        layer.register_forward_pre_hook(note("pre 2"), prepend=True)
        layer.register_forward_pre_hook(note("pre 3"), with_kwargs=True)
        layer.register_forward_hook(note("post 1"))
        handle = layer.register_forward_hook(note("post 2"), prepend=True, with_kwargs=True)
        layer(module.ones(1, 2))
        handle.remove()
        handle.remove()
        layer(module.ones(1, 2))
        return seen
    check(act)


def test_forward_hooks_replace_inputs_and_outputs():
    def act(module):
        class Add(module.nn.Module):
            def forward(self, x, *, y):
                return x + y

        net = Add()
        one = module.ones(2)
        results = []
        with net.register_forward_pre_hook(lambda m, args: args[0] * 10):
            results.append(net(one, y=one))
        with net.register_forward_pre_hook(
            lambda m, args, kwargs: (args, {"y": kwargs["y"] * 5}), with_kwargs=True
        ):
            results.append(net(one, y=one))
        with net.register_forward_hook(lambda m, args, out: out * 100):
            results.append(net(one, y=one))
        with net.register_forward_hook(lambda m, args, kwargs, out: out * kwargs["y"] * 3, with_kwargs=True):
            results.append(net(one, y=one))
        results.append(net(one, y=one))
        return results
    check(act)


def test_pre_hook_with_kwargs_must_return_a_pair():
    def act(module):
        net = module.nn.ReLU()
        net.register_forward_pre_hook(lambda m, args, kwargs: 3, with_kwargs=True)
        net(module.ones(1))
    check(act, message=True)


def test_always_call():
    def act(module):
        seen = []

        class Failing(module.nn.Module):
            def forward(self, x):
                raise KeyError("no")

        net = Failing()
        net.register_forward_hook(lambda m, args, out: seen.append("usual"))
        net.register_forward_hook(lambda m, args, out: seen.append("always"), always_call=True)
        try:
            net(module.ones(1))
        except KeyError:
            seen.append("raised")
        return seen
    check(act)


def test_always_called_hook_that_fails_is_silenced_with_a_warning():
    def act(module):
        def fail(m, args, out):
            raise ValueError("hook")

        net = module.nn.Module()
        net.register_forward_hook(fail, always_call=True)
        net(module.ones(1))
    check(act)


@pytest.mark.parametrize("inputs", [1, 2])
@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("wanted", [True, False])
def test_full_backward_hooks(inputs, outputs, wanted):
    def act(module):
        seen = []

        class Net(module.nn.Module):
            def __init__(self):
                super().__init__()
                self.w = module.nn.Parameter(module.ones(3))

            def forward(self, *args):
                total = sum(args) * self.w
                return total if outputs == 1 else (total, total * 2)

        net = Net()
        net.register_full_backward_pre_hook(lambda m, grad: seen.append(["pre", list(grad)]))
        net.register_full_backward_hook(
            lambda m, grad_in, grad_out: seen.append([list(grad_in), list(grad_out)])
        )
        xs = [module.arange(3.0).requires_grad_(wanted) for _ in range(inputs)]
        result = net(*xs)
        result = result if outputs == 1 else result[0] + result[1]
        (result * result).sum().backward()
        return [seen, net.w.grad, [x.grad for x in xs]]
    check(act)


def test_full_backward_hooks_replace_gradients():
    def act(module):
        layer = module.nn.Tanh()
        x = module.tensor([0.5, -0.5], requires_grad=True)
        layer.register_full_backward_pre_hook(lambda m, grad: (grad[0] * 2,))
        layer.register_full_backward_hook(lambda m, grad_in, grad_out: (grad_in[0] + 100,))
        layer(x).sum().backward()
        return x.grad
    check(act)


def test_full_backward_hook_of_wrong_length():
    def act(module):
        layer = module.nn.Tanh()
        layer.register_full_backward_hook(lambda m, grad_in, grad_out: (grad_in[0], grad_in[0]))
        layer(module.zeros(1, requires_grad=True)).backward()
    check(act)


def test_full_and_regular_backward_hooks_exclude_each_other():
    def act(module):
        layer = module.nn.Tanh()
        layer.register_full_backward_hook(lambda *args: None)
        layer.register_backward_hook(lambda *args: None)
    check(act, message=True)


def test_backward_hooks_do_nothing_without_gradients():
    def act(module):
        seen = []
        layer = module.nn.Tanh()
        layer.register_full_backward_hook(lambda *args: seen.append("called"))
        with module.no_grad():
            y = layer(module.zeros(2, requires_grad=True))
        z = layer(module.zeros(2))
        return [seen, y.requires_grad, z.requires_grad]
    check(act)


def test_regular_backward_hook():
    def act(module):
        seen = []
        layer = module.nn.Tanh()
        layer.register_backward_hook(lambda m, grad_in, grad_out: seen.append([*grad_in, *grad_out]))
        layer(module.tensor([0.5], requires_grad=True)).backward()
        return seen

    # PyTorch also warns of hooks that see a part of the module only.
    check(act, warn=False)


def test_global_hooks():
    def act(module):
        functions = module.nn.modules.module
        seen = []
        handles = [
            functions.register_module_forward_pre_hook(
                lambda m, args: seen.append(["pre", type(m).__name__])
            ),
            functions.register_module_forward_hook(
                lambda m, args, out: seen.append(["post", type(m).__name__])
            ),
            functions.register_module_full_backward_pre_hook(lambda m, g: seen.append(["before", len(g)])),
            functions.register_module_full_backward_hook(lambda m, i, o: seen.append(["after", len(i)])),
            functions.register_module_parameter_registration_hook(
                lambda m, name, p: seen.append(["p", name])
            ),
            functions.register_module_buffer_registration_hook(lambda m, name, b: seen.append(["b", name])),
            functions.register_module_module_registration_hook(lambda m, name, c: seen.append(["m", name])),
        ]
        net = module.nn.Sequential(module.nn.BatchNorm1d(2), module.nn.Tanh())
        net(module.arange(4.0).view(2, 2).requires_grad_()).sum().backward()
        for handle in handles:
            handle.remove()
        net(module.ones(2, 2))
        module.nn.Linear(1, 1)
        return seen
    check(act)


def test_registration_hooks_replace_members():
    def double(module, name, parameter):
        return nn.Parameter(parameter.detach() * 2)

    with module_file.register_module_parameter_registration_hook(double):
        net = nn.Module()
        net.w = nn.Parameter(ctorch.ones(2))
    assert net.w.tolist() == [2, 2]


def test_a_call_without_hooks_takes_the_short_way():
    class Net(nn.Module):
        def forward(self, x):
            return x

        def _call_impl(self, *args, **kwargs):
            raise AssertionError("the long way")

    net = Net()
    module_file._global_call_hooks.clear()
    assert net(3) == 3
    net.register_forward_hook(lambda *args: None)
    with pytest.raises(AssertionError, match="the long way"):
        net(3)
