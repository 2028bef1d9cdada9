"""Parts, signs and forms of numbers against NumPy and PyTorch; promotion; in-place forms and out=."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mirror import check

import ctorch
from ctorch.autograd import gradcheck, gradgradcheck

EXTREME = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 5e-324, -5e-324, 2.2e-308, 1e300, -1e300, 180.0, np.inf, -np.inf, np.nan]
REALS = {"deg2rad": np.deg2rad, "rad2deg": np.rad2deg, "signbit": np.signbit, "isposinf": np.isposinf,
         "isneginf": np.isneginf}
PAIRS = {"nextafter": np.nextafter, "logaddexp2": np.logaddexp2, "copysign": np.copysign, "hypot": np.hypot,
         "fmax": np.fmax, "fmin": np.fmin, "maximum": np.maximum, "minimum": np.minimum}
INTEGERS = ["uint8", "int8", "int16", "int32", "int64"]
floats = st.lists(st.floats(width=64) | st.sampled_from(EXTREME), min_size=1, max_size=9)


@given(floats, st.sampled_from(sorted(REALS)), st.sampled_from(["float32", "float64"]))
@settings(max_examples=200)
def test_values_equal_numpys(values, name, dtype):
    with np.errstate(all="ignore"):
        x = np.array(values).astype(dtype)
        want = REALS[name](x)
    got = getattr(ctorch, name)(ctorch.from_numpy(x)).numpy()
    assert got.dtype == want.dtype
    np.testing.assert_allclose(got, want, rtol=4 * np.finfo(dtype).eps, atol=np.finfo(dtype).tiny)
    assert np.array_equal(np.signbit(got), np.signbit(want)) or np.isnan(want).any()


@given(floats, floats, st.sampled_from(sorted(PAIRS)))
@settings(max_examples=300)
def test_pairs_equal_numpys(first, second, name):
    n = min(len(first), len(second))
    x, y = np.array(first[:n]), np.array(second[:n])
    with np.errstate(all="ignore"):
        want = PAIRS[name](x, y)
    got = getattr(ctorch, name)(ctorch.from_numpy(x), ctorch.from_numpy(y)).numpy()
    np.testing.assert_allclose(got, want, rtol=1e-14, atol=1e-16)


@given(st.data(), st.sampled_from(INTEGERS), st.sampled_from(["gcd", "lcm"]))
@settings(max_examples=200)
def test_divisors_equal_numpys(data, dtype, name):
    info = np.iinfo(dtype)
    whole = st.integers(info.min + 1 if info.min else 0, info.max) | st.integers(0, 30)
    x = np.array(data.draw(st.lists(whole, min_size=1, max_size=6)), dtype)
    y = np.array(data.draw(st.lists(whole, min_size=len(x), max_size=len(x))), dtype)
    if name == "lcm":
        x, y = x % 11, y % 11                            # NumPy's wraps in another way
    want = getattr(np, name)(x, y)
    np.testing.assert_array_equal(getattr(ctorch, name)(ctorch.from_numpy(x), ctorch.from_numpy(y)).numpy(), want)


@pytest.mark.parametrize("dtype", [*INTEGERS, "bool", "float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("name", ["deg2rad", "rad2deg", "sinc", "signbit", "isposinf", "isneginf", "isreal", "angle",
                                  "positive", "conj_physical", "resolve_conj", "is_conj", "real", "square", "frac",
                                  "nan_to_num", "sgn", "neg"])
def test_dtypes(name, dtype):
    def act(m):
        y = getattr(m, name)(m.tensor([0, 1, 3]).to(getattr(m, dtype)))
        return y if isinstance(y, bool) else (str(y.dtype).split(".")[-1], (y.float() if y.is_floating_point() else y))
    check(act, 1e-2 if "16" in dtype else 1e-5)


@pytest.mark.parametrize("name", ["frexp", "nextafter", "heaviside", "logaddexp2", "float_power", "ldexp"])
@pytest.mark.parametrize("dtype", ["int64", "bool", "float32", "float64"])
def test_dtypes_of_pairs(name, dtype):
    def act(m):
        x = m.tensor([0, 1, 3]).to(getattr(m, dtype))
        return list(m.frexp(x)) if name == "frexp" else getattr(m, name)(x, m.tensor([2, 1, 2]).to(x.dtype))
    check(act)


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_the_next_half(kind):
    values = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, float("inf"), -float("inf"), float("nan"), 3.0]

    def check_half(m):
        half = getattr(m, kind)
        return [m.nextafter(m.tensor(values).to(half), m.tensor(t).to(half).expand(10)).float()
                for t in (0.0, 5.0, -5.0, float("inf"), float("nan"))]

    if kind == "bfloat16":
        check(check_half, 0, 0)
    for got, toward in zip(check_half(ctorch), (0.0, 5.0, -5.0, np.inf, np.nan)):
        if kind == "float16":
            with np.errstate(all="ignore"):
                want = np.nextafter(np.array(values, np.float16), np.float16(toward))
            np.testing.assert_array_equal(got.numpy(), want.astype(np.float32))


def test_frexp():
    values = [0.0, -0.0, 1.0, -3.0, 0.1, 1e-310, 1e300, float("inf"), float("nan")]
    check(lambda m: list(m.frexp(m.tensor(values, dtype=m.float64)))[:1], 0, 0)
    check(lambda m: list(m.frexp(m.tensor(values[:-2], dtype=m.float64))), 0, 0)
    result = ctorch.frexp(ctorch.tensor([4.0]))
    assert (result.mantissa.item(), result.exponent.item()) == (0.5, 3)
    out = ctorch.empty(1), ctorch.empty(1, dtype=ctorch.int32)
    ctorch.frexp(ctorch.tensor([6.0]), out=out)
    assert (out[0].item(), out[1].item()) == (0.75, 3)


@pytest.mark.parametrize("name", ["deg2rad", "sinc", "angle", "frexp"])
def test_gradients(name):
    x = ctorch.tensor([0.3, -1.7, 2.5], dtype=ctorch.float64, requires_grad=True)
    function = (lambda t: ctorch.frexp(t).mantissa) if name == "frexp" else getattr(ctorch, name)
    assert gradcheck(function, [x])
    assert gradgradcheck(function, [x])


@pytest.mark.parametrize("name", ["logaddexp2", "ldexp", "float_power", "hypot", "lerp"])
def test_gradients_of_pairs(name):
    x = ctorch.tensor([0.3, 1.7, 2.5], dtype=ctorch.float64, requires_grad=True)
    y = ctorch.tensor([1.1, 0.4, 1.9], dtype=ctorch.float64, requires_grad=True)
    function = (lambda a, b: ctorch.lerp(a, b, 0.7)) if name == "lerp" else getattr(ctorch, name)
    assert gradcheck(function, [x, y])
    assert gradgradcheck(function, [x, y])


# ---- complex numbers

def z(m, **options):
    return m.tensor([[1 + 2j, -3j], [-1.5 + 0j, 0j]], dtype=m.complex128, **options)


@pytest.mark.parametrize("name", ["real", "imag", "view_as_real", "angle", "conj_physical", "isreal", "sinc"])
def test_complex(name):
    check(lambda m: getattr(m, name)(z(m)), 1e-12)
    if name != "isreal":
        x = (z(ctorch) + (0.5 + 0.25j)).requires_grad_()
        assert gradcheck(getattr(ctorch, name), [x])
        assert gradgradcheck(getattr(ctorch, name), [x])


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_derivatives_of_sinc_beside_nought(dtype):
    near = np.array([0, 1e-30, -1e-17, 1e-9, 3e-4, -2e-3])
    x = ctorch.tensor(near, dtype=getattr(ctorch, dtype), requires_grad=True)
    first, = ctorch.autograd.grad(x.sinc(), x, ctorch.ones_like(x), create_graph=True)
    second, = ctorch.autograd.grad(first, x, ctorch.ones_like(x))
    rtol = 1e-6 if dtype in ("float32", "complex64") else 1e-9
    square = (np.pi * near) ** 2
    np.testing.assert_allclose(first.detach().numpy(), -np.pi ** 2 / 3 * near * (1 - square / 10), rtol, 0)
    np.testing.assert_allclose(second.numpy(), -np.pi ** 2 / 3 * (1 - 0.3 * square), rtol, 0)
    if rtol < 1e-6:
        x = ctorch.tensor([0, 1e-3, 0.0999, -0.1001, 0.5, -1.7], dtype=getattr(ctorch, dtype), requires_grad=True)
        assert gradcheck(ctorch.sinc, [x], check_forward_ad=True) and gradgradcheck(ctorch.sinc, [x])


def test_parts_are_views():
    def act(m):
        x = z(m)
        x.real[0] = 7
        x.imag += 1
        m.view_as_real(x)[1, 0, 0] = 5
        m.view_as_complex(m.view_as_real(x))[1, 1] *= 2
        x.real = m.zeros(2, 2, dtype=m.float64)
        return x
    check(act, warn=False)


@pytest.mark.parametrize("act", [
    lambda m: m.view_as_complex(m.arange(8.0).reshape(2, 2, 2)),
    lambda m: m.view_as_complex(m.arange(16.0).reshape(2, 4, 2)[:, ::2]),
    lambda m: m.view_as_complex(m.ones(3)),
    lambda m: m.view_as_complex(m.arange(4.0).as_strided((1, 2), (1, 1))),
    lambda m: m.view_as_complex(m.arange(8.0).as_strided((1, 3, 2), (3, 2, 1))),
    lambda m: m.view_as_complex(m.arange(8.0).as_strided((2, 2), (3, 1))),
    lambda m: m.view_as_complex(m.ones(())),
    lambda m: m.view_as_complex(m.ones(4, 2).t().contiguous().t()),
    lambda m: m.view_as_complex(m.ones(3, 2).long()),
    lambda m: m.view_as_real(m.ones(3, 2)),
    lambda m: m.imag(m.ones(3)),
    lambda m: m.complex(m.ones(2), m.tensor([[1.0], [2.0]])),
    lambda m: m.complex(m.ones(2), m.ones(2).double()),
    lambda m: m.complex(m.ones(2).long(), m.ones(2)),
    lambda m: m.polar(m.tensor([1.0, 2.0]), m.tensor([0.5, -2.0])),
    lambda m: m.ones(2, dtype=m.bool) - m.ones(2, dtype=m.bool),
    lambda m: m.ones(2, dtype=m.bool) - 1,
    lambda m: 1 - m.ones(2, dtype=m.bool),
    lambda m: m.ones(2) - m.ones(2, dtype=m.bool),
    lambda m: -m.ones(2, dtype=m.bool),
    lambda m: m.positive(m.ones(2, dtype=m.bool)),
    lambda m: m.heaviside(m.ones(2), m.ones(2).double()),
    lambda m: m.heaviside(m.ones(2, dtype=m.complex64), m.ones(2, dtype=m.complex64)),
    lambda m: m.frexp(m.ones(2).long()),
    lambda m: m.heaviside(m.tensor([-1.0, 0.0, 2.0, float("nan"), -0.0]), m.tensor(0.5)),
])
def test_results_and_errors_equal_pytorchs(act):
    check(act, message=True, warn=False)


def test_gradients_of_complex_numbers_made():
    a = ctorch.tensor([0.5, 2.0], dtype=ctorch.float64, requires_grad=True)
    b = ctorch.tensor([1.5, -1.0], dtype=ctorch.float64, requires_grad=True)
    for function in (ctorch.complex, ctorch.polar):
        assert gradcheck(function, [a, b])
        assert gradgradcheck(function, [a, b])


# ---- operators, in-place forms, out=

@pytest.mark.parametrize("act", [
    lambda m, x: 1 << x, lambda m, x: x << 2, lambda m, x: 64 >> x, lambda m, x: x >> 1,
    lambda m, x: x.bitwise_left_shift(x), lambda m, x: 3 & x, lambda m, x: x | 4, lambda m, x: 5 ^ x,
    lambda m, x: ~x, lambda m, x: 7 // x, lambda m, x: 7 % x, lambda m, x: 2 ** x, lambda m, x: x.__rdiv__(6),
])
def test_operators(act):
    check(lambda m: act(m, m.tensor([1, 2, 3])))


def test_shifts_in_place():
    def act(m):
        x = m.tensor([1, 2, 300])
        x <<= 3
        x >>= m.tensor([1, 0, 2])
        return x
    check(act)


IN_PLACE = {"deg2rad_": (), "rad2deg_": (), "sinc_": (), "i0_": (), "nan_to_num_": (), "heaviside_": (0.5,),
            "ldexp_": (2.0,), "nextafter_": (3.0,), "igamma_": (2.0,), "true_divide_": (4,), "xlogy_": (2.0,),
            "copysign_": (-1.0,), "hypot_": (2.0,), "mvlgamma_": (1,), "conj_physical_": (), "float_power_": (2,)}


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place(name):
    def act(m):
        x = m.tensor([0.5, 1.0, 2.0], dtype=m.float64)
        args = [m.tensor(a, dtype=m.float64) if isinstance(a, float) else a for a in IN_PLACE[name]]
        y = getattr(x, name)(*args)
        assert y is x
        return x
    check(act, 1e-10)


@pytest.mark.parametrize("name", ["gcd_", "lcm_", "bitwise_not_"])
def test_integers_in_place(name):
    check(lambda m: getattr(m.tensor([12, 18, -7]), name)(*([] if name == "bitwise_not_" else [m.tensor(8)])))


def test_functions_in_place():
    x = ctorch.tensor([-1.5, 2.5])
    assert ctorch.abs_(x) is x
    assert ctorch.nan_to_num_(ctorch.round_(x)).tolist() == [2, 2]
    with pytest.raises(AttributeError):
        _ = ctorch.nothing_


@pytest.mark.parametrize("name", ["div", "clamp", "round", "addcmul", "nan_to_num", "angle", "polar", "ldexp"])
def test_out(name):
    def act(m):
        x, y = m.tensor([0.5, 1.5, -2.5]), m.tensor([1.0, 2.0, 3.0])
        args = {"div": (x, y), "clamp": (x, 0.0, 1.0), "round": (x,), "addcmul": (x, y, y), "nan_to_num": (x,),
                "angle": (x,), "polar": (y, x), "ldexp": (x, y)}[name]
        out = m.empty(3, dtype=m.complex64 if name == "polar" else m.float32)
        assert getattr(m, name)(*args, out=out) is out
        return out
    check(act)


def test_lerp_reaches_its_ends():
    x, y = ctorch.tensor([0.1, 1e8, -3.0]), ctorch.tensor([0.7, 1.0, 1e9])
    assert ctorch.equal(ctorch.lerp(x, y, 1.0), y)
    assert ctorch.equal(ctorch.lerp(x, y, 0.0), x)
    check(lambda m: m.lerp(m.tensor([1.0, 2.0]), m.tensor([3.0, 5.0]), m.tensor([0.25, 0.75])), 0, 0)


def test_without_lazy_conjugates():
    x = z(ctorch)
    assert not x.conj().is_conj()
    assert x.resolve_conj() is x
    assert not x.is_neg()
    assert x.resolve_neg() is x


@pytest.mark.parametrize("length", [1, 4, 40])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_roots_are_those_of_numbers_alone(dtype, length):
    # x ** 0.5 is a square root, but of float16; a tensor as the exponent makes a power of any
    power = [np.inf, 0.0, np.inf]
    root = power if dtype == "float16" else [-np.inf, -0.0, np.nan]
    zero, far = (ctorch.full((length,), v, dtype=getattr(ctorch, dtype)) for v in (-0.0, -np.inf))
    half = ctorch.tensor(0.5, dtype=zero.dtype)
    for wanted, exponents in ((root, [0.5]), (power, [half, half.expand(length), half.repeat(length)])):
        for e in exponents:
            for found, want in zip((zero ** -e, zero ** e, far ** e), wanted):
                np.testing.assert_array_equal(found.double().numpy(), np.full(length, want))
                assert ctorch.signbit(found).all() == bool(np.signbit(want)) or want != want
    assert np.array_equal(zero.clone().pow_(half).signbit().numpy(), np.zeros(length, bool))


def test_powers_of_bools():
    x = ctorch.tensor([True, False])
    assert x.pow(True).tolist() == [True, False] and x.pow(False).tolist() == [True, True]
    assert x.pow(2).dtype is ctorch.int64
    with pytest.raises(NotImplementedError, match="pow"):
        x.pow(x)
