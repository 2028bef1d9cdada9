"""Integrals against SciPy alone, closed forms and finite differences."""
import numpy as np
import pytest
from scipy import integrate, special

import ctorch
from ctorch.autograd import grad, gradcheck, gradgradcheck
from ctorch.scipy.integrate import quad

F64 = ctorch.float64


def leaf(values, dtype=F64):
    return ctorch.tensor(values, dtype=dtype, requires_grad=True)


def wave(x, a):
    return ctorch.exp(-a[0] * x) * a[1] ** 2 * ctorch.sin(x)


def test_derivatives_by_parameters_and_limits():
    given = leaf([2.0, 0.9]), leaf(0.1), leaf(1.1)

    def f(a, lower, upper):
        return quad(wave, lower, upper, args=(a,))[0]

    alone, error = integrate.quad(lambda x: np.exp(-2 * x) * 0.81 * np.sin(x), 0.1, 1.1)
    y, ours = quad(wave, given[1], given[2], args=given[0])
    assert y.item() == pytest.approx(alone, rel=1e-14) and ours == pytest.approx(error, rel=1e-6)
    assert gradcheck(f, given) and gradgradcheck(f, given)


def test_gamma_function():
    z = leaf(2.5)
    y, _ = quad(lambda x: x ** (z - 1) * ctorch.exp(-x), 0, np.inf, epsabs=1e-12, epsrel=1e-12)      # closes over z
    (first,) = grad(y, z, create_graph=True)
    (second,) = grad(first, z)
    gamma, psi = special.gamma(2.5), special.digamma(2.5)
    assert y.item() == pytest.approx(gamma, rel=1e-10)
    assert first.item() == pytest.approx(gamma * psi, rel=1e-8)
    assert second.item() == pytest.approx(gamma * (psi ** 2 + special.polygamma(1, 2.5)), rel=1e-6)


def test_infinite_limits_that_need_gradients():
    a, b = leaf(-np.inf), leaf(0.3)
    y, _ = quad(lambda x: ctorch.exp(-x * x), a, b)
    assert y.item() == pytest.approx(np.sqrt(np.pi) / 2 * (1 + special.erf(0.3)), rel=1e-9)
    assert [g.item() for g in grad(y, (a, b))] == [0, pytest.approx(np.exp(-0.09))]


def test_complex_numbers():
    z = leaf(1 + 2j, ctorch.complex128)

    def f(z):
        return quad(lambda x, z: ctorch.exp(-x * z), 0, 1, args=(z,))[0]

    np.testing.assert_allclose(f(z).item(), (1 - np.exp(-(1 + 2j))) / (1 + 2j), rtol=1e-10)
    assert gradcheck(f, (z,)) and gradgradcheck(f, (z,))


def test_dtypes():
    assert quad(lambda x: x * x, 0, 1)[0].dtype == F64
    k = leaf(2.0, ctorch.float32)
    y, _ = quad(lambda x, k: k * x, 0, ctorch.tensor(1.0), args=(k,))
    assert y.dtype == ctorch.float32 and y == 1
    assert grad(y, k)[0] == 0.5
    z = leaf(1j, ctorch.complex64)
    assert quad(lambda x, z: z * x, 0, 1, args=(z,))[0].dtype == ctorch.complex64
    layer = ctorch.nn.Linear(1, 1)
    y, _ = quad(lambda x: layer(x.reshape(1)), 0, 2)
    y.backward()
    assert layer.weight.grad.tolist() == [[pytest.approx(2)]] and layer.bias.grad.tolist() == [pytest.approx(2)]


def test_points():
    k = leaf(0.4)
    y, _ = quad(lambda x, k: (x - k).abs(), 0, 1, args=(k,), points=[0.4])
    assert y.item() == pytest.approx((0.4 ** 2 + 0.6 ** 2) / 2, rel=1e-12)
    assert grad(y, k)[0].item() == pytest.approx(0.4 - 0.6, rel=1e-6)


def test_many_parameters():
    ctorch.manual_seed(0)
    net = ctorch.nn.Sequential(ctorch.nn.Linear(1, 8), ctorch.nn.Tanh(), ctorch.nn.Linear(8, 1)).double()
    y, _ = quad(lambda x: net(x.reshape(1)), -1, 1)
    y.backward()
    nodes, weights = (ctorch.from_numpy(v) for v in np.polynomial.legendre.leggauss(30))
    ours = [p.grad.clone() for p in net.parameters()]
    net.zero_grad()
    (net(nodes[:, None])[:, 0] * weights).sum().backward()
    for a, p in zip(ours, net.parameters()):
        np.testing.assert_allclose(a.numpy(), p.grad.numpy(), rtol=1e-7)


def test_messages_of_quad():
    with pytest.raises(ValueError, match=r"quad: func must return one number, got a tensor of shape \(2,\)"):
        quad(lambda x: ctorch.ones(2) * x, 0, 1)
    with pytest.raises(ValueError, match=r"quad: b must be one real number, got a tensor of shape \(2,\)"):
        quad(lambda x: x, 0, ctorch.ones(2))
    with pytest.warns(integrate.IntegrationWarning):
        quad(lambda x: 1 / x, 1e-300, 1, limit=2)
