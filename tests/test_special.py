"""ctorch.special against SciPy and PyTorch: values, extreme values, promotion, derivatives, errors."""
import mpmath as mp
import numpy as np
import pytest
import scipy.special as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from mirror import check

import ctorch
from ctorch.autograd import gradcheck, gradgradcheck

EXTREME = [0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, 2.2e-308, 1e-30, 0.5, -0.5, 20.0, -20.0, 1e5, 1e300, -1e300,
           np.inf, -np.inf, np.nan]
# Name of ours: SciPy's function. Those whose values at the edges differ between SciPy and PyTorch are not here.
UNARY = {"airy_ai": lambda x: sp.airy(x)[0], "bessel_j0": sp.j0, "bessel_j1": sp.j1, "bessel_y0": sp.y0,
         "bessel_y1": sp.y1, "digamma": sp.psi, "entr": sp.entr, "erf": sp.erf, "erfc": sp.erfc, "erfcx": sp.erfcx,
         "exp2": np.exp2, "expit": sp.expit, "expm1": np.expm1, "i0": sp.i0, "i0e": sp.i0e, "i1": sp.i1,
         "i1e": sp.i1e, "log1p": np.log1p, "log_ndtr": sp.log_ndtr, "modified_bessel_k0": sp.k0,
         "modified_bessel_k1": sp.k1, "ndtr": sp.ndtr, "ndtri": sp.ndtri, "scaled_modified_bessel_k0": sp.k0e,
         "scaled_modified_bessel_k1": sp.k1e}
BINARY = {"gammainc": sp.gammainc, "gammaincc": sp.gammaincc, "xlogy": sp.xlogy, "xlog1py": sp.xlog1py,
          "zeta": sp.zeta}
POLYNOMIALS = {"chebyshev_polynomial_t": sp.eval_chebyt, "chebyshev_polynomial_u": sp.eval_chebyu,
               "hermite_polynomial_h": sp.eval_hermite, "hermite_polynomial_he": sp.eval_hermitenorm,
               "laguerre_polynomial_l": sp.eval_laguerre, "legendre_polynomial_p": sp.eval_legendre,
               "shifted_chebyshev_polynomial_t": sp.eval_sh_chebyt, "shifted_chebyshev_polynomial_u": sp.eval_sh_chebyu,
               "chebyshev_polynomial_v": None, "chebyshev_polynomial_w": None, "shifted_chebyshev_polynomial_v": None,
               "shifted_chebyshev_polynomial_w": None}
# Domains in which derivatives are checked.
DOMAIN = {"ndtri": (0.1, 0.9), "erfinv": (-0.8, 0.8), "entr": (0.2, 3), "log1p": (-0.5, 2), "bessel_y0": (0.5, 4),
          "bessel_y1": (0.5, 4), "modified_bessel_k0": (0.5, 4), "modified_bessel_k1": (0.5, 4),
          "scaled_modified_bessel_k0": (0.5, 4), "scaled_modified_bessel_k1": (0.5, 4), "digamma": (0.3, 4),
          "gammaln": (0.3, 4), "logit": (0.1, 0.9)}
numbers = st.lists(st.floats(width=64) | st.floats(-30, 30) | st.sampled_from(EXTREME), min_size=1, max_size=8)


def equal(got, want, rtol=1e-11, atol=1e-300):
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(got.numpy(), want, rtol=rtol, atol=atol)


@given(numbers, st.sampled_from(sorted(UNARY)))
@settings(max_examples=400)
def test_values_equal_scipys(values, name):
    x = np.array(values)
    with np.errstate(all="ignore"):
        want = UNARY[name](x)
    if name == "digamma":
        # Far below zero only the poles count, and beside one SciPy's reflection loses its digits.
        with np.errstate(invalid="ignore"):
            lost = (x < -50) | ((x < -0.5) & (np.abs(x - np.round(x)) < 1e-6))
        want, x = np.where(lost, np.nan, want), np.where(lost, np.nan, x)
        want = np.where(x == 0, np.copysign(np.inf, -x), want)
    if name.startswith("bessel"):                         # SciPy's x - pi/4 loses the phase
        want, x = (np.where(np.abs(x) > 1e7, np.nan, v) for v in (want, x))
    if name == "airy_ai":
        want, x = (np.where(x < -1e4, np.nan, v) for v in (want, x))
        want = np.where(x > 1e3, 0, want)
    if "bessel_k" in name:                                # SciPy's square x before the logarithm
        want, x = (np.where((x > 0) & (x < 1e-150), np.nan, v) for v in (want, x))
    near = 1e-9 if name in ("bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "digamma") else 1e-300
    equal(getattr(ctorch.special, name)(ctorch.from_numpy(x)), want, 1e-10, near)


@given(numbers, numbers, st.sampled_from(sorted(BINARY)))
@settings(max_examples=300)
def test_binary_values_equal_scipys(first, second, name):
    n = min(len(first), len(second))
    x, y = np.array(first[:n]), np.array(second[:n])
    if name == "zeta":                                   # SciPy's is right only where it does not need reflection
        x, y = np.minimum(np.abs(x), 60), np.minimum(np.abs(y), 1e4)
    with np.errstate(all="ignore"):
        want = BINARY[name](x, y)
    equal(getattr(ctorch.special, name)(ctorch.from_numpy(x), ctorch.from_numpy(y)), want, 1e-9, 1e-290)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", sorted({*UNARY, "sinc", "spherical_bessel_j0", "gammaln", "erfinv", "logit", "psi",
                                         "modified_bessel_i0", "modified_bessel_i1", "round"}))
def test_values_equal_pytorchs(name, dtype):
    values = [0.0, 0.25, 0.5, 1.0, 1.5, 3.0, 7.75, 12.5, 0.03125, float("nan"), float("inf")]
    if name == "airy_ai":
        values = values[:-1]                             # PyTorch's is NaN at infinity, the limit is zero
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    if name.startswith("bessel"):
        tolerance = max(tolerance, 1e-6)                 # PyTorch's own error; SciPy's is the reference above
    check(lambda m: getattr(m.special, name)(m.tensor(values, dtype=getattr(m, dtype))), tolerance, tolerance / 100)


REFERENCE = {"i0": (lambda x: mp.besseli(0, x), -720, 720), "i1": (lambda x: mp.besseli(1, x), -720, 720),
             "i0e": (lambda x: mp.besseli(0, x) * mp.exp(-abs(x)), -1e3, 1e3),
             "i1e": (lambda x: mp.besseli(1, x) * mp.exp(-abs(x)), -1e3, 1e3),
             "modified_bessel_k0": (lambda x: mp.besselk(0, x), 0, 700),
             "modified_bessel_k1": (lambda x: mp.besselk(1, x), 0, 700),
             "scaled_modified_bessel_k0": (lambda x: mp.besselk(0, x) * mp.exp(x), 0, 1e3),
             "scaled_modified_bessel_k1": (lambda x: mp.besselk(1, x) * mp.exp(x), 0, 1e3),
             "bessel_j0": (lambda x: mp.besselj(0, x), -200, 200), "bessel_j1": (lambda x: mp.besselj(1, x), -200, 200),
             "bessel_y0": (lambda x: mp.bessely(0, x), 0, 200), "bessel_y1": (lambda x: mp.bessely(1, x), 0, 200),
             "airy_ai": (mp.airyai, -100, 90), "gammaln": (lambda x: mp.log(abs(mp.gamma(x))), -20, 300),
             "digamma": (mp.digamma, -20, 300), "trigamma": (lambda x: mp.polygamma(1, x), -20, 300),
             "ndtr": (mp.ncdf, -35, 9), "erfinv": (mp.erfinv, -1, 1)}


@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_errors_are_a_few_units_in_the_last_place(name):
    exact, low, high = REFERENCE[name]
    rng = np.random.default_rng(0)
    near = rng.uniform(max(low, -10), min(high, 10), 60)
    x = np.concatenate([near, rng.uniform(low, high, 60), near / 1e3])
    function = (lambda t: ctorch.polygamma(1, t)) if name == "trigamma" else getattr(ctorch.special, name)
    for dtype, ulps in ((np.float64, 12), (np.float32, 4)):
        points = x.astype(dtype)
        with mp.workdps(30):
            want = [exact(mp.mpf(float(v))) for v in points]
        got = function(ctorch.from_numpy(points)).numpy().astype(np.float64)
        strided = function(ctorch.from_numpy(np.repeat(points, 2))[::2]).numpy().astype(np.float64)
        np.testing.assert_array_equal(got, strided)
        error = np.array([float(abs(mp.mpf(g) - w)) if np.isfinite(g) else 0 for g, w in zip(got, want)])
        size = np.abs(np.array([float(w) for w in want]))
        assert np.all(np.isfinite(got) | (size > np.finfo(dtype).max))
        if oscillates := name.startswith(("bessel", "airy", "gammaln", "digamma")):
            size = np.maximum(size, 0.05)                     # near zeros the error is one of what cancels there
        limit = ulps * (40 if oscillates and dtype == np.float64 else 1)
        assert np.max(error / np.maximum(size, np.finfo(dtype).tiny)) < limit * np.finfo(dtype).eps


@pytest.mark.parametrize("low, high, units", [(0.01, 0.5, 64), (0.01, 2, 64), (0.3, 6, 64), (1, 1.01, 64),
                                              (2, 90, 512)])
@pytest.mark.parametrize("name, start, end", [("gammainc", 0, None), ("gammaincc", None, mp.inf)])
def test_incomplete_gamma_functions_take_all_digits(name, start, end, low, high, units):
    rng = np.random.default_rng(0)
    a, x = np.exp(rng.uniform(np.log(low), np.log(high), (2, 150)))
    x[:10] = a[:10] * (1 + rng.uniform(-1e-6, 1e-6, 10))
    with mp.workdps(30):
        want = np.array([float(mp.gammainc(mp.mpf(s), *(t if bound is None else bound for bound in (start, end)),
                                           regularized=True)) for s, t in zip(a, map(mp.mpf, x))])
    got = getattr(ctorch.special, name)(*map(ctorch.from_numpy, (a, x))).numpy()
    assert np.max(np.abs(got - want) / want) < units * np.finfo(np.float64).eps


@pytest.mark.parametrize("name", sorted(POLYNOMIALS))
def test_polynomials(name):
    x = [-2.0, -1.0, -0.75, -0.25, 0.0, 0.5, 0.9375, 1.0, 1.5]
    for n in (-1, 0, 1, 2, 3, 7, 12):
        check(lambda m, n=n: getattr(m.special, name)(m.tensor(x, dtype=m.float64), n), 1e-9, 1e-9)
        nan = getattr(ctorch.special, name)(ctorch.tensor(float("nan")), n)      # PyTorch's is not set by any code
        assert nan.isnan().item() == (n > 0)
    check(lambda m: getattr(m.special, name)(0.5, m.tensor([0.0, 2.0, 4.0, 10.0])), 1e-5, 1e-5)
    check(lambda m: getattr(m.special, name)(m.tensor([[1], [2]]), m.tensor([0, 3, 5])), 1e-5, 1e-5)
    if POLYNOMIALS[name]:
        points = np.linspace(-0.9, 0.9, 37)
        got = getattr(ctorch.special, name)(ctorch.from_numpy(points), 9)
        equal(got, POLYNOMIALS[name](9, points), 1e-9, 1e-9)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5])
def test_polygamma(n):
    x = np.array([0.1, 0.5, 1.0, 2.5, 10.0, 123.0, -0.5, -2.25])
    got = ctorch.polygamma(n, ctorch.from_numpy(x))
    check(lambda m: m.polygamma(n, m.from_numpy(x)), 1e-9, 1e-12)
    equal(got[:6], sp.polygamma(n, x[:6]), 1e-12)
    y = ctorch.from_numpy(x[:4].copy()).requires_grad_()
    assert gradcheck(lambda t: t.polygamma(n), [y])
    assert gradgradcheck(lambda t: ctorch.special.polygamma(n, t), [y])
    assert ctorch.equal(y.detach().clone().polygamma_(n), got[:4])


@pytest.mark.parametrize("p", [1, 2, 5])
def test_mvlgamma(p):
    x = ctorch.tensor([[3.5, 4.0], [7.25, 100.0]], dtype=ctorch.float64)
    equal(ctorch.mvlgamma(x, p), np.array([[sp.multigammaln(v, p) for v in row] for row in x.tolist()]))
    check(lambda m: m.mvlgamma(m.tensor([3.5, 9.0]), p))
    assert gradcheck(lambda t: ctorch.special.multigammaln(t, p), [x.requires_grad_()])


@pytest.mark.parametrize("name", sorted({*UNARY, "erfinv", "gammaln", "logit", "sinc", "spherical_bessel_j0"}
                                        - {"airy_ai"}))
def test_gradients(name):
    low, high = DOMAIN.get(name, (-2.5, 2.5))
    x = ctorch.from_numpy(np.linspace(low, high, 8) + 0.013).requires_grad_()
    assert gradcheck(getattr(ctorch.special, name), [x])
    assert gradgradcheck(getattr(ctorch.special, name), [x])


@pytest.mark.parametrize("name", ["xlogy", "xlog1py"])
def test_gradients_of_two(name):
    x = ctorch.tensor([[0.5], [2.0]], dtype=ctorch.float64, requires_grad=True)
    y = ctorch.tensor([0.25, 1.5, 3.0], dtype=ctorch.float64, requires_grad=True)
    assert gradcheck(getattr(ctorch.special, name), [x, y])
    assert gradgradcheck(getattr(ctorch.special, name), [x, y])


@pytest.mark.parametrize("name", ["gammainc", "gammaincc", "zeta"])
def test_gradients_of_the_second(name):
    x = ctorch.tensor([[1.5], [2.5]], dtype=ctorch.float64)
    y = ctorch.tensor([0.25, 1.5, 3.0], dtype=ctorch.float64, requires_grad=True)
    assert gradcheck(lambda t: getattr(ctorch.special, name)(x, t), [y])
    assert gradgradcheck(lambda t: getattr(ctorch.special, name)(x, t), [y])


@pytest.mark.parametrize("name", ["i0", "i1", "i0e", "i1e", "sinc", "spherical_bessel_j0", "bessel_j1"])
def test_gradients_at_zero(name):
    def slope(m):
        x = m.zeros(1, dtype=m.float64, requires_grad=True)
        getattr(m.special, name)(x).backward()
        return x.grad + 0
    if name in ("spherical_bessel_j0", "bessel_j1"):     # PyTorch has no derivative of these
        assert slope(ctorch).item() == pytest.approx({"bessel_j1": 0.5}.get(name, 0), rel=1e-14)
    else:
        check(slope)


@pytest.mark.parametrize("dtype, allowed", [("float32", 0.6), ("float64", 2)])
def test_erfcx_in_ulps(dtype, allowed):
    x = np.concatenate([np.linspace(-26.6, 10, 1500), np.logspace(-9, 30, 300), -np.logspace(-9, 1, 200)]).astype(dtype)
    got = ctorch.special.erfcx(ctorch.from_numpy(x)).numpy()
    with mp.workdps(40):
        want = [mp.exp(mp.mpf(v) ** 2) * mp.erfc(v) if v < 1e4 else (1 - mp.mpf(v) ** -2 / 2) / (v * mp.sqrt(mp.pi))
                for v in map(float, x)]
    with np.errstate(over="ignore"):
        near = np.array([float(v) for v in want]).astype(dtype)
    for v, g, w, n in zip(x, got, want, near):
        assert g == n if np.isinf(n) else abs(float(g - w)) <= allowed * np.spacing(n), v


@pytest.mark.parametrize("name", ["i0", "i1e", "ndtr", "bessel_j0", "entr", "erfcx", "ndtri", "log_ndtr"])
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "int64"])
def test_integers_become_the_default_dtype(name, dtype):
    check(lambda m: getattr(m.special, name)(m.tensor([0, 1, 1]).to(getattr(m, dtype))))


@pytest.mark.parametrize("name", ["i0", "i1", "erfcx", "ndtri", "entr", "log_ndtr"])
def test_halves(name):
    x = ctorch.tensor([0.25, 0.5, 0.75])
    for dtype in (ctorch.float16, ctorch.bfloat16):
        want = getattr(ctorch.special, name)(x.to(dtype).float()).to(dtype)
        assert ctorch.equal(getattr(ctorch.special, name)(x.to(dtype)), want)


def test_numbers_out_and_strides():
    x = ctorch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert ctorch.equal(ctorch.special.zeta(x.t(), 2.0), ctorch.special.zeta(x, 2.0).t())
    check(lambda m: m.special.zeta(2.0, m.tensor([1.0, 2.0])))
    check(lambda m: m.special.xlog1py(m.tensor([1, 2]), 3))
    check(lambda m: m.special.gammainc(m.tensor([1.0, 2.0]), m.tensor([3.0])))
    out = ctorch.empty(2, 3)
    assert ctorch.special.i1(x, out=out) is out
    assert ctorch.special.bessel_j0(x[:0]).shape == (0, 3)
    y = x.clone().i0_()
    assert ctorch.equal(y, ctorch.i0(x))


@pytest.mark.parametrize("act", [
    lambda m: m.polygamma(-1, m.ones(2)),
    lambda m: m.mvlgamma(m.ones(2), 0),
    lambda m: m.special.i0(m.ones(2, dtype=m.complex64)),
    lambda m: m.special.i0("x"),
    lambda m: m.special.softmax(m.ones(2), 5),
])
def test_errors(act):
    check(act)


def test_softmaxes():
    x = [[0.5, -1.0], [2.0, 3.0]]
    check(lambda m: m.special.softmax(m.tensor(x), 1))
    check(lambda m: m.special.log_softmax(m.tensor(x), 0, dtype=m.float64))
    check(lambda m: m.special.logsumexp(m.tensor(x), 1))


def test_all_names_of_pytorchs():
    torch = pytest.importorskip("torch")
    theirs = {n for n in dir(torch.special) if not n.startswith("_")} - {"Tensor", "torch", "common_args",
                                                                        "multi_dim_common"}
    assert theirs == {*ctorch.special.__all__}


def test_incomplete_gamma_of_single_precision():
    # To the last bit but one, wherever it is calculated: series, fraction, SciPy.
    rng = np.random.default_rng(5)
    a = np.concatenate([10**rng.uniform(-4, 2.3, 20000), rng.uniform(0, 70, 20000)]).astype(np.float32)
    x = np.concatenate([10**rng.uniform(-6, 3, 20000), rng.uniform(0, 90, 20000)]).astype(np.float32)
    for name, function in (("igamma", sp.gammainc), ("igammac", sp.gammaincc)):
        exact = function(a.astype(np.float64), x.astype(np.float64))
        got = getattr(ctorch, name)(ctorch.from_numpy(a), ctorch.from_numpy(x)).numpy()
        error = np.abs(got - exact) / np.spacing(np.maximum(exact, 1.2e-38).astype(np.float32))
        assert error.max() < 0.75
        for i in (0, 1):                                                   # one number for a line
            row = getattr(ctorch, name)(*[t[i] if k == i else t for k, t in enumerate(
                (ctorch.from_numpy(a[:300]), ctorch.from_numpy(x[:300])))])
            want = getattr(ctorch, name)(*[t[i].expand(300).clone() if k == i else t for k, t in enumerate(
                (ctorch.from_numpy(a[:300]), ctorch.from_numpy(x[:300])))])
            assert ctorch.equal(row, want)


def test_airy_stays_small_where_its_phase_is_lost():
    x = -ctorch.tensor([1e16, 5.7e192], dtype=ctorch.float64)
    assert (ctorch.special.airy_ai(x).abs() <= (-x) ** -0.25).all()


def test_log_gamma_beside_its_zeros():
    x = np.array([-2.4570247382208005, -2.457024738220801, -3.1435808883499, -3.95, -6.001760863752292,
                  -6.999848789553326])
    with mp.workdps(40):
        want = [float(mp.loggamma(mp.mpf(v)).real) for v in x.tolist()]
    np.testing.assert_allclose(ctorch.lgamma(ctorch.from_numpy(x)).numpy(), want, rtol=1e-15)


def test_infinite_powers_below_the_poles_of_zeta():
    x = ctorch.tensor([-100.25, -20.5, -0.5, 0.5, 2.0])
    assert ctorch.special.zeta(float("inf"), x).tolist() == [float("inf")] * 4 + [0.0]


def test_the_pole_of_zeta_does_not_ask_where():
    assert ctorch.special.zeta(ctorch.ones(2), ctorch.tensor([float("nan"), 3.0])).tolist() == [float("inf")] * 2


SMOOTH = {"i1": lambda x: mp.besseli(1, x), "i1e": lambda x: mp.exp(-abs(x)) * mp.besseli(1, x),
          "log_ndtr": lambda x: mp.log(mp.ncdf(x))}


@pytest.mark.parametrize("dtype, rtol", [("float64", 1e-11), ("float32", 3e-5)])
@pytest.mark.parametrize("name", SMOOTH)
def test_derivatives_keep_their_digits(name, dtype, rtol):
    right = [20.0, 37.5, 38.5] if name == "log_ndtr" else []
    places = np.array([-9.0, -2.5, 0.0999, 0.1001, 1e-3, 1e-8, 1e-30, 4.9, 5.1, 9.0, *right], dtype).tolist()
    x = ctorch.tensor(places, dtype=getattr(ctorch, dtype), requires_grad=True)
    (first,) = ctorch.autograd.grad(getattr(ctorch.special, name)(x).sum(), x, create_graph=True)
    (second,) = ctorch.autograd.grad(first.sum(), x)
    with mp.workdps(400):
        slopes = [[float(mp.diff(SMOOTH[name], p, n, h=mp.mpf(10) ** -60)) for p in places] for n in (1, 2)]
    for found, want in zip((first.detach(), second), slopes):
        equal(found, np.array(want), rtol, 1e-37 if dtype == "float32" else 1e-300)


def test_derivatives_far_out_are_numbers():
    x = ctorch.tensor([-1e150, 1e150], dtype=ctorch.float64, requires_grad=True)
    for name, want in ("log_ndtr", [1e150, 0.0]), ("i1e", [0.0, 0.0]):
        (first,) = ctorch.autograd.grad(getattr(ctorch.special, name)(x).sum(), x, create_graph=True)
        assert first.tolist() == pytest.approx(want)
        assert ctorch.autograd.grad(first.sum(), x)[0].tolist()[1] == 0
