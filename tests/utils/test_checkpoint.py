"""Checkpoints: gradients, random numbers, errors, and that memory is freed."""
import contextlib
import gc
import importlib
import weakref

import mirror
import pytest

import ctorch
from ctorch.utils import checkpoint as ours


def module(lib):
    return importlib.import_module(f"{lib.__name__}.utils.checkpoint")


def leaves(lib):
    return lib.tensor([0.5, 1.5], requires_grad=True), lib.tensor([2.0, -1.0], requires_grad=True)


def quiet(lib):
    return module(lib).set_checkpoint_debug_enabled(None)


@pytest.mark.parametrize("reentrant", [False, True])
@pytest.mark.parametrize("case", ["one", "two outputs", "no tensors", "closure", "twice", "unused output",
                                  "inside no_grad", "tuple of one", "views", "inputs kept"])
def test_gradients(case, reentrant):
    def program(lib):
        x, w = leaves(lib)
        run = module(lib).checkpoint

        def f(x, factor=2.0):
            y = (x * factor).sin().exp()
            return {"two outputs": (y, y * x), "no tensors": (y, None, "text"), "tuple of one": (y * w,),
                    "closure": y * w, "views": y.reshape(2, 1).expand(2, 3).t()[1:]}.get(case, y)

        if case == "inside no_grad":
            with lib.no_grad():
                return run(f, x, use_reentrant=reentrant)
        out = run(f, x, 3.0, use_reentrant=reentrant)
        if case == "twice":
            out = run(f, out, use_reentrant=reentrant)
        if case == "inputs kept":
            out = out * run(lambda x: x * x, out, use_reentrant=reentrant)
        parts = out if isinstance(out, tuple) else (out,)
        loss = sum((p * (i + 1)).sum() for i, p in enumerate(parts[:1 if case == "unused output" else None])
                   if isinstance(p, lib.Tensor))
        loss.backward()
        return [p for p in parts if isinstance(p, lib.Tensor)], x.grad, w.grad
    mirror.check(program)


@pytest.mark.parametrize("early", [True, False])
def test_the_gradient_of_a_gradient(early):
    def program(lib):
        x, w = leaves(lib)
        out = module(lib).checkpoint(lambda x, w: (x * w).sin() * x, x, w, use_reentrant=False, early_stop=early)
        (g,) = lib.autograd.grad(out.sum(), x, create_graph=True)
        (gg,) = lib.autograd.grad(g.sum(), w)
        return out, g, gg
    mirror.check(program)


@pytest.mark.parametrize("reentrant", [False, True])
@pytest.mark.parametrize("keep", [True, False])
def test_random_numbers(reentrant, keep):
    def program(lib):
        x = lib.ones(50, requires_grad=True)
        drop = lib.nn.functional.dropout
        y = module(lib).checkpoint(lambda x: drop(x * x, 0.5), x, use_reentrant=reentrant, preserve_rng_state=keep)
        y.sum().backward()
        return y, x.grad, lib.rand(3)
    mirror.check(program)
    lib = ctorch
    x = lib.ones(50, requires_grad=True)
    y = ours.checkpoint(lambda x: lib.nn.functional.dropout(x * x, 0.5), x, use_reentrant=reentrant,
                        preserve_rng_state=keep)
    before = lib.get_rng_state()
    y.sum().backward()
    if keep:
        assert x.grad.tolist() == (y * 2).tolist()
        assert (lib.get_rng_state() == before).all()


def test_nested_regions():
    def program(lib):
        x, w = leaves(lib)
        run, calls = module(lib).checkpoint, []

        def inner(x):
            calls.append("inner")
            return (x * w).sin().exp()

        def outer(x):
            calls.append("outer")
            return run(inner, x * x, use_reentrant=False).tanh() * x

        run(outer, x, use_reentrant=False).sum().backward()
        return calls, x.grad, w.grad
    mirror.check(program)


def test_how_much_is_run_again():
    def program(lib):
        x, _ = leaves(lib)
        seen = []

        def f(x):
            y = x.sin()
            seen.append(1)
            y = y.exp()
            seen.append(2)
            z = y + 1
            seen.append(3)
            return z

        counts = []
        for early in (True, False):
            module(lib).checkpoint(f, x, use_reentrant=False, early_stop=early).sum().backward()
            counts.append(len(seen))
            with module(lib).set_checkpoint_early_stop(early):
                module(lib).checkpoint(f, x, use_reentrant=False, early_stop=not early).sum().backward()
            counts.append(len(seen))
        return counts
    mirror.check(program)


def test_a_graph_kept_for_several_backwards():
    def program(lib):
        x, _ = leaves(lib)
        runs = []
        y = module(lib).checkpoint(lambda x: runs.append(1) or (x.sin() * x).exp(), x, use_reentrant=False).sum()
        first = lib.autograd.grad(y, x, retain_graph=True)
        second = lib.autograd.grad(y, x, retain_graph=True)
        y.backward()
        return list(first), list(second), x.grad, len(runs)
    mirror.check(program)


def test_contexts_of_both_runs():
    def program(lib):
        seen = []

        @contextlib.contextmanager
        def note(name):
            seen.append(f"+{name}")
            yield
            seen.append(f"-{name}")

        x, _ = leaves(lib)
        y = module(lib).checkpoint(lambda x: x.sin().exp(), x, use_reentrant=False, early_stop=False,
                                   context_fn=lambda: (note("first"), note("second")))
        y.sum().backward()
        return seen, x.grad
    mirror.check(program)


@pytest.mark.parametrize("case", ["grad", "inputs", "keyword", "context", "debug", "nothing wants", "check",
                                  "debug and context", "detach"])
def test_errors(case):
    def program(lib):
        x, _ = leaves(lib)
        m = module(lib)
        if case in ("grad", "inputs"):
            y = m.checkpoint(lambda x: x.sin(), x, use_reentrant=True).sum()
            return lib.autograd.grad(y, x) if case == "grad" else y.backward(inputs=[x])
        if case == "keyword":
            return m.checkpoint(lambda x: x, x, use_reentrant=True, other=1)
        if case == "context":
            return m.checkpoint(lambda x: x, x, use_reentrant=True, context_fn=lambda: None)
        if case == "debug":
            return m.checkpoint(lambda x: x, x, use_reentrant=True, debug=True)
        if case == "nothing wants":
            return m.checkpoint(lambda x: x.detach(), x, use_reentrant=True).sum().backward()
        if case == "check":
            return m.checkpoint(lambda x: x, x, use_reentrant=False, determinism_check="all")
        if case == "debug and context":
            return m.checkpoint(lambda x: x, x, use_reentrant=False, debug=True, context_fn=lambda: None)
        return m.detach_variable([x])
    mirror.check(program, message=True)


@pytest.mark.parametrize("case", ["no choice", "no gradient", "sequential"])
def test_warnings(case):
    def program(lib):
        x, _ = leaves(lib)
        if case == "no choice":
            return module(lib).checkpoint(lambda x: x.sin(), x)
        if case == "sequential":
            return module(lib).checkpoint_sequential([lib.sin, lib.cos, lib.exp], 2, x)
        return module(lib).checkpoint(lambda x: x.sin(), x.detach(), use_reentrant=True)
    mirror.check(program)


@pytest.mark.parametrize("case", ["fewer", "more", "shape", "shape unchecked", "more, to the end"])
def test_a_second_run_that_differs(case):
    def program(lib):
        x, _ = leaves(lib)
        runs = []

        def f(x):
            runs.append(1)
            again = len(runs) > 1
            if case == "fewer" and again:
                return x.sin()
            y = x.sin().exp()
            if case.startswith("more") and again:
                y = y.exp().exp()
            if case.startswith("shape") and again:
                y = (x[:1] * 2)[0].sin().exp()
            return y

        y = module(lib).checkpoint(f, x, use_reentrant=False, early_stop=case != "more, to the end",
                                   determinism_check="none" if case == "shape unchecked" else "default").sum()
        y.backward()
        return x.grad
    mirror.check(program)


def test_debug_mode_shows_lines():
    runs = []

    def f(x):
        runs.append(1)
        return x.sin() if len(runs) > 1 else x.sin().exp()

    y = ours.checkpoint(f, ctorch.ones(2, requires_grad=True), use_reentrant=False, debug=True)
    with pytest.raises(ours.CheckpointError, match=r"(?s)different number.*original forward.*test_checkpoint.*:f\n"):
        y.sum().backward()
    with ours.set_checkpoint_debug_enabled(False), quiet(ctorch):
        pass


def test_inputs_that_were_changed_are_noticed():
    x = ctorch.ones(2, requires_grad=True) * 1
    y = ours.checkpoint(lambda x: x.sin().exp(), x, use_reentrant=False).sum()
    x.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_saved_tensors_may_be_looked_at_once():
    y = ours.checkpoint(lambda x: x.sin(), ctorch.ones(2, requires_grad=True), use_reentrant=False)
    assert y.grad_fn._saved_self.tolist() == [1, 1]
    y.sum().backward()


@pytest.mark.parametrize("segments", [1, 2, 3])
@pytest.mark.parametrize("reentrant", [False, True])
def test_sequential(segments, reentrant):
    def program(lib):
        lib.manual_seed(3)
        net = lib.nn.Sequential(lib.nn.Linear(3, 4), lib.nn.Tanh(), lib.nn.Linear(4, 4), lib.nn.Sigmoid(),
                                lib.nn.Linear(4, 1))
        x = lib.ones(2, 3, requires_grad=True)
        y = module(lib).checkpoint_sequential(net, segments, x, use_reentrant=reentrant)
        y.sum().backward()
        return y, x.grad, [p.grad for p in net.parameters()]
    mirror.check(program)


@pytest.mark.parametrize("reentrant", [False, True])
def test_memory(reentrant):
    # inside, twenty tensors of a million numbers would be saved
    def f(x):
        for _ in range(20):
            x = x.sin()
        return x

    x = ctorch.ones(1_000_000, requires_grad=True)
    before = ctorch._storage.memory_stats()["allocated"]
    y = ours.checkpoint(f, x, use_reentrant=reentrant)
    assert ctorch._storage.memory_stats()["allocated"] - before < 5_000_000
    y.sum().backward()
    g, x.grad = weakref.ref(x.grad), None
    del y
    gc.collect()
    assert g() is None and ctorch._storage.memory_stats()["allocated"] - before < 100_000


def test_a_failing_second_run_can_be_tried_again():
    x, fail = ctorch.ones(2, requires_grad=True), []

    def f(x):
        if fail:
            raise ValueError("again")
        return x.sin().exp()

    y = ours.checkpoint(f, x, use_reentrant=False).sum()
    fail.append(1)
    with pytest.raises(ValueError, match="again"):
        y.backward()
    fail.clear()
    x.grad = None
    y.backward()
    expected, = ctorch.autograd.grad(x.sin().exp().sum(), x)
    assert x.grad.tolist() == expected.tolist()


def test_the_default_device_is_kept():
    seen = []
    x = ctorch.ones(2, requires_grad=True)
    with ctorch.device("cpu"):
        y = ours.checkpoint(lambda x: seen.append(ctorch.empty(1).device) or x.sin(), x, use_reentrant=False)
    y.sum().backward()
    assert len(seen) == 2 and seen[0] == seen[1]
