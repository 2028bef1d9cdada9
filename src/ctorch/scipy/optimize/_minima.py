"""Minima as functions of parameters: roots of the gradient of the Lagrangian."""
import itertools

import numpy as np

import ctorch
from ctorch.scipy._calls import Call, Space, as_float, union
from ctorch.scipy._implicit import Equation
from ctorch.scipy._pure import jacobian, leaves, products
from ctorch.scipy.optimize._methods import derivatives_for

_ACTIVE = 1e-6          # how near to its limit a constraint is taken to hold x back


class _Constraint:
    """One of SciPy's dictionaries, with a function of tensors."""

    def __init__(self, number, given, x0, params):
        where = f"constraints[{number}]"
        if not isinstance(given, dict) or given.get("type") not in ("eq", "ineq") or "fun" not in given:
            raise TypeError(f"minimize: {where} must be a dict with 'type', of 'eq' or 'ineq', and 'fun', got "
                            f"{given!r}")
        if given.get("jac") is not None:
            raise TypeError(f"minimize: {where} must have no 'jac': the Jacobian comes from autograd")
        self.kind, self.space = given["type"], Space(x0)
        self.call = Call("minimize", f"{where}['fun']", given["fun"], [x0], given.get("args", ()), params)

    def values(self, x, tensors):
        return self.call([self.call.vector(self.space, x)], tensors).reshape(-1).to(x.dtype)

    def for_scipy(self):
        fixed = [t.detach() for t in self.call.tensors]

        def value(x):
            with ctorch.no_grad():
                return self.values(self.space.from_numpy(x), fixed).cpu().numpy()

        def derivative(x):
            with ctorch.enable_grad():
                (x,) = leaves([self.space.from_numpy(x)])
                y = self.values(x, fixed)
            return jacobian(y, x, False).cpu().numpy()

        return {"type": self.kind, "fun": value, "jac": derivative}


class _Problem:
    """A function to be minimised within constraints, of float64 vectors."""

    def __init__(self, fun, x0, args, constraints, params):
        self.space = Space(x0)
        self.call = Call("minimize", "fun", fun, [x0], args, params)
        if self.call.example.numel() != 1 or self.call.example.is_complex():
            raise ValueError("minimize: fun must return one real number, got a tensor of shape "
                             f"{tuple(self.call.example.shape)} and {self.call.example.dtype}")
        constraints = [constraints] if isinstance(constraints, dict) else constraints
        self.constraints = [_Constraint(i, given, x0, params) for i, given in enumerate(constraints)]
        calls = [self.call, *[c.call for c in self.constraints]]
        self.counts = [len(c.tensors) for c in calls]
        self.tensors = [t for c in calls for t in c.tensors]
        self.closed = union(*[c.closed for c in calls])
        self.fixed = [t.detach() for t in self.call.tensors]

    def shares(self, tensors):
        """The tensors of the function and of each constraint."""
        starts = np.cumsum([0, *self.counts])
        return [tensors[a:b] for a, b in itertools.pairwise(starts)]

    def value(self, x, tensors=None):
        """The function of a vector, as a tensor of no dimension."""
        y = self.call([self.call.vector(self.space, x)], self.fixed if tensors is None else tensors)
        return y.reshape(()).to(x.dtype)

    def gradient(self, x, tensors=None):
        """The gradient at a leaf x, itself in the graph."""
        return products([self.value(x, tensors)], [x], [ctorch.ones((), dtype=x.dtype, device=x.device)], True)[0]

    # ---- for SciPy

    def value_and_gradient(self, x):
        with ctorch.enable_grad():
            (x,) = leaves([self.space.from_numpy(x)])
            y = self.value(x)
        (g,) = products([y], [x], [ctorch.ones_like(y)], False)
        return y.item(), g.cpu().numpy()

    def value_alone(self, x):
        with ctorch.no_grad():
            return self.value(self.space.from_numpy(x)).item()

    def hessian(self, x):
        with ctorch.enable_grad():
            (x,) = leaves([self.space.from_numpy(x)])
            g = self.gradient(x)
        return jacobian(g, x, False).cpu().numpy()

    def hessian_product(self, x, p):
        with ctorch.enable_grad():
            (x,) = leaves([self.space.from_numpy(x)])
            g = self.gradient(x)
        return products([g], [x], [self.space.from_numpy(p)], False)[0].cpu().numpy()

    # ---- the solution as a root

    def equation(self, x, bounds):
        """The conditions of Karush, Kuhn and Tucker at a solution, with what holds it back there, and their root."""
        space = self.space
        with ctorch.enable_grad():
            (leaf,) = leaves([space.from_numpy(x)])
            gradient = self.gradient(leaf).detach().cpu().numpy()
            values = [c.values(leaf, [t.detach() for t in c.call.tensors]) for c in self.constraints]
        held = _at_bounds(x, gradient, bounds)
        active = [np.flatnonzero((c.kind == "eq") | (np.abs(v.detach().cpu().numpy()) <= _ACTIVE))
                  for c, v in zip(self.constraints, values)]
        rows = [jacobian(v, leaf, False).cpu().numpy()[a] for v, a in zip(values, active)]
        matrix = np.concatenate(rows) if rows else np.zeros((0, len(x)))
        multipliers = np.zeros(0)
        if len(matrix):
            multipliers = np.linalg.lstsq(matrix[:, ~held].T, gradient[~held], rcond=None)[0]
        inequality = np.concatenate([np.full(len(a), c.kind == "ineq") for c, a in zip(self.constraints, active)]
                                    or [np.zeros(0, bool)])
        pushing = ~inequality | (multipliers > 1e-10)         # others touch their limit and do not hold x back
        parts = np.split(pushing, np.cumsum([len(a) for a in active])[:-1]) if active else []
        active = [ctorch.from_numpy(a[p]).to(space.device) for a, p in zip(active, parts)]
        free = ctorch.from_numpy(~held).to(space.device)
        place = space.from_numpy(x)

        def residual(z, *tensors):
            own, *of_constraints = self.shares(tensors)
            x, weights = z[:len(place)], z[len(place):]
            create_graph = ctorch.is_grad_enabled()
            with ctorch.enable_grad():
                (x,) = leaves([x])
                limits = zip(self.constraints, of_constraints, active)
                limits = ctorch.cat([x[:0], *[c.values(x, t).index_select(0, a) for c, t, a in limits]])
                lagrangian = self.value(x, own) - (weights * limits).sum()
                slope = products([lagrangian], [x], [ctorch.ones_like(lagrangian)], create_graph)[0]
            return ctorch.cat([ctorch.where(free, slope, x - place), limits])

        return (Equation("minimize", residual, self.tensors, self.closed),
                space.from_numpy(np.concatenate([x, multipliers[pushing]])))


def _at_bounds(x, gradient, bounds):
    """Which elements a bound holds back: those at one, with a function that falls beyond it."""
    if bounds is None:
        return np.zeros(len(x), bool)
    lower, upper = (np.broadcast_to(limit, x.shape) for limit in (bounds.lb, bounds.ub))
    reach = _ACTIVE * np.maximum(1, np.abs(x))
    near = np.abs(x - lower) <= reach, np.abs(x - upper) <= reach
    return (lower == upper) | (near[0] & (gradient > 0)) | (near[1] & (gradient < 0))


def _bounds(bounds, size):
    """SciPy's Bounds of any form in which bounds are given."""
    from scipy.optimize import Bounds

    if bounds is None or isinstance(bounds, Bounds):
        return bounds
    pairs = [tuple(pair) for pair in bounds]
    if len(pairs) != size or any(len(pair) != 2 for pair in pairs):
        raise ValueError(f"minimize: bounds must be {size} pairs of limits, one for each element of x0, got "
                         f"{len(pairs)} {'' if len(pairs) != size else ', of other lengths than two'}")
    limits = [[default if limit is None else limit for limit, default in zip(pair, (-np.inf, np.inf))]
              for pair in pairs]
    if any(isinstance(limit, ctorch.Tensor) and limit.requires_grad for pair in limits for limit in pair):
        raise NotImplementedError("minimize: derivatives with respect to bounds are not implemented; write the bound "
                                  "as a constraint with its tensor in 'args'")
    lower, upper = np.array([[float(limit) for limit in pair] for pair in limits]).reshape(-1, 2).T
    return Bounds(lower, upper)


def minimize(fun, x0, args=(), method=None, jac=None, hess=None, hessp=None, bounds=None, constraints=(), tol=None,
             callback=None, options=None, *, params=None):
    """Minimum of a function, as ``scipy.optimize.minimize`` finds it, differentiable in what `fun` depends on.

    SciPy is given exact gradients, and exact Hessians or their products with vectors where the method takes them.
    Derivatives of the result come from the implicit function theorem at the conditions that hold there: the gradient is
    zero, or, with bounds and constraints, is balanced by those that hold x back. They are again differentiable.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)`` gives a tensor of one element.
    x0 : Tensor
        Where to begin; of any shape. It gets no gradient.
    args : tuple
        Further arguments of `fun`; the tensors among them are differentiated.
    method : str or callable, optional
        Any of SciPy's.
    jac, hess, hessp : None
        For the order of SciPy's arguments: autograd gives them.
    bounds : sequence of pairs or scipy.optimize.Bounds, optional
        Limits of the elements of x, in the order of ``x0.reshape(-1)``.
    constraints : dict or sequence of dict
        SciPy's dictionaries of ``"type"`` (``"eq"`` or ``"ineq"``), ``"fun"`` and ``"args"``, of functions that take
        and return tensors.
    tol, callback, options
        As in SciPy; `callback` sees NumPy's arrays.
    params : sequence of Tensor, optional
        Leaves of the graph that the functions close over, where they are not to be found by themselves.

    Returns
    -------
    scipy.optimize.OptimizeResult
        With `x` a tensor of the shape and dtype of `x0`, and the rest as SciPy has it. There is a RuntimeWarning as in
        `root`, and where x is not near enough to the bounds and constraints that hold it back, as ``"trust-constr"``
        may leave it.

    Examples
    --------
    >>> import ctorch
    >>> a = ctorch.tensor(3., requires_grad=True)
    >>> def f(x, a):
    ...     return ((x - a) ** 2).sum() + a * x[0]
    >>> x = ctorch.scipy.optimize.minimize(f, ctorch.zeros(2), args=(a,), method="BFGS").x
    >>> x.detach()
    tensor([1.5000, 3.0000])
    >>> x[0].backward()
    >>> a.grad
    tensor(0.5000)
    """
    from scipy import optimize as solvers

    for name, given in (("jac", jac), ("hess", hess), ("hessp", hessp)):
        if given is not None:
            raise TypeError(f"minimize: {name} must be None: derivatives come from autograd")
    x0 = as_float("minimize", "x0", x0).detach()
    problem = _Problem(fun, x0, args, constraints, params)
    space = problem.space
    bounds = _bounds(bounds, space.size)
    if method is None:
        method = "SLSQP" if problem.constraints else "BFGS" if bounds is None else "L-BFGS-B"
    derivatives = derivatives_for(method, problem.value_alone, problem.value_and_gradient, problem.hessian,
                                  problem.hessian_product)
    result = solvers.minimize(x0=space.vector(x0).cpu().numpy(), method=method, bounds=bounds, tol=tol, options=options,
                              constraints=[c.for_scipy() for c in problem.constraints], callback=callback,
                              **derivatives)
    x = np.asarray(result.x, dtype=np.float64)
    if problem.tensors or problem.closed:
        equation, z = problem.equation(x, bounds)
        if not result.success or bounds is not None or problem.constraints:
            equation.check(z, method, result)
        result.x = space.tensor(equation.attach(z)[:len(x)])
    else:
        result.x = space.tensor(space.from_numpy(x))
    return result
