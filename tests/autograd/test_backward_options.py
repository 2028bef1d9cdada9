"""Backward calls that are chosen, nested, of several threads, or broken off."""
import contextlib
import gc
import signal
import threading
import tracemalloc

import mirror
import numpy as np
import pytest

import ctorch


def leaf(lib):
    return lib.tensor([1.0, 2.0], requires_grad=True)


def test_inputs_of_backward():
    def program(lib):
        x, w = leaf(lib), leaf(lib)
        a = x * w
        out = (a * a * w).sum()
        out.backward(inputs=[a, x], retain_graph=True)
        kept = a.grad.clone(), x.grad.clone(), w.grad, a.retains_grad
        out.backward(inputs=a, retain_graph=True)
        out.backward(inputs=[w])
        return kept, a.grad, x.grad, w.grad
    mirror.check(program)


@pytest.mark.parametrize("case", ["none", "no gradient"])
def test_inputs_that_are_refused(case):
    def program(lib):
        (leaf(lib) * 2).sum().backward(inputs=[] if case == "none" else [lib.ones(2)])
    mirror.check(program, message=True)


def test_hooks_of_inputs():
    def program(lib):
        x, w, log = leaf(lib), leaf(lib), []
        for t in (x, w):
            t.register_hook(lambda g: log.append(g))
            t.register_post_accumulate_grad_hook(lambda t: log.append("accumulated"))
        y = (x * w).sum()
        lib.autograd.grad(y, x, retain_graph=True)
        y.backward(inputs=[w])
        return log, x.grad, w.grad
    mirror.check(program)


def test_what_is_not_wanted_is_kept():
    def program(lib):
        x = leaf(lib)
        m = x.exp()
        k = (m * m).sum()
        (g,) = lib.autograd.grad(k, m)
        m.sum().backward()
        return g, x.grad
    mirror.check(program)


def test_several_roots():
    def program(lib):
        x = leaf(lib)
        a, b = x * 2, x * x
        lib.autograd.backward([a, b, b, x], [lib.ones(2), lib.ones(2), 2 * lib.ones(2), 3 * lib.ones(2)])
        return x.grad
    mirror.check(program)


@pytest.mark.parametrize("retain", [True, False])
def test_backward_within_backward(retain):
    def program(lib):
        x, w, log = leaf(lib), leaf(lib), []
        n = (x * w).exp()
        k = n * n
        inner, outer = n.sum(), k.sum()

        def hook(g):
            if not log:
                log.append(None)
                inner.backward(retain_graph=True)
                log[0] = x.grad.clone()

        k.register_hook(hook)
        outer.backward(retain_graph=retain)
        return log, x.grad, w.grad
    mirror.check(program)


def test_backward_within_a_function():
    def program(lib):
        class Checkpoint(lib.autograd.Function):
            @staticmethod
            def forward(ctx, x, w):
                ctx.save_for_backward(x, w)
                return x.exp() * w

            @staticmethod
            def backward(ctx, g):
                x, w = (t.detach().requires_grad_() for t in ctx.saved_tensors)
                with lib.enable_grad():
                    y = x.exp() * w
                y.backward(g)
                return x.grad, w.grad

        x, w = leaf(lib), leaf(lib)
        y = Checkpoint.apply(Checkpoint.apply(x, w), w) * x
        y.sum().backward()
        return x.grad, w.grad
    mirror.check(program)


def test_views_changed_in_place():
    def program(lib):
        x = leaf(lib)
        base = x * 1
        view = base[1:]
        base.mul_(3)
        names = view.grad_fn.name(), base.grad_fn.name()
        (view * view + base[1:]).sum().backward()
        return x.grad, names
    mirror.check(program)


def test_hooks_of_views_changed_in_place_see_the_whole_gradient():
    x, seen = leaf(ctorch), []
    base = x * 1
    view = base[1:]
    base.mul_(3)
    early = base.sum()
    view.register_hook(lambda g: seen.append(g.tolist()))
    (view * view + view).sum().backward(retain_graph=True)
    assert seen == [[13]] and x.grad.tolist() == [0, 39]
    early.backward()
    assert x.grad.tolist() == [3, 42]


def threads(count, work):
    errors = []

    def guarded(i):
        try:
            work(i)
        except BaseException as error:
            errors.append(error)

    running = [threading.Thread(target=guarded, args=(i,)) for i in range(count)]
    for t in running:
        t.start()
    for t in running:
        t.join()
    assert errors == []


@pytest.mark.parametrize("n", [3, 20_000])
def test_threads_that_share_a_graph(n):
    x = ctorch.linspace(0, 1, n, requires_grad=True)
    hidden = (x * 2).exp()
    outs = [(hidden * k).sum() for k in range(1, 5)]
    threads(4, lambda i: [outs[i].backward(retain_graph=True) for _ in range(20)])
    expected = 2 * np.exp(2 * x.detach().numpy()) * 10 * 20
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-4)


def test_threads_with_graphs_of_their_own():
    w = ctorch.ones(20_000, requires_grad=True)
    threads(4, lambda i: [(w * (i + 1)).sum().backward() for _ in range(25)])
    assert w.grad.tolist() == [250.0] * 20_000


class Planned(Exception):
    pass


def failing_graph(where):
    class Step(ctorch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            fail("function")
            return 2 * g * ctx.saved_tensors[0]

    state = {"left": 3}

    def fail(place):
        if place == where:
            state["left"] -= 1
            if not state["left"]:
                raise Planned

    x = ctorch.tensor([1.0, 0.5], requires_grad=True)
    y = x * 1
    for _ in range(4):
        z = Step.apply(y)
        z.register_hook(lambda g: fail("tensor hook"))
        z.grad_fn.register_prehook(lambda go: fail("pre-hook"))
        z.grad_fn.register_hook(lambda gi, go: fail("hook"))
        y = z + y
    return x, y.sum(), state


@pytest.mark.parametrize("where", ["function", "tensor hook", "pre-hook", "hook"])
def test_a_backward_that_failed_leaves_nothing_behind(where):
    x, out, state = failing_graph(where)
    with pytest.raises(Planned):
        out.backward()
    assert x.grad is None
    state["left"] = -1
    again, same, _ = failing_graph(None)
    same.backward()
    x2, out, state = failing_graph(where)
    with pytest.raises(Planned):
        out.backward(retain_graph=True)
    state["left"] = -1
    out.backward()
    assert x2.grad.tolist() == again.grad.tolist()


@pytest.mark.parametrize("where", ["function", "tensor hook", "pre-hook", "hook", None])
def test_failures_do_not_leak(where):
    def run():
        _, out, _ = failing_graph(where)
        with contextlib.suppress(Planned):
            out.backward()

    for _ in range(20):
        run()
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(100):
        run()
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 20_000


def test_interrupts_are_seen_on_long_walks():
    y = x = ctorch.ones(1, requires_grad=True)
    for _ in range(200_000):
        y = y * 1.0

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, 0.005)
            y.backward(retain_graph=True)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert x.grad is None
    y.backward()
    assert x.grad.item() == 1
