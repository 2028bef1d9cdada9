"""Copies between layouts against NumPy: transposed, sliced, reversed, overlapping, broadcast, of every element size."""
import itertools

import numpy
import pytest

import ctorch

DTYPES = ("uint8", "float16", "float32", "float64", "complex128")
SHAPES = ((5,), (3, 4), (17, 33), (2, 3, 5), (4, 7, 2), (3, 2, 4, 3))
LARGE = ((300, 301), (7, 190, 61), (2, 90_000), (90_000, 2), (40, 50, 3, 11))


def numbers(shape, dtype):
    return (numpy.arange(int(numpy.prod(shape))) % 251).astype(dtype).reshape(shape)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES + LARGE)
def test_any_order_of_dimensions(shape, dtype):
    a = numbers(shape, dtype)
    x = ctorch.from_numpy(a)
    for order in itertools.permutations(range(len(shape))):
        assert numpy.array_equal(x.permute(order).contiguous().numpy(), a.transpose(order))
        target = ctorch.empty([shape[d] for d in order], dtype=x.dtype).permute([order.index(d) for d in
                                                                               range(len(shape))])
        assert numpy.array_equal(target.copy_(x).numpy(), a)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("step", [2, 3])
def test_steps_and_reversals(dtype, step):
    for shape in SHAPES + LARGE[:2]:
        wide = numbers([s * step for s in shape], dtype)
        cut = tuple(slice(1, None, step) for _ in shape)
        x = ctorch.from_numpy(wide)[cut]
        assert numpy.array_equal(x.clone().numpy(), wide[cut])
        for dims in itertools.chain.from_iterable(itertools.combinations(range(len(shape)), n + 1)
                                                  for n in range(len(shape))):
            want = numpy.flip(wide[cut], dims)
            assert numpy.array_equal(x.flip(dims).numpy(), want)
            assert numpy.array_equal(x.contiguous().flip(dims).numpy(), want)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("size", "step"), [(1, 1), (2, 1), (3, 2), (4, 2), (9, 4), (20, 1)])
def test_overlapping_windows(dtype, size, step):
    a = numbers((6, 80), dtype)
    windows = numpy.lib.stride_tricks.sliding_window_view(a, size, 1)[:, ::step]
    for x in (ctorch.from_numpy(a), ctorch.from_numpy(numpy.asfortranarray(a))):
        assert numpy.array_equal(x.unfold(1, size, step).clone().numpy(), windows)
        assert numpy.array_equal(x.unfold(1, size, step).transpose(0, 2).contiguous().numpy(), windows.T.swapaxes(1, 2)
                                 .swapaxes(1, 2))


@pytest.mark.parametrize("dtype", DTYPES)
def test_broadcast(dtype):
    a = numbers((1, 37, 1), dtype)
    for shape in ((5, 37, 3), (5, 37, 300), (60, 37, 40)):
        assert numpy.array_equal(ctorch.from_numpy(a).expand(shape).contiguous().numpy(), numpy.broadcast_to(a, shape))


def test_bits_of_halves_are_kept():
    bits = numpy.arange(65536).astype("uint16").view("float16").reshape(256, 256)
    x = ctorch.from_numpy(bits)
    for y, want in ((x.t().clone(), bits.T), (x[:, ::2].clone(), bits[:, ::2]), (x.flip(0), bits[::-1])):
        assert numpy.array_equal(y.contiguous().numpy().view("uint16"), numpy.ascontiguousarray(want).view("uint16"))


def test_same_for_any_number_of_threads():
    x = ctorch.arange(300_000.0).view(3, 100, 1000).permute(2, 0, 1)
    threads = ctorch.get_num_threads()
    try:
        results = []
        for n in (1, 2, 5):
            ctorch.set_num_threads(n)
            results.append((x.contiguous(), ctorch.linspace(-1, 3, 123_457), ctorch.arange(0.5, 99_999, 0.7)))
    finally:
        ctorch.set_num_threads(threads)
    for other in results[1:]:
        assert all(ctorch.equal(a, b) for a, b in zip(results[0], other, strict=True))


@pytest.mark.parametrize("dtype", DTYPES)
def test_reversed_steps_of_every_length(dtype):
    a = numbers((400,), dtype)
    for n in (*range(20), *range(60, 70), *range(124, 132), 192, 200):
        for step in (-1, -2, -3):
            want = a[::step][:n]
            assert numpy.array_equal(ctorch.from_numpy(a)[::step][:n].clone().numpy(), want)


@pytest.mark.parametrize("dtype", DTYPES)
def test_rolled(dtype):
    for shape in (*SHAPES, (1,), (2, 1, 3), (150, 230), (3, 70, 90), (40_000,)):
        a = numbers(shape, dtype)
        turned = ctorch.from_numpy(numpy.ascontiguousarray(a.T)).permute(*range(len(shape))[::-1])
        wide = ctorch.from_numpy(numpy.repeat(a, 2, -1))[..., ::2]
        for count in range(1, len(shape) + 1):
            for dims in itertools.combinations(range(len(shape)), count):
                for shifts in ([1] * count, [-2] * count, [0] * count, [3, -1, 40_001, 2][:count]):
                    want = numpy.roll(a, shifts, dims)
                    for x in (ctorch.from_numpy(a), turned, wide):
                        assert numpy.array_equal(x.roll(shifts, dims).numpy(), want)
        assert numpy.array_equal(ctorch.fft.ifftshift(ctorch.fft.fftshift(turned)).numpy(), a)
    row = ctorch.arange(5.0).expand(3, 5)
    assert ctorch.equal(row.roll((1, 2), (0, 1)), row.contiguous().roll(2, 1))
    assert ctorch.equal(row.roll((1, 2), (1, 1)), row.contiguous().roll(3, 1))
    assert ctorch.zeros(0, 3).roll(1, 0).shape == (0, 3)
    assert ctorch.tensor(2.0).roll(1).item() == 2
    with pytest.raises(IndexError, match="no dimensions"):
        ctorch.tensor(2.0).roll(1, 0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("mode", "name"), [("reflect", "reflect"), ("replicate", "edge"), ("circular", "wrap")])
def test_borders_of_planes(mode, name, dtype):
    for shape in ((2, 3, 40), (1, 70, 300), (1, 2, 150, 130), (2, 300, 2, 3), (1, 2, 2, 17_000)):
        a = numbers(shape, dtype)
        for pad in ((1, 1), (2, 0, 1, 1), (0, 1, 0, 0))[:1 if len(shape) == 3 else 3]:
            pad = tuple(min(p, shape[-1 - i // 2] - 1) for i, p in enumerate(pad))
            pairs = [(0, 0)] * (len(shape) - len(pad) // 2) + [pad[i:i + 2] for i in range(len(pad) - 2, -1, -2)]
            want = numpy.pad(a, pairs, name)
            turned = ctorch.from_numpy(numpy.ascontiguousarray(a.swapaxes(-1, -2))).transpose(-1, -2)
            for x in (ctorch.from_numpy(a), turned, ctorch.from_numpy(numpy.repeat(a, 2, -1))[..., ::2]):
                assert numpy.array_equal(ctorch.nn.functional.pad(x, pad, mode).numpy(), want)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
@pytest.mark.parametrize("pad", [(2, 1), (0, 3), (1, 0, 2, 2), (-1, 2, 1, -1), (-1, -1)])
def test_borders(mode, pad):
    a = numbers((2, 3, 4, 5), "float32")
    name = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}[mode]
    pairs = [(0, 0)] * (4 - len(pad) // 2) + [pad[i:i + 2] for i in range(len(pad) - 2, -1, -2)]
    cut = tuple(slice(max(-b, 0), s - max(-e, 0)) for s, (b, e) in zip(a.shape, pairs))
    more = [(max(b, 0), max(e, 0)) for b, e in pairs]
    if mode == "circular":                       # what is cut off does not come back
        want = numpy.pad(a[cut], more, name)
    else:
        want = numpy.pad(a, more, name)
        want = want[tuple(slice(max(-b, 0), s - max(-e, 0)) for s, (b, e) in zip(want.shape, pairs))]
    for x in (ctorch.from_numpy(a), ctorch.from_numpy(numpy.asfortranarray(a))):
        assert numpy.array_equal(ctorch.nn.functional.pad(x, pad, mode).numpy(), want)


def test_arrays_of_every_kind():
    a = numpy.arange(24, dtype="int32").reshape(2, 3, 4)
    for b in (a, a[:, ::-1], a.T, a[1, 2, 3], a[:, :0], numpy.array(7.5), a.astype(">i4"), a[..., 1:3]):
        if b.dtype.isnative and isinstance(b, numpy.ndarray):
            assert numpy.array_equal(ctorch.from_numpy(b).numpy(), b)
        assert numpy.array_equal(ctorch.tensor(b).numpy(), b)
    fixed = a.copy()
    fixed.flags.writeable = False
    assert numpy.array_equal(ctorch.tensor(fixed).numpy(), a)
    with pytest.raises(ValueError, match="byte order"):
        ctorch.from_numpy(a.astype(">i4"))
    with pytest.raises(TypeError, match="can't convert"):
        ctorch.from_numpy(a.astype("datetime64[s]"))
    with pytest.raises(TypeError, match="can't convert"):
        ctorch.tensor(numpy.array(["a"]))
    packed = numpy.zeros(3, dtype=[("a", "i1"), ("b", "f8")])["b"]
    with pytest.raises(ValueError, match="multiple of the element"):
        ctorch.from_numpy(packed)


@pytest.mark.parametrize(("rows", "columns", "offset"), list(itertools.product((0, 1, 4), (0, 3, 5),
                                                                             range(-5, 7))))
def test_triangle_indices(rows, columns, offset):
    for found, want in ((ctorch.tril_indices(rows, columns, offset), numpy.tril_indices(rows, offset, columns)),
                        (ctorch.triu_indices(rows, columns, offset), numpy.triu_indices(rows, offset, columns))):
        assert numpy.array_equal(found.numpy(), numpy.array(want))


def test_a_shape_gives_shapes():
    size = ctorch.zeros(2, 3, 4).shape
    assert (size[0], size[-1], size[1:], size[::-1]) == (2, 4, (3, 4), (4, 3, 2))
    assert type(size[1:]) is type(size) is ctorch.Size
    assert (size[1:].numel(), repr(size[:1])) == (12, "torch.Size([2])")
    with pytest.raises(IndexError):
        size[3]


def test_softshrink_and_hardshrink_at_the_edges():
    x = ctorch.tensor([-float("inf"), -0.5, 0.5, 0.75, float("inf"), float("nan")], requires_grad=True)
    soft, hard = ctorch.nn.functional.softshrink(x), ctorch.nn.functional.hardshrink(x)
    numpy.testing.assert_array_equal(soft.detach().numpy(), [-numpy.inf, 0, 0, 0.25, numpy.inf, numpy.nan])
    numpy.testing.assert_array_equal(hard.detach().numpy(), [-numpy.inf, 0, 0, 0.75, numpy.inf, numpy.nan])
    hard.sum().backward()
    assert x.grad.tolist() == [1, 0, 0, 1, 1, 1]


def test_joined_rows_and_the_dtype_of_empty_vectors():
    parts = [numbers((300, n, 7), "float32") for n in (1, 40, 0, 3)]
    for dim, axes in ((1, (0, 1, 2)), (2, (0, 2, 1)), (0, (1, 0, 2))):
        turned = [numpy.ascontiguousarray(p.transpose(axes)) for p in parts]
        assert numpy.array_equal(ctorch.cat([ctorch.from_numpy(p) for p in turned], dim).numpy(),
                                 numpy.concatenate(turned, dim))
    empty = ctorch.zeros(0, dtype=ctorch.float64)
    assert ctorch.cat([ctorch.ones(2), empty]).dtype == ctorch.float64
    assert ctorch.cat([empty, ctorch.ones(2, 2)]).dtype == ctorch.float64


@pytest.mark.parametrize("dtype", [ctorch.float32, ctorch.float64])
def test_copies_by_to_keep_the_order_of_memory(dtype):
    x = ctorch.ones(2, 3).t()
    y = x.to(dtype, copy=True)
    assert y.stride() == x.stride() and y.data_ptr() != x.data_ptr()


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("x", [ctorch.ones(3), ctorch.ones(1).expand(3), ctorch.ones(6)[::2], ctorch.ones(3, 2).t()])
def test_repeated_elements_have_memory_of_their_own(x, times):
    y = x.repeat_interleave(times, 0)
    assert y._base is None
    y[0] = 5
    assert (x == 1).all() and (y == 5).sum() == y[0].numel()


@pytest.mark.parametrize("repeated", [lambda x: x.repeat(2, 1), lambda x: x.tile(2), lambda x: ctorch.kron(x, x)])
def test_repetitions_of_nothing_are_no_views(repeated):
    x = ctorch.ones(3, 0, requires_grad=True)
    y = repeated(x)
    assert y._base is None and y.grad_fn is not None
    y.zero_()
    y.sum().backward()
    assert x.grad.shape == (3, 0)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64", "complex128"])
@pytest.mark.parametrize("n", [1, 2, 3, 7, 16, 33, 1000])
def test_pairs_are_taken_apart_and_put_together(n, dtype):
    x = numpy.arange(6 * n).reshape(3, n, 2).astype(dtype)
    apart = ctorch.from_numpy(x).transpose(1, 2).contiguous()
    numpy.testing.assert_array_equal(apart.numpy(), x.transpose(0, 2, 1))
    numpy.testing.assert_array_equal(apart.transpose(1, 2).contiguous().numpy(), x)


@pytest.mark.parametrize("change", [lambda x, z: z.to(x.dtype), lambda x, z: x.copy_(z), lambda x, z: x.fill_(z[0]),
                                    lambda x, z: x.__setitem__(0, z[0])], ids=["to", "copy_", "fill_", "setitem"])
def test_imaginary_parts_are_not_lost_in_silence(change):
    z = ctorch.tensor([1 + 2j, 3])
    with pytest.warns(UserWarning, match="discards the imaginary part"):
        change(ctorch.ones(2), z)
    change(ctorch.ones(2, dtype=ctorch.complex128), z)
    assert z.bool().all()
