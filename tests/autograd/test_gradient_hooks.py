"""Hooks of tensors and nodes: their order, what they may replace, and errors."""
import gc
import weakref

import mirror
import pytest

import ctorch


def leaf(lib):
    return lib.tensor([1.0, 2.0], requires_grad=True)


def test_the_order_of_hooks_at_a_leaf():
    def program(lib):
        x, log = leaf(lib), []
        end = (x * 1).grad_fn.next_functions[0][0]
        keep = x * x
        end.register_hook(lambda gi, go: log.append(["post", len(gi), go[0]]))
        end.register_prehook(lambda go: log.append(["pre", go[0]]) or (go[0] + 1,))
        x.register_post_accumulate_grad_hook(lambda t: log.append(["accumulated", t.grad.clone()]))
        x.register_hook(lambda g: log.append(["first", g]) or g * 2)
        x.register_hook(lambda g: log.append(["second", g]))
        (keep + x * 3).sum().backward()
        return log, x.grad
    mirror.check(program)


def test_leaves_are_finished_as_soon_as_all_is_there():
    def program(lib):
        x, w, log = leaf(lib), leaf(lib), []
        for name, t in (("x", x), ("w", w)):
            t.register_post_accumulate_grad_hook(lambda t, name=name: log.append(name))
        y = x * 2
        y.register_hook(lambda g: log.append("y"))
        z = (y * w).sum()
        z.backward()
        return log
    mirror.check(program)


def test_the_order_of_hooks_at_a_node():
    def program(lib):
        x, log = leaf(lib), []
        y = x * 3
        y.retain_grad()
        y.grad_fn.register_hook(lambda gi, go: log.append(["post", gi[0], go[0]]) or (gi[0] * 10, *gi[1:]))
        y.grad_fn.register_prehook(lambda go: log.append(["pre", go[0]]) or (go[0] + 1,))
        y.register_hook(lambda g: log.append(["tensor", g]) or g * 2)
        y.sum().backward()
        return log, y.grad, x.grad
    mirror.check(program)


@pytest.mark.parametrize("kind", ["tensor", "pre", "post"])
@pytest.mark.parametrize("case", range(7))
def test_what_hooks_may_return(kind, case):
    def program(lib):
        x = leaf(lib)
        y = x * 3
        value = [None, 5, lib.ones(3), (lib.ones(2),), (lib.ones(3), None), (lib.ones(2), lib.ones(2)),
                 (lib.ones(2).double(), None)][case]

        def hook(*given):
            return value

        register = {"tensor": y.register_hook, "pre": y.grad_fn.register_prehook, "post": y.grad_fn.register_hook}
        register[kind](hook)
        try:
            y.sum().backward()
        except (RuntimeError, TypeError) as error:
            return type(error).__name__, str(error)
        return x.grad
    mirror.check(program)


def test_removed_hooks_do_not_run():
    x = leaf(ctorch)
    y = x * 3
    handles = [y.register_hook(lambda g: g * 100), y.grad_fn.register_hook(lambda gi, go: (gi[0] * 100, None)),
               x.register_hook(lambda g: g * 100)]
    with handles[0]:
        pass
    for handle in handles[1:]:
        handle.remove()
    y.sum().backward()
    assert x.grad.tolist() == [3, 3]
    handles[1].remove()


def test_hooks_need_a_gradient_and_a_function():
    with pytest.raises(RuntimeError, match="cannot register a hook on a tensor that doesn't require gradient"):
        ctorch.ones(2).register_hook(print)
    with pytest.raises(TypeError, match="hook must be callable"):
        leaf(ctorch).register_hook(3)
    with pytest.raises(RuntimeError, match="cannot be registered on non-leaf"):
        (leaf(ctorch) * 2).register_post_accumulate_grad_hook(print)


def test_retained_gradients():
    def program(lib):
        x = leaf(lib)
        a = x * 2
        a.retain_grad()
        a.retain_grad()
        a.register_hook(lambda g: g * 10)
        b = (a * 3).sum()
        b.backward(retain_graph=True)
        b.backward()
        c = x * 2
        c.retain_grad()
        c.mul_(3)
        c.sum().backward()
        x.retain_grad()
        return a.grad, a.retains_grad, x.retains_grad, c.grad
    mirror.check(program)


def test_several_gradients_at_once():
    def program(lib):
        x, w = leaf(lib), leaf(lib)
        unused, log = x * 1, []
        hook = lib.autograd.graph.register_multi_grad_hook
        y = x * w
        handle = hook([x, w, unused, y], lambda grads: log.append([g if g is None else g.clone() for g in grads]))
        y.sum().backward(retain_graph=True)
        y.sum().backward(retain_graph=True)
        handle.remove()
        y.sum().backward(retain_graph=True)
        handle = hook([x, w], lambda g: log.append([g.clone()]) if len(g) else None, mode="any")
        y.sum().backward()
        return [len(entry) for entry in log], log[0], x.grad
    mirror.check(program)


def test_the_end_of_the_graph_is_one_object():
    x = leaf(ctorch)
    end = (x * 2).grad_fn.next_functions[0][0]
    assert end is (x * 3).grad_fn.next_functions[0][0] and end.variable is x
    assert end.name() == "torch::autograd::AccumulateGrad" and end.next_functions == ()
    end.metadata["note"] = 1
    assert (x + 1).grad_fn.next_functions[0][0].metadata == {"note": 1}


def test_hooks_go_with_their_node():
    class Hook:
        def __call__(self, g):
            return g

    gc.disable()
    try:
        hook = Hook()
        x = leaf(ctorch)
        y = x * 2
        handle = y.register_hook(hook)
        gone = weakref.ref(hook)
        del hook, y
        assert gone() is None
        handle.remove()
    finally:
        gc.enable()
