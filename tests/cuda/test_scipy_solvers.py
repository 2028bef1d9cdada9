"""SciPy's solvers on tensors of a device: results and gradients are there, and those of the CPU."""
import numpy as np
import pytest

import ctorch
from ctorch.autograd import grad
from ctorch.scipy import integrate, optimize, sparse

pytestmark = pytest.mark.usefixtures("device")

F64 = ctorch.float64


def root(a):
    return optimize.root(lambda x, a: x * x - a, ctorch.ones(2, dtype=F64, device=a.device), args=(a,), tol=1e-12).x


def minimize(a):
    start = ctorch.ones(2, dtype=F64, device=a.device)
    return optimize.minimize(lambda x, a: ((x - a) * (x - a) * a).sum(), start, args=(a,), bounds=[(0, 4), (0, 99)],
                             tol=1e-12).x


def solve_ivp(a):
    return integrate.solve_ivp(lambda t, y: -a * y * t, (0, 1), a, rtol=1e-8, atol=1e-8, t_eval=[0.5, 1.]).y


def quad(a):
    return integrate.quad(lambda x, a: (a * a).sum() * x, 0, a[0], args=(a,))[0]


def spsolve(a):
    A = sparse.csr_array((a, [0, 1], [0, 1, 2]))
    return sparse.spsolve(A, a * a + 1) + sparse.cg(A.T, a)[0] + A @ a


@pytest.mark.parametrize("solve", [root, minimize, solve_ivp, quad, spsolve])
def test_as_on_the_cpu(solve):
    found = []
    for device in ("cuda", "cpu"):
        a = ctorch.tensor([4.0, 9.0], dtype=F64, device=device, requires_grad=True)
        y = solve(a)
        (first,) = grad((y * y).sum(), a, create_graph=True)
        (second,) = grad((first * first).sum(), a)
        assert {t.device.type for t in (y, first, second)} == {device}
        found.append([t.detach().cpu().numpy() for t in (y, first, second)])
    for ours, theirs in zip(*found):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_parameters():
    a = ctorch.tensor([4.0, 9.0], device="cuda", requires_grad=True)
    for method in ("L-BFGS-B", "trust-ncg", "trust-exact"):
        with ctorch.no_grad():
            a.copy_(ctorch.tensor([4.0, 9.0]))
        ctorch.optim.ScipyMinimize([a], method).step(lambda: (a * a).sum())
        assert a.is_cuda and a.grad.is_cuda and a.detach().cpu().abs().max() < 1e-3
