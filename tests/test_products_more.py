"""Einsum and the other products: against NumPy and PyTorch, with their derivatives."""
import math

import mirror
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ctorch
from ctorch.autograd import gradcheck, gradgradcheck

SIZES = {"i": 2, "j": 3, "k": 4, "b": 2, "c": 1}


def values(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@st.composite
def equations(draw):
    """An equation of one to four operands with repeated labels, and sizes for its labels."""
    terms = draw(st.lists(st.text("ijkbc", min_size=0, max_size=3), min_size=1, max_size=4))
    letters = sorted({c for t in terms for c in t})
    result = draw(st.permutations(letters))[:draw(st.integers(0, len(letters)))] if letters else []
    return terms, "".join(result)


@given(equations(), st.integers(0, 100))
def test_einsum(case, seed):
    terms, result = case
    arrays = [values(*(SIZES[c] for c in t), seed=seed + i) for i, t in enumerate(terms)]
    equation = ",".join(terms) + "->" + result
    want = np.einsum(equation, *arrays)
    got = ctorch.einsum(equation, *[ctorch.from_numpy(np.asarray(a)) for a in arrays])
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("equation", "shapes"), [
    ("ij,jk", [(3, 4), (4, 5)]), ("ii", [(3, 3)]), ("...ij->...ji", [(2, 3, 4)]), ("b...i,bi...->b...",
     [(2, 3, 4), (2, 4, 3)]), ("ij,j->i", [(3, 4), (1,)]), ("i...,j...->ij...", [(3, 5), (4, 5)]),
    ("...,...->...", [(2, 3), (3,)]), (" i j , j k -> i k ", [(3, 4), (4, 5)]), ("ij,ij->ij", [(3, 1), (1, 4)]),
    ("ij->", [(3, 0)]), ("bn,anm,bm->ba", [(2, 5), (3, 5, 4), (2, 4)])])
def test_forms_of_einsum(equation, shapes):
    arrays = [values(*s) for s in shapes]
    mirror.check(lambda m: m.einsum(equation, *[m.tensor(a) for a in arrays]))


@pytest.mark.parametrize(("equation", "shapes"), [
    ("ij,jk->ik", [(3, 4)]), ("ij->ik", [(3, 4)]), ("ij->ii", [(3, 4)]), ("ii->i", [(3, 4)]), ("i->i", [(3, 4)]),
    ("ij,jk->ik", [(3, 4), (5, 2)]), ("i.j->i", [(3, 4)]), ("i1->i", [(3, 4)])])
def test_errors_of_einsum(equation, shapes):
    mirror.check(lambda m: m.einsum(equation, *[m.ones(s) for s in shapes]))


def test_einsum_of_sublists():
    a, b = values(2, 3, 4), values(2, 4, 5)
    mirror.check(lambda m: [m.einsum(m.tensor(a), [0, 1, 2], m.tensor(b), [0, 2, 3], [0, 1, 3]),
                            m.einsum(m.tensor(a), [..., 1, 2], m.tensor(b), [..., 2, 3])])


PAIRS = {
    "tensordot": [((2, 3, 4), (3, 4, 5), (2,)), ((2, 3, 4), (4, 5, 3), (([1, 2], [2, 0]),)), ((2,), (3,), (0,))],
    "kron": [((2, 3), (4, 5)), ((2,), (3, 4)), ((), (2, 2))],
    "inner": [((2, 3), (4, 3)), ((3,), (3,)), ((), (2, 2))],
    "vdot": [((4,), (4,))], "ger": [((3,), (4,))],
    "cdist": [((2, 5, 3), (6, 3)), ((5, 3), (0, 3)), ((40, 20), (30, 20)), ((4, 0), (5, 0))],
    "matmul": [((2, 1, 3, 4), (5, 4, 2)), ((3, 4), (2, 4, 5)), ((4,), (2, 4, 5)), ((2, 3, 4), (4,))],
}


@pytest.mark.parametrize(("name", "case"), [(n, c) for n, cases in PAIRS.items() for c in cases])
def test_pairs(name, case):
    a, b, *rest = case
    a, b = values(*a), values(*b, seed=1)
    mirror.check(lambda m: getattr(m, name)(m.tensor(a), m.tensor(b), *rest))


SCALED = {"addmm": ((2, 4), (2, 3), (3, 4)), "addmv": ((2,), (2, 3), (3,)), "addr": ((2, 3), (2,), (3,)),
          "addbmm": ((2, 4), (5, 2, 3), (5, 3, 4)), "baddbmm": ((5, 2, 4), (5, 2, 3), (5, 3, 4))}


@pytest.mark.parametrize("name", SCALED)
def test_scaled_sums(name):
    arrays = [values(*s, seed=i) for i, s in enumerate(SCALED[name])]
    mirror.check(lambda m: getattr(m, name)(*map(m.tensor, arrays), beta=0.5, alpha=2))
    mirror.check(lambda m: getattr(m.tensor(arrays[0]), name + "_")(*map(m.tensor, arrays[1:]), beta=2))
    mirror.check(lambda m: getattr(m, name)(m.tensor(arrays[0] * np.nan), *map(m.tensor, arrays[1:]), beta=0))
    mirror.check(lambda m: getattr(m, name)(*map(m.tensor, arrays), out=m.empty(0, dtype=m.float64)))
    mirror.check(lambda m: getattr(m, name)(m.ones(7, 7, 7), *map(m.tensor, arrays[1:])))


@pytest.mark.parametrize("p", [0, 0.5, 1, 1.5, 2, 3, math.inf])
def test_cdist_of_any_p(p):
    a, b = values(2, 5, 3), values(2, 6, 3, seed=1)
    b[:, 0] = a[:, 0]

    def both(m):
        x, y = m.tensor(a, requires_grad=True), m.tensor(b, requires_grad=True)
        z = m.cdist(x, y, p)
        (z * z.detach().cos()).sum().backward()
        return z, x.grad, y.grad

    mirror.check(both)


def test_cdist_passes_nan_on():
    x, y = ctorch.tensor([[math.nan, 1.0]]), ctorch.zeros(3, 2)
    for p in (1, 2, 3, math.inf):
        assert ctorch.cdist(x, y, p).isnan().all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_addr_of_every_width(dtype):
    rng = np.random.default_rng(0)
    for rows, columns in [(3, n) for n in (0, 1, 7, 8, 9, 15, 16, 17, 33, 64, 65)] + [(0, 4), (150, 300), (1, 20_000)]:
        x, u, v = (rng.standard_normal(s).astype(dtype) for s in ((rows, columns), (2 * rows,), (2 * columns,)))
        for beta, alpha in ((1, 1), (1, -0.5), (0, 2), (0.25, 3)):
            want = beta * x + alpha * np.outer(u[::2], v[::2])
            for a in (ctorch.from_numpy(x), ctorch.from_numpy(np.asfortranarray(x)),
                      ctorch.from_numpy(np.repeat(x, 2, 0))[::2]):
                y = ctorch.addr(a, ctorch.from_numpy(u)[::2], ctorch.from_numpy(v)[::2], beta=beta, alpha=alpha)
                np.testing.assert_allclose(y.numpy(), want, rtol=1e-5, atol=1e-6)


def test_addr_at_the_edges():
    nan, inf = float("nan"), float("inf")
    x, u, v = ctorch.tensor([[nan, inf], [1.0, 2.0]]), ctorch.tensor([1.0, 0.0]), ctorch.tensor([inf, 3.0])
    np.testing.assert_array_equal(ctorch.addr(x, u, v).numpy(), [[nan, inf], [nan, 2]])
    np.testing.assert_array_equal(ctorch.addr(x, u, v, beta=0).numpy(), [[inf, 3], [nan, 0]])
    np.testing.assert_array_equal(ctorch.addr(ctorch.tensor([1.0, 2.0]), u, v[1:].expand(2)).numpy(), [[4, 5], [1, 2]])
    np.testing.assert_array_equal(ctorch.addr(ctorch.tensor(1.0), u, v[1:]).numpy(), [[4], [1]])
    with pytest.raises(RuntimeError):
        ctorch.addr(ctorch.ones(3, 2), u, v)
    leaves = [ctorch.from_numpy(np.random.default_rng(1).standard_normal(s)).requires_grad_() for s in ((2, 3), 2, 3)]
    for scales in ({}, {"beta": 0.5, "alpha": -2.0}, {"beta": 0}):
        assert gradcheck(lambda *given, scales=scales: ctorch.addr(*given, **scales), leaves)
        assert gradgradcheck(lambda *given, scales=scales: ctorch.addr(*given, **scales), leaves)


def test_renorm_at_the_edges():
    nan, inf = float("nan"), float("inf")
    x = ctorch.tensor([[nan, 1.0], [inf, 1.0], [0.0, 0.0], [3.0, 4.0]])
    np.testing.assert_allclose(ctorch.renorm(x, 2, 0, 1.0).numpy(), [[nan, 1], [nan, 0], [0, 0], [0.6, 0.8]])
    y = ctorch.from_numpy(np.random.default_rng(1).standard_normal((3, 4))).requires_grad_()
    assert gradcheck(lambda y: ctorch.renorm(y, 2, 0, 1.0), (y,))
    assert gradgradcheck(lambda y: ctorch.renorm(y, 2, 0, 1.0), (y,))
    assert ctorch.renorm(ctorch.ones(2, 3).T, 2, 0, 1.0).is_contiguous()


def test_renorm_and_bilinear_and_chains():
    x = values(3, 4, 2)
    mirror.check(lambda m: [m.renorm(m.tensor(x), p, d, 1.5) for p in (1, 2) for d in (0, 1, -1)])
    a, b, w, c = values(5, 3), values(5, 4), values(2, 3, 4), values(2)
    mirror.check(lambda m: m.bilinear(*map(m.tensor, (a, b, w, c))))
    mats = [values(*s) for s in ((2, 30), (30, 4), (4, 20), (20, 3))]
    mirror.check(lambda m: m.chain_matmul(*map(m.tensor, mats)), warn=False)


@pytest.mark.parametrize("function", [
    lambda x, y: ctorch.einsum("bij,bkj->bik", x, y), lambda x, y: ctorch.einsum("bii,bij->j", x[..., :3], y),
    lambda x, y: ctorch.tensordot(x, y, ([0, 2], [0, 2])), lambda x, y: ctorch.kron(x[0], y[1]),
    lambda x, y: ctorch.inner(x, y), lambda x, y: ctorch.cdist(x, y), lambda x, y: ctorch.cdist(x, y, 1.5),
    lambda x, y: ctorch.cdist(x, y, 1.0), lambda x, y: ctorch.renorm(x * y, 2, 0, 0.5),
    lambda x, y: ctorch.addbmm(x[0] @ y[0].mT, x, y.mT), lambda x, y: ctorch.addr(x[0], y[0, :, 0], x[1, 0])])
def test_derivatives(function):
    x, y = (ctorch.tensor(values(2, 3, 4, seed=i), requires_grad=True) for i in range(2))
    assert gradcheck(function, (x, y))
    assert gradgradcheck(function, (x, y))



@pytest.mark.skipif(mirror.torch is None, reason="the order of memory is PyTorch's")
@pytest.mark.parametrize("equation", ["ij,jk->ki", "ij,ljk->kli", "ij,lkj->kil", "kil->ik", "i,kji->jk", "jlk,ijl->ik",
                                      "j,ki,l->jli", "ljk,ji->il", "ij,kl->jk", "ilk,jki->ijl"])
def test_order_of_memory_like_pytorch(equation):
    sizes = {"i": 2, "j": 3, "k": 4, "l": 5}
    shapes = [[sizes[label] for label in term] for term in equation.split("->")[0].split(",")]
    mine, other = (t.einsum(equation, *(t.ones(shape) for shape in shapes)) for t in (ctorch, mirror.torch))
    assert mine.stride() == other.stride()
