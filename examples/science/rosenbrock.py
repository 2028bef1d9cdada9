"""Rosenbrock's valley: SciPy's minimisers with ctorch's exact gradients, Hessian products and Hessians.

The same methods run on SciPy's own functions, where derivatives are written by hand: they come to the same end in as
many steps. Then the minimum is differentiated as a function of the valley's parameters, and compared with the closed
form.
"""
import time

import numpy as np
from scipy import optimize

import ctorch

METHODS = {"BFGS": {}, "L-BFGS-B": {}, "Newton-CG": {"hessp": optimize.rosen_hess_prod},
           "trust-ncg": {"hessp": optimize.rosen_hess_prod}, "trust-exact": {"hess": optimize.rosen_hess}}


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def compare(method, derivatives):
    """Minimises with ctorch's derivatives and with SciPy's; prints a row."""
    start = np.tile([1.3, 0.7, 0.8, 1.9, 1.2], 2)
    x = ctorch.tensor(start, requires_grad=True)
    optimizer = ctorch.optim.ScipyMinimize([x], method=method, tol=1e-8)
    begun = time.perf_counter()
    loss = optimizer.step(lambda: rosenbrock(x))
    seconds = time.perf_counter() - begun
    alone = optimize.minimize(optimize.rosen, start, method=method, jac=optimize.rosen_der, tol=1e-8, **derivatives)
    found = x.detach().numpy()
    print(f"{method:12} {loss.item():9.1e} {abs(found - 1).max():14.1e} {optimizer.result.nit:11} {alone.nit:12} "
          f"{seconds * 1e3:9.1f}")
    assert abs(found - 1).max() < 1e-5
    assert abs(found - alone.x).max() < 1e-5
    assert optimizer.result.nit <= 2 * alone.nit


def sensitivities():
    """The minimum of (a - x)^2 + b (y - x^2)^2 is (a, a^2): its derivatives by a and b, twice."""
    a = ctorch.tensor(1.2, dtype=ctorch.float64, requires_grad=True)
    b = ctorch.tensor(100., dtype=ctorch.float64, requires_grad=True)
    x = ctorch.scipy.optimize.minimize(lambda x, a, b: (a - x[0]) ** 2 + b * (x[1] - x[0] ** 2) ** 2,
                                       ctorch.zeros(2, dtype=ctorch.float64), args=(a, b), method="trust-exact",
                                       tol=1e-10).x
    by_a, by_b = ctorch.autograd.grad(x[1], (a, b), create_graph=True)
    (twice,) = ctorch.autograd.grad(by_a, a)
    print(f"\nminimum at a = 1.2: ({x[0].item():.9f}, {x[1].item():.9f}); closed form (1.2, 1.44)")
    print(f"dy/da = {by_a.item():.9f} (2.4)   dy/db = {by_b.item():.1e} (0)   d2y/da2 = {twice.item():.9f} (2)")
    np.testing.assert_allclose([*x.tolist(), by_a.item(), by_b.item(), twice.item()], [1.2, 1.44, 2.4, 0, 2], atol=1e-7)


def main():
    print("method            loss   error of x   iterations   SciPy alone   milliseconds")
    for method, derivatives in METHODS.items():
        compare(method, derivatives)
    sensitivities()


if __name__ == "__main__":
    main()
