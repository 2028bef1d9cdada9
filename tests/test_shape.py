"""Shapes made anew, views copied, splits and stacks: against PyTorch and NumPy, with derivatives."""
import mirror
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ctorch
from ctorch.autograd import gradcheck, gradgradcheck


def grid(t, *shape, dtype="float32"):
    n = int(np.prod(shape, dtype=int))
    return t.arange(n).reshape(shape).to(getattr(t, dtype))


COPIES = {
    "alias_copy": lambda t, x: t.alias_copy(x), "detach_copy": lambda t, x: t.detach_copy(x),
    "as_strided_copy": lambda t, x: t.as_strided_copy(x, (2, 2), (1, 2), 1),
    "diagonal_copy": lambda t, x: t.diagonal_copy(x, 1), "expand_copy": lambda t, x: t.expand_copy(x, (2, 3, 4)),
    "narrow_copy": lambda t, x: t.narrow_copy(x, 1, 1, 2), "permute_copy": lambda t, x: t.permute_copy(x, (1, 0)),
    "select_copy": lambda t, x: t.select_copy(x, 1, -1), "slice_copy": lambda t, x: t.slice_copy(x, 1, 0, 4, 2),
    "split_copy": lambda t, x: t.split_copy(x, 2, 1), "squeeze_copy": lambda t, x: t.squeeze_copy(x[:1], 0),
    "split_with_sizes_copy": lambda t, x: t.split_with_sizes_copy(x, [1, 3], 1),
    "t_copy": lambda t, x: t.t_copy(x), "transpose_copy": lambda t, x: t.transpose_copy(x, 0, 1),
    "unbind_copy": lambda t, x: t.unbind_copy(x, 1), "unfold_copy": lambda t, x: t.unfold_copy(x, 1, 3, 1),
    "unsqueeze_copy": lambda t, x: t.unsqueeze_copy(x, 1), "view_copy": lambda t, x: t.view_copy(x, (4, 3)),
}
CASES = {
    **COPIES,
    "tile": lambda t, x: (t.tile(x, (2,)), x.tile(2, 1, 1), x[0].tile((2, 2))),
    "repeat_interleave": lambda t, x: (x.repeat_interleave(2), x.repeat_interleave(2, 0), t.repeat_interleave(
        x, t.tensor([1, 0, 2]), dim=0), t.repeat_interleave(t.tensor([2, 0, 1])), x.repeat_interleave(
        t.tensor([3]), 1, output_size=12)),
    "flip": lambda t, x: (x.flip(0, 1), x.flip([-1]), t.flip(x, (0,)), t.fliplr(x), t.flipud(x)),
    "rot90": lambda t, x: tuple(t.rot90(x, k) for k in range(-2, 5)) + (t.rot90(x, 1, [1, 0]),),
    "roll": lambda t, x: (x.roll(1), x.roll(-5, 1), t.roll(x, (1, 2), (0, 1)), x.roll(0, 0), x.T.roll(3)),
    "diag": lambda t, x: (x.diag(1), x[0].diag(-2), t.diagflat(x[:2, :2], 1), x.diag_embed(), x.diag_embed(1, 0, 2),
                          x.diag_embed(-1, 2, 0)),
    "trace": lambda t, x: (x.trace(), x.long().trace(), x[:0].trace()),
    "triangles": lambda t, x: tuple(f(x, k) for f in (t.tril, t.triu) for k in (-5, -1, 0, 2, 7)) + (
        x.T.tril(), x.expand(2, 3, 4).triu(), x.clone().tril_(-1), x.long().triu_(1)),
    "triangle_indices": lambda t, x: (t.tril_indices(3, 4), t.triu_indices(3, 2, 1), t.tril_indices(
        2, 2, -1, dtype=t.int32), t.triu_indices(0, 3)),
    "scatters": lambda t, x: (t.diagonal_scatter(x, x[0, :3], 1), x.select_scatter(x[:, 0], 1, -1), t.slice_scatter(
        x, x[:, :2], 1, 0, 4, 2), t.as_strided_scatter(x, x[:2, :2], (2, 2), (1, 2), 1)),
    "block_diag": lambda t, x: (t.block_diag(x, x[0], t.tensor(7)), t.block_diag(), t.block_diag(x.long(), x)),
    "combinations": lambda t, x: (t.combinations(x[0]), t.combinations(x[0], 3), t.combinations(
        x[0], with_replacement=True), t.combinations(x[0], 0)),
    "cartesian_prod": lambda t, x: (t.cartesian_prod(x[0], x[:, 0]), t.cartesian_prod(x[0])),
    "meshgrid": lambda t, x: t.meshgrid(x[0], x[:, 0], x[0, 0], indexing="xy") + t.meshgrid(
        [x[0], x[1]], indexing="ij"),
    "at least": lambda t, x: (t.atleast_1d(x[0, 0]), *t.atleast_2d(x[0], x), *t.atleast_3d((x[0], x, x[0, 0]))),
    "constant_pad_nd": lambda t, x: (t.constant_pad_nd(x, (1, 2), 5), t.constant_pad_nd(x, (-1, 0, 1, -2))),
    "fill": lambda t, x: (t.fill(x, 3), t.fill(t.arange(3), 2.0), t.fill_(x.clone(), 1), t.zero_(x.clone())),
    "splits": lambda t, x: (*x.tensor_split(3, 1), *x.tensor_split((1, 5), 1), *x.tensor_split(t.tensor([1, 2])),
                            *x.hsplit(2), *x.vsplit([1]), *x.reshape(3, 2, 2).dsplit(2), *x.unsafe_split(2),
                            *t.unsafe_chunk(x, 2, 1), *x.split_with_sizes([1, 3], 1), *x[0].hsplit(4)),
    "stacks": lambda t, x: (t.hstack((x, x)), t.hstack((x[0], x[1])), t.vstack((x[0], x)), t.dstack((x, x)), t.dstack(
        (x[0], x[0])), t.column_stack((x[:, 0], x)), t.row_stack((x, x[0])), t.hstack((x[0, 0], x[0, 1]))),
    "names": lambda t, x: (t.swapaxes(x, 0, 1), t.swapdims(x, 0, 1), t.moveaxis(x, 0, 1), t.ravel(x.T), t.adjoint(x),
                           x.adjoint(), x.broadcast_to(2, 3, 4), t.select(x, 0, 1), x.unfold(1, 2, 2)),
    "in_place": lambda t, x: (x.clone().t_(), x.clone().unsqueeze_(1), x.clone().transpose_(0, 1), x[:1].clone(
        ).squeeze_(), x.clone().resize_(2, 2), x.clone().resize_as_(x[:2])),
}


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool", "complex64", "float16"])
@pytest.mark.parametrize("name", list(CASES))
def test_like_pytorch(name, dtype):
    casting = ("trace", "triangles", "names", "block_diag")
    if (name in casting and dtype == "complex64") or (name, dtype) == ("trace", "bool"):
        pytest.skip("a cast that warns, a conjugate that is no array, a sum that PyTorch lacks")
    mirror.check(lambda t: CASES[name](t, grid(t, 3, 4, dtype=dtype)))


ERRORS = {
    "flip": lambda t: t.ones(2, 2).flip(0, -2), "fliplr": lambda t: t.fliplr(t.ones(2)),
    "roll": lambda t: t.roll(t.ones(2, 2), (1, 2), (0,)), "rot90": lambda t: t.rot90(t.ones(2, 2), 1, (0, 0)),
    "trace": lambda t: t.trace(t.ones(2)), "tril": lambda t: t.tril(t.ones(2)),
    "hsplit": lambda t: t.hsplit(t.ones(5), 2), "meshgrid": lambda t: t.meshgrid(t.ones(2), indexing="zz"),
    "unfold": lambda t: t.ones(3).unfold(0, 4, 1), "step": lambda t: t.ones(3).unfold(0, 2, 0),
    "repeats": lambda t: t.ones(3).repeat_interleave(t.tensor([1, 2]), 0), "diag": lambda t: t.ones(1, 1, 1).diag(),
    "select_scatter": lambda t: t.ones(2, 2).select_scatter(t.ones(3), 0, 0),
    "combinations": lambda t: t.combinations(t.ones(2, 2)), "block_diag": lambda t: t.block_diag(t.ones(1, 1, 1)),
    "negative": lambda t: t.ones(2).repeat_interleave(-1), "pad": lambda t: t.constant_pad_nd(t.ones(2), (1,)),
    "rank": lambda t: t.ones(2, 2).contiguous(memory_format=t.channels_last),
    "preserve": lambda t: t.ones(2, 3).t().contiguous(memory_format=t.preserve_format),
}


@pytest.mark.parametrize("name", list(ERRORS))
def test_errors_like_pytorch(name):
    mirror.check(ERRORS[name])


def leaf(*shape):
    ctorch.manual_seed(sum(shape))
    return ctorch.randn(*shape, dtype=ctorch.float64).requires_grad_()


NO_GRADIENT = {"detach_copy", "triangle_indices", "trace", "fill", "in_place"}


@pytest.mark.parametrize("name", [n for n in CASES if n not in NO_GRADIENT])
def test_gradients(name):
    def floats(x):
        out = CASES[name](ctorch, x)
        return tuple(y for y in (out if isinstance(out, tuple) else (out,)) if y.requires_grad and y.numel())
    assert gradcheck(floats, (leaf(3, 4),))
    assert gradgradcheck(floats, (leaf(3, 4),))


def test_gradients_of_two():
    for function in (lambda x, s: x.select_scatter(s, 1, 2), lambda x, s: ctorch.diagonal_scatter(x, s, 0)):
        assert gradcheck(function, (leaf(3, 4), leaf(3)))
        assert gradgradcheck(function, (leaf(3, 4), leaf(3)))
    assert gradcheck(lambda x: x.trace(), (leaf(3, 3),))


def test_overlapping_views_add_up():
    assert gradcheck(lambda x: x.unfold(0, 3, 1).unfold(1, 2, 1), (leaf(6),))
    assert gradgradcheck(lambda x: x.as_strided((4, 3, 2), (1, 1, 0)) ** 2, (leaf(6),))


@given(st.data())
def test_layout_operators_like_numpy(data):
    shape = data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=4))
    a = np.arange(int(np.prod(shape))).reshape(shape)
    if data.draw(st.booleans()):
        a = a.T
    if data.draw(st.booleans()):
        a = a[::-1]
    x, n = ctorch.from_numpy(a), a.ndim
    dims = data.draw(st.lists(st.integers(0, n - 1), unique=True))
    np.testing.assert_array_equal(x.flip(dims).numpy(), np.flip(a, dims))
    shifts = [data.draw(st.integers(-6, 6)) for _ in dims]
    if dims:
        np.testing.assert_array_equal(x.roll(shifts, dims).numpy(), np.roll(a, shifts, dims))
    sizes = data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n + 1))
    np.testing.assert_array_equal(x.repeat(*sizes).numpy(), np.tile(a, sizes))
    d = data.draw(st.integers(0, n - 1))
    counts = np.array(data.draw(st.lists(st.integers(0, 3), min_size=a.shape[d], max_size=a.shape[d])), dtype=int)
    np.testing.assert_array_equal(x.repeat_interleave(ctorch.from_numpy(counts), d).numpy(), np.repeat(a, counts, d))
    sections = data.draw(st.integers(1, 5))
    for mine, his in zip(x.tensor_split(sections, d), np.array_split(a, sections, d), strict=True):
        np.testing.assert_array_equal(mine.numpy(), his)
    if n > 1:
        k = data.draw(st.integers(-5, 5))
        np.testing.assert_array_equal(x.tril(k).numpy(), np.tril(a, k))
        np.testing.assert_array_equal(x.triu(k).numpy(), np.triu(a, k))


def test_memory_formats():
    def strides(t):
        x = grid(t, 2, 3, 4, 5)
        last = x.contiguous(memory_format=t.channels_last)
        return [last.stride(), last.is_contiguous(), last.is_contiguous(memory_format=t.channels_last),
                last.clone().stride(), last.clone(memory_format=t.contiguous_format).stride(),
                last.double().stride(), last.float(memory_format=t.contiguous_format).stride(),
                t.empty_like(last).stride(), t.zeros_like(last, memory_format=t.contiguous_format).stride(),
                t.empty(1, 2, 3, 4, memory_format=t.channels_last).stride(), last.to(t.float64).stride(),
                x.to(memory_format=t.channels_last).stride(), repr(t.channels_last_3d),
                t.empty_strided((2, 3), (1, 2)).stride(), x.new_empty_strided((2, 3), (1, 4)).stride(), last]
    mirror.check(strides)


def test_storages():
    x = ctorch.arange(6, dtype=ctorch.float32)
    part = x[2:4]
    memory = part.untyped_storage()
    assert (memory.nbytes(), len(memory), memory.data_ptr()) == (24, 24, x.data_ptr())
    assert part.storage().tolist() == [0, 1, 2, 3, 4, 5]
    part.storage()[2] = 9
    assert x.tolist() == [0, 1, 9, 3, 4, 5]
    assert x.untyped_storage() == memory
    assert x.storage().untyped() == memory
    other = ctorch.empty(0).set_(memory, 1, (2, 2), (2, 1))
    assert other.tolist() == [[1, 9], [3, 4]]
    assert ctorch.empty(0).set_(x).is_set_to(x)
    assert not part.is_set_to(x)


def test_views_in_place_keep_their_history():
    x = leaf(2, 3)
    y = x * 2
    y.t_()
    assert y.shape == (3, 2)
    (y * ctorch.arange(6, dtype=ctorch.float64).reshape(3, 2)).sum().backward()
    assert x.grad.tolist() == [[0, 4, 8], [2, 6, 10]]


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_stacks_changed_in_place_keep_their_history(dim):
    x = ctorch.rand(2, 3, dtype=ctorch.float64, requires_grad=True)

    def changed(x):
        y = ctorch.stack([x, 2 * x], dim)
        assert y._base is None and type(y.grad_fn).__name__ != "ViewBackward0" and y.is_contiguous()
        y.diagonal().exp_()
        return y

    assert gradcheck(changed, (x,)) and gradgradcheck(changed, (x,))


def test_empty_vectors_beside_matrices_want_gradients():
    x, nothing = ctorch.ones(2, 2, requires_grad=True), ctorch.ones(0, requires_grad=True)
    y = ctorch.cat([x, nothing, x], 1)
    y.sum().backward()
    assert y.shape == (2, 4) and nothing.grad.shape == (0,) and (x.grad == 2).all()
    assert ctorch.cat([x.detach(), nothing]).requires_grad


def test_what_changes_nothing_is_asked_of_no_memory():
    x = ctorch.ones(1).expand(3)
    assert x.conj_physical_() is x
    with pytest.raises(RuntimeError, match="a leaf Variable"):
        ctorch.ones(2, requires_grad=True).conj_physical_()


def test_what_changes_nothing_counts_as_a_change():
    x = ctorch.ones(2, requires_grad=True) * 2
    y = x * x
    assert x.conj_physical_()._version == 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
    first, second = ctorch.ones(2, requires_grad=True).unbind()
    with ctorch.no_grad():
        second.conj_physical_()
    with pytest.raises(RuntimeError, match="returns multiple views"):
        first.sin()


@pytest.mark.parametrize("change", [lambda x: x.set_(ctorch.zeros(4)), lambda x: x.resize_(2),
                                    lambda x: x.resize_(9)], ids=["set_", "resize_", "resize_ to more"])
def test_other_memory_counts_as_a_change(change):
    leaf = ctorch.ones(4, requires_grad=True)
    x = leaf.detach() * 2
    y = x * leaf
    assert change(x)._version == 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_what_changes_nothing_has_a_history_of_its_own():
    x = ctorch.tensor([2.0, 3.0], requires_grad=True)
    y = x * 2
    before = y.sum()
    y.retain_grad()
    z = before * y.clone()
    y.conj_physical_()
    (z.sum() + y.sum()).backward()
    assert y.grad.tolist() == [1.0, 1.0] and x.grad.tolist() == [42.0, 42.0]
    assert x.expand(2, 2).clone()[:1].expand(3, 2).conj_physical_().sum().item() == 15.0    # elements in one place


def test_half_borders_have_gradients():
    for dtype in (ctorch.float16, ctorch.bfloat16):
        x = ctorch.ones(1, 1, 4, dtype=dtype, requires_grad=True)
        ctorch.nn.functional.pad(x, (2, 1), mode="reflect").sum().backward()
        assert x.grad.tolist() == [[[1, 2, 3, 1]]]


def test_products_of_batches_are_no_views():
    x = ctorch.rand(2, 1, 3, 4, requires_grad=True)
    for y in (x @ ctorch.rand(3, 4, 2), x @ ctorch.rand(4), ctorch.rand(3) @ x, x[0, 0] @ ctorch.rand(4)):
        assert y._base is None
        y.relu_()
    first, rest = (x @ ctorch.rand(4, 2)).tensor_split((1,))
    assert rest._base is first._base is not None


@pytest.mark.parametrize("join", (ctorch.cat, ctorch.stack))
def test_joined_into_a_tensor(join):
    x = ctorch.arange(4.0).reshape(2, 2)
    want = join([x, x + 1])
    out = ctorch.empty(0)
    assert join([x, x + 1], out=out) is out and ctorch.equal(out, want)
    assert ctorch.equal(join([x, x + 1], out=ctorch.empty_like(want, dtype=ctorch.float64)), want.double())
    with pytest.raises(RuntimeError, match="Float can't be cast to the desired output type Long"):
        join([x, x], out=ctorch.empty_like(want, dtype=ctorch.int64))
    with pytest.raises(RuntimeError, match=f"{join.__name__}.*out=... arguments don't support automatic"):
        join([x, x.clone().requires_grad_()], out=ctorch.empty_like(want))


def test_strides_of_results_without_elements():
    def strides(m):
        found = []
        for x in (m.ones(0, 4)[:, ::2], m.ones(0, 4, 2)[..., 0]):
            for _ in range(2):                       # the second time kernels are at hand
                found += [y.stride() for y in (x + x, x.exp(), x * 2, x > 0, m.atan2(x, x))]
        return found
    mirror.check(strides)
