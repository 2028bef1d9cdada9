"""A bilevel problem: the strengths of a ridge regression that make the loss on held-out data smallest.

Inside, `minimize` fits the weights to the training data, with a penalty on each group of features; outside, the
penalties follow the gradient of the held-out loss through that minimum. All is checked against the closed form of
ridge regression.
"""
import numpy as np
from scipy import optimize

import ctorch

GROUPS = [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]          # useful features, and noise


def make_data(seed=0, training=30, held_out=200):
    random = np.random.default_rng(seed)
    weights = np.where(np.array(GROUPS) == 0, random.normal(size=len(GROUPS)), 0)
    x = random.normal(size=(training + held_out, len(GROUPS)))
    y = x @ weights + 0.8 * random.normal(size=len(x))
    return [ctorch.from_numpy(a) for a in (x[:training], y[:training], x[training:], y[training:])]


def inner(weights, penalties, x, y):
    """The loss of the fit: squared errors, and the weights of each group by its penalty."""
    return ((x @ weights - y) ** 2).mean() + (penalties.exp()[GROUPS] * weights ** 2).sum()


def held_out_loss(penalties, data):
    x, y, others, answers = data
    start = ctorch.zeros(len(GROUPS), dtype=ctorch.float64)
    weights = ctorch.scipy.optimize.minimize(inner, start, args=(penalties, x, y), method="Newton-CG", tol=1e-12).x
    return ((others @ weights - answers) ** 2).mean()


def closed_form(penalties, data):
    """The held-out loss by the normal equations, in NumPy alone."""
    x, y, others, answers = (a.numpy() for a in data)
    matrix = x.T @ x / len(x) + np.diag(np.exp(penalties)[GROUPS])
    weights = np.linalg.solve(matrix, x.T @ y / len(x))
    return ((others @ weights - answers) ** 2).mean()


def main():
    data = make_data()
    penalties = ctorch.zeros(2, dtype=ctorch.float64, requires_grad=True)
    start = held_out_loss(penalties, data)
    start.backward()
    differences = optimize.approx_fprime(np.zeros(2), closed_form, 1e-6, data)
    print("log penalties        held-out loss   gradient")
    print(f"{np.zeros(2)}              {start.item():.6f}   {penalties.grad.numpy()}")
    print(f"closed form          {closed_form(np.zeros(2), data):.6f}   {differences}\n")
    np.testing.assert_allclose(start.item(), closed_form(np.zeros(2), data), rtol=1e-8)
    np.testing.assert_allclose(penalties.grad.numpy(), differences, atol=1e-5)

    optimizer = ctorch.optim.ScipyMinimize([penalties], method="BFGS", tol=1e-7)
    loss = optimizer.step(lambda: held_out_loss(penalties, data))
    alone = optimize.minimize(closed_form, np.zeros(2), args=(data,), method="Nelder-Mead",
                              options={"xatol": 1e-7, "fatol": 1e-14})
    print(f"best by BFGS         {loss.item():.6f}   at {penalties.detach().numpy()}, {optimizer.result.nit} "
          "iterations")
    print(f"best by SciPy alone  {alone.fun:.6f}   at {alone.x}, {alone.nfev} closed forms")
    np.testing.assert_allclose(loss.item(), alone.fun, rtol=1e-8)
    np.testing.assert_allclose(np.exp(penalties.detach().numpy()), np.exp(alone.x), atol=1e-4)
    assert penalties[1] > penalties[0], "noise is to be held down more than what is useful"


if __name__ == "__main__":
    main()
