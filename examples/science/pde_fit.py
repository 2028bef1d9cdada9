"""A PDE-constrained fit: the conductivity of a plate, from its temperatures.

The plate is a square with its edges kept at zero, heated in four ways; the temperatures solve  -div(k grad u) = f  on a
grid, a sparse system of equations. The field k is found again from temperatures with a little noise: `spsolve` gives
the derivative by each value of the matrix, at its places alone, and autograd carries it to k.
"""
import time

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import spsolve

import ctorch
from ctorch.scipy import sparse as ctorch_sparse

N = 16                                              # points along an edge, without the edges themselves


class Plate:
    """The matrix of the heat equation: where its values are, and how they come from the conductivity."""

    def __init__(self, n):
        self.n, self.h = n, 1 / (n + 1)
        point = np.full((n + 2, n + 2), -1)
        point[1:-1, 1:-1] = np.arange(n * n).reshape(n, n)
        left, right, ends = [], [], []               # of each edge between neighbours: its points, and those on the rim
        corner = np.arange((n + 2) ** 2).reshape(n + 2, n + 2)
        for a, b, ca, cb in ((point[:-1], point[1:], corner[:-1], corner[1:]),
                             (point[:, :-1], point[:, 1:], corner[:, :-1], corner[:, 1:])):
            kept = (a >= 0) | (b >= 0)
            left.append(a[kept])
            right.append(b[kept])
            ends.append(np.stack([ca[kept], cb[kept]]))
        self.a, self.b = np.concatenate(left), np.concatenate(right)
        self.ends = ctorch.from_numpy(np.concatenate(ends, 1))
        self._order()

    def _order(self):
        # Each edge adds its conductivity at (a, a) and (b, b) and takes it away at (a, b) and (b, a).
        edges = np.arange(len(self.a))
        rows = np.concatenate([self.a, self.b, self.a, self.b])
        columns = np.concatenate([self.a, self.b, self.b, self.a])
        edge, sign = np.tile(edges, 4), np.repeat([1., 1., -1., -1.], len(edges))
        inside = (rows >= 0) & (columns >= 0)
        rows, columns, edge, sign = (v[inside] for v in (rows, columns, edge, sign))
        order = np.argsort(rows, kind="stable")
        self.columns = columns[order]
        self.edge, self.sign = ctorch.from_numpy(edge[order]), ctorch.from_numpy(sign[order])
        self.starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=self.n ** 2))])

    def matrix(self, k):
        """The sparse matrix of a conductivity on all points, rim and all."""
        k = k.reshape(-1)
        of_edges = (k[self.ends[0]] + k[self.ends[1]]) / (2 * self.h ** 2)
        data = of_edges[self.edge] * self.sign
        return ctorch_sparse.csr_array((data, self.columns, self.starts), shape=(self.n ** 2,) * 2)


def true_field(n):
    x, y = np.meshgrid(*[np.linspace(0, 1, n + 2)] * 2, indexing="ij")
    hill, hollow = (x - 0.35) ** 2 + (y - 0.6) ** 2, (x - 0.7) ** 2 + (y - 0.3) ** 2
    return 1 + 0.8 * np.exp(-hill / 0.05) - 0.4 * np.exp(-hollow / 0.04)


def heat(n):
    """Four ways to heat the plate, as columns."""
    x, y = np.meshgrid(*[np.linspace(0, 1, n + 2)[1:-1]] * 2, indexing="ij")
    x, y = np.sin(2 * np.pi * x), np.sin(2 * np.pi * y)
    ways = [np.ones_like(x), x, y, x * y]
    return ctorch.from_numpy(np.stack([way.reshape(-1) for way in ways], 1))


def smoothness(field):
    return ((field[1:] - field[:-1]) ** 2).sum() + ((field[:, 1:] - field[:, :-1]) ** 2).sum()


def gradient_by_hand(plate, k, sources, measured):
    """The gradient of the misfit by k, by SciPy alone: the adjoint method written out."""
    matrix = plate.matrix(ctorch.from_numpy(k)).to_scipy()
    u = spsolve(matrix.tocsc(), sources.numpy())
    w = spsolve(matrix.T.tocsc(), 2 * (u - measured))
    u, w = (np.concatenate([v, np.zeros((1, v.shape[1]))]) for v in (u, w))        # the rim, whose number is -1
    of_edges = -((u[plate.a] - u[plate.b]) * (w[plate.a] - w[plate.b])).sum(1) / (2 * plate.h ** 2)
    ends = plate.ends.numpy()
    return np.bincount(ends[0], of_edges, k.size) + np.bincount(ends[1], of_edges, k.size)


def main():
    plate, sources, truth = Plate(N), heat(N), true_field(N)
    with ctorch.no_grad():
        exact = ctorch_sparse.spsolve(plate.matrix(ctorch.from_numpy(truth)), sources).numpy()
    alone = sparse.linalg.spsolve(plate.matrix(ctorch.from_numpy(truth)).to_scipy().tocsc(), sources.numpy())
    np.testing.assert_allclose(exact, alone, rtol=1e-10)
    noise = np.random.default_rng(0).normal(size=exact.shape)
    measured = exact + 1e-4 * abs(exact).max(0) * noise

    log_k = ctorch.zeros(N + 2, N + 2, dtype=ctorch.float64, requires_grad=True)
    misfit = ((ctorch_sparse.spsolve(plate.matrix(log_k.exp()), sources) - ctorch.from_numpy(measured)) ** 2).sum()
    misfit.backward()
    by_hand = gradient_by_hand(plate, np.ones(truth.shape), sources, measured).reshape(truth.shape)
    difference = abs(log_k.grad.numpy() - by_hand).max() / abs(by_hand).max()
    print(f"gradient by autograd and by hand: relative difference {difference:.1e}")
    assert difference < 1e-9

    scale = 1 / ctorch.from_numpy(measured).std(0)

    def loss():
        u = ctorch_sparse.spsolve(plate.matrix(log_k.exp()), sources)
        return (((u - ctorch.from_numpy(measured)) * scale) ** 2).sum() + 1e-6 * smoothness(log_k)

    optimizer = ctorch.optim.ScipyMinimize([log_k], method="L-BFGS-B", options={"maxiter": 400, "maxfun": 1000})
    begun, start = time.perf_counter(), loss().item()
    end = optimizer.step(loss).item()
    error = np.linalg.norm(log_k.detach().exp().numpy() - truth) / np.linalg.norm(truth)
    before = np.linalg.norm(1 - truth) / np.linalg.norm(truth)
    print(f"loss {start:.3g} -> {end:.3g} in {optimizer.result.nit} iterations, {time.perf_counter() - begun:.1f} s")
    print(f"error of the field of {truth.size} values: {before:.1%} -> {error:.2%}")
    assert error < 0.02 < before


if __name__ == "__main__":
    main()
