"""Definite integrals, with derivatives by Leibniz' rule."""
import functools
import math
import warnings

import numpy as np

import ctorch
from ctorch.scipy._calls import Call, Pack, Space, refuse_batched
from ctorch.scipy._pure import Transposed, leaves, products, pure


class _Integrand:
    """A function of a number with vectors of float64 as values: ``value(x, *tensors)``."""

    def __init__(self, value, size, closed, options, device):
        self.value, self.size, self.closed, self.options, self.device = value, size, closed, options, device

    def derivative(self, tensors):
        """The integrand of the gradients of the integral, by the tensors and what is closed over, in one vector.

        It depends on the gradient of the integral, its first tensor.
        """
        pack = Pack([*tensors, *self.closed])

        def value(x, g, *tensors):
            create_graph = ctorch.is_grad_enabled()
            with ctorch.enable_grad():
                tensors = leaves(tensors)
                y = self.value(x, *tensors)
            found = products([y], [*tensors, *self.closed], [g], create_graph)
            return ctorch.cat(pack.vectors(found))

        return _Integrand(value, pack.size, self.closed, self.options, self.device), pack

    def of_many(self, size, dims):
        """The integrand of as many integrals between the same limits, one after the other in one vector."""
        def value(x, *tensors):
            return ctorch.vmap(self.value, (None, *dims))(x, *tensors).reshape(-1)

        return _Integrand(value, size * self.size, self.closed, self.options, self.device)

    def solve(self, a, b, tensors):
        """The integral, as NumPy's vector, and its error as SciPy estimates it."""
        from scipy import integrate as solvers

        def value(x):
            with ctorch.no_grad():
                return self.value(ctorch.tensor(x, dtype=ctorch.float64), *tensors).cpu().numpy()

        options = dict(self.options)
        if self.size == 1:
            found, error = solvers.quad(lambda x: value(x)[0], a, b, **options)
            return np.array([found]), error
        found, error, info = solvers.quad_vec(value, a, b, full_output=True, **options)
        if not info.success:
            warnings.warn(f"quad: {info.message} The error is about {error:g}.", solvers.IntegrationWarning,
                          stacklevel=2)
        return found, error


class _Integral(Transposed):
    @staticmethod
    def forward(integrand, known, a, b, *tensors):
        if known is None:
            count = len(tensors) - len(integrand.closed)
            known, _ = integrand.solve(a.item(), b.item(), [t.detach() for t in tensors[:count]])
        return ctorch.from_numpy(known.copy()).to(integrand.device)

    @staticmethod
    def setup_context(ctx, inputs, y):
        ctx.integrand, _, *tensors = inputs
        Transposed.keep(ctx, tensors, ctx.integrand.closed, y)

    @staticmethod
    def backward(ctx, g):
        integrand = ctx.integrand
        a, b, *tensors = ctx.saved_tensors
        count = len(tensors) - len(integrand.closed)
        own, closed = tensors[:count], tensors[count:]
        found = [None] * len(tensors)
        if tensors:
            inner, pack = integrand.derivative([t.detach() for t in own])
            if pack.size:
                found = pack.tensors(_Integral.apply(inner, None, a, b, g, *own, *closed))
        limits = [_at_limit(integrand, x, sign * g, own, closed) if needed else None
                  for x, sign, needed in zip((a, b), (-1, 1), ctx.needs_input_grad[2:4])]
        return None, None, *limits, *found

    @staticmethod
    def vmap(info, in_dims, integrand, known, a, b, *tensors):
        count = len(tensors) - len(integrand.closed)
        dims = in_dims[4:4 + count]
        if known is not None or any(d is not None for d in (*in_dims[2:4], *in_dims[4 + count:])):
            return Transposed.vmap(info, in_dims)
        y = _Integral.apply(integrand.of_many(info.batch_size, dims), None, a, b, *tensors)
        return y.reshape(info.batch_size, integrand.size), 0


def _at_limit(integrand, x, g, tensors, closed):
    # Leibniz: the derivative by a limit is the integrand there.
    if not math.isfinite(x.item()):
        return ctorch.zeros_like(x)
    found = pure(lambda x, g, *tensors: ((integrand.value(x, *tensors) * g).sum(),), [x, g, *tensors], closed)[0]
    return found.to(x.device)


def _limit(name, x):
    refuse_batched("quad", x)
    if isinstance(x, ctorch.Tensor) and (x.numel() != 1 or x.is_complex()):
        raise ValueError(f"quad: {name} must be one real number, got a tensor of shape {tuple(x.shape)} and {x.dtype}")
    if not isinstance(x, ctorch.Tensor):
        return ctorch.tensor(x, dtype=ctorch.float64)
    return x.reshape(()).to(ctorch.float64).cpu()


def _real_dtype(tensors):
    """The dtype that float and complex tensors have in common, as real numbers, or None."""
    dtypes = [t.dtype.to_real() for t in tensors]
    return functools.reduce(ctorch.promote_types, dtypes) if dtypes else None


def quad(func, a, b, args=(), *, epsabs=1.49e-8, epsrel=1.49e-8, limit=50, points=None, params=None):
    """Definite integral of a function of a number, as ``scipy.integrate.quad`` finds it, differentiable.

    Derivatives by the tensors that `func` depends on are integrals of its derivatives; those by the limits are its
    values there (Leibniz). They are integrated to the same tolerances, all in one pass, and are again differentiable.

    Parameters
    ----------
    func : callable
        ``func(x, *args)`` with x a tensor of no dimension; gives a tensor of one element, real or complex.
    a, b : Tensor or float
        Limits, which may be infinite.
    args : tuple
        Further arguments of `func`; the tensors among them are differentiated.
    epsabs, epsrel, limit, points
        As in SciPy. `points` are where the function is not smooth.
    params : sequence of Tensor, optional
        Leaves of the graph that `func` closes over, where they are not to be found by themselves.

    Returns
    -------
    y : Tensor
        The integral, of the dtype of the tensors that it depends on; float64 where there are none.
    abserr : float
        An estimate of its error.

    Examples
    --------
    >>> import ctorch
    >>> k = ctorch.tensor(2., requires_grad=True)
    >>> b = ctorch.tensor(1., requires_grad=True)
    >>> y, error = ctorch.scipy.integrate.quad(lambda x, k: ctorch.exp(-k * x), 0, b, args=(k,))
    >>> y.backward()
    >>> y.detach(), k.grad, b.grad
    (tensor(0.4323), tensor(-0.1485), tensor(0.1353))
    """
    args = args if isinstance(args, tuple) else (args,)
    given = [x for x in (a, b, *args) if isinstance(x, ctorch.Tensor) and (x.is_floating_point() or x.is_complex())]
    a, b = _limit("a", a), _limit("b", b)
    inside = [x for x in (a.item(), b.item()) if math.isfinite(x)] or [0.0]
    start = ctorch.tensor(sum(inside) / len(inside), dtype=_real_dtype(given) or ctorch.get_default_dtype())
    call = Call("quad", "func", func, [start], args, params)
    number = Space(start)
    if call.example.numel() != 1:
        raise ValueError(f"quad: func must return one number, got a tensor of shape {tuple(call.example.shape)}")
    space = Space(call.example.reshape(()))

    def value(x, *tensors):
        return space.vector(call([call.vector(number, x)], tensors).reshape(()))

    options = {"epsabs": epsabs, "epsrel": epsrel, "limit": limit}
    if points is not None:
        options["points"] = points
    integrand = _Integrand(value, space.size, call.closed, options, space.device)
    found, error = integrand.solve(a.item(), b.item(), [t.detach() for t in call.tensors])
    y = _Integral.apply(integrand, found, a, b, *call.tensors, *call.closed)
    y = space.tensor(y, own=False)
    own = _real_dtype(given + call.closed) or ctorch.float64
    return (y if own == ctorch.float64 else y.to(own.to_complex() if y.is_complex() else own)), error
