"""Memory: cycles through hooks, attributes and contexts are collected, whatever they pass through."""
import gc
import weakref

import pytest

import ctorch
from ctorch.autograd import Function, graph


class Note:
    """Something that a weak reference can watch."""


def gone(make, collect=gc.collect):
    """Whether what `make` returns, and the values of all tensors made in it, are freed once nobody has it."""
    gc.collect()
    before = ctorch._storage.memory_stats()["allocated"]
    watched = weakref.ref(make())
    alive = watched() is not None
    collect()
    return alive and watched() is None and ctorch._storage.memory_stats()["allocated"] == before


def leaf():
    return ctorch.ones(1000, requires_grad=True)


class Keeper(Function):
    @staticmethod
    def forward(ctx, x):
        y = x * 2
        ctx.out = y
        return y

    @staticmethod
    def backward(ctx, g):
        return g * 2


def leaf_hook():
    x = leaf()
    x.register_hook(lambda g: x)
    return x


def accumulated_hook():
    x = leaf()
    x.register_post_accumulate_grad_hook(lambda t: x)
    return x


def result_hook():
    y = leaf() * 2
    y.register_hook(lambda g: y)
    return y


def hook_of_what_came_before():
    # z and its nodes are older than the hook that closes the cycle
    y = leaf() * 2
    z = (y.sin() * y).sum()
    y.register_hook(lambda g: z)
    return z


def node_hook():
    y = leaf() * 2
    z = y.exp()
    y.grad_fn.register_hook(lambda gi, go: z)
    return z


def node_prehook():
    z = (leaf() * 2).exp()
    z.grad_fn.next_functions[0][0].register_prehook(lambda g: z)
    return z


def metadata():
    z = (leaf() * 2).exp()
    z.grad_fn.next_functions[0][0].metadata["result"] = [z]
    return z


def accumulator():
    x = leaf()
    y = x * 2
    y.grad_fn.next_functions[0][0].register_hook(lambda gi, go: y)
    return y


def context():
    return Keeper.apply(leaf())


def context_further_on():
    y = Keeper.apply(leaf()).sin().exp()
    y.grad_fn.next_functions[0][0].next_functions[0][0].later = y
    return y


def attribute():
    x = leaf()
    x.cached = (x * x).sum()
    return x


def own_attribute():
    x = ctorch.ones(1000)
    x.me = [x]
    return x


def graph_of_a_gradient():
    x = leaf()
    (x * x * x).sum().backward(create_graph=True)
    return x


def gradient_that_was_set():
    x = leaf()
    x.grad = x * x
    return x


def packed():
    kept = []
    with graph.saved_tensors_hooks(lambda t: t, lambda t: kept and t):
        y = leaf().exp()
    kept.append(y)
    return y


def view():
    base = leaf() * 1
    v = base[:10]
    base.view_of_it = v
    return v


def module():
    net = ctorch.nn.Linear(30, 30)
    net.weight.owner = net
    net.register_forward_hook(lambda m, i, o: net and None)
    out = net(ctorch.ones(2, 30))
    net.last = out
    return out


def checkpointed():
    x, kept = leaf(), []
    y = ctorch.utils.checkpoint.checkpoint(lambda x: (x.sin().exp(), kept)[0], x, use_reentrant=False)
    kept.append(y)
    return y


ALL = [leaf_hook, accumulated_hook, result_hook, hook_of_what_came_before, node_hook, node_prehook, metadata,
       accumulator, context, context_further_on, attribute, own_attribute, graph_of_a_gradient, gradient_that_was_set,
       packed, view, module, checkpointed]


@pytest.mark.parametrize("make", ALL, ids=lambda make: make.__name__)
def test_cycles_are_collected(make):
    assert gone(make)


@pytest.mark.parametrize("make", [leaf_hook, result_hook, hook_of_what_came_before, context, attribute, packed],
                         ids=lambda make: make.__name__)
def test_the_youngest_need_no_full_collection(make):
    gc.collect()
    gc.disable()
    try:
        assert gone(make, lambda: gc.collect(0))
    finally:
        gc.enable()


@pytest.mark.parametrize("make", ALL, ids=lambda make: make.__name__)
def test_what_is_in_use_is_left_alone(make):
    y = make()
    before = y.detach().tolist()
    for _ in range(3):
        gc.collect()
    assert y.detach().tolist() == before
    if y.requires_grad and make not in (accumulated_hook, attribute):
        graph_before = y.grad_fn
        gc.collect()
        assert y.grad_fn is graph_before


def test_gradients_are_right_after_a_collection():
    x = leaf()
    y = Keeper.apply(x.sin())
    y.register_hook(lambda g: y.detach() * g)
    gc.collect()
    y.sum().backward()
    assert x.grad.allclose(y.detach() * 2 * x.detach().cos())


def test_weak_references_that_call_back_may_collect():
    seen = []
    for _ in range(100):
        x = leaf()
        x.me = [x]
        x.register_hook(lambda g: None)
        reference = weakref.ref(x, lambda r: seen.append(gc.collect()))
        x.me = None
        del x
        assert reference() is None
    assert len(seen) == 100


def test_long_chains_are_freed_without_recursion():
    x = ctorch.ones((), requires_grad=True)
    y = x
    for _ in range(200_000):
        y = y + 1
    y.me = [y]
    note = Note()
    y.note, watched = note, weakref.ref(note)
    del y, note
    gc.collect()
    assert watched() is None


def test_plain_tensors_are_not_seen_by_the_collector():
    x = leaf()
    y = (x * 2).sin()
    assert not any(gc.is_tracked(o) for o in (x, y, y.grad_fn))
    y.register_hook(lambda g: None)
    assert gc.is_tracked(y.grad_fn) and not gc.is_tracked(x)


def test_subclasses_with_slots_and_attributes():
    class Own(ctorch.Tensor):
        pass

    def make():
        x = ctorch.ones(10).as_subclass(Own)
        x.me = x
        return x
    assert gone(make)


def test_graphs_with_many_tracked_nodes_are_freed_in_order():
    def make():
        x = leaf()
        for _ in range(300):
            x = Keeper.apply(x)
        return x
    for _ in range(5):
        assert gone(make)
