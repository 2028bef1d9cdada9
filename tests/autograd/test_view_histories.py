"""What views know of their base: no_grad, changes in place, second derivatives through memory, expanded memory."""

import mirror
import pytest

import ctorch
from ctorch import autograd


@pytest.fixture
def x():
    return ctorch.tensor([[-1.0, 0.5], [2.0, 0.25]], dtype=ctorch.float64, requires_grad=True)


@pytest.mark.parametrize("of_leaf", (True, False))
def test_a_view_made_without_grad_wants_one_as_its_base_does(x, of_leaf):
    base = x if of_leaf else x * 2
    with ctorch.no_grad():
        view = base[0]
        whole = (base * 1)[0]
    assert view.requires_grad and view.is_leaf and view.grad_fn is None
    assert not whole.requires_grad
    assert autograd.grad((view * 3).sum(), x, allow_unused=True) == (None,)


@pytest.mark.parametrize("of_leaf", (True, False))
@pytest.mark.parametrize("m", (ctorch, pytest.param(mirror.torch, marks=mirror.needs_torch)))
def test_a_view_made_without_grad_takes_none(m, of_leaf):
    leaf = m.ones(2, 3, requires_grad=True)
    base = leaf if of_leaf else leaf * 2
    with m.no_grad():
        view = base[0]
    y = view * 3
    assert y.requires_grad and y.grad_fn.next_functions[0] == (None, 0)
    y.sum().backward()
    view[m.tensor([-3, 0])].amin().backward()
    assert view.grad is None and leaf.grad is None
    with pytest.raises(RuntimeError, match="not have been used in the graph"):
        m.autograd.grad((view * 3).sum(), view)
    with pytest.raises(RuntimeError, match="does not require grad and does not have a grad_fn"):
        view.backward(m.ones(3))
    view.requires_grad_()
    (view * 3).sum().backward()
    assert view.grad.tolist() == [3.0, 3.0, 3.0] and leaf.grad is None


def test_a_view_made_without_grad_loses_its_history_with_a_change(x):
    base = x * 2
    with ctorch.no_grad():
        view = base[0]
        base.mul_(2)
    with pytest.raises(RuntimeError, match="A view was created in no_grad mode and its base"):
        view.sum()


def test_one_of_several_views_loses_its_history_with_a_change_of_the_base(x):
    base = x * 2
    first, second = base.split(1)
    base.mul_(2)
    with pytest.raises(RuntimeError, match="a function that returns multiple views"):
        (first + second).sum()


def test_pieces_of_unsafe_split_know_nothing_of_their_base(x):
    base = x * 2
    first, second = ctorch.unsafe_split(base, 1)
    first.add_(1)
    (g,) = autograd.grad((first * second).sum(), x)
    assert g.tolist() == [[8.0, 1.0], [-2.0, 4.0]]
    with ctorch.no_grad():
        assert not ctorch.unsafe_split(base, 1)[0].requires_grad


@pytest.mark.parametrize("expanded", (False, True))
def test_second_derivative_of_a_changed_copy(x, expanded):
    rows = x.reshape(1, 4).repeat(2, 3)
    with ctorch.no_grad():
        rows[1] += 0  # nothing changes but the version
    total = rows.square()
    (g,) = autograd.grad(
        total.sum() if expanded else total, x, None if expanded else ctorch.ones_like(total), create_graph=True
    )
    (second,) = autograd.grad(g.sum(), x)
    assert g.tolist() == (12 * x).tolist() and second.tolist() == [[12.0, 12.0], [12.0, 12.0]]


@pytest.mark.parametrize("change", (lambda v: v.fill_(1.5), lambda v: v.zero_().add(1.5), lambda v: v.t_()))
def test_changes_that_expanded_memory_allows(change):
    column = ctorch.tensor([[1.0], [2.0]])
    view = column.expand(2, 3)
    changed = change(view)
    assert changed.shape in ((2, 3), (3, 2))
    assert column.tolist() in ([[1.5], [1.5]], [[0.0], [0.0]], [[1.0], [2.0]])


def test_fill_of_an_expanded_view_is_recorded(x):
    base = x * 2
    base[:, :1].expand(2, 3).fill_(5)
    assert base[:, 0].tolist() == [5.0, 5.0]
    (g,) = autograd.grad(base.sum(), x)
    assert g.tolist() == [[0.0, 2.0], [0.0, 2.0]]


def test_a_turn_in_place_is_a_change(x):
    y = (x * 2).exp()
    z = y.exp()
    y.t_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_a_view_that_alone_knows_its_base_can_be_detached_in_place(x):
    y = ctorch.kron(x, x)
    y.detach_()
    assert not y.requires_grad
    base = x * 1
    with pytest.raises(RuntimeError, match="Can't detach views in-place"):
        base[0].detach_()


def test_gradients_of_nothing_can_be_differentiated(x):
    unused = ctorch.ones(2, requires_grad=True)
    (g,) = autograd.grad(x.sum(), unused, create_graph=True, materialize_grads=True)
    assert g.tolist() == [0.0, 0.0] and g.requires_grad
    (g,) = autograd.grad(x.sum(), unused, materialize_grads=True)
    assert not g.requires_grad


def test_a_result_that_was_made_as_a_view_is_a_tensor_like_any_other(x):
    seen = []
    y = x.tile(3)
    y.register_hook(lambda g: seen.append(g.sum().item()))
    with ctorch.no_grad():
        y.mul_(1)
    autograd.grad(y.sum(), x)
    assert seen == [12.0]


@pytest.mark.parametrize("name", ("attention", "solve", "vecdot"))
def test_a_result_that_was_made_as_a_view_is_changed_through_its_parts(x, name):
    with ctorch.no_grad():
        y = {
            "attention": lambda: ctorch.nn.functional.scaled_dot_product_attention(*[x[:, None]] * 3),
            "solve": lambda: ctorch.linalg.solve(x, x[0]),
            "vecdot": lambda: ctorch.linalg.vecdot(x, x),
        }[name]()
    y[0] = 3 * x[0, 0]
    (g,) = autograd.grad(y.sum(), x)
    assert g.tolist() == [[3.0 * y[0].numel(), 0.0], [0.0, 0.0]]


def test_views_of_one_of_several_views_lose_their_history_too(x):
    first, _ = (x * 2).split(1)
    part = first[:, 0]
    with pytest.raises(RuntimeError, match="a function that returns multiple views"):
        part.mul_(2)


def test_gradients_have_memory_for_each_element(x):
    for total in (x.sum(), x.mean()):
        (g,) = autograd.grad(total, x)
        g[0] = 5
        assert (g[0] == 5).all() and (g[1] != 5).all()


@pytest.mark.parametrize("change", [lambda x, w: x.sub_(w), lambda x, w: x.copy_(w),
                                    lambda x, w: x.__setitem__(ctorch.tensor([1, 0]), w)])
@pytest.mark.parametrize("view", ["one of several", "one of several without a graph", "without a graph"])
def test_views_that_cannot_have_a_history_are_not_changed(view, change):
    w, base = ctorch.ones(2, requires_grad=True), ctorch.zeros(3, 2)
    with ctorch.set_grad_enabled("without" not in view):
        x = base.unbind(0)[0] if "several" in view else base[0]
    with pytest.raises(RuntimeError, match="is being modified inplace"):
        change(x, w)
    assert (base == 0).all() and not base.requires_grad
    change(x, w.detach())
    assert (x == w).all() or (x == -w).all()
