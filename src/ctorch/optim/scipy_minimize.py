"""ScipyMinimize: all methods of scipy.optimize.minimize as an optimizer."""
import numpy as np

import ctorch
from ctorch.scipy._calls import Pack
from ctorch.scipy.optimize._methods import derivatives_for, takes_hessian, takes_products

from .optimizer import Optimizer

__all__ = ["ScipyMinimize"]


class _Objective:
    """What a closure gives, as functions of one float64 vector of all parameters."""

    def __init__(self, closure, params, again):
        self.closure, self.params, self.again = closure, params, again
        self.pack = Pack(params)
        self.place = None

    def vector(self):
        """Where the parameters are."""
        return _joined(self.pack, [p.detach() for p in self.params])

    def move(self, x):
        """Put the parameters at x, each in its shape and dtype."""
        with ctorch.no_grad():
            for p, value in zip(self.params, self.pack.tensors(ctorch.from_numpy(np.array(x, dtype=np.float64)))):
                p.copy_(value)

    def evaluate(self, x):
        """Run the closure at x; what it gives is kept until x is another."""
        if self.place is not None and np.array_equal(x, self.place):
            return
        self.move(x)
        for p in self.params:
            p.grad = None
        with ctorch.enable_grad():
            self.loss = self.closure()
        self._check(self.loss)
        self.grads, self.place = None, np.array(x)

    def gradients(self, x):
        """The gradients at x, those that the closure left or others; in the graph where there is a second time."""
        self.evaluate(x)
        if self.grads is not None:
            return self.grads
        if any(p.grad is not None for p in self.params):
            if self.again:
                raise RuntimeError("ScipyMinimize: this method takes second derivatives, for which the closure must "
                                   "return the loss without calling backward()")
            self.grads = [ctorch.zeros_like(p) if p.grad is None else p.grad for p in self.params]
        elif not self.loss.requires_grad:
            raise ValueError("ScipyMinimize: the loss that the closure returns does not depend on parameters that "
                             "require gradients")
        else:
            self.grads = ctorch.autograd.grad(self.loss, self.params, create_graph=self.again, materialize_grads=True)
        return self.grads

    def _check(self, loss):
        if not isinstance(loss, ctorch.Tensor) or loss.numel() != 1 or loss.is_complex():
            found = f"shape {tuple(loss.shape)} and {loss.dtype}" if isinstance(loss, ctorch.Tensor) \
                else type(loss).__name__
            raise ValueError("ScipyMinimize: the closure must return the loss, a tensor of one real number, got "
                             f"{found}")

    # ---- for SciPy

    def value(self, x):
        self.evaluate(x)
        return self.loss.item()

    def value_and_gradient(self, x):
        grads = self.gradients(x)
        return self.loss.item(), _joined(self.pack, [g.detach() for g in grads])

    def product(self, x, v):
        self.gradients(x)
        return self._second(self.pack.tensors(ctorch.from_numpy(np.array(v, dtype=np.float64))))

    def hessian(self, x):
        self.gradients(x)
        rows = ctorch.eye(self.pack.size, dtype=ctorch.float64)
        return np.stack([self._second(self.pack.tensors(row)) for row in rows])

    def _second(self, v):
        kept = [(g, w.to(g.device)) for g, w in zip(self.grads, v) if g.requires_grad]
        if not kept:
            return np.zeros(self.pack.size)
        grads, v = zip(*kept)
        found = ctorch.autograd.grad(grads, self.params, v, retain_graph=True, materialize_grads=True)
        return _joined(self.pack, found)


def _joined(pack, tensors):
    return ctorch.cat([v.cpu() for v in pack.vectors(tensors)]).numpy()


class ScipyMinimize(Optimizer):
    """Any method of ``scipy.optimize.minimize`` on parameters, with exact derivatives.

    A step is a whole minimisation: it calls the closure as often as the method asks for, and leaves the parameters at
    the minimum that it found. Methods are given exact gradients, and those that take them exact products of the
    Hessian with vectors (``"Newton-CG"``, ``"trust-ncg"``, ``"trust-krylov"``, ``"trust-constr"``) or Hessians
    (``"dogleg"``, ``"trust-exact"``), by a second backward. SciPy works in float64; the parameters keep dtypes and
    shapes.

    Parameters
    ----------
    params : iterable of Tensor, of (str, Tensor) or of dict
        The tensors to optimize, or groups of them.
    method : str or callable
        Any of SciPy's; a callable is one of your own, as SciPy takes them.
    bounds : pair of float, sequence of pairs or scipy.optimize.Bounds, optional
        One pair of limits, None for there being none, holds for every element; else as in SciPy, for the elements of
        all parameters one after the other. A group may have ``"bounds"`` of its own, a pair.
    constraints : dict, constraint of SciPy or sequence of them
        As in SciPy, with functions of the NumPy vector of all elements.
    tol, callback, options
        As in SciPy; ``options={"maxiter": 20}`` limits the work of a step.

    Attributes
    ----------
    result : scipy.optimize.OptimizeResult
        What SciPy returned for the last step, with ``success``, ``message`` and ``nit``; None before the first.

    Examples
    --------
    >>> import ctorch
    >>> w = ctorch.zeros(2, requires_grad=True)
    >>> optimizer = ctorch.optim.ScipyMinimize([w], method="Newton-CG")
    >>> optimizer.step(lambda: (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2) < 1e-10
    tensor(True)
    >>> w.detach()
    tensor([1., 1.])
    >>> optimizer.result.success
    True
    """

    def __init__(self, params, method="L-BFGS-B", *, bounds=None, constraints=(), tol=None, callback=None,
                 options=None):
        self.result = None
        super().__init__(params, {"bounds": bounds if _is_pair(bounds) else None})
        self.method, self.constraints, self.tol = method, constraints, tol
        self.callback, self.options = callback, options
        self.bounds = None if _is_pair(bounds) else bounds

    def _limits(self):
        """SciPy's bounds of all elements, or None."""
        if self.bounds is not None:
            return self.bounds
        limits = []
        for group in self.param_groups:
            pair = group["bounds"]
            if not (pair is None or _is_pair(pair)):
                raise ValueError(f"ScipyMinimize: bounds of a group must be a pair of numbers or None, got {pair!r}")
            size = sum(p.numel() * (1 + p.is_complex()) for p in group["params"] if p.requires_grad)
            limits += [tuple(pair or (None, None))] * size
        return limits if any(pair != (None, None) for pair in limits) else None

    def step(self, closure):
        """Minimise the loss.

        Parameters
        ----------
        closure : callable
            Returns the loss of the parameters as they are. It need not call ``backward()``; where it does so, as for
            `torch.optim.LBFGS`, the gradients that it leaves are taken, but second derivatives are not to be had.

        Returns
        -------
        Tensor
            The loss at the parameters that were found; ``.grad`` holds its gradient. After an exception the parameters
            are where they were.
        """
        from scipy import optimize as solvers

        if not callable(closure):
            raise TypeError(f"ScipyMinimize.step: closure must be callable, got {type(closure).__name__}")
        params = [p for group in self.param_groups for p in group["params"] if p.requires_grad]
        if not params:
            raise ValueError("ScipyMinimize.step: no parameter requires gradients")
        again = takes_products(self.method) or takes_hessian(self.method) or callable(self.method)
        objective = _Objective(closure, params, again)
        start = objective.vector()
        derivatives = derivatives_for(self.method, objective.value, objective.value_and_gradient, objective.hessian,
                                      objective.product)
        try:
            self.result = solvers.minimize(
                x0=start, method=self.method, bounds=self._limits(), constraints=self.constraints, tol=self.tol,
                callback=self.callback, options=self.options, **derivatives)
            grads = objective.gradients(self.result.x)
        except BaseException:
            objective.move(start)
            raise
        for p, g in zip(params, grads):
            p.grad = g.detach()
        return objective.loss.detach()


def _is_pair(bounds):
    return isinstance(bounds, (tuple, list)) and len(bounds) == 2 \
        and all(limit is None or isinstance(limit, (int, float)) for limit in bounds)
