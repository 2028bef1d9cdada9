"""vmap itself: where the examples are counted, nests, what is refused and how, randomness, views, changes in place."""
import threading
from collections import namedtuple

import numpy as np
import pytest
from mirror import needs_torch, torch

import ctorch
from ctorch.autograd import grad
from ctorch.func import vmap

Pair = namedtuple("Pair", ("first", "second"))


def numbers(*shape, seed=0):
    return ctorch.tensor(np.random.default_rng(seed).standard_normal(shape))


X = numbers(4, 3)


def assert_same(got, want):
    ctorch.testing.assert_close(got, want, rtol=1e-12, atol=1e-12)


# ---- where the examples are counted

@needs_torch
@pytest.mark.parametrize("in_dim", [0, 1, 2, -1, -2, -3])
@pytest.mark.parametrize("out_dim", [0, 1, 2, -1, -2, -3])
def test_dims(in_dim, out_dim):
    x = numbers(2, 3, 4)
    got = vmap(lambda a: (2 * a).cumsum(0), in_dims=in_dim, out_dims=out_dim)(x)
    want = torch.vmap(lambda a: (2 * a).cumsum(0), in_dims=in_dim, out_dims=out_dim)(torch.tensor(x.numpy()))
    np.testing.assert_allclose(got.numpy(), want.numpy())


def test_nests():
    def f(tree, pair, number):
        return {"sum": tree["a"] + tree["b"][0] * number, "pair": Pair(pair.first * 2, [pair.second])}

    tree, pair = {"a": X, "b": (numbers(3),)}, Pair(X.t(), X)
    found = vmap(f, in_dims=({"a": 0, "b": None}, Pair(1, 0), None))(tree, pair, 3)
    assert_same(found["sum"], X + tree["b"][0] * 3)
    assert type(found["pair"]) is Pair
    assert_same(found["pair"].first, X * 2)
    assert_same(found["pair"].second[0], X)
    moved = vmap(f, in_dims=(0, 0, None), out_dims={"sum": 0, "pair": Pair(1, [-1])})(
        {"a": X, "b": (X,)}, Pair(X, X), 3)
    assert moved["pair"].first.shape == (3, 4) and moved["pair"].second[0].shape == (3, 4)


def test_several_results_and_names():
    def values(a):
        """Values."""
        return ctorch.max(a, 0)

    batched = vmap(values)
    assert batched.__name__ == "values" and batched.__doc__ == "Values."
    found = batched(X)
    assert type(found) is type(ctorch.max(X, 1))
    assert_same(found.values, X.max(1).values)
    assert found.indices.tolist() == X.max(1).indices.tolist()
    assert ctorch.vmap is vmap


def test_what_is_the_same_in_all():
    constant = numbers(3)
    assert_same(vmap(lambda a: constant)(X), constant.expand(4, 3))
    assert vmap(lambda a: constant, out_dims=None)(X) is constant
    assert_same(vmap(lambda a, b: a + b, in_dims=(0, None))(X, constant), X + constant)
    assert_same(vmap(lambda a, scale=1: a * scale)(X, scale=3), X * 3)
    assert vmap(lambda a: (a, 7), out_dims=(0, None))(X)[1] == 7


@pytest.mark.parametrize("chunk_size", [1, 2, 3, 4, 9])
def test_chunks(chunk_size):
    def f(a, b):
        return a @ b, {"a": a.sum()}

    product, rest = vmap(f, in_dims=(0, None), out_dims=(1, 0), chunk_size=chunk_size)(X, numbers(3, 2))
    assert_same(product, (X @ numbers(3, 2)).t())
    assert_same(rest["a"], X.sum(1))


def test_no_examples():
    assert vmap(lambda a: a.sum())(ctorch.zeros(0, 3)).shape == (0,)


# ---- messages

REFUSALS = {
    "in_dim out of range": (lambda m, x, v: v(lambda a: a, in_dims=2)(x)),
    "in_dims of another build": (lambda m, x, v: v(lambda a: a, in_dims=(0, 1))(x)),
    "in_dims None": (lambda m, x, v: v(lambda a: a, in_dims=None)(x)),
    "in_dims a str": (lambda m, x, v: v(lambda a: a, in_dims="x")(x)),
    "no tensor": (lambda m, x, v: v(lambda a: a)(5)),
    "out_dim out of range": (lambda m, x, v: v(lambda a: a, out_dims=5)(x)),
    "out_dims of another build": (lambda m, x, v: v(lambda a: a, out_dims=(0, 1))(x)),
    "out_dims a str": (lambda m, x, v: v(lambda a: a, out_dims="x")(x)),
    "sizes": (lambda m, x, v: v(lambda a, b: a)(x, x[:2])),
    "chunk size": (lambda m, x, v: v(lambda a: a, chunk_size=0)(x)),
    "randomness": (lambda m, x, v: v(lambda a: a, randomness="other")(x)),
    "no inputs": (lambda m, x, v: v(lambda: 0)()),
    "a number comes out": (lambda m, x, v: v(lambda a: (a, 5))(x)),
    "batched with out_dims None": (lambda m, x, v: v(lambda a: a, out_dims=None)(x)),
    "item": (lambda m, x, v: v(lambda a: a.sum().item())(x)),
    "float": (lambda m, x, v: v(lambda a: float(a[0]))(x)),
    "control flow": (lambda m, x, v: v(lambda a: a if a.sum() > 0 else -a)(x)),
    "numpy": (lambda m, x, v: v(lambda a: a.numpy())(x)),
    "data_ptr": (lambda m, x, v: v(lambda a: a.data_ptr())(x)),
    "dlpack": (lambda m, x, v: v(lambda a: a.__dlpack__())(x)),
    "mask": (lambda m, x, v: v(lambda a: a[a > 0])(x)),
    "nonzero": (lambda m, x, v: v(m.nonzero)(x)),
    "masked_select": (lambda m, x, v: v(lambda a: a.masked_select(a > 0))(x)),
    "copy into what is the same": (lambda m, x, v: v(lambda a: m.zeros(3).copy_(a))(x)),
    "change of what is the same": (lambda m, x, v: v(lambda a: m.zeros(3).mul_(a))(x)),
    "random": (lambda m, x, v: v(lambda a: m.randn(2))(x)),
    "dropout": (lambda m, x, v: v(m.nn.functional.dropout)(x)),
    "different in place": (lambda m, x, v: v(lambda a: m.ones(4).bernoulli_(), randomness="different")(x)),
    "same of each": (lambda m, x, v: v(lambda a: m.bernoulli(a.sigmoid()), randomness="same")(x)),
}
OWN_MESSAGE = {"dlpack", "change of what is the same", "nonzero", "in_dims of another build",
               "out_dims of another build"}


@needs_torch
@pytest.mark.parametrize("what", REFUSALS)
def test_refusals_are_pytorchs(what):
    with pytest.raises(Exception) as theirs:
        REFUSALS[what](torch, torch.tensor(X.numpy()), torch.vmap)
    with pytest.raises(type(theirs.value)) as ours:
        REFUSALS[what](ctorch, X, vmap)
    if what not in OWN_MESSAGE:
        mine, other = (str(e.value).replace("ctorch.", "torch.").replace("<class 'torch._core.", "<class 'torch.")
                       for e in (ours, theirs))
        assert mine.rstrip(".")[:90] == other[:len(mine.rstrip("."))][:90]


def test_no_dimension_is_mapped():
    with pytest.raises(ValueError, match="in_dims is None for all"):
        vmap(lambda a: a, in_dims=(None,))(X)


def test_after_an_error_the_level_is_closed():
    from ctorch._batched import open_levels
    with pytest.raises(ZeroDivisionError):
        vmap(lambda a: 1 / 0)(X)
    assert open_levels() == []


# ---- views and changes in place

def test_changes_in_place():
    def f(a):
        z = ctorch.zeros_like(a)
        z[1:] = a[1:]
        z[0] += a[2]
        z.mul_(2)
        z.view(3, 1)[1:, 0].add_(a[:2])
        z[a > 0] = 5
        return z.t() if z.ndim == 2 else z

    assert_same(vmap(f)(X), ctorch.stack([f(row) for row in X]))


def test_a_change_reaches_the_tensor_outside():
    x = X.clone()
    version = x._version
    vmap(lambda a: a.add_(1))(x)
    assert_same(x, X + 1)
    assert x._version > version


def test_an_expanded_tensor_is_not_changed():
    with pytest.raises(RuntimeError, match="single memory location"):
        vmap(lambda a: a.add_(1))(numbers(3).expand(4, 3))


def test_overlapping_arguments():
    x = X.clone()
    got = vmap(lambda a, b: a.add_(b.flip(0)))(x, x)
    assert_same(got, X + X.flip(1))


def test_new_tensors():
    def f(a):
        return a.new_zeros(2).add_(a[:2]), a.new_full((2,), 3.0).mul_(a[0]), ctorch.ones_like(a).sub_(a)

    for got, want in zip(vmap(f)(X), map(ctorch.stack, zip(*[f(row) for row in X]))):
        assert_same(got, want)


def test_results_lie_as_they_do_without_vmap():
    w, image = numbers(3, 2), numbers(4, 2, 3, 5, 5)
    filters = numbers(4, 3, 3, 2, 2)
    assert vmap(lambda a: (w.t() @ a.unsqueeze(1).expand(3, 2)).view(-1))(X).shape == (4, 4)
    conv = vmap(lambda i, f: ctorch.nn.functional.conv2d(i, f).view(2, -1))(image, filters)
    assert conv.shape == (4, 2, 48)

    def changed(a):
        y = a.outer(a).t() * 2
        y.flatten().zero_()              # a copy, since y lies in columns
        z = a[ctorch.tensor([[0, 1], [2, 0]])]
        z.flatten().zero_()              # a view
        return y, z

    for got, want in zip(vmap(changed)(X), map(ctorch.stack, zip(*map(changed, X)))):
        assert_same(got, want)


def test_properties():
    def f(a):
        assert a.shape == (3,) and a.ndim == 1 and a.device == X.device and a.is_cpu and not a.is_cuda
        assert len(a) == 3 and a.dtype == X.dtype and a.numel() == 3
        assert "BatchedTensor" in repr(a)
        return a

    assert_same(vmap(f)(X), X)


# ---- gradients

def test_gradients_reach_what_is_outside():
    w, x = numbers(3, 2, seed=1).requires_grad_(), X.clone().requires_grad_()

    def f(a):
        return (a @ w).tanh().sum() + w.sum()

    out = vmap(f)(x)
    want = ctorch.stack([f(row) for row in x])
    assert_same(out, want)
    for got, expected in zip(grad(out.sum(), (x, w)), grad(want.sum(), (x, w))):
        assert_same(got, expected)


def test_what_does_not_depend_on_the_example_counts_for_all():
    w = numbers(3).requires_grad_()
    out = vmap(lambda a: a + w)(X)
    assert_same(grad(out.sum(), w)[0], ctorch.full((3,), 4.0, dtype=w.dtype))
    out = vmap(lambda a: w * 2)(X)
    assert_same(grad(out.sum(), w)[0], ctorch.full((3,), 8.0, dtype=w.dtype))


def test_gradients_inside():
    w = numbers(3, 2, seed=1).requires_grad_()

    def by_example(a):
        a = a.detach().requires_grad_()
        return grad((a @ w).tanh().sum(), (a, w))

    found = vmap(by_example)(X)
    each = [by_example(row) for row in X]
    for got, want in zip(found, zip(*each)):
        assert_same(got, ctorch.stack(want))


def test_second_derivatives():
    x = X.clone().requires_grad_()

    def slope(a):
        return grad((a ** 3).sum(), a, create_graph=True)[0]

    first = vmap(slope)(x)
    assert_same(first, 3 * X ** 2)
    assert_same(grad(first.sum(), x)[0], 6 * X)

    def curvature(a):
        a = a.detach().requires_grad_()
        return vmap(lambda v: grad(slope(a), a, v)[0])(ctorch.eye(3, dtype=a.dtype))

    assert_same(vmap(curvature)(X), ctorch.diag_embed(6 * X))


def test_batches_of_gradients_of_a_function_with_vmap():
    w = numbers(3).requires_grad_()
    out = vmap(lambda a: (a * w).cumsum(0))(X)
    seeds = numbers(5, 4, 3, seed=2)
    (found,) = grad(out, w, seeds, is_grads_batched=True, retain_graph=True)
    assert_same(found, ctorch.stack([grad(out, w, s, retain_graph=True)[0] for s in seeds]))


def test_a_change_from_outside_is_noticed():
    x, w = X.clone(), numbers(3).requires_grad_()
    out = vmap(lambda a: (a * w).sum())(x)
    x.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.sum().backward()
    inside = vmap(lambda a: (a * w).sum() + 0 * a.clone().mul_(2).sum())(x)
    inside.sum().backward()
    assert_same(w.grad, x.sum(0))


def test_anomalies_are_looked_for_in_all_examples():
    x = ctorch.tensor([1.0, 0.0], requires_grad=True)
    with ctorch.autograd.detect_anomaly(), pytest.warns(UserWarning, match="SqrtBackward0"), \
            pytest.raises(RuntimeError, match="nan values"):
        vmap(lambda a: (a * 0).sqrt() * a)(x).sum().backward()


def test_a_leaf_collects_gradients():
    x = X.clone().requires_grad_()
    for _ in range(2):
        vmap(lambda a: (a * a).sum())(x).sum().backward()
    assert_same(x.grad, 4 * X)

    def inside(a):
        leaf = a.detach().requires_grad_()
        (leaf * leaf).sum().backward()
        (leaf * 3).sum().backward()
        return leaf.grad

    assert_same(vmap(inside)(X), 2 * X + 3)


def test_a_leaf_is_not_changed():
    x = X.clone().requires_grad_()
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        vmap(lambda a: a.mul_(2))(x)
    with ctorch.no_grad():
        vmap(lambda a: a.mul_(2))(x)
    assert_same(x.detach(), 2 * X)


# ---- operands

def test_dtypes_are_those_of_one_example():
    x, half = ctorch.ones(4, 3), ctorch.ones(4, dtype=ctorch.float64)
    found = vmap(lambda a, b: a * b)(x, half)            # a number of another dtype does not promote a vector
    assert found.dtype == ctorch.float32
    assert vmap(lambda a, b: a * b)(x.int(), half).dtype == ctorch.float64
    small, big = ctorch.full((2, 3), 100, dtype=ctorch.int8), ctorch.tensor([1, 300])
    each = ctorch.stack([s + b for s, b in zip(small, big)])
    assert vmap(ctorch.add)(small, big).tolist() == each.tolist()


def test_three_levels():
    a, b, c = numbers(2), numbers(3), numbers(4)
    f = vmap(vmap(vmap(lambda x, y, z: x * y + z, (None, None, 0)), (None, 0, None)), (0, None, None))
    assert_same(f(a, b, c), a[:, None, None] * b[:, None] + c)
    g = vmap(lambda x: vmap(lambda y: vmap(lambda z: x - y * z)(c))(b))
    assert_same(g(a), a[:, None, None] - b[:, None] * c)


def test_division_by_zero_in_one_example():
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        vmap(lambda a, b: a // b)(ctorch.tensor([4, 4]), ctorch.tensor([2, 0]))


def test_indexing_by_batches():
    table, places = numbers(5, 4, 2), ctorch.tensor([[3, 0], [1, 1], [2, 3], [0, 0], [3, 3]])
    for f in (lambda t, i: t[i], lambda t, i: t[:, i % 2], lambda t, i: t[i, i % 2], lambda t, i: t[None, i, :1],
              lambda t, i: t.index_select(0, i), lambda t, i: ctorch.nn.functional.embedding(i, t)):
        assert_same(vmap(f)(table, places), ctorch.stack([f(t, i) for t, i in zip(table, places)]))
        assert_same(vmap(f, (None, 0))(table[0], places), ctorch.stack([f(table[0], i) for i in places]))
    with pytest.raises(IndexError, match="out of bounds"):
        vmap(lambda t, i: t[i])(table, places + 1)


def test_one_hot():
    places = ctorch.tensor([[0, 2], [1, 1]])
    hot = ctorch.nn.functional.one_hot
    assert vmap(lambda i: hot(i, 3))(places).tolist() == hot(places, 3).tolist()
    with pytest.raises(RuntimeError, match="smaller than num_classes"):
        vmap(lambda i: hot(i, 2))(places)
    with pytest.raises(RuntimeError, match="item"):
        vmap(hot)(places)


def test_threads_have_levels_of_their_own():
    found = {}

    def work(k):
        x = numbers(50, 6, seed=k)
        for _ in range(20):
            found[k] = vmap(lambda a: vmap(lambda b: a * b)(a))(x)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    for k in range(4):
        x = numbers(50, 6, seed=k)
        assert_same(found[k], x.unsqueeze(2) * x.unsqueeze(1))


# ---- randomness

def test_random_numbers():
    ctorch.manual_seed(0)
    for draw in (lambda a: ctorch.rand(5), lambda a: ctorch.randn_like(a), lambda a: a.clone().normal_(),
                 lambda a: ctorch.nn.functional.dropout(a + 1), lambda a: ctorch.randint(0, 1000, (5,))):
        same, different = (vmap(draw, randomness=r)(X) for r in ("same", "different"))
        if "dropout" not in str(draw.__code__.co_names):
            assert all((row == same[0]).all() for row in same)
        assert not (different[0] == different[1]).all() or not (different[0] == different[2]).all()
    orders = vmap(lambda a: ctorch.randperm(6), randomness="different")(X)
    assert orders.sort(1).values.tolist() == [list(range(6))] * 4
    draws = vmap(lambda a: ctorch.multinomial(a, 2), randomness="different")(ctorch.eye(4) + 1e-9)
    assert draws[:, 0].tolist() == [0, 1, 2, 3]
    assert vmap(lambda a: ctorch.poisson(a), randomness="different")(ctorch.zeros(3, 2)).tolist() == [[0.0] * 2] * 3


def test_random_numbers_of_levels():
    def draw(outer, inner):
        return vmap(lambda a: vmap(lambda b: ctorch.rand(()), randomness=inner)(a), randomness=outer)(X)

    ctorch.manual_seed(0)
    by_row, by_column = draw("different", "same"), draw("same", "different")
    assert (by_row == by_row[:, :1]).all() and not (by_row == by_row[:1]).all()
    assert (by_column == by_column[:1]).all() and not (by_column == by_column[:, :1]).all()
    assert len(set(draw("different", "different").flatten().tolist())) == 12
    with pytest.raises(RuntimeError, match="randomness error mode"):
        draw("error", "different")
