"""A neural ODE: a network learns how a pendulum moves from where it was seen, by the adjoint method.

First a linear flow, whose derivatives are known in closed form, shows that the adjoint's are right. Then the network is
fitted to paths of a damped pendulum and must foretell a path that it has not seen, which SciPy alone computes.
"""
import time

import numpy as np
from scipy import integrate
from scipy.linalg import expm, expm_frechet

import ctorch
from ctorch import nn
from ctorch.scipy.integrate import solve_ivp

TIMES = np.linspace(0, 3, 11)


def check_linear():
    """y' = A y: the gradient of c . y(2) by A and by y(0) against those of the matrix exponential."""
    random = np.random.default_rng(0)
    matrix, first, c = random.normal(size=(3, 3)), random.normal(size=3), random.normal(size=3)
    A, y0 = (ctorch.tensor(v, requires_grad=True) for v in (matrix, first))
    y = solve_ivp(lambda t, y, A: A @ y, (0, 2), y0, args=(A,), t_eval=[2.], method="DOP853", rtol=1e-10, atol=1e-10).y
    (ctorch.from_numpy(c) @ y[:, 0]).backward()
    units = np.eye(3)
    by_hand = np.array([[c @ expm_frechet(2 * matrix, 2 * np.outer(i, j), compute_expm=False) @ first for j in units]
                        for i in units])
    errors = [abs(A.grad.numpy() - by_hand).max(), abs(y0.grad.numpy() - c @ expm(2 * matrix)).max()]
    print("linear flow: largest errors of gradients", ", ".join(f"{e:.1e}" for e in errors))
    assert max(errors) < 1e-6 * max(1, abs(by_hand).max())


def pendulum(t, y):
    return np.array([y[1], -2 * np.sin(y[0]) - 0.2 * y[1]])


def path(start):
    return integrate.solve_ivp(pendulum, (0, TIMES[-1]), start, t_eval=TIMES, rtol=1e-9, atol=1e-9).y


class Rate(nn.Module):
    """The rate of change of the state, learnt."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))

    def forward(self, t, y):
        return self.layers(y)


def main():
    check_linear()
    ctorch.manual_seed(0)
    starts = np.array([[a, v] for a in (-1.5, -0.5, 0.5, 1.5) for v in (-1., 1.)])
    seen = ctorch.from_numpy(np.stack([path(start) for start in starts]))             # (paths, 2, times)
    rate = Rate().double()

    def loss():
        y = solve_ivp(rate, (0, TIMES[-1]), ctorch.from_numpy(starts), t_eval=TIMES, rtol=1e-4, atol=1e-5).y
        return ((y - seen) ** 2).mean()

    optimizer = ctorch.optim.ScipyMinimize(rate.parameters(), method="L-BFGS-B", options={"maxiter": 60})
    begun, first = time.perf_counter(), loss().item()
    last = optimizer.step(loss).item()
    print(f"loss {first:.3f} -> {last:.2e}, {optimizer.result.nit} iterations and {optimizer.result.nfev} solutions "
          f"with gradients in {time.perf_counter() - begun:.1f} s")

    start = np.array([1.0, 0.2])
    with ctorch.no_grad():
        foretold = solve_ivp(rate, (0, TIMES[-1]), ctorch.from_numpy(start), t_eval=TIMES).y.numpy()
    truth = path(start)
    error = abs(foretold - truth).max()
    print(f"a path not seen: largest error {error:.3f}, of values up to {abs(truth).max():.2f}")
    assert last < 1e-2 * first and error < 0.1


if __name__ == "__main__":
    main()
