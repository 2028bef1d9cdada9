"""The autograd.graph module: hooks on what is saved, edges, and nodes."""
import threading

import mirror
import pytest

import ctorch
from ctorch.autograd import graph


def leaf(lib):
    return lib.tensor([1.0, 2.0], requires_grad=True)


def test_saved_tensors_go_through_hooks():
    def program(lib):
        x, w, packed, unpacked = leaf(lib), leaf(lib), [], []

        def pack(t):
            packed.append(t.detach().clone())
            return len(packed) - 1

        def unpack(number):
            unpacked.append(number)
            return packed[number]

        with lib.autograd.graph.saved_tensors_hooks(pack, unpack):
            y = (x * w).exp()
        (g,) = lib.autograd.grad(y.sum(), x, create_graph=True)
        (gg,) = lib.autograd.grad(g.sum(), w)
        return len(packed), sorted(set(unpacked)), g, gg
    mirror.check(program)


def test_hooks_see_parameters_as_they_are():
    w = ctorch.nn.Parameter(ctorch.ones(2))
    seen = []
    with graph.saved_tensors_hooks(lambda t: seen.append(t) or t, lambda t: t):
        y = (w * w).sum()
    assert all(t is w for t in seen)
    y.backward()
    assert w.grad.tolist() == [2, 2]


def test_unpacked_values_take_the_place_of_the_saved_ones():
    x = leaf(ctorch)
    with graph.saved_tensors_hooks(lambda t: t, lambda t: t * 10):
        y = (x * x).sum()
    (g,) = ctorch.autograd.grad(y, x, create_graph=True)
    assert g.tolist() == [20, 40]
    (gg,) = ctorch.autograd.grad(g.sum(), x)
    assert gg.tolist() == [2, 2]


@pytest.mark.parametrize("case", ["no tensor", "changed in place", "refused inside", "refused around", "not callable"])
def test_errors_of_hooks_on_saved_tensors(case):
    def program(lib):
        hooks, refuse = lib.autograd.graph.saved_tensors_hooks, lib.autograd.graph.disable_saved_tensors_hooks
        x = leaf(lib)
        if case == "no tensor":
            with hooks(lambda t: 5, lambda t: t):
                y = x * x
            return y.sum().backward()
        if case == "changed in place":
            with hooks(lambda t: t.mul_(2), lambda t: t):
                return x.clone().exp()
        if case == "refused inside":
            with refuse("no"), hooks(lambda t: t, lambda t: t):
                return x * x
        if case == "refused around":
            with hooks(lambda t: t, lambda t: t), refuse("no"):
                return x * x
        with hooks(1, 2):
            return x * x
    mirror.check(program)


def test_hooks_on_saved_tensors_are_of_one_thread():
    x, counts = leaf(ctorch), []
    with graph.saved_tensors_hooks(lambda t: counts.append(1) or t, lambda t: t):
        other = threading.Thread(target=lambda: x * x)
        other.start()
        other.join()
        assert not counts
        y = x * x
        assert len(counts) == 2
    y.sum().backward()


def test_functions_save_through_hooks():
    class Square(ctorch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            return 2 * g * ctx.saved_tensors[0]

    x = leaf(ctorch)
    with graph.saved_tensors_hooks(lambda t: t.tolist(), ctorch.tensor):
        y = Square.apply(x)
    y.sum().backward()
    assert x.grad.tolist() == [2, 4]


@pytest.mark.parametrize("pin_memory", [False])
def test_save_on_cpu(pin_memory):
    x = leaf(ctorch)
    with graph.save_on_cpu(pin_memory):
        y = (x.exp() * x).sum()
    y.backward()
    expected = leaf(ctorch)
    (expected.exp() * expected).sum().backward()
    assert x.grad.tolist() == expected.grad.tolist()


def test_saved_tensors_may_change():
    def program(lib):
        x = leaf(lib)
        with lib.autograd.graph.allow_mutation_on_saved_tensors():
            b = x.clone()
            out = (b ** 2).sum() + (b[:1] * x[1:]).sum()
            b.sin_()
            b[0] = 5
            out.backward()
        return x.grad, b
    mirror.check(program)


@pytest.mark.parametrize("case", ["after", "before", "nested"])
def test_limits_of_changes(case):
    def program(lib):
        x, allow = leaf(lib), lib.autograd.graph.allow_mutation_on_saved_tensors
        b = x.clone()
        if case == "before":
            out = (b ** 2).sum()
            with allow():
                b.sin_()
            return out.backward()
        with allow():
            if case == "nested":
                with allow():
                    return None
            out = (b ** 2).sum()
        return out.backward()
    mirror.check(program)


def test_edges_stand_for_tensors():
    def program(lib):
        edge, x, w = lib.autograd.graph.get_gradient_edge, leaf(lib), leaf(lib)
        y = x * w
        first = lib.autograd.grad(edge(y), edge(x), lib.ones(2), retain_graph=True)
        second = lib.autograd.grad((y * y).sum(), edge(y), retain_graph=True)
        lib.autograd.backward(edge(y.sum()), retain_graph=True)
        lib.autograd.backward(edge(y), lib.ones(2), inputs=[x])
        return first, second, x.grad, w.grad, edge(y).output_nr
    mirror.check(program)


def test_edges_need_a_gradient():
    with pytest.raises(RuntimeError, match="not possible to get the gradient edge"):
        graph.get_gradient_edge(ctorch.ones(1))
    unknown = graph.GradientEdge((leaf(ctorch) * 2).grad_fn, 5)
    with pytest.raises(RuntimeError, match="MulBackward0 has 1 outputs"):
        ctorch.autograd.grad(unknown, leaf(ctorch), ctorch.ones(2))


def test_versions_count():
    x, y = ctorch.ones(2), ctorch.ones(2)
    graph.increment_version(x)
    graph.increment_version([x, y])
    assert x._version == 2 and y._version == 1
    z = leaf(ctorch) * 1
    out = z * z
    graph.increment_version(z)
    with pytest.raises(RuntimeError, match="increment_version"):
        out.sum().backward()


def test_nodes():
    def program(lib):
        x = leaf(lib)
        y = x * 3
        y.grad_fn.metadata["note"] = [1]
        product = (x * x).grad_fn
        return (y.grad_fn.metadata, isinstance(y.grad_fn, lib.autograd.graph.Node), x.exp().grad_fn._saved_result,
                product._saved_self, product._saved_other, product(lib.ones(2)), x.exp().grad_fn(lib.ones(2)),
                [f is None for f, _ in y.grad_fn.next_functions])
    mirror.check(program)


def test_saved_attributes_that_are_not_there():
    y = leaf(ctorch) * 3
    with pytest.raises(AttributeError, match="'MulBackward0' object has no attribute '_saved_foo'"):
        y.grad_fn._saved_foo  # noqa: B018
    z = leaf(ctorch).exp()
    z.sum().backward()
    with pytest.raises(RuntimeError, match="second time"):
        z.grad_fn._saved_result  # noqa: B018
    with pytest.raises(TypeError, match="expected 1 gradients, got 2"):
        z.grad_fn(None, None)


def test_anomalies_name_the_operation():
    x = ctorch.zeros(1, requires_grad=True)
    with ctorch.autograd.detect_anomaly(), pytest.warns(UserWarning, match="Error detected in SqrtBackward0") as caught:
        y = x.sqrt() * 0  # the line that is named
        with pytest.raises(RuntimeError, match="Function 'SqrtBackward0' returned nan values in its 0th"):
            y.backward()
    assert "the line that is named" in str(caught[0].message)
    with ctorch.autograd.set_detect_anomaly(True, check_nan=False):
        (x.sqrt() * 0).backward()
    assert x.grad.isnan().all()


def test_anomalies_of_functions():
    class Failing(ctorch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            raise ValueError("planned")

    x = leaf(ctorch)
    with ctorch.autograd.detect_anomaly():
        y = Failing.apply(x).sum()
        with pytest.warns(UserWarning, match="Failing.apply"), pytest.raises(ValueError, match="planned"):
            y.backward()
    y = Failing.apply(x).sum()
    with ctorch.autograd.detect_anomaly(), pytest.warns(UserWarning, match="No forward pass information"), \
            pytest.raises(ValueError, match="planned"):
        y.backward()


def test_multithreading_is_a_mode():
    assert ctorch.autograd.is_multithreading_enabled()
    with ctorch.autograd.set_multithreading_enabled(False):
        assert not ctorch.autograd.is_multithreading_enabled()
    assert ctorch.autograd.is_multithreading_enabled()


def test_places_of_saved_tensors():
    def program(lib):
        x, w, seen = leaf(lib), leaf(lib), []
        y = (x * w).exp()
        product = y.grad_fn.next_functions[0][0]
        raw = product._raw_saved_self
        raw.register_hooks(lambda t: seen.append("pack") or t * 2, lambda t: seen.append("unpack") or t)
        values = raw.data, product._raw_saved_other.data, y.grad_fn._raw_saved_result.data
        y.sum().backward()
        return [v.detach() for v in values], sorted(set(seen)), x.grad, w.grad
    mirror.check(program)


def test_places_of_results():
    x = leaf(ctorch)
    y = x.exp()
    place = y.grad_fn._raw_saved_result
    place.register_hooks(lambda t: t.tolist(), lambda values: ctorch.tensor(values) * 2)
    assert place.data == y.tolist() and place.unpack().tolist() == (y * 2).tolist() and callable(place.unpack_hook)
    y.sum().backward()
    assert x.grad.tolist() == (y * 2).tolist() and place.data is None and place.unpack_hook is None


@pytest.mark.parametrize("case", ["twice", "freed", "freed tensor"])
def test_errors_of_places_of_saved_tensors(case):
    def program(lib):
        node = (leaf(lib) * leaf(lib)).grad_fn
        raw = node._raw_saved_self
        if case == "twice":
            raw.register_hooks(lambda t: t, lambda t: t)
        else:
            node2 = (leaf(lib) * leaf(lib)).sum()
            raw = node2.grad_fn.next_functions[0][0]._raw_saved_self
            node2.backward()
        return raw.data if case == "freed tensor" else raw.register_hooks(lambda t: t, lambda t: t)
    mirror.check(program, message=case in ("twice", "freed"))


def test_places_of_a_functions_saved_tensors():
    def program(lib):
        class Double(lib.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x, x * 2)
                return x * 2

            @staticmethod
            def backward(ctx, g):
                _, double = ctx.saved_tensors
                return g * double
        x = leaf(lib)
        y = Double.apply(x)
        _, second = y.grad_fn._raw_saved_tensors
        second.register_hooks(lambda t: t + 1, lambda t: t)
        y.sum().backward()
        return x.grad
    mirror.check(program)


def test_errors_of_backward_name_the_users_line():
    def hook(g):
        raise ValueError("not this")

    class Failing(ctorch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            raise KeyError("no")

    def forward(x):
        y = x.sin()
        y.register_hook(hook)
        return y.sum()

    line = forward.__code__.co_firstlineno + 1
    with pytest.raises(ValueError, match="not this") as caught:
        forward(leaf(ctorch)).backward()
    (note,) = caught.value.__notes__
    assert note == (f"SinBackward0, recorded at {__file__}:{line} in "
                    "test_errors_of_backward_name_the_users_line.<locals>.forward")

    layer = ctorch.nn.Linear(2, 2)       # files of the package are passed over
    x = leaf(ctorch) * 1
    y = layer(x)
    x.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace") as caught:
        y.sum().backward()
    (note,) = caught.value.__notes__
    assert note.startswith("LinearBackward0, recorded at " + __file__) and "linear.py" not in note

    with pytest.raises(KeyError) as caught:
        Failing.apply(leaf(ctorch)).sum().backward()
    assert caught.value.__notes__[0].startswith("FailingBackward, recorded at " + __file__)

    with pytest.raises(ValueError) as caught:    # backward within backward names both
        z = leaf(ctorch) * 3
        z.register_hook(ctorch.enable_grad()(lambda g: forward(leaf(ctorch)).backward()))
        z.sum().backward()
    assert [note.partition(",")[0] for note in caught.value.__notes__] == ["SinBackward0", "MulBackward0"]


def test_a_failed_backward_may_be_repeated_with_the_line_each_time():
    x = leaf(ctorch)
    y = x * 1
    y.register_hook(lambda g: 1 / 0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError) as caught:
            y.sum().backward()
        assert len(caught.value.__notes__) == 1


def test_nodes_tell_what_gradients_they_take():
    def program(lib):
        x = lib.ones(3, 4, requires_grad=True)
        y = (x * 2).sin() @ lib.ones(4, 2)
        loss = y.double().mean()
        nodes = [loss.grad_fn, y.grad_fn, y.grad_fn.next_functions[0][0]]
        nodes += [nodes[-1].next_functions[0][0], nodes[-1].next_functions[0][0].next_functions[0][0]]
        found = [[(list(m.shape), str(m.dtype).split(".")[1], str(m.device), m.is_nested_tensor, m.is_cpp_nested_tensor)
                  for m in node._input_metadata] for node in nodes]
        return found, [node.name() for node in nodes[1:]]
    mirror.check(program)


def test_the_name_of_a_change_of_a_view():
    def program(lib):
        x = lib.ones(3, requires_grad=True) * 1
        x[:2].mul_(2)
        return x.grad_fn.name()
    mirror.check(program)
