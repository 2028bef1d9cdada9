"""Initial value problems, with derivatives by the adjoint method."""
import functools
import warnings

import numpy as np

import ctorch
from ctorch import _tape
from ctorch.scipy._calls import Call, Pack, Space, as_float, moved, numbers, refuse_batched, union
from ctorch.scipy._implicit import Equation
from ctorch.scipy._pure import Transposed, jacobian, leaves, products, pure

_IMPLICIT = ("Radau", "BDF", "LSODA")
_METHODS = ("RK23", "RK45", "DOP853", *_IMPLICIT)


@functools.cache
def _released(method):
    """SciPy's class of a method, or its subclass, noting its solvers in the list `made`."""
    class Solver(method):
        def __init__(self, *args, made, **options):
            made.append(self)
            super().__init__(*args, **options)

    return Solver


class _Flow:
    """``dy/dt = rate(t, y, *tensors)`` of float64 vectors, and how to solve it.

    `closed` are the leaves that the rate depends on besides `tensors`.
    """

    def __init__(self, rate, closed, options, adjoint_options, device, exact_jacobian=False):
        self.rate, self.closed, self.device = rate, closed, device
        self.options, self.adjoint_options = options, adjoint_options
        self.exact_jacobian = exact_jacobian

    def solve(self, span, y, tensors, **more):
        """SciPy's solution between two times."""
        from scipy import integrate as solvers

        def value(t, y):
            with ctorch.no_grad():
                return self.rate(moved(t, self.device), moved(y, self.device), *tensors).cpu().numpy()

        def derivative(t, y):
            with ctorch.enable_grad():
                (y,) = leaves([moved(y, self.device)])
                rate = self.rate(moved(t, self.device), y, *tensors)
            return jacobian(rate, y, False).cpu().numpy()

        options = self.options | more
        method = options.pop("method")
        if self.exact_jacobian and method in _IMPLICIT:
            options.setdefault("jac", derivative)
        made = []
        if method in _METHODS:
            method = getattr(solvers, method)
        if isinstance(method, type) and issubclass(method, solvers.OdeSolver):
            method, options["made"] = _released(method), made
        try:
            return solvers.solve_ivp(value, span, y, method, **options)
        finally:
            for solver in made:          # which refer to themselves, and would keep large vectors until the next gc
                vars(solver).clear()

    def end(self, t, y, tensors):
        """The solution at the second of two times, from that at the first, as a function of all three."""
        count = len(tensors)
        refuse_batched("the derivative of solve_ivp", t, y, *tensors)
        with ctorch.no_grad():
            first, last = t.tolist()
            values = np.stack([numbers(y)] * 2)
            if first != last:
                found = self.solve((first, last), values[0], [x.detach() for x in tensors], t_eval=[last])
                if not found.success:
                    raise RuntimeError(f"solve_ivp: the adjoint problem was not solved from t = {first:g} to {last:g} "
                                       f"by method {self.options['method']!r}: {found.message}")
                values[1] = found.y[:, 0]
        return _Solution.apply(self, count, values, t, y, *tensors, *self.closed)[1]

    def adjoint(self, y, tensors):
        """The flow of y, of its adjoint a, and of the integrals that are the gradients of the tensors."""
        pack, n = Pack([*tensors, *self.closed]), len(y)

        def rate(t, z, *tensors):
            create_graph = ctorch.is_grad_enabled()
            with ctorch.enable_grad():
                y, *tensors = leaves([z[:n], *tensors])
                f = self.rate(t, y, *tensors)
            found = products([f], [y, *tensors, *self.closed], [z[n:2 * n]], create_graph)
            if not create_graph:
                f = f.detach()
            return ctorch.cat([f, -found[0], *[-v for v in pack.vectors(found[1:])]])

        return _Flow(rate, self.closed, self.adjoint_options, self.adjoint_options, self.device), pack


class _Solution(Transposed):
    """The solution, a row for each time, as a function of times, first row and tensors."""

    @staticmethod
    def forward(flow, count, values, t, y, *tensors):
        return ctorch.from_numpy(values.copy()).to(flow.device)

    @staticmethod
    def setup_context(ctx, inputs, rows):
        ctx.flow, ctx.count, ctx.values, *tensors = inputs
        Transposed.keep(ctx, tensors, ctx.flow.closed, rows)

    @staticmethod
    def backward(ctx, g):
        flow, count = ctx.flow, ctx.count
        t, y, *tensors = ctx.saved_tensors
        own, closed = tensors[:count], tensors[count:]
        if _tape._is_differentiable():
            rows = _Solution.apply(flow, count, ctx.values, t, y, *tensors)
        else:
            rows = ctorch.from_numpy(ctx.values).to(flow.device)
        adjoint, pack = flow.adjoint(y.detach(), [x.detach() for x in own])
        n, a, sums = len(y), g[-1], ctorch.zeros(pack.size, dtype=g.dtype, device=g.device)
        for i in range(len(rows) - 1, 0, -1):
            z = adjoint.end(t[[i, i - 1]], ctorch.cat([rows[i], a, sums]), own)
            a, sums = z[n:2 * n], z[2 * n:]
            if i > 1:
                a = a + g[i - 1]
        of_times = None
        if ctx.needs_input_grad[3]:
            rates = [pure(lambda *values: (flow.rate(*values),), [t[i], rows[i], *own], closed)[0]
                     for i in range(len(rows))]
            weights = [-a, *g[1:].unbind()] if len(rows) > 1 else [ctorch.zeros_like(a)]
            of_times = ctorch.stack([(rate * w).sum() for rate, w in zip(rates, weights)]).to(t.device)
        return None, None, None, of_times, a + g[0] if len(rows) > 1 else a, *pack.tensors(sums)


def _times(name, t):
    refuse_batched("solve_ivp", t)
    if isinstance(t, ctorch.Tensor) and (t.is_complex() or t.dim() > 1):
        raise ValueError(f"solve_ivp: {name} must be real numbers along one dimension at most, got a tensor of shape "
                         f"{tuple(t.shape)} and {t.dtype}")
    return t.to(ctorch.float64).cpu() if isinstance(t, ctorch.Tensor) else ctorch.tensor(t, dtype=ctorch.float64)


def _events(events, problem):
    """The functions of events, of NumPy's numbers and vectors."""
    if events is None:
        return None

    def wrapped(event):
        def value(t, y):
            with ctorch.no_grad():
                t = ctorch.tensor(t, dtype=ctorch.float64)
                return float(problem.of_user(event, t, problem.space.from_numpy(y)))

        value.terminal, value.direction = getattr(event, "terminal", False), getattr(event, "direction", 0)
        return value

    return wrapped(events) if callable(events) else [wrapped(event) for event in events]


def _time_of_event(events, problem, flow, result):
    """When the event happened that ended the solution, as a function of all that it depends on."""
    events = [events] if callable(events) else events
    number, event = next((i, event) for i, (event, times) in enumerate(zip(events, result.t_events))
                         if getattr(event, "terminal", False) and len(times) and times[-1] == result.t[-1])
    space = problem.space
    call = Call("solve_ivp", f"events[{number}]", event, problem.start, problem.call.args, problem.params)

    def residual(t, first, y, *tensors):
        y = flow.end(ctorch.cat([first.reshape(1), t]), y, tensors)
        value = call([call.vector(problem.time, t), call.vector(space, y)], tensors)
        return value.reshape(1).to(ctorch.float64)

    equation = Equation("solve_ivp", residual, [problem.span[0], problem.y, *call.tensors],
                        union(flow.closed, call.closed))
    return equation.attach(ctorch.from_numpy(result.t[-1:].copy()))


class _Problem:
    """What a user's function, first values and times come to."""

    def __init__(self, fun, t_span, y0, args, params):
        if len(t_span) != 2:
            raise ValueError(f"solve_ivp: t_span must be two times, got {len(t_span)}")
        self.span = [_times(f"t_span[{i}]", t).reshape(()) for i, t in enumerate(t_span)]
        y0 = as_float("solve_ivp", "y0", y0)
        self.space = Space(y0)
        start = self.span[0].detach().to(y0.dtype.to_real())
        self.time = Space(start)
        self.start, self.params = [start, y0], None if params is None else list(params)
        self.call = Call("solve_ivp", "fun", fun, self.start, args, self.params)
        if self.call.example.shape != y0.shape:
            raise ValueError(f"solve_ivp: fun must return the rate of change of y, in its shape {tuple(y0.shape)}; it "
                             f"returns {tuple(self.call.example.shape)}")
        if self.call.example.is_complex() and not y0.is_complex():
            raise TypeError(f"solve_ivp: fun returns {self.call.example.dtype} for y of {y0.dtype}; give y0 as a "
                            "complex tensor")
        self.y = self.space.vector(y0)
        self.fixed = [t.detach() for t in self.call.tensors]

    def rate(self, t, y, *tensors):
        y = self.call([self.call.vector(self.time, t), self.call.vector(self.space, y)], tensors)
        return self.space.vector(y)

    def of_user(self, event, t, y):
        return event(self.call.vector(self.time, t), self.call.vector(self.space, y), *self.call.fitted(self.call.args))


def _of_adjoint(options):
    """Tolerances and steps for the adjoint problem, which has other unknowns."""
    kept = {key: value for key, value in options.items() if key not in ("jac", "jac_sparsity", "lband", "uband")}
    return kept | {key: float(np.min(kept[key])) for key in ("rtol", "atol") if key in kept}


def solve_ivp(fun, t_span, y0, method="RK45", t_eval=None, dense_output=False, events=None, vectorized=False, args=None,
              *, params=None, adjoint_options=None, **options):
    """Solve ``dy/dt = fun(t, y)`` from first values, as ``scipy.integrate.solve_ivp`` does; differentiable.

    Gradients by `y0`, by the tensors that `fun` depends on, by both ends of `t_span` and by `t_eval` come from the
    adjoint problem, solved backwards from each time to the one before; memory does not grow with the number of steps.
    They are as exact as the tolerances of both directions (SciPy's own are loose: ``rtol=1e-3``), and are again
    differentiable.

    Parameters
    ----------
    fun : callable
        ``fun(t, y, *args)`` with t a tensor of no dimension; gives a tensor of the shape of y.
    t_span : (Tensor or float, Tensor or float)
        First and last time.
    y0 : Tensor
        First values, of any shape, real or complex.
    method : str or scipy.integrate.OdeSolver
        Any of SciPy's. Implicit ones are given the exact Jacobian.
    t_eval : Tensor, optional
        Times at which the solution is wanted; those of the solver's steps by default, which are taken for constants but
        for the first and the last.
    dense_output, events
        As in SciPy. ``sol``, ``t_events`` and ``y_events`` are NumPy's, outside of the graph; but where an event ends
        the solution and there is no `t_eval`, the last of `t` and `y` are differentiable as the time of the event and
        the values there.
    vectorized : bool
        For the order of SciPy's arguments; without effect.
    args : tuple, optional
        Further arguments of `fun`; the tensors among them are differentiated.
    params : sequence of Tensor, optional
        Leaves of the graph that `fun` closes over, where they are not to be found by themselves.
    adjoint_options : dict, optional
        ``method``, ``rtol``, ``atol`` and others for the way back, in place of those of the way there.
    **options
        ``rtol``, ``atol``, ``max_step`` and others of SciPy's.

    Returns
    -------
    OdeResult of SciPy
        With tensors `t`, and `y` of shape ``(*y0.shape, len(t))`` and the dtype of `y0`. Where ``success`` is False
        and y has a derivative, there is a RuntimeWarning.

    Examples
    --------
    >>> import ctorch
    >>> k = ctorch.tensor(0.5, requires_grad=True)
    >>> found = ctorch.scipy.integrate.solve_ivp(lambda t, y, k: -k * y, (0, 2), ctorch.tensor([1.]), args=(k,),
    ...                                          t_eval=[2.], rtol=1e-8, atol=1e-8)
    >>> found.y.detach()
    tensor([[0.3679]])
    >>> found.y.sum().backward()
    >>> k.grad
    tensor(-0.7358)
    """
    problem = _Problem(fun, t_span, y0, () if args is None else args, params)
    options = {"method": method, **options}
    there = _of_adjoint(options) | (adjoint_options or {})
    call, space = problem.call, problem.space
    flow = _Flow(problem.rate, call.closed, options, there, space.device, exact_jacobian=True)
    if t_eval is not None:
        t_eval = _times("t_eval", t_eval).reshape(-1)
    result = flow.solve([t.item() for t in problem.span], numbers(problem.y), problem.fixed,
                        t_eval=None if t_eval is None else t_eval.detach().numpy(), dense_output=dense_output,
                        events=_events(events, problem))
    wanted = [*problem.span, problem.y, *call.tensors, *call.closed, *([] if t_eval is None else [t_eval])]
    recorded = _tape._recorded(*wanted)
    if recorded and not result.success:
        warnings.warn(f"solve_ivp: method {method!r} did not reach t = {problem.span[1].item():g}: {result.message} y "
                      f"ends before", RuntimeWarning, stacklevel=2)
    first = problem.span[0].reshape(1)
    if t_eval is None:
        times = ctorch.from_numpy(result.t.copy())
        if result.status == 0:
            times = ctorch.cat([first, times[1:-1], problem.span[1].reshape(1)])
        elif recorded and result.status == 1:
            times = ctorch.cat([first, times[1:-1], _time_of_event(events, problem, flow, result)])
        else:
            times = ctorch.cat([first, times[1:]])
    else:
        times = ctorch.cat([first, t_eval[:len(result.t)]])
    rows = np.reshape(result.y, (space.size, len(result.t))).T          # SciPy gives lists where there are no times
    if t_eval is not None:
        rows = np.concatenate([numbers(problem.y)[None], rows])
    rows = _Solution.apply(flow, len(call.tensors), rows, times, problem.y, *call.tensors, *call.closed)
    if t_eval is not None:
        times, rows = times[1:], rows[1:]
    rows = rows.reshape(len(rows), *space.shape, *([2] if space.is_complex else []))
    y = ctorch.view_as_complex(rows) if space.is_complex else rows
    result.t, result.y = times.to(space.dtype.to_real()), y.movedim(0, -1).to(space.dtype)
    return result
